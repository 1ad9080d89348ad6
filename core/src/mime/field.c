/* SPDX-License-Identifier: MIT */
#include "mime/field.h"

#include <string.h>

fct_slice fct_field_next(fct_slice *rest)
{
    fct_slice field = {rest->ptr, 0};

    do {
        const char *lf = memchr(rest->ptr + field.len, '\n', rest->len - field.len);

        field.len = lf ? (size_t)(lf - rest->ptr) + 1 : rest->len;
    } while (field.len < rest->len &&
             (rest->ptr[field.len] == ' ' || rest->ptr[field.len] == '\t'));
    rest->ptr += field.len;
    rest->len -= field.len;
    return field;
}

fct_slice fct_field_name(fct_slice field)
{
    const char *colon = memchr(field.ptr, ':', field.len);

    return fct_slice_trim((fct_slice){field.ptr, colon ? (size_t)(colon - field.ptr) : 0});
}
