/* SPDX-License-Identifier: MIT */
/* The events and the bars of an outbox in a database server; store.h has the contracts. */
#include "outbox/server_work.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"

static void ask_reply(struct fct_ask *ask, const char *text)
{
    if (text)
        fct_ask_slice(ask, fct_utf8_cut(fct_slice_of(text), FCT_STORE_REPLY_MAX));
    else
        fct_ask_text(ask, NULL);
}

static void ask_time_or_null(struct fct_ask *ask, const struct fct_server *s, int64_t us)
{
    if (us)
        fct_ask_time(ask, s, us);
    else
        fct_ask_text(ask, NULL);
}

/* ---- Events ---------------------------------------------------------------------------------- */

int fct_server_note(fct_store *store, int64_t id, int64_t fence, const struct fct_event *event,
                    facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_ask ask;

    fct_ask_begin(&ask, FCT_SERVER_SQL_NOTE);
    fct_ask_time(&ask, s, event->at_us);
    fct_ask_text(&ask, event->what);
    fct_ask_text(&ask, event->relay);
    ask_reply(&ask, event->text);
    fct_ask_int(&ask, id);
    fct_ask_int(&ask, fence);
    fct_ask_int(&ask, fence);
    return fct_server_change(s, &ask, NULL, error);
}

static int read_event(const struct fct_server *s, const struct fct_answer *answer, size_t at,
                      struct fct_events *events, facteur_error **error)
{
    struct fct_event *event = fct_events_add(events);

    if (!event)
        return fct_error_nomem(error);
    event->at_us = fct_answer_time(answer, s, at, 0);
    event->what = fct_strdup(fct_answer_text(answer, at, 1));
    event->attempt = (unsigned)fct_answer_int(answer, at, 2);
    event->relay = fct_strdup(fct_answer_text(answer, at, 3));
    event->text = fct_strdup(fct_answer_text(answer, at, 4));
    return event->what && event->relay && event->text ? 0 : fct_error_nomem(error);
}

int fct_server_events(fct_store *store, int64_t id, struct fct_events *events,
                      facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_EVENTS);
    fct_ask_int(&ask, id);
    result = fct_server_run(s, &ask, &answer, error);
    for (size_t i = 0; !result && i < answer.rows; i++)
        result = read_event(s, &answer, i, events, error);
    fct_answer_done(s, &answer);
    return result;
}

/* ---- Bars ------------------------------------------------------------------------------------ */

int fct_server_bar(fct_store *store, enum fct_bar_what what, const struct fct_bar *bar,
                   int64_t now_us, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_ask ask;

    fct_ask_begin(&ask, FCT_SERVER_SQL_BAR);
    fct_ask_text(&ask, fct_bar_word(what));
    fct_ask_text(&ask, bar->name);
    ask_time_or_null(&ask, s, bar->until_us);
    ask_reply(&ask, bar->reason);
    if (bar->mail_id)
        fct_ask_int(&ask, bar->mail_id);
    else
        fct_ask_text(&ask, NULL);
    fct_ask_time(&ask, s, now_us);
    return fct_server_change(s, &ask, NULL, error);
}

int fct_server_unbar(fct_store *store, enum fct_bar_what what, const char *name, bool *found,
                     facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_ask ask;
    size_t changed = 0;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_UNBAR);
    fct_ask_text(&ask, fct_bar_word(what));
    fct_ask_text(&ask, name);
    result = fct_server_change(s, &ask, &changed, error);
    if (!result)
        *found = changed > 0;
    return result;
}

static int read_bar(const struct fct_server *s, const struct fct_answer *answer, size_t at,
                    struct fct_bars *bars, facteur_error **error)
{
    struct fct_bar *bar = fct_bars_add(bars);

    if (!bar)
        return fct_error_nomem(error);
    bar->name = fct_strdup(fct_answer_text(answer, at, 0));
    bar->until_us = fct_answer_time(answer, s, at, 1);
    bar->times = (unsigned)fct_answer_int(answer, at, 2);
    bar->reason = fct_strdup(fct_answer_text(answer, at, 3));
    bar->mail_id = fct_answer_int(answer, at, 4);
    bar->created_us = fct_answer_time(answer, s, at, 5);
    return bar->name && bar->reason ? 0 : fct_error_nomem(error);
}

int fct_server_bars(fct_store *store, enum fct_bar_what what, const char *name, const char *after,
                    unsigned limit, struct fct_bars *bars, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    struct fct_ask ask;
    int result;

    fct_ask_begin(&ask, FCT_SERVER_SQL_BARS);
    fct_ask_text(&ask, fct_bar_word(what));
    fct_ask_text(&ask, name);
    fct_ask_text(&ask, name);
    fct_ask_text(&ask, after);
    fct_ask_int(&ask, limit);
    result = fct_server_run(s, &ask, &answer, error);
    for (size_t i = 0; !result && i < answer.rows; i++)
        result = read_bar(s, &answer, i, bars, error);
    fct_answer_done(s, &answer);
    return result;
}
