/* SPDX-License-Identifier: MIT */
/* letters/: decimals are exact, and amounts, dates and plurals are written as each locale does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "letters/locale.h"

#define NBSP "\xc2\xa0"
#define NNBSP "\xe2\x80\xaf"

static fct_decimal decimal(const char *text)
{
    fct_decimal value = {0};

    if (fct_decimal_parse(fct_slice_of(text), &value) != FCT_DECIMAL_OK)
        fail_msg("\"%s\" is no decimal", text);
    return value;
}

static void expect_text(fct_decimal value, const char *expected)
{
    char text[FCT_DECIMAL_TEXT];

    assert_int_equal(fct_decimal_print(value, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void decimals_are_read_and_written(void **state)
{
    static const char *const same[] = {"0",     "1",    "-1",          "19.90",
                                       "0.05",  "-0.5", "0.000000001", "999999999999999999",
                                       "-12.3", "10",   "100.00",      "999999999.999999999"};
    static const char *const broken[] = {"",    "-",     ".",    ".5",   "5.",  "1.2.3", "1e", " 1",
                                         "1 ",  "+1",    "0x1",  "1,5",  "--1", "NaN",   "١",  "e3",
                                         "1e+", "1e3.5", "1e 3", "1.e3", "1-",  "1e--3"};
    static const char *const long_ones[] = {
        "1000000000000000000",  "1e18",   "9e99999999999999999999",
        "999999999999999999.5", "0.1e19", "99999999999999999999999999999999999999"};
    fct_decimal untouched = {.digits = 7};

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        expect_text(decimal(same[i]), same[i]);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(fct_decimal_parse(fct_slice_of(broken[i]), &untouched),
                         FCT_DECIMAL_SYNTAX);
    for (size_t i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++)
        assert_int_equal(fct_decimal_parse(fct_slice_of(long_ones[i]), &untouched),
                         FCT_DECIMAL_RANGE);
    assert_int_equal(untouched.digits, 7);
}

/* At most the digits that matter count; those that do not fit are rounded. */
static void digits_that_do_not_fit_are_rounded(void **state)
{
    static const struct {
        const char *text, *read;
        enum fct_decimal_verdict verdict;
    } rows[] = {
        {"6.333333333333333333333333333", "6.333333333", FCT_DECIMAL_ROUNDED},
        {"6.666666666666666666666666667", "6.666666667", FCT_DECIMAL_ROUNDED},
        {"-0.0000000005", "-0.000000001", FCT_DECIMAL_ROUNDED},
        {"0.00000000049", "0.000000000", FCT_DECIMAL_ROUNDED},
        {"0.9999999995", "1.000000000", FCT_DECIMAL_ROUNDED},
        {"999999999.9999999999", "1000000000.00000000", FCT_DECIMAL_ROUNDED},
        {"1234567890.123456789", "1234567890.12345679", FCT_DECIMAL_ROUNDED},
        {"123456789012345678.4", "123456789012345678", FCT_DECIMAL_ROUNDED},
        {"19.9000000000000000", "19.900000000", FCT_DECIMAL_OK},
        {"0000000000000000000000019.90", "19.90", FCT_DECIMAL_OK},
        {"0.000000000000000000000000000", "0.000000000", FCT_DECIMAL_OK},
        {"1E+2", "100", FCT_DECIMAL_OK},
        {"1e2", "100", FCT_DECIMAL_OK},
        {"-1.50E+1", "-15.0", FCT_DECIMAL_OK},
        {"125e-2", "1.25", FCT_DECIMAL_OK},
        {"0E-10", "0.000000000", FCT_DECIMAL_OK},
        {"0e99", "0", FCT_DECIMAL_OK},
        {"5e-10", "0.000000001", FCT_DECIMAL_ROUNDED},
        {"4e-10", "0.000000000", FCT_DECIMAL_ROUNDED},
        {"9e-99999999999999999999", "0.000000000", FCT_DECIMAL_ROUNDED},
    };
    char text[700];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_decimal value = {0};

        if (fct_decimal_parse(fct_slice_of(rows[i].text), &value) != rows[i].verdict)
            fail_msg("%s", rows[i].text);
        expect_text(value, rows[i].read);
    }
    memset(text, '0', sizeof text);
    memcpy(text, "1.", 2);
    assert_int_equal(fct_decimal_parse((fct_slice){text, sizeof text}, &(fct_decimal){0}),
                     FCT_DECIMAL_OK);
    memset(text, '3', sizeof text);
    assert_int_equal(fct_decimal_parse((fct_slice){text, sizeof text}, &(fct_decimal){0}),
                     FCT_DECIMAL_RANGE);
}

