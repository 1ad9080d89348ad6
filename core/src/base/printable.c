/* SPDX-License-Identifier: MIT */
#include "base/printable.h"

#include "base/utf8.h"

/* C1 controls, line and paragraph separators, and what changes the direction of a text. */
static bool is_harmful(uint32_t code)
{
    return (code >= 0x80 && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

void fct_printable_add(fct_buf *out, fct_slice text)
{
    while (text.len) {
        uint32_t code = 0;
        size_t len = fct_utf8_next(text, &code);

        if (len == 0)
            fct_buf_add_char(out, '?');
        else if (code < 0x20 || code == 0x7f)
            fct_buf_addf(out, "\\x%02x", (unsigned)code);
        else if (is_harmful(code))
            fct_buf_addf(out, "\\u%04x", (unsigned)code);
        else
            fct_buf_add(out, text.ptr, len);
        text.ptr += len ? len : 1;
        text.len -= len ? len : 1;
    }
}
