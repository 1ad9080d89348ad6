/* SPDX-License-Identifier: MIT */
/* config/login: the secret that wins, and the file that has it. */
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

#include "config/host.h"
#include "config/login.h"
#include "config/plan.h"

static char path[] = "/tmp/facteur-test-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    return unlink(path);
}

static void write_file(const char *bytes, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

/* The password of the file, or the fault told of it. */
static void expect(const char *bytes, size_t len, const char *password, const char *fault)
{
    struct fct_login_stamp stamp = {.size = -1};
    fct_secret *secret = NULL;
    facteur_error *error = NULL;
    int err;

    write_file(bytes, len);
    err = fct_login_read_file(path, &secret, &stamp, &error);
    if (fault) {
        assert_int_equal(err, FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), "password_file");
        if (!strstr(facteur_error_message(error), fault))
            fail_msg("%s", facteur_error_message(error));
        assert_null(secret);
        assert_int_equal(stamp.size, -1);
        facteur_error_free(error);
        return;
    }
    assert_int_equal(err, 0);
    assert_true(fct_slice_equal(fct_secret_bytes(secret), fct_slice_of(password)));
    assert_int_equal(stamp.size, len);
    /* It was written just now: within the same tick it may be written again. */
    assert_false(stamp.settled);
    assert_true(fct_login_file_changed(path, &stamp));
    fct_secret_unref(secret);
}

static void a_file_has_one_line(void **state)
{
    expect("secret", 6, "secret", NULL);
    expect("secret\n", 7, "secret", NULL);
    expect("secret\r\n\r\n", 10, "secret", NULL);
    expect(" a b~\xc3\xa9 ", 8, " a b~\xc3\xa9 ", NULL);
    expect("", 0, NULL, "is empty");
    expect("\n", 1, NULL, "is empty");
    expect("a\nb", 3, NULL, "has a control character");
    expect("a\x1f", 2, NULL, "has a control character");
    expect("a\x7f", 2, NULL, "has a control character");
    expect("a\0b", 3, NULL, "has a control character");
}

static void a_file_has_a_length(void **state)
{
    static char bytes[65538];

    memset(bytes, 'x', sizeof bytes - 1);
    expect(bytes, 65536, NULL, "is too long");
    expect(bytes, 65537, NULL, "is too long");
    bytes[65535] = '\0';
    expect(bytes, 65535, bytes, NULL);
}

static void what_cannot_be_read_is_told(void **state)
{
    struct fct_login_stamp stamp;
    fct_secret *secret = NULL;
    facteur_error *error = NULL;

    assert_int_equal(fct_login_read_file("/nonexistent/x", &secret, &stamp, &error),
                     FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_message(error),
                        "cannot read \"/nonexistent/x\": No such file or directory");
    facteur_error_free(error);
    error = NULL;
    assert_int_equal(fct_login_read_file("/tmp", &secret, &stamp, &error), FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_message(error), "cannot read \"/tmp\": Is a directory");
    facteur_error_free(error);
    assert_null(secret);
}

/* What is left alone for longer than a tick is the same as long as all of this is the same. */
static void a_stamp_tells_every_change(void **state)
{
    struct fct_login_stamp same = {.settled = true}, other;
    struct stat facts;

    assert_int_equal(stat(path, &facts), 0);
    same.device = facts.st_dev;
    same.inode = facts.st_ino;
    same.size = facts.st_size;
    same.changed = facts.st_ctim;
    assert_false(fct_login_file_changed(path, &same));
    assert_true(fct_login_file_changed("/nonexistent/x", &same));
    other = same;
    other.settled = false;
    assert_true(fct_login_file_changed(path, &other));
    other = same;
    other.device++;
    assert_true(fct_login_file_changed(path, &other));
    other = same;
    other.inode++;
    assert_true(fct_login_file_changed(path, &other));
    other = same;
    other.size++;
    assert_true(fct_login_file_changed(path, &other));
    other = same;
    other.changed.tv_sec++;
    assert_true(fct_login_file_changed(path, &other));
    other = same;
    other.changed.tv_nsec++;
    assert_true(fct_login_file_changed(path, &other));
}

