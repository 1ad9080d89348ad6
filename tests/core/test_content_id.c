/* SPDX-License-Identifier: MIT */
/* mime/content_id: ids of inline parts on the wire, and the references to them in the HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/content_id.h"
#include "mime/message.h"

#define IMG(url) "<img src=\"" url "\">"

static void ids_on_the_wire(void **state)
{
    static const char *const rows[][2] = {
        {"logo", "logo"},
        {"Logo_1.png", "Logo_1.png"},
        {"x!$*+-./@_~y", "x!$*+-./@_~y"},
        {"a b.png", "a=20b.png"},
        {"a=20b.png", "a=3D20b.png"},
        {"\xc3\xa9t\xc3\xa9.png", "=C3=A9t=C3=A9.png"},
        {"50%.png", "50=25.png"},
        {"(1)", "=281=29"},
        {"a\"b'c&d", "a=22b=27c=26d"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_slice id = fct_slice_of(rows[i][0]);
        fct_buf wire = {0};

        fct_content_id_add(&wire, id);
        assert_int_equal(wire.len, strlen(rows[i][1]));
        assert_memory_equal(wire.len ? wire.ptr : "", rows[i][1], wire.len);
        assert_int_equal(fct_content_id_is_plain(id), strcmp(rows[i][0], rows[i][1]) == 0);
        fct_buf_done(&wire);
    }
}

static void references_are_found(void **state)
{
    static const struct {
        const char *html;
        size_t at, next;
    } rows[] = {
        {"cid:x", 0, 4},     {"CID:x", 0, 4},        {"<img src=cid:x>", 0, 13},
        {"acid:x", 0, 6},    {"-cid:x", 0, 5},       {"id:x", 0, 4},
        {"a:b cid:x", 0, 8}, {"cid:a cid:b", 4, 10}, {"cid:", 0, 4},
        {"", 0, 0},          {"cid", 0, 3},          {"9cid:x", 0, 6},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t next = fct_content_id_next(fct_slice_of(rows[i].html), rows[i].at);

        if (next != rows[i].next)
            fail_msg("%s: %zu", rows[i].html, next);
    }
}

static void references_match_as_they_are_written(void **state)
{
    static const struct {
        const char *html, *id;
        size_t len;
    } rows[] = {
        {"a b\"", "a b", 3},
        {"a%20b\"", "a b", 5},
        {"a b", "a b", 3},
        {"a b.png\"", "a b", 0},
        {"a c\"", "a b", 0},
        {"a ", "a b", 0},
        {"\xc3\xa9)", "\xc3\xa9", 2},
        {"%c3%A9'", "\xc3\xa9", 6},
        {"&eacute;&gt;", "\xc3\xa9", 8},
        {"&#233;>", "\xc3\xa9", 6},
        {"&#xE9; ", "\xc3\xa9", 6},
        {"&#XE9; ", "\xc3\xa9", 6},
        {"a&amp;b\"", "a&b", 7},
        {"a&b\"", "a&b", 3},
        {"a&apos;b\"", "a'b", 8},
        {"a&nonsense;b\"", "a'b", 0},
        {"a&;b\"", "a'b", 0},
        {"a&amp", "a&amp", 5},
        {"&eacute;clair\"",
         "\xc3\xa9"
         "clair",
         13},
        {"50%25.png\"", "50%.png", 9},
        {"50%.png\"", "50%.png", 7},
        {"a%20b\"", "a%20b", 5},
        {"a%2\"", "a b", 0},
        {"a%zzb\"", "a b", 0},
        {"a%2", "a%2", 3},
        {"x\"", "", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = fct_content_id_match(fct_slice_of(rows[i].html), 0, fct_slice_of(rows[i].id));

        if (len != rows[i].len)
            fail_msg("%s for \"%s\": %zu", rows[i].html, rows[i].id, len);
    }
}

static int attach(facteur_message *message, const char *id, facteur_error **error)
{
    return facteur_message_attach_bytes(message, "png", 3, "x.png", NULL, id, error);
}

static facteur_message *with_html(const char *html)
{
    facteur_message *message = facteur_message_new();

    assert_non_null(message);
    assert_int_equal(facteur_message_set(message, "from", "a@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", "b@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "html", html, FACTEUR_NTS, NULL), 0);
    return message;
}

/* The part of each reference is the one that was meant, whatever order the parts have. */
static void the_html_names_what_is_on_the_wire(void **state)
{
    facteur_message *message = with_html(IMG("cid:a b") "\n" IMG("cid:a%20b.png") "\n" IMG(
        "cid:plain") IMG("cid:a") "\n" IMG("cid:&eacute;t\xc3\xa9") "<p>cid:a b</p> cid:");
    char *bytes = NULL;
    size_t len;

    assert_int_equal(attach(message, "a b", NULL), 0);
    assert_int_equal(attach(message, "plain", NULL), 0);
    assert_int_equal(attach(message, "<a b.png>", NULL), 0);
    assert_int_equal(attach(message, "\xc3\xa9t\xc3\xa9", NULL), 0);
    assert_int_equal(facteur_message_bytes(message, &bytes, &len, NULL), 0);
    assert_non_null(strstr(bytes, "Content-ID: <a=20b>\r\n"));
    assert_non_null(strstr(bytes, "Content-ID: <plain>\r\n"));
    assert_non_null(strstr(bytes, "Content-ID: <a=20b.png>\r\n"));
    assert_non_null(strstr(bytes, "Content-ID: <=C3=A9t=C3=A9>\r\n"));
    assert_non_null(strstr(bytes, "\r\n\r\n" IMG("cid:a=20b") "\r\n" IMG("cid:a=20b.png")));
    assert_non_null(strstr(bytes, IMG("cid:plain") IMG("cid:a") "\r\n"));
    assert_non_null(strstr(bytes, IMG("cid:=C3=A9t=C3=A9") "<p>cid:a=20b</p> cid:\r\n"));
    facteur_free(bytes);
    facteur_message_free(message);
}

