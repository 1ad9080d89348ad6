/* SPDX-License-Identifier: MIT */
/*
 * The deadlines of the mails, and what becomes of one whose time is over while it is on its way: no
 * neighbour pays for it.
 */
#include "smtp/session_state.h"

#include "smtp/later.h"

#include <string.h>

void fct_session_renew(fct_session *s, const void *tag, uint64_t span_us)
{
    fct_transaction *mail = fct_session_find(s, tag);

    if (mail)
        mail->span_us = span_us;
}

void fct_session_rested(fct_session *s, uint64_t rest_us, uint64_t now_us)
{
    s->since_us = s->since_us + rest_us < now_us ? s->since_us + rest_us : now_us;
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->span_us)
            mail->deadline_us += rest_us;
    }
}

/* A verdict came: the mails after it now begin to wait for theirs. */
void fct_session_moved(fct_session *s)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->span_us && mail->deadline_us < s->now_us + mail->span_us)
            mail->deadline_us = s->now_us + mail->span_us;
    }
}

/* ---- Given up ------------------------------------------------------------------------------- */

/* A second outcome, which begins with what is known by now. */
static fct_outcome *second_of(const fct_outcome *first)
{
    fct_outcome *second = fct_outcome_new(first->recipient_count);

    if (!second)
        return NULL;
    for (size_t i = 0; i < first->recipient_count; i++)
        fct_reply_copy(&first->recipients[i].reply, &second->recipients[i].reply);
    fct_reply_copy(&first->reply, &second->reply);
    memcpy(second->timing_us, first->timing_us, sizeof(second->timing_us));
    return second;
}

/* It was handed over: its caller is told now, and its transaction goes on.  False: no memory. */
static bool detach(fct_session *s, fct_transaction *mail, const char *sentence)
{
    fct_outcome *second = second_of(mail->outcome);
    fct_later *later = fct_later_new();

    if (!second || !later) {
        fct_outcome_free(second);
        fct_later_unref(later);
        return false;
    }
    mail->early = mail->outcome;
    mail->outcome = second;
    mail->early->detached = true;
    if (fct_transaction_tell_early(s, mail, sentence)) {
        second->late = mail->early->class == FCT_IN_DOUBT;
        mail->early->later = fct_later_ref(later);
        second->later = fct_later_ref(later);
    }
    fct_later_unref(later);
    mail->deadline_us = FCT_NEVER;
    mail->span_us = 0;
    mail->given_up = true;
    s->given_up_count++;
    s->untold++;
    return true;
}

static bool is_first(const fct_session *s, const fct_transaction *mail)
{
    for (const fct_list *link = s->mails.next; link != &mail->link; link = link->next) {
        if (FCT_ENTRY(link, fct_transaction, link)->state == FCT_MAIL_ACTIVE)
            return false;
    }
    return true;
}

/*
 * Nothing of its terminator is out, and what is out cannot be taken back: the connection ends with
 * the mails before it, and those behind it are for another one.
 */
static void leave_for(fct_session *s, const fct_transaction *mail, int error, const char *sentence)
{
    enum facteur_phase phase = fct_transaction_phase(s, mail);
    fct_list *next = s->mails.next;
    bool reached = false;

    if (is_first(s, mail)) {
        fct_session_die(s, error, phase, NULL, mail, sentence);
        return;
    }
    fct_session_note_end(s, error, phase, NULL, sentence);
    s->leaving = true;
    for (fct_list *link = next; link != &s->mails; link = next) {
        fct_transaction *at = FCT_ENTRY(link, fct_transaction, link);

        next = link->next;
        reached |= at == mail;
        if (at->state == FCT_MAIL_QUEUED || (reached && at->state == FCT_MAIL_ACTIVE))
            fct_transaction_on_end(s, at, false, mail);
    }
    fct_session_unsay(s, mail);
}

void fct_session_leave(fct_session *s)
{
    char sentence[sizeof(s->close_message)];

    memcpy(sentence, s->close_message, sizeof(sentence));
    fct_session_die(s, s->error, s->error_phase, NULL, NULL, sentence);
}

void fct_session_give_up(fct_session *s, fct_transaction *mail, int error, const char *sentence)
{
    if (mail->state != FCT_MAIL_ACTIVE)
        fct_transaction_end(s, mail, FCT_TEMPORARY, error, fct_session_phase(s), NULL, sentence);
    else if (!mail->body.handed)
        leave_for(s, mail, error, sentence);
    else if (mail->given_up)
        mail->deadline_us = FCT_NEVER;
    else if (!detach(s, mail, sentence))
        fct_session_die(s, error, fct_transaction_phase(s, mail), NULL, mail, sentence);
}

/* ---- Deadlines ------------------------------------------------------------------------------ */

static const char *say_late(fct_session *s, const fct_transaction *mail)
{
    static const char what[] = "the deadline of the send passed";
    static const char advice[] = "; raise deadline if it may take longer";
    uint64_t written = mail->body.written < mail->size ? mail->body.written : mail->size;

    if (mail->state != FCT_MAIL_ACTIVE)
        return what;
    fct_buf_clear(&s->message);
    fct_buf_addf(&s->message, "%s in the phase %s, when %llu of %llu octets had been written%s",
                 what, facteur_phase_name(fct_transaction_phase(s, mail)),
                 (unsigned long long)written, (unsigned long long)mail->size, advice);
    return s->message.failed ? what : s->message.ptr;
}

static fct_transaction *overdue(const fct_session *s)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state != FCT_MAIL_DONE && mail->deadline_us <= s->now_us)
            return mail;
    }
    return NULL;
}

void fct_session_expire(fct_session *s)
{
    fct_transaction *mail;

    while ((mail = overdue(s)))
        fct_session_give_up(s, mail, FACTEUR_EDEADLINE, say_late(s, mail));
}
