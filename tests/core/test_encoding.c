/* SPDX-License-Identifier: MIT */
/* mime/: transfer encodings, read back by decoders written here; dates; media types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "facteur.h"
#include "mime/date.h"
#include "mime/encoding.h"
#include "mime/media.h"

static uint32_t seed;

static uint32_t next_random(void)
{
    seed = seed * 1664525U + 1013904223U;
    return seed >> 8;
}

static int hex_value(char digit)
{
    const char *digits = "0123456789ABCDEF", *at = strchr(digits, digit);

    assert_non_null(at);
    return (int)(at - digits);
}

/* Decode one line of quoted-printable, strictly; a soft break takes the line's end away. */
static void decode_qp_line(fct_buf *out, const char *line, size_t len, bool last)
{
    assert_true(len <= 76);
    assert_false(len && (line[len - 1] == ' ' || line[len - 1] == '\t'));
    assert_false(len && line[0] == '.');
    assert_int_equal(fct_utf8_check((fct_slice){line, len}), len);
    for (size_t i = 0; i < len; i++) {
        if (line[i] != '=') {
            assert_true(line[i] == '\t' || (line[i] >= ' ' && line[i] <= '~'));
            fct_buf_add_char(out, line[i]);
        } else if (i + 1 == len) {
            return;
        } else {
            assert_true(i + 2 < len);
            fct_buf_add_char(out, (char)(hex_value(line[i + 1]) << 4 | hex_value(line[i + 2])));
            i += 2;
        }
    }
    if (!last)
        fct_buf_add_char(out, '\n');
}

static void decode_qp(fct_buf *out, const char *text, size_t len)
{
    size_t at = 0;

    for (;;) {
        const char *end = at < len ? memchr(text + at, '\r', len - at) : NULL;

        if (!end) {
            decode_qp_line(out, text + at, len - at, true);
            return;
        }
        assert_int_equal(end[1], '\n');
        decode_qp_line(out, text + at, (size_t)(end - text) - at, false);
        at = (size_t)(end - text) + 2;
    }
}

static void decode_base64(fct_buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\r', len - at);
        size_t n;

        assert_non_null(end);
        assert_int_equal(end[1], '\n');
        n = (size_t)(end - text) - at;
        assert_true(n == 76 || (n < 76 && at + n + 2 == len));
        assert_int_equal(fct_base64_decode(out, (fct_slice){text + at, n}), 0);
        at += n + 2;
    }
}

/* What the encoded form stands for, with "\n" line ends again. */
static void check_round_trip(enum fct_encoding encoding, const char *text, size_t len)
{
    fct_buf out = {0}, back = {0};

    fct_encode_text(&out, encoding, (fct_slice){text, len});
    assert_false(out.failed);
    if (encoding == FCT_BASE64) {
        fct_buf crlf = {0};

        decode_base64(&crlf, out.ptr ? out.ptr : "", out.len);
        for (size_t i = 0; i < crlf.len; i++) {
            if (crlf.ptr[i] == '\n')
                assert_true(i > 0 && crlf.ptr[i - 1] == '\r');
            if (crlf.ptr[i] != '\r' || i + 1 == crlf.len || crlf.ptr[i + 1] != '\n')
                fct_buf_add_char(&back, crlf.ptr[i]);
        }
        fct_buf_done(&crlf);
    } else {
        decode_qp(&back, out.ptr ? out.ptr : "", out.len);
    }
    assert_int_equal(back.len, len);
    if (len)
        assert_memory_equal(back.ptr, text, len);
    fct_buf_done(&out);
    fct_buf_done(&back);
}

static size_t random_text(char *text, size_t max)
{
    static const char *const pieces[] = {
        "a", " ",     "\t",   "\n", "=",    ".",    "é",    "語",
        "📬", "From ", "word", "=_", "\x01", "\x7f", "  \n", "long-long-word"};
    size_t len = 0, count = next_random() % 200, bias = next_random() % 17;

    for (size_t i = 0; i < count; i++) {
        size_t pick = next_random() % 17;
        const char *piece = pieces[pick >= 16 ? bias % 16 : pick];
        size_t n = strlen(piece);

        if (len + n > max)
            break;
        memcpy(text + len, piece, n);
        len += n;
    }
    return len;
}

