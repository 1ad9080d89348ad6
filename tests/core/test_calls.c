/* SPDX-License-Identifier: MIT */
/*
 * What the users of a session may call, at times when it is of no use, and mails that no message
 * becomes.  The dialogues show the rest.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/content.h"
#include "smtp/session.h"
#include "support/session_calls.h"

static void room_and_idleness(void **state)
{
    fct_session *session = fct_session_new(&defaults, 1);
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    int one, two;

    assert_int_equal(fct_session_room(session), 0);
    assert_false(fct_session_idle(session));
    assert_string_equal(fct_session_capabilities(session), "");
    fct_session_free(session);
    session = ready_session(&defaults,
                            "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=3\r\n");
    assert_string_equal(fct_session_capabilities(session),
                        "PIPELINING\nCHUNKING\nLIMITS MAILMAX=3");
    assert_true(fct_session_idle(session));
    assert_true(fct_session_deadline(session) == FCT_NEVER);
    assert_int_equal(fct_session_room(session), 3);
    submit_mail(session, mail, &one);
    submit_mail(session, mail, &two);
    assert_false(fct_session_idle(session));
    assert_int_equal(fct_session_room(session), 1);
    assert_false(fct_session_handed_over(session, &one));
    take_all(session);
    assert_true(fct_session_handed_over(session, &one));
    assert_true(fct_session_handed_over(session, &two));
    assert_false(fct_session_handed_over(session, &mail));
    submit_mail(session, mail, &mail);
    assert_int_equal(fct_session_room(session), 0);
    feed(session, "250 ok\r\n250 ok\r\n250 ok\r\n");
    /* Done and not taken yet. */
    assert_true(fct_session_handed_over(session, &one));
    assert_false(fct_session_handed_over(session, &mail));
    fct_session_tick(session, 11);
    expect_outcome(session, FCT_SENT, 0);
    assert_false(fct_session_handed_over(session, &one));
    fct_session_noop(session, 10);
    assert_false(fct_session_idle(session));
    fct_session_free(session);
    fct_mail_unref(mail);
}

/* Line by line, and each mail's own size. */
static void a_transcript_tells_all_but_the_content(void **state)
{
    fct_session *session = ready_session(&defaults, "250-x\r\n250 8BITMIME\r\n");
    fct_mail *first = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    fct_mail *second = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\n.longer\r\n");

    for (int i = 0; i < 2; i++) {
        submit_mail(session, i ? second : first, NULL);
        take_all(session);
        feed(session, "250 2.1.0 ok\r\n");
        take_all(session);
        feed(session, "250 2.1.5 ok\r\n");
        take_all(session);
        feed(session, "354 go on\r\n");
        take_all(session);
        feed(session, i ? "550 5.7.1 no\r\n" : "250 2.0.0 queued\r\n");
        expect_outcome(session, i ? FCT_PERMANENT : FCT_SENT, i ? FACTEUR_EPERMANENT : 0);
    }
    assert_string_equal(fct_session_transcript(session),
                        "S: 220 relay.example\nC: EHLO client.example\nS: 250 x\nS: 250 8BITMIME\n"
                        "C: MAIL FROM:<a@x.example>\nS: 250 2.1.0 ok\n"
                        "C: RCPT TO:<b@x.example>\nS: 250 2.1.5 ok\nC: DATA\nS: 354 go on\n"
                        "C: (11 bytes of message)\nS: 250 2.0.0 queued\n"
                        "C: MAIL FROM:<a@x.example>\nS: 250 2.1.0 ok\n"
                        "C: RCPT TO:<b@x.example>\nS: 250 2.1.5 ok\nC: DATA\nS: 354 go on\n"
                        "C: (17 bytes of message)\nS: 550 5.7.1 no\n");
    fct_session_free(session);
    fct_mail_unref(first);
    fct_mail_unref(second);
}

