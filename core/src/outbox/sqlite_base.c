/* SPDX-License-Identifier: MIT */
#include "outbox/sqlite_base.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"

#include <time.h>

#define WHERE "outbox"
#define QUICK_US 50 /* before the first naps grow long: most writers are gone by then */
#define NAP_US 1000

uint64_t fct_sqlite_begin_wait(struct fct_sqlite *s)
{
    s->wait_until_us = fct_clock_now_us() + s->store.wait_us;
    return s->wait_until_us;
}

/* Others that write without our turn, such as the shop on its own connection. */
static int wait_busy(void *user, int times)
{
    struct fct_sqlite *s = user;
    struct timespec nap = {0, (times < 3 ? QUICK_US : NAP_US) * 1000L};

    if (fct_clock_now_us() >= s->wait_until_us)
        return 0;
    nanosleep(&nap, NULL);
    return 1;
}

static int note_wal(void *user, sqlite3 *db, const char *schema, int pages)
{
    (void)db;
    (void)schema;
    ((struct fct_sqlite *)user)->wal_pages = pages;
    return SQLITE_OK;
}

int fct_sqlite_connect(struct fct_sqlite *s, sqlite3 **db, facteur_error **error)
{
    int code;

    fct_sqlite_begin_wait(s);
    code = sqlite3_open_v2(
        s->path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    if (code != SQLITE_OK)
        return *db ? fct_sqlite_fail(s, *db, "opened", error) : fct_error_nomem(error);
    sqlite3_busy_handler(*db, wait_busy, s);
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Never an automatic checkpoint: it may lose a commit of another process (sqlite_checkpoint.h).
     */
    sqlite3_wal_hook(*db, note_wal, s);
    return 0;
}

/* ---- Errors ---------------------------------------------------------------------------------- */

struct cause {
    int code; /* a primary result code */
    int error;
    const char *text, *advice;
};

static const struct cause *find_cause(int code)
{
    static const struct cause causes[] = {
        {SQLITE_BUSY, FACTEUR_EIO, "another program holds it locked",
         "end the program that has a transaction open, and try again"},
        {SQLITE_FULL, FACTEUR_EIO, "the disk is full", "make room and try again"},
        {SQLITE_READONLY, FACTEUR_ECONFIG, "it cannot be written by this user",
         "make the file and its folder writable for the user that runs this program"},
        {SQLITE_PERM, FACTEUR_ECONFIG, "it may not be used by this user",
         "make the file and its folder writable for the user that runs this program"},
        {SQLITE_CANTOPEN, FACTEUR_ECONFIG, "it cannot be opened",
         "make the file and its folder writable for the user that runs this program"},
        {SQLITE_CORRUPT, FACTEUR_EIO, "it is damaged",
         "move it away, restore what sqlite3's .recover can read, and make a new one"},
        {SQLITE_NOTADB, FACTEUR_ECONFIG, "it is not a database of SQLite",
         "name another file, or move this one away"},
        {SQLITE_IOERR, FACTEUR_EIO, "the disk failed", "look into the system's log"},
    };

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].code == (code & 0xff))
            return &causes[i];
    }
    return NULL;
}

int fct_sqlite_fail(struct fct_sqlite *s, sqlite3 *db, const char *doing, facteur_error **error)
{
    int code = sqlite3_extended_errcode(db);
    const struct cause *cause = find_cause(code);

    if ((code & 0xff) == SQLITE_NOMEM)
        return fct_error_nomem(error);
    if (!cause)
        return fct_error_set(error, FACTEUR_EIO, WHERE,
                             "outbox: %s could not be %s: %s (SQLite %d)", s->path, doing,
                             sqlite3_errmsg(db), code);
    return fct_error_set(error, cause->error, WHERE,
                         "outbox: %s could not be %s: %s (SQLite %d); %s", s->path, doing,
                         cause->text, code, cause->advice);
}

/* ---- Queries --------------------------------------------------------------------------------- */

int fct_sqlite_exec(struct fct_sqlite *s, const char *sql, facteur_error **error)
{
    fct_sqlite_begin_wait(s);
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : fct_sqlite_fail(s, s->db, "written", error);
}

int fct_query_begin(struct fct_query *query, struct fct_sqlite *s, enum fct_sql which,
                    facteur_error **error)
{
    sqlite3_stmt **statement = &s->statements[which];

    /* In a turn it has begun with the wait for the turn. */
    if (!s->in_turn)
        fct_sqlite_begin_wait(s);
    if (!*statement && sqlite3_prepare_v3(s->db, fct_sql_text(which), -1, SQLITE_PREPARE_PERSISTENT,
                                          statement, NULL) != SQLITE_OK)
        return fct_sqlite_fail(s, s->db, "read", error);
    *query = (struct fct_query){.s = s, .statement = *statement};
    return 0;
}

void fct_query_int(struct fct_query *query, int64_t value)
{
    query->failed |= sqlite3_bind_int64(query->statement, ++query->at, value) != SQLITE_OK;
}

void fct_query_text(struct fct_query *query, const char *text)
{
    query->failed |=
        sqlite3_bind_text(query->statement, ++query->at, text, -1, SQLITE_STATIC) != SQLITE_OK;
}

void fct_query_int_or_null(struct fct_query *query, int64_t value)
{
    if (value)
        fct_query_int(query, value);
    else
        query->at++;
}

void fct_query_reply(struct fct_query *query, const char *text)
{
    fct_slice cut = fct_utf8_cut(fct_slice_of(text ? text : ""), FCT_STORE_REPLY_MAX);

    query->failed |= sqlite3_bind_text(query->statement, ++query->at, text ? cut.ptr : NULL,
                                       (int)cut.len, SQLITE_STATIC) != SQLITE_OK;
}

void fct_query_blob(struct fct_query *query, fct_slice bytes)
{
    query->failed |= sqlite3_bind_blob64(query->statement, ++query->at, bytes.ptr, bytes.len,
                                         SQLITE_STATIC) != SQLITE_OK;
}

void fct_query_end(struct fct_query *query)
{
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
}

int fct_query_step(struct fct_query *query, facteur_error **error)
{
    int code = query->failed ? SQLITE_ERROR : sqlite3_step(query->statement);
    int result = 0;

    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        result =
            fct_sqlite_fail(query->s, query->s->db, query->s->in_turn ? "written" : "read", error);
    fct_query_end(query);
    return result;
}

int fct_query_run(struct fct_query *query, size_t *changed, facteur_error **error)
{
    int result;

    do
        result = fct_query_step(query, error);
    while (result == 1);
    if (!result && changed)
        *changed = (size_t)sqlite3_changes64(query->s->db);
    return result;
}
