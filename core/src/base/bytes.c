/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include "base/memory.h"
#include "facteur.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

fct_slice fct_slice_of(const char *text)
{
    return (fct_slice){text, text ? strlen(text) : 0};
}

bool fct_slice_equal(fct_slice a, fct_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool fct_slice_starts_nocase(fct_slice text, fct_slice prefix)
{
    if (text.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        if (fct_ascii_lower((unsigned char)text.ptr[i]) !=
            fct_ascii_lower((unsigned char)prefix.ptr[i]))
            return false;
    }
    return true;
}

bool fct_slice_equal_nocase(fct_slice a, fct_slice b)
{
    return a.len == b.len && fct_slice_starts_nocase(a, b);
}

fct_slice fct_slice_trim(fct_slice text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

char *fct_hex(char *out, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[in[i] >> 4];
        *out++ = digits[in[i] & 15];
    }
    return out;
}

static int refuse(fct_buf *buf)
{
    buf->failed = true;
    return FACTEUR_ENOMEM;
}

int fct_buf_grow(fct_buf *buf, size_t more)
{
    size_t need, cap;
    char *grown;

    if (more > SIZE_MAX / 2 - 1 - buf->len || (buf->max && buf->len + more > buf->max))
        return refuse(buf);
    need = buf->len + more + 1;
    cap = buf->cap ? buf->cap : 64;
    while (cap < need)
        cap *= 2;
    if (buf->max && cap - 1 > buf->max)
        cap = buf->max + 1;
    grown = fct_realloc(buf->ptr, cap);
    if (!grown)
        return refuse(buf);
    buf->ptr = grown;
    buf->cap = cap;
    buf->ptr[buf->len] = '\0';
    return 0;
}

int fct_buf_add_text(fct_buf *buf, const char *text)
{
    return fct_buf_add(buf, text, strlen(text));
}

int fct_buf_add_slice(fct_buf *buf, fct_slice slice)
{
    return fct_buf_add(buf, slice.ptr, slice.len);
}

int fct_buf_add_char(fct_buf *buf, char byte)
{
    return fct_buf_add(buf, &byte, 1);
}

int fct_buf_add_number(fct_buf *buf, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    return fct_buf_add(buf, digits + at, sizeof digits - at);
}

int fct_buf_addv(fct_buf *buf, const char *format, va_list args)
{
    size_t room = buf->cap - buf->len;
    va_list again;
    int result, len;

    /* Mostly there is room, and formatting once suffices. */
    va_copy(again, args);
    len = vsnprintf(room ? buf->ptr + buf->len : NULL, room, format, again);
    va_end(again);
    result = len < 0 ? refuse(buf) : fct_buf_reserve(buf, (size_t)len);
    if (result) {
        if (room)
            buf->ptr[buf->len] = '\0';
        return result;
    }
    if ((size_t)len >= room)
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
    return 0;
}

int fct_buf_addf(fct_buf *buf, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = fct_buf_addv(buf, format, args);
    va_end(args);
    return result;
}

void fct_buf_consume(fct_buf *buf, size_t count)
{
    if (count >= buf->len) {
        buf->len = 0;
    } else {
        memmove(buf->ptr, buf->ptr + count, buf->len - count);
        buf->len -= count;
    }
    if (buf->ptr)
        buf->ptr[buf->len] = '\0';
}

void fct_buf_clear(fct_buf *buf)
{
    buf->failed = false;
    fct_buf_consume(buf, buf->len);
}

void fct_buf_done(fct_buf *buf)
{
    size_t max = buf->max;

    fct_free(buf->ptr);
    *buf = (fct_buf){.max = max};
}

void fct_buf_wipe(fct_buf *buf)
{
    fct_wipe(buf->ptr, buf->cap);
    fct_buf_done(buf);
}

char *fct_buf_take(fct_buf *buf, size_t *len)
{
    char *bytes = NULL;

    if (!buf->failed && fct_buf_reserve(buf, 0) == 0) {
        bytes = buf->ptr;
        if (len)
            *len = buf->len;
        buf->ptr = NULL;
    }
    fct_buf_done(buf);
    return bytes;
}
