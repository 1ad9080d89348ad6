/* SPDX-License-Identifier: MIT */
/* base/: bytes, errors, lists, secrets, base64, UTF-8, and the allocator's fault injection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/utf8.h"

static uint64_t us_of(clockid_t id)
{
    struct timespec now;

    assert_int_equal(clock_gettime(id, &now), 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Of many readings, a part of a second that is off by little would show. */
static void clocks_agree_with_the_systems(void **state)
{
    for (int i = 0; i < 1000; i++) {
        uint64_t before = us_of(CLOCK_MONOTONIC), us = fct_clock_now_us();

        assert_in_range(us, before, us_of(CLOCK_MONOTONIC));
        before = us_of(CLOCK_REALTIME);
        us = (uint64_t)fct_clock_date_us();
        assert_in_range(us, before, us_of(CLOCK_REALTIME));
        before = us_of(CLOCK_REALTIME) / 1000000 - 1; /* time() may lag by a tick */
        assert_in_range(fct_clock_date_s(), before, us_of(CLOCK_REALTIME) / 1000000);
    }
}

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

/* At each length around the first room, which is 64 octets, and twice that. */
static void buf_formats_what_fits_and_what_does_not(void **state)
{
    char text[140];

    for (size_t len = 0; len < sizeof text; len++) {
        fct_buf buf = {0};

        memset(text, 'x', len);
        text[len] = '\0';
        assert_int_equal(fct_buf_addf(&buf, "%s", text), 0);
        assert_int_equal(fct_buf_addf(&buf, "%s|", text), 0);
        assert_int_equal(buf.len, 2 * len + 1);
        assert_int_equal(strlen(buf.ptr), buf.len);
        assert_int_equal(buf.ptr[buf.len - 1], '|');
        assert_true(buf.cap > buf.len);
        fct_buf_done(&buf);
    }
    for (size_t max = 1; max < 140; max++) {
        fct_buf buf = {.max = max};

        memset(text, 'x', max);
        text[max] = '\0';
        assert_int_equal(fct_buf_addf(&buf, "%s", text), 0);
        assert_int_equal(fct_buf_addf(&buf, "%s", "y"), FACTEUR_ENOMEM);
        assert_string_equal(buf.ptr, text);
        fct_buf_done(&buf);
    }
}

static void buf_writes_numbers(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } rows[] = {{0, "0"},
                {9, "9"},
                {10, "10"},
                {1234567890, "1234567890"},
                {UINT64_MAX, "18446744073709551615"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_buf buf = {0};

        assert_int_equal(fct_buf_add_number(&buf, rows[i].number), 0);
        assert_string_equal(buf.ptr, rows[i].text);
        fct_buf_done(&buf);
    }
}

static void buf_gives_up_what_it_consumed(void **state)
{
    fct_buf buf = {.max = 100};
    size_t len = 7;

    fct_buf_consume(&buf, 3);
    assert_int_equal(buf.len, 0);
    fct_buf_add_text(&buf, "abc");
    fct_buf_consume(&buf, 2);
    assert_string_equal(buf.ptr, "c");
    fct_buf_consume(&buf, 1);
    assert_string_equal(buf.ptr, "");
    assert_int_equal(buf.len, 0);
    fct_buf_add_text(&buf, "abc");
    fct_buf_consume(&buf, 4);
    assert_int_equal(buf.len, 0);
    buf.failed = true;
    assert_null(fct_buf_take(&buf, &len));
    assert_int_equal(len, 7);
    assert_false(buf.failed);
    assert_int_equal(buf.max, 100);
    fct_buf_add_text(&buf, "abc");
    buf.failed = true;
    fct_buf_clear(&buf);
    assert_false(buf.failed);
    assert_string_equal(buf.ptr, "");
    fct_buf_done(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.cap, 0);
    assert_int_equal(buf.max, 100);
}

static void hex_has_two_digits_an_octet(void **state)
{
    char text[11] = "";

    *fct_hex(text, "\x00\x0f\xf0\xa9\xff", 5) = '\0';
    assert_string_equal(text, "000ff0a9ff");
}

