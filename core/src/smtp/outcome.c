/* SPDX-License-Identifier: MIT */
/* What became of a mail: the class of every recipient, and from them the mail's own. */
#include "smtp/session_state.h"

#include "base/memory.h"

#include <string.h>

fct_outcome *fct_outcome_new(size_t recipient_count)
{
    fct_outcome *outcome = fct_calloc(1, sizeof(*outcome));

    if (!outcome)
        return NULL;
    outcome->recipients = fct_calloc(recipient_count, sizeof(*outcome->recipients));
    if (!outcome->recipients) {
        fct_free(outcome);
        return NULL;
    }
    outcome->recipient_count = recipient_count;
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome->timing_us[i] = -1;
    return outcome;
}

void fct_outcome_free(fct_outcome *outcome)
{
    if (!outcome)
        return;
    for (size_t i = 0; i < outcome->recipient_count; i++)
        fct_reply_done(&outcome->recipients[i].reply);
    fct_free(outcome->recipients);
    fct_reply_done(&outcome->reply);
    fct_free(outcome->message);
    fct_free(outcome);
}

/* "what: 550 5.1.1 the relay's words", in s->message. */
const char *fct_outcome_quote(fct_session *s, const char *what, const fct_reply *reply)
{
    fct_buf *out = &s->message;
    size_t start;

    fct_buf_clear(out);
    fct_buf_addf(out, "%s: %d%s%s%s%.400s", what, reply->code, *reply->enhanced ? " " : "",
                 reply->enhanced, reply->text && *reply->text ? " " : "",
                 reply->text ? reply->text : "");
    if (out->failed)
        return what;
    for (start = 0; start < out->len; start++) {
        if (out->ptr[start] == '\n')
            out->ptr[start] = ' ';
    }
    return out->ptr;
}

void fct_transaction_phase_ends(fct_session *s, fct_transaction *mail, enum facteur_phase phase)
{
    int64_t *timing = &mail->outcome->timing_us[phase];
    uint64_t from = mail->mark_us;

    if (phase == FACTEUR_PHASE_final && mail->handed_us > from)
        from = mail->handed_us;
    *timing = (*timing < 0 ? 0 : *timing) + (int64_t)(s->now_us - from);
    mail->mark_us = s->now_us;
}

static enum fct_class class_of(const fct_reply *reply)
{
    return fct_reply_kind(reply->code) == 5 ? FCT_PERMANENT : FCT_TEMPORARY;
}

/* No longer on the wire's account: it waits again, or has its end. */
static void leave(fct_session *s, fct_transaction *mail)
{
    if (mail->state != FCT_MAIL_ACTIVE)
        return;
    s->active_count--;
    s->active_bytes -= mail->size;
}

static void run_again(fct_session *s, fct_transaction *mail)
{
    leave(s, mail);
    for (size_t i = 0; i < mail->recipient_count; i++) {
        bool keep =
            mail->marks[i] == FCT_MARK_SENT || (mail->marks[i] == FCT_MARK_REFUSED && !mail->rerun);

        if (!keep) {
            mail->marks[i] = FCT_MARK_PENDING;
            fct_reply_done(&mail->outcome->recipients[i].reply);
        }
    }
    fct_mail_reader_free(mail->body.reader);
    mail->body = (fct_outgoing){0};
    mail->state = FCT_MAIL_QUEUED;
    mail->run_before = true;
    mail->alone = true;
    mail->mail_refused = false;
    fct_reply_done(&mail->refusal);
    fct_session_moved(s);
    mail->rerun = false;
    mail->behind = false;
    mail->asked = mail->heard = mail->waiting = mail->accepted = 0;
    mail->handed_us = 0;
}

/* A 250 to its RCPT is no reason why a recipient was not sent the mail. */
static void tell_why(struct fct_recipient_outcome *recipient, const fct_reply *reply,
                     const char *sentence)
{
    if (reply) {
        fct_reply_copy(reply, &recipient->reply);
    } else if (fct_reply_kind(recipient->reply.code) < 4) {
        fct_reply_done(&recipient->reply);
        recipient->reply.text = fct_strdup(sentence);
    }
}

/* Decide each recipient; the mail's class is the best news: sent, in doubt, temporary, permanent.
 */
static enum fct_class decide(fct_transaction *mail, enum fct_class class, const fct_reply *reply,
                             const char *sentence)
{
    static const int order[] = {
        [FCT_SENT] = 0, [FCT_IN_DOUBT] = 1, [FCT_TEMPORARY] = 2, [FCT_PERMANENT] = 3};
    fct_outcome *outcome = mail->outcome;
    enum fct_class best = mail->recipient_count ? FCT_PERMANENT : class;

    for (size_t i = 0; i < mail->recipient_count; i++) {
        struct fct_recipient_outcome *recipient = &outcome->recipients[i];

        if (mail->marks[i] == FCT_MARK_SENT) {
            recipient->class = FCT_SENT;
        } else if (mail->marks[i] == FCT_MARK_REFUSED) {
            recipient->class = class_of(&recipient->reply);
        } else {
            /* Who belongs to a further run is in no doubt. */
            recipient->class =
                class == FCT_IN_DOUBT && mail->marks[i] == FCT_MARK_FULL ? FCT_TEMPORARY : class;
            tell_why(recipient, reply, sentence);
        }
        if (order[recipient->class] < order[best])
            best = recipient->class;
    }
    return best;
}

