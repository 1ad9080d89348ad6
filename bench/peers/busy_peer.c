/* SPDX-License-Identifier: MIT */
/*
 * A queue in SQLite as most write one: WAL, synchronous=FULL, busy_timeout, a transaction for each
 * mail with its key and bytes.  It says that it is ready, and begins with a line.
 */
#include <sqlite3.h>
#include <unistd.h>

#include "bench.h"

static sqlite3 *db;

static void run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL))
        fail(sqlite3_errmsg(db));
}

static void insert(sqlite3_stmt *mail, sqlite3_stmt *body, const char *key, const char *bytes,
                   size_t len)
{
    run("BEGIN IMMEDIATE");
    sqlite3_bind_text(mail, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_blob(body, 1, bytes, (int)len, SQLITE_STATIC);
    if (sqlite3_step(mail) != SQLITE_DONE || sqlite3_step(body) != SQLITE_DONE)
        fail(sqlite3_errmsg(db));
    sqlite3_reset(mail);
    sqlite3_reset(body);
    run("COMMIT");
}

int main(void)
{
    size_t mails = job_number("BENCH_MAILS"), len;
    uint32_t *spent = malloc((mails + 1) * sizeof *spent);
    char *raw = job_file("order.eml", &len), key[64];
    sqlite3_stmt *mail, *body;
    uint64_t start;

    if (sqlite3_open(job("BENCH_OUTBOX") + strlen("sqlite://"), &db))
        fail(sqlite3_errmsg(db));
    sqlite3_busy_timeout(db, 30000);
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0,"
        " key TEXT UNIQUE, created TEXT DEFAULT CURRENT_TIMESTAMP);"
        "CREATE INDEX IF NOT EXISTS ready ON mail (id) WHERE state = 0;"
        "CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
    if (sqlite3_prepare_v2(db, "INSERT INTO mail (key) VALUES (?1)", -1, &mail, NULL) ||
        sqlite3_prepare_v2(db, "INSERT INTO body VALUES (last_insert_rowid(), ?1)", -1, &body,
                           NULL))
        fail(sqlite3_errmsg(db));
    begin_together();
    if (strcmp(job("BENCH_MODE"), "prepare") == 0) {
        answer(0, NULL, 0);
        return 0;
    }
    start = now_us();
    for (size_t i = 0; spent && i < mails; i++) {
        uint64_t before = now_us();

        snprintf(key, sizeof key, "order:%ld:%zu", (long)getpid(), i);
        insert(mail, body, key, raw, len);
        spent[i] = (uint32_t)(now_us() - before);
    }
    answer(now_us() - start, spent, mails);
    sqlite3_finalize(mail);
    sqlite3_finalize(body);
    sqlite3_close(db);
    return 0;
}