#define DIGITS_LIMIT ((__int128)1000000000000000000) /* 18 digits */

static uint64_t seed = 1;

static uint64_t next_random(uint64_t below)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 16) % below;
}

static fct_decimal any_decimal(void)
{
    int64_t limit = 1;

    for (uint64_t digits = next_random(19); digits; digits--)
        limit *= 10;
    return (fct_decimal){.digits =
                             (int64_t)next_random((uint64_t)limit) * (next_random(2) ? 1 : -1),
                         .scale = (unsigned)next_random(10),
                         .set = true};
}

static __int128 scaled(__int128 digits, unsigned scale, unsigned to)
{
    for (; scale < to; scale++)
        digits *= 10;
    return digits;
}

static bool fits_in(__int128 digits)
{
    return digits < DIGITS_LIMIT && digits > -DIGITS_LIMIT;
}

/* Sums and products of any two, as a number of 128 bits has them. */
static void arithmetic_agrees_with_wider_numbers(void **state)
{
    for (int i = 0; i < 200000; i++) {
        fct_decimal a = any_decimal(), b = any_decimal(), got = {.digits = 42};
        unsigned scale = a.scale > b.scale ? a.scale : b.scale;
        __int128 left = scaled(a.digits, a.scale, scale), right = scaled(b.digits, b.scale, scale);
        bool good = fits_in(left) && fits_in(right) && fits_in(left + right);

        assert_int_equal(fct_decimal_add(a, b, &got), good);
        assert_true(got.digits == (good ? (int64_t)(left + right) : 42));
        if (good)
            assert_int_equal(got.scale, scale);
    }
}

/* A product is rounded once; one with many digits before the point keeps fewer behind it. */
static void products_agree_with_wider_numbers(void **state)
{
    for (int i = 0; i < 200000; i++) {
        fct_decimal a = any_decimal(), b = any_decimal(), got = {.digits = 42};
        unsigned scale = (unsigned)next_random(10), places = a.scale + b.scale;
        __int128 product = (__int128)a.digits * b.digits, unit, rounded;

        if (fct_decimal_multiply(a, b, scale, &got)) {
            assert_true(got.scale <= scale && got.scale <= places);
            unit = scaled(1, 0, places - got.scale);
            rounded = (product + (unit > 1 ? (product < 0 ? -unit / 2 : unit / 2) : 0)) / unit;
            assert_true(got.digits == (int64_t)rounded);
            if (got.scale < scale && got.scale < places)
                assert_true(rounded >= DIGITS_LIMIT / 10 || rounded <= -DIGITS_LIMIT / 10);
        } else {
            assert_int_equal(got.digits, 42);
            unit = scaled(1, 0, places);
            assert_true(product / unit >= DIGITS_LIMIT - 1 || product / unit <= 1 - DIGITS_LIMIT);
        }
    }
}

/* Halves go away from zero. */
static void rounding_agrees_with_wider_numbers(void **state)
{
    for (int i = 0; i < 200000; i++) {
        fct_decimal value = any_decimal(), got;
        unsigned scale = (unsigned)next_random(10);
        __int128 unit = scale < value.scale ? scaled(1, 0, value.scale - scale) : 1;
        __int128 half = value.digits < 0 ? -unit / 2 : unit / 2;

        got = fct_decimal_round(value, scale);
        assert_true(got.digits == (int64_t)((value.digits + (unit > 1 ? half : 0)) / unit));
        assert_int_equal(got.scale, scale < value.scale ? scale : value.scale);
    }
}

static void sums_are_exact(void **state)
{
    fct_decimal sum = fct_decimal_of(0), product;

    /* Ten times 0.1 in binary floating point is not one. */
    for (int i = 0; i < 10; i++)
        assert_true(fct_decimal_add(sum, decimal("0.1"), &sum));
    expect_text(sum, "1.0");
    assert_true(fct_decimal_subtract(decimal("0.30"), decimal("0.1"), &sum));
    expect_text(sum, "0.20");
    assert_true(fct_decimal_multiply(decimal("39.90"), decimal("1.25"), 9, &product));
    expect_text(product, "49.8750");
    assert_true(fct_decimal_multiply(decimal("0.333333333"), decimal("1.5"), 2, &product));
    expect_text(product, "0.50");
    assert_true(fct_decimal_multiply(decimal("-19.90"), decimal("3"), 2, &product));
    expect_text(product, "-59.70");
    assert_false(fct_decimal_add(decimal("999999999999999999"), decimal("1"), &sum));
    assert_false(fct_decimal_add(decimal("9999999999999"), decimal("0.000001"), &sum));
    assert_false(fct_decimal_subtract(decimal("-999999999999999999"), decimal("1"), &sum));
    assert_false(fct_decimal_multiply(decimal("9999999999"), decimal("9999999999"), 2, &product));
    assert_true(fct_decimal_multiply(decimal("0.00001"), decimal("0.00001"), 9, &product));
    expect_text(product, "0.000000000");
    expect_text(sum, "0.20");
}

