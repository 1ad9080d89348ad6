/* SPDX-License-Identifier: MIT */
/*
 * mime/: forms of the text beside HTML, attachments out of streams, threads, priority, headers of
 * addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/memory_peak.h"

#include "base/memory.h"
#include "facteur.h"
#include "mime/message.h"

static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};

static facteur_message *plain(void)
{
    static const char *const fields[][2] = {
        {"from", "shop@example.com"},
        {"to", "ana@example.org"},
        {"date", "2026-11-23T10:00:00+01:00"},
        {"message_id", "42@example.com"},
    };
    facteur_message *message = facteur_message_new();

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        assert_int_equal(
            facteur_message_set(message, fields[i][0], fields[i][1], FACTEUR_NTS, NULL), 0);
    return message;
}

static void set(facteur_message *message, const char *field, const char *value)
{
    assert_int_equal(facteur_message_set(message, field, value, FACTEUR_NTS, NULL), 0);
}

static int add(facteur_message *message, const char *type, const char *content)
{
    return facteur_message_add_alternative(message, type, content, FACTEUR_NTS, NULL);
}

#define HEAD                                                                                       \
    "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n"                                                    \
    "From: shop@example.com\r\n"                                                                   \
    "To: ana@example.org\r\n"                                                                      \
    "Message-ID: <42@example.com>\r\n"
#define MARK "=_4711978bf346a4da"
#define ENCODED "Content-Transfer-Encoding: 7bit\r\n\r\n"

static void check_bytes(facteur_message *message, const char *expected)
{
    char *bytes = NULL;

    assert_int_equal(facteur_message_bytes(message, &bytes, NULL, NULL), 0);
    assert_string_equal(bytes, expected);
    facteur_free(bytes);
    facteur_message_free(message);
}

static void check_has(facteur_message *message, const char *expected)
{
    char *bytes = NULL;

    assert_int_equal(facteur_message_bytes(message, &bytes, NULL, NULL), 0);
    if (!strstr(bytes, expected))
        fail_msg("no \"%s\" in:\n%s", expected, bytes);
    facteur_free(bytes);
    facteur_message_free(message);
}

static void check_refused(facteur_message *message, int code, const char *part,
                          facteur_error *error)
{
    assert_int_equal(code, FACTEUR_EMESSAGE);
    assert_non_null(error);
    if (!strstr(facteur_error_message(error), part))
        fail_msg("no \"%s\" in: %s", part, facteur_error_message(error));
    facteur_error_free(error);
    facteur_message_free(message);
}

#define CALENDAR                                                                                   \
    "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nMETHOD:X\nEND:VEVENT\nEND:VCALENDAR\n"

#define HTML_ALONE HEAD "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n" ENCODED

static void html_alone_gets_a_text(void **state)
{
    facteur_message *message = plain();

    set(message, "html", "<p>See <a href='https://x.example'>it</a>");
    check_bytes(message, HEAD "MIME-Version: 1.0\r\n"
                              "Content-Type: multipart/alternative;\r\n boundary=\"" MARK
                              "_3\"\r\n\r\n--" MARK
                              "_3\r\nContent-Type: text/plain; charset=utf-8\r\n" ENCODED
                              "See it [1]\r\n\r\n[1] https://x.example\r\n\r\n--" MARK
                              "_3\r\nContent-Type: text/html; charset=utf-8\r\n" ENCODED
                              "<p>See <a href='https://x.example'>it</a>\r\n--" MARK "_3--\r\n");
    message = plain();
    set(message, "html", "<p>x");
    set(message, "text", ""); /* asks for the HTML alone */
    check_bytes(message, HTML_ALONE "<p>x\r\n");
    message = plain();
    set(message, "html", "<img src='cid:x'>"); /* nothing to read in it */
    check_bytes(message, HTML_ALONE "<img src='cid:x'>\r\n");
}

static void html_that_no_text_can_be_made_of(void **state)
{
    facteur_message *message = plain();
    facteur_error *error = NULL;
    char html[2 * 1100 * 3 + 1] = "", *bytes = NULL;
    int code;

    for (size_t i = 0; i < 1100; i++)
        memcpy(html + 3 * i, "<b>", 4);
    set(message, "html", html);
    code = facteur_message_bytes(message, &bytes, NULL, &error);
    check_refused(message, code, "give text beside it", error);
    assert_null(bytes);
}

