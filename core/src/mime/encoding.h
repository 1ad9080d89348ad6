/* SPDX-License-Identifier: MIT */
/*
 * Content transfer encodings (RFC 2045 section 6).  Line ends are "\n" in the text that is read and
 * CRLF in the output.  A shortage of memory marks the buffer as failed.
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
 * Choose 7bit only for text that no relay or mailbox changes: printable ASCII and tabs, lines of at
 * most 78 characters, no blank at a line's end, no "From " or SMTP command at a line's start, no
 * "=_" (our boundaries have it).  Else choose the shorter of quoted-printable and base64.
 */
enum fct_encoding fct_encoding_choose(fct_slice text);

/*
 * Append the text in this encoding.  Base64 ends with CRLF unless it is empty; the two others end
 * where the text ends.
 */
void fct_encode_text(fct_buf *out, enum fct_encoding encoding, fct_slice text);

/* Append bytes as base64 in lines of 76 characters, each with its CRLF. */
void fct_encode_base64(fct_buf *out, const void *bytes, size_t len);

/*
 * The same into `out`, which has room for fct_base64_lines_len(len) bytes.  Returns the bytes
 * written.
 */
size_t fct_base64_lines(char *out, const void *bytes, size_t len);
uint64_t fct_base64_lines_len(uint64_t len);

#endif
