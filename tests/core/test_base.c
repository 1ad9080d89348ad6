/* SPDX-License-Identifier: MIT */
/* base/: bytes, errors, lists, secrets, base64, UTF-8, and the allocator's fault injection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/utf8.h"

static void buf_grows_and_stays_terminated(void **state)
{
    fct_buf buf = {0};
    size_t len = 0;
    char *text;

    for (int i = 0; i < 100; i++)
        assert_int_equal(fct_buf_addf(&buf, "%d,", i), 0);
    assert_int_equal(buf.len, strlen(buf.ptr));
    fct_buf_consume(&buf, 4);
    assert_memory_equal(buf.ptr, "2,3,", 4);
    text = fct_buf_take(&buf, &len);
    assert_int_equal(len, 290 - 4);
    assert_null(buf.ptr);
    fct_free(text);
}

static void buf_refuses_beyond_its_cap(void **state)
{
    fct_buf buf = {.max = 8};

    assert_int_equal(fct_buf_add(&buf, "12345678", 8), 0);
    assert_int_equal(buf.cap, 9); /* with the NUL: no room that an append could take */
    assert_int_equal(fct_buf_add_char(&buf, '9'), FACTEUR_ENOMEM);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 8);
    assert_int_equal(fct_buf_reserve(&buf, SIZE_MAX - 4), FACTEUR_ENOMEM);
    fct_buf_done(&buf);
}

static void slices_compare_without_locale(void **state)
{
    assert_true(fct_slice_equal_nocase(FCT_SLICE("StartTLS"), FCT_SLICE("STARTTLS")));
    assert_false(fct_slice_equal(FCT_SLICE("a"), FCT_SLICE("A")));
    assert_true(fct_slice_starts_nocase(FCT_SLICE("AUTH PLAIN"), FCT_SLICE("auth ")));
    assert_true(fct_slice_equal(fct_slice_trim(FCT_SLICE(" \t x \t")), FCT_SLICE("x")));
}

static void errors_carry_place_and_printable_text(void **state)
{
    facteur_error *error = NULL;

    assert_int_equal(fct_error_set(&error, FACTEUR_ECONFIG, "tls", "no \"%s\"", "a\r\nb"),
                     FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_message(error), "no \"a\\x0d\\x0ab\"");
    fct_error_prefix(&error, "options.");
    assert_string_equal(facteur_error_where(error), "options.tls");
    assert_int_equal(facteur_error_kind(facteur_error_code(error)), FACTEUR_KIND_USAGE);
    assert_string_equal(facteur_error_name(FACTEUR_EINDOUBT), "EINDOUBT");
    facteur_error_free(error);
}

static void errors_stay_valid_utf8_when_they_are_cut(void **state)
{
    char text[2048];
    facteur_error *error = NULL;

    memset(text, 'a', sizeof text);
    memcpy(text + 1021, "\xf0\x9f\x93\xac", 4);
    text[sizeof text - 1] = '\0';
    fct_error_set(&error, FACTEUR_EMESSAGE, "\xff", "%s", text);
    assert_string_equal(facteur_error_message(error) + 1021, "??");
    assert_string_equal(facteur_error_where(error), "?");
    facteur_error_free(error);
}

static void the_nearest_name_is_found_or_none(void **state)
{
    static const char *const names[] = {"deadline", "tls", "tls_name"};

    assert_string_equal(fct_nearest("deadlin", 7, names, 3), "deadline");
    assert_string_equal(fct_nearest("tlsname", 7, names, 3), "tls_name");
    assert_null(fct_nearest("colour", 6, names, 3));
}

static void a_list_is_first_in_first_out(void **state)
{
    struct item {
        int value;
        fct_list link;
    } items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    fct_list list;

    fct_list_init(&list);
    fct_list_push(&list, &items[0].link);
    fct_list_push(&list, &items[1].link);
    fct_list_push_front(&list, &items[2].link);
    assert_int_equal(FCT_ENTRY(fct_list_first(&list), struct item, link)->value, 3);
    fct_list_remove(&items[2].link);
    fct_list_remove(&items[2].link);
    assert_int_equal(FCT_ENTRY(fct_list_first(&list), struct item, link)->value, 1);
}

