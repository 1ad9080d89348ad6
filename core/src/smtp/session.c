/* SPDX-License-Identifier: MIT */
/* The front of a session: the functions for callers, and the handling of each reply. */
#include "smtp/session_state.h"

#include "base/memory.h"

#include <string.h>

/* For each mail RSET, MAIL, RCPT…, DATA and the end; and the commands outside mails. */
#define EXPECTED_PER_MAIL 6u
#define EXPECTED_MORE 8u

static void set_limits(fct_session *s)
{
    struct fct_session_config *config = &s->config;

    if (config->pipeline_depth < 1)
        config->pipeline_depth = 1;
    if (config->pipeline_depth > FCT_PIPELINE_DEPTH_MAX)
        config->pipeline_depth = FCT_PIPELINE_DEPTH_MAX;
    s->expected_cap = EXPECTED_PER_MAIL * config->pipeline_depth + EXPECTED_MORE;
}

fct_session *fct_session_new(const struct fct_session_config *config, uint64_t now_us)
{
    fct_session *s = fct_calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->config = *config;
    fct_secret_ref(config->password);
    fct_secret_ref(config->token);
    s->config.username = config->username ? fct_strdup(config->username) : NULL;
    fct_list_init(&s->mails);
    fct_list_init(&s->kept);
    set_limits(s);
    s->expected = fct_calloc(s->expected_cap, sizeof(*s->expected));
    if (fct_wire_init(&s->wire, s->expected_cap) || !s->expected ||
        (config->username && !s->config.username)) {
        fct_session_free(s);
        return NULL;
    }
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        s->timing_us[i] = -1;
    s->secured = config->tls == FCT_TLS_IMPLICIT;
    s->now_us = s->since_us = s->begun_us = now_us;
    fct_session_expect(s, FCT_COMMAND_GREETING, NULL);
    s->owed = 1;
    return s;
}

static void free_mail(fct_transaction *mail)
{
    fct_list_remove(&mail->link);
    fct_mail_reader_free(mail->body.reader);
    fct_outcome_free(mail->outcome);
    fct_outcome_free(mail->early);
    fct_reply_done(&mail->refusal);
    fct_mail_unref(mail->mail);
    fct_free(mail);
}

static void free_mails(fct_list *list)
{
    fct_list *link;

    while ((link = fct_list_first(list)))
        free_mail(FCT_ENTRY(link, fct_transaction, link));
}

/* With some presets the user name is the key. */
static void free_login(struct fct_session_config *config)
{
    fct_text_wipe((char *)(uintptr_t)config->username);
    fct_secret_unref(config->password);
    fct_secret_unref(config->token);
}

void fct_session_free(fct_session *s)
{
    if (!s)
        return;
    fct_wire_done(&s->wire);
    free_mails(&s->mails);
    free_mails(&s->kept);
    fct_sasl_done(&s->sasl);
    fct_capabilities_done(&s->caps);
    fct_reply_parser_done(&s->parser);
    fct_buf_wipe(&s->last_response);
    fct_buf_wipe(&s->line);
    fct_buf_wipe(&s->binding);
    fct_buf_done(&s->message);
    fct_buf_done(&s->reply_text);
    fct_reply_done(&s->error_reply);
    fct_free(s->expected);
    fct_free(s->gate_tags);
    free_login(&s->config);
    fct_wipe(&s->config, sizeof(s->config));
    fct_free(s);
}

static void breach(fct_session *s, const char *what)
{
    struct fct_expected *front = fct_session_front(s);

    fct_buf_clear(&s->message);
    fct_buf_addf(&s->message, "the relay broke the SMTP dialogue: %s", what);
    fct_session_die(s, FACTEUR_EPROTOCOL, fct_session_phase(s), NULL, front ? front->mail : NULL,
                    s->message.failed ? what : s->message.ptr);
}

