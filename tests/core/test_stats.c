/* SPDX-License-Identifier: MIT */
/* What a pool counts, against what the server saw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/pool_fixture.h"

static void times_fall_into_buckets(void **state)
{
    static const struct {
        int64_t us;
        unsigned bucket;
    } table[] = {{0, 0},     {1, 1},     {2, 2},          {3, 2},          {4, 3},
                 {1023, 10}, {1024, 11}, {1LL << 29, 30}, {1LL << 30, 31}, {INT64_MAX / 2, 31}};
    struct fct_histogram histogram = {0};

    fct_stats_time(&histogram, -1);
    assert_int_equal(histogram.count, 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t before = histogram.buckets[table[i].bucket];

        fct_stats_time(&histogram, table[i].us);
        assert_int_equal(histogram.buckets[table[i].bucket], before + 1);
        assert_int_equal(histogram.count, i + 1);
    }
}

static void connections_and_mails_are_counted(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    struct fct_pool_stats stats;
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.max_mails = 2;
    for (int i = 0; i < 6; i++) {
        send_one(pool, &post);
        expect_sent(&post);
    }
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.opened, 3);
    assert_int_equal(stats.open, 1);
    assert_int_equal(stats.reused, 3);
    assert_int_equal(stats.handshakes_full, 1);
    assert_int_equal(stats.handshakes_resumed, 2);
    assert_int_equal(stats.mails[FCT_SENT], 6);
    assert_int_equal(stats.mails[FCT_TEMPORARY], 0);
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.phases[FACTEUR_PHASE_tls].count, 3);
    assert_int_equal(stats.phases[FACTEUR_PHASE_ehlo].count, 3);
    assert_int_equal(stats.phases[FACTEUR_PHASE_final].count, 6);
    assert_true(stats.phases[FACTEUR_PHASE_tls].sum_us > 0);
    /* EHLO once, MAIL to DATA and the body for each. */
    assert_int_equal(stats.flights, 3 + 6 * 2 + 2);
    stage_close(pool, &server);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

static bool is_in_flight(void *user)
{
    struct fct_pool_stats stats;

    fct_pool_stats(user, &stats);
    return stats.in_flight > 0;
}

static void what_is_on_its_way_is_seen(void **state)
{
    struct server server = {.hold = true, .features = "250 test\r\n"};
    struct fct_pool_stats stats;
    struct post posts[4];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    for (int i = 0; i < 3; i++)
        submit(pool, &posts[i], PLENTY_US);
    loop_until(is_in_flight, pool);
    submit(pool, &posts[3], 20000);
    run_until_set(loop, &posts[3].finished);
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.in_flight, 1);
    assert_int_equal(stats.waiting, 2);
    assert_int_equal(stats.mails[FCT_TEMPORARY], 1);
    server.hold = false;
    for (int i = 0; i < 3; i++)
        run_until_set(loop, &posts[i].finished);
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.mails[FCT_SENT], 3);
    fct_free(posts[3].job.transcript);
    stage_close(pool, &server);
}

static void failures_count_by_phase_and_redone_mails(void **state)
{
    struct server deaf = {.greeting = "554 go away\r\n"}, short_lived = {.mails_per_connection = 1};
    struct fct_pool_stats stats;
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&deaf, &relay);

    send_one(pool, &post);
    fct_free(post.job.transcript);
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.failed[FACTEUR_PHASE_greeting], 1);
    assert_int_equal(stats.mails[FCT_TEMPORARY], 1);
    assert_int_equal(stats.open, 0);
    stage_close(pool, &deaf);
    server_start(&short_lived);
    relay = relay_for(&short_lived);
    relay.stats = &stats;
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 3; i++)
        send_one(pool, &post);
    assert_int_equal(stats.redone, 2);
    assert_int_equal(stats.opened, 3);
    assert_int_equal(stats.mails[FCT_SENT], 3);
    assert_int_equal(stats.failed[FACTEUR_PHASE_greeting], 0);
    fct_pool_free(pool);
    /* Where the relay has the numbers, they outlive the pool. */
    assert_int_equal(stats.open, 0);
    server_stop(&short_lived);
}

int main(void)
{
#define STATS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_fall_into_buckets),
        STATS_TEST(connections_and_mails_are_counted),
        STATS_TEST(what_is_on_its_way_is_seen),
        STATS_TEST(failures_count_by_phase_and_redone_mails),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
