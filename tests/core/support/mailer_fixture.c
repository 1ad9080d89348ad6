/* SPDX-License-Identifier: MIT */
/* Failures end the test that asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "support/mailer_fixture.h"

facteur_mailer *open_mailer(const char *dsn)
{
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;

    if (facteur_mailer_new(dsn, NULL, NULL, 0, &mailer, &error))
        fail_msg("%s: %s", dsn, facteur_error_message(error));
    return mailer;
}

facteur_mailer *open_relay(const char *query)
{
    char dsn[256];

    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u%s", relay.port, query);
    return open_mailer(dsn);
}

facteur_message *make_message(void)
{
    facteur_message *message = facteur_message_new();

    if (!message || facteur_message_set(message, "from", "shop@example.com", FACTEUR_NTS, NULL) ||
        facteur_message_set(message, "to", "ana@x.example", FACTEUR_NTS, NULL) ||
        facteur_message_set(message, "text", "Thank you.\n", FACTEUR_NTS, NULL))
        abort();
    return message;
}

facteur_delivery *mailer_submit(facteur_mailer *mailer, unsigned how)
{
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_error *error = NULL;

    if (facteur_submit(mailer, message, 30, how, &delivery, &error))
        fail_msg("%s", facteur_error_message(error));
    facteur_message_free(message);
    return delivery;
}

facteur_host *open_host(facteur_mailer *mailer)
{
    facteur_host *host = NULL;

    if (facteur_host_new(mailer, &host, NULL))
        fail_msg("no host");
    return host;
}

facteur_delivery *host_submit(facteur_host *host)
{
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_error *error = NULL;

    if (facteur_host_submit(host, message, 30, 0, &delivery, &error))
        fail_msg("%s", facteur_error_message(error));
    facteur_message_free(message);
    return delivery;
}

void host_turn(facteur_host *host)
{
    double timeout = facteur_host_timeout(host);
    struct pollfd fd = {.fd = facteur_host_fd(host), .events = POLLIN};

    poll(&fd, 1, timeout < 0 || timeout > 1 ? 1000 : (int)(timeout * 1000) + (timeout > 0));
    facteur_host_step(host);
}

int delivery_settle(facteur_delivery *delivery, double timeout)
{
    facteur_receipt *receipt = NULL;
    int status = -1;

    if (facteur_delivery_wait(delivery, timeout, &receipt, NULL) == 1)
        status = (int)facteur_receipt_status(receipt);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    return status;
}

void await_the_end(unsigned connections)
{
    while (atomic_load(&relay.ended) < connections)
        sched_yield();
}

bool mailer_send(facteur_mailer *mailer)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    bool sent = facteur_send(mailer, message, 30, &receipt, NULL) == 0 &&
                facteur_receipt_status(receipt) == FACTEUR_SENT;

    facteur_receipt_free(receipt);
    facteur_message_free(message);
    return sent;
}

void *worker_run(void *argument)
{
    struct worker *worker = argument;
    unsigned mails = worker->mails ? worker->mails : MAILS_EACH;

    for (unsigned i = 0; i < mails; i++)
        worker->sent += mailer_send(worker->mailer);
    return NULL;
}
