/* SPDX-License-Identifier: MIT */
/* mailer/: tokens from a callback: renewed within the send, asked for once by many threads, and
 * whatever runs out of memory on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "support/mailer_fixture.h"

#define THREADS 16

static atomic_uint asked;
static atomic_bool slow;

static int give(void *user, const char *host, const char *username, facteur_token *token)
{
    atomic_fetch_add(&asked, 1);
    assert_string_equal(username, "ana");
    if (atomic_load(&slow))
        usleep(50000);
    return facteur_token_give(token, user, FACTEUR_NTS, 3600);
}

/* A mailer that logs in for every mail, on one connection at a time. */
static facteur_mailer *open_asking(void)
{
    static char token[] = "t0k3n";
    facteur_mailer *mailer =
        open_relay("?tls=none&username=ana&token_callback=1&max_mails=1&pool_size=1");
    facteur_error *error = NULL;

    if (facteur_mailer_set_token_source(mailer, give, token, &error))
        fail_msg("%s", facteur_error_message(error));
    atomic_store(&asked, 0);
    return mailer;
}

/* The status, or the error of a mail that was not tried; the next allocations may fail. */
static int send_failing(facteur_mailer *mailer, unsigned long nth)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    int result;

    fct_memory_fail_at(nth);
    result = facteur_send(mailer, message, 30, &receipt, NULL);
    if (!result)
        result = (int)facteur_receipt_status(receipt);
    facteur_receipt_free(receipt);
    facteur_message_free(message);
    return result;
}

static void a_refused_token_is_renewed_whatever_memory_lacks(void **state)
{
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        facteur_mailer *mailer = open_asking();
        unsigned before;
        int result;

        assert_int_equal(send_failing(mailer, 0), FACTEUR_SENT);
        before = atomic_load(&relay.mails);
        atomic_store(&relay.refusals, 1);
        result = send_failing(mailer, nth);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        /* The relay's count says the same, unless the verdict was not heard. */
        if (!failed || result == FACTEUR_SENT)
            assert_int_equal(result, FACTEUR_SENT);
        else
            assert_true(result == FACTEUR_ENOMEM || result == FACTEUR_TEMPORARY ||
                        result == FACTEUR_IN_DOUBT);
        if (result != FACTEUR_IN_DOUBT)
            assert_int_equal(atomic_load(&relay.mails), before + (result == FACTEUR_SENT));
        if (!failed)
            assert_int_equal(atomic_load(&asked), 2);
        atomic_store(&relay.refusals, 0);
        assert_int_equal(send_failing(mailer, 0), FACTEUR_SENT);
        assert_true(atomic_load(&asked) <= 3);
        facteur_mailer_free(mailer);
    }
}

/* A relay that accepts no token at all is not asked for ever. */
static void a_token_is_renewed_once_for_a_mail(void **state)
{
    facteur_mailer *mailer = open_asking();

    assert_int_equal(send_failing(mailer, 0), FACTEUR_SENT);
    atomic_store(&relay.refusals, 1000);
    assert_int_equal(send_failing(mailer, 0), FACTEUR_TEMPORARY);
    assert_int_equal(atomic_load(&asked), 2);
    assert_int_equal(atomic_load(&relay.refusals), 998);
    atomic_store(&relay.refusals, 0);
    assert_int_equal(send_failing(mailer, 0), FACTEUR_SENT);
    assert_int_equal(atomic_load(&asked), 3);
    facteur_mailer_free(mailer);
}

/* ---- A host's event loop --------------------------------------------------------------------- */

static void step_until_done(facteur_host *host, facteur_delivery *delivery)
{
    facteur_delivery *done = NULL;

    if (facteur_delivery_ended(delivery))
        return;
    while (!done) {
        host_turn(host);
        done = facteur_host_done(host);
    }
    assert_ptr_equal(done, delivery);
}

/* The status of a delivery that has ended, or the error; it is freed. */
static int outcome(facteur_delivery *delivery)
{
    facteur_receipt *receipt = NULL;
    int result = facteur_delivery_wait(delivery, 0, &receipt, NULL);

    if (result == 1)
        result = (int)facteur_receipt_status(receipt);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    return result;
}

static void a_host_asks_whatever_memory_lacks(void **state)
{
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        facteur_mailer *mailer = open_asking();
        facteur_host *host = open_host(mailer);
        facteur_delivery *delivery = host_submit(host);
        int result;

        assert_int_equal(facteur_delivery_needs_token(delivery), 1);
        facteur_delivery_ask(delivery);
        facteur_delivery_resume(delivery);
        step_until_done(host, delivery);
        assert_int_equal(facteur_delivery_needs_token(delivery), 0);
        assert_int_equal(outcome(delivery), FACTEUR_SENT);
        atomic_store(&relay.refusals, 1);
        delivery = host_submit(host);
        assert_int_equal(facteur_delivery_needs_token(delivery), 0);
        step_until_done(host, delivery);
        assert_int_equal(facteur_delivery_needs_token(delivery), 1);
        fct_memory_fail_at(nth);
        facteur_delivery_ask(delivery);
        facteur_delivery_resume(delivery);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        step_until_done(host, delivery);
        assert_int_equal(facteur_delivery_needs_token(delivery), 0);
        result = outcome(delivery);
        assert_true(result == FACTEUR_SENT ||
                    (failed && (result == FACTEUR_TEMPORARY || result == FACTEUR_ENOMEM)));
        facteur_host_free(host);
        facteur_mailer_free(mailer);
    }
}

static void what_waits_for_a_token_ends_with_the_mailer(void **state)
{
    facteur_mailer *mailer = open_asking();
    facteur_host *host = open_host(mailer);
    facteur_delivery *held = host_submit(host), *resumed = host_submit(host),
                     *cancelled = host_submit(host);

    facteur_delivery_cancel(cancelled);
    assert_int_equal(facteur_delivery_ended(cancelled), 1);
    assert_int_equal(outcome(cancelled), FACTEUR_TEMPORARY);
    facteur_mailer_close(mailer, 1);
    assert_int_equal(facteur_delivery_needs_token(held), 0);
    facteur_delivery_ask(resumed);
    facteur_delivery_resume(resumed);
    assert_int_equal(outcome(held), FACTEUR_ECLOSED);
    assert_int_equal(outcome(resumed), FACTEUR_ECLOSED);
    assert_int_equal(atomic_load(&asked), 0);
    assert_int_equal(atomic_load(&relay.connections), 0);
    facteur_host_free(host);
    facteur_mailer_free(mailer);
}

/* ---- Threads --------------------------------------------------------------------------------- */

static void *send_in_thread(void *mailer)
{
    return send_failing(mailer, 0) == FACTEUR_SENT ? NULL : mailer;
}

static void send_in_threads(facteur_mailer *mailer)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_in_thread, mailer), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = mailer;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void many_threads_ask_once(void **state)
{
    facteur_mailer *mailer = open_asking();

    atomic_store(&slow, true);
    send_in_threads(mailer);
    assert_int_equal(atomic_load(&asked), 1);
    atomic_store(&relay.refusals, 1);
    send_in_threads(mailer);
    assert_int_equal(atomic_load(&asked), 2);
    atomic_store(&slow, false);
    facteur_mailer_free(mailer);
    assert_int_equal(atomic_load(&relay.mails), 2 * THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(a_refused_token_is_renewed_whatever_memory_lacks),
        WITH_RELAY(a_token_is_renewed_once_for_a_mail),
        WITH_RELAY(a_host_asks_whatever_memory_lacks),
        WITH_RELAY(what_waits_for_a_token_ends_with_the_mailer),
        WITH_RELAY(many_threads_ask_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
