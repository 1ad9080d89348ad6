/* SPDX-License-Identifier: MIT */
#include "config/signer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "config/signer_options.h"
#include "mime/mend.h"
#include "mime/message.h"

#include <stdatomic.h>
#include <string.h>

struct fct_signer {
    fct_secret *dkim, *smime; /* the options, or NULL */
    uint64_t number;          /* unique among the signers of this process */
    bool wants_source;
    struct fct_key_source source;
    /* Made once, by the first thread.  A child of fork() has its parent's. */
    _Atomic(struct fct_dkim_set *) dkim_set;
    _Atomic(fct_smime *) smime_set;
};

static _Atomic uint64_t signers;

/*
 * Keep the keys that need neither file nor callback.  The rest has been checked as far as possible.
 */
static int read_now(fct_signer *signer, facteur_error **error)
{
    struct fct_dkim_set *set = NULL;
    fct_smime *smime = NULL;
    bool lazy = false, lazy_smime = false;
    int err = 0;

    if (signer->dkim)
        err = fct_dkim_set_read(fct_secret_bytes(signer->dkim), &signer->source, &lazy,
                                &signer->wants_source, &set, error);
    if (!err && signer->smime)
        err = fct_smime_read(fct_secret_bytes(signer->smime), &lazy_smime, &smime, error);
    if (lazy || err) {
        fct_dkim_set_free(set);
        set = NULL;
    }
    if (lazy_smime) {
        fct_smime_free(smime);
        smime = NULL;
    }
    atomic_init(&signer->dkim_set, set);
    atomic_init(&signer->smime_set, smime);
    return err;
}

int fct_signer_new(const fct_options *options, fct_signer **out, facteur_error **error)
{
    fct_signer *signer = fct_calloc(1, sizeof *signer);
    int err;

    if (!signer)
        return fct_error_nomem(error);
    signer->dkim = fct_secret_ref(fct_options_get(options, FCT_OPT_dkim)->secret);
    signer->smime = fct_secret_ref(fct_options_get(options, FCT_OPT_smime)->secret);
    signer->number = atomic_fetch_add(&signers, 1) + 1;
    err = read_now(signer, error);
    if (err)
        fct_signer_free(signer);
    else
        *out = signer;
    return err;
}

void fct_signer_free(fct_signer *signer)
{
    if (!signer)
        return;
    fct_dkim_set_free(atomic_load(&signer->dkim_set));
    fct_smime_free(atomic_load(&signer->smime_set));
    fct_secret_unref(signer->dkim);
    fct_secret_unref(signer->smime);
    fct_free(signer);
}

int fct_signer_set_source(fct_signer *signer, facteur_key_source source, void *user,
                          facteur_error **error)
{
    if (!signer->wants_source)
        return fct_error_set(error, FACTEUR_ECONFIG, "dkim",
                             "no signature of this mailer has key_callback");
    signer->source = (struct fct_key_source){source, user};
    return 0;
}

/* ---- The keys, when they are needed ---------------------------------------------------------- */

static int get_dkim(fct_signer *signer, const struct fct_dkim_set **out, facteur_error **error)
{
    struct fct_dkim_set *known = atomic_load(&signer->dkim_set), *made = NULL;
    bool wants_source = false;
    int err;

    *out = known;
    if (known)
        return 0;
    err = fct_dkim_set_read(fct_secret_bytes(signer->dkim), &signer->source, NULL, &wants_source,
                            &made, error);
    if (err)
        return err;
    *out = made;
    if (!atomic_compare_exchange_strong(&signer->dkim_set, &known, made)) {
        fct_dkim_set_free(made);
        *out = known;
    }
    return 0;
}

static int get_smime(fct_signer *signer, const fct_smime **out, facteur_error **error)
{
    fct_smime *known = atomic_load(&signer->smime_set), *made = NULL;
    int err;

    *out = known;
    if (known)
        return 0;
    err = fct_smime_read(fct_secret_bytes(signer->smime), NULL, &made, error);
    if (err)
        return err;
    *out = made;
    if (!atomic_compare_exchange_strong(&signer->smime_set, &known, made)) {
        fct_smime_free(made);
        *out = known;
    }
    return 0;
}

