/* SPDX-License-Identifier: MIT */
#include "outbox/server_work.h"

#include "base/error.h"
#include "base/utf8.h"

#include <stdlib.h>

static bool is_mysql(const struct fct_server *s)
{
    return s->link->dialect == FCT_MYSQL;
}

/* ---- Enqueue --------------------------------------------------------------------------------- */

static void bind_mail(struct fct_server *s, struct fct_ask *ask, const struct fct_store_mail *mail,
                      int64_t now_us)
{
    fct_ask_begin(ask, FCT_SERVER_SQL_INSERT);
    fct_ask_int(ask, mail->priority);
    fct_ask_time(ask, s, mail->not_before_us > now_us ? mail->not_before_us : now_us);
    fct_ask_text(ask, mail->key);
    fct_ask_text(ask, mail->kind);
    fct_ask_text(ask, mail->sender);
    fct_ask_text(ask, mail->recipients);
    fct_ask_text(ask, mail->message_id);
    fct_ask_int(ask, (int64_t)mail->bytes.len);
    fct_ask_time(ask, s, now_us);
    if (mail->expires_us)
        fct_ask_time(ask, s, mail->expires_us);
    else
        fct_ask_text(ask, NULL);
    fct_ask_text(ask, mail->trace);
    if (is_mysql(s))
        return;
    fct_ask_bytes(ask, mail->bytes);
    fct_ask_text(ask, mail->key);
}

static int find_key(struct fct_server *s, const char *key, int64_t *id, facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_FIND_KEY);
    fct_ask_text(&ask, key);
    result = fct_server_run(s, &ask, &answer, error);
    *id = fct_answer_int(&answer, 0, 0);
    fct_answer_done(s, &answer);
    return result;
}

/*
 * No row came back: the key's row was committed after this statement had begun.  Where it is gone
 * again, it was deleted in between.
 */
static int find_late(struct fct_server *s, const char *key, int64_t *id, facteur_error **error)
{
    int result = find_key(s, key, id, error);

    if (!result && !*id)
        result = fct_error_set(error, FACTEUR_EIO, "outbox",
                               "outbox: another mail with the key was deleted in this moment; try "
                               "again");
    return result;
}

static int insert_bytes(struct fct_server *s, fct_slice bytes, facteur_error **error)
{
    struct fct_ask ask;

    fct_ask_begin(&ask, FCT_SERVER_SQL_INSERT_BODY);
    fct_ask_bytes(&ask, bytes);
    return fct_server_change(s, &ask, NULL, error);
}

/* MySQL tells by the id whether the mail is new. */
static int read_inserted(struct fct_server *s, const struct fct_store_mail *mail, int64_t inserted,
                         int64_t *id, bool *duplicate, facteur_error **error)
{
    *duplicate = inserted >= FCT_SERVER_DUPLICATE;
    *id = *duplicate ? inserted - FCT_SERVER_DUPLICATE : inserted;
    return *duplicate ? 0 : insert_bytes(s, mail->bytes, error);
}

int fct_server_insert(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                      int64_t *id, bool *duplicate, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    int64_t made = 0;
    bool known = true;
    struct fct_ask ask;
    int result;

    bind_mail(s, &ask, mail, now_us);
    result = fct_server_run(s, &ask, &answer, error);
    if (!result && is_mysql(s)) {
        result = read_inserted(s, mail, answer.inserted, &made, &known, error);
    } else if (!result && answer.rows) {
        made = fct_answer_int(&answer, 0, 0);
        known = fct_answer_int(&answer, 0, 1) != 0;
    } else if (!result) {
        result = find_late(s, mail->key, &made, error);
    }
    fct_answer_done(s, &answer);
    if (result)
        return result;
    *id = made;
    *duplicate = known;
    return 0;
}

/* ---- Claims ---------------------------------------------------------------------------------- */

/* What a claim asks for at each priority. */
struct claim {
    struct fct_server *s;
    const char *owner;
    int64_t now_us, lease_until_us, fence;
    struct fct_cursor *cursor;
    struct fct_claimed *claimed;
    unsigned count, limit;
};

static void bind_place(struct fct_ask *ask, const struct claim *claim, unsigned priority)
{
    fct_ask_time(ask, claim->s, claim->cursor->at[priority].next_us);
    if (is_mysql(claim->s))
        fct_ask_time(ask, claim->s, claim->cursor->at[priority].next_us);
    fct_ask_int(ask, claim->cursor->at[priority].id);
    fct_ask_time(ask, claim->s, claim->now_us);
}

