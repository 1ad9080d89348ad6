/* SPDX-License-Identifier: MIT */
/*
 * Row 117 of docs/faults.md: the time of one of many mails begins when a connection takes it up.
 * This program is the clock of the core and of libuv: its function comes before the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "pool/connection.h"
#include "support/pool_fixture.h"

#define MAILS 12
#define SPAN_US 2000000u
#define MOST_OF_IT_S 1.6

static _Atomic(int64_t) ahead_ns;

int clock_gettime(clockid_t id, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, id, now);

    if (result == 0 && id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) {
        int64_t ns = now->tv_nsec + ahead_ns;

        now->tv_sec += ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return (int)result;
}

static void pass(double seconds)
{
    ahead_ns += (int64_t)(seconds * 1e9);
}

static void submit_one_of_many(fct_pool *pool, struct post *post)
{
    *post = (struct post){.job = {.mail = mail,
                                  .deadline_us = FCT_NEVER,
                                  .span_us = SPAN_US,
                                  .wait_us = SPAN_US,
                                  .done = on_done}};
    fct_pool_submit(pool, &post->job);
}

/* All of a flight is out, and the relay keeps its verdicts. */
static bool waits(void *user)
{
    fct_job *job = &((struct post *)user)->job;

    return job->connection && fct_session_handed_over(job->connection->session, job);
}

static void flight_open(struct server *server, fct_relay *relay, fct_pool **pool,
                        struct post posts[MAILS])
{
    *pool = stage_open(server, relay);
    relay->pool_size = 1;
    for (int i = 0; i < MAILS; i++)
        submit_one_of_many(*pool, &posts[i]);
    loop_until(waits, &posts[MAILS - 1]);
}

static void a_rest_of_the_caller_costs_no_mail_its_time(void **state)
{
    struct server server = {.features = "250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
                            .hold = true};
    struct post posts[MAILS];
    fct_relay relay;
    fct_pool *pool;

    flight_open(&server, &relay, &pool, posts);
    for (int i = 0; i < 5; i++) {
        pass(30);
        fct_loop_step(loop);
        for (int k = 0; k < MAILS; k++)
            assert_false(posts[k].finished);
    }
    server.hold = false;
    for (int i = 0; i < MAILS; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
        pass(30);
    }
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
}

static void time_that_is_waited_for_counts(void **state)
{
    struct server server = {.features = "250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
                            .hold = true};
    struct post posts[MAILS];
    fct_relay relay;
    fct_pool *pool;

    flight_open(&server, &relay, &pool, posts);
    fct_loop_attend(loop);
    pass(30);
    for (int i = 0; i < MAILS; i++) {
        run_until_set(loop, &posts[i].finished);
        assert_int_equal(posts[i].class, FCT_IN_DOUBT);
        fct_free(posts[i].job.transcript);
    }
    server.hold = false;
    stage_close(pool, &server);
}

static void on_done_slowly(fct_job *job, const fct_outcome *outcome)
{
    on_done(job, outcome);
    pass(MOST_OF_IT_S);
}

/* The relay needs most of a mail's time for each: together they are far beyond it. */
static void behind_a_slow_relay(struct server *server)
{
    struct post posts[MAILS];
    fct_relay relay;
    fct_pool *pool = stage_open(server, &relay);

    relay.pool_size = 1;
    for (int i = 0; i < MAILS; i++) {
        submit_one_of_many(pool, &posts[i]);
        posts[i].job.done = on_done_slowly;
    }
    for (int i = 0; i < MAILS; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    stage_close(pool, server);
    assert_int_equal(server->mails, MAILS);
}

static void mails_of_a_flight_wait_for_one_another(void **state)
{
    struct server server = {.features = "250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
                            .slow_ms = 5};

    behind_a_slow_relay(&server);
}

static void mails_in_the_queue_wait_while_it_moves(void **state)
{
    struct server server = {.features = "250 test\r\n", .slow_ms = 5};

    behind_a_slow_relay(&server);
}

static void a_queue_that_does_not_move_ends(void **state)
{
    struct server server = {.mute = 1};
    struct post posts[2];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    for (int i = 0; i < 2; i++)
        submit_one_of_many(pool, &posts[i]);
    for (int i = 0; i < 5; i++)
        fct_loop_step(loop);
    fct_loop_attend(loop);
    pass(3);
    for (int i = 0; i < 2; i++) {
        run_until_set(loop, &posts[i].finished);
        assert_int_equal(posts[i].class, FCT_TEMPORARY);
        assert_int_equal(posts[i].error, FACTEUR_EDEADLINE);
        fct_free(posts[i].job.transcript);
    }
    stage_close(pool, &server);
}

#define SPAN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPAN_TEST(a_rest_of_the_caller_costs_no_mail_its_time),
        SPAN_TEST(time_that_is_waited_for_counts),
        SPAN_TEST(mails_of_a_flight_wait_for_one_another),
        SPAN_TEST(mails_in_the_queue_wait_while_it_moves),
        SPAN_TEST(a_queue_that_does_not_move_ends),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
