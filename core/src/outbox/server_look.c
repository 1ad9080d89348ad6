/* SPDX-License-Identifier: MIT */
#include "outbox/server_work.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>

int fct_server_bytes(fct_store *store, int64_t id, fct_buf *out, bool *found, char **remaining,
                     facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    struct fct_ask ask;
    fct_slice left;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_BYTES);
    fct_ask_int(&ask, id);
    result = fct_server_run(s, &ask, &answer, error);
    left = fct_answer_slice(&answer, 0, 1);
    if (!result)
        *found = answer.rows > 0;
    if (!result && answer.rows) {
        *remaining = left.ptr ? fct_strdup(left.ptr) : NULL;
        if (fct_buf_add_slice(out, fct_answer_slice(&answer, 0, 0)) || (left.ptr && !*remaining))
            result = fct_error_nomem(error);
    }
    fct_answer_done(s, &answer);
    return result;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static bool read_texts(const struct fct_answer *answer, size_t at, size_t column,
                       struct fct_store_row *row)
{
    char **const texts[] = {&row->key,        &row->kind,  &row->sender, &row->recipients,
                            &row->message_id, &row->owner, &row->relay,  &row->reply,
                            &row->result,     &row->trace};
    bool whole = true;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = fct_strdup(fct_answer_text(answer, at, column + i));
        whole &= *texts[i] != NULL;
    }
    return whole;
}

static int read_row(const struct fct_server *s, const struct fct_answer *answer, size_t at,
                    struct fct_store_rows *rows, facteur_error **error)
{
    struct fct_store_row *row = fct_store_rows_add(rows);

    if (!row)
        return fct_error_nomem(error);
    row->id = fct_answer_int(answer, at, 0);
    fct_row_state_find(fct_answer_text(answer, at, 1), &row->state);
    row->priority = (unsigned)fct_answer_int(answer, at, 2);
    row->attempts = (unsigned)fct_answer_int(answer, at, 3);
    row->crashes = (unsigned)fct_answer_int(answer, at, 4);
    row->doubts = (unsigned)fct_answer_int(answer, at, 5);
    row->size = fct_answer_int(answer, at, 6);
    row->fence = fct_answer_int(answer, at, 7);
    row->created_us = fct_answer_time(answer, s, at, 8);
    row->next_us = fct_answer_time(answer, s, at, 9);
    row->expires_us = fct_answer_time(answer, s, at, 10);
    row->lease_us = fct_answer_time(answer, s, at, 11);
    row->ended_us = fct_answer_time(answer, s, at, 12);
    return read_texts(answer, at, 13, row) ? 0 : fct_error_nomem(error);
}

int fct_server_list(fct_store *store, const struct fct_store_filter *filter,
                    struct fct_store_rows *rows, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_LIST);
    fct_ask_int(&ask, filter->id ? filter->id - 1 : filter->after);
    fct_ask_text(&ask, filter->key);
    fct_ask_text(&ask, filter->key);
    fct_ask_text(&ask, filter->state);
    fct_ask_text(&ask, filter->state);
    fct_ask_text(&ask, filter->message_id);
    fct_ask_text(&ask, filter->message_id);
    fct_ask_int(&ask, filter->id ? 1 : filter->limit);
    result = fct_server_run(s, &ask, &answer, error);
    for (size_t i = 0; !result && i < answer.rows; i++) {
        /* The first one behind the id before may be another. */
        if (!filter->id || fct_answer_int(&answer, i, 0) == filter->id)
            result = read_row(s, &answer, i, rows, error);
    }
    fct_answer_done(s, &answer);
    return result;
}

/* ---- Actions --------------------------------------------------------------------------------- */

/* The state, with the row locked until the transaction ends. */
static int read_state(struct fct_server *s, int64_t id, enum fct_row_state *state, bool *has_bytes,
                      facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_STATE);
    fct_ask_int(&ask, id);
    result = fct_server_run(s, &ask, &answer, error);
    if (!result && !answer.rows)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "id", "id: there is no mail %lld",
                               (long long)id);
    fct_row_state_find(fct_answer_text(&answer, 0, 0), state);
    *has_bytes = fct_answer_int(&answer, 0, 1) != 0;
    fct_answer_done(s, &answer);
    return result;
}

int fct_server_act(fct_store *store, enum fct_row_action action, int64_t id, int64_t now_us,
                   enum fct_row_state *state, bool *done, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    enum fct_row_state found = FCT_ROW_READY;
    bool has_bytes = false, revive = fct_row_action_result(action) == FCT_ROW_READY;
    struct fct_ask ask;
    int result = read_state(s, id, &found, &has_bytes, error);

    if (result)
        return result;
    *state = found;
    *done = fct_row_action_allowed(action, found) && (has_bytes || action == FCT_ROW_CANCEL);
    if (!*done)
        return 0;
    fct_ask_begin(&ask, revive ? FCT_SERVER_SQL_REVIVE : FCT_SERVER_SQL_CANCEL);
    for (int i = 0; i < (revive ? 3 : 1); i++)
        fct_ask_time(&ask, s, now_us);
    fct_ask_int(&ask, id);
    return fct_server_change(s, &ask, NULL, error);
}

