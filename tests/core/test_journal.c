/* SPDX-License-Identifier: MIT */
/* mailer/: the log of mails in a file and in the system's log, and who is told of a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "mailer/receipt.h"

static fct_buf system_log;
static int last_priority;

/* In place of libc's: what would go to the system's log. */
void syslog(int priority, const char *format, ...)
{
    va_list args;

    last_priority = priority;
    va_start(args, format);
    fct_buf_addv(&system_log, format, args);
    va_end(args);
    fct_buf_add_char(&system_log, '\n');
}

struct place {
    char folder[64];
    char path[96], other[96];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    snprintf(place->folder, sizeof place->folder, "/tmp/fct-journal-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/log", place->folder);
    snprintf(place->other, sizeof place->other, "%s/other", place->folder);
    fct_buf_clear(&system_log);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    unlink(place->path);
    unlink(place->other);
    rmdir(place->folder);
    fct_buf_done(&system_log);
    free(place);
    return 0;
}

static facteur_mailer *mailer_of(const char *logfile, const char *facility)
{
    const char *names[] = {"logfile", "syslog"}, *values[] = {logfile, facility};
    facteur_mailer *mailer = NULL;

    assert_int_equal(facteur_mailer_new("null://", names, values, 2, &mailer, NULL), 0);
    return mailer;
}

static facteur_receipt *send_to(facteur_mailer *mailer, const char *to)
{
    facteur_message *message = facteur_message_new();
    facteur_receipt *receipt = NULL;

    assert_int_equal(facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", to, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "message_id", "1@x", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_send(mailer, message, 0, &receipt, NULL), 0);
    facteur_message_free(message);
    return receipt;
}

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, size - 1, file);
    text[len] = '\0';
    fclose(file);
}

