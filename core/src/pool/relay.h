/* SPDX-License-Identifier: MIT */
/*
 * One SMTP server with one account and one TLS plan.  Mails with the same relay may share
 * connections.
 */
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
        session;               /* the relay owns its strings; nonce is filled for each connection */
    struct fct_tls_config tls; /* the relay owns its strings */
    uint64_t connect_us;       /* option connect_timeout: resolve + connect + TLS handshake */
    unsigned pool_size;
    unsigned host_slots; /* connections of all processes of this user, 0: no limit */
    unsigned warm;       /* idle connections kept ready after a mail was sent */
    unsigned max_mails;  /* per connection, 0: no limit */
    uint64_t max_age_us; /* per connection, 0: no limit */
    uint64_t idle_us;    /* close a connection idle for longer */
    uint64_t fresh_us;   /* hold back the terminator on a connection that was idle for longer */
    unsigned generation; /* of the credential: a connection that logged in with another one takes no
                            mail */
    /*
     * The counters of its pool, cleared for each new pool.  They are outside the pool, so that they
     * can be read without asking who runs the loop.  The relay owns them.  NULL: nobody reads them.
     */
    struct fct_pool_stats *stats;
} fct_relay;

/*
 * A name for server, port and account that does not reveal them (a digest).  False when memory ran
 * out.
 */
bool fct_relay_identity(const fct_relay *relay, char text[FCT_DIGEST_TEXT]);

/* Free everything that the fields point to. */
void fct_relay_done(fct_relay *relay);

#endif
