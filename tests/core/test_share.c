/* SPDX-License-Identifier: MIT */
/* The pool's manners: order and cap, what is learnt of a relay, and the host's slots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <signal.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "pool/pool_state.h"
#include "support/pool_fixture.h"

static char runtime[64];

static int make_all(void **state)
{
    snprintf(runtime, sizeof runtime, "/tmp/fct-share-XXXXXX");
    if (!mkdtemp(runtime))
        return -1;
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    return make_mail(state);
}

static int drop_all(void **state)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", runtime);
    return drop_mail(state) | system(command);
}

static bool never(void *user)
{
    return false;
}

static void run_for(uint64_t us)
{
    fct_loop_run_until(loop, never, NULL, fct_loop_now_us(loop) + us);
}

static bool is_open(void *user)
{
    return !fct_pool_opening(user);
}

static void a_check_does_not_hold_up_mails(void **state)
{
    struct server server = {.hold = true,
                            .features = "250-test\r\n250-CHUNKING\r\n250 PIPELINING\r\n"};
    struct post posts[16], check;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 2;
    for (int i = 0; i < 8; i++) {
        submit(pool, &posts[i], PLENTY_US);
        fct_loop_step(loop);
        if (i == 3)
            loop_until(is_open, pool);
    }
    check =
        (struct post){.job = {.deadline_us = fct_loop_now_us(loop) + PLENTY_US, .done = on_done}};
    fct_pool_submit(pool, &check.job);
    for (int i = 8; i < 16; i++)
        submit(pool, &posts[i], PLENTY_US);
    fct_loop_step(loop);
    fct_loop_step(loop);
    /* Both connections are busy: the check waits for one to end, the mails go with the other. */
    assert_int_equal(check.job.attempts, 0);
    assert_int_equal(posts[15].job.attempts, 1);
    server.hold = false;
    for (int i = 0; i < 16; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    run_until_set(loop, &check.finished);
    assert_int_equal(check.class, FCT_SENT);
    stage_close(pool, &server);
    assert_int_equal(server.mails, 16);
    assert_int_equal(server.connections, 3);
}

