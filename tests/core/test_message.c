/* SPDX-License-Identifier: MIT */
/* mime/: the builder, and the bytes that come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "facteur.h"
#include "mime/builder.h"
#include "mime/message.h"

static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};

static void set(facteur_message *message, const char *field, const char *value)
{
    facteur_error *error = NULL;

    if (facteur_message_set(message, field, value, FACTEUR_NTS, &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
}

static facteur_message *plain(void)
{
    facteur_message *message = facteur_message_new();

    assert_non_null(message);
    set(message, "from", "Shop <shop@example.com>");
    set(message, "to", "ana@example.org");
    set(message, "subject", "Order 42");
    set(message, "date", "2026-11-23T10:00:00+01:00");
    set(message, "message_id", "<42@example.com>");
    return message;
}

static char *bytes_of(facteur_message *message)
{
    facteur_error *error = NULL;
    char *bytes = NULL;
    size_t len = 0;

    if (facteur_message_bytes(message, &bytes, &len, &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    assert_int_equal(strlen(bytes), len);
    return bytes;
}

static void check_bytes(facteur_message *message, const char *expected)
{
    char *bytes = bytes_of(message);

    assert_string_equal(bytes, expected);
    facteur_free(bytes);
    facteur_message_free(message);
}

#define HEAD                                                                                       \
    "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n"                                                    \
    "From: Shop <shop@example.com>\r\n"                                                            \
    "To: ana@example.org\r\n"                                                                      \
    "Subject: Order 42\r\n"                                                                        \
    "Message-ID: <42@example.com>\r\n"                                                             \
    "MIME-Version: 1.0\r\n"
#define MARK "=_4711978bf346a4da"

static void one_text_is_one_part(void **state)
{
    facteur_message *message = plain();

    set(message, "text", "Thank you.\r\nBye\r.");
    set(message, "bcc", "hidden@example.org");
    check_bytes(message, HEAD "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "Thank you.\r\nBye\r\n.\r\n");
}

static void nothing_at_all_is_an_empty_text(void **state)
{
    check_bytes(plain(), HEAD "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n\r\n");
}

static void text_and_html_are_alternatives(void **state)
{
    facteur_message *message = plain();

    set(message, "text", "Caf\xc3\xa9\n");
    set(message, "html", "<p>Caf\xc3\xa9</p>");
    check_bytes(message, HEAD "Content-Type: multipart/alternative;\r\n"
                              " boundary=\"" MARK "_3\"\r\n"
                              "\r\n"
                              "--" MARK "_3\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n"
                              "\r\n"
                              "Caf=C3=A9\r\n"
                              "\r\n--" MARK "_3\r\n"
                              "Content-Type: text/html; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n"
                              "\r\n"
                              "<p>Caf=C3=A9</p>"
                              "\r\n--" MARK "_3--\r\n");
}

static void the_whole_tree(void **state)
{
    facteur_message *message = plain();

    set(message, "html", "<img src=\"cid:logo\">");
    assert_int_equal(
        facteur_message_attach_bytes(message, "png", 3, "logo.png", NULL, "<logo>", NULL), 0);
    assert_int_equal(facteur_message_attach_bytes(message, "a,b\n", 4, NULL,
                                                  "text/csv; charset=utf-8", NULL, NULL),
                     0);
    check_bytes(message, HEAD "Content-Type: multipart/mixed;\r\n"
                              " boundary=\"" MARK "_1\"\r\n"
                              "\r\n"
                              "--" MARK "_1\r\n"
                              "Content-Type: multipart/related;\r\n"
                              " type=\"text/html\";\r\n"
                              " boundary=\"" MARK "_2\"\r\n"
                              "\r\n"
                              "--" MARK "_2\r\n"
                              "Content-Type: text/html; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "<img src=\"cid:logo\">"
                              "\r\n--" MARK "_2\r\n"
                              "Content-Type: image/png; name=\"logo.png\"\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "Content-ID: <logo>\r\n"
                              "Content-Disposition: inline; filename=\"logo.png\"\r\n"
                              "\r\n"
                              "cG5n\r\n"
                              "--" MARK "_2--\r\n"
                              "--" MARK "_1\r\n"
                              "Content-Type: text/csv; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "Content-Disposition: attachment\r\n"
                              "\r\n"
                              "YSxiCg==\r\n"
                              "--" MARK "_1--\r\n");
}

static void every_header_field(void **state)
{
    facteur_message *message = facteur_message_new();

    set(message, "from",
        "a@example.com, B <b@b\xc3\xbc"
        "cher.example>");
    set(message, "sender", "office@example.com");
    set(message, "reply_to", "r@example.com");
    set(message, "cc", "Team: c@example.com, \xc3\xa9@example.com;");
    set(message, "subject", " a\r\nBcc: x@example.com\x01 ");
    set(message, "message_id", "1@example.com");
    set(message, "in_reply_to", "<0@example.com>");
    set(message, "references", "<x@example.com>  0@example.com");
    set(message, "date", "Mon, 23 Nov 2026 04:00:00 -0500");
    assert_int_equal(facteur_message_add_header(message, "X-Shop", "1\r\n2", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_add_header(message, "X-Shop", "", FACTEUR_NTS, NULL), 0);
    check_bytes(message, "Date: Mon, 23 Nov 2026 04:00:00 -0500\r\n"
                         "From: a@example.com, B <b@xn--bcher-kva.example>\r\n"
                         "Sender: office@example.com\r\n"
                         "Reply-To: r@example.com\r\n"
                         "Cc: Team: c@example.com, \xc3\xa9@example.com;\r\n"
                         "Subject: a Bcc: x@example.com\r\n"
                         "Message-ID: <1@example.com>\r\n"
                         "In-Reply-To: <0@example.com>\r\n"
                         "References: <x@example.com> <0@example.com>\r\n"
                         "X-Shop: 1 2\r\n"
                         "X-Shop:\r\n"
                         "MIME-Version: 1.0\r\n"
                         "Content-Type: text/plain; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: 7bit\r\n\r\n");
}

static void a_lone_attachment_needs_no_tree(void **state)
{
    facteur_message *message = plain();

    assert_int_equal(facteur_message_attach_bytes(message, "PK", 2, "r.zip", NULL, NULL, NULL), 0);
    check_bytes(message, HEAD "Content-Type: application/zip; name=\"r.zip\"\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "Content-Disposition: attachment; filename=\"r.zip\"\r\n"
                              "\r\nUEs=\r\n");
}

static fct_mail *freeze(facteur_message *message)
{
    facteur_error *error = NULL;
    fct_mail *mail = NULL;

    if (fct_message_freeze(message, &facts, &mail, &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    return mail;
}

static void the_envelope_is_complete_and_each_once(void **state)
{
    facteur_message *message = plain();
    fct_mail *mail;

    set(message, "cc", "G: ana@EXAMPLE.org, Ana@example.org, b@example.org;");
    set(message, "bcc",
        "hidden@b\xc3\xbc"
        "cher.example, b@example.org");
    mail = freeze(message);
    assert_string_equal(fct_mail_sender(mail), "shop@example.com");
    assert_int_equal(fct_mail_recipient_count(mail), 4);
    assert_string_equal(fct_mail_recipient(mail, 0), "ana@example.org");
    assert_string_equal(fct_mail_recipient(mail, 1), "Ana@example.org");
    assert_string_equal(fct_mail_recipient(mail, 2), "b@example.org");
    assert_string_equal(fct_mail_recipient(mail, 3), "hidden@xn--bcher-kva.example");
    assert_string_equal(fct_mail_message_id(mail), "42@example.com");
    assert_int_equal(fct_mail_needs(mail), 0);
    fct_mail_unref(mail);
    set(message, "envelope_from", "<>");
    assert_int_equal(
        facteur_message_add_recipient(message, "<only@example.org>", FACTEUR_NTS, NULL), 0);
    mail = freeze(message);
    assert_string_equal(fct_mail_sender(mail), "");
    assert_int_equal(fct_mail_recipient_count(mail), 1);
    assert_string_equal(fct_mail_recipient(mail, 0), "only@example.org");
    fct_mail_unref(mail);
    facteur_message_free(message);
}

static void check_changed(facteur_message *message, fct_mail **before, size_t recipients)
{
    fct_mail *after = freeze(message);

    assert_ptr_not_equal(after, *before);
    assert_int_equal(fct_mail_recipient_count(after), recipients);
    fct_mail_unref(*before);
    *before = after;
}

/* A message that was sent once and changed since: the next mail has the change. */
static void a_change_after_a_send_is_in_the_next_mail(void **state)
{
    facteur_message *message = plain();
    fct_mail *mail = freeze(message);

    assert_int_equal(facteur_message_add_mailbox(message, "cc", "B", 1, "b@example.org", 13, NULL),
                     0);
    check_changed(message, &mail, 2);
    set(message, "bcc", "c@example.org");
    check_changed(message, &mail, 3);
    assert_int_equal(facteur_message_add_header(message, "X-One", "1", 1, NULL), 0);
    check_changed(message, &mail, 3);
    assert_int_equal(facteur_message_add_metadata(message, "a", 1, "b", 1, NULL), 0);
    check_changed(message, &mail, 3);
    assert_int_equal(facteur_message_add_alternative(message, "text/x-one", "1", 1, NULL), 0);
    check_changed(message, &mail, 3);
    assert_int_equal(
        facteur_message_attach_bytes(message, "x", 1, "x.txt", "text/plain", NULL, NULL), 0);
    check_changed(message, &mail, 3);
    assert_int_equal(facteur_message_add_recipient(message, "only@example.org", FACTEUR_NTS, NULL),
                     0);
    check_changed(message, &mail, 1);
    assert_string_equal(fct_mail_recipient(mail, 0), "only@example.org");
    fct_mail_unref(mail);
    facteur_message_free(message);
}

