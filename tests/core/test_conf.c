/* SPDX-License-Identifier: MIT */
/* config/conf: what the configuration file may say, who may read it, and what wins over it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/conf.h"
#include "config/plan.h"

static char file[64];

/* Write the file, and let FACTEUR_CONFIG name it. */
static void write_bytes(const char *bytes, size_t len, mode_t mode)
{
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file, mode), 0);
}

static void write_conf(const char *text, mode_t mode)
{
    write_bytes(text, strlen(text), mode);
}

static int set_up(void **state)
{
    int fd;

    strcpy(file, "/tmp/facteur-conf-XXXXXX");
    fd = mkstemp(file);
    if (fd < 0)
        return -1;
    close(fd);
    return setenv("FACTEUR_CONFIG", file, 1);
}

static int tear_down(void **state)
{
    unsetenv("FACTEUR_CONFIG");
    return unlink(file);
}

static void expect_plan(fct_plan *plan, const char *dsn, const char *const *names,
                        const char *const *values, size_t count)
{
    facteur_error *error = NULL;

    if (fct_plan_init(plan, dsn, names, values, count, &error))
        fail_msg("%s", facteur_error_sentence(error));
}

static void the_file_gives_dsn_and_options(void **state)
{
    static const char *const texts[] = {
        "dsn = smtps://ana:s3cret@relay.example\ndeadline=3\nhelo = shop.example\n",
        "\xef\xbb\xbf# a comment\r\n\r\n  dsn=smtps://ana:s3cret@relay.example \r\n\tdeadline = "
        "3\r\nhelo = shop.example",
        "helo = \"shop.example\"\n#dsn = null://\ndsn='smtps://relay.example'\nusername = ana\n"
        "password = s3cret\ndeadline = 3.0\n",
    };
    fct_plan plan;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_conf(texts[i], 0640);
        assert_int_equal(facteur_default_dsn(NULL), 1);
        expect_plan(&plan, NULL, NULL, NULL, 0);
        assert_string_equal(plan.name, "smtps://relay.example:465");
        assert_int_equal(plan.deadline_us, 3000000);
        assert_string_equal(plan.members[0].relay.session.username, "ana");
        assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "s3cret");
        assert_int_equal(fct_plan_complete(&plan, "", NULL), 0);
        assert_string_equal(plan.members[0].relay.session.helo, "shop.example");
        fct_plan_done(&plan);
    }
    write_conf("dsn = failover(smtps://ana:p#=x@a.example smtp://b.example)?deadline=4\n", 0600);
    expect_plan(&plan, "", NULL, NULL, 0);
    assert_int_equal(plan.member_count, 2);
    assert_int_equal(plan.deadline_us, 4000000);
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "p#=x");
    fct_plan_done(&plan);
}

/* Call, DSN, environment, file. */
static void everything_else_wins_over_it(void **state)
{
    const char *name = "deadline", *value = "5";
    fct_plan plan;

    write_conf("dsn = smtps://relay.example\ndeadline = 2\ndefault_locale = fr\nmode = capture\n"
               "max_mails = 7\n",
               0644);
    expect_plan(&plan, NULL, NULL, NULL, 0);
    assert_int_equal(plan.deadline_us, 2000000);
    assert_int_equal(plan.members[0].relay.max_mails, 7);
    assert_int_equal(plan.target, FCT_TARGET_MEMORY);
    fct_plan_done(&plan);

    setenv("FACTEUR_DEADLINE", "3", 1);
    setenv("FACTEUR_MODE", "live", 1);
    expect_plan(&plan, NULL, NULL, NULL, 0);
    assert_int_equal(plan.deadline_us, 3000000);
    assert_int_equal(plan.target, FCT_TARGET_RELAY);
    fct_plan_done(&plan);
    expect_plan(&plan, "smtps://other.example?deadline=4", NULL, NULL, 0);
    assert_int_equal(plan.deadline_us, 4000000);
    fct_plan_done(&plan);
    expect_plan(&plan, "smtps://other.example?deadline=4", &name, &value, 1);
    assert_int_equal(plan.deadline_us, 5000000);
    assert_string_equal(plan.default_locale, "fr");
    fct_plan_done(&plan);
    unsetenv("FACTEUR_DEADLINE");
    unsetenv("FACTEUR_MODE");

    setenv("FACTEUR_DSN", "null://", 1);
    expect_plan(&plan, NULL, NULL, NULL, 0);
    assert_string_equal(plan.name, "null://");
    assert_int_equal(facteur_default_dsn(NULL), 1);
    fct_plan_done(&plan);
    unsetenv("FACTEUR_DSN");
}

