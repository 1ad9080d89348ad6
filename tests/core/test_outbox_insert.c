/* SPDX-License-Identifier: MIT */
/* facteur_insert: the statements on a connection that is not facteur's, whole and with a failure at
 * each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "outbox/insert.h"
#include "support/outbox_fixture.h"

#include <sqlite3.h>

/* ---- An application's connection ------------------------------------------------------------- */

struct shop {
    struct outbox *box;
    sqlite3 *db;
    facteur_mailer *mailer;
};

static int set_up(void **state)
{
    static struct shop shop;
    void *box = NULL;

    outbox_set_up(&box);
    shop.box = box;
    assert_int_equal(sqlite3_open(shop.box->path, &shop.db), SQLITE_OK);
    assert_int_equal(facteur_mailer_new("null://", NULL, NULL, 0, &shop.mailer, NULL), 0);
    *state = &shop;
    return 0;
}

static int tear_down(void **state)
{
    struct shop *shop = *state;
    void *box = shop->box;

    facteur_mailer_free(shop->mailer);
    sqlite3_close(shop->db);
    return outbox_tear_down(&box);
}

static void run(const struct shop *shop, const char *sql)
{
    assert_int_equal(sqlite3_exec(shop->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int count(const struct shop *shop, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int value;

    assert_int_equal(sqlite3_prepare_v2(shop->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static int count_rows(const struct shop *shop)
{
    int mails = count(shop, "SELECT count(*) FROM facteur_mail");

    assert_int_equal(count(shop, "SELECT count(*) FROM facteur_body"), mails);
    return mails;
}

static void bind_values(sqlite3_stmt *statement, const facteur_insert *insert)
{
    for (size_t i = 0; i < facteur_insert_value_count(insert); i++) {
        const char *bytes;
        size_t len;
        long long number;
        int at = (int)i + 1;

        switch (facteur_insert_value(insert, i, &bytes, &len, &number)) {
        case FACTEUR_VALUE_NULL:
            sqlite3_bind_null(statement, at);
            break;
        case FACTEUR_VALUE_INTEGER:
            sqlite3_bind_int64(statement, at, number);
            break;
        case FACTEUR_VALUE_TEXT:
            sqlite3_bind_text(statement, at, bytes, (int)len, SQLITE_STATIC);
            break;
        case FACTEUR_VALUE_BYTES:
            sqlite3_bind_blob(statement, at, bytes, (int)len, SQLITE_STATIC);
            break;
        }
    }
}

/* Run the statement; the cells of its first row into `cells`, whose count is returned, or -1. */
static int step(const struct shop *shop, const facteur_insert *insert, char cells[4][256],
                const char **borrowed)
{
    sqlite3_stmt *statement = NULL;
    int columns = -1, code;

    if (sqlite3_prepare_v2(shop->db, facteur_insert_sql(insert), -1, &statement, NULL))
        return -1;
    bind_values(statement, insert);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        columns = code == SQLITE_ROW ? sqlite3_column_count(statement) : 0;
    for (int i = 0; i < columns; i++) {
        const char *text = (const char *)sqlite3_column_text(statement, i);

        snprintf(cells[i], 256, "%s", text ? text : "");
        borrowed[i] = text ? cells[i] : NULL;
    }
    sqlite3_finalize(statement);
    return columns;
}

/*
 * All statements of an insert; the one with this number (from 1) is not run, as if it had failed.
 * Returns how many there were, 0 after a failure.
 */
static unsigned drive(const struct shop *shop, facteur_insert *insert, unsigned failing)
{
    unsigned done = 0;
    bool failed = false;

    while (facteur_insert_sql(insert)) {
        char cells[4][256];
        const char *borrowed[4];
        int columns = ++done == failing ? -1 : step(shop, insert, cells, borrowed);

        if (columns >= 0 && !facteur_insert_answer(insert, borrowed, (size_t)columns, NULL))
            continue;
        failed = true;
        if (columns < 0) {
            facteur_insert_fail(insert);
            failing = 0;
        }
        while (facteur_insert_sql(insert)) {
            step(shop, insert, cells, borrowed);
            facteur_insert_answer(insert, NULL, 0, NULL);
        }
    }
    return failed ? 0 : done;
}

static facteur_message *a_message(void)
{
    facteur_message *message = facteur_message_new();

    assert_non_null(message);
    assert_int_equal(facteur_message_set(message, "from", "shop@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", "ann@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "Thank you.\n", FACTEUR_NTS, NULL), 0);
    return message;
}

static facteur_insert *begin(const struct shop *shop, const char *key)
{
    facteur_message *message = a_message();
    facteur_insert *insert = NULL;

    assert_int_equal(
        facteur_insert_new(shop->mailer, message, "sqlite", "?", key, 0, 0, -1, &insert, NULL), 0);
    facteur_message_free(message);
    return insert;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void each_statement_can_fail_and_leaves_nothing(void **state)
{
    struct shop *shop = *state;
    unsigned statements = 0;

    for (unsigned failing = 1; !statements; failing++) {
        facteur_insert *insert = begin(shop, "order-1");

        run(shop, "BEGIN");
        statements = drive(shop, insert, failing);
        if (!statements) {
            assert_null(facteur_insert_receipt(insert));
            facteur_insert_fail(insert);
            assert_null(facteur_insert_sql(insert));
        }
        facteur_insert_free(insert);
        run(shop, "COMMIT");
        assert_int_equal(count_rows(shop), statements ? 1 : 0);
    }
    assert_int_equal(statements, 5);
}

static void a_duplicate_takes_no_body(void **state)
{
    struct shop *shop = *state;
    facteur_receipt *receipts[2];

    run(shop, "BEGIN");
    for (unsigned i = 0; i < 2; i++) {
        facteur_insert *insert = begin(shop, "order-1");

        assert_int_equal(drive(shop, insert, 0), 5);
        receipts[i] = facteur_insert_receipt(insert);
        assert_non_null(receipts[i]);
        assert_null(facteur_insert_receipt(insert));
        assert_int_equal(facteur_insert_answer(insert, NULL, 0, NULL), 0);
        facteur_insert_free(insert);
    }
    assert_int_equal(count_rows(shop), 1);
    assert_int_equal(facteur_receipt_status(receipts[0]), FACTEUR_QUEUED);
    assert_int_equal(facteur_receipt_status(receipts[1]), FACTEUR_DUPLICATE);
    assert_true(facteur_receipt_durable(receipts[1]));
    assert_string_equal(facteur_receipt_message_id(receipts[0]),
                        facteur_receipt_message_id(receipts[1]));
    assert_string_equal(facteur_receipt_queue_id(receipts[0]),
                        facteur_receipt_queue_id(receipts[1]));
    run(shop, "ROLLBACK");
    assert_int_equal(count_rows(shop), 0);
    facteur_receipt_free(receipts[0]);
    facteur_receipt_free(receipts[1]);
}

static void a_mail_that_is_not_durable_says_so(void **state)
{
    struct shop *shop = *state;
    facteur_insert *insert = begin(shop, NULL);
    facteur_receipt *receipt;
    char *json;

    run(shop, "PRAGMA synchronous = NORMAL");
    assert_int_equal(drive(shop, insert, 0), 5);
    receipt = facteur_insert_receipt(insert);
    json = facteur_receipt_json(receipt);
    assert_non_null(strstr(json, "\"durable\":false"));
    facteur_free(json);
    facteur_receipt_free(receipt);
    facteur_insert_free(insert);
}

static void tables_of_another_version_are_left_alone(void **state)
{
    static const char *const words[] = {"use a later release", "facteur outbox migrate"};
    struct shop *shop = *state;

    for (int i = 0; i < 2; i++) {
        facteur_insert *insert = begin(shop, NULL);
        char cells[4][256];
        const char *borrowed[4] = {i ? "1" : "3", "2", "/shop.db"};
        facteur_error *error = NULL;

        for (unsigned n = 0; n < 3; n++)
            assert_int_equal(
                facteur_insert_answer(insert, borrowed + 3,
                                      (size_t)(step(shop, insert, cells, borrowed + 3) > 0 ? 1 : 0),
                                      NULL),
                0);
        assert_refused(facteur_insert_answer(insert, borrowed, 3, &error), FACTEUR_ECONFIG, &error,
                       words[i]);
        assert_string_equal(facteur_insert_sql(insert), "ROLLBACK TO facteur_insert");
        assert_null(facteur_insert_receipt(insert));
        while (facteur_insert_sql(insert)) {
            step(shop, insert, cells, borrowed);
            assert_int_equal(facteur_insert_answer(insert, NULL, 0, NULL), 0);
        }
        facteur_insert_free(insert);
    }
    assert_int_equal(count_rows(shop), 0);
}

/* An insert that waits for the answer to its nth statement. */
static facteur_insert *lead_to(const struct shop *shop, unsigned nth, const char *const *cells)
{
    facteur_insert *insert = begin(shop, "order-1");

    for (unsigned i = 1; i < nth; i++)
        assert_int_equal(facteur_insert_answer(insert, cells, cells && i == 2 ? 1 : 0, NULL), 0);
    return insert;
}

static void answers_that_cannot_be_are_refused(void **state)
{
    static const char *const nothing[] = {NULL, NULL, NULL};
    static const char *const id[] = {"7"};
    struct shop *shop = *state;
    const struct {
        unsigned nth;
        const char *const *before;
        size_t count;
        int code;
        const char *words;
    } cases[] = {{2, NULL, 1, FACTEUR_EIO, "no id"},
                 {3, NULL, 0, FACTEUR_EIO, "deleted in this moment"},
                 {3, NULL, 2, FACTEUR_EIO, "deleted in this moment"},
                 {4, id, 0, FACTEUR_ECONFIG, "version 0"},
                 {4, id, 3, FACTEUR_ECONFIG, "version 0"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_insert *insert = lead_to(shop, cases[i].nth, cases[i].before);
        facteur_error *error = NULL;

        assert_refused(facteur_insert_answer(insert, nothing, cases[i].count, &error),
                       cases[i].code, &error, cases[i].words);
        facteur_insert_free(insert);
    }
}

static void values_are_marked_as_the_driver_wants(void **state)
{
    static const char *const marks[] = {"?", "%s", "$1"};
    static const char *const found[] = {"(?, ?, ", "(%s, %s, ", "($1, $2, "};
    struct shop *shop = *state;
    facteur_message *message = a_message();

    for (int i = 0; i < 3; i++) {
        facteur_insert *insert = NULL;

        assert_int_equal(facteur_insert_new(shop->mailer, message, "sqlite", marks[i], NULL, 0, 0,
                                            -1, &insert, NULL),
                         0);
        facteur_insert_answer(insert, NULL, 0, NULL);
        assert_non_null(strstr(facteur_insert_sql(insert), found[i]));
        facteur_insert_free(insert);
    }
    facteur_message_free(message);
}

/* ---- Database servers, by what they would answer --------------------------------------------- */

struct answer {
    const char *words; /* of the statement */
    size_t values;
    const char *cells[2];
    size_t count;
};

static facteur_insert *begin_on(const struct shop *shop, const char *dialect, const char *key)
{
    facteur_message *message = a_message();
    facteur_insert *insert = NULL;

    assert_int_equal(
        facteur_insert_new(shop->mailer, message, dialect, "%s", key, 0, 0, -1, &insert, NULL), 0);
    facteur_message_free(message);
    return insert;
}

static void answer(facteur_insert *insert, const struct answer *answers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_non_null(strstr(facteur_insert_sql(insert), answers[i].words));
        assert_null(strchr(facteur_insert_sql(insert), '?'));
        assert_int_equal(facteur_insert_value_count(insert), answers[i].values);
        assert_int_equal(facteur_insert_answer(insert, answers[i].cells, answers[i].count, NULL),
                         0);
    }
}

static void check_receipt(facteur_insert *insert, int status, bool durable)
{
    facteur_receipt *receipt = facteur_insert_receipt(insert);

    assert_non_null(receipt);
    assert_int_equal(facteur_receipt_status(receipt), status);
    assert_string_equal(facteur_receipt_queue_id(receipt), "7");
    assert_int_equal(facteur_receipt_durable(receipt), durable);
    if (status == FACTEUR_DUPLICATE)
        assert_string_equal(facteur_receipt_message_id(receipt), "first@x.example");
    facteur_receipt_free(receipt);
    facteur_insert_free(insert);
}

static void postgresql_has_one_statement_for_a_mail(void **state)
{
    const struct answer facts = {"synchronous_commit", 0, {"2", "on"}, 2};
    const struct answer loose = {"synchronous_commit", 0, {"2", "off"}, 2};
    const struct answer new_mail = {"facteur_body", 13, {"7", "0"}, 2};
    const struct answer known = {"facteur_body", 13, {"7", "1"}, 2};
    const struct answer raced = {"facteur_body", 13, {NULL, NULL}, 0};
    const struct answer first = {"message_id FROM", 1, {"7", "first@x.example"}, 2};
    struct shop *shop = *state;
    facteur_insert *insert;

    insert = begin_on(shop, "postgresql", NULL);
    answer(insert, (const struct answer[]){facts, new_mail}, 2);
    check_receipt(insert, FACTEUR_QUEUED, true);
    insert = begin_on(shop, "postgresql", "order-1");
    answer(insert, (const struct answer[]){loose, new_mail}, 2);
    check_receipt(insert, FACTEUR_QUEUED, false);
    insert = begin_on(shop, "postgresql", "order-1");
    answer(insert, (const struct answer[]){facts, known, first}, 3);
    check_receipt(insert, FACTEUR_DUPLICATE, true);
    insert = begin_on(shop, "postgresql", "order-1");
    answer(insert, (const struct answer[]){facts, raced, first}, 3);
    check_receipt(insert, FACTEUR_DUPLICATE, true);
}

static void mysql_tells_a_duplicate_by_the_id(void **state)
{
    const struct answer save = {"SAVEPOINT facteur_needs_a_transaction", 0, {NULL, NULL}, 0};
    const struct answer probe = {"ROLLBACK TO SAVEPOINT", 0, {NULL, NULL}, 0};
    const struct answer facts = {"@@innodb_flush", 0, {"2", "1"}, 2};
    const struct answer loose = {"@@innodb_flush", 0, {"2", "2"}, 2};
    const struct answer mail = {"INTO facteur_mail", 11, {NULL, NULL}, 0};
    const struct answer new_id = {"LAST_INSERT_ID()", 0, {"7", NULL}, 1};
    const struct answer known = {"LAST_INSERT_ID()", 0, {"4611686018427387911", NULL}, 1};
    const struct answer body = {"INTO facteur_body", 2, {NULL, NULL}, 0};
    const struct answer first = {"IN SHARE MODE", 1, {"7", "first@x.example"}, 2};
    const struct answer release = {"RELEASE", 0, {NULL, NULL}, 0};
    struct shop *shop = *state;
    facteur_insert *insert;

    insert = begin_on(shop, "mysql", NULL);
    answer(insert, (const struct answer[]){save, probe, facts, mail, new_id, body, release}, 7);
    check_receipt(insert, FACTEUR_QUEUED, true);
    insert = begin_on(shop, "mysql", "order-1");
    answer(insert, (const struct answer[]){save, probe, loose, mail, known, first, release}, 7);
    check_receipt(insert, FACTEUR_DUPLICATE, false);
    insert = begin_on(shop, "mysql", "order-1");
    answer(insert, (const struct answer[]){save, probe, facts, mail, new_id}, 5);
    facteur_insert_fail(insert);
    answer(insert, (const struct answer[]){probe, release}, 2);
    assert_null(facteur_insert_receipt(insert));
    facteur_insert_free(insert);
}

static void servers_with_other_tables_are_left_alone(void **state)
{
    static const struct answer begun[] = {{"SAVEPOINT", 0, {NULL, NULL}, 0},
                                          {"ROLLBACK TO", 0, {NULL, NULL}, 0}};
    static const char *const later[] = {"3", "1"};
    struct shop *shop = *state;

    for (int i = 0; i < 4; i++) {
        bool is_mysql = i % 2;
        facteur_insert *insert = begin_on(shop, is_mysql ? "mysql" : "postgresql", NULL);
        facteur_error *error = NULL;

        answer(insert, begun, is_mysql ? 2 : 0);
        assert_refused(facteur_insert_answer(insert, later, i < 2 ? 2 : 0, &error), FACTEUR_ECONFIG,
                       &error, i < 2 ? "use a later release" : "version 0");
        answer(insert, (const struct answer[]){begun[1], {"RELEASE", 0, {NULL, NULL}, 0}},
               is_mysql ? 2 : 0);
        assert_null(facteur_insert_sql(insert));
        assert_null(facteur_insert_receipt(insert));
        facteur_insert_free(insert);
    }
}

static void what_cannot_begin(void **state)
{
    struct shop *shop = *state;
    facteur_message *message = a_message();
    facteur_insert *insert = NULL;
    facteur_error *error = NULL;

    assert_refused(
        facteur_insert_new(shop->mailer, message, "oracle", "?", NULL, 0, 0, -1, &insert, &error),
        FACTEUR_ECONFIG, &error, "oracle");
    assert_refused(
        facteur_insert_new(shop->mailer, message, "sqlite", ":1", NULL, 0, 0, -1, &insert, &error),
        FACTEUR_ECONFIG, &error, ":1");
    assert_refused(
        facteur_insert_new(shop->mailer, message, "sqlite", "?", "", 0, 0, -1, &insert, &error),
        FACTEUR_EMESSAGE, &error, "key");
    assert_null(insert);
    facteur_insert_free(NULL);
    facteur_message_free(message);
}

static void the_policy_can_leave_nobody(void **state)
{
    static const char *const names[] = {"mode", "allow"};
    static const char *const values[] = {"allowlist", "@y.example"};
    facteur_message *message = a_message();
    facteur_mailer *mailer = NULL;
    facteur_insert *insert = NULL;
    facteur_receipt *receipt;

    (void)state;
    assert_int_equal(facteur_mailer_new("null://", names, values, 2, &mailer, NULL), 0);
    assert_int_equal(
        facteur_insert_new(mailer, message, "sqlite", "?", NULL, 0, 0, -1, &insert, NULL), 0);
    assert_null(facteur_insert_sql(insert));
    assert_int_equal(facteur_insert_answer(insert, NULL, 0, NULL), 0);
    receipt = facteur_insert_receipt(insert);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_PERMANENT);
    facteur_receipt_free(receipt);
    facteur_insert_free(insert);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
}

static void memory_that_runs_out_leaves_nothing(void **state)
{
    struct shop *shop = *state;
    bool whole = false;

    for (unsigned nth = 1; !whole; nth++) {
        facteur_message *message = a_message();
        facteur_insert *insert = NULL;
        facteur_receipt *receipt = NULL;

        run(shop, "BEGIN");
        fct_memory_fail_at(nth);
        if (!facteur_insert_new(shop->mailer, message, "sqlite", "?", "order-1", 0, 0, -1, &insert,
                                NULL) &&
            drive(shop, insert, 0))
            receipt = facteur_insert_receipt(insert);
        whole = !fct_memory_failed();
        fct_memory_fail_at(0);
        run(shop, "COMMIT");
        assert_int_equal(count_rows(shop), receipt ? 1 : 0);
        run(shop, "DELETE FROM facteur_mail; DELETE FROM facteur_body");
        facteur_receipt_free(receipt);
        facteur_insert_free(insert);
        facteur_message_free(message);
    }
}

static void a_stored_mail_can_be_read(void **state)
{
    struct shop *shop = *state;
    facteur_insert *insert = begin(shop, NULL);
    sqlite3_stmt *statement = NULL;
    facteur_error *error = NULL;
    char *bytes = NULL;
    size_t len = 0;

    assert_int_equal(drive(shop, insert, 0), 5);
    facteur_insert_free(insert);
    assert_int_equal(
        sqlite3_prepare_v2(shop->db, "SELECT bytes FROM facteur_body", -1, &statement, NULL), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(facteur_outbox_read(sqlite3_column_blob(statement, 0),
                                         (size_t)sqlite3_column_bytes(statement, 0), &bytes, &len,
                                         NULL),
                     0);
    sqlite3_finalize(statement);
    assert_non_null(strstr(bytes, "Thank you."));
    assert_int_equal(strlen(bytes), len);
    facteur_free(bytes);
    assert_refused(facteur_outbox_read("no mail", 7, &bytes, &len, &error), FACTEUR_EMESSAGE,
                   &error, "mail");
}

static void the_statements_of_the_tables_can_be_told(void **state)
{
    static const char *const dialects[] = {"sqlite", "postgresql", "mysql"};
    facteur_error *error = NULL;
    char *sql = NULL;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(facteur_outbox_schema(dialects[i], &sql, NULL), 0);
        assert_int_equal(strncmp(sql, "CREATE TABLE ", 13), 0);
        assert_string_equal(sql + strlen(sql) - 2, ";\n");
        facteur_free(sql);
    }
    assert_refused(facteur_outbox_schema("oracle", &sql, &error), FACTEUR_ECONFIG, &error,
                   "oracle");
    for (unsigned nth = 1; nth < 4; nth++) {
        fct_memory_fail_at(nth);
        if (!facteur_outbox_schema("postgresql", &sql, NULL))
            facteur_free(sql);
        fct_memory_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_statement_can_fail_and_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_duplicate_takes_no_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mail_that_is_not_durable_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_of_another_version_are_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(answers_that_cannot_be_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_marked_as_the_driver_wants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(postgresql_has_one_statement_for_a_mail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mysql_tells_a_duplicate_by_the_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(servers_with_other_tables_are_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_begin, set_up, tear_down),
        cmocka_unit_test(the_policy_can_leave_nobody),
        cmocka_unit_test(the_statements_of_the_tables_can_be_told),
        cmocka_unit_test_setup_teardown(a_stored_mail_can_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_that_runs_out_leaves_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
