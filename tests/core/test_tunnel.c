/* SPDX-License-Identifier: MIT */
/* pool/ and net/dial through a proxy, good ones and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/memory.h"
#include "net/system.h"
#include "support/pool_fixture.h"
#include "support/proxy_peer.h"

#define BYTES(literal) .instead = literal, .instead_len = sizeof(literal) - 1

/* The relay's name exists for the proxy alone. */
static fct_relay relay_behind(const struct proxy_peer *peer, const struct server *server)
{
    fct_relay relay = relay_for(server);

    relay.host = (char *)"relay.invalid";
    relay.proxy = (struct fct_proxy_config){.name = peer->http ? "http://127.0.0.1" : "socks5://p",
                                            .host = "127.0.0.1",
                                            .port = peer->port,
                                            .kind = peer->http ? FCT_PROXY_HTTP : FCT_PROXY_SOCKS5};
    return relay;
}

static void log_in(fct_relay *relay, const char *password)
{
    relay->proxy.username = "anna";
    relay->proxy.password = fct_secret_new(password, strlen(password));
}

/* A relay behind a proxy, and a pool before both. */
struct stage {
    struct proxy_peer peer;
    struct server server;
    fct_relay relay;
    fct_pool *pool;
    struct post post;
};

static void stage_set(struct stage *stage, const char *password)
{
    server_start(&stage->server);
    proxy_peer_start(&stage->peer);
    stage->relay = relay_behind(&stage->peer, &stage->server);
    if (password)
        log_in(&stage->relay, password);
    stage->pool = fct_pool_new(loop, &stage->relay);
}

static void stage_strike(struct stage *stage)
{
    fct_free(stage->post.job.transcript);
    fct_pool_free(stage->pool);
    proxy_peer_stop(&stage->peer);
    server_stop(&stage->server);
    fct_secret_unref(stage->relay.proxy.password);
}

static void mails_go_through_every_kind_of_proxy(void **state)
{
    for (int variant = 0; variant < 16; variant++) {
        struct stage s = {.peer = {.http = variant & 1,
                                   .login = variant & 2 ? "anna:sesame" : NULL,
                                   .glue = variant & 4,
                                   .slowly = variant & 8}};
        char asked[300];

        stage_set(&s, "sesame");
        for (int i = 0; i < 2; i++) {
            send_one(s.pool, &s.post);
            expect_sent(&s.post);
        }
        assert_true(s.post.timing_us[FACTEUR_PHASE_mail] >= 0);
        stage_strike(&s);
        snprintf(asked, sizeof asked, "relay.invalid:%u", s.server.port);
        assert_string_equal(s.peer.asked, asked);
        assert_int_equal(s.peer.connections, 1);
        assert_int_equal(s.server.mails, 2);
    }
}

/* The certificate is the relay's, whatever the proxy is called. */
static void tls_is_with_the_relay(void **state)
{
    struct certificate certificate = certificate_make(&(struct certificate_plan){
        .name = "relay", .san = "DNS:relay.invalid", .from_days = -1, .to_days = 2});
    char ca[64];

    certificate_write(&certificate, false, ca);
    for (int i = 0; i < 2; i++) {
        struct stage s = {.server = {.tls = server_context(&certificate)}};

        stage_set(&s, NULL);
        s.relay.tls =
            (struct fct_tls_config){.ca_file = ca, .name = i ? "other.invalid" : "relay.invalid"};
        send_one(s.pool, &s.post);
        if (i == 0)
            expect_sent(&s.post);
        else
            assert_int_equal(s.post.error, FACTEUR_ETLS);
        stage_strike(&s);
        SSL_CTX_free(s.server.tls);
        assert_int_equal(s.server.mails, i == 0);
    }
    unlink(ca);
    certificate_free(&certificate);
}

struct refusal {
    struct proxy_peer peer;
    const char *login; /* the password that we have */
    int error;
    const char *message;
};

static void refusals_say_that_it_is_the_proxy(void **state)
{
    static const struct refusal cases[] = {
        {{.login = "anna:sesame"}, "wrong", FACTEUR_ECONFIG, ": it refused the user name and"},
        {{.login = "anna:sesame", .http = true}, "wrong", FACTEUR_ECONFIG, ": it refused the user"},
        {{.login = "anna:sesame"}, NULL, FACTEUR_ECONFIG, ": it wants a user name and password"},
        {{.only_port = 1}, NULL, FACTEUR_ECONFIG, "its rules do not allow the connection (code 2)"},
        {{.only_port = 1, .http = true}, NULL, FACTEUR_ECONFIG, "HTTP status 403"},
        {{BYTES("")}, NULL, FACTEUR_ECONNECT, ": it closed the connection"},
        {{BYTES("\5")}, NULL, FACTEUR_ECONNECT, ": it closed the connection"},
        {{BYTES("\5\0")}, NULL, FACTEUR_ECONNECT, ": it closed the connection"},
        {{BYTES("\5\0\5\0\0\1\0")}, NULL, FACTEUR_ECONNECT, ": it closed the connection"},
        {{BYTES("\5\0\5\0\0\7xxxxxx")}, NULL, FACTEUR_ECONNECT, ": it does not speak SOCKS5"},
        {{BYTES("220 hello\r\n")}, NULL, FACTEUR_ECONNECT, ": it does not speak SOCKS5"},
        {{BYTES("\5\0\5\4\0\1\0\0\0\0\0\0")}, NULL, FACTEUR_ECONNECT, "unreachable (code 4)"},
        {{BYTES("220 hello\r\n"), .http = true}, NULL, FACTEUR_ECONNECT, "does not speak HTTP/1.1"},
        {{BYTES("HTTP/1.1 200 OK\r\n"), .http = true}, NULL, FACTEUR_ECONNECT, ": it closed the"},
        {{BYTES("HTTP/1.1 504 \r\n\r\n"), .http = true}, NULL, FACTEUR_ECONNECT, "HTTP status 504"},
    };

    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const struct refusal *c = &cases[i / 2];
        struct stage s = {.peer = c->peer};

        s.peer.slowly = i % 2;
        stage_set(&s, c->login);
        send_one(s.pool, &s.post);
        assert_int_equal(s.post.error, c->error);
        assert_int_equal(s.post.class, FCT_TEMPORARY);
        assert_int_equal(s.post.phase, FACTEUR_PHASE_connect);
        if (strncmp(s.post.message, "proxy ", 6) != 0 || !strstr(s.post.message, c->message))
            fail_msg("%s", s.post.message);
        assert_null(strstr(s.post.message, "sesame"));
        assert_null(strstr(s.post.message, "wrong"));
        stage_strike(&s);
        assert_int_equal(s.peer.connections, 1);
        assert_int_equal(s.server.connections, 0);
    }
}