static void slices_compare_without_locale(void **state)
{
    assert_true(fct_slice_equal_nocase(FCT_SLICE("StartTLS"), FCT_SLICE("STARTTLS")));
    assert_false(fct_slice_equal(FCT_SLICE("a"), FCT_SLICE("A")));
    assert_true(fct_slice_starts_nocase(FCT_SLICE("AUTH PLAIN"), FCT_SLICE("auth ")));
    assert_false(fct_slice_starts_nocase(FCT_SLICE("AUTH"), FCT_SLICE("AUTH ")));
    assert_true(fct_slice_starts_nocase(FCT_SLICE("AUTH"), FCT_SLICE("auth")));
    assert_false(fct_slice_equal(FCT_SLICE("ab"), FCT_SLICE("abc")));
    assert_false(fct_slice_equal_nocase(FCT_SLICE("abc"), FCT_SLICE("ab")));
    assert_true(fct_slice_equal(fct_slice_of(NULL), FCT_SLICE("")));
    assert_true(fct_slice_equal(fct_slice_trim(FCT_SLICE(" \t x \t")), FCT_SLICE("x")));
    assert_true(fct_slice_equal(fct_slice_trim(FCT_SLICE("\t x y\t ")), FCT_SLICE("x y")));
    assert_int_equal(fct_slice_trim(FCT_SLICE(" \t ")).len, 0);
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
    error = NULL;
    fct_error_set(&error, FACTEUR_ECONFIG, NULL, "\x01 \x1f\x20~\x7f\xc2\x80");
    assert_string_equal(facteur_error_message(error), "\\x01 \\x1f\x20~\\x7f\\u0080");
    assert_string_equal(facteur_error_where(error), "");
    facteur_error_free(error);
}

static void an_unknown_code_has_words_too(void **state)
{
    assert_string_equal(facteur_error_name(-12345), "");
    assert_string_equal(facteur_error_text(-12345), "unknown error");
    assert_int_equal(facteur_error_kind(-12345), FACTEUR_KIND_USAGE);
    assert_string_equal(facteur_error_text(FACTEUR_ENOMEM), "out of memory");
    assert_string_equal(facteur_phase_name(FACTEUR_PHASE_resolve), "resolve");
    assert_string_equal(facteur_phase_name(FACTEUR_PHASE_COUNT), "");
}

/* The first error is the one that is told. */
static void an_error_is_set_once(void **state)
{
    facteur_error *error = NULL, *cause = NULL;

    assert_int_equal(fct_error_set(NULL, FACTEUR_ECONFIG, "tls", "unheard"), FACTEUR_ECONFIG);
    assert_int_equal(fct_error_standing(&error, 0), 0);
    assert_null(error);
    assert_int_equal(fct_error_nomem(&error), FACTEUR_ENOMEM);
    assert_int_equal(fct_error_set(&error, FACTEUR_ECONFIG, "tls", "late"), FACTEUR_ECONFIG);
    assert_int_equal(facteur_error_code(error), FACTEUR_ENOMEM);
    assert_string_equal(facteur_error_message(error), facteur_error_text(FACTEUR_ENOMEM));
    fct_error_set(&cause, FACTEUR_ETLS, NULL, "cause");
    assert_int_equal(fct_error_pass(&error, FACTEUR_ETLS, cause), FACTEUR_ETLS);
    assert_int_equal(facteur_error_code(error), FACTEUR_ENOMEM);
    facteur_error_free(error);
    error = cause = NULL;
    fct_error_set(&cause, FACTEUR_ETLS, NULL, "cause");
    assert_int_equal(fct_error_pass(&error, FACTEUR_ETLS, cause), FACTEUR_ETLS);
    assert_ptr_equal(error, cause);
    fct_error_prefix(&error, "");
    fct_error_prefix(NULL, "x");
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
    assert_string_equal(fct_nearest("TSL_NAME", 8, names, 3), "tls_name");
    assert_string_equal(fct_nearest("eadline", 7, names, 3), "deadline");
    assert_string_equal(fct_nearest("xdeadline", 9, names, 3), "deadline");
    assert_null(fct_nearest("", 0, names, 3));
}

/* A word of n letters may have n / 3 + 1 wrong. */
static void a_name_is_near_within_a_third(void **state)
{
    static const char *const names[] = {"abcdef"};
    static const char *const two[] = {"abcxxf", "abcdxf"};
    char word[66];

    assert_string_equal(fct_nearest("xbxdxf", 6, names, 1), "abcdef");
    assert_null(fct_nearest("xbxdxx", 6, names, 1));
    assert_string_equal(fct_nearest("abcdef", 6, two, 2), "abcdxf");
    memset(word, 'a', sizeof word);
    for (size_t len = 62; len < sizeof word; len++) {
        const char *candidate = word;

        word[len] = '\0';
        /* Neither a name nor a word of more than 64 letters is looked at. */
        assert_ptr_equal(fct_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                     60, &candidate, 1),
                         len <= 64 ? word : NULL);
        assert_ptr_equal(fct_nearest(word, len, &candidate, 1), len <= 64 ? word : NULL);
        word[len] = 'a';
    }
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
    assert_false(fct_secret_equal(NULL, a));
    assert_true(fct_secret_equal(NULL, NULL));
    assert_int_equal(fct_secret_bytes(NULL).len, 0);
    assert_int_equal(fct_secret_bytes(a).len, 9);
    assert_int_equal(fct_secret_bytes(a).ptr[9], '\0');
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

