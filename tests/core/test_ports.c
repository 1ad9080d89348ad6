/* SPDX-License-Identifier: MIT */
/* pool/ with several ports of one relay: which is used, which is remembered, what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "support/pool_fixture.h"

#define SERVERS 3

/* A relay whose ports are these servers'; servers without a thread are ports that refuse. */
static fct_relay relay_with(struct server *servers, unsigned count)
{
    fct_relay relay = relay_for(&servers[0]);

    for (unsigned i = 0; i < count; i++)
        relay.ports[i] = servers[i].port;
    relay.port_count = count;
    return relay;
}

static void stop_all(struct server *servers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (servers[i].fd > 0)
            server_stop(&servers[i]);
    }
}

static void the_port_that_works_is_used_and_remembered(void **state)
{
    /* Nobody listens; hangs up before the greeting; greets with a refusal; works. */
    struct server servers[4] = {
        {.port = 1}, {.hang_up = 1000}, {.greeting = "554 5.7.1 not from here\r\n"}, {0}};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    for (int i = 1; i < 4; i++)
        server_start(&servers[i]);
    relay = relay_with(servers, 4);
    relay.max_mails = 1;
    relay.pool_size = 1;
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 3; i++) {
        send_one(pool, &post);
        expect_sent(&post);
    }
    fct_pool_free(pool);
    stop_all(servers, 4);
    assert_int_equal(servers[1].connections, 1);
    assert_int_equal(servers[2].connections, 1);
    assert_int_equal(servers[3].connections, 3);
    assert_int_equal(servers[3].mails, 3);
}

/* What was remembered is not what is believed for ever. */
static void a_port_that_stops_working_has_neighbours(void **state)
{
    struct server servers[2] = {{0}, {0}};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&servers[0]);
    server_start(&servers[1]);
    relay = relay_with(servers, 2);
    relay.max_mails = 1;
    relay.pool_size = 1;
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    expect_sent(&post);
    server_stop(&servers[0]);
    servers[0].fd = 0;
    send_one(pool, &post);
    expect_sent(&post);
    fct_pool_free(pool);
    stop_all(servers, 2);
    assert_int_equal(servers[0].mails, 1);
    assert_int_equal(servers[1].mails, 1);
}

static void each_port_is_named_with_its_reason(void **state)
{
    struct server servers[SERVERS] = {
        {.port = 1}, {.hang_up = 1000}, {.greeting = "554 5.7.1 not from here\r\n"}};
    char expected[512];
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&servers[1]);
    server_start(&servers[2]);
    relay = relay_with(servers, SERVERS);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    snprintf(expected, sizeof expected,
             "port 1: connection refused by 127.0.0.1:1; port %u: the relay closed the connection; "
             "port %u: the relay refuses connections from here: 554 5.7.1 not from here",
             servers[1].port, servers[2].port);
    assert_string_equal(post.message, expected);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    assert_int_equal(post.class, FCT_TEMPORARY);
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    stop_all(servers, SERVERS);
}

/* A port that takes the connection and keeps silent has its share of the time, no more. */
static void a_silent_port_leaves_time_for_the_next(void **state)
{
    struct server servers[2] = {{.mute = 1}, {0}};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&servers[0]);
    server_start(&servers[1]);
    relay = relay_with(servers, 2);
    relay.connect_us = 4000000; /* half of it is lost; the rest is plenty on a slow machine, too */
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    expect_sent(&post);
    fct_pool_free(pool);
    stop_all(servers, 2);
    assert_int_equal(servers[0].connections, 1);
}