static void halves_are_rounded_away_from_zero(void **state)
{
    expect_text(fct_decimal_round(decimal("1.005"), 2), "1.01");
    expect_text(fct_decimal_round(decimal("1.0049"), 2), "1.00");
    expect_text(fct_decimal_round(decimal("-1.005"), 2), "-1.01");
    expect_text(fct_decimal_round(decimal("-1.004"), 2), "-1.00");
    expect_text(fct_decimal_round(decimal("0.5"), 0), "1");
    expect_text(fct_decimal_round(decimal("999999999999999.999"), 2), "1000000000000000.00");
    expect_text(fct_decimal_round(decimal("7"), 2), "7");
}

static void expect_money(const char *locale_tag, const char *currency, const char *amount,
                         const char *expected)
{
    fct_arena arena = {0};
    fct_locale *locale;
    fct_slice text;

    assert_int_equal(
        fct_locale_take(fct_slice_of(locale_tag), fct_slice_of(currency), &locale, NULL), 0);
    text = fct_locale_money(locale, &arena, decimal(amount));
    if (!fct_slice_equal(text, fct_slice_of(expected)))
        fail_msg("%s %s %s: got \"%.*s\"", locale_tag, currency, amount, (int)text.len, text.ptr);
    fct_locale_put(locale);
    fct_arena_done(&arena);
}

/* Only where CLDR's data stays: Switzerland's apostrophe differs between CLDR 42 and 48. */
static void amounts_are_written_as_the_locale_does(void **state)
{
    expect_money("fr-FR", "EUR", "1234.5", "1" NNBSP "234,50" NBSP "€");
    expect_money("fr_FR", "eur", "1234.5", "1" NNBSP "234,50" NBSP "€");
    expect_money("en-US", "USD", "1234.50", "$1,234.50");
    expect_money("en-US", "USD", "-5", "-$5.00");
    expect_money("en-US", "JPY", "1980", "¥1,980");
    expect_money("ja-JP", "JPY", "1980", "￥1,980");
    expect_money("en", "KWD", "1.5", "KWD" NBSP "1.500");
    expect_money("de-DE", "EUR", "1234567.05", "1.234.567,05" NBSP "€");
    expect_money("en-IN", "INR", "1234567", "₹12,34,567.00");
    expect_money("", "GBP", "0", "£0.00");
    /* More digits than the currency has were given on purpose; they are not rounded away. */
    expect_money("en-US", "USD", "0.0125", "$0.0125");
    expect_money("en-US", "JPY", "0.5", "¥0.5");
    expect_money("en-US", "USD", "999999999999999999", "$999,999,999,999,999,999.00");
    expect_money("en-US", "USD", "999999999.999999999", "$999,999,999.999999999");
}

static void expect_date(const char *tag, struct fct_day day, const char *expected)
{
    fct_arena arena = {0};
    fct_locale *locale;
    fct_slice text;

    assert_int_equal(fct_locale_take(fct_slice_of(tag), (fct_slice){0}, &locale, NULL), 0);
    text = fct_locale_date(locale, &arena, day);
    if (!fct_slice_equal(text, fct_slice_of(expected)))
        fail_msg("%s: got \"%.*s\"", tag, (int)text.len, text.ptr);
    fct_locale_put(locale);
    fct_arena_done(&arena);
}

/* More of them than are kept, so that places are shared. */
static void numbers_kept_are_the_numbers_asked_for(void **state)
{
    fct_arena arena = {0};
    fct_locale *locale;

    assert_int_equal(fct_locale_take(FCT_SLICE("en"), FCT_SLICE("EUR"), &locale, NULL), 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) {
            fct_decimal cents = {.digits = i - 99, .scale = 2, .set = true};
            fct_slice money = fct_locale_money(locale, &arena, cents);
            fct_slice number = fct_locale_number(locale, &arena, fct_decimal_of(i));
            char expected[32];

            snprintf(expected, sizeof expected, "%s€%d.%02d", i < 99 ? "-" : "", abs(i - 99) / 100,
                     abs(i - 99) % 100);
            assert_string_equal(money.ptr, expected);
            snprintf(expected, sizeof expected, "%d", i);
            assert_string_equal(number.ptr, expected);
        }
    }
    fct_locale_put(locale);
    fct_arena_done(&arena);
}

