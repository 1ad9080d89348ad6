/* SPDX-License-Identifier: MIT */
/* mailer/: tags and metadata in the header fields of each preset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/message.h"
#include "relays/provider.h"

static fct_slice text(const char *of)
{
    return fct_slice_of(of);
}

/* "tag" or "name=value", a space between each two. */
static void label(fct_labels *labels, const char *words)
{
    char copy[4096], *rest = copy, *word;

    snprintf(copy, sizeof copy, "%s", words);
    while ((word = strsep(&rest, " ")) && *word) {
        char *equal = strchr(word, '=');

        for (char *at = word; *at; at++) {
            if (*at == '~')
                *at = ' ';
        }
        if (equal)
            *equal++ = '\0';
        assert_int_equal(
            fct_labels_add(labels, "x", text(equal ? word : ""), text(equal ? equal : word), NULL),
            0);
    }
}

static void check_fields(const char *preset, const char *words, const char *key,
                         const char *expected)
{
    fct_labels labels = {0};
    fct_buf fields = {0};
    facteur_error *error = NULL;

    label(&labels, words);
    if (fct_provider_fields(fct_preset_find(text(preset)), &labels, key, &fields, &error))
        fail_msg("%s: %s", preset, facteur_error_message(error));
    fct_buf_add_char(&fields, '\0');
    assert_string_equal(fields.ptr, expected);
    fct_buf_done(&fields);
    fct_labels_done(&labels);
}

static void each_preset_has_its_fields(void **state)
{
    static const char words[] = "order shop=a customer=42~b";

    check_fields("brevo", words, "k1",
                 "X-Mailin-custom: {\"shop\": \"a\", \"customer\": \"42 b\"}\r\n"
                 "X-Mailin-Tag: order\r\nidempotencyKey: k1\r\n");
    check_fields("mailgun", "order paid shop=a", "k1",
                 "X-Mailgun-Variables: {\"shop\": \"a\"}\r\n"
                 "X-Mailgun-Tag: order\r\nX-Mailgun-Tag: paid\r\n");
    check_fields("mailjet", words, NULL,
                 "X-MJ-EventPayload: {\"shop\": \"a\", \"customer\": \"42 b\"}\r\n"
                 "X-Mailjet-Campaign: order\r\n");
    check_fields("mandrill", "order paid shop=a", NULL,
                 "X-MC-Metadata: {\"shop\": \"a\"}\r\nX-MC-Tags: order, paid\r\n");
    check_fields("postmark", words, NULL,
                 "X-PM-Tag: order\r\nX-PM-Metadata-shop: a\r\nX-PM-Metadata-customer: 42 b\r\n");
    check_fields(
        "sendgrid", "order paid shop=a", NULL,
        "X-SMTPAPI: {\"category\": [\"order\", \"paid\"], \"unique_args\": {\"shop\": \"a\"}}\r\n");
    check_fields("ses", "order shop=a", NULL, "X-SES-MESSAGE-TAGS: tag=order, shop=a\r\n");
    check_fields("sparkpost", "order shop=a", NULL,
                 "X-MSYS-API: {\"tags\": [\"order\"], \"metadata\": {\"shop\": \"a\"}}\r\n");
    check_fields("resend", words, "order-42", "Resend-Idempotency-Key: order-42\r\n");
}

static void others_have_none(void **state)
{
    check_fields("gmail", "order shop=a", "k1", "");
    check_fields("none", "order shop=a", "k1", "");
    check_fields("postmark", "", NULL, "");
    check_fields("sendgrid", "", "k1", "");
}

/* ASCII, folded, and never an encoded word by accident. */
static void values_are_safe_in_a_header(void **state)
{
    check_fields("mailgun", "shop==?utf-8?Q?x?=", NULL,
                 "X-Mailgun-Variables: {\"shop\": \"\\u003d?utf-8?Q?x?=\"}\r\n");
    check_fields("mailgun", "shop=\xc3\xa9\"\\", NULL,
                 "X-Mailgun-Variables: {\"shop\": \"\\u00E9\\\"\\\\\"}\r\n");
    check_fields("postmark", "\xc3\xa9t\xc3\xa9", NULL, "X-PM-Tag: =?utf-8?B?w6l0w6k=?=\r\n");
    check_fields("brevo",
                 "a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                 NULL,
                 "X-Mailin-custom: {\"a\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"b\":\r\n"
                 " \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}\r\n");
}

