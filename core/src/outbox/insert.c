/* SPDX-License-Identifier: MIT */
#include "outbox/insert.h"

#include "base/error.h"
#include "base/memory.h"
#include "outbox/server_sql.h"
#include "outbox/sqlite_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHERE "outbox"

enum when { ALWAYS, WHEN_NEW, WHEN_DUPLICATE };

typedef int (*read_answer)(struct fct_insert *insert, const char *const *cells, size_t count,
                           facteur_error **error);

struct fct_insert_step {
    enum when when;
    const char *(*text)(void); /* NULL behind the last step */
    const char *more;          /* behind the text */
    void (*bind)(struct fct_insert *insert);
    read_answer read;
};

struct fct_insert_dialect {
    const char *name;
    const struct fct_insert_step *steps, *undo;
    enum facteur_value key; /* what its column for the key has */
};

/* ---- Values and answers ---------------------------------------------------------------------- */

static void bind(struct fct_insert *insert, enum facteur_value kind, int64_t number,
                 fct_slice bytes)
{
    insert->values[insert->value_count++] = (struct fct_insert_value){kind, number, bytes};
}

static void bind_integer(struct fct_insert *insert, int64_t number)
{
    bind(insert, FACTEUR_VALUE_INTEGER, number, (fct_slice){NULL, 0});
}

static void bind_text(struct fct_insert *insert, const char *text)
{
    if (text)
        bind(insert, FACTEUR_VALUE_TEXT, 0, fct_slice_of(text));
    else
        bind(insert, FACTEUR_VALUE_NULL, 0, (fct_slice){NULL, 0});
}

static void bind_key(struct fct_insert *insert)
{
    const char *key = insert->mail->key;

    if (key)
        bind(insert, insert->dialect->key, 0, fct_slice_of(key));
    else
        bind_text(insert, NULL);
}

static void bind_mail(struct fct_insert *insert)
{
    const struct fct_store_mail *mail = insert->mail;

    bind_integer(insert, mail->priority);
    bind_integer(insert,
                 mail->not_before_us > insert->now_us ? mail->not_before_us : insert->now_us);
    bind_key(insert);
    bind_text(insert, mail->kind);
    bind_text(insert, mail->sender);
    bind_text(insert, mail->recipients);
    bind_text(insert, mail->message_id);
    bind_integer(insert, (int64_t)mail->bytes.len);
    bind_integer(insert, insert->now_us);
    if (mail->expires_us)
        bind_integer(insert, mail->expires_us);
    else
        bind_text(insert, NULL);
    bind_text(insert, mail->trace);
}

static void bind_body(struct fct_insert *insert)
{
    bind_integer(insert, strtoll(insert->id, NULL, 10));
    bind(insert, FACTEUR_VALUE_BYTES, 0, insert->mail->bytes);
}

static int read_schema(const char *cell, facteur_error **error)
{
    long version = cell ? strtol(cell, NULL, 10) : 0;

    if (version == FCT_STORE_SCHEMA)
        return 0;
    return fct_error_set(
        error, FACTEUR_ECONFIG, WHERE,
        "outbox: the tables have version %ld, and this release of facteur knows %d: %s", version,
        FCT_STORE_SCHEMA,
        version > FCT_STORE_SCHEMA ? "use a later release" : "run \"facteur outbox migrate\"");
}

static int read_id(struct fct_insert *insert, const char *cell, facteur_error **error)
{
    if (!cell)
        return fct_error_set(error, FACTEUR_EIO, WHERE, "outbox: the row has no id");
    snprintf(insert->id, sizeof insert->id, "%s", cell);
    return 0;
}

static const char *first_text(void)
{
    return "SELECT id, message_id FROM facteur_mail WHERE key = ?";
}

