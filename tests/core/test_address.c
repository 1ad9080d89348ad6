/* SPDX-License-Identifier: MIT */
/* mime/: reading and writing of addresses, and domains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/address.h"
#include "mime/header.h"
#include "mime/idna.h"
#include "mime/token.h"

/* The list as "name|address," with groups as "name{" and "}". */
static char *show(const fct_address_list *list)
{
    fct_buf out = {0};

    for (size_t i = 0; i < list->count; i++) {
        const fct_address *item = &list->items[i];

        if (item->kind == FCT_GROUP_END)
            fct_buf_add_text(&out, "}");
        else if (item->kind == FCT_GROUP)
            fct_buf_addf(&out, "%s{", item->name ? item->name : "");
        else
            fct_buf_addf(&out, "%s|%s,", item->name ? item->name : "", item->address);
    }
    return fct_buf_take(&out, NULL);
}

static void check_read(const char *text, const char *expected)
{
    fct_address_list list = {0};
    facteur_error *error = NULL;
    char *shown;

    if (fct_address_list_parse(&list, "to", fct_slice_of(text), &error))
        fail_msg("%s: %s", text, facteur_error_message(error));
    shown = show(&list);
    assert_string_equal(shown, expected);
    fct_free(shown);
    fct_address_list_done(&list);
}

/* The addresses alone; NULL: they are refused. */
static void check_foreign(const char *text, const char *expected)
{
    fct_address_list list = {0};
    facteur_error *error = NULL;
    fct_buf shown = {0};
    int result = fct_address_list_parse_foreign(&list, "to", fct_slice_of(text), &error);

    if (!expected) {
        if (result != FACTEUR_EMESSAGE)
            fail_msg("%s: taken", text);
        assert_string_equal(facteur_error_where(error), "to");
        assert_int_equal(list.count, 0);
        facteur_error_free(error);
        return;
    }
    if (result)
        fail_msg("%s: %s", text, facteur_error_message(error));
    assert_null(error);
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].kind == FCT_MAILBOX)
            fct_buf_addf(&shown, "%s,", list.items[i].address);
    }
    fct_buf_add_char(&shown, '\0');
    assert_string_equal(shown.ptr, expected);
    fct_buf_done(&shown);
    fct_address_list_done(&list);
}

static void fields_of_other_programs_are_read_as_meant(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"Ana <a@b.example>, c@d.example", "a@b.example,c@d.example,"},
        {"a@b.example; c@d.example;", "a@b.example,c@d.example,"},
        {"ana@x.example <ana@x.example>", "ana@x.example,"},
        {"Ana [VIP] <a@b.example>", "a@b.example,"},
        {"[Shop] News <a@b.example>, c@d.example", "a@b.example,c@d.example,"},
        {"Shop: news <a@b.example>", "a@b.example,"},
        {"Friends: a@b.example, c@d.example", "a@b.example,c@d.example,"},
        {"Friends: a@b.example; c@d.example", "a@b.example,c@d.example,"},
        {"Marks @ Home <a@b.example>", "a@b.example,"},
        {"Ana \"VIP <a@b.example>, c@d.example", "a@b.example,c@d.example,"},
        {"Ana (VIP <a@b.example>", "a@b.example,"},
        {"\"a,b; <x@y.example>\" [z] <a@b.example>", "a@b.example,"},
        {"Ana [VIP] <a@b.example> (at work)", "a@b.example,"},
        {"Ana (a, b) [x] <a@b.example>", "a@b.example,"},
        {"Ana (a (b), c; <d@e.example> \\) (\\() f) [x] <a@b.example>", "a@b.example,"},
        {"Ana ((a, b) [x] <a@b.example>", "a@b.example,"},
        {"Ren\xe9 <a@b.example>", "a@b.example,"},
        {"\"a,b\"@c.example; <\"d>e\"@f.example>", "\"a,b\"@c.example,\"d>e\"@f.example,"},
        {"\"a;b\"@c.example; d@e.example", "\"a;b\"@c.example,d@e.example,"},
        {"undisclosed-recipients:;", ""},
        {"undisclosed-recipients: ;", ""},
        {";", ""},
        {"<a@b.example> <c@d.example>", NULL},
        {"a@b.example c@d.example", NULL},
        {"[x] <a@b.example> <c@d.example>", NULL},
        {"a@b.example; c", NULL},
        {"Zoe, Martin <zoe@x.example>", NULL},
        {"<a@b.example", NULL},
        {"a@b.example@c.example", NULL},
        {"r\xe9@x.example", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_foreign(cases[i].text, cases[i].expected);
}

