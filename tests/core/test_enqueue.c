/* SPDX-License-Identifier: MIT */
/*
 * facteur_enqueue() and facteur_batch: mails for the outbox that a mailer's option names, from
 * several threads, in a child of fork(), and when the file is moved away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "facteur.h"
#include "support/mailer_fixture.h"
#include "support/outbox_fixture.h"

static facteur_mailer *open_for(const char *url)
{
    const char *names[] = {"outbox"};
    facteur_mailer *mailer = NULL;

    assert_int_equal(facteur_mailer_new("null://", names, &url, 1, &mailer, NULL), 0);
    return mailer;
}

static facteur_receipt *enqueue(facteur_mailer *mailer, const char *key)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;

    assert_int_equal(facteur_enqueue(mailer, message, key, 0, 0, -1, &receipt, NULL), 0);
    facteur_message_free(message);
    return receipt;
}

static void enqueue_as(facteur_mailer *mailer, const char *key, enum facteur_status status)
{
    facteur_receipt *receipt = enqueue(mailer, key);

    assert_int_equal(facteur_receipt_status(receipt), status);
    facteur_receipt_free(receipt);
}

/* How many rows an outbox has that is opened anew. */
static int64_t count_rows(const char *url)
{
    struct fct_store_facts facts;
    fct_store *store = NULL;
    int64_t count = 0;

    assert_int_equal(fct_store_open(url, false, &store, NULL), 0);
    assert_int_equal(fct_store_facts(store, &facts, NULL), 0);
    for (size_t i = 0; i < FCT_ROW_STATE_COUNT; i++)
        count += facts.count[i];
    fct_store_close(store);
    return count;
}

static void the_receipt_names_the_row(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);
    facteur_receipt *first = enqueue(mailer, "order-1"), *second = enqueue(mailer, "order-1");
    char *json = facteur_receipt_json(first);

    assert_int_equal(facteur_receipt_status(first), FACTEUR_QUEUED);
    assert_true(facteur_receipt_durable(first));
    assert_string_equal(facteur_receipt_outbox_id(first), "1");
    assert_string_equal(facteur_receipt_queue_id(first), "1");
    assert_string_equal(facteur_receipt_key(first), "order-1");
    assert_non_null(strstr(json, "\"outbox_id\":\"1\",\"key\":\"order-1\""));
    assert_int_equal(facteur_receipt_status(second), FACTEUR_DUPLICATE);
    assert_string_equal(facteur_receipt_outbox_id(second), "1");
    assert_string_equal(facteur_receipt_message_id(second), facteur_receipt_message_id(first));
    assert_int_equal(count_rows(box->url), 1);
    facteur_free(json);
    facteur_receipt_free(first);
    facteur_receipt_free(second);
    facteur_mailer_free(mailer);
}

static void a_mailer_without_an_outbox_says_so(void **state)
{
    facteur_mailer *mailer = open_mailer("null://");
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int result = facteur_enqueue(mailer, message, NULL, 0, 0, -1, &receipt, &error);

    (void)state;
    assert_refused(result, FACTEUR_ECONFIG, &error, "this mailer has no outbox");
    assert_null(receipt);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

static void an_address_of_no_store_is_refused_at_once(void **state)
{
    const char *name = "outbox", *url = "redis://localhost/1";
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    int result = facteur_mailer_new("null://", &name, &url, 1, &mailer, &error);

    (void)state;
    assert_refused(result, FACTEUR_ECONFIG, &error, "outbox: expected a URL such as");
    error = NULL;
    result = facteur_mailer_shared("null://", &name, &url, 1, &mailer, &error);
    assert_refused(result, FACTEUR_ECONFIG, &error, "redis");
    assert_null(mailer);
}

static void the_file_of_an_outbox_is_among_the_paths(void **state)
{
    const char *name = "outbox", *url = "sqlite:///var/lib/shop/outbox.db", *where, *source;
    facteur_paths *paths = NULL;

    (void)state;
    assert_int_equal(facteur_paths_of("null://", &name, &url, 1, &paths, NULL), 0);
    assert_string_equal(facteur_path(paths, 0, &where, &source), "/var/lib/shop/outbox.db");
    assert_string_equal(where, "outbox");
    facteur_paths_free(paths);
    url = "postgresql://shop:password@db/shop";
    assert_int_equal(facteur_paths_of_option(name, url, &paths, NULL), 0);
    assert_null(facteur_path(paths, 0, &where, &source));
    facteur_paths_free(paths);
}

/* ---- Batches --------------------------------------------------------------------------------- */

static int add(facteur_batch *batch, const char *key, facteur_error **error)
{
    facteur_message *message = make_message();
    int result = facteur_batch_add(batch, message, key, 0, 0, -1, error);

    facteur_message_free(message);
    return result;
}

static void a_batch_is_put_in_by_one_commit(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);
    facteur_batch *batch = NULL;
    facteur_error *error = NULL;

    assert_int_equal(facteur_batch_new(mailer, &batch, NULL), 0);
    assert_int_equal(add(batch, "a", NULL), 0);
    assert_refused(add(batch, "", &error), FACTEUR_EMESSAGE, &error, "key");
    assert_int_equal(add(batch, "b", NULL), 0);
    assert_int_equal(add(batch, "a", NULL), 0);
    assert_null(facteur_batch_receipt(batch, 0));
    assert_int_equal(count_rows(box->url), 0);
    assert_int_equal(facteur_batch_commit(batch, NULL), 0);
    assert_int_equal(count_rows(box->url), 2);
    for (size_t i = 0; i < 3; i++) {
        facteur_receipt *receipt = facteur_batch_receipt(batch, i);

        assert_string_equal(facteur_receipt_key(receipt), i == 1 ? "b" : "a");
        assert_string_equal(facteur_receipt_outbox_id(receipt), i == 1 ? "2" : "1");
        assert_int_equal(facteur_receipt_status(receipt),
                         i == 2 ? FACTEUR_DUPLICATE : FACTEUR_QUEUED);
        facteur_receipt_free(receipt);
    }
    assert_null(facteur_batch_receipt(batch, 0));
    assert_null(facteur_batch_receipt(batch, 3));
    facteur_batch_free(batch);
    facteur_mailer_free(mailer);
}

