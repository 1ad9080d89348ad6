/* SPDX-License-Identifier: MIT */
/* The history of a row as JSON, and the bars of an outbox in facteur.h. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mailer/outbox_json.h"
#include "mime/address.h"

#include <string.h>

#define BARS_MAX 1000

/* ---- History --------------------------------------------------------------------------------- */

static int add(json_t *list, int64_t at_us, const char *what, unsigned attempt, const char *relay,
               const char *text)
{
    json_t *object = json_object();
    int err = fct_json_set(object, "at", fct_outbox_time_json(at_us));

    err |= fct_json_set(object, "what", fct_json_text(what));
    err |= fct_json_set(object, "attempt", attempt ? json_integer(attempt) : json_null());
    err |= fct_json_set(object, "relay", fct_outbox_text_json(relay));
    err |= fct_json_set(object, "text", fct_outbox_text_json(text));
    if (!err)
        return json_array_append_new(list, object);
    json_decref(object);
    return -1;
}

/* The row itself has the verdict of a mail that was sent, and who has one that is under way. */
static int add_present(json_t *list, const struct fct_store_row *row)
{
    if (row->state == FCT_ROW_SENT)
        return add(list, row->ended_us, "sent", row->attempts, row->relay, row->reply);
    if (row->state == FCT_ROW_LEASED || row->state == FCT_ROW_IN_DOUBT)
        return add(list, 0, fct_row_state_word(row->state), row->attempts, "", row->owner);
    return 0;
}

json_t *fct_outbox_history_json(const struct fct_store_row *row, const struct fct_events *events)
{
    json_t *list = json_array();
    bool told = false;
    int err = add(list, row->created_us, "enqueued", 0, "", "");

    for (size_t i = 0; i < events->count; i++) {
        const struct fct_event *event = &events->events[i];

        /* What came after the mail was sent: bounces. */
        if (!told && row->state == FCT_ROW_SENT && event->at_us > row->ended_us) {
            err |= add_present(list, row);
            told = true;
        }
        err |= add(list, event->at_us, event->what, event->attempt, event->relay, event->text);
    }
    if (!told)
        err |= add_present(list, row);
    if (!err)
        return list;
    json_decref(list);
    return NULL;
}

/* ---- Bars ------------------------------------------------------------------------------------ */

static int find_what(const char *word, enum fct_bar_what *what, facteur_error **error)
{
    *what = FCT_BAR_ADDRESS;
    if (strcmp(word, "address") == 0)
        return 0;
    *what = FCT_BAR_RELAY;
    if (strcmp(word, "relay") == 0)
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, "what",
                         "what: expected address or relay, got \"%s\"", word);
}

struct change {
    enum fct_bar_what what;
    struct fct_bar bar;
    bool found;
};

static int change_bar(fct_store *store, struct change *change, bool set, facteur_error **error)
{
    int result = fct_store_begin(store, error);

    if (result)
        return result;
    result = set ? fct_store_bar(store, change->what, &change->bar, fct_clock_date_us(), error)
                 : fct_store_unbar(store, change->what, change->bar.name, &change->found, error);
    if (!result)
        return fct_store_commit(store, error);
    fct_store_rollback(store);
    return result;
}

int facteur_outbox_suppress(facteur_outbox *outbox, const char *address, const char *reason,
                            facteur_error **error)
{
    struct change change = {.what = FCT_BAR_ADDRESS, .bar = {.reason = (char *)reason}};
    int result = fct_bar_address(address, &change.bar.name, error);

    if (!result)
        result = change_bar(outbox->store, &change, true, error);
    fct_free(change.bar.name);
    return result;
}

int facteur_outbox_unbar(facteur_outbox *outbox, const char *word, const char *name, int *found,
                         facteur_error **error)
{
    struct change change = {0};
    int result = find_what(word, &change.what, error);

    if (!result && change.what == FCT_BAR_ADDRESS)
        result = fct_bar_address(name, &change.bar.name, error);
    else if (!result)
        result = (change.bar.name = fct_strdup(name)) ? 0 : fct_error_nomem(error);
    if (!result)
        result = change_bar(outbox->store, &change, false, error);
    fct_free(change.bar.name);
    if (!result)
        *found = change.found;
    return result;
}

static json_t *bar_json(const struct fct_bar *bar)
{
    json_t *object = json_object();
    int err = fct_json_set(object, "name", fct_json_text(bar->name));

    err |= fct_json_set(object, "since", fct_outbox_time_json(bar->created_us));
    err |= fct_json_set(object, "until", fct_outbox_time_json(bar->until_us));
    err |= fct_json_set(object, "times", json_integer(bar->times));
    err |= fct_json_set(object, "reason", fct_json_text(bar->reason));
    err |= fct_json_set(object, "id", bar->mail_id ? json_integer(bar->mail_id) : json_null());
    if (!err)
        return object;
    json_decref(object);
    return NULL;
}

json_t *fct_outbox_bars_json(const struct fct_bars *bars)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < bars->count; i++) {
        if (json_array_append_new(list, bar_json(&bars->bars[i]))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int facteur_outbox_bars(facteur_outbox *outbox, const char *word, const char *after, char **json,
                        facteur_error **error)
{
    struct fct_bars bars = {0};
    enum fct_bar_what what = FCT_BAR_ADDRESS;
    int result = find_what(word, &what, error);

    if (!result)
        result =
            fct_store_bars(outbox->store, what, NULL, after ? after : "", BARS_MAX, &bars, error);
    if (!result)
        result = fct_outbox_take_json(fct_outbox_bars_json(&bars), json, error);
    fct_bars_done(&bars);
    return result;
}
