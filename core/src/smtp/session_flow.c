/* SPDX-License-Identifier: MIT */
/* What is written, and when: commands and the replies owed for them, flights, RSET, NOOP, QUIT. */
#include "smtp/session_state.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

static struct fct_expected *last_expected(const fct_session *s)
{
    return s->expected_count
               ? &s->expected[(s->expected_first + s->expected_count - 1) % s->expected_cap]
               : NULL;
}

void fct_session_expect(fct_session *s, enum fct_command command, fct_transaction *mail)
{
    size_t end = (s->expected_first + s->expected_count) % s->expected_cap;
    struct fct_expected *last = last_expected(s);

    if (!last)
        s->since_us = s->now_us;
    if (last && last->command == command && last->mail == mail) {
        last->count++;
        return;
    }
    s->expected[end] = (struct fct_expected){command, 1, mail};
    s->expected_count++;
}

void fct_session_unsay(fct_session *s, const fct_transaction *mail)
{
    unsigned replies = 0;

    for (size_t i = 0; i < s->expected_count; i++) {
        const struct fct_expected *at = &s->expected[(s->expected_first + i) % s->expected_cap];

        if (at->mail == mail)
            s->expected_count = i;
        else
            replies += at->count;
    }
    /* What was owed for the rest will be nobody's. */
    if (s->owed > replies)
        s->owed = replies;
    fct_wire_cut(&s->wire, &mail->share);
}

int fct_session_write(fct_session *s, enum fct_command command, fct_transaction *mail,
                      fct_slice shown, bool secret)
{
    fct_transcript_add(&s->transcript, "C: ", shown);
    fct_buf_add(&s->line, "\r\n", 2);
    if (s->line.failed || s->expected_count == s->expected_cap ||
        fct_wire_line(&s->wire, (fct_slice){s->line.ptr, s->line.len}, secret,
                      mail ? &mail->share : NULL)) {
        fct_session_die(s, FACTEUR_ENOMEM, fct_session_phase(s), NULL, mail, "out of memory");
        return FACTEUR_ENOMEM;
    }
    fct_session_expect(s, command, mail);
    return 0;
}

int fct_session_command(fct_session *s, enum fct_command command, fct_transaction *mail,
                        const char *format, ...)
{
    va_list args;

    fct_buf_clear(&s->line);
    va_start(args, format);
    fct_buf_addv(&s->line, format, args);
    va_end(args);
    return fct_session_write(s, command, mail, (fct_slice){s->line.ptr, s->line.len}, false);
}

bool fct_session_uses(const fct_session *s, enum fct_offer offer)
{
    if (!(s->caps.offers & offer))
        return false;
    if (offer == FCT_OFFER_PIPELINING)
        return s->config.pipelining != FCT_PIPELINING_OFF;
    if (offer == FCT_OFFER_CHUNKING)
        return s->config.chunking && !s->chunking_refused;
    return true;
}

bool fct_session_reads_on(const fct_session *s)
{
    return s->config.pipelining == FCT_PIPELINING_FULL || s->known & FCT_KNOWN_READS_ON;
}

static fct_transaction *next_queued(const fct_session *s)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state == FCT_MAIL_QUEUED)
            return mail;
    }
    return NULL;
}

/* How many mails may have begun and be unanswered at once. */
static unsigned depth(const fct_session *s)
{
    if (!fct_session_uses(s, FCT_OFFER_PIPELINING))
        return 1;
    if (fct_session_uses(s, FCT_OFFER_CHUNKING))
        return s->config.pipeline_depth;
    /* Only the next envelope may follow the final dot in its flight (RFC 2920 section 3.1). */
    return fct_session_reads_on(s) && s->config.pipeline_depth > 1 ? 2 : 1;
}

/* Whether every mail that has begun has queued its content.  Only then may a MAIL follow. */
static bool contents_queued(const fct_session *s)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        const fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state == FCT_MAIL_ACTIVE && !mail->body.reader)
            return false;
    }
    return true;
}

/*
 * How many mails may be in flight so that, if all are refused, the RSETs after them stay below the
 * limit.  A relay that is not known for a limit has none until the first refusal.
 */
static unsigned idle_room(const fct_session *s)
{
    if (!(s->known & FCT_KNOWN_COUNTS_IDLE) && s->idle_commands == 0)
        return UINT_MAX;
    return s->idle_commands < FCT_IDLE_COMMANDS_MAX ? FCT_IDLE_COMMANDS_MAX - s->idle_commands : 0;
}

