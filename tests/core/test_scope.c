/* SPDX-License-Identifier: MIT */
/* config/options and config/plan: every option in every place where several relays let it stand,
 * or do not: it counts there or is refused, and is never dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "config/plan.h"

enum place { MEMBER, GROUP, CALLER, ENVIRONMENT, PLACE_COUNT };

static const enum fct_level level_of[] = {FCT_LEVEL_DSN, FCT_LEVEL_GROUP, FCT_LEVEL_CALLER,
                                          FCT_LEVEL_ENVIRONMENT};

/* A value that a relay of its own takes, with what it needs beside it. */
struct sample {
    const char *name, *value, *beside_name, *beside, *user;
};

static const struct sample samples[] = {
    {"helo", "shop.example", NULL, NULL, ""},
    {"tls", "starttls", NULL, NULL, ""},
    {"tls_name", "mx.example", NULL, NULL, ""},
    {"ports", "587,2525", NULL, NULL, ""},
    {"proxy", "socks5://proxy.example", NULL, NULL, ""},
    {"local_address", "192.0.2.1", NULL, NULL, ""},
    {"address_family", "ipv4", NULL, NULL, ""},
    {"pin_sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL, NULL, ""},
    {"client_key", "/k.pem", "client_cert", "/c.pem", ""},
    {"client_key_password", "secret", "client_cert", "/c.pem", ""},
    {"auth", "EXTERNAL", "client_cert", "/c.pem", ""},
    {"username", "ana", "password", "secret", ""},
    {"authzid", "bob", "password", "secret", "ana@"},
    {"password", "secret", NULL, NULL, "ana@"},
    {"password_file", "/p", NULL, NULL, "ana@"},
    {"password_env", "FCT_TEST_SECRET", NULL, NULL, "ana@"},
    {"token", "secret", NULL, NULL, "ana@"},
    {"token_command", "/bin/true", NULL, NULL, "ana@"},
    {"token_callback", "1", NULL, NULL, "ana@"},
    {"mode", "capture", NULL, NULL, ""},
    {"redirect_to", "a@b.example", NULL, NULL, ""},
    {"allow", "b.example", NULL, NULL, ""},
    {"default_from", "a@b.example", NULL, NULL, ""},
    {"default_locale", "fr-FR", NULL, NULL, ""},
    {"contact_to", "a@b.example", NULL, NULL, ""},
    {"syslog", "mail", NULL, NULL, ""},
    {"in_doubt", "hold", NULL, NULL, ""},
    {"dkim", "[{\"domain\":\"b.example\",\"selector\":\"s\",\"key_file\":\"/k\"}]", NULL, NULL, ""},
    {"smime", "{\"sign\":{\"certificate_file\":\"/c\",\"key_file\":\"/k\"}}", NULL, NULL, ""},
};

static struct sample sample_of(size_t option)
{
    const char *name = facteur_option_name(option), *type = facteur_option_type(option);

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (strcmp(samples[i].name, name) == 0)
            return samples[i];
    }
    if (strcmp(type, "path") == 0)
        return (struct sample){name, "/x", NULL, NULL, ""};
    if (strcmp(type, "int") == 0 && strstr(name, "bytes"))
        return (struct sample){name, "4096", NULL, NULL, ""};
    return (struct sample){name, "1", NULL, NULL, ""};
}

static void query_of(const struct sample *sample, char query[160])
{
    snprintf(query, 160, "?%s=%s%s%s%s%s", sample->name, sample->value, sample->beside ? "&" : "",
             sample->beside ? sample->beside_name : "", sample->beside ? "=" : "",
             sample->beside ? sample->beside : "");
}

static void variable_of(const char *name, char variable[64])
{
    size_t len = (size_t)snprintf(variable, 64, "FACTEUR_%s", name);

    for (size_t i = 8; i < len; i++)
        variable[i] = (char)(variable[i] >= 'a' ? variable[i] - 'a' + 'A' : variable[i]);
}

