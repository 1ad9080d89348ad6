/* SPDX-License-Identifier: MIT */
/* A small SMTP server of threads in the test's own process, for relay_start() and relay_stop() as
 * fixtures. */
#ifndef TEST_THREADED_RELAY_H
#define TEST_THREADED_RELAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define RELAY_CONNECTIONS_MAX 1024

extern struct threaded_relay {
    int listener;
    unsigned port;
    pthread_t acceptor;
    pthread_t threads[RELAY_CONNECTIONS_MAX];
    atomic_uint connections, mails, quits, finals_seen, ended;
    atomic_uint final_ms; /* that a verdict takes */
    atomic_bool silent;   /* no verdict is given */
    atomic_bool busy;     /* the verdicts tell to come back later */
    atomic_int owed;      /* + 1: the connection that the last verdict kept back is owed to */
    atomic_int refusals;  /* of the next logins */
} relay;

/* Give the verdict that was kept back, and all others from now on. */
void relay_answer_late(void);

int relay_start(void **state);
/* After the clients are gone. */
int relay_stop(void **state);

#endif
