/* SPDX-License-Identifier: MIT */
/* A mailer before the relay of threads, and mails given to it; for the tests of mailer/. */
#ifndef TEST_MAILER_FIXTURE_H
#define TEST_MAILER_FIXTURE_H

#include "facteur.h"
#include "support/threaded_relay.h"

#define MAILS_EACH 5 /* that a worker sends when it is not told otherwise */
#define MANY 40

/* A mailer for this DSN; the test fails when there is none. */
facteur_mailer *open_mailer(const char *dsn);

/* A mailer for the threaded relay; `query` is "" or begins with '?'. */
facteur_mailer *open_relay(const char *query);

facteur_message *make_message(void);

facteur_delivery *mailer_submit(facteur_mailer *mailer, unsigned how);

facteur_host *open_host(facteur_mailer *mailer);
facteur_delivery *host_submit(facteur_host *host);

/* Wait as an event loop would, at most a second, and step. */
void host_turn(facteur_host *host);

/* The status of a delivery, which is freed; -1 while it has none. */
int delivery_settle(facteur_delivery *delivery, double timeout);

/* Until the relay has seen so many connections end. */
void await_the_end(unsigned connections);

/* Whether one mail was sent. */
bool mailer_send(facteur_mailer *mailer);

struct worker {
    pthread_t thread;
    facteur_mailer *mailer;
    unsigned mails; /* 0: MAILS_EACH */
    unsigned sent;
};

/* Send the mails of a struct worker one after the other: the body of a thread. */
void *worker_run(void *argument);

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_start, relay_stop)

#endif
