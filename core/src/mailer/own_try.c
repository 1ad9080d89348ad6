/* SPDX-License-Identifier: MIT */
#include "mailer/own_try.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "mailer/outbox_put.h"
#include "mailer/outbox_seal.h"
#include "mailer/receipt.h"
#include "relays/concert.h"
#include "smtp/later.h"
#include "worker/pause.h"
#include "worker/work.h"

#include <stdio.h>
#include <string.h>

#define SPARE_US INT64_C(60000000) /* of the lease, behind the deadline */
#define LATE_US INT64_C(600000000) /* of the lease, for a verdict that comes late */
#define GATE_WAIT_US 2000000u      /* the loop stands still meanwhile */

struct fct_own_try {
    fct_list link; /* among those of the runtime that are recorded later */
    fct_engine *engine;
    struct fct_work *work;    /* with the row, the fence and the verdict */
    facteur_receipt *receipt; /* with it: whose verdict may still come */
    bool leased;
    bool unsure; /* the disk did not confirm the commit */
    bool judged;
};

void fct_own_drop(struct fct_own_try *own)
{
    if (!own)
        return;
    if (own->work)
        fct_work_unref(own->work);
    facteur_receipt_free(own->receipt);
    fct_free(own);
}

/* ---- Into the outbox ------------------------------------------------------------------------- */

/* Everything that a try needs, made before the commit. */
static struct fct_own_try *own_new(fct_engine *engine, fct_mail *mail,
                                   const struct fct_store_mail *row, int64_t now_us)
{
    const struct fct_claimed claimed = {
        .next_us = now_us, .expires_us = row->expires_us, .attempts = 1};
    struct fct_own_try *own = fct_calloc(1, sizeof *own);

    if (!own)
        return NULL;
    own->engine = engine;
    own->work = fct_work_new(NULL, &claimed, 0);
    if (own->work && fct_work_take(own->work, mail) == 0)
        return own;
    fct_own_drop(own);
    return NULL;
}

/* One commit for the mail and for the lease of its caller. */
struct entry {
    struct fct_put put;
    struct fct_own_try *own;
    int64_t now_us, lease_us;
    bool worked;
};

static int enter(fct_store *store, void *user, facteur_error **error)
{
    struct entry *entry = user;
    struct fct_work *work = entry->own->work;
    char owner[FCT_OWNER_ROOM];
    int result;

    fct_put_done(&entry->put); /* of a transaction that was run before */
    result = fct_put_insert(store, &entry->put, entry->now_us, error);
    if (result || entry->put.duplicate || entry->worked)
        return result;
    fct_work_name_owner(owner);
    work->row.id = work->verdict.id = entry->put.id;
    return fct_store_claim_row(store, entry->put.id, owner, entry->lease_us, &work->fence,
                               &entry->own->leased, error);
}

static void tell_unknown(facteur_receipt *receipt, const facteur_error *cause)
{
    fct_receipt_fill_cause(receipt, FACTEUR_TEMPORARY, FACTEUR_EIO, cause);
    fct_receipt_note(receipt, "the mail may be in the outbox or not, so it was not tried");
}

/*
 * The transaction failed.  It may be in the outbox all the same: the database or its disk did not
 * confirm the commit.  What the others see now decides, since a worker would send that.
 *
 * Returns 0 when the mail is there, or when nobody can tell; then `*unknown` is true.
 */
static int examine(fct_store *store, struct entry *entry, int code, facteur_error *cause,
                   bool *unknown, facteur_error **error)
{
    struct fct_store_filter filter = {.id = entry->put.id, .limit = 1};
    struct fct_store_rows rows = {0};
    bool there = entry->put.duplicate;

    if (!there && entry->put.id) {
        *unknown = fct_store_list(store, &filter, &rows, NULL) != 0;
        there = !*unknown && rows.count &&
                strcmp(rows.rows[0].message_id, entry->put.mail->message_id) == 0;
        fct_store_rows_done(&rows);
    }
    if (*unknown)
        tell_unknown(entry->put.receipt, cause);
    if (!there && !*unknown)
        return fct_error_pass(error, code, cause);
    entry->own->unsure = there;
    facteur_error_free(cause);
    return 0;
}