static void a_worn_out_connection_counts_until_its_last_mail(void **state)
{
    struct server server = {.slow_ms = 20};
    struct post posts[12];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    relay.max_mails = 3;
    for (int i = 0; i < 12; i++)
        submit(pool, &posts[i], PLENTY_US);
    for (int i = 0; i < 12; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    stage_close(pool, &server);
    assert_int_equal(server.mails, 12);
    assert_int_equal(server.most_busy, 1);
}

/* What one connection can take must not be lost for a second one that the relay refuses. */
static void a_refused_further_connection_costs_no_mail(void **state)
{
    struct server server = {.room = 1, .hold = true, .features = "250 test\r\n"};
    struct post posts[6];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 2;
    submit(pool, &posts[0], PLENTY_US);
    while (posts[0].job.attempts == 0)
        fct_loop_step(loop);
    for (int i = 1; i < 6; i++)
        submit(pool, &posts[i], PLENTY_US);
    while (pool->shy_until_us == 0)
        fct_loop_step(loop);
    server.hold = false;
    for (int i = 0; i < 6; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    stage_close(pool, &server);
    assert_int_equal(server.mails, 6);
    assert_int_equal(server.connections, 2);
}

/* A long pipeline gets a second connection beside it; each mail is still sent once. */
static void a_crowd_gets_another_connection(void **state)
{
    struct server server = {0};
    struct post posts[24];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 2;
    relay.session.pipeline_depth = 64;
    send_one(pool, &posts[0]);
    server.hold = true;
    for (int i = 0; i < 24; i++)
        submit(pool, &posts[i], PLENTY_US);
    while (server.ready < 2)
        fct_loop_step(loop);
    server.hold = false;
    for (int i = 0; i < 24; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    stage_close(pool, &server);
    assert_int_equal(server.mails, 25);
    assert_int_equal(server.connections, 2);
}

/* Row 71 of docs/faults.md. */
static void groups_are_not_sent_again_to_who_hangs_up_on_them(void **state)
{
    static const char *const features[] = {"250-test\r\n250 PIPELINING\r\n",
                                           "250-test\r\n250-CHUNKING\r\n250 PIPELINING\r\n"};
    static const enum fct_class first[] = {FCT_TEMPORARY, FCT_IN_DOUBT};

    for (size_t i = 0; i < 2; i++) {
        struct server server = {.features = features[i], .hates_groups = 1};
        struct post post;
        fct_relay relay;
        fct_pool *pool = stage_open(&server, &relay);

        send_one(pool, &post);
        assert_int_equal(post.class, first[i]);
        fct_free(post.job.transcript);
        for (int n = 0; n < 3; n++) {
            send_one(pool, &post);
            expect_sent(&post);
        }
        stage_close(pool, &server);
        assert_int_equal(server.connections, 2);
        assert_int_equal(server.mails, 3);
    }
}

static void the_last_slot_is_not_kept(void **state)
{
    struct server server = {0};
    fct_relay relay;
    fct_pool *a, *b;
    struct post post;

    a = stage_open(&server, &relay);
    relay.host_slots = 2;
    b = fct_pool_new(loop, &relay);
    for (int i = 0; i < 3; i++) {
        send_one(a, &post);
        expect_sent(&post);
        send_one(b, &post);
        expect_sent(&post);
    }
    fct_pool_free(a);
    stage_close(b, &server);
    /* One stays open in a; b has the other slot for a mail at a time. */
    assert_int_equal(server.connections, 4);
    assert_int_equal(server.quits, 3);
    assert_int_equal(server.mails, 6);
}

static void who_finds_no_slot_waits_and_is_told(void **state)
{
    struct server server = {.hold = true};
    fct_relay relay;
    fct_pool *a, *b;
    struct post first, second, third;

    a = stage_open(&server, &relay);
    relay.host_slots = 1;
    b = fct_pool_new(loop, &relay);
    submit(a, &first, PLENTY_US);
    run_for(50000);
    submit(b, &second, 100000);
    submit(b, &third, PLENTY_US);
    run_until_set(loop, &second.finished);
    assert_int_equal(second.class, FCT_TEMPORARY);
    assert_int_equal(second.error, FACTEUR_EDEADLINE);
    assert_non_null(strstr(second.message, "one of the host's 1 connections"));
    assert_non_null(strstr(second.message, "host_slots"));
    assert_int_equal(second.job.attempts, 0);
    assert_false(third.finished);
    server.hold = false;
    run_until_set(loop, &first.finished);
    run_until_set(loop, &third.finished);
    expect_sent(&first);
    expect_sent(&third);
    fct_pool_free(a);
    stage_close(b, &server);
    assert_int_equal(server.connections, 2);
}

static void checks_and_many_mails_stay_below_the_slots(void **state)
{
    struct server server = {.slow_ms = 5};
    fct_relay relay;
    fct_pool *pools[3];
    struct post posts[3][8], checks[3];

    server_start(&server);
    relay = relay_for(&server);
    relay.host_slots = 2;
    for (int i = 0; i < 3; i++) {
        pools[i] = fct_pool_new(loop, &relay);
        for (int n = 0; n < 8; n++)
            submit(pools[i], &posts[i][n], PLENTY_US);
        checks[i] = (struct post){
            .job = {.deadline_us = fct_loop_now_us(loop) + PLENTY_US, .done = on_done}};
        fct_pool_submit(pools[i], &checks[i].job);
    }
    for (int i = 0; i < 3; i++) {
        for (int n = 0; n < 8; n++) {
            run_until_set(loop, &posts[i][n].finished);
            expect_sent(&posts[i][n]);
        }
        run_until_set(loop, &checks[i].finished);
        assert_int_equal(checks[i].class, FCT_SENT);
    }
    for (int i = 0; i < 3; i++)
        fct_pool_free(pools[i]);
    server_stop(&server);
    assert_int_equal(server.mails, 24);
    assert_in_range(server.most_busy, 1, 2);
}

static void a_killed_sender_gives_its_slot_back(void **state)
{
    struct server server = {0};
    fct_relay relay;
    fct_pool *pool;
    struct post post;
    pid_t child;

    server.hold = true;
    server_start(&server);
    relay = relay_for(&server);
    relay.host_slots = 1;
    child = fork();
    if (child == 0) {
        loop = fct_loop_new();
        pool = fct_pool_new(loop, &relay);
        submit(pool, &post, PLENTY_US);
        for (;;)
            run_for(1000000);
    }
    while (server.connections == 0)
        usleep(1000);
    pool = fct_pool_new(loop, &relay);
    submit(pool, &post, PLENTY_US);
    run_for(100000);
    assert_int_equal(post.job.attempts, 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    server.hold = false;
    run_until_set(loop, &post.finished);
    expect_sent(&post);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
}

static void a_bad_place_is_a_configuration_error(void **state)
{
    struct server server = {0};
    char path[128];
    fct_relay relay;
    fct_pool *pool;
    struct post post;

    server_start(&server);
    relay = relay_for(&server);
    relay.host_slots = 3;
    snprintf(path, sizeof path, "%s/facteur", runtime);
    mkdir(path, 0700);
    chmod(path, 0755);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.error, FACTEUR_ECONFIG);
    assert_int_equal(post.job.attempts, 0);
    assert_int_equal(strncmp(post.message, "host_slots: ", 12), 0);
    fct_free(post.job.transcript);
    chmod(path, 0700);
    send_one(pool, &post);
    expect_sent(&post);
    stage_close(pool, &server);
}

static bool has_two(void *user)
{
    const struct server *server = user;

    return server->ready >= 2;
}

struct count {
    const struct server *server;
    int connections;
};

static bool has_count(void *user)
{
    const struct count *count = user;

    return count->server->connections >= count->connections;
}

static bool has_three(void *user)
{
    const struct server *server = user;

    return server->ready >= 3;
}

static void spares_are_ready_after_the_first_mail(void **state)
{
    struct server server = {0};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    struct post posts[2];

    relay.warm = 2;
    run_for(20000);
    assert_int_equal(server.connections, 0);
    send_one(pool, &posts[0]);
    expect_sent(&posts[0]);
    loop_until(has_two, &server);
    run_for(50000);
    /* The one that served is idle, so one more makes two. */
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.ready, 2);
    server.hold = true;
    submit(pool, &posts[0], PLENTY_US);
    fct_loop_step(loop);
    submit(pool, &posts[1], PLENTY_US);
    fct_loop_step(loop);
    assert_int_equal(posts[0].job.attempts, 1);
    assert_int_equal(posts[1].job.attempts, 1);
    server.hold = false;
    for (int i = 0; i < 2; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    fct_pool_quit(pool);
    loop_until(is_quiet, pool);
    stage_close(pool, &server);
    assert_in_range(server.connections, 3, 4);
}

static void a_spare_that_ends_is_opened_again_after_a_pause(void **state)
{
    struct server server = {0};
    uint64_t began_us;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    struct post post;

    relay.warm = 2;
    send_one(pool, &post);
    loop_until(has_two, &server);
    run_for(50000);
    began_us = fct_loop_now_us(loop);
    shutdown(server.fds[1], SHUT_RDWR);
    loop_until(has_three, &server);
    assert_int_equal(server.ready, 3);
    assert_true(fct_loop_now_us(loop) - began_us >= 400000);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 3);
}

static void spares_stay_below_the_caps(void **state)
{
    struct server server = {0};
    fct_relay relay;
    fct_pool *pool;
    struct post post;

    server_start(&server);
    for (int host_slots = 0; host_slots < 2; host_slots++) {
        relay = relay_for(&server);
        relay.warm = 4;
        relay.pool_size = host_slots ? 5 : 2;
        relay.host_slots = host_slots ? 3 : 0;
        pool = fct_pool_new(loop, &relay);
        send_one(pool, &post);
        expect_sent(&post);
        /* Of three slots one is left to others. */
        loop_until(has_count, &(struct count){&server, host_slots ? 4 : 2});
        run_for(50000);
        fct_pool_free(pool);
        assert_int_equal(server.connections, host_slots ? 4 : 2);
    }
    server_stop(&server);
}

static void tls_sessions_pass_from_pool_to_pool(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    char path[128];
    fct_relay relay;
    fct_pool *pool;
    struct post post;

    snprintf(path, sizeof path, "%s/sessions", runtime);
    server_start(&server);
    relay = relay_for(&server);
    relay.tls.session_file = path;
    for (int i = 0; i < 4; i++) {
        /* The last one has another account. */
        relay.session.username = i == 3 ? "other" : NULL;
        relay.session.plaintext_auth = true;
        pool = fct_pool_new(loop, &relay);
        send_one(pool, &post);
        fct_free(post.job.transcript);
        fct_pool_free(pool);
    }
    server_stop(&server);
    assert_int_equal(server.connections, 4);
    assert_int_equal(server.resumed, 2);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

int main(void)
{
#define SHARE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SHARE_TEST(a_check_does_not_hold_up_mails),
        SHARE_TEST(a_worn_out_connection_counts_until_its_last_mail),
        SHARE_TEST(a_refused_further_connection_costs_no_mail),
        SHARE_TEST(a_crowd_gets_another_connection),
        SHARE_TEST(groups_are_not_sent_again_to_who_hangs_up_on_them),
        SHARE_TEST(the_last_slot_is_not_kept),
        SHARE_TEST(who_finds_no_slot_waits_and_is_told),
        SHARE_TEST(checks_and_many_mails_stay_below_the_slots),
        SHARE_TEST(a_killed_sender_gives_its_slot_back),
        SHARE_TEST(a_bad_place_is_a_configuration_error),
        SHARE_TEST(tls_sessions_pass_from_pool_to_pool),
        SHARE_TEST(spares_are_ready_after_the_first_mail),
        SHARE_TEST(a_spare_that_ends_is_opened_again_after_a_pause),
        SHARE_TEST(spares_stay_below_the_caps),
    };

    return cmocka_run_group_tests(tests, make_all, drop_all);
}
