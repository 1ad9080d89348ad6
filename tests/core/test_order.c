/* SPDX-License-Identifier: MIT */
/* letters/: orders out of the corpus into text and HTML, their sums, and every refusal's path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "letters/json_mend.h"
#include "letters/layout.h"

static const char *const orders[] = {"orders/simple", "orders/full",    "orders/yen",
                                     "orders/dinar",  "orders/hostile", "orders/brazil"};
#define ORDERS (sizeof orders / sizeof orders[0])

static void orders_become_the_expected_parts(void **state)
{
    for (size_t i = 0; i < ORDERS; i++) {
        struct composing c = {0};
        fct_buf json = {0};

        corpus_read(orders[i], ".json", &json);
        if (compose_order(&c, json.ptr, json.len))
            fail_msg("%s: %s: %s", orders[i], facteur_error_where(c.error),
                     facteur_error_message(c.error));
        corpus_expect(orders[i], ".txt", (fct_slice){c.composed.text.ptr, c.composed.text.len});
        corpus_expect(orders[i], ".html", (fct_slice){c.composed.html.ptr, c.composed.html.len});
        composing_done(&c);
        fct_buf_done(&json);
    }
}

static void text_stays_within_its_columns(void **state)
{
    for (size_t i = 0; i < ORDERS; i++) {
        struct composing c = {0};
        fct_buf json = {0};
        char *line, *rest;

        corpus_read(orders[i], ".json", &json);
        assert_int_equal(compose_order(&c, json.ptr, json.len), 0);
        for (line = strtok_r(c.composed.text.ptr, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            assert_true(fct_layout_columns(fct_slice_of(line)) <= FCT_LAYOUT_COLUMNS);
        composing_done(&c);
        fct_buf_done(&json);
    }
}

static void no_tag_of_the_user_reaches_the_html(void **state)
{
    struct composing c = {0};
    fct_buf json = {0};

    corpus_read("orders/hostile", ".json", &json);
    assert_int_equal(compose_order(&c, json.ptr, json.len), 0);
    assert_null(strstr(c.composed.html.ptr, "<script"));
    assert_null(strstr(c.composed.html.ptr, "alert(\""));
    assert_non_null(strstr(c.composed.html.ptr, "&lt;script&gt;alert(&quot;1&quot;)"));
    for (const char *at = c.composed.html.ptr; *at; at++)
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
    assert_int_equal(memchr(c.composed.subject.ptr, '\n', c.composed.subject.len) == NULL, 1);
    composing_done(&c);
    fct_buf_done(&json);
}

/* An order with `piece` in place of nothing: {"number": …, …, <piece>}. */
static void expect_refusal(const char *piece, const char *where, const char *message)
{
    struct composing c = {0};
    fct_buf json = {0};

    fct_buf_addf(&json, "{\"number\": 1, \"currency\": \"EUR\", \"merchant\": {\"name\": \"S\"}%s}",
                 piece);
    assert_int_equal(compose_order(&c, json.ptr, json.len), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(c.error), where);
    assert_string_equal(facteur_error_message(c.error), message);
    composing_done(&c);
    fct_buf_done(&json);
}

#define ITEMS ", \"items\": [{\"name\": \"a\", \"unit_price\": 1}]"
#define DECIMAL "expected a decimal string such as \"19.90\", got "