/* From the command to its answer, each; the content from its first octet to its last. */
static void each_phase_has_its_time(void **state)
{
    static const struct {
        const char *reply;
        uint64_t at_us, written_us;
    } steps[] = {{"250 ok\r\n", 103, 103},
                 {"250 ok\r\n", 107, 107},
                 {"354 go\r\n", 119, 126},
                 {"250 ok\r\n", 150, 150}};
    fct_session *session = ready_session(&defaults, "250-x\r\n250 8BITMIME\r\n");
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    fct_outcome *outcome;

    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, NULL, 100), 0);
    take_at(session, 100);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            fct_session_feed(session, steps[i].reply, strlen(steps[i].reply), steps[i].at_us), 0);
        take_at(session, steps[i].written_us);
    }
    outcome = next_outcome(session);
    assert_int_equal(outcome->timing_us[FACTEUR_PHASE_mail], 3);
    assert_int_equal(outcome->timing_us[FACTEUR_PHASE_rcpt], 4);
    assert_int_equal(outcome->timing_us[FACTEUR_PHASE_data], 12);
    assert_int_equal(outcome->timing_us[FACTEUR_PHASE_body], 7);
    assert_int_equal(outcome->timing_us[FACTEUR_PHASE_final], 24);
    fct_outcome_free(outcome);
    fct_session_free(session);
    fct_mail_unref(mail);
}

/* Each wait counts from the last reply, that for a final one from the last octet. */
static void each_wait_has_its_limit(void **state)
{
    struct fct_session_config config = defaults;
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    struct fct_session_event event;
    fct_session *session;
    fct_slice slices[8];

    config.greeting_us = 1000;
    config.command_us = 2000;
    config.body_us = 3000;
    config.final_us = 4000;
    session = fct_session_new(&config, 1);
    expect_deadline(session, 1001);
    assert_int_equal(fct_session_feed(session, "220 x\r\n", 7, 5), 0);
    take_at(session, 6);
    expect_deadline(session, 2005);
    assert_int_equal(fct_session_feed(session, "250 x\r\n", 7, 10), 0);
    assert_int_equal(fct_session_next(session, &event), 1);
    for (uint64_t now_us = 100; now_us < 300; now_us += 100) {
        assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, NULL, now_us), 0);
        take_at(session, now_us);
        expect_deadline(session, now_us + 2000);
        assert_int_equal(fct_session_feed(session, "250 x\r\n", 7, now_us + 1), 0);
        take_at(session, now_us + 2);
        expect_deadline(session, now_us + 2001);
        assert_int_equal(fct_session_feed(session, "250 x\r\n", 7, now_us + 3), 0);
        take_at(session, now_us + 4);
        expect_deadline(session, now_us + 2003);
        assert_int_equal(fct_session_feed(session, "354 x\r\n", 7, now_us + 5), 0);
        assert_true(fct_session_output(session, slices, 8, now_us + 6) > 0);
        fct_session_sent(session, 1, now_us + 7);
        expect_deadline(session, now_us + 3005);
        take_at(session, now_us + 8);
        expect_deadline(session, now_us + 4008);
        assert_int_equal(fct_session_feed(session, "250 x\r\n", 7, now_us + 9), 0);
        expect_outcome(session, FCT_SENT, 0);
        expect_deadline(session, FCT_NEVER);
    }
    fct_session_free(session);
    fct_mail_unref(mail);
}

