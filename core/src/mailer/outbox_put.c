/* SPDX-License-Identifier: MIT */
#include "mailer/outbox_put.h"

#include "base/error.h"
#include "base/memory.h"
#include "mailer/receipt.h"

#include <stdio.h>

/* In a transaction, so that the row cannot be purged in between; or after one. */
static int read_first(fct_store *store, struct fct_put *put, facteur_error **error)
{
    struct fct_store_filter filter = {.id = put->id, .limit = 1};
    struct fct_store_rows rows = {0};
    int result = fct_store_list(store, &filter, &rows, error);

    if (!result) {
        put->first_id = fct_strdup(rows.count ? rows.rows[0].message_id : "");
        result = put->first_id ? 0 : fct_error_nomem(error);
    }
    fct_store_rows_done(&rows);
    return result;
}

int fct_put_insert(fct_store *store, struct fct_put *put, int64_t now_us, facteur_error **error)
{
    int result = fct_store_insert(store, put->mail, now_us, &put->id, &put->duplicate, error);

    put->unsafe = !fct_store_durable(store);
    return result || !put->duplicate ? result : read_first(store, put, error);
}

void fct_put_tell(const struct fct_put *put)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)put->id);
    fct_receipt_fill_queued(put->receipt, id, put->first_id, !put->unsafe);
    fct_receipt_name_row(put->receipt, id, put->mail->key);
}

void fct_put_done(struct fct_put *put)
{
    fct_free(put->first_id);
    put->first_id = NULL;
}

struct entries {
    struct fct_put *puts;
    size_t count;
    int64_t now_us;
};

static int insert_all(fct_store *store, void *user, facteur_error **error)
{
    const struct entries *all = user;
    int result = 0;

    for (size_t i = 0; !result && i < all->count; i++) {
        /* Of a transaction that was run before. */
        fct_put_done(&all->puts[i]);
        if (all->puts[i].mail)
            result = fct_put_insert(store, &all->puts[i], all->now_us, error);
    }
    return result;
}

/* A database may have a quicker way for one mail. */
static int insert_one(fct_store *store, struct fct_put *put, int64_t now_us, facteur_error **error)
{
    int result = fct_store_enqueue(store, put->mail, now_us, &put->id, &put->duplicate, error);

    put->unsafe = !fct_store_durable(store);
    return result || !put->duplicate ? result : read_first(store, put, error);
}

int fct_put_all(fct_store *store, struct fct_put *puts, size_t count, int64_t now_us,
                facteur_error **error)
{
    struct entries all = {puts, count, now_us};
    int result = count == 1 ? insert_one(store, puts, now_us, error)
                            : fct_store_transact(store, insert_all, &all, error);

    for (size_t i = 0; !result && i < count; i++) {
        if (puts[i].mail)
            fct_put_tell(&puts[i]);
    }
    return result;
}
