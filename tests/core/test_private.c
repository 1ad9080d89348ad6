/* SPDX-License-Identifier: MIT */
/*
 * base/private and host_slots over it: other users were at its places first, or nothing can be made
 * there.  Each case in a child that is another user, in its own view of the file system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/private.h"
#include "support/expect.h"
#include "support/mailer_fixture.h"

#define VICTIM 54321
#define STRANGER 12345
#define TAKEN "/tmp/facteur-54321"

/* A /tmp of its own, which others may write to. */
static void make_tmp(const char *options)
{
    EXPECT(mount("tmpfs", "/tmp", "tmpfs", 0, options) == 0);
}

/* Run a case in a child; false when this process may not. */
static bool run_apart(void (*run)(void))
{
    int status = -1;
    pid_t child;

    if (geteuid() != 0) {
        print_message("skipped: needs root, to be two users\n");
        return false;
    }
    child = fork();
    if (child == 0) {
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("TMPDIR");
        if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
            _exit(77);
        run();
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: no namespace of its own to be had\n");
        return false;
    }
    assert_int_equal(status, 0);
    return true;
}

static void apart(void (*run)(void))
{
    if (!run_apart(run))
        skip();
}

static void become(uid_t user)
{
    EXPECT(seteuid(0) == 0 && seteuid(user) == 0);
}

static ino_t number_of(int fd)
{
    struct stat facts;

    EXPECT(fstat(fd, &facts) == 0);
    EXPECT(facts.st_uid == VICTIM && (facts.st_mode & 0777) == 0700 && S_ISDIR(facts.st_mode));
    return facts.st_ino;
}

static ino_t open_place(void)
{
    facteur_error *error = NULL;
    int fd;
    ino_t number;

    become(VICTIM);
    fd = fct_private_dir("host_slots", &error);
    if (fd < 0)
        fprintf(stderr, "%s\n", facteur_error_message(error));
    EXPECT(fd >= 0);
    number = number_of(fd);
    close(fd);
    return number;
}

static ino_t number_at(const char *path)
{
    struct stat facts;

    return lstat(path, &facts) == 0 ? facts.st_ino : 0;
}

/* ---- Somebody was there first ---------------------------------------------------------------- */

static void nobody_was_there(void)
{
    make_tmp("mode=1777");
    EXPECT(open_place() == number_at(TAKEN));
    EXPECT(open_place() == number_at(TAKEN));
}

static void a_stranger_made_it(void)
{
    ino_t number;

    make_tmp("mode=1777");
    become(STRANGER);
    EXPECT(mkdir(TAKEN, 0777) == 0);
    number = open_place();
    EXPECT(number != number_at(TAKEN));
    /* Every process of the user finds the same one. */
    EXPECT(open_place() == number);
    become(0);
    EXPECT(rmdir(TAKEN) == 0);
    EXPECT(open_place() == number_at(TAKEN));
}

static void a_stranger_laid_a_link(void)
{
    ino_t own;

    make_tmp("mode=1777");
    become(VICTIM);
    EXPECT(mkdir("/tmp/letters", 0700) == 0);
    own = number_at("/tmp/letters");
    become(STRANGER);
    EXPECT(symlink("/tmp/letters", TAKEN) == 0);
    EXPECT(symlink("/tmp/letters", TAKEN ".000000") == 0);
    EXPECT(mkdir(TAKEN ".000001", 0700) == 0);
    EXPECT(close(open(TAKEN ".000002", O_CREAT | O_WRONLY, 0600)) == 0);
    EXPECT(open_place() != own);
    EXPECT(open_place() == open_place());
    become(0);
    /* And not a file of ours in it. */
    EXPECT(rmdir("/tmp/letters") == 0);
}

static void it_is_open_to_others(void)
{
    make_tmp("mode=1777");
    become(VICTIM);
    EXPECT(mkdir(TAKEN, 0700) == 0 && chmod(TAKEN, 0777) == 0);
    EXPECT(mkdir(TAKEN ".000000", 0700) == 0 && chmod(TAKEN ".000000", 0770) == 0);
    EXPECT(open_place() != number_at(TAKEN) && open_place() != number_at(TAKEN ".000000"));
}

static void a_place_of_others_is_passed_by(void **state)
{
    apart(nobody_was_there);
    apart(a_stranger_made_it);
    apart(a_stranger_laid_a_link);
    apart(it_is_open_to_others);
}

/* ---- Nothing can be made --------------------------------------------------------------------- */