static void bind_lease(struct fct_ask *ask, const struct claim *claim)
{
    fct_ask_int(ask, claim->fence);
    fct_ask_text(ask, claim->owner);
    fct_ask_time(ask, claim->s, claim->lease_until_us);
}

/* A bit for each priority at which a row is ready. */
static int find_ready(const struct claim *claim, unsigned *ready, facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_READY);
    for (unsigned i = 0; i < FCT_STORE_PRIORITIES; i++)
        bind_place(&ask, claim, i);
    result = fct_server_run(claim->s, &ask, &answer, error);
    *ready = 0;
    for (size_t i = 0; i < answer.rows; i++)
        *ready |= 1u << fct_answer_int(&answer, i, 0);
    fct_answer_done(claim->s, &answer);
    return result;
}

/*
 * A number of the server's that only grows.  MySQL has no sequences: it numbers the rows of a
 * table, for which claims do not wait for each other.
 */
static int take_fence(struct claim *claim, facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_FENCE);
    result = fct_server_run(claim->s, &ask, &answer, error);
    claim->fence = is_mysql(claim->s) ? answer.inserted : fct_answer_int(&answer, 0, 0);
    fct_answer_done(claim->s, &answer);
    if (result || !is_mysql(claim->s))
        return result;
    fct_ask_begin(&ask, FCT_SERVER_SQL_FENCE_DROP);
    fct_ask_int(&ask, claim->fence);
    return fct_server_change(claim->s, &ask, NULL, error);
}

static void read_claimed(const struct fct_server *s, const struct fct_answer *answer, size_t row,
                         unsigned priority, struct fct_claimed *claimed)
{
    claimed->id = fct_answer_int(answer, row, 0);
    claimed->next_us = fct_answer_time(answer, s, row, 1);
    claimed->expires_us = fct_answer_time(answer, s, row, 2);
    claimed->attempts = (unsigned)fct_answer_int(answer, row, 3);
    claimed->crashes = (unsigned)fct_answer_int(answer, row, 4);
    claimed->doubts = (unsigned)fct_answer_int(answer, row, 5);
    claimed->size = fct_answer_int(answer, row, 6);
    claimed->priority = priority;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

/* Lease rows that CLAIM has locked, in the order of their ids, as all do that change several. */
static int take(const struct claim *claim, const struct fct_claimed *rows, size_t count,
                facteur_error **error)
{
    int64_t ids[FCT_SERVER_IDS];
    int result = 0;

    for (size_t done = 0; !result && done < count; done += FCT_SERVER_IDS) {
        size_t some = count - done < FCT_SERVER_IDS ? count - done : FCT_SERVER_IDS;
        struct fct_ask ask;

        for (size_t i = 0; i < some; i++)
            ids[i] = rows[done + i].id;
        qsort(ids, some, sizeof *ids, compare_ids);
        fct_ask_begin(&ask, FCT_SERVER_SQL_TAKE);
        bind_lease(&ask, claim);
        fct_ask_ids(&ask, ids, some);
        result = fct_server_change(claim->s, &ask, NULL, error);
    }
    return result;
}

static int claim_priority(struct claim *claim, unsigned priority, facteur_error **error)
{
    struct fct_claimed *first = claim->claimed + claim->count;
    struct fct_answer answer = {0};
    size_t added;
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_CLAIM);
    fct_ask_int(&ask, priority);
    bind_place(&ask, claim, priority);
    fct_ask_int(&ask, claim->limit - claim->count);
    if (!is_mysql(claim->s))
        bind_lease(&ask, claim);
    result = fct_server_run(claim->s, &ask, &answer, error);
    added = answer.rows;
    for (size_t i = 0; i < added; i++)
        read_claimed(claim->s, &answer, i, priority, &first[i]);
    fct_answer_done(claim->s, &answer);
    if (!result && is_mysql(claim->s))
        result = take(claim, first, added, error);
    if (result || !added)
        return result;
    fct_claimed_pass(first, added, &claim->cursor->at[priority]);
    claim->count += (unsigned)added;
    return 0;
}

int fct_server_claim(fct_store *store, unsigned limit, const char *owner, int64_t now_us,
                     int64_t lease_until_us, struct fct_cursor *cursor, int64_t *fence,
                     struct fct_claimed *claimed, unsigned *count, facteur_error **error)
{
    struct claim claim = {.s = fct_server_of(store),
                          .owner = owner,
                          .now_us = now_us,
                          .lease_until_us = lease_until_us,
                          .cursor = cursor,
                          .claimed = claimed,
                          .limit = limit};
    unsigned ready;
    int result = find_ready(&claim, &ready, error);