static void freezing_decides_once(void **state)
{
    facteur_message *message = facteur_message_new();
    struct fct_freeze later = facts;
    fct_mail *first, *second = NULL, *third = NULL;

    later.date_s++;
    later.random[0] = 'x';
    set(message, "to", "ana@example.org");
    later.default_from = "Default <d@b\xc3\xbc"
                         "cher.example>";
    assert_int_equal(fct_message_freeze(message, &facts, &first, NULL), FACTEUR_EMESSAGE);
    assert_int_equal(fct_message_freeze(message, &later, &first, NULL), 0);
    assert_string_equal(fct_mail_sender(first), "d@xn--bcher-kva.example");
    assert_string_equal(fct_mail_message_id(first),
                        "78313233343536373839616263646500@xn--bcher-kva.example");
    assert_int_equal(fct_message_freeze(message, &facts, &second, NULL), 0);
    assert_ptr_equal(first, second);
    set(message, "subject", "thawed");
    later.random[0] = 'y';
    assert_int_equal(fct_message_freeze(message, &later, &third, NULL), 0);
    assert_string_not_equal(fct_mail_message_id(first), fct_mail_message_id(third));
    facteur_message_free(message);
    fct_mail_unref(first);
    fct_mail_unref(second);
    fct_mail_unref(third);
}