static void secrets_compare_whole(void **state)
{
    fct_secret *a = fct_secret_new("pass\0word", 9);
    fct_secret *b = fct_secret_new("pass\0worm", 9);

    assert_false(fct_secret_equal(a, b));
    assert_true(fct_secret_equal(a, a));
    assert_false(fct_secret_equal(a, NULL));
    assert_int_equal(fct_secret_bytes(a).len, 9);
    fct_secret_unref(fct_secret_ref(a));
    fct_secret_unref(a);
    fct_secret_unref(b);
}

static void base64_round_trips_and_is_strict(void **state)
{
    static const char *const bad[] = {"A", "AAA", "A===", "AA=A", "AB==", "AAB=", "AA A", "=AAA"};
    unsigned char bytes[256];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        char text[FCT_BASE64_LEN(sizeof bytes)];
        /* Ends where the memory does: nothing behind it may be read. */
        char *exact = fct_malloc(len);
        fct_buf out = {0};
        size_t got;

        assert_non_null(exact);
        memcpy(exact, bytes, len);
        got = fct_base64_encode(text, exact, len);
        fct_free(exact);
        assert_int_equal(got, FCT_BASE64_LEN(len));
        assert_int_equal(fct_base64_decode(&out, (fct_slice){text, got}), 0);
        assert_int_equal(out.len, len);
        if (len)
            assert_memory_equal(out.ptr, bytes, len);
        fct_buf_done(&out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fct_buf out = {0};

        assert_int_equal(fct_base64_decode(&out, fct_slice_of(bad[i])), FACTEUR_EPROTOCOL);
        fct_buf_done(&out);
    }
}

