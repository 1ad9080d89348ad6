/* SPDX-License-Identifier: MIT */
#include "mime/mend_leaf.h"

#include "base/utf8.h"
#include "mime/encoding.h"
#include "mime/limits.h"

#include <string.h>

const char *fct_mend_encode(fct_buf *out, fct_slice body, bool is_text)
{
    enum fct_encoding encoding = FCT_BASE64;
    fct_buf text = {0};

    if (!is_text) {
        fct_encode_base64(out, body.ptr, body.len);
        return fct_encoding_name(encoding);
    }
    fct_buf_reserve(&text, body.len);
    for (size_t i = 0; i < body.len && !text.failed; i++) {
        if (body.ptr[i] != '\r')
            fct_buf_add_char(&text, body.ptr[i]);
    }
    encoding = fct_encoding_choose((fct_slice){text.ptr, text.len});
    fct_encode_text(out, encoding, (fct_slice){text.ptr, text.len});
    out->failed = out->failed || text.failed;
    fct_buf_done(&text);
    return fct_encoding_name(encoding);
}

/* A code, or a byte that gets one, stays whole. */
static size_t unit_len(fct_slice line, size_t at)
{
    return line.ptr[at] == '=' && at + 2 < line.len ? 3 : 1;
}

static void requote_line(fct_buf *out, fct_slice line)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t column = 0;

    for (size_t at = 0; at < line.len;) {
        unsigned char byte = (unsigned char)line.ptr[at];
        size_t len = unit_len(line, at), width = byte >= 0x80 ? 3 : len;

        if (column + width > FCT_LINE_ENCODED - 1 && at + len < line.len) {
            fct_buf_add_text(out, "=\r\n");
            column = 0;
        }
        if (byte >= 0x80)
            fct_buf_add(out, (char[3]){'=', hex[byte >> 4], hex[byte & 15]}, 3);
        else
            fct_buf_add(out, line.ptr + at, len);
        column += width;
        at += len;
    }
}

void fct_mend_requote(fct_buf *out, fct_slice body)
{
    while (body.len) {
        const char *end = memchr(body.ptr, '\r', body.len);
        size_t len = end ? (size_t)(end - body.ptr) : body.len;
        fct_slice line = {body.ptr, len};

        if (len <= FCT_LINE_MAX && fct_is_ascii(line))
            fct_buf_add_slice(out, line);
        else
            requote_line(out, line);
        len += end ? 2 : 0;
        if (end)
            fct_buf_add(out, "\r\n", 2);
        body.ptr += len < body.len ? len : body.len;
        body.len -= len < body.len ? len : body.len;
    }
}

void fct_mend_rewrap(fct_buf *out, fct_slice body)
{
    size_t column = 0;

    for (size_t i = 0; i < body.len; i++) {
        char byte = body.ptr[i];

        if (!fct_is_alnum(byte) && byte != '+' && byte != '/' && byte != '=')
            continue;
        fct_buf_add_char(out, byte);
        if (++column == FCT_LINE_ENCODED) {
            fct_buf_add(out, "\r\n", 2);
            column = 0;
        }
    }
    if (column)
        fct_buf_add(out, "\r\n", 2);
}