static int add_mailbox(facteur_message *message, const char *field, facteur_error **error)
{
    return facteur_message_add_mailbox(message, field, "Ana", FACTEUR_NTS, "ana@example.org",
                                       FACTEUR_NTS, error);
}

static void mailboxes_go_to_address_fields(void **state)
{
    static const char *const fields[] = {"from", "sender", "reply_to", "to", "cc", "bcc"};
    static const char *const others[] = {"subject",     "date",    "in_reply_to",
                                         "attachments", "nothing", ""};
    facteur_message *message = facteur_message_new();
    fct_mail *mail = NULL;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        assert_int_equal(add_mailbox(message, fields[i], NULL), 0);
    assert_int_equal(add_mailbox(message, "to", NULL), 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        facteur_error *error = NULL;

        assert_int_equal(add_mailbox(message, others[i], &error), FACTEUR_EMESSAGE);
        assert_non_null(strstr(facteur_error_message(error), "is not an address field"));
        facteur_error_free(error);
    }
    assert_int_equal(add_mailbox(message, "sender", NULL), FACTEUR_EMESSAGE);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    assert_int_equal(fct_mail_recipient_count(mail), 1);
    fct_mail_unref(mail);
    facteur_message_free(message);
}

/* The mailer reads it; an empty one takes it back. */
static void smime_is_kept_for_the_mailer(void **state)
{
    facteur_message *message = facteur_message_new();

    assert_null(message->smime);
    assert_int_equal(facteur_message_set(message, "smime", "{}", 2, NULL), 0);
    assert_int_equal(fct_secret_bytes(message->smime).len, 2);
    assert_int_equal(facteur_message_set(message, "smime", "", 0, NULL), 0);
    assert_null(message->smime);
    facteur_message_free(message);
}