static void set_variable(const char *name, const char *value)
{
    char variable[64];

    variable_of(name, variable);
    if (value)
        setenv(variable, value, 1);
    else
        unsetenv(variable);
}

/* Two relays, the sample in one place. */
static int init(fct_plan *plan, const struct sample *sample, enum place place,
                facteur_error **error)
{
    const char *names[] = {sample->name, sample->beside_name};
    const char *values[] = {sample->value, sample->beside};
    size_t count = place != CALLER ? 0 : sample->beside ? 2 : 1;
    char query[160], dsn[512];
    int err;

    query_of(sample, query);
    snprintf(dsn, sizeof dsn, "failover(smtp://%sa.example%s smtp://%sb.example)%s", sample->user,
             place == MEMBER ? query : "", place == MEMBER ? "" : sample->user,
             place == GROUP ? query : "");
    for (size_t i = 0; place == ENVIRONMENT && i < 2 && names[i]; i++)
        set_variable(names[i], values[i]);
    err = fct_plan_init(plan, dsn, names, values, count, error);
    for (size_t i = 0; place == ENVIRONMENT && i < 2 && names[i]; i++)
        set_variable(names[i], NULL);
    return err;
}

static bool belongs(const char *scope, enum place place)
{
    if (strcmp(scope, "relay") == 0)
        return true;
    return (strcmp(scope, "login") == 0) == (place == MEMBER);
}

static void it_counts(const fct_plan *plan, size_t option, enum place place)
{
    const char *scope = facteur_option_scope(option), *name = facteur_option_name(option);
    bool wide = strcmp(scope, "mailer") == 0 || strcmp(scope, "machine") == 0;
    enum fct_level level = level_of[place];

    if (place == ENVIRONMENT && strcmp(name, "mode") == 0)
        level = FCT_LEVEL_FORCED;
    if (wide)
        assert_int_equal(plan->options.values[option].level, level);
    for (unsigned i = 0; !wide && i < (place == MEMBER ? 1 : 2); i++) {
        const struct fct_option_value *value = &plan->members[i].options.values[option];

        if (value->level != level || (!value->text && !value->secret))
            fail_msg("%s in place %d does not count for relay %u", name, place, i);
    }
    if (place == MEMBER)
        assert_true(plan->members[1].options.values[option].level != level || wide);
}

static void every_option_counts_in_its_place_and_is_refused_in_others(void **state)
{
    setenv("FCT_TEST_SECRET", "secret", 1);
    for (size_t i = 0; i < facteur_option_count(); i++) {
        struct sample sample = sample_of(i);

        for (enum place place = MEMBER; place < PLACE_COUNT; place++) {
            bool good = belongs(facteur_option_scope(i), place);
            facteur_error *error = NULL;
            fct_plan plan;
            int err = init(&plan, &sample, place, &error);

            if (err != (good ? 0 : FACTEUR_ECONFIG))
                fail_msg("%s (%s) in place %d: %s", sample.name, facteur_option_scope(i), place,
                         error ? facteur_error_message(error) : "accepted");
            if (good) {
                it_counts(&plan, i, place);
                fct_plan_done(&plan);
                continue;
            }
            assert_string_equal(facteur_error_where(error), sample.name);
            facteur_error_free(error);
        }
    }
    unsetenv("FCT_TEST_SECRET");
}

static void one_relay_takes_every_option(void **state)
{
    setenv("FCT_TEST_SECRET", "secret", 1);
    for (size_t i = 0; i < facteur_option_count(); i++) {
        struct sample sample = sample_of(i);
        facteur_error *error = NULL;
        char query[160], dsn[256];
        fct_plan plan;

        query_of(&sample, query);
        snprintf(dsn, sizeof dsn, "smtp://%sa.example%s", sample.user, query);
        if (fct_plan_init(&plan, dsn, NULL, NULL, 0, &error))
            fail_msg("%s: %s", dsn, facteur_error_message(error));
        assert_int_equal(plan.options.values[i].level, FCT_LEVEL_DSN);
        fct_plan_done(&plan);
    }
    unsetenv("FCT_TEST_SECRET");
}

