/* SPDX-License-Identifier: MIT */
#include "outbox/sqlite_schema.h"

#include "base/error.h"

static int ask(struct fct_sqlite *s, const char *sql, int64_t *value, facteur_error **error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : fct_sqlite_fail(s, s->db, "read", error);
}

int fct_sqlite_schema(struct fct_sqlite *s, unsigned *version, facteur_error **error)
{
    int64_t tables = 0, found = 0;
    int result = ask(
        s, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'facteur_outbox'",
        &tables, error);

    if (!result && tables)
        result =
            ask(s, "SELECT max(value) FROM facteur_outbox WHERE name = 'schema'", &found, error);
    return result ? result : fct_schema_take(found, s->path, version, error);
}

/* The transaction of a migration: what it makes is whole or not there. */
static int migrate_inside(struct fct_sqlite *s, unsigned *from, facteur_error **error)
{
    int result = fct_sqlite_schema(s, from, error);

    for (unsigned i = *from; !result && i < FCT_STORE_SCHEMA; i++)
        result = fct_sqlite_exec(s, fct_sqlite_steps[i], error);
    if (!result)
        result = fct_sqlite_exec(s, "COMMIT", error);
    return result;
}

int fct_sqlite_migrate(struct fct_sqlite *s, unsigned *from, facteur_error **error)
{
    unsigned found = 0;
    int result = fct_sqlite_exec(s, "BEGIN IMMEDIATE", error);

    if (result)
        return result;
    result = migrate_inside(s, &found, error);
    if (result)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    else
        *from = found;
    return result;
}
