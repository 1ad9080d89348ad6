/* SPDX-License-Identifier: MIT */
/* Replies: forms, limits, enhanced codes, printable text, any split of the stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "smtp/reply.h"

/* 1, 0 or an error after all the bytes, fed `step` at a time; checks that nothing is read past a
 * reply. */
static int feed(fct_reply_parser *parser, const char *bytes, size_t len, size_t step)
{
    int result = 0;

    while (len && result == 0) {
        size_t part = len < step ? len : step, used = 0;

        result = fct_reply_feed(parser, bytes, part, &used);
        if (result >= 0)
            assert_true(used <= part && (result == 1 || used == part));
        bytes += used;
        len -= used;
    }
    if (result == 1)
        assert_int_equal(len, 0);
    return result;
}

static const struct {
    const char *bytes;
    int result, code;
    const char *enhanced, *text;
} cases[] = {
    {"250 ok\r\n", 1, 250, "", "ok"},
    {"250 ok\n", 1, 250, "", "ok"},
    {"250\r\n", 1, 250, "", ""},
    {"250\n", 1, 250, "", ""},
    {"250 \r\n", 1, 250, "", ""},
    {"250-a\r\n250-\r\n250 b\r\n", 1, 250, "", "a\n\nb"},
    {"250-a\n250\r\n", 1, 250, "", "a\n"},
    {"550 5.1.1 no such user\r\n", 1, 550, "5.1.1", "no such user"},
    {"550-5.1.1 no\r\n550 5.1.1 user\r\n", 1, 550, "5.1.1", "no\nuser"},
    {"550 5.123.456\r\n", 1, 550, "5.123.456", ""},
    {"550 5.1234.1 x\r\n", 1, 550, "", "5.1234.1 x"},
    {"550 4.1.1 other class\r\n", 1, 550, "", "4.1.1 other class"},
    {"550 5.1.1x\r\n", 1, 550, "", "5.1.1x"},
    {"550 5..1 x\r\n", 1, 550, "", "5..1 x"},
    {"220 \xc3\xa9t\xc3\xa9 \xff\x01\x1b[0m\r\n", 1, 220, "",
     "\xc3\xa9t\xc3\xa9 ??"
     "?[0m"},
    {"250 a\rb\r\n", 1, 250, "", "a?b"},
    {"250 \xc2\x85\r\n", 1, 250, "", "?"},
    {"250 a\tb\x7f \xc2\xa0\r\n", 1, 250, "", "a\tb? \xc2\xa0"},
    {"550 5x1.1 no\r\n", 1, 550, "", "5x1.1 no"},
    {"550 5.1 no\r\n", 1, 550, "", "5.1 no"},
    {"550-5.1.1\r\n550 5.1.1 no\r\n", 1, 550, "5.1.1", "\nno"},
    {"250 ok", 0, 0, "", ""},
    {"", 0, 0, "", ""},
    {"250-ok\r\n", 0, 0, "", ""},
    {"2500 ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"250ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"250\tok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"25\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"25x ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"2x0 ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"150 ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"650 ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {" 250 ok\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"250-a\r\n251 b\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
    {"250-a\r\nb\r\n", FACTEUR_EPROTOCOL, 0, "", ""},
};

static void forms(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (size_t step = 1; step <= strlen(cases[i].bytes) + 1; step++) {
            fct_reply_parser parser = {0};
            fct_buf text = {0};
            fct_reply reply;
            int result = feed(&parser, cases[i].bytes, strlen(cases[i].bytes), step);

            assert_int_equal(result, cases[i].result);
            assert_int_equal(result < 0, parser.problem != NULL);
            if (result == 1) {
                fct_reply_read(&parser, &text, &reply);
                assert_int_equal(reply.code, cases[i].code);
                assert_string_equal(reply.enhanced, cases[i].enhanced);
                assert_string_equal(reply.text, cases[i].text);
            }
            fct_buf_done(&text);
            fct_reply_parser_done(&parser);
        }
    }
}

static void a_group_is_read_one_by_one(void **state)
{
    static const char group[] = "250 a\r\n250-b\r\n250 c\r\n354 d\r\n";
    fct_reply_parser parser = {0};
    const char *at = group;
    size_t used = 0;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(fct_reply_feed(&parser, at, strlen(at), &used), 1);
        at += used;
        assert_string_equal(parser.text.ptr, i == 0 ? "a" : i == 1 ? "b\nc" : "d");
    }
    assert_int_equal(*at, '\0');
    fct_reply_parser_done(&parser);
}

/* `count` times "250-xxx…", each of `len` bytes with its end, then the last line. */
static int lines(size_t count, size_t len, size_t step)
{
    fct_reply_parser parser = {0};
    char *bytes = malloc(count * len + 8);
    int result;

    memset(bytes, 'x', count * len);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + i * len, "250-", 4);
        memcpy(bytes + (i + 1) * len - 2, "\r\n", 2);
    }
    memcpy(bytes + count * len, "250 x\r\n", 7);
    result = feed(&parser, bytes, count * len + 7, step);
    /* What is kept stays within the limits too. */
    assert_true(parser.line.len <= FCT_REPLY_LINE_MAX && parser.text.len <= FCT_REPLY_MAX);
    fct_reply_parser_done(&parser);
    free(bytes);
    return result;
}

static void limits(void **state)
{
    static const size_t steps[] = {1, 7, 4096, SIZE_MAX};

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lines(1, FCT_REPLY_LINE_MAX, steps[i]), 1);
        assert_int_equal(lines(1, FCT_REPLY_LINE_MAX + 1, steps[i]), FACTEUR_EPROTOCOL);
        assert_int_equal(lines(FCT_REPLY_LINES_MAX - 1, 10, steps[i]), 1);
        assert_int_equal(lines(FCT_REPLY_LINES_MAX, 10, steps[i]), FACTEUR_EPROTOCOL);
        assert_int_equal(lines(7, FCT_REPLY_LINE_MAX, steps[i]), 1);
        assert_int_equal(lines(8, FCT_REPLY_LINE_MAX, steps[i]), FACTEUR_EPROTOCOL);
    }
}

#ifdef FCT_FAULT_INJECTION
static void memory_runs_out(void **state)
{
    static const char bytes[] = "250-2.0.0 first line\r\n250 2.0.0 second line\r\n";
    int failed;

    for (unsigned long nth = 1;; nth++) {
        fct_reply_parser parser = {0};
        fct_buf text = {0};
        fct_reply reply = {0};
        int result;

        fct_memory_fail_at(nth);
        result = feed(&parser, bytes, sizeof(bytes) - 1, 5);
        if (result == 1) {
            fct_reply_read(&parser, &text, &reply);
            /* The verdict is not lost with its words. */
            assert_int_equal(reply.code, 250);
            assert_string_equal(reply.enhanced, "2.0.0");
        } else {
            assert_int_equal(result, FACTEUR_ENOMEM);
        }
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        fct_buf_done(&text);
        fct_reply_parser_done(&parser);
        if (!failed)
            return;
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(a_group_is_read_one_by_one),
        cmocka_unit_test(limits),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(memory_runs_out),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
