/* SPDX-License-Identifier: MIT */
/* JSON whose texts hold what no text may hold: halves of characters, and NUL. */
#ifndef FCT_JSON_MEND_H
#define FCT_JSON_MEND_H

#include "base/bytes.h"

/*
 * Append the JSON with U+FFFD for each broken character in its texts (bytes that are not UTF-8,
 * escapes of lone surrogates) and a space for each \u0000.  All else stays, mistakes of JSON's
 * syntax too.
 */
void fct_json_mend(fct_slice json, fct_buf *out);

#endif
