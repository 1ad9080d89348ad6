/* SPDX-License-Identifier: MIT */
/* The header fields and parts of a message that somebody else made, for mime/report. */
#ifndef FCT_REPORT_PARTS_H
#define FCT_REPORT_PARTS_H

#include "base/bytes.h"

/* The bytes of a buffer; never NULL. */
static inline fct_slice fct_value_of(const fct_buf *buf)
{
    return (fct_slice){buf->ptr ? buf->ptr : "", buf->len};
}

/* A line without its end, taken off `rest`. */
fct_slice fct_line_next(fct_slice *rest);

/* The header of a message or part: what is before the first empty line.  `body` is the rest. */
fct_slice fct_head_of(fct_slice message, fct_slice *body);

/*
 * Append the value of the first field of this name, unfolded and trimmed.  Returns false when there
 * is none.
 */
bool fct_head_value(fct_slice head, const char *name, fct_buf *out);

/*
 * Take the next part of a multipart body off `rest`: what is between two lines "--boundary".
 * Returns false after the last one.
 */
bool fct_part_next(fct_slice *rest, fct_slice boundary, fct_slice *part);

/* Append a body that is encoded as the header says. */
void fct_part_decode(fct_slice head, fct_slice body, fct_buf *out);

#endif