static void no_room_for_more_bytes(void **state)
{
    struct fct_session_config config = defaults;
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    fct_session *session;

    config.pipeline_bytes = 5;
    session = ready_session(&config, "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    assert_int_equal(fct_session_room(session), 16);
    submit_mail(session, mail, NULL);
    assert_int_equal(fct_session_room(session), 0);
    /* With more queued than the relay's limit allows. */
    fct_session_free(session);
    session = ready_session(&defaults, "250-x\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=1\r\n");
    submit_mail(session, mail, NULL);
    assert_int_equal(fct_session_room(session), 0);
    fct_session_free(session);
    session = ready_session(&defaults,
                            "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=1\r\n");
    submit_mail(session, mail, NULL);
    submit_mail(session, mail, NULL);
    assert_int_equal(fct_session_room(session), 0);
    fct_session_free(session);
    fct_mail_unref(mail);
}

static void depths_are_bounded(void **state)
{
    static const unsigned depths[][2] = {{0, 1}, {1, 1}, {16, 16}, {1000, 256}};

    for (size_t i = 0; i < 4; i++) {
        struct fct_session_config config = defaults;
        fct_session *session;

        config.pipeline_depth = depths[i][0];
        session = ready_session(&config, "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
        assert_int_equal(fct_session_room(session), depths[i][1]);
        fct_session_free(session);
        session = ready_session(&config, "250-x\r\n250 PIPELINING\r\n");
        assert_int_equal(fct_session_room(session), 1);
        fct_session_free(session);
        config.pipelining = FCT_PIPELINING_FULL;
        session = ready_session(&config, "250-x\r\n250 PIPELINING\r\n");
        assert_int_equal(fct_session_room(session), depths[i][1] < 2 ? 1 : 2);
        fct_session_free(session);
    }
}

/* Only of some servers it is known that they take what stands behind a final dot. */
static void who_reads_on(void **state)
{
    static const struct {
        const char *greeting;
        unsigned room;
    } relays[] = {
        {"mx.example ESMTP Postfix", 2},
        {"mx.example ESMTP Postfix (Debian/GNU)", 2},
        {"mx.example ESMTP Exim 4.96 Mon, 23 Nov 2026 10:00:00 +0000", 2},
        {"mx.example ESMTP OpenSMTPD", 1},
        {"mx.example Dovecot (Debian) ready.", 1},
        {"mx.example ESMTP Haraka/3.0.5 ready (BF17A9BC)", 2},
        {"mx.example ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2+deb12u2; Mon, 23 Nov 2026", 2},
        {"mx.example ESMTP qpsmtpd 0.94 ready; send us your mail, but not your spam.", 2},
        {"mx.example ESMTP chasquid", 1},
        {"mx.example ESMTP", 1},
        {"mx.example ESMTP Service ready", 1},
        {"mx.example ESMTP Service Ready", 1},
        {"postfix.example ESMTP", 1},
        {"exim.example ESMTP", 1},
        {"", 1},
    };

    for (size_t i = 0; i < sizeof relays / sizeof relays[0]; i++) {
        fct_session *session = fct_session_new(&defaults, 1);
        char greeting[200];

        snprintf(greeting, sizeof greeting, "220 %s\r\n", relays[i].greeting);
        feed(session, greeting);
        take_all(session);
        feed(session, "250-x\r\n250 PIPELINING\r\n");
        assert_int_equal(fct_session_room(session), relays[i].room);
        fct_session_free(session);
    }
}

/* A relay that hangs up after ten refusals is known by more than its banner. */
static void an_exim_with_another_banner(void **state)
{
    static const struct {
        const char *answer;
        unsigned room;
    } relays[] = {
        {"mx.example Hello client.example [192.0.2.1]", 10},
        {"mx.example Hello [192.0.2.1] [192.0.2.1]", 10},
        {"welcome\r\n250-PIPECONNECT", 10},
        {"welcome\r\n250-x_pipe_connect", 10},
        {"mx.example Hello client.example [192.0.2.1], pleased to meet you", 16},
        {"mx.example Hello [192.0.2.1]", 16},
        {"mx.example Hello client.example", 16},
        {"mx.example\r\n250-AUTH Hello a [b]", 16},
        {"mx.example Hello \r\n250-AUTH [b]", 16},
        {"mx.example PIPECONNECT", 16},
        {"", 16},
    };

    for (size_t i = 0; i < sizeof relays / sizeof relays[0]; i++) {
        char offers[200];
        fct_session *session;

        snprintf(offers, sizeof offers, "250-%s\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
                 relays[i].answer);
        session = ready_session(&defaults, offers);
        assert_int_equal(fct_session_room(session), relays[i].room);
        fct_session_free(session);
    }
}

static void a_file_that_changes_under_way(void **state)
{
    char path[] = "/tmp/facteur-calls-XXXXXX";
    const char *recipient = "b@x.example";
    struct fct_session_event event;
    struct fct_session_config config = defaults;
    fct_content content = {0};
    fct_session *session;
    fct_mail *before = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n"), *mail;
    fct_slice slices[8];
    int fd = mkstemp(path);

    config.pipelining = FCT_PIPELINING_FULL;
    session = ready_session(&config, "250-x\r\n250 PIPELINING\r\n");
    assert_int_equal(write(fd, "0123456789", 10), 10);
    fct_buf_add_text(&content.bytes, "S: x\r\n\r\n");
    assert_int_equal(fct_content_add_file(&content, path), 0);
    mail = fct_mail_new(&content, "a@x.example", &recipient, 1, "1@x.example", 0);
    submit_mail(session, before, NULL);
    submit_mail(session, mail, NULL);
    take_all(session);
    feed(session, "250 ok\r\n250 ok\r\n354 go\r\n");
    take_all(session);
    feed(session, "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    assert_int_equal(ftruncate(fd, 3), 0);
    assert_int_equal(take_all(session), FACTEUR_EIO);
    assert_int_equal(take_all(session), FACTEUR_EIO);
    expect_outcome(session, FCT_SENT, 0);
    expect_outcome(session, FCT_TEMPORARY, FACTEUR_EIO);
    assert_int_equal(fct_session_next(session, &event), 1);
    assert_int_equal(event.kind, FCT_EVENT_CLOSE);
    assert_int_equal(event.phase, FACTEUR_PHASE_body);
    assert_int_equal(fct_session_output(session, slices, 8, 10), FACTEUR_EIO);
    fct_session_free(session);
    fct_mail_unref(mail);
    fct_mail_unref(before);
    close(fd);
    unlink(path);
}

static void envelopes_that_cannot_be_said(void **state)
{
    fct_session *session = ready_session(&defaults, "250-x\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
    char longest[1000];
    static const char *const addresses[] = {"b\r\nRCPT TO:<c@x.example>", "b\x7f@x.example",
                                            "b\n@x.example", "\x01", NULL};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
        fct_mail *mail = mail_of("a@x.example", addresses[i], "S: x\r\n\r\nx\r\n");

        submit_mail(session, mail, NULL);
        take_all(session);
        expect_outcome(session, FCT_PERMANENT, FACTEUR_EPERMANENT);
        fct_mail_unref(mail);
        if (!addresses[i])
            continue;
        mail = mail_of(addresses[i], "b@x.example", "S: x\r\n\r\nx\r\n");
        submit_mail(session, mail, NULL);
        take_all(session);
        expect_outcome(session, FCT_PERMANENT, FACTEUR_EPERMANENT);
        fct_mail_unref(mail);
    }
    memset(longest, 'x', sizeof(longest));
    for (size_t len = 998; len < 1000; len++) {
        fct_mail *mail;

        longest[len] = '\0';
        mail = mail_of("a@x.example", longest, "S: x\r\n\r\nx\r\n");
        longest[len] = 'x';
        submit_mail(session, mail, NULL);
        fct_mail_unref(mail);
        take_all(session);
        if (len == 998)
            feed(session, "250 ok\r\n550 no\r\n503 no\r\n");
        expect_outcome(session, FCT_PERMANENT, FACTEUR_EPERMANENT);
        take_all(session);
    }
    assert_true(fct_session_idle(session));
    assert_int_equal(take_all(session), 0);
    fct_session_free(session);
}

/* "BDAT 0 LAST" has no last octet to be handed over with: an empty content goes by DATA. */
static void an_empty_content(void **state)
{
    fct_session *session = ready_session(&defaults, "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "");
    int tag;

    submit_mail(session, mail, &tag);
    take_all(session);
    feed(session, "250 ok\r\n250 ok\r\n354 go\r\n");
    take_all(session);
    assert_true(fct_session_handed_over(session, &tag));
    feed(session, "250 ok\r\n");
    expect_outcome(session, FCT_SENT, 0);
    fct_session_free(session);
    fct_mail_unref(mail);
}

/* Of an empty content the gate is all there is. */
static void an_empty_content_at_the_gate(void **state)
{
    fct_session *session = ready_session(&defaults, "250-x\r\n250 PIPELINING\r\n");
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "");
    struct fct_session_event event;
    int tag;

    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, FCT_HOLD_GATE, &tag, 10), 0);
    fct_session_release(session, 10);
    take_all(session);
    feed(session, "250 ok\r\n250 ok\r\n354 go\r\n");
    take_all(session);
    assert_int_equal(fct_session_next(session, &event), 1);
    assert_true(event.kind == FCT_EVENT_GATE && event.tag_count == 1 && event.tags[0] == &tag);
    assert_int_equal(fct_session_next(session, &event), 0);
    take_all(session);
    assert_false(fct_session_handed_over(session, &tag));
    /* The relay is not late: it waits for us. */
    assert_true(fct_session_deadline(session) == FCT_NEVER);
    fct_session_release(session, 10);
    take_all(session);
    assert_true(fct_session_deadline(session) == 10 + 1000);
    assert_true(fct_session_handed_over(session, &tag));
    feed(session, "250 ok\r\n");
    expect_outcome(session, FCT_SENT, 0);
    fct_session_free(session);
    fct_mail_unref(mail);
}

/* The answers to a content that was read as commands, all at once: none but the first is heard. */
static void bdat_unknown_in_one_segment(void **state)
{
    static const char answers[] =
        "250 ok\r\n250 ok\r\n500 what\r\n500 what\r\n500 what\r\n250 ok\r\n";
    struct fct_session_config config = defaults;
    fct_session *session;
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nNOOP\r\n");
    fct_outcome *outcome;

    config.bdat_proven = true;
    session = ready_session(&config, "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    submit_mail(session, mail, NULL);
    take_all(session);
    assert_int_equal(fct_session_feed(session, answers, sizeof(answers) - 1, 10), FACTEUR_ECONNECT);
    assert_true(fct_session_chunking_refused(session));
    outcome = next_outcome(session);
    assert_int_equal(outcome->class, FCT_TEMPORARY);
    assert_true(outcome->again);
    fct_outcome_free(outcome);
    fct_session_free(session);
    fct_mail_unref(mail);
}

/* The relay refused the sender and took the mail: it has it, for whom it accepted, and is not
 * believed any more. */
static void taken_after_a_refused_sender(void **state)
{
    static const char *const recipients[] = {"b@x.example", "c@x.example"};
    static const char answers[] = "550 5.7.1 no\r\n553 nobody\r\n250 yes\r\n250 2.0.0 queued\r\n";
    fct_session *session = ready_session(&defaults, "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    fct_content content = {0};
    fct_outcome *outcome;
    fct_mail *mail;

    fct_buf_add_text(&content.bytes, "S: x\r\n\r\nx\r\n");
    mail = fct_mail_new(&content, "a@x.example", recipients, 2, "1@x.example", 0);
    submit_mail(session, mail, NULL);
    take_all(session);
    assert_int_equal(fct_session_feed(session, answers, sizeof(answers) - 1, 10),
                     FACTEUR_EPROTOCOL);
    outcome = next_outcome(session);
    assert_int_equal(outcome->class, FCT_SENT);
    assert_int_equal(outcome->error, 0);
    assert_int_equal(outcome->recipients[0].class, FCT_PERMANENT);
    assert_int_equal(outcome->recipients[0].reply.code, 550);
    assert_int_equal(outcome->recipients[1].class, FCT_SENT);
    fct_outcome_free(outcome);
    fct_session_free(session);
    fct_mail_unref(mail);
}

static void the_end_comes_once(void **state)
{
    fct_session *session = ready_session(&defaults, "250-x\r\n250 PIPELINING\r\n");
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    struct fct_session_event event;
    fct_slice slices[8];
    fct_outcome *outcome;

    submit_mail(session, mail, NULL);
    assert_true(fct_session_output(session, slices, 8, 10) > 0);
    fct_session_sent(session, 0, 10);
    assert_int_equal(fct_session_flights(session), 1);
    fct_session_lost(session, FACTEUR_ECONNECT, "connection reset by peer", 10);
    fct_session_lost(session, FACTEUR_ETLS, "again", 10);
    fct_session_secured(session, NULL, 10);
    fct_session_tick(session, 1000000);
    /* A write that was under way may still end. */
    fct_session_sent(session, slices[0].len, 10);
    assert_int_equal(fct_session_feed(session, "250 ok\r\n", 8, 10), FACTEUR_ECONNECT);
    assert_int_equal(fct_session_output(session, slices, 8, 10), 0);
    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, NULL, 10), FACTEUR_ECLOSED);
    assert_int_equal(fct_session_noop(session, 10), FACTEUR_ECLOSED);
    fct_session_quit(session, 10);
    assert_true(fct_session_deadline(session) == FCT_NEVER);
    outcome = next_outcome(session);
    assert_string_equal(outcome->message, "connection reset by peer");
    assert_true(outcome->untouched);
    fct_outcome_free(outcome);
    assert_int_equal(fct_session_next(session, &event), 1);
    assert_int_equal(event.kind, FCT_EVENT_CLOSE);
    assert_int_equal(event.error, FACTEUR_ECONNECT);
    assert_int_equal(fct_session_next(session, &event), 0);
    fct_session_free(session);
    fct_mail_unref(mail);
}

static void a_late_mail_tells_how_far_it_came(void **state)
{
    fct_session *session = ready_session(&defaults, "250-x\r\n250 PIPELINING\r\n");
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    fct_slice slices[8];
    fct_outcome *outcome;

    assert_int_equal(fct_session_submit(session, mail, 1000, 0, NULL, 10), 0);
    take_all(session);
    feed(session, "250 ok\r\n250 ok\r\n354 go\r\n");
    assert_true(fct_session_output(session, slices, 8, 10) > 0);
    fct_session_sent(session, 5, 10);
    fct_session_tick(session, 1000);
    outcome = next_outcome(session);
    assert_int_equal(outcome->class, FCT_TEMPORARY);
    assert_string_equal(outcome->message,
                        "the deadline of the send passed in the phase body, when "
                        "5 of 11 octets had been written; raise deadline if it may "
                        "take longer");
    fct_outcome_free(outcome);
    fct_session_free(session);
    fct_mail_unref(mail);
}

static void quitting(void **state)
{
    fct_session *session = fct_session_new(&defaults, 1);
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");
    struct fct_session_event event;

    /* Before the greeting there is nobody to say it to. */
    fct_session_quit(session, 10);
    assert_int_equal(fct_session_next(session, &event), 1);
    assert_true(event.kind == FCT_EVENT_CLOSE && event.error == 0);
    fct_session_free(session);

    /* With a mail waiting the connection is opened, used and then left. */
    session = fct_session_new(&defaults, 1);
    submit_mail(session, mail, NULL);
    fct_session_quit(session, 10);
    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, NULL, 10), FACTEUR_ECLOSED);
    feed(session, "220 x\r\n");
    take_all(session);
    feed(session, "250-x\r\n250 PIPELINING\r\n");
    assert_int_equal(fct_session_room(session), 0);
    take_all(session);
    feed(session, "250 ok\r\n250 ok\r\n354 go\r\n");
    take_all(session);
    feed(session, "250 ok\r\n");
    take_all(session);
    assert_int_equal(fct_session_noop(session, 10), FACTEUR_ECLOSED);
    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, NULL, 10), FACTEUR_ECLOSED);
    assert_non_null(strstr(fct_session_transcript(session), "C: QUIT\n"));
    fct_session_free(session);
    fct_mail_unref(mail);
}

