/* SPDX-License-Identifier: MIT */
/* pool/choose: when another connection is worth opening, and when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "pool/pool_state.h"
#include "support/pool_fixture.h"

#define HEALTHY 30000000 /* as long as a spare that shows that the relay works */
#define DEEP "250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"

static uint64_t opened_by(const fct_pool *pool)
{
    struct fct_pool_stats stats;

    fct_pool_stats(pool, &stats);
    return stats.opened;
}

static void turn(int turns)
{
    while (turns-- > 0)
        fct_loop_step(loop);
}

/* So many mails on one connection, whose verdicts are held back. */
static fct_pool *crowd(struct server *server, fct_relay *relay, struct post *posts, int count)
{
    fct_pool *pool = stage_open(server, relay);
    struct post first;

    relay->pool_size = 2;
    send_one(pool, &first); /* it is known to take BDAT now */
    expect_sent(&first);
    server->hold = true;
    for (int i = 0; i < count; i++)
        submit(pool, &posts[i], PLENTY_US);
    for (int i = 0; i < count; i++) {
        while (posts[i].job.attempts == 0)
            fct_loop_step(loop);
    }
    turn(50);
    return pool;
}

static void uncrowd(fct_pool *pool, struct server *server, struct post *posts, int count)
{
    server->hold = false;
    for (int i = 0; i < count; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    stage_close(pool, server);
    assert_int_equal(server->mails, count + 1);
}

static void four_mails_are_a_crowd(void **state)
{
    for (int count = 3; count <= 4; count++) {
        struct server server = {.features = DEEP};
        struct post posts[4];
        fct_relay relay;
        fct_pool *pool = crowd(&server, &relay, posts, count);

        assert_int_equal(opened_by(pool), count - 2);
        uncrowd(pool, &server, posts, count);
    }
}

/* The relay said that one is enough: for a while it is not asked again. */
static void a_shy_pool_bears_its_crowd(void **state)
{
    struct server server = {.features = DEEP, .room = 1};
    struct post posts[8];
    fct_relay relay;
    fct_pool *pool = crowd(&server, &relay, posts, 4);

    while (pool->shy_until_us == 0)
        fct_loop_step(loop);
    assert_int_equal(opened_by(pool), 2);
    for (int i = 4; i < 8; i++)
        submit(pool, &posts[i], PLENTY_US);
    turn(100);
    assert_int_equal(opened_by(pool), 2);
    uncrowd(pool, &server, posts, 8);
}

/* A full pool opens no more; a connection that leaves makes place again. */
static void a_pool_has_its_size(void **state)
{
    struct server server = {.hold = true, .features = "250 test\r\n"};
    struct post posts[5];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 3;
    for (int i = 0; i < 5; i++)
        submit(pool, &posts[i], PLENTY_US);
    while (server.busy < 3)
        fct_loop_step(loop);
    turn(50);
    assert_int_equal(opened_by(pool), 3);
    assert_int_equal(fct_pool_count_open(pool), 3);
    server.hold = false;
    for (int i = 0; i < 5; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    assert_int_equal(opened_by(pool), 3);
    stage_close(pool, &server);
}

/* A check that waits for a connection of its own does not keep the mails behind it from theirs. */
static void a_check_that_waits_is_passed_over(void **state)
{
    struct server server = {.hold = true};
    struct fct_check facts = {0};
    struct post first, second, check = {.job = {.check = &facts, .done = on_done}};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    submit(pool, &first, PLENTY_US);
    while (first.job.attempts == 0)
        fct_loop_step(loop);
    check.job.deadline_us = fct_loop_now_us(loop) + PLENTY_US;
    fct_pool_submit(pool, &check.job);
    submit(pool, &second, PLENTY_US);
    turn(20);
    assert_false(first.finished || second.finished || check.finished);
    assert_int_equal(opened_by(pool), 1);
    server.hold = false;
    run_until_set(loop, &first.finished);
    run_until_set(loop, &second.finished);
    run_until_set(loop, &check.finished);
    expect_sent(&first);
    expect_sent(&second);
    assert_int_equal(check.error, 0);
    assert_non_null(facts.capabilities);
    fct_check_done(&facts);
    stage_close(pool, &server);
}

/* Idle connections stand in the order of their use: the one used last is taken. */
static void the_warmest_connection_is_taken(void **state)
{
    struct server server = {.features = "250 test\r\n", .hold = true};
    struct post posts[2], next;
    fct_connection *used;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 2;
    for (int i = 0; i < 2; i++)
        submit(pool, &posts[i], PLENTY_US);
    while (server.busy < 2)
        fct_loop_step(loop);
    server.hold = false;
    for (int i = 0; i < 2; i++)
        run_until_set(loop, &posts[i].finished);
    for (int i = 0; i < 4; i++) {
        fct_list *first = pool->connections.next, *second = first->next;
        fct_connection *a = FCT_ENTRY(first, fct_connection, link);
        fct_connection *b = FCT_ENTRY(second, fct_connection, link);

        a->idle_us = fct_loop_now_us(loop) - (i % 2 ? 1000 : 2000);
        b->idle_us = fct_loop_now_us(loop) - (i % 2 ? 2000 : 1000);
        used = i % 2 ? a : b;
        submit(pool, &next, PLENTY_US);
        while (next.job.attempts == 0)
            fct_loop_step(loop);
        if (!next.finished)
            assert_ptr_equal(next.job.connection, used);
        run_until_set(loop, &next.finished);
        expect_sent(&next);
        assert_true(used->idle_us >= (used == a ? b : a)->idle_us);
    }
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
}

/* One that says QUIT and has no mail is none any more. */
static void a_quitting_connection_does_not_count(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    fct_connection *connection;

    send_one(pool, &post);
    connection = FCT_ENTRY(pool->connections.next, fct_connection, link);
    assert_int_equal(fct_pool_count_open(pool), 1);
    fct_connection_quit(connection);
    assert_int_equal(fct_pool_count_open(pool), 0);
    connection->in_flight = 1;
    assert_int_equal(fct_pool_count_open(pool), 1);
    connection->in_flight = 0;
    stage_close(pool, &server);
}

/* Each of its limits is over when it is reached. */
static void a_worn_out_connection_is_closed(void **state)
{
    for (int which = 0; which < 6; which++) {
        struct server server = {0};
        struct post post;
        fct_relay relay;
        fct_pool *pool = stage_open(&server, &relay);
        fct_connection *connection;
        uint64_t now_us;

        relay.idle_us = PLENTY_US;
        send_one(pool, &post);
        connection = FCT_ENTRY(pool->connections.next, fct_connection, link);
        now_us = fct_loop_now_us(loop);
        if (which == 0)
            relay.max_mails = connection->mails;
        else if (which == 1)
            connection->age_limit_us = now_us;
        else if (which == 2)
            connection->idle_us = now_us - PLENTY_US;
        else if (which == 3)
            relay.generation++;
        else if (which == 4)
            relay.max_mails = connection->mails + 1;
        else
            connection->age_limit_us = now_us + PLENTY_US;
        send_one(pool, &post);
        expect_sent(&post);
        stage_close(pool, &server);
        assert_int_equal(server.connections, which < 4 ? 2 : 1);
        assert_int_equal(server.mails, 2);
    }
}

/* Anything from half of a pause to all of it, so that processes do not ask in step. */
static void a_pause_is_jittered(void **state)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (int i = 0; i < 20000; i++) {
        uint64_t pause_us = fct_pool_jittered(2000);

        least = pause_us < least ? pause_us : least;
        most = pause_us > most ? pause_us : most;
    }
    assert_int_equal(least, 1000);
    assert_int_equal(most, 2000);
    assert_int_equal(fct_pool_jittered(0), 0);
}

static void pauses_for_a_slot_double(void **state)
{
    struct server server = {0};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    uint64_t pause_us = 0;

    for (int i = 0; i < 12; i++) {
        uint64_t before = pause_us, now_us = fct_loop_now_us(loop);

        fct_pool_await_slot(pool);
        pause_us = pool->slot_pause_us;
        if (i)
            assert_true(pause_us == 2 * before || (pause_us == 200000 && 2 * before > 200000));
        else
            assert_int_equal(pause_us, 10000);
        assert_true(pool->slot_timer.due_us >= now_us + pause_us / 2);
        fct_pool_await_slot(pool); /* it waits already */
        assert_true(pool->slot_pause_us == pause_us);
        fct_timer_clear(&pool->slot_timer);
    }
    assert_int_equal(pause_us, 200000);
    stage_close(pool, &server);
}

/* What became of a spare connection; the pause before the next one. */
static uint64_t spare_ends(fct_pool *pool, bool was_ready, uint64_t age_us, unsigned mails,
                           bool cut)
{
    uint64_t now_us = fct_loop_now_us(loop);
    fct_connection connection = {
        .was_ready = was_ready, .opened_us = now_us - age_us, .mails = mails, .cut = cut};

    pool->warm_after_us = 0;
    fct_pool_spare_ended(pool, &connection);
    if (pool->warm_after_us)
        assert_true(pool->warm_after_us >= now_us + pool->warm_pause_us / 2);
    return pool->warm_after_us ? pool->warm_pause_us : 0;
}

/* A relay that takes no spare is asked less and less; one that kept it for a while is well. */
static void pauses_for_a_spare_double(void **state)
{
    static const unsigned seconds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    struct server server = {0};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    assert_int_equal(spare_ends(pool, false, 0, 0, false), 0);
    relay.warm = 1;
    assert_int_equal(spare_ends(pool, false, 0, 1, false), 0);
    assert_int_equal(spare_ends(pool, false, 0, 0, true), 0);
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
        assert_int_equal(spare_ends(pool, i % 2, 0, 0, false), seconds[i] * 1000000ULL);
    assert_int_equal(spare_ends(pool, true, HEALTHY - 1000000, 0, false), 300000000);
    assert_int_equal(spare_ends(pool, false, HEALTHY, 0, false), 300000000);
    assert_int_equal(spare_ends(pool, true, HEALTHY, 0, false), 1000000);
    stage_close(pool, &server);
}

int main(void)
{
#define CHOOSE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CHOOSE_TEST(four_mails_are_a_crowd),
        CHOOSE_TEST(a_shy_pool_bears_its_crowd),
        CHOOSE_TEST(a_pool_has_its_size),
        CHOOSE_TEST(a_check_that_waits_is_passed_over),
        CHOOSE_TEST(the_warmest_connection_is_taken),
        CHOOSE_TEST(a_quitting_connection_does_not_count),
        CHOOSE_TEST(a_worn_out_connection_is_closed),
        CHOOSE_TEST(a_pause_is_jittered),
        CHOOSE_TEST(pauses_for_a_slot_double),
        CHOOSE_TEST(pauses_for_a_spare_double),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