static int read_first(struct fct_insert *insert, const char *const *cells, size_t count,
                      facteur_error **error)
{
    if (count < 2 || !cells[1])
        return fct_error_set(error, FACTEUR_EIO, WHERE,
                             "outbox: another mail with the key was deleted in this moment; try "
                             "again");
    insert->first_id = fct_strdup(cells[1]);
    return insert->first_id ? read_id(insert, cells[0], error) : fct_error_nomem(error);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

/*
 * A savepoint makes one of the two rows, in a transaction and outside of one.  What is asked about
 * the connection comes last: to read first could end in a snapshot that can no longer be written.
 */
#define SAVEPOINT "facteur_insert"

static const char *sqlite_save(void)
{
    return "SAVEPOINT " SAVEPOINT;
}

static const char *sqlite_release(void)
{
    return "RELEASE " SAVEPOINT;
}

static const char *sqlite_undo(void)
{
    return "ROLLBACK TO " SAVEPOINT;
}

static const char *sqlite_mail(void)
{
    return fct_sql_text(FCT_SQL_INSERT);
}

static const char *sqlite_body(void)
{
    return fct_sql_text(FCT_SQL_INSERT_BODY);
}

static const char *sqlite_facts(void)
{
    return "SELECT (SELECT max(value) FROM facteur_outbox WHERE name = 'schema'), "
           "(SELECT synchronous FROM pragma_synchronous), "
           "(SELECT file FROM pragma_database_list WHERE name = 'main')";
}

static int sqlite_read_mail(struct fct_insert *insert, const char *const *cells, size_t count,
                            facteur_error **error)
{
    insert->duplicate = count == 0;
    return count ? read_id(insert, cells[0], error) : 0;
}

/* The commit syncs the disk from FULL (2) on, where there is a file. */
static int sqlite_read_facts(struct fct_insert *insert, const char *const *cells, size_t count,
                             facteur_error **error)
{
    if (count < 3)
        return read_schema(NULL, error);
    insert->durable = cells[1] && strtol(cells[1], NULL, 10) >= 2 && cells[2] && *cells[2];
    return read_schema(cells[0], error);
}

static const struct fct_insert_step sqlite_steps[] = {
    {ALWAYS, sqlite_save, "", NULL, NULL},
    {ALWAYS, sqlite_mail, " RETURNING id", bind_mail, sqlite_read_mail},
    {WHEN_NEW, sqlite_body, "", bind_body, NULL},
    {WHEN_DUPLICATE, first_text, "", bind_key, read_first},
    {ALWAYS, sqlite_facts, "", NULL, sqlite_read_facts},
    {ALWAYS, sqlite_release, "", NULL, NULL},
    {.text = NULL}};

static const struct fct_insert_step sqlite_undo_steps[] = {{ALWAYS, sqlite_undo, "", NULL, NULL},
                                                           {ALWAYS, sqlite_release, "", NULL, NULL},
                                                           {.text = NULL}};

/* ---- PostgreSQL ------------------------------------------------------------------------------ */

/* One statement makes both rows or none, with a transaction and without: no savepoint. */

static const char *postgresql_facts(void)
{
    return "SELECT (SELECT max(value) FROM facteur_outbox WHERE name = 'schema') AS version, "
           "current_setting('synchronous_commit') AS commits";
}

static const char *postgresql_mail(void)
{
    return fct_server_sql_text(FCT_POSTGRESQL, FCT_SERVER_SQL_INSERT);
}

static int postgresql_read_facts(struct fct_insert *insert, const char *const *cells, size_t count,
                                 facteur_error **error)
{
    if (count < 2)
        return read_schema(NULL, error);
    insert->durable = cells[1] && strcmp(cells[1], "off") != 0;
    return read_schema(cells[0], error);
}

static void postgresql_bind_mail(struct fct_insert *insert)
{
    bind_mail(insert);
    bind(insert, FACTEUR_VALUE_BYTES, 0, insert->mail->bytes);
    bind_key(insert);
}

/* No row: the key was taken by a transaction that has ended since the statement began. */
static int postgresql_read_mail(struct fct_insert *insert, const char *const *cells, size_t count,
                                facteur_error **error)
{
    insert->duplicate = count < 2 || !cells[1] || strcmp(cells[1], "0") != 0;
    return insert->duplicate ? 0 : read_id(insert, cells[0], error);
}

static const struct fct_insert_step postgresql_steps[] = {
    {ALWAYS, postgresql_facts, "", NULL, postgresql_read_facts},
    {ALWAYS, postgresql_mail, "", postgresql_bind_mail, postgresql_read_mail},
    {WHEN_DUPLICATE, first_text, "", bind_key, read_first},
    {.text = NULL}};

static const struct fct_insert_step postgresql_undo_steps[] = {{.text = NULL}};

/* ---- MySQL ----------------------------------------------------------------------------------- */

/*
 * Two statements make the two rows, so without a transaction a worker could find the one without
 * the other.  A savepoint is kept in a transaction alone: without one, the first ROLLBACK TO fails
 * before anything is written, and the server's error tells the name.
 */
#define NEEDED "facteur_needs_a_transaction"

static const char *mysql_save(void)
{
    return "SAVEPOINT " NEEDED;
}

static const char *mysql_undo(void)
{
    return "ROLLBACK TO SAVEPOINT " NEEDED;
}

static const char *mysql_release(void)
{
    return "RELEASE SAVEPOINT " NEEDED;
}

static const char *mysql_facts(void)
{
    return "SELECT max(value) AS version, max(@@innodb_flush_log_at_trx_commit) AS flushes "
           "FROM facteur_outbox WHERE name = 'schema'";
}

static const char *mysql_mail(void)
{
    return fct_server_sql_text(FCT_MYSQL, FCT_SERVER_SQL_INSERT);
}

static const char *mysql_id(void)
{
    return "SELECT LAST_INSERT_ID()";
}

static const char *mysql_body(void)
{
    return "INSERT INTO facteur_body(id, bytes) VALUES (?, ?)";
}

/* It locks, and so it sees what the transaction's snapshot does not. */
static const char *mysql_first(void)
{
    return "SELECT id, message_id FROM facteur_mail WHERE `key` = ? LOCK IN SHARE MODE";
}

static int mysql_read_facts(struct fct_insert *insert, const char *const *cells, size_t count,
                            facteur_error **error)
{
    if (count < 2)
        return read_schema(NULL, error);
    insert->durable = cells[1] && strcmp(cells[1], "1") == 0;
    return read_schema(cells[0], error);
}

static int mysql_read_id(struct fct_insert *insert, const char *const *cells, size_t count,
                         facteur_error **error)
{
    const char *id = count ? cells[0] : NULL;

    insert->duplicate = id && strtoll(id, NULL, 10) >= FCT_SERVER_DUPLICATE;
    return insert->duplicate ? 0 : read_id(insert, id, error);
}

static const struct fct_insert_step mysql_steps[] = {
    {ALWAYS, mysql_save, "", NULL, NULL},
    {ALWAYS, mysql_undo, "", NULL, NULL},
    {ALWAYS, mysql_facts, "", NULL, mysql_read_facts},
    {ALWAYS, mysql_mail, "", bind_mail, NULL},
    {ALWAYS, mysql_id, "", NULL, mysql_read_id},
    {WHEN_NEW, mysql_body, "", bind_body, NULL},
    {WHEN_DUPLICATE, mysql_first, "", bind_key, read_first},
    {ALWAYS, mysql_release, "", NULL, NULL},
    {.text = NULL}};

static const struct fct_insert_step mysql_undo_steps[] = {
    {ALWAYS, mysql_undo, "", NULL, NULL}, {ALWAYS, mysql_release, "", NULL, NULL}, {.text = NULL}};

static const struct fct_insert_dialect dialects[] = {
    {"sqlite", sqlite_steps, sqlite_undo_steps, FACTEUR_VALUE_TEXT},
    {"postgresql", postgresql_steps, postgresql_undo_steps, FACTEUR_VALUE_TEXT},
    {"mysql", mysql_steps, mysql_undo_steps, FACTEUR_VALUE_BYTES}};

/* ---- Steps ----------------------------------------------------------------------------------- */

/* The text with its "?" as this driver writes them. */
static void write_sql(struct fct_insert *insert, const char *text)
{
    unsigned number = 0;

    for (; *text; text++) {
        if (*text != '?' || insert->marks == '?')
            fct_buf_add_char(&insert->sql, *text);
        else if (insert->marks == 's')
            fct_buf_add_text(&insert->sql, "%s");
        else
            fct_buf_addf(&insert->sql, "$%u", ++number);
    }
}

static bool is_skipped(const struct fct_insert *insert)
{
    return (insert->step->when == WHEN_NEW && insert->duplicate) ||
           (insert->step->when == WHEN_DUPLICATE && !insert->duplicate);
}

static int prepare(struct fct_insert *insert, facteur_error **error)
{
    while (insert->step->text && is_skipped(insert))
        insert->step++;
    fct_buf_clear(&insert->sql);
    insert->value_count = 0;
    if (!insert->step->text)
        return 0;
    write_sql(insert, insert->step->text());
    fct_buf_add_text(&insert->sql, insert->step->more);
    if (insert->step->bind)
        insert->step->bind(insert);
    return insert->sql.failed ? fct_error_nomem(error) : 0;
}

static const struct fct_insert_dialect *find_dialect(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    }
    return NULL;
}

