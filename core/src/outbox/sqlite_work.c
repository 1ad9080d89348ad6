/* SPDX-License-Identifier: MIT */
#include "outbox/sqlite_work.h"

#include "base/error.h"

/* ---- Enqueue --------------------------------------------------------------------------------- */

static int insert_mail(struct fct_sqlite *s, const struct fct_store_mail *mail, int64_t now_us,
                       size_t *inserted, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_INSERT, error);

    if (result)
        return result;
    fct_query_int(&query, mail->priority);
    fct_query_int(&query, mail->not_before_us > now_us ? mail->not_before_us : now_us);
    fct_query_text(&query, mail->key);
    fct_query_text(&query, mail->kind);
    fct_query_text(&query, mail->sender);
    fct_query_text(&query, mail->recipients);
    fct_query_text(&query, mail->message_id);
    fct_query_int(&query, (int64_t)mail->bytes.len);
    fct_query_int(&query, now_us);
    fct_query_int_or_null(&query, mail->expires_us);
    fct_query_text(&query, mail->trace);
    return fct_query_run(&query, inserted, error);
}

static int insert_bytes(struct fct_sqlite *s, int64_t id, fct_slice bytes, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_INSERT_BODY, error);

    if (result)
        return result;
    fct_query_int(&query, id);
    fct_query_blob(&query, bytes);
    return fct_query_run(&query, NULL, error);
}

static int find_key(struct fct_sqlite *s, const char *key, int64_t *id, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_FIND_KEY, error);

    if (result)
        return result;
    fct_query_text(&query, key);
    result = fct_query_step(&query, error);
    if (result < 0)
        return result;
    *id = sqlite3_column_int64(query.statement, 0);
    fct_query_end(&query);
    return 0;
}

int fct_sqlite_insert(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                      int64_t *id, bool *duplicate, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    size_t inserted = 0;
    int64_t made = 0;
    int result = insert_mail(s, mail, now_us, &inserted, error);

    if (!result && inserted) {
        made = sqlite3_last_insert_rowid(s->db);
        result = insert_bytes(s, made, mail->bytes, error);
    } else if (!result) {
        result = find_key(s, mail->key, &made, error);
    }
    if (result)
        return result;
    /* The first one of a duplicate can be seen before it is on the disk. */
    s->sync_wanted = true;
    *id = made;
    *duplicate = !inserted;
    return 0;
}

/* ---- Claims ---------------------------------------------------------------------------------- */

/* What a claim asks for at each priority. */
struct claim {
    struct fct_sqlite *s;
    const char *owner;
    int64_t now_us, lease_until_us, fence;
    struct fct_cursor *cursor;
    struct fct_claimed *claimed;
    unsigned count, limit;
};

static void bind_place(struct fct_query *query, const struct claim *claim, unsigned priority)
{
    fct_query_int(query, priority);
    fct_query_int(query, claim->now_us);
    fct_query_int(query, claim->cursor->at[priority].next_us);
    fct_query_int(query, claim->cursor->at[priority].id);
}

/* 1 if a row is ready at this priority. */
static int is_ready(const struct claim *claim, unsigned priority, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, claim->s, FCT_SQL_IS_READY, error);

    if (result)
        return result;
    bind_place(&query, claim, priority);
    result = fct_query_step(&query, error);
    if (result == 1)
        fct_query_end(&query);
    return result;
}

static int next_fence(struct fct_sqlite *s, int64_t *fence, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_FENCE, error);

    if (result)
        return result;
    result = fct_query_step(&query, error);
    if (result < 0)
        return result;
    *fence = sqlite3_column_int64(query.statement, 0);
    s->sync_wanted = true;
    return fct_query_run(&query, NULL, error);
}

