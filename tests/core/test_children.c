/* SPDX-License-Identifier: MIT */
/* mailer/: children of fork(), and processes that end without closing their mailers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sched.h>
#include <cmocka.h>

#include "support/mailer_fixture.h"

/* The sockets of this process whose other end is the relay. */
static unsigned count_sockets(void)
{
    unsigned count = 0;

    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;

        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == relay.port)
            count++;
    }
    return count;
}

static int wait_for(pid_t child)
{
    int status = -1;

    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* In the child: what the parent had open is closed, and mail goes out. */
static int child_sends(facteur_mailer *mailer)
{
    unsigned inherited = count_sockets();

    if (inherited == 0)
        return 2;
    if (!mailer_send(mailer))
        return 3;
    return count_sockets() == 1 ? 0 : 4;
}

static void children_close_what_they_inherit(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    facteur_delivery *delivery;
    pid_t child;

    assert_true(mailer_send(mailer));
    delivery = mailer_submit(mailer, 0);
    child = fork();
    if (child == 0) {
        facteur_receipt *receipt = NULL;
        int status = child_sends(mailer);

        if (facteur_delivery_wait(delivery, -1, &receipt, NULL) != FACTEUR_ECLOSED)
            status = 5;
        facteur_delivery_cancel(delivery);
        facteur_delivery_free(delivery);
        facteur_mailer_free(mailer);
        _exit(status);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(delivery_settle(delivery, -1), FACTEUR_SENT);
    assert_true(mailer_send(mailer));
    assert_int_equal(atomic_load(&relay.connections), 2);
    facteur_mailer_free(mailer);
}

/* What a daemon does: nothing inherited stays, and files of its own get the numbers. */
static void become_a_daemon(int ends[2][64], struct stat facts[2][64])
{
    close_range(3, ~0U, 0);
    for (int i = 0; i < 64; i++) {
        int pair[2];

        /* Of each kind, so that each number has its turn with another one. */
        if (i % 3 == 0)
            pair[0] = epoll_create1(0), pair[1] = eventfd(0, 0);
        else if (i % 3 == 1 ? socketpair(AF_UNIX, SOCK_STREAM, 0, pair) : pipe(pair))
            _exit(9);
        for (int side = 0; side < 2; side++) {
            ends[side][i] = pair[side];
            fstat(pair[side], &facts[side][i]);
        }
    }
}

static bool has_kept(int fd, const struct stat *facts)
{
    struct stat now;

    return fstat(fd, &now) == 0 && now.st_ino == facts->st_ino && now.st_dev == facts->st_dev;
}

static int daemon_sends(facteur_mailer *mailer, facteur_host *host)
{
    static int ends[2][64];
    static struct stat facts[2][64];

    become_a_daemon(ends, facts);
    if (!mailer_send(mailer))
        return 3;
    facteur_host_free(host);
    facteur_mailer_free(mailer);
    for (int i = 0; i < 64; i++) {
        if (!has_kept(ends[0][i], &facts[0][i]) || !has_kept(ends[1][i], &facts[1][i]))
            return 4;
    }
    return 0;
}

static void a_daemon_s_files_are_left_alone(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=2");
    facteur_host *host = open_host(mailer);
    facteur_delivery *delivery;
    pid_t child;

    assert_true(mailer_send(mailer));
    delivery = host_submit(host);
    child = fork();
    if (child == 0)
        _exit(daemon_sends(mailer, host));
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(delivery_settle(delivery, -1), FACTEUR_SENT);
    facteur_host_free(host);
    facteur_mailer_free(mailer);
}

/* ThreadSanitizer takes the parent's threads for the child's, and no new ones in a child. */
static void needs_threads_over_fork(void)
{
#ifdef __SANITIZE_THREAD__
    print_message("skipped: ThreadSanitizer does not follow threads over fork(); the "
                  "AddressSanitizer builds run this case\n");
    skip();
#endif
}

/* A thread is in the loop at the fork: the child closes by number alone. */
static void fork_under_a_leader(const char *query)
{
    facteur_mailer *mailer = open_relay(query);
    struct worker other = {.mailer = mailer};
    pid_t child;

    assert_true(mailer_send(mailer));
    atomic_store(&relay.silent, true);
    assert_int_equal(pthread_create(&other.thread, NULL, worker_run, &other), 0);
    while (atomic_load(&relay.finals_seen) < 2)
        sched_yield();
    usleep(20000); /* the leader has gone back into the loop */
    atomic_store(&relay.silent, false);
    child = fork();
    if (child == 0)
        _exit(child_sends(mailer));
    assert_int_equal(wait_for(child), 0);
    relay_answer_late();
    pthread_join(other.thread, NULL);
    assert_int_equal(other.sent, MAILS_EACH);
    assert_int_equal(atomic_load(&relay.connections), 2);
    facteur_mailer_free(mailer);
}

static void a_fork_under_a_leader_leaves_no_descriptor(void **state)
{
    needs_threads_over_fork();
    fork_under_a_leader("?pool_size=1");
}

static void a_fork_under_the_background_leaves_no_descriptor(void **state)
{
    needs_threads_over_fork();
    fork_under_a_leader("?pool_size=1&background=1");
}

static void a_child_has_a_background_of_its_own(void **state)
{
    facteur_mailer *mailer;
    pid_t child;

    needs_threads_over_fork();
    mailer = open_relay("?background=1&pool_size=1");
    assert_true(mailer_send(mailer));
    child = fork();
    if (child == 0) {
        int status = child_sends(mailer);

        facteur_mailer_close(mailer, 5);
        _exit(status);
    }
    assert_int_equal(wait_for(child), 0);
    assert_true(mailer_send(mailer));
    assert_int_equal(atomic_load(&relay.connections), 2);
    facteur_mailer_free(mailer);
}

/* What a process hands to the background is tried before it exits. */
static void the_exit_waits_for_the_background(void **state)
{
    static facteur_delivery *deliveries[MANY]; /* not freed, and not lost */
    static facteur_mailer *mailer;
    pid_t child;

    needs_threads_over_fork();
    child = fork();
    if (child == 0) {
        mailer = open_relay("?background=1&pool_size=1");
        for (int i = 0; i < MANY; i++)
            deliveries[i] = mailer_submit(mailer, 0);
        exit(deliveries[0] ? 0 : 1);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(atomic_load(&relay.mails), MANY);
}

/* ---- Ending without a close ------------------------------------------------------------------ */

static void the_exit_says_quit(void **state)
{
    pid_t child = fork();

    if (child == 0) {
        static facteur_mailer *mailers[2]; /* not closed, and not lost */

        for (int i = 0; i < 2; i++) {
            mailers[i] = open_relay("");
            if (!mailer_send(mailers[i]))
                _exit(1);
        }
        exit(0);
    }
    assert_int_equal(wait_for(child), 0);
    await_the_end(2);
    assert_int_equal(atomic_load(&relay.quits), 2);
}

static void the_exit_of_a_child_says_nothing(void **state)
{
    facteur_mailer *mailer = open_relay("");
    pid_t child;

    assert_true(mailer_send(mailer));
    child = fork();
    if (child == 0)
        exit(0);
    assert_int_equal(wait_for(child), 0);
    assert_true(mailer_send(mailer));
    assert_int_equal(atomic_load(&relay.quits), 0);
    facteur_mailer_free(mailer);
    await_the_end(1);
    assert_int_equal(atomic_load(&relay.connections), 1);
    assert_int_equal(atomic_load(&relay.quits), 1);
}

/* As a runtime might that calls the system itself: no handler of fork() is run in the child. */
static void a_child_made_past_fork_has_its_own_connection(void **state)
{
    facteur_mailer *mailer = open_relay("");
    pid_t child;

    needs_threads_over_fork();
    assert_true(mailer_send(mailer));
    for (int sends = 0; sends < 2; sends++) {
        child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        if (child == 0) {
            bool done = !sends || mailer_send(mailer);

            facteur_mailer_free(mailer);
            _exit(done ? 0 : 1);
        }
        assert_int_equal(wait_for(child), 0);
    }
    assert_true(mailer_send(mailer));
    assert_int_equal(atomic_load(&relay.connections), 2);
    facteur_mailer_free(mailer);
}

static void exit_here(int number)
{
    exit(number == SIGTERM ? 0 : 1);
}

static void an_exit_in_a_signal_handler_says_nothing(void **state)
{
    pid_t child;

#ifdef __SANITIZE_THREAD__
    print_message("skipped: ThreadSanitizer calls handlers later, and elsewhere\n");
    skip();
#endif
    child = fork();
    if (child == 0) {
        static facteur_mailer *mailer;

        mailer = open_relay("");
        signal(SIGTERM, exit_here);
        if (mailer_send(mailer))
            raise(SIGTERM);
        _exit(2);
    }
    assert_int_equal(wait_for(child), 0);
    await_the_end(1);
    assert_int_equal(atomic_load(&relay.quits), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(children_close_what_they_inherit),
        WITH_RELAY(a_daemon_s_files_are_left_alone),
        WITH_RELAY(a_fork_under_a_leader_leaves_no_descriptor),
        WITH_RELAY(a_fork_under_the_background_leaves_no_descriptor),
        WITH_RELAY(a_child_has_a_background_of_its_own),
        WITH_RELAY(the_exit_waits_for_the_background),
        WITH_RELAY(the_exit_says_quit),
        WITH_RELAY(the_exit_of_a_child_says_nothing),
        WITH_RELAY(a_child_made_past_fork_has_its_own_connection),
        WITH_RELAY(an_exit_in_a_signal_handler_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