static void check_refused(const char *preset, const char *words, const char *where)
{
    fct_labels labels = {0};
    fct_buf fields = {0};
    facteur_error *error = NULL;

    label(&labels, words);
    assert_int_equal(
        fct_provider_fields(fct_preset_find(text(preset)), &labels, NULL, &fields, &error),
        FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), where);
    assert_non_null(strstr(facteur_error_message(error), preset));
    facteur_error_free(error);
    fct_buf_done(&fields);
    fct_labels_done(&labels);
}

static void limits_of_the_providers(void **state)
{
    char words[2000] = "";
    size_t len = 0;

    check_refused("brevo", "a b", "tags");
    check_refused("postmark", "a b", "tags");
    check_refused("mailjet", "a b", "tags");
    check_refused("ses", "a b", "tags");
    check_refused("ses", "a~b", "tags");
    check_refused("ses", "shop=a.b", "metadata");
    check_refused("ses", "sh.op=a", "metadata");
    check_refused("mailgun", "1 2 3 4 5 6 7 8 9 10 11", "tags");
    check_refused("mailgun", "\xc3\xa9", "tags");
    check_refused("mailjet", "a.b", "tags");
    check_refused("sendgrid", "\xc3\xa9", "tags");
    check_refused("mandrill", "_rcpt=a", "metadata");
    check_refused("mandrill", "a,b", "tags");
    check_refused("mandrill", "_a", "tags");
    check_refused("mandrill", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "tags");
    check_refused("postmark", "aaaaaaaaaaaaaaaaaaaaa=1", "metadata");
    check_refused("postmark", "1=1 2=1 3=1 4=1 5=1 6=1 7=1 8=1 9=1 10=1 11=1", "metadata");
    memset(words, 'a', 81);
    memcpy(words, "a=", 2);
    words[83] = '\0';
    memset(words + 81, 'a', 2);
    check_refused("postmark", words, "metadata");
    len = (size_t)snprintf(words, sizeof words, "a=");
    memset(words + len, 'b', 950);
    words[len + 950] = '\0';
    check_refused("sendgrid", words, "metadata");
    check_refused("brevo", words, "metadata");
    memset(words, 'a', 256);
    words[256] = '\0';
    check_refused("mailjet", words, "tags");
    check_refused("sendgrid", words, "tags");
    strcat(words, "a=1");
    check_refused("ses", words, "metadata");
}

/* So many tags, or metadata, each of so many octets: whether the provider's field takes them. */
static bool takes(const char *preset, bool tags, size_t count, size_t name_len, size_t value_len)
{
    fct_labels labels = {0};
    fct_buf fields = {0};
    char name[80], value[1001];
    int result;

    memset(value, 'v', sizeof value);
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < count; i++) {
        char number[3] = {(char)('a' + i / 10), (char)('0' + i % 10), '\0'};

        memcpy(tags ? value : name, number, tags && value_len < 2 ? value_len : 2);
        assert_int_equal(fct_labels_add(&labels, tags ? "tags" : "metadata",
                                        tags ? (fct_slice){0} : (fct_slice){name, name_len},
                                        (fct_slice){value, value_len}, NULL),
                         0);
    }
    result = fct_provider_fields(fct_preset_find(text(preset)), &labels, NULL, &fields, NULL);
    assert_true(result == 0 || result == FACTEUR_EMESSAGE);
    fct_buf_done(&fields);
    fct_labels_done(&labels);
    return result == 0;
}

