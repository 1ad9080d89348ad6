/* SPDX-License-Identifier: MIT */
#include "outbox/mysql_run.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errmsg.h>
#include <stdio.h>

#define COLUMNS_MAX 32

/* ---- Problems -------------------------------------------------------------------------------- */

static enum fct_trouble judge_number(unsigned number)
{
    static const struct {
        unsigned number;
        enum fct_trouble trouble;
    } known[] = {
        {1213, FCT_TROUBLE_CONFLICT}, /* deadlock */
        {1205, FCT_TROUBLE_CONFLICT}, /* innodb_lock_wait_timeout */
        {1969, FCT_TROUBLE_LATE},     /* max_statement_time */
        {3024, FCT_TROUBLE_LATE},     /* MySQL's word for it */
        {1053, FCT_TROUBLE_LOST},     /* shuts down */
        {1927, FCT_TROUBLE_LOST},     /* killed */
        {4031, FCT_TROUBLE_LOST},     /* idle for too long */
        {1021, FCT_TROUBLE_FULL},
        {1114, FCT_TROUBLE_FULL},
        {1037, FCT_TROUBLE_FULL},
        {1041, FCT_TROUBLE_FULL},
        {1044, FCT_TROUBLE_REFUSED},
        {1045, FCT_TROUBLE_REFUSED},
        {1049, FCT_TROUBLE_REFUSED},
        {1142, FCT_TROUBLE_REFUSED},
        {1143, FCT_TROUBLE_REFUSED},
        {1290, FCT_TROUBLE_REFUSED}, /* read-only */
        {1698, FCT_TROUBLE_REFUSED},
        {1836, FCT_TROUBLE_REFUSED},
        {CR_OUT_OF_MEMORY, FCT_TROUBLE_MEMORY},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].number == number)
            return known[i].trouble;
    }
    /* The library's own numbers: of the connection, all that can happen here. */
    return number >= CR_MIN_ERROR && number < CR_MIN_ERROR + 100 ? FCT_TROUBLE_LOST
                                                                 : FCT_TROUBLE_OTHER;
}

static int set_problem(struct fct_problem *problem, unsigned number, const char *words,
                       uint64_t until_us)
{
    enum fct_trouble trouble = judge_number(number);
    char code[8];

    snprintf(code, sizeof code, "%u", number);
    /* The library calls a server that does not answer in time lost. */
    if (trouble == FCT_TROUBLE_LOST && fct_clock_now_us() >= until_us)
        return fct_problem_set(problem, FCT_TROUBLE_LATE, code, "no answer came in time");
    return fct_problem_set(problem, trouble, code, words);
}

int fct_mysql_fail(const struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    return set_problem(problem, mysql_errno(fct_mysql_of(s)), mysql_error(fct_mysql_of(s)),
                       until_us);
}

static int fail_statement(MYSQL_STMT *statement, uint64_t until_us, struct fct_problem *problem)
{
    return set_problem(problem, mysql_stmt_errno(statement), mysql_stmt_error(statement), until_us);
}

static int fail_memory(struct fct_problem *problem)
{
    return fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "");
}

/* ---- Answers --------------------------------------------------------------------------------- */

#define IS_NULL SIZE_MAX

static int make_cells(struct fct_answer *answer, size_t rows, size_t columns,
                      struct fct_problem *problem)
{
    if (rows * columns == 0)
        return 0;
    answer->cells = fct_calloc(rows * columns, sizeof *answer->cells);
    if (!answer->cells)
        return fail_memory(problem);
    answer->rows = rows;
    answer->columns = columns;
    return 0;
}

/* Cells have their lengths, and their bytes lie one after the other, each before a NUL. */
static int place_cells(struct fct_answer *answer, struct fct_problem *problem)
{
    size_t at = 0;

    if (answer->bytes.failed) {
        answer->rows = 0;
        return fail_memory(problem);
    }
    for (size_t i = 0; i < answer->rows * answer->columns; i++) {
        if (answer->cells[i].len == IS_NULL) {
            answer->cells[i].len = 0;
            continue;
        }
        answer->cells[i].ptr = answer->bytes.ptr + at;
        at += answer->cells[i].len + 1;
    }
    return 0;
}

static void add_cell(struct fct_answer *answer, fct_slice *cell, const char *bytes, size_t len)
{
    cell->len = bytes ? len : IS_NULL;
    if (!bytes)
        return;
    fct_buf_add(&answer->bytes, bytes, len);
    fct_buf_add(&answer->bytes, "", 1);
}

