/* SPDX-License-Identifier: MIT */
/* mailer/: no memory that held a credential is given back before it is wiped, wherever it came
 * from. */
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
#include "support/mailer_fixture.h"

#define CANARY "c4n4ry+5ecret/"
#define CODED "AGFuYQBjNG40cnkr" /* how the base64 of "\0ana\0" and it begins */

static char folder[64], file[96], script[96];

struct row {
    const char *dsn; /* %u is the relay's port */
    const char *name, *value;
    bool sent, opens;
};

static int open_with(const struct row *row, facteur_mailer **mailer, facteur_error **error)
{
    char dsn[256];

    snprintf(dsn, sizeof dsn, row->dsn, relay.port);
    return facteur_mailer_new(dsn, &row->name, &row->value, row->name ? 1 : 0, mailer, error);
}

static void expect_wiped(const struct row *row)
{
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    bool sent;
    int code;

    fct_memory_watch(NULL);
    fct_memory_watch(CANARY);
    fct_memory_watch(CODED);
    code = open_with(row, &mailer, &error);
    if ((code == 0) != row->opens)
        fail_msg("%s: %s", row->dsn, error ? facteur_error_message(error) : "opened");
    if (error)
        assert_null(strstr(facteur_error_message(error), CANARY));
    sent = mailer && mailer_send(mailer);
    facteur_error_free(error);
    facteur_mailer_free(mailer);
    if (sent != row->sent || fct_memory_spilt())
        fail_msg("%s %s: %s, not wiped in %zu blocks", row->dsn, row->name ? row->name : "",
                 sent ? "sent" : "not sent", fct_memory_spilt());
}

static void credentials_are_wiped(void **state)
{
    const struct row rows[] = {
        {"smtp://ana:c4n4ry+5ecret%%2f@127.0.0.1:%u", NULL, NULL, true, true},
        {"smtp://ana@127.0.0.1:%u", "password", CANARY, true, true},
        {"smtp://ana@127.0.0.1:%u", "password_file", file, true, true},
        {"smtp://ana:c4n4ry+5ecret%%2f@127.0.0.1:%u", "auth", "LOGIN", false, true},
        {"smtp://ana:c4n4ry+5ecret%%2f@127.0.0.1:%u", "auth", "nonsense", false, false},
        {"smtp://ana:c4n4ry+5ecret%%2f@127.0.0.1:%u?no_such_option=1", NULL, NULL, false, false},
        {"smtp://ana:c4n4ry+5ecret%%2f@127.0.0.1:%u?password=" CANARY, NULL, NULL, true, true},
        {"smtp://ana:c4n4ry+5ecret%%2f%%00@127.0.0.1:%u", NULL, NULL, false, false},
        {"smtp://ana@127.0.0.1:%u", "token_command", script, true, true},
        {"smtp://127.0.0.1:%u", "proxy", "socks5://ana:c4n4ry+5ecret%2f@127.0.0.1:1", false, true},
        {"smtp://127.0.0.1:%u", "proxy", "nonsense://ana:c4n4ry+5ecret%2f@127.0.0.1:1", false,
         false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_wiped(&rows[i]);
}

static void write_file(const char *path, const char *text, unsigned mode)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fchmod(fileno(out), mode), 0);
    fclose(out);
}

static int make_files(void **state)
{
    strcpy(folder, "/tmp/facteur-secrets-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/password", folder);
    snprintf(script, sizeof script, "%s/token", folder);
    write_file(file, CANARY "\n", 0600);
    write_file(script, "#!/bin/sh\necho '" CANARY "'\n", 0700);
    return relay_start(state);
}

static int remove_files(void **state)
{
    fct_memory_watch(NULL);
    unlink(file);
    unlink(script);
    rmdir(folder);
    return relay_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(credentials_are_wiped, make_files, remove_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
