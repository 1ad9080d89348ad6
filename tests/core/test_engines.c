/* SPDX-License-Identifier: MIT */
/*
 * mailer/: what shared mailers leave behind when nobody has a handle any more.  This program is the
 * clock of the core: its function comes before the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/memory.h"
#include "support/mailer_fixture.h"

#define TENANTS 1000
#define RESTING 32 /* that stay, with descriptors enough */
#define TEN_MINUTES 600

static _Atomic(long) ahead; /* seconds that the monotonic clock is off */

int clock_gettime(clockid_t id, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, id, now);

    if (result == 0 && id == CLOCK_MONOTONIC)
        now->tv_sec += ahead;
    return (int)result;
}

/* ---- Tenants --------------------------------------------------------------------------------- */

static facteur_mailer *open_tenant(unsigned number)
{
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    char dsn[128];

    snprintf(dsn, sizeof dsn, "smtp://tenant%u:s3cret@127.0.0.1:%u", number, relay.port);
    if (facteur_mailer_shared(dsn, NULL, NULL, 0, &mailer, &error))
        fail_msg("tenant %u: %s", number, facteur_error_message(error));
    return mailer;
}

static bool serve_tenant(unsigned number)
{
    facteur_mailer *mailer = open_tenant(number);
    bool sent = mailer_send(mailer);

    facteur_mailer_free(mailer);
    return sent;
}

static void expect_counts(size_t used, size_t resting)
{
    size_t now_used, now_resting, left;

    facteur_shared_count(&now_used, &now_resting, &left);
    assert_int_equal(now_used, used);
    assert_int_equal(now_resting, resting);
}

/* Each test begins with none. */
static int begin(void **state)
{
    facteur_mailer *mailer;

    atomic_fetch_add(&ahead, TEN_MINUTES);
    if (facteur_mailer_shared("null://", NULL, NULL, 0, &mailer, NULL))
        return -1;
    facteur_mailer_free(mailer);
    atomic_fetch_add(&ahead, TEN_MINUTES);
    return relay_start(state);
}

static int end(void **state)
{
    facteur_mailer *mailer;

    /* The relay's threads end when their connections do. */
    atomic_fetch_add(&ahead, TEN_MINUTES);
    if (facteur_mailer_shared("null://", NULL, NULL, 0, &mailer, NULL))
        return -1;
    facteur_mailer_free(mailer);
    return relay_stop(state);
}

static size_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int wait_for(pid_t child)
{
    int status = -1;

    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- Many configurations --------------------------------------------------------------------- */

static void a_thousand_configurations_need_few_descriptors(void **state)
{
    const struct rlimit narrow = {256, 256};
    pid_t child = fork();

    if (child == 0) {
        size_t blocks = 0, before = count_descriptors();

        setrlimit(RLIMIT_NOFILE, &narrow);
        for (unsigned i = 0; i < TENANTS; i++) {
            if (!serve_tenant(i))
                _exit(2);
            if (i == TENANTS / 2)
                blocks = fct_memory_blocks();
        }
        if (count_descriptors() > before + 256 / 4)
            _exit(3);
        _exit(fct_memory_blocks() > blocks + blocks / 16 ? 4 : 0);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(atomic_load(&relay.mails), TENANTS);
    await_the_end(TENANTS);
    /* Those that left said so; the others went with the process. */
    assert_true(atomic_load(&relay.quits) >= TENANTS - 256 / 32);
}

static void a_mailer_in_use_never_leaves(void **state)
{
    facteur_mailer *kept = open_tenant(0);

    assert_true(mailer_send(kept));
    for (unsigned i = 1; i <= RESTING + 10; i++)
        assert_true(serve_tenant(i));
    expect_counts(1, RESTING);
    atomic_fetch_add(&ahead, 2 * TEN_MINUTES);
    assert_true(mailer_send(kept));
    expect_counts(1, 0);
    facteur_mailer_free(kept);
    expect_counts(0, 1);
}

static void the_least_lately_used_leaves_first(void **state)
{
    unsigned connections;

    for (unsigned i = 0; i < RESTING; i++)
        assert_true(serve_tenant(i));
    assert_true(serve_tenant(0));
    assert_int_equal(atomic_load(&relay.connections), RESTING);
    assert_true(serve_tenant(RESTING));
    await_the_end(1);
    connections = atomic_load(&relay.connections);
    assert_true(serve_tenant(0));
    assert_true(serve_tenant(2));
    assert_int_equal(atomic_load(&relay.connections), connections);
    assert_true(serve_tenant(1));
    assert_int_equal(atomic_load(&relay.connections), connections + 1);
}

static void an_idle_one_leaves_by_its_age(void **state)
{
    facteur_mailer *kept = open_tenant(0);
    facteur_host *host = open_host(kept);

    for (unsigned i = 1; i <= 3; i++)
        assert_true(serve_tenant(i));
    atomic_fetch_add(&ahead, TEN_MINUTES - 2);
    facteur_host_step(host);
    expect_counts(1, 3);
    atomic_fetch_add(&ahead, 3);
    facteur_host_step(host);
    expect_counts(1, 0);
    await_the_end(3);
    assert_int_equal(atomic_load(&relay.quits), 3);
    facteur_host_free(host);
    facteur_mailer_free(kept);
}

/* Nobody wants its mail any more, and nobody drives it to an end. */
static void a_mail_that_was_given_up_keeps_its_engine_until_its_age(void **state)
{
    facteur_mailer *mailer = open_tenant(0);

    atomic_store(&relay.silent, true);
    facteur_delivery *delivery = mailer_submit(mailer, 0);
    while (atomic_load(&relay.finals_seen) == 0)
        facteur_delivery_wait(delivery, 0.01, &(facteur_receipt *){NULL}, NULL);
    facteur_delivery_free(delivery);
    facteur_mailer_free(mailer);
    for (unsigned i = 0; i < RESTING + 4; i++) {
        assert_int_equal(facteur_mailer_shared("null://", (const char *const[]){"deadline"},
                                               (const char *const[]){(char[]){
                                                   (char)('1' + i % 9), (char)('0' + i / 9), 0}},
                                               1, &mailer, NULL),
                         0);
        facteur_mailer_free(mailer);
    }
    expect_counts(0, RESTING);
    assert_int_equal(atomic_load(&relay.ended), 0);
    atomic_fetch_add(&ahead, TEN_MINUTES);
    assert_int_equal(facteur_mailer_shared("null://", NULL, NULL, 0, &mailer, NULL), 0);
    facteur_mailer_free(mailer);
    await_the_end(1);
    expect_counts(0, 1);
}

/* ---- Threads --------------------------------------------------------------------------------- */

#define THREADS 8
#define ROUNDS 12

static void *serve_many(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument, sent = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        sent += serve_tenant(number * ROUNDS + i);
        sent += serve_tenant(TENANTS + i % 3);
    }
    return (void *)(uintptr_t)sent;
}

static void threads_may_come_and_go(void **state)
{
    pthread_t threads[THREADS];
    uintptr_t sent = 0;

    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, serve_many, (void *)(uintptr_t)i), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        sent += (uintptr_t)result;
    }
    assert_int_equal(sent, 2 * THREADS * ROUNDS);
    assert_int_equal(atomic_load(&relay.mails), sent);
    expect_counts(0, RESTING);
}