static int read_text(MYSQL_RES *result, struct fct_answer *answer, struct fct_problem *problem)
{
    unsigned columns = mysql_num_fields(result);
    fct_slice *cell;
    MYSQL_ROW row;

    if (make_cells(answer, mysql_num_rows(result), columns, problem))
        return -1;
    cell = answer->cells;
    while ((row = mysql_fetch_row(result)) != NULL) {
        const unsigned long *lengths = mysql_fetch_lengths(result);

        for (unsigned i = 0; i < columns; i++)
            add_cell(answer, cell++, row[i], lengths[i]);
    }
    return place_cells(answer, problem);
}

int fct_mysql_exec(struct fct_server *s, const char *sql, uint64_t until_us,
                   struct fct_answer *answer, struct fct_problem *problem)
{
    MYSQL_RES *rows;
    int result;

    if (mysql_real_query(fct_mysql_of(s), sql, strlen(sql)) != 0)
        return fct_mysql_fail(s, until_us, problem);
    rows = mysql_store_result(fct_mysql_of(s));
    if (!rows)
        return mysql_errno(fct_mysql_of(s)) ? fct_mysql_fail(s, until_us, problem) : 0;
    result = read_text(rows, answer, problem);
    mysql_free_result(rows);
    return result;
}

/* ---- Statements ------------------------------------------------------------------------------ */

/* How the columns of a row are fetched: numbers at once, the rest when its length is known. */
struct fetch {
    MYSQL_BIND binds[COLUMNS_MAX];
    long long numbers[COLUMNS_MAX];
    unsigned long lengths[COLUMNS_MAX];
    my_bool nulls[COLUMNS_MAX], cut[COLUMNS_MAX];
    unsigned columns;
};

static bool is_number(enum enum_field_types type)
{
    return type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_INT24 ||
           type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_TINY;
}

static void bind_columns(struct fetch *fetch, MYSQL_RES *facts)
{
    const MYSQL_FIELD *fields = mysql_fetch_fields(facts);

    *fetch = (struct fetch){.columns = mysql_num_fields(facts)};
    for (unsigned i = 0; i < fetch->columns && i < COLUMNS_MAX; i++) {
        MYSQL_BIND *bind = &fetch->binds[i];

        bind->is_null = &fetch->nulls[i];
        bind->length = &fetch->lengths[i];
        bind->error = &fetch->cut[i];
        bind->buffer_type = is_number(fields[i].type) ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
        if (is_number(fields[i].type)) {
            bind->buffer = &fetch->numbers[i];
            bind->buffer_length = sizeof fetch->numbers[i];
        }
    }
}

static int fetch_cell(MYSQL_STMT *statement, struct fetch *fetch, unsigned column,
                      struct fct_answer *answer, fct_slice *cell)
{
    unsigned long len = fetch->lengths[column];
    MYSQL_BIND bind = fetch->binds[column];
    char digits[24];

    if (fetch->nulls[column]) {
        add_cell(answer, cell, NULL, 0);
        return 0;
    }
    if (bind.buffer_type == MYSQL_TYPE_LONGLONG) {
        snprintf(digits, sizeof digits, "%lld", fetch->numbers[column]);
        add_cell(answer, cell, digits, strlen(digits));
        return 0;
    }
    cell->len = len;
    if (fct_buf_reserve(&answer->bytes, len + 1))
        return 0; /* the buffer says so */
    bind.buffer = answer->bytes.ptr + answer->bytes.len;
    bind.buffer_length = len;
    if (len && mysql_stmt_fetch_column(statement, &bind, column, 0) != 0)
        return -1;
    answer->bytes.len += len;
    return fct_buf_add(&answer->bytes, "", 1), 0;
}

static int fetch_rows(MYSQL_STMT *statement, struct fetch *fetch, uint64_t until_us,
                      struct fct_answer *answer, struct fct_problem *problem)
{
    fct_slice *cell = answer->cells;

    for (size_t row = 0; row < answer->rows; row++) {
        int code = mysql_stmt_fetch(statement);

        if (code != 0 && code != MYSQL_DATA_TRUNCATED)
            return fail_statement(statement, until_us, problem);
        for (unsigned i = 0; i < fetch->columns; i++) {
            if (fetch_cell(statement, fetch, i, answer, cell++))
                return fail_statement(statement, until_us, problem);
        }
    }
    return place_cells(answer, problem);
}

