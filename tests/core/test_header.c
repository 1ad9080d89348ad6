/* SPDX-License-Identifier: MIT */
/* mime/: header fields folded and encoded, parameters, wire tokens and display text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/token.h"

static char *subject(const char *text)
{
    fct_buf out = {0};
    fct_header header;

    fct_header_begin(&header, &out, "Subject");
    fct_header_text(&header, fct_slice_of(text), 76);
    fct_header_end(&header);
    return fct_buf_take(&out, NULL);
}

static void check_lines(const char *text, size_t most)
{
    while (*text) {
        const char *end = strstr(text, "\r\n");

        assert_non_null(end);
        assert_true((size_t)(end - text) <= most);
        assert_true(end > text && end[-1] != ' ');
        text = end + 2;
        assert_true(!*text || *text == ' ');
    }
}

static void append_q(fct_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned value;

        if (text[i] == '_') {
            fct_buf_add_char(out, ' ');
        } else if (text[i] == '=') {
            assert_int_equal(sscanf(text + i + 1, "%2X", &value), 1);
            fct_buf_add_char(out, (char)value);
            i += 2;
        } else {
            fct_buf_add_char(out, text[i]);
        }
    }
}

/* Unfold and decode one field's body as a reader would: white space between encoded words goes. */
static char *decode(const char *field)
{
    const char *at = strchr(field, ':') + 1;
    fct_buf out = {0};
    bool was_word = false;

    at += strspn(at, " \r\n");
    while (*at && strcmp(at, "\r\n") != 0) {
        const char *blank = at;

        while (*at == ' ' || *at == '\r' || *at == '\n')
            at++;
        if (strncmp(at, "=?utf-8?", 8) == 0) {
            const char *end = strstr(at + 10, "?=");
            size_t start = out.len;

            assert_non_null(end);
            assert_true(end + 2 - at <= 75);
            if (!was_word) {
                fct_buf_add(&out, blank, (size_t)(at - blank));
                start = out.len;
            }
            if (at[8] == 'Q')
                append_q(&out, at + 10, (size_t)(end - at - 10));
            else
                assert_int_equal(
                    fct_base64_decode(&out, (fct_slice){at + 10, (size_t)(end - at - 10)}), 0);
            assert_int_equal(fct_utf8_check((fct_slice){out.ptr + start, out.len - start}),
                             out.len - start);
            at = end + 2;
            was_word = true;
            continue;
        }
        for (; blank < at; blank++) {
            if (*blank == ' ')
                fct_buf_add_char(&out, ' ');
        }
        while (*at && *at != ' ' && *at != '\r')
            fct_buf_add_char(&out, *at++);
        was_word = false;
    }
    return fct_buf_take(&out, NULL);
}

static void subjects_fold_and_encode(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"Order 42", "Subject: Order 42\r\n"},
        {"", "Subject:\r\n"},
        {"a  b", "Subject: a  b\r\n"},
        {"caf\xc3\xa9", "Subject: =?utf-8?B?Y2Fmw6k=?=\r\n"},
        {"caf\xc3\xa9 au lait", "Subject: =?utf-8?Q?caf=C3=A9_au_lait?=\r\n"},
        {"日本語のメール", "Subject: =?utf-8?B?5pel5pys6Kqe44Gu44Oh44O844Or?=\r\n"},
        {"=?utf-8?Q?x?=", "Subject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"},
        {"1 =? 2", "Subject: 1 =? 2\r\n"},
        {"A subject that is so long that it has to be folded somewhere before its end comes",
         "Subject: A subject that is so long that it has to be folded somewhere before\r\n"
         " its end comes\r\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *written = subject(cases[i].text);

        assert_string_equal(written, cases[i].written);
        fct_free(written);
    }
}

static void text_of_any_length_reads_back(void **state)
{
    static const char *const units[] = {"x",    "word ", "é", "語", "📬",
                                        "a é ", "=?",    "_", "\"", "  y"};

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t count = 1; count < 150; count++) {
            fct_buf text = {0};
            char *written, *back;

            for (size_t i = 0; i < count; i++)
                fct_buf_add_text(&text, units[u]);
            fct_buf_add_char(&text, '.');
            if (text.ptr[0] == ' ')
                fct_buf_consume(&text, 2);
            written = subject(text.ptr);
            check_lines(written, strstr(written, "=?utf-8?") ? 76 : 78);
            back = decode(written);
            assert_string_equal(back, text.ptr);
            fct_free(back);
            fct_free(written);
            fct_buf_done(&text);
        }
    }
}

