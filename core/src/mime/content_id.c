/* SPDX-License-Identifier: MIT */
#include "mime/content_id.h"

#include "base/utf8.h"
#include "mime/html_text.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE_MAX 32 /* bytes of a character reference */

static bool is_plain_byte(unsigned char byte)
{
    return fct_is_alnum(byte) || (byte && strchr("!$*+-./@_~", byte));
}

bool fct_content_id_is_plain(fct_slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (!is_plain_byte((unsigned char)id.ptr[i]))
            return false;
    }
    return true;
}

void fct_content_id_add(fct_buf *out, fct_slice id)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < id.len; i++) {
        unsigned char byte = (unsigned char)id.ptr[i];

        if (is_plain_byte(byte))
            fct_buf_add_char(out, (char)byte);
        else
            fct_buf_add(out, (const char[]){'=', hex[byte >> 4], hex[byte & 15]}, 3);
    }
}

size_t fct_content_id_next(fct_slice html, size_t at)
{
    while (at < html.len) {
        fct_slice rest = {html.ptr + at, html.len - at};
        const char *colon = memchr(rest.ptr, ':', rest.len);

        if (!colon)
            break;
        at = (size_t)(colon + 1 - html.ptr);
        if (at >= 4 && fct_slice_starts_nocase((fct_slice){colon - 3, 3}, FCT_SLICE("cid")) &&
            (at == 4 || !fct_is_alnum((unsigned char)colon[-4])))
            return at;
    }
    return html.len;
}

/* "&#233;", "&#xe9;" or "&eacute;": its code point, or 0.  `*len` gets its length. */
static uint32_t character_reference(fct_slice text, size_t *len)
{
    const char *end = memchr(text.ptr, ';', text.len < REFERENCE_MAX ? text.len : REFERENCE_MAX);
    char name[REFERENCE_MAX];
    size_t count = end ? (size_t)(end - text.ptr) : 0;
    bool hex;

    if (count < 2)
        return 0;
    memcpy(name, text.ptr + 1, count - 1);
    name[count - 1] = '\0';
    *len = count + 1;
    hex = name[0] == '#' && (name[1] | 0x20) == 'x';
    if (name[0] == '#')
        return (uint32_t)strtoul(name + (hex ? 2 : 1), NULL, hex ? 16 : 10);
    return fct_html_entity(name);
}

/* How many bytes of `text` stand for the start of `id`; `*taken` gets how many of the id's. */
static size_t match_step(fct_slice text, fct_slice id, size_t *taken)
{
    uint32_t code = 0;
    size_t len = 0, character = fct_utf8_next(id, &code);

    *taken = 1;
    if (text.ptr[0] == '%' && text.len > 2 && fct_hex_digit(text.ptr[1]) >= 0 &&
        fct_hex_digit(text.ptr[2]) >= 0 &&
        (unsigned char)id.ptr[0] == fct_hex_digit(text.ptr[1]) * 16 + fct_hex_digit(text.ptr[2]))
        return 3;
    if (text.ptr[0] == '&' && character && character_reference(text, &len) == code) {
        *taken = character;
        return len;
    }
    return text.ptr[0] == id.ptr[0];
}

/* Whether a URL ends here: the attribute's quotation mark, CSS's bracket, a space, the tag's end.
 */
static bool is_end(fct_slice rest)
{
    return !rest.len || strchr("\"'()<>& \t\r\n,;?#", rest.ptr[0]);
}

size_t fct_content_id_match(fct_slice html, size_t at, fct_slice id)
{
    size_t start = at;

    while (id.len && at < html.len) {
        size_t taken, len = match_step((fct_slice){html.ptr + at, html.len - at}, id, &taken);

        if (!len)
            return 0;
        at += len;
        id.ptr += taken;
        id.len -= taken;
    }
    return !id.len && is_end((fct_slice){html.ptr + at, html.len - at}) ? at - start : 0;
}
