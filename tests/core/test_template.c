/* SPDX-License-Identifier: MIT */
/* letters/: the template language, the embedded templates and catalogues, text in columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "letters/layout.h"
#include "letters/template.h"

static void render(const char *name, const char *source, const fct_view *view, fct_buf *out)
{
    facteur_error *error = NULL;
    fct_template *made;

    if (fct_template_new(name, fct_slice_of(source), &made, &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    fct_buf_clear(out);
    fct_buf_add_text(out, "");
    fct_template_render(made, view, fct_catalogue_for("en"), out);
    assert_false(out->failed);
    fct_template_free(made);
}

/* UAX 11: wide characters take two columns, marks none, and what is no UTF-8 one for each octet. */
static void characters_have_their_columns(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
    } rows[] = {{"", 0},
                {"abc", 3},
                {"\xc3\xa9", 1},
                {"e\xcc\x81", 1},
                {"\xe8\xaa\x9e", 2},
                {"\xef\xbd\xb1", 1},
                {"\xff", 1},
                {"a\xff\xfe", 3},
                {"\xe8\xaa", 2},
                {"\xe2\x80\x8b", 0},
                {"\xf0\x9f\x8e\x89", 2}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t got = fct_layout_columns(fct_slice_of(rows[i].text));

        if (got != rows[i].columns)
            fail_msg("row %zu: %zu", i, got);
    }
}

/* An embedded template is compiled once; no other has a name. */
static void templates_have_their_names(void **state)
{
    const fct_template *first = NULL, *second = NULL;
    facteur_error *error = NULL;

    for (size_t i = 0; i < fct_embedded_template_count; i++) {
        const char *name = fct_embedded_templates[i].name;

        assert_int_equal(fct_template_get(name, &first, NULL), 0);
        assert_int_equal(fct_template_get(name, &second, NULL), 0);
        assert_ptr_equal(first, second);
    }
    assert_int_equal(fct_template_get("nothing.txt", &first, &error), FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_message(error), "there is no such template");
    assert_string_equal(facteur_error_where(error), "nothing.txt");
    facteur_error_free(error);
}

/* A view that is full grows in its arena; one on the stack does not. */
static void views_grow(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    fct_arena arena = {0};
    fct_view view;
    fct_buf out = {0};

    assert_true(fct_view_init(&view, &arena, 1));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        fct_view_text(&view, names[i], fct_slice_of(names[i]));
    assert_int_equal(view.count, 9);
    assert_true(view.cap >= 9);
    render("case.txt", "{{a}}{{b}}{{c}}{{d}}{{e}}{{f}}{{g}}{{h}}{{i}}", &view, &out);
    assert_string_equal(out.ptr, "abcdefghi");
    view = (fct_view){0};
    fct_view_text(&view, "a", FCT_SLICE("a"));
    assert_int_equal(view.count, 0);
    fct_buf_done(&out);
    fct_arena_done(&arena);
}

static void templates_render(void **state)
{
    static const char *const cases[][2] = {
        {"a {{name}} b", "a <A&B> b"},
        {"a {{ name }}{{none}} b", "a <A&B> b"},
        {"{{#name}}yes{{/name}}{{^name}}no{{/name}}", "yes"},
        {"{{#none}}yes{{/none}}{{^none}}no{{/none}}", "no"},
        {"{{#list}}{{n}},{{/list}}", "1,2,3,"},
        {"{{#list}}{{n}}{{name}}{{/list}}", "1<A&B>2<A&B>3<A&B>"},
        {"{{^list}}empty{{/list}}{{^nothing}}empty{{/nothing}}", "empty"},
        {"x\n{{#list}}\n{{n}}\n{{/list}}\ny\n", "x\n1\n2\n3\ny\n"},
        {"x\n  {{! alone }}  \ny", "x\ny"},
        {"x {{! within }} y", "x  y"},
        {"{{#list}}\n{{/list}}\nz", "z"},
        {"{{$item_count.other}}", " items"},
        {"{{$greeting}}", "Hello,"},
        {"{{#list}}{{#inner}}{{n}}{{/inner}}{{/list}}", ""},
        {"} } {x} {", "} } {x} {"},
    };
    fct_arena arena = {0};
    fct_view view, list[3];
    fct_buf out = {0};

    assert_true(fct_view_init(&view, &arena, 2));
    fct_view_text(&view, "name", FCT_SLICE("<A&B>"));
    for (size_t i = 0; i < 3; i++) {
        assert_true(fct_view_init(&list[i], &arena, 1));
        fct_view_text(&list[i], "n", (fct_slice){&"123"[i], 1});
    }
    fct_view_list(&view, "list", list, 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        render("case.txt", cases[i][0], &view, &out);
        assert_string_equal(out.ptr, cases[i][1]);
    }
    render("case.html", "{{name}}", &view, &out);
    assert_string_equal(out.ptr, "&lt;A&amp;B&gt;");
    fct_buf_done(&out);
    fct_arena_done(&arena);
}

