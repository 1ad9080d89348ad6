/* SPDX-License-Identifier: MIT */
/* One SMTP server with one account and one TLS plan: everything that decides which connection may
 * be shared. */
#ifndef FCT_RELAY_H
#define FCT_RELAY_H

#include "base/digest.h"
#include "net/tls.h"
#include "pool/stats.h"
#include "smtp/session.h"

#include <stdint.h>

typedef struct fct_relay {
    char *name; /* "smtps://smtp.example.com:465", no secrets: receipts and logs */
    char *host; /* A-label name or address literal without brackets; NULL with unix_path */
    uint16_t port;
    char *unix_path; /* "@name" is an abstract socket */
    struct fct_session_config
        session;               /* its strings are the relay's; nonce is filled per connection */
    struct fct_tls_config tls; /* its strings are the relay's */
    uint64_t connect_us;       /* option connect_timeout: resolve + connect + TLS handshake */
    unsigned pool_size;
    unsigned host_slots; /* connections of all processes of this user, 0: no limit */
    unsigned warm;       /* idle connections kept ready once a mail was sent */
    unsigned max_mails;  /* per connection, 0: no limit */
    uint64_t max_age_us; /* per connection, 0: no limit */
    uint64_t idle_us;    /* close a connection idle for longer */
    uint64_t fresh_us;   /* hold back the terminator on one idle for longer */
    unsigned generation; /* of the credential: who logged in with another one takes no mail */
    /*
     * Where its pool counts, cleared with each new pool: outside of the pool, so that it may be
     * read without asking who runs the loop.  The relay's own; NULL: nobody reads.
     */
    struct fct_pool_stats *stats;
} fct_relay;

/* Server, port and account, as a name that does not tell them; false when memory ran out. */
bool fct_relay_identity(const fct_relay *relay, char text[FCT_DIGEST_TEXT]);

/* Frees what the fields point to. */
void fct_relay_done(fct_relay *relay);

#endif