static void text_round_trips(void **state)
{
    char text[4096];

    for (seed = 1; seed < 4000000000U; seed += 1999993) {
        uint32_t keep = seed;
        size_t len = random_text(text, sizeof text);

        check_round_trip(FCT_QUOTED_PRINTABLE, text, len);
        check_round_trip(FCT_BASE64, text, len);
        if (fct_encoding_choose((fct_slice){text, len}) != FCT_7BIT) {
            fct_buf qp = {0}, base64 = {0};
            bool qp_chosen = fct_encoding_choose((fct_slice){text, len}) == FCT_QUOTED_PRINTABLE;

            fct_encode_text(&qp, FCT_QUOTED_PRINTABLE, (fct_slice){text, len});
            fct_encode_text(&base64, FCT_BASE64, (fct_slice){text, len});
            /* The choice is by an estimate, which the soft breaks can be off by. */
            assert_true(qp_chosen ? qp.len <= base64.len + base64.len / 16 + 8
                                  : base64.len <= qp.len + qp.len / 16 + 8);
            fct_buf_done(&qp);
            fct_buf_done(&base64);
        }
        seed = keep;
    }
}

static void every_length_of_line_round_trips(void **state)
{
    static const char *const units[] = {"x", "=", "é", "語", "📬", " "};

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t lead = 0; lead < 4; lead++) {
            for (size_t count = 0; count < 170; count++) {
                fct_buf text = {0};

                fct_buf_add(&text, "abc", lead);
                for (size_t i = 0; i < count; i++)
                    fct_buf_add_text(&text, units[u]);
                if (text.len) {
                    check_round_trip(FCT_QUOTED_PRINTABLE, text.ptr, text.len);
                    fct_buf_add_char(&text, '\n');
                    check_round_trip(FCT_QUOTED_PRINTABLE, text.ptr, text.len);
                    check_round_trip(FCT_BASE64, text.ptr, text.len);
                }
                fct_buf_done(&text);
            }
        }
    }
}

static void long_lines_round_trip_over_blocks(void **state)
{
    static const size_t sizes[] = {3647, 3648, 3649, 4095, 4096, 4097, 8192, 12289, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *text = fct_malloc(sizes[i] + 4);

        assert_non_null(text);
        for (size_t k = 0; k < sizes[i]; k += 2)
            memcpy(text + k, "é", 2);
        check_round_trip(FCT_QUOTED_PRINTABLE, text, sizes[i] / 2 * 2);
        memset(text, '\n', sizes[i]);
        check_round_trip(FCT_BASE64, text, sizes[i]);
        memset(text, 'x', sizes[i]);
        check_round_trip(FCT_QUOTED_PRINTABLE, text, sizes[i]);
        fct_free(text);
    }
}

static void seven_bit_only_for_what_nobody_changes(void **state)
{
    char line[79];
    static const struct {
        const char *text;
        enum fct_encoding encoding;
    } cases[] = {
        {"", FCT_7BIT},
        {"hello\n", FCT_7BIT},
        {"a\tb = c\n\n", FCT_7BIT},
        {"trailing \n", FCT_QUOTED_PRINTABLE},
        {"trailing\t", FCT_QUOTED_PRINTABLE},
        {"x\nFrom me\n", FCT_QUOTED_PRINTABLE},
        {"a =_ b b b b b b", FCT_QUOTED_PRINTABLE},
        {"bell \x07 bell bell", FCT_QUOTED_PRINTABLE},
        {"caf\xc3\xa9 au lait", FCT_QUOTED_PRINTABLE},
        {"日本語のメール", FCT_BASE64},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fct_encoding_choose(fct_slice_of(cases[i].text)), cases[i].encoding);
    memset(line, 'x', sizeof line);
    assert_int_equal(fct_encoding_choose((fct_slice){line, 78}), FCT_7BIT);
    assert_int_equal(fct_encoding_choose((fct_slice){line, 79}), FCT_QUOTED_PRINTABLE);
}