static void a_batch_has_a_limit(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);
    facteur_message *message = make_message();
    facteur_batch *batch = NULL;
    facteur_error *error = NULL;
    int result;

    assert_int_equal(facteur_batch_new(mailer, &batch, NULL), 0);
    for (int i = 0; i < FACTEUR_BATCH_MAX; i++)
        assert_int_equal(facteur_batch_add(batch, message, NULL, 0, 0, -1, NULL), 0);
    result = facteur_batch_add(batch, message, NULL, 0, 0, -1, &error);
    assert_refused(result, FACTEUR_ELIMIT, &error, "at most 1000");
    assert_int_equal(facteur_batch_commit(batch, NULL), 0);
    assert_int_equal(count_rows(box->url), FACTEUR_BATCH_MAX);
    facteur_batch_free(batch);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

static void without_memory_nothing_is_put_in(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);
    facteur_message *message = make_message();
    int64_t rows = 0;
    int result = FACTEUR_ENOMEM;

    for (size_t nth = 1; result; nth++) {
        facteur_receipt *receipt = NULL;

        fct_memory_fail_at(nth);
        result = facteur_enqueue(mailer, message, NULL, 0, 0, -1, &receipt, NULL);
        fct_memory_fail_at(0);
        assert_true(result == 0 || result == FACTEUR_ENOMEM);
        rows += result == 0;
        assert_int_equal(count_rows(box->url), rows);
        facteur_receipt_free(receipt);
    }
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

/* ---- Threads, processes, files ----------------------------------------------------------------
 */

static void *enqueue_some(void *mailer)
{
    char key[32];

    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "%lx-%d", (unsigned long)pthread_self(), i);
        facteur_receipt_free(enqueue(mailer, key));
    }
    return NULL;
}

/* More threads than stores stay open. */
static void threads_enqueue_beside_each_other(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);
    pthread_t threads[12];

    for (size_t i = 0; i < 12; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, enqueue_some, mailer), 0);
    for (size_t i = 0; i < 12; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count_rows(box->url), 12 * 20);
    facteur_mailer_free(mailer);
}

static void run_child(facteur_mailer *mailer, const char *key, enum facteur_status status)
{
    pid_t child = fork();
    int end = -1;

    if (child == 0) {
        enqueue_as(mailer, key, status);
        facteur_mailer_free(mailer);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_int_equal(end, 0);
}

static void a_child_opens_the_outbox_anew(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);

    fct_store_close(box->store);
    box->store = NULL;
    enqueue_as(mailer, "parent", FACTEUR_QUEUED);
    run_child(mailer, "child", FACTEUR_QUEUED);
    run_child(mailer, "parent", FACTEUR_DUPLICATE);
    enqueue_as(mailer, "child", FACTEUR_DUPLICATE);
    assert_int_equal(count_rows(box->url), 2);
    facteur_mailer_free(mailer);
}

static void what_is_written_goes_to_the_file_of_that_name(void **state)
{
    struct outbox *box = *state;
    facteur_mailer *mailer = open_for(box->url);
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    char away[128];
    int result;

    fct_store_close(box->store);
    box->store = NULL;
    enqueue_as(mailer, "before", FACTEUR_QUEUED);
    snprintf(away, sizeof away, "%s.away", box->path);
    assert_int_equal(rename(box->path, away), 0);
    result = facteur_enqueue(mailer, message, "lost", 0, 0, -1, &receipt, &error);
    assert_refused(result, FACTEUR_EIO, &error, "No such file");
    assert_int_equal(rename(away, box->path), 0);
    enqueue_as(mailer, "after", FACTEUR_QUEUED);
    enqueue_as(mailer, "before", FACTEUR_DUPLICATE);
    assert_int_equal(count_rows(box->url), 2);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOX(the_receipt_names_the_row),
        cmocka_unit_test(a_mailer_without_an_outbox_says_so),
        cmocka_unit_test(an_address_of_no_store_is_refused_at_once),
        cmocka_unit_test(the_file_of_an_outbox_is_among_the_paths),
        WITH_BOX(a_batch_is_put_in_by_one_commit),
        WITH_BOX(a_batch_has_a_limit),
        WITH_BOX(without_memory_nothing_is_put_in),
        WITH_BOX(threads_enqueue_beside_each_other),
        WITH_BOX(a_child_opens_the_outbox_anew),
        WITH_BOX(what_is_written_goes_to_the_file_of_that_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
