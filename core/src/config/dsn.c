/* SPDX-License-Identifier: MIT */
#include "config/dsn.h"

#include "base/error.h"
#include "base/ip.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/idna.h"

#include <string.h>

#define ZONE_MAX 15         /* IF_NAMESIZE less its NUL */
#define SOCKET_PATH_MAX 107 /* sun_path less its NUL */

struct scheme {
    const char *name;
    enum fct_scheme scheme;
};

static const struct scheme schemes[] = {
    {"smtps", FCT_SCHEME_SMTPS}, {"smtp", FCT_SCHEME_SMTP},     {"smtp+unix", FCT_SCHEME_UNIX},
    {"file", FCT_SCHEME_FILE},   {"memory", FCT_SCHEME_MEMORY}, {"null", FCT_SCHEME_NULL},
};

#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])
#define CANDIDATES_MAX 64

/* One parse.  The whole text is kept for the positions in errors. */
struct parser {
    const char *text; /* whole */
    fct_slice part;   /* the DSN in it */
    enum fct_level level;
    fct_dsn *dsn;
    fct_options *options;
    facteur_error **error;
    bool at_in_query;  /* an unencoded "@" after the "?": the "?" may be part of a password */
    bool has_password; /* there was one before the "?" */
    const char *query;
};

size_t fct_dsn_position(const char *text, const char *at)
{
    size_t count = 1;

    for (const char *c = text; c < at; c++)
        count += ((unsigned char)*c & 0xc0) != 0x80;
    return count;
}

static size_t position(const struct parser *parser, const char *at)
{
    return fct_dsn_position(parser->text, at);
}

#define REFUSE(parser, ...) fct_error_set((parser)->error, FACTEUR_ECONFIG, "dsn", __VA_ARGS__)

static int check_characters(const struct parser *parser)
{
    fct_slice whole = parser->part;
    size_t bad = fct_utf8_check(whole);

    if (whole.len > FCT_DSN_MAX)
        return REFUSE(parser, "the DSN is longer than %d bytes", FCT_DSN_MAX);
    for (size_t i = 0; i < bad; i++) {
        unsigned char byte = (unsigned char)whole.ptr[i];

        if (byte == ' ')
            return REFUSE(parser, "a space at position %zu of the DSN must be written %%20",
                          position(parser, whole.ptr + i));
        if (byte < 0x20 || byte == 0x7f)
            return REFUSE(parser, "the control character 0x%02x at position %zu of the DSN", byte,
                          position(parser, whole.ptr + i));
    }
    if (bad < whole.len)
        return REFUSE(parser, "the byte 0x%02x at position %zu of the DSN is not UTF-8",
                      (unsigned char)whole.ptr[bad], position(parser, whole.ptr + bad));
    return 0;
}

/* Append `text` with its %XX decoded. */
static int decode(const struct parser *parser, fct_slice text, fct_buf *out)
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
            return REFUSE(parser,
                          "'%%' at position %zu of the DSN is not followed by two hexadecimal "
                          "digits; a percent sign itself is written %%25",
                          position(parser, text.ptr + i));
        byte = high << 4 | low;
        if (byte < 0x20 || byte == 0x7f)
            return REFUSE(parser, "%%%02X at position %zu of the DSN is a control character", byte,
                          position(parser, text.ptr + i));
        fct_buf_add_char(out, (char)byte);
        i += 2;
    }
    return out->failed ? fct_error_nomem(parser->error) : 0;
}

/* Decode and set one option.  The copy is wiped, because it may be a password. */
static int set_option(const struct parser *parser, fct_slice name, fct_slice value)
{
    fct_buf decoded = {0};
    int err = fct_buf_reserve(&decoded, value.len + 1);

    if (!err)
        err = decode(parser, value, &decoded);
    else
        fct_error_nomem(parser->error);
    if (!err && decoded.len)
        err = fct_options_set(parser->options, parser->level, name.ptr, name.len, decoded.ptr,
                              decoded.len, parser->error);
    else if (!err)
        err = fct_options_set(parser->options, parser->level, name.ptr, name.len, "", 0,
                              parser->error);
    fct_buf_wipe(&decoded);
    return err;
}