static void an_id_belongs_to_one_part(void **state)
{
    static const char *const bad[] = {"a<b", "a>b", "", "a\xc3", "a\x7f"};
    facteur_message *message = with_html(IMG("cid:a b"));
    facteur_error *error = NULL;
    char longest[252];

    assert_int_equal(attach(message, "a b", NULL), 0);
    assert_int_equal(attach(message, "<a b>", &error), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "inline");
    assert_non_null(strstr(facteur_error_message(error), "content id \"a b\""));
    facteur_error_free(error);
    assert_int_equal(attach(message, "logo", NULL), 0);
    assert_int_equal(attach(message, "logo", NULL), FACTEUR_EMESSAGE);
    assert_int_equal(attach(message, NULL, NULL), 0);
    assert_int_equal(attach(message, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(attach(message, bad[i], NULL), FACTEUR_EMESSAGE);
    memset(longest, 'x', 251);
    longest[251] = '\0';
    assert_int_equal(attach(message, longest, NULL), FACTEUR_EMESSAGE);
    longest[250] = '\0';
    assert_int_equal(attach(message, longest, NULL), 0);
    facteur_message_free(message);
}

#ifdef FCT_FAULT_INJECTION
static void memory_runs_out_anywhere(void **state)
{
    for (unsigned long nth = 1;; nth++) {
        facteur_message *message = with_html(IMG("cid:a b"));
        char *bytes = NULL;
        size_t len;
        bool failed;
        int result;

        fct_memory_fail_at(nth);
        result = attach(message, "a b", NULL);
        if (!result)
            result = facteur_message_bytes(message, &bytes, &len, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        facteur_free(bytes);
        facteur_message_free(message);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        if (!failed) {
            assert_true(nth > 10);
            break;
        }
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_on_the_wire),
        cmocka_unit_test(references_are_found),
        cmocka_unit_test(references_match_as_they_are_written),
        cmocka_unit_test(the_html_names_what_is_on_the_wire),
        cmocka_unit_test(an_id_belongs_to_one_part),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(memory_runs_out_anywhere),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