static bool may_follow(const fct_session *s, enum fct_command last)
{
    /* Nothing may follow a NOOP in its group (RFC 2920 section 3.1). */
    if (!fct_session_uses(s, FCT_OFFER_PIPELINING) || last == FCT_COMMAND_NOOP)
        return false;
    return (last != FCT_COMMAND_FINAL && last != FCT_COMMAND_LONE_DOT) || fct_session_reads_on(s);
}

static bool may_begin(const fct_session *s, const fct_transaction *mail)
{
    const struct fct_expected *last = last_expected(s);

    if (s->stop || (s->caps.mail_max && s->mails_begun >= s->caps.mail_max) ||
        s->active_count >= idle_room(s) || (last && !may_follow(s, last->command)))
        return false;
    if (s->active_count == 0)
        return true;
    return !mail->run_before && s->active_count < depth(s) && contents_queued(s) &&
           (mail->size <= s->config.pipeline_bytes &&
            s->active_bytes <= s->config.pipeline_bytes - mail->size);
}

/*
 * Whether no further mail may go here: the relay's own limit of mails (RFC 9422), or idle_room(),
 * is reached.
 */
static bool used_up(const fct_session *s)
{
    return s->active_count == 0 &&
           ((s->caps.mail_max && s->mails_begun >= s->caps.mail_max) || idle_room(s) == 0);
}

static void say_goodbye(fct_session *s)
{
    if (s->active_count || s->expected_count || !fct_wire_empty(&s->wire))
        return;
    if (s->stop) {
        fct_session_die(s, s->stop, s->error_phase, NULL, NULL,
                        "the relay asks for a login or for TLS: set user name, password and tls");
        return;
    }
    if ((s->quit_wanted && s->mail_count == 0) || used_up(s)) {
        s->state = FCT_STATE_QUIT;
        fct_session_command(s, FCT_COMMAND_QUIT, NULL, "QUIT");
    }
}

/*
 * Begin a mail only when its first octets can leave at once.  A mail that waits may be past its
 * deadline later.
 */
void fct_session_begin_mails(fct_session *s)
{
    fct_transaction *mail;

    /* In a dead session the wire may refer to mails that are gone. */
    if (s->state != FCT_STATE_READY || s->draining || s->leaving || !fct_wire_waits(&s->wire))
        return;
    while (s->state == FCT_STATE_READY && (mail = next_queued(s)) && may_begin(s, mail)) {
        if (s->rset_due && !fct_session_uses(s, FCT_OFFER_PIPELINING)) {
            s->rset_due = false;
            fct_session_command(s, FCT_COMMAND_RSET, NULL, "RSET");
        } else {
            fct_transaction_begin(s, mail);
        }
    }
    fct_session_pump(s);
}

void fct_session_pump(fct_session *s)
{
    if (s->leaving && s->active_count == 0) {
        fct_session_leave(s);
        return;
    }
    if (s->draining) {
        if (s->expected_count == 0)
            fct_session_leave_drained(s);
        return;
    }
    if (s->leaving)
        return;
    while (s->state == FCT_STATE_READY && s->noops_wanted && !next_queued(s) &&
           s->active_count == 0 && s->expected_count == 0) {
        s->noops_wanted--;
        s->idle_commands++;
        fct_session_command(s, FCT_COMMAND_NOOP, NULL, "NOOP");
    }
    if (s->state == FCT_STATE_READY)
        say_goodbye(s);
}

unsigned fct_session_room(const fct_session *s)
{
    unsigned most = depth(s), allowed = idle_room(s), room;

    if (s->state != FCT_STATE_READY || s->quit_wanted || s->stop || s->draining || s->leaving ||
        s->given_up_count || s->mail_count >= most || s->mail_count >= allowed ||
        (s->mail_count && s->mail_bytes >= s->config.pipeline_bytes))
        return 0;
    room = (most < allowed ? most : allowed) - s->mail_count;
    if (s->caps.mail_max) {
        unsigned used = s->mails_begun + s->mail_count - s->active_count;
        unsigned left = used < s->caps.mail_max ? s->caps.mail_max - used : 0;

        room = left < room ? left : room;
    }
    return room;
}
