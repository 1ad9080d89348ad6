/* SPDX-License-Identifier: MIT */
#include "config/proxy_url.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/authority.h"

#include <string.h>

#define FORMS "socks5://user:password@host:1080 or http://user:password@host:3128"

static const struct {
    const char *name;
    enum fct_proxy_kind kind;
    uint16_t port; /* where none is given; 0: it must be */
} schemes[] = {
    {"socks5", FCT_PROXY_SOCKS5, 1080},
    {"socks5h", FCT_PROXY_SOCKS5, 1080},
    {"http", FCT_PROXY_HTTP, 0},
};

#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])

static int refuse(const fct_authority *url, const char *message)
{
    return fct_error_set(url->error, FACTEUR_ECONFIG, url->where, "%s", message);
}

/* What stands before "://" is shown when it can be no password. */
static int refuse_scheme(const fct_authority *url, fct_slice name)
{
    bool shown = name.len > 0 && name.len <= 10;

    for (size_t i = 0; i < name.len; i++)
        shown = shown && (fct_is_alnum((unsigned char)name.ptr[i]) || name.ptr[i] == '+');
    if (shown)
        return fct_error_set(url->error, FACTEUR_ECONFIG, url->where,
                             "%.*s:// is no proxy that facteur knows; write " FORMS, (int)name.len,
                             name.ptr);
    return refuse(url, "a proxy is written " FORMS);
}

static int read_scheme(const fct_authority *url, fct_slice *rest, struct fct_proxy_config *proxy)
{
    fct_slice name = {url->part.ptr, 0};
    size_t end = 0;

    while (end + 3 <= url->part.len && memcmp(url->part.ptr + end, "://", 3) != 0)
        end++;
    if (end + 3 > url->part.len)
        return refuse_scheme(url, name);
    name.len = end;
    *rest = (fct_slice){url->part.ptr + end + 3, url->part.len - end - 3};
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(schemes[i].name))) {
            proxy->kind = schemes[i].kind;
            proxy->port = schemes[i].port;
            return 0;
        }
    }
    return refuse_scheme(url, name);
}

/* One half of the userinfo, decoded; what was in `out` is the caller's to wipe. */
static int read_field(const fct_authority *url, fct_slice text, fct_buf *out)
{
    /* Room for all of it: a growing buffer would leave pieces behind. */
    int err = fct_buf_reserve(out, text.len + 1) ? fct_error_nomem(url->error)
                                                 : fct_authority_decode(url, text, out);

    if (!err && out->len > FCT_PROXY_FIELD_MAX)
        err = refuse(url, "the proxy's user name and password have at most 255 bytes each");
    return err;
}

static int read_user(const fct_authority *url, fct_slice text, struct fct_proxy_config *proxy)
{
    fct_buf name = {0};
    int err = read_field(url, text, &name);

    if (!err && !name.len)
        err = refuse(url, "the proxy's user name is missing before the ':' or '@'");
    else if (!err && proxy->kind == FCT_PROXY_HTTP && memchr(name.ptr, ':', name.len))
        err = refuse(url, "a user name with a ':' cannot be told to an HTTP proxy (RFC 7617)");
    else if (!err && !(proxy->username = fct_buf_take(&name, NULL)))
        err = fct_error_nomem(url->error);
    fct_buf_wipe(&name);
    return err;
}

static int read_password(const fct_authority *url, fct_slice text, struct fct_proxy_config *proxy)
{
    fct_buf password = {0};
    int err = read_field(url, text, &password);

    if (!err) {
        proxy->password = fct_secret_new(password.ptr, password.len);
        err = proxy->password ? 0 : fct_error_nomem(url->error);
    }
    fct_buf_wipe(&password);
    return err;
}

static int read_userinfo(const fct_authority *url, fct_slice text, struct fct_proxy_config *proxy)
{
    const char *colon = memchr(text.ptr, ':', text.len);
    fct_slice user = {text.ptr, colon ? (size_t)(colon - text.ptr) : text.len};
    int err = read_user(url, user, proxy);

    if (err || !colon)
        return err;
    return read_password(url, (fct_slice){colon + 1, text.len - user.len - 1}, proxy);
}

static int make_name(const fct_authority *url, struct fct_proxy_config *proxy)
{
    const char *scheme = proxy->kind == FCT_PROXY_HTTP ? "http" : "socks5";
    fct_buf name = {0};

    fct_buf_addf(&name, strchr(proxy->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", scheme,
                 proxy->host, (unsigned)proxy->port);
    proxy->name = fct_buf_take(&name, NULL);
    return proxy->name ? 0 : fct_error_nomem(url->error);
}

int fct_proxy_url_read(fct_slice text, struct fct_proxy_config *proxy, facteur_error **error)
{
    fct_authority url = {
        .name = "the proxy", .where = "proxy", .text = text.ptr, .part = text, .error = error};
    fct_slice rest = {"", 0};
    const char *at;
    char *host = NULL;
    int err = fct_authority_check(&url);

    if (!err)
        err = read_scheme(&url, &rest, proxy);
    if (err)
        return err;
    at = fct_authority_last_at(rest);
    if (at) {
        err = read_userinfo(&url, (fct_slice){rest.ptr, (size_t)(at - rest.ptr)}, proxy);
        rest.len -= (size_t)(at + 1 - rest.ptr);
        rest.ptr = at + 1;
    }
    if (!err)
        err = fct_authority_place(&url, rest, &host, &proxy->port);
    proxy->host = host;
    if (!err && proxy->port == 0)
        err = refuse(&url, "an HTTP proxy needs its port, such as http://host:3128");
    return err ? err : make_name(&url, proxy);
}
