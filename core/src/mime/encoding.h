/* SPDX-License-Identifier: MIT */
/*
 * Content transfer encodings (RFC 2045 section 6).  Text has "\n" line ends here and CRLF in what
 * is written.  Failures stay in the buffer.
 */
#ifndef FCT_ENCODING_H
#define FCT_ENCODING_H

#include "base/bytes.h"

#include <stdint.h>

enum fct_encoding { FCT_7BIT, FCT_QUOTED_PRINTABLE, FCT_BASE64 };

#define FCT_BASE64_LINE_IN 57  /* bytes that fill a line of 76 characters */
#define FCT_BASE64_LINE_OUT 78 /* with its CRLF */

const char *fct_encoding_name(enum fct_encoding encoding);

/*
 * 7bit only for text that every relay and mailbox leaves alone: printable ASCII and tabs, lines of
 * at most 78, no blank at a line's end, no "From " and no SMTP command at its start, no "=_"
 * (which marks our boundaries); otherwise the shorter of quoted-printable and base64.
 */
enum fct_encoding fct_encoding_choose(fct_slice text);

/* Base64 ends with CRLF (unless empty), the two others where the text ends. */
void fct_encode_text(fct_buf *out, enum fct_encoding encoding, fct_slice text);

/* Bytes as base64 in lines of 76, each with its CRLF. */
void fct_encode_base64(fct_buf *out, const void *bytes, size_t len);

/* The same into `out`, which holds fct_base64_lines_len(len) bytes; returns the bytes written. */
size_t fct_base64_lines(char *out, const void *bytes, size_t len);
uint64_t fct_base64_lines_len(uint64_t len);

#endif
