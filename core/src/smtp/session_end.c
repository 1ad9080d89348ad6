/* SPDX-License-Identifier: MIT */
/* The end of a connection, planned or not, and the outcomes of the mails on it. */
#include "smtp/session_state.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

struct fct_expected *fct_session_front(fct_session *s)
{
    return s->expected_count ? &s->expected[s->expected_first] : NULL;
}

static enum facteur_phase phase_of(const struct fct_expected *expected)
{
    switch (expected->command) {
    case FCT_COMMAND_GREETING:
        return FACTEUR_PHASE_greeting;
    case FCT_COMMAND_EHLO:
    case FCT_COMMAND_HELO:
        return FACTEUR_PHASE_ehlo;
    case FCT_COMMAND_STARTTLS:
        return FACTEUR_PHASE_tls;
    case FCT_COMMAND_AUTH:
    case FCT_COMMAND_CANCEL:
        return FACTEUR_PHASE_auth;
    case FCT_COMMAND_RCPT:
        return FACTEUR_PHASE_rcpt;
    case FCT_COMMAND_DATA:
    case FCT_COMMAND_PROBE:
        return FACTEUR_PHASE_data;
    case FCT_COMMAND_FINAL:
    case FCT_COMMAND_BDAT:
        return expected->mail->body.handed ? FACTEUR_PHASE_final : FACTEUR_PHASE_body;
    default:
        return FACTEUR_PHASE_mail;
    }
}

enum facteur_phase fct_session_phase(const fct_session *s)
{
    if (s->state == FCT_STATE_DEAD)
        return s->error_phase;
    if (s->state == FCT_STATE_TLS)
        return FACTEUR_PHASE_tls;
    if (s->expected_count)
        return phase_of(&s->expected[s->expected_first]);
    return s->state == FCT_STATE_AUTH ? FACTEUR_PHASE_auth : FACTEUR_PHASE_mail;
}

/* The phase of a mail that has begun: that of its oldest unanswered command. */
enum facteur_phase fct_transaction_phase(const fct_session *s, const fct_transaction *mail)
{
    for (size_t i = 0; i < s->expected_count; i++) {
        const struct fct_expected *at = &s->expected[(s->expected_first + i) % s->expected_cap];

        if (at->mail == mail)
            return phase_of(at);
    }
    return fct_session_phase(s);
}

void fct_session_note_end(fct_session *s, int error, enum facteur_phase phase,
                          const fct_reply *reply, const char *sentence)
{
    s->error = error;
    s->error_phase = phase;
    snprintf(s->close_message, sizeof(s->close_message), "%s", sentence);
    if (reply)
        fct_reply_copy(reply, &s->error_reply);
    if (*s->close_message)
        fct_transcript_add(&s->transcript, "-- ", fct_slice_of(s->close_message));
}

void fct_session_die(fct_session *s, int error, enum facteur_phase phase, const fct_reply *reply,
                     const fct_transaction *culprit, const char *sentence)
{
    /* After a 421 the relay reads nothing more, so it cannot have taken a later mail. */
    bool told = reply && reply->code == 421;

    if (s->state == FCT_STATE_DEAD)
        return;
    fct_session_note_end(s, error, phase, reply, sentence);
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state != FCT_MAIL_DONE)
            fct_transaction_on_end(s, mail, told, culprit);
    }
    s->state = FCT_STATE_DEAD;
    s->expected_count = 0;
    s->close_due = true;
    fct_sasl_done(&s->sasl);
    fct_wipe(s->config.nonce, sizeof(s->config.nonce));
    fct_buf_wipe(&s->last_response);
}

void fct_session_leave_drained(fct_session *s)
{
    fct_session_die(s, FACTEUR_ECONNECT, FACTEUR_PHASE_body, NULL, NULL,
                    "the connection was closed because the relay offers CHUNKING and does not take "
                    "BDAT");
}

void fct_session_closed_by_421(fct_session *s, const fct_reply *reply)
{
    struct fct_expected *front = fct_session_front(s);
    fct_transaction *mail = front ? front->mail : NULL;
    int error = s->state == FCT_STATE_READY ? FACTEUR_ETEMPORARY : FACTEUR_ECONNECT;

    if (s->state == FCT_STATE_QUIT)
        error = 0;
    fct_session_die(s, error, fct_session_phase(s), reply, mail,
                    fct_outcome_quote(s, "the relay closes the connection", reply));
}

void fct_session_lost(fct_session *s, int error, const char *message, uint64_t now_us)
{
    const char *sentence = message && *message ? message : "the relay closed the connection";

    s->now_us = now_us;
    if (s->state == FCT_STATE_DEAD)
        return;
    if (s->state == FCT_STATE_QUIT)
        error = 0;
    else if (error == 0)
        error = s->state == FCT_STATE_TLS ? FACTEUR_ETLS : FACTEUR_ECONNECT;
    fct_session_die(s, error, fct_session_phase(s), NULL, NULL, error ? sentence : "");
}

/* The time limit of the present wait. */
static uint64_t wait_limit(const fct_session *s)
{
    uint64_t limit = s->config.command_us;

    if (s->state == FCT_STATE_DEAD)
        return FCT_NEVER;
    if (s->state == FCT_STATE_QUIT)
        limit = FCT_QUIT_US;
    else if (s->state == FCT_STATE_TLS)
        limit = s->config.command_us;
    else if (s->wire.body_count && !fct_wire_waits(&s->wire))
        limit = s->config.body_us;
    else if (s->expected_count == 0 || (s->owed == 0 && fct_session_at_gate(s)))
        return FCT_NEVER;
    else if (s->expected[s->expected_first].command == FCT_COMMAND_GREETING)
        limit = s->config.greeting_us;
    else if (s->expected[s->expected_first].command == FCT_COMMAND_FINAL ||
             s->expected[s->expected_first].command == FCT_COMMAND_BDAT)
        limit = s->config.final_us;
    return limit < FCT_NEVER - s->since_us ? s->since_us + limit : FCT_NEVER;
}

uint64_t fct_session_deadline(const fct_session *s)
{
    uint64_t deadline = wait_limit(s);

    if (s->state == FCT_STATE_DEAD)
        return FCT_NEVER;
    for (const fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        const fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state != FCT_MAIL_DONE && mail->deadline_us < deadline)
            deadline = mail->deadline_us;
    }
    return deadline;
}

void fct_session_tick(fct_session *s, uint64_t now_us)
{
    struct fct_expected *front;
    bool body;

    s->now_us = now_us;
    fct_session_expire(s);
    if (s->state == FCT_STATE_DEAD || wait_limit(s) > now_us) {
        fct_session_pump(s);
        return;
    }
    front = fct_session_front(s);
    body = s->wire.body_count && !fct_wire_waits(&s->wire);
    if (s->state == FCT_STATE_QUIT)
        fct_session_die(s, 0, FACTEUR_PHASE_final, NULL, NULL, "");
    else
        fct_session_die(s, FACTEUR_EDEADLINE, fct_session_phase(s), NULL,
                        front ? front->mail : NULL,
                        body ? "the relay did not read the message in time"
                             : "the relay did not answer in time");
}
