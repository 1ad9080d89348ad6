/* SPDX-License-Identifier: MIT */
/* letters/plain_name, letters/top_level: strangers' names with and without a link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#include "letters/plain_name.h"
#include "letters/top_level.h"

static const char *kind_of(fct_slice name)
{
    const char *fault = fct_plain_name_fault(name);

    return !fault                                 ? "plain"
           : strcmp(fault, "has a link") == 0     ? "link"
           : strcmp(fault, "has an address") == 0 ? "address"
                                                  : fault;
}

/* Each line of the corpus: a name, a tab, its kind. */
static void the_corpus_of_names_is_told_apart(void **state)
{
    fct_buf lines = {0};
    size_t count = 0, faults = 0;

    corpus_read("names/strangers", ".txt", &lines);
    fct_buf_add_char(&lines, '\0');
    for (char *line = strtok(lines.ptr, "\n"); line; line = strtok(NULL, "\n")) {
        char *tab = strchr(line, '\t');
        const char *kind;

        if (*line == '#')
            continue;
        assert_non_null(tab);
        kind = kind_of((fct_slice){line, (size_t)(tab - line)});
        count++;
        if (strcmp(kind, tab + 1) == 0)
            continue;
        faults++;
        print_error("%s: %s\n", line, kind);
    }
    fct_buf_done(&lines);
    assert_int_equal(faults, 0);
    assert_true(count >= 160);
}

static void names_have_a_length(void **state)
{
    char name[102];

    memset(name, 'x', sizeof name);
    assert_null(fct_plain_name_fault((fct_slice){name, 100}));
    assert_string_equal(fct_plain_name_fault((fct_slice){name, 101}), "is too long for a name");
    assert_null(fct_plain_name_fault((fct_slice){"", 0}));
    memcpy(name + 1, ".com", 4);
    assert_null(fct_plain_name_fault((fct_slice){name + 1, 100}));
    assert_string_equal(fct_plain_name_fault((fct_slice){name, 5}), "has a link");
}

/* The longest that a hundred bytes become in compatibility forms: U+FDFA is 18 characters. */
static void characters_may_be_written_out(void **state)
{
    char name[100];

    for (size_t i = 0; i + 3 <= sizeof name; i += 3)
        memcpy(name + i, "\xef\xb7\xba", 3);
    assert_null(fct_plain_name_fault((fct_slice){name, 99}));
    assert_null(fct_plain_name_fault(FCT_SLICE("\xff.\xfe\xc0")));
}

static void top_levels_are_whole_labels(void **state)
{
    static const char *const known[] = {"com", "de", "uk", "us", "zw", "travel", "рф", "中国"};
    static const char *const unknown[] = {"",     "co m", "oq",      "zz", "x",
                                          "comm", "ra",   "schmidt", "国"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(fct_top_level_is(fct_slice_of(known[i])));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_false(fct_top_level_is(fct_slice_of(unknown[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_of_names_is_told_apart),
        cmocka_unit_test(names_have_a_length),
        cmocka_unit_test(characters_may_be_written_out),
        cmocka_unit_test(top_levels_are_whole_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