static void phrases_are_atoms_quoted_or_encoded(void **state)
{
    static const struct {
        const char *name, *written;
    } cases[] = {
        {"Ana Doe", "X: Ana Doe\r\n"},
        {"Doe, Ana", "X: \"Doe, Ana\"\r\n"},
        {"J. Doe", "X: \"J. Doe\"\r\n"},
        {"a  b", "X: \"a  b\"\r\n"},
        {"Ana ", "X: \"Ana \"\r\n"},
        {" Ana", "X: \" Ana\"\r\n"},
        {"say \"hi\" \\", "X: \"say \\\"hi\\\" \\\\\"\r\n"},
        {"Élan, Vital", "X: =?utf-8?B?w4lsYW4sIFZpdGFs?=\r\n"},
        {"Élan (Vital) of Paris", "X: =?utf-8?Q?=C3=89lan_=28Vital=29_of_Paris?=\r\n"},
        {"=?utf-8?Q?x?=", "X: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_buf out = {0};
        fct_header header;

        fct_header_begin(&header, &out, "X");
        fct_header_phrase(&header, fct_slice_of(cases[i].name));
        fct_header_end(&header);
        assert_string_equal(out.ptr, cases[i].written);
        fct_buf_done(&out);
    }
}

/* Quotes double their length: at any length one is quoted whole or encoded, and reads the same. */
static void phrases_of_any_length_are_whole(void **state)
{
    char name[4096];

    for (size_t len = 1; len < sizeof name; len += len < 200 ? 1 : 997) {
        fct_buf out = {0};
        fct_header header;
        char *read;

        memset(name, '"', len);
        name[len] = '\0';
        fct_header_begin(&header, &out, "X");
        fct_header_phrase(&header, fct_slice_of(name));
        fct_header_end(&header);
        check_lines(out.ptr, 78);
        if (strncmp(out.ptr, "X: \"", 4) == 0) {
            assert_int_equal(out.len, strlen("X: ") + 2 * len + 2 + strlen("\r\n"));
        } else {
            read = decode(out.ptr);
            assert_string_equal(read, name);
            fct_free(read);
        }
        fct_buf_done(&out);
    }
}

static void expect_list_field(const char *value, const char *expected)
{
    fct_header header;
    fct_buf out = {0};

    fct_header_begin(&header, &out, "L");
    fct_header_list(&header, fct_slice_of(value));
    fct_header_end(&header);
    fct_buf_add_char(&out, '\0');
    assert_string_equal(out.ptr, expected);
    fct_buf_done(&out);
}

/* What programs read of a List- field is never in an encoded word. */
static void ids_of_lists_stay_readable(void **state)
{
    static const char *const rows[][2] = {
        {"K\xc3\xb6ln <k.lists.example>", "L: =?utf-8?B?S8O2bG4=?= <k.lists.example>\r\n"},
        {"\"K\xc3\xb6ln, alle\" <k.example>", "L: =?utf-8?B?S8O2bG4sIGFsbGU=?= <k.example>\r\n"},
        {"News <k\xc3\xb6ln.example>", "L: News <xn--kln-sna.example>\r\n"},
        {"News \"x\" <k\xc3\xb6ln.example>", "L: \"News \\\"x\\\"\" <xn--kln-sna.example>\r\n"},
        {"<https://shop.example/a>, <mailto:b@shop.example> (f\xc3\xbcr alle)",
         "L: <https://shop.example/a>, <mailto:b@shop.example>\r\n "
         "=?utf-8?B?KGbDvHIgYWxsZSk=?=\r\n"},
        {"K\xc3\xb6ln", "L: =?utf-8?B?S8O2bG4=?=\r\n"},
        {"K\xc3\xb6ln <k", "L: =?utf-8?B?S8O2bG4gPGs=?=\r\n"},
        {"<h\xc3\xa9 h\xc3\xa9>", "L: =?utf-8?B?PGjDqSBow6k+?=\r\n"},
        {"", "L:\r\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_list_field(rows[i][0], rows[i][1]);
}

/* An encoded word is apart from the colon, anything else beside it. */
static void groups_have_no_space_before_the_colon(void **state)
{
    static const char *const rows[][2] = {
        {"undisclosed-recipients:;", "To: undisclosed-recipients:;\r\n"},
        {"\"A, B\": a@x.example;", "To: \"A, B\": a@x.example;\r\n"},
        {"K\xc3\xb6ln: a@x.example;, G:;", "To: =?utf-8?B?S8O2bG4=?= : a@x.example;, G:;\r\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_address_list list = {0};
        fct_header header;
        fct_buf out = {0};

        assert_int_equal(fct_address_list_parse(&list, "to", fct_slice_of(rows[i][0]), NULL), 0);
        fct_header_begin(&header, &out, "To");
        fct_header_addresses(&header, &list);
        fct_header_end(&header);
        fct_buf_add_char(&out, '\0');
        assert_string_equal(out.ptr, rows[i][1]);
        fct_buf_done(&out);
        fct_address_list_done(&list);
    }
}

static void long_address_lists_fold_between_addresses(void **state)
{
    fct_address_list list = {0};
    fct_header header;
    fct_buf out = {0};

    for (int i = 0; i < 200; i++)
        assert_int_equal(
            fct_address_list_parse(&list, "to",
                                   FCT_SLICE("\"Doe, John, the \xc3\xa9lder of many names\" "
                                             "<john.doe.the.elder@mail.example.com>, "
                                             "J Doe <j@x.example>, g: k@x.example;"),
                                   NULL),
            0);
    fct_header_begin(&header, &out, "To");
    fct_header_addresses(&header, &list);
    fct_header_end(&header);
    check_lines(out.ptr, 78);
    fct_address_list_done(&list);
    assert_int_equal(fct_address_list_parse(&list, "to", (fct_slice){out.ptr + 3, 0}, NULL), 0);
    fct_buf_done(&out);
}

/* Readers without much care take the fold behind a bare name for a space, and two for one. */
static void the_first_word_stands_beside_the_name(void **state)
{
    static const char id[] =
        "<a-message-id-that-is-longer-than-what-is-left-of-the-line@shop.example>";
    static const char *const texts[] = {
        "Votre commande numéro 1042 est expédiée",
        "A-word-that-fits-a-line-of-its-own-but-not-the-one-with-the-name-on-it",
        "Your order 1042 of the twenty-third of November will leave us today,  in the evening",
    };
    fct_buf out = {0};
    fct_header header;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *written = subject(texts[i]);

        check_lines(written, 78);
        assert_null(strstr(written, ":\r\n"));
        assert_null(strstr(written, "\r\n  "));
        fct_free(written);
    }
    fct_header_begin(&header, &out, "Message-ID");
    fct_header_token(&header, FCT_SLICE(id));
    fct_header_end(&header);
    assert_memory_equal(out.ptr, "Message-ID: <", 13);
    fct_buf_done(&out);
}

/* "Subject: ", the word, and an octet glued to it, in 78 columns: else it is encoded, which can be
 * cut. */
static void the_first_word_has_its_limit(void **state)
{
    for (size_t len = 60; len <= 76; len++) {
        char text[100] = "", *written;

        memset(text, 'x', len);
        strcat(text, " next");
        written = subject(text);
        assert_int_equal(strstr(written, "=?utf-8?") == NULL, len <= 68);
        check_lines(written, 78);
        fct_free(written);
    }
}

/* GMime stops at the padding of a word that is not the last. */
static void only_the_last_base64_word_is_padded(void **state)
{
    static const char *const units[] = {"🎉", "é", "語", "a語", "é語🎉", "語é"};

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t count = 1; count < 80; count++) {
            fct_buf text = {0};
            char *written;

            fct_buf_add_text(&text, "x 語");
            for (size_t i = 0; i < count; i++)
                fct_buf_add_text(&text, units[u]);
            written = subject(text.ptr);
            check_lines(written, 76);
            if (strstr(written, "=?="))
                assert_string_equal(strstr(written, "=?=") + 3, "\r\n");
            fct_free(written);
            fct_buf_done(&text);
        }
    }
}

/* A line with an encoded word ends two columns before others (RFC 2047 section 2). */
static void lines_with_encoded_words_have_76_columns(void **state)
{
    for (size_t len = 1; len < 60; len++) {
        fct_address_list list = {0};
        fct_buf text = {0}, out = {0};
        fct_header header;

        fct_buf_add_text(&text, "Zoë <");
        for (size_t i = 0; i < len; i++)
            fct_buf_add_char(&text, 'x');
        fct_buf_add_text(&text, "@inbox.example>, b@inbox.example");
        assert_int_equal(fct_address_list_parse(&list, "to", (fct_slice){text.ptr, text.len}, NULL),
                         0);
        fct_header_begin(&header, &out, "Reply-To");
        fct_header_addresses(&header, &list);
        fct_header_end(&header);
        assert_true(strcspn(out.ptr, "\r") <= 76);
        fct_address_list_done(&list);
        fct_buf_done(&text);
        fct_buf_done(&out);
    }
}

static char *param(const char *value)
{
    fct_buf out = {0};
    fct_header header;

    fct_header_begin(&header, &out, "Content-Disposition");
    fct_header_token(&header, FCT_SLICE("attachment"));
    fct_header_param(&header, "filename", fct_slice_of(value));
    fct_header_end(&header);
    return fct_buf_take(&out, NULL);
}

static void parameters_have_an_ascii_form_beside(void **state)
{
    static const struct {
        const char *value, *written;
    } cases[] = {
        {"a b.pdf", "Content-Disposition: attachment; filename=\"a b.pdf\"\r\n"},
        {"a\"\\b", "Content-Disposition: attachment; filename=\"a\\\"\\\\b\"\r\n"},
        {"caf\xc3\xa9.pdf", "Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.pdf;\r\n"
                            " filename=\"caf_.pdf\"\r\n"},
        {"=?utf-8?q?=0A?=", "Content-Disposition: attachment;\r\n"
                            " filename*=utf-8''%3D%3Futf-8%3Fq%3F%3D0A%3F%3D;"
                            " filename=\"=_utf-8_q_=0A_=\"\r\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *written = param(cases[i].value);

        assert_string_equal(written, cases[i].written);
        fct_free(written);
    }
}

/* 78 columns, with the byte that may be glued to it. */
static void a_token_folds_when_it_must(void **state)
{
    for (size_t len = 40; len < 90; len++) {
        fct_buf out = {0};
        fct_header header;
        char token[90];

        memset(token, 'x', len);
        fct_header_begin(&header, &out, "X");
        fct_header_token(&header, FCT_SLICE("y"));
        fct_header_token(&header, (fct_slice){token, len});
        fct_header_glue(&header, ';');
        fct_header_end(&header);
        assert_int_equal(strncmp(out.ptr, "X: y\r\n xx", 9) == 0, 4 + 1 + len + 1 > 78);
        fct_buf_done(&out);
    }
}

/* An ending of up to eight letters, so that the file still opens; 56 characters in all. */
static void a_shortened_name_keeps_its_ending(void **state)
{
    static const char *const endings[] = {".pdf", ".abcdefg", ".abcdefgh", ".abcdefghi", "."};

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t kept = i == 3 ? 0 : strlen(endings[i]);
        char name[120], expected[120], *written;

        memset(name, 'x', sizeof name);
        memcpy(name, "\xc3\xa9", 2);
        strcpy(name + 82, endings[i]);
        snprintf(expected, sizeof expected, " filename=\"_%.*s%s\"\r\n", (int)(55 - kept), name + 2,
                 kept ? endings[i] : "");
        written = param(name);
        assert_non_null(strstr(written, expected));
        fct_free(written);
    }
}

/* Put the sections together again, as RFC 2231 section 3 tells. */
static void check_extended(const char *written, const char *value)
{
    fct_buf joined = {0}, back = {0};
    const char *at = written;
    unsigned section = 0;

    for (; (at = strstr(at, " filename*")) != NULL; section++) {
        char name[32];

        snprintf(name, sizeof name, " filename*%u*=", section);
        if (memcmp(at, name, strlen(name)) != 0) {
            assert_int_equal(section, 0);
            assert_memory_equal(at, " filename*=", 11);
            assert_null(strstr(at + 1, " filename*"));
        }
        at = strchr(at, '=') + 1;
        fct_buf_add(&joined, at, strcspn(at, ";\r"));
    }
    assert_memory_equal(joined.ptr, "utf-8''", 7);
    for (const char *p = joined.ptr + 7; *p; p++) {
        unsigned byte = (unsigned char)*p;

        if (*p == '%') {
            assert_int_equal(sscanf(p + 1, "%2X", &byte), 1);
            p += 2;
        }
        fct_buf_add_char(&back, (char)byte);
    }
    assert_string_equal(back.ptr, value);
    fct_buf_done(&joined);
    fct_buf_done(&back);
}

static void file_names_of_any_length_read_back(void **state)
{
    static const char *const units[] = {"x", "é", "語", " ", "\"", "'%*", "é?B?bill"};

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t count = 1; count < 300; count++) {
            fct_buf value = {0}, out = {0};
            fct_header header;
            char *written;

            for (size_t i = 0; i < count; i++)
                fct_buf_add_text(&value, units[u]);
            fct_buf_add_text(&value, ".pdf");
            written = param(value.ptr);
            check_lines(written, 78);
            if (strstr(written, "filename*"))
                check_extended(written, value.ptr);
            assert_non_null(strstr(written, ".pdf\""));
            fct_free(written);
            fct_header_begin(&header, &out, "Content-Type");
            fct_header_token(&header, FCT_SLICE("application/pdf"));
            fct_header_param_outlook(&header, "name", (fct_slice){value.ptr, value.len});
            fct_header_end(&header);
            check_lines(out.ptr, 78);
            fct_buf_done(&out);
            fct_buf_done(&value);
        }
    }
}

