/* SPDX-License-Identifier: MIT */
#include "letters/link.h"

#include <string.h>

static bool is_url_byte(unsigned char byte)
{
    return byte > 0x20 && byte != 0x7f && !strchr("\"<>\\^`{|}", byte);
}

static bool is_url(fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_url_byte((unsigned char)text.ptr[i]))
            return false;
    }
    return true;
}

/* How long the scheme and the host are, with user and port; 0: they are not what they must be. */
static size_t head_len(fct_slice url)
{
    size_t at = fct_slice_starts_nocase(url, FCT_SLICE("https://"))  ? 8
                : fct_slice_starts_nocase(url, FCT_SLICE("http://")) ? 7
                                                                     : 0;

    if (!at || url.len == at ||
        !(fct_is_alnum((unsigned char)url.ptr[at]) || url.ptr[at] == '[' ||
          (unsigned char)url.ptr[at] >= 0x80))
        return 0;
    for (; at < url.len; at++) {
        if (!is_url_byte((unsigned char)url.ptr[at]))
            return 0;
        if (strchr("/?#", url.ptr[at]))
            break;
    }
    return at;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static fct_slice trim(fct_slice text)
{
    while (text.len && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static fct_slice encode(fct_arena *arena, fct_slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char byte = (unsigned char)url.ptr[i];

        if (is_url_byte(byte))
            fct_buf_add_char(&arena->scratch, (char)byte);
        else
            fct_buf_addf(&arena->scratch, "%%%02X", byte);
    }
    return fct_arena_take(arena, &arena->scratch);
}

enum fct_link_verdict fct_link_read(fct_arena *arena, fct_slice text, bool cid, fct_slice *out)
{
    fct_slice url = trim(text);
    bool good;

    if (cid && fct_slice_starts_nocase(url, FCT_SLICE("cid:")))
        good = url.len > 4;
    else
        good = head_len(url) != 0;
    *out = (fct_slice){0};
    if (!good)
        return FCT_LINK_USELESS;
    *out = is_url(url) ? url : encode(arena, url);
    return is_url(url) ? FCT_LINK_GOOD : FCT_LINK_MENDED;
}
