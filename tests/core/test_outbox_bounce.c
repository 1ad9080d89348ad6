/* SPDX-License-Identifier: MIT */
/*
 * mailer/outbox_bounce: each shape of tests/corpus/bounces given to an outbox: its row notes it,
 * and those alone are suppressed who do not exist or complained, and are recipients of the row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/corpus.h"
#include "support/outbox_shop.h"

#define EVERYBODY                                                                                  \
    "ana@example.com, bob@example.com, ana@exmaple.invalid, list@example.com, "                    \
    "ana+shop@example.com, jos\xc3\xa9@example.com"

static void put_row(const struct outbox *box, const char *message_id, const char *recipients)
{
    struct fct_store_mail mail = a_mail(NULL);

    mail.message_id = message_id;
    mail.recipients = recipients;
    put_mail(box->store, &mail);
}

static int bounce(facteur_outbox *outbox, const char *name, char **json, facteur_error **error)
{
    char path[96];
    fct_buf bytes = {0};
    int result;

    snprintf(path, sizeof path, "bounces/%s", name);
    corpus_read(path, ".eml", &bytes);
    result = facteur_outbox_bounce(outbox, bytes.ptr ? bytes.ptr : "", bytes.len, json, error);
    fct_buf_done(&bytes);
    return result;
}

static unsigned count_words(const char *text, const char *word)
{
    unsigned count = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        count++;
    return count;
}

static void each_shape_is_judged(void **state)
{
    struct outbox *box = *state;
    facteur_outbox *outbox = shop_open_box(box);
    fct_buf list = {0};
    char *rest, *line;

    put_row(box, "17@shop.example", EVERYBODY);
    put_row(box, "010201@eu-west-1.amazonses.com", "ana@example.com");
    corpus_read("bounces/expected", ".tsv", &list);
    rest = list.ptr;
    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        facteur_error *error = NULL;
        char name[64], *json = NULL;

        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, "\t"), line);
        shop_sql(box, "DELETE FROM facteur_event; DELETE FROM facteur_bar");
        if (strstr(line, "\tnone\t") || strcmp(name, "no-original") == 0) {
            assert_refused(bounce(outbox, name, &json, &error), FACTEUR_EMESSAGE, &error,
                           "report:");
            continue;
        }
        if (bounce(outbox, name, &json, &error))
            fail_msg("%s: %s", name, facteur_error_sentence(error));
        if (count_words(json, "\"suppressed\":true") != count_words(line, "|suppressed"))
            fail_msg("%s: %s", name, json);
        assert_int_equal(shop_ask(box, "SELECT count(*) FROM facteur_bar WHERE what = 'address'"),
                         count_words(line, "|suppressed"));
        assert_true(shop_ask(box, "SELECT count(*) FROM facteur_event WHERE what IN ('bounced', "
                                  "'delayed', 'delivered', 'complained')") >= 1);
        facteur_free(json);
    }
    fct_buf_done(&list);
    facteur_outbox_close(outbox);
}

/* A report names the row by the worker's envelope id, and the Message-ID must be the row's. */
static void an_envelope_id_finds_its_row(void **state)
{
    struct outbox *box = *state;
    facteur_outbox *outbox = shop_open_box(box);
    facteur_error *error = NULL;
    char *json = NULL;

    for (int i = 0; i < 16; i++)
        put_row(box, "17@shop.example", "bob@example.com");
    put_row(box, "17@shop.example", "ana@example.com");
    put_row(box, "17@shop.example", "ana@example.com");
    assert_int_equal(bounce(outbox, "postfix-envid", &json, NULL), 0);
    assert_non_null(strstr(json, "\"id\":17,"));
    facteur_free(json);
    shop_sql(box, "UPDATE facteur_mail SET message_id = 'other@shop.example' WHERE id = 17");
    assert_int_equal(bounce(outbox, "postfix-envid", &json, NULL), 0);
    assert_non_null(strstr(json, "\"id\":18,"));
    facteur_free(json);
    shop_sql(box, "UPDATE facteur_mail SET message_id = 'other@shop.example'");
    assert_refused(bounce(outbox, "postfix-envid", &json, &error), FACTEUR_EMESSAGE, &error,
                   "names no mail of this outbox");
    facteur_outbox_close(outbox);
}

/* Anybody can write a report: one about a stranger is noted, and suppresses nobody. */
static void a_stranger_is_not_suppressed(void **state)
{
    struct outbox *box = *state;
    facteur_outbox *outbox = shop_open_box(box);
    char *json = NULL;

    put_row(box, "17@shop.example", "somebody@example.com, else@example.com");
    assert_int_equal(bounce(outbox, "postfix-unknown", &json, NULL), 0);
    assert_non_null(strstr(json, "\"known\":false,\"suppressed\":false"));
    facteur_free(json);
    assert_int_equal(bounce(outbox, "arf-redacted", &json, NULL), 0);
    assert_non_null(strstr(json, "\"suppressed\":false"));
    facteur_free(json);
    assert_int_equal(shop_ask(box, "SELECT count(*) FROM facteur_bar"), 0);
    /* Of one recipient it can be no other. */
    shop_sql(box, "UPDATE facteur_mail SET recipients = 'somebody@example.com'");
    assert_int_equal(bounce(outbox, "arf-redacted", &json, NULL), 0);
    assert_non_null(strstr(json, "\"address\":\"somebody@example.com\",\"event\":\"complained\""));
    facteur_free(json);
    assert_int_equal(shop_ask(box, "SELECT count(*) FROM facteur_bar WHERE reason LIKE '%abuse'"),
                     1);
    facteur_outbox_close(outbox);
}

/* The worker gives a mail an envelope id where the relay takes one, and only there. */
static void the_worker_names_the_envelope(void **state)
{
    static const char *const features[] = {"250-test\r\n250-DSN\r\n250 PIPELINING\r\n", PLAIN};

    for (size_t i = 0; i < 2; i++) {
        struct shop shop = {.server = {.features = features[i]}};

        outbox_set_up(state);
        shop_open(&shop, state);
        shop_enqueue_many(shop.outbox, shop.mailer, 1);
        shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":1,");
        assert_int_equal(shop.server.named, i == 0);
        shop_close(&shop);
        outbox_tear_down(state);
    }
}

#define SHOP_TEST(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(each_shape_is_judged),
        SHOP_TEST(an_envelope_id_finds_its_row),
        SHOP_TEST(a_stranger_is_not_suppressed),
        cmocka_unit_test(the_worker_names_the_envelope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
