/* SPDX-License-Identifier: MIT */
#include "letters/json_mend.h"

#include "base/utf8.h"

#define HIGH_SURROGATE 0xd800U
#define LOW_SURROGATE 0xdc00U
#define SURROGATES_END 0xe000U
#define NO_ESCAPE 0x110000U
#define ESCAPE_LEN ((size_t)6) /* \uXXXX */

static const fct_slice unreadable = FCT_SLICE("\xef\xbf\xbd"); /* U+FFFD */

/* The code of the escape \uXXXX that the text begins with, or NO_ESCAPE. */
static uint32_t escaped_code(fct_slice text)
{
    uint32_t code = 0;

    if (text.len < ESCAPE_LEN || text.ptr[0] != '\\' || text.ptr[1] != 'u')
        return NO_ESCAPE;
    for (size_t i = 2; i < ESCAPE_LEN; i++) {
        int value = fct_hex_digit(text.ptr[i]);

        if (value < 0)
            return NO_ESCAPE;
        code = code * 16 + (uint32_t)value;
    }
    return code;
}

static bool is_within(uint32_t code, uint32_t first, uint32_t end)
{
    return code >= first && code < end;
}

/* A backslash and what belongs to it; the length that was read. */
static size_t mend_escape(fct_slice text, fct_buf *out)
{
    uint32_t code = escaped_code(text), next;
    size_t len = code != NO_ESCAPE ? ESCAPE_LEN : text.len < 2 ? text.len : 2;

    if (is_within(code, HIGH_SURROGATE, LOW_SURROGATE)) {
        next = escaped_code((fct_slice){text.ptr + ESCAPE_LEN, text.len - ESCAPE_LEN});
        if (is_within(next, LOW_SURROGATE, SURROGATES_END))
            len += ESCAPE_LEN;
    }
    if (code == 0)
        fct_buf_add_char(out, ' ');
    else if (is_within(code, HIGH_SURROGATE, SURROGATES_END) && len == ESCAPE_LEN)
        fct_buf_add_slice(out, unreadable);
    else
        fct_buf_add(out, text.ptr, len);
    return len;
}

/* A character, or the bytes of one that is broken: they count as one. */
static size_t mend_character(fct_slice text, fct_buf *out)
{
    uint32_t code;
    size_t len = fct_utf8_next(text, &code);

    if (len) {
        fct_buf_add(out, text.ptr, len);
        return len;
    }
    fct_buf_add_slice(out, unreadable);
    return fct_utf8_broken(text);
}

void fct_json_mend(fct_slice json, fct_buf *out)
{
    bool in_text = false;

    while (json.len) {
        char byte = json.ptr[0];
        size_t len = 1;

        if (in_text && byte == '\\')
            len = mend_escape(json, out);
        else if (in_text && (unsigned char)byte >= 0x80)
            len = mend_character(json, out);
        else
            fct_buf_add_char(out, byte);
        in_text = byte == '"' ? !in_text : in_text;
        json.ptr += len;
        json.len -= len;
    }
}
