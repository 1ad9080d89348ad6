/* SPDX-License-Identifier: MIT */
/* Whether a port speaks TLS from the start: a connection of its own begins a handshake there. */
#ifndef FCT_TLS_PROBE_H
#define FCT_TLS_PROBE_H

#include "net/dial.h"

typedef struct fct_tls_probe fct_tls_probe;

/* `spoken` is true if the handshake was completed, whoever the server is.  It may free the probe.
 */
typedef void fct_tls_probe_done(void *user, bool spoken);

/*
 * Start.  `done` is called once, after this function has returned.  Nothing but the handshake is
 * sent.  What the target points to must outlive the probe.  NULL when memory ran out.
 * deadline_us   Of the loop's clock.
 */
fct_tls_probe *fct_tls_probe_start(fct_loop *loop, const struct fct_dial_target *target,
                                   uint64_t deadline_us, fct_tls_probe_done *done, void *user);

/* Close its connection without a byte; `done` is not called any more.  NULL is fine. */
void fct_tls_probe_free(fct_tls_probe *probe);

#endif