static void display_text_is_cleaned(void **state)
{
    static const struct {
        const char *text, *clean;
    } cases[] = {
        {"a b", "a b"},
        {" a ", "a"},
        {"a\r\nb", "a b"},
        {"a \r\n b", "a b"},
        {"\x01"
         "a\x7f",
         "a"},
        {"a\xc2\x85"
         "b",
         "a b"},
        {"a\xe2\x80\xa8"
         "b",
         "a b"},
        {"a  b\tc", "a  b c"},
        {"\r\n", ""},
        {"  ", ""},
        {"é\né", "é é"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_buf out = {0};

        fct_buf_add_text(&out, "|");
        assert_int_equal(fct_text_clean(&out, fct_slice_of(cases[i].text)), 0);
        assert_string_equal(out.ptr + 1, cases[i].clean);
        fct_buf_done(&out);
    }
}

static void tokens_are_refused_by_kind(void **state)
{
    static const struct {
        enum fct_token kind;
        const char *value;
        bool good;
    } cases[] = {
        {FCT_TOKEN_HEADER_NAME, "X-Shop", true},
        {FCT_TOKEN_HEADER_NAME, "", false},
        {FCT_TOKEN_HEADER_NAME, "X Shop", false},
        {FCT_TOKEN_HEADER_NAME, "X:", false},
        {FCT_TOKEN_HEADER_NAME, "X\r\nBcc", false},
        {FCT_TOKEN_HEADER_NAME, "\xc3\xa9", false},
        {FCT_TOKEN_FILE_NAME, "r\xc3\xa9sum\xc3\xa9.pdf", true},
        {FCT_TOKEN_FILE_NAME, "a\nb", false},
        {FCT_TOKEN_FILE_NAME, "a\xc2\x85", false},
        {FCT_TOKEN_FILE_NAME, "a\xff", false},
        {FCT_TOKEN_ID, "logo", true},
        {FCT_TOKEN_ID, "1@example.com", true},
        {FCT_TOKEN_ID, "a b", false},
        {FCT_TOKEN_ID, "a>", false},
        {FCT_TOKEN_ID, "", false},
        {FCT_TOKEN_MEDIA_TYPE, "application/pdf", true},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; charset=utf-8", true},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; header=\"a \\\" \\\\ b\"", true},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; header=\"a\\\nBcc: x@y\"", false},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; header=\"a\\\r\"", false},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; header=\"a\\\xc3\xa9\"", false},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; header=\"a\\", false},
        {FCT_TOKEN_MEDIA_TYPE, "text/csv; header=\"a\\\"", false},
        {FCT_TOKEN_MEDIA_TYPE, "text/calendar; method=REQUEST; x=\"a;\\\"b\"", true},
        {FCT_TOKEN_MEDIA_TYPE, "pdf", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/", false},
        {FCT_TOKEN_MEDIA_TYPE, "/b", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b c", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=\"d", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=\"d\\\"", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; name=x", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b\r\nX: y", false},
        {FCT_TOKEN_MEDIA_TYPE, "multipart/mixed", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; =d", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b;c=d;  e=\"\"", true},
        {FCT_TOKEN_MEDIA_TYPE, "a/b  ; c=d", true},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; names=x", true},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=\"~ !\"", true},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=\"\x7f\"", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=\"\x1f\"", false},
        {FCT_TOKEN_ENVELOPE_ID, "", false},
        {FCT_TOKEN_LABEL_NAME, "", false},
        {FCT_TOKEN_LABEL, "", false},
        {FCT_TOKEN_LABEL, "a\xff", false},
        {FCT_TOKEN_URI, "https://", false},
        {FCT_TOKEN_URI, "mailto:", false},
        {FCT_TOKEN_URI, "HTTPS://x", true},
        {FCT_TOKEN_URI, "mailto:x", true},
        {FCT_TOKEN_URI, "http://x.example", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int result = fct_token_check(cases[i].kind, "field", fct_slice_of(cases[i].value), NULL);

        if (result != (cases[i].good ? 0 : FACTEUR_EMESSAGE))
            fail_msg("\"%s\" gave %d", cases[i].value, result);
    }
}