/* ---- Scheme ---------------------------------------------------------------------------------- */

static int refuse_scheme(const struct parser *parser, fct_slice name)
{
    const char *candidates[CANDIDATES_MAX];
    const struct fct_preset *preset;
    const char *nearest;
    size_t count = 0;

    for (; count < SCHEME_COUNT; count++)
        candidates[count] = schemes[count].name;
    for (size_t i = 0; (preset = fct_preset_at(i)) && count < CANDIDATES_MAX; i++)
        candidates[count++] = preset->name;
    nearest = fct_nearest(name.ptr, name.len, candidates, count);
    if (nearest)
        return REFUSE(parser, "no scheme is called \"%.*s\"; did you mean %s://?", (int)name.len,
                      name.ptr, nearest);
    return REFUSE(parser, "no scheme is called \"%.*s\"; write smtps://user:password@host",
                  (int)name.len, name.ptr);
}

/* Read "scheme://"; `rest` is what follows. */
static int read_scheme(struct parser *parser, fct_slice *rest)
{
    fct_slice part = parser->part, name = {part.ptr, 0};
    size_t end = 0;

    while (end + 3 <= part.len && memcmp(part.ptr + end, "://", 3) != 0)
        end++;
    if (end + 3 <= part.len)
        name.len = end;

    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];

        if (!fct_is_alnum(byte) && byte != '+' && byte != '-' && byte != '.')
            name.len = 0;
    }
    if ((!name.len || name.len > 32) && part.ptr != parser->text)
        return REFUSE(parser,
                      "the DSN at position %zu does not start with a scheme; a space within a DSN "
                      "is written %%20",
                      position(parser, part.ptr));
    if (!name.len || name.len > 32)
        return REFUSE(parser, "the DSN does not start with a scheme; write "
                              "smtps://user:password@host");
    *rest = (fct_slice){part.ptr + end + 3, part.len - end - 3};
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(schemes[i].name))) {
            parser->dsn->scheme = schemes[i].scheme;
            return 0;
        }
    }
    parser->dsn->scheme = FCT_SCHEME_PRESET;
    parser->dsn->preset = fct_preset_find(name);
    return parser->dsn->preset ? 0 : refuse_scheme(parser, name);
}

/* ---- Host and port --------------------------------------------------------------------------- */

/* An error in the host.  Its text is not shown, because it may be a piece of a password. */
static int refuse_place(const struct parser *parser, const char *what, const char *at)
{
    if (parser->at_in_query)
        return REFUSE(parser,
                      "%s at position %zu of the DSN; if '?' at position %zu is part of the "
                      "password, write it %%3F",
                      what, position(parser, at), position(parser, parser->query - 1));
    return REFUSE(parser, "%s at position %zu of the DSN", what, position(parser, at));
}

static int read_port(struct parser *parser, fct_slice text)
{
    unsigned port = 0;
    bool good = text.len > 0 && text.len <= 5;

    for (size_t i = 0; good && i < text.len; i++) {
        good = fct_is_digit((unsigned char)text.ptr[i]);
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (!good && !memchr(parser->part.ptr, '@', (size_t)(text.ptr - parser->part.ptr)))
        return refuse_place(
            parser, "there is no port from 1 to 65535, nor an '@' behind user and password,",
            text.ptr);
    if (!good || port < 1 || port > 65535)
        return refuse_place(parser, "there is no port from 1 to 65535", text.ptr);
    parser->dsn->port = (uint16_t)port;
    return 0;
}

static int take_host(struct parser *parser, fct_buf *host)
{
    parser->dsn->host = fct_buf_take(host, NULL);
    return parser->dsn->host ? 0 : fct_error_nomem(parser->error);
}

/* Names of containers have underscores.  Everything else follows RFC 1123 section 2.1. */
static int read_ascii_name(struct parser *parser, fct_slice name)
{
    fct_buf host = {0};

    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];
        bool dot = byte == '.';

        if (!fct_is_alnum(byte) && byte != '-' && byte != '_' && !dot) {
            fct_buf_done(&host);
            return refuse_place(parser, "a character that a host name cannot have", name.ptr + i);
        }
        if (dot && (i == 0 || name.ptr[i - 1] == '.')) {
            fct_buf_done(&host);
            return refuse_place(parser, "an empty label of the host name", name.ptr + i);
        }
        fct_buf_add_char(&host, (char)fct_ascii_lower(byte));
    }
    return take_host(parser, &host);
}

