/* SPDX-License-Identifier: MIT */
/* A connection to SQLite, its prepared statements, and its errors in our words. */
#ifndef FCT_SQLITE_BASE_H
#define FCT_SQLITE_BASE_H

#include "base/process.h"
#include "outbox/sqlite_sql.h"
#include "outbox/store_kind.h"
#include "outbox/turn.h"

#include <sqlite3.h>
#include <sys/types.h>

struct fct_sqlite {
    struct fct_store store;
    char *path;
    dev_t device; /* with the inode: the file that is open */
    ino_t inode;
    fct_process process;
    sqlite3 *db;
    sqlite3 *second; /* checkpoints; NULL until then */
    sqlite3_stmt *statements[FCT_SQL_COUNT];
    fct_turn turn;
    int wake_fd; /* tells of writes to the log; -1 until it is asked for */
    bool in_turn;
    bool announced;   /* a worker, again after the file was opened anew */
    bool sync_wanted; /* commit() returns when this transaction and those before are durable */
    int wal_pages;    /* after the last commit of this connection */
    int tried_pages;  /* when a checkpoint was tried last, since the WAL began anew */
    unsigned page_bytes;
    uint64_t wait_until_us; /* of the call that runs */
};

static inline struct fct_sqlite *fct_sqlite_of(fct_store *store)
{
    return (struct fct_sqlite *)store;
}

/* A call begins: it waits for others until then.  Returns that time. */
uint64_t fct_sqlite_begin_wait(struct fct_sqlite *s);

/* Open a connection with our settings, without a look at what is in the file. */
int fct_sqlite_connect(struct fct_sqlite *s, sqlite3 **db, facteur_error **error);

/*
 * An error of SQLite in our words.
 *
 * doing   "read", "written": what failed.
 */
int fct_sqlite_fail(struct fct_sqlite *s, sqlite3 *db, const char *doing, facteur_error **error);

/* Run SQL that gives nothing. */
int fct_sqlite_exec(struct fct_sqlite *s, const char *sql, facteur_error **error);

/* A query: its statement, and the next parameter to bind.  Begin, bind in order, then run or step.
 */
struct fct_query {
    struct fct_sqlite *s;
    sqlite3_stmt *statement;
    int at;
    bool failed;
};

int fct_query_begin(struct fct_query *query, struct fct_sqlite *s, enum fct_sql which,
                    facteur_error **error);
void fct_query_int(struct fct_query *query, int64_t value);
void fct_query_text(struct fct_query *query,
                    const char *text); /* NULL is NULL; kept by the caller */
void fct_query_int_or_null(struct fct_query *query, int64_t value); /* 0 is NULL */
/* A text of a stranger, cut to what a row keeps. */
void fct_query_reply(struct fct_query *query, const char *text);
void fct_query_blob(struct fct_query *query, fct_slice bytes); /* likewise */

/* 1 with a row, 0 at the end, or an error.  After 0 and an error the query is over. */
int fct_query_step(struct fct_query *query, facteur_error **error);
void fct_query_end(struct fct_query *query); /* before the last row was read */

/* Run a query that gives no row; `changed`: how many rows it changed, or NULL. */
int fct_query_run(struct fct_query *query, size_t *changed, facteur_error **error);

#endif
