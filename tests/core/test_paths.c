/* SPDX-License-Identifier: MIT */
/* config/paths: every file that a configuration could open is told, with what named it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "facteur.h"

#define DKIM                                                                                       \
    "[{\"domain\":\"a.example\",\"selector\":\"s\",\"key_file\":\"/k1\"},"                         \
    "{\"domain\":\"b.example\",\"selector\":\"s\",\"key_file\":\"/k2\"}]"
#define SMIME                                                                                      \
    "{\"sign\":{\"certificate_file\":\"/c\",\"key_file\":\"/k\",\"passphrase\":\"x_file\"},"       \
    "\"encrypt\":{\"recipients\":[{\"certificate_file\":\"/r\"}]}}"

/* "path where source" a line. */
static char *listing(const facteur_paths *paths)
{
    const char *path, *where, *source;
    fct_buf text = {0};

    for (size_t i = 0; (path = facteur_path(paths, i, &where, &source)); i++)
        fct_buf_addf(&text, "%s %s %s\n", path, where, source);
    fct_buf_add_text(&text, "");
    return fct_buf_take(&text, NULL);
}

static void expect(facteur_paths *paths, const char *wanted)
{
    char *text = listing(paths);

    assert_string_equal(text, wanted);
    fct_free(text);
    facteur_paths_free(paths);
}

static void each_place_is_told(void **state)
{
    const char *names[] = {"ca_file", "dkim"}, *values[] = {"relative/ca", DKIM};
    facteur_paths *paths = NULL;

    setenv("FACTEUR_TLS_SESSION_FILE", "/t", 1);
    assert_int_equal(facteur_paths_of("smtps://u@a.example?password_file=/p%20w&ca_file=/dropped"
                                      "&capture_dir=/out",
                                      names, values, 2, &paths, NULL),
                     0);
    unsetenv("FACTEUR_TLS_SESSION_FILE");
    expect(paths, "/out capture_dir dsn\n"
                  "/k1 dkim[0].key_file call\n"
                  "/k2 dkim[1].key_file call\n"
                  "relative/ca ca_file call\n"
                  "/t tls_session_file FACTEUR_TLS_SESSION_FILE\n"
                  "/p w password_file dsn\n");
}

static void each_relay_is_told(void **state)
{
    facteur_paths *paths = NULL;

    setenv("FACTEUR_DSN",
           "failover(smtps://a.example?client_cert=/a smtps://u@b.example?password_file=/b)"
           "?ca_file=/both",
           1);
    assert_int_equal(facteur_paths_of(NULL, NULL, NULL, 0, &paths, NULL), 0);
    unsetenv("FACTEUR_DSN");
    expect(paths, "/both ca_file FACTEUR_DSN\n"
                  "/a client_cert FACTEUR_DSN\n"
                  "/both ca_file FACTEUR_DSN\n"
                  "/b password_file FACTEUR_DSN\n");
}

static void folders_are_told_and_what_opens_nothing_is_not(void **state)
{
    facteur_paths *paths = NULL;

    assert_int_equal(facteur_paths_of("FILE:///var/%6dail?deadline=3", NULL, NULL, 0, &paths, NULL),
                     0);
    expect(paths, "/var/mail dsn dsn\n");
    assert_int_equal(facteur_paths_of("smtp+unix:///run/smtp", NULL, NULL, 0, &paths, NULL), 0);
    expect(paths, "");
    /* The password in the call leaves the file unread. */
    assert_int_equal(facteur_paths_of("smtps://u@a.example?password_file=/p",
                                      (const char *[]){"password"}, (const char *[]){"x"}, 1,
                                      &paths, NULL),
                     0);
    expect(paths, "");
}

static void one_option_is_told(void **state)
{
    facteur_error *error = NULL;
    facteur_paths *paths = NULL;

    assert_int_equal(facteur_paths_of_option("smime", SMIME, &paths, NULL), 0);
    expect(paths, "/c smime.sign.certificate_file call\n"
                  "/k smime.sign.key_file call\n"
                  "/r smime.encrypt.recipients[0].certificate_file call\n");
    assert_int_equal(facteur_paths_of_option("ca_file", "/ca", &paths, NULL), 0);
    expect(paths, "/ca ca_file call\n");
    assert_int_equal(facteur_paths_of_option("deadline", "5", &paths, NULL), 0);
    expect(paths, "");
    assert_int_equal(facteur_paths_of_option("smime", "{", &paths, &error), FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_where(error), "smime");
    facteur_error_free(error);
    assert_int_equal(facteur_paths_of_option("nosuch", "", &paths, NULL), FACTEUR_ECONFIG);
    assert_int_equal(facteur_paths_of("smtps://a.example?nosuch=1", NULL, NULL, 0, &paths, NULL),
                     FACTEUR_ECONFIG);
}

static void allocations_may_fail(void **state)
{
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        const char *name = "dkim", *value = DKIM;
        facteur_paths *paths = NULL;
        facteur_error *error = NULL;
        int err;

        fct_memory_fail_at(nth);
        err = facteur_paths_of("smtps://a.example?ca_file=/ca", &name, &value, 1, &paths, &error);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        facteur_error_free(error);
        facteur_paths_free(paths);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_place_is_told),
        cmocka_unit_test(each_relay_is_told),
        cmocka_unit_test(folders_are_told_and_what_opens_nothing_is_not),
        cmocka_unit_test(one_option_is_told),
        cmocka_unit_test(allocations_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