static void to_command(fct_session *s, struct fct_expected front, const fct_reply *reply, bool more)
{
    switch (front.command) {
    case FCT_COMMAND_GREETING:
        fct_session_on_greeting(s, reply);
        break;
    case FCT_COMMAND_EHLO:
        fct_session_on_ehlo(s, reply);
        break;
    case FCT_COMMAND_HELO:
        fct_session_on_helo(s, reply);
        break;
    case FCT_COMMAND_STARTTLS:
        fct_session_on_starttls(s, reply, more);
        break;
    case FCT_COMMAND_AUTH:
        fct_session_on_auth(s, reply);
        break;
    case FCT_COMMAND_CANCEL:
        fct_session_on_cancel(s, reply);
        break;
    case FCT_COMMAND_RSET:
        if (fct_reply_kind(reply->code) != 2)
            fct_session_die(s, FACTEUR_ECONNECT, FACTEUR_PHASE_mail, reply, NULL,
                            fct_outcome_quote(s, "the relay refused RSET", reply));
        else if (front.mail)
            fct_transaction_on_reply(s, front.mail, front.command, reply);
        break;
    case FCT_COMMAND_NOOP:
        s->noops_done++;
        break;
    case FCT_COMMAND_QUIT:
        fct_session_die(s, 0, FACTEUR_PHASE_final, reply, NULL, "");
        break;
    case FCT_COMMAND_LONE_DOT:
        if (fct_reply_kind(reply->code) != 2)
            s->rset_due |= !(s->known & FCT_KNOWN_ENDS);
        break;
    default:
        fct_transaction_on_reply(s, front.mail, front.command, reply);
        break;
    }
}

/*
 * The oldest command that has no reply yet.  A verdict may come while its mail is still being
 * written.
 */
static bool take_front(fct_session *s, struct fct_expected *out)
{
    struct fct_expected *front = fct_session_front(s);

    if (!front || (s->owed == 0 && front->command != FCT_COMMAND_FINAL))
        return false;
    if (s->owed)
        s->owed--;
    *out = *front;
    if (--front->count == 0) {
        s->expected_first = (s->expected_first + 1) % s->expected_cap;
        s->expected_count--;
    }
    return true;
}

static void note_reply(fct_session *s)
{
    int code = s->parser.code;
    const char who[] = {'S',
                        ':',
                        ' ',
                        (char)('0' + code / 100),
                        (char)('0' + code / 10 % 10),
                        (char)('0' + code % 10),
                        ' ',
                        '\0'};

    /* A refusal may quote the login that came before it. */
    if (s->state == FCT_STATE_AUTH || code >= 400)
        fct_session_mask(s, &s->parser.text);
    /* A challenge may contain the secret. */
    if (code == 334 && s->state == FCT_STATE_AUTH && s->parser.text.len)
        fct_transcript_add(&s->transcript, who, FCT_SLICE("***"));
    else
        fct_transcript_add(&s->transcript, who,
                           (fct_slice){s->parser.text.ptr, s->parser.text.len});
}

static void on_reply(fct_session *s, bool more)
{
    struct fct_expected front;
    fct_reply reply;

    note_reply(s);
    fct_reply_read(&s->parser, &s->reply_text, &reply);
    if (reply.code == 421) {
        fct_session_closed_by_421(s, &reply);
        return;
    }
    if (!take_front(s, &front)) {
        breach(s, "a reply that no command asked for");
        return;
    }
    if (fct_wire_waits(&s->wire))
        s->flight_open = false;
    fct_session_first_reply(s);
    s->since_us = s->now_us;
    to_command(s, front, &reply, more);
    fct_session_pump(s);
}

static void on_malformed(fct_session *s, int error)
{
    char first = s->parser.first;

    if (error == FACTEUR_ENOMEM)
        fct_session_die(s, error, fct_session_phase(s), NULL, NULL, "out of memory");
    else if (fct_session_phase(s) == FACTEUR_PHASE_greeting && (first == 0x15 || first == 0x16))
        breach(s, "TLS mode mismatch: it speaks TLS from the start, use smtps:// (tls=implicit)");
    else
        breach(s, s->parser.problem);
}

int fct_session_feed(fct_session *s, const void *bytes, size_t len, uint64_t now_us)
{
    const char *at = bytes;

    s->now_us = now_us;
    if (s->state == FCT_STATE_TLS)
        fct_session_die(s, FACTEUR_ETLS, FACTEUR_PHASE_tls, NULL, NULL,
                        "the relay sent clear text where the TLS handshake belongs "
                        "(starttls_injection)");
    while (len && s->state != FCT_STATE_DEAD) {
        size_t used = 0;
        int result = fct_reply_feed(&s->parser, at, len, &used);

        if (result < 0)
            on_malformed(s, result);
        at += used;
        len -= used;
        if (result == 1)
            on_reply(s, len > 0);
    }
    return s->state == FCT_STATE_DEAD ? s->error : 0;
}

static fct_transaction *being_read(fct_session *s)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state == FCT_MAIL_ACTIVE && mail->body.left)
            return mail;
    }
    return NULL;
}

