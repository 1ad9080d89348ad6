/* SPDX-License-Identifier: MIT */
/* letters/: locales as they are written everywhere, and the catalogue that each of them gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_spellings_are_one_tag),
        cmocka_unit_test(what_is_no_locale_is_told),
        cmocka_unit_test(of_a_browsers_list_the_best_with_words_is_taken),
        cmocka_unit_test(a_locale_gets_the_nearest_words_and_its_own_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