static void a_silent_proxy_costs_no_more_than_its_time(void **state)
{
    for (int http = 0; http < 2; http++) {
        struct stage s = {.peer = {BYTES(""), .silent = true, .http = http}};

        stage_set(&s, NULL);
        s.relay.connect_us = 500000;
        send_one(s.pool, &s.post);
        assert_int_equal(s.post.error, FACTEUR_ECONNECT);
        assert_non_null(strstr(s.post.message, "proxy "));
        assert_non_null(strstr(s.post.message, "no answer from 127.0.0.1:"));
        stage_strike(&s);
    }
}

static void an_unreachable_proxy_is_named(void **state)
{
    struct proxy_peer peer = {.port = 1};
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_behind(&peer, &server);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    assert_string_equal(post.message, "proxy socks5://p: connection refused by 127.0.0.1:1");
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    server_stop(&server);
}

static void nothing(fct_timer *timer)
{
    *(bool *)(void *)(timer + 1) = true;
}

/* The proxy's system answers the kernel's questions; that says nothing about the way behind it. */
static void a_tunnel_that_died_while_idle_leaves_nothing_in_doubt(void **state)
{
    struct stage s = {0};
    struct {
        fct_timer timer;
        bool over;
    } rest = {.over = false};

    stage_set(&s, NULL);
    s.relay.pool_size = 1;
    send_one(s.pool, &s.post);
    expect_sent(&s.post);
    s.peer.swallowed = 1;
    fct_timer_init(&rest.timer, nothing);
    fct_timer_set(loop, &rest.timer, fct_loop_now_us(loop) + s.relay.fresh_us + 200000);
    run_until_set(loop, &rest.over);
    send_one(s.pool, &s.post);
    expect_sent(&s.post);
    assert_int_equal(s.post.job.attempts, 2);
    stage_strike(&s);
    assert_int_equal(s.server.mails, 2);
}

/* Each port has a tunnel of its own. */
static void a_proxy_may_let_one_port_through(void **state)
{
    struct proxy_peer peer = {0};
    struct server dead = {0}, server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&dead);
    server_start(&server);
    peer.only_port = server.port;
    proxy_peer_start(&peer);
    relay = relay_behind(&peer, &server);
    relay.ports[0] = relay.port = dead.port;
    relay.ports[1] = server.port;
    relay.port_count = 2;
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    expect_sent(&post);
    fct_pool_free(pool);
    proxy_peer_stop(&peer);
    server_stop(&server);
    server_stop(&dead);
    assert_int_equal(peer.connections, 2);
    assert_int_equal(dead.connections, 0);
    assert_int_equal(server.mails, 1);
}

static bool send_with_a_fault(const fct_relay *relay, unsigned long call, unsigned long memory)
{
    fct_pool *pool = fct_pool_new(loop, relay);
    struct post post;
    bool failed;

    fct_system_fail_at(call, call ? FCT_SYSTEM_SHORT : 0);
    fct_memory_fail_at(memory);
    send_one(pool, &post);
    failed = fct_system_failed() || fct_memory_failed();
    fct_system_fail_at(0, 0);
    fct_memory_fail_at(0);
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    if (call || !failed)
        assert_int_equal(post.class, FCT_SENT);
    return failed;
}

/* What the kernel moves octet by octet is the same handshake; and nothing is lost without memory.
 */
static void short_calls_and_short_memory(void **state)
{
    for (int http = 0; http < 2; http++) {
        struct proxy_peer peer = {.http = http, .login = "anna:sesame", .glue = true};
        struct server server = {0};
        fct_relay relay;

        server_start(&server);
        proxy_peer_start(&peer);
        relay = relay_behind(&peer, &server);
        log_in(&relay, "sesame");
        for (unsigned long nth = 1; send_with_a_fault(&relay, nth, 0);)
            nth++;
        for (unsigned long nth = 1; send_with_a_fault(&relay, 0, nth);)
            nth++;
        proxy_peer_stop(&peer);
        server_stop(&server);
        fct_secret_unref(relay.proxy.password);
    }
}

int main(void)
{
#define TUNNEL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TUNNEL_TEST(mails_go_through_every_kind_of_proxy),
        TUNNEL_TEST(tls_is_with_the_relay),
        TUNNEL_TEST(refusals_say_that_it_is_the_proxy),
        TUNNEL_TEST(a_silent_proxy_costs_no_more_than_its_time),
        TUNNEL_TEST(an_unreachable_proxy_is_named),
        TUNNEL_TEST(a_tunnel_that_died_while_idle_leaves_nothing_in_doubt),
        TUNNEL_TEST(a_proxy_may_let_one_port_through),
        TUNNEL_TEST(short_calls_and_short_memory),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