static void read_claimed(sqlite3_stmt *statement, unsigned priority, struct fct_claimed *claimed)
{
    claimed->id = sqlite3_column_int64(statement, 0);
    claimed->next_us = sqlite3_column_int64(statement, 1);
    claimed->expires_us = sqlite3_column_int64(statement, 2);
    claimed->attempts = (unsigned)sqlite3_column_int64(statement, 3);
    claimed->crashes = (unsigned)sqlite3_column_int64(statement, 4);
    claimed->doubts = (unsigned)sqlite3_column_int64(statement, 5);
    claimed->size = sqlite3_column_int64(statement, 6);
    claimed->priority = priority;
}

static int claim_priority(struct claim *claim, unsigned priority, facteur_error **error)
{
    struct fct_claimed *first = claim->claimed + claim->count;
    struct fct_query query;
    size_t added = 0;
    int result = fct_query_begin(&query, claim->s, FCT_SQL_CLAIM, error);

    if (result)
        return result;
    fct_query_int(&query, claim->fence);
    fct_query_text(&query, claim->owner);
    fct_query_int(&query, claim->lease_until_us);
    bind_place(&query, claim, priority);
    fct_query_int(&query, claim->limit - claim->count);
    while ((result = fct_query_step(&query, error)) == 1)
        read_claimed(query.statement, priority, &first[added++]);
    if (result || !added)
        return result;
    fct_claimed_pass(first, added, &claim->cursor->at[priority]);
    claim->count += (unsigned)added;
    return 0;
}

int fct_sqlite_claim(fct_store *store, unsigned limit, const char *owner, int64_t now_us,
                     int64_t lease_until_us, struct fct_cursor *cursor, int64_t *fence,
                     struct fct_claimed *claimed, unsigned *count, facteur_error **error)
{
    struct claim claim = {.s = fct_sqlite_of(store),
                          .owner = owner,
                          .now_us = now_us,
                          .lease_until_us = lease_until_us,
                          .cursor = cursor,
                          .claimed = claimed,
                          .limit = limit};
    int result = 0;

    for (unsigned i = 0; result >= 0 && i < FCT_STORE_PRIORITIES && claim.count < limit; i++) {
        result = is_ready(&claim, i, error);
        if (result == 1)
            /* Only a claim that finds something writes. */
            result = claim.fence ? 0 : next_fence(claim.s, &claim.fence, error);
        else
            continue;
        if (!result)
            result = claim_priority(&claim, i, error);
    }
    if (result < 0)
        return result;
    *fence = claim.fence;
    *count = claim.count;
    return 0;
}

int fct_sqlite_claim_row(fct_store *store, int64_t id, const char *owner, int64_t lease_until_us,
                         int64_t *fence, bool *claimed, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    struct fct_query query;
    size_t changed = 0;
    int64_t made = 0;
    int result = next_fence(s, &made, error);

    if (!result)
        result = fct_query_begin(&query, s, FCT_SQL_CLAIM_ROW, error);
    if (result)
        return result;
    fct_query_int(&query, made);
    fct_query_text(&query, owner);
    fct_query_int(&query, lease_until_us);
    fct_query_int(&query, id);
    result = fct_query_run(&query, &changed, error);
    if (result)
        return result;
    *fence = made;
    *claimed = changed == 1;
    return 0;
}

/* ---- Leased rows ------------------------------------------------------------------------------
 */

int fct_sqlite_doubt(fct_store *store, int64_t fence, const int64_t *ids, bool *mine, size_t count,
                     facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    int result = 0;

    for (size_t i = 0; !result && i < count; i++) {
        struct fct_query query;
        size_t changed = 0;

        result = fct_query_begin(&query, s, FCT_SQL_DOUBT, error);
        if (result)
            break;
        fct_query_int(&query, ids[i]);
        fct_query_int(&query, fence);
        result = fct_query_run(&query, &changed, error);
        mine[i] = changed == 1;
        s->sync_wanted |= mine[i];
    }
    return result;
}

