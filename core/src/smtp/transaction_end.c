/* SPDX-License-Identifier: MIT */
/*
 * The result of a mail.  The progress of its run and the event that ended it give the run's
 * verdict. The verdict and each recipient's own reply give the recipient's class.
 */
#include "smtp/session_state.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#define IN_DOUBT "the mail was handed over and its verdict was not heard: "
#define NO_TURN "the deadline of the send passed before this recipient's turn"
#define DOUBT_MAX (sizeof(IN_DOUBT) + sizeof(((fct_session *)NULL)->close_message))

/* The progress of a run of a mail.  "Over" means that an octet of its terminator was written. */
enum stand {
    STAND_WAITS, /* no octet of it was written */
    STAND_OPEN,  /* as far as known the relay wants it: the sender and a recipient were not refused
                  */
    STAND_OVER,  /* the same, and over */
    STAND_NOBODY_OPEN, /* no recipient was accepted */
    STAND_NOBODY_OVER,
    STAND_SENDER_OPEN, /* the sender was refused */
    STAND_SENDER_OVER,
    STAND_SENDER_TAKEN /* the sender was refused, yet a recipient was accepted; over */
};

/* The event that ends it. */
enum event {
    EVENT_YES,     /* 2yz to the end of data, in one reply, whole and well-formed */
    EVENT_NO,      /* 4yz or 5yz to it, or in the middle of the content */
    EVENT_NO_BDAT, /* 500, 502 or 503 to BDAT: the relay does not know it, or not at this place */
    EVENT_CLOSING, /* 421 to any command */
    EVENT_END      /* any other end of the connection: lost, late, malformed, cut off */
};

/* The verdict on all recipients that were not refused themselves. */
enum verdict {
    NEVER,     /* cannot be */
    SENT,      /* the recipients accepted in this run have the mail (RFC 5321 section 4.2.5) */
    REPLY,     /* the class of the reply */
    SENDER,    /* the class of the refusal of the sender */
    NOBODY,    /* each recipient was refused itself */
    NOT_SENT,  /* temporary: it was certainly not taken */
    DOUBT,     /* it may have been taken (RFC 5321 section 4.5.3.2.6, RFC 1047) */
    ELSEWHERE, /* not taken, and to be sent by DATA */
    BREACH     /* not sent, and the relay cannot be believed any more */
};

/* clang-format off */
static const unsigned char verdicts[][5] = {
    /*                       2yz     4yz,5yz  no BDAT    421       end */
    [STAND_WAITS]        = { NEVER,  NEVER,   NEVER,     NOT_SENT, NOT_SENT },
    [STAND_OPEN]         = { BREACH, REPLY,   ELSEWHERE, NOT_SENT, NOT_SENT },
    [STAND_OVER]         = { SENT,   REPLY,   ELSEWHERE, NOT_SENT, DOUBT },
    [STAND_NOBODY_OPEN]  = { BREACH, NOBODY,  NOBODY,    NOT_SENT, NOT_SENT },
    [STAND_NOBODY_OVER]  = { NOBODY, NOBODY,  NOBODY,    NOT_SENT, DOUBT },
    [STAND_SENDER_OPEN]  = { BREACH, SENDER,  SENDER,    SENDER,   SENDER },
    [STAND_SENDER_OVER]  = { SENDER, SENDER,  SENDER,    SENDER,   SENDER },
    [STAND_SENDER_TAKEN] = { SENT,   SENDER,  SENDER,    SENDER,   SENDER },
};
/* clang-format on */

static enum stand stand_of(const fct_transaction *mail)
{
    bool over = mail->body.handed;

    if (mail->state != FCT_MAIL_ACTIVE)
        return STAND_WAITS;
    if (mail->mail_refused)
        return !over ? STAND_SENDER_OPEN : mail->accepted ? STAND_SENDER_TAKEN : STAND_SENDER_OVER;
    if (mail->accepted == 0)
        return over ? STAND_NOBODY_OVER : STAND_NOBODY_OPEN;
    return over ? STAND_OVER : STAND_OPEN;
}

/*
 * The stand when the connection ends.  A refusal of the sender does not count if only the mail
 * before it was the cause: a content that was sent after it may be in that mail's transaction.
 */
static enum stand stand_at_end(const fct_transaction *mail)
{
    if (mail->state == FCT_MAIL_ACTIVE && mail->mail_refused && mail->rerun)
        return mail->body.handed ? STAND_OVER : STAND_OPEN;
    return stand_of(mail);
}

