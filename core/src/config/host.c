/* SPDX-License-Identifier: MIT */
#include "config/host.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63

bool fct_host_ipv4(fct_slice text, unsigned char address[4])
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
        /* "010" is eight to some and ten to others: refused. */
        if (!fct_is_digit((unsigned char)byte) || (digits && value == 0))
            return false;
        value = value * 10 + (unsigned)(byte - '0');
        if (++digits > 3 || value > 255)
            return false;
    }
    return part == 4;
}

static int hex(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = (char)(byte | 0x20);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* One group of one to four hexadecimal digits; the length read, 0 when there is none. */
static size_t read_group(fct_slice text, unsigned *group)
{
    size_t len = 0;

    *group = 0;
    while (len < text.len && len < 4 && hex(text.ptr[len]) >= 0)
        *group = *group << 4 | (unsigned)hex(text.ptr[len++]);
    return len;
}

bool fct_host_ipv6(fct_slice text, unsigned char address[16])
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
            if (!fct_host_ipv4(rest, bytes + filled))
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
    if (gap == SIZE_MAX ? filled != 16 : filled > 14)
        return false;
    memset(address, 0, 16);
    if (gap == SIZE_MAX)
        gap = filled;
    memcpy(address, bytes, gap);
    memcpy(address + 16 - (filled - gap), bytes + gap, filled - gap);
    return true;
}

static bool ends_with(fct_slice text, fct_slice end)
{
    return text.len >= end.len &&
           fct_slice_equal_nocase((fct_slice){text.ptr + text.len - end.len, end.len}, end);
}

bool fct_host_is_loopback(fct_slice host)
{
    static const unsigned char one[16] = {[15] = 1};
    static const unsigned char mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    unsigned char address[16];

    if (fct_host_ipv4(host, address))
        return address[0] == 127;
    if (fct_host_ipv6(host, address))
        return memcmp(address, one, 16) == 0 || memcmp(address, mapped, 13) == 0;
    return fct_slice_equal_nocase(host, FCT_SLICE("localhost")) ||
           ends_with(host, FCT_SLICE(".localhost"));
}

static bool is_domain(fct_slice text, size_t *labels)
{
    size_t label = 0;

    *labels = 0;
    if (!text.len || text.len > NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '.') {
            bool hyphen = text.ptr[i] == '-';

            if (!fct_is_alnum((unsigned char)text.ptr[i]) && !(hyphen && label))
                return false;
            label++;
            continue;
        }
        if (!label || label > LABEL_MAX_LEN || text.ptr[i - 1] == '-')
            return false;
        (*labels)++;
        label = 0;
    }
    return true;
}

bool fct_host_is_public_name(fct_slice name)
{
    /* RFC 6761, RFC 6762, RFC 8375, and what routers and clouds hand out. */
    static const char *const reserved[] = {".localhost", ".local",   ".localdomain",
                                           ".internal",  ".lan",     ".home",
                                           ".home.arpa", ".invalid", ".arpa"};
    unsigned char address[4];
    size_t labels;

    if (!is_domain(name, &labels) || labels < 2 || fct_host_ipv4(name, address))
        return false;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (ends_with(name, fct_slice_of(reserved[i])))
            return false;
    }
    return true;
}

bool fct_host_is_helo(fct_slice text)
{
    unsigned char address[16];
    fct_slice inside = {text.ptr + 1, text.len - 2};
    size_t labels;

    if (text.len < 3 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return is_domain(text, &labels);
    if (fct_slice_starts_nocase(inside, FCT_SLICE("IPv6:")))
        return fct_host_ipv6((fct_slice){inside.ptr + 5, inside.len - 5}, address);
    return fct_host_ipv4(inside, address);
}