/* Each on both sides; 0: the provider gives none. */
static void each_limit_has_two_sides(void **state)
{
    static const struct {
        const char *preset;
        size_t tags, tag_len, metadata, name_len, value_len;
    } rows[] = {
        {"brevo", 1, 0, 0, 0, 0},       {"mailgun", 10, 128, 0, 0, 0},
        {"mailjet", 1, 255, 0, 0, 0},   {"mandrill", 0, 50, 0, 0, 0},
        {"postmark", 1, 0, 10, 20, 80}, {"sendgrid", 10, 255, 0, 0, 0},
        {"ses", 1, 256, 50, 0, 256},    {"sparkpost", 10, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *preset = rows[i].preset;
        bool good = true;

        for (size_t more = 0; more < 2; more++) {
            good =
                good && (!rows[i].tags || takes(preset, true, rows[i].tags + more, 0, 2) == !more);
            good = good &&
                   (!rows[i].tag_len || takes(preset, true, 1, 0, rows[i].tag_len + more) == !more);
            good = good && (!rows[i].metadata ||
                            takes(preset, false, rows[i].metadata + more, 2, 2) == !more);
            good = good && (!rows[i].name_len ||
                            takes(preset, false, 1, rows[i].name_len + more, 2) == !more);
            good = good && (!rows[i].value_len ||
                            takes(preset, false, 1, 2, rows[i].value_len + more) == !more);
        }
        if (!good)
            fail_msg("%s", preset);
    }
    /* {"a0": "vv…", …}: eleven with names of 50 octets and values of 851 are 9999. */
    assert_true(takes("sendgrid", false, 11, 50, 851));
    assert_false(takes("sendgrid", false, 11, 50, 852));
}

/* {"a": "bb…"}: 250 bytes are taken, 251 are not. */
static void mandrill_takes_little_metadata(void **state)
{
    char words[300] = "a=", field[400];

    memset(words + 2, 'b', 242);
    check_refused("mandrill", words, "metadata");
    words[2 + 241] = '\0';
    snprintf(field, sizeof field, "X-MC-Metadata: {\"a\":\r\n \"%s\"}\r\n", words + 2);
    check_fields("mandrill", words, NULL, field);
    check_fields("mailjet", "order~42_a-b", NULL, "X-Mailjet-Campaign: order 42_a-b\r\n");
}

static fct_mail *make_mail_with(const char *field)
{
    char raw[200];
    struct fct_freeze facts = {.date_s = 1795000000};
    facteur_message *message = NULL;
    fct_mail *mail = NULL;

    snprintf(raw, sizeof raw, "%sFrom: a@x.example\r\nTo: b@x.example\r\n\r\nX-SMTPAPI: x\r\n",
             field);
    if (facteur_message_from_bytes(raw, FACTEUR_NTS, &message, NULL) == 0 &&
        facteur_message_set(message, "tags", "order", FACTEUR_NTS, NULL) == 0 &&
        facteur_message_add_metadata(message, "shop", FACTEUR_NTS, "a", FACTEUR_NTS, NULL) == 0)
        fct_message_freeze(message, &facts, &mail, NULL);
    facteur_message_free(message);
    return mail;
}

static fct_mail *make_mail(void)
{
    return make_mail_with("");
}

/* Of two such fields the provider reads the first, which is not the message's. */
static void a_field_of_the_message_is_never_hidden(void **state)
{
    static const struct {
        const char *preset, *field;
        int result;
    } rows[] = {
        {"sendgrid", "x-smtpapi: {\"filters\": {}}\r\n", FACTEUR_EMESSAGE},
        {"sparkpost", "X-MSYS-API: {}\r\n", FACTEUR_EMESSAGE},
        {"postmark", "X-PM-Tag: mine\r\n", FACTEUR_EMESSAGE},
        {"mandrill", "X-MC-Tags: mine\r\n", FACTEUR_EMESSAGE},
        {"mandrill", "X-MC-Metadata: {}\r\n", FACTEUR_EMESSAGE},
        {"mailgun", "X-Mailgun-Tag: mine\r\n", 0},
        {"mailgun", "X-Mailgun-Variables: {}\r\n", FACTEUR_EMESSAGE},
        {"sendgrid", "X-MSYS-API: {}\r\n", 0},
        {"resend", "X-SMTPAPI: {}\r\n", 0},
        {"gmail", "X-SMTPAPI: {}\r\n", 0},
        {"sendgrid", "", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_mail *mail = make_mail_with(rows[i].field);
        facteur_error *error = NULL;

        assert_int_equal(fct_provider_check(fct_preset_find(text(rows[i].preset)), mail, &error),
                         rows[i].result);
        assert_string_equal(rows[i].result ? facteur_error_where(error) : "headers", "headers");
        facteur_error_free(error);
        fct_mail_unref(mail);
    }
}

static void the_mail_has_them_first(void **state)
{
    static const char head[] = "X-PM-Tag: order\r\nX-PM-Metadata-shop: a\r\n";
    fct_mail *mail = make_mail(), *made = NULL, *same = NULL;
    fct_mail_reader *reader;
    fct_slice run;
    bool stable;

    assert_int_equal(fct_provider_mail(fct_preset_find(text("postmark")), mail, &made, NULL), 0);
    assert_int_equal(fct_provider_mail(NULL, mail, &same, NULL), 0);
    reader = fct_mail_reader_new(made);
    assert_ptr_equal(same, mail);
    assert_int_equal(fct_mail_size(made), fct_mail_size(mail) + sizeof head - 1);
    assert_int_equal(fct_mail_reader_next(reader, &run, &stable), 1);
    assert_true(fct_slice_equal(run, text(head)));
    fct_mail_reader_free(reader);
    fct_mail_unref(made);
    fct_mail_unref(same);
    fct_mail_unref(mail);
}

static void fields_without_memory(void **state)
{
    static const char *const presets[] = {"postmark", "sendgrid", "ses", "brevo", "mandrill"};

    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        for (unsigned long n = 1;; n++) {
            fct_mail *mail = make_mail(), *made = NULL;
            int err;

            assert_non_null(mail);
            fct_memory_fail_at(n);
            err = fct_provider_mail(fct_preset_find(text(presets[i])), mail, &made, NULL);
            fct_memory_fail_at(0);
            fct_mail_unref(mail);
            fct_mail_unref(made);
            if (!err)
                break;
            assert_int_equal(err, FACTEUR_ENOMEM);
            assert_null(made);
        }
    }
}

static void labels_refuse_what_bends_a_header(void **state)
{
    static const char *const bad[] = {
        "", "a\nb", "a\r\nBcc: x@y.example", "a\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xff"};
    facteur_message *message = facteur_message_new();

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(facteur_message_set(message, "tags", bad[i], FACTEUR_NTS, NULL),
                         FACTEUR_EMESSAGE);
        assert_int_equal(facteur_message_add_metadata(message, "a", 1, bad[i], FACTEUR_NTS, NULL),
                         FACTEUR_EMESSAGE);
        assert_int_equal(facteur_message_add_metadata(message, bad[i], FACTEUR_NTS, "a", 1, NULL),
                         FACTEUR_EMESSAGE);
    }
    assert_int_equal(facteur_message_add_metadata(message, "a\0b", 3, "a", 1, NULL),
                     FACTEUR_EMESSAGE);
    assert_int_equal(facteur_message_set(message, "tags", "a\0b", 3, NULL), FACTEUR_EMESSAGE);
    assert_int_equal(facteur_message_add_metadata(message, "a:", 2, "a", 1, NULL),
                     FACTEUR_EMESSAGE);
    assert_int_equal(facteur_message_add_metadata(message, "a", 1, "a", 1, NULL), 0);
    assert_int_equal(facteur_message_add_metadata(message, "A", 1, "b", 1, NULL), FACTEUR_EMESSAGE);
    for (int i = 1; i < 100; i++)
        assert_int_equal(facteur_message_set(message, "tags", "x", 1, NULL), 0);
    assert_int_equal(facteur_message_set(message, "tags", "x", 1, NULL), FACTEUR_EMESSAGE);
    facteur_message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_preset_has_its_fields),
        cmocka_unit_test(others_have_none),
        cmocka_unit_test(values_are_safe_in_a_header),
        cmocka_unit_test(limits_of_the_providers),
        cmocka_unit_test(each_limit_has_two_sides),
        cmocka_unit_test(mandrill_takes_little_metadata),
        cmocka_unit_test(a_field_of_the_message_is_never_hidden),
        cmocka_unit_test(the_mail_has_them_first),
        cmocka_unit_test(fields_without_memory),
        cmocka_unit_test(labels_refuse_what_bends_a_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
