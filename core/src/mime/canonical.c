/* SPDX-License-Identifier: MIT */
#include "mime/canonical.h"

#include <string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* ---- Header fields --------------------------------------------------------------------------- */

/* The next byte that is not part of a line end; false at the end. */
static bool next(fct_slice text, size_t *at, char *byte)
{
    while (*at < text.len && (text.ptr[*at] == '\r' || text.ptr[*at] == '\n'))
        ++*at;
    if (*at == text.len)
        return false;
    *byte = text.ptr[(*at)++];
    return true;
}

void fct_canonical_field(fct_buf *out, fct_slice field)
{
    bool blank = false, in_name = true;
    size_t at = 0;
    char byte;

    if (fct_buf_reserve(out, field.len + 2))
        return;
    while (next(field, &at, &byte)) {
        if (is_blank(byte)) {
            blank = true;
            continue;
        }
        if (in_name && byte == ':') {
            /* White space around the colon is removed, also what was held back before the value. */
            in_name = false;
            fct_buf_add_char(out, ':');
            while (at < field.len && strchr(" \t\r\n", field.ptr[at]) && field.ptr[at])
                at++;
            blank = false;
            continue;
        }
        if (blank)
            fct_buf_add_char(out, ' ');
        blank = false;
        fct_buf_add_char(out, in_name ? (char)fct_ascii_lower((unsigned char)byte) : byte);
    }
    fct_buf_add(out, "\r\n", 2);
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static void flush(fct_canonical_body *body)
{
    if (body->len)
        body->take(body->user, body->out, body->len);
    body->len = 0;
}

static void put(fct_canonical_body *body, const char *bytes, size_t len)
{
    if (len > sizeof body->out - body->len) {
        flush(body);
        if (len > sizeof body->out) {
            body->take(body->user, bytes, len);
            return;
        }
    }
    memcpy(body->out + body->len, bytes, len);
    body->len += len;
}

/* Something follows, so the bytes that were held back are passed on. */
static void release(fct_canonical_body *body)
{
    for (; body->ends; body->ends--)
        put(body, "\r\n", 2);
    if (body->blank)
        put(body, " ", 1);
    body->blank = false;
    body->any = true;
}

static void put_text(fct_canonical_body *body, const char *bytes, size_t len)
{
    release(body);
    put(body, bytes, len);
}

/* A CR without its LF is a byte like any other.  A frozen message has none. */
static void put_lone_cr(fct_canonical_body *body)
{
    if (body->cr)
        put_text(body, "\r", 1);
    body->cr = false;
}

void fct_canonical_begin(fct_canonical_body *body,
                         void (*take)(void *user, const void *bytes, size_t len), void *user)
{
    body->take = take;
    body->user = user;
    body->ends = 0;
    body->blank = body->cr = body->any = false;
    body->len = 0;
}

/* The number of bytes from here on that are passed on unchanged. */
static size_t plain_len(fct_slice run)
{
    size_t len = 0;

    while (len < run.len && run.ptr[len] != '\r' && !is_blank(run.ptr[len]))
        len++;
    return len;
}

void fct_canonical_feed(fct_canonical_body *body, fct_slice run)
{
    while (run.len) {
        size_t len = 1;

        if (body->cr && *run.ptr == '\n') {
            body->cr = body->blank = false;
            body->ends++;
        } else {
            put_lone_cr(body);
            if (*run.ptr == '\r') {
                body->cr = true;
            } else if (is_blank(*run.ptr)) {
                body->blank = true;
            } else {
                len = plain_len(run);
                put_text(body, run.ptr, len);
            }
        }
        run.ptr += len;
        run.len -= len;
    }
}

void fct_canonical_end(fct_canonical_body *body)
{
    put_lone_cr(body);
    if (body->any)
        put(body, "\r\n", 2);
    flush(body);
}
