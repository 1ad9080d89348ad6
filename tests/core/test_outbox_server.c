/* SPDX-License-Identifier: MIT */
/*
 * outbox/ in the database server of FCT_STORE_URL: connections that are lost and come back, others
 * at the same rows, its tables and plans.  Without a server, what is refused before one is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "outbox/server_base.h"
#include "support/expect.h"
#include "support/outbox_fixture.h"

static bool is_mysql(const fct_store *store)
{
    return ((const struct fct_server *)store)->link->dialect == FCT_MYSQL;
}

static fct_store *another(const struct outbox *box)
{
    fct_store *store = NULL;

    assert_int_equal(fct_store_open(box->url, false, &store, NULL), 0);
    return store;
}

/* The first number of a query. */
static int64_t ask(fct_store *store, const char *sql)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    facteur_error *error = NULL;
    int64_t value;

    if (fct_server_exec(s, sql, &answer, &error))
        fail_msg("%s: %s", sql, facteur_error_sentence(error));
    value = fct_answer_int(&answer, 0, 0);
    fct_answer_done(s, &answer);
    return value;
}

static int64_t connection_id(fct_store *store)
{
    return ask(store, is_mysql(store) ? "SELECT CONNECTION_ID()" : "SELECT pg_backend_pid()");
}

/* The server ends a connection, and tells its client when that asks the next time. */
static void cut(fct_store *by, int64_t id)
{
    char sql[96];

    snprintf(sql, sizeof sql,
             is_mysql(by) ? "KILL CONNECTION %lld" : "SELECT pg_terminate_backend(%lld, 5000)",
             (long long)id);
    run_on_server(by, sql);
}

static unsigned count_ready(fct_store *store)
{
    struct fct_store_facts facts;

    assert_int_equal(fct_store_facts(store, &facts, NULL), 0);
    return (unsigned)facts.count[FCT_ROW_READY];
}

/* ---- URLs ------------------------------------------------------------------------------------ */

/* Whatever is wrong with a URL, its password is in no error. */
static void a_password_is_in_no_error(void **state)
{
    static const char *const urls[] = {
        "postgresql://shop:hush%@127.0.0.1/shop",
        "postgresql://shop:hush@127.0.0.1:1/shop",
        "postgresql://shop:hush@127.0.0.1/shop?hush",
        "postgresql://shop:hush@127.0.0.1:1/shop?password=hush&sslmode=disable",
        "postgres://shop:hush@127.0.0.1:port/shop",
        "postgresql://shop:hush@[127.0.0.1/shop",
        "postgresql:shop:hush@127.0.0.1/shop",
        "mysql://shop:hush@127.0.0.1:1/shop",
        "mysql://shop:hush%@127.0.0.1:1/shop",
        "mysql://shop:hush%00@127.0.0.1:1/shop",
        "mysql://shop:hush@127.0.0.1:99999/shop",
        "mysql://shop:hush@127.0.0.1:hush/shop",
        "mariadb://shop:hush@[::1/shop",
        "mariadb://shop:hush@[::1]hush/shop",
        "mysql://shop:hush@127.0.0.1:1",
        "mysql:shop:hush@127.0.0.1/shop",
        "mysql://shop:hush@127.0.0.1:1/shop?hush=hush",
        "mysql://shop:hush@127.0.0.1:1/shop?ssl-mode=hush",
        "mysql://shop:hush@127.0.0.1:1/shop?ssl_ca=hush&ssl-mode=verify_identity",
    };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        fct_store *store = NULL;
        facteur_error *error = NULL;
        unsigned from;

        assert_true(fct_store_open(urls[i], true, &store, &error) < 0);
        assert_null(strstr(facteur_error_sentence(error), "hush"));
        facteur_error_free(error);
        error = NULL;
        assert_true(fct_store_migrate(urls[i], &from, &error) < 0);
        assert_null(strstr(facteur_error_sentence(error), "hush"));
        facteur_error_free(error);
    }
}

