/* SPDX-License-Identifier: MIT */
#include "config/authority.h"

#include "base/error.h"
#include "base/ip.h"
#include "base/utf8.h"
#include "mime/idna.h"

#include <string.h>

#define ZONE_MAX 15 /* IF_NAMESIZE less its NUL */

#define REFUSE(authority, ...)                                                                     \
    fct_error_set((authority)->error, FACTEUR_ECONFIG, (authority)->where, __VA_ARGS__)

size_t fct_text_position(const char *text, const char *at)
{
    size_t count = 1;

    for (const char *c = text; c < at; c++)
        count += ((unsigned char)*c & 0xc0) != 0x80;
    return count;
}

static size_t position(const fct_authority *authority, const char *at)
{
    return fct_text_position(authority->text, at);
}

int fct_authority_check(const fct_authority *authority)
{
    fct_slice whole = authority->part;
    size_t bad = fct_utf8_check(whole);

    if (whole.len > FCT_AUTHORITY_MAX)
        return REFUSE(authority, "%s is longer than %d bytes", authority->name, FCT_AUTHORITY_MAX);
    for (size_t i = 0; i < bad; i++) {
        unsigned char byte = (unsigned char)whole.ptr[i];

        if (byte == ' ')
            return REFUSE(authority, "a space at position %zu of %s must be written %%20",
                          position(authority, whole.ptr + i), authority->name);
        if (byte < 0x20 || byte == 0x7f)
            return REFUSE(authority, "the control character 0x%02x at position %zu of %s", byte,
                          position(authority, whole.ptr + i), authority->name);
    }
    if (bad < whole.len)
        return REFUSE(authority, "the byte 0x%02x at position %zu of %s is not UTF-8",
                      (unsigned char)whole.ptr[bad], position(authority, whole.ptr + bad),
                      authority->name);
    return 0;
}

int fct_authority_decode(const fct_authority *authority, fct_slice text, fct_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int high, low, byte;

        if (text.ptr[i] != '%') {
            fct_buf_add_char(out, text.ptr[i]);
            continue;
        }
        high = i + 2 < text.len ? fct_hex_digit(text.ptr[i + 1]) : -1;
        low = high >= 0 ? fct_hex_digit(text.ptr[i + 2]) : -1;
        if (low < 0)
            return REFUSE(authority,
                          "'%%' at position %zu of %s is not followed by two hexadecimal "
                          "digits; a percent sign itself is written %%25",
                          position(authority, text.ptr + i), authority->name);
        byte = high << 4 | low;
        if (byte < 0x20 || byte == 0x7f)
            return REFUSE(authority, "%%%02X at position %zu of %s is a control character", byte,
                          position(authority, text.ptr + i), authority->name);
        fct_buf_add_char(out, (char)byte);
        i += 2;
    }
    return out->failed ? fct_error_nomem(authority->error) : 0;
}

const char *fct_authority_last_at(fct_slice text)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.ptr[i - 1] == '@')
            return text.ptr + i - 1;
    }
    return NULL;
}

int fct_authority_refuse(const fct_authority *authority, const char *what, const char *at)
{
    if (authority->query)
        return REFUSE(authority,
                      "%s at position %zu of %s; if '?' at position %zu is part of the "
                      "password, write it %%3F",
                      what, position(authority, at), authority->name,
                      position(authority, authority->query - 1));
    return REFUSE(authority, "%s at position %zu of %s", what, position(authority, at),
                  authority->name);
}

static int read_port(const fct_authority *authority, fct_slice text, uint16_t *into)
{
    unsigned port = 0;
    bool good = text.len > 0 && text.len <= 5;

    for (size_t i = 0; good && i < text.len; i++) {
        good = fct_is_digit((unsigned char)text.ptr[i]);
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (!good && !memchr(authority->part.ptr, '@', (size_t)(text.ptr - authority->part.ptr)))
        return fct_authority_refuse(
            authority, "there is no port from 1 to 65535, nor an '@' behind user and password,",
            text.ptr);
    if (!good || port < 1 || port > 65535)
        return fct_authority_refuse(authority, "there is no port from 1 to 65535", text.ptr);
    *into = (uint16_t)port;
    return 0;
}

static int take_host(const fct_authority *authority, fct_buf *host, char **into)
{
    *into = fct_buf_take(host, NULL);
    return *into ? 0 : fct_error_nomem(authority->error);
}

/* Names of containers have underscores.  Everything else follows RFC 1123 section 2.1. */
static int read_ascii_name(const fct_authority *authority, fct_slice name, char **into)
{
    fct_buf host = {0};

    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];
        bool dot = byte == '.';

        if (!fct_is_alnum(byte) && byte != '-' && byte != '_' && !dot) {
            fct_buf_done(&host);
            return fct_authority_refuse(authority, "a character that a host name cannot have",
                                        name.ptr + i);
        }
        if (dot && (i == 0 || name.ptr[i - 1] == '.')) {
            fct_buf_done(&host);
            return fct_authority_refuse(authority, "an empty label of the host name", name.ptr + i);
        }
        fct_buf_add_char(&host, (char)fct_ascii_lower(byte));
    }
    return take_host(authority, &host, into);
}

