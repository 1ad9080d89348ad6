/* SPDX-License-Identifier: MIT */
/*
 * Row 114 of docs/faults.md: what is too much is refused before a connection is opened, with a
 * sentence that helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "facteur.h"
#include "support/threaded_relay.h"

static facteur_message *make_message(void)
{
    facteur_message *message = facteur_message_new();

    assert_non_null(message);
    assert_int_equal(facteur_message_set(message, "from", "a@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "hello\n", FACTEUR_NTS, NULL), 0);
    return message;
}

/* The sentence and the place of a refusal, and that the relay heard nothing of it. */
static void expect_refusal(facteur_message *message, const char *query, const char *where,
                           const char *sentence)
{
    facteur_mailer *mailer = NULL;
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    char dsn[128];

    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u%s", relay.port, query);
    assert_int_equal(facteur_mailer_new(dsn, NULL, NULL, 0, &mailer, &error), 0);
    assert_int_equal(facteur_send(mailer, message, 5, &receipt, &error), FACTEUR_EMESSAGE);
    assert_null(receipt);
    assert_string_equal(facteur_error_where(error), where);
    if (!strstr(facteur_error_message(error), sentence))
        fail_msg("%s", facteur_error_message(error));
    facteur_error_free(error);
    facteur_mailer_free(mailer);
    assert_int_equal(atomic_load(&relay.connections), 0);
    facteur_message_free(message);
}

/* Add so many recipients; what the first refusal said. */
static int add_recipients(facteur_message *message, unsigned count)
{
    int err = 0;

    for (unsigned i = 0; i < count && !err; i++) {
        char address[40];

        snprintf(address, sizeof address, "r%u@x.example", i);
        err = facteur_message_add_recipient(message, address, FACTEUR_NTS, NULL);
    }
    return err;
}

static void a_hundred_thousand_recipients(void **state)
{
    facteur_message *message = make_message();
    facteur_error *error = NULL;
    char *list = malloc(100000 * 20), *end = list;

    for (unsigned i = 0; i < 100000; i++)
        end += sprintf(end, "%sr%u@x.example", i ? "," : "", i);
    assert_int_equal(facteur_message_set(message, "to", list, (size_t)(end - list), &error),
                     FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "to");
    assert_non_null(strstr(facteur_error_message(error), "10000"));
    facteur_error_free(error);
    free(list);
    assert_int_equal(add_recipients(message, 100000), FACTEUR_EMESSAGE);
    /* Those before the first refusal are a mail's most, and more than a site lets through. */
    expect_refusal(message, "", "max_recipients", "max_recipients allows 1000");
}

/* A file with nothing in it but its length: nobody must read it to see that it is too much. */
static void two_gigabytes(void **state)
{
    facteur_message *message = make_message();
    char path[] = "/tmp/facteur-limits-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)2 << 30), 0);
    assert_int_equal(facteur_message_set(message, "to", "b@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_attach_path(message, path, NULL, NULL, NULL, NULL), 0);
    expect_refusal(message, "", "max_message_bytes", "max_message_bytes allows 104857600");
    close(fd);
    unlink(path);
}

static void ten_thousand_parts(void **state)
{
    facteur_message *message = make_message();
    facteur_error *error = NULL;
    unsigned parts = 0;
    int err = 0;

    assert_int_equal(facteur_message_set(message, "to", "b@x.example", FACTEUR_NTS, NULL), 0);
    while (parts < 10000 && !err) {
        err = facteur_message_attach_bytes(message, "x", 1, "a.txt", NULL, NULL, &error);
        parts += !err;
    }
    assert_int_equal(err, FACTEUR_EMESSAGE);
    assert_int_equal(parts, 1000);
    assert_non_null(strstr(facteur_error_message(error), "1000"));
    facteur_error_free(error);
    expect_refusal(message, "", "max_parts", "max_parts allows 200");
}

/* A site's own, lower limits are kept to the letter. */
static void limits_of_a_site(void **state)
{
    facteur_message *message = make_message();

    assert_int_equal(add_recipients(message, 3), 0);
    expect_refusal(message, "?max_recipients=2", "max_recipients", "max_recipients allows 2");
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_start, relay_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(a_hundred_thousand_recipients),
        WITH_RELAY(two_gigabytes),
        WITH_RELAY(ten_thousand_parts),
        WITH_RELAY(limits_of_a_site),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
