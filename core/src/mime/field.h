/* SPDX-License-Identifier: MIT */
/* A walk over the header fields of finished bytes. */
#ifndef FCT_FIELD_H
#define FCT_FIELD_H

#include "base/bytes.h"

/*
 * Take the next field, with its continuation lines and line ends, off `rest`, which must not be
 * empty.
 */
fct_slice fct_field_next(fct_slice *rest);

/* The field's name.  Empty when the field has no colon. */
fct_slice fct_field_name(fct_slice field);

/* How often something was found open and never closed in one text. */
struct fct_field_scan {
    unsigned unclosed;
};

/*
 * Where the next byte of `stops` is, from `at` on, outside of quoted strings, comments and angle
 * brackets.  What is opened and not closed is plain text.  text.len when there is none.
 *
 * scan   All-zero at the first call for a text, and the same one for the later ones.
 */
size_t fct_field_find(struct fct_field_scan *scan, fct_slice text, size_t at, const char *stops);

/* The same, once, from the text's start. */
size_t fct_field_find_in(fct_slice text, const char *stops);

#endif
