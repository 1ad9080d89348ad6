/* SPDX-License-Identifier: MIT */
/*
 * mailer/message_json, mailer/message_read: a message that is stored and read back is the same
 * mail, and no JSON of a stranger does more than be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "facteur.h"
#include "support/shortage.h"

static void set(facteur_message *message, const char *field, const char *value)
{
    assert_int_equal(facteur_message_set(message, field, value, FACTEUR_NTS, NULL), 0);
}

static char *json_of(facteur_message *message, enum facteur_message_form form)
{
    facteur_error *error = NULL;
    char *json = NULL;
    int result = facteur_message_json(message, form, &json, &error);

    if (result)
        print_error("%s\n", error ? facteur_error_sentence(error) : "no memory");
    assert_int_equal(result, 0);
    return json;
}

static facteur_message *message_of(const char *json)
{
    facteur_error *error = NULL;
    facteur_message *message = NULL;
    int result = facteur_message_from_json(json, FACTEUR_NTS, &message, &error);

    if (result)
        print_error("%s in %s\n", error ? facteur_error_sentence(error) : "no memory", json);
    assert_int_equal(result, 0);
    return message;
}

static char *bytes_of(facteur_message *message, size_t *len)
{
    char *bytes;

    assert_int_equal(facteur_message_bytes(message, &bytes, len, NULL), 0);
    return bytes;
}

/* Boundaries are made of the message's id, so that two copies have the same octets. */
static void assert_same_mail(facteur_message *one, facteur_message *other)
{
    size_t len, other_len;
    char *bytes = bytes_of(one, &len), *other_bytes = bytes_of(other, &other_len);

    if (len == other_len)
        assert_memory_equal(bytes, other_bytes, len);
    else
        assert_string_equal(bytes, other_bytes);
    facteur_free(bytes);
    facteur_free(other_bytes);
}

/* Store it, read it, store that: the JSON and the mail are the same. */
static char *assert_survives(facteur_message *message)
{
    char *json = json_of(message, FACTEUR_FORM_WHOLE), *again;
    facteur_message *copy = message_of(json);

    again = json_of(copy, FACTEUR_FORM_WHOLE);
    assert_string_equal(again, json);
    assert_same_mail(message, copy);
    facteur_free(again);
    facteur_message_free(copy);
    return json;
}

static long read_text(void *arg, void *buffer, size_t size)
{
    const char **text = arg;
    size_t len = strlen(*text) < size ? strlen(*text) : size;

    memcpy(buffer, *text, len);
    *text += len;
    return (long)len;
}

static const char *const VALUES[][2] = {
    {"from", "Shop <shop@example.com>, Ana <ana@example.com>"},
    {"to", "Zoë Müller <zoe@bücher.example>, \"Lopez, A \\\"x\\\" \\\\\" <a@example.net>"},
    {"to", "Friends: a@example.org, \"B: C\" <b@example.org>;, Nobody:;, c@example.org"},
    {"subject", "Größe   2 =?utf-8?Q?x?="},
    {"text", "Bonjour\nà tous\n"},
    {"html", "<p>Bonjour</p><img src=\"cid:the logo\">"},
    {"cc", "\"=?utf-8?Q?Boss?=\" <boss@example.org>, \" two  blanks \" <two@example.org>"},
    {"bcc", "hidden@example.org"},
    {"reply_to", "Ana. M. <ana@example.org>"},
    {"sender", "Desk <desk@example.com>"},
    {"envelope_from", "\"odd local\"@example.com"},
    {"message_id", "<1@example.com>"},
    {"date", "2026-11-23T23:30:00-05:30"},
    {"in_reply_to", "<0@example.com> 2@example.com"},
    {"references", "<0@example.com>"},
    {"list_unsubscribe", "https://example.com/u"},
    {"list_unsubscribe", "mailto:u@example.com"},
    {"tags", "order"},
    {"tags", "paid"},
    {"dsn_notify", "failure,delay?"},
    {"dsn_return", "headers"},
    {"envelope_id", "order 42+=1?"},
    {"require_tls", "1"},
    {"deliver_by", "60;N?"},
    {"mt_priority", "-3"},
    {"priority", "high"},
    {"smime", "{\"sign\":{\"certificate_file\":\"c.pem\",\"key_file\":\"k.pem\"}}"},
};