int fct_session_output(fct_session *s, fct_slice *slices, int max, uint64_t now_us)
{
    int count;

    s->now_us = now_us;
    fct_session_expire(s);
    fct_session_begin_mails(s);
    if (s->state == FCT_STATE_DEAD)
        return s->error == FACTEUR_EIO ? FACTEUR_EIO : 0;
    count = fct_wire_output(&s->wire, slices, max);
    if (count < 0)
        fct_session_die(s, FACTEUR_EIO, FACTEUR_PHASE_body, NULL, being_read(s),
                        "an attachment's file changed or disappeared while it was sent");
    return count;
}

static void note_handed(fct_session *s)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state != FCT_MAIL_ACTIVE || !mail->body.handed || mail->handed_us)
            continue;
        mail->handed_us = s->now_us;
        mail->outcome->timing_us[FACTEUR_PHASE_body] = (int64_t)(s->now_us - mail->body_us);
    }
}

void fct_session_sent(fct_session *s, size_t len, uint64_t now_us)
{
    struct fct_wire_progress progress;

    s->now_us = now_us;
    if (len == 0)
        return;
    if (!s->flight_open && s->state != FCT_STATE_DEAD) {
        s->flight_open = true;
        s->flights++;
    }
    fct_wire_sent(&s->wire, len, s->state == FCT_STATE_DEAD ? 0 : s->flights, &progress);
    s->owed += progress.lines;
    s->body_bytes += progress.body_bytes;
    if (s->body_bytes >= FCT_BODY_STEP || progress.body_ended) {
        s->body_bytes = 0;
        s->since_us = now_us;
    }
    if (progress.body_ended)
        note_handed(s);
}

static fct_outcome *take_early(fct_transaction *mail)
{
    fct_outcome *outcome = mail->early;

    mail->early = NULL;
    return outcome;
}

static fct_outcome *take_last(fct_session *s, fct_transaction *mail)
{
    fct_outcome *outcome = mail->outcome;

    mail->outcome = NULL;
    if (mail->body.shown) {
        /* A write in progress may still use its bytes. */
        fct_list_remove(&mail->link);
        fct_list_push(&s->kept, &mail->link);
    } else {
        free_mail(mail);
    }
    return outcome;
}

static fct_outcome *take_outcome(fct_session *s)
{
    for (fct_list *link = s->mails.next; s->untold && link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (!mail->early && mail->state != FCT_MAIL_DONE)
            continue;
        s->untold--;
        return mail->early ? take_early(mail) : take_last(s, mail);
    }
    return NULL;
}

fct_transaction *fct_session_find(const fct_session *s, const void *tag)
{
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->outcome && mail->outcome->tag == tag)
            return mail;
    }
    return NULL;
}

bool fct_session_handed_over(const fct_session *s, const void *tag)
{
    const fct_transaction *mail = fct_session_find(s, tag);

    return mail && (mail->body.handed || mail->state == FCT_MAIL_DONE);
}

void fct_session_disown(fct_session *s, const void *tag)
{
    fct_transaction *mail = fct_session_find(s, tag);

    if (!mail)
        return;
    mail->outcome->tag = NULL;
    mail->outcome->late = true;
    if (mail->state == FCT_MAIL_DONE)
        return;
    mail->given_up = true;
    s->given_up_count++;
}

static bool simple_event(fct_session *s, struct fct_session_event *event)
{
    if (s->start_tls_due) {
        s->start_tls_due = false;
        event->kind = FCT_EVENT_START_TLS;
    } else if (s->ready_due) {
        s->ready_due = false;
        event->kind = FCT_EVENT_READY;
    } else if (s->noops_done) {
        s->noops_done--;
        event->kind = FCT_EVENT_NOOP;
    } else {
        return false;
    }
    return true;
}

int fct_session_next(fct_session *s, struct fct_session_event *event)
{
    *event = (struct fct_session_event){.message = ""};
    if (simple_event(s, event))
        return 1;
    if (fct_session_tell_gate(s, event))
        return 1;
    event->outcome = take_outcome(s);
    if (event->outcome) {
        event->kind = FCT_EVENT_OUTCOME;
        return 1;
    }
    if (!s->close_due)
        return 0;
    s->close_due = false;
    event->kind = FCT_EVENT_CLOSE;
    event->error = s->error;
    event->phase = s->error_phase;
    event->reply = s->error_reply.code ? &s->error_reply : NULL;
    event->message = s->close_message;
    return 1;
}

/* Copy the parts that must outlive the call. */
static int keep_facts(fct_session *s, const struct fct_tls_facts *facts)
{
    if (!facts || !facts->channel_binding || !facts->binding_name ||
        strlen(facts->binding_name) >= sizeof(s->binding_name))
        return 0;
    fct_buf_clear(&s->binding);
    if (fct_buf_add(&s->binding, facts->channel_binding, facts->channel_binding_len))
        return FACTEUR_ENOMEM;
    strcpy(s->binding_name, facts->binding_name);
    s->facts = (struct fct_tls_facts){s->binding.ptr, s->binding.len, s->binding_name};
    return 0;
}

