/* SPDX-License-Identifier: MIT */
/* facteur_insert of facteur.h: a sealed mail, the statements that store it, and its receipt. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "mailer/outbox_seal.h"
#include "mailer/receipt.h"
#include "outbox/insert.h"

struct facteur_insert {
    struct fct_outbox_seal seal;
    struct fct_insert statements; /* all-zero when there is no mail */
};

int facteur_insert_new(facteur_mailer *mailer, facteur_message *message, const char *dialect,
                       const char *marks, const char *key, double not_before, double expires_at,
                       int priority, facteur_insert **out, facteur_error **error)
{
    const struct fct_outbox_wish wish = {key, not_before, expires_at, priority};
    int64_t now_us = fct_clock_date_us();
    facteur_insert *insert = fct_calloc(1, sizeof *insert);
    int result;

    if (!insert)
        return fct_error_nomem(error);
    result = fct_outbox_seal(mailer, message, &wish, now_us, &insert->seal, error);
    if (!result && insert->seal.mail)
        result =
            fct_insert_begin(&insert->statements, dialect, marks, &insert->seal.row, now_us, error);
    if (result)
        facteur_insert_free(insert);
    else
        *out = insert;
    return result;
}

void facteur_insert_free(facteur_insert *insert)
{
    if (!insert)
        return;
    fct_insert_done(&insert->statements);
    fct_outbox_seal_done(&insert->seal);
    fct_free(insert);
}

const char *facteur_insert_sql(const facteur_insert *insert)
{
    return fct_insert_sql(&insert->statements);
}

size_t facteur_insert_value_count(const facteur_insert *insert)
{
    return insert->statements.value_count;
}

enum facteur_value facteur_insert_value(const facteur_insert *insert, size_t index,
                                        const char **bytes, size_t *len, long long *number)
{
    const struct fct_insert_value *value = &insert->statements.values[index];

    *bytes = value->bytes.ptr;
    *len = value->bytes.len;
    *number = value->number;
    return value->kind;
}

int facteur_insert_answer(facteur_insert *insert, const char *const *cells, size_t count,
                          facteur_error **error)
{
    return insert->statements.step ? fct_insert_answer(&insert->statements, cells, count, error)
                                   : 0;
}

void facteur_insert_fail(facteur_insert *insert)
{
    fct_insert_fail(&insert->statements);
}

static void tell(const facteur_insert *insert, facteur_receipt *receipt)
{
    const struct fct_insert *told = &insert->statements;

    fct_receipt_fill_queued(receipt, told->id, told->first_id, told->durable);
    fct_receipt_name_row(receipt, told->id, insert->seal.row.key);
}

facteur_receipt *facteur_insert_receipt(facteur_insert *insert)
{
    const struct fct_insert *told = &insert->statements;
    facteur_receipt *receipt;

    if (told->failed || fct_insert_sql(told))
        return NULL;
    receipt = fct_outbox_seal_take(&insert->seal);
    if (receipt && insert->seal.mail)
        tell(insert, receipt);
    return receipt;
}