static void refusals_name_their_path(void **state)
{
    expect_refusal(", \"items\": [{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\", "
                   "\"unit_price\": 19.9}]",
                   "items[2].unit_price", DECIMAL "19.9");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"total\": 0.1}]", "items[0].total",
                   DECIMAL "0.1");
    expect_refusal(ITEMS ", \"total\": 1e3", "total", DECIMAL "1000.0");
    expect_refusal(ITEMS ", \"total\": \"19,90\"", "total", DECIMAL "\"19,90\"");
    expect_refusal(ITEMS ", \"total\": \"\"", "total", DECIMAL "\"\"");
    expect_refusal(ITEMS ", \"total\": \"+1\"", "total", DECIMAL "\"+1\"");
    expect_refusal(ITEMS ", \"total\": \"1.\"", "total", DECIMAL "\"1.\"");
    expect_refusal(ITEMS ", \"total\": true", "total", DECIMAL "true");
    expect_refusal(ITEMS ", \"total\": []", "total", DECIMAL "a list");
    expect_refusal(ITEMS ", \"shipping\": {\"amount\": {}}", "shipping.amount",
                   DECIMAL "an object");
    expect_refusal(ITEMS ", \"shipping\": 4.9", "shipping", DECIMAL "4.9");
    expect_refusal(ITEMS ", \"total\": \"1234567890123456789\"", "total",
                   "at most 18 digits before the point");
    expect_refusal(ITEMS ", \"discounts\": [{\"amount\": \"-5.00\"}]", "discounts[0].amount",
                   "expected an amount without a minus sign, got \"-5.00\"");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"quantity\": 0}]", "items[0].quantity",
                   "expected a number above zero such as 2 or \"1.5\", got 0");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"quantity\": 1.5}]", "items[0].quantity",
                   "expected a number above zero such as 2 or \"1.5\", got 1.5");
    expect_refusal(", \"items\": []", "items", "expected at least one item, got an empty list");
    expect_refusal(", \"items\": {}", "items", "expected at least one item, got an empty list");
    expect_refusal(", \"items\": {\"name\": \"a\"}", "items", "expected a list, got an object");
    expect_refusal(", \"items\": {\"7\": {\"name\": \"a\", \"total\": 0.5}}", "items.7.total",
                   DECIMAL "0.5");
    expect_refusal(", \"items\": [1]", "items[0]", "expected an object, got 1");
    expect_refusal(", \"items\": [null]", "items[0]", "expected an object, got null");
    expect_refusal("", "items", "missing");
    expect_refusal(", \"items\": null", "items", "missing");
    expect_refusal(", \"items\": [{}]", "items[0].name", "missing");
    expect_refusal(", \"items\": [{\"name\": \" \\n \"}]", "items[0].name",
                   "expected text, got an empty text");
    expect_refusal(", \"items\": [{\"name\": 12}]", "items[0].name", "expected text, got 12");
    expect_refusal(", \"items\": [{\"nmae\": \"a\"}]", "items[0].nmae",
                   "unknown field; did you mean \"name\"?");
    expect_refusal(ITEMS ", \"customer\": {\"colour\": 1}", "customer.colour",
                   "unknown field; known are name, email, phone");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"options\": {\"size\": {}}}]",
                   "items[0].options.size", "expected text, got an object");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"options\": [1]}]", "items[0].options",
                   "expected an object of names and values, got a list");
    expect_refusal(ITEMS ", \"date\": \"2026-02-29\"", "date",
                   "expected a date such as \"2026-11-23\" or \"2026-11-23T10:00:00+01:00\", got "
                   "\"2026-02-29\"");
    expect_refusal(ITEMS ", \"date\": 20261123", "date",
                   "expected a date such as \"2026-11-23\" or \"2026-11-23T10:00:00+01:00\", got "
                   "20261123");
    expect_refusal(ITEMS ", \"taxes\": [{\"amount\": 1, \"included\": \"yes\"}]",
                   "taxes[0].included", "expected true or false, got \"yes\"");
    expect_refusal(", \"items\": [{\"name\": \"a\"}, {\"name\": \"b\", \"total\": 1}]", "total",
                   "missing, and cannot be computed: items[0] has neither total nor unit_price");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"unit_price\": \"999999999999999999\", "
                   "\"quantity\": 2}]",
                   "items[0].total", "the sum has more than 18 digits");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"total\": \"999999999999999999\"}, "
                   "{\"name\": \"b\", \"total\": 1}]",
                   "items[1].total", "the sum has more than 18 digits");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"total\": \"999999999999999999\"}], "
                   "\"shipping\": 1",
                   "total", "the sum has more than 18 digits");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"total\": \"999999999999999999\"}], "
                   "\"taxes\": [{\"amount\": 1}]",
                   "total", "the sum has more than 18 digits");
    expect_refusal(", \"items\": [{\"name\": \"a\", \"total\": \"-999999999999999999\"}], "
                   "\"discounts\": [{\"amount\": 1}]",
                   "total", "the sum has more than 18 digits");
}

static void refuses(const char *json, const char *where, const char *message)
{
    struct composing c = {0};

    assert_int_equal(compose_order(&c, json, FACTEUR_NTS), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(c.error), where);
    assert_string_equal(facteur_error_message(c.error), message);
    composing_done(&c);
}

