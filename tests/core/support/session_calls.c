/* SPDX-License-Identifier: MIT */
/* A session that a test calls directly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mime/content.h"
#include "support/session_calls.h"

const struct fct_session_config defaults = {.helo = "client.example",
                                            .pipelining = true,
                                            .chunking = true,
                                            .pipeline_depth = 16,
                                            .pipeline_bytes = 1 << 20,
                                            .greeting_us = 1000,
                                            .command_us = 1000,
                                            .body_us = 1000,
                                            .final_us = 1000};

fct_mail *mail_of(const char *sender, const char *recipient, const char *text)
{
    fct_content content = {0};
    fct_mail *mail;

    fct_buf_add_text(&content.bytes, text);
    mail = fct_mail_new(&content, sender, &recipient, recipient ? 1 : 0, "1@x.example", 0);
    assert_non_null(mail);
    return mail;
}

void feed(fct_session *session, const char *text)
{
    assert_int_equal(fct_session_feed(session, text, strlen(text), 10), 0);
}

int take_all(fct_session *session)
{
    fct_slice slices[8];
    int count;

    while ((count = fct_session_output(session, slices, 8, 10)) > 0) {
        size_t total = 0;

        for (int i = 0; i < count; i++)
            total += slices[i].len;
        fct_session_sent(session, total, 10);
    }
    return count;
}

fct_session *ready_session(const struct fct_session_config *config, const char *offers)
{
    fct_session *session = fct_session_new(config, 1);
    struct fct_session_event event;

    assert_non_null(session);
    feed(session, "220 relay.example\r\n");
    take_all(session);
    feed(session, offers);
    assert_int_equal(fct_session_next(session, &event), 1);
    assert_int_equal(event.kind, FCT_EVENT_READY);
    return session;
}

fct_outcome *next_outcome(fct_session *session)
{
    struct fct_session_event event;

    assert_int_equal(fct_session_next(session, &event), 1);
    assert_int_equal(event.kind, FCT_EVENT_OUTCOME);
    return event.outcome;
}

void expect_outcome(fct_session *session, enum fct_class class, int error)
{
    fct_outcome *outcome = next_outcome(session);

    assert_int_equal(outcome->class, class);
    assert_int_equal(outcome->error, error);
    fct_outcome_free(outcome);
}

void submit_mail(fct_session *session, fct_mail *mail, void *tag)
{
    assert_int_equal(fct_session_submit(session, mail, FCT_NEVER, 0, tag, 10), 0);
}

void take_at(fct_session *session, uint64_t now_us)
{
    fct_slice slices[8];
    int count;

    while ((count = fct_session_output(session, slices, 8, now_us)) > 0) {
        for (int i = 0; i < count; i++)
            fct_session_sent(session, slices[i].len, now_us);
    }
}

void expect_deadline(fct_session *session, uint64_t at_us)
{
    uint64_t got_us = fct_session_deadline(session);

    if (got_us != at_us)
        fail_msg("%llu is not %llu", (unsigned long long)got_us, (unsigned long long)at_us);
}