static void utf8_refuses_what_rfc_3629_refuses(void **state)
{
    static const struct {
        const char *text;
        size_t good;
    } cases[] = {
        {"plain ascii text", 16}, {"\xc3\xa9t\xc3\xa9", 5}, {"\xf0\x9f\x93\xac", 4},
        {"ok\xc0\xaf", 2},        {"\xe0\x80\xaf", 0},      {"\xed\xa0\x80", 0},
        {"\xf4\x90\x80\x80", 0},  {"12345678\xff", 8},      {"abc\xe2\x82", 3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fct_utf8_check(fct_slice_of(cases[i].text)), cases[i].good);
    assert_true(fct_is_ascii(FCT_SLICE("0123456789abcdef")));
    assert_false(fct_is_ascii(FCT_SLICE("0123456789abcd\xc3\xa9")));
}

static void addresses_are_read_one_way(void **state)
{
    static const char *const bad6[] = {"",
                                       ":",
                                       ":::",
                                       "1::2::3",
                                       "1:2:3:4:5:6:7",
                                       "12345::",
                                       "1:2:",
                                       "1:2:3:4:5:6:7:8:9",
                                       "::1.2.3",
                                       "g::",
                                       "1:2:3:4:5:6:7::8:9"};
    static const char *const bad4[] = {"",         "1.2.3",      "1.2.3.4.5", "1.2.3.256",
                                       "01.2.3.4", "1.2.3.0000", "1.2.3.",    "1.2.3.4 "};
    unsigned char address[16];

    for (size_t i = 0; i < sizeof bad6 / sizeof bad6[0]; i++) {
        if (fct_ip_v6(fct_slice_of(bad6[i]), address))
            fail_msg("%s was accepted", bad6[i]);
    }
    assert_true(fct_ip_v6(FCT_SLICE("1:2:3:4:5:6:7::"), address));
    assert_int_equal(address[13], 7);
    assert_true(fct_ip_v6(FCT_SLICE("::"), address));
    assert_true(fct_ip_v6(FCT_SLICE("64:ff9b::192.0.2.33"), address));
    assert_int_equal(address[15], 33);
    for (size_t i = 0; i < sizeof bad4 / sizeof bad4[0]; i++) {
        if (fct_ip_v4(fct_slice_of(bad4[i]), address))
            fail_msg("%s was accepted", bad4[i]);
    }
    assert_true(fct_ip_v4(FCT_SLICE("0.0.10.255"), address));
    assert_memory_equal(address, "\0\0\x0a\xff", 4);
}

static void a_zone_is_cut_off(void **state)
{
    fct_slice text = FCT_SLICE("fe80::1%eth0"), zone = fct_ip_cut_zone(&text);

    assert_true(fct_slice_equal(text, FCT_SLICE("fe80::1")));
    assert_true(fct_slice_equal(zone, FCT_SLICE("eth0")));
    zone = fct_ip_cut_zone(&text);
    assert_true(fct_slice_equal(text, FCT_SLICE("fe80::1")));
    assert_int_equal(zone.len, 0);
}

#ifdef FCT_FAULT_INJECTION
static void an_armed_allocation_fails_once(void **state)
{
    void *block;

    fct_memory_fail_at(2);
    block = fct_malloc(1);
    assert_non_null(block);
    assert_null(fct_malloc(1));
    assert_true(fct_memory_failed());
    fct_free(block);
    block = fct_malloc(1);
    assert_non_null(block);
    fct_free(block);
}

static void live_memory_is_counted(void **state)
{
    size_t blocks = fct_memory_blocks(), bytes = fct_memory_bytes();
    char *block = fct_malloc(100), *other = fct_calloc(2, 50), *text = fct_strdup("text");

    assert_int_equal(fct_memory_blocks(), blocks + 3);
    assert_true(fct_memory_bytes() >= bytes + 205);
    block = fct_realloc(block, 100000);
    assert_int_equal(fct_memory_blocks(), blocks + 3);
    assert_true(fct_memory_bytes() >= bytes + 100105);
    /* A failure of realloc leaves the block, and what is counted, as they were. */
    fct_memory_fail_at(1);
    assert_null(fct_realloc(block, 200000));
    assert_int_equal(fct_memory_blocks(), blocks + 3);
    fct_free(block);
    fct_free(other);
    fct_free(text);
    fct_free(NULL);
    block = fct_realloc(NULL, 10);
    assert_int_equal(fct_memory_blocks(), blocks + 1);
    fct_free(block);
    assert_int_equal(fct_memory_blocks(), blocks);
    assert_int_equal(fct_memory_bytes(), bytes);
}
#endif

static void a_sentence_has_the_place_once(void **state)
{
    static const char *const rows[][3] = {
        {"", "out of memory", "out of memory"},
        {"to", "no address", "to: no address"},
        {"to", "token", "to: token"},
        {"to", "to: no address", "to: no address"},
        {"to", "to", "to"},
        {"sender", "sender is one mailbox", "sender is one mailbox"},
        {"dkim[0].key", "dkim[0].key_file: no such file",
         "dkim[0].key: dkim[0].key_file: no such file"},
        {"items", "items[2].name: too long", "items[2].name: too long"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_error *error = NULL;

        fct_error_set(&error, FACTEUR_EMESSAGE, rows[i][0], "%s", rows[i][1]);
        assert_string_equal(facteur_error_sentence(error), rows[i][2]);
        facteur_error_free(error);
    }
}

static void a_prefixed_place_is_in_the_sentence(void **state)
{
    facteur_error *error = NULL;

    fct_error_set(&error, FACTEUR_EMESSAGE, "key", "no key");
    fct_error_prefix(&error, "dkim[1].");
    assert_string_equal(facteur_error_sentence(error), "dkim[1].key: no key");
    facteur_error_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_has_the_place_once),
        cmocka_unit_test(a_prefixed_place_is_in_the_sentence),
        cmocka_unit_test(buf_grows_and_stays_terminated),
        cmocka_unit_test(buf_refuses_beyond_its_cap),
        cmocka_unit_test(slices_compare_without_locale),
        cmocka_unit_test(errors_carry_place_and_printable_text),
        cmocka_unit_test(errors_stay_valid_utf8_when_they_are_cut),
        cmocka_unit_test(the_nearest_name_is_found_or_none),
        cmocka_unit_test(a_list_is_first_in_first_out),
        cmocka_unit_test(secrets_compare_whole),
        cmocka_unit_test(base64_round_trips_and_is_strict),
        cmocka_unit_test(utf8_refuses_what_rfc_3629_refuses),
        cmocka_unit_test(addresses_are_read_one_way),
        cmocka_unit_test(a_zone_is_cut_off),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(an_armed_allocation_fails_once),
        cmocka_unit_test(live_memory_is_counted),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
