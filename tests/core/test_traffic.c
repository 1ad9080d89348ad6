/* SPDX-License-Identifier: MIT */
/*
 * A connection that lives long: 100,000 mails through one session, against a peer in memory.  After
 * the first thousand no block and no byte more is held, whatever the mails met.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/message.h"
#include "smtp/session.h"

#define MAILS 100000u
#define WARM 1000u
/*
 * A session leaves a relay after ten commands that brought it no mail: RSETs behind BDATs that were
 * refused, and NOOPs.  This leaves room for five and four.
 */
#define SELDOM 20000u
#define NOOPS 4u

struct peer {
    const char *offers;
    char in[100000];
    size_t len;
    bool data;        /* between 354 and the final dot */
    size_t octets;    /* of BDAT, still to come */
    unsigned refuse;  /* of so many mails the sixth is refused */
    unsigned mails;   /* verdicts given */
    unsigned rcpt, n; /* recipients accepted, lines */
    char out[200000];
    size_t out_len;
};

static void say(struct peer *peer, const char *text)
{
    size_t len = strlen(text);

    assert_true(peer->out_len + len <= sizeof(peer->out));
    memcpy(peer->out + peer->out_len, text, len);
    peer->out_len += len;
}

static void give_verdict(struct peer *peer)
{
    bool refuse = ++peer->mails % peer->refuse == 6;

    say(peer, refuse ? "451-4.3.0 not now,\r\n451 4.3.0 later\r\n" : "250 2.0.0 queued\r\n");
    peer->rcpt = 0;
}

static void answer(struct peer *peer, const char *line)
{
    size_t octets = 0;

    if (strncmp(line, "EHLO", 4) == 0) {
        say(peer, peer->offers);
    } else if (strncmp(line, "RCPT", 4) == 0) {
        peer->rcpt++;
        say(peer, peer->n++ % 7 == 0 ? "550 5.1.1 nobody\r\n" : "250 2.1.5 ok\r\n");
    } else if (strncmp(line, "DATA", 4) == 0) {
        peer->data = true;
        say(peer, "354 go\r\n");
    } else if (sscanf(line, "BDAT %zu LAST", &octets) == 1) {
        peer->octets = octets;
    } else {
        say(peer, "250 2.0.0 ok\r\n");
    }
}

/* Take one line or some octets from the front of what came; false: more must come. */
static bool take_in(struct peer *peer, size_t *at)
{
    char *line = peer->in + *at, *end;
    size_t left = peer->len - *at;

    if (peer->octets) {
        size_t part = left < peer->octets ? left : peer->octets;

        *at += part;
        peer->octets -= part;
        if (part && peer->octets == 0)
            give_verdict(peer);
        return part > 0;
    }
    end = left ? memchr(line, '\n', left) : NULL;
    if (!end)
        return false;
    *at = (size_t)(end + 1 - peer->in);
    *end = '\0';
    if (!peer->data) {
        answer(peer, line);
    } else if (strcmp(line, ".\r") == 0) {
        peer->data = false;
        give_verdict(peer);
    }
    return true;
}

static void listen_to(struct peer *peer, fct_session *session, uint64_t now_us)
{
    fct_slice slices[64];
    size_t at = 0;
    int count;

    while ((count = fct_session_output(session, slices, 64, now_us)) > 0) {
        size_t total = 0;

        for (int i = 0; i < count; i++) {
            assert_true(peer->len + slices[i].len <= sizeof(peer->in));
            memcpy(peer->in + peer->len, slices[i].ptr, slices[i].len);
            peer->len += slices[i].len;
            total += slices[i].len;
        }
        fct_session_sent(session, total, now_us);
    }
    while (take_in(peer, &at))
        ;
    memmove(peer->in, peer->in + at, peer->len - at);
    peer->len -= at;
}

static fct_mail *make_mail(void)
{
    static const char raw[] =
        "From: a@x.example\r\nTo: b@x.example\r\nSubject: s\r\nMessage-ID: <1@x.example>\r\n\r\n"
        "a line\r\n.a line with a dot\r\n";
    struct fct_freeze facts = {.date_s = 1795000000};
    facteur_message *message = NULL;
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_from_bytes(raw, sizeof(raw) - 1, &message, NULL), 0);
    facteur_message_set(message, "envelope_from", "a@x.example", 11, NULL);
    facteur_message_add_recipient(message, "b@x.example", 11, NULL);
    facteur_message_add_recipient(message, "c@x.example", 11, NULL);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