static void refused(const char *dsn, const char *name, const char *value, const char *where)
{
    facteur_error *error = NULL;
    fct_plan plan;

    if (!fct_plan_init(&plan, dsn, &name, &value, name ? 1 : 0, &error))
        fail_msg("%s was accepted", dsn);
    assert_string_equal(facteur_error_where(error), where);
    facteur_error_free(error);
}

/* What a stronger place says does not make the wrong place right. */
static void what_would_be_overruled_is_refused_too(void **state)
{
    static const char *const limits[] = {"max_recipients=1", "max_message_bytes=4096",
                                         "max_header_bytes=4096", "max_parts=1", "background=1"};
    char dsn[128], where[32];

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        snprintf(dsn, sizeof dsn, "failover(smtp://a.example?%s smtp://b.example)", limits[i]);
        snprintf(where, sizeof where, "%.*s", (int)strcspn(limits[i], "="), limits[i]);
        refused(dsn, NULL, NULL, where);
    }
    refused("failover(smtp://a.example?deadline=3 smtp://b.example)", "deadline", "5", "deadline");
    refused("failover(smtp://a.example smtp://u:p@b.example)", "password", "", "password");
    setenv("FACTEUR_MODE", "capture", 1);
    refused("failover(smtp://a.example?mode=live smtp://b.example)", NULL, NULL, "mode");
    unsetenv("FACTEUR_MODE");
}

static void settled_values_are_what_the_options_say(void **state)
{
    fct_plan plan;

    assert_int_equal(
        fct_plan_init(&plan,
                      "failover(smtp://a.example?pool_size=3&pipeline_depth=4&max_rate=0.5"
                      "&breaker_failures=7&breaker_pause=9 smtp://b.example?pipelining=0)"
                      "?deadline=2.5&background=1&max_recipients=11&max_parts=12"
                      "&max_header_bytes=2048&max_message_bytes=4096&default_from=a@b.example"
                      "&default_locale=fr&contact_to=c@d.example&mode=capture&capture_dir=/out",
                      NULL, NULL, 0, NULL),
        0);
    assert_int_equal(plan.members[0].window, 12);
    assert_int_equal(plan.members[1].window, 5);
    assert_int_equal(plan.members[0].lane.breaker_failures, 7);
    assert_int_equal(plan.members[0].lane.breaker_pause_us, 9000000);
    assert_true(plan.members[0].lane.max_rate > 0.49 && plan.members[0].lane.max_rate < 0.51);
    assert_int_equal(plan.members[1].lane.breaker_failures, 5);
    assert_false(plan.members[0].asks_caller);
    assert_int_equal(plan.deadline_us, 2500000);
    assert_true(plan.background);
    assert_int_equal(plan.bounds.recipients, 11);
    assert_int_equal(plan.bounds.parts, 12);
    assert_int_equal(plan.bounds.header_bytes, 2048);
    assert_int_equal(plan.bounds.message_bytes, 4096);
    assert_string_equal(plan.default_from, "a@b.example");
    assert_string_equal(plan.default_locale, "fr");
    assert_string_equal(plan.contact_to, "c@d.example");
    assert_int_equal(plan.target, FCT_TARGET_FILE);
    assert_string_equal(plan.directory, "/out");
    assert_string_equal(plan.directory_where, "capture_dir");
    fct_plan_done(&plan);
    assert_int_equal(
        fct_plan_init(&plan, "smtp://u@a.example?token_callback=1", NULL, NULL, 0, NULL), 0);
    assert_true(plan.members[0].asks_caller);
    fct_plan_done(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_counts_in_its_place_and_is_refused_in_others),
        cmocka_unit_test(one_relay_takes_every_option),
        cmocka_unit_test(what_would_be_overruled_is_refused_too),
        cmocka_unit_test(settled_values_are_what_the_options_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
