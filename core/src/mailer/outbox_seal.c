/* SPDX-License-Identifier: MIT */
#include "mailer/outbox_seal.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "mailer/engine.h"
#include "mailer/prepare.h"
#include "mime/token.h"

#include <string.h>

#define DAY_US INT64_C(86400000000)
#define TIME_MAX_S 1e11

static int read_time(const char *name, double seconds, int64_t *us, facteur_error **error)
{
    if (!(seconds >= 0 && seconds < TIME_MAX_S))
        return fct_error_set(error, FACTEUR_EMESSAGE, name,
                             "%s: expected seconds since 1970, got %g", name, seconds);
    *us = (int64_t)(seconds * 1e6);
    return 0;
}

static int read_times(struct fct_store_mail *row, const struct fct_outbox_wish *wish,
                      int64_t now_us, facteur_error **error)
{
    int result = read_time("not_before", wish->not_before, &row->not_before_us, error);

    if (!result)
        result = read_time("expires_at", wish->expires_at, &row->expires_us, error);
    if (!result && !row->expires_us)
        row->expires_us = (row->not_before_us > now_us ? row->not_before_us : now_us) + 2 * DAY_US;
    return result;
}

/* A letter's own key that no row may have becomes a digest. */
static char *digest_key(const char *kind, fct_slice key)
{
    char digest[FCT_DIGEST_TEXT];
    fct_buf text = {0};

    if (!fct_digest_text(&key, 1, digest))
        return NULL;
    fct_buf_addf(&text, "%s%s%s", kind, *kind ? ":" : "", digest);
    return fct_buf_take(&text, NULL);
}

/* "order_confirmation" of "order_confirmation:Shop:7"; "" of a key that somebody has chosen. */
static fct_slice kind_of(fct_slice key)
{
    fct_slice kind = {key.ptr, strcspn(key.ptr, ":")};

    for (const char *const *at = facteur_letter_kinds(); *at; at++) {
        if (fct_slice_equal(kind, fct_slice_of(*at)))
            return kind;
    }
    return (fct_slice){key.ptr, 0};
}

/* The kind of a letter, and its key. */
static int name_letter(struct fct_outbox_seal *seal, const facteur_message *message,
                       const char *key, facteur_error **error)
{
    const char *letter = facteur_message_key(message);
    fct_slice own = fct_slice_of(letter ? letter : "");
    bool fits = own.len <= FCT_STORE_KEY_MAX && !fct_has_control(own);

    seal->kind = fct_strndup(own.ptr, kind_of(own).len);
    if (!seal->kind)
        return fct_error_nomem(error);
    if (key)
        seal->key = fct_strdup(key);
    else if (own.len)
        seal->key = fits ? fct_strdup(own.ptr) : digest_key(seal->kind, own);
    if (!seal->key && (key || own.len))
        return fct_error_nomem(error);
    seal->row.kind = seal->kind;
    seal->row.key = seal->key;
    return 0;
}

/* Joined with ", ", as people read it. */
static char *join_recipients(const fct_mail *mail)
{
    fct_buf text = {0};

    for (size_t i = 0; i < fct_mail_recipient_count(mail); i++) {
        if (i)
            fct_buf_add_text(&text, ", ");
        fct_buf_add_text(&text, fct_mail_recipient(mail, i));
    }
    return fct_buf_take(&text, NULL);
}

static int store(struct fct_outbox_seal *seal, facteur_error **error)
{
    int result = fct_mail_store(seal->mail, &seal->bytes, error);

    seal->recipients = join_recipients(seal->mail);
    if (!result && !seal->recipients)
        result = fct_error_nomem(error);
    seal->row.sender = fct_mail_sender(seal->mail);
    seal->row.recipients = seal->recipients;
    seal->row.message_id = fct_mail_message_id(seal->mail);
    seal->row.bytes = (fct_slice){seal->bytes.ptr, seal->bytes.len};
    return result;
}

static int make(const facteur_mailer *mailer, facteur_message *message,
                const struct fct_outbox_wish *wish, int64_t now_us, struct fct_outbox_seal *seal,
                facteur_error **error)
{
    struct fct_prepared prepared;
    int result = name_letter(seal, message, wish->key, error);

    if (!result)
        result = read_times(&seal->row, wish, now_us, error);
    if (!result)
        result = fct_store_check(&seal->row, now_us, error);
    if (!result)
        result = fct_prepare(&mailer->engine->plan, message, 0, &prepared, error);
    if (result)
        return result;
    seal->mail = prepared.mail;
    seal->receipt = prepared.receipt;
    return seal->mail ? store(seal, error) : 0;
}

int fct_outbox_seal(const facteur_mailer *mailer, facteur_message *message,
                    const struct fct_outbox_wish *wish, int64_t now_us, struct fct_outbox_seal *out,
                    facteur_error **error)
{
    int result = fct_mailer_check_open(mailer, error);

    *out = (struct fct_outbox_seal){.row.priority = wish->priority < 0 ? FCT_STORE_PRIORITY
                                                                       : (unsigned)wish->priority};
    if (!result)
        result = make(mailer, message, wish, now_us, out, error);
    if (result)
        fct_outbox_seal_done(out);
    return result;
}

int fct_outbox_seal_mail(const facteur_message *message, fct_mail *mail, int64_t now_us,
                         struct fct_outbox_seal *out, facteur_error **error)
{
    const struct fct_outbox_wish none = {0};
    int result;

    *out = (struct fct_outbox_seal){.row.priority = FCT_STORE_PRIORITY, .mail = fct_mail_ref(mail)};
    result = name_letter(out, message, NULL, error);
    if (!result)
        result = read_times(&out->row, &none, now_us, error);
    if (!result)
        result = store(out, error);
    if (result)
        fct_outbox_seal_done(out);
    return result;
}

void fct_outbox_seal_done(struct fct_outbox_seal *seal)
{
    fct_mail_unref(seal->mail);
    facteur_receipt_free(seal->receipt);
    fct_buf_done(&seal->bytes);
    fct_free(seal->recipients);
    fct_free(seal->key);
    fct_free(seal->kind);
    *seal = (struct fct_outbox_seal){0};
}

facteur_receipt *fct_outbox_seal_take(struct fct_outbox_seal *seal)
{
    facteur_receipt *receipt = seal->receipt;

    seal->receipt = NULL;
    return receipt;
}
