/* SPDX-License-Identifier: MIT */
/* letters/own_words, letters/no_reply: the site's own words, and answers that nobody reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#include "base/memory.h"
#include "letters/letter.h"
#include "letters/no_reply.h"
#include "mime/builder.h"

#define ORDER                                                                                      \
    "{\"number\": 7, \"currency\": \"EUR\","                                                       \
    " \"items\": [{\"name\": \"a\", \"quantity\": 3, \"unit_price\": \"2.50\"}],"                  \
    " \"merchant\": {\"name\": \"Shop\", \"email\": \"orders@shop.example\"},"                     \
    " \"customer\": {\"email\": \"ana@example.com\"}}"
#define FORM "{\"email\": \"ana@example.com\", \"message\": \"Hello\"}"

/* The subject and both parts; to be freed with fct_free(). */
static char *composed(const char *kind, const char *json, const char *options,
                      const struct fct_letter_defaults *defaults)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    fct_buf all = {0};
    char *text;

    if (fct_letter_compose(kind, json, FACTEUR_NTS, options, FACTEUR_NTS, defaults, &message,
                           &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    fct_buf_addf(&all, "Subject: %s\r\n%s%s", message->subject, message->text.text,
                 message->html.text);
    facteur_message_free(message);
    text = fct_buf_take(&all, NULL);
    assert_non_null(text);
    return text;
}

/* How often the order's letter has the text. */
static void expect_count(const char *options, const char *text, int count)
{
    char *bytes = composed("order_confirmation", ORDER, options, NULL);
    int found = 0;

    for (const char *at = bytes; (at = strstr(at, text)); at++)
        found++;
    if (found != count)
        fail_msg("%s: \"%s\" is there %d times, not %d:\n%s", options, text, found, count, bytes);
    fct_free(bytes);
}

static void a_text_is_replaced_or_switched_off(void **state)
{
    expect_count("{}", "Just reply to this message", 2);
    expect_count("{\"words\": null}", "Just reply to this message", 2);
    expect_count("{\"words\": []}", "Just reply to this message", 2);
    expect_count("{\"words\": {\"order_questions\": null}}", "Just reply to this message", 2);
    expect_count("{\"words\": {\"order_questions\": \"\"}}", "Just reply", 0);
    expect_count("{\"words\": {\"order_questions\": false}}", "Just reply", 0);
    expect_count("{\"words\": {\"order_questions\": \"Call us.\"}}", "Just reply", 0);
    expect_count("{\"words\": {\"order_questions\": \"Call us.\"}}", "Call us.", 2);
    expect_count("{\"words\": {\"order_intro\": \"Order {number} is <here>.\"}}",
                 "Order 7 is <here>.", 1);
    expect_count("{\"words\": {\"order_intro\": \"Order {number} is <here>.\"}}",
                 "Order 7 is &lt;here&gt;.", 1);
    expect_count("{\"words\": {\"order_intro\": \"A {brace stays\"}}", "A {brace stays<", 1);
    expect_count("{\"words\": {\"order_subject\": \"Merci\"}}", "Subject: Merci\r\n", 1);
    expect_count("{\"words\": {\"order_intro\": \"\", \"greeting\": \"\", \"order_title\": \"\"}}",
                 "Hello", 0);
}

static void plurals_have_forms(void **state)
{
    expect_count("{\"words\": {\"item_count\": {\"other\": \"{count} pieces\"}}}", "3 pieces", 1);
    expect_count("{\"words\": {\"item_count\": {\"one\": \"a piece\", \"other\": null}}}",
                 "3 items", 1);
    expect_count("{\"words\": {\"item_count\": \"{count} of them\"}}", "3 of them", 1);
    expect_count("{\"words\": {\"item_count.other\": \"{count} lots\"}}", "3 lots", 1);
}

static void a_language_has_words_of_its_own(void **state)
{
#define BOTH                                                                                       \
    "\"words\": {\"fr\": {\"order_intro\": \"Merci !\"}, \"en-GB\": {\"order_intro\": \"Ta!\"},"   \
    " \"order_intro\": \"Thanks!\"}"
    expect_count("{" BOTH "}", "Ta!", 2);
    expect_count("{" BOTH "}", "Thanks!", 0);
    expect_count("{\"locale\": \"fr-CA\", " BOTH "}", "Merci !", 2);
    expect_count("{\"locale\": \"pt-BR\", " BOTH "}", "Thanks!", 2);
}

static void refuses(const char *words, const char *where, const char *why)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    char options[512];

    snprintf(options, sizeof options, "{\"words\": %s}", words);
    assert_int_equal(fct_letter_compose("order_confirmation", ORDER, FACTEUR_NTS, options,
                                        FACTEUR_NTS, NULL, &message, &error),
                     FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), where);
    if (!strstr(facteur_error_message(error), why))
        fail_msg("%s: %s", words, facteur_error_message(error));
    facteur_error_free(error);
}

static void what_is_no_text_is_refused_by_name(void **state)
{
    refuses("{\"order_question\": \"\"}", "words.order_question",
            "unknown text; did you mean \"order_questions\"?");
    refuses("{\"zzzzzzzzzzzzzzz\": \"\"}", "words.zzzzzzzzzzzzzzz", "unknown text, and no locale");
    refuses("{\"order_intro\": {\"en\": \"\"}}", "words.order_intro", "unknown text");
    refuses("{\"order_intro\": true}", "words.order_intro", "expected text, got true");
    refuses("{\"order_intro\": 5}", "words.order_intro", "expected text, got 5");
    refuses("{\"item_count\": {\"some\": \"x\"}}", "words.item_count.some", "unknown text");
    refuses("{\"item_count\": {\"one\": 1}}", "words.item_count.one", "expected text, got 1");
    refuses("{\"fr\": {\"order_intr\": \"x\"}}", "words.fr.order_intr", "did you mean");
    refuses("{\"fr\": {\"fr\": {}}}", "words.fr.fr", "unknown text");
    refuses("{\"de\": {}}", "words.de", "unknown text");
    refuses("{\"not a tag\": {}}", "words.not a tag", "unknown text");
    refuses("\"x\"", "words", "expected an object");
    refuses("{\"an_unbelievably_long_key_that_no_catalogue_of_the_letters_could_ever_have\": \"\"}",
            "words.an_unbelievably_long_key_that_no_catalogue_of_the_letters_could_ever_have",
            "unknown text");
}