static void a_field_that_is_none_is_named(void **state)
{
    static const char *const rows[][2] = {
        {"subjekt", "a message has no field \"subjekt\", did you mean \"subject\"?"},
        {"body", "a message has no field \"body\", did you mean \"text\" (or \"html\" if it is "
                 "HTML)?"},
        {"Html_Body", "a message has no field \"Html_Body\", did you mean \"html\"?"},
        {"from_email", "a message has no field \"from_email\", did you mean \"from\"?"},
        {"recipient_list", "a message has no field \"recipient_list\", did you mean \"to\"?"},
        {"recip", "a message has no field \"recip\""},
        {"qqqqqqqqqqqq", "a message has no field \"qqqqqqqqqqqq\""},
        {"attachments", "attachments is not set as a text"},
    };
    facteur_message *message = facteur_message_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_error *error = NULL;

        assert_int_equal(facteur_message_set(message, rows[i][0], "x", FACTEUR_NTS, &error),
                         FACTEUR_EMESSAGE);
        assert_string_equal(facteur_error_message(error), rows[i][1]);
        facteur_error_free(error);
    }
    facteur_message_free(message);
}

/* RFC 8058, RFC 2369: the addresses in their order, each in its brackets, at most ten. */
static void unsubscribing_has_its_addresses(void **state)
{
    facteur_message *message = facteur_message_new();
    char uri[40];

    for (int i = 0; i < 10; i++) {
        snprintf(uri, sizeof uri, i % 2 ? "<mailto:u%d@x.example>" : " https://x.example/%d ", i);
        assert_int_equal(facteur_message_set(message, "list_unsubscribe", uri, FACTEUR_NTS, NULL),
                         0);
    }
    assert_string_equal(message->list_unsubscribe,
                        "https://x.example/0 mailto:u1@x.example https://x.example/2 "
                        "mailto:u3@x.example https://x.example/4 mailto:u5@x.example "
                        "https://x.example/6 mailto:u7@x.example https://x.example/8 "
                        "mailto:u9@x.example");
    assert_int_equal(
        facteur_message_set(message, "list_unsubscribe", "https://x.example", FACTEUR_NTS, NULL),
        FACTEUR_EMESSAGE);
    facteur_message_free(message);
}