static void make_others_read_only(void)
{
    EXPECT(mount("tmpfs", "/var/tmp", "tmpfs", MS_RDONLY, "mode=1777") == 0);
    EXPECT(mount("tmpfs", "/dev/shm", "tmpfs", MS_RDONLY, "mode=1777") == 0);
}

static void tmp_is_read_only(void)
{
    EXPECT(mount("tmpfs", "/var/tmp", "tmpfs", 0, "mode=1777") == 0);
    EXPECT(mount("tmpfs", "/tmp", "tmpfs", MS_RDONLY, "mode=1777") == 0);
    EXPECT(open_place() == number_at("/var/tmp/facteur-54321"));
    become(0);
    EXPECT(mkdir("/var/tmp/own", 0700) == 0 && chown("/var/tmp/own", VICTIM, 0) == 0);
    setenv("TMPDIR", "/var/tmp/own", 1);
    EXPECT(open_place() == number_at("/var/tmp/own/facteur-54321"));
    /* A session's directory on a read-only file system. */
    EXPECT(seteuid(0) == 0 && mkdir("/var/tmp/run", 0700) == 0);
    EXPECT(mount("tmpfs", "/var/tmp/run", "tmpfs", MS_RDONLY, "mode=0700,uid=54321") == 0);
    setenv("XDG_RUNTIME_DIR", "/var/tmp/run", 1);
    EXPECT(open_place() == number_at("/var/tmp/own/facteur-54321"));
}

static void nothing_is_writable(void)
{
    facteur_error *error = NULL;

    EXPECT(mount("tmpfs", "/tmp", "tmpfs", MS_RDONLY, "mode=1777") == 0);
    make_others_read_only();
    setenv("TMPDIR", "relative", 1);
    become(VICTIM);
    EXPECT(fct_private_dir("host_slots", &error) == FACTEUR_EIO);
    EXPECT(strstr(facteur_error_message(error), "host_slots: " TAKEN " cannot be used: Read-only"));
    facteur_error_free(error);
}

static void mail_goes_without_slots(void)
{
    facteur_mailer *mailer = open_relay("?host_slots=2&pool_size=8");
    facteur_delivery *deliveries[12];
    char *json = NULL;

    EXPECT(mount("tmpfs", "/tmp", "tmpfs", MS_RDONLY, "mode=1777") == 0);
    make_others_read_only();
    for (unsigned i = 0; i < 12; i++)
        deliveries[i] = mailer_submit(mailer, 0);
    for (unsigned i = 0; i < 12; i++)
        EXPECT(delivery_settle(deliveries[i], -1) == FACTEUR_SENT);
    EXPECT(facteur_stats(mailer, &json, NULL) == 0);
    /* The limit holds in this process. */
    EXPECT(strstr(json, "\"opened\":1,\"reused\":11,\"failed\":{},\"unshared\":1") ||
           strstr(json, "\"opened\":2"));
    EXPECT(strstr(json, "\"unshared\":"));
    facteur_free(json);
    EXPECT(facteur_check(mailer, 20, &json, NULL) == 0);
    EXPECT(strstr(json, "\"ok\":true") &&
           strstr(json, "\"host_slots\":\"host_slots: /tmp/facteur-0"));
    facteur_free(json);
    facteur_mailer_free(mailer);
}

/* What a cleaner of /tmp removed cannot be made again: mails wait for no slot that is nowhere. */
static void mail_goes_when_the_slots_vanish(void)
{
    facteur_mailer *mailer;
    facteur_delivery *delivery;
    char *json = NULL;

    make_tmp("mode=1777");
    mailer = open_relay("?host_slots=2&max_mails=1");
    for (int i = 0; i < 2; i++) {
        if (i == 1) {
            EXPECT(system("rm -r /tmp/facteur-0") == 0);
            EXPECT(mount("tmpfs", "/tmp", "tmpfs", MS_RDONLY, "mode=1777") == 0);
            make_others_read_only();
        }
        delivery = mailer_submit(mailer, 0);
        EXPECT(delivery_settle(delivery, -1) == FACTEUR_SENT);
    }
    EXPECT(facteur_stats(mailer, &json, NULL) == 0);
    EXPECT(strstr(json, "\"opened\":2") && strstr(json, "\"unshared\":1"));
    facteur_free(json);
    facteur_mailer_free(mailer);
}

static void a_place_where_nothing_can_be_made_is_passed_by(void **state)
{
    apart(tmp_is_read_only);
    apart(nothing_is_writable);
    apart(mail_goes_without_slots);
    apart(mail_goes_when_the_slots_vanish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_of_others_is_passed_by),
        WITH_RELAY(a_place_where_nothing_can_be_made_is_passed_by),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