static void some_addresses_are_read_by_nobody(void **state)
{
    static const char *const nobody[] = {
        "noreply@shop.example",        "no-reply@shop.example",    "No_Reply@shop.example",
        "no.reply@shop.example",       "donotreply@x.example",     "do-not-reply@x.example",
        "Shop <dont-reply@x.example>", "orders-noreply@x.example", "noreply+42@x.example",
        "ne-pas-repondre@x.example",   "nao-responda@x.example",   "no-responder@x.example",
        "info@noreply.shop.example",   "keine-antwort@x.example",  "mailer-daemon@x.example",
    };
    static const char *const somebody[] = {"shop@example.com", "reply@shop.example", "",
                                           "No Reply Ltd <desk@shop.example>",
                                           "norbert.eply@x.example"};

    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++)
        assert_true(fct_is_no_reply(fct_slice_of(nobody[i])));
    for (size_t i = 0; i < sizeof somebody / sizeof somebody[0]; i++)
        assert_false(fct_is_no_reply(fct_slice_of(somebody[i])));
    assert_false(fct_is_no_reply((fct_slice){NULL, 0}));
}

static void asks_for_answers(const char *kind, const char *json, const char *options,
                             const char *from, bool asks)
{
    const struct fct_letter_defaults defaults = {.from = from, .contact_to = "desk@shop.example"};
    char *bytes = composed(kind, json, options, &defaults);

    if ((strstr(bytes, "Just reply") || strstr(bytes, "reply to this message")) != asks)
        fail_msg("%s %s:\n%s", options, from ? from : "", bytes);
    fct_free(bytes);
}

static void no_letter_asks_for_answers_that_nobody_reads(void **state)
{
    const char *order = "order_confirmation", *contact = "contact_form", *bot = "noreply@x.example";

    asks_for_answers(order, ORDER, "{}", NULL, true);
    asks_for_answers(order, ORDER, "{}", "desk@x.example", true);
    asks_for_answers(order, ORDER, "{}", bot, false);
    asks_for_answers(order, ORDER, "{\"from\": \"no-reply@x.example\"}", "desk@x.example", false);
    asks_for_answers(order, ORDER, "{\"reply_to\": \"desk@x.example\"}", bot, true);
    asks_for_answers(order, ORDER, "{\"reply_to\": [\" \"]}", bot, false);
    asks_for_answers(order, ORDER, "{\"reply_to\": [\"noreply@x.example\"]}", NULL, false);
    asks_for_answers(order, ORDER, "{\"reply_to\": [\"noreply@x.example\", \"desk@x.example\"]}",
                     NULL, true);
    asks_for_answers(order,
                     "{\"number\": 7, \"currency\": \"EUR\", \"total\": 1, \"items\": [{\"name\": "
                     "\"a\"}], \"merchant\": {\"name\": \"S\", \"email\": \"noreply@s.example\"},"
                     " \"customer\": {\"email\": \"ana@example.com\"}}",
                     "{}", NULL, false);
    asks_for_answers(contact, FORM, "{}", bot, true);
    /* A relay without SMTPUTF8 gets no Reply-To of these. */
    asks_for_answers(contact, "{\"email\": \"ren\xc3\xa9@x.example\", \"message\": \"Hello\"}",
                     "{}", "desk@x.example", false);
    asks_for_answers(contact, "{\"email\": \"rene@caf\xc3\xa9.example\", \"message\": \"Hello\"}",
                     "{}", "desk@x.example", true);
    asks_for_answers(order, ORDER, "{\"reply_to\": \"Ren\xc3\xa9 <ren\xc3\xa9@x.example>\"}", NULL,
                     false);
    asks_for_answers(order, ORDER, "{\"reply_to\": \"Ren\xc3\xa9 <rene@x.example>\"}", NULL, true);
    asks_for_answers(order, ORDER, "{}", "ren\xc3\xa9@x.example", true);
    asks_for_answers(contact, "{\"email\": \"no-reply@x.example\", \"message\": \"Hello\"}", "{}",
                     "desk@x.example", false);
}

#ifdef FCT_FAULT_INJECTION
static void every_allocation_may_fail(void **state)
{
    static const char options[] = "{\"words\": {\"fr\": {\"order_intro\": \"x\"}, \"item_count\":"
                                  " \"y\", \"order_intro\": \"a\\u0001b\"}}";

    for (unsigned long nth = 1;; nth++) {
        facteur_message *message = NULL;
        bool failed;
        int result;

        fct_memory_fail_at(nth);
        result = fct_letter_compose("order_confirmation", ORDER, FACTEUR_NTS, options, FACTEUR_NTS,
                                    NULL, &message, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        facteur_message_free(result ? NULL : message);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        if (!failed)
            break;
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_replaced_or_switched_off),
        cmocka_unit_test(plurals_have_forms),
        cmocka_unit_test(a_language_has_words_of_its_own),
        cmocka_unit_test(what_is_no_text_is_refused_by_name),
        cmocka_unit_test(some_addresses_are_read_by_nobody),
        cmocka_unit_test(no_letter_asks_for_answers_that_nobody_reads),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_allocation_may_fail),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
