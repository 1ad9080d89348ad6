/* SPDX-License-Identifier: MIT */
/* The operator's part of the outbox in facteur.h: rows as JSON, and what is done with them. */
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mailer/outbox_json.h"
#include "mime/sealed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BARS_MAX 100
#define PURGE_MAX 500 /* rows of one transaction */

/* ---- Rows as JSON -----------------------------------------------------------------------------
 */

json_t *fct_outbox_time_json(int64_t us)
{
    time_t seconds = (time_t)(us / 1000000);
    char text[40], date[24];
    struct tm parts;

    if (!us || !gmtime_r(&seconds, &parts))
        return json_null();
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, sizeof text, "%s.%06uZ", date, (unsigned)(us % 1000000));
    return json_string(text);
}

json_t *fct_outbox_text_json(const char *text)
{
    return *text ? fct_json_text(text) : json_null();
}

static json_t *receipt_json(const char *text)
{
    json_t *receipt = *text ? json_loads(text, 0, NULL) : NULL;

    return receipt ? receipt : json_null();
}

static int set_number(json_t *object, const char *name, int64_t number)
{
    return fct_json_set(object, name, json_integer(number));
}

static int set_times(json_t *object, const struct fct_store_row *row)
{
    int err = fct_json_set(object, "created_at", fct_outbox_time_json(row->created_us));

    err |= fct_json_set(object, "next_at", fct_outbox_time_json(row->next_us));
    err |= fct_json_set(object, "expires_at", fct_outbox_time_json(row->expires_us));
    err |= fct_json_set(object, "lease_until", fct_outbox_time_json(row->lease_us));
    return err | fct_json_set(object, "ended_at", fct_outbox_time_json(row->ended_us));
}

