/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef FCT_UTF8_H
#define FCT_UTF8_H

#include "base/bytes.h"

#include <stdint.h>

/* The length in bytes of the character at the text's start and its code point; 0 when malformed. */
size_t fct_utf8_next(fct_slice text, uint32_t *code_point);

/* How many bytes the malformed character at the text's start has, which is not empty: 1 to 4. */
size_t fct_utf8_broken(fct_slice text);

/* The offset of the first malformed byte, or text.len when there is none. */
size_t fct_utf8_check(fct_slice text);

/* The text's start: at most `max` bytes, and no character in part. */
fct_slice fct_utf8_cut(fct_slice text, size_t max);

/* How many bytes at the text's start are ASCII. */
size_t fct_ascii_len(fct_slice text);
bool fct_is_ascii(fct_slice text);

#endif
