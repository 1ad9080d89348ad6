/* SPDX-License-Identifier: MIT */
/* config/options: the table, its types and ranges, and which value wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/options.h"

static int set(fct_options *options, enum fct_level level, const char *name, const char *value,
               facteur_error **error)
{
    return fct_options_set(options, level, name, strlen(name), value, strlen(value), error);
}

static void the_table_is_sound(void **state)
{
    fct_options options;

    assert_int_equal(fct_options_init(&options), 0);
    assert_int_equal(facteur_option_count(), FCT_OPTION_COUNT);
    for (size_t i = 0; i < facteur_option_count(); i++) {
        const char *def = facteur_option_default(i), *type = facteur_option_type(i);

        assert_int_equal(fct_option_find(facteur_option_name(i), strlen(facteur_option_name(i))),
                         i);
        assert_true(strlen(facteur_option_help(i)) > 5);
        assert_int_equal(strcmp(type, "choice") == 0, *facteur_option_choices(i) != '\0');
        if (strcmp(type, "secret") == 0)
            assert_string_equal(def, "");
        assert_int_equal(*def != '\0', options.values[i].text != NULL);
    }
    assert_string_equal(facteur_option_name(FCT_OPTION_COUNT), "");
    fct_options_done(&options);
}

struct reading {
    const char *name, *value;
    int64_t number;
};

static void good_values_become_numbers(void **state)
{
    static const struct reading readings[] = {
        {"deadline", "2.5", 2500000},
        {"deadline", "0.001", 1000},
        {"deadline", "86400", 86400000000},
        {"deadline", ".5", 500000},
        {"fresh_ms", "250", 250000},
        {"fresh_ms", "0", 0},
        {"pool_size", "7", 7},
        {"pipelining", "off", 0},
        {"pipelining", "TRUE", 1},
        {"pipelining", "Full", 2},
        {"tls", "StartTLS", 2},
        {"auth", "scram-sha-256", 4},
        {"mode", "allowlist", 3},
        {"deadline", "1.0000009", 1000000},
    };

    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        fct_options options;
        int index = fct_option_find(readings[i].name, strlen(readings[i].name));

        assert_int_equal(fct_options_init(&options), 0);
        assert_int_equal(set(&options, FCT_LEVEL_CALLER, readings[i].name, readings[i].value, NULL),
                         0);
        assert_int_equal(options.values[index].number, readings[i].number);
        fct_options_done(&options);
    }
}

struct refusal {
    const char *name, *value, *message;
};

static void bad_values_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"deadline", "", "seconds such as 10 or 2.5"},
        {"deadline", "-1", "seconds such as"},
        {"deadline", "1,5", "seconds such as"},
        {"deadline", "1e3", "seconds such as"},
        {"deadline", "1.2.3", "seconds such as"},
        {"deadline", ".", "seconds such as"},
        {"deadline", "0", "from 0.001 to 86400 seconds"},
        {"deadline", "86400.1", "from 0.001 to 86400 seconds"},
        {"deadline", "99999999999999999999999", "from 0.001 to 86400 seconds"},
        {"deadline", "99999999999999999999999.9", "from 0.001 to 86400 seconds"},
        {"fresh_ms", "1.5", "whole milliseconds"},
        {"fresh_ms", "9223372036854775807", "milliseconds"},
        {"pool_size", "0", "from 1 to 1000"},
        {"pool_size", "five", "a whole number"},
        {"pipelining", "maybe", "one of 0|1|full"},
        {"chunking", "maybe", "1 or 0"},
        {"tls", "ssl", "one of none|implicit|starttls|opportunistic"},
        {"tls", "none|implicit", "one of"},
        {"username", "a\nb", "control character 0x0a at position 2"},
        {"username", "a\tb", "control character 0x09 at position 2"},
        {"dkim", "[\n\t\r\x0b]", "control character 0x0b at position 5"},
        {"dkim", "[\x7f]", "control character 0x7f at position 2"},
        {"username", "a\xff", "not UTF-8 at position 2"},
        {"passwort", "x", "did you mean password?"},
        {"timeout", "5", "did you mean deadline (of a whole send) or connect_timeout?"},
        {"ping_threshold", "5", "did you mean fresh_ms?"},
        {"", "x", "no option is called"},
        {"xyzzyxyzzyxyzzy", "x", "facteur help"},
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        facteur_error *error = NULL;
        fct_options options;

        assert_int_equal(fct_options_init(&options), 0);
        if (set(&options, FCT_LEVEL_CALLER, refusals[i].name, refusals[i].value, &error) !=
            FACTEUR_ECONFIG)
            fail_msg("%s=%s was accepted", refusals[i].name, refusals[i].value);
        assert_string_equal(facteur_error_where(error), refusals[i].name);
        if (!strstr(facteur_error_message(error), refusals[i].message))
            fail_msg("%s=%s: %s", refusals[i].name, refusals[i].value,
                     facteur_error_message(error));
        facteur_error_free(error);
        fct_options_done(&options);
    }
}

static void a_refused_secret_is_not_told(void **state)
{
    facteur_error *error = NULL;
    fct_options options;

    assert_int_equal(fct_options_init(&options), 0);
    assert_int_equal(set(&options, FCT_LEVEL_CALLER, "password", "canary\r\nbird", &error),
                     FACTEUR_ECONFIG);
    assert_null(strstr(facteur_error_message(error), "canary"));
    facteur_error_free(error);
    fct_options_done(&options);
}

static void the_higher_level_wins_whatever_the_order(void **state)
{
    fct_options options;

    assert_int_equal(fct_options_init(&options), 0);
    assert_int_equal(set(&options, FCT_LEVEL_CALLER, "pool_size", "3", NULL), 0);
    assert_int_equal(set(&options, FCT_LEVEL_DSN, "pool_size", "4", NULL), 0);
    assert_int_equal(fct_options_get(&options, FCT_OPT_pool_size)->number, 3);
    assert_int_equal(set(&options, FCT_LEVEL_DSN, "pool_size", "none", NULL), FACTEUR_ECONFIG);
    assert_int_equal(set(&options, FCT_LEVEL_CALLER, "pool_size", "5", NULL), 0);
    assert_int_equal(fct_options_get(&options, FCT_OPT_pool_size)->number, 5);
    fct_options_done(&options);
}

static void the_environment_is_read_and_mode_is_forced(void **state)
{
    facteur_error *error = NULL;
    fct_options options;

    setenv("FACTEUR_POOL_SIZE", "9", 1);
    setenv("FACTEUR_MODE", "capture", 1);
    setenv("FACTEUR_HELO", "", 1);
    assert_int_equal(fct_options_init(&options), 0);
    assert_int_equal(fct_options_from_environment(&options, NULL), 0);
    assert_int_equal(set(&options, FCT_LEVEL_CALLER, "mode", "live", NULL), 0);
    assert_int_equal(set(&options, FCT_LEVEL_DSN, "pool_size", "2", NULL), 0);
    assert_string_equal(fct_options_get(&options, FCT_OPT_mode)->text, "capture");
    assert_int_equal(fct_options_get(&options, FCT_OPT_pool_size)->number, 2);
    assert_null(fct_options_get(&options, FCT_OPT_helo)->text);
    setenv("FACTEUR_MODE", "captrue", 1);
    assert_int_equal(fct_options_from_environment(&options, &error), FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_where(error), "mode");
    facteur_error_free(error);
    unsetenv("FACTEUR_POOL_SIZE");
    unsetenv("FACTEUR_MODE");
    unsetenv("FACTEUR_HELO");
    fct_options_done(&options);
}

/* Texts and secrets by what they say, numbers by what they mean. */
static void equal_values_are_equal(void **state)
{
    static const struct {
        const char *name, *one, *same, *other;
    } rows[] = {
        {"username", "ana", "ana", "Ana"},
        {"ca_file", "/a", "/a", "/b"},
        {"default_from", "a@x.example", "a@x.example", "b@x.example"},
        {"password", "p", "p", "q"},
        {"deadline", "1", "1.0", "1.5"},
        {"fresh_ms", "20", "020", "21"},
        {"pool_size", "2", "2", "3"},
        {"max_rate", "0.5", ".50", "0.51"},
        {"chunking", "1", "true", "0"},
        {"tls", "none", "NONE", "implicit"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const texts[] = {rows[i].one, rows[i].same, rows[i].other};
        fct_options options[3];

        for (int k = 0; k < 3; k++) {
            assert_int_equal(fct_options_init(&options[k]), 0);
            if (set(&options[k], FCT_LEVEL_CALLER, rows[i].name, texts[k], NULL))
                fail_msg("%s=%s", rows[i].name, texts[k]);
        }
        if (!fct_options_equal(&options[0], &options[1]) ||
            fct_options_equal(&options[0], &options[2]))
            fail_msg("%s", rows[i].name);
        for (int k = 0; k < 3; k++)
            fct_options_done(&options[k]);
    }
}

static void each_option_alone_makes_a_difference(void **state)
{
    static const char *const samples[] = {"7",     "0",       "1",    "1000000", "sample", "none",
                                          "LOGIN", "capture", "ipv4", "mail",    "hold"};

    for (size_t i = 0; i < facteur_option_count(); i++) {
        fct_options a, b;
        bool changed = false;

        assert_int_equal(fct_options_init(&a), 0);
        assert_int_equal(fct_options_init(&b), 0);
        assert_true(fct_options_equal(&a, &b));
        for (size_t s = 0; s < sizeof samples / sizeof samples[0] && !changed; s++)
            changed = set(&b, FCT_LEVEL_CALLER, facteur_option_name(i), samples[s], NULL) == 0 &&
                      !fct_options_equal(&a, &b);
        if (!changed)
            fail_msg("%s does not count", facteur_option_name(i));
        fct_options_done(&a);
        fct_options_done(&b);
    }
}

static void allocations_may_fail(void **state)
{
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        fct_options options;
        int err;

        fct_memory_fail_at(nth);
        err = fct_options_init(&options);
        if (!err)
            err = set(&options, FCT_LEVEL_CALLER, "password", "x", NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        fct_options_done(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(good_values_become_numbers),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(a_refused_secret_is_not_told),
        cmocka_unit_test(the_higher_level_wins_whatever_the_order),
        cmocka_unit_test(the_environment_is_read_and_mode_is_forced),
        cmocka_unit_test(equal_values_are_equal),
        cmocka_unit_test(each_option_alone_makes_a_difference),
        cmocka_unit_test(allocations_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
