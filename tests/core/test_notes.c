/* SPDX-License-Identifier: MIT */
/* base/notes, base/printable: few, short and harmless sentences, and their way to the receipt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/notes.h"
#include "base/printable.h"
#include "facteur.h"

static void notes_are_kept_in_their_order(void **state)
{
    fct_notes notes = {0}, copy = {0};

    assert_string_equal(fct_notes_at(&notes, 0), "");
    fct_notes_add(&notes, "items[%d].image: the picture is left out", 0);
    fct_notes_add(&notes, "date: %s", "empty");
    fct_notes_add(&notes, "%s", "");
    fct_notes_add(&notes, "date: empty"); /* is there already */
    assert_int_equal(notes.count, 2);
    assert_int_equal(fct_notes_copy(&copy, &notes), 0);
    fct_notes_done(&notes);
    assert_int_equal(notes.count, 0);
    assert_int_equal(copy.count, 2);
    assert_string_equal(fct_notes_at(&copy, 0), "items[0].image: the picture is left out");
    assert_string_equal(fct_notes_at(&copy, 1), "date: empty");
    assert_string_equal(fct_notes_at(&copy, 2), "");
    fct_notes_done(&copy);
}

static void the_last_of_many_counts_the_others(void **state)
{
    for (size_t given = FCT_NOTES_MAX - 1; given < FCT_NOTES_MAX + 4; given++) {
        fct_notes notes = {0};
        char last[40];

        for (size_t i = 0; i < given; i++)
            fct_notes_add(&notes, "note %zu", i);
        snprintf(last, sizeof last, given > FCT_NOTES_MAX ? "and %zu more notes" : "note %zu",
                 given > FCT_NOTES_MAX ? given - (FCT_NOTES_MAX - 1) : given - 1);
        assert_int_equal(notes.count, given < FCT_NOTES_MAX ? given : FCT_NOTES_MAX);
        assert_string_equal(fct_notes_at(&notes, notes.count - 1), last);
        assert_string_equal(fct_notes_at(&notes, 0), "note 0");
        fct_notes_done(&notes);
    }
}

/* Cut at a character, at each length around the limit. */
static void a_long_note_is_cut(void **state)
{
    char text[4 * FCT_NOTE_LEN];

    for (size_t ascii = 0; ascii < 4; ascii++) {
        for (size_t count = FCT_NOTE_LEN / 2 - 6; count < FCT_NOTE_LEN; count++) {
            fct_notes notes = {0};
            size_t len = ascii;

            memset(text, 'x', ascii);
            for (size_t i = 0; i < count; i++, len += 2)
                memcpy(text + len, "\xc3\xa9", 2);
            fct_notes_add(&notes, "%.*s", (int)len, text);
            if (len <= FCT_NOTE_LEN) {
                assert_int_equal(strlen(fct_notes_at(&notes, 0)), len);
            } else {
                const char *note = fct_notes_at(&notes, 0);
                size_t kept = strlen(note) - 3;

                assert_true(kept + 3 <= FCT_NOTE_LEN && kept + 3 >= FCT_NOTE_LEN - 1);
                assert_string_equal(note + kept, "\xe2\x80\xa6");
                assert_memory_equal(note, text, kept);
                assert_int_equal((kept - ascii) % 2, 0);
            }
            fct_notes_done(&notes);
        }
    }
}

static void nothing_in_a_note_moves_a_cursor(void **state)
{
    static const char *const rows[][2] = {
        {"a\r\nb\x1b[2J", "a\\x0d\\x0ab\\x1b[2J"},
        {"\x7f\xc2\x9b\xc2\xa0", "\\x7f\\u009b\xc2\xa0"},
        {"x\xe2\x80\xa8\xe2\x80\xae\xe2\x80\xa7", "x\\u2028\\u202e\xe2\x80\xa7"},
        {"\xe2\x81\xa6\xe2\x81\xaa", "\\u2066\xe2\x81\xaa"},
        {"caf\xe9 \xf0\x9f", "caf? ??"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_notes notes = {0};

        fct_notes_add(&notes, "%s", rows[i][0]);
        assert_string_equal(fct_notes_at(&notes, 0), rows[i][1]);
        fct_notes_done(&notes);
    }
}

static void a_missing_note_is_told(void **state)
{
#ifdef FCT_FAULT_INJECTION
    bool failed = true;

    for (unsigned long nth = 1; failed; nth++) {
        fct_notes notes = {0}, copy = {0};
        int result;

        fct_memory_fail_at(nth);
        fct_notes_add(&notes, "the first %060d", 1);
        fct_notes_add(&notes, "the second %060d", 2);
        result = fct_notes_copy(&copy, &notes);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        if (!failed)
            assert_int_equal(copy.count, 2);
        fct_notes_done(&notes);
        fct_notes_done(&copy);
    }
#else
    print_message("built without -Dfaults=true\n");
    skip();
#endif
}

/* A letter's note is in the message, in its receipt, and in that of one that was not sent. */
static void a_receipt_has_the_notes_of_its_message(void **state)
{
    static const char form[] = "{\"name\":\"Ana\",\"email\":\"ana@example.org\","
                               "\"message\":\"half \\ud83d\"}";
    static const char note[] = "the data had broken characters or NULs, which were replaced";
    static const char *const names[] = {"default_from", "contact_to", "max_message_bytes"};
    static const char *const values[] = {"shop@example.com", "team@example.com", "1024"};

    for (size_t count = 2; count <= 3; count++) {
        facteur_mailer *mailer;
        facteur_message *message;
        facteur_delivery *delivery;
        facteur_receipt *receipt;
        char *json;

        assert_int_equal(facteur_mailer_new("memory://", names, values, count, &mailer, NULL), 0);
        assert_int_equal(facteur_contact_form(mailer, form, FACTEUR_NTS, NULL, 0, &message, NULL),
                         0);
        assert_int_equal(facteur_message_note_count(message), 1);
        assert_string_equal(facteur_message_note(message, 0), note);
        assert_string_equal(facteur_message_note(message, 1), "");
        assert_int_equal(facteur_submit(mailer, message, 0, FACTEUR_MANY, &delivery, NULL), 0);
        assert_int_equal(facteur_delivery_wait(delivery, -1, &receipt, NULL), 1);
        assert_int_equal(facteur_receipt_status(receipt),
                         count == 2 ? FACTEUR_SENT : FACTEUR_PERMANENT);
        assert_int_equal(facteur_receipt_note_count(receipt), 1);
        assert_string_equal(facteur_receipt_note(receipt, 0), note);
        assert_string_equal(facteur_receipt_note(receipt, 1), "");
        json = facteur_receipt_json(receipt);
        assert_non_null(strstr(json, "\"notes\":[\"the data had broken"));
        facteur_free(json);
        facteur_receipt_free(receipt);
        facteur_delivery_free(delivery);
        facteur_message_free(message);
        facteur_mailer_free(mailer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_are_kept_in_their_order),
        cmocka_unit_test(the_last_of_many_counts_the_others),
        cmocka_unit_test(a_long_note_is_cut),
        cmocka_unit_test(nothing_in_a_note_moves_a_cursor),
        cmocka_unit_test(a_missing_note_is_told),
        cmocka_unit_test(a_receipt_has_the_notes_of_its_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