static void dates_are_days_of_the_calendar(void **state)
{
    static const char *const good[] = {"2026-01-31",
                                       "2026-12-31",
                                       "2024-02-29",
                                       "2000-02-29",
                                       "0001-01-01",
                                       "2026-04-30",
                                       "2026-11-23T10:00:00Z",
                                       "2026-11-23T23:59:60+01:00",
                                       "2026-11-23t10:00:00.125z",
                                       "2026-11-23 10:00",
                                       "2026-11-23T10:00:00",
                                       "2026-11-23T10:00:00-0530"};
    static const char *const bad[] = {"2026-13-01",
                                      "2026-00-01",
                                      "2026-01-00",
                                      "2026-01-32",
                                      "2026-02-29",
                                      "1900-02-29",
                                      "2026-04-31",
                                      "0000-01-01",
                                      "2026-1-01",
                                      "2026/11/23",
                                      "2026-11/23",
                                      "2026-11-2",
                                      "26-11-23",
                                      "2026-11-23x",
                                      "2026-11-23T",
                                      "2026-11-23Tnoon",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T10:60:00Z",
                                      "2026-11-23T10:00:61Z",
                                      "2026-11-23T10:00:0Z",
                                      "2026-11-23T10:00:00 o'clock",
                                      "2026-11-23T10:00Zz",
                                      "2026-11-23T10:00+1",
                                      "2026-11-23T10:00+01:00x",
                                      "2026-11-23T10:00+24:00",
                                      "2026-11-23_10:00"};
    char extra[96], told[160];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct composing c = {0};
        char json[256];
        int len = snprintf(json, sizeof json,
                           "{\"number\": \"1\", \"currency\": \"EUR\"" ITEMS
                           ", \"merchant\": {\"name\": \"m\"}, \"date\": \"%s\"}",
                           good[i]);

        if (compose_order(&c, json, (size_t)len))
            fail_msg("%s: %s: %s", good[i], facteur_error_where(c.error),
                     facteur_error_message(c.error));
        composing_done(&c);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(extra, sizeof extra, ITEMS ", \"date\": \"%s\"", bad[i]);
        snprintf(told, sizeof told,
                 "expected a date such as \"2026-11-23\" or \"2026-11-23T10:00:00+01:00\", got "
                 "\"%s\"",
                 bad[i]);
        expect_refusal(extra, "date", told);
    }
}

static void malformed_json_is_told_with_line_and_column(void **state)
{
    refuses("{\n  \"number\": 1,\n  oops\n}", "",
            "malformed JSON at line 3, column 6: string or '}' expected near 'oops'");
    refuses("{\"number\": 1, \"number\": 2}", "",
            "malformed JSON at line 1, column 22: duplicate object key near '\"number\"'");
    refuses("", "", "expected a JSON object, got nothing");
    refuses("[]", "", "expected a JSON object");
    refuses("{\"number\": \"\\u0000\"}", "number", "expected text, got an empty text");
    refuses("{\"number\": 1, \"currency\": \"EURO\", \"merchant\": {\"name\": \"S\"}" ITEMS "}",
            "currency", "expected a currency code of ISO 4217 such as \"EUR\", got \"EURO\"");
    refuses("{\"number\": 1, \"currency\": \"EUR\"" ITEMS "}", "merchant", "missing");
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
    struct composing c = {0};

    assert_int_equal(compose_order(&c, "{\"number\": \xff}", FACTEUR_NTS), FACTEUR_EMESSAGE);
    assert_int_equal(fct_utf8_check(fct_slice_of(facteur_error_message(c.error))),
                     strlen(facteur_error_message(c.error)));
    composing_done(&c);
}