static const struct fct_recipient_outcome *first_of(const fct_outcome *outcome, size_t *index)
{
    for (*index = 0; *index < outcome->recipient_count; ++*index) {
        if (outcome->recipients[*index].class == outcome->class)
            return &outcome->recipients[*index];
    }
    return NULL;
}

static void end_sent(fct_transaction *mail, enum facteur_phase phase)
{
    mail->outcome->error = 0;
    mail->outcome->phase = phase;
}

static void end_unsent(fct_session *s, fct_transaction *mail, int error, enum facteur_phase phase,
                       const fct_reply *reply, const char *sentence)
{
    fct_outcome *outcome = mail->outcome;
    const struct fct_recipient_outcome *first;
    fct_buf what = {0};
    size_t index = 0;

    outcome->error = error;
    outcome->phase = phase;
    first = first_of(outcome, &index);
    /* Decided recipient by recipient: the first with the mail's class speaks for it. */
    if (first && mail->marks[index] == FCT_MARK_REFUSED) {
        reply = &first->reply;
        outcome->phase = FACTEUR_PHASE_rcpt;
        outcome->error = class_of(reply) == FCT_PERMANENT ? FACTEUR_EPERMANENT : FACTEUR_ETEMPORARY;
        fct_buf_addf(&what, "the relay refused the recipient <%s>",
                     fct_mail_recipient(mail->mail, index));
        sentence =
            fct_outcome_quote(s, what.failed ? "the relay refused a recipient" : what.ptr, reply);
    }
    if (reply)
        fct_reply_copy(reply, &outcome->reply);
    outcome->message = fct_strdup(sentence ? sentence : facteur_error_text(outcome->error));
    fct_buf_done(&what);
}

static bool has_more(const fct_transaction *mail)
{
    return memchr(mail->marks, FCT_MARK_FULL, mail->recipient_count) != NULL;
}

void fct_transaction_end(fct_session *s, fct_transaction *mail, enum fct_class class, int error,
                         enum facteur_phase phase, const fct_reply *reply, const char *sentence)
{
    fct_outcome *outcome = mail->outcome;

    for (size_t i = 0; class == FCT_SENT && i < mail->recipient_count; i++) {
        if (mail->marks[i] == FCT_MARK_ACCEPTED) {
            mail->marks[i] = FCT_MARK_SENT;
        } else if (mail->marks[i] == FCT_MARK_ASKED) {
            /* Refused after the sender was; yet the mail was taken, for others. */
            mail->marks[i] = FCT_MARK_REFUSED;
            fct_reply_copy(&mail->refusal, &outcome->recipients[i].reply);
        }
    }
    if (class == FCT_SENT)
        fct_reply_copy(reply, &outcome->reply);
    if (class == FCT_SENT && has_more(mail)) {
        run_again(s, mail);
        return;
    }
    leave(s, mail);
    outcome->class = decide(mail, class, reply, sentence ? sentence : facteur_error_text(error));
    if (outcome->class == FCT_SENT)
        end_sent(mail, FACTEUR_PHASE_final);
    else
        end_unsent(s, mail, error, phase, reply, sentence);
    outcome->flights = mail->share.flights;
    mail->state = FCT_MAIL_DONE;
    fct_session_moved(s);
    s->mail_count--;
    s->mail_bytes -= mail->size;
}

void fct_transaction_refused(fct_session *s, fct_transaction *mail, enum facteur_phase phase,
                             const fct_reply *reply)
{
    enum fct_class class = class_of(reply);
    int error = class == FCT_PERMANENT ? FACTEUR_EPERMANENT : FACTEUR_ETEMPORARY;
    const char *what = "the relay refused the message";

    s->idle_commands += s->rset_due ? 1 : 0;
    /* The relay refused all that this run asked for, and was not asked for the others. */
    if (mail->rerun || (phase == FACTEUR_PHASE_rcpt && has_more(mail))) {
        run_again(s, mail);
        return;
    }
    if (phase == FACTEUR_PHASE_mail) {
        what = "the relay refused the sender";
        if (reply->code == 530) {
            class = FCT_TEMPORARY;
            error = FACTEUR_EAUTH;
            what = "the relay asks for a login or for TLS (set user name, password and tls)";
        }
    }
    fct_transaction_end(s, mail, class, error, phase, reply, fct_outcome_quote(s, what, reply));
}