/* A mailbox with its name, and nothing behind it: neither is its beginning ever used. */
static void one_mailbox_to_its_end(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {" Ana <a@b.example> (x) ", "Ana|a@b.example,"},
        {"a@b.example", "|a@b.example,"},
        {"\"c, d\"@b.example", "|\"c, d\"@b.example,"},
        {"", NULL},
        {"a@old.example <a@new.example>", NULL},
        {"Info @ Shop <a@b.example>", NULL},
        {"a@x.example;b@x.example", NULL},
        {"a@x.example,b@x.example", NULL},
        {"a@x.example b@x.example", NULL},
        {"<a@b.example> <c@d.example>", NULL},
        {"to@", NULL},
        {"G: a@b.example;", NULL},
        {"G:;", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_address_list list = {0};
        fct_slice text = fct_slice_of(cases[i].text);

        assert_int_equal(fct_address_list_add_one(&list, "to", text, NULL),
                         cases[i].expected ? 0 : FACTEUR_EMESSAGE);
        if (cases[i].expected) {
            char *shown = show(&list);

            assert_string_equal(shown, cases[i].expected);
            fct_free(shown);
        } else {
            assert_int_equal(list.count, 0);
        }
        fct_address_list_done(&list);
    }
}

static void lists_are_read_generously(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"ana@example.com", "|ana@example.com,"},
        {"Ana <ana@example.com>, b@example.org", "Ana|ana@example.com,|b@example.org,"},
        {"\"Doe, John\" <j@example.com>", "Doe, John|j@example.com,"},
        {"\"a \\\"b\\\" \\\\\" <j@example.com>", "a \"b\" \\|j@example.com,"},
        {"Dr. J. Doe <j@example.com>", "Dr. J. Doe|j@example.com,"},
        {"  , a@b.example ,, c@d.example, ", "|a@b.example,|c@d.example,"},
        {"a@b.example (Ana (B) C)", "Ana (B) C|a@b.example,"},
        {"Ana (x) <a@b.example> (y)", "Ana|a@b.example,"},
        {"Friends: a@b.example, Bo <c@d.example>;", "Friends{|a@b.example,Bo|c@d.example,}"},
        {"undisclosed-recipients:;", "undisclosed-recipients{}"},
        {"G:a@b.example;, x@y.example", "G{|a@b.example,}|x@y.example,"},
        {"<@relay.example,@b.example:a@c.example>", "|a@c.example,"},
        {"a . b @ c . example", "|a.b@c.example,"},
        {"\"john smith\"@example.com", "|\"john smith\"@example.com,"},
        {"\"john\"@example.com", "|john@example.com,"},
        {"\"a\".b@example.com", "|a.b@example.com,"},
        {"a..b@docomo.example", "|\"a..b\"@docomo.example,"},
        {".a@x.example", "|\".a\"@x.example,"},
        {"a.@x.example", "|\"a.\"@x.example,"},
        {"\"\"@x.example", "|\"\"@x.example,"},
        {"a@x.example.", "|a@x.example,"},
        {"a@[192.0.2.1]", "|a@[192.0.2.1],"},
        {"a@[IPv6:2001:db8::1]", "|a@[IPv6:2001:db8::1],"},
        {"Élan <é@x.example>", "Élan|é@x.example,"},
        {"a@bücher.example", "|a@xn--bcher-kva.example,"},
        {"a@faß.example", "|a@xn--fa-hia.example,"},
        {"a@xn--bcher-kva.EXAMPLE", "|a@xn--bcher-kva.EXAMPLE,"},
        {"a@例え。テスト", "|a@xn--r8jz45g.xn--zckzah,"},
        {"\"a\tb\r\nc\" <a@b.example>", "a b c|a@b.example,"},
        {"=?utf-8?Q?x?= <a@b.example>", "=?utf-8?Q?x?=|a@b.example,"},
        {"root@localhost", "|root@localhost,"},
        {"a_b@under_score.example", "|a_b@under_score.example,"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_read(cases[i].text, cases[i].expected);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const cases[] = {
        "ana",
        "@example.com",
        "ana@",
        "ana@@example.com",
        "ana@exam ple.com x",
        "john smith@example.com",
        "Doe, John <j@example.com>",
        "Ana <ana@example.com",
        "Ana <>",
        "<ana@example.com>>",
        "\"Ana <ana@example.com>",
        "Ana (x <ana@example.com>",
        "a@b.example; c@d.example",
        "G: a@b.example",
        "G: H: a@b.example;;",
        ": a@b.example;",
        "a@b.example c@d.example",
        "a@b..example",
        "a@.example",
        "a@-b.example",
        "a@b-.example",
        "a@exa!mple.com",
        "a@[300.0.0.1]",
        "a@[192.0.2.1",
        "a@[IPv6:1::2::3]",
        "a@[IPv6:12345::]",
        "a@[foo]",
        "a@\xef\xbc\xa0.example",
        "a@b\xc2\x85.example",
        "\"a\x01\"@b.example",
        "\xff@b.example",
        "a@b.example\r\nBcc: x@y.example",
        "Ana\n <a@b.example>",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_address_list list = {0};
        facteur_error *error = NULL;

        if (!fct_address_list_parse(&list, "to", fct_slice_of(cases[i]), &error))
            fail_msg("taken: %s", cases[i]);
        assert_string_equal(facteur_error_where(error), "to");
        assert_int_equal(facteur_error_code(error), FACTEUR_EMESSAGE);
        assert_int_equal(list.count, 0);
        facteur_error_free(error);
        fct_address_list_done(&list);
    }
}