static void no_port_weakens_tls(void **state)
{
    struct certificate certificate = certificate_make(&(struct certificate_plan){
        .name = "x", .san = "DNS:relay.example", .from_days = -1, .to_days = 2});
    /* STARTTLS stripped on the way; a certificate for another name; one that is right. */
    struct server servers[SERVERS] = {
        {.features = "250-test\r\n250 AUTH PLAIN\r\n"},
        {.features = "250-test\r\n250 STARTTLS\r\n", .starttls = server_context(&certificate)},
        {.features = "250-test\r\n250 STARTTLS\r\n", .starttls = server_context(&certificate)}};
    char ca[64];

    certificate_write(&certificate, false, ca);
    for (unsigned i = 0; i < SERVERS; i++)
        server_start(&servers[i]);
    for (unsigned count = 2; count <= SERVERS; count++) {
        fct_relay relay = relay_with(servers, count);
        struct post post;
        fct_pool *pool;

        relay.session.tls = FCT_TLS_STARTTLS;
        relay.tls = (struct fct_tls_config){.name = count == 2 ? "other.example" : "relay.example",
                                            .ca_file = ca};
        /* The second one's certificate is good for the third case only. */
        if (count == SERVERS)
            relay.ports[1] = 1;
        pool = fct_pool_new(loop, &relay);
        send_one(pool, &post);
        if (count == SERVERS) {
            expect_sent(&post);
        } else {
            assert_int_equal(post.error, FACTEUR_ETLS);
            assert_non_null(strstr(post.message, "does not offer STARTTLS"));
            assert_non_null(strstr(post.message, "other.example"));
        }
        fct_free(post.job.transcript);
        fct_pool_free(pool);
    }
    stop_all(servers, SERVERS);
    for (unsigned i = 0; i < SERVERS; i++)
        assert_int_equal(servers[i].bare, 0);
    assert_int_equal(servers[2].mails, 1);
    SSL_CTX_free(servers[1].starttls);
    SSL_CTX_free(servers[2].starttls);
    certificate_free(&certificate);
    unlink(ca);
}

/* A login that was refused would be refused on every port, and count against the account. */
static void a_refused_login_is_final(void **state)
{
    struct server servers[2] = {{.features = "250-test\r\n250 AUTH PLAIN\r\n", .no_login = 1}, {0}};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&servers[0]);
    server_start(&servers[1]);
    relay = relay_with(servers, 2);
    relay.session.username = "anna";
    relay.session.password = fct_secret_new("secret", 6);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.error, FACTEUR_EAUTH);
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    stop_all(servers, 2);
    fct_secret_unref(relay.session.password);
    assert_int_equal(servers[1].connections, 0);
}

/* The first mail of a connection has the times of its making, to the login. */
static void a_login_has_its_time(void **state)
{
    struct server server = {.features = "250-test\r\n250 AUTH PLAIN\r\n"};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.session.username = "anna";
    relay.session.password = fct_secret_new("secret", 6);
    for (int i = 0; i < 2; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_int_equal(post.timing_us[FACTEUR_PHASE_connect] >= 0, i == 0);
        assert_int_equal(post.timing_us[FACTEUR_PHASE_auth] >= 0, i == 0);
    }
    stage_close(pool, &server);
    fct_secret_unref(relay.session.password);
}

/* The deadline comes before the last word: what is known by then is told. */
static void a_deadline_tells_what_was_tried(void **state)
{
    struct server servers[2] = {{.port = 1}, {.mute = 1}};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&servers[1]);
    relay = relay_with(servers, 2);
    pool = fct_pool_new(loop, &relay);
    submit(pool, &post, 100000);
    run_until_set(loop, &post.finished);
    assert_int_equal(post.error, FACTEUR_EDEADLINE);
    assert_non_null(strstr(post.message, "; port 1: connection refused by 127.0.0.1:1; port "));
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    stop_all(servers, 2);
}

static bool send_without_memory(struct server *servers, unsigned long nth)
{
    fct_relay relay = relay_with(servers, 2);
    fct_pool *pool = fct_pool_new(loop, &relay);
    struct post post;
    bool failed;

    fct_memory_fail_at(nth);
    send_one(pool, &post);
    failed = fct_memory_failed();
    fct_memory_fail_at(0);
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    if (!failed)
        assert_int_equal(post.class, FCT_SENT);
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    struct server servers[2] = {{.hang_up = 1000000}, {0}};

    server_start(&servers[0]);
    server_start(&servers[1]);
    for (unsigned long nth = 1; send_without_memory(servers, nth);)
        nth++;
    stop_all(servers, 2);
}

int main(void)
{
#define PORTS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PORTS_TEST(the_port_that_works_is_used_and_remembered),
        PORTS_TEST(a_port_that_stops_working_has_neighbours),
        PORTS_TEST(each_port_is_named_with_its_reason),
        PORTS_TEST(a_silent_port_leaves_time_for_the_next),
        PORTS_TEST(no_port_weakens_tls),
        PORTS_TEST(a_refused_login_is_final),
        PORTS_TEST(a_deadline_tells_what_was_tried),
        PORTS_TEST(a_login_has_its_time),
        PORTS_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