/* RFC 4648 section 10; and each digit, from the blocks and from what is left behind them. */
static void base64_has_its_alphabet(void **state)
{
    static const char *const rows[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},
                                          {"foo", "Zm9v"},       {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fct_buf bytes = {0};
    char text[FCT_BASE64_LEN(48)];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(fct_base64_encode(text, rows[i][0], strlen(rows[i][0])), i < 3 ? 4 : 8);
        assert_memory_equal(text, rows[i][1], strlen(rows[i][1]));
    }
    assert_int_equal(fct_base64_decode(&bytes, FCT_SLICE(alphabet)), 0);
    assert_int_equal(bytes.len, 48);
    assert_memory_equal(bytes.ptr, "\x00\x10\x83\x10\x51\x87\x20\x92\x8b", 9);
    assert_int_equal(fct_base64_encode(text, bytes.ptr, 48), 64);
    assert_memory_equal(text, alphabet, 64);
    for (size_t i = 0; i < 48; i += 3) {
        assert_int_equal(fct_base64_encode(text, bytes.ptr + i, 3), 4);
        assert_memory_equal(text, alphabet + i / 3 * 4, 4);
    }
    fct_buf_done(&bytes);
    for (int byte = 0; byte < 256; byte++) {
        char digits[] = {(char)byte, 'A', 'A', 'A'};
        bool known = byte && strchr(alphabet, byte);

        assert_int_equal(fct_base64_decode(&bytes, (fct_slice){digits, 4}),
                         known ? 0 : FACTEUR_EPROTOCOL);
    }
    fct_buf_done(&bytes);
}

static size_t put_utf8(char *out, uint32_t code, size_t len)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[len] | code);
    return len;
}

/* Each code point has one form, RFC 3629 section 3; a surrogate has none. */
static void utf8_reads_each_code_point(void **state)
{
    for (uint32_t code = 0; code <= 0x13ffff; code++) {
        size_t right = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        bool good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

        for (size_t len = right; len <= 4; len++) {
            size_t want = good && len == right ? len : 0;
            uint32_t got = 0xffffffff;
            char bytes[4];

            put_utf8(bytes, code, len);
            if (fct_utf8_next((fct_slice){bytes, len}, &got) != want)
                fail_msg("U+%04X in %zu octets", (unsigned)code, len);
            assert_int_equal(got, want ? code : 0xffffffff);
            if (len > 1)
                assert_int_equal(fct_utf8_next((fct_slice){bytes, len - 1}, &got), 0);
        }
    }
}

static void utf8_wants_its_further_octets(void **state)
{
    static const char *const good[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xac"};
    uint32_t code;

    for (size_t i = 0; i < 3; i++) {
        for (size_t at = 0; at < strlen(good[i]); at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[5] = "";
                bool further = byte >= 0x80 && byte < 0xc0;

                strcpy(text, good[i]);
                text[at] = (char)byte;
                if (at && !further)
                    assert_int_equal(fct_utf8_next((fct_slice){text, i + 2}, &code), 0);
                if (!at && (further || byte > 0xf4))
                    assert_int_equal(fct_utf8_next((fct_slice){text, i + 2}, &code), 0);
            }
        }
    }
    assert_int_equal(fct_utf8_next((fct_slice){"", 0}, &code), 0);
}

static void utf8_is_cut_between_characters(void **state)
{
    static const char text[] = "a\xc3\xa9\xf0\x9f\x93\xac.";
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};

    for (size_t max = 0; max < sizeof cuts / sizeof cuts[0]; max++)
        assert_int_equal(fct_utf8_cut(FCT_SLICE(text), max).len, cuts[max]);
    assert_int_equal(fct_utf8_cut(FCT_SLICE("\x80\x80\x80"), 2).len, 0);
}

/* At each place of each length: before, in and behind the blocks. */
static void the_first_octet_beyond_ascii_is_found(void **state)
{
    for (size_t len = 0; len < 70; len++) {
        char *text = fct_malloc(len);

        for (size_t at = 0; at <= len; at++) {
            memset(text, 0x7f, len);
            if (at < len)
                text[at] = (char)0x80;
            assert_int_equal(fct_ascii_len((fct_slice){text, len}), at);
            assert_int_equal(fct_is_ascii((fct_slice){text, len}), at == len);
            assert_int_equal(fct_utf8_check((fct_slice){text, len}), at);
        }
        fct_free(text);
    }
}