static void a_refusal_keeps_the_list(void **state)
{
    fct_address_list list = {0};

    assert_int_equal(fct_address_list_parse(&list, "to", FCT_SLICE("a@b.example"), NULL), 0);
    assert_int_equal(
        fct_address_list_parse(&list, "to", FCT_SLICE("c@d.example, G: e@f.example, bad"), NULL),
        FACTEUR_EMESSAGE);
    assert_int_equal(list.count, 1);
    assert_int_equal(fct_address_list_mailboxes(&list), 1);
    fct_address_list_done(&list);
}

static void long_addresses_are_refused(void **state)
{
    char text[400];
    fct_buf out = {0};

    memset(text, 'a', sizeof text);
    memcpy(text + 242, "@example.com", 12);
    assert_int_equal(fct_address_parse_one(&out, "to", (fct_slice){text, 254}, NULL), 0);
    assert_int_equal(out.len, 254);
    memcpy(text + 242, "aa@example.com", 14);
    assert_int_equal(fct_address_parse_one(&out, "to", (fct_slice){text, 256}, NULL),
                     FACTEUR_EMESSAGE);
    fct_buf_done(&out);
}

/* Every control byte at the start, in the middle and at the end of each place of an address. */
static void control_bytes_never_reach_an_address(void **state)
{
    static const char *const shapes[] = {
        "%sana@b.example", "a%sna@b.example", "ana%s@b.example",    "ana@%sb.example",
        "ana@b%s.example", "ana@b.example%s", "\"a%sb\"@c.example", "<ana@b.example>%s"};

    for (int byte = 1; byte < 0x20; byte++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            char text[64], control[2] = {(char)(byte == 0x1f ? 0x7f : byte), 0};
            const char *percent = strchr(shapes[i], '%');
            fct_address_list list = {0};
            int result;

            snprintf(text, sizeof text, "%.*s%s%s", (int)(percent - shapes[i]), shapes[i], control,
                     percent + 2);
            result = fct_address_list_parse(&list, "to", fct_slice_of(text), NULL);
            if (byte != '\t')
                assert_int_equal(result, FACTEUR_EMESSAGE);
            for (size_t k = 0; k < list.count; k++)
                assert_false(fct_has_control(fct_slice_of(list.items[k].address)));
            fct_address_list_done(&list);
        }
    }
}