static void what_breaks_a_text_is_mended(void **state)
{
    static const struct {
        const char *json, *mended;
    } cases[] = {
        {"{\"a\\u0000b\": \"x\\u0000\\u0001\"}", "{\"a b\": \"x \\u0001\"}"},
        {"\"\\ud83d\"", "\"\xef\xbf\xbd\""},
        {"\"\\uDE00x\"", "\"\xef\xbf\xbdx\""},
        {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\\ud83d\\ude00\""},
        {"\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd\\u0041\""},
        {"\"\\ud83d", "\"\xef\xbf\xbd"},
        {"\"a\\\"b\\\\\" \xff \"\xf0\x9f\x98\"", "\"a\\\"b\\\\\" \xff \"\xef\xbf\xbd\""},
        {"\"\xf0\x9f\x98\x80 \xe9t\xe9\"", "\"\xf0\x9f\x98\x80 \xef\xbf\xbdt\xef\xbf\xbd\""},
        {"\"\\u12\"", "\"\\u12\""},
        {"\"\\", "\"\\"},
        {"\\u0000", "\\u0000"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_buf out = {0};

        fct_json_mend(fct_slice_of(cases[i].json), &out);
        fct_buf_add_char(&out, '\0');
        assert_string_equal(out.ptr, cases[i].mended);
        fct_buf_done(&out);
    }
}

/* The text part of an order with `piece` in it: {"number": …, <piece>}. */
static void expect_shown(const char *piece, const char *const *shown)
{
    struct composing c = {0};
    fct_buf json = {0};

    fct_buf_addf(&json, "{\"number\": 1, \"currency\": \"EUR\", \"merchant\": {\"name\": \"S\"}%s}",
                 piece);
    if (compose_order(&c, json.ptr, json.len))
        fail_msg("%s: %s", piece, facteur_error_message(c.error));
    for (; *shown; shown++) {
        if (!strstr(c.composed.text.ptr, *shown))
            fail_msg("no \"%s\" in: %s", *shown, c.composed.text.ptr);
    }
    composing_done(&c);
    fct_buf_done(&json);
}

static void a_new_currency_is_shown_by_its_code(void **state)
{
    struct composing c = {0};
    static const char json[] =
        "{\"number\": 1, \"currency\": \"xzq\", \"locale\": \"en\", \"merchant\":"
        " {\"name\": \"S\"}, \"items\": [{\"name\": \"a\", \"total\": \"19.9\"}]}";

    assert_int_equal(compose_order(&c, json, FACTEUR_NTS), 0);
    assert_non_null(strstr(c.composed.text.ptr, "XZQ\xc2\xa0"
                                                "19.90"));
    composing_done(&c);
}

static void shops_write_their_data_as_they_do(void **state)
{
    expect_shown(", \"items\": {\"3\": {\"name\": \"Lamp\", \"unit_price\": 1}, \"17\": {\"name\": "
                 "\"Bulb\", \"total\": 2}}",
                 (const char *[]){"Lamp", "Bulb", NULL});
    expect_shown(ITEMS ", \"customer\": [], \"payment\": [], \"delivery\": [], \"shipping\": [],"
                       " \"billing_address\": [], \"date\": \"\", \"discounts\": {}",
                 (const char *[]){"Thank you", NULL});
    expect_shown(
        ", \"items\": [{\"name\": \"a\", \"total\": 1, \"options\": {\"Wrap\": true, \"Card\": "
        "false, \"Size\": 1.5, \"Count\": 2}}]",
        (const char *[]){"Wrap: \xe2\x9c\x93 \xc2\xb7 Size: 1.5 \xc2\xb7 Count: 2", NULL});
    expect_shown(ITEMS
                 ", \"taxes\": [{\"rate\": 5.5, \"amount\": 1}, {\"rate\": 7.0, \"amount\": 1}]",
                 (const char *[]){"5.5%", "7%", NULL});
    expect_shown(ITEMS ", \"notes\": \"half \\ud83d an emoji\\u0000!\"",
                 (const char *[]){"half \xef\xbf\xbd an emoji !", NULL});
}

/* Whatever is cut off, the answer is an error and not a letter. */
static void an_order_cut_anywhere_is_refused(void **state)
{
    fct_buf json = {0};

    corpus_read("orders/full", ".json", &json);
    while (json.len && json.ptr[json.len - 1] == '\n')
        json.len--;
    for (size_t len = 0; len < json.len; len += 3) {
        struct composing c = {0};

        assert_int_equal(compose_order(&c, json.ptr, len), FACTEUR_EMESSAGE);
        composing_done(&c);
    }
    fct_buf_done(&json);
}

#ifdef FCT_FAULT_INJECTION
static void every_allocation_may_fail(void **state)
{
    fct_buf json = {0};
    int failed = 1;

    corpus_read("orders/full", ".json", &json);
    for (unsigned long nth = 1; failed; nth++) {
        struct composing c = {0};
        int result;

        fct_memory_fail_at(nth);
        result = compose_order(&c, json.ptr, json.len);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        composing_done(&c);
    }
    fct_buf_done(&json);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_allocation_may_fail),
#endif
        cmocka_unit_test(orders_become_the_expected_parts),
        cmocka_unit_test(text_stays_within_its_columns),
        cmocka_unit_test(no_tag_of_the_user_reaches_the_html),
        cmocka_unit_test(refusals_name_their_path),
        cmocka_unit_test(dates_are_days_of_the_calendar),
        cmocka_unit_test(malformed_json_is_told_with_line_and_column),
        cmocka_unit_test(bytes_that_are_no_utf8_are_refused),
        cmocka_unit_test(what_breaks_a_text_is_mended),
        cmocka_unit_test(a_new_currency_is_shown_by_its_code),
        cmocka_unit_test(shops_write_their_data_as_they_do),
        cmocka_unit_test(an_order_cut_anywhere_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