/* In blocks and in what is left of them, with nothing to read behind the text. */
static void every_byte_at_every_place(void **state)
{
    for (size_t len = 1; len <= 40; len++) {
        char *text = fct_malloc(len);

        assert_non_null(text);
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                bool same = byte == '\n' ||
                            (byte >= (at + 1 == len ? 0x21 : 0x20) && byte < 0x7f) ||
                            (byte == '\t' && at + 1 < len);

                memset(text, 'x', len);
                text[at] = (char)byte;
                assert_int_equal(fct_encoding_choose((fct_slice){text, len}) == FCT_7BIT, same);
                check_round_trip(FCT_QUOTED_PRINTABLE, text, len);
            }
        }
        fct_free(text);
    }
}

static void base64_lines_have_the_told_length(void **state)
{
    static unsigned char bytes[600];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        fct_buf out = {0}, back = {0};

        fct_encode_base64(&out, bytes, len);
        assert_int_equal(out.len, fct_base64_lines_len(len));
        decode_base64(&back, out.ptr, out.len);
        assert_int_equal(back.len, len);
        if (len)
            assert_memory_equal(back.ptr, bytes, len);
        fct_buf_done(&out);
        fct_buf_done(&back);
    }
}

static void dates_are_read_and_written(void **state)
{
    static const struct {
        const char *text, *written;
        int64_t s;
    } cases[] = {
        {"1970-01-01T00:00:00Z", "Thu, 1 Jan 1970 00:00:00 +0000", 0},
        {"2026-11-23T10:00:00+01:00", "Mon, 23 Nov 2026 10:00:00 +0100", 1795424400},
        {"2026-11-23 10:00:00.250+01:00", "Mon, 23 Nov 2026 10:00:00 +0100", 1795424400},
        {"Mon, 23 Nov 2026 10:00:00 +0100", "Mon, 23 Nov 2026 10:00:00 +0100", 1795424400},
        {"23 nov 2026 09:00 GMT", "Mon, 23 Nov 2026 09:00:00 +0000", 1795424400},
        {"23 Nov 2026 04:00:00 EST (winter)", "Mon, 23 Nov 2026 04:00:00 -0500", 1795424400},
        {"2024-02-29T23:59:59-03:30", "Thu, 29 Feb 2024 23:59:59 -0330", 1709263799},
        {"1901-03-01t00:00:00z", "Fri, 1 Mar 1901 00:00:00 +0000", -2172355200},
        {"9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 +0000", 253402300799},
    };
    static const char *const bad[] = {"",
                                      "now",
                                      "2026-11-23",
                                      "2026-11-23T10:00:00",
                                      "2026-02-29T10:00:00Z",
                                      "2026-13-01T10:00:00Z",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T10:00:00Zx",
                                      "Mon 23 Nov 2026 10:00:00 +0100",
                                      "23 Nov 26 10:00:00 +0100",
                                      "23 Nov 2026 10:00:00",
                                      "2026-11-23T10:00:00+01:60",
                                      "2026-11-23T10:00:00\r\n+01:00",
                                      "1899-12-31T23:59:59Z",
                                      "2026-00-01T10:00:00Z",
                                      "2026-01-00T10:00:00Z",
                                      "2026-11-23T10:60:00Z",
                                      "2026-11-23T10:00:61Z",
                                      "2026-11-23T10:00:00+24:00",
                                      "2026-11-23T10:00:00-24:00",
                                      "2026-11-23T10:00:00+1:00",
                                      "2026-11-23T10:00:00+0100",
                                      "2026-11-23T10:00:00 01:00",
                                      "2026-11-23T10:00:00.Z",
                                      "2026-11-23T10:00:00.0123456789Z",
                                      "226-11-23T10:00:00Z",
                                      "2026-1-23T10:00:00Z",
                                      "2026-11-3T10:00:00Z",
                                      "2026-11-23x10:00:00Z",
                                      "2026-11-23T1:00:00Z",
                                      "2026-11-23T10:0:00Z",
                                      "2026-11-23T10:00:0Z",
                                      "2026/11-23T10:00:00Z",
                                      "2026-11/23T10:00:00Z",
                                      "2026-11-23T10-00:00Z",
                                      "2026-11-23T10:00-00Z",
                                      "123 Nov 2026 10:00:00 +0100",
                                      "Nov 2026 10:00:00 +0100",
                                      "23Nov 2026 10:00:00 +0100",
                                      "23 Nov2026 10:00:00 +0100",
                                      "23 Foo 2026 10:00:00 +0100",
                                      "23 Nov 202610:00:00 +0100",
                                      "23 Nov 2026 1:00:00 +0100",
                                      "23 Nov 2026 10 00:00 +0100",
                                      "23 Nov 2026 10:0:00 +0100",
                                      "23 Nov 2026 10:00:0 +0100",
                                      "23 Nov 2026 10:00:00+0100",
                                      "23 Nov 2026 10:00:00 0100",
                                      "23 Nov 2026 10:00:00 +100",
                                      "23 Nov 2026 10:00:00 +01:00",
                                      "23 Nov 2026 10:00:00 +0160",
                                      "23 Nov 2026 10:00:00 XYZ",
                                      "23 Nov 2026 10:00:00 +0100 (winter",
                                      "23 Nov 2026 10:00:00 +0100 winter)"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[FCT_DATE_TEXT];
        fct_date date = {0};

        assert_int_equal(fct_date_parse(&date, fct_slice_of(cases[i].text)), 0);
        assert_int_equal(date.s, cases[i].s);
        fct_date_write(text, date);
        assert_string_equal(text, cases[i].written);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fct_date date = {0};

        assert_int_equal(fct_date_parse(&date, fct_slice_of(bad[i])), FACTEUR_EMESSAGE);
    }
}

