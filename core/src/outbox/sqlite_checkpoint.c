/* SPDX-License-Identifier: MIT */
#include "outbox/sqlite_checkpoint.h"

#include "base/clock.h"

#define WAIT_US 100000

bool fct_sqlite_is_fixed(int number)
{
    return number >= 3051003 || (number >= 3050007 && number < 3051000) ||
           (number >= 3044006 && number < 3045000);
}

static int left_after(sqlite3 *db)
{
    int all = 0, done = 0;

    return sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &done) ==
                       SQLITE_OK &&
                   all >= 0
               ? all - done
               : -1;
}

static bool open_second(struct fct_sqlite *s)
{
    if (s->second)
        return true;
    /* A connection that has read nothing does not know that there is a log. */
    if (fct_sqlite_connect(s, &s->second, NULL) == 0 &&
        sqlite3_exec(s->second, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sqlite3_close(s->second);
    s->second = NULL;
    return false;
}

/* While this connection has the write lock, nobody commits. */
static int checkpoint_in_turn(struct fct_sqlite *s)
{
    int left = -1;

    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    left = left_after(s->second);
    sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    return left;
}

int fct_sqlite_checkpoint(struct fct_sqlite *s)
{
    uint64_t until_us;
    int left;

    if (!open_second(s))
        return -1;
    /* Most of the work, with nobody kept waiting. */
    if (fct_sqlite_is_fixed(sqlite3_libversion_number()))
        left_after(s->second);
    until_us = fct_clock_now_us() + WAIT_US;
    if (!fct_turn_take(&s->turn, until_us))
        return -1;
    s->wait_until_us = until_us;
    left = checkpoint_in_turn(s);
    fct_turn_leave(&s->turn);
    return left;
}

void fct_sqlite_tend(struct fct_sqlite *s)
{
    int enough = (int)(FCT_CHECKPOINT_BYTES / s->page_bytes);

    if (s->wal_pages < s->tried_pages)
        s->tried_pages = 0;
    if (s->wal_pages - s->tried_pages < enough)
        return;
    s->tried_pages = s->wal_pages;
    fct_sqlite_checkpoint(s);
}