static int receive(MYSQL_STMT *statement, uint64_t until_us, struct fct_answer *answer,
                   struct fct_problem *problem)
{
    MYSQL_RES *facts = mysql_stmt_result_metadata(statement);
    struct fetch fetch;
    int result;

    answer->changed = (size_t)mysql_stmt_affected_rows(statement);
    answer->inserted = (int64_t)mysql_stmt_insert_id(statement);
    if (!facts)
        return mysql_stmt_errno(statement) ? fail_statement(statement, until_us, problem) : 0;
    bind_columns(&fetch, facts);
    mysql_free_result(facts);
    if (mysql_stmt_bind_result(statement, fetch.binds) || mysql_stmt_store_result(statement))
        result = fail_statement(statement, until_us, problem);
    else
        result = make_cells(answer, mysql_stmt_num_rows(statement), fetch.columns, problem);
    if (!result)
        result = fetch_rows(statement, &fetch, until_us, answer, problem);
    if (result)
        answer->rows = 0;
    mysql_stmt_free_result(statement);
    return result;
}

static int prepare(const struct fct_server *s, enum fct_server_sql which, uint64_t until_us,
                   MYSQL_STMT **out, struct fct_problem *problem)
{
    MYSQL_STMT **statement = &((struct fct_mysql *)s->connection)->statements[which];
    const char *sql = fct_server_sql_text(FCT_MYSQL, which);

    if (!*statement) {
        *statement = mysql_stmt_init(fct_mysql_of(s));
        if (!*statement)
            return fail_memory(problem);
        if (mysql_stmt_prepare(*statement, sql, strlen(sql)) != 0) {
            fail_statement(*statement, until_us, problem);
            mysql_stmt_close(*statement);
            *statement = NULL;
            return -1;
        }
    }
    *out = *statement;
    return 0;
}

/* What the library wants of bound values. */
struct parameters {
    MYSQL_BIND binds[FCT_SERVER_VALUES];
    long long numbers[FCT_SERVER_VALUES];
    fct_buf texts;
};

static int bind(struct parameters *p, const struct fct_ask *ask)
{
    *p = (struct parameters){0};
    if (fct_buf_reserve(&p->texts, fct_ask_text_room(ask)))
        return -1;
    for (unsigned i = 0; i < ask->count; i++) {
        const struct fct_value *value = &ask->values[i];
        MYSQL_BIND *bind = &p->binds[i];

        bind->buffer_type = MYSQL_TYPE_NULL;
        bind->buffer_length = value->bytes.len;
        if (value->kind == FCT_VALUE_INT) {
            p->numbers[i] = value->number;
            bind->buffer_type = MYSQL_TYPE_LONGLONG;
            bind->buffer = &p->numbers[i];
        } else if (value->kind == FCT_VALUE_TEXT) {
            bind->buffer_type = MYSQL_TYPE_STRING;
            bind->buffer = p->texts.ptr + p->texts.len;
            fct_value_add_text(&p->texts, value);
        } else if (value->kind == FCT_VALUE_BYTES) {
            bind->buffer_type = MYSQL_TYPE_BLOB;
            bind->buffer = (void *)value->bytes.ptr;
        }
    }
    return 0;
}

static int check_size(const struct fct_server *s, const struct fct_ask *ask,
                      struct fct_problem *problem)
{
    char words[128];
    size_t all = 1024;

    for (unsigned i = 0; i < ask->count; i++)
        all += ask->values[i].bytes.len;
    if (!s->most_bytes || all <= s->most_bytes)
        return 0;
    snprintf(words, sizeof words,
             "the server's max_allowed_packet is %llu, and this mail needs %zu: raise it",
             (unsigned long long)s->most_bytes, all);
    return fct_problem_set(problem, FCT_TROUBLE_OTHER, "", words);
}

int fct_mysql_run(struct fct_server *s, const struct fct_ask *ask, uint64_t until_us,
                  struct fct_answer *answer, struct fct_problem *problem)
{
    MYSQL_STMT *statement = NULL;
    struct parameters p;
    int result = check_size(s, ask, problem);

    if (!result)
        result = prepare(s, ask->which, until_us, &statement, problem);
    if (result)
        return result;
    if (bind(&p, ask))
        result = fail_memory(problem);
    else if ((ask->count && mysql_stmt_bind_param(statement, p.binds)) ||
             mysql_stmt_execute(statement))
        result = fail_statement(statement, until_us, problem);
    else
        result = receive(statement, until_us, answer, problem);
    fct_buf_done(&p.texts);
    return result;
}
