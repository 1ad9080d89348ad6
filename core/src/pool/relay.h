/* SPDX-License-Identifier: MIT */
/*
 * One SMTP server with one account and one TLS plan.  Mails with the same relay may share
 * connections.
 */
#ifndef FCT_RELAY_H
#define FCT_RELAY_H

#include "base/digest.h"
#include "net/dial.h"
#include "net/tls.h"
#include "pool/stats.h"
#include "smtp/session.h"

#include <stdint.h>

typedef struct fct_relay {
    char *name; /* "smtps://smtp.example.com:465", no secrets: receipts and logs */
    char *host; /* A-label name or address literal without brackets; NULL with unix_path */
    uint16_t port;
    char *unix_path; /* "@name" is an abstract socket */
    /*
     * The ports to try beside each other; the first one is `port`.  A count of 0 means `port`
     * alone.  With a count, the number of a port decides how it is secured: fct_relay_tls().
     */
    uint16_t ports[FCT_PORTS_MAX];
    unsigned port_count;
    struct fct_proxy_config proxy; /* the relay owns its strings */
    char *local_address;           /* or NULL */
    enum fct_family family;
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

/* Whether TLS starts with the connection on this port: 465 (RFC 8314), or 2465 of some providers.
 */
bool fct_port_is_implicit(uint16_t port);

/* How a connection to one of the relay's ports is secured. */
enum fct_tls_plan fct_relay_tls(const fct_relay *relay, uint16_t port);

/* Fill the target of a dial.  `first` is the port to begin with if the relay has it. */
void fct_relay_target(const fct_relay *relay, uint16_t first, struct fct_dial_target *target);

/* Free everything that the fields point to. */
void fct_relay_done(fct_relay *relay);

#endif
