/* SPDX-License-Identifier: MIT */
/*
 * Mails whose time is over, or for which nobody waits any more, when they are on their way: what
 * their connection still does for them and for their neighbours.  The dialogues deadline-*.txt show
 * the rest.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "smtp/later.h"
#include "support/session_calls.h"

#define OFFERS "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
#define TAKEN "250 ok\r\n250 ok\r\n250 2.0.0 queued\r\n"
#define TAKEN_BEHIND "250 ok\r\n" TAKEN /* with the reply to the RSET before it */

static fct_mail *mail;

static int make_mail(void **state)
{
    mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    return 0;
}

static int free_mail(void **state)
{
    fct_mail_unref(mail);
    return 0;
}

static void submit_until(fct_session *session, uint64_t deadline_us, unsigned hold, void *tag)
{
    assert_int_equal(fct_session_submit(session, mail, deadline_us, hold, tag, 10), 0);
}

static void feed_at(fct_session *session, const char *text, uint64_t now_us)
{
    assert_int_equal(fct_session_feed(session, text, strlen(text), now_us), 0);
}

static void expect_nothing(fct_session *session)
{
    struct fct_session_event event;

    assert_int_equal(fct_session_next(session, &event), 0);
}

static void expect_close(fct_session *session, int error)
{
    struct fct_session_event event;

    assert_int_equal(fct_session_next(session, &event), 1);
    assert_int_equal(event.kind, FCT_EVENT_CLOSE);
    assert_int_equal(event.error, error);
    expect_nothing(session);
}

/* Relays that are slower than any mail's deadline here. */
static fct_session *patient_session(unsigned depth)
{
    struct fct_session_config config = defaults;

    config.command_us = config.body_us = config.final_us = 100000;
    config.pipeline_depth = depth;
    return ready_session(&config, OFFERS);
}

static void a_late_verdict_is_kept(void **state)
{
    fct_session *session = ready_session(&defaults, OFFERS);
    fct_outcome *first, *second;
    fct_later *later;
    int tag;

    submit_until(session, 1000, 0, &tag);
    take_all(session);
    fct_session_tick(session, 1000);
    first = next_outcome(session);
    assert_ptr_equal(first->tag, &tag);
    assert_true(first->detached && first->class == FCT_IN_DOUBT);
    later = fct_later_ref(first->later);
    fct_outcome_free(first);
    assert_null(fct_later_told(later));
    /* It has no time of its own any more that a rest could lengthen. */
    fct_session_rested(session, 7, 1000);
    assert_true(fct_session_deadline(session) > 1001);

    feed_at(session, TAKEN, 1001);
    second = next_outcome(session);
    assert_null(second->tag);
    assert_true(second->late);
    fct_later_tell(second);
    fct_session_free(session);
    assert_non_null(fct_later_told(later));
    assert_int_equal(fct_later_told(later)->class, FCT_SENT);
    assert_int_equal(fct_later_told(later)->reply.code, 250);
    assert_string_equal(fct_later_told(later)->reply.enhanced, "2.0.0");
    fct_later_unref(later);
}

/* Its refusal is certain before its end comes, so there is nothing to read later. */
static void a_refused_sender_is_told_early(void **state)
{
    fct_session *session = ready_session(&defaults, OFFERS);
    fct_outcome *outcome;
    int tag;

    submit_until(session, 1000, 0, &tag);
    take_all(session);
    feed_at(session, "550 5.7.1 not you\r\n", 20);
    fct_session_tick(session, 1000);
    outcome = next_outcome(session);
    assert_ptr_equal(outcome->tag, &tag);
    assert_int_equal(outcome->class, FCT_PERMANENT);
    assert_int_equal(outcome->error, FACTEUR_EPERMANENT);
    assert_int_equal(outcome->reply.code, 550);
    assert_true(outcome->detached);
    assert_null(outcome->later);
    fct_outcome_free(outcome);

    feed_at(session, "503 no sender\r\n503 no sender\r\n", 1001);
    outcome = next_outcome(session);
    assert_null(outcome->tag);
    assert_null(outcome->later);
    assert_false(outcome->late);
    assert_int_equal(outcome->class, FCT_PERMANENT);
    fct_later_tell(outcome);
    expect_nothing(session);
    fct_session_free(session);
}

