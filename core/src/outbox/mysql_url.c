/* SPDX-License-Identifier: MIT */
#include "outbox/mysql_url.h"

#include "base/error.h"
#include "base/memory.h"

#define WHERE "outbox"

static int refuse(facteur_error **error, const char *what)
{
    return fct_error_set(
        error, FACTEUR_ECONFIG, WHERE,
        "outbox: %s: expected mysql://user:password@host:3306/database, with other "
        "characters than letters and digits as %%XX, and perhaps "
        "?ssl-mode=verify_identity, ssl-ca, ssl-capath, ssl-cert, ssl-key, "
        "ssl-cipher, tls-version or socket",
        what);
}

/* A piece with its %XX decoded. */
static int take(fct_slice text, char **out, facteur_error **error)
{
    fct_buf buf = {0};

    for (size_t i = 0; i < text.len; i++) {
        int high = -1, low = -1;

        if (text.ptr[i] != '%') {
            fct_buf_add_char(&buf, text.ptr[i]);
            continue;
        }
        if (i + 2 < text.len) {
            high = fct_hex_digit((unsigned char)text.ptr[i + 1]);
            low = fct_hex_digit((unsigned char)text.ptr[i + 2]);
        }
        if (high < 0 || low < 0 || high + low == 0) {
            fct_buf_wipe(&buf);
            return refuse(error, "a % of the URL has no two hexadecimal digits behind it, or NUL");
        }
        fct_buf_add_char(&buf, (char)(high << 4 | low));
        i += 2;
    }
    fct_buf_add(&buf, "", 0);
    fct_free(*out);
    *out = fct_buf_take(&buf, NULL);
    return *out ? 0 : fct_error_nomem(error);
}

/* Cut what stands before the first of these characters; `rest` begins with it, or is empty. */
static fct_slice cut(fct_slice *rest, const char *ends)
{
    fct_slice first = *rest;

    first.len = 0;
    while (first.len < rest->len && !strchr(ends, rest->ptr[first.len]))
        first.len++;
    *rest = (fct_slice){rest->ptr + first.len, rest->len - first.len};
    return first;
}

static fct_slice behind(fct_slice text)
{
    return text.len ? (fct_slice){text.ptr + 1, text.len - 1} : text;
}

static int read_port(fct_slice text, unsigned *port, facteur_error **error)
{
    unsigned value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!fct_is_digit((unsigned char)text.ptr[i]) || value > 65535)
            return refuse(error, "the URL's port is no number");
        value = value * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (value == 0 || value > 65535)
        return refuse(error, "the URL's port is not 1 to 65535");
    *port = value;
    return 0;
}

static int read_host(fct_slice text, struct fct_mysql_url *url, facteur_error **error)
{
    bool literal = text.len && *text.ptr == '[';
    fct_slice rest = literal ? behind(text) : text, host = cut(&rest, literal ? "]" : ":");
    int result;

    if (literal && !rest.len)
        return refuse(error, "the URL's [ has no ]");
    if (literal)
        rest = behind(rest);
    if (rest.len && *rest.ptr != ':')
        return refuse(error, "the URL's host is followed by something else than a port");
    result = host.len ? take(host, &url->host, error) : 0;
    return result || !rest.len ? result : read_port(behind(rest), &url->port, error);
}

static int read_authority(fct_slice text, struct fct_mysql_url *url, facteur_error **error)
{
    fct_slice user = text, host = text;
    int result;

    /* The last "@" ends it, so that a password may have one. */
    while (user.len && user.ptr[user.len - 1] != '@')
        user.len--;
    if (user.len) {
        host = (fct_slice){text.ptr + user.len, text.len - user.len};
        user.len--;
        result = take(cut(&user, ":"), &url->user, error);
        if (!result && user.len)
            result = take(behind(user), &url->password, error);
        if (result)
            return result;
    }
    return read_host(host, url, error);
}

static int read_mode(fct_slice text, enum fct_mysql_tls *tls, facteur_error **error)
{
    static const struct {
        const char *word;
        enum fct_mysql_tls tls;
    } modes[] = {{"disabled", FCT_MYSQL_TLS_OFF},
                 {"required", FCT_MYSQL_TLS_ON},
                 {"verify_identity", FCT_MYSQL_TLS_VERIFIED}};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (fct_slice_equal_nocase(text, fct_slice_of(modes[i].word))) {
            *tls = modes[i].tls;
            return 0;
        }
    }
    return refuse(error, "ssl-mode is not disabled, required or verify_identity");
}

/* "ssl_ca" is "ssl-ca", as some programs have it. */
static bool is_named(fct_slice name, const char *parameter)
{
    if (name.len != strlen(parameter))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if ((name.ptr[i] == '_' ? '-' : name.ptr[i]) != parameter[i])
            return false;
    }
    return true;
}

static int read_parameter(fct_slice text, struct fct_mysql_url *url, bool *mode,
                          facteur_error **error)
{
    const struct {
        const char *parameter;
        char **value;
    } all[] = {
#define TEXT(name, parameter) {parameter, &url->name},
        FCT_MYSQL_TEXTS(TEXT)
#undef TEXT
    };
    fct_slice name = cut(&text, "=");

    if (is_named(name, "ssl-mode")) {
        *mode = true;
        return read_mode(behind(text), &url->tls, error);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (is_named(name, all[i].parameter))
            return take(behind(text), all[i].value, error);
    }
    return refuse(error, "a parameter of the URL is not known");
}

int fct_mysql_url_read(const char *place, struct fct_mysql_url *url, facteur_error **error)
{
    fct_slice rest = fct_slice_of(place), part;
    bool mode = false;
    int result;

    *url = (struct fct_mysql_url){0};
    if (!fct_slice_starts_nocase(rest, FCT_SLICE("//")))
        return refuse(error, "the URL has no //");
    rest = behind(behind(rest));
    part = cut(&rest, "/?");
    result = read_authority(part, url, error);
    if (!result && rest.len && *rest.ptr == '/') {
        rest = behind(rest);
        result = take(cut(&rest, "?"), &url->database, error);
    }
    while (!result && rest.len) {
        rest = behind(rest);
        part = cut(&rest, "&");
        result = part.len ? read_parameter(part, url, &mode, error) : 0;
    }
    if (!result && (!url->database || !*url->database))
        result = refuse(error, "the URL names no database");
    /* Who names an authority wants it asked; who has a certificate shows it. */
    if (!mode && (url->ssl_ca || url->ssl_capath))
        url->tls = FCT_MYSQL_TLS_VERIFIED;
    else if (!mode && (url->ssl_cert || url->ssl_cipher || url->tls_version))
        url->tls = FCT_MYSQL_TLS_ON;
    return result;
}

void fct_mysql_url_done(struct fct_mysql_url *url)
{
    char *const texts[] = {url->user, url->host, url->database,
#define TEXT(name, parameter) url->name,
                           FCT_MYSQL_TEXTS(TEXT)
#undef TEXT
    };

    fct_text_wipe(url->password);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        fct_free(texts[i]);
    *url = (struct fct_mysql_url){0};
}
