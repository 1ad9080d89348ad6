/* SPDX-License-Identifier: MIT */
/* "mysql://user:password@host:port/database?parameter=value": what it says.  No connection. */
#ifndef FCT_MYSQL_URL_H
#define FCT_MYSQL_URL_H

#include "base/bytes.h"
#include "facteur.h"

/* X(name, parameter): paths and words that go to the library as they are. */
#define FCT_MYSQL_TEXTS(X)                                                                         \
    X(socket, "socket")                                                                            \
    X(ssl_ca, "ssl-ca")                                                                            \
    X(ssl_capath, "ssl-capath")                                                                    \
    X(ssl_cert, "ssl-cert")                                                                        \
    X(ssl_key, "ssl-key")                                                                          \
    X(ssl_cipher, "ssl-cipher")                                                                    \
    X(tls_version, "tls-version")

enum fct_mysql_tls { FCT_MYSQL_TLS_OFF, FCT_MYSQL_TLS_ON, FCT_MYSQL_TLS_VERIFIED };

struct fct_mysql_url {
    char *user, *password, *host, *database; /* NULL: not said */
    unsigned port;                           /* 0: not said */
#define FCT_MYSQL_MEMBER(name, parameter) char *name;
    FCT_MYSQL_TEXTS(FCT_MYSQL_MEMBER)
#undef FCT_MYSQL_MEMBER
    enum fct_mysql_tls tls;
};

/*
 * Read a URL behind "mysql:".  FACTEUR_ECONFIG: it is wrong; the error repeats nothing of it.
 * FACTEUR_ENOMEM.  Give `url` to fct_mysql_url_done() in any case.
 */
int fct_mysql_url_read(const char *place, struct fct_mysql_url *url, facteur_error **error);
void fct_mysql_url_done(struct fct_mysql_url *url); /* wipes */

#endif
