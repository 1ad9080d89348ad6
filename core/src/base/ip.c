/* SPDX-License-Identifier: MIT */
#include "base/ip.h"

bool fct_ip_v4(fct_slice text, unsigned char address[4])
{
    unsigned value = 0, digits = 0, part = 0;

    for (size_t i = 0; i <= text.len; i++) {
        char byte = i < text.len ? text.ptr[i] : '.';

        if (byte == '.') {
            if (!digits || part > 3)
                return false;
            address[part++] = (unsigned char)value;
            value = digits = 0;
            continue;
        }
        if (!fct_is_digit((unsigned char)byte) || (digits && value == 0))
            return false;
        value = value * 10 + (unsigned)(byte - '0');
        digits++;
        if (value > 255)
            return false;
    }
    return part == 4;
}

/* One group of one to four hexadecimal digits; the length read, 0 when there is none. */
static size_t read_group(fct_slice text, unsigned *group)
{
    size_t len = 0;

    *group = 0;
    while (len < text.len && len < 4 && fct_hex_digit(text.ptr[len]) >= 0)
        *group = *group << 4 | (unsigned)fct_hex_digit(text.ptr[len++]);
    return len;
}

/* Put what follows the "::" at `gap` to the end; SIZE_MAX: there is none.  False: no 16 bytes.
 */
static bool place(unsigned char address[16], const unsigned char bytes[16], size_t gap,
                  size_t filled)
{
    if (gap == SIZE_MAX ? filled != 16 : filled > 14)
        return false;
    if (gap == SIZE_MAX)
        gap = filled;
    memset(address, 0, 16);
    memcpy(address, bytes, gap);
    memcpy(address + 16 - (filled - gap), bytes + gap, filled - gap);
    return true;
}

bool fct_ip_v6(fct_slice text, unsigned char address[16])
{
    unsigned char bytes[16] = {0};
    size_t filled = 0, gap = SIZE_MAX, at = 0;

    if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':')
        gap = 0, at = 2;
    while (at < text.len) {
        fct_slice rest = {text.ptr + at, text.len - at};
        unsigned group;
        size_t len;

        if (filled <= 12 && memchr(rest.ptr, '.', rest.len) && !memchr(rest.ptr, ':', rest.len)) {
            if (!fct_ip_v4(rest, bytes + filled))
                return false;
            filled += 4;
            break;
        }
        len = read_group(rest, &group);
        if (!len || filled > 14)
            return false;
        bytes[filled++] = (unsigned char)(group >> 8);
        bytes[filled++] = (unsigned char)group;
        at += len;
        if (at == text.len)
            break;
        if (text.ptr[at++] != ':' || at == text.len)
            return false;
        if (text.ptr[at] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = filled;
            at++;
        }
    }
    return place(address, bytes, gap, filled);
}

fct_slice fct_ip_cut_zone(fct_slice *text)
{
    const char *mark = memchr(text->ptr, '%', text->len);
    fct_slice zone = {"", 0};

    if (!mark)
        return zone;
    zone = (fct_slice){mark + 1, text->len - (size_t)(mark + 1 - text->ptr)};
    text->len = (size_t)(mark - text->ptr);
    return zone;
}