static void limits_that_never_come(void **state)
{
    struct fct_session_config config = defaults;
    fct_session *session;

    config.greeting_us = config.command_us = config.body_us = config.final_us = FCT_NEVER;
    session = fct_session_new(&config, 1);
    assert_true(fct_session_deadline(session) == FCT_NEVER);
    fct_session_tick(session, FCT_NEVER - 1);
    assert_true(fct_session_deadline(session) == FCT_NEVER);
    feed(session, "220 x\r\n");
    assert_true(fct_session_deadline(session) == FCT_NEVER);
    fct_session_free(session);
}

/* Facts without a name, or with one that no mechanism knows, bind nothing. */
static void facts_that_bind_nothing(void **state)
{
    static const struct fct_tls_facts facts[] = {
        {"data", 4, NULL},
        {NULL, 0, "tls-exporter"},
        {"data", 4, "a-binding-with-a-name-longer-than-any"}};
    struct fct_session_config config = defaults;

    config.tls = FCT_TLS_IMPLICIT;
    config.username = "user";
    config.password = fct_secret_new("secret", 6);
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
        fct_session *session = fct_session_new(&config, 1);

        fct_session_secured(session, &facts[i], 1);
        feed(session, "220 x\r\n");
        take_all(session);
        feed(session, "250-x\r\n250 AUTH SCRAM-SHA-256-PLUS PLAIN\r\n");
        assert_non_null(strstr(fct_session_transcript(session), "C: AUTH PLAIN ***\n"));
        fct_session_free(session);
    }
    fct_secret_unref(config.password);
}