    /* Only a claim that finds something writes. */
    if (!result && ready)
        result = take_fence(&claim, error);
    for (unsigned i = 0; !result && i < FCT_STORE_PRIORITIES && claim.count < limit; i++) {
        if (ready & 1u << i)
            result = claim_priority(&claim, i, error);
    }
    if (result)
        return result;
    *fence = claim.count ? claim.fence : 0;
    *count = claim.count;
    return 0;
}

/* ---- Leased rows ------------------------------------------------------------------------------
 */

static void mark(const struct fct_answer *answer, const int64_t *ids, bool *mine, size_t count)
{
    for (size_t row = 0; row < answer->rows; row++) {
        int64_t id = fct_answer_int(answer, row, 0);

        for (size_t i = 0; i < count; i++)
            mine[i] |= ids[i] == id;
    }
}

/* PostgreSQL's UPDATE tells which rows it changed; MySQL is asked. */
static int doubt_some(struct fct_server *s, int64_t fence, const int64_t *ids, bool *mine,
                      size_t count, facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    memset(mine, 0, count * sizeof *mine);
    fct_ask_begin(&ask, FCT_SERVER_SQL_DOUBT);
    fct_ask_ids(&ask, ids, count);
    fct_ask_int(&ask, fence);
    result = fct_server_run(s, &ask, &answer, error);
    if (!result && is_mysql(s)) {
        fct_answer_done(s, &answer);
        ask.which = FCT_SERVER_SQL_MINE;
        result = fct_server_run(s, &ask, &answer, error);
    }
    mark(&answer, ids, mine, result ? 0 : count);
    fct_answer_done(s, &answer);
    return result;
}

int fct_server_doubt(fct_store *store, int64_t fence, const int64_t *ids, bool *mine, size_t count,
                     facteur_error **error)
{
    int result = 0;

    for (size_t done = 0; !result && done < count; done += FCT_SERVER_IDS) {
        size_t some = count - done < FCT_SERVER_IDS ? count - done : FCT_SERVER_IDS;

        result = doubt_some(fct_server_of(store), fence, ids + done, mine + done, some, error);
    }
    return result;
}

static void bind_verdict(struct fct_server *s, struct fct_ask *ask, int64_t fence,
                         const struct fct_settled *verdict, int64_t now_us)
{
    fct_ask_begin(ask, FCT_SERVER_SQL_SETTLE);
    if (verdict->state == FCT_ROW_READY)
        fct_ask_time(ask, s, verdict->next_us);
    else
        fct_ask_text(ask, NULL);
    fct_ask_text(ask, fct_row_state_word(verdict->state));
    if (fct_row_state_ended(verdict->state))
        fct_ask_time(ask, s, now_us);
    else
        fct_ask_text(ask, NULL);
    fct_ask_int(ask, verdict->uncounted);
    fct_ask_int(ask, verdict->doubtful);
    fct_ask_text(ask, verdict->relay);
    /* A text that a relay wrote, cut to what a row keeps. */
    fct_ask_slice(ask, verdict->reply
                           ? fct_utf8_cut(fct_slice_of(verdict->reply), FCT_STORE_REPLY_MAX)
                           : (fct_slice){NULL, 0});
    fct_ask_text(ask, verdict->result);
    fct_ask_text(ask, verdict->remaining);
    fct_ask_int(ask, verdict->id);
    fct_ask_int(ask, fence);
}

int fct_server_settle(fct_store *store, int64_t fence, const struct fct_settled *verdicts,
                      size_t count, int64_t now_us, size_t *stale, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    size_t lost = 0;

    for (size_t i = 0; i < count; i++) {
        struct fct_ask ask;
        size_t changed = 0;
        int result;

        bind_verdict(s, &ask, fence, &verdicts[i], now_us);
        result = fct_server_change(s, &ask, &changed, error);
        if (result)
            return result;
        lost += changed == 0;
    }
    *stale = lost;
    return 0;
}

/* ---- Many rows ------------------------------------------------------------------------------- */

/*
 * The next ids behind `after` for which LEASED or LATE is true of `value`.  They are read without a
 * lock, and what changes them asks again: so nobody waits for a row that is not his.
 */
