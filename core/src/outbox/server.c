/* SPDX-License-Identifier: MIT */
#include "outbox/server.h"

#include "base/error.h"
#include "base/memory.h"

#define WHERE "outbox"

/* ---- Tables ---------------------------------------------------------------------------------- */

static int ask_number(struct fct_server *s, enum fct_server_sql which, int64_t *value,
                      facteur_error **error)
{
    struct fct_answer answer = {0};
    int result = fct_server_exec(s, fct_server_sql_text(s->link->dialect, which), &answer, error);

    *value = fct_answer_int(&answer, 0, 0);
    fct_answer_done(s, &answer);
    return result;
}

/* The version of the tables, 0 where there are none. */
static int read_version(struct fct_server *s, unsigned *version, facteur_error **error)
{
    int64_t tables = 0, found = 0;
    int result = ask_number(s, FCT_SERVER_SQL_HAS_TABLES, &tables, error);

    if (!result && tables)
        result = ask_number(s, FCT_SERVER_SQL_VERSION, &found, error);
    return result ? result : fct_schema_take(found, s->place, version, error);
}

static int make_tables(struct fct_server *s, facteur_error **error)
{
    const char *const *tables = fct_server_sql_tables(s->link->dialect);
    int result = 0;

    for (size_t i = 0; !result && tables[i]; i++)
        result = fct_server_exec(s, tables[i], NULL, error);
    return result;
}

/* In one transaction, where the server has that for tables. */
static int migrate_inside(struct fct_server *s, unsigned *from, facteur_error **error)
{
    int result = s->link->lock(s, error);

    if (result)
        return result;
    result = read_version(s, from, error);
    if (!result && *from == 0)
        result = make_tables(s, error);
    if (!result)
        result = fct_server_exec(s, "COMMIT", NULL, error);
    s->link->unlock(s);
    return result;
}

static int migrate(struct fct_server *s, unsigned *from, facteur_error **error)
{
    unsigned found = 0;
    int result = fct_server_exec(s, fct_server_sql_text(s->link->dialect, FCT_SERVER_SQL_BEGIN),
                                 NULL, error);

    if (!result)
        result = migrate_inside(s, &found, error);
    if (result && s->connection)
        fct_server_exec(s, "ROLLBACK", NULL, NULL);
    if (!result)
        *from = found;
    return result;
}

static int require_tables(struct fct_server *s, bool create, facteur_error **error)
{
    unsigned version = 0;
    int result = read_version(s, &version, error);

    if (result || version == FCT_STORE_SCHEMA)
        return result;
    if (version == 0 && create)
        return migrate(s, &version, error);
    return version == 0
               ? fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                               "outbox: %s has no outbox: make it with \"facteur outbox init\"",
                               s->place)
               : fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                               "outbox: the tables in %s have version %u, and this release of "
                               "facteur needs %d: run \"facteur outbox migrate\"",
                               s->place, version, FCT_STORE_SCHEMA);
}

/* ---- Opening --------------------------------------------------------------------------------- */

struct fct_server *fct_server_new(const struct fct_store_kind *kind,
                                  const struct fct_server_link *link)
{
    struct fct_server *s = fct_calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->store.kind = kind;
    s->store.wait_us = FCT_STORE_WAIT_US;
    s->link = link;
    return s;
}

void fct_server_free(struct fct_server *s)
{
    fct_server_drop(s, true);
    fct_secret_unref(s->url);
    fct_secret_unref(s->password);
    fct_free(s);
}

int fct_server_open(fct_server_make *make, const char *place, bool create, uint64_t wait_us,
                    fct_store **out, facteur_error **error)
{
    struct fct_server *s = NULL;
    int result = make(place, &s, error);

    if (result)
        return result;
    s->store.wait_us = wait_us;
    result = fct_server_connect(s, error);
    if (!result)
        result = require_tables(s, create, error);
    if (result)
        fct_server_free(s);
    else
        *out = &s->store;
    return result;
}

int fct_server_migrate(fct_server_make *make, const char *place, unsigned *from,
                       facteur_error **error)
{
    struct fct_server *s = NULL;
    int result = make(place, &s, error);

    if (result)
        return result;
    result = fct_server_connect(s, error);
    if (!result)
        result = migrate(s, from, error);
    fct_server_free(s);
    return result;
}

void fct_server_close(fct_store *store)
{
    fct_server_free(fct_server_of(store));
}

/* A child of fork() leaves the parent's connection alone and makes its own when it needs one. */
int fct_server_attend(fct_store *store, facteur_error **error)
{
    return fct_server_connect(fct_server_of(store), error);
}

/* ---- Transactions ---------------------------------------------------------------------------- */

static int run(struct fct_server *s, enum fct_server_sql which, facteur_error **error)
{
    struct fct_ask ask;

    fct_ask_begin(&ask, which);
    return fct_server_change(s, &ask, NULL, error);
}

int fct_server_begin(fct_store *store, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    int result = run(s, FCT_SERVER_SQL_BEGIN, error);

    s->in_transaction = result == 0;
    return result;
}

int fct_server_commit(fct_store *store, facteur_error **error)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_problem lost;
    int result;

    if (!s->in_transaction) {
        fct_problem_set(&lost, FCT_TROUBLE_LOST, "", "the connection was lost in a transaction");
        return fct_server_fail(s, "used", &lost, error);
    }
    result = run(s, FCT_SERVER_SQL_COMMIT, error);
    if (result && s->in_transaction)
        fct_server_rollback(store);
    s->in_transaction = false;
    return result;
}

void fct_server_rollback(fct_store *store)
{
    struct fct_server *s = fct_server_of(store);

    if (s->process != fct_process_now() || !s->in_transaction)
        return;
    if (run(s, FCT_SERVER_SQL_ROLLBACK, NULL))
        fct_server_drop(s, false);
    s->in_transaction = false;
}
