/* SPDX-License-Identifier: MIT */
#include "outbox/store.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/token.h"
#include "outbox/server_sql.h"
#include "outbox/sqlite_sql.h"
#include "outbox/store_kind.h"

#include <stdlib.h>
#include <string.h>

#define WHERE "outbox"

#define RETRIES 5 /* of a transaction that met another */

#ifdef FCT_WITH_LIBPQ
#define POSTGRESQL &fct_postgresql_kind
#else
#define POSTGRESQL NULL
#endif
#ifdef FCT_WITH_LIBMARIADB
#define MYSQL &fct_mysql_kind
#else
#define MYSQL NULL
#endif

/* The same words as in core/libraries.list. */
#define LIBPQ "libpq >= 13 (Debian libpq-dev, RPM libpq-devel, Alpine libpq-dev)"
#define LIBMARIADB                                                                                 \
    "libmariadb >= 3.1 (Debian libmariadb-dev, RPM mariadb-connector-c-devel, "                    \
    "Alpine mariadb-connector-c-dev)"

struct known {
    const char *scheme;
    const struct fct_store_kind *kind; /* NULL: this build was made without ... */
    const char *library;
};

/* ---- Opening --------------------------------------------------------------------------------- */

static const struct known *find_scheme(const char *url)
{
    static const struct known all[] = {
        {"sqlite:", &fct_sqlite_kind, NULL}, {"postgresql:", POSTGRESQL, LIBPQ},
        {"postgres:", POSTGRESQL, LIBPQ},    {"mysql:", MYSQL, LIBMARIADB},
        {"mariadb:", MYSQL, LIBMARIADB},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strncmp(url, all[i].scheme, strlen(all[i].scheme)) == 0)
            return &all[i];
    }
    return NULL;
}

static int find_kind(const char *url, const struct fct_store_kind **kind, const char **place,
                     facteur_error **error)
{
    const struct known *known = find_scheme(url);
    /* The URL may have a password. */
    int len = (int)strcspn(url, ":@/");

    if (!known)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: expected a URL such as sqlite:///var/lib/shop/outbox.db, "
                             "postgresql://user:password@host/database or "
                             "mysql://user:password@host/database, got one that begins with "
                             "\"%.*s\"",
                             len, url);
    if (!known->kind)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: this build of facteur cannot use %.*s: it was made without "
                             "%s; install that and build again",
                             len, url, known->library);
    *kind = known->kind;
    *place = url + len + 1;
    return 0;
}

int fct_store_open(const char *url, bool create, fct_store **out, facteur_error **error)
{
    return fct_store_open_within(url, create, FCT_STORE_WAIT_US, out, error);
}

int fct_store_open_within(const char *url, bool create, uint64_t wait_us, fct_store **out,
                          facteur_error **error)
{
    const struct fct_store_kind *kind = NULL;
    const char *place = NULL;
    int result = find_kind(url, &kind, &place, error);

    return result ? result : kind->open(place, create, wait_us, out, error);
}

int fct_store_check_url(const char *url, facteur_error **error)
{
    const struct fct_store_kind *kind = NULL;
    const char *place = NULL;

    return find_kind(url, &kind, &place, error);
}

int fct_store_migrate(const char *url, unsigned *from, facteur_error **error)
{
    const struct fct_store_kind *kind = NULL;
    const char *place = NULL;
    int result = find_kind(url, &kind, &place, error);

    return result ? result : kind->migrate(place, from, error);
}

int fct_store_schema(const char *dialect, fct_buf *out, facteur_error **error)
{
    bool postgresql = strcmp(dialect, "postgresql") == 0;
    const char *const *statements;

    if (strcmp(dialect, "sqlite") == 0) {
        for (unsigned i = 0; i < FCT_STORE_SCHEMA; i++)
            fct_buf_add_text(out, fct_sqlite_steps[i]);
        return out->failed ? fct_error_nomem(error) : 0;
    }
    if (!postgresql && strcmp(dialect, "mysql") != 0)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: expected sqlite, postgresql or mysql, got \"%s\"", dialect);
    statements = fct_server_sql_tables(postgresql ? FCT_POSTGRESQL : FCT_MYSQL);
    for (; *statements; statements++) {
        fct_buf_add_text(out, *statements);
        fct_buf_add_text(out, ";\n");
    }
    return out->failed ? fct_error_nomem(error) : 0;
}