static void the_named_zones_are_known(void **state)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"GMT", 0},  {"UTC", 0},  {"UT", 0},   {"Z", 0},    {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        fct_date date = {0};
        char text[64];

        snprintf(text, sizeof text, "1 Jan 1970 12:00 %s", zones[i].name);
        assert_int_equal(fct_date_parse(&date, fct_slice_of(text)), 0);
        assert_int_equal(date.offset_min, 60 * zones[i].hours);
        assert_int_equal(date.s, 3600 * (12 - zones[i].hours));
    }
}

static void each_month_has_its_days(void **state)
{
    static const int last[2][12] = {{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31},
                                    {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}};
    static const struct {
        int year, leap;
    } years[] = {{1900, 0}, {2000, 1}, {2023, 0}, {2024, 1}, {2100, 0}, {2400, 1}};

    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
        for (int month = 0; month < 14; month++) {
            int days = month < 1 || month > 12 ? 0 : last[years[i].leap][month - 1];

            for (int day = 0; day <= 32; day++) {
                fct_date date = {0};
                char text[64];

                snprintf(text, sizeof text, "%d-%02d-%02dT23:59:60+23:59", years[i].year, month,
                         day);
                assert_int_equal(fct_date_parse(&date, fct_slice_of(text)),
                                 day > 0 && day <= days ? 0 : FACTEUR_EMESSAGE);
            }
        }
    }
}

