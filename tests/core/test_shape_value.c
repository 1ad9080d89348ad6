/* SPDX-License-Identifier: MIT */
/* letters/shape_value: days, links, amounts and texts, on both sides of every limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "letters/link.h"
#include "letters/shape.h"

static int read_value(json_t *json, enum fct_kind kind, void *member, const char *told)
{
    const struct fct_path path = {NULL, "field", 0};
    facteur_error *error = NULL;
    fct_arena arena = {0};
    struct fct_reading reading = {&arena, &error, NULL};
    int result = fct_shape_read_value(&reading, &path, json, kind, member);

    assert_int_equal(!error, result == 0);
    if (told) {
        assert_non_null(error);
        assert_string_equal(facteur_error_message(error), told);
        assert_string_equal(facteur_error_where(error), "field");
    }
    facteur_error_free(error);
    fct_arena_done(&arena);
    json_decref(json);
    return result;
}

static int read_day(const char *text, struct fct_day *day)
{
    return read_value(json_string(text), FCT_DAY, day, NULL);
}

static void each_month_has_its_days(void **state)
{
    static const int last[2][12] = {{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31},
                                    {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}};
    static const struct {
        int year, leap;
    } years[] = {{1, 0}, {1900, 0}, {2000, 1}, {2023, 0}, {2024, 1}, {9996, 1}, {9999, 0}};

    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
        for (int month = 0; month < 14; month++) {
            int days = month < 1 || month > 12 ? 0 : last[years[i].leap][month - 1];

            for (int at = 0; at <= 32; at++) {
                struct fct_day day = {0};
                char text[40];

                snprintf(text, sizeof text, "%04d-%02d-%02d", years[i].year, month, at);
                if (at < 1 || at > days) {
                    assert_int_equal(read_day(text, &day), FACTEUR_EMESSAGE);
                    continue;
                }
                assert_int_equal(read_day(text, &day), 0);
                assert_true(day.year == years[i].year && day.month == month && day.day == at);
            }
        }
    }
}

static void a_clock_is_one_of_rfc_3339(void **state)
{
    static const char *const good[] = {
        "T00:00",  "t23:59",  " 09:00:60",    "T10:00:00.",   "T10:00:00.12345", "T10:00:00.1Z",
        "T10:00Z", "T10:00z", "T10:00+00:00", "T10:00-23:59", "T10:00:00+2359",  "T10:00:00.5-0000",
    };
    static const char *const bad[] = {
        "x10:00",
        "T",
        "T1",
        "T10",
        "T10:",
        "T10:0",
        "T1000",
        "T10-00",
        "T24:00",
        "T10:60",
        "T10:00:",
        "T10:00:6",
        "T10:00:61",
        "T10:00:000",
        "T10:00:00,5",
        "T10:00.5",
        "T10:00:00.5x",
        "T10:00ZZ",
        "T10:00Z+01:00",
        "T10:00+",
        "T10:00+01",
        "T10:00+01:",
        "T10:00+01:0",
        "T10:00+24:00",
        "T10:00+01:60",
        "T10:00+01:000",
        "T10:00+01000",
        "T10:00+2400",
        "T10:00+0160",
        "T10:00 +01:00",
        "T/0:00",
        "T:0:00",
        "T0/:00",
        "T10:00+010",
        "T-1:00",
    };
    struct fct_day day;
    char text[60];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "2026-11-23%s", good[i]);
        if (read_day(text, &day))
            fail_msg("%s was refused", text);
        assert_true(day.year == 2026 && day.month == 11 && day.day == 23);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "2026-11-23%s", bad[i]);
        if (read_day(text, &day) != FACTEUR_EMESSAGE)
            fail_msg("%s was accepted", text);
    }
    assert_int_equal(read_day("2026_11-23", &day), FACTEUR_EMESSAGE);
    assert_int_equal(read_day("2026-11_23", &day), FACTEUR_EMESSAGE);
    assert_int_equal(read_value(json_integer(20261123), FCT_DAY, &day, NULL), FACTEUR_EMESSAGE);
}

static void expect_link(fct_slice text, bool cid, enum fct_link_verdict verdict, const char *url)
{
    fct_arena arena = {0};
    fct_slice out;

    if (fct_link_read(&arena, text, cid, &out) != verdict ||
        (url && !fct_slice_equal(out, fct_slice_of(url))))
        fail_msg("\"%.*s\" became \"%.*s\"", (int)text.len, text.ptr, (int)out.len, out.ptr);
    fct_arena_done(&arena);
}

/* RFC 3986 leaves these out; a host begins with a letter, a digit, a bracket, or beyond ASCII. */
static void links_have_their_characters(void **state)
{
    for (int byte = 1; byte < 0x80; byte++) {
        bool inside = byte > 0x20 && byte < 0x7f && !strchr("\"<>\\^`{|}", byte);
        bool first = fct_is_alnum((unsigned char)byte) || byte == '[';
        char text[] = {'h', 't', 't', 'p', ':', '/', '/', 'a', (char)byte, 'b', '/', '?'};
        char want[20];

        expect_link((fct_slice){text, 10}, false, inside ? FCT_LINK_GOOD : FCT_LINK_USELESS, NULL);
        memcpy(text + 7, "a/", 2);
        text[9] = (char)byte;
        text[10] = 'c';
        snprintf(want, sizeof want, inside ? "http://a/%cc" : "http://a/%%%02Xc", byte);
        expect_link((fct_slice){text, 11}, false, inside ? FCT_LINK_GOOD : FCT_LINK_MENDED, want);
        text[7] = (char)byte;
        text[8] = 'a';
        expect_link((fct_slice){text, 9}, false, first ? FCT_LINK_GOOD : FCT_LINK_USELESS, NULL);
        memcpy(text, "cid:a", 5);
        text[5] = (char)byte;
        text[6] = 'b';
        expect_link((fct_slice){text, 7}, true, inside ? FCT_LINK_GOOD : FCT_LINK_MENDED, NULL);
        expect_link((fct_slice){text, 7}, false, FCT_LINK_USELESS, "");
    }
}

