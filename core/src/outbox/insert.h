/* SPDX-License-Identifier: MIT */
/*
 * Putting a mail into an outbox on a connection of the application, in its transaction: which
 * statements to run, one after the other, and what their answers mean.  It knows no connection.
 */
#ifndef FCT_INSERT_H
#define FCT_INSERT_H

#include "outbox/store.h"

enum { FCT_INSERT_VALUES = 13, FCT_INSERT_ID = 24 };

struct fct_insert_value {
    enum facteur_value kind;
    int64_t number;  /* FACTEUR_VALUE_INTEGER */
    fct_slice bytes; /* FACTEUR_VALUE_TEXT and _BYTES; of the mail, or of this struct */
};

struct fct_insert {
    const struct fct_store_mail *mail; /* lent; it lives as long */
    const struct fct_insert_dialect *dialect;
    const struct fct_insert_step *step; /* the next one */
    char marks;                         /* '?', 's' or '$' */
    bool failed;
    int64_t now_us;
    fct_buf sql;
    struct fct_insert_value values[FCT_INSERT_VALUES];
    size_t value_count;
    /* What the answers said. */
    char id[FCT_INSERT_ID]; /* the row's, "" until it is known */
    char *first_id;         /* the Message-ID of the mail that has had the key; NULL: it is new */
    bool duplicate, durable;
};

/*
 * Begin.
 *
 * dialect   "sqlite", "postgresql" or "mysql".
 * marks     How a statement names its values: "?", "%s" or "$1".
 * mail      fct_store_check() has found it right.
 *
 * FACTEUR_ECONFIG: no such dialect or marks.  FACTEUR_ENOMEM.
 */
int fct_insert_begin(struct fct_insert *insert, const char *dialect, const char *marks,
                     const struct fct_store_mail *mail, int64_t now_us, facteur_error **error);
void fct_insert_done(struct fct_insert *insert); /* all-zero is fine */

/* The statement to run, with its values in `values`; NULL behind the last one. */
const char *fct_insert_sql(const struct fct_insert *insert);

/*
 * Tell the answer to the statement, and go on to the next.
 *
 * cells   The texts of the first row, NULL for NULL; read before the call returns.
 * count   0: there was no row.
 *
 * After an error the statements are those of fct_insert_fail().  FACTEUR_ECONFIG: the tables are of
 * another version.  FACTEUR_EIO: an answer that the statement cannot have.  FACTEUR_ENOMEM.
 */
int fct_insert_answer(struct fct_insert *insert, const char *const *cells, size_t count,
                      facteur_error **error);

/*
 * A statement failed.  Those that follow take back what was done, as far as that can be; the
 * answer and the failure of each make no difference.
 */
void fct_insert_fail(struct fct_insert *insert);

#endif
