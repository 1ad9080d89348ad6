/* SPDX-License-Identifier: MIT */
/* The outbox in SQLite: opening and transactions.  What they do is in sqlite_work.c and
 * sqlite_look.c. */
#include "base/error.h"
#include "base/memory.h"
#include "outbox/sqlite_checkpoint.h"
#include "outbox/sqlite_place.h"
#include "outbox/sqlite_schema.h"
#include "outbox/sqlite_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHERE "outbox"

/* ---- Opening --------------------------------------------------------------------------------- */

static int open_turn(struct fct_sqlite *s, facteur_error **error)
{
    struct stat file;

    if (lstat(s->path, &file) != 0)
        return fct_error_set(error, FACTEUR_EIO, WHERE, "outbox: %s: %s", s->path, strerror(errno));
    s->device = file.st_dev;
    s->inode = file.st_ino;
    return fct_turn_open(&s->turn, s->path, &file, error);
}

static int announce(fct_store *store, bool at_work, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);

    (void)error;
    s->announced = at_work;
    fct_turn_announce(&s->turn, at_work);
    return 0;
}

static int is_worked(fct_store *store, bool *worked, facteur_error **error)
{
    (void)error;
    *worked = fct_turn_is_announced(&fct_sqlite_of(store)->turn);
    return 0;
}

static int ask_text(struct fct_sqlite *s, const char *sql, char *text, size_t room,
                    facteur_error **error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        sqlite3_snprintf((int)room, text, "%s", sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : fct_sqlite_fail(s, s->db, "opened", error);
}

/* Write-ahead logging, as commits and readers of several processes need it. */
static int set_log(struct fct_sqlite *s, facteur_error **error)
{
    char mode[16];
    int result = ask_text(s, "PRAGMA journal_mode", mode, sizeof mode, error);

    if (!result && strcmp(mode, "wal") != 0)
        result = ask_text(s, "PRAGMA journal_mode = wal", mode, sizeof mode, error);
    if (!result && strcmp(mode, "wal") != 0)
        result = fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                               "outbox: %s cannot use write-ahead logging here (it stays in mode "
                               "\"%s\"): put it on a disk of this machine",
                               s->path, mode);
    return result;
}

static int require_tables(struct fct_sqlite *s, bool create, facteur_error **error)
{
    unsigned version = 0;
    int result = fct_sqlite_schema(s, &version, error);

    if (result || version == FCT_STORE_SCHEMA)
        return result;
    if (version == 0 && create)
        return fct_sqlite_migrate(s, &version, error);
    return version == 0
               ? fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                               "outbox: %s has no outbox: make it with \"facteur outbox "
                               "init\"",
                               s->path)
               : fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                               "outbox: the tables in %s have version %u, and this release "
                               "of facteur needs %d: run \"facteur outbox migrate\"",
                               s->path, version, FCT_STORE_SCHEMA);
}

/*
 * With the turn, so that of several that come first one makes everything.  The tables are made with
 * a sync of the disk in the commit; later ones are synced by commit() for all that wait.
 */
static int prepare(struct fct_sqlite *s, bool create, facteur_error **error)
{
    char page[16];
    int result =
        fct_sqlite_exec(s, "PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST", error);

    if (!result)
        result = set_log(s, error);
    if (!result)
        result = require_tables(s, create, error);
    if (!result)
        result = fct_sqlite_exec(s, "PRAGMA synchronous = NORMAL", error);
    if (!result)
        result = ask_text(s, "PRAGMA page_size", page, sizeof page, error);
    if (!result)
        s->page_bytes = (unsigned)strtoul(page, NULL, 10);
    return result;
}

static int locked(const struct fct_sqlite *s, facteur_error **error)
{
    return fct_error_set(
        error, FACTEUR_EIO, WHERE,
        "outbox: %s is in use by others, and the turn to write did not come within "
        "%g s; look for a process that stands still",
        s->path, (double)s->store.wait_us / 1e6);
}

