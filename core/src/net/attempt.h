/* SPDX-License-Identifier: MIT */
/* One attempt of a dial: a socket on its way to one address and, with a proxy, through it. */
#ifndef FCT_ATTEMPT_H
#define FCT_ATTEMPT_H

#include "base/list.h"
#include "net/endpoint.h"
#include "net/loop_uv.h"
#include "net/proxy.h"

#define FCT_ATTEMPT_TEXT 512

typedef struct fct_attempt {
    uv_poll_t poll;
    fct_loop *loop;
    fct_list link; /* the dial's */
    int fd;
    bool tcp;
    unsigned port; /* which one of the dial's */
    fct_proxy *proxy;
    const struct fct_attempt_owner *owner;
    void *user;
    char peer[FCT_ENDPOINT_TEXT];
} fct_attempt;

/* What the dial is told, from within the loop.  Each call may close the attempt. */
struct fct_attempt_owner {
    void (*open)(void *user, fct_attempt *attempt);
    void (*reached)(void *user, fct_attempt *attempt); /* the proxy, which is asked now */
    /* A FACTEUR_E code; EAUTH: the proxy does not let us in.  `text` lives during the call. */
    void (*failed)(void *user, fct_attempt *attempt, int error, const char *text);
};

/* What an attempt is made of. */
struct fct_attempt_plan {
    const fct_endpoint *address;
    const fct_endpoint *local; /* where it goes out, or NULL */
    unsigned port;
    fct_proxy *proxy; /* taken over, or NULL */
    const struct fct_attempt_owner *owner;
    void *user;
};

/*
 * Start.  0: `*out` is under way, or connected if `*at_once`.  Else a FACTEUR_E code, with its
 * reason in `text`.
 */
int fct_attempt_start(fct_loop *loop, const struct fct_attempt_plan *plan, fct_attempt **out,
                      bool *at_once, char text[FCT_ATTEMPT_TEXT]);

/* Its descriptor, which is the caller's from now on; the attempt is to be closed. */
int fct_attempt_take(fct_attempt *attempt);

void fct_attempt_close(fct_attempt *attempt);

#endif
