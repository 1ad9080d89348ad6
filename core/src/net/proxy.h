/* SPDX-License-Identifier: MIT */
/*
 * The client side of a proxy's handshake, without a socket: SOCKS5 (RFC 1928, RFC 1929) and HTTP
 * CONNECT (RFC 9110 section 9.3.6).  The proxy resolves the relay's name.
 */
#ifndef FCT_PROXY_H
#define FCT_PROXY_H

#include "base/bytes.h"
#include "base/secret.h"

#include <stdint.h>

#define FCT_PROXY_FIELD_MAX 255 /* bytes of a user name or a password (RFC 1929 section 2) */

enum fct_proxy_kind { FCT_PROXY_SOCKS5, FCT_PROXY_HTTP };

/* Where connections go through.  The strings belong to whoever made the configuration. */
struct fct_proxy_config {
    const char *name; /* "socks5://proxy.example:1080", no secrets */
    const char *host; /* name or address literal without brackets; NULL: no proxy */
    uint16_t port;
    enum fct_proxy_kind kind;
    const char *username; /* or NULL; it and the password have at most FCT_PROXY_FIELD_MAX bytes */
    fct_secret *password;
};

typedef struct fct_proxy fct_proxy;

/* Ask the proxy for host and port.  NULL when memory ran out. */
fct_proxy *fct_proxy_new(const struct fct_proxy_config *config, const char *host, uint16_t port);
void fct_proxy_free(fct_proxy *proxy); /* wipes what it said; NULL is fine */

/* What is to be written now; empty while the proxy's answer is awaited. */
fct_slice fct_proxy_output(const fct_proxy *proxy);
void fct_proxy_sent(fct_proxy *proxy, size_t len);

/*
 * Feed what the proxy said.  `*used` is how much of it was the proxy's: what follows is the
 * relay's.
 *
 * 1: the way is open.  0: more is to come.  Else it failed, and fct_proxy_message() says why:
 * FACTEUR_EAUTH      The proxy refused the login, or wants one.
 * FACTEUR_ECONFIG    It does not let this connection through, and will not later.
 * FACTEUR_ECONNECT   It could not connect now, or it is no proxy of this kind.
 * FACTEUR_ENOMEM
 */
int fct_proxy_feed(fct_proxy *proxy, const char *bytes, size_t len, size_t *used);

/* A clause about the proxy: "the connection was refused by …".  It lives as long as the proxy. */
const char *fct_proxy_message(const fct_proxy *proxy);

#endif
