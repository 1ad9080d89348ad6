/* SPDX-License-Identifier: MIT */
/* A mailer before the relay of threads, and mails given to it; for the tests of mailer/. */
#ifndef TEST_MAILER_FIXTURE_H
#define TEST_MAILER_FIXTURE_H

#include <sched.h>

#include "facteur.h"
#include "threaded_relay.h"

#ifndef MAILS_EACH
#define MAILS_EACH 5 /* that a worker sends */
#endif
#define MANY 40

static inline facteur_mailer *open_relay(const char *query)
{
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    char dsn[256];

    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u%s", relay.port, query);
    if (facteur_mailer_new(dsn, NULL, NULL, 0, &mailer, &error))
        fail_msg("%s", facteur_error_message(error));
    return mailer;
}

static inline facteur_message *make_message(void)
{
    facteur_message *message = facteur_message_new();

    if (!message || facteur_message_set(message, "from", "shop@example.com", FACTEUR_NTS, NULL) ||
        facteur_message_set(message, "to", "ana@x.example", FACTEUR_NTS, NULL) ||
        facteur_message_set(message, "text", "Thank you.\n", FACTEUR_NTS, NULL))
        abort();
    return message;
}

static inline facteur_delivery *submit(facteur_mailer *mailer, unsigned how)
{
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_error *error = NULL;

    if (facteur_submit(mailer, message, 30, how, &delivery, &error))
        fail_msg("%s", facteur_error_message(error));
    facteur_message_free(message);
    return delivery;
}

/* The status of a delivery, which is freed; -1 while it has none. */
static inline int settle(facteur_delivery *delivery, double timeout)
{
    facteur_receipt *receipt = NULL;
    int status = -1;

    if (facteur_delivery_wait(delivery, timeout, &receipt, NULL) == 1)
        status = (int)facteur_receipt_status(receipt);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    return status;
}

static inline void await_the_end(unsigned connections)
{
    while (atomic_load(&relay.ended) < connections)
        sched_yield();
}

static inline bool send_one(facteur_mailer *mailer)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    bool sent = facteur_send(mailer, message, 30, &receipt, NULL) == 0 &&
                facteur_receipt_status(receipt) == FACTEUR_SENT;

    facteur_receipt_free(receipt);
    facteur_message_free(message);
    return sent;
}

struct worker {
    pthread_t thread;
    facteur_mailer *mailer;
    unsigned sent;
};

static inline void *work(void *argument)
{
    struct worker *worker = argument;

    for (int i = 0; i < MAILS_EACH; i++)
        worker->sent += send_one(worker->mailer);
    return NULL;
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_start, relay_stop)

#endif
