/* SPDX-License-Identifier: MIT */
/*
 * Rows 115 and 117 of docs/faults.md: a mail whose time is over costs no other mail anything, and
 * the time of one of many begins when a connection takes it up.
 * This program is the clock of the core and of libuv: its function comes before the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "pool/connection.h"
#include "smtp/later.h"
#include "support/pool_fixture.h"

#define CHUNKING "250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
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
    struct server server = {.features = CHUNKING, .hold = true};
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
    struct server server = {.features = CHUNKING, .hold = true};
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

/* Nor is it the relay's: what it waited for was not read. */
static void a_rest_of_the_caller_is_not_the_relays_silence(void **state)
{
    struct server server = {.features = CHUNKING, .hold = true};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.session.final_us = SPAN_US;
    submit(pool, &post, PLENTY_US);
    loop_until(waits, &post);
    for (int i = 0; i < 5; i++) {
        pass(30);
        fct_loop_step(loop);
        assert_false(post.finished);
    }
    server.hold = false;
    run_until_set(loop, &post.finished);
    expect_sent(&post);
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
    struct server server = {.features = CHUNKING, .slow_ms = 5};

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

/* ---- Late verdicts -----------------------------------------------------------------------------
 */

static fct_later *kept;

static void on_done_keeping(fct_job *job, const fct_outcome *outcome)
{
    on_done(job, outcome);
    kept = outcome->later ? fct_later_ref(outcome->later) : NULL;
}

static void drop_kept(int class)
{
    assert_non_null(fct_later_told(kept));
    assert_int_equal(fct_later_told(kept)->class, class);
    fct_later_unref(kept);
}

static struct fct_pool_stats stats_of(fct_pool *pool)
{
    struct fct_pool_stats stats;

    fct_pool_stats(pool, &stats);
    return stats;
}

static bool is_settled(void *user)
{
    return stats_of(user).in_flight == 0;
}

/* With the relay silent its time passes; it is in doubt. */
static void give_up(struct post *post)
{
    fct_loop_attend(loop);
    pass(3);
    run_until_set(loop, &post->finished);
    assert_int_equal(post->class, FCT_IN_DOUBT);
    assert_non_null(strstr(post->job.transcript, "S: 220"));
    assert_non_null(kept);
    assert_null(fct_later_told(kept));
    fct_free(post->job.transcript);
}

/* A pool of one connection, on which a mail was given up. */
static fct_pool *open_given_up(struct server *server, fct_relay *relay, struct post *post)
{
    fct_pool *pool = stage_open(server, relay);

    relay->pool_size = 1;
    submit(pool, post, SPAN_US);
    post->job.done = on_done_keeping;
    loop_until(waits, post);
    give_up(post);
    return pool;
}

static void one_in_doubt_costs_its_neighbours_nothing(void **state)
{
    struct server server = {.features = CHUNKING};
    struct post posts[4];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    send_one(pool, &posts[0]);
    server.hold = true;
    for (int i = 0; i < 4; i++)
        submit(pool, &posts[i], i == 1 ? SPAN_US : PLENTY_US);
    posts[1].job.done = on_done_keeping;
    loop_until(waits, &posts[3]);
    give_up(&posts[1]);
    assert_int_equal(stats_of(pool).in_flight, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(posts[i].finished, i == 1);
    server.hold = false;
    for (int i = 0; i < 4; i++) {
        run_until_set(loop, &posts[i].finished);
        assert_int_equal(posts[i].class, i == 1 ? FCT_IN_DOUBT : FCT_SENT);
    }
    send_one(pool, &posts[0]);
    expect_sent(&posts[0]);
    assert_int_equal(stats_of(pool).late_sent, 1);
    assert_int_equal(stats_of(pool).late_refused, 0);
    assert_int_equal(stats_of(pool).in_flight, 0);
    assert_int_equal(stats_of(pool).mails[FCT_IN_DOUBT], 1);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.mails, 6);
    drop_kept(FCT_SENT);
}

static void late_verdict_frees(const char *features)
{
    struct server server = {.features = features, .hold = true};
    struct post late, next;
    fct_relay relay;
    fct_pool *pool = open_given_up(&server, &relay, &late);

    submit(pool, &next, PLENTY_US);
    for (int i = 0; i < 5; i++)
        fct_loop_step(loop);
    assert_null(next.job.connection);
    server.hold = false;
    run_until_set(loop, &next.finished);
    expect_sent(&next);
    assert_int_equal(stats_of(pool).late_sent, 1);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
    drop_kept(FCT_SENT);
}

/* No mail is put behind one whose verdict may never come. */
static void a_connection_takes_mails_again_after_a_late_verdict(void **state)
{
    late_verdict_frees(CHUNKING);
    late_verdict_frees("250-test\r\n250 PIPELINING\r\n");
    late_verdict_frees("250 test\r\n");
}

static void a_late_verdict_gives_way_to_a_mail_that_waits(void **state)
{
    struct server server = {.features = CHUNKING, .hold = true};
    struct post late, next;
    fct_relay relay;
    fct_pool *pool = open_given_up(&server, &relay, &late);

    submit(pool, &next, PLENTY_US);
    fct_loop_step(loop);
    assert_int_equal(server.connections, 1);
    fct_loop_attend(loop);
    pass(4);
    loop_until(waits, &next);
    server.hold = false;
    run_until_set(loop, &next.finished);
    expect_sent(&next);
    assert_int_equal(stats_of(pool).late_sent, 0);
    assert_int_equal(stats_of(pool).late_refused, 0);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
    drop_kept(FCT_IN_DOUBT);
}

static void a_late_verdict_comes_before_quit(void **state)
{
    struct server server = {.features = CHUNKING, .hold = true};
    struct post late;
    fct_relay relay;
    fct_pool *pool = open_given_up(&server, &relay, &late);

    fct_pool_quit(pool);
    assert_true(fct_pool_active(pool));
    server.hold = false;
    loop_until(is_quiet, pool);
    assert_int_equal(stats_of(pool).late_sent, 1);
    stage_close(pool, &server);
    assert_int_equal(server.quits, 1);
    drop_kept(FCT_SENT);
}

/* Another process, which cannot ask for it, may need the slot. */
static void a_late_verdict_holds_no_slot_of_the_host(void **state)
{
    struct server server = {.features = CHUNKING, .hold = true};
    struct post late;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    char place[] = "/tmp/fct-span-XXXXXX", command[64];

    assert_non_null(mkdtemp(place));
    setenv("XDG_RUNTIME_DIR", place, 1);
    relay.host_slots = 1;
    submit(pool, &late, SPAN_US);
    late.job.done = on_done_keeping;
    loop_until(waits, &late);
    pass(3);
    run_until_set(loop, &late.finished);
    assert_int_equal(late.class, FCT_IN_DOUBT);
    loop_until(is_quiet, pool);
    drop_kept(FCT_IN_DOUBT);
    fct_free(late.job.transcript);
    server.hold = false;
    stage_close(pool, &server);
    snprintf(command, sizeof command, "rm -r %s", place);
    assert_int_equal(system(command), 0);
}

static void a_pool_that_goes_tells_that_nothing_came(void **state)
{
    struct server server = {.features = CHUNKING, .hold = true};
    struct post late;
    fct_relay relay;
    fct_pool *pool = open_given_up(&server, &relay, &late);

    fct_pool_free(pool);
    drop_kept(FCT_IN_DOUBT);
    server.hold = false;
    server_stop(&server);
}

static void a_mail_that_is_cut_among_others_counts_late(void **state)
{
    struct server server = {.features = CHUNKING, .hold = true};
    struct post posts[2];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    for (int i = 0; i < 2; i++)
        submit(pool, &posts[i], PLENTY_US);
    loop_until(waits, &posts[1]);
    fct_pool_cut(pool, &posts[0].job);
    assert_int_equal(posts[0].class, FCT_IN_DOUBT);
    server.hold = false;
    run_until_set(loop, &posts[1].finished);
    expect_sent(&posts[1]);
    loop_until(is_settled, pool);
    assert_int_equal(stats_of(pool).late_sent, 1);
    stage_close(pool, &server);
}

#define SPAN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPAN_TEST(a_rest_of_the_caller_costs_no_mail_its_time),
        SPAN_TEST(a_rest_of_the_caller_is_not_the_relays_silence),
        SPAN_TEST(time_that_is_waited_for_counts),
        SPAN_TEST(mails_of_a_flight_wait_for_one_another),
        SPAN_TEST(mails_in_the_queue_wait_while_it_moves),
        SPAN_TEST(a_queue_that_does_not_move_ends),
        SPAN_TEST(one_in_doubt_costs_its_neighbours_nothing),
        SPAN_TEST(a_connection_takes_mails_again_after_a_late_verdict),
        SPAN_TEST(a_late_verdict_gives_way_to_a_mail_that_waits),
        SPAN_TEST(a_late_verdict_comes_before_quit),
        SPAN_TEST(a_late_verdict_holds_no_slot_of_the_host),
        SPAN_TEST(a_pool_that_goes_tells_that_nothing_came),
        SPAN_TEST(a_mail_that_is_cut_among_others_counts_late),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