static int settle_one(struct fct_sqlite *s, int64_t fence, const struct fct_settled *verdict,
                      int64_t now_us, size_t *changed, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_SETTLE, error);

    if (result)
        return result;
    fct_query_text(&query, fct_row_state_word(verdict->state));
    fct_query_int(&query, verdict->next_us);
    fct_query_int_or_null(&query, fct_row_state_ended(verdict->state) ? now_us : 0);
    fct_query_int(&query, verdict->uncounted);
    fct_query_int(&query, verdict->doubtful);
    fct_query_text(&query, verdict->relay);
    fct_query_reply(&query, verdict->reply);
    fct_query_text(&query, verdict->result);
    fct_query_int(&query, verdict->id);
    fct_query_int(&query, fence);
    fct_query_text(&query, verdict->remaining);
    return fct_query_run(&query, changed, error);
}

int fct_sqlite_settle(fct_store *store, int64_t fence, const struct fct_settled *verdicts,
                      size_t count, int64_t now_us, size_t *stale, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    size_t lost = 0;

    for (size_t i = 0; i < count; i++) {
        size_t changed = 0;
        int result = settle_one(s, fence, &verdicts[i], now_us, &changed, error);

        if (result)
            return result;
        s->sync_wanted |= changed > 0;
        lost += changed == 0;
    }
    *stale = lost;
    return 0;
}

int fct_sqlite_renew(fct_store *store, int64_t fence, int64_t lease_until_us, size_t *kept,
                     facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_RENEW, error);

    if (result)
        return result;
    fct_query_int(&query, lease_until_us);
    fct_query_int(&query, fence);
    result = fct_query_run(&query, kept, error);
    s->sync_wanted |= !result && *kept > 0;
    return result;
}

static int note_late(struct fct_sqlite *s, int64_t now_us, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_NOTE_LATE, error);

    if (result)
        return result;
    fct_query_int(&query, now_us);
    return fct_query_run(&query, NULL, error);
}

int fct_sqlite_rescue(fct_store *store, int64_t now_us, enum fct_doubt_policy policy,
                      struct fct_rescued *rescued, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    struct fct_rescued counts = {0};
    struct fct_query query;
    int result = note_late(s, now_us, error);

    if (!result)
        result = fct_query_begin(&query, s, FCT_SQL_RESCUE, error);
    if (result)
        return result;
    fct_query_int(&query, now_us);
    fct_query_int(&query, FCT_CRASHES_MAX);
    fct_query_text(&query, fct_row_state_word(fct_doubt_result(policy)));
    while ((result = fct_query_step(&query, error)) == 1) {
        enum fct_row_state state = FCT_ROW_READY;

        fct_row_state_find((const char *)sqlite3_column_text(query.statement, 0), &state);
        s->sync_wanted = true;
        counts.ready += state == FCT_ROW_READY;
        counts.held += state == FCT_ROW_HELD;
        counts.quarantined += state == FCT_ROW_QUARANTINED;
    }
    if (!result)
        *rescued = counts;
    return result;
}

/* ---- What comes next ------------------------------------------------------------------------- */

/* The only number of a query, 0 for NULL; `priority` is bound when it is not negative. */
static int ask_min(struct fct_sqlite *s, enum fct_sql which, int priority, int64_t *value,
                   facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, which, error);

    if (result)
        return result;
    if (priority >= 0)
        fct_query_int(&query, priority);
    result = fct_query_step(&query, error);
    if (result < 0)
        return result;
    *value = sqlite3_column_int64(query.statement, 0);
    fct_query_end(&query);
    return 0;
}

int fct_sqlite_next(fct_store *store, int64_t *ready_us, int64_t *lease_us, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    int64_t first = 0, lease = 0;
    int result = ask_min(s, FCT_SQL_NEXT_LEASE, -1, &lease, error);

    for (int i = 0; !result && i < FCT_STORE_PRIORITIES; i++) {
        int64_t at = 0;

        result = ask_min(s, FCT_SQL_NEXT_READY, i, &at, error);
        if (at && (!first || at < first))
            first = at;
    }
    if (result)
        return result;
    *ready_us = first;
    *lease_us = lease;
    return 0;
}
