/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648 section 4), without line breaks. */
#ifndef FCT_BASE64_H
#define FCT_BASE64_H

#include "base/bytes.h"

/* The encoded length of `len` bytes, padding included. */
#define FCT_BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Encode into `out`, which holds FCT_BASE64_LEN(len) bytes; returns the bytes written. */
size_t fct_base64_encode(char *out, const void *bytes, size_t len);

/*
 * Append the decoded bytes.  Strict: padding required, no white space, unused bits zero.
 * 0, FACTEUR_EPROTOCOL for anything else, FACTEUR_ENOMEM.
 */
int fct_base64_decode(fct_buf *out, fct_slice text);

#endif