static void a_wrong_password_is_told(void **state)
{
    struct outbox *box = *state;
    fct_store *store = NULL;
    facteur_error *error = NULL;
    char url[256];

    strcpy(url, box->url);
    strstr(url, "s3cret")[0] = 'x';
    assert_refused(fct_store_open(url, true, &store, &error), FACTEUR_ECONFIG, &error,
                   "look at user, password and rights in the outbox's URL");
}

/* ---- Connections ----------------------------------------------------------------------------- */

static void a_connection_that_was_cut_comes_back(void **state)
{
    struct outbox *box = *state;
    fct_store *other = another(box);
    int64_t ready_us, lease_us;

    cut(other, connection_id(box->store));
    put_key(box->store, NULL);
    cut(other, connection_id(box->store));
    assert_int_equal(fct_store_next(box->store, &ready_us, &lease_us, NULL), 0);
    assert_int_equal(ready_us, NOW);
    cut(other, connection_id(box->store));
    assert_int_equal(count_ready(box->store), 1);
    fct_store_close(other);
}

static void a_transaction_does_not_go_on_elsewhere(void **state)
{
    struct outbox *box = *state;
    fct_store *other = another(box);
    struct fct_store_mail mail = a_mail(NULL);
    facteur_error *error = NULL;
    bool duplicate;
    int64_t id;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(fct_store_begin(box->store, NULL), 0);
        assert_int_equal(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, NULL), 0);
        cut(other, connection_id(box->store));
        if (i == 0)
            assert_int_equal(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, NULL),
                             FACTEUR_EIO);
        /* Nor does a caller that did not look at the error. */
        if (i == 0)
            assert_refused(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, &error),
                           FACTEUR_EIO, &error, "the connection was lost in a transaction");
        assert_int_equal(fct_store_commit(box->store, NULL), FACTEUR_EIO);
        fct_store_rollback(box->store);
        assert_int_equal(count_ready(box->store), 0);
    }
    put_mail(box->store, &mail);
    fct_store_close(other);
}

