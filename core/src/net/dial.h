/* SPDX-License-Identifier: MIT */
/*
 * From a host's name to a connected socket: resolution and Happy Eyeballs (RFC 8305), or a unix
 * socket, or the way through a proxy.  Addresses and ports that were not tried yet are kept, for a
 * relay that cannot be spoken to on the first one.
 */
#ifndef FCT_DIAL_H
#define FCT_DIAL_H

#include "facteur.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/proxy.h"

#define FCT_PORTS_MAX 8

typedef struct fct_dial fct_dial;

/* Where to.  What it points to must outlive the dial. */
struct fct_dial_target {
    const char *host;
    const char *unix_path; /* in place of the host, or NULL */
    /* Each is tried; the first one, and the first address, are the first attempt. */
    uint16_t ports[FCT_PORTS_MAX];
    unsigned port_count;
    const struct fct_proxy_config *proxy; /* or NULL */
    const char *local_address;            /* an address of this machine to go out by, or NULL */
    enum fct_family family;
};

/* The result of a dial; its texts live during the call. */
struct fct_dialled {
    int fd; /* connected, non-blocking and yours; -1 when it failed */
    bool tcp;
    uint16_t port;    /* which one of the target's */
    const char *peer; /* "192.0.2.1:465", the proxy's where there is one */
    int error;        /* FACTEUR_E code, with phase and a sentence, when it failed */
    enum facteur_phase phase;
    const char *message;
    const char *where; /* with FACTEUR_ECONFIG the option at fault, static; else NULL */
    uint64_t resolve_us, connect_us; /* how long it took; resolve_us 0 for a unix socket */
};

typedef void fct_dial_done(void *user, const struct fct_dialled *dialled);

/*
 * Dial.  `done` is called once, after this function has returned; it may free the dial.
 * deadline_us   Of the loop's clock.
 * NULL when memory ran out.
 */
fct_dial *fct_dial_start(fct_loop *loop, const struct fct_dial_target *target, uint64_t deadline_us,
                         fct_dial_done *done, void *user);

/* After a success: why that port could not be used after all. */
void fct_dial_blame(fct_dial *dial, uint16_t port, const char *text);

/* After a success: go on with what was not tried; `done` follows.  False if there is nothing. */
bool fct_dial_resume(fct_dial *dial);

/* Whether some port was not tried yet. */
bool fct_dial_has_port_left(const fct_dial *dial);

/*
 * With several ports: "port 465: no answer from 192.0.2.1:465; port 587: …".  Without a word when
 * there is one port, or nothing was tried.
 */
#define FCT_DIAL_TEXT 1024
void fct_dial_story(const fct_dial *dial, char text[FCT_DIAL_TEXT]);

/* What the dial waits for: FACTEUR_PHASE_resolve or FACTEUR_PHASE_connect. */
enum facteur_phase fct_dial_phase(const fct_dial *dial);

/* End the dial; `done` is not called any more.  NULL is fine. */
void fct_dial_free(fct_dial *dial);

#endif