static facteur_message *with_everything(void)
{
    facteur_message *message = facteur_message_new();
    const char *stream = "from a stream\n";

    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++)
        set(message, VALUES[i][0], VALUES[i][1]);
    assert_int_equal(facteur_message_add_header(message, "X-A", "1", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_add_header(message, "X-B", "é", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_add_header(message, "X-A", "2", FACTEUR_NTS, NULL), 0);
    assert_int_equal(
        facteur_message_add_header(message, "Errors-To", "Ana <a@example.org>", FACTEUR_NTS, NULL),
        0);
    assert_int_equal(facteur_message_add_metadata(message, "shop", 4, "12", 2, NULL), 0);
    assert_int_equal(facteur_message_add_alternative(message, "text/x-amp-html", "<html amp4email>",
                                                     FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(facteur_message_attach_bytes(message, "\0\xff", 2, "a.bin", NULL, NULL, NULL),
                     0);
    assert_int_equal(
        facteur_message_attach_bytes(message, "é", 2, "logo.txt", "text/plain", "the logo", NULL),
        0);
    assert_int_equal(
        facteur_message_attach_stream(message, read_text, &stream, NULL, "text/csv", NULL, NULL),
        0);
    assert_int_equal(facteur_message_add_recipient(message, "only@example.org", FACTEUR_NTS, NULL),
                     0);
    return message;
}

static void test_every_field(void **state)
{
    facteur_message *message = with_everything();
    char *json = assert_survives(message);

    (void)state;
    assert_non_null(json);
    for (size_t i = 0; i < facteur_message_field_count(); i++) {
        char member[64];

        snprintf(member, sizeof member, "\"%s\":", facteur_message_field_name(i));
        if (!strstr(json, member))
            fail_msg("no %s in %s", member, json);
    }
    assert_non_null(strstr(json, "\"date\":\"2026-11-23T23:30:00-05:30\""));
    assert_non_null(strstr(json, "\"dsn_notify\":\"failure,delay?\""));
    assert_non_null(strstr(json, "\"envelope_id\":\"order 42+=1?\""));
    assert_null(strstr(json, "\"made\""));
    facteur_free(json);
    facteur_message_free(message);
}

static void test_a_file_stays_a_file(void **state)
{
    char path[] = "/tmp/facteur-json-XXXXXX";
    int fd = mkstemp(path);
    facteur_message *message = facteur_message_new();
    char *json;

    (void)state;
    assert_int_equal(write(fd, "invoice", 7), 7);
    close(fd);
    set(message, "from", "shop@example.com");
    set(message, "to", "a@example.net");
    assert_int_equal(facteur_message_attach_path(message, path, "", NULL, NULL, NULL), 0);
    json = assert_survives(message);
    assert_non_null(strstr(json, path));
    assert_null(strstr(json, "\"data\""));
    facteur_free(json);
    facteur_message_free(message);
    unlink(path);
}

/* The id and the date of a copy are those that the message itself is sent with, before and after.
 */
static void test_copies_are_one_mail(void **state)
{
    facteur_message *message = facteur_message_new();
    char *json, *again;
    size_t len;

    (void)state;
    set(message, "to", "a@example.net");
    json = json_of(message, FACTEUR_FORM_WHOLE);
    assert_null(strstr(json, "message_id")); /* whose domain it will have is the mailer's to say */
    facteur_free(json);
    set(message, "from", "shop@example.com");
    json = assert_survives(message);
    assert_non_null(strstr(json, "\"made\":{\"message_id\":\""));
    assert_non_null(strstr(json, "@example.com\",\"date\":\""));
    facteur_free(bytes_of(message, &len));
    again = json_of(message, FACTEUR_FORM_WHOLE);
    assert_string_equal(again, json);
    facteur_free(again);
    /* What is set later makes another mail. */
    set(message, "subject", "Hello");
    again = json_of(message, FACTEUR_FORM_WHOLE);
    assert_string_not_equal(strstr(again, "\"made\""), strstr(json, "\"made\""));
    facteur_free(again);
    facteur_free(json);
    facteur_message_free(message);
}

static facteur_message *finished(const char *bytes)
{
    facteur_message *message = NULL;

    assert_int_equal(facteur_message_from_bytes(bytes, FACTEUR_NTS, &message, NULL), 0);
    return message;
}

static void test_finished_bytes(void **state)
{
    facteur_message *message = finished("From: a@example.com\nTo: Ana <b@example.net>\n"
                                        "Bcc: c@example.net\nSubject: \xe9\n\nbody\xff\n");
    char *json = assert_survives(message);

    (void)state;
    /* Bcc is no more in the bytes. */
    assert_non_null(strstr(json, "\"recipients\":[\"Ana <b@example.net>\",\"c@example.net\"]"));
    assert_non_null(strstr(json, "\"made\":{\"message_id\":\""));
    facteur_free(json);
    set(message, "envelope_from", "<>");
    set(message, "tags", "order");
    assert_int_equal(facteur_message_add_recipient(message, "d@example.net", FACTEUR_NTS, NULL), 0);
    json = assert_survives(message);
    assert_non_null(strstr(json, "\"envelope_from\":\"\""));
    assert_non_null(strstr(json, "\"recipients\":[\"d@example.net\"]"));
    facteur_free(json);
    facteur_message_free(message);
    message = finished("From: nobody\nTo: nobody\n\nx\n");
    json = json_of(message, FACTEUR_FORM_WHOLE);
    assert_null(strstr(json, "recipients"));
    assert_null(strstr(json, "message_id"));
    facteur_free(json);
    facteur_message_free(message);
}

static void test_a_letter_keeps_its_key(void **state)
{
    static const char order[] =
        "{\"number\":\"1\",\"date\":\"2026-11-23\",\"currency\":\"EUR\",\"total\":\"1.00\","
        "\"merchant\":{\"name\":\"Shop\",\"email\":\"shop@example.com\"},\"customer\":{\"email\":"
        "\"a@example.net\"},\"items\":[{\"name\":\"x\",\"quantity\":1,\"unit_price\":\"1.00\"}]}";
    facteur_message *message = NULL, *copy;
    char *json;

    (void)state;
    assert_int_equal(facteur_order_confirmation(NULL, order, FACTEUR_NTS, NULL, 0, &message, NULL),
                     0);
    json = assert_survives(message);
    copy = message_of(json);
    assert_string_equal(facteur_message_key(copy), "order_confirmation:Shop:1");
    facteur_message_free(copy);
    facteur_free(json);
    facteur_message_free(message);
}

/* Of a customer's broken address, and of an invoice that is not there yet, a receipt tells. */
static void test_a_letter_stays_one(void **state)
{
    static const char json[] =
        "{\"from\":\"a@example.com\",\"attachments\":[{\"path\":\"/nonexistent/"
        "a.pdf\",\"name\":\"a.pdf\","
        "\"type\":\"application/"
        "pdf\"}],\"letter\":true,\"unaddressed\":{\"where\":\"customer.email\","
        "\"message\":\"expected an address\"}";
    facteur_message *message = NULL;
    char *again;

    (void)state;
    assert_int_equal(
        facteur_message_from_json("{\"attachments\":[\"/nonexistent\"],\"letter\":false}",
                                  FACTEUR_NTS, &message, NULL),
        FACTEUR_EIO);
    again = malloc(sizeof json + 1);
    snprintf(again, sizeof json + 1, "%s}", json);
    message = message_of(again);
    free(again);
    again = json_of(message, FACTEUR_FORM_WHOLE);
    assert_int_equal(strncmp(again, json, strlen(json)), 0);
    facteur_free(again);
    facteur_message_free(message);
}

static void test_notes_go_with_it(void **state)
{
    facteur_message *message = message_of("{\"from\":\"a@example.com\",\"to\":\"b@example.net\","
                                          "\"notes\":[\"one\",\"two\\u0007\"]}");
    char *json = assert_survives(message);

    (void)state;
    assert_int_equal(facteur_message_note_count(message), 2);
    assert_non_null(strstr(json, "\"notes\":[\"one\",\"two"));
    facteur_free(json);
    facteur_message_free(message);
}

static void test_a_summary_has_no_contents(void **state)
{
    facteur_message *message = with_everything();
    char *json = json_of(message, FACTEUR_FORM_SUMMARY);

    (void)state;
    assert_null(strstr(json, "\"data\""));
    assert_null(strstr(json, "smime"));
    assert_non_null(strstr(json, "{\"size\":2,\"name\":\"a.bin\""));
    assert_non_null(strstr(json, "{\"size\":14,\"type\":\"text/csv\""));
    facteur_free(json);
    facteur_message_free(message);
    message = finished("From: a@example.com\nTo: b@example.net\n\nx\n");
    json = json_of(message, FACTEUR_FORM_SUMMARY);
    assert_string_equal(json, "{\"size\":45,\"recipients\":[\"b@example.net\"]}");
    facteur_free(json);
    facteur_message_free(message);
}

/* Who keeps the fields himself needs only this to make the same mail. */
static void test_what_is_beside_the_fields(void **state)
{
    facteur_message *message = message_of("{\"from\":\"a@example.com\",\"to\":\"b@example.net\"}");
    facteur_message *other = message_of("{\"from\":\"a@example.com\",\"to\":\"b@example.net\"}");
    char *json = json_of(message, FACTEUR_FORM_BESIDE);
    facteur_error *error = NULL;

    (void)state;
    assert_int_equal(strncmp(json, "{\"made\":{", 9), 0);
    assert_int_equal(facteur_message_add_json(other, json, FACTEUR_NTS, NULL), 0);
    assert_same_mail(message, other);
    facteur_free(json);
    assert_int_equal(facteur_message_add_json(other, "{\"bytes\":\"\"}", FACTEUR_NTS, &error),
                     FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "bytes");
    facteur_error_free(error);
    assert_int_equal(facteur_message_add_json(other, "[]", FACTEUR_NTS, NULL), FACTEUR_EMESSAGE);
    facteur_message_free(message);
    facteur_message_free(other);
}

static void test_a_private_key_is_not_stored(void **state)
{
    static const struct {
        const char *smime, *where;
    } rows[] = {
        {"{\"sign\":{\"certificate\":\"c\",\"key\":\"SECRET\"}}", "smime.sign.key"},
        {"{\"sign\":{\"key_file\":\"k\",\"passphrase\":\"SECRET\"}}", "smime.sign.passphrase"},
        {"SECRET", "smime"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_message *message = facteur_message_new();
        facteur_error *error = NULL;
        char *json = NULL;

        set(message, "smime", rows[i].smime);
        assert_int_equal(facteur_message_json(message, FACTEUR_FORM_WHOLE, &json, &error),
                         FACTEUR_EMESSAGE);
        assert_null(json);
        assert_string_equal(facteur_error_where(error), rows[i].where);
        assert_null(strstr(facteur_error_sentence(error), "SECRET"));
        facteur_error_free(error);
        facteur_message_free(message);
    }
}

static void test_what_people_write(void **state)
{
    facteur_message *message =
        message_of("{\"to\":null,\"cc\":\"a@example.net\",\"headers\":{\"X-A\":[\"1\",\"2\"],"
                   "\"X-B\":\"3\"},\"references\":[\"1@x.example\",\"2@x.example\"],"
                   "\"mt_priority\":3,\"require_tls\":false,\"dsn_notify\":[\"success\",\"delay\"],"
                   "\"smime\":{\"encrypt\":{\"recipients\":[]}}}");
    char *json = json_of(message, FACTEUR_FORM_WHOLE);

    (void)state;
    assert_string_equal(json, strstr(json, "{\"cc\":[\"a@example.net\"],\"headers\":"));
    assert_non_null(strstr(json, "[[\"X-A\",\"1\"],[\"X-A\",\"2\"],[\"X-B\",\"3\"]]"));
    assert_non_null(strstr(json, "\"references\":[\"1@x.example\",\"2@x.example\"]"));
    assert_non_null(strstr(json, "\"dsn_notify\":\"success,delay\",\"mt_priority\":\"3\""));
    facteur_free(json);
    facteur_message_free(message);
}

static const struct {
    const char *json, *where, *told;
} HOSTILE[] = {
    {"", "", "got nothing"},
    {"{", "", "malformed JSON at line 1"},
    {"[]", "", "expected a JSON object"},
    {"\"x\"", "", "malformed JSON"},
    {"{\"to\":\"a@b.example\",\"to\":\"c@d.example\"}", "", "duplicate"},
    {"{\"subjct\":\"x\"}", "subjct", "did you mean \"subject\""},
    {"{\"subject\":{}}", "subject", "expected text"},
    {"{\"to\":[[]]}", "to[0]", "expected text"},
    {"{\"to\":{\"a@b.example\":\"A\"}}", "to", "an object of address and name"},
    {"{\"to\":[{\"address\":\"a@b.example\",\"label\":\"A\"}]}", "to[0]", "address and name"},
    {"{\"to\":{\"address\":\"a@b.example\",\"name\":1}}", "to", "address and name"},
    {"{\"to\":{\"name\":\"A\"}}", "to", "address and name"},
    {"{\"to\":{\"address\":\"a@b.example, c@d.example\",\"name\":\"A\"}}", "to", ""},
    {"{\"references\":[1]}", "references", "expected texts only"},
    {"{\"require_tls\":\"yes\"}", "require_tls", "\"1\""},
    {"{\"require_tls\":1}", "require_tls", "expected true or false"},
    {"{\"mt_priority\":1.5}", "mt_priority", "expected a whole number"},
    {"{\"smime\":1}", "smime", "expected an object"},
    {"{\"metadata\":[]}", "metadata", "expected an object"},
    {"{\"metadata\":{\"a\":1}}", "metadata", "expected texts only"},
    {"{\"metadata\":{\"a b\":\"1\"}}", "metadata", ""},
    {"{\"headers\":1}", "headers", "expected an object"},
    {"{\"headers\":{\"X\":[1]}}", "headers", "expected texts only"},
    {"{\"headers\":[[\"X\"]]}", "headers", "expected pairs"},
    {"{\"headers\":[[\"Bcc\",\"x@y.example\"]]}", "Bcc", "set the field bcc"},
    {"{\"headers\":[[\"X-A\",\"1\\r\\nBcc: x@y.example\"]],\"to\":\"\\n\"}", "to", ""},
    {"{\"alternatives\":{}}", "alternatives", "expected a list"},
    {"{\"alternatives\":[{\"type\":\"text/x\"}]}", "alternatives[0]", "type and content"},
    {"{\"alternatives\":[{\"type\":\"text/html\",\"content\":\"\"}]}", "alternatives", ""},
    {"{\"attachments\":{}}", "attachments", "expected a list"},
    {"{\"attachments\":[1]}", "attachments[0]", "expected a path"},
    {"{\"attachments\":[{\"pth\":\"x\"}]}", "attachments[0]", "expected a path"},
    {"{\"attachments\":[{}]}", "attachments[0]", "expected path, or data"},
    {"{\"attachments\":[{\"path\":\"x\",\"data\":\"\"}]}", "attachments[0]", "expected path, or"},
    {"{\"attachments\":[{\"data\":\"=\"}]}", "attachments[0]", "base64"},
    {"{\"attachments\":[{\"data\":\"\",\"type\":\"\\n\"}]}", "attachments[0]", ""},
    {"{\"attachments\":[\"/nonexistent\"]}", "attachments[0]", "/nonexistent"},
    {"{\"bytes\":1}", "bytes", "base64"},
    {"{\"bytes\":\"!\"}", "bytes", "base64"},
    {"{\"bytes\":\"\"}", "bytes", "empty"},
    {"{\"bytes\":\"VG86IGEK\",\"to\":\"x@y.example\"}", "to", "finished bytes"},
    {"{\"recipients\":\"a@b.example\"}", "recipients", "expected a list"},
    {"{\"recipients\":[1]}", "recipients", "expected addresses"},
    {"{\"recipients\":[\"a b\"]}", "recipients", ""},
    {"{\"key\":1}", "key", "expected text"},
    {"{\"letter\":1}", "letter", "expected true"},
    {"{\"unaddressed\":{\"where\":1}}", "unaddressed", "where and message"},
    {"{\"notes\":\"x\"}", "notes", "expected a list"},
    {"{\"notes\":[1]}", "notes", "expected texts only"},
    {"{\"made\":1}", "made", "expected an object"},
    {"{\"made\":{\"id\":\"x\"}}", "made", "expected an object"},
    {"{\"made\":{\"message_id\":\"x\\r\\nBcc: v@w.example\"}}", "message_id", ""},
    {"{\"made\":{\"date\":\"today\"}}", "date", "RFC 3339"},
    {"{\"made\":{\"message_id\":\"1\\u0000@x\"}}", "made", "0x00"},
    {"{\"attachments\":[\"/x\\u0000y\"]}", "attachments[0]", "0x00"},
    {"{\"attachments\":[{\"data\":\"\",\"type\":\"a/b\\u0000\"}]}", "attachments[0]", "0x00"},
    {"{\"alternatives\":[{\"type\":\"text/x\\u0000\",\"content\":\"\"}]}", "alternatives[0]",
     "0x00"},
    {"{\"unaddressed\":{\"where\":\"a\\u0000\",\"message\":\"b\"}}", "unaddressed", "0x00"},
};

/* A text is kept whole, whatever is in it. */
static void test_a_text_with_nul(void **state)
{
    facteur_message *message = facteur_message_new();
    char *json;

    (void)state;
    set(message, "from", "shop@example.com");
    set(message, "to", "a@example.net");
    assert_int_equal(facteur_message_set(message, "text", "a\0b\n", 4, NULL), 0);
    json = assert_survives(message);
    assert_non_null(strstr(json, "\"text\":\"a\\u0000b\\n\""));
    facteur_free(json);
    facteur_message_free(message);
}

/* Null is nothing, wherever it stands. */
static void test_null_is_not_there(void **state)
{
    facteur_message *message = NULL;

    (void)state;
    assert_int_equal(facteur_message_from_json(
                         "{\"to\":\"a@b.example\",\"subject\":null,\"bytes\":null,\"made\":null,"
                         "\"attachments\":[{\"data\":\"\",\"name\":null,\"type\":null}]}",
                         FACTEUR_NTS, &message, NULL),
                     0);
    assert_int_equal(facteur_message_add_json(message, "{\"bytes\":null}", FACTEUR_NTS, NULL), 0);
    facteur_message_free(message);
}

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;
        int code = facteur_message_from_json(HOSTILE[i].json, FACTEUR_NTS, &message, &error);

        if (code != FACTEUR_EMESSAGE && code != FACTEUR_EIO)
            print_error("%d for %s\n", code, HOSTILE[i].json);
        assert_true(code == FACTEUR_EMESSAGE || code == FACTEUR_EIO);
        assert_null(message);
        assert_string_equal(facteur_error_where(error), HOSTILE[i].where);
        if (!strstr(facteur_error_message(error), HOSTILE[i].told))
            print_error("%s: %s\n", HOSTILE[i].json, facteur_error_message(error));
        assert_non_null(strstr(facteur_error_message(error), HOSTILE[i].told));
        facteur_error_free(error);
    }
}

/* Memory that runs out anywhere is told, and nothing is lost. */
static void sweep(enum shortage_of whose)
{
    facteur_message *message = with_everything();
    char *json = json_of(message, FACTEUR_FORM_WHOLE);
    unsigned long nth = 0;

    do {
        facteur_message *copy = NULL;
        char *text = NULL;
        int code;

        shortage_begin(whose, ++nth);
        code = facteur_message_json(message, FACTEUR_FORM_WHOLE, &text, NULL);
        if (!code)
            code = facteur_message_from_json(json, FACTEUR_NTS, &copy, NULL);
        shortage_end();
        /* jansson may tell a lack of its own memory as a fault of the text. */
        assert_true(code == 0 || code == FACTEUR_ENOMEM ||
                    (whose == SHORTAGE_LIBRARIES && code == FACTEUR_EMESSAGE));
        facteur_free(text);
        facteur_message_free(copy);
    } while (shortage_met);
    assert_true(nth > 100);
    facteur_free(json);
    facteur_message_free(message);
}

static void test_shortage(void **state)
{
    (void)state;
    sweep(SHORTAGE_OURS);
}

static void test_shortage_of_libraries(void **state)
{
    (void)state;
    sweep(SHORTAGE_LIBRARIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_a_file_stays_a_file),
        cmocka_unit_test(test_copies_are_one_mail),
        cmocka_unit_test(test_finished_bytes),
        cmocka_unit_test(test_a_letter_keeps_its_key),
        cmocka_unit_test(test_a_letter_stays_one),
        cmocka_unit_test(test_notes_go_with_it),
        cmocka_unit_test(test_a_summary_has_no_contents),
        cmocka_unit_test(test_what_is_beside_the_fields),
        cmocka_unit_test(test_a_private_key_is_not_stored),
        cmocka_unit_test(test_what_people_write),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_a_text_with_nul),
        cmocka_unit_test(test_null_is_not_there),
        cmocka_unit_test(test_shortage),
        cmocka_unit_test(test_shortage_of_libraries),
    };

    if (!shortage_hook_libraries())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