/* Nor is another relay's TLS weakened, nor does it get this one's name. */
static void another_relay_gets_nothing_of_this_ones(void **state)
{
    fct_plan plan;

    write_conf("dsn = smtps://relay.example\nusername = ana\npassword = s3cret\nca_file = /ca.pem\n"
               "max_mails = 7\ndefault_from = shop@shop.example\nmode = redirect\n"
               "redirect_to = dev@shop.example\n",
               0640);
    expect_plan(&plan, "smtps://other.example", NULL, NULL, 0);
    assert_null(plan.members[0].relay.session.username);
    assert_null(plan.members[0].relay.session.password);
    assert_null(plan.members[0].relay.tls.ca_file);
    assert_int_equal(plan.members[0].relay.max_mails, 100);
    assert_string_equal(plan.default_from, "shop@shop.example");
    assert_int_equal(plan.policy.mode, FCT_MODE_REDIRECT);
    fct_plan_done(&plan);
    /* Without a DSN of its own it has no relay: its options are for every one. */
    write_conf("ca_file = /ca.pem\nmax_mails = 7\n", 0644);
    assert_int_equal(facteur_default_dsn(NULL), 0);
    expect_plan(&plan, "smtps://other.example", NULL, NULL, 0);
    assert_string_equal(plan.members[0].relay.tls.ca_file, "/ca.pem");
    assert_int_equal(plan.members[0].relay.max_mails, 7);
    fct_plan_done(&plan);
}

struct refusal {
    const char *text, *where, *message;
};

static void refuses(const char *where, const char *message)
{
    facteur_error *error = NULL;
    char expected[128];
    fct_plan plan;

    snprintf(expected, sizeof expected, "%s%s", file, where);
    if (fct_plan_init(&plan, NULL, NULL, NULL, 0, &error) != FACTEUR_ECONFIG)
        fail_msg("%s was accepted", message);
    assert_string_equal(facteur_error_where(error), expected);
    if (!strstr(facteur_error_message(error), message))
        fail_msg("%s: %s", where, facteur_error_message(error));
    assert_null(strstr(facteur_error_sentence(error), "SECRET"));
    assert_ptr_equal(strstr(facteur_error_sentence(error), expected),
                     facteur_error_sentence(error));
    facteur_error_free(error);
}

static void errors_have_their_line(void **state)
{
    static const struct refusal refusals[] = {
        {"dsn = null://\n\ndedline = 3\n", ":3: dedline", "did you mean deadline?"},
        {"dsn = null://\ntimeout = 3\n", ":2: timeout", "deadline (of a whole send)"},
        {"dsn = null://\nEMAIL_HOST = SECRET\n", ":2", "is no option's name"},
        {"MIIECRETSECRETSECRET=\n", ":1", "is no option's name"},
        {"MIIECRETSECRETSECRET==\n", ":1", "is no option's name"},
        {"dsn = null://\ndeadline = soon\n", ":2: deadline", "seconds such as"},
        {"dsn = null://\ndeadline = 3\ndeadline = 4\n", ":3", "deadline is given in line 2, too"},
        {"[facteur]\ndsn = null://\n", ":1", "no sections"},
        {"dsn null://SECRET\n", ":1", "expected name = value"},
        {"dsn =\n", ":1", "dsn has no value"},
        {"dsn = null://\ncontact_to = \"\"\n", ":2", "contact_to has no value"},
        {"dsn = null://\nca_file = ca.pem\n", ":2", "an absolute path"},
        {"\n\ndsn = smpts://ana:SECRET@h.example\n", ":3: dsn", "did you mean smtps://?"},
        {"\ndsn = mailgun://ana:SECRET@europe\n", ":2: dsn", "mailgun has the regions us, eu"},
        {"\npassword = SECRET\n", ":2", "give its dsn in this file, too"},
        {"dsn = null://\nuser\xff = x\n", ":2", "is no option's name"},
        {"dsn = null://\nhelo = a\xff\n", ":2: helo", "not UTF-8"},
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        write_conf(refusals[i].text, 0600);
        refuses(refusals[i].where, refusals[i].message);
    }
    write_bytes("helo = a\0b\n", 11, 0600);
    refuses(":1", "the control character 0x00");
    write_conf("dsn = failover(smtps://a.example smtps://b.example)\npassword = SECRET\n", 0600);
    refuses(":2: password", "several relays cannot share one login");
}

