/* SPDX-License-Identifier: MIT */
/* letters/: composed letters as messages: who writes, who receives, who is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#include "base/memory.h"
#include "letters/letter.h"
#include "letters/letter_kind.h"
#include "mime/message.h"

#define SHOP "\"merchant\": {\"name\": \"Shop\", \"email\": \"orders@shop.example\"}"
#define GOODS "\"items\": [{\"name\": \"a\", \"unit_price\": \"2.50\"}]"
#define BUYER "\"customer\": {\"name\": \"Ana Lopez\", \"email\": \"ana@example.com\"}"
#define ORDER "{\"number\": 7, \"currency\": \"EUR\", " SHOP ", " GOODS ", " BUYER "}"
#define FORM                                                                                       \
    "{\"name\": \"Ana Lopez\", \"email\": \"ana@example.com\", \"message\": \"Hello\","            \
    " \"subject\": \"Hours\"}"
#define FIXED "\"message_id\": \"1@example.com\", \"date\": \"2026-11-23T10:00:00+01:00\""

/* The header part of the letter's message, unfolded; to be freed with facteur_free(). */
static char *headers(const char *kind, const char *json, const char *options,
                     const struct fct_letter_defaults *defaults)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    char *bytes, *end, *fold;
    size_t len;

    if (fct_letter_compose(kind, json, FACTEUR_NTS, options, FACTEUR_NTS, defaults, &message,
                           &error) ||
        facteur_message_bytes(message, &bytes, &len, &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    facteur_message_free(message);
    end = strstr(bytes, "\r\n\r\n");
    assert_non_null(end);
    end[2] = '\0';
    while ((fold = strstr(bytes, "\r\n ")) != NULL)
        memmove(fold, fold + 2, strlen(fold + 2) + 1);
    return bytes;
}

static void has(const char *text, const char *line)
{
    char wanted[512];

    snprintf(wanted, sizeof wanted, "\r\n%s\r\n", line);
    if (!strstr(text, wanted) && strncmp(text, wanted + 2, strlen(wanted + 2)) != 0)
        fail_msg("no \"%s\" in:\n%s", line, text);
}

static void lacks(const char *text, const char *part)
{
    assert_null(strstr(text, part));
}

static void an_order_goes_from_merchant_to_customer(void **state)
{
    char *text = headers("order_confirmation", ORDER, "{" FIXED "}", NULL);

    has(text, "From: Shop <orders@shop.example>");
    has(text, "To: Ana Lopez <ana@example.com>");
    has(text, "Subject: Your order 7 at Shop");
    has(text, "Message-ID: <1@example.com>");
    has(text, "Date: Mon, 23 Nov 2026 10:00:00 +0100");
    has(text, "Auto-Submitted: auto-generated");
    lacks(text, "Reply-To:");
    facteur_free(text);
}

static void options_win_over_defaults_over_the_order(void **state)
{
    const struct fct_letter_defaults defaults = {"Post <post@shop.example>", "c@shop.example",
                                                 "fr-FR"};
    char *text = headers("order_confirmation", ORDER, "{" FIXED "}", &defaults);

    has(text, "From: Post <post@shop.example>");
    has(text, "To: Ana Lopez <ana@example.com>");
    has(text, "Subject: Votre commande 7 chez Shop");
    facteur_free(text);
    text = headers("order_confirmation", ORDER,
                   "{" FIXED ", \"from\": \"X <x@shop.example>\", \"to\": [\"b@example.com\", \"C "
                   "<c@example.com>\"], \"reply_to\": \"r@shop.example\", \"locale\": \"en\","
                   " \"subject\": \"Thanks\"}",
                   &defaults);
    has(text, "From: X <x@shop.example>");
    has(text, "To: b@example.com, C <c@example.com>");
    has(text, "Reply-To: r@shop.example");
    has(text, "Subject: Thanks");
    facteur_free(text);
}

static void a_visitor_is_answered_but_never_the_sender(void **state)
{
    const struct fct_letter_defaults defaults = {"Site <site@shop.example>", "owner@shop.example",
                                                 NULL};
    char *text = headers("contact_form", FORM, NULL, &defaults);

    has(text, "From: Site <site@shop.example>");
    has(text, "To: owner@shop.example");
    has(text, "Reply-To: Ana Lopez <ana@example.com>");
    has(text, "Subject: Contact form: Hours");
    lacks(text, "Auto-Submitted:");
    facteur_free(text);
    text = headers("contact_form",
                   "{\"name\": \"buy at pills.example\", \"email\": \" ana@example.com \","
                   " \"subject\": \"a\\r\\nBcc: x@example.com\", \"message\": \"m\"}",
                   NULL, &defaults);
    has(text, "Reply-To: ana@example.com");
    has(text, "Subject: Contact form: a Bcc: x@example.com");
    lacks(text, "\r\nBcc:");
    lacks(text, "pills");
    facteur_free(text);
    text = headers("contact_form", "{\"message\": \"m\"}", NULL, &defaults);
    lacks(text, "Reply-To:");
    facteur_free(text);
}

/* A visitor who mistypes an address is heard of all the same; the address is in the letter. */
static void a_visitor_without_an_address_is_heard(void **state)
{
    static const char *const typed[][2] = {
        {"zoe@example..com", "zoe@example..com"},
        {"zoe@example,com", "zoe@example,com"},
        {"zoe", "zoe"},
        {"a@example.com, b@example.com", "a@example.com, b@example.com"},
        {"a@example.com\\r\\nBcc: x@example.com", "a@example.com Bcc: x@example.com"},
        {"zo\\u00e9 @\\u0000", "zo\u00e9 @"},
    };
    const struct fct_letter_defaults defaults = {"site@shop.example", "owner@shop.example", NULL};

    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        facteur_message *message = NULL;
        char json[256], *text, *bytes;
        size_t len;

        snprintf(json, sizeof json, "{\"message\": \"m\", \"email\": \"%s\"}", typed[i][0]);
        text = headers("contact_form", json, NULL, &defaults);
        lacks(text, "Reply-To:");
        lacks(text, "\r\nBcc:");
        facteur_free(text);
        assert_int_equal(fct_letter_compose("contact_form", json, FACTEUR_NTS, NULL, 0, &defaults,
                                            &message, NULL),
                         0);
        assert_int_equal(facteur_message_bytes(message, &bytes, &len, NULL), 0);
        if (i < 5)
            assert_non_null(strstr(bytes, typed[i][1]));
        assert_non_null(strstr(facteur_message_note(message, i < 5 ? 0 : 1),
                               "email: left out of Reply-To, because this is no address: "));
        facteur_free(bytes);
        facteur_message_free(message);
    }
}

