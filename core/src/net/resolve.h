/* SPDX-License-Identifier: MIT */
/* Names to addresses: literals and "localhost" without asking, others with c-ares (/etc/hosts,
 * DNS). */
#ifndef FCT_RESOLVE_H
#define FCT_RESOLVE_H

#include "net/endpoint.h"
#include "net/loop.h"

typedef struct fct_resolve fct_resolve;

/*
 * Part of an answer: the addresses of one family, best first (RFC 6724), count 0 when there are
 * none.  `left` is the number of calls that follow.  `failure` is NULL, or why there is no
 * answer for the family ("no such host", …); static.  The call may free the resolver.
 */
typedef void fct_resolve_found(void *user, const fct_endpoint *addresses, size_t count,
                               const char *failure, unsigned left);

/*
 * Ask for the AAAA and A records of a name, or only for those of one family; `found` is called for
 * each, after this function has returned.
 * NULL when memory ran out.
 */
fct_resolve *fct_resolve_start(fct_loop *loop, const char *host, uint16_t port,
                               enum fct_family family, fct_resolve_found *found, void *user);

/* Whether it asks, or is told by the name itself. */
bool fct_resolve_asks(const fct_resolve *resolve);

/* Stop asking; `found` is not called any more.  NULL is fine. */
void fct_resolve_free(fct_resolve *resolve);

#endif
