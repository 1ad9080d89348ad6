/* SPDX-License-Identifier: MIT */
/* letters/, mailer/: the table of shops' and strangers' data, tests/corpus/shops
 * (support/shops.py). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/memory.h"
#include "facteur.h"

static const char *const files[] = {"addresses", "amounts", "links", "locales", "shapes", "texts"};

static json_t *load(const char *name)
{
    char path[1024];
    json_error_t problem;
    json_t *json;

    snprintf(path, sizeof path, "%s/shops/%s.json", getenv("FCT_CORPUS"), name);
    json = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (!json)
        fail_msg("%s:%d: %s", path, problem.line, problem.text);
    return json;
}

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static const char *kind_of(const json_t *row)
{
    return text_of(row, "kind") ? text_of(row, "kind") : "order_confirmation";
}

/* The letter's JSON, to be freed with free(). */
static char *letter_of(const json_t *row, const json_t *base)
{
    json_t *whole;
    char *text;

    if (text_of(row, "json"))
        return strdup(text_of(row, "json"));
    whole = json_copy(json_object_get(base, kind_of(row)));
    if (json_object_get(row, "set"))
        json_object_update(whole, json_object_get(row, "set"));
    text = json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    return text;
}

static void check_notes(const json_t *row, const facteur_receipt *receipt)
{
    const json_t *notes = json_object_get(row, "notes"), *wanted;
    size_t i;

    if (facteur_receipt_note_count(receipt) != json_array_size(notes))
        fail_msg("%s: %zu notes, %s", text_of(row, "name"), facteur_receipt_note_count(receipt),
                 facteur_receipt_note(receipt, 0));
    json_array_foreach((json_t *)notes, i, wanted)
    {
        const char *want = json_string_value(wanted), *got = facteur_receipt_note(receipt, i);
        const char *any = strstr(want, "\xe2\x80\xa6");
        size_t len = any ? (size_t)(any - want) : strlen(want) + 1;

        if (strncmp(want, got, len) != 0)
            fail_msg("%s: %s", text_of(row, "name"), got);
    }
}

static facteur_mailer *open_mailer(void)
{
    static const char *const names[] = {"default_from", "contact_to"};
    static const char *const values[] = {"shop@example.com", "team@example.com"};
    facteur_mailer *mailer;

    assert_int_equal(facteur_mailer_new("memory://", names, values, 2, &mailer, NULL), 0);
    return mailer;
}

static void check_row(facteur_mailer *mailer, const json_t *row, const json_t *base)
{
    char *json = letter_of(row, base);
    json_t *given = json_object_get(row, "options");
    char *options = given ? json_dumps(given, JSON_COMPACT) : NULL;
    const char *status = text_of(row, "status");
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int result = facteur_send_letter(mailer, kind_of(row), json, strlen(json), options,
                                     options ? strlen(options) : 0, 0, &receipt, &error);

    if (result) {
        if (strcmp(status, "error") != 0 || result != FACTEUR_EMESSAGE ||
            strcmp(facteur_error_where(error), text_of(row, "where")) != 0)
            fail_msg("%s: %s", text_of(row, "name"), facteur_error_sentence(error));
    } else {
        if (strcmp(status, facteur_receipt_status_name(receipt)) != 0)
            fail_msg("%s: %s %s", text_of(row, "name"), facteur_receipt_status_name(receipt),
                     facteur_receipt_error(receipt));
        check_notes(row, receipt);
        if (!facteur_receipt_ok(receipt))
            assert_memory_equal(facteur_receipt_error(receipt), text_of(row, "error"),
                                strlen(text_of(row, "error")));
    }
    facteur_error_free(error);
    facteur_receipt_free(receipt);
    free(options);
    free(json);
}

static void each_row_comes_to_what_the_table_says(void **state)
{
    json_t *base = load("base");
    facteur_mailer *mailer = open_mailer();

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        json_t *rows = load(files[i]), *row;
        size_t k;

        assert_true(json_array_size(rows) > 10);
        json_array_foreach(rows, k, row) check_row(mailer, row, base);
        json_decref(rows);
    }
    facteur_mailer_free(mailer);
    json_decref(base);
}

/* A mended letter is composed whole or not at all: no note is missing for lack of memory. */
static void every_allocation_may_fail(void **state)
{
#ifdef FCT_FAULT_INJECTION
    json_t *base = load("base"), *rows = load("shapes"), *set;
    facteur_mailer *mailer = open_mailer();
    size_t notes = 0;
    char *json;
    int failed = 1;

    set = json_pack("{s:{s:s}, s:[], s:s, s:s, s:[{s:s,s:s,s:s,s:s}]}", "customer", "email", "zoe@",
                    "payment", "date", "", "locale", "??", "items", "name", "Lamp", "unit_price",
                    "6.3333333333", "url", "/a", "image", "https://x/a b");
    json_object_set_new(json_array_get(rows, 0), "set", set);
    json = letter_of(json_array_get(rows, 0), base);
    for (unsigned long nth = 1; failed; nth++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;
        int result;

        fct_memory_fail_at(nth);
        result = facteur_order_confirmation(mailer, json, strlen(json), NULL, 0, &message, &error);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        if (result == 0)
            notes = facteur_message_note_count(message);
        else if (!failed || result != FACTEUR_ENOMEM)
            fail_msg("%d: %s", result, error ? facteur_error_sentence(error) : "");
        if (result == 0)
            assert_int_equal(notes, 7);
        facteur_message_free(message);
        facteur_error_free(error);
    }
    assert_int_equal(notes, 7);
    facteur_mailer_free(mailer);
    free(json);
    json_decref(rows);
    json_decref(base);
#else
    print_message("built without -Dfaults=true\n");
    skip();
#endif
}

/* A letter's file is looked for when it is sent, each time. */
static void a_file_that_is_not_there_yet_is_a_receipt(void **state)
{
    json_t *base = load("base"), *none = json_object();
    char path[] = "/tmp/facteur-test-XXXXXX", *json = letter_of(none, base);
    facteur_mailer *mailer = open_mailer();
    facteur_message *message, *plain = facteur_message_new();
    facteur_receipt *receipt;
    int fd = mkstemp(path);

    assert_true(fd >= 0 && unlink(path) == 0);
    close(fd);
    assert_int_equal(facteur_message_attach_path(plain, path, NULL, NULL, NULL, NULL), FACTEUR_EIO);
    assert_int_equal(
        facteur_order_confirmation(mailer, json, strlen(json), NULL, 0, &message, NULL), 0);
    assert_int_equal(facteur_message_attach_path(message, path, "a.txt", NULL, NULL, NULL), 0);
    assert_int_equal(facteur_send(mailer, message, 0, &receipt, NULL), FACTEUR_EIO);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(facteur_send_composed(mailer, message, 0, &receipt, NULL), 0);
        assert_int_equal(facteur_receipt_status(receipt), i ? FACTEUR_SENT : FACTEUR_TEMPORARY);
        assert_int_equal(facteur_receipt_error_code(receipt), i ? 0 : FACTEUR_EIO);
        facteur_receipt_free(receipt);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0 && close(fd) == 0);
    }
    unlink(path);
    facteur_message_free(plain);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
    free(json);
    json_decref(none);
    json_decref(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_comes_to_what_the_table_says),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_file_that_is_not_there_yet_is_a_receipt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
