/* SPDX-License-Identifier: MIT */
/* Each system call of a send failing once: every mail has one class, and it is the right one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/system.h"
#include "support/pool_fixture.h"

/* What the failed call cannot have hurt; a socket that is broken can. */
static bool is_harmless(const char *call, int error)
{
    if (error == FCT_SYSTEM_SHORT)
        return true;
    if (strcmp(call, "sendmsg") == 0)
        return error == EINTR || error == EAGAIN || error == ENOBUFS;
    return strcmp(call, "recv") == 0 && (error == EINTR || error == EAGAIN);
}

static void check(const struct post *post, const char *call, int error)
{
    assert_int_equal(post->calls, 1);
    assert_int_not_equal(post->class, FCT_PERMANENT);
    if (post->class != FCT_SENT) {
        assert_int_not_equal(post->error, 0);
        assert_true(post->message[0] != '\0');
        if (is_harmless(call, error))
            fail_msg("%s with errno %d lost a mail: %s", call, error, post->message);
    }
}

/* Whether the nth call came. */
static bool fail_nth(unsigned long nth, int error, const char *features, SSL_CTX *tls)
{
    struct server server = {.features = features, .tls = tls};
    struct post post;
    const char *call;
    fct_relay relay;
    fct_pool *pool;
    int sent = 0, in_doubt = 0;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    /* The second mail meets a connection that was used. */
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            fct_system_fail_at(nth, error);
        submit(pool, &post, PLENTY_US);
        run_until_set(loop, &post.finished);
        call = fct_system_failed();
        check(&post, call ? call : "nothing", call ? error : FCT_SYSTEM_SHORT);
        sent += post.class == FCT_SENT;
        in_doubt += post.class == FCT_IN_DOUBT;
        fct_free(post.job.transcript);
    }
    call = fct_system_failed();
    fct_system_fail_at(0, 0);
    fct_pool_free(pool);
    server_stop(&server);
    /* Every mail that was called temporary was not taken. */
    assert_in_range(server.mails, sent, sent + in_doubt);
    return call != NULL;
}

static void sweep(const char *features, SSL_CTX *tls)
{
    static const int errors[] = {FCT_SYSTEM_SHORT, EINTR,   EAGAIN, ECONNRESET,
                                 EMFILE,           ENOBUFS, EPIPE};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        unsigned long nth = 1;

        while (fail_nth(nth, errors[i], features, tls))
            nth++;
        assert_true(nth > 8);
    }
}

/* As the system's own would: nothing came of it, and errno says why. */
static void a_failed_call_has_made_nothing(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int value = 7;
    socklen_t len = sizeof value;

    fct_system_fail_at(1, EMFILE);
    assert_int_equal(fct_system_socket(AF_INET, SOCK_STREAM, 0), -1);
    assert_int_equal(errno, EMFILE);
    fct_system_fail_at(1, EPERM);
    assert_int_equal(fct_system_socket(AF_INET, SOCK_STREAM, 0), -1);
    fct_system_fail_at(1, ECONNREFUSED);
    assert_int_equal(fct_system_connect(-1, (struct sockaddr *)&address, sizeof address), -1);
    assert_int_equal(errno, ECONNREFUSED);
    fct_system_fail_at(1, ENOBUFS);
    assert_int_equal(fct_system_getsockopt(-1, SOL_SOCKET, SO_ERROR, &value, &len), -1);
    assert_int_equal(errno, ENOBUFS);
    assert_int_equal(value, 7);
    assert_string_equal(fct_system_failed(), "getsockopt");
    fct_system_fail_at(0, 0);
}

static void calls_fail_in_clear(void **state)
{
    sweep("250 test\r\n", NULL);
    sweep("250-test\r\n250 PIPELINING\r\n", NULL);
    sweep("250-test\r\n250-CHUNKING\r\n250 PIPELINING\r\n", NULL);
}

static void calls_fail_under_tls(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    SSL_CTX *tls = server_context(&certificate);

    sweep("250-test\r\n250 PIPELINING\r\n", tls);
    SSL_CTX_free(tls);
    certificate_free(&certificate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_call_has_made_nothing),
        cmocka_unit_test_setup_teardown(calls_fail_in_clear, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_fail_under_tls, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
