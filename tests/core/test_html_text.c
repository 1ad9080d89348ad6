/* SPDX-License-Identifier: MIT */
/* mime/: the text that is made of an HTML body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/corpus.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "mime/html_text.h"
#include "mime/limits.h"

static const char *const pages[] = {"html/bare",   "html/empty", "html/links",  "html/lists",
                                    "html/office", "html/order", "html/quotes", "html/signs"};
#define PAGES (sizeof pages / sizeof pages[0])

static void pages_become_the_expected_text(void **state)
{
    for (size_t i = 0; i < PAGES; i++) {
        facteur_error *error = NULL;
        fct_buf html = {0};
        char *text = NULL;
        size_t len = 0;

        corpus_read(pages[i], ".html", &html);
        if (fct_html_text((fct_slice){html.ptr, html.len}, &text, &len, &error))
            fail_msg("%s: %s", pages[i], facteur_error_message(error));
        corpus_expect(pages[i], ".txt", (fct_slice){text, len});
        facteur_free(text);
        fct_buf_done(&html);
    }
}

static void expect_lines(const char *text, size_t len)
{
    assert_int_equal(fct_utf8_check((fct_slice){text, len}), len);
    for (size_t i = 0; i < len; i++) {
        assert_true(text[i] == '\n' || (unsigned char)text[i] >= ' ');
        assert_false(text[i] == '\n' && i && text[i - 1] == ' ');
    }
    assert_true(!len || text[len - 1] == '\n');
}

/* What a broken program hands over: the page up to any byte that ends a character. */
static void pages_cut_anywhere_are_still_lines(void **state)
{
    for (size_t i = 0; i < PAGES; i++) {
        fct_buf html = {0};

        corpus_read(pages[i], ".html", &html);
        for (size_t cut = 0; cut <= html.len; cut++) {
            char *text = NULL;
            size_t len = 0;

            if (fct_utf8_check((fct_slice){html.ptr, cut}) != cut)
                continue;
            assert_int_equal(fct_html_text((fct_slice){html.ptr, cut}, &text, &len, NULL), 0);
            expect_lines(text, len);
            facteur_free(text);
        }
        fct_buf_done(&html);
    }
}

/* `unit` again and again. */
static int text_of_many(const char *unit, size_t count, const char *before, const char *behind,
                        facteur_error **error)
{
    fct_buf html = {0};
    char *text = NULL;
    size_t len = 0;
    int result;

    fct_buf_add_text(&html, before);
    for (size_t i = 0; i < count; i++)
        fct_buf_add_text(&html, unit);
    fct_buf_add_text(&html, behind);
    result = fct_html_text((fct_slice){html.ptr, html.len}, &text, &len, error);
    if (!result)
        expect_lines(text, len);
    facteur_free(text);
    fct_buf_done(&html);
    return result;
}

static void expect_refusal(const char *unit, size_t count, const char *before, const char *told)
{
    facteur_error *error = NULL;

    assert_int_equal(text_of_many(unit, count, before, "", &error), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "html");
    assert_non_null(strstr(facteur_error_message(error), told));
    facteur_error_free(error);
}

static void what_would_not_be_linear_is_refused(void **state)
{
    expect_refusal("<b>", FCT_MAX_HTML_DEPTH + 1, "", "1024 elements within each other");
    expect_refusal("<div><b>", 1U << 20, "", "1024 elements within each other");
    expect_refusal(" a=''", 10000, "<p", "512 attributes in one tag");
    expect_refusal(" a", 10000, "<p", "512 attributes in one tag");
    expect_refusal("\ta", 10000, "<p", "512 attributes in one tag");
    expect_refusal("\na", 10000, "<p", "512 attributes in one tag");
    expect_refusal("\ra", 10000, "<p", "512 attributes in one tag");
    expect_refusal("a=\"\"", 10000, "<p ", "512 attributes in one tag");
    expect_refusal("12345678", (FCT_MAX_HTML >> 3) + 1, "", "8388608 bytes");
}

static void much_of_it_is_not_refused(void **state)
{
    assert_int_equal(text_of_many("<b>", FCT_MAX_HTML_DEPTH - 4, "", "", NULL), 0);
    assert_int_equal(text_of_many("<p>word ", 20000, "", "", NULL), 0);
    assert_int_equal(text_of_many("words in a script ", 20000, "<script>", "</script>", NULL), 0);
    assert_int_equal(text_of_many("AAAAAAAA", 20000, "<img src='data:", "'>", NULL), 0);
    assert_int_equal(
        text_of_many("<p class='a b'>c", 20000, "<p class='a'><img src='data:AAAAAAAA'>", "", NULL),
        0);
    assert_int_equal(text_of_many(" in a comment", 20000, "<!--", "-->", NULL), 0);
    assert_int_equal(text_of_many("<a href='https://x.example/'>x</a>", 20000, "", "", NULL), 0);
}

static void expect_text(const char *html, const char *expected)
{
    char *text = NULL;
    size_t len = 0;

    assert_int_equal(fct_html_text(fct_slice_of(html), &text, &len, NULL), 0);
    assert_string_equal(text, expected);
    facteur_free(text);
}

static void a_list_in_a_list_has_no_empty_lines(void **state)
{
    expect_text("<ul><li>a<ul><li>b</li></ul>c</li></ul>d", "- a\n  - b\n  c\n\nd\n");
}

#ifdef FCT_FAULT_INJECTION
static void every_failed_allocation_is_told(void **state)
{
    fct_buf html = {0};

    corpus_read("html/order", ".html", &html);
    for (unsigned long nth = 1;; nth++) {
        char *text = NULL;
        size_t len = 0;
        int err;

        fct_memory_fail_at(nth);
        err = fct_html_text((fct_slice){html.ptr, html.len}, &text, &len, NULL);
        if (!fct_memory_failed()) {
            fct_memory_fail_at(0);
            assert_int_equal(err, 0);
            facteur_free(text);
            assert_true(nth > 5);
            break;
        }
        assert_int_equal(err, FACTEUR_ENOMEM);
        assert_null(text);
    }
    fct_buf_done(&html);
}
#endif

/* Blanks and line ends are kept within it, and fold again behind it. */
static void kept_text_has_an_end(void **state)
{
    static const char html[] = "<p>a  b</p><pre>c  d\n e</pre><p>f  g\n h</p>";
    char *text = NULL;
    size_t len = 0;

    assert_int_equal(fct_html_text(FCT_SLICE(html), &text, &len, NULL), 0);
    assert_string_equal(text, "a b\n\nc  d\n e\n\nf g h\n");
    facteur_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_become_the_expected_text),
        cmocka_unit_test(pages_cut_anywhere_are_still_lines),
        cmocka_unit_test(what_would_not_be_linear_is_refused),
        cmocka_unit_test(much_of_it_is_not_refused),
        cmocka_unit_test(a_list_in_a_list_has_no_empty_lines),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_failed_allocation_is_told),
#endif
        cmocka_unit_test(kept_text_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
