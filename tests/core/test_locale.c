/* SPDX-License-Identifier: MIT */
/* letters/: locales as they are written everywhere, and the catalogue that each of them gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unicode/uchar.h>
#include <unicode/uloc.h>

#include "base/utf8.h"
#include "letters/locale.h"
#include "letters/locale_tag.h"

static void many_spellings_are_one_tag(void **state)
{
    static const char *const cases[][2] = {
        {"fr", "fr"},
        {"pt-BR", "pt-br"},
        {"pt_BR", "pt-br"},
        {"PT_br", "pt-br"},
        {"pt_BR.UTF-8", "pt-br"},
        {"fr_FR.ISO-8859-15@euro", "fr-fr"},
        {"fr_FR@euro", "fr-fr"},
        {"sr_RS@latin", "sr-latn-rs"},
        {"sr_RS.UTF-8@latin", "sr-latn-rs"},
        {"uz@Cyrillic", "uz-cyrl"},
        {"zh_Hant_TW", "zh-hant-tw"},
        {"pt_PT_ao90", "pt-pt-ao90"},
        {"C", "en"},
        {"C.UTF-8", "en"},
        {"posix", "en"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char tag[FCT_TAG_MAX];

        if (!fct_locale_tag(fct_slice_of(cases[i][0]), tag) || strcmp(tag, cases[i][1]) != 0)
            fail_msg("%s: got %s", cases[i][0], tag);
    }
}

static void what_is_no_locale_is_told(void **state)
{
    static const char *const cases[] = {
        "-",    "_",     "fr-",   "-fr",    "fr--FR", "fr FR",      "fr/FR",  "fran\303\247ais",
        ".UTF", "@euro", ",",     ";q=0.5", "*",      "*;q=0.5, *", "fr;q=0", "fr;q=x",
        "fr;0", "fr;q",  "fr;q=", "fr FR,",
    };
    char tag[FCT_TAG_MAX], longest[FCT_TAG_MAX + 1];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (fct_locale_tag(fct_slice_of(cases[i]), tag))
            fail_msg("\"%s\": got %s", cases[i], tag);
    }
    memset(longest, 'a', sizeof longest);
    assert_true(fct_locale_tag((fct_slice){longest, FCT_TAG_MAX - 1}, tag));
    assert_int_equal(strlen(tag), FCT_TAG_MAX - 1);
    assert_false(fct_locale_tag((fct_slice){longest, FCT_TAG_MAX}, tag));
    longest[FCT_TAG_MAX - 10] = '-';
    assert_true(fct_locale_tag((fct_slice){longest, FCT_TAG_MAX - 1}, tag));
    assert_false(fct_locale_tag((fct_slice){longest, FCT_TAG_MAX}, tag));
    longest[FCT_TAG_MAX - 1] = '-';
    assert_false(fct_locale_tag((fct_slice){longest, FCT_TAG_MAX}, tag));
}

static void expect_range(const char *header, const char *expected)
{
    char tag[FCT_TAG_MAX];

    if (!fct_locale_tag(fct_slice_of(header), tag) || strcmp(tag, expected) != 0)
        fail_msg("%s: got %s", header, tag);
}

static void of_a_browsers_list_the_best_with_words_is_taken(void **state)
{
    char many[2048] = "";

    expect_range("fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", "fr-fr");
    expect_range("de-DE,de;q=0.9,fr;q=0.8,en;q=0.7", "fr");
    expect_range("de , EN-gb ; q=0.2 , pt-BR ; q=0.25", "pt-br");
    expect_range("en;q=0.5, fr;q=0.5", "en");
    expect_range("en;q=0.5, fr;q=0.501", "fr");
    expect_range("fr;q=0, en;q=0.001", "en");
    expect_range("fr;Q=1.000, en", "fr");
    expect_range("*, fr;q=0.1", "fr");
    expect_range("de-AT;q=0.7,de;q=0.9,*;q=0.5", "de");
    expect_range("de", "de");
    /* No more are read than any browser sends. */
    for (int i = 0; i < 32; i++)
        strcat(many, "de;q=0.3,");
    strcat(many, "fr");
    expect_range(many, "de");
}

static void expect_words(const char *locale_tag, const char *catalogue, const char *language,
                         const char *date)
{
    struct fct_day day = {2026, 12, 24};
    fct_arena arena = {0};
    fct_locale *locale;
    fct_slice text;

    assert_int_equal(fct_locale_take(fct_slice_of(locale_tag), (fct_slice){0}, &locale, NULL), 0);
    assert_string_equal(fct_locale_catalogue(locale)->tag, catalogue);
    assert_string_equal(fct_locale_language(locale), language);
    text = fct_locale_date(locale, &arena, day);
    if (!fct_slice_equal(text, fct_slice_of(date)))
        fail_msg("%s: got \"%.*s\"", locale_tag, (int)text.len, text.ptr);
    fct_locale_put(locale);
    fct_arena_done(&arena);
}

