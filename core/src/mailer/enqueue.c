/* SPDX-License-Identifier: MIT */
/* facteur_enqueue() and facteur_batch of facteur.h: mails for the outbox of a mailer. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "mailer/engine.h"
#include "mailer/outbox_put.h"
#include "mailer/outbox_seal.h"

#include <stdio.h>

struct facteur_batch {
    facteur_mailer *mailer;
    int64_t now_us;
    struct fct_outbox_seal *seals;
    size_t count, room;
    bool committed;
};

int facteur_batch_new(facteur_mailer *mailer, facteur_batch **out, facteur_error **error)
{
    facteur_batch *batch;
    int result = fct_mailer_check_outbox(mailer, error);

    if (result)
        return result;
    batch = fct_calloc(1, sizeof *batch);
    if (!batch)
        return fct_error_nomem(error);
    batch->mailer = mailer;
    batch->now_us = fct_clock_date_us();
    *out = batch;
    return 0;
}

static int grow(facteur_batch *batch, facteur_error **error)
{
    size_t room = batch->room ? 2 * batch->room : 1;
    struct fct_outbox_seal *seals;

    if (batch->count == FACTEUR_BATCH_MAX)
        return fct_error_set(error, FACTEUR_ELIMIT, "messages",
                             "messages: at most %d can be enqueued with one commit",
                             FACTEUR_BATCH_MAX);
    if (batch->count < batch->room)
        return 0;
    seals = fct_reallocarray(batch->seals, room, sizeof *seals);
    if (!seals)
        return fct_error_nomem(error);
    batch->seals = seals;
    batch->room = room;
    return 0;
}

static int add(facteur_batch *batch, facteur_message *message, const struct fct_outbox_wish *wish,
               facteur_error **error)
{
    int result = grow(batch, error);

    if (!result)
        result = fct_outbox_seal(batch->mailer, message, wish, batch->now_us,
                                 &batch->seals[batch->count], error);
    if (!result)
        batch->count++;
    return result;
}

int facteur_batch_add(facteur_batch *batch, facteur_message *message, const char *key,
                      double not_before, double expires_at, int priority, facteur_error **error)
{
    const struct fct_outbox_wish wish = {key, not_before, expires_at, priority};
    facteur_error *cause = NULL;
    char place[40];
    int result = add(batch, message, &wish, &cause);

    if (result == FACTEUR_EMESSAGE) {
        snprintf(place, sizeof place, "messages[%zu].", batch->count);
        fct_error_prefix(&cause, place);
    }
    return fct_error_pass(error, result, cause);
}

static int put(facteur_batch *batch, struct fct_put *puts, facteur_error **error)
{
    fct_engine *engine = batch->mailer->engine;
    fct_store *store = NULL;
    int result = fct_engine_take_store(engine, FCT_STORE_WAIT_US, &store, error);

    if (result)
        return result;
    result = fct_put_all(store, puts, batch->count, batch->now_us, error);
    fct_engine_give_store(engine, store, result == 0);
    return result;
}

int facteur_batch_commit(facteur_batch *batch, facteur_error **error)
{
    struct fct_put *puts = fct_calloc(batch->count, sizeof *puts);
    int result = puts ? fct_mailer_check_open(batch->mailer, error) : fct_error_nomem(error);
    bool any = false;

    for (size_t i = 0; puts && i < batch->count; i++) {
        struct fct_outbox_seal *seal = &batch->seals[i];

        puts[i] =
            (struct fct_put){.mail = seal->mail ? &seal->row : NULL, .receipt = seal->receipt};
        any |= seal->mail != NULL;
    }
    if (!result && any)
        result = put(batch, puts, error);
    batch->committed = result == 0;
    for (size_t i = 0; puts && i < batch->count; i++)
        fct_put_done(&puts[i]);
    fct_free(puts);
    return result;
}

facteur_receipt *facteur_batch_receipt(facteur_batch *batch, size_t index)
{
    return batch->committed && index < batch->count ? fct_outbox_seal_take(&batch->seals[index])
                                                    : NULL;
}

void facteur_batch_free(facteur_batch *batch)
{
    if (!batch)
        return;
    for (size_t i = 0; i < batch->count; i++)
        fct_outbox_seal_done(&batch->seals[i]);
    fct_free(batch->seals);
    fct_free(batch);
}

int facteur_enqueue(facteur_mailer *mailer, facteur_message *message, const char *key,
                    double not_before, double expires_at, int priority, facteur_receipt **receipt,
                    facteur_error **error)
{
    const struct fct_outbox_wish wish = {key, not_before, expires_at, priority};
    facteur_batch *batch = NULL;
    int result = facteur_batch_new(mailer, &batch, error);

    if (!result)
        result = add(batch, message, &wish, error);
    if (!result)
        result = facteur_batch_commit(batch, error);
    if (!result)
        *receipt = facteur_batch_receipt(batch, 0);
    facteur_batch_free(batch);
    return result;
}