/* The relay's configuration has another login by then: what was referenced is the session's. */
static void a_login_renewed_under_way(void **state)
{
    static const char *const offers[] = {"250-x\r\n250 AUTH PLAIN\r\n",
                                         "250-x\r\n250 AUTH XOAUTH2\r\n"};
    fct_mail *mail = mail_of("a@x.example", "b@x.example", "S: x\r\n\r\nx\r\n");

    for (size_t i = 0; i < 2; i++) {
        struct fct_session_config config = defaults;
        fct_secret *secret = fct_secret_new("first-s3cret", 12);
        char *name = fct_strdup("ana@x.example");
        fct_session *session;
        struct fct_session_event event;
        fct_outcome *outcome;

        config.local = true;
        config.username = name;
        *(i ? &config.token : &config.password) = secret;
        session = fct_session_new(&config, 1);
        assert_non_null(session);
        feed(session, "220 relay.example\r\n");
        take_all(session);
        fct_free(name);
        fct_secret_unref(secret);
        feed(session, offers[i]);
        take_all(session);
        feed(session, "235 2.7.0 ok\r\n");
        assert_int_equal(fct_session_next(session, &event), 1);
        assert_int_equal(event.kind, FCT_EVENT_READY);
        submit_mail(session, mail, NULL);
        take_all(session);
        feed(session, "550 5.7.1 not with first-s3cret\r\n");
        outcome = next_outcome(session);
        assert_non_null(strstr(outcome->reply.text, "not with"));
        assert_null(strstr(outcome->reply.text, "s3cret"));
        assert_null(strstr(outcome->message, "s3cret"));
        fct_outcome_free(outcome);
        fct_session_free(session);
    }
    fct_mail_unref(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_and_idleness),
        cmocka_unit_test(a_transcript_tells_all_but_the_content),
        cmocka_unit_test(each_phase_has_its_time),
        cmocka_unit_test(each_wait_has_its_limit),
        cmocka_unit_test(no_room_for_more_bytes),
        cmocka_unit_test(depths_are_bounded),
        cmocka_unit_test(who_reads_on),
        cmocka_unit_test(an_exim_with_another_banner),
        cmocka_unit_test(a_file_that_changes_under_way),
        cmocka_unit_test(envelopes_that_cannot_be_said),
        cmocka_unit_test(an_empty_content),
        cmocka_unit_test(an_empty_content_at_the_gate),
        cmocka_unit_test(bdat_unknown_in_one_segment),
        cmocka_unit_test(taken_after_a_refused_sender),
        cmocka_unit_test(the_end_comes_once),
        cmocka_unit_test(a_late_mail_tells_how_far_it_came),
        cmocka_unit_test(quitting),
        cmocka_unit_test(limits_that_never_come),
        cmocka_unit_test(facts_that_bind_nothing),
        cmocka_unit_test(a_login_renewed_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
