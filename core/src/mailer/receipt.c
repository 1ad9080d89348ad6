/* SPDX-License-Identifier: MIT */
#include "mailer/receipt.h"

#include "base/error.h"
#include "base/memory.h"
#include "mailer/queue_id.h"
#include "mime/mend.h"
#include "smtp/later.h"
#include "smtp/reply.h"

#include <stdatomic.h>
#include <string.h>

struct rejection {
    const char *address; /* the mail's, or in `refused` */
    fct_reply reply;
};

struct facteur_receipt {
    fct_mail *mail;
    char *relay;
    enum facteur_status status;
    const char **accepted; /* the mail's strings */
    size_t accepted_count;
    const char **in_doubt; /* after them, in the same block */
    size_t in_doubt_count;
    struct rejection *rejected;
    size_t rejected_count;
    char **refused; /* the policy's */
    size_t refused_count;
    char *queue_id;
    char *outbox_id, *key; /* of its row, or NULL */
    char *first_id;        /* of a duplicate: the first one's Message-ID */
    fct_reply reply;
    enum facteur_phase phase;
    unsigned attempts, flights;
    double timings[FACTEUR_PHASE_COUNT];
    int error;
    char *message;
    char *transcript;
    bool not_durable; /* queued where a commit does not wait for the disk */
    fct_later *later; /* or NULL */
    fct_notes notes;
    atomic_uint refs;
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static bool keep_refused(facteur_receipt *receipt, const char *const *refused, size_t count,
                         const char *why)
{
    for (size_t i = 0; i < count; i++) {
        struct rejection *rejection = &receipt->rejected[receipt->rejected_count];

        receipt->refused[i] = fct_strdup(refused[i]);
        rejection->reply.text = fct_strdup(or_empty(why));
        if (!receipt->refused[i] || !rejection->reply.text)
            return false;
        rejection->address = receipt->refused[i];
        receipt->rejected_count++;
    }
    return true;
}

facteur_receipt *fct_receipt_new(fct_mail *mail, const char *relay, const char *const *refused,
                                 size_t refused_count, const char *why)
{
    size_t count = mail ? fct_mail_recipient_count(mail) : 0;
    facteur_receipt *receipt = fct_calloc(1, sizeof *receipt);

    if (!receipt)
        return NULL;
    atomic_init(&receipt->refs, 1);
    receipt->mail = mail ? fct_mail_ref(mail) : NULL;
    receipt->status = FACTEUR_TEMPORARY;
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        receipt->timings[i] = -1;
    receipt->relay = fct_strdup(relay);
    receipt->accepted = fct_calloc(2 * count, sizeof *receipt->accepted);
    receipt->rejected = fct_calloc(count + refused_count, sizeof *receipt->rejected);
    receipt->refused = fct_calloc(refused_count, sizeof *receipt->refused);
    receipt->refused_count = refused_count;
    receipt->in_doubt = receipt->accepted ? receipt->accepted + count : NULL;
    if ((mail && fct_notes_copy(&receipt->notes, fct_mail_notes(mail))) || !receipt->relay ||
        !receipt->accepted || !receipt->rejected || !receipt->refused ||
        !keep_refused(receipt, refused, refused_count, why)) {
        facteur_receipt_free(receipt);
        return NULL;
    }
    return receipt;
}

/* For when there is no memory for another one. */
static facteur_receipt shortage = {
    .relay = "",
    .status = FACTEUR_TEMPORARY,
    .timings = {[0 ... FACTEUR_PHASE_COUNT - 1] = -1},
    .error = FACTEUR_ENOMEM,
    .message = "out of memory",
};

facteur_receipt *facteur_receipt_of_shortage(int code, const char *message)
{
    facteur_receipt *receipt = fct_receipt_new(NULL, "", NULL, 0, NULL);

    if (!receipt)
        return &shortage;
    fct_receipt_fill_failed(receipt, FACTEUR_TEMPORARY, code, message);
    return receipt;
}

void facteur_receipt_free(facteur_receipt *receipt)
{
    size_t count;

    if (!receipt || receipt == &shortage || atomic_fetch_sub(&receipt->refs, 1) != 1)
        return;
    count = receipt->refused_count;
    if (receipt->mail)
        count += fct_mail_recipient_count(receipt->mail);
    /* keep_refused() may have stopped between a text and its address. */
    for (size_t i = 0; receipt->rejected && i < count; i++)
        fct_free(receipt->rejected[i].reply.text);
    for (size_t i = 0; receipt->refused && i < receipt->refused_count; i++)
        fct_free(receipt->refused[i]);
    fct_mail_unref(receipt->mail);
    fct_free(receipt->relay);
    fct_free(receipt->accepted);
    fct_free(receipt->rejected);
    fct_free(receipt->refused);
    fct_free(receipt->queue_id);
    fct_free(receipt->outbox_id);
    fct_free(receipt->key);
    fct_free(receipt->first_id);
    fct_free(receipt->reply.text);
    fct_free(receipt->message);
    fct_free(receipt->transcript);
    fct_later_unref(receipt->later);
    fct_notes_done(&receipt->notes);
    fct_free(receipt);
}

facteur_receipt *facteur_receipt_ref(facteur_receipt *receipt)
{
    atomic_fetch_add(&receipt->refs, 1);
    return receipt;
}

/* ---- Filling --------------------------------------------------------------------------------- */

static enum facteur_status status_of(enum fct_class class)
{
    switch (class) {
    case FCT_SENT:
        return FACTEUR_SENT;
    case FCT_PERMANENT:
        return FACTEUR_PERMANENT;
    case FCT_IN_DOUBT:
        return FACTEUR_IN_DOUBT;
    case FCT_TEMPORARY:
        break;
    }
    return FACTEUR_TEMPORARY;
}

/*
 * A mail that was sent has an answer for each recipient.  One that was not has refused recipients
 * only if the relay refused the mail: a 554 greeting says nothing about an address, and a 250 to
 * RCPT does not refuse one, whatever happened to the mail.  Without a code it is our own refusal.
 */
static bool is_rejected(const fct_outcome *outcome, const struct fct_recipient_outcome *recipient)
{
    if (outcome->class == FCT_SENT)
        return recipient->class != FCT_SENT;
    return (recipient->reply.code >= 400 ||
            (!recipient->reply.code && *recipient->reply.enhanced)) &&
           outcome->phase >= FACTEUR_PHASE_mail &&
           (recipient->class == FCT_TEMPORARY || recipient->class == FCT_PERMANENT);
}

static void fill_recipients(facteur_receipt *receipt, const fct_outcome *outcome)
{
    size_t count = fct_mail_recipient_count(receipt->mail);

    for (size_t i = 0; i < count && i < outcome->recipient_count; i++) {
        const struct fct_recipient_outcome *recipient = &outcome->recipients[i];
        const char *address = fct_mail_recipient(receipt->mail, i);
        struct rejection *rejection = &receipt->rejected[receipt->rejected_count];

        if (recipient->class == FCT_SENT && outcome->class == FCT_SENT) {
            receipt->accepted[receipt->accepted_count++] = address;
        } else if (recipient->class == FCT_IN_DOUBT) {
            receipt->in_doubt[receipt->in_doubt_count++] = address;
        } else if (is_rejected(outcome, recipient)) {
            rejection->address = address;
            fct_reply_copy(&recipient->reply, &rejection->reply);
            receipt->rejected_count++;
        }
    }
}

void fct_receipt_name_relay(facteur_receipt *receipt, const char *relay)
{
    char *name = strcmp(receipt->relay, relay) == 0 ? NULL : fct_strdup(relay);

    if (!name)
        return;
    fct_free(receipt->relay);
    receipt->relay = name;
}

/* What the relay that has the mail could not take otherwise. */
static void tell_mended(facteur_receipt *receipt, unsigned mended)
{
    if (mended & FCT_MENDED_REPLY_TO)
        fct_receipt_note(receipt, "an address was left out of Reply-To: it is outside ASCII, and "
                                  "the relay does not offer SMTPUTF8");
    if (mended & FCT_MENDED_ADDRESS)
        fct_receipt_note(receipt, "an address of the header was left out or is shown as text: it "
                                  "is outside ASCII, and the relay does not offer SMTPUTF8");
    if (mended & FCT_MENDED_BODY)
        fct_receipt_note(receipt, "the text was encoded: the relay does not offer 8BITMIME");
}

void fct_receipt_fill(facteur_receipt *receipt, const fct_outcome *outcome, unsigned attempts,
                      char *transcript)
{
    fct_slice id;

    receipt->status = status_of(outcome->class);
    receipt->phase = outcome->phase;
    receipt->attempts = attempts;
    receipt->flights = outcome->flights;
    fct_reply_copy(&outcome->reply, &receipt->reply);
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        receipt->timings[i] =
            outcome->timing_us[i] < 0 ? -1 : (double)outcome->timing_us[i] / 1000000;
    fill_recipients(receipt, outcome);
    receipt->later = outcome->later ? fct_later_ref(outcome->later) : NULL;
    if (outcome->class == FCT_SENT || outcome->class == FCT_IN_DOUBT)
        tell_mended(receipt, outcome->mended);
    if (outcome->class == FCT_SENT) {
        id = fct_queue_id_find(fct_slice_of(or_empty(outcome->reply.text)));
        receipt->queue_id = fct_strndup(id.ptr, id.len);
        fct_free(transcript); /* of a first attempt that was repeated */
        return;
    }
    receipt->transcript = transcript;
    receipt->error = outcome->error;
    receipt->message =
        fct_strdup(outcome->message ? outcome->message : facteur_error_text(outcome->error));
}

void fct_receipt_reset(facteur_receipt *receipt)
{
    while (receipt->rejected_count > receipt->refused_count) {
        struct rejection *rejection = &receipt->rejected[--receipt->rejected_count];

        fct_free(rejection->reply.text);
        *rejection = (struct rejection){0};
    }
    fct_free(receipt->reply.text);
    fct_free(receipt->message);
    fct_free(receipt->transcript);
    receipt->reply = (fct_reply){0};
    receipt->message = receipt->transcript = NULL;
    fct_later_unref(receipt->later);
    receipt->later = NULL;
    receipt->error = 0;
    receipt->in_doubt_count = 0;
}

void fct_receipt_fill_sent(facteur_receipt *receipt, const char *queue_id)
{
    receipt->status = FACTEUR_SENT;
    receipt->phase = FACTEUR_PHASE_final;
    receipt->queue_id = fct_strdup(queue_id);
    for (size_t i = 0; i < fct_mail_recipient_count(receipt->mail); i++)
        receipt->accepted[receipt->accepted_count++] = fct_mail_recipient(receipt->mail, i);
}

void fct_receipt_fill_queued(facteur_receipt *receipt, const char *queue_id, const char *message_id,
                             bool durable)
{
    receipt->not_durable = !durable;
    receipt->status = message_id ? FACTEUR_DUPLICATE : FACTEUR_QUEUED;
    receipt->queue_id = fct_strdup(queue_id);
    receipt->first_id = message_id ? fct_strdup(message_id) : NULL;
}

void fct_receipt_requeue(facteur_receipt *receipt, const char *what)
{
    if (receipt->message)
        fct_receipt_note(receipt, "a first try: %s", receipt->message);
    fct_receipt_note(receipt, "%s", what);
    fct_free(receipt->message);
    fct_free(receipt->transcript);
    receipt->message = receipt->transcript = NULL;
    receipt->error = 0;
    receipt->status = FACTEUR_QUEUED;
    receipt->queue_id = receipt->outbox_id ? fct_strdup(receipt->outbox_id) : NULL;
}

void fct_receipt_unconfirm(facteur_receipt *receipt)
{
    receipt->not_durable = true;
    fct_receipt_note(receipt, "the disk did not confirm that the mail is in the outbox");
}

const fct_later *fct_receipt_late(const facteur_receipt *receipt)
{
    return receipt->later;
}

void fct_receipt_name_row(facteur_receipt *receipt, const char *id, const char *key)
{
    receipt->outbox_id = fct_strdup(id);
    receipt->key = key ? fct_strdup(key) : NULL;
}

void fct_receipt_fill_failed(facteur_receipt *receipt, enum facteur_status status, int error,
                             const char *message)
{
    receipt->status = status;
    receipt->error = error;
    receipt->message = fct_strdup(message ? message : facteur_error_text(error));
}

void fct_receipt_fill_cause(facteur_receipt *receipt, enum facteur_status status, int error,
                            const facteur_error *cause)
{
    fct_receipt_fill_failed(receipt, status, error, cause ? facteur_error_sentence(cause) : NULL);
}

int fct_receipt_answer(facteur_receipt *receipt, unsigned how, int err, facteur_error *cause,
                       facteur_error **error)
{
    bool of_letter = err == FACTEUR_ENOMEM || err == FACTEUR_ECONFIG;

    if (err != FACTEUR_ELIMIT && !(of_letter && (how & FACTEUR_LETTER)))
        return fct_error_pass(error, err, cause);
    fct_receipt_fill_cause(receipt, FACTEUR_TEMPORARY, err, cause);
    facteur_error_free(cause);
    return 0;
}

bool fct_receipt_is_shortage(int code)
{
    return code == FACTEUR_ENOMEM || code == FACTEUR_ELIMIT;
}

int fct_receipt_tell_shortage(int code, facteur_receipt **receipt, facteur_error **error)
{
    *receipt =
        facteur_receipt_of_shortage(code, error && *error ? facteur_error_message(*error) : NULL);
    if (error) {
        facteur_error_free(*error);
        *error = NULL;
    }
    return 0;
}

void fct_receipt_note(facteur_receipt *receipt, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fct_notes_addv(&receipt->notes, format, args);
    va_end(args);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static const char *const status_names[] = {"sent",      "queued",   "temporary",
                                           "permanent", "in_doubt", "duplicate"};

enum facteur_status facteur_receipt_status(const facteur_receipt *receipt)
{
    return receipt->status;
}

const char *facteur_receipt_status_name(const facteur_receipt *receipt)
{
    return status_names[receipt->status];
}

int facteur_receipt_ok(const facteur_receipt *receipt)
{
    return receipt->status == FACTEUR_SENT || receipt->status == FACTEUR_QUEUED ||
           receipt->status == FACTEUR_DUPLICATE;
}

fct_mail *fct_receipt_mail(const facteur_receipt *receipt)
{
    return receipt->mail;
}

const char *facteur_receipt_message_id(const facteur_receipt *receipt)
{
    if (receipt->first_id)
        return receipt->first_id;
    return receipt->mail ? fct_mail_message_id(receipt->mail) : "";
}

const char *facteur_receipt_queue_id(const facteur_receipt *receipt)
{
    return or_empty(receipt->queue_id);
}

const char *facteur_receipt_relay(const facteur_receipt *receipt)
{
    return receipt->relay;
}

size_t facteur_receipt_accepted_count(const facteur_receipt *receipt)
{
    return receipt->accepted_count;
}

const char *facteur_receipt_accepted(const facteur_receipt *receipt, size_t index)
{
    return index < receipt->accepted_count ? receipt->accepted[index] : "";
}

size_t facteur_receipt_in_doubt_count(const facteur_receipt *receipt)
{
    return receipt->in_doubt_count;
}

const char *facteur_receipt_in_doubt(const facteur_receipt *receipt, size_t index)
{
    return index < receipt->in_doubt_count ? receipt->in_doubt[index] : "";
}

size_t facteur_receipt_rejected_count(const facteur_receipt *receipt)
{
    return receipt->rejected_count;
}

const char *facteur_receipt_rejected(const facteur_receipt *receipt, size_t index)
{
    return index < receipt->rejected_count ? receipt->rejected[index].address : "";
}

int facteur_receipt_rejected_code(const facteur_receipt *receipt, size_t index)
{
    return index < receipt->rejected_count ? receipt->rejected[index].reply.code : 0;
}

const char *facteur_receipt_rejected_enhanced(const facteur_receipt *receipt, size_t index)
{
    return index < receipt->rejected_count ? receipt->rejected[index].reply.enhanced : "";
}

const char *facteur_receipt_rejected_text(const facteur_receipt *receipt, size_t index)
{
    return index < receipt->rejected_count ? or_empty(receipt->rejected[index].reply.text) : "";
}

int facteur_receipt_reply_code(const facteur_receipt *receipt)
{
    return receipt->reply.code;
}

const char *facteur_receipt_reply_enhanced(const facteur_receipt *receipt)
{
    return receipt->reply.enhanced;
}

const char *facteur_receipt_reply_text(const facteur_receipt *receipt)
{
    return or_empty(receipt->reply.text);
}

enum facteur_phase facteur_receipt_phase(const facteur_receipt *receipt)
{
    return receipt->phase;
}

unsigned facteur_receipt_attempts(const facteur_receipt *receipt)
{
    return receipt->attempts;
}

unsigned facteur_receipt_flights(const facteur_receipt *receipt)
{
    return receipt->flights;
}

const char *facteur_receipt_outbox_id(const facteur_receipt *receipt)
{
    return or_empty(receipt->outbox_id);
}

const char *facteur_receipt_key(const facteur_receipt *receipt)
{
    return or_empty(receipt->key);
}

int facteur_receipt_durable(const facteur_receipt *receipt)
{
    return !receipt->not_durable;
}

double facteur_receipt_timing(const facteur_receipt *receipt, enum facteur_phase phase)
{
    return phase < FACTEUR_PHASE_COUNT ? receipt->timings[phase] : -1;
}

int facteur_receipt_error_code(const facteur_receipt *receipt)
{
    return receipt->error;
}

const char *facteur_receipt_error(const facteur_receipt *receipt)
{
    return or_empty(receipt->message);
}

const char *facteur_receipt_transcript(const facteur_receipt *receipt)
{
    return or_empty(receipt->transcript);
}

size_t facteur_receipt_note_count(const facteur_receipt *receipt)
{
    return receipt->notes.count;
}

const char *facteur_receipt_note(const facteur_receipt *receipt, size_t index)
{
    return fct_notes_at(&receipt->notes, index);
}

facteur_receipt *facteur_receipt_later(const facteur_receipt *receipt)
{
    const fct_outcome *outcome = receipt->later ? fct_later_told(receipt->later) : NULL;
    facteur_receipt *later =
        outcome ? fct_receipt_new(receipt->mail, receipt->relay, NULL, 0, NULL) : NULL;

    if (!later)
        return NULL;
    fct_notes_done(&later->notes);
    if (fct_notes_copy(&later->notes, &receipt->notes)) {
        facteur_receipt_free(later);
        return NULL;
    }
    fct_receipt_fill(later, outcome, receipt->attempts, NULL);
    return later;
}