static void a_locale_gets_the_nearest_words_and_its_own_forms(void **state)
{
    expect_words("pt-BR", "pt-BR", "pt-BR", "24 de dezembro de 2026");
    expect_words("PT_br", "pt-BR", "pt-BR", "24 de dezembro de 2026");
    expect_words("pt", "pt-BR", "pt", "24 de dezembro de 2026");
    expect_words("pt_PT_ao90", "pt-BR", "pt-PT", "24 de dezembro de 2026");
    expect_words("pt-Latn-BR", "pt-BR", "pt-Latn-BR", "24 de dezembro de 2026");
    expect_words("fr-CA", "fr", "fr-CA", "24 décembre 2026");
    expect_words("fr-FR-x-shop", "fr", "fr-FR-x-shop", "24 décembre 2026");
    expect_words("en-GB", "en", "en-GB", "24 December 2026");
    expect_words("xx-YY", "en", "en-YY", "December 24, 2026");
    expect_words("de", "en", "en", "December 24, 2026");
    /* Portuguese in another script than its catalogue's. */
    expect_words("pt-Cyrl", "pt-BR", "pt-BR", "24 de dezembro de 2026");
    /* The calendar is that of the order's own date. */
    expect_words("th-TH", "en", "en-TH", "December 24, 2026");
    expect_words("fa-IR", "en", "en-IR", "December 24, 2026");
    expect_words("ar-SA", "en", "en-SA", "December 24, 2026");
}

/* The digits of any script as ASCII, everything else as a space. */
static void read_numbers(fct_slice text, char *out, size_t size)
{
    size_t at = 0, made = 0;

    while (at < text.len && made + 1 < size) {
        uint32_t code = 0;
        int digit;

        at += fct_utf8_next((fct_slice){text.ptr + at, text.len - at}, &code);
        digit = u_charDigitValue((UChar32)code);
        out[made++] = digit < 0 ? ' ' : (char)('0' + digit);
    }
    out[made] = '\0';
}

static void expect_gregorian(const char *tag)
{
    const struct fct_day day = {2026, 11, 23};
    fct_arena arena = {0};
    fct_locale *locale = NULL;
    char numbers[256];
    fct_slice date;

    if (fct_locale_take(fct_slice_of(tag), (fct_slice){0}, &locale, NULL))
        fail_msg("%s: refused", tag);
    date = fct_locale_date(locale, &arena, day);
    read_numbers(date, numbers, sizeof numbers);
    if (!strstr(numbers, "2026") || !strstr(numbers, "23"))
        fail_msg("%s: %.*s", tag, (int)date.len, date.ptr);
    fct_locale_put(locale);
    fct_arena_done(&arena);
}

/* Also where people count the years of Buddha, an emperor or the Hijra. */
static void every_date_is_gregorian(void **state)
{
    static const char *const calendars[] = {"", "-u-ca-buddhist", "-u-ca-japanese",
                                            "-u-ca-islamic-umalqura"};
    int32_t count = uloc_countAvailable();

    for (int32_t i = 0; i < count; i++) {
        UErrorCode status = U_ZERO_ERROR;
        char tag[ULOC_FULLNAME_CAPACITY], full[ULOC_FULLNAME_CAPACITY + 32];

        uloc_toLanguageTag(uloc_getAvailable(i), tag, (int32_t)sizeof tag, true, &status);
        assert_true(U_SUCCESS(status));
        snprintf(full, sizeof full, "%s%s", tag,
                 strstr(tag, "-u-") ? "" : calendars[(size_t)i % 4]);
        expect_gregorian(full);
    }
    for (const char *const *region = uloc_getISOCountries(); *region; region++) {
        static const char *const languages[] = {"en", "fr", "pt", "zh"};
        char tag[16];

        for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
            snprintf(tag, sizeof tag, "%s-%s", languages[i], *region);
            expect_gregorian(tag);
        }
    }
    expect_gregorian("ja-JP-u-ca-japanese");
    expect_gregorian("th-TH-u-ca-buddhist-nu-thai");
    expect_gregorian("ar-SA-u-ca-islamic-umalqura-nu-arab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_date_is_gregorian),
        cmocka_unit_test(many_spellings_are_one_tag),
        cmocka_unit_test(what_is_no_locale_is_told),
        cmocka_unit_test(of_a_browsers_list_the_best_with_words_is_taken),
        cmocka_unit_test(a_locale_gets_the_nearest_words_and_its_own_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
