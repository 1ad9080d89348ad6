/* SPDX-License-Identifier: MIT */
/* letters/postal: the lines of an address, whatever of it is given, in its country's order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "letters/order.h"

static void expect(const struct fct_postal *address, const char *expected)
{
    fct_arena arena = {0};
    fct_locale *locale = NULL;
    fct_slice lines;

    assert_int_equal(fct_locale_take(FCT_SLICE("en"), (fct_slice){0}, &locale, NULL), 0);
    lines = fct_postal_lines(address, locale, &arena);
    if (!fct_slice_equal(lines, fct_slice_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)lines.len, lines.ptr, expected);
    fct_locale_put(locale);
    fct_arena_done(&arena);
}

static fct_slice some(unsigned given, unsigned bit, const char *text)
{
    return given & bit ? fct_slice_of(text) : (fct_slice){"", 0};
}

static void city_code_and_region_may_each_be_missing(void **state)
{
    static const char *const after[] = {"",  "City",    "1",    "1 City",
                                        "R", "City\nR", "1\nR", "1 City\nR"};
    static const char *const before[] = {"",  "City",    "1",   "City 1",
                                         "R", "City, R", "R 1", "City, R 1"};

    for (unsigned given = 0; given < 8; given++) {
        struct fct_postal address = {.city = some(given, 1, "City"),
                                     .postal_code = some(given, 2, "1"),
                                     .region = some(given, 4, "R"),
                                     .country = FCT_SLICE("xx")};
        char expected[80];

        strcpy(expected, after[given]);
        strcat(strcat(expected, given ? "\n" : ""), "xx");
        expect(&address, expected);
        address.country = FCT_SLICE("US");
        strcpy(expected, before[given]);
        strcat(strcat(expected, given ? "\n" : ""), "United States");
        expect(&address, expected);
    }
}

static void all_lines_are_in_their_order(void **state)
{
    struct fct_postal address = {.name = FCT_SLICE("Ana"),
                                 .company = FCT_SLICE("Shop"),
                                 .line1 = FCT_SLICE("1 Street"),
                                 .line2 = FCT_SLICE("Door 2"),
                                 .postal_code = FCT_SLICE("75001"),
                                 .city = FCT_SLICE("Paris"),
                                 .region = FCT_SLICE("IDF"),
                                 .country = FCT_SLICE("FR"),
                                 .phone = FCT_SLICE("+33 1")};

    expect(&address, "Ana\nShop\n1 Street\nDoor 2\n75001 Paris\nIDF\nFrance\n+33 1");
    address.text = FCT_SLICE("as\nwritten");
    expect(&address, "as\nwritten");
    expect(&(struct fct_postal){.phone = FCT_SLICE("1")}, "1");
    expect(&(struct fct_postal){.name = FCT_SLICE("")}, "");
}

/* Each of the countries, and none that only looks like one. */
static void countries_have_their_order(void **state)
{
    static const char *const first[] = {"AE", "AU", "BR", "CA", "CN", "GB", "HK", "IE",
                                        "IN", "ID", "JP", "KR", "MY", "NG", "NZ", "PH",
                                        "PK", "SA", "SG", "TH", "TW", "US", "VN", "ZA"};
    char country[3] = "";

    for (country[0] = 'A'; country[0] <= 'Z'; country[0]++) {
        for (country[1] = 'A'; country[1] <= 'Z'; country[1]++) {
            struct fct_postal address = {
                .city = FCT_SLICE("City"), .postal_code = FCT_SLICE("1"), .country = {country, 2}};
            fct_arena arena = {0};
            fct_locale *locale = NULL;
            fct_slice lines;
            bool city_first = false;

            for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
                city_first = city_first || strcmp(first[i], country) == 0;
            assert_int_equal(fct_locale_take(FCT_SLICE("en"), (fct_slice){0}, &locale, NULL), 0);
            lines = fct_postal_lines(&address, locale, &arena);
            assert_memory_equal(lines.ptr, city_first ? "City 1\n" : "1 City\n", 7);
            fct_locale_put(locale);
            fct_arena_done(&arena);
        }
    }
    expect(&(struct fct_postal){.city = FCT_SLICE("C"),
                                .postal_code = FCT_SLICE("1"),
                                .country = FCT_SLICE("us")},
           "1 C\nus");
    expect(&(struct fct_postal){.city = FCT_SLICE("C"),
                                .postal_code = FCT_SLICE("1"),
                                .country = FCT_SLICE("USA")},
           "1 C\nUSA");
    expect(&(struct fct_postal){.city = FCT_SLICE("C"),
                                .postal_code = FCT_SLICE("1"),
                                .country = FCT_SLICE("E ")},
           "1 C\nE ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(city_code_and_region_may_each_be_missing),
        cmocka_unit_test(all_lines_are_in_their_order),
        cmocka_unit_test(countries_have_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