/* RFC 8058 section 3.1: an address of https, wherever it is. */
static void one_click_needs_https(void **state)
{
    static const struct {
        const char *uris[3], *field;
        bool one_click;
    } rows[] = {
        {{"https://x.example/1"}, "<https://x.example/1>\r\n", true},
        {{"mailto:u@x.example"}, "<mailto:u@x.example>\r\n", false},
        {{"mailto:u@x.example", "HTTPS://x.example"},
         "<mailto:u@x.example>, <HTTPS://x.example>\r\n",
         true},
        {{"mailto:u@x.example?subject=https:x"}, "<mailto:u@x.example?subject=https:x>\r\n", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_message *message = plain();
        char *bytes, *at;

        for (size_t k = 0; k < 3 && rows[i].uris[k]; k++)
            set(message, "list_unsubscribe", rows[i].uris[k]);
        bytes = bytes_of(message);
        at = strstr(bytes, "List-Unsubscribe: ");
        assert_non_null(at);
        assert_memory_equal(at + 18, rows[i].field, strlen(rows[i].field));
        assert_int_equal(strstr(bytes, "List-Unsubscribe-Post:") != NULL, rows[i].one_click);
        facteur_free(bytes);
        facteur_message_free(message);
    }
}

/* RFC 5321 section 4.5.3.1.3: the longest address, nearly all of it domain. */
static void the_longest_domain_fits_the_message_id(void **state)
{
    facteur_message *message = facteur_message_new();
    struct fct_freeze now = facts;
    char address[255], expected[300];
    fct_mail *mail;

    memset(address, 'x', 254);
    for (size_t at = 1; at < 250; at += 63)
        address[at] = at == 1 ? '@' : '.';
    address[254] = '\0';
    set(message, "to", "ana@example.org");
    now.default_from = address;
    assert_int_equal(fct_message_freeze(message, &now, &mail, NULL), 0);
    *fct_hex(expected, now.random, sizeof now.random) = '\0';
    strcat(expected, address + 1);
    assert_string_equal(fct_mail_message_id(mail), expected);
    assert_string_equal(fct_mail_sender(mail), address);
    fct_mail_unref(mail);
    facteur_message_free(message);
}

static void needs_are_only_what_the_mail_needs(void **state)
{
    facteur_message *message = plain();
    fct_mail *mail;

    set(message, "subject", "caf\xc3\xa9");
    set(message, "text", "caf\xc3\xa9");
    mail = freeze(message);
    assert_int_equal(fct_mail_needs(mail), 0);
    fct_mail_unref(mail);
    set(message, "bcc", "\xc3\xa9@example.org");
    mail = freeze(message);
    assert_int_equal(fct_mail_needs(mail), FCT_NEEDS_SMTPUTF8);
    fct_mail_unref(mail);
    set(message, "reply_to", "\xc3\xa9@example.org");
    mail = freeze(message);
    assert_int_equal(fct_mail_needs(mail), FCT_NEEDS_SMTPUTF8 | FCT_NEEDS_8BITMIME);
    fct_mail_unref(mail);
    facteur_message_free(message);
}

static void expect_refusal(facteur_message *message, const char *field, const char *value,
                           const char *part_of_sentence)
{
    facteur_error *error = NULL;

    assert_int_equal(facteur_message_set(message, field, value, FACTEUR_NTS, &error),
                     FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), field);
    if (!strstr(facteur_error_message(error), part_of_sentence))
        fail_msg("%s", facteur_error_message(error));
    facteur_error_free(error);
}

static void refusals_name_field_and_cure(void **state)
{
    static const char *const own[] = {"From",
                                      "sender",
                                      "TO",
                                      "Cc",
                                      "bcc",
                                      "Subject",
                                      "Date",
                                      "Message-Id",
                                      "MIME-Version",
                                      "Content-Type",
                                      "content-anything",
                                      "Received",
                                      "Return-Path",
                                      "DKIM-Signature",
                                      "Reply-To",
                                      "In-Reply-To",
                                      "References"};
    facteur_message *message = plain();

    expect_refusal(message, "subjct", "x", "\"subject\"");
    expect_refusal(message, "nonsense_field", "x", "no field");
    expect_refusal(message, "text", "abc\xff", "byte 0xff at offset 3");
    expect_refusal(message, "from", "G: a@example.com;", "group");
    expect_refusal(message, "from", "", "no address");
    expect_refusal(message, "sender", "a@example.com, b@example.com", "one mailbox");
    expect_refusal(message, "to", "Doe, John", "(at byte 1)");
    expect_refusal(message, "date", "yesterday", "RFC 3339");
    expect_refusal(message, "message_id", "nodomain", "id@domain");
    expect_refusal(message, "message_id", "a<b@c.example", "byte 0x3c at offset 1");
    expect_refusal(message, "message_id", "a>b@c.example", "byte 0x3e at offset 1");
    expect_refusal(message, "references", "a@b c\rd", "offset 1");
    expect_refusal(message, "envelope_from", "a@example.com, b@example.com", "one address");
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        assert_int_equal(facteur_message_add_header(message, own[i], "x", 1, NULL),
                         FACTEUR_EMESSAGE);
    check_bytes(message, HEAD "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n\r\n");
    message = facteur_message_new();
    set(message, "from", "a@example.com, b@example.com");
    set(message, "to", "c@example.com");
    {
        facteur_error *error = NULL;
        fct_mail *mail = NULL;

        assert_int_equal(fct_message_freeze(message, &facts, &mail, &error), FACTEUR_EMESSAGE);
        assert_string_equal(facteur_error_where(error), "sender");
        assert_null(mail);
        facteur_error_free(error);
    }
    facteur_message_free(message);
}

