/* SPDX-License-Identifier: MIT */
/* One mail on the connection: its commands, and what each reply to them means. */
#include "smtp/session_state.h"

#include <string.h>

#define DOMAINS_MAX 64u /* domains of one run's recipients, when the relay limits them */

static void no_memory(fct_session *s, fct_transaction *mail)
{
    fct_session_die(s, FACTEUR_ENOMEM, FACTEUR_PHASE_mail, NULL, mail, "out of memory");
}

static void say_mail(fct_session *s, fct_transaction *mail)
{
    unsigned needs = fct_mail_needs(mail->mail);
    bool utf8 = needs & FCT_NEEDS_SMTPUTF8 && fct_session_uses(s, FCT_OFFER_SMTPUTF8);
    fct_buf *line = &s->line;

    fct_buf_clear(line);
    fct_buf_add_text(line, "MAIL FROM:<");
    fct_buf_add_text(line, fct_mail_sender(mail->mail));
    fct_buf_add_char(line, '>');
    if (fct_session_uses(s, FCT_OFFER_SIZE)) {
        fct_buf_add_text(line, " SIZE=");
        fct_buf_add_number(line, mail->size);
    }
    if (needs & FCT_NEEDS_8BITMIME)
        fct_buf_add_text(line, " BODY=8BITMIME");
    if (utf8)
        fct_buf_add_text(line, " SMTPUTF8");
    fct_session_add_mail_terms(s, fct_mail_terms(mail->mail), line);
    fct_session_write(s, FCT_COMMAND_MAIL, mail, (fct_slice){line->ptr, line->len}, false);
}

/* Ask for the next recipient of this run.  False when there is none or memory ran out. */
static bool say_rcpt(fct_session *s, fct_transaction *mail)
{
    fct_buf *line = &s->line;

    while (mail->asked < mail->recipient_count && mail->marks[mail->asked] != FCT_MARK_PENDING)
        mail->asked++;
    if (mail->asked == mail->recipient_count)
        return false;
    fct_buf_clear(line);
    fct_buf_add_text(line, "RCPT TO:<");
    fct_buf_add_text(line, fct_mail_recipient(mail->mail, mail->asked));
    fct_buf_add_char(line, '>');
    fct_session_add_rcpt_terms(s, fct_mail_terms(mail->mail),
                               fct_mail_recipient(mail->mail, mail->asked), line);
    if (fct_session_write(s, FCT_COMMAND_RCPT, mail, (fct_slice){line->ptr, line->len}, false))
        return false;
    mail->marks[mail->asked++] = FCT_MARK_ASKED;
    mail->waiting++;
    return true;
}

/* RFC 9422: recipients beyond the limit that the relay announced go to another run. */
static void set_limit(fct_session *s, fct_transaction *mail)
{
    size_t left = s->caps.rcpt_max;

    for (size_t i = 0; left && i < mail->recipient_count; i++) {
        if (mail->marks[i] == FCT_MARK_PENDING && --left == 0) {
            for (i++; i < mail->recipient_count; i++) {
                if (mail->marks[i] == FCT_MARK_PENDING)
                    mail->marks[i] = FCT_MARK_FULL;
            }
        }
    }
}

static fct_slice domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return fct_slice_of(at ? at + 1 : address);
}

/* The same for recipients of more domains.  At most DOMAINS_MAX of a higher limit are used. */
static void set_domain_limit(fct_session *s, fct_transaction *mail)
{
    fct_slice domains[DOMAINS_MAX];
    size_t most = s->caps.domain_max < DOMAINS_MAX ? s->caps.domain_max : DOMAINS_MAX, count = 0;

    for (size_t i = 0; most && i < mail->recipient_count; i++) {
        fct_slice domain = domain_of(fct_mail_recipient(mail->mail, i));
        size_t known = 0;

        if (mail->marks[i] != FCT_MARK_PENDING)
            continue;
        while (known < count && !fct_slice_equal_nocase(domains[known], domain))
            known++;
        if (known < count)
            continue;
        if (count == most)
            mail->marks[i] = FCT_MARK_FULL;
        else
            domains[count++] = domain;
    }
}

static void queue_content(fct_session *s, fct_transaction *mail)
{
    mail->body = (fct_outgoing){.reader = fct_mail_reader_new(mail->mail),
                                .left = mail->size,
                                .share = &mail->share,
                                .stuff = !mail->bdat,
                                .hold = mail->hold};
    if (!mail->bdat || mail->answered)
        mail->body.hold &= ~(unsigned)FCT_HOLD_REPLY;
    s->reply_holds |= mail->body.hold & FCT_HOLD_REPLY;
    mail->gate_told = false;
    if (!mail->body.reader || fct_wire_body(&s->wire, &mail->body)) {
        no_memory(s, mail);
        return;
    }
    mail->body_us = s->now_us;
    if (s->wire.body_count == 1)
        s->body_bytes = 0;
    fct_buf_clear(&s->line);
    fct_buf_add_char(&s->line, '(');
    fct_buf_add_number(&s->line, mail->size);
    fct_buf_add_text(&s->line, " bytes of message)");
    fct_transcript_add(&s->transcript, "C: ", (fct_slice){s->line.ptr, s->line.len});
}