/* It is composed, and says when it is sent why it goes to nobody; a recipient may be set later. */
static void a_customer_without_an_address_is_told_by_the_sending(void **state)
{
    static const char *const typed[][2] = {{"zoe@example..com", "customer.email: "},
                                           {"", "customer.email: empty: "}};
    static const struct fct_freeze facts = {0};

    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;
        fct_mail *mail = NULL;
        char json[512], *bytes;
        size_t len;

        snprintf(json, sizeof json,
                 "{\"number\": 7, \"currency\": \"EUR\", " SHOP ", " GOODS
                 ", \"customer\": {\"email\": \"%s\"}}",
                 typed[i][0]);
        assert_int_equal(fct_letter_compose("order_confirmation", json, FACTEUR_NTS, NULL, 0, NULL,
                                            &message, NULL),
                         0);
        assert_int_equal(facteur_message_bytes(message, &bytes, &len, NULL), 0);
        lacks(bytes, "zoe@");
        lacks(bytes, "<>");
        facteur_free(bytes);
        assert_memory_equal(facteur_message_note(message, 0), typed[i][1], strlen(typed[i][1]));
        assert_int_equal(fct_message_freeze(message, &facts, &mail, &error), FACTEUR_EMESSAGE);
        assert_string_equal(facteur_error_where(error), "customer.email");
        assert_string_equal(facteur_error_sentence(error), facteur_message_note(message, 0));
        facteur_error_free(error);
        assert_int_equal(facteur_message_add_recipient(message, "a@example.com", 13, NULL), 0);
        assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
        fct_mail_unref(mail);
        facteur_message_free(message);
    }
}

static char *key_of(const char *kind, const char *json)
{
    const struct fct_letter_defaults defaults = {"site@shop.example", "owner@shop.example", NULL};
    facteur_message *message = NULL;
    char *key = NULL;

    assert_int_equal(
        fct_letter_compose(kind, json, FACTEUR_NTS, NULL, 0, &defaults, &message, NULL), 0);
    if (facteur_message_key(message))
        key = fct_strdup(facteur_message_key(message));
    facteur_message_free(message);
    return key;
}

static void an_order_has_the_key_of_its_number_at_its_merchant(void **state)
{
    char *plain = key_of("order_confirmation", ORDER);
    char *odd = key_of("order_confirmation",
                       "{\"number\": \"7:1%\", \"currency\": \"EUR\", \"merchant\": {\"name\": "
                       "\"A: Shop\"}, " GOODS ", " BUYER "}");

    assert_string_equal(plain, "order_confirmation:Shop:7");
    assert_string_equal(odd, "order_confirmation:A%3A Shop:7%3A1%25");
    assert_null(key_of("contact_form", FORM));
    fct_free(plain);
    fct_free(odd);
}

static void refuses(const char *kind, const char *json, const char *options, const char *where,
                    const char *part)
{
    static const struct fct_letter_defaults defaults = {"site@shop.example", "owner@shop.example",
                                                        NULL};
    facteur_message *message = NULL;
    facteur_error *error = NULL;

    assert_int_equal(fct_letter_compose(kind, json, FACTEUR_NTS, options, FACTEUR_NTS, &defaults,
                                        &message, &error),
                     FACTEUR_EMESSAGE);
    assert_null(message);
    assert_string_equal(facteur_error_where(error), where);
    if (!strstr(facteur_error_message(error), part))
        fail_msg("%s: %s", where, facteur_error_message(error));
    facteur_error_free(error);
}

