/* SPDX-License-Identifier: MIT */
/* net/slots and base/private: shared between processes, given back by the dead, never fooled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/slots.h"

static char runtime[64];
static char shared[96];

static void clear_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        char name[512];

        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(name);
    }
    if (dir)
        closedir(dir);
}

static fct_loop *loop;

static int make_runtime(void **state)
{
    snprintf(runtime, sizeof runtime, "/tmp/fct-slots-XXXXXX");
    if (!mkdtemp(runtime))
        return -1;
    snprintf(shared, sizeof shared, "%s/facteur", runtime);
    loop = fct_loop_new();
    return !loop || setenv("XDG_RUNTIME_DIR", runtime, 1) ? -1 : 0;
}

static int drop_runtime(void **state)
{
    fct_loop_free(loop);
    clear_dir(shared);
    unlink(shared);
    rmdir(shared);
    clear_dir(runtime);
    return rmdir(runtime);
}

static fct_slots *slots_of(const char *relay, unsigned count)
{
    fct_slice part = fct_slice_of(relay);
    fct_slots *slots = NULL;

    assert_int_equal(fct_slots_open(loop, &part, 1, count, &slots, NULL), 0);
    return slots;
}

static void a_slot_is_one_holders(void **state)
{
    fct_slots *a = slots_of("relay", 2), *b = slots_of("relay", 2), *other = slots_of("else", 2);

    assert_int_equal(fct_slots_take(a), 0);
    assert_int_equal(fct_slots_take(b), 1);
    assert_false(fct_slots_any_free(a));
    assert_false(fct_slots_any_free(b));
    assert_true(fct_slots_any_free(other));
    assert_int_equal(fct_slots_take(a), -1);
    assert_int_equal(fct_slots_take(b), -1);
    fct_slots_give(a, 0);
    assert_true(fct_slots_any_free(b));
    assert_int_equal(fct_slots_take(b), 0);
    fct_slots_free(b);
    assert_int_equal(fct_slots_take(a), 0);
    assert_int_equal(fct_slots_take(a), 1);
    fct_slots_free(a);
    fct_slots_free(other);
}

static void who_counts_more_has_more(void **state)
{
    fct_slots *few = slots_of("relay", 1), *many = slots_of("relay", 3);

    assert_int_equal(fct_slots_take(many), 0);
    assert_int_equal(fct_slots_take(few), -1);
    assert_int_equal(fct_slots_take(many), 1);
    fct_slots_give(many, 0);
    assert_int_equal(fct_slots_take(few), 0);
    fct_slots_free(few);
    fct_slots_free(many);
}

/* A child that holds a slot until it is killed. */
static pid_t holder(void)
{
    int pipe_fds[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(pipe_fds), 0);
    child = fork();
    if (child == 0) {
        fct_slots *slots = slots_of("relay", 1);

        if (fct_slots_take(slots) != 0 || write(pipe_fds[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    close(pipe_fds[0]);
    return child;
}

static void the_dead_hold_nothing(void **state)
{
    fct_slots *slots = slots_of("relay", 1);
    pid_t child = holder();

    assert_int_equal(fct_slots_take(slots), -1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(fct_slots_take(slots), 0);
    fct_slots_free(slots);
}

static void a_child_abandons_what_its_parent_holds(void **state)
{
    fct_slots *slots = slots_of("relay", 1), *rival = slots_of("relay", 1);
    int status = 0;
    pid_t child;

    assert_int_equal(fct_slots_take(slots), 0);
    child = fork();
    if (child == 0) {
        fct_slots_abandon(slots);
        _exit(fct_slots_take(rival) == -1 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(fct_slots_take(rival), -1);
    /* With a child that has not abandoned yet, the parent's word counts, too. */
    child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    fct_slots_free(slots);
    assert_int_equal(fct_slots_take(rival), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fct_slots_free(rival);
}

/* As a child must whose parent had another thread in the loop: it may not look at the slots. */
static void a_child_drops_the_file_by_its_number(void **state)
{
    fct_slots *slots = slots_of("relay", 1), *rival;
    int pipe_fds[2];
    char byte;
    pid_t child;

    assert_int_equal(fct_slots_take(slots), 0);
    assert_int_equal(pipe(pipe_fds), 0);
    child = fork();
    if (child == 0) {
        fct_loop_drop(loop);
        if (write(pipe_fds[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    /* As when the parent dies: closed, and nothing given back. */
    fct_slots_abandon(slots);
    rival = slots_of("relay", 1);
    assert_int_equal(fct_slots_take(rival), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fct_slots_free(rival);
}

static void a_removed_file_is_left(void **state)
{
    fct_slots *old = slots_of("relay", 1), *young;

    clear_dir(shared);
    young = slots_of("relay", 1);
    assert_int_equal(fct_slots_take(young), 0);
    assert_int_equal(fct_slots_follow(old, NULL), 0);
    assert_int_equal(fct_slots_take(old), -1);
    fct_slots_free(old);
    fct_slots_free(young);
}

static void expect_refused(const char *word)
{
    fct_slice part = FCT_SLICE("relay");
    facteur_error *error = NULL;
    fct_slots *slots = NULL;

    assert_int_equal(fct_slots_open(loop, &part, 1, 1, &slots, &error), FACTEUR_ECONFIG);
    assert_null(slots);
    assert_string_equal(facteur_error_where(error), "host_slots");
    if (!strstr(facteur_error_message(error), word))
        fail_msg("%s", facteur_error_message(error));
    facteur_error_free(error);
}

static void a_place_that_others_can_change_is_refused(void **state)
{
    char elsewhere[128];

    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", runtime);
    clear_dir(shared);
    rmdir(shared);
    mkdir(elsewhere, 0700);
    assert_int_equal(symlink(elsewhere, shared), 0);
    expect_refused("it is not a directory");
    unlink(shared);
    rmdir(elsewhere);
    close(open(shared, O_CREAT | O_WRONLY, 0600));
    expect_refused("it is not a directory");
    unlink(shared);
    mkdir(shared, 0700);
    chmod(shared, 0777);
    expect_refused("open to other users");
    chmod(shared, 0700);
    if (geteuid() == 0) {
        assert_int_equal(chown(shared, 12345, 0), 0);
        expect_refused("belongs to another user");
        assert_int_equal(chown(shared, 0, 0), 0);
    }
    fct_slots_free(slots_of("relay", 1));
}

static void a_file_that_others_can_change_is_refused(void **state)
{
    char name[512] = "", target[128];
    DIR *dir;
    struct dirent *entry;

    fct_slots_free(slots_of("relay", 1));
    dir = opendir(shared);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            snprintf(name, sizeof name, "%s/%s", shared, entry->d_name);
    }
    closedir(dir);
    assert_true(strstr(name, ".slots") && !strstr(name, "relay"));
    chmod(name, 0666);
    expect_refused("open to other users");
    unlink(name);
    snprintf(target, sizeof target, "%s/target", runtime);
    assert_int_equal(symlink(target, name), 0);
    expect_refused("cannot be used");
    assert_int_equal(access(target, F_OK), -1);
    unlink(name);
    assert_int_equal(mkfifo(name, 0600), 0);
    expect_refused("is not a regular file");
    unlink(name);
}

static void allocations_may_fail(void **state)
{
    fct_slice part = FCT_SLICE("relay");
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        fct_slots *slots = NULL;
        int result;

        fct_memory_fail_at(nth);
        result = fct_slots_open(loop, &part, 1, 4, &slots, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        fct_slots_free(slots);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_is_one_holders),
        cmocka_unit_test(who_counts_more_has_more),
        cmocka_unit_test(the_dead_hold_nothing),
        cmocka_unit_test(a_child_abandons_what_its_parent_holds),
        cmocka_unit_test(a_child_drops_the_file_by_its_number),
        cmocka_unit_test(a_removed_file_is_left),
        cmocka_unit_test(a_place_that_others_can_change_is_refused),
        cmocka_unit_test(a_file_that_others_can_change_is_refused),
        cmocka_unit_test(allocations_may_fail),
    };

    return cmocka_run_group_tests(tests, make_runtime, drop_runtime);
}
