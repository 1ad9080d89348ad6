/* SPDX-License-Identifier: MIT */
#include "outbox/sqlite_work.h"

#include "base/error.h"
#include "base/memory.h"
#include "outbox/sqlite_checkpoint.h"

#include <stdio.h>
#include <sys/stat.h>

int fct_sqlite_bytes(fct_store *store, int64_t id, fct_buf *out, bool *found, char **remaining,
                     facteur_error **error)
{
    struct fct_query query;
    const char *left;
    bool had;
    int result = fct_query_begin(&query, fct_sqlite_of(store), FCT_SQL_BYTES, error);

    if (result)
        return result;
    fct_query_int(&query, id);
    result = fct_query_step(&query, error);
    if (result < 0)
        return result;
    *found = result == 1;
    if (result == 0)
        return 0;
    result = fct_buf_add(out, sqlite3_column_blob(query.statement, 0),
                         (size_t)sqlite3_column_bytes(query.statement, 0));
    left = (const char *)sqlite3_column_text(query.statement, 1);
    had = left != NULL;
    *remaining = left ? fct_strdup(left) : NULL;
    fct_query_end(&query);
    return result || (had && !*remaining) ? fct_error_nomem(error) : 0;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static bool read_texts(sqlite3_stmt *statement, int at, struct fct_store_row *row)
{
    char **const texts[] = {&row->key,        &row->kind,  &row->sender, &row->recipients,
                            &row->message_id, &row->owner, &row->relay,  &row->reply,
                            &row->result,     &row->trace};
    bool whole = true;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = (const char *)sqlite3_column_text(statement, at + (int)i);

        *texts[i] = fct_strdup(text ? text : "");
        whole &= *texts[i] != NULL;
    }
    return whole;
}

static int read_row(sqlite3_stmt *statement, struct fct_store_rows *rows, facteur_error **error)
{
    struct fct_store_row *row = fct_store_rows_add(rows);

    if (!row)
        return fct_error_nomem(error);
    row->id = sqlite3_column_int64(statement, 0);
    fct_row_state_find((const char *)sqlite3_column_text(statement, 1), &row->state);
    row->priority = (unsigned)sqlite3_column_int64(statement, 2);
    row->attempts = (unsigned)sqlite3_column_int64(statement, 3);
    row->crashes = (unsigned)sqlite3_column_int64(statement, 4);
    row->doubts = (unsigned)sqlite3_column_int64(statement, 5);
    row->size = sqlite3_column_int64(statement, 6);
    row->fence = sqlite3_column_int64(statement, 7);
    row->created_us = sqlite3_column_int64(statement, 8);
    row->next_us = sqlite3_column_int64(statement, 9);
    row->expires_us = sqlite3_column_int64(statement, 10);
    row->lease_us = sqlite3_column_int64(statement, 11);
    row->ended_us = sqlite3_column_int64(statement, 12);
    return read_texts(statement, 13, row) ? 0 : fct_error_nomem(error);
}

int fct_sqlite_list(fct_store *store, const struct fct_store_filter *filter,
                    struct fct_store_rows *rows, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, fct_sqlite_of(store), FCT_SQL_LIST, error);

    if (result)
        return result;
    fct_query_int(&query, filter->id ? filter->id - 1 : filter->after);
    fct_query_text(&query, filter->key);
    fct_query_text(&query, filter->state);
    fct_query_int(&query, filter->id ? 1 : filter->limit);
    fct_query_text(&query, filter->message_id);
    while ((result = fct_query_step(&query, error)) == 1) {
        /* The first one behind the id before may be another. */
        if (filter->id && sqlite3_column_int64(query.statement, 0) != filter->id)
            continue;
        result = read_row(query.statement, rows, error);
        if (result) {
            fct_query_end(&query);
            break;
        }
    }
    return result;
}

/* ---- Actions --------------------------------------------------------------------------------- */