/* The lines of a message's header, each field's name as it should be. */
static void check_shape(const char *bytes, size_t fields)
{
    size_t seen = 0;

    while (strncmp(bytes, "\r\n", 2) != 0) {
        const char *end = strstr(bytes, "\r\n");

        assert_non_null(end);
        assert_true(end - bytes <= 998);
        for (const char *at = bytes; at < end; at++)
            assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
        seen += *bytes != ' ';
        bytes = end + 2;
    }
    assert_int_equal(seen, fields);
}

/* Every control byte at the start, in the middle and at the end of every text field. */
static void control_bytes_bend_nothing(void **state)
{
    static const char *const fields[] = {"from", "sender",      "reply_to",   "to",
                                         "cc",   "bcc",         "subject",    "message_id",
                                         "date", "in_reply_to", "references", "envelope_from"};
    static const char *const good[] = {"a@example.com", "a@example.com", "a@example.com",
                                       "a@example.com", "a@example.com", "a@example.com",
                                       "a subject",     "1@example.com", "2026-11-23T10:00:00Z",
                                       "1@example.com", "1@example.com", "a@example.com"};

    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        for (int byte = 0; byte < 34; byte++) {
            for (int place = 0; place < 3; place++) {
                facteur_message *message = plain();
                size_t len = strlen(good[f]), at = place == 0 ? 0 : place == 1 ? len / 2 : len;
                char value[64];
                int result;

                memcpy(value, good[f], at);
                value[at] = (char)(byte < 32 ? byte : byte == 32 ? 0x7f : '\n');
                memcpy(value + at + 1, good[f] + at, len - at);
                result = facteur_message_set(message, fields[f], value, len + 1, NULL);
                if (strcmp(fields[f], "subject") == 0)
                    assert_int_equal(result, 0);
                else if (byte != '\t')
                    assert_int_equal(result, FACTEUR_EMESSAGE);
                if (!result) {
                    char *bytes = bytes_of(message);

                    if (strcmp(fields[f], "subject") == 0)
                        assert_non_null(strstr(bytes, place == 1 ? "Subject: a su bject\r\n"
                                                                 : "Subject: a subject\r\n"));
                    facteur_free(bytes);
                }
                facteur_message_free(message);
            }
        }
    }
}

