/* SPDX-License-Identifier: MIT */
/* Finished bytes taken in; read by stretches, they are what they would be read line by line. */
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
#include "mime/mend.h"
#include "base/memory.h"
#include "mime/builder.h"

static const char header[] = "From: a@example.com\r\nTo: b@example.org\r\nMessage-ID: <1@b>\r\n"
                             "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n";

static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* What a body becomes, or the line that is too long, counted in the whole message. */
static size_t repair(fct_buf *out, fct_slice body, bool *has_8bit)
{
    size_t line = 6, columns = 0;

    for (size_t i = 0; i < body.len; i++) {
        char byte = body.ptr[i];
        size_t ahead = i;

        while (ahead < body.len && body.ptr[ahead] == '\r')
            ahead++;
        if (ahead == body.len || body.ptr[ahead] == '\n') {
            fct_buf_add(out, "\r\n", 2);
            line++;
            columns = 0;
            i = ahead;
            continue;
        }
        if (++columns > 998)
            return line;
        *has_8bit = *has_8bit || byte < 0;
        fct_buf_add_char(out, byte == '\r' || byte == 0 ? ' ' : byte);
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
    size_t too_long;
    int result;

    fct_buf_add(&whole, header, sizeof header - 1);
    fct_buf_add_slice(&whole, body);
    fct_buf_add(&expected, header, sizeof header - 1);
    too_long = repair(&expected, body, &has_8bit);
    result = facteur_message_from_bytes(whole.ptr, whole.len, &message, &error);
    assert_int_equal(result, 0);
    if (too_long) {
        assert_false(
            fct_mend_has_long_line((fct_slice){message->raw->bytes.ptr, message->raw->bytes.len}));
        assert_non_null(strstr(message->raw->bytes.ptr, "Content-Transfer-Encoding: "));
    } else {
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

static void finished_bytes_are_kept(void **state)
{
    static const char raw[] = "From: Shop <shop@example.com>\n"
                              "To: a@example.org,\n\tb@example.org\n"
                              "BCC : c@example.org,\n d@example.org\n"
                              "Message-ID: <1@example.com>\r\n"
                              "Date: Mon, 23 Nov 2026 10:00:00 +0100\n"
                              "Subject: raw\r\r\n"
                              "\r\n"
                              "Bcc: not a field here\r\r\n.\n";
    facteur_message *message = NULL;
    fct_mail *mail = NULL;
    char *bytes = NULL;
    size_t len = 0;

    assert_int_equal(facteur_message_from_bytes(raw, sizeof raw - 1, &message, NULL), 0);
    assert_false(fct_message_lacks_id(message));
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    assert_string_equal(fct_mail_sender(mail), "shop@example.com");
    assert_string_equal(fct_mail_message_id(mail), "1@example.com");
    assert_int_equal(fct_mail_recipient_count(mail), 4);
    assert_string_equal(fct_mail_recipient(mail, 3), "d@example.org");
    assert_int_equal(fct_mail_needs(mail), 0);
    fct_mail_unref(mail);
    assert_int_equal(facteur_message_bytes(message, &bytes, &len, NULL), 0);
    assert_int_equal(strlen(bytes), len);
    assert_string_equal(bytes, "From: Shop <shop@example.com>\r\n"
                               "To: a@example.org,\r\n\tb@example.org\r\n"
                               "Message-ID: <1@example.com>\r\n"
                               "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n"
                               "Subject: raw\r\n\r\n"
                               "Bcc: not a field here\r\n.\r\n");
    facteur_free(bytes);
    facteur_message_free(message);
}

static void finished_bytes_get_what_they_lack(void **state)
{
    static const char raw[] = "Subject: caf\xc3\xa9\r\n\r\n\xc3\xa9";
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    fct_mail *mail = NULL;
    fct_mail_reader *reader;
    fct_slice run;
    bool stable;

    assert_int_equal(facteur_message_from_bytes(raw, sizeof raw - 1, &message, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, &error), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "envelope_from");
    facteur_error_free(error);
    assert_int_equal(facteur_message_set(message, "subject", "x", 1, NULL), FACTEUR_EMESSAGE);
    assert_int_equal(
        facteur_message_set(message, "envelope_from", "bounce@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_add_recipient(message, "a@example.org", FACTEUR_NTS, NULL), 0);
    assert_true(fct_message_lacks_id(message));
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    assert_false(fct_message_lacks_id(message));
    assert_int_equal(fct_mail_needs(mail), FCT_NEEDS_8BITMIME);
    reader = fct_mail_reader_new(mail);
    assert_int_equal(fct_mail_reader_next(reader, &run, &stable), 1);
    assert_int_equal(run.len, fct_mail_size(mail));
    assert_string_equal(run.ptr, "Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
                                 "Message-ID: <30313233343536373839616263646500@example.com>\r\n"
                                 "Subject: =?utf-8?B?Y2Fmw6k=?=\r\n\r\n\xc3\xa9\r\n");
    fct_mail_reader_free(reader);
    fct_mail_unref(mail);
    facteur_message_free(message);
}

/* What was taken of a message: its bytes, and its recipients with a space behind each. */
static void assert_taken(const char *raw, size_t len, const char *bytes, const char *recipients)
{
    facteur_message *message = NULL;
    fct_buf names = {0};
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_from_bytes(raw, len, &message, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    for (size_t i = 0; i < fct_mail_recipient_count(mail); i++)
        fct_buf_addf(&names, "%s ", fct_mail_recipient(mail, i));
    fct_buf_add_char(&names, '\0');
    assert_string_equal(names.ptr, recipients);
    assert_int_equal(message->raw->bytes.len, strlen(bytes));
    assert_memory_equal(message->raw->bytes.ptr, bytes, strlen(bytes));
    fct_buf_done(&names);
    fct_mail_unref(mail);
    facteur_message_free(message);
}

#define TAKEN(raw, bytes, recipients) assert_taken(raw, sizeof(raw) - 1, bytes, recipients)

/* In a line, and at its beginning. */
static void what_ends_no_line_makes_no_field(void **state)
{
    TAKEN("From: a@example.com\nTo: b@example.org\nSubject: hi\rBcc: victim@example.net\n\nx\n",
          "From: a@example.com\r\nTo: b@example.org\r\n"
          "Subject: hi Bcc: victim@example.net\r\n\r\nx\r\n",
          "b@example.org ");
    TAKEN(
        "From: a@example.com\nTo: b@example.org\nSubject: hi\n\rBcc: victim@example.net\n\nx\ry\n",
        "From: a@example.com\r\nTo: b@example.org\r\n"
        "Subject: hi\r\n Bcc: victim@example.net\r\n\r\nx y\r\n",
        "b@example.org ");
    TAKEN(
        "From: a@example.com\nTo: b@example.org\nSubject: hi\n\0Bcc: victim@example.net\n\nx\0y\n",
        "From: a@example.com\r\nTo: b@example.org\r\n"
        "Subject: hi\r\n Bcc: victim@example.net\r\n\r\nx y\r\n",
        "b@example.org ");
}

/* However many CRs stand before the LF, also where that is further than a line may be long. */
static void carriage_returns_before_the_line_end(void **state)
{
    char raw[1100] = "From: a@example.com\r\r\nTo: b@example.org\r\r\n\r\r\nx\r\r\r\ny\r";
    facteur_message *message = NULL;

    TAKEN("From: a@example.com\r\r\nTo: b@example.org\r\r\n\r\r\nx\r\r\r\ny\r",
          "From: a@example.com\r\nTo: b@example.org\r\n\r\nx\r\ny\r\n", "b@example.org ");
    TAKEN("From: a@example.com\nTo: b@example.org\n\ny\r\r",
          "From: a@example.com\r\nTo: b@example.org\r\n\r\ny\r\n", "b@example.org ");
    for (size_t crs = 0; crs < 40; crs++) {
        memset(raw, 'x', sizeof raw);
        memcpy(raw, "a: ", 3);
        memset(raw + 996, '\r', crs);
        memcpy(raw + 996 + crs, "\nb: c\n\n", 7);
        assert_int_equal(facteur_message_from_bytes(raw, 996 + crs + 7, &message, NULL), 0);
        assert_int_equal(message->raw->bytes.len, 996 + 2 + 6 + 2);
        facteur_message_free(message);
        message = NULL;
    }
}

/* What gives the sender, and the domain of an id that is made. */
static void finished_bytes_have_a_sender(void **state)
{
    static const struct {
        const char *bytes, *envelope, *fallback, *sender, *domain;
    } rows[] = {
        {"From: a@x.example\r\n\r\n", NULL, NULL, "a@x.example", "@x.example"},
        {"From: a@x.example\r\n\r\n", "e@w.example", "d@z.example", "e@w.example", "@x.example"},
        {"Sender: s@y.example\r\nFrom: a@x.example\r\n\r\n", NULL, NULL, "s@y.example",
         "@x.example"},
        {"Subject: x\r\n\r\n", NULL, "d@z.example", "d@z.example", "@z.example"},
        {"Subject: x\r\n\r\n", NULL, NULL, NULL, NULL},
        {"Subject: x\r\n\r\n", "e@w.example", NULL, "e@w.example", "@w.example"},
        {"Subject: x\r\n\r\n", "", NULL, "", "@localhost"},
        {"From: @@\r\n\r\n", "e@w.example", NULL, "e@w.example", "@w.example"},
        {"From: @@\r\n\r\n", NULL, "d@z.example", NULL, NULL},
        {"From: @@\r\nMessage-ID: <1@q.example>\r\n\r\n", "e@w.example", NULL, "e@w.example",
         "1@q.example"},
        {"Sender: @@\r\nFrom: a@x.example\r\n\r\n", NULL, NULL, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fct_freeze now = {.date_s = 1795424400, .random = "0123456789abcde"};
        facteur_message *message = NULL;
        facteur_error *error = NULL;
        fct_mail *mail = NULL;
        int result;

        now.default_from = rows[i].fallback;
        assert_int_equal(
            facteur_message_from_bytes(rows[i].bytes, strlen(rows[i].bytes), &message, NULL), 0);
        assert_int_equal(facteur_message_add_recipient(message, "b@example.org", FACTEUR_NTS, NULL),
                         0);
        if (rows[i].envelope)
            assert_int_equal(
                facteur_message_set(message, "envelope_from", rows[i].envelope, FACTEUR_NTS, NULL),
                0);
        result = fct_message_freeze(message, &now, &mail, &error);
        if (result != (rows[i].sender ? 0 : FACTEUR_EMESSAGE))
            fail_msg("row %zu: %s", i, error ? facteur_error_message(error) : "");
        assert_int_equal(!error, result == 0);
        if (!result) {
            assert_string_equal(fct_mail_sender(mail), rows[i].sender);
            assert_non_null(strstr(fct_mail_message_id(mail), rows[i].domain));
        }
        facteur_error_free(error);
        fct_mail_unref(mail);
        facteur_message_free(message);
    }
}

/* What receipts say: between the angle brackets, and as much as there is of a field that lacks one.
 */
static void an_id_is_what_the_field_means(void **state)
{
    static const char *const rows[][2] = {
        {"<1@a.example>", "1@a.example"},     {"1@a.example", "1@a.example"},
        {"<1@a.example", "1@a.example"},      {"1@a.example>", "1@a.example>"},
        {"<1@a.example> (x)", "1@a.example"}, {"\n (x) <1@a.example>", "1@a.example"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_message *message = NULL;
        fct_mail *mail = NULL;
        char raw[160];
        int len =
            snprintf(raw, sizeof raw,
                     "From: a@example.com\nTo: b@example.org\nMessage-ID: %s\n\nx\n", rows[i][0]);

        assert_int_equal(facteur_message_from_bytes(raw, (size_t)len, &message, NULL), 0);
        assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
        assert_string_equal(fct_mail_message_id(mail), rows[i][1]);
        fct_mail_unref(mail);
        facteur_message_free(message);
    }
}

/* A field of addresses that are none is left out, and that is said. */
static void what_was_left_out_is_told(void **state)
{
    static const char *const rows[][2] = {
        {"Reply-To", "an address was left out of Reply-To: it is none"},
        {"Errors-To", "an address in the header was left out or is shown as text: it is none"},
        {"To", "an address in the header was left out or is shown as text: it is none"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_message *message = NULL;
        fct_buf raw = {0};
        bool told = false;

        fct_buf_addf(&raw, "From: a@a.example\r\n%s: <zo\xc3\xa9 at shop>\r\n\r\nx\r\n",
                     rows[i][0]);
        assert_int_equal(facteur_message_from_bytes(raw.ptr, raw.len, &message, NULL), 0);
        for (unsigned k = 0; k < message->notes.count; k++)
            told |= strcmp(fct_notes_at(&message->notes, k), rows[i][1]) == 0;
        assert_true(told);
        facteur_message_free(message);
        fct_buf_done(&raw);
    }
}

static void return_path_is_taken_out(void **state)
{
    TAKEN("Return-Path: <old@example.com>\nFrom: a@example.com\nTo: b@example.org\n\nx",
          "From: a@example.com\r\nTo: b@example.org\r\n\r\nx\r\n", "b@example.org ");
}

#define OLD "From: a@example.com\r\nTo: b@example.org\r\nCc: c@example.org\r\n\r\nx\r\n"

static void the_newest_resent_block_rules(void **state)
{
    static const char first[] = "Resent-From: r@example.com\r\nResent-To: d@example.org\r\n";
    static const struct {
        const char *front, *kept, *sender, *recipients;
    } cases[] = {
        {"", "", "r@example.com", "d@example.org "},
        {"resent-bcc: e@example.org\r\n", "", "r@example.com", "e@example.org d@example.org "},
        {"Resent-Sender: s@example.com\r\nResent-Cc: e@example.org,\r\n f@example.org\r\n",
         "Resent-Sender: s@example.com\r\nResent-Cc: e@example.org,\r\n f@example.org\r\n",
         "s@example.com", "e@example.org f@example.org d@example.org "},
        /* Older blocks: behind another field, and behind a field of the block's own names. */
        {"Resent-To: n@example.org\r\nReceived: x\r\n",
         "Resent-To: n@example.org\r\nReceived: x\r\n", "a@example.com", "n@example.org "},
        {"Resent-To: n@example.org\r\nResent-From: m@example.com\r\n",
         "Resent-To: n@example.org\r\nResent-From: m@example.com\r\n", "m@example.com",
         "n@example.org "},
        {"Resent-Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nResent-Reply-To: q@example.com\r\n",
         "Resent-Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nResent-Reply-To: q@example.com\r\n",
         "r@example.com", "d@example.org "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_message *message = NULL;
        fct_buf raw = {0}, kept = {0};
        fct_mail *mail = NULL;

        fct_buf_addf(&raw, "%s%s" OLD, cases[i].front, first);
        fct_buf_addf(&kept, "%s%s" OLD, cases[i].kept, first);
        fct_buf_add_char(&kept, '\0');
        assert_taken(raw.ptr, raw.len, kept.ptr, cases[i].recipients);
        assert_int_equal(facteur_message_from_bytes(raw.ptr, raw.len, &message, NULL), 0);
        assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
        assert_string_equal(fct_mail_sender(mail), cases[i].sender);
        fct_mail_unref(mail);
        facteur_message_free(message);
        fct_buf_done(&raw);
        fct_buf_done(&kept);
    }
}

/* The readers of the first time get it in no case. */
static void a_resent_block_without_readers(void **state)
{
    static const char raw[] = "Resent-From: r@example.com\r\n" OLD;
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_from_bytes(raw, sizeof raw - 1, &message, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, &error), FACTEUR_EMESSAGE);
    assert_non_null(strstr(facteur_error_message(error), "no recipient"));
    facteur_error_free(error);
    facteur_message_free(message);
}

static void finished_bytes_that_no_relay_may_see(void **state)
{
    char text[1100];
    static const struct {
        const char *bytes;
        size_t len;
        const char *sentence;
    } cases[] = {
        {"", 0, "empty"},
        {"\r\nbody", 6, "line 1"},
        {" x: y\r\n\r\n", 9, "line 1"},
        {"a: b\nno field\n", 14, "line 2"},
        {"a b: c\n", 7, "line 1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;

        assert_int_equal(facteur_message_from_bytes(cases[i].bytes, cases[i].len, &message, &error),
                         FACTEUR_EMESSAGE);
        assert_null(message);
        assert_non_null(strstr(facteur_error_message(error), cases[i].sentence));
        facteur_error_free(error);
    }
    /* Nobody may change what is signed. */
    for (size_t len = 997; len <= 1000; len++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;

        memset(text, 'x', sizeof text);
        memcpy(text, "DKIM-Signature: b\n\n", 19);
        text[19 + len] = '\n';
        assert_int_equal(facteur_message_from_bytes(text, 19 + len + 1, &message, &error),
                         len <= 998 ? 0 : FACTEUR_EMESSAGE);
        if (len > 998)
            assert_string_equal(facteur_error_message(error),
                                "line 3 is longer than 998 bytes (RFC 5322 section 2.1.1), and the "
                                "message is signed, so it cannot be encoded");
        facteur_error_free(error);
        facteur_message_free(message);
    }
}

#ifdef FCT_FAULT_INJECTION
static void finished_bytes_without_memory(void **state)
{
    static const char raw[] = "From: a@example.com\nTo: b@example.com\n\nx\n";

    for (unsigned long nth = 1;; nth++) {
        facteur_message *message = NULL;
        char *bytes = NULL;
        size_t len = 0;
        int err;

        fct_memory_fail_at(nth);
        err = facteur_message_from_bytes(raw, sizeof raw - 1, &message, NULL);
        if (!err)
            err = facteur_message_bytes(message, &bytes, &len, NULL);
        facteur_message_free(message);
        facteur_free(bytes);
        if (!fct_memory_failed()) {
            fct_memory_fail_at(0);
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, FACTEUR_ENOMEM);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finished_bytes_are_kept),
        cmocka_unit_test(finished_bytes_get_what_they_lack),
        cmocka_unit_test(finished_bytes_that_no_relay_may_see),
        cmocka_unit_test(what_ends_no_line_makes_no_field),
        cmocka_unit_test(carriage_returns_before_the_line_end),
        cmocka_unit_test(finished_bytes_have_a_sender),
        cmocka_unit_test(an_id_is_what_the_field_means),
        cmocka_unit_test(what_was_left_out_is_told),
        cmocka_unit_test(return_path_is_taken_out),
        cmocka_unit_test(the_newest_resent_block_rules),
        cmocka_unit_test(a_resent_block_without_readers),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(finished_bytes_without_memory),
#endif
        cmocka_unit_test(bodies_of_any_line_ends),
        cmocka_unit_test(lines_of_any_length),
        cmocka_unit_test(a_mail_outlives_its_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