/* Whatever the order of the calls: plain, AMP, HTML, calendar. */
static void the_richest_form_is_last(void **state)
{
    facteur_message *message = plain();

    assert_int_equal(add(message, "text/calendar", CALENDAR), 0);
    assert_int_equal(add(message, "text/x-amp-html", "<!doctype html>"), 0);
    set(message, "html", "<p>");
    set(message, "text", "t");
    check_bytes(message,
                HEAD "MIME-Version: 1.0\r\n"
                     "Content-Type: multipart/alternative;\r\n boundary=\"" MARK "_3\"\r\n\r\n"
                     "--" MARK "_3\r\nContent-Type: text/plain; charset=utf-8\r\n" ENCODED
                     "t\r\n--" MARK "_3\r\n"
                     "Content-Type: text/x-amp-html; charset=utf-8\r\n" ENCODED
                     "<!doctype html>\r\n--" MARK "_3\r\n"
                     "Content-Type: text/html; charset=utf-8\r\n" ENCODED "<p>\r\n--" MARK "_3\r\n"
                     "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n" ENCODED
                     "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nMETHOD:X\r\n"
                     "END:VEVENT\r\nEND:VCALENDAR\r\n\r\n--" MARK "_3--\r\n");
}

static void one_form_needs_no_tree(void **state)
{
    facteur_message *message = plain();

    assert_int_equal(add(message, "text/markdown; variant=GFM", "*hi*"), 0);
    check_bytes(message, HEAD "MIME-Version: 1.0\r\nContent-Type: text/markdown; variant=GFM; "
                              "charset=utf-8\r\n" ENCODED "*hi*\r\n");
}

