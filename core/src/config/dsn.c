/* SPDX-License-Identifier: MIT */
#include "config/dsn.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/authority.h"
#include "config/dialect.h"

#include <string.h>

#define SOCKET_PATH_MAX 107 /* sun_path less its NUL */

struct scheme {
    const char *name;
    enum fct_scheme scheme;
    bool starttls; /* required on loopback, too */
    uint16_t port; /* 0: as facteur chooses */
};

/* The second part are other libraries' and IANA's names: django-environ, dj-email-url, RFC 8314. */
static const struct scheme schemes[] = {
    {"smtps", FCT_SCHEME_SMTPS, false, 0},      {"smtp", FCT_SCHEME_SMTP, false, 0},
    {"smtp+unix", FCT_SCHEME_UNIX, false, 0},   {"file", FCT_SCHEME_FILE, false, 0},
    {"memory", FCT_SCHEME_MEMORY, false, 0},    {"null", FCT_SCHEME_NULL, false, 0},

    {"smtp+ssl", FCT_SCHEME_SMTPS, false, 0},   {"submissions", FCT_SCHEME_SMTPS, false, 0},
    {"smtp+tls", FCT_SCHEME_SMTP, true, 0},     {"smtp+starttls", FCT_SCHEME_SMTP, true, 0},
    {"submission", FCT_SCHEME_SMTP, true, 587},
};

#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])
#define CANDIDATES_MAX 64

/* One parse.  The whole text is kept for the positions in errors. */
struct parser {
    fct_authority authority; /* the DSN in its text */
    enum fct_level level;
    fct_dsn *dsn;
    fct_options *options;
    bool has_password; /* there was one before the "?" */
};

static size_t position(const struct parser *parser, const char *at)
{
    return fct_text_position(parser->authority.text, at);
}

#define REFUSE(parser, ...)                                                                        \
    fct_error_set((parser)->authority.error, FACTEUR_ECONFIG, "dsn", __VA_ARGS__)

/* Decode and set one option.  The copy is wiped, because it may be a password. */
static int set_option(const struct parser *parser, fct_slice name, fct_slice value)
{
    fct_buf decoded = {0};
    int err = fct_buf_reserve(&decoded, value.len + 1);

    if (!err)
        err = fct_authority_decode(&parser->authority, value, &decoded);
    else
        fct_error_nomem(parser->authority.error);
    if (!err && decoded.len)
        err = fct_options_set(parser->options, parser->level, name.ptr, name.len, decoded.ptr,
                              decoded.len, parser->authority.error);
    else if (!err)
        err = fct_options_set(parser->options, parser->level, name.ptr, name.len, "", 0,
                              parser->authority.error);
    fct_buf_wipe(&decoded);
    return err;
}

/* ---- Scheme ---------------------------------------------------------------------------------- */

static int refuse_scheme(const struct parser *parser, fct_slice name)
{
    /* Symfony's "ses+smtp", "mailgun+https", "sendgrid+api" begin with the provider. */
    const char *plus = memchr(name.ptr, '+', name.len);
    fct_slice first = {name.ptr, plus ? (size_t)(plus - name.ptr) : name.len};
    const struct fct_preset *preset = fct_preset_find(first);
    const char *own = preset ? preset->example : fct_dialect_scheme(first);
    const char *candidates[CANDIDATES_MAX];
    const char *nearest;
    size_t count = 0;

    if (own)
        return REFUSE(parser, "no scheme is called \"%.*s\"; facteur speaks SMTP, write %s",
                      (int)name.len, name.ptr, own);
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

static int take_scheme(const struct parser *parser, const struct scheme *scheme)
{
    parser->dsn->scheme = scheme->scheme;
    parser->dsn->port = scheme->port;
    if (!scheme->starttls)
        return 0;
    return fct_options_set(parser->options, FCT_LEVEL_DSN, "tls", 3, "starttls", 8,
                           parser->authority.error);
}

/* Read "scheme://"; `rest` is what follows. */
static int read_scheme(struct parser *parser, fct_slice *rest)
{
    fct_slice part = parser->authority.part, name = {part.ptr, 0};
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
    if ((!name.len || name.len > 32) && part.ptr != parser->authority.text)
        return REFUSE(parser,
                      "the DSN at position %zu does not start with a scheme; a space within a DSN "
                      "is written %%20",
                      position(parser, part.ptr));
    if (!name.len || name.len > 32)
        return REFUSE(parser, "the DSN does not start with a scheme; write "
                              "smtps://user:password@host");
    *rest = (fct_slice){part.ptr + end + 3, part.len - end - 3};
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(schemes[i].name)))
            return take_scheme(parser, &schemes[i]);
    }
    parser->dsn->scheme = FCT_SCHEME_PRESET;
    parser->dsn->preset = fct_preset_find(name);
    return parser->dsn->preset ? 0 : refuse_scheme(parser, name);
}