/* A password that was changed in its file is another login, of another generation. */
static void a_changed_file_renews_the_login(void **state)
{
    static const char *const users[] = {"smtps://ana@h.example?password_file=%s",
                                        "postmark://?password_file=%s"};

    for (int i = 0; i < 2; i++) {
        fct_member *member;
        char dsn[128];
        fct_plan plan;

        write_file("first\n", 6);
        snprintf(dsn, sizeof dsn, users[i], path);
        assert_int_equal(fct_plan_init(&plan, dsn, NULL, NULL, 0, NULL), 0);
        member = &plan.members[0];
        assert_int_equal(fct_plan_complete(&plan, "", NULL), 0);
        assert_string_equal(member->relay.session.username, i ? "first" : "ana");
        assert_false(fct_member_renew(member)); /* it is the same */
        write_file("second\n", 7);
        assert_true(fct_member_renew(member));
        assert_int_equal(member->relay.generation, 1);
        assert_true(
            fct_slice_equal(fct_secret_bytes(member->relay.session.password), FCT_SLICE("second")));
        assert_string_equal(member->relay.session.username, i ? "second" : "ana");
        assert_false(fct_member_renew(member));
        write_file("", 0);
        assert_false(fct_member_renew(member));
        assert_int_equal(member->relay.generation, 1);
        assert_true(
            fct_slice_equal(fct_secret_bytes(member->relay.session.password), FCT_SLICE("second")));
        fct_plan_done(&plan);
    }
}

static void a_login_without_a_file_is_not_renewed(void **state)
{
    fct_plan plan;

    assert_int_equal(fct_plan_init(&plan, "smtps://u:p@h.example", NULL, NULL, 0, NULL), 0);
    assert_int_equal(fct_plan_complete(&plan, "", NULL), 0);
    assert_false(fct_member_renew(&plan.members[0]));
    fct_plan_done(&plan);
}

/*
 * EHLO has the option's name, else the first name that is public, never the login's; else each
 * connection has its own literal.
 */
static void ehlo_has_a_name(void **state)
{
    static const struct {
        const char *dsn, *sender, *helo;
    } rows[] = {
        {"smtps://h.example?helo=shop.example", "a@b.example", "shop.example"},
        {"smtps://h.example", "Ana <a@b.example>", "b.example"},
        {"smtps://h.example", "a@local", NULL},
        {"smtps://h.example?default_from=x@y.example", "", "y.example"},
        {"smtps://u@z.example:p@h.example", "", NULL},
        {"smtps://john.doe:p@h.example", "", NULL},
    };
    char host_name[256] = "";

    gethostname(host_name, sizeof host_name - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *helo;
        bool public = i > 0 && fct_host_is_public_name(fct_slice_of(host_name));
        facteur_error *error = NULL;
        fct_plan plan;

        if (fct_plan_init(&plan, rows[i].dsn, NULL, NULL, 0, &error))
            fail_msg("%s: %s", rows[i].dsn, facteur_error_message(error));
        assert_int_equal(fct_plan_complete(&plan, rows[i].sender, NULL), 0);
        helo = plan.members[0].relay.session.helo;
        if (public || rows[i].helo)
            assert_string_equal(helo, public ? host_name : rows[i].helo);
        else
            assert_null(helo);
        fct_plan_done(&plan);
    }
}

static void files_that_cannot_be_read_are_named(void **state)
{
    static const char *const options[] = {"ca_file", "client_cert", "client_key", "password_file"};

    for (size_t i = 0; i < 4; i++) {
        facteur_error *error = NULL;
        char dsn[200];
        fct_plan plan;

        snprintf(dsn, sizeof dsn, "smtps://u%s@h.example?client_cert=/dev/null&%s=/nonexistent/x",
                 i == 3 ? "" : ":p", options[i]);
        if (i == 1)
            strcpy(dsn, "smtps://u:p@h.example?client_cert=/nonexistent/x");
        assert_int_equal(fct_plan_init(&plan, dsn, NULL, NULL, 0, &error), 0);
        assert_int_equal(fct_plan_complete(&plan, "", &error), FACTEUR_ECONFIG);
        assert_non_null(strstr(facteur_error_where(error), options[i]));
        assert_non_null(strstr(facteur_error_message(error), "No such file or directory"));
        facteur_error_free(error);
        fct_plan_done(&plan);
    }
}

