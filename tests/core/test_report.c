/* SPDX-License-Identifier: MIT */
/*
 * mime/report: the shapes of tests/corpus/bounces, whole, cut at every octet and without memory,
 * and what only looks like a report.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/report.h"
#include "mime/report_text.h"
#include "support/corpus.h"

static const char *const kinds[] = {"none", "delivery", "complaint"};

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

/* A line of expected.tsv, without the last word of each recipient. */
static void describe(const char *name, const struct fct_report *report, fct_buf *out)
{
    fct_buf_addf(out, "%s\t%s\t%s\t%s\t%s\t", name, kinds[report->kind], or_dash(report->envid),
                 or_dash(report->message_id), or_dash(report->feedback));
    for (size_t i = 0; i < report->recipient_count; i++)
        fct_buf_addf(out, "%s%s|%s|%s", i ? " " : "", report->recipients[i].address,
                     or_dash(report->recipients[i].action), or_dash(report->recipients[i].status));
    if (!report->recipient_count)
        fct_buf_add_char(out, '-');
}

static void drop_words(char *line)
{
    static const char *const words[] = {"|suppressed", "|kept"};
    char *at;

    for (size_t i = 0; i < 2; i++) {
        while ((at = strstr(line, words[i])) != NULL)
            memmove(at, at + strlen(words[i]), strlen(at + strlen(words[i])) + 1);
    }
}

/* For each file of the corpus: its name, its bytes and its line. */
static void for_each(void (*act)(const char *name, fct_slice bytes, const char *line))
{
    fct_buf list = {0};
    char *rest, *line;
    unsigned count = 0;

    corpus_read("bounces/expected", ".tsv", &list);
    rest = list.ptr;
    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        char name[64], path[96];
        fct_buf bytes = {0};

        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, "\t"), line);
        snprintf(path, sizeof path, "bounces/%s", name);
        corpus_read(path, ".eml", &bytes);
        drop_words(line);
        act(name, (fct_slice){bytes.ptr ? bytes.ptr : "", bytes.len}, line);
        fct_buf_done(&bytes);
        count++;
    }
    assert_true(count >= 60);
    fct_buf_done(&list);
}

static void read_whole(const char *name, fct_slice bytes, const char *line)
{
    struct fct_report report;
    fct_buf got = {0};

    assert_int_equal(fct_report_read(&report, bytes), 0);
    describe(name, &report, &got);
    assert_string_equal(got.ptr, line);
    fct_buf_done(&got);
    fct_report_done(&report);
}

static void the_shapes_are_read(void **state)
{
    for_each(read_whole);
}

static void read_cut(const char *name, fct_slice bytes, const char *line)
{
    for (size_t len = 0; len < bytes.len; len++) {
        /* Of its own size, so that a byte too far shows. */
        char *copy = malloc(len + !len);
        struct fct_report report;

        memcpy(copy, bytes.ptr, len);
        assert_int_equal(fct_report_read(&report, (fct_slice){copy, len}), 0);
        fct_report_done(&report);
        free(copy);
    }
}

static void a_cut_report_does_no_harm(void **state)
{
    for_each(read_cut);
}

#ifdef FCT_FAULT_INJECTION
static void read_poor(const char *name, fct_slice bytes, const char *line)
{
    for (unsigned nth = 1;; nth++) {
        struct fct_report report;
        int result;

        fct_memory_fail_at(nth);
        result = fct_report_read(&report, bytes);
        if (!fct_memory_failed()) {
            fct_memory_fail_at(0);
            assert_int_equal(result, 0);
            fct_report_done(&report);
            return;
        }
        fct_memory_fail_at(0);
        if (result != FACTEUR_ENOMEM)
            fail_msg("%s: allocation %u", name, nth);
        assert_null(report.recipients);
    }
}

static void without_memory_nothing_is_left(void **state)
{
    for_each(read_poor);
}
#endif

static void statuses_are_found(void **state)
{
    static const struct {
        const char *text, *status;
    } cases[] = {
        {"5.1.1", "5.1.1"},
        {"550 5.7.515 no", "5.7.515"},
        {"(#5.1.2)", "5.1.2"},
        {"550-5.2.1: x", "5.2.1"},
        {"192.5.1.1 said 4.2.2", "4.2.2"},
        {"5.1.1.1", ""},
        {"5.1", ""},
        {"3.1.1", ""},
        {"x5.1.1", ""},
        {"5.1.1x", ""},
        {"5..1", ""},
        {"5.1234.1", ""},
        {"at 5.1.1.", "5.1.1"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char status[12] = "";

        fct_report_status((fct_slice){cases[i].text, strlen(cases[i].text)}, status);
        assert_string_equal(status, cases[i].status);
    }
}

/* The space between two words counts, too. */
static void a_line_keeps_to_its_length(void **state)
{
    for (size_t max = 1; max < 6; max++) {
        char *line = fct_report_line(FCT_SLICE(" ab \t\n c\x7f d "), max);

        assert_string_equal(line, max > 3 ? "ab c" : max > 1 ? "ab" : "a");
        fct_free(line);
    }
}

/* Parts within parts end somewhere, and a thousand recipients are no more than a hundred. */
static void large_reports_are_bounded(void **state)
{
    struct fct_report report;
    fct_buf text = {0};

    for (unsigned i = 0; i < 30; i++)
        fct_buf_addf(&text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
    fct_buf_add_text(&text, "Content-Type: message/delivery-status\n\n\nFinal-Recipient: x;a@b\n");
    assert_int_equal(fct_report_read(&report, (fct_slice){text.ptr, text.len}), 0);
    assert_int_equal(report.kind, FCT_REPORT_NONE);
    fct_report_done(&report);
    fct_buf_clear(&text);
    fct_buf_add_text(&text, "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n");
    for (unsigned i = 0; i < 1000; i++)
        fct_buf_addf(&text, "Final-Recipient: rfc822; a%u@b.example\nStatus: 5.1.1\n\n", i);
    assert_int_equal(fct_report_read(&report, (fct_slice){text.ptr, text.len}), 0);
    assert_int_equal(report.recipient_count, FCT_REPORT_RECIPIENTS_MAX);
    fct_report_done(&report);
    fct_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shapes_are_read),
        cmocka_unit_test(a_cut_report_does_no_harm),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(without_memory_nothing_is_left),
#endif
        cmocka_unit_test(statuses_are_found),
        cmocka_unit_test(a_line_keeps_to_its_length),
        cmocka_unit_test(large_reports_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
