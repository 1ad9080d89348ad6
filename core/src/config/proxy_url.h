/* SPDX-License-Identifier: MIT */
/* The option proxy: "socks5://user:password@host:port" and its kin. */
#ifndef FCT_PROXY_URL_H
#define FCT_PROXY_URL_H

#include "facteur.h"
#include "net/proxy.h"

/*
 * Read it into `proxy`, whose strings are fct_malloc'ed.  FACTEUR_ECONFIG, with "proxy" as `where`
 * and nothing of a password; FACTEUR_ENOMEM.  Some fields may be set after an error.
 */
int fct_proxy_url_read(fct_slice text, struct fct_proxy_config *proxy, facteur_error **error);

#endif