static int read_name(struct parser *parser, fct_slice name)
{
    fct_buf host = {0};
    const char *why = "";
    int err;

    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    if (!name.len)
        return refuse_place(parser, "the host is missing", name.ptr);
    if (name.len > 253)
        return refuse_place(parser, "a host name of more than 253 characters", name.ptr);
    if (fct_is_ascii(name))
        return read_ascii_name(parser, name);
    err = fct_idna_domain(&host, name, &why);
    if (err == FACTEUR_ENOMEM || host.failed)
        err = fct_error_nomem(parser->error);
    else if (err)
        err = refuse_place(parser, "the host is no valid internationalised name", name.ptr);
    else
        return take_host(parser, &host);
    fct_buf_done(&host);
    return err;
}

/* "%25eth0" (RFC 6874): the interface by which a link-local address is reached. */
static int read_zone(struct parser *parser, fct_slice text, fct_buf *host)
{
    size_t before = host->len + 1;
    int err;

    if (text.len < 4 || text.ptr[1] != '2' || text.ptr[2] != '5')
        return refuse_place(parser, "there is no zone such as %25eth0", text.ptr);
    fct_buf_add_char(host, '%');
    err = decode(parser, (fct_slice){text.ptr + 3, text.len - 3}, host);
    for (size_t i = before; !err && i < host->len; i++) {
        unsigned char byte = (unsigned char)host->ptr[i];

        if (!fct_is_alnum(byte) && !strchr("-._~", byte))
            return refuse_place(parser, "a character that no zone has", text.ptr + 3);
    }
    if (!err && host->len - before > ZONE_MAX)
        return refuse_place(parser, "the address's zone is too long", text.ptr + 3);
    return err;
}

static int read_address_literal(struct parser *parser, fct_slice text, size_t *used)
{
    const char *close = memchr(text.ptr, ']', text.len);
    unsigned char address[16];
    fct_slice whole;
    fct_buf host = {0};
    int err = 0;

    if (!close)
        return refuse_place(parser, "'[' without ']'", text.ptr);
    *used = (size_t)(close - text.ptr) + 1;
    whole = text = (fct_slice){text.ptr + 1, *used - 2};
    fct_ip_cut_zone(&text);
    if (!fct_ip_v6(text, address))
        return refuse_place(parser, "no IPv6 address between the brackets", text.ptr);
    for (size_t i = 0; i < text.len; i++)
        fct_buf_add_char(&host, (char)fct_ascii_lower((unsigned char)text.ptr[i]));
    if (whole.len > text.len)
        err = read_zone(parser, (fct_slice){text.ptr + text.len, whole.len - text.len}, &host);
    if (!err)
        return take_host(parser, &host);
    fct_buf_done(&host);
    return err;
}

static int read_host(struct parser *parser, fct_slice place)
{
    const char *colon;
    size_t used = 0;
    int err;

    if (place.len && place.ptr[place.len - 1] == '/')
        place.len--;
    if (place.len && place.ptr[0] == '[') {
        err = read_address_literal(parser, place, &used);
    } else {
        colon = memchr(place.ptr, ':', place.len);
        used = colon ? (size_t)(colon - place.ptr) : place.len;
        err = read_name(parser, (fct_slice){place.ptr, used});
    }
    if (err || used == place.len)
        return err;
    if (place.ptr[used] != ':')
        return refuse_place(parser, "something other than a port follows the host",
                            place.ptr + used);
    return read_port(parser, (fct_slice){place.ptr + used + 1, place.len - used - 1});
}

/* ---- Credentials ----------------------------------------------------------------------------- */

static int set_fixed_user(const struct parser *parser)
{
    const char *user = parser->dsn->preset->user;

    return fct_options_set(parser->options, FCT_LEVEL_PRESET, "username", 8, user, strlen(user),
                           parser->error);
}