struct run {
    fct_session *session;
    struct peer *peer;
    fct_mail *mail;
    uint64_t now_us;
    unsigned submitted, ended, sent, noops;
};

/* Submit as many as the session wants, `until` in all, and let both sides speak until nothing is
 * left to say. */
static void one_round(struct run *run, unsigned until)
{
    struct fct_session_event event;

    while (run->submitted < until && fct_session_room(run->session)) {
        assert_int_equal(fct_session_submit(run->session, run->mail, FCT_NEVER,
                                            run->submitted % 50 == 0 ? FCT_HOLD_REPLY : 0, NULL,
                                            run->now_us),
                         0);
        run->submitted++;
    }
    run->now_us += 1000;
    listen_to(run->peer, run->session, run->now_us);
    assert_int_equal(
        fct_session_feed(run->session, run->peer->out, run->peer->out_len, run->now_us), 0);
    run->peer->out_len = 0;
    while (fct_session_next(run->session, &event)) {
        assert_int_not_equal(event.kind, FCT_EVENT_CLOSE);
        run->noops += event.kind == FCT_EVENT_NOOP;
        if (event.kind != FCT_EVENT_OUTCOME)
            continue;
        run->ended++;
        run->sent += event.outcome->class == FCT_SENT;
        fct_outcome_free(event.outcome);
    }
}

static void run_mails(const char *offers, unsigned refuse)
{
    struct fct_session_config config = {.helo = "client.example",
                                        .pipelining = true,
                                        .chunking = true,
                                        .pipeline_depth = 16,
                                        .pipeline_bytes = 1 << 20,
                                        .greeting_us = 1000000,
                                        .command_us = 1000000,
                                        .body_us = 1000000,
                                        .final_us = 1000000};
    struct peer *peer = calloc(1, sizeof(*peer));
    struct run run = {.peer = peer, .mail = make_mail(), .now_us = 1};
#ifdef FCT_FAULT_INJECTION
    size_t before = fct_memory_blocks(), blocks = 0, bytes = 0;
#endif

    peer->offers = offers;
    peer->refuse = refuse;
    run.session = fct_session_new(&config, run.now_us);
    assert_non_null(run.session);
    say(peer, "220 relay.example ESMTP Postfix\r\n");
    for (unsigned mark = WARM; mark <= MAILS; mark += WARM) {
        while (run.ended < mark)
            one_round(&run, mark);
        if (mark % (MAILS / NOOPS) == WARM)
            fct_session_noop(run.session, run.now_us);
        one_round(&run, mark);
        /* Looked at when nothing is under way, so that equal means equal. */
        assert_true(fct_session_idle(run.session));
        fct_session_transcript(run.session);
#ifdef FCT_FAULT_INJECTION
        if (mark == WARM) {
            blocks = fct_memory_blocks();
            bytes = fct_memory_bytes();
            printf("after %u mails: %zu blocks, %zu bytes\n", run.ended, blocks, bytes);
        }
        assert_int_equal(fct_memory_blocks(), blocks);
        assert_int_equal(fct_memory_bytes(), bytes);
#endif
    }
    assert_int_equal(run.ended, MAILS);
    assert_int_equal(run.sent, MAILS - (MAILS + refuse - 6) / refuse);
    assert_int_equal(run.noops, NOOPS);
    fct_session_free(run.session);
#ifdef FCT_FAULT_INJECTION
    assert_int_equal(fct_memory_blocks(), before);
#endif
    fct_mail_unref(run.mail);
    free(peer);
}

static void flat_with_bdat(void **state)
{
    run_mails("250-relay.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n", SELDOM);
}

static void flat_with_data(void **state)
{
    run_mails("250-relay.example\r\n250 PIPELINING\r\n", 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(flat_with_bdat),
                                       cmocka_unit_test(flat_with_data)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
