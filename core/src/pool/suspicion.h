/* SPDX-License-Identifier: MIT */
/*
 * smtp:// to a port such as 465: the relay waits for the client's TLS, the client for the relay's
 * greeting.  A handshake on a connection of its own tells whether it is so.
 */
#ifndef FCT_SUSPICION_H
#define FCT_SUSPICION_H

#include "net/timer.h"
#include "net/tls_probe.h"
#include "pool/relay.h"

struct fct_suspicion {
    fct_loop *loop;
    const fct_relay *relay;
    uint16_t port;
    fct_timer timer;      /* the port has been silent for long enough */
    fct_tls_probe *probe; /* or NULL */
    void (*confirmed)(void *user, const char *message); /* it speaks TLS from the start */
    void *user;
};

void fct_suspicion_init(struct fct_suspicion *suspicion, fct_loop *loop, const fct_relay *relay,
                        void (*confirmed)(void *user, const char *message), void *user);

/* Start to wait for a greeting on `port`, in clear.  Only ports that usually begin with TLS are
 * suspected: a handshake on another port would break the protocol there. */
void fct_suspicion_watch(struct fct_suspicion *suspicion, uint16_t port);

/* The relay said something, or the connection has ended. */
void fct_suspicion_drop(struct fct_suspicion *suspicion);

#endif