/* A sanitizer sees when something is added to the pointer. */
static void an_empty_text_needs_no_pointer(void **state)
{
    const fct_slice empty = {0};
    uint32_t code;

    assert_int_equal(fct_utf8_next(empty, &code), 0);
    assert_int_equal(fct_utf8_check(empty), 0);
    assert_int_equal(fct_utf8_cut(empty, 4).len, 0);
    assert_int_equal(fct_ascii_len(empty), 0);
    assert_true(fct_is_ascii(empty));
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
                                       "::1.2.3.4.5",
                                       "1:2:3:4:5:6:7:1.2.3.4",
                                       "1.2.3.4",
                                       "1.2.3.4::",
                                       "::1.2.3.4:5",
                                       "1:2:3:4:5:6::1.2.3.4",
                                       "::1::",
                                       ":1",
                                       "1:",
                                       "1:2:3:4:5:6:7:8:",
                                       "1:2:3:4:5:6:7:8::",
                                       "1:2:3:4:5:6:7::8:9"};
    static const struct {
        const char *text, *address;
    } good6[] = {
        {"::", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"::1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"},
        {"1::", "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"1:2:3:4:5:6:7:8", "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\x08"},
        {"1:2:3:4:5:6::8", "\0\1\0\2\0\3\0\4\0\5\0\6\0\0\0\x08"},
        {"::2:3:4:5:6:7:8", "\0\0\0\2\0\3\0\4\0\5\0\6\0\7\0\x08"},
        {"fe80::aBcD:1", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\xab\xcd\0\1"},
        {"1:2:3:4:5:6:9.8.7.6", "\0\1\0\2\0\3\0\4\0\5\0\6\x09\x08\7\6"},
        {"::ffff:1.2.3.4", "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4"},
        {"::1.2.3.4", "\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4"},
        {"2001:db8::f", "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x0f"},
    };
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
    for (size_t i = 0; i < sizeof good6 / sizeof good6[0]; i++) {
        memset(address, 0xee, sizeof address);
        if (!fct_ip_v6(fct_slice_of(good6[i].text), address))
            fail_msg("%s was refused", good6[i].text);
        assert_memory_equal(address, good6[i].address, 16);
    }
    assert_true(fct_ip_v4(FCT_SLICE("1.20.200.99"), address));
    assert_memory_equal(address, "\x01\x14\xc8\x63", 4);
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
    /* The message has the whole place only now. */
    error = NULL;
    fct_error_set(&error, FACTEUR_EMESSAGE, "key", "dkim[1].key: no key");
    assert_string_equal(facteur_error_sentence(error), "key: dkim[1].key: no key");
    fct_error_prefix(&error, "dkim[1].");
    assert_string_equal(facteur_error_sentence(error), "dkim[1].key: no key");
    facteur_error_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_has_the_place_once),
        cmocka_unit_test(a_prefixed_place_is_in_the_sentence),
        cmocka_unit_test(clocks_agree_with_the_systems),
        cmocka_unit_test(buf_grows_and_stays_terminated),
        cmocka_unit_test(buf_refuses_beyond_its_cap),
        cmocka_unit_test(buf_formats_what_fits_and_what_does_not),
        cmocka_unit_test(buf_writes_numbers),
        cmocka_unit_test(buf_gives_up_what_it_consumed),
        cmocka_unit_test(hex_has_two_digits_an_octet),
        cmocka_unit_test(slices_compare_without_locale),
        cmocka_unit_test(errors_carry_place_and_printable_text),
        cmocka_unit_test(an_unknown_code_has_words_too),
        cmocka_unit_test(an_error_is_set_once),
        cmocka_unit_test(errors_stay_valid_utf8_when_they_are_cut),
        cmocka_unit_test(the_nearest_name_is_found_or_none),
        cmocka_unit_test(a_name_is_near_within_a_third),
        cmocka_unit_test(a_list_is_first_in_first_out),
        cmocka_unit_test(secrets_compare_whole),
        cmocka_unit_test(base64_round_trips_and_is_strict),
        cmocka_unit_test(base64_has_its_alphabet),
        cmocka_unit_test(an_empty_text_needs_no_pointer),
        cmocka_unit_test(utf8_refuses_what_rfc_3629_refuses),
        cmocka_unit_test(utf8_reads_each_code_point),
        cmocka_unit_test(utf8_wants_its_further_octets),
        cmocka_unit_test(utf8_is_cut_between_characters),
        cmocka_unit_test(the_first_octet_beyond_ascii_is_found),
        cmocka_unit_test(addresses_are_read_one_way),
        cmocka_unit_test(a_zone_is_cut_off),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(an_armed_allocation_fails_once),
        cmocka_unit_test(live_memory_is_counted),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