static void a_child_has_its_own_connection(void **state)
{
    struct outbox *box = *state;
    int status = -1;
    pid_t child;

    put_key(box->store, NULL);
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    child = fork();
    if (child == 0) {
        struct fct_store_facts facts;

        EXPECT(fct_store_facts(box->store, &facts, NULL) == FACTEUR_EIO);
        fct_store_rollback(box->store);
        put_key(box->store, NULL);
        fct_store_close(box->store);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_ready(box->store), 2);
    fct_store_rollback(box->store);
    child = fork();
    if (child == 0) {
        fct_store_close(box->store);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    put_key(box->store, NULL);
    assert_int_equal(count_ready(box->store), 3);
}

/* ---- Others ---------------------------------------------------------------------------------- */

static void claims_pass_by_what_others_lock(void **state)
{
    struct outbox *box = *state;
    fct_store *other = another(box);
    struct fct_cursor cursor = {0}, same = {0};
    struct fct_claimed first[3], second[9];
    int64_t fence = 0, next = 0;
    unsigned count = 0;

    for (int i = 0; i < 6; i++)
        put_key(box->store, NULL);
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    assert_int_equal(fct_store_claim(box->store, 3, "one", NOW, NOW + 60 * SECOND, &cursor, &fence,
                                     first, &count, NULL),
                     0);
    assert_int_equal(count, 3);
    assert_int_equal(fct_store_begin(other, NULL), 0);
    assert_int_equal(fct_store_claim(other, 9, "two", NOW, NOW + 60 * SECOND, &same, &next, second,
                                     &count, NULL),
                     0);
    assert_int_equal(count, 3);
    assert_true(next > fence);
    for (unsigned i = 0; i < 3; i++)
        assert_true(second[i].id > first[2].id);
    assert_int_equal(fct_store_commit(other, NULL), 0);
    fct_store_rollback(box->store);
    /* What the first one gives back is there for the second. */
    assert_int_equal(claim_some(other, 9, NOW, &next, second), 3);
    assert_int_equal(second[0].id, first[0].id);
    fct_store_close(other);
}

static bool somebody_waits(fct_store *store)
{
    return ask(store, is_mysql(store) ? "SELECT count(*) FROM information_schema.innodb_trx WHERE "
                                        "trx_state = 'LOCK WAIT'"
                                      : "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0;
}

/* The same key from two sides at once: the second one waits, and is the duplicate of the first. */
static void a_key_that_is_being_taken_is_waited_for(void **state)
{
    struct outbox *box = *state;
    fct_store *other = another(box);
    struct fct_store_mail mail = a_mail("order-1");
    int64_t first = 0;
    bool duplicate = true;
    int status = -1;
    pid_t child;

    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    assert_int_equal(fct_store_insert(box->store, &mail, NOW, &first, &duplicate, NULL), 0);
    child = fork();
    if (child == 0) {
        int64_t id = 0;

        EXPECT(fct_store_enqueue(other, &mail, NOW, &id, &duplicate, NULL) == 0);
        EXPECT(duplicate && id == first);
        fct_store_close(other);
        _exit(0);
    }
    /* MariaDB looks anew when nobody has asked for 100 ms. */
    while (waitpid(child, &status, WNOHANG) == 0 && !somebody_waits(other))
        usleep(120000);
    assert_int_equal(status, -1);
    assert_int_equal(fct_store_commit(box->store, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fct_store_close(other);
}

/* Two rows, which two transactions change in different orders. */
struct order {
    int64_t fence, ids[2];
    bool meets;   /* the other one has its first row before this one takes its second */
    int to, from; /* pipes */
    unsigned runs;
};

static int doubt_in_order(fct_store *store, void *user, facteur_error **error)
{
    struct order *order = user;
    bool mine;
    char byte = 0;
    int result = fct_store_doubt(store, order->fence, &order->ids[0], &mine, 1, error);

    if (order->runs++ == 0) {
        EXPECT(write(order->to, &byte, 1) == 1);
        EXPECT(read(order->from, &byte, 1) == 1);
    }
    return result ? result : fct_store_doubt(store, order->fence, &order->ids[1], &mine, 1, error);
}

static void a_deadlock_is_tried_again(void **state)
{
    struct outbox *box = *state;
    fct_store *other = another(box);
    struct fct_claimed claimed[2];
    struct order order = {0};
    int there[2], back[2], status = -1;
    pid_t child;

    put_key(box->store, NULL);
    put_key(box->store, NULL);
    assert_int_equal(claim_some(box->store, 2, NOW, &order.fence, claimed), 2);
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    child = fork();
    order.ids[0] = claimed[child == 0].id;
    order.ids[1] = claimed[child != 0].id;
    order.to = child ? there[1] : back[1];
    order.from = child ? back[0] : there[0];
    if (child == 0) {
        EXPECT(fct_store_transact(other, doubt_in_order, &order, NULL) == 0);
        fct_store_close(other);
        _exit((int)order.runs);
    }
    assert_int_equal(fct_store_transact(box->store, doubt_in_order, &order, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(order.runs + (unsigned)WEXITSTATUS(status) > 2);
    assert_int_equal(state_of(box->store, claimed[0].id), FCT_ROW_IN_DOUBT);
    assert_int_equal(state_of(box->store, claimed[1].id), FCT_ROW_IN_DOUBT);
    close(there[0]);
    close(there[1]);
    close(back[0]);
    close(back[1]);
    fct_store_close(other);
}

/* A call has an end, and the connection that it was on is not used for another. */
static void a_wait_has_its_end(void **state)
{
    struct outbox *box = *state;
    fct_store *other = another(box);
    struct fct_store_mail mail = a_mail("order-1");
    facteur_error *error = NULL;
    bool duplicate;
    int64_t id;

    assert_int_equal(fct_store_begin(other, NULL), 0);
    assert_int_equal(fct_store_insert(other, &mail, NOW, &id, &duplicate, NULL), 0);
    fct_store_set_wait(box->store, 2 * SECOND);
    assert_int_equal(fct_store_enqueue(box->store, &mail, NOW, &id, &duplicate, &error),
                     FACTEUR_EIO);
    assert_non_null(error);
    facteur_error_free(error);
    fct_store_rollback(other);
    fct_store_set_wait(box->store, FCT_STORE_WAIT_US);
    assert_int_equal(fct_store_enqueue(box->store, &mail, NOW, &id, &duplicate, NULL), 0);
    assert_false(duplicate);
    fct_store_close(other);
}

/* ---- Many rows ------------------------------------------------------------------------------- */

#define MANY 150 /* more than two lists of ids */

static void many_rows_are_worked_on(void **state)
{
    fct_store *store = ((struct outbox *)*state)->store;
    static struct fct_claimed claimed[MANY];
    int64_t ids[MANY], fence = 0;
    bool mine[MANY];
    struct fct_rescued rescued;
    struct fct_cursor cursor = {0};
    size_t kept = 0, bytes, rows, stale;
    unsigned count = 0;

    for (int i = 0; i < MANY; i++)
        put_key(store, NULL);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_claim(store, MANY, "w", NOW, NOW + SECOND, &cursor, &fence, claimed,
                                     &count, NULL),
                     0);
    assert_int_equal(count, MANY);
    assert_int_equal(fct_store_renew(store, fence, NOW + 2 * SECOND, &kept, NULL), 0);
    assert_int_equal(kept, MANY);
    for (int i = 0; i < MANY; i++)
        ids[i] = claimed[i].id;
    assert_int_equal(fct_store_doubt(store, fence, ids, mine, MANY, NULL), 0);
    for (int i = 0; i < MANY; i++)
        assert_true(mine[i]);
    assert_int_equal(fct_store_rescue(store, NOW + 3 * SECOND, FCT_DOUBT_RETRY, &rescued, NULL), 0);
    assert_int_equal(rescued.ready, MANY);
    cursor = (struct fct_cursor){0};
    assert_int_equal(fct_store_claim(store, MANY, "w", NOW, NOW + SECOND, &cursor, &fence, claimed,
                                     &count, NULL),
                     0);
    for (int i = 0; i < MANY; i++) {
        struct fct_settled verdict = {.id = claimed[i].id, .state = FCT_ROW_SENT};

        assert_int_equal(claimed[i].doubts, 1);
        assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
    }
    assert_int_equal(fct_store_purge(store, NOW + 1, 0, 100, &bytes, &rows, NULL), 0);
    assert_int_equal(bytes, 100);
    assert_int_equal(rows, 0);
    assert_int_equal(fct_store_purge(store, NOW + 1, NOW + 1, MANY, &bytes, &rows, NULL), 0);
    assert_int_equal(bytes, 50);
    assert_int_equal(rows, MANY);
    assert_int_equal(fct_store_commit(store, NULL), 0);
}

/* ---- Values ---------------------------------------------------------------------------------- */

static void keys_are_bytes(void **state)
{
    static const char *const keys[] = {"a",        "A", "a ",        " a",
                                       "\xc3\xa9", "e", "e\xcc\x81", "'; DROP"};
    fct_store *store = ((struct outbox *)*state)->store;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct fct_store_rows rows = row_of(store, put_key(store, keys[i]));

        assert_string_equal(rows.rows[0].key, keys[i]);
        fct_store_rows_done(&rows);
    }
}

static void a_reply_that_is_not_utf8_is_kept(void **state)
{
    fct_store *store = ((struct outbox *)*state)->store;
    int64_t id = put_key(store, NULL), fence = 0;
    struct fct_settled verdict = {
        .id = id, .state = FCT_ROW_FAILED, .reply = "550 refus\xe9 \xf0\x9f\x98\x80 \xff"};
    struct fct_store_rows rows;
    struct fct_claimed claimed;
    size_t stale = 9;

    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    rows = row_of(store, id);
    assert_string_equal(rows.rows[0].reply, "550 refus? \xf0\x9f\x98\x80 ?");
    fct_store_rows_done(&rows);
}

static void a_large_mail_comes_back(void **state)
{
    fct_store *store = ((struct outbox *)*state)->store;
    size_t len = 3 << 20;
    char *bytes = malloc(len), *remaining = NULL;
    struct fct_store_mail mail = a_mail(NULL);
    fct_buf back = {0};
    bool found = false;

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    mail.bytes = (fct_slice){bytes, len};
    assert_int_equal(
        fct_store_bytes(store, put_mail(store, &mail), &back, &found, &remaining, NULL), 0);
    assert_true(found);
    assert_null(remaining);
    assert_int_equal(back.len, len);
    assert_memory_equal(back.ptr, bytes, len);
    fct_buf_done(&back);
    free(bytes);
}

/* Rows have the server's time, whatever that of this machine is. */
static void clocks_that_differ_agree(void **state)
{
    struct outbox *box = *state;
    struct fct_server *s = fct_server_of(box->store);
    fct_store *other = another(box);
    struct fct_claimed claimed;
    int64_t id, fence = 0, ready_us, lease_us;
    struct fct_store_rows rows;

    assert_int_equal(s->clock_us, 0);
    s->clock_us = -3600 * SECOND; /* this machine is an hour ahead */
    id = put_key(box->store, NULL);
    rows = row_of(box->store, id);
    assert_int_equal(rows.rows[0].created_us, NOW);
    assert_int_equal(rows.rows[0].expires_us, NOW + 1000 * SECOND);
    fct_store_rows_done(&rows);
    assert_int_equal(ask(other, "SELECT created_at FROM facteur_mail"), NOW - 3600 * SECOND);
    assert_int_equal(claim_some(box->store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(claimed.next_us, NOW);
    assert_int_equal(fct_store_next(other, &ready_us, &lease_us, NULL), 0);
    assert_int_equal(lease_us, NOW - 3540 * SECOND);
    fct_store_close(other);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static void other_versions_are_refused(void **state)
{
    struct outbox *box = *state;
    fct_store *store = NULL;
    facteur_error *error = NULL;
    unsigned from = 9;

    assert_int_equal(fct_store_migrate(box->url, &from, NULL), 0);
    assert_int_equal(from, FCT_STORE_SCHEMA);
    run_on_server(box->store, "UPDATE facteur_outbox SET value = 7 WHERE name = 'schema'");
    assert_refused(fct_store_open(box->url, true, &store, &error), FACTEUR_ECONFIG, &error,
                   "have version 7, and this release of facteur knows 2: use a later release");
    assert_refused(fct_store_migrate(box->url, &from, &error), FACTEUR_ECONFIG, &error,
                   "use a later release");
    run_on_server(box->store, "DELETE FROM facteur_outbox WHERE name = 'schema'");
    assert_refused(fct_store_open(box->url, false, &store, &error), FACTEUR_ECONFIG, &error,
                   "make it with \"facteur outbox init\"");
    run_on_server(box->store, "INSERT INTO facteur_outbox(name, value) VALUES ('schema', 2)");
}

static void drop_all(fct_store *store)
{
    run_on_server(store, "DROP TABLE facteur_outbox");
    run_on_server(store, "DROP TABLE facteur_mail");
    run_on_server(store, "DROP TABLE facteur_body");
    run_on_server(store, "DROP TABLE facteur_event");
    run_on_server(store, "DROP TABLE facteur_bar");
    run_on_server(store,
                  is_mysql(store) ? "DROP TABLE facteur_fence" : "DROP SEQUENCE facteur_fence");
}

static void migrators_wait_for_each_other(void **state)
{
    struct outbox *box = *state;
    int ends[2], made = 0;
    char found;

    drop_all(box->store);
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            unsigned from = 9;

            EXPECT(fct_store_migrate(box->url, &from, NULL) == 0);
            found = (char)from;
            EXPECT(write(ends[1], &found, 1) == 1);
            _exit(0);
        }
    }
    close(ends[1]);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(read(ends[0], &found, 1), 1);
        made += found == 0;
    }
    assert_int_equal(made, 1);
    close(ends[0]);
    while (wait(NULL) > 0)
        ;
    put_key(box->store, NULL);
}

/* MySQL's setting is the whole server's and is told; PostgreSQL's is changed for this session. */
static void a_commit_waits_for_the_disk_or_says_so(void **state)
{
    struct outbox *box = *state;
    bool mysql = is_mysql(box->store);
    fct_store *other;

    assert_true(fct_store_durable(box->store));
    run_on_server(box->store, mysql ? "SET GLOBAL innodb_flush_log_at_trx_commit = 2"
                                    : "ALTER ROLE facteur SET synchronous_commit = off");
    other = another(box);
    assert_int_equal(fct_store_durable(other), !mysql);
    if (!mysql)
        assert_int_equal(ask(other, "SELECT (current_setting('synchronous_commit') = 'on')::int"),
                         1);
    run_on_server(box->store, mysql ? "SET GLOBAL innodb_flush_log_at_trx_commit = 1"
                                    : "ALTER ROLE facteur RESET synchronous_commit");
    fct_store_close(other);
}

/* ---- Plans ----------------------------------------------------------------------------------- */

/* The plan of a statement with some values, a line for each row of the answer. */
static void explain(fct_store *store, enum fct_server_sql which, char *plan, size_t room)
{
    struct fct_server *s = fct_server_of(store);
    struct fct_answer answer = {0};
    facteur_error *error = NULL;
    fct_buf sql = {0};

    fct_buf_add_text(&sql, "EXPLAIN ");
    for (const char *at = fct_server_sql_text(s->link->dialect, which); *at; at++) {
        if (*at != '?')
            fct_buf_add_char(&sql, *at);
        else
            fct_buf_add_text(&sql, strncmp(at - 6, "LIMIT ", 6) == 0 ? "16" : "'1'");
    }
    if (fct_server_exec(s, sql.ptr, &answer, &error))
        fail_msg("%s: %s", sql.ptr, facteur_error_sentence(error));
    *plan = '\0';
    for (size_t i = 0; i < answer.rows; i++) {
        for (size_t k = 0; k < answer.columns; k++)
            snprintf(plan + strlen(plan), room - strlen(plan), "%s ",
                     fct_answer_text(&answer, i, k));
        snprintf(plan + strlen(plan), room - strlen(plan), "\n");
    }
    fct_answer_done(s, &answer);
    fct_buf_done(&sql);
}

/* By an index, and without a sort: MariaDB would lock every row that it sorts. */
static void check_plans(fct_store *store)
{
    static const struct {
        enum fct_server_sql which;
        const char *index; /* in MySQL the same, or PRIMARY */
        bool primary;
    } plans[] = {{FCT_SERVER_SQL_READY, "facteur_mail_ready", false},
                 {FCT_SERVER_SQL_CLAIM, "facteur_mail_ready", false},
                 {FCT_SERVER_SQL_FIND_KEY, "facteur_mail_key", false},
                 {FCT_SERVER_SQL_SETTLE, "facteur_mail_", true},
                 {FCT_SERVER_SQL_DOUBT, "facteur_mail_", true},
                 {FCT_SERVER_SQL_RENEW, "facteur_mail_", true},
                 {FCT_SERVER_SQL_TAKE, NULL, true}};
    char plan[8192];

    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        const char *index = is_mysql(store) && plans[i].primary ? "PRIMARY" : plans[i].index;

        /* MariaDB looks up a key that is not there while it plans. */
        if (!index || (is_mysql(store) && plans[i].which == FCT_SERVER_SQL_FIND_KEY))
            continue;
        explain(store, plans[i].which, plan, sizeof plan);
        if (!strstr(plan, index) || strstr(plan, "filesort") || strstr(plan, " ALL ") ||
            strstr(plan, "Seq Scan on facteur_mail") || strstr(plan, "Sort"))
            fail_msg("%s\n%s",
                     fct_server_sql_text(fct_server_of(store)->link->dialect, plans[i].which),
                     plan);
    }
}

#define FILL                                                                                       \
    "INSERT INTO facteur_mail(state, priority, next_at, sender, recipients, message_id, size, "    \
    "created_at, ended_at) SELECT CASE WHEN n %% 3 = 0 THEN 'sent' ELSE 'ready' END, n %% 10, n, " \
    "'a', 'b', 'c', 1, 1, CASE WHEN n %% 3 = 0 THEN n END FROM "

static void every_hot_query_has_its_index(void **state)
{
    fct_store *store = ((struct outbox *)*state)->store;
    const int sizes[] = {40, 20000};
    char sql[512];

    for (size_t i = 0; i < 2; i++) {
        snprintf(sql, sizeof sql,
                 is_mysql(store) ? FILL "(SELECT seq AS n FROM seq_1_to_%d) AS numbers"
                                 : FILL "generate_series(1, %d) AS numbers(n)",
                 sizes[i]);
        run_on_server(store, sql);
        run_on_server(store,
                      is_mysql(store) ? "ANALYZE TABLE facteur_mail" : "ANALYZE facteur_mail");
        /* PostgreSQL reads the one page of a small table, and locks only what it claims. */
        if (is_mysql(store) || sizes[i] > 1000)
            check_plans(store);
    }
}

static void facts_are_those_of_the_server(void **state)
{
    struct outbox *box = *state;
    struct fct_store_facts facts;

    put_key(box->store, NULL);
    assert_int_equal(fct_store_facts(box->store, &facts, NULL), 0);
    assert_non_null(strstr(facts.database, is_mysql(box->store) ? "MariaDB " : "PostgreSQL "));
    assert_true(facts.file_bytes >= 16384);
    assert_true(facts.durable);
    assert_true(facts.fixed);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, store_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(a_password_is_in_no_error),
    };
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_wrong_password_is_told),
        STORE_TEST(a_connection_that_was_cut_comes_back),
        STORE_TEST(a_transaction_does_not_go_on_elsewhere),
        STORE_TEST(a_child_has_its_own_connection),
        STORE_TEST(claims_pass_by_what_others_lock),
        STORE_TEST(a_key_that_is_being_taken_is_waited_for),
        STORE_TEST(a_deadlock_is_tried_again),
        STORE_TEST(a_wait_has_its_end),
        STORE_TEST(many_rows_are_worked_on),
        STORE_TEST(keys_are_bytes),
        STORE_TEST(a_reply_that_is_not_utf8_is_kept),
        STORE_TEST(a_large_mail_comes_back),
        STORE_TEST(clocks_that_differ_agree),
        STORE_TEST(other_versions_are_refused),
        STORE_TEST(migrators_wait_for_each_other),
        STORE_TEST(a_commit_waits_for_the_disk_or_says_so),
        STORE_TEST(every_hot_query_has_its_index),
        STORE_TEST(facts_are_those_of_the_server),
    };
    int failed = cmocka_run_group_tests(alone, NULL, NULL);

    if (getenv("FCT_STORE_URL"))
        return failed + cmocka_run_group_tests(tests, NULL, NULL);
    print_message("skipped: the suite \"databases\" runs the rest of this with a server\n");
    return failed;
}
