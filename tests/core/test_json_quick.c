/* SPDX-License-Identifier: MIT */
/* letters/json_quick: what it takes, jansson takes too, and both make the same of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#include "base/memory.h"
#include "letters/json_quick.h"

/* Whether it was taken; `json` ends where its memory does. */
static bool agrees(const char *json, size_t len)
{
    json_t *quick = fct_json_quick((fct_slice){json, len});
    json_t *slow = quick ? json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool taken = quick != NULL;

    if (taken && !(slow && json_equal(quick, slow)))
        fail_msg("not the same: %.*s", (int)len, json);
    json_decref(quick);
    json_decref(slow);
    return taken;
}

static bool agrees_on_first(const char *text, size_t len)
{
    char *exact = fct_malloc(len);
    bool taken;

    assert_non_null(exact);
    memcpy(exact, text, len);
    taken = agrees(exact, len);
    fct_free(exact);
    return taken;
}

static bool agrees_on(const char *text)
{
    return agrees_on_first(text, strlen(text));
}

static void what_is_taken(void **state)
{
    static const char *const taken[] = {
        "{}",
        " { } \r\n\t",
        "{\"\":\"\"}",
        "{\"a\":[],\"b\":{},\"c\":[1,-2,0,-0,999999999999999999,-999999999999999999]}",
        "{\"a\" : true , \"b\":false,\"c\":null}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "{\"a\":\"caf\\u00e9 \\u20AC \\ud83d\\udcec, 0123456789abcdef\"}",
        "{\"a\":\"é語📬 and sixteen bytes more\\n\",\"caf\\u00e9\":\"\\u007f\"}",
        "{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}",
        "{\"a\":\"\\u0001\\u007f\\u0080\\u07ff\\u0800\\ud7ff\\ue000\\uffff\"}",
        "{\"a\":\"\\ud800\\udc00\\ud800\\udfff\\udbff\\udc00\\udbff\\udfff\"}",
    };

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        assert_true(agrees_on(taken[i]));
}

static void what_is_left_to_jansson(void **state)
{
    static const char *const left[] = {
        "",
        "[1]",
        "\"text\"",
        "1",
        "\xef\xbb\xbf{}",
        "{\"a\":1.5}",
        "{\"a\":1e3}",
        "{\"a\":1000000000000000000}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":+1}",
        "{\"a\":tru}",
        "{\"a\":truely}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,}",
        "{\"a\":[1,]}",
        "{,}",
        "{\"a\"}",
        "{\"a\":1}}",
        "{\"a\":1} x",
        "{\"a\":'x'}",
        "{\"a\":\"line\nfeed\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u00\"}",
        "{\"a\":\"\\u00g0\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\\ud83d\\u0041\"}",
        "{\"a\":\"\\udcec\\ud83d\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xc3\"}",
        "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
        "{\"a name of sixty-four bytes, which is one too many for this one  \":1}",
    };

    static const char pair[] = "{\"a\":\"\\ud83d\\udcec\"}";

    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        assert_false(agrees_on(left[i]));
    assert_false(agrees("{\"a\":\"\0\"}", 9));
    /* Nothing behind the end is read. */
    for (size_t len = 0; len < sizeof pair - 1; len++)
        assert_false(agrees_on_first(pair, len));
}

/* Each byte of an order changed to each that means something in JSON. */
static void a_changed_order_is_read_as_jansson_reads_it(void **state)
{
    static const char bytes[] = "\"\\{}[],: \n\t0-1.eu/\x01\x7f\xc3\xa9\xed\xff\0n";
    fct_buf json = {0};
    size_t taken = 0;

    corpus_read("orders/simple", ".json", &json);
    assert_true(agrees(json.ptr, json.len));
    for (size_t i = 0; i < json.len; i++) {
        char kept = json.ptr[i];

        assert_false(agrees(json.ptr, i) && i + 1 < json.len);
        for (size_t k = 0; k + 1 < sizeof bytes; k++) {
            json.ptr[i] = bytes[k];
            taken += agrees(json.ptr, json.len) ? 1 : 0;
        }
        json.ptr[i] = kept;
    }
    assert_true(taken > json.len);
    fct_buf_done(&json);
}

static void an_unescaped_text_has_a_limit(void **state)
{
    static char text[16384];

    for (size_t i = 4090; i < 4100; i++) {
        size_t len = (size_t)snprintf(text, sizeof text, "{\"a\":\"\\n%0*d\",\"b\":\"%0*d\"}",
                                      (int)i, 0, (int)i, 0);

        assert_int_equal(agrees(text, len), i <= 4095);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken),
        cmocka_unit_test(what_is_left_to_jansson),
        cmocka_unit_test(a_changed_order_is_read_as_jansson_reads_it),
        cmocka_unit_test(an_unescaped_text_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