static int next_ids(struct fct_server *s, enum fct_server_sql which, int64_t value, int64_t after,
                    int64_t ids[FCT_SERVER_IDS], size_t *count, facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, which);
    fct_ask_int(&ask, value);
    fct_ask_int(&ask, after);
    result = fct_server_run(s, &ask, &answer, error);
    *count = answer.rows < FCT_SERVER_IDS ? answer.rows : FCT_SERVER_IDS;
    for (size_t i = 0; i < *count; i++)
        ids[i] = fct_answer_int(&answer, i, 0);
    fct_answer_done(s, &answer);
    return result;
}

int fct_server_renew(fct_store *store, int64_t fence, int64_t lease_until_us, size_t *kept,
                     facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    int64_t ids[FCT_SERVER_IDS] = {0};
    size_t count = 0, all = 0;
    int result;

    do {
        struct fct_ask ask;
        size_t changed = 0;

        result = next_ids(s, FCT_SERVER_SQL_LEASED, fence, count ? ids[count - 1] : 0, ids, &count,
                          error);
        if (result || !count)
            break;
        fct_ask_begin(&ask, FCT_SERVER_SQL_RENEW);
        fct_ask_time(&ask, s, lease_until_us);
        fct_ask_ids(&ask, ids, count);
        fct_ask_int(&ask, fence);
        result = fct_server_change(s, &ask, &changed, error);
        all += changed;
    } while (!result && count == FCT_SERVER_IDS);
    if (!result)
        *kept = all;
    return result;
}

static int rescue_some(struct fct_server *s, int64_t now_us, enum fct_doubt_policy policy,
                       const int64_t *ids, size_t count, struct fct_rescued *rescued,
                       facteur_error **error)
{
    enum fct_row_state doubtful = fct_doubt_result(policy);
    size_t crashed = 0, doubted = 0, ready = 0;
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_NOTE_LATE);
    fct_ask_time(&ask, s, now_us);
    fct_ask_ids(&ask, ids, count);
    fct_ask_time(&ask, s, now_us);
    result = fct_server_change(s, &ask, NULL, error);
    if (result)
        return result;
    fct_ask_begin(&ask, FCT_SERVER_SQL_QUARANTINE);
    fct_ask_ids(&ask, ids, count);
    fct_ask_time(&ask, s, now_us);
    fct_ask_int(&ask, FCT_CRASHES_MAX);
    result = fct_server_change(s, &ask, &crashed, error);
    if (result)
        return result;
    fct_ask_begin(&ask, FCT_SERVER_SQL_RESCUE_DOUBT);
    fct_ask_text(&ask, fct_row_state_word(doubtful));
    fct_ask_ids(&ask, ids, count);
    fct_ask_time(&ask, s, now_us);
    result = fct_server_change(s, &ask, &doubted, error);
    if (result)
        return result;
    fct_ask_begin(&ask, FCT_SERVER_SQL_RESCUE);
    fct_ask_ids(&ask, ids, count);
    fct_ask_time(&ask, s, now_us);
    result = fct_server_change(s, &ask, &ready, error);
    rescued->quarantined += (unsigned)crashed;
    rescued->held += doubtful == FCT_ROW_HELD ? (unsigned)doubted : 0;
    rescued->ready += (unsigned)ready + (doubtful == FCT_ROW_READY ? (unsigned)doubted : 0);
    return result;
}

int fct_server_rescue(fct_store *store, int64_t now_us, enum fct_doubt_policy policy,
                      struct fct_rescued *rescued, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_rescued counts = {0};
    int64_t ids[FCT_SERVER_IDS] = {0};
    size_t count = 0;
    int result;

    do {
        result = next_ids(s, FCT_SERVER_SQL_LATE, now_us + s->clock_us, count ? ids[count - 1] : 0,
                          ids, &count, error);
        if (!result && count)
            result = rescue_some(s, now_us, policy, ids, count, &counts, error);
    } while (!result && count == FCT_SERVER_IDS);
    if (!result)
        *rescued = counts;
    return result;
}

/* ---- What comes next ------------------------------------------------------------------------- */

int fct_server_next(fct_store *store, int64_t *ready_us, int64_t *lease_us, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    int64_t first_us = 0;
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_NEXT);
    result = fct_server_run(s, &ask, &answer, error);
    for (unsigned i = 0; i < FCT_STORE_PRIORITIES; i++) {
        int64_t at_us = fct_answer_time(&answer, s, 0, i);

        if (at_us && (!first_us || at_us < first_us))
            first_us = at_us;
    }
    if (!result) {
        *ready_us = first_us;
        *lease_us = fct_answer_time(&answer, s, 0, FCT_STORE_PRIORITIES);
    }
    fct_answer_done(s, &answer);
    return result;
}