static void what_is_too_long_is_refused(void **state)
{
    static char text[(1 << 20) + 2];

    memset(text, '#', sizeof text - 1);
    write_conf(text, 0600);
    refuses("", "it is longer than 1048576 bytes");
}

static void who_may_read_and_write_it_is_looked_at(void **state)
{
    static const char *const secrets[] = {
        "dsn = smtps://ana:SECRET@relay.example\n",
        "dsn = failover(smtp://a.example sendgrid://SECRET)\n",
        "dsn = smtps://ana@relay.example?token=SECRET\n",
        "dsn = smtps://ana@relay.example\npassword = SECRET\n",
        "dsn = smtps://ana@relay.example\ntoken = SECRET\n",
        "dsn = null://\nproxy = socks5://ana:SECRET@p.example\n",
        ("dsn = null://\ndkim = "
         "[{\"domain\":\"a.example\",\"selector\":\"s\",\"key\":\"SECRET\"}]\n"),
        ("dsn = null://\ndkim = [{\"domain\":\"a.example\",\"selector\":\"s\",\"key_file\":\"/k\","
         "\"passphrase\":\"SECRET\"}]\n"),
        "dsn = smtps://relay.example?proxy=socks5://ana:SECRET@p.example\n",
    };
    static const char *const harmless[] = {
        "dsn = smtps://relay.example\n",
        "dsn = smtps://ana@relay.example\npassword_env = PATH\n",
        "dsn = null://\nproxy = socks5://p.example\n",
        "dsn = smtps://relay.example?proxy=socks5://p.example\n",
        ("dsn = null://\ndkim = "
         "[{\"domain\":\"a.example\",\"selector\":\"s\",\"key_file\":\"/k\"}]\n"),
    };
    static const mode_t writable[] = {0620, 0660, 0602, 0666};
    char advice[128];
    fct_plan plan;

    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        snprintf(advice, sizeof advice, "run chmod 0640 %s", file);
        write_conf(secrets[i], 0644);
        refuses("", advice);
        write_conf(secrets[i], 0604);
        refuses("", advice);
        for (int mode = 0600; mode <= 0640; mode += 040) {
            write_conf(secrets[i], (mode_t)mode);
            assert_int_equal(facteur_default_dsn(NULL), 1);
        }
    }
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        write_conf(harmless[i], 0644);
        expect_plan(&plan, NULL, NULL, NULL, 0);
        fct_plan_done(&plan);
    }
    snprintf(advice, sizeof advice, "run chmod go-w %s", file);
    for (size_t i = 0; i < sizeof writable / sizeof writable[0]; i++) {
        write_conf(harmless[0], writable[i]);
        refuses("", advice);
    }
    /* Who may read the file decides nothing about a DSN with a mistake, nor for who has another. */
    for (int mode = 0640; mode <= 0644; mode += 4) {
        write_conf("dsn = smpts://a.example\n", (mode_t)mode);
        refuses(":1: dsn", "did you mean smtps://?");
        expect_plan(&plan, "null://", NULL, NULL, 0);
        fct_plan_done(&plan);
    }
}