/* ---- Sealing --------------------------------------------------------------------------------- */

/* The message's own S/MIME settings replace those of the mailer. */
static int protect(fct_signer *signer, const facteur_message *message, fct_mail *mail, int64_t now,
                   fct_mail **out, facteur_error **error)
{
    const fct_secret *text = fct_message_smime(message);
    const fct_smime *smime = NULL;
    fct_smime *own = NULL;
    int err = 0;

    if (text)
        err = fct_smime_read(fct_secret_bytes(text), NULL, &own, error);
    else if (signer->smime)
        err = get_smime(signer, &smime, error);
    if (own)
        smime = own;
    if (!err && smime)
        err = fct_smime_protect(smime, mail, now, out, error);
    else if (!err)
        *out = fct_mail_ref(mail);
    fct_smime_free(own);
    return err;
}

/*
 * What a relay may encode is encoded before it is signed (RFC 6376 section 5.3).  What cannot be
 * stays as it is.
 */
static int encode(fct_mail *mail, unsigned lacks, fct_mail **out, unsigned *done,
                  facteur_error **error)
{
    const char *why;
    int err = fct_mail_needs(mail) & lacks ? fct_mail_adapt(mail, lacks, out, done, &why)
                                           : FACTEUR_EMESSAGE;

    if (!err && !*done)
        fct_mail_unref(*out);
    if (err == FACTEUR_EMESSAGE || (!err && !*done))
        *out = fct_mail_ref(mail);
    return err == FACTEUR_ENOMEM ? fct_error_nomem(error) : 0;
}

/* A relay without SMTPUTF8 gets another header, which has a signature of its own. */
static int sign_plain(const struct fct_dkim_set *set, fct_mail *mail, int64_t now, fct_mail *sealed,
                      facteur_error **error)
{
    fct_mail *plain = NULL, *signed_plain = NULL;
    unsigned done = 0;
    int err = encode(mail, FCT_NEEDS_SMTPUTF8, &plain, &done, error);

    if (!err && plain != mail)
        err = fct_dkim_sign(plain, set->signatures, set->count, now, &signed_plain, error);
    if (!err && signed_plain)
        fct_mail_set_plain(sealed, signed_plain, done);
    fct_mail_unref(signed_plain);
    fct_mail_unref(plain);
    return err;
}

static int seal(fct_signer *signer, const facteur_message *message, fct_mail *mail, fct_mail **out,
                facteur_error **error)
{
    int64_t now = fct_clock_date_s();
    const struct fct_dkim_set *set = NULL;
    fct_mail *encoded = NULL, *protected = NULL;
    unsigned done = 0;
    int err = signer->dkim ? get_dkim(signer, &set, error) : 0;

    if (!err)
        err = encode(mail, FCT_NEEDS_8BITMIME, &encoded, &done, error);
    if (!err)
        err = protect(signer, message, encoded, now, &protected, error);
    fct_mail_unref(encoded);
    if (err || !set) {
        *out = protected;
        return err;
    }
    err = fct_dkim_sign(protected, set->signatures, set->count, now, out, error);
    if (!err) {
        err = sign_plain(set, protected, now, *out, error);
        if (err)
            fct_mail_unref(*out);
    }
    fct_mail_unref(protected);
    return err;
}

static bool same_recipients(const fct_mail *a, const fct_mail *b)
{
    size_t count = fct_mail_recipient_count(a);

    if (fct_mail_recipient_count(b) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fct_mail_recipient(a, i), fct_mail_recipient(b, i)) != 0)
            return false;
    }
    return true;
}

int fct_signer_seal(fct_signer *signer, facteur_message *message, fct_mail **mail,
                    facteur_error **error)
{
    fct_mail *sealed;
    int err;

    if (!signer->dkim && !signer->smime && !fct_message_smime(message))
        return 0;
    sealed = fct_message_sealed(message, signer->number);
    if (sealed && same_recipients(sealed, *mail)) {
        fct_mail_ref(sealed);
    } else {
        err = seal(signer, message, *mail, &sealed, error);
        if (err)
            return err;
        fct_message_keep_sealed(message, signer->number, sealed);
    }
    fct_mail_unref(*mail);
    *mail = sealed;
    return 0;
}
