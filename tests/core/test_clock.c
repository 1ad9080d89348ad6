/* SPDX-License-Identifier: MIT */
/*
 * Row 110 of docs/faults.md: the wall clock jumps an hour forth and back while mails are on their
 * way.  This program is the clock of the core, of libuv and of OpenSSL: its functions come before
 * the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "facteur.h"
#include "support/mailer_fixture.h"
#include "support/threaded_relay.h"

#define HOUR 3600

static _Atomic(long) ahead; /* seconds that the wall clock is off */

int clock_gettime(clockid_t id, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, id, now);

    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead;
    return (int)result;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

static double now_s(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const long jumps[] = {HOUR, -HOUR};

/* With the clock where it belongs. */
static facteur_mailer *open_now(const char *query)
{
    ahead = 0;
    return open_relay(query);
}

static facteur_delivery *submit(facteur_mailer *mailer, double deadline)
{
    facteur_message *message = facteur_message_new();
    facteur_delivery *delivery = NULL;
    facteur_error *error = NULL;

    facteur_message_set(message, "from", "a@x.example", FACTEUR_NTS, NULL);
    facteur_message_set(message, "to", "b@x.example", FACTEUR_NTS, NULL);
    facteur_message_set(message, "text", "hello\n", FACTEUR_NTS, NULL);
    if (facteur_submit(mailer, message, deadline, 0, &delivery, &error))
        fail_msg("%s", facteur_error_message(error));
    facteur_message_free(message);
    return delivery;
}

/* Wait to the end; the status. */
static int settle(facteur_delivery *delivery)
{
    facteur_receipt *receipt = NULL;
    int status;

    assert_int_equal(facteur_delivery_wait(delivery, -1, &receipt, NULL), 1);
    status = (int)facteur_receipt_status(receipt);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    return status;
}

static void deadlines_are_kept(void **state)
{
    for (int i = 0; i < 2; i++) {
        facteur_mailer *mailer = open_now("");
        facteur_delivery *delivery;
        facteur_receipt *receipt = NULL;
        double begun = now_s();

        relay.silent = true;
        relay.finals_seen = 0;
        delivery = submit(mailer, 2);
        while (atomic_load(&relay.finals_seen) == 0)
            assert_int_equal(facteur_delivery_wait(delivery, 0.01, &receipt, NULL), 0);
        ahead = jumps[i];
        assert_int_equal(facteur_delivery_wait(delivery, 0.05, &receipt, NULL), 0);
        assert_int_equal(settle(delivery), FACTEUR_IN_DOUBT);
        /* Were it the wall clock's hour, the program would be ended before. */
        assert_true(now_s() - begun >= 2);
        facteur_mailer_free(mailer);
    }
}

/* A verdict that comes after the jump is heard, and the connection is kept for the next mail. */
static void verdicts_and_connections_are_kept(void **state)
{
    facteur_mailer *mailer = open_now("?idle_timeout=600&max_age=600");
    facteur_delivery *delivery;
    facteur_receipt *receipt = NULL;

    relay.silent = true;
    delivery = submit(mailer, 60);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(delivery, 0.01, &receipt, NULL), 0);
    ahead = HOUR;
    relay_answer_late();
    assert_int_equal(settle(delivery), FACTEUR_SENT);
    assert_int_equal(settle(submit(mailer, 60)), FACTEUR_SENT);
    ahead = -HOUR;
    assert_int_equal(settle(submit(mailer, 60)), FACTEUR_SENT);
    assert_int_equal(atomic_load(&relay.connections), 1);
    facteur_mailer_free(mailer);
}

/* An open breaker is neither closed nor kept by it: its pause is a real one. */
static void a_breaker_pauses_as_long(void **state)
{
    for (int i = 0; i < 2; i++) {
        /* Port 1 of the loopback: nobody listens there. */
        facteur_mailer *mailer;
        double begun;

        ahead = 0;
        mailer = open_mailer("smtp://127.0.0.1:1?breaker_failures=1&breaker_pause=0.4");
        assert_int_equal(settle(submit(mailer, 60)), FACTEUR_TEMPORARY);
        begun = now_s();
        ahead = jumps[i];
        for (unsigned probed = 0; !probed;) {
            char *stats = NULL;

            assert_int_equal(settle(submit(mailer, 60)), FACTEUR_TEMPORARY);
            assert_int_equal(facteur_stats(mailer, &stats, NULL), 0);
            probed = strstr(stats, "\"connect\":2") || strstr(stats, "\"connect\": 2");
            facteur_free(stats);
        }
        assert_true(now_s() - begun >= 0.4);
        facteur_mailer_free(mailer);
    }
}

/* A pace of five mails a second is one before the jump and behind it. */
static void a_pace_is_kept(void **state)
{
    facteur_mailer *mailer = open_now("?max_rate=5");
    double begun = now_s();

    for (int i = 0; i < 8; i++) {
        ahead = i % 2 ? -HOUR : HOUR;
        assert_int_equal(settle(submit(mailer, 60)), FACTEUR_SENT);
    }
    assert_true(now_s() - begun >= 0.2);
    facteur_mailer_free(mailer);
}

static int give_token(void *user, const char *name, const char *username, facteur_token *token)
{
    ++*(unsigned *)user;
    return facteur_token_give(token, "token", FACTEUR_NTS, 900);
}

/* Each mail looks whether the token is still good: for a quarter of an hour, of any wall clock. */
static void a_token_lives_as_long(void **state)
{
    facteur_mailer *mailer = open_now("?username=ana&token_callback=1&auth=XOAUTH2");
    unsigned given = 0;

    assert_int_equal(facteur_mailer_set_token_source(mailer, give_token, &given, NULL), 0);
    for (int i = 0; i < 4; i++) {
        ahead = i % 2 ? -HOUR : HOUR;
        assert_int_equal(settle(submit(mailer, 60)), FACTEUR_SENT);
    }
    assert_int_equal(given, 1);
    facteur_mailer_free(mailer);
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_start, relay_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(deadlines_are_kept),       WITH_RELAY(verdicts_and_connections_are_kept),
        WITH_RELAY(a_breaker_pauses_as_long), WITH_RELAY(a_pace_is_kept),
        WITH_RELAY(a_token_lives_as_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