static int read_name(const fct_authority *authority, fct_slice name, char **into)
{
    fct_buf host = {0};
    const char *why = "";
    int err;

    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    if (!name.len)
        return fct_authority_refuse(authority, "the host is missing", name.ptr);
    if (name.len > 253)
        return fct_authority_refuse(authority, "a host name of more than 253 characters", name.ptr);
    if (fct_is_ascii(name))
        return read_ascii_name(authority, name, into);
    err = fct_idna_domain(&host, name, &why);
    if (err == FACTEUR_ENOMEM || host.failed)
        err = fct_error_nomem(authority->error);
    else if (err)
        err = fct_authority_refuse(authority, "the host is no valid internationalised name",
                                   name.ptr);
    else
        return take_host(authority, &host, into);
    fct_buf_done(&host);
    return err;
}

/* "%25eth0" (RFC 6874): the interface by which a link-local address is reached. */
static int read_zone(const fct_authority *authority, fct_slice text, fct_buf *host)
{
    size_t before = host->len + 1;
    int err;

    if (text.len < 4 || text.ptr[1] != '2' || text.ptr[2] != '5')
        return fct_authority_refuse(authority, "there is no zone such as %25eth0", text.ptr);
    fct_buf_add_char(host, '%');
    err = fct_authority_decode(authority, (fct_slice){text.ptr + 3, text.len - 3}, host);
    for (size_t i = before; !err && i < host->len; i++) {
        unsigned char byte = (unsigned char)host->ptr[i];

        if (!fct_is_alnum(byte) && !strchr("-._~", byte))
            return fct_authority_refuse(authority, "a character that no zone has", text.ptr + 3);
    }
    if (!err && host->len - before > ZONE_MAX)
        return fct_authority_refuse(authority, "the address's zone is too long", text.ptr + 3);
    return err;
}

static int read_address_literal(const fct_authority *authority, fct_slice text, size_t *used,
                                char **into)
{
    const char *close = memchr(text.ptr, ']', text.len);
    unsigned char address[16];
    fct_slice whole;
    fct_buf host = {0};
    int err = 0;

    if (!close)
        return fct_authority_refuse(authority, "'[' without ']'", text.ptr);
    *used = (size_t)(close - text.ptr) + 1;
    whole = text = (fct_slice){text.ptr + 1, *used - 2};
    fct_ip_cut_zone(&text);
    if (!fct_ip_v6(text, address))
        return fct_authority_refuse(authority, "no IPv6 address between the brackets", text.ptr);
    for (size_t i = 0; i < text.len; i++)
        fct_buf_add_char(&host, (char)fct_ascii_lower((unsigned char)text.ptr[i]));
    if (whole.len > text.len)
        err = read_zone(authority, (fct_slice){text.ptr + text.len, whole.len - text.len}, &host);
    if (!err)
        return take_host(authority, &host, into);
    fct_buf_done(&host);
    return err;
}

int fct_authority_place(const fct_authority *authority, fct_slice place, char **host,
                        uint16_t *port)
{
    const char *colon;
    size_t used = 0;
    int err;

    if (place.len && place.ptr[place.len - 1] == '/')
        place.len--;
    if (place.len && place.ptr[0] == '[') {
        err = read_address_literal(authority, place, &used, host);
    } else {
        colon = memchr(place.ptr, ':', place.len);
        used = colon ? (size_t)(colon - place.ptr) : place.len;
        err = read_name(authority, (fct_slice){place.ptr, used}, host);
    }
    if (err || used == place.len)
        return err;
    if (place.ptr[used] != ':')
        return fct_authority_refuse(authority, "something other than a port follows the host",
                                    place.ptr + used);
    return read_port(authority, (fct_slice){place.ptr + used + 1, place.len - used - 1}, port);
}