static int read_userinfo(struct parser *parser, fct_slice userinfo)
{
    const struct fct_preset *preset = parser->dsn->preset;
    const char *colon = memchr(userinfo.ptr, ':', userinfo.len);
    bool key_alone = preset && preset->login != FCT_LOGIN_GIVEN;
    fct_slice user = {userinfo.ptr, colon ? (size_t)(colon - userinfo.ptr) : userinfo.len};
    fct_slice password;
    int err;

    parser->has_password = colon != NULL;
    if (!colon)
        return set_option(parser, key_alone ? FCT_SLICE("password") : FCT_SLICE("username"),
                          userinfo);
    password = (fct_slice){colon + 1, userinfo.len - user.len - 1};
    err = set_option(parser, FCT_SLICE("username"), user);
    return err ? err : set_option(parser, FCT_SLICE("password"), password);
}

/* The last "@" ends the userinfo, so that a password may contain one. */
static const char *last_at(fct_slice text)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.ptr[i - 1] == '@')
            return text.ptr + i - 1;
    }
    return NULL;
}

static int read_smtp(struct parser *parser, fct_slice authority)
{
    const char *at = last_at(authority);
    int err = 0;

    if (at) {
        err = read_userinfo(parser, (fct_slice){authority.ptr, (size_t)(at - authority.ptr)});
        authority.len -= (size_t)(at + 1 - authority.ptr);
        authority.ptr = at + 1;
    }
    return err ? err : read_host(parser, authority);
}

/*
 * "login" or "login@region".  A login may be a mail address, so the text after the last "@" is a
 * region only if the preset requires one or knows it.
 */
static int read_preset(struct parser *parser, fct_slice authority)
{
    const struct fct_preset *preset = parser->dsn->preset;
    const char *at = last_at(authority);
    fct_slice region = {"", 0};
    fct_buf host = {0};
    bool any = strcmp(preset->regions, "*") == 0;
    bool known;
    int err;

    if (at)
        region = (fct_slice){at + 1, authority.len - (size_t)(at + 1 - authority.ptr)};
    known = fct_preset_host(preset, region, &host);
    if (!known && !any) {
        at = NULL;
        known = fct_preset_host(preset, FCT_SLICE(""), &host);
    }
    if (!known) {
        fct_buf_done(&host);
        return REFUSE(parser, "%s needs its region behind the '@': %s", preset->name,
                      preset->example);
    }
    err = take_host(parser, &host);
    if (!err && preset->login == FCT_LOGIN_FIXED)
        err = set_fixed_user(parser);
    if (at)
        authority.len = (size_t)(at - authority.ptr);
    return err || !authority.len ? err : read_userinfo(parser, authority);
}

/* ---- Paths ----------------------------------------------------------------------------------- */

static int read_path(struct parser *parser, fct_slice text, const char *example)
{
    fct_buf path = {0};
    bool socket = parser->dsn->scheme == FCT_SCHEME_UNIX;
    int err = decode(parser, text, &path);

    if (!err && (!path.len || (path.ptr[0] != '/' && !(socket && path.ptr[0] == '@'))))
        err = REFUSE(parser, "an absolute path is missing at position %zu of the DSN: %s",
                     position(parser, text.ptr), example);
    else if (!err && socket && (path.len > SOCKET_PATH_MAX || path.ptr[path.len - 1] == '/'))
        err = REFUSE(parser, "the path of a unix socket has at most %d bytes and no '/' at its end",
                     SOCKET_PATH_MAX);
    if (err) {
        fct_buf_done(&path);
        return err;
    }
    parser->dsn->path = fct_buf_take(&path, NULL);
    return parser->dsn->path ? 0 : fct_error_nomem(parser->error);
}

static int read_unix(struct parser *parser, fct_slice rest)
{
    const char *slash = memchr(rest.ptr, '/', rest.len);
    fct_slice authority = {rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len};
    const char *at = last_at(authority);
    int err = 0;

    /* "@name" is in the abstract namespace.  After a login it is written "%40name". */
    if (at && at > rest.ptr) {
        err = read_userinfo(parser, (fct_slice){rest.ptr, (size_t)(at - rest.ptr)});
        rest.len -= (size_t)(at + 1 - rest.ptr);
        rest.ptr = at + 1;
    }
    return err ? err : read_path(parser, rest, "smtp+unix:///path/of/socket");
}