static void control_bytes_in_names_and_headers(void **state)
{
    for (int byte = 1; byte < 0x20; byte++) {
        facteur_message *message = facteur_message_new();
        char value[] = {'a', (char)byte, 'b', 0}, clean[] = "a b";
        fct_buf expected = {0};
        char *bytes;

        assert_int_equal(facteur_message_add_mailbox(message, "from", value, 3, "a@example.com",
                                                     FACTEUR_NTS, NULL),
                         0);
        assert_int_equal(facteur_message_add_header(message, "X-A", value, 3, NULL), 0);
        assert_int_equal(facteur_message_add_header(message, value, "x", 1, NULL),
                         FACTEUR_EMESSAGE);
        assert_int_equal(facteur_message_attach_bytes(message, "", 0, NULL, value, NULL, NULL),
                         FACTEUR_EMESSAGE);
        assert_int_equal(facteur_message_attach_bytes(message, "", 0, NULL, NULL, value, NULL),
                         FACTEUR_EMESSAGE);
        assert_int_equal(facteur_message_add_mailbox(message, "to", NULL, 0, value, 3, NULL),
                         FACTEUR_EMESSAGE);
        bytes = bytes_of(message);
        check_shape(bytes, 8);
        fct_buf_addf(&expected, "From: %s <a@example.com>\r\n", clean);
        assert_non_null(strstr(bytes, expected.ptr));
        assert_non_null(strstr(bytes, "X-A: a b\r\n"));
        fct_buf_done(&expected);
        facteur_free(bytes);
        assert_int_equal(facteur_message_attach_bytes(message, "", 0, value, NULL, NULL, NULL), 0);
        assert_string_equal(message->parts[0].name, clean);
        facteur_message_free(message);
    }
}

static void too_much_is_refused_by_name(void **state)
{
    facteur_message *message = plain();
    facteur_error *error = NULL;
    fct_buf many = {0};
    int result = 0;

    for (int i = 0; i < 10001; i++)
        fct_buf_addf(&many, "u%d@example.org,", i);
    assert_int_equal(facteur_message_set(message, "cc", many.ptr, many.len, &error),
                     FACTEUR_EMESSAGE);
    assert_non_null(strstr(facteur_error_message(error), "10000"));
    facteur_error_free(error);
    fct_buf_done(&many);
    for (int i = 0; i < 1000; i++)
        result |= facteur_message_attach_bytes(message, "", 0, NULL, NULL, NULL, NULL);
    assert_int_equal(result, 0);
    assert_int_equal(facteur_message_attach_bytes(message, "", 0, NULL, NULL, NULL, NULL),
                     FACTEUR_EMESSAGE);
    facteur_message_free(message);
}

#ifdef FCT_FAULT_INJECTION
/* A whole message; 0 or the first error. */
static int build_and_freeze(fct_mail **mail)
{
    facteur_message *m = facteur_message_new();
    int err = m ? 0 : FACTEUR_ENOMEM;

#define STEP(call)                                                                                 \
    if (!err)                                                                                      \
    err = (call)
    STEP(facteur_message_set(m, "from", "Ana \"Q\" <a@example.com>", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "sender", "s@example.com", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "to", "G: \xc3\x89lan <a@example.com>, b@example.com;", FACTEUR_NTS,
                             NULL));
    STEP(facteur_message_add_mailbox(m, "to", "N", 1, "n@example.com", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "subject", "caf\xc3\xa9", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "text", "x=y \n", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "html", "\xe6\x97\xa5\xe6\x9c\xac", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "references", "a@b c@d", FACTEUR_NTS, NULL));
    STEP(facteur_message_set(m, "envelope_from", "e@example.com", FACTEUR_NTS, NULL));
    STEP(facteur_message_add_header(m, "X-A", "b", 1, NULL));
    STEP(facteur_message_attach_bytes(m, "abc", 3, "\xc3\xa9.pdf", NULL, NULL, NULL));
    STEP(facteur_message_attach_path(m, "/proc/self/exe", "self", NULL, "cid", NULL));
    STEP(fct_message_freeze(m, &facts, mail, NULL));
#undef STEP
    facteur_message_free(m);
    return err;
}

static void every_failed_allocation_is_told(void **state)
{
    for (unsigned long nth = 1;; nth++) {
        fct_mail *mail = NULL;
        int err;

        fct_memory_fail_at(nth);
        err = build_and_freeze(&mail);
        if (!fct_memory_failed()) {
            fct_memory_fail_at(0);
            assert_int_equal(err, 0);
            fct_mail_unref(mail);
            assert_true(nth > 30);
            break;
        }
        assert_int_equal(err, FACTEUR_ENOMEM);
        assert_null(mail);
    }
}
#endif