/*
 * Whether the mail is left to a worker: one is alive, a relay is paused, or a recipient is on the
 * suppression list.
 */
static int is_left(fct_store *store, struct entry *entry, facteur_error **error)
{
    struct fct_pauses pauses = {.plan = &entry->own->engine->plan};
    facteur_error *cause = NULL;
    int result = fct_store_is_worked(store, &entry->worked, error);

    if (!result)
        result = fct_pauses_read(&pauses, store, error);
    if (result || entry->worked)
        return result;
    result = fct_work_suppress(entry->own->work, store, &cause);
    entry->worked = fct_pauses_closed(&pauses, entry->now_us) != 0 ||
                    entry->own->work->suppressed || result == FACTEUR_EMESSAGE;
    if (result != FACTEUR_EMESSAGE)
        return fct_error_pass(error, result, cause);
    facteur_error_free(cause);
    return 0;
}

/* Half of what is left: the rest is for a try without the outbox. */
static uint64_t patience_us(uint64_t deadline_us)
{
    uint64_t now_us = fct_clock_now_us();
    uint64_t left_us = deadline_us > now_us ? (deadline_us - now_us) / 2 : 0;

    return left_us < FCT_STORE_WAIT_US ? left_us : FCT_STORE_WAIT_US;
}

static int put(fct_engine *engine, struct entry *entry, uint64_t deadline_us, bool *unknown,
               facteur_error **error)
{
    facteur_error *cause = NULL;
    fct_store *store = NULL;
    int failed, result = fct_engine_take_store(engine, patience_us(deadline_us), &store, error);

    if (result)
        return result;
    failed = is_left(store, entry, &cause);
    if (!failed)
        failed = fct_store_transact(store, enter, entry, &cause);
    if (failed)
        result = examine(store, entry, failed, cause, unknown, error);
    fct_engine_give_store(engine, store, failed == 0);
    return result;
}

static void tell(const struct entry *entry)
{
    char id[24];

    if (!entry->own->leased) {
        fct_put_tell(&entry->put);
        if (entry->own->unsure)
            fct_receipt_unconfirm(entry->put.receipt);
        return;
    }
    snprintf(id, sizeof id, "%lld", (long long)entry->put.id);
    fct_receipt_name_row(entry->put.receipt, id, entry->put.mail->key);
}

int fct_own_put(fct_engine *engine, const facteur_message *message, fct_mail *mail,
                facteur_receipt *receipt, uint64_t deadline_us, struct fct_own_try **own,
                facteur_error **error)
{
    struct entry entry = {.now_us = fct_clock_date_us()};
    struct fct_outbox_seal seal;
    bool unknown = false;
    int result = fct_outbox_seal_mail(message, mail, entry.now_us, &seal, error);

    fct_own_catch_up(engine, false);
    if (result)
        return result;
    entry.lease_us = entry.now_us + (int64_t)(deadline_us - fct_clock_now_us()) + SPARE_US;
    entry.put = (struct fct_put){.mail = &seal.row, .receipt = receipt};
    entry.own = own_new(engine, mail, &seal.row, entry.now_us);
    result = entry.own ? put(engine, &entry, deadline_us, &unknown, error) : fct_error_nomem(error);
    if (!result && !unknown)
        tell(&entry);
    if (!result && !unknown && entry.own->leased) {
        *own = entry.own;
        entry.own = NULL;
    }
    fct_own_drop(entry.own);
    fct_put_done(&entry.put);
    fct_outbox_seal_done(&seal);
    return result;
}

/* ---- The try --------------------------------------------------------------------------------- */

struct doubt {
    struct fct_own_try *const *tries;
    bool *mine;
    size_t count;
};

static int doubt_all(fct_store *store, void *user, facteur_error **error)
{
    const struct doubt *doubt = user;
    int result = 0;

    for (size_t i = 0; !result && i < doubt->count; i++) {
        const struct fct_work *work = doubt->tries[i]->work;

        result = fct_store_doubt(store, work->fence, &work->row.id, &doubt->mine[i], 1, error);
    }
    return result;
}