/* ---- Children -------------------------------------------------------------------------------- */

static void a_child_drops_what_its_parent_kept(void **state)
{
    size_t before = count_descriptors();
    facteur_mailer *kept;
    pid_t child;

    for (unsigned i = 0; i < 4; i++)
        assert_true(serve_tenant(i));
    kept = open_tenant(9);
    assert_true(mailer_send(kept));
    child = fork();
    if (child == 0) {
        if (!serve_tenant(0))
            _exit(2);
        facteur_mailer_free(kept);
        /* The relay's ends, one engine with its connection, and what libuv opens once. */
        _exit(count_descriptors() > before + 5 + 5 + 2 ? 3 : 0);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(atomic_load(&relay.quits), 0);
    expect_counts(1, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(serve_tenant(i));
    assert_true(mailer_send(kept));
    facteur_mailer_free(kept);
    assert_int_equal(atomic_load(&relay.connections), 6);
}

/* ---- Secrets --------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* what was freed lies in quarantine, and shadow memory is without end */
#else
#define SANITIZED 0
#endif

#define MASK 0x5a /* over what is looked for, so that it is not found itself */

static void mask(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] ^= MASK;
}

static bool has_within(const volatile char *at, const volatile char *last, const char *masked,
                       size_t len)
{
    for (; at + len <= last; at++) {
        size_t i = 0;

        while (i < len && (at[i] ^ MASK) == masked[i])
            i++;
        if (i == len)
            return true;
    }
    return false;
}

/* Whether this process's memory holds the text whose octets are masked. */
static bool memory_has(const char *masked, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from, to;
    bool found = false;
    char line[512], may[5];

    while (!found && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, may) == 3 && may[0] == 'r' && may[1] == 'w')
            found = has_within((const char *)from, (const char *)to, masked, len);
    }
    fclose(maps);
    return found;
}

/* In a child, whose memory holds nothing of the relay's. */
static int leave_and_look(void)
{
    char secret[33], login[64], coded[FCT_BASE64_LEN(sizeof login)], dsn[160];
    facteur_mailer *mailer;
    size_t len, coded_len;

    for (size_t i = 0; i < 32; i++)
        secret[i] = (char)('a' + (unsigned)rand() % 26);
    secret[32] = '\0';
    snprintf(dsn, sizeof dsn, "smtp://ana:%s@127.0.0.1:%u", secret, relay.port);
    len = (size_t)snprintf(login, sizeof login, "%cana%c%s", 0, 0, secret);
    coded_len = fct_base64_encode(coded, login, len);
    mask(coded, coded_len);
    fct_wipe(login, sizeof login);
    if (facteur_mailer_shared(dsn, NULL, NULL, 0, &mailer, NULL) || !mailer_send(mailer))
        return 2;
    mask(secret, 32);
    fct_wipe(dsn, sizeof dsn);
    facteur_mailer_free(mailer);
    if (!memory_has(secret, 32))
        return 3;
    atomic_fetch_add(&ahead, TEN_MINUTES);
    serve_tenant(1);
    if (memory_has(secret, 32))
        return 4;
    return memory_has(coded, coded_len) ? 5 : 0;
}

static void its_credentials_are_wiped(void **state)
{
    pid_t child;

    if (SANITIZED) {
        print_message("skipped: a sanitizer keeps what was freed\n");
        skip();
    }
    child = fork();
    if (child == 0)
        _exit(leave_and_look());
    assert_int_equal(wait_for(child), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_configurations_need_few_descriptors),
        TEST(a_mailer_in_use_never_leaves),
        TEST(the_least_lately_used_leaves_first),
        TEST(an_idle_one_leaves_by_its_age),
        TEST(a_mail_that_was_given_up_keeps_its_engine_until_its_age),
        TEST(threads_may_come_and_go),
        TEST(a_child_drops_what_its_parent_kept),
        TEST(its_credentials_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
