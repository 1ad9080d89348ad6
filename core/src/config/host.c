/* SPDX-License-Identifier: MIT */
#include "config/host.h"

#include "base/ip.h"

#include <string.h>

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63

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

    fct_ip_cut_zone(&host);
    if (fct_ip_v4(host, address))
        return address[0] == 127;
    if (fct_ip_v6(host, address))
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
    /* RFC 6761, RFC 6762, RFC 8375, and the names that routers and clouds give out. */
    static const char *const reserved[] = {".localhost", ".local",   ".localdomain",
                                           ".internal",  ".lan",     ".home",
                                           ".home.arpa", ".invalid", ".arpa"};
    unsigned char address[4];
    size_t labels;

    if (!is_domain(name, &labels) || labels < 2 || fct_ip_v4(name, address))
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
        return fct_ip_v6((fct_slice){inside.ptr + 5, inside.len - 5}, address);
    return fct_ip_v4(inside, address);
}
