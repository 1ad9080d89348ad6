/* SPDX-License-Identifier: MIT */
/* The events and the bars of an outbox in SQLite; store.h has the contracts. */
#include "outbox/sqlite_work.h"

#include "base/error.h"
#include "base/memory.h"

/* ---- Events ---------------------------------------------------------------------------------- */

int fct_sqlite_note(fct_store *store, int64_t id, int64_t fence, const struct fct_event *event,
                    facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_NOTE, error);

    if (result)
        return result;
    fct_query_int(&query, event->at_us);
    fct_query_text(&query, event->what);
    fct_query_text(&query, event->relay);
    fct_query_reply(&query, event->text);
    fct_query_int(&query, id);
    fct_query_int(&query, fence);
    s->sync_wanted = true;
    return fct_query_run(&query, NULL, error);
}

static char *copy_column(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    return fct_strdup(text ? text : "");
}

static int read_event(sqlite3_stmt *statement, struct fct_events *events, facteur_error **error)
{
    struct fct_event *event = fct_events_add(events);

    if (!event)
        return fct_error_nomem(error);
    event->at_us = sqlite3_column_int64(statement, 0);
    event->what = copy_column(statement, 1);
    event->attempt = (unsigned)sqlite3_column_int64(statement, 2);
    event->relay = copy_column(statement, 3);
    event->text = copy_column(statement, 4);
    return event->what && event->relay && event->text ? 0 : fct_error_nomem(error);
}

int fct_sqlite_events(fct_store *store, int64_t id, struct fct_events *events,
                      facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, fct_sqlite_of(store), FCT_SQL_EVENTS, error);

    if (result)
        return result;
    fct_query_int(&query, id);
    while ((result = fct_query_step(&query, error)) == 1) {
        result = read_event(query.statement, events, error);
        if (result) {
            fct_query_end(&query);
            break;
        }
    }
    return result;
}

/* ---- Bars ------------------------------------------------------------------------------------ */

int fct_sqlite_bar(fct_store *store, enum fct_bar_what what, const struct fct_bar *bar,
                   int64_t now_us, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    struct fct_query query;
    int result = fct_query_begin(&query, s, FCT_SQL_BAR, error);

    if (result)
        return result;
    fct_query_text(&query, fct_bar_word(what));
    fct_query_text(&query, bar->name);
    fct_query_int_or_null(&query, bar->until_us);
    fct_query_reply(&query, bar->reason);
    fct_query_int_or_null(&query, bar->mail_id);
    fct_query_int(&query, now_us);
    s->sync_wanted = true;
    return fct_query_run(&query, NULL, error);
}

int fct_sqlite_unbar(fct_store *store, enum fct_bar_what what, const char *name, bool *found,
                     facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    struct fct_query query;
    size_t changed = 0;
    int result = fct_query_begin(&query, s, FCT_SQL_UNBAR, error);

    if (result)
        return result;
    fct_query_text(&query, fct_bar_word(what));
    fct_query_text(&query, name);
    result = fct_query_run(&query, &changed, error);
    if (result)
        return result;
    *found = changed > 0;
    s->sync_wanted |= *found;
    return 0;
}

static int read_bar(sqlite3_stmt *statement, struct fct_bars *bars, facteur_error **error)
{
    struct fct_bar *bar = fct_bars_add(bars);

    if (!bar)
        return fct_error_nomem(error);
    bar->name = copy_column(statement, 0);
    bar->until_us = sqlite3_column_int64(statement, 1);
    bar->times = (unsigned)sqlite3_column_int64(statement, 2);
    bar->reason = copy_column(statement, 3);
    bar->mail_id = sqlite3_column_int64(statement, 4);
    bar->created_us = sqlite3_column_int64(statement, 5);
    return bar->name && bar->reason ? 0 : fct_error_nomem(error);
}

int fct_sqlite_bars(fct_store *store, enum fct_bar_what what, const char *name, const char *after,
                    unsigned limit, struct fct_bars *bars, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, fct_sqlite_of(store), FCT_SQL_BARS, error);

    if (result)
        return result;
    fct_query_text(&query, fct_bar_word(what));
    fct_query_text(&query, name);
    fct_query_text(&query, after);
    fct_query_int(&query, limit);
    while ((result = fct_query_step(&query, error)) == 1) {
        result = read_bar(query.statement, bars, error);
        if (result) {
            fct_query_end(&query);
            break;
        }
    }
    return result;
}
