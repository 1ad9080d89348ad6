/* SPDX-License-Identifier: MIT */
/* mailer/receipt, mailer/queue_id: what an outcome becomes, as fields and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/memory.h"
#include "mailer/queue_id.h"
#include "mailer/receipt.h"
#include "mime/message.h"

struct queue_case {
    const char *text, *id;
};

static void expect_id(const char *text, const char *id)
{
    fct_slice found = fct_queue_id_find(fct_slice_of(text));

    if (!fct_slice_equal(found, fct_slice_of(id)))
        fail_msg("\"%s\" gave \"%.*s\"", text, (int)found.len, found.ptr);
}

/* What a relay's id is made of, octet by octet, and how long it may be. */
static void queue_ids_have_their_characters(void **state)
{
    char text[300], id[204];

    for (int byte = 1; byte < 256; byte++) {
        bool good = byte > 0x20 && byte < 0x7f && !strchr("<>()[]{};\"'", byte);
        bool ends = byte == ' ' || byte == '\n';

        snprintf(text, sizeof text, "queued as a1%cb", byte);
        snprintf(id, sizeof id, "a1%cb", byte);
        if (!good)
            id[ends ? 2 : 0] = '\0';
        expect_id(text, id);
    }
    memset(id, '7', sizeof id);
    for (size_t len = 199; len <= 202; len++) {
        snprintf(text, sizeof text, "queued as %.*s", (int)len, id);
        expect_id(text, len <= 200 ? text + 10 : "");
    }
}