/* The text ends with its length, whatever stands in memory behind it. */
static void a_token_ends_with_its_length(void **state)
{
    static const struct {
        enum fct_token kind;
        const char *value;
        size_t len;
    } cases[] = {
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=\"d\"", 9},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=d", 7},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=d", 6},
        {FCT_TOKEN_MEDIA_TYPE, "a/b; c=d", 4},
        {FCT_TOKEN_MEDIA_TYPE, "a/b", 2},
        {FCT_TOKEN_MEDIA_TYPE, "a/b", 1},
        {FCT_TOKEN_ID, "a", 0},
        {FCT_TOKEN_URI, "https://x", 8},
        {FCT_TOKEN_URI, "mailto:x", 7},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_slice value = {cases[i].value, cases[i].len};

        if (fct_token_check(cases[i].kind, "field", value, NULL) != FACTEUR_EMESSAGE)
            fail_msg("row %zu", i);
        value.len = strlen(cases[i].value);
        if (fct_token_check(cases[i].kind, "field", value, NULL) != 0)
            fail_msg("row %zu, whole", i);
    }
}

/* What each kind takes beside letters and digits, octet by octet. */
static void tokens_have_their_characters(void **state)
{
    static const struct {
        enum fct_token kind;
        const char *before, *others;
        bool beyond_ascii;
    } rows[] = {
        {FCT_TOKEN_HEADER_NAME, "X", "!\"#$%&'()*+,-./;<=>?@[\\]^_`{|}~", false},
        {FCT_TOKEN_FILE_NAME, "x", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true},
        {FCT_TOKEN_ID, "x", "!\"#$%&'()*+,-./:;=?@[\\]^_`{|}~", false},
        {FCT_TOKEN_MEDIA_TYPE, "a/b", "!#$%&'*+-.^_`{|}~", false},
        {FCT_TOKEN_ENVELOPE_ID, "x", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", false},
        {FCT_TOKEN_LABEL_NAME, "x", "-._", false},
        {FCT_TOKEN_LABEL, "x", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true},
        {FCT_TOKEN_URI, "https://x", "!\"#$%&'()*+,-./:;=?@[\\]^_`{|}~", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned code = 0; code < 0x200; code++) {
            bool good = code < 0x80 ? fct_is_alnum((unsigned char)code) ||
                                          (code && strchr(rows[i].others, (int)code))
                                    : rows[i].beyond_ascii && code >= 0xa0;
            char text[16];
            size_t len = strlen(rows[i].before);

            memcpy(text, rows[i].before, len);
            if (code >= 0x80)
                text[len++] = (char)(0xc0 | code >> 6);
            text[len++] = (char)(code < 0x80 ? code : 0x80 | (code & 0x3f));
            if (fct_token_check(rows[i].kind, "f", (fct_slice){text, len}, NULL) !=
                (good ? 0 : FACTEUR_EMESSAGE))
                fail_msg("kind %d, U+%04X", (int)rows[i].kind, code);
        }
    }
}

static void tokens_have_their_lengths(void **state)
{
    static const struct {
        enum fct_token kind;
        const char *before;
        size_t most;
    } rows[] = {
        {FCT_TOKEN_HEADER_NAME, "", FCT_MAX_HEADER_NAME},
        {FCT_TOKEN_FILE_NAME, "", FCT_MAX_FILE_NAME},
        {FCT_TOKEN_ID, "", FCT_MAX_ID},
        {FCT_TOKEN_MEDIA_TYPE, "a/", FCT_MAX_MEDIA_TYPE},
        {FCT_TOKEN_ENVELOPE_ID, "", FCT_MAX_ID},
        {FCT_TOKEN_LABEL_NAME, "", FCT_MAX_LABEL_NAME},
        {FCT_TOKEN_LABEL, "", FCT_MAX_LABEL},
        {FCT_TOKEN_URI, "https://", FCT_MAX_URI},
    };
    char text[2048];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(text, 'x', sizeof text);
        memcpy(text, rows[i].before, strlen(rows[i].before));
        assert_int_equal(fct_token_check(rows[i].kind, "f", (fct_slice){text, rows[i].most}, NULL),
                         0);
        assert_int_equal(
            fct_token_check(rows[i].kind, "f", (fct_slice){text, rows[i].most + 1}, NULL),
            FACTEUR_EMESSAGE);
    }
}