static void one_form_inside_a_tree_has_no_boundary(void **state)
{
    facteur_message *message = plain();

    assert_int_equal(add(message, "text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), 0);
    assert_int_equal(facteur_message_attach_bytes(message, "x", 1, NULL, NULL, NULL, NULL), 0);
    check_has(message, "--" MARK "_1\r\nContent-Type: text/calendar; charset=utf-8\r\n" ENCODED
                       "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n\r\n--" MARK "_1\r\n");
}

static void related_tells_that_its_root_is_several(void **state)
{
    facteur_message *message = plain();

    set(message, "html", "<img src=cid:a>");
    assert_int_equal(add(message, "text/x-amp-html", "<amp>"), 0);
    assert_int_equal(facteur_message_attach_bytes(message, "x", 1, NULL, NULL, "a", NULL), 0);
    check_has(message, "multipart/related;\r\n type=\"multipart/alternative\";\r\n");
}

static void forms_that_are_none(void **state)
{
    static const char *const cases[][3] = {
        {"text/plain", "a", "fields text and html"},
        {"TEXT/HTML; charset=utf-8", "a", "fields text and html"},
        {"multipart/mixed", "a", "multipart"},
        {"message/rfc822", "a", "a message cannot be an alternative"},
        {"text", "a", "a media type is written"},
        {"text/x; name=a", "a", "a media type is written"},
        {"text/x\r\nBcc: a", "a", "a media type is written"},
        {"text/x; charset=latin1", "a", "leave the charset out"},
        {"text/x", "\xff", "UTF-8"},
        {"text/calendar", "", "begins with the line BEGIN:VCALENDAR"},
        {"text/calendar", "BEGIN:VCALENDAR\nMETHOD:A;B\nEND:VCALENDAR", "not a word of letters"},
        {"text/calendar; method=CANCEL", CALENDAR, "METHOD is \"REQUEST\""},
        {"text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nEND:VCALENDAR", "METHOD is \"\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_message *message = plain();
        facteur_error *error = NULL;
        int code =
            facteur_message_add_alternative(message, cases[i][0], cases[i][1], FACTEUR_NTS, &error);

        check_refused(message, code, cases[i][2], error);
    }
}

static void a_method_told_is_kept(void **state)
{
    facteur_message *message = plain();

    assert_int_equal(add(message, "text/calendar; charset=\"UTF-8\"; method=request", CALENDAR), 0);
    check_has(message, "Content-Type: text/calendar; charset=\"UTF-8\"; method=request\r\n");
}

static void a_ninth_form_is_refused(void **state)
{
    facteur_message *message = plain();
    facteur_error *error = NULL;
    int code;

    for (int i = 0; i < 8; i++)
        assert_int_equal(add(message, "text/x", "a"), 0);
    code = facteur_message_add_alternative(message, "text/x", "a", 1, &error);
    check_refused(message, code, "at most 8 alternatives", error);
}

/* ---- Streams --------------------------------------------------------------------------------- */

struct stream {
    const char *bytes;
    size_t len, step;
    long end; /* what it gives at its end */
};

static long read_stream(void *arg, void *buffer, size_t size)
{
    struct stream *stream = arg;
    size_t n = size < stream->step ? size : stream->step;

    errno = 0;
    n = n < stream->len ? n : stream->len;
    if (!n)
        return stream->end;
    memcpy(buffer, stream->bytes, n);
    stream->bytes += n;
    stream->len -= n;
    return (long)n;
}

static void a_stream_is_what_it_was(void **state)
{
    static const char text[] = "Gr\xc3\xbc\xc3\x9f"
                               "e \xf0\x9f\x93\xa6\n";

    for (size_t step = 1; step < sizeof text; step++) {
        struct stream stream = {text, sizeof text - 1, step, 0};
        facteur_message *message = plain();

        assert_int_equal(
            facteur_message_attach_stream(message, read_stream, &stream, "a.txt", NULL, NULL, NULL),
            0);
        check_bytes(message, HEAD "MIME-Version: 1.0\r\n"
                                  "Content-Type: text/plain; charset=utf-8; name=\"a.txt\"\r\n"
                                  "Content-Transfer-Encoding: base64\r\n"
                                  "Content-Disposition: attachment; filename=\"a.txt\"\r\n\r\n"
                                  "R3LDvMOfZSDwn5OmCg==\r\n");
    }
}

static void a_stream_that_fails_attaches_nothing(void **state)
{
    struct stream stream = {"abc", 3, 1, FACTEUR_EIO};
    facteur_message *message = plain();
    facteur_error *error = NULL;

    assert_int_equal(
        facteur_message_attach_stream(message, read_stream, &stream, "a", NULL, NULL, &error),
        FACTEUR_EIO);
    assert_string_equal(facteur_error_where(error), "attachments");
    facteur_error_free(error);
    set(message, "text", "t");
    check_has(message, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
}

static void no_place_for_a_stream(void **state)
{
    struct stream stream = {"abc", 3, 1, 0};
    facteur_message *message = plain();
    facteur_error *error = NULL;
    char *old = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;

    setenv("TMPDIR", "/nonexistent", 1);
    assert_int_equal(
        facteur_message_attach_stream(message, read_stream, &stream, "a", NULL, NULL, &error),
        FACTEUR_EIO);
    assert_non_null(strstr(facteur_error_message(error), "No such file"));
    if (old)
        setenv("TMPDIR", old, 1);
    else
        unsetenv("TMPDIR");
    free(old);
    facteur_error_free(error);
    facteur_message_free(message);
}

/* ---- 25 MB ----------------------------------------------------------------------------------- */

static long read_zeros(void *arg, void *buffer, size_t size)
{
    long *left = arg, n = *left < (long)size ? *left : (long)size;

    memset(buffer, 0, (size_t)n);
    *left -= n;
    return n;
}

/* Freeze and read to the end, as sending does; twice at once, since readers share what they read.
 */
static void check_big(facteur_message *message, long before)
{
    fct_mail *mail = NULL;
    fct_mail_reader *readers[2];
    uint64_t sizes[2] = {0};
    fct_slice run;
    bool stable;

    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    for (int i = 0; i < 2; i++)
        readers[i] = fct_mail_reader_new(mail);
    for (int more = 1; more;) {
        more = 0;
        for (int i = 0; i < 2; i++) {
            int got = fct_mail_reader_next(readers[i], &run, &stable);

            assert_in_range(got, 0, 1);
            sizes[i] += got ? run.len : 0;
            more |= got;
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_true(sizes[i] == fct_mail_size(mail));
        assert_true(sizes[i] > BIG / 3 * 4);
        fct_mail_reader_free(readers[i]);
    }
    fct_mail_unref(mail);
    facteur_message_free(message);
    assert_in_range(peak_kb() - before, 0, MEMORY_MAX_KB);
}

static void a_big_stream_is_never_whole_in_memory(void **state)
{
    facteur_message *message = plain();
    long left = BIG, before;

    forget_peak();
    before = peak_kb();
    assert_int_equal(
        facteur_message_attach_stream(message, read_zeros, &left, "a.bin", NULL, NULL, NULL), 0);
    check_big(message, before);
}

static void a_big_file_is_never_whole_in_memory(void **state)
{
    facteur_message *message = plain();
    char path[] = "/tmp/facteur-tree.XXXXXX";
    int fd = mkstemp(path);
    long before;

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, BIG), 0);
    close(fd);
    forget_peak();
    before = peak_kb();
    assert_int_equal(facteur_message_attach_path(message, path, "a.txt", NULL, NULL, NULL), 0);
    check_big(message, before);
    unlink(path);
}

/* ---- Headers --------------------------------------------------------------------------------- */

static void a_thread_ends_with_its_parent(void **state)
{
    static const char *const cases[][3] = {
        {"a@b", NULL, "References: <a@b>\r\n"},
        {"a@b", "x@y", "References: <x@y> <a@b>\r\n"},
        {"a@b", "a@b x@y", "References: <a@b> <x@y>\r\n"},
        {"a@b", "aa@b a@bb", "References: <aa@b> <a@bb> <a@b>\r\n"},
        {"a@b c@d", "x@y", "References: <x@y>\r\n"},
        {"a@b c@d", NULL, "In-Reply-To: <a@b> <c@d>\r\nMIME-Version"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_message *message = plain();

        set(message, "in_reply_to", cases[i][0]);
        if (cases[i][1])
            set(message, "references", cases[i][1]);
        check_has(message, cases[i][2]);
    }
}

static void long_threads_fold_between_ids(void **state)
{
    facteur_message *message = plain();
    char ids[8192] = "", *bytes = NULL;

    for (int i = 0; i < 100; i++)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%d.0123456789@mail.example.com ", i);
    set(message, "references", ids);
    assert_int_equal(facteur_message_bytes(message, &bytes, NULL, NULL), 0);
    for (const char *line = bytes; *line; line = strstr(line, "\r\n") + 2)
        assert_in_range(strstr(line, "\r\n") - line, 0, 78);
    assert_non_null(strstr(bytes, "<99.0123456789@mail.example.com>\r\nMIME-Version"));
    facteur_free(bytes);
    facteur_message_free(message);
}

static void priority_in_the_words_of_three(void **state)
{
    static const char *const cases[][2] = {
        {"high", HEAD "X-Priority: 1\r\nImportance: high\r\nPriority: urgent\r\nMIME-Version"},
        {"low", HEAD "X-Priority: 5\r\nImportance: low\r\nPriority: non-urgent\r\nMIME-Version"},
        {"normal", HEAD "MIME-Version"},
        {"", HEAD "MIME-Version"},
    };
    facteur_message *message = plain();
    facteur_error *error = NULL;
    int code;

    code = facteur_message_set(message, "priority", "High", 4, &error);
    check_refused(message, code, "\"high\", \"normal\" or \"low\"", error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        message = plain();
        set(message, "priority", cases[i][0]);
        check_has(message, cases[i][1]);
    }
}

static void priority_is_told_once(void **state)
{
    facteur_message *message = plain();
    facteur_error *error = NULL;
    char *bytes;
    int code;

    set(message, "priority", "high");
    assert_int_equal(facteur_message_add_header(message, "x-priority", "3", 1, NULL), 0);
    code = facteur_message_bytes(message, &bytes, NULL, &error);
    check_refused(message, code, "both given", error);
}

static void headers_of_addresses_hold_addresses(void **state)
{
    facteur_message *message = plain();
    facteur_error *error = NULL;
    int code;

    assert_int_equal(facteur_message_add_header(message, "disposition-notification-to",
                                                "J\xc3\xbcrgen, M. <j@b\xc3\xbc"
                                                "cher.example>, a..b@example.com",
                                                FACTEUR_NTS, &error),
                     FACTEUR_EMESSAGE);
    facteur_error_free(error);
    error = NULL;
    assert_int_equal(facteur_message_add_header(message, "disposition-notification-to",
                                                "\"J\xc3\xbcrgen, M.\" <j@b\xc3\xbc"
                                                "cher.example>, a..b@example.com",
                                                FACTEUR_NTS, NULL),
                     0);
    check_has(message, "disposition-notification-to: =?utf-8?B?SsO8cmdlbiwgTS4=?=\r\n"
                       " <j@xn--bcher-kva.example>, \"a..b\"@example.com\r\n");
    message = plain();
    code = facteur_message_add_header(message, "Return-Receipt-To", "nobody", 6, &error);
    check_refused(message, code, "@", error);
    message = plain();
    error = NULL;
    code = facteur_message_add_header(message, "Resent-Bcc", "a@b", 3, &error);
    check_refused(message, code, "set the field bcc", error);
}

#ifdef FCT_FAULT_INJECTION
static int build(void)
{
    struct stream stream = {"\xc3\xa9", 2, 1, 0};
    facteur_message *message = facteur_message_new();
    char *bytes = NULL;
    int err = message ? 0 : FACTEUR_ENOMEM;

    if (!err)
        err = facteur_message_set(message, "from", "a@b", 3, NULL);
    if (!err)
        err = facteur_message_set(message, "in_reply_to", "a@b", 3, NULL);
    if (!err)
        err = facteur_message_add_header(message, "Errors-To", "B <a@b>", 7, NULL);
    if (!err)
        err =
            facteur_message_add_alternative(message, "text/calendar", CALENDAR, FACTEUR_NTS, NULL);
    if (!err)
        err = facteur_message_attach_bytes(message, "\xc3\xa9", 2, "a.txt", NULL, NULL, NULL);
    if (!err)
        err =
            facteur_message_attach_stream(message, read_stream, &stream, "a.txt", NULL, NULL, NULL);
    if (!err)
        err = facteur_message_bytes(message, &bytes, NULL, NULL);
    facteur_free(bytes);
    facteur_message_free(message);
    return err;
}

static void every_failed_allocation_is_told(void **state)
{
    for (size_t nth = 1;; nth++) {
        int err;

        fct_memory_fail_at(nth);
        err = build();
        if (!fct_memory_failed()) {
            fct_memory_fail_at(0);
            assert_int_equal(err, 0);
            assert_true(nth > 30);
            break;
        }
        assert_int_equal(err, FACTEUR_ENOMEM);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_alone_gets_a_text),
        cmocka_unit_test(html_that_no_text_can_be_made_of),
        cmocka_unit_test(the_richest_form_is_last),
        cmocka_unit_test(one_form_needs_no_tree),
        cmocka_unit_test(one_form_inside_a_tree_has_no_boundary),
        cmocka_unit_test(related_tells_that_its_root_is_several),
        cmocka_unit_test(forms_that_are_none),
        cmocka_unit_test(a_method_told_is_kept),
        cmocka_unit_test(a_ninth_form_is_refused),
        cmocka_unit_test(a_stream_is_what_it_was),
        cmocka_unit_test(a_stream_that_fails_attaches_nothing),
        cmocka_unit_test(no_place_for_a_stream),
        cmocka_unit_test(a_big_stream_is_never_whole_in_memory),
        cmocka_unit_test(a_big_file_is_never_whole_in_memory),
        cmocka_unit_test(a_thread_ends_with_its_parent),
        cmocka_unit_test(long_threads_fold_between_ids),
        cmocka_unit_test(priority_in_the_words_of_three),
        cmocka_unit_test(priority_is_told_once),
        cmocka_unit_test(headers_of_addresses_hold_addresses),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_failed_allocation_is_told),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