static void a_mailbox_apart_parses_nothing_in_its_name(void **state)
{
    fct_address_list list = {0};
    fct_buf out = {0};
    fct_header header;

    assert_int_equal(fct_address_list_add(&list, "to", FCT_SLICE("Evil <x@y>, \"z\" (c)"),
                                          FCT_SLICE(" <a@b.example> "), NULL),
                     0);
    fct_header_begin(&header, &out, "To");
    fct_header_addresses(&header, &list);
    assert_string_equal(out.ptr, "To: \"Evil <x@y>, \\\"z\\\" (c)\" <a@b.example>");
    assert_int_equal(fct_address_list_add(&list, "to", FCT_SLICE("x"),
                                          FCT_SLICE("a@b.example, c@d.example"), NULL),
                     FACTEUR_EMESSAGE);
    fct_buf_done(&out);
    fct_address_list_done(&list);
}

static void lists_are_read_in_linear_time(void **state)
{
    static const char *const pieces[] = {"(", "\"", "<", "a ", "a:", ",", "\\", "@", "a@b,", "."};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        fct_address_list list = {0};
        fct_buf text = {0};

        for (size_t k = 0; k < 200000; k++)
            fct_buf_add_text(&text, pieces[i]);
        fct_address_list_parse(&list, "to", (fct_slice){text.ptr, text.len}, NULL);
        fct_address_list_done(&list);
        fct_buf_done(&text);
    }
}

static void literals_are_checked(void **state)
{
    static const char *const good[] = {"[127.0.0.1]",
                                       "[IPv6:::]",
                                       "[IPv6:::1]",
                                       "[ipv6:1:2:3:4:5:6:7:8]",
                                       "[IPv6:::ffff:192.0.2.1]",
                                       "[IPv6:1::8]"};
    static const char *const bad[] = {"[]",
                                      "[127.0.0]",
                                      "[1.2.3.4.5]",
                                      "[256.1.1.1]",
                                      "[IPv6:]",
                                      "[IPv6:1:2:3:4:5:6:7]",
                                      "[IPv6:1:2:3:4:5:6:7:8:9]",
                                      "[IPv6:1:::2]",
                                      "[IPv6:1:]",
                                      "[IPv6:g::]",
                                      "127.0.0.1"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!fct_is_address_literal(fct_slice_of(good[i])))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (fct_is_address_literal(fct_slice_of(bad[i])))
            fail_msg("taken: %s", bad[i]);
    }
}

#ifdef FCT_FAULT_INJECTION
static void every_failed_allocation_is_told(void **state)
{
    static const char text[] = "Ana \"x\" <a@b.example>, G: c@bücher.example (n), d..e@f.example;";

    for (unsigned long nth = 1;; nth++) {
        fct_address_list list = {0};
        int result;

        fct_memory_fail_at(nth);
        result = fct_address_list_parse(&list, "to", FCT_SLICE(text), NULL);
        if (!fct_memory_failed()) {
            fct_memory_fail_at(0);
            assert_int_equal(result, 0);
            fct_address_list_done(&list);
            break;
        }
        assert_int_equal(result, FACTEUR_ENOMEM);
        assert_int_equal(list.count, 0);
        fct_address_list_done(&list);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_generously),
        cmocka_unit_test(fields_of_other_programs_are_read_as_meant),
        cmocka_unit_test(one_mailbox_to_its_end),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_refusal_keeps_the_list),
        cmocka_unit_test(long_addresses_are_refused),
        cmocka_unit_test(control_bytes_never_reach_an_address),
        cmocka_unit_test(a_mailbox_apart_parses_nothing_in_its_name),
        cmocka_unit_test(lists_are_read_in_linear_time),
        cmocka_unit_test(literals_are_checked),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_failed_allocation_is_told),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
