/* SPDX-License-Identifier: MIT */
/* Finished bytes: read by stretches, they are what they would be read line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "mime/builder.h"

static const char header[] = "From: a@example.com\r\nTo: b@example.org\r\nMessage-ID: <1@b>\r\n"
                             "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n";

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* What a body becomes, or the line that is refused, counted in the whole message. */
static size_t repair(fct_buf *out, fct_slice body, bool *has_8bit)
{
    size_t line = 6, columns = 0;

    for (size_t i = 0; i < body.len; i++) {
        char byte = body.ptr[i];
        bool crlf = byte == '\r' && i + 1 < body.len && body.ptr[i + 1] == '\n';

        if (byte == '\r' || byte == '\n') {
            fct_buf_add(out, "\r\n", 2);
            line++;
            columns = 0;
            i += crlf;
            continue;
        }
        if (byte == 0 || ++columns > 998)
            return line;
        *has_8bit = *has_8bit || byte < 0;
        fct_buf_add(out, &byte, 1);
    }
    if (columns)
        fct_buf_add(out, "\r\n", 2);
    return 0;
}

static void check(fct_slice body)
{
    fct_buf whole = {0}, expected = {0};
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    bool has_8bit = false;
    size_t refused;
    int result;

    fct_buf_add(&whole, header, sizeof header - 1);
    fct_buf_add_slice(&whole, body);
    fct_buf_add(&expected, header, sizeof header - 1);
    refused = repair(&expected, body, &has_8bit);
    result = facteur_message_from_bytes(whole.ptr, whole.len, &message, &error);
    if (refused) {
        char line[40];

        snprintf(line, sizeof line, "line %zu ", refused);
        assert_int_equal(result, FACTEUR_EMESSAGE);
        assert_non_null(strstr(facteur_error_message(error), line));
    } else {
        assert_int_equal(result, 0);
        assert_int_equal(message->raw->bytes.len, expected.len);
        assert_memory_equal(message->raw->bytes.ptr, expected.ptr, expected.len);
        assert_int_equal(message->raw->has_8bit, has_8bit);
        assert_false(message->raw->has_8bit_header);
    }
    facteur_error_free(error);
    facteur_message_free(message);
    fct_buf_done(&whole);
    fct_buf_done(&expected);
}

/* Runs of proper lines, with something else in one of `rarity` places. */
static void bodies_of_any_line_ends(void **state)
{
    static const char *const odd[] = {"\r", "\n", "\n\n", "\r\r\n", "\n\r", "\xc3\xa9", "\r\n\r\n"};

    for (int round = 0; round < 3000; round++) {
        uint32_t count = chance(300), rarity = 1 + chance(100);
        fct_buf body = {0};

        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t n = chance(60); n; n--)
                fct_buf_add_char(&body, (char)('a' + n % 26));
            fct_buf_add_text(&body, chance(rarity) ? "\r\n" : odd[chance(7)]);
            if (!chance(4000))
                fct_buf_add_char(&body, '\0');
        }
        check((fct_slice){body.ptr ? body.ptr : "", body.len});
        fct_buf_done(&body);
    }
}

/* A line of each length near the limit, at each place of what is looked at together. */
static void lines_of_any_length(void **state)
{
    char body[4096];

    for (size_t before = 0; before < 1100; before += 7) {
        for (size_t len = 995; len < 1002; len++) {
            memset(body, 'x', sizeof body);
            for (size_t at = 0; at < before; at += 7)
                memcpy(body + at, "short\r\n", 7);
            memcpy(body + before + len, "\r\nend", 5);
            check((fct_slice){body, before + len + 5});
        }
    }
}

static void a_mail_outlives_its_message(void **state)
{
    const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};
    facteur_message *message = NULL;
    fct_mail *mails[2];
    fct_slice run;
    bool stable;

    assert_int_equal(facteur_message_from_bytes(header, sizeof header - 1, &message, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mails[0], NULL), 0);
    assert_int_equal(facteur_message_set(message, "envelope_from", "c@example.com", 13, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mails[1], NULL), 0);
    facteur_message_free(message);
    for (int i = 0; i < 2; i++) {
        fct_mail_reader *reader = fct_mail_reader_new(mails[i]);

        assert_string_equal(fct_mail_sender(mails[i]), i ? "c@example.com" : "a@example.com");
        assert_int_equal(fct_mail_reader_next(reader, &run, &stable), 1);
        assert_int_equal(run.len, sizeof header - 1);
        assert_memory_equal(run.ptr, header, run.len);
        fct_mail_reader_free(reader);
        fct_mail_unref(mails[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_any_line_ends),
        cmocka_unit_test(lines_of_any_length),
        cmocka_unit_test(a_mail_outlives_its_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