/* The error's message, or "" when the DSN makes a relay. */
static void expect_login(const char *dsn, const char *message)
{
    facteur_error *error = NULL;
    fct_plan plan;
    int err = fct_plan_init(&plan, dsn, NULL, NULL, 0, &error);
    const char *told = err ? facteur_error_message(error) : "";

    if (*message ? !strstr(told, message) : *told != '\0')
        fail_msg("%s: \"%s\"", dsn, told);
    if (!err)
        fct_plan_done(&plan);
    facteur_error_free(error);
}

static void a_login_is_whole(void **state)
{
    setenv("FCT_TEST_PASSWORD", "secret", 1);
    setenv("FCT_TEST_BAD", "a\nb", 1);
    setenv("FCT_TEST_EMPTY", "", 1);
    unsetenv("FCT_TEST_NONE");
    expect_login("smtps://h.example", "");
    expect_login("smtps://u:p@h.example", "");
    expect_login("smtps://u@h.example?token=t", "");
    expect_login("smtps://u@h.example?password_env=FCT_TEST_PASSWORD", "");
    expect_login("smtps://u@h.example?password_file=/x", "");
    expect_login("smtps://u@h.example?password_env=FCT_TEST_BAD", "FCT_TEST_BAD has a control");
    expect_login("smtps://u@h.example?password_env=FCT_TEST_EMPTY", "FCT_TEST_EMPTY is empty");
    expect_login("smtps://u@h.example?password_env=FCT_TEST_NONE", "FCT_TEST_NONE is not set");
    expect_login("smtps://u:p@h.example?token=t", "give password or token, not both");
    expect_login("smtps://u@h.example?token=t&token_command=x",
                 "give token or token_command, not both");
    expect_login("smtps://u@h.example", "there is a username but no password");
    expect_login("smtps://h.example?password=p", "there is a password but no username");
    expect_login("smtps://h.example?token=t", "there is a password but no username");
    expect_login("smtps://h.example?auth=PLAIN", "auth is given but neither username");
    expect_login("smtps://u:p@h.example?auth=XOAUTH2", "auth=XOAUTH2 needs the option token");
    expect_login("smtps://u:p@h.example?auth=OAUTHBEARER", "auth=OAUTHBEARER needs the option");
    expect_login("smtps://u@h.example?token=t&auth=OAUTHBEARER", "");
    expect_login("smtps://u@h.example?token=t&auth=XOAUTH2", "");
    expect_login("smtps://u@h.example?token_command=x&auth=XOAUTH2", "");
    expect_login("smtps://u@h.example?token_callback=1&auth=XOAUTH2", "");
    expect_login("smtps://u@h.example?token=t&auth=PLAIN", "auth=PLAIN cannot use a token");
    expect_login("smtps://h.example?auth=EXTERNAL", "auth=EXTERNAL needs the option client_cert");
    expect_login("smtps://h.example?auth=EXTERNAL&client_cert=/c", "");
    expect_login("smtps://u@h.example?auth=EXTERNAL&client_cert=/c", "");
    expect_login("smtps://u:p@h.example?auth=EXTERNAL&client_cert=/c", "not with a password");
    expect_login("smtps://u@h.example?token=t&auth=EXTERNAL&client_cert=/c", "not with a password");
    expect_login("postmark://t", "");
    expect_login("postmark://", "postmark needs a login");
    expect_login("brevo://u:p", "");
    expect_login("brevo://u", "brevo needs a login: brevo://LOGIN:KEY");
    expect_login("office365://u?token=t", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_one_line),
        cmocka_unit_test(a_file_has_a_length),
        cmocka_unit_test(what_cannot_be_read_is_told),
        cmocka_unit_test(a_stamp_tells_every_change),
        cmocka_unit_test(a_changed_file_renews_the_login),
        cmocka_unit_test(a_login_without_a_file_is_not_renewed),
        cmocka_unit_test(ehlo_has_a_name),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
        cmocka_unit_test(a_login_is_whole),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