static char find_marks(const char *marks)
{
    if (strcmp(marks, "%s") == 0)
        return 's';
    if (strcmp(marks, "$1") == 0)
        return '$';
    return strcmp(marks, "?") == 0 ? '?' : '\0';
}

int fct_insert_begin(struct fct_insert *insert, const char *dialect, const char *marks,
                     const struct fct_store_mail *mail, int64_t now_us, facteur_error **error)
{
    *insert = (struct fct_insert){.mail = mail, .now_us = now_us, .durable = true};
    insert->dialect = find_dialect(dialect);
    insert->marks = find_marks(marks);
    if (!insert->dialect || !insert->marks)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: expected the dialect sqlite, postgresql or mysql, and \"?\", "
                             "\"%%s\" or \"$1\", got "
                             "%s and \"%s\"",
                             dialect, marks);
    insert->step = insert->dialect->steps;
    return prepare(insert, error);
}

void fct_insert_done(struct fct_insert *insert)
{
    fct_buf_done(&insert->sql);
    fct_free(insert->first_id);
    *insert = (struct fct_insert){0};
}

const char *fct_insert_sql(const struct fct_insert *insert)
{
    return insert->sql.len && !insert->sql.failed ? insert->sql.ptr : NULL;
}

int fct_insert_answer(struct fct_insert *insert, const char *const *cells, size_t count,
                      facteur_error **error)
{
    const struct fct_insert_step *step = insert->step;
    int result = 0;

    if (!step->text)
        return 0;
    if (step->read && !insert->failed)
        result = step->read(insert, cells, count, error);
    insert->step++;
    if (!result)
        result = prepare(insert, error);
    if (result && !insert->failed)
        fct_insert_fail(insert);
    return result;
}

void fct_insert_fail(struct fct_insert *insert)
{
    if (insert->failed || !insert->step)
        return;
    insert->failed = true;
    /* Nothing was done before the first statement succeeded. */
    if (insert->step == insert->dialect->steps)
        while (insert->step->text)
            insert->step++;
    else
        insert->step = insert->dialect->undo;
    insert->duplicate = false;
    /* The texts of these are short, and a shortage of memory only ends them. */
    prepare(insert, NULL);
}