static void html_escapes_every_value(void **state)
{
    fct_arena arena = {0};
    fct_buf out = {0};
    fct_view view;

    assert_true(fct_view_init(&view, &arena, 1));
    fct_view_text(&view, "customer_name", FCT_SLICE("\"'<>&\nx"));
    render("t.html", "<a title=\"{{customer_name}}\">", &view, &out);
    assert_string_equal(out.ptr, "<a title=\"&quot;&#39;&lt;&gt;&amp;<br>\nx\">");
    render("t.html", "{{$greeting_name}}", &view, &out);
    assert_string_equal(out.ptr, "Hello &quot;&#39;&lt;&gt;&amp;<br>\nx,");
    fct_buf_done(&out);
    fct_arena_done(&arena);
}

static void broken_templates_name_the_line(void **state)
{
    static const char *const cases[][2] = {
        {"a\nb {{x", "line 1: a tag is not closed: \"{{\""},
        {"{{}}", "line 1: a tag without a name: \"{{}}\""},
        {"a\n{{#x}}\n", "line 3: a section is not closed: \"x\""},
        {"{{#x}}{{name}}\nb", "line 1: a section is not closed: \"x\""},
        {"a\n\n{{/x}}\n", "line 3: no section is open at \"x\""},
        {"{{#x}}{{/y}}{{/x}}", "line 1: another section is open at \"y\""},
        {"{{$nothing}}", "line 1: the catalogues have no text \"nothing\""},
        {"{{#$nothing}}x{{/$nothing}}", "line 1: the catalogues have no text \"nothing\""},
        {"{{> nothing}}", "line 1: there is no template \"nothing\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_error *error = NULL;
        fct_template *made;

        assert_int_equal(fct_template_new("t.txt", fct_slice_of(cases[i][0]), &made, &error),
                         FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), "t.txt");
        assert_string_equal(facteur_error_message(error), cases[i][1]);
        facteur_error_free(error);
    }
}

static void sections_nest_only_so_deep(void **state)
{
    facteur_error *error = NULL;
    fct_template *made;
    fct_buf source = {0};

    for (int i = 0; i < 17; i++)
        fct_buf_add_text(&source, "{{#x}}");
    for (int i = 0; i < 17; i++)
        fct_buf_add_text(&source, "{{/x}}");
    assert_int_equal(fct_template_new("t.txt", (fct_slice){source.ptr, source.len}, &made, &error),
                     FACTEUR_ECONFIG);
    facteur_error_free(error);
    fct_buf_done(&source);
}

static void what_is_embedded_compiles(void **state)
{
    for (size_t i = 0; i < fct_embedded_template_count; i++) {
        const fct_template *made = NULL, *again = NULL;
        facteur_error *error = NULL;

        if (fct_template_get(fct_embedded_templates[i].name, &made, &error))
            fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
        assert_int_equal(fct_template_get(fct_embedded_templates[i].name, &again, &error), 0);
        assert_ptr_equal(made, again);
    }
    assert_true(fct_embedded_template_count >= 4);
    for (size_t i = 0; i < fct_catalogue_key_count; i++)
        assert_int_equal(fct_catalogue_key(fct_slice_of(fct_catalogue_keys[i])), i);
    assert_int_equal(fct_catalogue_key(FCT_SLICE("subjec")), FCT_NO_KEY);
    assert_int_equal(fct_catalogue_key(FCT_SLICE("subjects")), FCT_NO_KEY);
    assert_string_equal(fct_catalogue_for("xx")->tag, "en");
    assert_string_equal(fct_catalogue_for("fr")->tag, "fr");
}

static void expect_row(const char *left, const char *right, const char *expected)
{
    fct_buf out = {0};

    fct_layout_row(&out, fct_slice_of(left), fct_slice_of(right));
    assert_string_equal(out.ptr, expected);
    fct_buf_done(&out);
}

static void rows_end_at_the_last_column(void **state)
{
    expect_row("Total", "$1.00",
               "Total                                                              $1.00");
    expect_row("Éé 茶", "¥9",
               "Éé 茶                                                                 ¥9");
    expect_row("one two three four five six seven eight nine ten eleven twelve thirteen", "1",
               "one two three four five six seven eight nine ten eleven twelve         1\n"
               "    thirteen");
    expect_row("wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww", "1",
               "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww  1\n"
               "    wwwwwww");
    expect_row("Total", "a right side that leaves no room for the left one, 12345678",
               "Total\n"
               "             a right side that leaves no room for the left one, 12345678");
}

static void long_lines_are_folded_and_urls_kept(void **state)
{
    fct_buf out = {0};

    fct_layout_fold(&out, FCT_SLICE("short\n\n  indented words that go on and on and on until the "
                                    "line is longer than it may be\nhttps://example.com/"
                                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                    " end\ntrailing   \n"));
    assert_string_equal(
        out.ptr,
        "short\n\n  indented words that go on and on and on until the line is longer than\n"
        "  it may be\nhttps://example.com/"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nend\ntrailing\n");
    fct_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_their_columns),
        cmocka_unit_test(templates_have_their_names),
        cmocka_unit_test(views_grow),
        cmocka_unit_test(templates_render),
        cmocka_unit_test(html_escapes_every_value),
        cmocka_unit_test(broken_templates_name_the_line),
        cmocka_unit_test(sections_nest_only_so_deep),
        cmocka_unit_test(what_is_embedded_compiles),
        cmocka_unit_test(rows_end_at_the_last_column),
        cmocka_unit_test(long_lines_are_folded_and_urls_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