static void dates_are_written_in_the_letters_language(void **state)
{
    expect_date("en-US", (struct fct_day){2026, 11, 23}, "November 23, 2026");
    expect_date("en-GB", (struct fct_day){2024, 2, 29}, "29 February 2024");
    expect_date("fr-CA", (struct fct_day){2026, 3, 1}, "1 mars 2026");
    expect_date("en-US", (struct fct_day){1970, 1, 1}, "January 1, 1970");
    expect_date("en-US", (struct fct_day){1969, 12, 31}, "December 31, 1969");
    /* No German catalogue: the letter is English, and so is the month. */
    expect_date("de-DE", (struct fct_day){2026, 12, 24}, "24 December 2026");
}

static void expect_plural(const char *tag, int64_t count, const char *expected)
{
    fct_locale *locale;
    char category[16];

    assert_int_equal(fct_locale_take(fct_slice_of(tag), (fct_slice){0}, &locale, NULL), 0);
    fct_locale_plural(locale, count, category);
    assert_string_equal(category, expected);
    fct_locale_put(locale);
}

static void plurals_follow_the_language(void **state)
{
    expect_plural("en", 0, "other");
    expect_plural("en", 1, "one");
    expect_plural("fr", 0, "one");
    expect_plural("fr", 1, "one");
    expect_plural("fr", 2, "other");
}

static void a_locale_or_currency_that_is_none_is_refused(void **state)
{
    static const char *const tags[] = {
        "x",   "fr FR",
        "fr-", "en-US-",
        "12",  "fr/FR",
        "-",   "en-a-tag-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on"};
    static const char *const currencies[] = {"", "EU", "EURO", "€", "12A"};
    fct_locale *locale = NULL;

    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        facteur_error *error = NULL;

        assert_int_equal(fct_locale_take(fct_slice_of(tags[i]), (fct_slice){0}, &locale, &error),
                         FACTEUR_EMESSAGE);
        assert_string_equal(facteur_error_where(error), "locale");
        facteur_error_free(error);
    }
    for (size_t i = 0; i < sizeof currencies / sizeof currencies[0]; i++) {
        facteur_error *error = NULL;

        assert_int_equal(
            fct_locale_take(FCT_SLICE("en"), fct_slice_of(currencies[i]), &locale, &error),
            FACTEUR_EMESSAGE);
        assert_string_equal(facteur_error_where(error), "currency");
        facteur_error_free(error);
    }
}

static void *format_much(void *unused)
{
    static const char *const tags[] = {"en-US", "fr-FR", "de-DE", "ja-JP", "en-GB"};
    static const char *const currencies[] = {"EUR", "USD", "JPY"};

    for (int i = 0; i < 300; i++) {
        fct_arena arena = {0};
        fct_locale *locale;

        if (fct_locale_take(fct_slice_of(tags[i % 5]), fct_slice_of(currencies[i % 3]), &locale,
                            NULL))
            return "take";
        if (!fct_locale_money(locale, &arena, fct_decimal_of(i)).len)
            return "money";
        fct_locale_put(locale);
        fct_arena_done(&arena);
    }
    return NULL;
}

/* ICU's own locks are why the child is not made while the threads run. */
static void threads_and_a_forked_child_share_the_kept_ones(void **state)
{
    pthread_t threads[4];
    int status = -1;
    pid_t child;

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, format_much, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = "";

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        expect_money("en-US", "EUR", "1", "€1.00");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_whole_number_is_a_number(void **state)
{
    fct_decimal seven = fct_decimal_of(7);

    assert_true(seven.set);
    assert_true(seven.digits == 7 && seven.scale == 0);
    assert_true(fct_decimal_is_whole(seven));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_read_and_written),
        cmocka_unit_test(digits_that_do_not_fit_are_rounded),
        cmocka_unit_test(arithmetic_agrees_with_wider_numbers),
        cmocka_unit_test(products_agree_with_wider_numbers),
        cmocka_unit_test(rounding_agrees_with_wider_numbers),
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(halves_are_rounded_away_from_zero),
        cmocka_unit_test(amounts_are_written_as_the_locale_does),
        cmocka_unit_test(numbers_kept_are_the_numbers_asked_for),
        cmocka_unit_test(dates_are_written_in_the_letters_language),
        cmocka_unit_test(plurals_follow_the_language),
        cmocka_unit_test(a_locale_or_currency_that_is_none_is_refused),
        cmocka_unit_test(threads_and_a_forked_child_share_the_kept_ones),
        cmocka_unit_test(a_whole_number_is_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