static void a_mail_is_one_line(void **state)
{
    static const char line[] =
        "from=<a@example.com> to=<b@example.com>,<c@example.com> status=sent "
        "relay=null:// message_id=1@x\n";
    struct place *place = *state;
    facteur_mailer *mailer = mailer_of(place->path, "mail");
    struct stat facts;
    char text[1000];

    facteur_receipt_free(send_to(mailer, "b@example.com, c@example.com"));
    facteur_receipt_free(send_to(mailer, "b@example.com, c@example.com"));
    assert_int_equal(facteur_mailer_log(mailer, "status=failed\nerror"), 0);
    facteur_mailer_free(mailer);
    read_file(place->path, text, sizeof text);
    assert_int_equal(text[4], '-');
    assert_int_equal(text[19], 'Z');
    assert_memory_equal(text + 21, line, sizeof line - 1);
    assert_memory_equal(text + 2 * 21 + sizeof line - 1, line, sizeof line - 1);
    assert_non_null(strstr(text, "Z status=failed\\x0aerror\n"));
    assert_int_equal(stat(place->path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_memory_equal(system_log.ptr, line, sizeof line - 1);
    assert_int_equal(last_priority, LOG_MAIL | LOG_INFO);
}

static void many_recipients_are_counted(void **state)
{
    facteur_mailer *mailer = mailer_of("", "local7");
    fct_buf to = {0};

    (void)state;
    for (int i = 0; i < 25; i++)
        fct_buf_addf(&to, "%sr%d@example.com", i ? ", " : "", i);
    facteur_receipt_free(send_to(mailer, to.ptr));
    facteur_mailer_free(mailer);
    assert_non_null(strstr(system_log.ptr, ",<r19@example.com>,+5 status=sent"));
    assert_null(strstr(system_log.ptr, "r20@"));
    assert_int_equal(last_priority, LOG_LOCAL7 | LOG_INFO);
    fct_buf_done(&to);
}

/* A link, a FIFO, a folder, a full device: the mail is sent, and the receipt says what is missing.
 */
static void a_log_that_cannot_be_written_is_told(void **state)
{
    struct place *place = *state;
    char none[128];
    const char *paths[] = {place->path, place->other, place->folder, none};

    snprintf(none, sizeof none, "%s/none/log", place->folder);
    assert_int_equal(symlink("/etc/passwd", place->path), 0);
    assert_int_equal(mkfifo(place->other, 0600), 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        facteur_mailer *mailer = mailer_of(paths[i], "off");
        facteur_receipt *receipt = send_to(mailer, "b@example.com");

        assert_true(facteur_receipt_ok(receipt));
        assert_int_equal(facteur_receipt_note_count(receipt), 1);
        assert_memory_equal(facteur_receipt_note(receipt, 0), "logfile: ", 9);
        assert_int_equal(facteur_mailer_log(mailer, "x"), FACTEUR_EIO);
        facteur_receipt_free(receipt);
        facteur_mailer_free(mailer);
    }
    assert_int_equal(system_log.len, 0);
}

static void nothing_is_logged_unasked(void **state)
{
    facteur_mailer *mailer = mailer_of("", "off");
    facteur_receipt *receipt = send_to(mailer, "b@example.com");
    facteur_message *message = NULL;

    (void)state;
    assert_int_equal(facteur_mailer_log(mailer, "x"), 0);
    assert_int_equal(facteur_receipt_note_count(receipt), 0);
    assert_int_equal(system_log.len, 0);
    assert_false(facteur_mailer_bounces(mailer));
    /* Nobody was refused, so nobody is told. */
    assert_int_equal(facteur_receipt_bounce(receipt, &message, NULL), 0);
    assert_null(message);
    facteur_receipt_free(receipt);
    facteur_mailer_free(mailer);
}

/* ---- Notifications --------------------------------------------------------------------------- */

static facteur_receipt *refused_by_allowlist(const char *sender, const char *to)
{
    const char *names[] = {"mode", "allow"}, *values[] = {"allowlist", "b@example.com"};
    facteur_message *message = facteur_message_new();
    facteur_mailer *mailer = NULL;
    facteur_receipt *receipt = NULL;

    assert_int_equal(facteur_mailer_new("null://", names, values, 2, &mailer, NULL), 0);
    assert_int_equal(facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", to, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "envelope_from", sender, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_send(mailer, message, 0, &receipt, NULL), 0);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
    return receipt;
}

static void a_sender_is_told_of_the_refused(void **state)
{
    facteur_receipt *receipt =
        refused_by_allowlist("bounce@example.com", "b@example.com, \xc3\xa9@example.net");
    facteur_message *message = NULL;
    char *bytes = NULL;
    size_t len = 0;

    (void)state;
    assert_int_equal(facteur_receipt_bounce(receipt, &message, NULL), 0);
    assert_int_equal(facteur_message_bytes(message, &bytes, &len, NULL), 0);
    assert_non_null(strstr(bytes, "To: <bounce@example.com>\r\n"));
    assert_non_null(strstr(bytes, "Auto-Submitted: auto-replied\r\n"));
    assert_non_null(strstr(bytes, "The others have it."));
    assert_non_null(strstr(bytes, "Final-Recipient: utf-8; \\x{E9}@example.net\r\n"
                                  "Action: failed\r\nStatus: 5.0.0\r\n"));
    assert_non_null(strstr(bytes, "Content-Type: text/rfc822-headers\r\n\r\nDate: "));
    facteur_free(bytes);
    facteur_message_free(message);
    facteur_receipt_free(receipt);
}

/* It could be a notification itself: an answer to it could be answered again. */
static void a_mail_without_a_sender_is_not_answered(void **state)
{
    facteur_receipt *receipt = refused_by_allowlist("", "b@example.com, c@example.com");
    facteur_message *message = NULL;

    (void)state;
    assert_int_equal(facteur_receipt_rejected_count(receipt), 1);
    assert_int_equal(facteur_receipt_bounce(receipt, &message, NULL), 0);
    assert_null(message);
    facteur_receipt_free(receipt);
}

#ifdef FCT_FAULT_INJECTION
static void a_notification_without_memory(void **state)
{
    facteur_receipt *receipt =
        refused_by_allowlist("a@example.com", "b@example.com, c@example.com");

    (void)state;
    for (unsigned long nth = 1;; nth++) {
        facteur_message *message = NULL;
        bool failed;
        int err;

        fct_memory_fail_at(nth);
        err = facteur_receipt_bounce(receipt, &message, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        assert_int_equal(message == NULL, failed);
        facteur_message_free(message);
        if (!failed)
            break;
    }
    facteur_receipt_free(receipt);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mail_is_one_line, make_place, remove_place),
        cmocka_unit_test_setup_teardown(many_recipients_are_counted, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_log_that_cannot_be_written_is_told, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(nothing_is_logged_unasked, make_place, remove_place),
        cmocka_unit_test(a_sender_is_told_of_the_refused),
        cmocka_unit_test(a_mail_without_a_sender_is_not_answered),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(a_notification_without_memory),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