static int read_place(struct parser *parser, fct_slice rest)
{
    switch (parser->dsn->scheme) {
    case FCT_SCHEME_SMTP:
    case FCT_SCHEME_SMTPS:
        return read_smtp(parser, rest);
    case FCT_SCHEME_PRESET:
        return read_preset(parser, rest);
    case FCT_SCHEME_UNIX:
        return read_unix(parser, rest);
    case FCT_SCHEME_FILE:
        return read_path(parser, rest, "file:///directory");
    case FCT_SCHEME_MEMORY:
    case FCT_SCHEME_NULL:
        break;
    }
    if (rest.len && !fct_slice_equal(rest, FCT_SLICE("/")))
        return REFUSE(parser,
                      "nothing may follow the scheme, but something does at position %zu "
                      "of the DSN",
                      position(parser, rest.ptr));
    return 0;
}

/* ---- Query ----------------------------------------------------------------------------------- */

/* A text that is not an option may be the end of a password with a "?".  Then it is not shown. */
static bool is_showable(const struct parser *parser, fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!fct_is_alnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return false;
    }
    return parser->has_password || !parser->at_in_query;
}

static int read_option(const struct parser *parser, fct_slice pair)
{
    const char *equals = memchr(pair.ptr, '=', pair.len);
    fct_slice name = {pair.ptr, equals ? (size_t)(equals - pair.ptr) : pair.len};
    bool known = fct_option_find(name.ptr, name.len) >= 0;

    if (!pair.len)
        return 0;
    if (!known && !is_showable(parser, name))
        return refuse_place(parser, "there is no option", name.ptr);
    if (known && !equals)
        return REFUSE(parser, "the option at position %zu of the DSN has no value",
                      position(parser, name.ptr));
    return set_option(parser, name,
                      equals ? (fct_slice){equals + 1, pair.len - name.len - 1}
                             : (fct_slice){"", 0});
}

static int read_query(const struct parser *parser, fct_slice query)
{
    while (query.len) {
        const char *end = memchr(query.ptr, '&', query.len);
        size_t len = end ? (size_t)(end - query.ptr) : query.len;
        int err = read_option(parser, (fct_slice){query.ptr, len});

        if (err)
            return err;
        query.ptr += len + (end != NULL);
        query.len -= len + (end != NULL);
    }
    return 0;
}

int fct_dsn_parse_query(fct_options *options, enum fct_level level, const char *whole,
                        fct_slice query, facteur_error **error)
{
    struct parser parser = {.text = whole,
                            .part = query,
                            .level = level,
                            .options = options,
                            .query = query.ptr,
                            .has_password = true,
                            .error = error};
    int err = query.len ? check_characters(&parser) : 0;

    return err ? err : read_query(&parser, query);
}

int fct_dsn_parse(fct_dsn *dsn, fct_options *options, const char *whole, fct_slice part,
                  facteur_error **error)
{
    struct parser parser = {.text = whole,
                            .part = part,
                            .level = FCT_LEVEL_DSN,
                            .dsn = dsn,
                            .options = options,
                            .error = error};
    fct_slice rest = {"", 0}, query = {"", 0};
    const char *mark;
    int err;

    memset(dsn, 0, sizeof *dsn);
    err = check_characters(&parser);
    if (!err)
        err = read_scheme(&parser, &rest);
    if (!err) {
        mark = memchr(rest.ptr, '?', rest.len);
        if (mark) {
            query = (fct_slice){mark + 1, rest.len - (size_t)(mark + 1 - rest.ptr)};
            rest.len = (size_t)(mark - rest.ptr);
            parser.query = query.ptr;
            parser.at_in_query = last_at(query) != NULL;
        }
        err = read_place(&parser, rest);
    }
    if (!err)
        err = read_query(&parser, query);
    if (err)
        fct_dsn_done(dsn);
    return err;
}

void fct_dsn_done(fct_dsn *dsn)
{
    fct_free(dsn->host);
    fct_free(dsn->path);
    memset(dsn, 0, sizeof *dsn);
}
