/* SPDX-License-Identifier: MIT */
/*
 * letters/: a kind of letter is one folder, a locale one file.  This program links tables that
 * scripts/embed-templates made with tests/letters/test_letter, in place of the library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#define MEETING(locale)                                                                            \
    "{\"title\": \"Roses & thorns\", \"organiser\": \"club@example.org\", \"date\": "              \
    "\"2026-12-24\", \"member\": {\"name\": \"Ana\", \"email\": \"ana@example.com\"}, "            \
    "\"locale\": "                                                                                 \
    "\"" locale "\"}"
#define FIXED "{\"message_id\": \"1@example.org\", \"date\": \"2026-11-23T10:00:00Z\"}"

static facteur_message *composed(const char *json)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;

    if (facteur_letter(NULL, "test_letter", json, FACTEUR_NTS, FIXED, FACTEUR_NTS, &message,
                       &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    return message;
}

static void has(const char *bytes, const char *part)
{
    if (!strstr(bytes, part))
        fail_msg("no \"%s\" in:\n%s", part, bytes);
}

static void a_folder_is_a_kind(void **state)
{
    static const char *const names[] = {"contact_form", "order_confirmation", "test_letter"};
    const char *const *kinds = facteur_letter_kinds();
    facteur_message *message = composed(MEETING("en-GB"));
    char *bytes;
    size_t len;

    for (size_t i = 0; i < 3; i++)
        assert_string_equal(kinds[i], names[i]);
    assert_null(kinds[3]);
    assert_int_equal(facteur_message_bytes(message, &bytes, &len, NULL), 0);
    has(bytes, "From: club@example.org\r\n");
    has(bytes, "To: Ana <ana@example.com>\r\n");
    has(bytes, "Subject: A meeting on 24 December 2026\r\n");
    has(bytes, "Auto-Submitted: auto-generated\r\n");
    has(bytes, "\r\n\r\nHello Ana,\r\n\r\nWe meet on 24 December 2026: Roses & thorns.\r\n");
    has(bytes, "<html lang=3D\"en-GB\" dir=3D\"ltr\"");
    has(bytes, "We meet on 24 December 2026: Roses &amp; thorns.");
    assert_string_equal(facteur_message_key(message),
                        "test_letter:club@example.org:Roses & thorns");
    facteur_free(bytes);
    facteur_message_free(message);
}

static void a_letter_is_sent_by_the_name_of_its_kind(void **state)
{
    facteur_mailer *mailer = NULL;
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    assert_int_equal(facteur_mailer_new("memory://", NULL, NULL, 0, &mailer, NULL), 0);
    assert_int_equal(facteur_send_letter(mailer, "test_letter", MEETING("fr"), FACTEUR_NTS, FIXED,
                                         FACTEUR_NTS, 5, &receipt, &error),
                     0);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    assert_string_equal(facteur_receipt_message_id(receipt), "1@example.org");
    facteur_receipt_free(receipt);
    receipt = NULL;
    assert_int_equal(facteur_send_letter(mailer, "test_leter", MEETING("fr"), FACTEUR_NTS, NULL, 0,
                                         5, &receipt, &error),
                     FACTEUR_EMESSAGE);
    assert_null(receipt);
    assert_string_equal(facteur_error_where(error), "kind");
    assert_non_null(strstr(facteur_error_message(error), "(did you mean \"test_letter\"?)"));
    facteur_error_free(error);
    facteur_mailer_free(mailer);
}

static void its_data_is_read_as_strictly_as_any(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "title"},
        {"{\"title\": \"t\", \"organiser\": \"o@example.org\", \"date\": \"2026-12-24\"}",
         "member"},
        {"{\"title\": \"t\", \"organiser\": \"o@example.org\", \"date\": \"2026-12-24\","
         " \"member\": {\"email\": 1}}",
         "member.email"},
        {"{\"title\": \"t\", \"organiser\": \"o@example.org\", \"date\": \"2026-12-24\","
         " \"member\": {}}",
         "member.email"},
        {"{\"title\": \"t\", \"organiser\": \"nobody\", \"date\": \"2026-12-24\","
         " \"member\": {\"email\": \"a@example.com\"}}",
         "organiser"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_message *message = NULL;
        facteur_error *error = NULL;

        assert_int_equal(facteur_letter(NULL, "test_letter", cases[i][0], FACTEUR_NTS, NULL, 0,
                                        &message, &error),
                         FACTEUR_EMESSAGE);
        assert_null(message);
        assert_string_equal(facteur_error_where(error), cases[i][1]);
        facteur_error_free(error);
    }
}

static void expect(const char *json, const char *subject, const char *text)
{
    struct composing c = {0};

    if (compose(&c, "test_letter", json, FACTEUR_NTS))
        fail_msg("%s: %s", facteur_error_where(c.error), facteur_error_message(c.error));
    if (!fct_slice_equal(c.composed.subject, fct_slice_of(subject)))
        fail_msg("got \"%.*s\"", (int)c.composed.subject.len, c.composed.subject.ptr);
    has(c.composed.text.ptr, text);
    composing_done(&c);
}

static void a_text_falls_back_from_catalogue_to_catalogue(void **state)
{
    /* The subject is Portuguese of all countries, the text Brazilian. */
    expect(MEETING("pt_BR.UTF-8"), "Reunião a 24 de dezembro de 2026",
           "Olá, Ana!\n\nNosso encontro é em 24 de dezembro de 2026: Roses & thorns.\n");
    /* Portuguese of all countries lacks the text. */
    expect(MEETING("pt-PT"), "Reunião a 24 de dezembro de 2026",
           "Hello Ana,\n\nWe meet on 24 de dezembro de 2026: Roses & thorns.\n");
    expect(MEETING("fr-CH"), "Réunion le 24 décembre 2026",
           "Bonjour Ana,\n\nNous nous réunissons le 24 décembre 2026 : Roses & thorns.\n");
    /* Traditional characters have the text, Chinese the subject, English what both lack. */
    expect(MEETING("zh-Hant-TW"), "会议通知（2026年12月24日）", "Hello Ana,\n\n會議時間：");
    expect(MEETING("zh-TW"), "会议通知（2026年12月24日）", "Hello Ana,\n\n會議時間：");
    expect(MEETING("zh-Hans-SG"), "会议通知（2026年12月24日）", "Hello Ana,\n\n会议时间：");
    expect(MEETING("zh"), "会议通知（2026年12月24日）", "Hello Ana,\n\n会议时间：");
    expect(MEETING("de"), "A meeting on December 24, 2026", "Hello Ana,\n\nWe meet on December 24");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_a_kind),
        cmocka_unit_test(a_letter_is_sent_by_the_name_of_its_kind),
        cmocka_unit_test(its_data_is_read_as_strictly_as_any),
        cmocka_unit_test(a_text_falls_back_from_catalogue_to_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