#ifdef FCT_FAULT_INJECTION
/* The connection ends: the mail must not have two outcomes, nor none. */
static void no_memory_for_a_second_outcome(void **state)
{
    unsigned ended = 0;
    bool failed = true;

    for (unsigned long nth = 1; failed; nth++) {
        fct_session *session = ready_session(&defaults, OFFERS);
        fct_outcome *outcome;
        bool detached;
        int tag;

        submit_until(session, 1000, 0, &tag);
        take_all(session);
        fct_memory_fail_at(nth);
        fct_session_tick(session, 1000);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        outcome = next_outcome(session);
        assert_ptr_equal(outcome->tag, &tag);
        assert_int_equal(outcome->class, FCT_IN_DOUBT);
        assert_int_equal(outcome->error, FACTEUR_EINDOUBT);
        detached = outcome->detached;
        assert_true(detached == (outcome->later != NULL));
        fct_outcome_free(outcome);
        if (detached) {
            feed_at(session, TAKEN, 1001);
            expect_outcome(session, FCT_SENT, 0);
            expect_nothing(session);
        } else {
            expect_close(session, FACTEUR_EDEADLINE);
            ended++;
        }
        fct_session_free(session);
        assert_true(failed || detached);
    }
    /* The outcome, its recipients, and what its readers share. */
    assert_int_equal(ended, 3);
}
#endif

/* Nobody waits for it: its deadline means nothing any more, and its verdict is still taken. */
static void a_mail_without_an_owner(void **state)
{
    fct_session *session = ready_session(&defaults, OFFERS);
    fct_outcome *outcome;
    int tag, other;

    submit_until(session, 1000, 0, &tag);
    take_all(session);
    fct_session_disown(session, &other);
    assert_int_equal(fct_session_room(session), 15);
    fct_session_disown(session, &tag);
    assert_int_equal(fct_session_room(session), 0);
    expect_deadline(session, 1000);
    fct_session_tick(session, 1000);
    expect_nothing(session);
    expect_deadline(session, 1010);
    feed_at(session, TAKEN, 1001);
    outcome = next_outcome(session);
    assert_null(outcome->tag);
    assert_true(outcome->late && !outcome->detached);
    assert_null(outcome->later);
    assert_int_equal(outcome->class, FCT_SENT);
    fct_later_tell(outcome);
    assert_int_equal(fct_session_room(session), 16);
    fct_session_free(session);
}

/* Its verdict was heard and not taken yet. */
static void an_owner_that_leaves_at_the_last_moment(void **state)
{
    fct_session *session = ready_session(&defaults, OFFERS);
    fct_outcome *outcome;
    int tag;

    submit_mail(session, mail, &tag);
    take_all(session);
    feed(session, TAKEN);
    fct_session_disown(session, &tag);
    assert_int_equal(fct_session_room(session), 16);
    outcome = next_outcome(session);
    assert_null(outcome->tag);
    assert_true(outcome->late);
    assert_int_equal(outcome->class, FCT_SENT);
    fct_outcome_free(outcome);
    fct_session_free(session);
}

/* The mail before it has its verdict, so nothing keeps the connection. */
static void nothing_to_stay_for(void **state)
{
    fct_session *session = ready_session(&defaults, OFFERS);

    submit_mail(session, mail, NULL);
    submit_until(session, 1000, FCT_HOLD_GATE, NULL);
    take_all(session);
    feed_at(session, TAKEN, 20);
    fct_session_tick(session, 1000);
    expect_outcome(session, FCT_SENT, 0);
    expect_outcome(session, FCT_TEMPORARY, FACTEUR_EDEADLINE);
    expect_close(session, FACTEUR_EDEADLINE);
    fct_session_free(session);
}