static bool take_turn(struct fct_sqlite *s)
{
    return fct_turn_take(&s->turn, fct_sqlite_begin_wait(s));
}

static void disconnect(struct fct_sqlite *s)
{
    for (size_t i = 0; i < FCT_SQL_COUNT; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    sqlite3_close(s->second);
    sqlite3_close(s->db);
    s->second = s->db = NULL;
    fct_turn_close(&s->turn);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    s->wake_fd = -1;
}

static int connect_whole(struct fct_sqlite *s, bool create, facteur_error **error)
{
    int result;

    s->process = fct_process_now();
    s->wal_pages = s->tried_pages = 0;
    result = open_turn(s, error);
    if (!result && s->announced)
        fct_turn_announce(&s->turn, true);
    if (!result)
        result = fct_sqlite_connect(s, &s->db, error);
    if (!result)
        result = take_turn(s) ? 0 : locked(s, error);
    if (!result) {
        result = prepare(s, create, error);
        fct_turn_leave(&s->turn);
    }
    if (result)
        disconnect(s);
    return result;
}

static void discard(struct fct_sqlite *s)
{
    disconnect(s);
    fct_free(s->path);
    fct_free(s);
}

static int open_store(const char *place, bool create, uint64_t wait_us, fct_store **out,
                      facteur_error **error)
{
    struct fct_sqlite *s = fct_calloc(1, sizeof *s);
    int result;

    if (!s)
        return fct_error_nomem(error);
    s->store.kind = &fct_sqlite_kind;
    s->store.durable = true;
    s->store.wait_us = wait_us;
    s->turn = FCT_TURN_CLOSED;
    s->wake_fd = -1;
    result = fct_sqlite_place(place, create, &s->path, error);
    if (!result)
        result = connect_whole(s, create, error);
    if (result)
        discard(s);
    else
        *out = &s->store;
    return result;
}

static int migrate(const char *place, unsigned *from, facteur_error **error)
{
    struct fct_sqlite s = {
        .store = {.wait_us = FCT_STORE_WAIT_US}, .turn = FCT_TURN_CLOSED, .wake_fd = -1};
    int result = fct_sqlite_place(place, true, &s.path, error);

    if (!result)
        result = open_turn(&s, error);
    if (!result)
        result = fct_sqlite_connect(&s, &s.db, error);
    if (!result)
        result = take_turn(&s) ? 0 : locked(&s, error);
    if (!result) {
        result = set_log(&s, error);
        if (!result)
            result = fct_sqlite_migrate(&s, from, error);
        fct_turn_leave(&s.turn);
    }
    disconnect(&s);
    fct_free(s.path);
    return result;
}

/* A child of fork() that found its parent in the middle of a transaction must not touch it. */
static bool is_foreign(const struct fct_sqlite *s)
{
    return s->process != fct_process_now();
}

static void close_store(fct_store *store)
{
    struct fct_sqlite *s = fct_sqlite_of(store);

    if (!is_foreign(s) || !s->in_turn)
        discard(s);
}

/*
 * Whether the file was moved away or replaced: what is written to the open one is lost to all that
 * open it by its name.
 */
static bool is_gone(const struct fct_sqlite *s)
{
    struct stat file;

    return lstat(s->path, &file) != 0 || file.st_dev != s->device || file.st_ino != s->inode;
}

/*
 * A child opens the file anew.  It closes its copies of the parent's connections first: SQLite
 * takes what it knows of a file's locks from them.  While none of them is in a transaction, that
 * touches neither the file nor the parent's locks, since no checkpoint is made at the close.
 */
static int attend(fct_store *store, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);

    if (s->db && !is_foreign(s) && (s->in_turn || !is_gone(s)))
        return 0;
    if (s->in_turn)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: this process was forked while another thread wrote to %s: "
                             "open the outbox after the fork",
                             s->path);
    if (is_foreign(s))
        s->announced = false; /* its parent is the worker */
    disconnect(s);
    return connect_whole(s, false, error);
}

