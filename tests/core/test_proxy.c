/* SPDX-License-Identifier: MIT */
/* net/proxy: what is said to a SOCKS5 or HTTP proxy, and what is made of its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/memory.h"
#include "facteur.h"
#include "net/proxy.h"

#define BYTES(literal) literal, sizeof(literal) - 1

/* What the proxy is to be told, and what it answers then; `said` NULL ends a talk. */
struct turn {
    const char *said;
    size_t said_len;
    const char *answer;
    size_t answer_len;
};

struct talk {
    enum fct_proxy_kind kind;
    const char *host, *username, *password;
    struct turn turns[4];
    int result;
    size_t left; /* bytes of the last answer that are the relay's */
    const char *message;
};

static fct_proxy *begin(const struct talk *talk)
{
    struct fct_proxy_config config = {.host = "proxy.example", .port = 1080, .kind = talk->kind};
    fct_proxy *proxy;

    config.username = talk->username;
    if (talk->password)
        config.password = fct_secret_new(talk->password, strlen(talk->password));
    proxy = fct_proxy_new(&config, talk->host, 465);
    fct_secret_unref(config.password);
    return proxy;
}

static int answer(fct_proxy *proxy, const struct turn *turn, size_t step, size_t *left)
{
    size_t at = 0;
    int result = 0;

    while (at < turn->answer_len && result == 0) {
        size_t len = turn->answer_len - at < step ? turn->answer_len - at : step, used;

        result = fct_proxy_feed(proxy, turn->answer + at, len, &used);
        at += used;
        assert_true(used == len || result != 0);
    }
    *left = turn->answer_len - at;
    return result;
}

static void play(const struct talk *talk, size_t step)
{
    fct_proxy *proxy = begin(talk);
    size_t left = 0;
    int result = 0;

    assert_non_null(proxy);
    for (const struct turn *turn = talk->turns; turn->said; turn++) {
        fct_slice said = fct_proxy_output(proxy);

        assert_int_equal(result, 0);
        assert_int_equal(said.len, turn->said_len);
        assert_memory_equal(said.ptr, turn->said, said.len);
        /* The kernel may take it in two parts. */
        fct_proxy_sent(proxy, 1);
        assert_int_equal(fct_proxy_output(proxy).len, said.len - 1);
        fct_proxy_sent(proxy, said.len - 1);
        result = answer(proxy, turn, step, &left);
    }
    assert_int_equal(result, talk->result);
    if (result == 1)
        assert_int_equal(left, talk->left);
    if (talk->message)
        assert_string_equal(fct_proxy_message(proxy), talk->message);
    fct_proxy_free(proxy);
}

#define HELLO "\5\1\0"
#define HELLO_LOGIN "\5\2\0\2"
#define LOGIN "\1\4anna\6secret"
#define ASK "\5\1\0\3\16mx.example.com\1\321"
#define GRANTED "\5\0\0\1\177\0\0\1\4\70"