void fct_session_secured(fct_session *s, const struct fct_tls_facts *facts, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->state == FCT_STATE_DEAD)
        return;
    if (keep_facts(s, facts)) {
        fct_session_die(s, FACTEUR_ENOMEM, FACTEUR_PHASE_tls, NULL, NULL, "out of memory");
        return;
    }
    s->secured = true;
    s->since_us = s->begun_us = now_us;
    if (s->state != FCT_STATE_TLS)
        return;
    s->state = FCT_STATE_GREET;
    s->start_tls_due = false;
    fct_session_say_ehlo(s);
}

static fct_transaction *new_transaction(fct_mail *mail, void *tag)
{
    size_t count = fct_mail_recipient_count(mail);
    fct_transaction *transaction = fct_calloc(1, sizeof(*transaction) + count);

    if (!transaction)
        return NULL;
    transaction->outcome = fct_outcome_new(count);
    if (!transaction->outcome) {
        fct_free(transaction);
        return NULL;
    }
    transaction->outcome->tag = tag;
    transaction->mail = fct_mail_ref(mail);
    transaction->size = fct_mail_size(mail);
    transaction->recipient_count = count;
    return transaction;
}

int fct_session_submit(fct_session *s, fct_mail *mail, uint64_t deadline_us, unsigned hold,
                       void *tag, uint64_t now_us)
{
    fct_transaction *transaction;

    s->now_us = now_us;
    if (s->state == FCT_STATE_DEAD || s->state == FCT_STATE_QUIT || s->quit_wanted || s->leaving)
        return FACTEUR_ECLOSED;
    if (hold & FCT_HOLD_GATE && !s->gate_tags) {
        s->gate_tags = fct_calloc(s->config.pipeline_depth, sizeof(*s->gate_tags));
        if (!s->gate_tags)
            return FACTEUR_ENOMEM;
    }
    transaction = new_transaction(mail, tag);
    if (!transaction)
        return FACTEUR_ENOMEM;
    transaction->deadline_us = deadline_us;
    transaction->hold = hold;
    fct_list_push(&s->mails, &transaction->link);
    s->mail_count++;
    s->mail_bytes += transaction->size;
    fct_session_pump(s);
    return 0;
}

int fct_session_noop(fct_session *s, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->state == FCT_STATE_DEAD || s->state == FCT_STATE_QUIT || s->leaving)
        return FACTEUR_ECLOSED;
    s->noops_wanted++;
    fct_session_pump(s);
    return 0;
}

void fct_session_quit(fct_session *s, uint64_t now_us)
{
    s->now_us = now_us;
    s->quit_wanted = true;
    if (s->state < FCT_STATE_READY && s->mail_count == 0)
        fct_session_die(s, 0, fct_session_phase(s), NULL, NULL, "");
    fct_session_pump(s);
}

bool fct_session_idle(const fct_session *s)
{
    return s->state == FCT_STATE_READY && fct_list_empty(&s->mails) && s->expected_count == 0 &&
           s->noops_wanted == 0 && fct_wire_empty(&s->wire);
}

bool fct_session_pipelines(const fct_session *s)
{
    return fct_session_uses(s, FCT_OFFER_PIPELINING);
}

bool fct_session_heard(const fct_session *s)
{
    return s->heard;
}

bool fct_session_bdat_proven(const fct_session *s)
{
    return s->config.bdat_proven;
}

bool fct_session_chunking_refused(const fct_session *s)
{
    return s->chunking_refused;
}

const char *fct_session_mechanism(const fct_session *s)
{
    return s->logged_in ? fct_mechanism_name(s->mechanism) : "";
}

const char *fct_session_capabilities(const fct_session *s)
{
    return s->caps.text.ptr ? s->caps.text.ptr : "";
}

int64_t fct_session_timing_us(const fct_session *s, enum facteur_phase phase)
{
    return s->timing_us[phase];
}

bool fct_session_is_owed(const fct_session *s)
{
    return s->owed > 0;
}

unsigned fct_session_flights(const fct_session *s)
{
    return s->flights;
}

const char *fct_session_transcript(const fct_session *s)
{
    /* This changes only the ring's inner order: the oldest line moves to the front. */
    return fct_transcript_text((fct_transcript *)&s->transcript);
}