static void say_bdat(fct_session *s, fct_transaction *mail)
{
    fct_buf *line = &s->line;

    if (mail->probe) {
        /* RFC 3030 section 2: an empty chunk that is not the last one. */
        fct_session_command(s, FCT_COMMAND_PROBE, mail, "BDAT 0");
        return;
    }
    fct_buf_clear(line);
    fct_buf_add_text(line, "BDAT ");
    fct_buf_add_number(line, mail->size);
    fct_buf_add_text(line, " LAST");
    if (fct_session_write(s, FCT_COMMAND_BDAT, mail, (fct_slice){line->ptr, line->len}, false) == 0)
        queue_content(s, mail);
}

/* After the envelope: send the content, or first ask whether the relay takes it. */
static void say_data(fct_session *s, fct_transaction *mail)
{
    if (mail->bdat)
        say_bdat(s, mail);
    else
        fct_session_command(s, FCT_COMMAND_DATA, mail, "DATA");
}

static bool one_flight(const fct_session *s, const fct_transaction *mail)
{
    /* Do not send a large content to a relay that may refuse its envelope. */
    return fct_session_uses(s, FCT_OFFER_PIPELINING) &&
           (!mail->bdat || mail->size <= s->config.pipeline_bytes);
}

void fct_transaction_begin(fct_session *s, fct_transaction *mail)
{
    int refusal = fct_session_refuses(s, mail);
    bool behind = s->active_count > 0;
    bool may_be_open = behind && (!(s->known & FCT_KNOWN_ENDS) ||
                                  (s->config.chunking && s->caps.offers & FCT_OFFER_CHUNKING));

    if (refusal) {
        fct_transaction_end(s, mail, refusal == FACTEUR_ENOMEM ? FCT_TEMPORARY : FCT_PERMANENT,
                            refusal, FACTEUR_PHASE_mail, NULL, s->message.ptr);
        return;
    }
    mail->behind = behind;
    /* A relay that refuses RSET loses the connection.  The hold keeps this mail out of doubt. */
    if (s->rset_due && !mail->behind)
        mail->hold |= FCT_HOLD_REPLY;
    mail->state = FCT_MAIL_ACTIVE;
    mail->bdat = fct_session_uses(s, FCT_OFFER_CHUNKING) && mail->size > 0;
    mail->probe = mail->bdat && !s->config.bdat_proven && fct_mail_has_command(mail->mail);
    mail->mark_us = s->now_us;
    s->active_count++;
    s->active_bytes += mail->size;
    s->mails_begun++;
    /*
     * A refused BDAT may leave its transaction open at the relay.  Then the recipients of the mail
     * before would get this one.  The RSET between them prevents that and costs no flight.
     */
    if ((s->rset_due || may_be_open) && fct_session_command(s, FCT_COMMAND_RSET, NULL, "RSET"))
        return;
    s->rset_due = false;
    set_domain_limit(s, mail);
    set_limit(s, mail);
    say_mail(s, mail);
    if (!fct_session_uses(s, FCT_OFFER_PIPELINING))
        return;
    while (s->state == FCT_STATE_READY && say_rcpt(s, mail))
        ;
    if (s->state == FCT_STATE_READY && one_flight(s, mail))
        say_data(s, mail);
}

static void on_mail(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    int kind = fct_reply_kind(reply->code);

    fct_transaction_phase_ends(s, mail, FACTEUR_PHASE_mail);
    if (kind == 3) {
        fct_transaction_breach(s, mail, FACTEUR_PHASE_mail, reply, "not a reply to MAIL");
        return;
    }
    if (kind == 2) {
        if (!fct_session_uses(s, FCT_OFFER_PIPELINING))
            say_rcpt(s, mail);
        return;
    }
    mail->mail_refused = true;
    fct_reply_copy(reply, &mail->refusal);
    s->rset_due = true;
    /* The reason may be that the transaction of the mail before it is still open. */
    if (reply->code == 503 && mail->behind)
        mail->rerun = true;
    /* The relay refuses us, not the mail. */
    if (reply->code == 530) {
        s->stop = FACTEUR_EAUTH;
        s->error_phase = FACTEUR_PHASE_mail;
    }
    if (fct_session_uses(s, FCT_OFFER_PIPELINING))
        return;
    /* The connection may be ending (SES closes an idle one with 451).  RSET is due anyway. */
    if (kind == 4 && s->mails_begun > 1) {
        s->rset_due = false;
        fct_session_command(s, FCT_COMMAND_RSET, mail, "RSET");
        return;
    }
    fct_transaction_refused(s, mail, FACTEUR_PHASE_mail, reply);
}

/* RFC 5321 section 4.5.3.1.10: a relay may report the limit with 452, an older one with 552. */
static bool is_full(const fct_transaction *mail, const fct_reply *reply)
{
    const char *enhanced = reply->enhanced;
    bool told = strcmp(enhanced, "4.5.3") == 0 || strcmp(enhanced, "5.5.3") == 0 ||
                (reply->text && strcasestr(reply->text, "too many recipients"));

    if (mail->accepted == 0 || mail->mail_refused)
        return false;
    return reply->code == 452 ? told || !*enhanced : reply->code == 552 && told;
}

