/* SPDX-License-Identifier: MIT */
/*
 * Row 107 of docs/faults.md: ten thousand sessions with a relay that has stopped speaking, half of
 * them before its greeting and half behind MAIL, hold less than 64 KiB each, and mails to a healthy
 * relay on the same loop are not held up.  No stalled session ends before the relay does, which is
 * a process of its own; then each mail is certain not to be sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <unistd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "support/pool_fixture.h"

#define SESSIONS 10000u
#define POOLS 10u
#define HEALTHY 50u
#define EACH_MAX (64u * 1024)
#define HOUR_US 3600000000u

static struct {
    atomic_uint accepted, stalled;
} * seen; /* shared with the silent relay */

static unsigned allowed_sessions(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= SESSIONS + 200)
        return SESSIONS;
    print_message("%lu descriptors are allowed: fewer sessions than %u\n",
                  (unsigned long)limit.rlim_max, SESSIONS);
    return (unsigned)(limit.rlim_max - 200) / POOLS * POOLS;
}

static void hear(int fd)
{
    char buf[2000];
    ssize_t len = recv(fd, buf, sizeof buf - 1, 0);

    if (len <= 0) {
        close(fd);
        return;
    }
    buf[len] = '\0';
    if (strncmp(buf, "EHLO", 4) == 0)
        (void)!send(fd, "250-x\r\n250 PIPELINING\r\n", 23, MSG_NOSIGNAL);
    if (strstr(buf, "MAIL"))
        seen->stalled++;
}

static void be_silent_relay(int listener)
{
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};

    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (epoll_wait(epoll, &event, 1, -1) == 1) {
        int fd = event.data.fd;

        if (fd != listener) {
            hear(fd);
            continue;
        }
        fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (seen->accepted++ % 2)
            (void)!send(fd, "220 x\r\n", 7, MSG_NOSIGNAL);
        else
            seen->stalled++;
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static pid_t start_silent_relay(uint16_t *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t child;

    assert_int_equal(bind(listener, (struct sockaddr *)&in, len), 0);
    assert_int_equal(listen(listener, 4096), 0);
    getsockname(listener, (struct sockaddr *)&in, &len);
    *port = ntohs(in.sin_port);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_silent_relay(listener);
        _exit(1);
    }
    close(listener);
    return child;
}

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void send_healthy_mails(void)
{
    struct server server = {0};
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    for (unsigned i = 0; i < HEALTHY; i++) {
        struct post post;

        send_one(pool, &post);
        expect_sent(&post);
    }
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.mails, HEALTHY);
}

static void stalled_sessions_hold_little(void **state)
{
    unsigned sessions = allowed_sessions();
    struct post *posts = calloc(sessions, sizeof *posts);
    fct_pool *pools[POOLS];
    struct server silent = {0};
    fct_relay relay;
    size_t before;
    pid_t child;
#ifdef FCT_FAULT_INJECTION
    size_t held;
#endif

    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(posts && seen != MAP_FAILED);
    child = start_silent_relay(&silent.port);
    relay = relay_for(&silent);
    relay.pool_size = sessions / POOLS;
    relay.session.greeting_us = relay.session.command_us = relay.connect_us = HOUR_US;
    before = resident();
#ifdef FCT_FAULT_INJECTION
    held = fct_memory_bytes();
#endif
    for (unsigned i = 0; i < POOLS; i++)
        pools[i] = fct_pool_new(loop, &relay);
    for (unsigned i = 0; i < sessions; i++)
        submit(pools[i % POOLS], &posts[i], HOUR_US);
    while (seen->stalled < sessions) {
        fct_loop_step(loop);
        assert_false(posts[0].finished);
        sched_yield();
    }
    print_message("%u stalled sessions: %zu bytes resident each\n", sessions,
                  (resident() - before) / sessions);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__) /* its red zones count, too */
    assert_true((resident() - before) / sessions < EACH_MAX);
#endif
#ifdef FCT_FAULT_INJECTION
    assert_true((fct_memory_bytes() - held) / sessions < EACH_MAX);
#endif
    send_healthy_mails();
    for (unsigned i = 0; i < sessions; i++)
        assert_false(posts[i].finished);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (unsigned i = 0; i < sessions; i++) {
        run_until_set(loop, &posts[i].finished);
        assert_int_equal(posts[i].calls, 1);
        assert_int_equal(posts[i].class, FCT_TEMPORARY);
        assert_int_equal(posts[i].error, FACTEUR_ECONNECT);
        fct_free(posts[i].job.transcript);
    }
    for (unsigned i = 0; i < POOLS; i++)
        fct_pool_free(pools[i]);
    munmap(seen, sizeof *seen);
    free(posts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stalled_sessions_hold_little, set_up, tear_down)};

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