bool fct_own_doubt(fct_engine *engine, struct fct_own_try *const *tries, bool *mine, size_t count)
{
    struct doubt doubt = {tries, mine, count};
    fct_store *store = NULL;
    int result = fct_engine_take_store(engine, GATE_WAIT_US, &store, NULL);

    if (result)
        return false;
    result = fct_store_transact(store, doubt_all, &doubt, NULL);
    fct_engine_give_store(engine, store, result == 0);
    for (size_t i = 0; !result && i < count; i++)
        tries[i]->unsure = false;
    return result == 0;
}

static void judge(struct fct_own_try *own, const fct_outcome *outcome,
                  const facteur_receipt *receipt)
{
    struct fct_settled *verdict = &own->work->verdict;
    enum fct_doubt_policy policy = own->engine->plan.hold_doubts ? FCT_DOUBT_HOLD : FCT_DOUBT_RETRY;
    uint32_t random = 0;

    fct_free((char *)verdict->relay);
    fct_free((char *)verdict->reply);
    fct_free((char *)verdict->result);
    /* As it was before the try: what never began gives its attempt back. */
    *verdict = (struct fct_settled){.id = own->work->row.id,
                                    .state = FCT_ROW_READY,
                                    .uncounted = true,
                                    .next_us = own->work->row.next_us};
    fct_random(&random, sizeof random);
    fct_work_judge(own->work, outcome, policy, fct_clock_date_us(), random, 0);
    verdict->result = facteur_receipt_json(receipt);
}

void fct_own_judge(struct fct_own_try *own, const struct fct_task *task, const fct_outcome *outcome,
                   const facteur_receipt *receipt)
{
    own->judged = true;
    own->work->task.relay = task->relay;
    own->work->relay = fct_concert_relay_of(task);
    judge(own, outcome, receipt);
}

/* ---- The record ------------------------------------------------------------------------------ */

/* A relay that refuses the site gets no mail for a while. */
static int pause_relay(fct_store *store, struct fct_own_try *own, int64_t now_us,
                       facteur_error **error)
{
    struct fct_pauses pauses = {.plan = &own->engine->plan};
    struct fct_work *work = own->work;
    uint32_t random = 0;
    bool first;
    int result = fct_pauses_read(&pauses, store, error);

    fct_random(&random, sizeof random);
    return result ? result
                  : fct_pauses_refused(&pauses, work->relay, store,
                                       work->verdict.reply ? work->verdict.reply : "", work->row.id,
                                       now_us, random, &first, &work->verdict.next_us, error);
}

static int settle(fct_store *store, void *user, facteur_error **error)
{
    struct fct_own_try *own = user;
    int64_t now_us = fct_clock_date_us();
    size_t stale;
    int result = 0;

    if (own->work->refused_setup && own->work->verdict.state == FCT_ROW_READY)
        result = pause_relay(store, own, now_us, error);
    return result ? result
                  : fct_store_settle(store, own->work->fence, &own->work->verdict, 1, now_us,
                                     &stale, error);
}

static int renew(fct_store *store, void *user, facteur_error **error)
{
    const struct fct_own_try *own = user;
    size_t kept;

    return fct_store_renew(store, own->work->fence, fct_clock_date_us() + LATE_US, &kept, error);
}

static bool record(struct fct_own_try *own, fct_store_work what)
{
    fct_store *store = NULL;
    int result = fct_engine_take_store(own->engine, FCT_STORE_WAIT_US, &store, NULL);

    if (result)
        return false;
    result = fct_store_transact(store, what, own, NULL);
    fct_engine_give_store(own->engine, store, result == 0);
    return result == 0;
}

static void postpone(struct fct_own_try *own)
{
    fct_runtime *runtime = fct_engine_peek(own->engine);

    /* In a child of fork() the row is its parent's. */
    if (!runtime) {
        fct_own_drop(own);
        return;
    }
    pthread_mutex_lock(&runtime->lock);
    fct_list_push(&runtime->late, &own->link);
    atomic_fetch_add(&runtime->late_count, 1);
    pthread_mutex_unlock(&runtime->lock);
}

