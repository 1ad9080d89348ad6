/* SPDX-License-Identifier: MIT */
/* The few ways in which receipts and checks become JSON text. */
#ifndef FCT_JSON_H
#define FCT_JSON_H

#include <jansson.h>
#include <stdint.h>

/* Add a member; it fails if the value is NULL (no memory).  Returns 0 or -1. */
int fct_json_set(json_t *object, const char *key, json_t *value);

/* A string; bytes that are not UTF-8 (in a relay's text) become question marks. */
json_t *fct_json_text(const char *text);

/* {"code": …, "enhanced": …, "text": …} */
json_t *fct_json_reply(int code, const char *enhanced, const char *text);

/* Seconds to the microsecond: 0.00125. */
json_t *fct_json_seconds(double seconds);

/* The text of the value, members in the order in which they were set, fct_malloc'ed; drops the
 * reference. NULL: no memory. */
char *fct_json_take(json_t *value);

#endif