/* ---- Recipients ------------------------------------------------------------------------------ */

/* Without a code it is our own refusal. */
static enum fct_class class_of(const fct_reply *reply)
{
    return fct_reply_kind(reply->code) == 5 || (!reply->code && *reply->enhanced == '5')
               ? FCT_PERMANENT
               : FCT_TEMPORARY;
}

/* Take the mail out of the counts of mails in flight: it waits again, or it has ended. */
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
    mail->mail_refused = false;
    fct_reply_done(&mail->refusal);
    fct_session_moved(s);
    mail->rerun = false;
    mail->behind = false;
    mail->asked = mail->heard = mail->waiting = mail->accepted = 0;
    mail->handed_us = 0;
}

/* A 250 to its RCPT does not explain why a recipient did not get the mail. */
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

/*
 * Decide each recipient.  The mail's class is the first of these that a recipient has: sent, in
 * doubt, temporary, permanent.
 */
static enum fct_class decide(const fct_transaction *mail, fct_outcome *outcome,
                             enum fct_class class, const fct_reply *reply, const char *sentence)
{
    static const int order[] = {
        [FCT_SENT] = 0, [FCT_IN_DOUBT] = 1, [FCT_TEMPORARY] = 2, [FCT_PERMANENT] = 3};
    enum fct_class best = mail->recipient_count ? FCT_PERMANENT : class;