static int read_state(struct fct_sqlite *s, int64_t id, enum fct_row_state *state, bool *has_bytes,
                      facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_STATE, error);

    if (result)
        return result;
    fct_query_int(&query, id);
    result = fct_query_step(&query, error);
    if (result < 0)
        return result;
    if (result == 0)
        return fct_error_set(error, FACTEUR_EMESSAGE, "id", "id: there is no mail %lld",
                             (long long)id);
    fct_row_state_find((const char *)sqlite3_column_text(query.statement, 0), state);
    *has_bytes = sqlite3_column_int(query.statement, 1) != 0;
    fct_query_end(&query);
    return 0;
}

int fct_sqlite_act(fct_store *store, enum fct_row_action action, int64_t id, int64_t now_us,
                   enum fct_row_state *state, bool *done, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    enum fct_row_state found = FCT_ROW_READY;
    struct fct_query query;
    bool has_bytes = false;
    int result = read_state(s, id, &found, &has_bytes, error);

    if (result)
        return result;
    *state = found;
    *done = fct_row_action_allowed(action, found) && (has_bytes || action == FCT_ROW_CANCEL);
    if (!*done)
        return 0;
    result = fct_query_begin(
        &query, s, fct_row_action_result(action) == FCT_ROW_READY ? FCT_SQL_REVIVE : FCT_SQL_CANCEL,
        error);
    if (result)
        return result;
    fct_query_int(&query, now_us);
    fct_query_int(&query, id);
    s->sync_wanted = true;
    return fct_query_run(&query, NULL, error);
}

static int purge(struct fct_sqlite *s, enum fct_sql which, int64_t before_us, unsigned limit,
                 size_t *deleted, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, which, error);

    if (result)
        return result;
    fct_query_int(&query, before_us);
    fct_query_int(&query, limit);
    s->sync_wanted = true;
    return fct_query_run(&query, deleted, error);
}

int fct_sqlite_purge(fct_store *store, int64_t bytes_before_us, int64_t rows_before_us,
                     unsigned limit, size_t *bytes, size_t *rows, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    int result = purge(s, FCT_SQL_PURGE_EVENTS, rows_before_us, limit, rows, error);

    if (!result)
        result = purge(s, FCT_SQL_PURGE_ROWS, rows_before_us, limit, rows, error);
    /* The bytes of the rows that are gone, too. */
    return result ? result : purge(s, FCT_SQL_PURGE_BYTES, bytes_before_us, limit, bytes, error);
}

/* ---- Facts ----------------------------------------------------------------------------------- */

/* For a worker: also the rows of one that died, from the end of their leases. */
static bool waits(enum fct_row_state state)
{
    return state == FCT_ROW_READY || state == FCT_ROW_LEASED || state == FCT_ROW_IN_DOUBT;
}

static int count_states(struct fct_sqlite *s, struct fct_store_facts *facts, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_COUNTS, error);

    if (result)
        return result;
    while ((result = fct_query_step(&query, error)) == 1) {
        enum fct_row_state state = FCT_ROW_READY;
        int64_t since_us = sqlite3_column_int64(query.statement, 2);

        fct_row_state_find((const char *)sqlite3_column_text(query.statement, 0), &state);
        facts->count[state] = sqlite3_column_int64(query.statement, 1);
        if (waits(state) && since_us && (!facts->oldest_us || since_us < facts->oldest_us))
            facts->oldest_us = since_us;
        facts->doubts += sqlite3_column_int64(query.statement, 3);
    }
    return result;
}

static uint64_t size_of(const char *path, const char *end)
{
    char name[4096];
    struct stat facts;

    snprintf(name, sizeof name, "%s%s", path, end);
    return stat(name, &facts) == 0 ? (uint64_t)facts.st_size : 0;
}

int fct_sqlite_facts(fct_store *store, struct fct_store_facts *facts, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);

    *facts = (struct fct_store_facts){
        .schema = FCT_STORE_SCHEMA,
        .durable = true,
        .fixed = fct_sqlite_is_fixed(sqlite3_libversion_number()),
        .file_bytes = size_of(s->path, ""),
        .wal_bytes = size_of(s->path, "-wal"),
    };
    snprintf(facts->database, sizeof facts->database, "SQLite %s", sqlite3_libversion());
    return count_states(s, facts, error);
}