static void links_are_mended_or_left_out(void **state)
{
    static const struct {
        const char *text;
        enum fct_link_verdict verdict;
        const char *url;
    } rows[] = {
        {"", FCT_LINK_USELESS, ""},
        {" \t ", FCT_LINK_USELESS, ""},
        {"http://", FCT_LINK_USELESS, ""},
        {"https:///a.png", FCT_LINK_USELESS, ""},
        {"https:/x.example/a.png", FCT_LINK_USELESS, ""},
        {"//cdn.example/a.png", FCT_LINK_USELESS, ""},
        {"/img/a.png", FCT_LINK_USELESS, ""},
        {"img/a.png", FCT_LINK_USELESS, ""},
        {"javascript:alert(1)", FCT_LINK_USELESS, ""},
        {" javascript:alert(1)", FCT_LINK_USELESS, ""},
        {"data:image/png;base64,AAAA", FCT_LINK_USELESS, ""},
        {"ftp://x", FCT_LINK_USELESS, ""},
        {"cid:", FCT_LINK_USELESS, ""},
        {"https://my shop.example/a", FCT_LINK_USELESS, ""},
        {"https://x.example\\a", FCT_LINK_USELESS, ""},
        {"HTTPS://x", FCT_LINK_GOOD, "HTTPS://x"},
        {"\n https://x/a \r\n", FCT_LINK_GOOD, "https://x/a"},
        {"https://\xc3\xa9.example/\xc3\xa9", FCT_LINK_GOOD, "https://\xc3\xa9.example/\xc3\xa9"},
        {"https://x?a b", FCT_LINK_MENDED, "https://x?a%20b"},
        {"https://x#{a}|", FCT_LINK_MENDED, "https://x#%7Ba%7D%7C"},
        {"https://x/a%20b c\"<i>\n", FCT_LINK_MENDED, "https://x/a%20b%20c%22%3Ci%3E"},
        {"cid:a b", FCT_LINK_MENDED, "cid:a%20b"},
        {"CID:x", FCT_LINK_GOOD, "CID:x"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_link(fct_slice_of(rows[i].text), true, rows[i].verdict, rows[i].url);
}

static void what_is_no_text_is_no_link(void **state)
{
    fct_slice out;

    assert_int_equal(read_value(json_string(""), FCT_LINK, &out, NULL), 0);
    assert_int_equal(read_value(json_string("cid:x"), FCT_PICTURE, &out, NULL), 0);
    read_value(json_true(), FCT_LINK, &out, "expected text, got true");
}

static void expect_note(json_t *json, enum fct_kind kind, const char *note)
{
    const struct fct_path path = {NULL, "field", 0};
    union {
        fct_slice text;
        fct_decimal number;
        struct fct_day day;
    } member = {0};
    facteur_error *error = NULL;
    fct_notes notes = {0};
    fct_arena arena = {0};
    struct fct_reading reading = {&arena, &error, &notes};

    assert_int_equal(fct_shape_read_value(&reading, &path, json, kind, &member), 0);
    assert_int_equal(notes.count, *note ? 1 : 0);
    assert_string_equal(fct_notes_at(&notes, 0), note);
    fct_notes_done(&notes);
    fct_arena_done(&arena);
    json_decref(json);
}

/* The value itself is in no note: a URL may hold a secret. */
static void what_is_mended_is_noted(void **state)
{
    expect_note(json_string("https://x/a"), FCT_LINK, "");
    expect_note(json_string(""), FCT_PICTURE, "");
    expect_note(json_string("/a?key=k"), FCT_LINK,
                "field: the link is left out: expected a URL that begins with https:// or http://");
    expect_note(json_string("/a.png"), FCT_PICTURE,
                "field: the picture is left out: expected a URL that begins with https://, http:// "
                "or cid:");
    expect_note(json_string("https://x/a b"), FCT_PICTURE,
                "field: characters that no URL has were percent-encoded");
    expect_note(json_string("6.3333333333"), FCT_AMOUNT,
                "field: rounded to 9 digits behind the point");
    expect_note(json_real(5.5), FCT_RATE, "");
    expect_note(json_real(100.0 / 3), FCT_RATE, "field: rounded to 9 digits behind the point");
    expect_note(json_string("6.30000000000"), FCT_AMOUNT, "");
    expect_note(json_true(), FCT_CHOICE, "field: true is shown as a check mark");
    expect_note(json_false(), FCT_CHOICE, "field: false is not shown");
    expect_note(json_integer(42), FCT_CHOICE, "");
    expect_note(json_string(""), FCT_DAY, "field: empty, so no date is shown");
    expect_note(json_string("0000-00-00"), FCT_DAY, "field: empty, so no date is shown");
    expect_note(json_string("0000-00-00 00:00:00"), FCT_DAY, "field: empty, so no date is shown");
}

static void expect_clean(const char *text, size_t len, const char *line, const char *prose)
{
    fct_arena arena = {0};
    fct_slice one = fct_clean_line(&arena, (fct_slice){text, len});
    fct_slice many = fct_clean_prose(&arena, (fct_slice){text, len});

    if (!fct_slice_equal(one, fct_slice_of(line)) || !fct_slice_equal(many, fct_slice_of(prose)))
        fail_msg("\"%s\" became \"%.*s\" and \"%.*s\"", text, (int)one.len, one.ptr, (int)many.len,
                 many.ptr);
    fct_arena_done(&arena);
}

static size_t put(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

static void each_control_is_seen_and_no_other(void **state)
{
    for (uint32_t code = 1; code < 0x3000; code++) {
        bool ends = code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029;
        bool control = ends || code < 0x20 || (code >= 0x7f && code < 0xa0);
        char text[8] = "a", same[8];
        size_t len = 1 + put(text + 1, code);

        text[len++] = 'b';
        memcpy(same, text, sizeof same);
        expect_clean(text, len, control ? "a b" : same, ends ? "a\nb" : control ? "a b" : same);
    }
}

/* Whatever stands before and behind it: the look at many octets at once finds the same. */
static void a_control_is_found_anywhere(void **state)
{
    static const char *const controls[] = {"\x1f",     "\x7f",         "\xc2\x80",
                                           "\xc2\x9f", "\xe2\x80\xa8", "\xe2\x80\xa9"};

    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        for (size_t before = 1; before < 40; before++) {
            char text[64] = "", line[64] = "", prose[64] = "";

            memset(text, 'x', before);
            memcpy(line, text, sizeof line);
            strcat(strcat(text, controls[i]), "y");
            strcat(memcpy(prose, line, sizeof prose), i < 4 ? " y" : "\ny");
            strcat(line, " y");
            expect_clean(text, strlen(text), line, prose);
            text[strlen(text) - 1] = '\0';
            memset(line, 'x', before);
            line[before] = '\0';
            expect_clean(text, strlen(text), line, line);
        }
    }
}

static void runs_become_one_space(void **state)
{
    static const struct {
        const char *text, *line, *prose;
    } rows[] = {
        {"", "", ""},
        {"  a  ", "a", "a"},
        {"\n a \n", "a", "a"},
        {"a\r\nb", "a b", "a\nb"},
        {"a\r\rb", "a b", "a\n\nb"},
        {"a\n\rb", "a b", "a\n\nb"},
        {"a\r\n\r\nb", "a b", "a\n\nb"},
        {"a\tb", "a b", "a b"},
        {"a\t\t b", "a b", "a b"},
        {"a \tb", "a b", "a b"},
        {"a\n\tb", "a b", "a\nb"},
        {"a\t\nb", "a b", "a\nb"},
        {"\ta\t", "a", "a"},
        {"a  b\t", "a  b", "a  b"},
        {"\xc2\xa0\t\xe2\x80\x94", "\xc2\xa0 \xe2\x80\x94", "\xc2\xa0 \xe2\x80\x94"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_clean(rows[i].text, strlen(rows[i].text), rows[i].line, rows[i].prose);
}

static void amounts_have_their_signs(void **state)
{
    static const struct {
        const char *text;
        bool amount, positive, quantity;
    } rows[] = {{"1", true, true, true},     {"0", true, true, false},   {"-1", true, false, false},
                {"0.001", true, true, true}, {"x", false, false, false}, {"", false, false, false}};
    fct_decimal value;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = rows[i].text;

        assert_int_equal(read_value(json_string(text), FCT_AMOUNT, &value, NULL) == 0,
                         rows[i].amount);
        assert_int_equal(read_value(json_string(text), FCT_POSITIVE, &value, NULL) == 0,
                         rows[i].positive);
        assert_int_equal(read_value(json_string(text), FCT_QUANTITY, &value, NULL) == 0,
                         rows[i].quantity);
    }
    assert_int_equal(read_value(json_integer(-7), FCT_AMOUNT, &value, NULL), 0);
    assert_true(value.digits == -7 && value.scale == 0);
    read_value(json_string("-1"), FCT_POSITIVE, &value,
               "expected an amount without a minus sign, got \"-1\"");
    read_value(json_integer(0), FCT_QUANTITY, &value,
               "expected a number above zero such as 2 or \"1.5\", got 0");
    read_value(json_string("1000000000000000000"), FCT_AMOUNT, &value,
               "at most 18 digits before the point");
    read_value(json_null(), FCT_AMOUNT, &value,
               "expected a decimal string such as \"19.90\", got null");
}

static void what_was_got_is_shown(void **state)
{
    static const struct {
        double value;
        const char *shown;
    } reals[] = {{89, "89.0"},
                 {0.1, "0.1"},
                 {19.9, "19.9"},
                 {1e300, "1e+300"},
                 {0.30000000000000004, "0.30000000000000004"},
                 {-2.5, "-2.5"}};
    char told[160], text[42];
    fct_decimal value;
    bool flag = false;

    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        snprintf(told, sizeof told, "expected a decimal string such as \"19.90\", got %s",
                 reals[i].shown);
        read_value(json_real(reals[i].value), FCT_AMOUNT, &value, told);
    }
    for (size_t len = 39; len < 42; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        snprintf(told, sizeof told, "expected true or false, got \"%.40s\"%s", text,
                 len > 40 ? " and more" : "");
        read_value(json_string(text), FCT_FLAG, &flag, told);
    }
    read_value(json_object(), FCT_FLAG, &flag, "expected true or false, got an object");
    read_value(json_array(), FCT_FLAG, &flag, "expected true or false, got a list");
    read_value(json_integer(1), FCT_FLAG, &flag, "expected true or false, got 1");
    assert_int_equal(read_value(json_true(), FCT_FLAG, &flag, NULL), 0);
    assert_true(flag);
    assert_int_equal(read_value(json_false(), FCT_FLAG, &flag, NULL), 0);
    assert_false(flag);
}

static void texts_have_a_length(void **state)
{
    char *text = malloc(FCT_TEXT_MAX + 1), told[80];
    fct_slice out;

    memset(text, 'x', FCT_TEXT_MAX + 1);
    assert_int_equal(read_value(json_stringn(text, FCT_TEXT_MAX), FCT_LINE, &out, NULL), 0);
    snprintf(told, sizeof told, "%zu bytes are too long, at most %zu", FCT_TEXT_MAX + 1,
             FCT_TEXT_MAX);
    read_value(json_stringn(text, FCT_TEXT_MAX + 1), FCT_LINE, &out, told);
    free(text);
    /* A number may be an id, and nothing else that is text. */
    assert_int_equal(read_value(json_integer(42), FCT_ID, &out, NULL), 0);
    assert_int_equal(out.len, 2);
    read_value(json_integer(42), FCT_LINE, &out, "expected text, got 42");
    read_value(json_real(4.5), FCT_ID, &out, "expected text, got 4.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_month_has_its_days),
        cmocka_unit_test(a_clock_is_one_of_rfc_3339),
        cmocka_unit_test(links_have_their_characters),
        cmocka_unit_test(links_are_mended_or_left_out),
        cmocka_unit_test(what_is_no_text_is_no_link),
        cmocka_unit_test(what_is_mended_is_noted),
        cmocka_unit_test(each_control_is_seen_and_no_other),
        cmocka_unit_test(a_control_is_found_anywhere),
        cmocka_unit_test(runs_become_one_space),
        cmocka_unit_test(amounts_have_their_signs),
        cmocka_unit_test(what_was_got_is_shown),
        cmocka_unit_test(texts_have_a_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
