/* SPDX-License-Identifier: MIT */
/* relays/: which mail waits for a relay's pace, which goes elsewhere, and how each ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "relays/concert.h"
#include "support/pool_fixture.h"

#define BUSY "421 4.7.0 too many connections\r\n"
#define WELCOME "220 test ESMTP\r\n"

static struct server a, b;
static fct_plan plan;
static fct_concert *concert;

/* A task, and what was told at its end. */
struct trip {
    struct fct_task task;
    bool finished;
    unsigned calls;
    enum fct_class class;
    int error;
    char message[512];
};

static void on_ended(struct fct_task *task, const fct_outcome *outcome)
{
    struct trip *trip = FCT_ENTRY(task, struct trip, task);

    trip->finished = true;
    trip->calls++;
    trip->class = outcome->class;
    trip->error = outcome->error;
    snprintf(trip->message, sizeof trip->message, "%s", outcome->message ? outcome->message : "");
}

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
    concert = fct_concert_new(loop, &plan, on_ended);
}

static void close_concert(void)
{
    fct_concert_free(concert);
    fct_plan_done(&plan);
    server_stop(&a);
    server_stop(&b);
}

static void give(struct trip *post, uint64_t limit_us)
{
    *post = (struct trip){.task = {.mail = mail, .deadline_us = fct_loop_now_us(loop) + limit_us}};
    assert_int_equal(fct_task_make_variants(&post->task, &plan, NULL), 0);
    fct_concert_submit(concert, &post->task);
    assert_false(post->finished);
}

static void await(struct trip *post)
{
    run_until_set(loop, &post->finished);
    assert_int_equal(post->calls, 1);
    fct_free(post->task.transcript);
    post->task.transcript = NULL;
}

static void send_by(struct trip *post)
{
    give(post, PLENTY_US);
    await(post);
}

static void expect_sent_by(const struct trip *post, unsigned member, unsigned attempts)
{
    if (post->class != FCT_SENT)
        fail_msg("not sent: %d %s", post->error, post->message);
    assert_null(post->task.transcript);
    assert_string_equal(post->task.relay, plan.members[member].relay.name);
    assert_int_equal(post->task.attempts, attempts);
}

static void a_mail_does_not_wait_for_who_complained(void **state)
{
    struct trip post, next[3];

    a = (struct server){.greeting = BUSY};
    b = (struct server){0};
    open_concert("failover", "");
    send_by(&post);
    expect_sent_by(&post, 1, 2);
    for (int i = 0; i < 3; i++)
        give(&next[i], PLENTY_US);
    for (int i = 0; i < 3; i++) {
        await(&next[i]);
        expect_sent_by(&next[i], 1, 1);
    }
    close_concert();
    assert_int_equal(a.connections, 1);
    assert_int_equal(b.mails, 4);
}

static void who_was_passed_by_is_waited_for_in_the_end(void **state)
{
    struct trip post;

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
    struct trip post;

    a = (struct server){.greeting = BUSY};
    b = (struct server){.greeting = BUSY};
    open_concert("roundrobin", "");
    send_by(&post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.task.attempts, 2);
    a.greeting = b.greeting = WELCOME;
    send_by(&post); /* the second one's turn, but the first one complained before it */
    expect_sent_by(&post, 0, 1);
    close_concert();
    assert_int_equal(b.connections, 1);
}

/* Else a burst would wait behind max_rate, while the relay that complained has long recovered. */
static void nobody_is_passed_by_for_a_queue(void **state)
{
    struct trip first, queued, post;

    a = (struct server){0};
    b = (struct server){.greeting = BUSY};
    open_concert("roundrobin", "?max_rate=5");
    send_by(&first);
    send_by(&first); /* the second one's turn, who complains */
    expect_sent_by(&first, 0, 2);
    b.greeting = WELCOME;
    give(&queued, PLENTY_US);
    give(&post, PLENTY_US);
    await(&queued);
    await(&post);
    expect_sent_by(&queued, 0, 1);
    expect_sent_by(&post, 1, 1);
    close_concert();
}

/* The user's own pace is no reason to send elsewhere. */
static void max_rate_is_waited_for(void **state)
{
    struct trip post;

    a = b = (struct server){0};
    open_concert("failover", "?max_rate=20");
    for (int i = 0; i < 4; i++) {
        send_by(&post);
        expect_sent_by(&post, 0, 1);
    }
    close_concert();
    assert_int_equal(b.connections, 0);
}