/* RFC 5322 section 3.2.3, RFC 2045 section 5.1; and what is a control to somebody. */
static void characters_have_their_classes(void **state)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        bool alnum = byte < 0x80 && fct_is_alnum((unsigned char)byte);
        char text = (char)byte;

        assert_int_equal(fct_is_atext((unsigned char)byte),
                         alnum || (byte && strchr("!#$%&'*+-/=?^_`{|}~", (int)byte)));
        assert_int_equal(fct_is_mime_token((unsigned char)byte),
                         alnum || (byte && strchr("!#$%&'*+-.^_`{|}~", (int)byte)));
        assert_int_equal(fct_is_printable((fct_slice){&text, 1}), byte >= 0x20 && byte <= 0x7e);
    }
    for (uint32_t code = 0; code < 0x3000; code++)
        assert_int_equal(fct_is_control(code), code <= 0x1f || (code >= 0x7f && code <= 0x9f) ||
                                                   code == 0x2028 || code == 0x2029);
    assert_false(fct_has_control(FCT_SLICE("")));
    assert_false(fct_has_control(FCT_SLICE("a\xc3\xa9")));
    assert_true(fct_has_control(FCT_SLICE("a\xc2\x85")));
    assert_true(fct_has_control(FCT_SLICE("\t")));
}

