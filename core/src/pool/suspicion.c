/* SPDX-License-Identifier: MIT */
#include "pool/suspicion.h"

#include <stdio.h>

/* How long such a port may be silent. */
#define SILENCE_US 1000000

static void on_probed(void *user, bool spoken)
{
    struct fct_suspicion *suspicion = user;
    char message[128];

    fct_suspicion_drop(suspicion);
    if (!spoken)
        return;
    snprintf(message, sizeof message,
             "TLS mode mismatch: port %u speaks TLS from the start, use smtps:// (tls=implicit)",
             (unsigned)suspicion->port);
    suspicion->confirmed(suspicion->user, message);
}

static void on_silence(fct_timer *timer)
{
    struct fct_suspicion *suspicion = FCT_ENTRY(timer, struct fct_suspicion, timer);
    uint64_t deadline_us = fct_loop_now_us(suspicion->loop) + suspicion->relay->connect_us;
    struct fct_dial_target target;

    fct_relay_target(suspicion->relay, suspicion->port, &target);
    suspicion->probe =
        fct_tls_probe_start(suspicion->loop, &target, deadline_us, on_probed, suspicion);
}

void fct_suspicion_init(struct fct_suspicion *suspicion, fct_loop *loop, const fct_relay *relay,
                        void (*confirmed)(void *user, const char *message), void *user)
{
    *suspicion =
        (struct fct_suspicion){.loop = loop, .relay = relay, .confirmed = confirmed, .user = user};
    fct_timer_init(&suspicion->timer, on_silence);
}

void fct_suspicion_watch(struct fct_suspicion *suspicion, uint16_t port)
{
    suspicion->port = port;
    if (fct_port_is_implicit(port))
        fct_timer_set(suspicion->loop, &suspicion->timer,
                      fct_loop_now_us(suspicion->loop) + SILENCE_US);
}

void fct_suspicion_drop(struct fct_suspicion *suspicion)
{
    fct_timer_clear(&suspicion->timer);
    fct_tls_probe_free(suspicion->probe);
    suspicion->probe = NULL;
}