/* ---- Transactions ---------------------------------------------------------------------------- */

static int run(struct fct_sqlite *s, enum fct_sql which, facteur_error **error)
{
    struct fct_query query;
    int result = fct_query_begin(&query, s, which, error);

    return result ? result : fct_query_run(&query, NULL, error);
}

static void leave_turn(struct fct_sqlite *s)
{
    fct_turn_leave(&s->turn);
    s->in_turn = false;
}

static int begin(fct_store *store, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    int result;

    if (!take_turn(s))
        return locked(s, error);
    s->in_turn = true;
    s->sync_wanted = false;
    result = run(s, FCT_SQL_BEGIN, error);
    if (result)
        leave_turn(s);
    return result;
}

static void rollback(fct_store *store)
{
    struct fct_sqlite *s = fct_sqlite_of(store);

    if (is_foreign(s))
        return;
    /* Some errors, a full disk for one, have rolled it back already. */
    if (!sqlite3_get_autocommit(s->db))
        run(s, FCT_SQL_ROLLBACK, NULL);
    leave_turn(s);
}

static int sync_log(void *user)
{
    struct fct_sqlite *s = user;
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);

    if (code == SQLITE_OK && (!log || !log->pMethods))
        code = SQLITE_MISUSE;
    return code == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)
                             : code;
}

/*
 * After a failed sync the log may have a gap on the disk, behind which nothing is found after a
 * power cut, however well it was synced.  So all of it goes into the file, and the log begins anew.
 */
static int heal(struct fct_sqlite *s)
{
    uint64_t failure = fct_turn_failure(&s->turn);

    if (!failure)
        return SQLITE_OK;
    if (fct_sqlite_checkpoint(s) != 0)
        return SQLITE_IOERR_FSYNC;
    fct_turn_heal(&s->turn, failure);
    return SQLITE_OK;
}

static int commit(fct_store *store, facteur_error **error)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    uint64_t count = 0;
    int code, result = run(s, FCT_SQL_COMMIT, error);

    if (result) {
        rollback(store);
        return result;
    }
    if (s->sync_wanted)
        count = fct_turn_wrote(&s->turn);
    leave_turn(s);
    code = s->sync_wanted ? fct_turn_sync(&s->turn, count, sync_log, s) : SQLITE_OK;
    if (code == SQLITE_OK && s->sync_wanted)
        code = heal(s);
    if (code != SQLITE_OK)
        return fct_error_set(error, FACTEUR_EIO, WHERE,
                             "outbox: %s was written, and the disk did not confirm it (SQLite %d); "
                             "look into the system's log",
                             s->path, code);
    fct_sqlite_tend(s);
    return 0;
}

const struct fct_store_kind fct_sqlite_kind = {
    .open = open_store,
    .migrate = migrate,
    .close = close_store,
    .attend = attend,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .insert = fct_sqlite_insert,
    .claim = fct_sqlite_claim,
    .announce = announce,
    .is_worked = is_worked,
    .claim_row = fct_sqlite_claim_row,
    .doubt = fct_sqlite_doubt,
    .settle = fct_sqlite_settle,
    .renew = fct_sqlite_renew,
    .rescue = fct_sqlite_rescue,
    .next = fct_sqlite_next,
    .bytes = fct_sqlite_bytes,
    .list = fct_sqlite_list,
    .act = fct_sqlite_act,
    .purge = fct_sqlite_purge,
    .wake_fd = fct_sqlite_wake_fd,
    .woken = fct_sqlite_woken,
    .note = fct_sqlite_note,
    .events = fct_sqlite_events,
    .bar = fct_sqlite_bar,
    .unbar = fct_sqlite_unbar,
    .bars = fct_sqlite_bars,
    .facts = fct_sqlite_facts,
};
