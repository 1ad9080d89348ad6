/* SPDX-License-Identifier: MIT */
/* The relaxed canonical forms of DKIM (RFC 6376 section 3.4), for any bytes and in linear time. */
#ifndef FCT_CANONICAL_H
#define FCT_CANONICAL_H

#include "base/bytes.h"

#include <stdint.h>

/*
 * Append a header field in the form of section 3.4.2, with its CRLF.
 *
 * field   With its name, folded or not, with or without its last CRLF.
 */
void fct_canonical_field(fct_buf *out, fct_slice field);

/*
 * The state of a body that is put into the form of section 3.4.4.  Bytes held back take no memory.
 */
typedef struct fct_canonical_body {
    void (*take)(void *user, const void *bytes, size_t len);
    void *user;
    uint64_t ends; /* line ends held back; dropped when nothing follows them */
    bool blank;    /* white space held back; dropped at a line's end */
    bool cr;
    bool any;
    size_t len;
    char out[4096];
} fct_canonical_body;

void fct_canonical_begin(fct_canonical_body *body,
                         void (*take)(void *user, const void *bytes, size_t len), void *user);
void fct_canonical_feed(fct_canonical_body *body, fct_slice run);
void fct_canonical_end(fct_canonical_body *body);

#endif
