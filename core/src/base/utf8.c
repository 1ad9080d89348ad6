/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "base/block.h"

static inline size_t next(fct_slice text, uint32_t *code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *in = (const unsigned char *)text.ptr;
    uint32_t code;
    size_t len;

    if (!text.len)
        return 0;
    if (in[0] < 0x80) {
        *code_point = in[0];
        return 1;
    }
    if (in[0] < 0xc2 || in[0] > 0xf4)
        return 0;
    len = in[0] < 0xe0 ? 2 : in[0] < 0xf0 ? 3 : 4;
    if (text.len < len)
        return 0;
    code = in[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((in[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (in[i] & 0x3f);
    }
    if (code < smallest[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *code_point = code;
    return len;
}

size_t fct_utf8_next(fct_slice text, uint32_t *code_point)
{
    return next(text, code_point);
}

size_t fct_utf8_broken(fct_slice text)
{
    size_t len = 1;

    while (len < text.len && len < 4 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static inline size_t ascii_len(const char *at, const char *end)
{
    const char *begin = at;
    size_t first;

    while ((size_t)(end - at) >= FCT_BLOCK_SIZE) {
        first = fct_block_first(fct_block_load(at) < 0);
        at += first;
        if (first < FCT_BLOCK_SIZE)
            return (size_t)(at - begin);
    }
    while (at < end && (unsigned char)*at < 0x80)
        at++;
    return (size_t)(at - begin);
}

size_t fct_ascii_len(fct_slice text)
{
    /* An empty text may have no pointer, to which nothing may be added. */
    return text.len ? ascii_len(text.ptr, text.ptr + text.len) : 0;
}

size_t fct_utf8_check(fct_slice text)
{
    size_t at = 0;

    while (at < text.len) {
        uint32_t code_point;
        size_t len;

        if ((unsigned char)text.ptr[at] < 0x80) {
            at += ascii_len(text.ptr + at, text.ptr + text.len);
            continue;
        }
        len = next((fct_slice){text.ptr + at, text.len - at}, &code_point);
        if (!len)
            return at;
        at += len;
    }
    return at;
}

fct_slice fct_utf8_cut(fct_slice text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
        max--;
    return (fct_slice){text.ptr, max};
}

bool fct_is_ascii(fct_slice text)
{
    return fct_ascii_len(text) == text.len;
}