/* However it ends, a mail that waits has one verdict: it was not sent. */
static void who_waits_can_be_ended(void **state)
{
    struct trip first, cancelled, cut, left[2];

    a = (struct server){.greeting = BUSY};
    b = (struct server){.greeting = BUSY};
    open_concert("failover", "");
    send_by(&first);
    give(&cancelled, PLENTY_US);
    give(&cut, PLENTY_US);
    give(&left[0], PLENTY_US);
    give(&left[1], PLENTY_US);
    fct_concert_cut(concert, &cut.task);
    fct_concert_cut(concert, &cut.task);
    assert_true(fct_concert_cancel(concert, &cancelled.task));
    assert_true(fct_concert_cancel(concert, &cancelled.task));
    assert_int_equal(cut.calls, 1);
    assert_int_equal(cancelled.calls, 1);
    fct_concert_quit(concert);
    close_concert();
    for (struct trip **post = (struct trip *[]){&cancelled, &cut, left, left + 1, NULL}; *post;
         post++) {
        assert_int_equal((*post)->calls, 1);
        assert_int_equal((*post)->class, FCT_TEMPORARY);
        assert_int_equal((*post)->error, FACTEUR_ECLOSED);
        assert_int_equal((*post)->task.attempts, 0);
    }
    assert_int_equal(a.connections, 1);
    assert_int_equal(b.connections, 1);
}

/* The sentence quotes the complaint, of whatever length: no character is cut in two. */
static void a_deadline_tells_what_was_waited_for(void **state)
{
    for (size_t shift = 0; shift < 2; shift++) {
        char greeting[512] = "421 4.7.0 slow down x";
        size_t len = strlen(greeting) - shift;
        struct trip post;

        for (int i = 0; i < 150; i++, len += 2)
            memcpy(greeting + len, "\xc3\xa9", 2);
        memcpy(greeting + len, "\r\n", 3);
        a = (struct server){.greeting = greeting};
        b = (struct server){.greeting = greeting};
        open_concert("failover", "");
        send_by(&post);
        give(&post, 20000);
        await(&post);
        assert_int_equal(post.class, FCT_TEMPORARY);
        assert_int_equal(post.error, FACTEUR_EDEADLINE);
        assert_non_null(strstr(post.message, "the relay asked for fewer mails ("));
        assert_non_null(strstr(post.message, "slow down"));
        assert_int_equal(fct_utf8_check(fct_slice_of(post.message)), strlen(post.message));
        close_concert();
        assert_int_equal(a.connections, 1);
        assert_int_equal(b.connections, 1);
    }
}

static void a_silent_relay_has_its_share(void **state)
{
    struct trip post;

    a = (struct server){.mute = 1};
    b = (struct server){0};
    open_concert("failover", "");
    give(&post, 1200000);
    await(&post);
    expect_sent_by(&post, 1, 2);
    close_concert();
    assert_int_equal(b.mails, 1);
}

/* With tags each relay has a mail of its own, which is one more thing that memory may lack for. */
static void tags_without_memory(void **state)
{
    fct_mail *plain = mail;
    fct_labels labels = {0};
    bool failed = true;

    assert_int_equal(fct_labels_add(&labels, "tags", fct_slice_of(""), fct_slice_of("order"), NULL),
                     0);
    mail = mail_make("b@example.com");
    assert_int_equal(fct_mail_equip(mail, fct_mail_terms(mail), &labels, fct_mail_notes(mail)), 0);
    fct_labels_done(&labels);
    a = (struct server){.hang_up = 1000000};
    b = (struct server){0};
    open_concert("failover", "");
    fct_concert_free(concert);
    plan.members[0].dsn.preset = fct_preset_find(fct_slice_of("brevo"));
    plan.members[1].dsn.preset = fct_preset_find(fct_slice_of("postmark"));
    for (unsigned long nth = 1; failed; nth++) {
        int mails = b.mails, err;
        struct trip post = {
            .task = {.mail = mail, .deadline_us = fct_loop_now_us(loop) + PLENTY_US}};

        concert = fct_concert_new(loop, &plan, on_ended);
        fct_memory_fail_at(nth);
        err = fct_task_make_variants(&post.task, &plan, NULL);
        if (!err) {
            fct_concert_submit(concert, &post.task);
            await(&post);
        }
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(post.calls, err == 0);
        if (err) {
            assert_int_equal(err, FACTEUR_ENOMEM);
            assert_null(post.task.variants);
        } else {
            assert_int_not_equal(post.class, FCT_PERMANENT);
        }
        if (!err && post.class != FCT_IN_DOUBT)
            assert_int_equal(b.mails - mails, post.class == FCT_SENT);
        if (!failed)
            expect_sent_by(&post, 1, 2);
        fct_concert_free(concert);
    }
    concert = NULL;
    close_concert();
    fct_mail_unref(mail);
    mail = plain;
}

int main(void)
{
#define PACE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PACE_TEST(a_mail_does_not_wait_for_who_complained),
        PACE_TEST(who_was_passed_by_is_waited_for_in_the_end),
        PACE_TEST(when_all_complained_the_soonest_is_waited_for),
        PACE_TEST(nobody_is_passed_by_for_a_queue),
        PACE_TEST(max_rate_is_waited_for),
        PACE_TEST(who_waits_can_be_ended),
        PACE_TEST(a_deadline_tells_what_was_waited_for),
        PACE_TEST(a_silent_relay_has_its_share),
        PACE_TEST(tags_without_memory),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
