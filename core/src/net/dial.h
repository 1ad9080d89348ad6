/* SPDX-License-Identifier: MIT */
/*
 * From a host's name to a connected socket: resolution and Happy Eyeballs (RFC 8305), or a unix
 * socket.  Addresses that were not tried yet are kept, for a relay that hangs up before its
 * greeting.
 */
#ifndef FCT_DIAL_H
#define FCT_DIAL_H

#include "facteur.h"
#include "net/loop.h"

typedef struct fct_dial fct_dial;

/* The result of a dial; its texts live during the call. */
struct fct_dialled {
    int fd; /* connected, non-blocking and yours; -1 when it failed */
    bool tcp;
    const char *peer; /* "192.0.2.1:465" */
    int error;        /* FACTEUR_E code, with phase and a sentence, when it failed */
    enum facteur_phase phase;
    const char *message;
    uint64_t resolve_us, connect_us; /* how long it took; resolve_us 0 for a unix socket */
};

typedef void fct_dial_done(void *user, const struct fct_dialled *dialled);

/*
 * Dial a host (or a unix socket, when unix_path is set).  `done` is called once, after this
 * function has returned; it may free the dial.
 * deadline_us   Of the loop's clock.
 * NULL when memory ran out.
 */
fct_dial *fct_dial_start(fct_loop *loop, const char *host, uint16_t port, const char *unix_path,
                         uint64_t deadline_us, fct_dial_done *done, void *user);

/* After a success: go on with the remaining addresses; `done` follows.  False if there is none. */
bool fct_dial_resume(fct_dial *dial);

/* What the dial waits for: FACTEUR_PHASE_resolve or FACTEUR_PHASE_connect. */
enum facteur_phase fct_dial_phase(const fct_dial *dial);

/* End the dial; `done` is not called any more.  NULL is fine. */
void fct_dial_free(fct_dial *dial);

#endif