static void text_has_its_length(void **state)
{
    facteur_error *error = NULL;

    assert_int_equal(fct_text_check("f", FCT_SLICE("abc"), 3, NULL), 0);
    assert_int_equal(fct_text_check("f", FCT_SLICE("abc"), 2, NULL), FACTEUR_EMESSAGE);
    assert_int_equal(fct_text_check("f", FCT_SLICE("abc"), 0, NULL), 0);
    assert_int_equal(fct_text_check("f", FCT_SLICE("ab\xff"), 9, &error), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_message(error),
                        "f is not valid UTF-8: byte 0xff at offset 2");
    facteur_error_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_fold_and_encode),
        cmocka_unit_test(text_of_any_length_reads_back),
        cmocka_unit_test(phrases_are_atoms_quoted_or_encoded),
        cmocka_unit_test(phrases_of_any_length_are_whole),
        cmocka_unit_test(ids_of_lists_stay_readable),
        cmocka_unit_test(groups_have_no_space_before_the_colon),
        cmocka_unit_test(long_address_lists_fold_between_addresses),
        cmocka_unit_test(the_first_word_stands_beside_the_name),
        cmocka_unit_test(the_first_word_has_its_limit),
        cmocka_unit_test(only_the_last_base64_word_is_padded),
        cmocka_unit_test(lines_with_encoded_words_have_76_columns),
        cmocka_unit_test(parameters_have_an_ascii_form_beside),
        cmocka_unit_test(a_token_folds_when_it_must),
        cmocka_unit_test(a_shortened_name_keeps_its_ending),
        cmocka_unit_test(file_names_of_any_length_read_back),
        cmocka_unit_test(display_text_is_cleaned),
        cmocka_unit_test(tokens_are_refused_by_kind),
        cmocka_unit_test(a_token_ends_with_its_length),
        cmocka_unit_test(tokens_have_their_characters),
        cmocka_unit_test(tokens_have_their_lengths),
        cmocka_unit_test(characters_have_their_classes),
        cmocka_unit_test(text_has_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