/* What the outbox does with a mail that its caller's try has not ended. */
static void tell_kept(const struct fct_own_try *own, facteur_receipt *receipt)
{
    const struct fct_settled *verdict = &own->work->verdict;
    enum facteur_status status = facteur_receipt_status(receipt);

    if (status == FACTEUR_SENT && verdict->state == FCT_ROW_READY)
        fct_receipt_note(receipt, "the outbox tries the recipients again that got nothing yet");
    else if (verdict->state == FCT_ROW_READY && verdict->doubtful)
        fct_receipt_requeue(receipt, "it was handed over, and no verdict came in time; unless one "
                                     "comes, the outbox sends it again with the same Message-ID");
    else if (verdict->state == FCT_ROW_READY)
        fct_receipt_requeue(receipt, "it is in the outbox and is tried again");
    else if (verdict->state == FCT_ROW_HELD)
        fct_receipt_requeue(receipt, "it was handed over, and no verdict came in time; unless one "
                                     "comes, it is held in the outbox");
    if (own->unsure)
        fct_receipt_unconfirm(receipt);
}

/* Whether the connection goes on with a mail that was given up in doubt. */
static bool is_pending(const struct fct_own_try *own)
{
    return own->receipt && !fct_later_told(fct_receipt_late(own->receipt));
}

static void keep_late(struct fct_own_try *own, facteur_receipt *receipt)
{
    if (receipt && own->judged && facteur_receipt_status(receipt) == FACTEUR_IN_DOUBT &&
        fct_receipt_late(receipt))
        own->receipt = facteur_receipt_ref(receipt);
}

void fct_own_end(struct fct_own_try *own, facteur_receipt *receipt)
{
    bool recorded;

    keep_late(own, receipt);
    if (receipt)
        tell_kept(own, receipt);
    recorded = record(own, is_pending(own) ? renew : settle);
    if (receipt && !recorded)
        fct_receipt_note(receipt, "the outbox could not record what became of the mail yet");
    if (recorded && !own->receipt)
        fct_own_drop(own);
    else
        postpone(own);
}

void fct_own_leave(struct fct_own_try *own, facteur_receipt *receipt)
{
    keep_late(own, receipt);
    postpone(own);
}

void fct_own_forget(fct_runtime *runtime)
{
    fct_list *link;

    while ((link = fct_list_first(&runtime->late)) != NULL) {
        fct_list_remove(link);
        fct_own_drop(FCT_ENTRY(link, struct fct_own_try, link));
    }
}

/* Take out of the list what can be recorded now. */
static void gather(fct_runtime *runtime, fct_list *ready, bool last)
{
    pthread_mutex_lock(&runtime->lock);
    for (fct_list *link = runtime->late.next, *next; link != &runtime->late; link = next) {
        const struct fct_own_try *own = FCT_ENTRY(link, struct fct_own_try, link);

        next = link->next;
        if (!last && is_pending(own))
            continue;
        fct_list_remove(link);
        fct_list_push(ready, link);
        atomic_fetch_sub(&runtime->late_count, 1);
    }
    pthread_mutex_unlock(&runtime->lock);
}

static void judge_late(struct fct_own_try *own)
{
    facteur_receipt *later = own->receipt ? facteur_receipt_later(own->receipt) : NULL;

    if (later)
        judge(own, fct_later_told(fct_receipt_late(own->receipt)), later);
    facteur_receipt_free(later);
    facteur_receipt_free(own->receipt);
    own->receipt = NULL;
}

void fct_own_catch_up(fct_engine *engine, bool last)
{
    fct_runtime *runtime = fct_engine_peek(engine);
    fct_list ready, *link;

    if (!runtime || !atomic_load(&runtime->late_count))
        return;
    fct_list_init(&ready);
    gather(runtime, &ready, last);
    while ((link = fct_list_first(&ready)) != NULL) {
        struct fct_own_try *own = FCT_ENTRY(link, struct fct_own_try, link);

        fct_list_remove(link);
        judge_late(own);
        if (record(own, settle) || last)
            fct_own_drop(own);
        else
            postpone(own);
    }
}
