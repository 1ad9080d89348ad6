/* SPDX-License-Identifier: MIT */
/* The JSON that shops send, read several times faster than jansson reads it. */
#ifndef FCT_JSON_QUICK_H
#define FCT_JSON_QUICK_H

#include "base/bytes.h"

#include <jansson.h>

/*
 * The object that jansson would make of these bytes, or NULL: not taken.  Broken JSON, a name that
 * comes twice, fractions, deep nesting, long texts with escapes and exhausted memory are left to
 * jansson, which knows what to say of them.
 */
json_t *fct_json_quick(fct_slice json);

#endif