static const struct talk talks[] = {
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")}, {BYTES(ASK), BYTES(GRANTED "220 hi\r\n")}},
     1,
     8,
     ""},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     "anna",
     "secret",
     {{BYTES(HELLO_LOGIN), BYTES("\5\2")},
      {BYTES(LOGIN), BYTES("\1\0")},
      {BYTES(ASK), BYTES("\5\0\0\3\5proxy\4\70")}},
     1,
     0,
     ""},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     "anna",
     "secret",
     {{BYTES(HELLO_LOGIN), BYTES("\5\0")}, {BYTES(ASK), BYTES(GRANTED)}},
     1,
     0,
     ""},
    {FCT_PROXY_SOCKS5,
     "192.0.2.7",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")}, {BYTES("\5\1\0\1\300\0\2\7\1\321"), BYTES(GRANTED)}},
     1,
     0,
     ""},
    {FCT_PROXY_SOCKS5,
     "2001:db8::1",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")},
      {BYTES("\5\1\0\4\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\1\321"),
       BYTES("\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\4\70x")}},
     1,
     1,
     ""},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\377")}},
     FACTEUR_EAUTH,
     0,
     "it wants a user name and password"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     "anna",
     "secret",
     {{BYTES(HELLO_LOGIN), BYTES("\5\377")}},
     FACTEUR_EAUTH,
     0,
     "it takes no user name and password"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\2")}},
     FACTEUR_EAUTH,
     0,
     "it wants a user name and password"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     "anna",
     "secret",
     {{BYTES(HELLO_LOGIN), BYTES("\5\2")}, {BYTES(LOGIN), BYTES("\1\1")}},
     FACTEUR_EAUTH,
     0,
     "it refused the user name and password"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")}, {BYTES(ASK), BYTES("\5\5")}},
     FACTEUR_ECONNECT,
     0,
     "it did not connect to mx.example.com port 465: the connection was refused (code 5)"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")}, {BYTES(ASK), BYTES("\5\11")}},
     FACTEUR_ECONNECT,
     0,
     "it did not connect to mx.example.com port 465: it gave a code of its own (code 9)"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")}, {BYTES(ASK), BYTES("\5\0\0\7x")}},
     FACTEUR_ECONNECT,
     0,
     "it does not speak SOCKS5"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("22")}},
     FACTEUR_ECONNECT,
     0,
     "it does not speak SOCKS5"},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n220 hi\r\n")}},
     1,
     8,
     ""},
    {FCT_PROXY_HTTP,
     "2001:db8::1",
     "anna",
     "secret",
     {{BYTES("CONNECT [2001:db8::1]:465 HTTP/1.1\r\nHost: [2001:db8::1]:465\r\n"
             "Proxy-Authorization: Basic YW5uYTpzZWNyZXQ=\r\n\r\n"),
       BYTES("HTTP/1.0 200 OK\n\n")}},
     1,
     0,
     ""},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")}},
     FACTEUR_EAUTH,
     0,
     "it wants a user name and password"},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     "anna",
     "wrong",
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n"
             "Proxy-Authorization: Basic YW5uYTp3cm9uZw==\r\n\r\n"),
       BYTES("HTTP/1.1 401 No\r\n\r\n")}},
     FACTEUR_EAUTH,
     0,
     "it refused the user name and password"},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("HTTP/1.1 403 secret\r\n\r\n")}},
     FACTEUR_ECONFIG,
     0,
     "it did not connect to mx.example.com port 465: HTTP status 403"},
    {FCT_PROXY_SOCKS5,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES(HELLO), BYTES("\5\0")}, {BYTES(ASK), BYTES("\5\2\0\1\0\0\0\0\0\0")}},
     FACTEUR_ECONFIG,
     0,
     "it did not connect to mx.example.com port 465: its rules do not allow the connection (code "
     "2)"},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("HTTP/1.1 503 Later\r\n\r\n")}},
     FACTEUR_ECONNECT,
     0,
     "it did not connect to mx.example.com port 465: HTTP status 503"},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 Now\r\n\r\n220")}},
     1,
     3,
     ""},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("220 mx.example.com ESMTP\r\n")}},
     FACTEUR_ECONNECT,
     0,
     "it does not speak HTTP/1.1"},
    {FCT_PROXY_HTTP,
     "mx.example.com",
     NULL,
     NULL,
     {{BYTES("CONNECT mx.example.com:465 HTTP/1.1\r\nHost: mx.example.com:465\r\n\r\n"),
       BYTES("HTTP/1.1\r\n\r\n")}},
     FACTEUR_ECONNECT,
     0,
     "it does not speak HTTP/1.1"},
};

static void test_the_handshake_whole_and_octet_by_octet(void **state)
{
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
        for (size_t step = 1; step < 4; step++)
            play(&talks[i], step);
        play(&talks[i], SIZE_MAX);
    }
}

static void test_an_endless_answer_is_cut(void **state)
{
    static const char *const floods[] = {"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
                                         "Y: yyyyyyyyyyyy\r\n\r\nHTTP/1.1 100 Wait\r\n"};
    const struct talk talk = {.kind = FCT_PROXY_HTTP, .host = "mx.example.com"};

    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        fct_proxy *proxy = begin(&talk);
        size_t used, fed = 0;
        int result = fct_proxy_feed(proxy, BYTES("HTTP/1.1 100 Wait\r\n"), &used);

        while (result == 0 && fed < 100000) {
            result = fct_proxy_feed(proxy, floods[i], strlen(floods[i]), &used);
            fed += used;
        }
        assert_int_equal(result, FACTEUR_ECONNECT);
        assert_true(fed < 20000);
        assert_string_equal(fct_proxy_message(proxy), "its answer is too long");
        fct_proxy_free(proxy);
    }
}

/* Each allocation fails once: the talk ends, nothing leaks, nothing half-made is said. */
static void test_memory_runs_short(void **state)
{
    const struct talk *talk = &talks[1];

    for (unsigned long nth = 1;; nth++) {
        fct_proxy *proxy;
        size_t left = 0;
        int result = 0;
        bool failed;

        fct_memory_fail_at(nth);
        proxy = begin(talk);
        for (const struct turn *turn = talk->turns; proxy && turn->said && result == 0; turn++) {
            fct_proxy_sent(proxy, fct_proxy_output(proxy).len);
            result = answer(proxy, turn, SIZE_MAX, &left);
        }
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        fct_proxy_free(proxy);
        if (!failed)
            break;
        assert_true(!proxy || result == FACTEUR_ENOMEM || result == 1 || result == FACTEUR_EAUTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_handshake_whole_and_octet_by_octet),
        cmocka_unit_test(test_an_endless_answer_is_cut),
        cmocka_unit_test(test_memory_runs_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
