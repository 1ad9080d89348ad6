/* SPDX-License-Identifier: MIT */
/* The body of one part, encoded anew. */
#ifndef FCT_MEND_LEAF_H
#define FCT_MEND_LEAF_H

#include "base/bytes.h"

/*
 * Append a body that no encoding says how to read, as quoted-printable or base64.
 *
 * body     With its CRLFs.
 * is_text  Whether its line ends are line ends.  Else they are bytes of it.
 *
 * Returns the encoding's name for Content-Transfer-Encoding.
 */
const char *fct_mend_encode(fct_buf *out, fct_slice body, bool is_text);

/* Append quoted-printable text with its lines at fault broken, and raw bytes as their codes. */
void fct_mend_requote(fct_buf *out, fct_slice body);

/* Append base64 in lines of 76 characters, without what is none. */
void fct_mend_rewrap(fct_buf *out, fct_slice body);

#endif