static void queue_ids_have_their_places(void **state)
{
    static const char *const rows[][2] = {
        {"queued as A1.", "A1"},
        {"queued as A1:.", "A1"},
        {"queued as <A1>", "A1"},
        {"queued as ([A1])", "A1"},
        {"queued as A1, thank you", "A1"},
        {"queued as A1,", "A1"},
        {"queued as ,A1", ""},
        {"queued as A1,B2", "A1,B2"},
        {"queued as <A1", ""},
        {"queued as (A1 B2)", ""},
        {"queued as A1>B2", ""},
        {"queued as Spam", ""},
        {"queued as SPAMMY", "SPAMMY"},
        {"queued as deadbeef", "deadbeef"},
        {"queued on h.example", ""},
        {"queued on ", ""},
        {"queued on h.example as ", ""},
        {"queued as A1 as x, queued as B2", "B2"},
        {"QUEUED AS A1", "A1"},
        {"queued as ", ""},
        {"queued as .", ""},
        {"OK id=A1", "A1"},
        {"InternalId=42, Hostname=x", "42"},
        {"queue id A1", "A1"},
        {"ok 1 qp 42", "42"},
        {"Message Queued (A1)", "A1"},
        {"queue-id: A1", "A1"},
        {"Received OK [A1]", "A1"},
        {"Received OK [A1", ""},
        {"2.0.0 abcd1 Message accepted for delivery", "abcd1"},
        {"1abc  Message accepted for delivery", "1abc"},
        {"1ab Message accepted for delivery", ""},
        {"x;1abc Message accepted for delivery", ""},
        {"abcdefab Message accepted for delivery", "abcdefab"},
        {"abcdefa Message accepted for delivery", ""},
        {"abcdefabc Message accepted for delivery", ""},
        {"abcdefag Message accepted for delivery", ""},
        {"abcdefa` Message accepted for delivery", ""},
        {"fabcdeff Message accepted for delivery", "fabcdeff"},
        {"OK  17 x1-y2 - gsmtp", "x1-y2"},
        {"Ok 0102018f-1", "0102018f-1"},
        {"ok:1234", "1234"},
        {"OK 123", ""},
        {"ok 1234 more", ""},
        {"ok-1234", ""},
        {"okay 1234", ""},
        {"o", ""},
        {"", ""},
        {"thank you", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_id(rows[i][0], rows[i][1]);
}

/* Replies to a whole mail, without their codes, as servers of the last years write them. */
static void queue_ids_are_found(void **state)
{
    static const struct queue_case cases[] = {
        /* Postfix, with amavis, with SendGrid's, Brevo's and MailHog's ids */
        {"Ok: queued as 4XyZ1234", "4XyZ1234"},
        {"Ok: queued as 4B1F3C2A.", "4B1F3C2A"},
        {"from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ABC12", "ABC12"},
        {"Ok: queued as vHlkQwErTyUiOpAsDfGhJk-Q", "vHlkQwErTyUiOpAsDfGhJk-Q"},
        {"OK: queued as <202611230900.1@smtp-relay.mailin.fr>",
         "202611230900.1@smtp-relay.mailin.fr"},
        {"Ok: queued as Hk2_x-9aB=@mailhog.example", "Hk2_x-9aB=@mailhog.example"},
        /* ProtonMail, Mailjet, MailerSend, ZoneMTA, smtp4dev */
        {"Ok: 1234 bytes queued as 4XyZ12", "4XyZ12"},
        {"OK queued as 0d2f0d5c-6d0b-4a53-8a0c-3f6f0c1d2e3f",
         "0d2f0d5c-6d0b-4a53-8a0c-3f6f0c1d2e3f"},
        {"Message queued as 61eec2dc16ae8b627a4b87e7", "61eec2dc16ae8b627a4b87e7"},
        {"Message queued as mumWLDZX", "mumWLDZX"},
        /* Coremail (163.com, 126.com, universities), QQ, Alibaba */
        {"Mail OK queued as smtp8,DMCowACHOslvk6hWF1u7AA--.51185S2 1453888371",
         "smtp8,DMCowACHOslvk6hWF1u7AA--.51185S2"},
        {"Mail OK queued as zwqz-smtp-mta-g0-1,_____wDnF4jOiCdlWH9UAQ--.45967S3 1697089742",
         "zwqz-smtp-mta-g0-1,_____wDnF4jOiCdlWH9UAQ--.45967S3"},
        {"Mail OK queued as UEJ2ygBnb+8toTZjKwx_CA--.36240S2", "UEJ2ygBnb+8toTZjKwx_CA--.36240S2"},
        {"mail ok queued as.", ""},
        {"OK: queued as.", ""},
        {"Data Ok: queued as freedom ###envid=123456789012", "123456789012"},
        {"Data Ok: queued as freedom", ""},
        /* Yandex, old and new */
        {"Ok: queued on smtp13.mail.yandex.net as 1626807290-H9I3Z0YL1S-so3qUqBj",
         "1626807290-H9I3Z0YL1S-so3qUqBj"},
        {"Ok: queued on mail-44.sas.yp-c.yandex.net 1689717924-N5p8495DYSw0-YqriOY9b",
         "1689717924-N5p8495DYSw0-YqriOY9b"},
        /* Exim, SMTP2GO, GMX, IONOS, KumoMTA, Stalwart */
        {"OK id=1tAbCd-000000012Xy-1aB2", "1tAbCd-000000012Xy-1aB2"},
        {"Requested mail action okay, completed: id=1MKsaz-1wevcp3BHR-00M7kH",
         "1MKsaz-1wevcp3BHR-00M7kH"},
        {"Requested mail action okay, completed", ""},
        {"OK ids=d7ef132b5d7711eea8c8000c29c33806", "d7ef132b5d7711eea8c8000c29c33806"},
        {"OK ids=a1b2c3,d4e5f6", "a1b2c3,d4e5f6"},
        {"Message queued with id 217700302698266624", "217700302698266624"},
        /* Sendmail, OpenSMTPD, Kerio, CommuniGate, Proofpoint, Cloudmark */
        {"4ANA0Bq1012345 Message accepted for delivery", "4ANA0Bq1012345"},
        {"a1b2c3d4 Message accepted for delivery", "a1b2c3d4"},
        {"deadbeef Message accepted for delivery", "deadbeef"},
        {"4a3xq2k9-1 Message accepted for delivery", "4a3xq2k9-1"},
        {"1234567 message accepted for delivery", "1234567"},
        {"with pleasure: Message accepted for delivery", ""},
        {"xZ4k1b00D2mail03 mail accepted for delivery", "xZ4k1b00D2mail03"},
        /* Exchange, Microsoft 365, the SMTP service of Windows */
        {"<m@h> [InternalId=12345678, Hostname=h.example] Queued mail for delivery", "12345678"},
        {"<m@h> [InternalId=4389456322658, Hostname=AM0PR.example] 8123 bytes in 0.2, 40.1 KB/sec "
         "Queued mail for delivery",
         "4389456322658"},
        {"<SERVERa1b2@mail.example> Queued mail for delivery", ""},
        {"Queued mail for delivery", ""},
        /* Amazon SES, SparkPost, Campaign Monitor, Gmail */
        {"Ok 0102018f6e6a-1b2c-000000", "0102018f6e6a-1b2c-000000"},
        {"OK 3A/F1-12345-ABCDEF", "3A/F1-12345-ABCDEF"},
        {"OK:0123456789abcdef0123456789abcdef0123456789abcdef",
         "0123456789abcdef0123456789abcdef0123456789abcdef"},
        {"OK  1732356000 5b1f17b1804b1-4cd1a2b3c4d5e6f.7 - gsmtp",
         "5b1f17b1804b1-4cd1a2b3c4d5e6f.7"},
        /* qmail, qpsmtpd, MessageLabs, Courier, Sina */
        {"ok 1732356000 qp 12345", "12345"},
        {"Queued! 1732356000 qp 12345 <m@h>", "12345"},
        {"ok 1732356000 qp 12345 server-5.tower-100.messagelabs.example!1732356000!1", "12345"},
        {"ok queue id 1234567", "1234567"},
        /* Haraka, hMailServer, Mimecast, IceWarp, IronPort, MDaemon */
        {"Message Queued (8B4A1C2D-1234-4D0E-9A1B-0123456789AB.1)",
         "8B4A1C2D-1234-4D0E-9A1B-0123456789AB.1"},
        {"Queued (10.594 seconds)", ""},
        {"Received OK [hdZ2a9-kN8u.uk1]", "hdZ2a9-kN8u.uk1"},
        {"SmtpThread-230451-1550091842414@snd-mta-2.example Received OK", ""},
        {"2804 bytes received in 00:00:01; Message id YAR93710 accepted for delivery", "YAR93710"},
        {"ok:  Message 64111812 accepted", "64111812"},
        {"Ok, message saved <Message-ID: m@h>", ""},
        /* Zoho, Mailgun, Yahoo, iCloud, Domino, Axigen, GreenMail, James */
        {"Message received", ""},
        {"Great success", ""},
        {"OK , completed", ""},
        {"Ok.", ""},
        {"OK: message queued", ""},
        {"Message accepted for delivery", ""},
        {"Mail queued for delivery", ""},
        {"Thank you for your Message accepted for delivery", ""},
        {"Ok", ""},
        {"", ""},
        {"ok then 12345", ""},
        {"queued as ", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_id(cases[i].text, cases[i].id);
}

/* A mail to three. */
static fct_mail *make_mail(void)
{
    static const struct fct_freeze facts = {.default_from = "shop@example.com",
                                            .date_s = 1795000000};
    facteur_message *message = facteur_message_new();
    fct_mail *mail = NULL;

    assert_non_null(message);
    assert_int_equal(facteur_message_set(message, "to", "a@x.example, b@x.example, c@x.example",
                                         FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(facteur_message_set(message, "text", "hello", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "message_id", "1@x.example", FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

static void outcome_init(fct_outcome *outcome, enum fct_class class, enum facteur_phase phase,
                         struct fct_recipient_outcome *recipients)
{
    memset(outcome, 0, sizeof *outcome);
    outcome->class = class;
    outcome->phase = phase;
    outcome->recipients = recipients;
    outcome->recipient_count = 3;
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome->timing_us[i] = -1;
}

/* Which of three lists a recipient is in, whatever became of the mail and of it: 0 is none. */
static int list_of(enum fct_class mail, enum facteur_phase phase, enum fct_class class, int code)
{
    bool refused = code >= 400 && phase >= FACTEUR_PHASE_mail;

    if (class == FCT_IN_DOUBT)
        return 3;
    if (mail == FCT_SENT)
        return class == FCT_SENT ? 1 : 2;
    return refused && class != FCT_SENT ? 2 : 0;
}

static void each_recipient_is_in_its_list(void **state)
{
    static const enum fct_class classes[] = {FCT_SENT, FCT_TEMPORARY, FCT_PERMANENT, FCT_IN_DOUBT};
    static const enum facteur_phase phases[] = {FACTEUR_PHASE_greeting, FACTEUR_PHASE_auth,
                                                FACTEUR_PHASE_mail, FACTEUR_PHASE_final};
    static const int codes[] = {0, 250, 399, 400, 550};

    for (size_t i = 0; i < 4 * 4 * 4 * 5; i++) {
        enum fct_class whole = classes[i % 4], class = classes[i / 4 % 4];
        enum facteur_phase phase = phases[i / 16 % 4];
        int code = codes[i / 64], list = list_of(whole, phase, class, code);
        struct fct_recipient_outcome recipients[3] = {{FCT_IN_DOUBT, {0, "", NULL}},
                                                      {class, {code, "", NULL}},
                                                      {FCT_IN_DOUBT, {0, "", NULL}}};
        fct_mail *mail = make_mail();
        facteur_receipt *receipt = fct_receipt_new(mail, "smtp://h.example:25", NULL, 0, NULL);
        fct_outcome outcome;

        fct_mail_unref(mail);
        outcome_init(&outcome, whole, phase, recipients);
        fct_receipt_fill(receipt, &outcome, 1, NULL);
        assert_int_equal(facteur_receipt_accepted_count(receipt), list == 1);
        assert_int_equal(facteur_receipt_rejected_count(receipt), list == 2);
        assert_int_equal(facteur_receipt_in_doubt_count(receipt), list == 3 ? 3 : 2);
        assert_string_equal(facteur_receipt_accepted(receipt, 0), list == 1 ? "b@x.example" : "");
        assert_string_equal(facteur_receipt_rejected(receipt, 0), list == 2 ? "b@x.example" : "");
        assert_int_equal(facteur_receipt_rejected_code(receipt, 0), list == 2 ? code : 0);
        assert_string_equal(facteur_receipt_in_doubt(receipt, 0), "a@x.example");
        assert_string_equal(facteur_receipt_in_doubt(receipt, 1),
                            list == 3 ? "b@x.example" : "c@x.example");
        assert_string_equal(facteur_receipt_in_doubt(receipt, 3), "");
        facteur_receipt_free(receipt);
    }
}

static void a_partly_accepted_mail_is_sent(void **state)
{
    struct fct_recipient_outcome recipients[3] = {
        {FCT_SENT, {250, "2.1.5", (char *)"Ok"}},
        {FCT_PERMANENT, {550, "5.1.1", (char *)"no such \"user\" \xff"}},
        {FCT_TEMPORARY, {450, "4.2.1", (char *)"later"}},
    };
    fct_mail *mail = make_mail();
    facteur_receipt *receipt = fct_receipt_new(mail, "smtp://h.example:25", NULL, 0, NULL);
    fct_outcome outcome;
    json_t *json;
    char *text;

    fct_mail_unref(mail);
    outcome_init(&outcome, FCT_SENT, FACTEUR_PHASE_final, recipients);
    outcome.reply = (fct_reply){250, "2.0.0", (char *)"Ok: queued as 4X1"};
    outcome.flights = 2;
    outcome.timing_us[FACTEUR_PHASE_mail] = 1250;
    outcome.timing_us[FACTEUR_PHASE_final] = 0;
    fct_receipt_fill(receipt, &outcome, 1, fct_strdup("of the attempt before"));
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    assert_true(facteur_receipt_ok(receipt));
    assert_string_equal(facteur_receipt_queue_id(receipt), "4X1");
    assert_string_equal(facteur_receipt_message_id(receipt), "1@x.example");
    assert_string_equal(facteur_receipt_transcript(receipt), "");
    assert_int_equal(facteur_receipt_accepted_count(receipt), 1);
    assert_string_equal(facteur_receipt_accepted(receipt, 0), "a@x.example");
    assert_int_equal(facteur_receipt_rejected_count(receipt), 2);
    assert_string_equal(facteur_receipt_rejected(receipt, 1), "c@x.example");
    assert_int_equal(facteur_receipt_rejected_code(receipt, 1), 450);
    assert_string_equal(facteur_receipt_rejected_enhanced(receipt, 0), "5.1.1");
    text = facteur_receipt_json(receipt);
    assert_string_equal(
        text,
        "{\"status\":\"sent\",\"ok\":true,\"message_id\":\"1@x.example\",\"queue_id\":\"4X1\","
        "\"relay\":\"smtp://h.example:25\",\"accepted\":[\"a@x.example\"],\"rejected\":{"
        "\"b@x.example\":{\"code\":550,\"enhanced\":\"5.1.1\",\"text\":\"no such \\\"user\\\" ?\"},"
        "\"c@x.example\":{\"code\":450,\"enhanced\":\"4.2.1\",\"text\":\"later\"}},\"in_doubt\":[],"
        "\"reply\":{\"code\":250,\"enhanced\":\"2.0.0\",\"text\":\"Ok: queued as 4X1\"},"
        "\"phase\":\"final\",\"attempts\":1,\"flights\":2,"
        "\"timings\":{\"mail\":0.00125,\"final\":0.0},\"error\":null,\"notes\":[]}");
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    json_decref(json);
    facteur_free(text);
    facteur_receipt_free(receipt);
}

static void a_refused_connection_rejects_no_recipient(void **state)
{
    struct fct_recipient_outcome recipients[3] = {
        {FCT_TEMPORARY, {554, "", (char *)"go away"}},
        {FCT_TEMPORARY, {554, "", (char *)"go away"}},
        {FCT_TEMPORARY, {554, "", (char *)"go away"}},
    };
    fct_mail *mail = make_mail();
    facteur_receipt *receipt = fct_receipt_new(mail, "r", NULL, 0, NULL);
    fct_outcome outcome;
    json_t *json, *error;
    char *text;

    fct_mail_unref(mail);
    outcome_init(&outcome, FCT_TEMPORARY, FACTEUR_PHASE_greeting, recipients);
    outcome.error = FACTEUR_ECONNECT;
    outcome.message = (char *)"the relay said 554 go away";
    fct_receipt_fill(receipt, &outcome, 2, fct_strdup("S: 554 go away\n"));
    assert_false(facteur_receipt_ok(receipt));
    assert_string_equal(facteur_receipt_status_name(receipt), "temporary");
    assert_int_equal(facteur_receipt_rejected_count(receipt), 0);
    assert_int_equal(facteur_receipt_accepted_count(receipt), 0);
    assert_int_equal(facteur_receipt_error_code(receipt), FACTEUR_ECONNECT);
    assert_string_equal(facteur_receipt_error(receipt), "the relay said 554 go away");
    assert_true(facteur_receipt_timing(receipt, FACTEUR_PHASE_final) < 0);
    text = facteur_receipt_json(receipt);
    json = json_loads(text, 0, NULL);
    error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "ECONNECT");
    assert_string_equal(json_string_value(json_object_get(json, "transcript")), "S: 554 go away\n");
    assert_int_equal(json_integer_value(json_object_get(json, "attempts")), 2);
    json_decref(json);
    facteur_free(text);
    facteur_receipt_free(receipt);
}

static void in_doubt_accepts_and_rejects_nobody(void **state)
{
    struct fct_recipient_outcome recipients[3] = {
        {FCT_IN_DOUBT, {0}},
        {FCT_IN_DOUBT, {0}},
        {FCT_PERMANENT, {550, "5.1.1", (char *)"no"}},
    };
    fct_mail *mail = make_mail();
    facteur_receipt *receipt = fct_receipt_new(mail, "r", NULL, 0, NULL);
    fct_outcome outcome;

    fct_mail_unref(mail);
    outcome_init(&outcome, FCT_IN_DOUBT, FACTEUR_PHASE_final, recipients);
    outcome.error = FACTEUR_EINDOUBT;
    fct_receipt_fill(receipt, &outcome, 1, NULL);
    assert_string_equal(facteur_receipt_status_name(receipt), "in_doubt");
    assert_int_equal(facteur_receipt_accepted_count(receipt), 0);
    assert_int_equal(facteur_receipt_rejected_count(receipt), 1);
    assert_string_equal(facteur_receipt_rejected(receipt, 0), "c@x.example");
    assert_string_equal(facteur_receipt_error(receipt), facteur_error_text(FACTEUR_EINDOUBT));
    facteur_receipt_free(receipt);
}

/* Also the memory of jansson, which takes its own elsewhere otherwise. */
static void a_verdict_survives_the_loss_of_memory(void **state)
{
    struct fct_recipient_outcome recipients[3] = {
        {FCT_SENT, {250, "", (char *)"Ok"}},
        {FCT_SENT, {250, "", (char *)"Ok"}},
        {FCT_PERMANENT, {550, "", (char *)"no"}},
    };
    static const char *const refused[] = {"z@x.example"};
    fct_mail *mail = make_mail();
    size_t blocks = fct_memory_blocks();
    int failed = 1;

    json_set_alloc_funcs(fct_malloc, fct_free);
    for (unsigned long nth = 1; failed; nth++) {
        facteur_receipt *receipt;
        fct_outcome outcome;
        char *json = NULL;

        outcome_init(&outcome, FCT_SENT, FACTEUR_PHASE_final, recipients);
        outcome.reply = (fct_reply){250, "2.0.0", (char *)"Ok: queued as 4X1"};
        fct_memory_fail_at(nth);
        receipt = fct_receipt_new(mail, "r", refused, 1, "why");
        if (receipt) {
            fct_receipt_fill(receipt, &outcome, 1, NULL);
            json = facteur_receipt_json(receipt);
        }
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        if (receipt) {
            assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
            assert_int_equal(facteur_receipt_accepted_count(receipt), 2);
            assert_int_equal(facteur_receipt_rejected_count(receipt), 2);
            assert_int_equal(facteur_receipt_rejected_code(receipt, 1), 550);
        }
        facteur_free(json);
        facteur_receipt_free(receipt);
        assert_int_equal(fct_memory_blocks(), blocks);
    }
    json_set_alloc_funcs(malloc, free);
    fct_mail_unref(mail);
}

/* The one that is always there says of no phase that it took time. */
static void without_memory_there_is_a_receipt(void **state)
{
    facteur_receipt *receipt;

    fct_memory_fail_at(1);
    receipt = facteur_receipt_of_shortage(FACTEUR_ENOMEM, "out of memory");
    assert_true(fct_memory_failed());
    fct_memory_fail_at(0);
    assert_string_equal(facteur_receipt_status_name(receipt), "temporary");
    assert_int_equal(facteur_receipt_error_code(receipt), FACTEUR_ENOMEM);
    for (int phase = 0; phase < FACTEUR_PHASE_COUNT; phase++)
        assert_true(facteur_receipt_timing(receipt, (enum facteur_phase)phase) == -1);
    facteur_receipt_free(receipt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_ids_are_found),
        cmocka_unit_test(queue_ids_have_their_characters),
        cmocka_unit_test(queue_ids_have_their_places),
        cmocka_unit_test(each_recipient_is_in_its_list),
        cmocka_unit_test(a_partly_accepted_mail_is_sent),
        cmocka_unit_test(a_refused_connection_rejects_no_recipient),
        cmocka_unit_test(in_doubt_accepts_and_rejects_nobody),
        cmocka_unit_test(a_verdict_survives_the_loss_of_memory),
        cmocka_unit_test(without_memory_there_is_a_receipt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