/* ---- The table of fields --------------------------------------------------------------------- */

static bool is_text(enum facteur_field_type type)
{
    return type <= FACTEUR_FIELD_json;
}

/* Whether a field of a message of finished bytes is refused for what the message is. */
static bool is_closed(const char *field)
{
    static const char bytes[] = "From: a@x.example\r\nTo: b@x.example\r\n\r\nHi\r\n";
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    bool closed;

    assert_int_equal(facteur_message_from_bytes(bytes, sizeof bytes - 1, &message, NULL), 0);
    closed = facteur_message_set(message, field, "?", 1, &error) &&
             strstr(facteur_error_message(error), "a message made of finished bytes");
    facteur_error_free(error);
    facteur_message_free(message);
    return closed;
}

static void the_table_of_fields_is_sound(void **state)
{
    size_t count = facteur_message_field_count();

    for (size_t i = 0; i < count; i++) {
        const char *name = facteur_message_field_name(i), *list = facteur_message_field_list(i);
        enum facteur_field_type type = facteur_message_field_type(i);
        facteur_message *message = facteur_message_new();
        facteur_error *error = NULL;

        assert_true(*name && strlen(facteur_message_field_help(i)) > 10);
        assert_true(strlen(list) < 2 && (!*list || strchr("+, ", *list)));
        assert_true(*facteur_field_type_name(type) != '\0');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(name, facteur_message_field_name(j));
        if (is_text(type)) {
            assert_int_equal(is_closed(name), !facteur_message_field_finished(i));
        } else {
            assert_int_equal(facteur_message_set(message, name, "x", 1, &error), FACTEUR_EMESSAGE);
            assert_non_null(strstr(facteur_error_message(error), "not set as a text"));
        }
        facteur_error_free(error);
        facteur_message_free(message);
    }
    assert_string_equal(facteur_message_field_name(count), "");
    assert_string_equal(facteur_field_type_name(FACTEUR_FIELD_TYPE_COUNT), "");
}

static void the_choices_are_what_is_taken(void **state)
{
    for (size_t i = 0; i < facteur_message_field_count(); i++) {
        const char *choices = facteur_message_field_choices(i);
        facteur_message *message = facteur_message_new();

        for (size_t len; *choices; choices += len + (choices[len] == '|')) {
            len = strcspn(choices, "|");
            assert_int_equal(
                facteur_message_set(message, facteur_message_field_name(i), choices, len, NULL), 0);
        }
        if (*facteur_message_field_choices(i))
            expect_refusal(message, facteur_message_field_name(i), "other", "");
        facteur_message_free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_fields_is_sound),
        cmocka_unit_test(the_choices_are_what_is_taken),
        cmocka_unit_test(one_text_is_one_part),
        cmocka_unit_test(nothing_at_all_is_an_empty_text),
        cmocka_unit_test(text_and_html_are_alternatives),
        cmocka_unit_test(the_whole_tree),
        cmocka_unit_test(every_header_field),
        cmocka_unit_test(a_lone_attachment_needs_no_tree),
        cmocka_unit_test(the_envelope_is_complete_and_each_once),
        cmocka_unit_test(a_change_after_a_send_is_in_the_next_mail),
        cmocka_unit_test(freezing_decides_once),
        cmocka_unit_test(mailboxes_go_to_address_fields),
        cmocka_unit_test(smime_is_kept_for_the_mailer),
        cmocka_unit_test(a_field_that_is_none_is_named),
        cmocka_unit_test(unsubscribing_has_its_addresses),
        cmocka_unit_test(one_click_needs_https),
        cmocka_unit_test(the_longest_domain_fits_the_message_id),
        cmocka_unit_test(needs_are_only_what_the_mail_needs),
        cmocka_unit_test(refusals_name_field_and_cure),
        cmocka_unit_test(control_bytes_bend_nothing),
        cmocka_unit_test(control_bytes_in_names_and_headers),
        cmocka_unit_test(too_much_is_refused_by_name),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_failed_allocation_is_told),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
