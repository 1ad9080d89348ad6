/* SPDX-License-Identifier: MIT */
/* Names to addresses: literals and "localhost" at once, /etc/hosts and the DNS through c-ares. */
#ifndef FCT_RESOLVE_H
#define FCT_RESOLVE_H

#include "net/endpoint.h"
#include "net/loop.h"

typedef struct fct_resolve fct_resolve;

/*
 * Part of an answer: the addresses of one family, best first (RFC 6724), count 0 when there are
 * none.  `left` tells how many calls follow.  `failure` is NULL, or why the family could not be
 * asked about ("no such host", …); static.  The resolver may be freed from within.
 */
typedef void fct_resolve_found(void *user, const fct_endpoint *addresses, size_t count,
                               const char *failure, unsigned left);

/*
 * Ask for the AAAA and A records of a name; `found` is called for each, never before the return.
 * NULL when memory ran out.
 */
fct_resolve *fct_resolve_start(fct_loop *loop, const char *host, uint16_t port,
                               fct_resolve_found *found, void *user);

/* Ends the asking; `found` is not called any more.  NULL is fine. */
void fct_resolve_free(fct_resolve *resolve);

#endif
