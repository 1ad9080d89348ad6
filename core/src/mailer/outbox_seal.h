/* SPDX-License-Identifier: MIT */
/* What a message becomes before it goes into an outbox: the values of its row, and its receipt. */
#ifndef FCT_OUTBOX_SEAL_H
#define FCT_OUTBOX_SEAL_H

#include "mime/sealed.h"
#include "outbox/store.h"

/* When and how soon a mail is sent, as facteur_outbox_enqueue() has it. */
struct fct_outbox_wish {
    const char *key;
    double not_before, expires_at;
    int priority;
};

struct fct_outbox_seal {
    struct fct_store_mail row; /* its texts are owned by this struct */
    facteur_receipt *receipt;  /* not filled; when there is no mail, it says why */
    fct_mail *mail;            /* NULL: it goes to nobody, and there is no row */
    fct_buf bytes;
    char *recipients, *key, *kind;
};

/*
 * Seal a message: policy, encryption and signature of the mailer are applied.
 *
 * now_us   Of the wall clock.
 *
 * Returns 0, or an error as facteur_outbox_enqueue(); then `out` is empty.
 */
int fct_outbox_seal(const facteur_mailer *mailer, facteur_message *message,
                    const struct fct_outbox_wish *wish, int64_t now_us, struct fct_outbox_seal *out,
                    facteur_error **error);

/*
 * The same for the mail that was prepared of a message, without a wish; there is no receipt.
 * FACTEUR_EIO: a file changed or disappeared.  FACTEUR_ENOMEM.
 */
int fct_outbox_seal_mail(const facteur_message *message, fct_mail *mail, int64_t now_us,
                         struct fct_outbox_seal *out, facteur_error **error);

void fct_outbox_seal_done(struct fct_outbox_seal *seal);

/* The receipt, which is the caller's from now on. */
facteur_receipt *fct_outbox_seal_take(struct fct_outbox_seal *seal);

#endif