    for (size_t i = 0; i < mail->recipient_count; i++) {
        struct fct_recipient_outcome *recipient = &outcome->recipients[i];

        if (mail->marks[i] == FCT_MARK_SENT) {
            recipient->class = FCT_SENT;
        } else if (mail->marks[i] == FCT_MARK_REFUSED) {
            recipient->class = class_of(&recipient->reply);
        } else if (mail->marks[i] == FCT_MARK_FULL &&
                   (class == FCT_IN_DOUBT || class == FCT_SENT)) {
            /* A recipient that would go to another run is not in doubt. */
            recipient->class = FCT_TEMPORARY;
            tell_why(recipient, NULL, class == FCT_SENT ? NO_TURN : sentence);
        } else {
            recipient->class = class;
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

static void end_unsent(fct_session *s, const fct_transaction *mail, fct_outcome *outcome, int error,
                       enum facteur_phase phase, const fct_reply *reply, const char *sentence)
{
    const struct fct_recipient_outcome *first;
    fct_buf what = {0};
    size_t index = 0;

    outcome->error = error;
    outcome->phase = phase;
    first = first_of(outcome, &index);
    /* Each recipient was decided on its own: report the first one that has the mail's class. */
    if (first && mail->marks[index] == FCT_MARK_REFUSED && first->reply.code) {
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

/* `outcome`: the mail's, or its early one. */
static void fill(fct_session *s, const fct_transaction *mail, fct_outcome *outcome,
                 enum fct_class class, int error, enum facteur_phase phase, const fct_reply *reply,
                 const char *sentence)
{
    outcome->class =
        decide(mail, outcome, class, reply, sentence ? sentence : facteur_error_text(error));
    outcome->flights = mail->share.flights;
    if (outcome->class == FCT_SENT)
        outcome->phase = FACTEUR_PHASE_final;
    else
        end_unsent(s, mail, outcome, error, phase, reply, sentence);
}

/* ---- A run's end ----------------------------------------------------------------------------- */

void fct_transaction_end(fct_session *s, fct_transaction *mail, enum fct_class class, int error,
                         enum facteur_phase phase, const fct_reply *reply, const char *sentence)
{
    fct_outcome *outcome = mail->outcome;

    for (size_t i = 0; class == FCT_SENT && i < mail->recipient_count; i++) {
        if (mail->marks[i] == FCT_MARK_ACCEPTED) {
            mail->marks[i] = FCT_MARK_SENT;
        } else if (mail->marks[i] == FCT_MARK_ASKED) {
            /* It was refused after the sender was, yet the mail was taken for others. */
            mail->marks[i] = FCT_MARK_REFUSED;
            fct_reply_copy(&mail->refusal, &outcome->recipients[i].reply);
        }
    }
    if (class == FCT_SENT)
        fct_reply_copy(reply, &outcome->reply);
    if (class == FCT_SENT && has_more(mail) && !mail->given_up) {
        run_again(s, mail);
        return;
    }
    leave(s, mail);
    fill(s, mail, outcome, class, error, phase, reply, sentence);
    mail->state = FCT_MAIL_DONE;
    fct_session_moved(s);
    s->untold++;
    s->given_up_count -= mail->given_up;
    s->mail_count--;
    s->mail_bytes -= mail->size;
}

/* The sender was refused: what that says. */
static const char *judge_sender(const fct_reply *reply, enum fct_class *class, int *error)
{
    if (reply->code != 530)
        return "the relay refused the sender";
    *class = FCT_TEMPORARY;
    *error = FACTEUR_EAUTH;
    return "the relay asks for a login or for TLS (set user name, password and tls)";
}

void fct_transaction_refused(fct_session *s, fct_transaction *mail, enum facteur_phase phase,
                             const fct_reply *reply)
{
    enum fct_class class = class_of(reply);
    int error = class == FCT_PERMANENT ? FACTEUR_EPERMANENT : FACTEUR_ETEMPORARY;
    const char *what = "the relay refused the message";

    s->idle_commands += s->rset_due ? 1 : 0;
    /* The relay refused all recipients of this run and was not asked about the others. */
    if (mail->rerun || (phase == FACTEUR_PHASE_rcpt && has_more(mail))) {
        if (!mail->given_up) {
            run_again(s, mail);
            return;
        }
        class = FCT_TEMPORARY;
        error = FACTEUR_ETEMPORARY;
    }
    if (phase == FACTEUR_PHASE_mail)
        what = judge_sender(reply, &class, &error);
    fct_transaction_end(s, mail, class, error, phase, reply, fct_outcome_quote(s, what, reply));
}

void fct_transaction_unwanted(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    if (mail->mail_refused)
        fct_transaction_refused(s, mail, FACTEUR_PHASE_mail, &mail->refusal);
    else
        fct_transaction_refused(s, mail, FACTEUR_PHASE_rcpt, reply);
}

void fct_transaction_breach(fct_session *s, fct_transaction *mail, enum facteur_phase phase,
                            const fct_reply *reply, const char *what)
{
    fct_session_die(s, FACTEUR_EPROTOCOL, phase, reply, mail, fct_outcome_quote(s, what, reply));
}

/* ---- A reply to the end of data, or within it ------------------------------------------------ */

static void on_taken(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    bool odd = mail->mail_refused;

    s->rset_due = false; /* it closed the transaction that was open before */
    fct_transaction_end(s, mail, FCT_SENT, 0, FACTEUR_PHASE_final, reply, NULL);
    if (reply->code == 221)
        fct_session_die(s, FACTEUR_ECONNECT, FACTEUR_PHASE_final, reply, mail,
                        "the relay closes the connection");
    else if (odd)
        fct_transaction_breach(s, mail, FACTEUR_PHASE_final, reply,
                               "a mail was taken after its sender had been refused");
}

/*
 * The relay offered CHUNKING but refuses BDAT.  If it does not know BDAT, it reads the content as
 * commands and answers each line, so later replies may not belong to our commands.  Send nothing
 * more on this connection, but read all outstanding replies.  Then a relay that refuses each BDAT
 * leaves no mail in doubt, and all of them go elsewhere by DATA.
 */
static void on_bdat_unknown(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    s->chunking_refused = true;
    s->draining = true;
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next)
        FCT_ENTRY(link, fct_transaction, link)->rerun = true;
    fct_transaction_refused(s, mail, FACTEUR_PHASE_final, reply);
}

static enum event event_of(enum fct_command command, int code)
{
    if (fct_reply_kind(code) == 2)
        return EVENT_YES;
    return command == FCT_COMMAND_BDAT && (code == 500 || code == 502 || code == 503)
               ? EVENT_NO_BDAT
               : EVENT_NO;
}

static enum verdict verdict_of(const fct_transaction *mail, enum fct_command command, int code)
{
    if (fct_reply_kind(code) == 3)
        return BREACH;
    return (enum verdict)verdicts[stand_of(mail)][event_of(command, code)];
}

void fct_transaction_on_verdict(fct_session *s, fct_transaction *mail, enum fct_command command,
                                const fct_reply *reply)
{
    enum verdict verdict = verdict_of(mail, command, reply->code);
    bool early = !mail->body.handed;
    enum facteur_phase phase = early ? FACTEUR_PHASE_body : FACTEUR_PHASE_final;

    s->config.bdat_proven |= mail->bdat && !early && fct_reply_kind(reply->code) == 2;
    if (verdict == SENDER || verdict == NOBODY) {
        s->rset_due = true;
        fct_transaction_unwanted(s, mail, reply);
    } else {
        fct_transaction_phase_ends(s, mail, FACTEUR_PHASE_final);
        if (verdict == SENT) {
            on_taken(s, mail, reply);
            return;
        }
        if (verdict == BREACH) {
            fct_transaction_breach(s, mail, phase, reply,
                                   early ? "a verdict on a mail that was not handed over yet"
                                         : "not a verdict on a mail");
            return;
        }
        if (verdict == ELSEWHERE) {
            on_bdat_unknown(s, mail, reply);
        } else {
            s->rset_due |= mail->bdat || !(s->known & FCT_KNOWN_ENDS);
            fct_transaction_refused(s, mail, phase, reply);
        }
    }
    /* Unless its whole content was written, only a new connection leads back to commands. */
    if (early && s->draining)
        fct_session_leave_drained(s);
    else if (early)
        fct_session_die(s, FACTEUR_ECONNECT, FACTEUR_PHASE_body, NULL, mail,
                        "the connection was closed because a mail was refused before its end");
}

/* Believe only a refusal of its BDAT: the mail was not taken. */
void fct_transaction_on_drained(fct_session *s, fct_transaction *mail, enum fct_command command,
                                const fct_reply *reply)
{
    if (command == FCT_COMMAND_MAIL || command == FCT_COMMAND_RCPT)
        return;
    if (command == FCT_COMMAND_BDAT && mail->body.handed && fct_reply_kind(reply->code) >= 4)
        fct_transaction_refused(s, mail, FACTEUR_PHASE_final, reply);
    else
        fct_session_leave_drained(s);
}

/* ---- The end of the connection --------------------------------------------------------------- */

static void end_in_doubt(fct_session *s, fct_transaction *mail)
{
    char sentence[DOUBT_MAX];

    snprintf(sentence, sizeof(sentence), "%s%s", IN_DOUBT, s->close_message);
    fct_transaction_end(s, mail, FCT_IN_DOUBT, FACTEUR_EINDOUBT, FACTEUR_PHASE_final, NULL,
                        sentence);
}

bool fct_transaction_tell_early(fct_session *s, fct_transaction *mail, const char *sentence)
{
    char text[DOUBT_MAX];
    const fct_reply *reply = &mail->refusal;
    enum fct_class class = class_of(reply);
    int error = class == FCT_PERMANENT ? FACTEUR_EPERMANENT : FACTEUR_ETEMPORARY;

    if (verdicts[stand_at_end(mail)][EVENT_END] == DOUBT) {
        snprintf(text, sizeof(text), "%s%s", IN_DOUBT, sentence);
        fill(s, mail, mail->early, FCT_IN_DOUBT, FACTEUR_EINDOUBT, FACTEUR_PHASE_final, NULL, text);
        return true;
    }
    sentence = fct_outcome_quote(s, judge_sender(reply, &class, &error), reply);
    fill(s, mail, mail->early, class, error, FACTEUR_PHASE_mail, reply, sentence);
    return false;
}

static void end_not_sent(fct_session *s, fct_transaction *mail, bool closing,
                         const fct_transaction *culprit)
{
    bool active = mail->state == FCT_MAIL_ACTIVE;
    int error = s->error ? s->error : FACTEUR_ECLOSED;

    mail->outcome->untouched = !mail->answered && !mail->run_before;
    mail->outcome->again =
        mail != culprit && ((active && (closing || culprit)) || mail->run_before || s->draining);
    fct_transaction_end(s, mail, FCT_TEMPORARY, error,
                        active && mail != culprit ? fct_transaction_phase(s, mail) : s->error_phase,
                        s->error_reply.code ? &s->error_reply : NULL,
                        *s->close_message ? s->close_message : NULL);
    mail->outcome->again &= mail->outcome->class == FCT_TEMPORARY;
}

void fct_transaction_on_end(fct_session *s, fct_transaction *mail, bool closing,
                            const fct_transaction *culprit)
{
    enum event event = closing ? EVENT_CLOSING : EVENT_END;

    switch ((enum verdict)verdicts[stand_at_end(mail)][event]) {
    case SENDER:
        fct_transaction_refused(s, mail, FACTEUR_PHASE_mail, &mail->refusal);
        mail->outcome->untouched = mail->outcome->class == FCT_TEMPORARY && s->mails_begun > 1 &&
                                   fct_reply_kind(mail->refusal.code) == 4;
        break;
    case DOUBT:
        end_in_doubt(s, mail);
        break;
    default:
        end_not_sent(s, mail, closing, culprit);
        break;
    }
}