static json_t *row_json(const struct fct_store_row *row)
{
    json_t *object = json_object();
    int err = set_number(object, "id", row->id);

    err |= fct_json_set(object, "state", fct_json_text(fct_row_state_word(row->state)));
    err |= fct_json_set(object, "key", fct_outbox_text_json(row->key));
    err |= fct_json_set(object, "kind", fct_json_text(row->kind));
    err |= fct_json_set(object, "sender", fct_json_text(row->sender));
    err |= fct_json_set(object, "recipients", fct_json_text(row->recipients));
    err |= fct_json_set(object, "message_id", fct_json_text(row->message_id));
    err |= set_number(object, "size", row->size);
    err |= set_number(object, "priority", row->priority);
    err |= set_number(object, "attempts", row->attempts);
    err |= set_number(object, "crashes", row->crashes);
    err |= set_number(object, "doubts", row->doubts);
    err |= set_times(object, row);
    err |= fct_json_set(object, "owner", fct_outbox_text_json(row->owner));
    err |= fct_json_set(object, "relay", fct_outbox_text_json(row->relay));
    err |= fct_json_set(object, "reply", fct_outbox_text_json(row->reply));
    err |= fct_json_set(object, "trace", fct_outbox_text_json(row->trace));
    err |= fct_json_set(object, "receipt", receipt_json(row->result));
    if (!err)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *rows_json(const struct fct_store_rows *rows)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < rows->count; i++) {
        if (json_array_append_new(list, row_json(&rows->rows[i]))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int fct_outbox_take_json(json_t *value, char **json, facteur_error **error)
{
    char *text = value ? fct_json_take(value) : NULL;

    if (!text)
        return fct_error_nomem(error);
    *json = text;
    return 0;
}

int facteur_outbox_list(facteur_outbox *outbox, const char *state, const char *key, long long after,
                        unsigned limit, char **json, facteur_error **error)
{
    struct fct_store_filter filter = {.state = state, .key = key, .after = after, .limit = limit};
    struct fct_store_rows rows = {0};
    int result = fct_store_list(outbox->store, &filter, &rows, error);

    if (!result)
        result = fct_outbox_take_json(rows_json(&rows), json, error);
    fct_store_rows_done(&rows);
    return result;
}

static int refuse_id(long long id, facteur_error **error)
{
    return fct_error_set(error, FACTEUR_EMESSAGE, "id", "id: there is no mail %lld", id);
}

static json_t *whole_row_json(const struct fct_store_row *row, const struct fct_events *events)
{
    json_t *object = row_json(row);

    if (!fct_json_set(object, "history", fct_outbox_history_json(row, events)))
        return object;
    json_decref(object);
    return NULL;
}

int facteur_outbox_show(facteur_outbox *outbox, long long id, char **json, facteur_error **error)
{
    struct fct_store_filter filter = {.id = id, .limit = 1};
    struct fct_store_rows rows = {0};
    struct fct_events events = {0};
    int result = id > 0 ? fct_store_list(outbox->store, &filter, &rows, error) : 0;

    if (!result && !rows.count)
        result = refuse_id(id, error);
    if (!result)
        result = fct_store_events(outbox->store, id, &events, error);
    if (!result)
        result = fct_outbox_take_json(whole_row_json(&rows.rows[0], &events), json, error);
    fct_events_done(&events);
    fct_store_rows_done(&rows);
    return result;
}

int facteur_outbox_read(const void *stored, size_t stored_len, char **bytes, size_t *len,
                        facteur_error **error)
{
    fct_buf content = {0};
    fct_mail *mail = NULL;
    int result = fct_mail_load(stored, stored_len, &mail, error);

    if (!result)
        result = fct_mail_read(mail, &content, error);
    if (!result) {
        *bytes = fct_buf_take(&content, len);
        result = *bytes ? 0 : fct_error_nomem(error);
    }
    fct_mail_unref(mail);
    fct_buf_done(&content);
    return result;
}

int facteur_outbox_mail(facteur_outbox *outbox, long long id, char **bytes, size_t *len,
                        facteur_error **error)
{
    fct_buf sealed = {0};
    char *remaining = NULL;
    bool found = false;
    int result = fct_store_bytes(outbox->store, id, &sealed, &found, &remaining, error);

    if (!result && !found)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "id",
                               "id: there is no mail %lld, or its bytes were purged", id);
    if (!result)
        result = facteur_outbox_read(sealed.ptr, sealed.len, bytes, len, error);
    fct_buf_done(&sealed);
    fct_free(remaining);
    return result;
}

/* ---- Actions --------------------------------------------------------------------------------- */

static int find_action(const char *word, enum fct_row_action *action, facteur_error **error)
{
    for (unsigned i = 0; i < FCT_ROW_ACTION_COUNT; i++) {
        if (strcmp(fct_row_action_word((enum fct_row_action)i), word) == 0) {
            *action = (enum fct_row_action)i;
            return 0;
        }
    }
    return fct_error_set(error, FACTEUR_EMESSAGE, "action",
                         "action: expected retry, release or cancel, got \"%s\"", word);
}

struct act {
    enum fct_row_action action;
    int64_t id;
    enum fct_row_state before;
    bool done;
};

static int act(fct_store *store, void *user, facteur_error **error)
{
    struct act *a = user;

    return fct_store_act(store, a->action, a->id, fct_clock_date_us(), &a->before, &a->done, error);
}

int facteur_outbox_act(facteur_outbox *outbox, const char *word, long long id, int *done,
                       const char **state, facteur_error **error)
{
    struct act a = {.action = FCT_ROW_RETRY, .id = id};
    int result = find_action(word, &a.action, error);

    if (!result)
        result = fct_store_transact(outbox->store, act, &a, error);
    if (result)
        return result;
    *done = a.done;
    *state = fct_row_state_word(a.before);
    return 0;
}

static int64_t before_us(double seconds)
{
    return fct_clock_date_us() - (int64_t)((seconds < 1e10 ? seconds : 1e10) * 1e6);
}

struct purge {
    double keep_bodies, keep_rows;
    size_t bytes, rows;
};

static int purge(fct_store *store, void *user, facteur_error **error)
{
    struct purge *p = user;

    return fct_store_purge(store, before_us(p->keep_bodies), before_us(p->keep_rows), PURGE_MAX,
                           &p->bytes, &p->rows, error);
}

int facteur_outbox_purge(facteur_outbox *outbox, double keep_bodies, double keep_rows,
                         size_t *bodies, size_t *rows, facteur_error **error)
{
    struct purge p = {.keep_bodies = keep_bodies, .keep_rows = keep_rows};
    size_t bytes_all = 0, rows_all = 0;
    int result;

    do {
        p.bytes = p.rows = 0;
        result = fct_store_transact(outbox->store, purge, &p, error);
        bytes_all += p.bytes;
        rows_all += p.rows;
    } while (!result && (p.bytes == PURGE_MAX || p.rows == PURGE_MAX));
    if (bodies)
        *bodies = bytes_all;
    if (rows)
        *rows = rows_all;
    return result;
}

/* ---- Facts ----------------------------------------------------------------------------------- */

/* How long the oldest mail that is ready has waited for a worker. */
static int64_t late_s(int64_t oldest_us)
{
    int64_t late_us = oldest_us ? fct_clock_date_us() - oldest_us : 0;

    return late_us > 0 ? late_us / 1000000 : 0;
}

int facteur_outbox_stats(facteur_outbox *outbox, char **json, facteur_error **error)
{
    struct fct_store_facts facts;
    struct fct_bars bars = {0};
    json_t *root, *states;
    int err = fct_store_facts(outbox->store, &facts, error);

    if (!err)
        err = fct_store_bars(outbox->store, FCT_BAR_RELAY, NULL, "", BARS_MAX, &bars, error);
    if (err) {
        fct_bars_done(&bars);
        return err;
    }
    root = json_object();
    states = json_object();
    for (unsigned i = 0; i < FCT_ROW_STATE_COUNT; i++)
        err |= set_number(states, fct_row_state_word((enum fct_row_state)i), facts.count[i]);
    err |= fct_json_set(root, "states", states);
    err |= fct_json_set(root, "oldest_ready_at", fct_outbox_time_json(facts.oldest_us));
    err |= set_number(root, "late_s", late_s(facts.oldest_us));
    err |= set_number(root, "doubts", facts.doubts);
    err |= fct_json_set(root, "paused", fct_outbox_bars_json(&bars));
    err |= set_number(root, "schema", facts.schema);
    err |= fct_json_set(root, "database", fct_json_text(facts.database));
    err |= fct_json_set(root, "fixed", json_boolean(facts.fixed));
    err |= fct_json_set(root, "durable", json_boolean(facts.durable));
    err |= set_number(root, "file_bytes", (int64_t)facts.file_bytes);
    err |= set_number(root, "wal_bytes", (int64_t)facts.wal_bytes);
    fct_bars_done(&bars);
    if (!err)
        return fct_outbox_take_json(root, json, error);
    json_decref(root);
    return fct_error_nomem(error);
}
