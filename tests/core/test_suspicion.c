/* SPDX-License-Identifier: MIT */
/* pool/suspicion and net/tls_probe: a silent port is asked for TLS, once, by a connection of its
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "net/tls_probe.h"
#include "pool/suspicion.h"
#include "support/pool_fixture.h"

static struct certificate certificate;

static int make_certificate(void **state)
{
    certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    return 0;
}

static int drop_certificate(void **state)
{
    certificate_free(&certificate);
    return 0;
}

struct answer {
    bool finished, spoken;
    unsigned calls;
    fct_tls_probe *probe; /* freed by its own answer */
    char message[128];
};

static void on_answer(void *user, bool spoken)
{
    struct answer *answer = user;

    answer->finished = true;
    answer->spoken = spoken;
    answer->calls++;
    fct_tls_probe_free(answer->probe);
    answer->probe = NULL;
}

static struct answer ask(uint16_t port, uint64_t limit_us)
{
    struct fct_dial_target target = {.host = "127.0.0.1", .ports = {port}, .port_count = 1};
    struct answer answer = {0};

    answer.probe =
        fct_tls_probe_start(loop, &target, fct_loop_now_us(loop) + limit_us, on_answer, &answer);
    assert_non_null(answer.probe);
    assert_false(answer.finished);
    run_until_set(loop, &answer.finished);
    for (int i = 0; i < 3; i++)
        fct_loop_step(loop);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void only_a_handshake_is_an_answer(void **state)
{
    struct server secure = {.tls = server_context(&certificate)}, clear = {0}, mute = {.mute = 1};
    uint16_t port;

    server_start(&secure);
    server_start(&clear);
    server_start(&mute);
    assert_true(ask(secure.port, PLENTY_US).spoken);
    assert_false(ask(clear.port, PLENTY_US).spoken);
    assert_false(ask(mute.port, 100000).spoken);
    assert_int_equal(secure.bare + secure.mails + clear.bare, 0);
    server_stop(&secure);
    SSL_CTX_free(secure.tls);
    server_stop(&clear);
    server_stop(&mute);
    port = clear.port;
    assert_false(ask(port, PLENTY_US).spoken); /* nobody listens there any more */
}

static void a_probe_may_be_freed_at_any_turn(void **state)
{
    struct server server = {.tls = server_context(&certificate)};
    struct fct_dial_target target = {.host = "127.0.0.1", .port_count = 1};
    size_t blocks;

    server_start(&server);
    target.ports[0] = server.port;
    assert_true(ask(server.port, PLENTY_US).spoken);
    blocks = fct_memory_blocks();
    for (int turns = 0; turns < 12; turns++) {
        struct answer answer = {0};
        fct_tls_probe *probe = fct_tls_probe_start(loop, &target, fct_loop_now_us(loop) + PLENTY_US,
                                                   on_answer, &answer);

        for (int i = 0; i < turns && !answer.finished; i++)
            fct_loop_step(loop);
        fct_tls_probe_free(probe);
        fct_loop_step(loop);
        assert_true(answer.calls <= 1);
        assert_int_equal(fct_memory_blocks(), blocks);
    }
    fct_tls_probe_free(NULL);
    server_stop(&server);
    SSL_CTX_free(server.tls);
}

static void a_probe_without_memory_says_no(void **state)
{
    struct server server = {.tls = server_context(&certificate)};
    struct fct_dial_target target = {.host = "127.0.0.1", .port_count = 1};
    bool failed = true;

    server_start(&server);
    target.ports[0] = server.port;
    for (unsigned long nth = 1; failed; nth++) {
        struct answer answer = {0};

        fct_memory_fail_at(nth);
        answer.probe = fct_tls_probe_start(loop, &target, fct_loop_now_us(loop) + PLENTY_US,
                                           on_answer, &answer);
        if (answer.probe)
            run_until_set(loop, &answer.finished);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_true(failed || answer.spoken);
    }
    server_stop(&server);
    SSL_CTX_free(server.tls);
}

/* ---- Suspicion ------------------------------------------------------------------------------- */

static void on_confirmed(void *user, const char *message)
{
    struct answer *answer = user;

    answer->finished = true;
    answer->calls++;
    snprintf(answer->message, sizeof answer->message, "%s", message);
}

static void only_ports_of_tls_are_suspected(void **state)
{
    struct server server = {.mute = 1};
    struct fct_suspicion suspicion;
    struct answer answer = {0};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    uint64_t now_us = fct_loop_now_us(loop);

    fct_suspicion_init(&suspicion, loop, &relay, on_confirmed, &answer);
    fct_suspicion_watch(&suspicion, 587);
    assert_false(fct_timer_is_set(&suspicion.timer));
    fct_suspicion_watch(&suspicion, 2465);
    assert_true(fct_timer_is_set(&suspicion.timer));
    assert_in_range(suspicion.timer.due_us, now_us + 1000000, fct_loop_now_us(loop) + 1000000);
    fct_suspicion_drop(&suspicion);
    assert_false(fct_timer_is_set(&suspicion.timer));
    fct_suspicion_drop(&suspicion);
    stage_close(pool, &server);
}

static bool has_no_probe(void *user)
{
    return !((struct fct_suspicion *)user)->probe;
}

/* The port as it would be after a second of silence. */
static void confirm(struct server *server, bool speaks_tls)
{
    struct fct_suspicion suspicion;
    struct answer answer = {0};
    fct_relay relay;
    fct_pool *pool = stage_open(server, &relay);
    char expected[128];

    relay.connect_us = speaks_tls ? PLENTY_US : 200000;
    fct_suspicion_init(&suspicion, loop, &relay, on_confirmed, &answer);
    suspicion.port = server->port;
    fct_timer_set(loop, &suspicion.timer, 0);
    fct_loop_step(loop);
    assert_non_null(suspicion.probe);
    loop_until(has_no_probe, &suspicion);
    assert_int_equal(answer.calls, speaks_tls);
    snprintf(expected, sizeof expected,
             "TLS mode mismatch: port %u speaks TLS from the start, use smtps:// (tls=implicit)",
             server->port);
    assert_string_equal(answer.message, speaks_tls ? expected : "");
    stage_close(pool, server);
}

static void what_speaks_tls_is_told(void **state)
{
    struct server secure = {.tls = server_context(&certificate)}, mute = {.mute = 1};

    confirm(&secure, true);
    confirm(&mute, false);
    SSL_CTX_free(secure.tls);
}

int main(void)
{
#define SUSPICION_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SUSPICION_TEST(only_a_handshake_is_an_answer),
        SUSPICION_TEST(a_probe_may_be_freed_at_any_turn),
        SUSPICION_TEST(a_probe_without_memory_says_no),
        SUSPICION_TEST(only_ports_of_tls_are_suspected),
        SUSPICION_TEST(what_speaks_tls_is_told),
    };

    return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