/* It stays for the verdict of the first alone, and takes nothing new. */
static void staying_for_one(void **state)
{
    fct_session *session = patient_session(2);
    fct_outcome *outcome;
    int first, held, queued;

    submit_until(session, FCT_NEVER, 0, &first);
    submit_until(session, 2000, FCT_HOLD_GATE, &held);
    submit_until(session, 1000, 0, &queued);
    take_all(session);
    fct_session_tick(session, 1000);
    fct_session_tick(session, 2000);
    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, NULL, 2000), FACTEUR_ECLOSED);
    assert_int_equal(fct_session_noop(session, 2000), FACTEUR_ECLOSED);
    for (int i = 0; i < 2; i++) {
        outcome = next_outcome(session);
        assert_ptr_equal(outcome->tag, i ? &queued : &held);
        assert_int_equal(outcome->class, FCT_TEMPORARY);
        assert_int_equal(outcome->error, FACTEUR_EDEADLINE);
        assert_false(outcome->again);
        fct_outcome_free(outcome);
    }
    expect_nothing(session);
    assert_int_equal(fct_session_feed(session, TAKEN, strlen(TAKEN), 2001), FACTEUR_EDEADLINE);
    expect_outcome(session, FCT_SENT, 0);
    expect_close(session, FACTEUR_EDEADLINE);
    fct_session_free(session);
}

/* Take all output at 1001 us; how many mails were in it. */
static unsigned mails_written(fct_session *session)
{
    unsigned mails = 0;
    fct_slice slice;

    while (fct_session_output(session, &slice, 1, 1001) > 0) {
        mails += memmem(slice.ptr, slice.len, "RCPT TO:", 8) != NULL;
        fct_session_sent(session, slice.len, 1001);
    }
    return mails;
}

/* More mails than the wire shows at once: the last is taken out of what waits to be shown. */
static void the_last_of_many(void **state)
{
    enum { MANY = 100 };
    fct_session *session = patient_session(MANY + 1);
    fct_slice slice;
    int last;

    for (int i = 0; i < MANY; i++)
        submit_mail(session, mail, NULL);
    submit_until(session, 1000, 0, &last);
    assert_int_equal(fct_session_output(session, &slice, 1, 10), 1);
    fct_session_sent(session, 1, 10);
    fct_session_tick(session, 1000);
    expect_outcome(session, FCT_TEMPORARY, FACTEUR_EDEADLINE);
    expect_nothing(session);
    assert_int_equal(mails_written(session), MANY);
    for (int i = 0; i < MANY; i++) {
        const char *answers = i ? TAKEN_BEHIND : TAKEN;

        assert_int_equal(fct_session_feed(session, answers, strlen(answers), 1002),
                         i < MANY - 1 ? 0 : FACTEUR_EDEADLINE);
        expect_outcome(session, FCT_SENT, 0);
    }
    expect_close(session, FACTEUR_EDEADLINE);
    fct_session_free(session);
}

/* Time that is given anew at each verdict; a deadline of the sender's own does not move. */
static void spans_and_a_fixed_deadline(void **state)
{
    fct_session *session = patient_session(16);
    int tags[4], other;

    for (int i = 0; i < 4; i++)
        submit_until(session, i == 3 ? 5000 : 1010, 0, &tags[i]);
    for (int i = 0; i < 3; i++)
        fct_session_renew(session, &tags[i], 1000);
    fct_session_renew(session, &other, 1);
    take_all(session);
    feed(session, TAKEN);
    expect_deadline(session, 1010);
    feed_at(session, TAKEN_BEHIND, 500);
    expect_deadline(session, 1500);
    fct_session_rested(session, 300, 600);
    expect_deadline(session, 1800);
    feed_at(session, TAKEN_BEHIND, 700);
    expect_deadline(session, 5000);
    fct_session_rested(session, 300, 1100);
    expect_deadline(session, 5000);
    fct_session_tick(session, 4999);
    for (int i = 0; i < 3; i++)
        expect_outcome(session, FCT_SENT, 0);
    expect_nothing(session);
    fct_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_verdict_is_kept),
        cmocka_unit_test(a_refused_sender_is_told_early),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(no_memory_for_a_second_outcome),
#endif
        cmocka_unit_test(a_mail_without_an_owner),
        cmocka_unit_test(an_owner_that_leaves_at_the_last_moment),
        cmocka_unit_test(nothing_to_stay_for),
        cmocka_unit_test(staying_for_one),
        cmocka_unit_test(the_last_of_many),
        cmocka_unit_test(spans_and_a_fixed_deadline),
    };

    return cmocka_run_group_tests(tests, make_mail, free_mail);
}