void fct_store_close(fct_store *store)
{
    if (!store)
        return;
    fct_store_rollback(store);
    store->kind->close(store);
}

bool fct_store_durable(const fct_store *store)
{
    return store->durable;
}

void fct_store_set_wait(fct_store *store, uint64_t wait_us)
{
    store->wait_us = wait_us;
}

/* ---- Transactions ---------------------------------------------------------------------------- */

int fct_store_begin(fct_store *store, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    if (!result)
        result = store->kind->begin(store, error);
    store->begun = result == 0;
    return result;
}

int fct_store_commit(fct_store *store, facteur_error **error)
{
    store->begun = false;
    return store->kind->commit(store, error);
}

void fct_store_rollback(fct_store *store)
{
    if (store->begun)
        store->kind->rollback(store);
    store->begun = false;
}

int fct_store_transact(fct_store *store, fct_store_work work, void *user, facteur_error **error)
{
    uint64_t until_us = fct_clock_now_us() + store->wait_us;

    for (int i = 0;; i++) {
        facteur_error *cause = NULL;
        int result;

        store->conflict = false;
        result = fct_store_begin(store, &cause);
        if (!result) {
            result = work(store, user, &cause);
            if (!result)
                result = fct_store_commit(store, &cause);
            else
                fct_store_rollback(store);
        }
        if (!result || !store->conflict || i == RETRIES || fct_clock_now_us() >= until_us)
            return fct_error_pass(error, result, cause);
        facteur_error_free(cause);
    }
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static int check_key(const char *key, facteur_error **error)
{
    fct_slice text = fct_slice_of(key);
    int result = fct_text_check("key", text, FCT_STORE_KEY_MAX, error);

    if (!result && (!text.len || fct_has_control(text)))
        result = fct_error_set(error, FACTEUR_EMESSAGE, "key",
                               "key: expected 1 to %d bytes without control characters, such as "
                               "\"order-42\"",
                               FCT_STORE_KEY_MAX);
    return result;
}

int fct_store_check(const struct fct_store_mail *mail, int64_t now_us, facteur_error **error)
{
    int result = mail->key ? check_key(mail->key, error) : 0;

    if (result)
        return result;
    if (mail->priority >= FCT_STORE_PRIORITIES)
        return fct_error_set(error, FACTEUR_EMESSAGE, "priority",
                             "priority: expected 0 (first) to %d (last), got %u",
                             FCT_STORE_PRIORITIES - 1, mail->priority);
    if (mail->expires_us &&
        mail->expires_us <= (mail->not_before_us > now_us ? mail->not_before_us : now_us))
        return fct_error_set(error, FACTEUR_EMESSAGE, "expires_at",
                             "expires_at: the mail would expire before it may be sent");
    return 0;
}

int fct_store_insert(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                     int64_t *id, bool *duplicate, facteur_error **error)
{
    int result = fct_store_check(mail, now_us, error);

    return result ? result : store->kind->insert(store, mail, now_us, id, duplicate, error);
}

struct enqueue {
    const struct fct_store_mail *mail;
    int64_t now_us, *id;
    bool *duplicate;
};

static int insert_one(fct_store *store, void *user, facteur_error **error)
{
    struct enqueue *e = user;

    return store->kind->insert(store, e->mail, e->now_us, e->id, e->duplicate, error);
}

int fct_store_enqueue(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                      int64_t *id, bool *duplicate, facteur_error **error)
{
    struct enqueue e = {mail, now_us, id, duplicate};
    int result = fct_store_check(mail, now_us, error);

    if (result)
        return result;
    if (!store->kind->enqueue)
        return fct_store_transact(store, insert_one, &e, error);
    result = store->kind->attend(store, error);
    return result ? result : store->kind->enqueue(store, mail, now_us, id, duplicate, error);
}

int fct_store_claim(fct_store *store, unsigned limit, const char *owner, int64_t now_us,
                    int64_t lease_until_us, struct fct_cursor *cursor, int64_t *fence,
                    struct fct_claimed *claimed, unsigned *count, facteur_error **error)
{
    return store->kind->claim(store, limit, owner, now_us, lease_until_us, cursor, fence, claimed,
                              count, error);
}

int fct_store_announce(fct_store *store, bool at_work, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    return result || !store->kind->announce ? result : store->kind->announce(store, at_work, error);
}

int fct_store_is_worked(fct_store *store, bool *worked, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    *worked = true;
    return result || !store->kind->is_worked ? result
                                             : store->kind->is_worked(store, worked, error);
}

int fct_store_claim_row(fct_store *store, int64_t id, const char *owner, int64_t lease_until_us,
                        int64_t *fence, bool *claimed, facteur_error **error)
{
    *claimed = false;
    return store->kind->claim_row
               ? store->kind->claim_row(store, id, owner, lease_until_us, fence, claimed, error)
               : 0;
}

int fct_store_doubt(fct_store *store, int64_t fence, const int64_t *ids, bool *mine, size_t count,
                    facteur_error **error)
{
    return store->kind->doubt(store, fence, ids, mine, count, error);
}

/* What the history says of a verdict; NULL: nothing. */
static const char *event_of(const struct fct_settled *verdict)
{
    if (verdict->doubtful)
        return "in_doubt";
    if (verdict->paused)
        return "paused";
    if (verdict->state == FCT_ROW_SENT || verdict->uncounted)
        return NULL;
    return verdict->state == FCT_ROW_READY ? "deferred" : fct_row_state_word(verdict->state);
}

static int note_verdict(fct_store *store, int64_t fence, const struct fct_settled *verdict,
                        int64_t now_us, facteur_error **error)
{
    struct fct_event event = {.at_us = now_us,
                              .what = (char *)event_of(verdict),
                              .relay = (char *)verdict->relay,
                              .text = (char *)verdict->reply};

    return event.what ? fct_store_note(store, verdict->id, fence, &event, error) : 0;
}

int fct_store_settle(fct_store *store, int64_t fence, const struct fct_settled *verdicts,
                     size_t count, int64_t now_us, size_t *stale, facteur_error **error)
{
    size_t lost = 0;

    for (size_t i = 0; i < count; i++) {
        size_t one = 0;
        int result = store->kind->settle(store, fence, &verdicts[i], 1, now_us, &one, error);

        if (!result && !one)
            result = note_verdict(store, fence, &verdicts[i], now_us, error);
        if (result)
            return result;
        lost += one;
    }
    *stale = lost;
    return 0;
}

int fct_store_renew(fct_store *store, int64_t fence, int64_t lease_until_us, size_t *kept,
                    facteur_error **error)
{
    return store->kind->renew(store, fence, lease_until_us, kept, error);
}

int fct_store_rescue(fct_store *store, int64_t now_us, enum fct_doubt_policy policy,
                     struct fct_rescued *rescued, facteur_error **error)
{
    return store->kind->rescue(store, now_us, policy, rescued, error);
}

int fct_store_act(fct_store *store, enum fct_row_action action, int64_t id, int64_t now_us,
                  enum fct_row_state *state, bool *done, facteur_error **error)
{
    struct fct_event event = {.at_us = now_us, .what = (char *)fct_row_action_word(action)};
    int result = store->kind->act(store, action, id, now_us, state, done, error);

    return result || !*done ? result : fct_store_note(store, id, 0, &event, error);
}

int fct_store_purge(fct_store *store, int64_t bytes_before_us, int64_t rows_before_us,
                    unsigned limit, size_t *bytes, size_t *rows, facteur_error **error)
{
    return store->kind->purge(store, bytes_before_us, rows_before_us, limit, bytes, rows, error);
}

/* ---- Looking --------------------------------------------------------------------------------- */

int fct_store_next(fct_store *store, int64_t *ready_us, int64_t *lease_us, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    return result ? result : store->kind->next(store, ready_us, lease_us, error);
}

int fct_store_wake_fd(fct_store *store)
{
    return store->kind->wake_fd && store->kind->attend(store, NULL) == 0
               ? store->kind->wake_fd(store)
               : -1;
}

void fct_store_woken(fct_store *store)
{
    if (store->kind->woken)
        store->kind->woken(store);
}

int fct_store_bytes(fct_store *store, int64_t id, fct_buf *out, bool *found, char **remaining,
                    facteur_error **error)
{
    int result = store->kind->attend(store, error);

    return result ? result : store->kind->bytes(store, id, out, found, remaining, error);
}

int fct_store_list(fct_store *store, const struct fct_store_filter *filter,
                   struct fct_store_rows *rows, facteur_error **error)
{
    enum fct_row_state state;
    int result = store->kind->attend(store, error);

    if (result)
        return result;
    if (filter->state && !fct_row_state_find(filter->state, &state))
        return fct_error_set(error, FACTEUR_EMESSAGE, "state",
                             "state: there is no \"%s\"; expected ready, leased, in_doubt, sent, "
                             "failed, expired, held, quarantined or cancelled",
                             filter->state);
    return store->kind->list(store, filter, rows, error);
}

/* ---- Events and bars ------------------------------------------------------------------------- */

int fct_store_note(fct_store *store, int64_t id, int64_t fence, const struct fct_event *event,
                   facteur_error **error)
{
    return store->kind->note(store, id, fence, event, error);
}

int fct_store_events(fct_store *store, int64_t id, struct fct_events *events, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    return result ? result : store->kind->events(store, id, events, error);
}

int fct_store_bar(fct_store *store, enum fct_bar_what what, const struct fct_bar *bar,
                  int64_t now_us, facteur_error **error)
{
    return store->kind->bar(store, what, bar, now_us, error);
}

int fct_store_unbar(fct_store *store, enum fct_bar_what what, const char *name, bool *found,
                    facteur_error **error)
{
    return store->kind->unbar(store, what, name, found, error);
}

int fct_store_bars(fct_store *store, enum fct_bar_what what, const char *name, const char *after,
                   unsigned limit, struct fct_bars *bars, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    return result ? result : store->kind->bars(store, what, name, after, limit, bars, error);
}

int fct_store_facts(fct_store *store, struct fct_store_facts *facts, facteur_error **error)
{
    int result = store->kind->attend(store, error);

    return result ? result : store->kind->facts(store, facts, error);
}

static int compare(const void *a, const void *b)
{
    const struct fct_claimed *one = a, *other = b;

    if (one->next_us != other->next_us)
        return one->next_us < other->next_us ? -1 : 1;
    return one->id < other->id ? -1 : one->id > other->id;
}

void fct_claimed_pass(struct fct_claimed *claimed, size_t count, struct fct_cursor_place *place)
{
    qsort(claimed, count, sizeof *claimed, compare);
    place->next_us = claimed[count - 1].next_us;
    place->id = claimed[count - 1].id;
}

int fct_schema_take(int64_t found, const char *place, unsigned *version, facteur_error **error)
{
    if (found > FCT_STORE_SCHEMA)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: the tables in %s have version %lld, and this release of "
                             "facteur knows %d: use a later release",
                             place, (long long)found, FCT_STORE_SCHEMA);
    *version = (unsigned)found;
    return 0;
}

struct fct_store_row *fct_store_rows_add(struct fct_store_rows *rows)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 16;
        struct fct_store_row *more = fct_reallocarray(rows->rows, room, sizeof *more);

        if (!more)
            return NULL;
        rows->rows = more;
        rows->room = room;
    }
    rows->rows[rows->count] = (struct fct_store_row){0};
    return &rows->rows[rows->count++];
}

void fct_store_rows_done(struct fct_store_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct fct_store_row *row = &rows->rows[i];
        char *texts[] = {row->key,   row->kind,  row->sender, row->recipients, row->message_id,
                         row->owner, row->relay, row->reply,  row->result,     row->trace};

        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            fct_free(texts[k]);
    }
    fct_free(rows->rows);
    *rows = (struct fct_store_rows){0};
}
