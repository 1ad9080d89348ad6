/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

int fct_json_set(json_t *object, const char *key, json_t *value)
{
    return value ? json_object_set_new_nocheck(object, key, value) : -1;
}

json_t *fct_json_text(const char *text)
{
    fct_slice rest = fct_slice_of(text);
    fct_buf clean = {0};
    json_t *value;

    if (fct_utf8_check(rest) == rest.len)
        return json_stringn_nocheck(rest.ptr, rest.len);
    while (rest.len) {
        uint32_t code_point;
        size_t len = fct_utf8_next(rest, &code_point);

        fct_buf_add(&clean, len ? rest.ptr : "?", len ? len : 1);
        len = len ? len : 1;
        rest.ptr += len;
        rest.len -= len;
    }
    value = clean.failed ? NULL : json_stringn_nocheck(clean.ptr, clean.len);
    fct_buf_done(&clean);
    return value;
}

json_t *fct_json_reply(int code, const char *enhanced, const char *text)
{
    json_t *reply = json_object();

    if (!reply || fct_json_set(reply, "code", json_integer(code)) ||
        fct_json_set(reply, "enhanced", fct_json_text(enhanced)) ||
        fct_json_set(reply, "text", fct_json_text(text))) {
        json_decref(reply);
        return NULL;
    }
    return reply;
}

json_t *fct_json_seconds(double seconds)
{
    return json_real((double)(int64_t)(seconds * 1e6 + 0.5) / 1e6);
}

static int append(const char *bytes, size_t len, void *out)
{
    return fct_buf_add(out, bytes, len) ? -1 : 0;
}

char *fct_json_take(json_t *value)
{
    fct_buf out = {0};
    int err;

    if (!value)
        return NULL;
    err = json_dump_callback(value, append, &out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(value);
    if (err)
        fct_buf_done(&out);
    return err ? NULL : fct_buf_take(&out, NULL);
}