/* As the C library writes and reads them, from 1900 to 9999. */
static void dates_are_those_of_the_calendar(void **state)
{
    for (int64_t s = -2208988800; s <= 253402300799; s += 2000003) {
        char text[FCT_DATE_TEXT], expected[FCT_DATE_TEXT];
        time_t moment = (time_t)s;
        fct_date back = {0};
        struct tm parts;

        gmtime_r(&moment, &parts);
        strftime(expected, sizeof expected, "%a, %-d %b %Y %H:%M:%S +0000", &parts);
        fct_date_write(text, (fct_date){.s = s});
        assert_string_equal(text, expected);
        strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%SZ", &parts);
        assert_int_equal(fct_date_parse(&back, fct_slice_of(expected)), 0);
        assert_int_equal(back.s, s);
    }
}

/* What has no year of four digits becomes the nearest that has one. */
static void dates_have_their_ends(void **state)
{
    static const struct {
        fct_date date;
        const char *written;
    } rows[] = {
        {{-2208988800, 0}, "Mon, 1 Jan 1900 00:00:00 +0000"},
        {{-2208988801, 0}, "Mon, 1 Jan 1900 00:00:00 +0000"},
        {{-2208988800, -1}, "Mon, 1 Jan 1900 00:00:00 -0001"},
        {{-2208988800, 61}, "Mon, 1 Jan 1900 01:01:00 +0101"},
        {{-2208988740, -1}, "Mon, 1 Jan 1900 00:00:00 -0001"},
        {{253402300799, 0}, "Fri, 31 Dec 9999 23:59:59 +0000"},
        {{253402300800, 0}, "Fri, 31 Dec 9999 23:59:59 +0000"},
        {{253402300799, 1}, "Fri, 31 Dec 9999 23:59:59 +0001"},
        {{253402300739, 1}, "Fri, 31 Dec 9999 23:59:59 +0001"},
        {{253402300799, -719}, "Fri, 31 Dec 9999 12:00:59 -1159"},
        {{INT64_MIN, 0}, "Mon, 1 Jan 1900 00:00:00 +0000"},
        {{INT64_MAX, 0}, "Fri, 31 Dec 9999 23:59:59 +0000"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[FCT_DATE_TEXT];

        fct_date_write(text, rows[i].date);
        assert_string_equal(text, rows[i].written);
    }
}

/* Every 13 hours over four centuries: what is written is read as the same moment. */
static void dates_round_trip(void **state)
{
    for (int64_t s = -2208988800; s < 10413792000; s += 13 * 3600 + 7) {
        char text[FCT_DATE_TEXT];
        fct_date back = {0};

        fct_date_write(text, (fct_date){.s = s, .offset_min = (int)(s % 90)});
        assert_int_equal(fct_date_parse(&back, fct_slice_of(text)), 0);
        if (back.offset_min == 0 || s > -2208900000)
            assert_int_equal(back.s, s);
    }
}

static void an_empty_text_is_empty_in_each_encoding(void **state)
{
    static const enum fct_encoding encodings[] = {FCT_7BIT, FCT_QUOTED_PRINTABLE, FCT_BASE64};
    fct_buf out = {0};

    assert_int_equal(fct_encoding_choose((fct_slice){0}), FCT_7BIT);
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
        fct_encode_text(&out, encodings[i], (fct_slice){0});
    assert_false(out.failed);
    assert_int_equal(out.len, 0);
    fct_buf_done(&out);
}

static void media_types_go_by_the_ending(void **state)
{
    assert_string_equal(fct_media_type(FCT_SLICE("a.b.PDF")), "application/pdf");
    assert_string_equal(fct_media_type(FCT_SLICE("photo.jpeg")), "image/jpeg");
    assert_string_equal(fct_media_type(FCT_SLICE("pdf")), "application/octet-stream");
    assert_string_equal(fct_media_type(FCT_SLICE("x.")), "application/octet-stream");
    assert_string_equal(fct_media_type(FCT_SLICE("")), "application/octet-stream");
    assert_string_equal(fct_media_type(FCT_SLICE("mail.eml")), "application/octet-stream");
}

/* A parameter is found by its name alone, whatever another one's quoted value looks like. */
static void parameters_are_found(void **state)
{
    static const struct {
        const char *type, *name, *value;
    } rows[] = {
        {"text/plain", "charset", NULL},
        {"text/plain;", "charset", NULL},
        {"text/plain; charset=utf-8", "charset", "utf-8"},
        {"text/plain;CHARSET = utf-8 ; x=y", "charset", "utf-8"},
        {"text/plain; charset=\"utf-8\"", "charset", "utf-8"},
        {"text/plain; charset=\"\"", "charset", ""},
        {"text/plain; charset=\"", "charset", "\""},
        {"text/plain; charset=", "charset", ""},
        {"text/plain; charset", "charset", NULL},
        {"text/plain; xcharset=a; charse=b", "charset", NULL},
        {"text/plain; name=\"a; charset=x\"; charset=utf-8", "charset", "utf-8"},
        {"text/plain; name=\"a\\\"; charset=x\"; charset=utf-8", "charset", "utf-8"},
        {"text/plain; name=\"a\\\\\"; charset=utf-8", "charset", "utf-8"},
        {"text/plain; name=\"a; charset=x", "charset", NULL},
        {"text/plain; name=\"a; charset=x\\", "charset", NULL},
        {"charset=x; a=b", "charset", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_slice value =
            fct_type_parameter(fct_slice_of(rows[i].type), fct_slice_of(rows[i].name));

        if ((value.ptr != NULL) != (rows[i].value != NULL) ||
            (value.ptr && !fct_slice_equal(value, fct_slice_of(rows[i].value))))
            fail_msg("%s: %.*s", rows[i].type, (int)value.len, value.ptr);
    }
    assert_true(fct_type_is(FCT_SLICE("Text/HTML; charset=utf-8"), FCT_SLICE("text/html")));
    assert_true(fct_type_is(FCT_SLICE(" text/html ;"), FCT_SLICE("text/html")));
    assert_false(fct_type_is(FCT_SLICE("text/htm"), FCT_SLICE("text/html")));
}

/* Readers decode each line alone: a soft break parts no character. */
static void a_character_stays_on_its_line(void **state)
{
    static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xac"};

    for (size_t c = 0; c < 3; c++) {
        for (size_t before = 0; before < 20; before++) {
            fct_buf text = {0}, out = {0};
            size_t breaks = 0;

            for (size_t i = 0; i < before; i++)
                fct_buf_add_char(&text, 'x');
            for (size_t i = 0; i < 60; i++) {
                fct_buf_add_text(&text, characters[c]);
                if (i % 3 == 0)
                    fct_buf_add_char(&text, 'y');
            }
            fct_encode_text(&out, FCT_QUOTED_PRINTABLE, (fct_slice){text.ptr, text.len});
            for (const char *at = out.ptr; (at = strstr(at, "=\r\n")) != NULL; breaks++) {
                at += 3;
                assert_false(at[0] == '=' && strchr("89AB", at[1]));
            }
            assert_true(breaks > 3);
            fct_buf_done(&text);
            fct_buf_done(&out);
        }
    }
}

static void no_text_is_so_long(void **state)
{
    fct_buf out = {0};

    fct_encode_base64(&out, "", SIZE_MAX / 4 + 1);
    assert_true(out.failed && !out.ptr);
    fct_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_round_trips),
        cmocka_unit_test(every_length_of_line_round_trips),
        cmocka_unit_test(long_lines_round_trip_over_blocks),
        cmocka_unit_test(seven_bit_only_for_what_nobody_changes),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(an_empty_text_is_empty_in_each_encoding),
        cmocka_unit_test(base64_lines_have_the_told_length),
        cmocka_unit_test(dates_are_read_and_written),
        cmocka_unit_test(the_named_zones_are_known),
        cmocka_unit_test(each_month_has_its_days),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(dates_have_their_ends),
        cmocka_unit_test(dates_round_trip),
        cmocka_unit_test(media_types_go_by_the_ending),
        cmocka_unit_test(parameters_are_found),
        cmocka_unit_test(no_text_is_so_long),
        cmocka_unit_test(a_character_stays_on_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
