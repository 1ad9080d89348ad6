/* SPDX-License-Identifier: MIT */
/* mailer/concert and the pace of each relay: who waits for it, and who goes elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailer/concert.h"
#include "pool_fixture.h"

#define BUSY "421 4.7.0 too many connections\r\n"
#define WELCOME "220 test ESMTP\r\n"

static struct server a, b;
static fct_plan plan;
static fct_concert *concert;

/* A group of both servers; the query is the first one's. */
static void open_concert(const char *group, const char *query)
{
    char dsn[160];

    server_start(&a);
    server_start(&b);
    snprintf(dsn, sizeof dsn, "%s(smtp://127.0.0.1:%u%s smtp://127.0.0.1:%u)", group, a.port, query,
             b.port);
    assert_int_equal(fct_plan_init(&plan, dsn, NULL, NULL, 0, NULL), 0);
    assert_int_equal(fct_plan_complete(&plan, "", NULL), 0);
    concert = fct_concert_new(loop, &plan);
}

static void close_concert(void)
{
    fct_concert_free(concert);
    fct_plan_done(&plan);
    server_stop(&a);
    server_stop(&b);
}

static void send_by(struct post *post)
{
    *post = (struct post){
        .job = {.mail = mail, .deadline_us = fct_loop_now_us(loop) + 20000000, .done = on_done}};
    fct_concert_submit(concert, &post->job);
    fct_loop_run(loop, &post->finished);
    fct_free(post->job.transcript);
    post->job.transcript = NULL;
}

static void expect_sent_by(const struct post *post, unsigned member, unsigned attempts)
{
    expect_sent(post);
    assert_string_equal(post->job.relay, plan.members[member].relay.name);
    assert_int_equal(post->job.attempts, attempts);
}

static void a_mail_does_not_wait_for_who_complained(void **state)
{
    struct post post;

    a = (struct server){.greeting = BUSY};
    b = (struct server){0};
    open_concert("failover", "");
    send_by(&post);
    expect_sent_by(&post, 1, 2);
    for (int i = 0; i < 3; i++) {
        send_by(&post);
        expect_sent_by(&post, 1, 1);
    }
    close_concert();
    assert_int_equal(a.connections, 1);
    assert_int_equal(b.mails, 4);
}

static void who_was_passed_by_is_waited_for_in_the_end(void **state)
{
    struct post post;

    a = (struct server){.greeting = BUSY};
    b = (struct server){.greeting = "554 no service here\r\n"};
    open_concert("failover", "");
    send_by(&post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    a.greeting = WELCOME;
    send_by(&post);
    expect_sent_by(&post, 0, 2);
    close_concert();
    assert_int_equal(a.connections, 2);
    assert_int_equal(b.connections, 2);
}

static void when_all_complained_the_soonest_is_waited_for(void **state)
{
    struct post post;

    a = (struct server){.greeting = BUSY};
    b = (struct server){.greeting = BUSY};
    open_concert("roundrobin", "");
    send_by(&post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.job.attempts, 2);
    a.greeting = b.greeting = WELCOME;
    send_by(&post); /* the second one's turn, but the first one complained before it */
    expect_sent_by(&post, 0, 1);
    close_concert();
    assert_int_equal(b.connections, 1);
}

/* The user's own pace is no reason to send elsewhere. */
static void max_rate_is_waited_for(void **state)
{
    struct post post;

    a = b = (struct server){0};
    open_concert("failover", "?max_rate=20");
    for (int i = 0; i < 4; i++) {
        send_by(&post);
        expect_sent_by(&post, 0, 1);
    }
    close_concert();
    assert_int_equal(b.connections, 0);
}

int main(void)
{
#define PACE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PACE_TEST(a_mail_does_not_wait_for_who_complained),
        PACE_TEST(who_was_passed_by_is_waited_for_in_the_end),
        PACE_TEST(when_all_complained_the_soonest_is_waited_for),
        PACE_TEST(max_rate_is_waited_for),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