static void refusals_name_the_place_in_the_json(void **state)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;

    refuses("order_confirmation", "{\"number\": 7, \"currency\": \"EUR\", " SHOP ", " GOODS "}",
            NULL, "customer.email", "missing");
    refuses("order_confirmation",
            "{\"number\": 7, \"currency\": \"EUR\", \"merchant\": {\"name\": \"S\","
            " \"reply_to\": \"no address\"}, " GOODS ", " BUYER "}",
            NULL, "merchant.reply_to", "");
    refuses("order_confirmation", ORDER, "{\"form\": 1}", "form", "did you mean \"from\"?");
    refuses("order_confirmation", ORDER, "{\"to\": 1}", "to", "expected text, got 1");
    refuses("order_confirmation", ORDER, "{\"to\": [\"a@example.com\", 1]}", "to[1]",
            "expected text, got 1");
    refuses("order_confirmation", ORDER, "{\"to\": \"a@example.com\\nb\"}", "to", "");
    refuses("order_confirmation", ORDER, "{", "options", "malformed JSON at line 1, column");
    refuses("order_confirmation", ORDER, "{\"date\": \"yesterday\"}", "date", "");
    refuses("order", ORDER, NULL, "kind",
            "no letter is called \"order\"; known are contact_form, order_confirmation");
    refuses(
        "order_confirmatoin", ORDER, NULL, "kind",
        "no letter is called \"order_confirmatoin\" (did you mean \"order_confirmation\"?); known");
    assert_int_equal(
        fct_letter_compose("contact_form", FORM, FACTEUR_NTS, NULL, 0, NULL, &message, &error),
        FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "to");
    assert_non_null(strstr(facteur_error_message(error), "contact_to"));
    facteur_error_free(error);
}

/* The visitor is never the sender, nor is one of several owners. */
static void a_form_without_a_from_comes_from_the_site(void **state)
{
    static const char *const rows[][3] = {
        {NULL, "owner@shop.example", "From: owner@shop.example\r\n"},
        {NULL, "Owner <owner@shop.example>", "From: Owner <owner@shop.example>\r\n"},
        {"site@shop.example", "owner@shop.example", "From: site@shop.example\r\n"},
        {NULL, "a@shop.example, b@shop.example", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fct_letter_defaults defaults = {rows[i][0], rows[i][1], NULL};
        facteur_message *message = NULL;
        facteur_error *error = NULL;
        char *bytes = NULL;
        size_t len;

        assert_int_equal(fct_letter_compose("contact_form", FORM, FACTEUR_NTS, NULL, 0, &defaults,
                                            &message, &error),
                         0);
        if (facteur_message_bytes(message, &bytes, &len, &error))
            assert_null(rows[i][2]);
        else
            assert_non_null(strstr(bytes, rows[i][2]));
        facteur_free(bytes);
        facteur_error_free(error);
        facteur_message_free(message);
    }
}

#ifdef FCT_FAULT_INJECTION
static void fail_every_allocation(const char *kind, const char *json, const char *from)
{
    const struct fct_letter_defaults defaults = {from, "owner@shop.example", NULL};
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;
        int result;

        fct_memory_fail_at(nth);
        result = fct_letter_compose(kind, json, FACTEUR_NTS, "{" FIXED "}", FACTEUR_NTS, &defaults,
                                    &message, &error);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        facteur_message_free(message);
        facteur_error_free(error);
    }
}

static void every_allocation_may_fail(void **state)
{
    fail_every_allocation("order_confirmation", ORDER, "site@shop.example");
    fail_every_allocation("contact_form", FORM, NULL);
    fail_every_allocation("contact_form", FORM, "site@shop.example");
}

/* The sentence about an unknown kind has the names of all; without memory for them it is another.
 */
static void an_unknown_kind_is_refused_whatever_memory_lacks(void **state)
{
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        const struct fct_letter_kind *kind = NULL;
        int result;

        fct_memory_fail_at(nth);
        result = fct_letter_kind_find("order_confirmatoin", &kind, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : FACTEUR_EMESSAGE);
        assert_null(kind);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_without_a_from_comes_from_the_site),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(an_unknown_kind_is_refused_whatever_memory_lacks),
#endif
        cmocka_unit_test(an_order_goes_from_merchant_to_customer),
        cmocka_unit_test(options_win_over_defaults_over_the_order),
        cmocka_unit_test(an_order_has_the_key_of_its_number_at_its_merchant),
        cmocka_unit_test(a_visitor_is_answered_but_never_the_sender),
        cmocka_unit_test(a_visitor_without_an_address_is_heard),
        cmocka_unit_test(a_customer_without_an_address_is_told_by_the_sending),
        cmocka_unit_test(refusals_name_the_place_in_the_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