/* ---- Purge ----------------------------------------------------------------------------------- */

/* Delete the bytes of these rows, which are locked, and with `rows` the rows. */
static int delete_some(struct fct_server *s, const int64_t *ids, size_t count, size_t *bytes,
                       size_t *rows, facteur_error **error)
{
    struct fct_ask ask;
    size_t changed = 0;
    int result = 0;

    if (rows) {
        fct_ask_begin(&ask, FCT_SERVER_SQL_DELETE_ROWS);
        fct_ask_ids(&ask, ids, count);
        result = fct_server_change(s, &ask, &changed, error);
        *rows += changed;
    }
    if (!result && rows) {
        fct_ask_begin(&ask, FCT_SERVER_SQL_DELETE_EVENTS);
        fct_ask_ids(&ask, ids, count);
        result = fct_server_change(s, &ask, NULL, error);
    }
    if (result)
        return result;
    fct_ask_begin(&ask, FCT_SERVER_SQL_DELETE_BYTES);
    fct_ask_ids(&ask, ids, count);
    result = fct_server_change(s, &ask, &changed, error);
    *bytes += changed;
    return result;
}

static int delete_old(struct fct_server *s, enum fct_server_sql which, int64_t before_us,
                      size_t limit, size_t *bytes, size_t *rows, facteur_error **error)
{
    struct fct_answer old = {0};
    int64_t ids[FCT_SERVER_IDS];
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, which);
    fct_ask_time(&ask, s, before_us);
    fct_ask_int(&ask, (int64_t)limit);
    result = fct_server_run(s, &ask, &old, error);
    for (size_t done = 0; !result && done < old.rows; done += FCT_SERVER_IDS) {
        size_t count = 0;

        for (; count < FCT_SERVER_IDS && done + count < old.rows; count++)
            ids[count] = fct_answer_int(&old, done + count, 0);
        result = delete_some(s, ids, count, bytes, rows, error);
    }
    fct_answer_done(s, &old);
    return result;
}

int fct_server_purge(fct_store *store, int64_t bytes_before_us, int64_t rows_before_us,
                     unsigned limit, size_t *bytes, size_t *rows, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    size_t deleted = 0, more = 0;
    int result =
        delete_old(s, FCT_SERVER_SQL_OLD_ROWS, rows_before_us, limit, &more, &deleted, error);

    /* The bytes of those rows are among the limit. */
    if (!result && more < limit)
        result = delete_old(s, FCT_SERVER_SQL_OLD_BYTES, bytes_before_us, limit - more, &more, NULL,
                            error);
    if (result)
        return result;
    *bytes = more;
    *rows = deleted;
    return 0;
}

/* ---- Facts ----------------------------------------------------------------------------------- */

/* For a worker: also the rows of one that died, from the end of their leases. */
static bool waits(enum fct_row_state state)
{
    return state == FCT_ROW_READY || state == FCT_ROW_LEASED || state == FCT_ROW_IN_DOUBT;
}

static void add_state(const struct fct_server *s, const struct fct_answer *answer, size_t at,
                      struct fct_store_facts *facts)
{
    int64_t since_us = fct_answer_time(answer, s, at, 2);
    enum fct_row_state state = FCT_ROW_READY;

    fct_row_state_find(fct_answer_text(answer, at, 0), &state);
    facts->count[state] = fct_answer_int(answer, at, 1);
    if (waits(state) && since_us && (!facts->oldest_us || since_us < facts->oldest_us))
        facts->oldest_us = since_us;
    facts->doubts += fct_answer_int(answer, at, 3);
}

int fct_server_facts(fct_store *store, struct fct_store_facts *facts, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    *facts = (struct fct_store_facts){
        .schema = FCT_STORE_SCHEMA, .fixed = true, .durable = s->store.durable};
    snprintf(facts->database, sizeof facts->database, "%s", s->version);
    fct_ask_begin(&ask, FCT_SERVER_SQL_COUNTS);
    result = fct_server_run(s, &ask, &answer, error);
    for (size_t i = 0; !result && i < answer.rows; i++)
        add_state(s, &answer, i, facts);
    fct_answer_done(s, &answer);
    if (result)
        return result;
    fct_ask_begin(&ask, FCT_SERVER_SQL_SIZE);
    result = fct_server_run(s, &ask, &answer, error);
    facts->file_bytes = (uint64_t)fct_answer_int(&answer, 0, 0);
    fct_answer_done(s, &answer);
    return result;
}
