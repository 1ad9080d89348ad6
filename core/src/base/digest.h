/* SPDX-License-Identifier: MIT */
/* SHA-256: of bytes, to find damage; as text, for names that must not show what they are made of.
 */
#ifndef FCT_DIGEST_H
#define FCT_DIGEST_H

#include "base/bytes.h"

#define FCT_DIGEST_SIZE 32
#define FCT_DIGEST_TEXT 65

/* False when memory ran out. */
bool fct_digest(fct_slice bytes, unsigned char digest[FCT_DIGEST_SIZE]);

/* The parts, each with its length before it, as 64 hexadecimal digits; false when memory ran out.
 */
bool fct_digest_text(const fct_slice *parts, size_t count, char text[FCT_DIGEST_TEXT]);

#endif