/* Skip recipients that need not be asked in this run any more. */
static void put_off_the_rest(fct_transaction *mail)
{
    for (size_t i = mail->asked; i < mail->recipient_count; i++) {
        if (mail->marks[i] == FCT_MARK_PENDING)
            mail->marks[i] = FCT_MARK_FULL;
    }
}

static void after_envelope(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    fct_transaction_phase_ends(s, mail, FACTEUR_PHASE_rcpt);
    if (one_flight(s, mail))
        return; /* the reply to DATA or BDAT has not come yet */
    if (mail->accepted && !mail->mail_refused) {
        say_data(s, mail);
        return;
    }
    s->rset_due = true;
    fct_transaction_unwanted(s, mail, reply);
}

static void on_rcpt(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    int kind = fct_reply_kind(reply->code);
    size_t i = mail->heard;

    while (mail->marks[i] != FCT_MARK_ASKED)
        i++;
    mail->heard = i + 1;
    mail->waiting--;
    if (kind == 3) {
        fct_transaction_breach(s, mail, FACTEUR_PHASE_rcpt, reply, "not a reply to RCPT");
        return;
    }
    /* After a refused MAIL, a 503 says nothing about the recipient. */
    if (!mail->mail_refused)
        fct_reply_copy(reply, &mail->outcome->recipients[i].reply);
    if (kind == 2) {
        mail->marks[i] = FCT_MARK_ACCEPTED;
        mail->accepted++;
    } else if (is_full(mail, reply)) {
        mail->marks[i] = FCT_MARK_FULL;
        put_off_the_rest(mail);
    } else if (!mail->mail_refused) {
        mail->marks[i] = FCT_MARK_REFUSED;
    }
    if (mail->waiting)
        return;
    if (fct_session_uses(s, FCT_OFFER_PIPELINING) || !say_rcpt(s, mail)) {
        if (s->state == FCT_STATE_READY)
            after_envelope(s, mail, reply);
    }
}

/*
 * 354, but no recipient was accepted: an empty mail to nobody is the shortest way back (RFC 2920
 * 3.1).
 */
static void say_lone_dot(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    if (fct_session_command(s, FCT_COMMAND_LONE_DOT, NULL, "."))
        return;
    s->rset_due = false;
    fct_transaction_unwanted(s, mail, reply);
}

static void on_data(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    bool wanted = mail->accepted && !mail->mail_refused;

    fct_transaction_phase_ends(s, mail, FACTEUR_PHASE_data);
    if (reply->code == 354 && wanted) {
        queue_content(s, mail);
        if (s->state == FCT_STATE_READY)
            fct_session_expect(s, FCT_COMMAND_FINAL, mail);
    } else if (reply->code == 354 && mail->accepted == 0) {
        say_lone_dot(s, mail, reply);
    } else if (fct_reply_kind(reply->code) >= 4) {
        s->rset_due = true;
        if (wanted)
            fct_transaction_refused(s, mail, FACTEUR_PHASE_data, reply);
        else
            fct_transaction_unwanted(s, mail, reply);
    } else {
        fct_transaction_breach(s, mail, FACTEUR_PHASE_data, reply, "not a reply to DATA");
    }
}

/*
 * No octet of the content has been sent.  A relay that does not know BDAT, or refuses an empty one,
 * gets the mail by DATA.
 */
static void on_probe(fct_session *s, fct_transaction *mail, const fct_reply *reply)
{
    bool wanted = mail->accepted && !mail->mail_refused;
    int kind = fct_reply_kind(reply->code);

    fct_transaction_phase_ends(s, mail, FACTEUR_PHASE_data);
    s->config.bdat_proven |= kind == 2;
    if (kind == 3) {
        fct_transaction_breach(s, mail, FACTEUR_PHASE_data, reply, "not a reply to BDAT");
    } else if (kind == 2 && wanted) {
        mail->probe = false;
        say_bdat(s, mail);
    } else {
        s->rset_due = true;
        s->chunking_refused |= wanted;
        mail->rerun |= wanted;
        fct_transaction_unwanted(s, mail, reply);
    }
}

void fct_transaction_on_reply(fct_session *s, fct_transaction *mail, enum fct_command command,
                              const fct_reply *reply)
{
    mail->answered = true;
    s->heard = true;
    if (s->draining) {
        fct_transaction_on_drained(s, mail, command, reply);
        return;
    }
    switch (command) {
    case FCT_COMMAND_MAIL:
        on_mail(s, mail, reply);
        break;
    case FCT_COMMAND_RSET:
        fct_transaction_refused(s, mail, FACTEUR_PHASE_mail, &mail->refusal);
        break;
    case FCT_COMMAND_RCPT:
        on_rcpt(s, mail, reply);
        break;
    case FCT_COMMAND_DATA:
        on_data(s, mail, reply);
        break;
    case FCT_COMMAND_PROBE:
        on_probe(s, mail, reply);
        break;
    default:
        fct_transaction_on_verdict(s, mail, command, reply);
        break;
    }
}
