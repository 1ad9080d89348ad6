/* SPDX-License-Identifier: MIT */
/* config/bearer_command: what a command prints, how it ends, and what is left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "config/bearer_command.h"

#define S 1000000u

/* In the place of config/bearer's: all that the command told. */
struct facteur_token {
    char text[70000];
    size_t len;
    double life;
    char problem[200];
};

static struct facteur_token token;
static char folder[64], script[96];

int facteur_token_give(facteur_token *to, const char *text, size_t len, double life)
{
    if (!len)
        return -1;
    memcpy(to->text, text, len);
    to->text[len] = '\0';
    to->len = len;
    to->life = life;
    return 0;
}

void facteur_token_fail(facteur_token *to, const char *sentence)
{
    snprintf(to->problem, sizeof to->problem, "%s", sentence);
}

static int open_files(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Run it; whatever happens no descriptor and no child is left. */
static int run_until(const char *command, uint64_t deadline_us)
{
    int before = open_files(), result;

    memset(&token, 0, sizeof token);
    token.life = -1;
    result = fct_bearer_command_run(command, deadline_us, &token);
    assert_int_equal(open_files(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_true(result == 0 || *token.problem);
    return result;
}

static int run(const char *command)
{
    return run_until(command, fct_clock_now_us() + 600U * S);
}

static int run_script(const char *body)
{
    FILE *file = fopen(script, "w");

    fprintf(file, "#!/bin/sh\n%s\n", body);
    fclose(file);
    chmod(script, 0700);
    return run(script);
}

static void the_first_line_is_the_token(void **state)
{
    static const struct {
        const char *printed, *text;
        double life;
    } rows[] = {
        {"t0k3n", "t0k3n", 0},          {"t0k3n\\n", "t0k3n", 0},
        {"t0k3n\\r\\n", "t0k3n", 0},    {"t0k3n\\n60", "t0k3n", 60},
        {"a\\n7\\n", "a", 7},           {"t0k3n\\r\\n3600\\r\\n", "t0k3n", 3600},
        {"t0k3n\\n\\n9", "t0k3n", 9},   {"t0k3n\\rx", "t0k3n", 0},
        {"t0 k3n\\n12x", "t0 k3n", 12},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[80];

        snprintf(body, sizeof body, "printf '%s'", rows[i].printed);
        assert_int_equal(run_script(body), 0);
        assert_string_equal(token.text, rows[i].text);
        assert_true(token.life == rows[i].life);
    }
    assert_int_equal(run_script("printf '\\nt0k3n'"), -1);
    assert_string_equal(token.problem, "token_command printed no token on its first line");
    /* Its standard input is empty. */
    assert_int_equal(run("cat"), -1);
    assert_string_equal(token.problem, "token_command printed no token on its first line");
}

static void words_are_parted_by_spaces(void **state)
{
    char command[200] = "echo";

    assert_int_equal(run("  printf  %s|%s|   a  b$c "), 0);
    assert_string_equal(token.text, "a|b$c|");
    assert_int_equal(run(" "), -1);
    assert_string_equal(token.problem, "token_command is empty");
    assert_int_equal(run(""), -1);
    for (int i = 1; i < 64; i++)
        strcat(command, i % 10 ? " x" : " y");
    assert_int_equal(run(command), 0);
    assert_string_equal(token.text, command + 5);
    strcat(command, " z");
    assert_int_equal(run(command), -1);
    assert_string_equal(token.problem,
                        "token_command has more than 64 words: put it into a script");
}

static void what_fails_gives_no_token(void **state)
{
    static const char *const bodies[] = {"echo t0k3n; exit 3", "echo t0k3n; kill -9 $$"};

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(run_script(bodies[i]), -1);
        assert_string_equal(token.problem, "token_command failed");
        assert_int_equal(token.len, 0);
    }
    assert_int_equal(run("/nonexistent/program"), -1);
    assert_string_equal(token.problem, "token_command could not be run: No such file or directory");
}

static void output_has_a_limit(void **state)
{
    assert_int_equal(run("head -c 65535 /dev/zero"), 0);
    assert_int_equal(token.len, 65535);
    assert_int_equal(run("head -c 65536 /dev/zero"), -1);
    assert_string_equal(token.problem, "token_command did not end in time, or printed too much");
    assert_int_equal(run("yes"), -1);
}

static void what_goes_on_is_killed(void **state)
{
    assert_int_equal(run_until("sleep 600", fct_clock_now_us() + S / 20), -1);
    assert_string_equal(token.problem, "token_command did not end in time, or printed too much");
    assert_int_equal(run_until("sleep 600", fct_clock_now_us()), -1);
    assert_int_equal(run_until("sleep 600", 0), -1);
    /* Longer than poll() can wait. */
    assert_int_equal(run_until("echo t0k3n", fct_clock_now_us() + UINT64_C(30000000) * S), 0);
    assert_int_equal(run_until("echo t0k3n", UINT64_MAX), 0);
    assert_string_equal(token.text, "t0k3n");
}

/* How it ended is not known then; what it printed is. */
static void somebody_else_may_wait_for_it(void **state)
{
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("echo t0k3n"), 0);
    assert_string_equal(token.text, "t0k3n");
    signal(SIGCHLD, SIG_DFL);
}

static int make_folder(void **state)
{
    snprintf(folder, sizeof folder, "/tmp/facteur-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(script, sizeof script, "%s/token", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(script);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_token),
        cmocka_unit_test(words_are_parted_by_spaces),
        cmocka_unit_test(what_fails_gives_no_token),
        cmocka_unit_test(output_has_a_limit),
        cmocka_unit_test(what_goes_on_is_killed),
        cmocka_unit_test(somebody_else_may_wait_for_it),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
