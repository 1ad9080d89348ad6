/* SPDX-License-Identifier: MIT */
/* Putting sealed mails into an outbox, and telling their receipts. */
#ifndef FCT_OUTBOX_PUT_H
#define FCT_OUTBOX_PUT_H

#include "outbox/store.h"

struct fct_put {
    const struct fct_store_mail *mail; /* lent; NULL: it goes to nobody, and the receipt says why */
    facteur_receipt *receipt;          /* lent */
    int64_t id;                        /* the row's */
    bool duplicate;
    bool unsafe;    /* its commit does not wait for the disk */
    char *first_id; /* of a duplicate: the Message-ID of the mail that has had the key */
};

/* Insert one within a transaction.  Errors as fct_store_insert(). */
int fct_put_insert(fct_store *store, struct fct_put *put, int64_t now_us, facteur_error **error);

/* Fill its receipt, once it is committed. */
void fct_put_tell(const struct fct_put *put);
void fct_put_done(struct fct_put *put); /* all-zero is fine */

/*
 * Put them in with one commit, and fill the receipts: all of them or none.
 *
 * FACTEUR_EIO: as fct_store_commit().
 */
int fct_put_all(fct_store *store, struct fct_put *puts, size_t count, int64_t now_us,
                facteur_error **error);

#endif