/* A file that is named must be there. */
static void what_the_variable_says_is_meant(void **state)
{
    static const struct refusal refusals[] = {
        {"/nowhere/facteur.conf", "/nowhere/facteur.conf", "No such file"},
        {"/tmp", "/tmp", "Is a directory"},
        {"facteur.conf", "FACTEUR_CONFIG", "must be an absolute path"},
    };
    fct_plan plan;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        facteur_error *error = NULL;

        setenv("FACTEUR_CONFIG", refusals[i].text, 1);
        assert_int_equal(fct_plan_init(&plan, "null://", NULL, NULL, 0, &error), FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), refusals[i].where);
        assert_non_null(strstr(facteur_error_message(error), refusals[i].message));
        facteur_error_free(error);
        assert_int_equal(facteur_default_dsn(NULL), FACTEUR_ECONFIG);
    }
    for (int i = 0; i < 2; i++) {
        setenv("FACTEUR_CONFIG", i ? "" : "/dev/null", 1);
        expect_plan(&plan, "null://", NULL, NULL, 0);
        fct_plan_done(&plan);
        if (i == 0)
            assert_int_equal(fct_plan_init(&plan, NULL, NULL, NULL, 0, NULL), FACTEUR_ECONFIG);
    }
    setenv("FACTEUR_CONFIG", file, 1);
}

static void paths_of_the_file_have_their_source(void **state)
{
    static const char *const expected[][3] = {
        {"/ca.pem", "ca_file", "FACTEUR_CONFIG"},
        {"/out", "dsn", "FACTEUR_CONFIG"},
    };
    facteur_paths *paths = NULL;
    const char *where, *source;

    write_conf("dsn = file:///out\nca_file = /ca.pem\n", 0644);
    assert_int_equal(facteur_paths_of(NULL, NULL, NULL, 0, &paths, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        const char *path = facteur_path(paths, i, &where, &source);

        assert_string_equal(path, expected[i][0]);
        assert_string_equal(where, expected[i][1]);
        assert_string_equal(source, expected[i][2]);
    }
    assert_null(facteur_path(paths, 2, &where, &source));
    facteur_paths_free(paths);
}

static void an_option_is_told_without_a_mailer(void **state)
{
    char *text;

    write_conf("dsn = null://\ndefault_from = cron@shop.example\npassword = s3cret\n", 0640);
    text = facteur_default_option("default_from");
    assert_string_equal(text, "cron@shop.example");
    facteur_free(text);
    setenv("FACTEUR_DEFAULT_FROM", "env@shop.example", 1);
    text = facteur_default_option("default_from");
    assert_string_equal(text, "env@shop.example");
    facteur_free(text);
    unsetenv("FACTEUR_DEFAULT_FROM");
    assert_null(facteur_default_option("contact_to"));
    assert_null(facteur_default_option("password"));
    assert_null(facteur_default_option("dkim"));
    assert_null(facteur_default_option("nonsense"));
    write_conf("nonsense = 1\ndefault_from = cron@shop.example\n", 0640);
    assert_null(facteur_default_option("default_from"));
}

#ifdef FCT_FAULT_INJECTION
static void allocations_may_fail(void **state)
{
    for (int mode = 0600; mode <= 0644; mode += 044) {
        int failed = 1;

        write_conf("dsn = failover(smtps://a.example smtps://b.example)\nhelo = c.example\n",
                   (mode_t)mode);
        for (unsigned long nth = 1; failed; nth++) {
            facteur_error *error = NULL;
            fct_plan plan;
            int err;

            fct_memory_fail_at(nth);
            err = fct_plan_init(&plan, NULL, NULL, NULL, 0, &error);
            failed = fct_memory_failed();
            fct_memory_fail_at(0);
            assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
            facteur_error_free(error);
            if (!err)
                fct_plan_done(&plan);
        }
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_gives_dsn_and_options),
        cmocka_unit_test(everything_else_wins_over_it),
        cmocka_unit_test(another_relay_gets_nothing_of_this_ones),
        cmocka_unit_test(errors_have_their_line),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(who_may_read_and_write_it_is_looked_at),
        cmocka_unit_test(what_the_variable_says_is_meant),
        cmocka_unit_test(paths_of_the_file_have_their_source),
        cmocka_unit_test(an_option_is_told_without_a_mailer),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(allocations_may_fail),
#endif
    };

    unsetenv("FACTEUR_DSN");
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