/* ---- Credentials ----------------------------------------------------------------------------- */

static int set_fixed_user(const struct parser *parser)
{
    const char *user = parser->dsn->preset->user;

    return fct_options_set(parser->options, FCT_LEVEL_PRESET, "username", 8, user, strlen(user),
                           parser->authority.error);
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

static int read_smtp(struct parser *parser, fct_slice authority)
{
    const char *at = fct_authority_last_at(authority);
    int err = 0;

    if (at) {
        err = read_userinfo(parser, (fct_slice){authority.ptr, (size_t)(at - authority.ptr)});
        authority.len -= (size_t)(at + 1 - authority.ptr);
        authority.ptr = at + 1;
    }
    return err ? err
               : fct_authority_place(&parser->authority, authority, &parser->dsn->host,
                                     &parser->dsn->port);
}

/*
 * Whether what follows the "@" belongs to the login: "ana@shop.example", a password behind it or
 * not.  Behind a password it never does, or a relay that somebody named would be passed over.
 */
static bool is_login(const struct fct_preset *preset, fct_slice authority, fct_slice behind)
{
    const char *colon = memchr(behind.ptr, ':', behind.len);
    fct_slice name = {behind.ptr, colon ? (size_t)(colon - behind.ptr) : behind.len};
    size_t before = authority.len - behind.len - 1;

    if (memchr(authority.ptr, ':', before) || !memchr(name.ptr, '.', name.len) ||
        fct_preset_has_host(preset, name))
        return false;
    /* "KEY@host:465" */
    for (size_t i = name.len + 1; i < behind.len; i++) {
        if (!fct_is_digit((unsigned char)behind.ptr[i]))
            return true;
    }
    return preset->login == FCT_LOGIN_GIVEN;
}

/* What stands there is not shown, because it may be a piece of a password. */
static int refuse_region(const struct parser *parser, fct_slice region)
{
    const struct fct_preset *preset = parser->dsn->preset;
    fct_buf known = {0}, message = {0};
    int err;

    fct_preset_add_regions(preset, &known);
    if (strcmp(preset->regions, "*") == 0)
        fct_buf_addf(&message, "%s needs its region behind the '@'", preset->name);
    else if (known.len)
        fct_buf_addf(&message, "%s has the regions %.*s, and nothing else can follow the '@'",
                     preset->name, (int)known.len, known.ptr);
    else
        fct_buf_addf(&message, "%s has one host, %s, and no region that could follow the '@'",
                     preset->name, preset->host);
    fct_buf_addf(&message,
                 " at position %zu of the DSN: %s.  For another host write "
                 "smtps://USER:PASSWORD@HOST; write an '@' of the login or the password as %%40",
                 position(parser, region.ptr), preset->example);
    if (known.failed || message.failed)
        err = fct_error_nomem(parser->authority.error);
    else
        err = REFUSE(parser, "%.*s", (int)message.len, message.ptr);
    fct_buf_done(&known);
    fct_buf_done(&message);
    return err;
}

/* "login" or "login@region". */
static int read_preset(struct parser *parser, fct_slice authority)
{
    const struct fct_preset *preset = parser->dsn->preset;
    const char *at = fct_authority_last_at(authority);
    fct_slice region = {authority.ptr + authority.len, 0};
    fct_buf host = {0};
    int err;

    if (at)
        region = (fct_slice){at + 1, authority.len - (size_t)(at + 1 - authority.ptr)};
    if (at && is_login(preset, authority, region)) {
        at = NULL;
        region = (fct_slice){authority.ptr + authority.len, 0};
    }
    if (region.len && region.ptr[region.len - 1] == '/')
        region.len--;
    if ((at && !region.len) || !fct_preset_host(preset, region, &host)) {
        fct_buf_done(&host);
        return refuse_region(parser, region);
    }
    parser->dsn->host = fct_buf_take(&host, NULL);
    err = parser->dsn->host ? 0 : fct_error_nomem(parser->authority.error);
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
    int err = fct_authority_decode(&parser->authority, text, &path);

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
    return parser->dsn->path ? 0 : fct_error_nomem(parser->authority.error);
}

static int read_unix(struct parser *parser, fct_slice rest)
{
    const char *slash = memchr(rest.ptr, '/', rest.len);
    fct_slice authority = {rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len};
    const char *at = fct_authority_last_at(authority);
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
    /* Symfony writes null://null and null://default. */
    if (parser->dsn->scheme == FCT_SCHEME_NULL &&
        (fct_slice_equal(rest, FCT_SLICE("null")) || fct_slice_equal(rest, FCT_SLICE("default"))))
        return 0;
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
    return parser->has_password || !parser->authority.query;
}

static int read_option(const struct parser *parser, fct_slice pair)
{
    const char *equals = memchr(pair.ptr, '=', pair.len);
    fct_slice name = {pair.ptr, equals ? (size_t)(equals - pair.ptr) : pair.len};
    bool known = fct_option_find(name.ptr, name.len) >= 0;

    if (!pair.len)
        return 0;
    if (!known && !is_showable(parser, name))
        return fct_authority_refuse(&parser->authority, "there is no option", name.ptr);
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

static fct_authority authority_of(const char *whole, fct_slice part, facteur_error **error)
{
    return (fct_authority){
        .name = "the DSN", .where = "dsn", .text = whole, .part = part, .error = error};
}

int fct_dsn_parse_query(fct_options *options, enum fct_level level, const char *whole,
                        fct_slice query, facteur_error **error)
{
    struct parser parser = {.authority = authority_of(whole, query, error),
                            .level = level,
                            .options = options,
                            .has_password = true};
    int err = query.len ? fct_authority_check(&parser.authority) : 0;

    return err ? err : read_query(&parser, query);
}

int fct_dsn_parse(fct_dsn *dsn, fct_options *options, const char *whole, fct_slice part,
                  facteur_error **error)
{
    struct parser parser = {.authority = authority_of(whole, part, error),
                            .level = FCT_LEVEL_DSN,
                            .dsn = dsn,
                            .options = options};
    fct_slice rest = {"", 0}, query = {"", 0};
    const char *mark;
    int err;

    memset(dsn, 0, sizeof *dsn);
    err = fct_authority_check(&parser.authority);
    if (!err)
        err = read_scheme(&parser, &rest);
    if (!err) {
        mark = memchr(rest.ptr, '?', rest.len);
        if (mark) {
            query = (fct_slice){mark + 1, rest.len - (size_t)(mark + 1 - rest.ptr)};
            rest.len = (size_t)(mark - rest.ptr);
            /* With an unencoded "@" behind the "?", the "?" is perhaps part of a password. */
            parser.authority.query = fct_authority_last_at(query) ? query.ptr : NULL;
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
