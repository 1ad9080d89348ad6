/* SPDX-License-Identifier: MIT */
/* mailer/: who runs the loop: threads together, a host's event loop, a thread of the mailer's own,
 * and children of fork(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "facteur.h"
#include "threaded_relay.h"

#define THREADS 64
#define MAILS_EACH 5
#define MANY 40

static facteur_mailer *open_relay(const char *query)
{
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    char dsn[256];

    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u%s", relay.port, query);
    if (facteur_mailer_new(dsn, NULL, NULL, 0, &mailer, &error))
        fail_msg("%s", facteur_error_message(error));
    return mailer;
}

static facteur_message *make_message(void)
{
    facteur_message *message = facteur_message_new();

    if (!message || facteur_message_set(message, "from", "shop@example.com", FACTEUR_NTS, NULL) ||
        facteur_message_set(message, "to", "ana@x.example", FACTEUR_NTS, NULL) ||
        facteur_message_set(message, "text", "Thank you.\n", FACTEUR_NTS, NULL))
        abort();
    return message;
}

static facteur_delivery *submit(facteur_mailer *mailer, unsigned how)
{
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_error *error = NULL;

    if (facteur_submit(mailer, message, 30, how, &delivery, &error))
        fail_msg("%s", facteur_error_message(error));
    facteur_message_free(message);
    return delivery;
}

/* The status of a delivery, which is freed; -1 while it has none. */
static int settle(facteur_delivery *delivery, double timeout)
{
    facteur_receipt *receipt = NULL;
    int status = -1;

    if (facteur_delivery_wait(delivery, timeout, &receipt, NULL) == 1)
        status = (int)facteur_receipt_status(receipt);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    return status;
}

static void await_the_end(unsigned connections)
{
    while (atomic_load(&relay.ended) < connections)
        sched_yield();
}

static bool send_one(facteur_mailer *mailer)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    bool sent = facteur_send(mailer, message, 30, &receipt, NULL) == 0 &&
                facteur_receipt_status(receipt) == FACTEUR_SENT;

    facteur_receipt_free(receipt);
    facteur_message_free(message);
    return sent;
}

/* ---- The first sends of a process ------------------------------------------------------------ */

static pthread_barrier_t together;

static void *send_first(void *mailer)
{
    pthread_barrier_wait(&together);
    return send_one(mailer) ? mailer : NULL;
}

static void threads_may_all_be_the_first(void **state)
{
    facteur_mailer *mailers[8];
    pthread_t threads[8];
    void *sent;

    pthread_barrier_init(&together, NULL, 8);
    for (int i = 0; i < 8; i++) {
        mailers[i] = open_relay("");
        assert_int_equal(pthread_create(&threads[i], NULL, send_first, mailers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], &sent);
        assert_ptr_equal(sent, mailers[i]);
        facteur_mailer_free(mailers[i]);
    }
    pthread_barrier_destroy(&together);
    await_the_end(8);
    assert_int_equal(atomic_load(&relay.quits), 8);
}

/* ---- Submitting and waiting ------------------------------------------------------------------ */

static void what_is_submitted_is_sent_while_somebody_waits(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    facteur_delivery *deliveries[MANY];
    facteur_receipt *receipt = NULL;

    assert_int_equal(facteur_mailer_window(mailer), 16);
    for (int i = 0; i < MANY; i++)
        deliveries[i] = submit(mailer, 0);
    assert_int_equal(atomic_load(&relay.mails), 0);
    /* The last one's verdict comes after all the others'. */
    assert_int_equal(facteur_delivery_wait(deliveries[MANY - 1], -1, &receipt, NULL), 1);
    facteur_receipt_free(receipt);
    assert_int_equal(facteur_delivery_wait(deliveries[MANY - 1], -1, &receipt, NULL),
                     FACTEUR_ECLOSED);
    facteur_delivery_free(deliveries[MANY - 1]);
    for (int i = 0; i < MANY - 1; i++)
        assert_int_equal(settle(deliveries[i], 0), FACTEUR_SENT);
    assert_int_equal(atomic_load(&relay.mails), MANY);
    assert_int_equal(atomic_load(&relay.connections), 1);
    facteur_mailer_free(mailer);
}

static void waiting_ends_with_its_time(void **state)
{
    facteur_mailer *mailer = open_relay("");
    facteur_delivery *delivery;
    facteur_receipt *receipt = NULL;

    atomic_store(&relay.silent, true);
    delivery = submit(mailer, 0);
    assert_int_equal(facteur_delivery_wait(delivery, 0, &receipt, NULL), 0);
    assert_int_equal(facteur_delivery_wait(delivery, 0.05, &receipt, NULL), 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(delivery, 0.01, &receipt, NULL), 0);
    /* Handed over: a close without time to wait leaves it in doubt. */
    facteur_mailer_close(mailer, 0);
    assert_int_equal(settle(delivery, -1), FACTEUR_IN_DOUBT);
    facteur_mailer_free(mailer);
}

static void a_cancelled_mail_ends_or_goes_on(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    facteur_delivery *queued, *begun;
    facteur_receipt *receipt = NULL;

    queued = submit(mailer, 0);
    facteur_delivery_cancel(queued);
    assert_int_equal(facteur_delivery_wait(queued, 0, &receipt, NULL), 1);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_TEMPORARY);
    assert_int_equal(facteur_receipt_error_code(receipt), FACTEUR_ECLOSED);
    facteur_receipt_free(receipt);
    facteur_delivery_free(queued);
    assert_int_equal(atomic_load(&relay.mails), 0);

    atomic_store(&relay.silent, true);
    begun = submit(mailer, 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(begun, 0.01, &receipt, NULL), 0);
    facteur_delivery_cancel(begun);
    assert_int_equal(facteur_delivery_wait(begun, 0.01, &receipt, NULL), 0);
    relay_answer_late();
    assert_int_equal(settle(begun, 5), FACTEUR_SENT);
    facteur_mailer_free(mailer);
}

static void a_verdict_that_came_in_time_counts(void **state)
{
    facteur_mailer *mailer = open_relay("");
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_receipt *receipt = NULL;

    atomic_store(&relay.silent, true);
    assert_int_equal(facteur_submit(mailer, message, 0.3, 0, &delivery, NULL), 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(delivery, 0.001, &receipt, NULL), 0);
    relay_answer_late();
    usleep(400000); /* nobody drives the mailer, and the deadline passes */
    assert_int_equal(settle(delivery, 0.1), FACTEUR_SENT);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

/* ---- Threads --------------------------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    facteur_mailer *mailer;
    unsigned sent;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int i = 0; i < MAILS_EACH; i++)
        worker->sent += send_one(worker->mailer);
    return NULL;
}

static void run_workers(facteur_mailer *mailer)
{
    struct worker workers[THREADS] = {0};

    for (int i = 0; i < THREADS; i++) {
        workers[i].mailer = mailer;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].sent, MAILS_EACH);
    }
    assert_int_equal(atomic_load(&relay.mails), THREADS * MAILS_EACH);
}

static void threads_feed_one_connection(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1&max_mails=0");

    run_workers(mailer);
    assert_int_equal(atomic_load(&relay.connections), 1);
    facteur_mailer_free(mailer);
}

/* ---- A host's event loop --------------------------------------------------------------------- */

/* What a host does between two of its own events. */
static unsigned host_turn(facteur_mailer *mailer, unsigned *sent)
{
    double timeout = facteur_mailer_timeout(mailer);
    struct pollfd fd = {.fd = facteur_mailer_fd(mailer), .events = POLLIN};
    facteur_delivery *delivery;
    unsigned told = 0;

    poll(&fd, 1, timeout < 0 ? 1000 : (int)(timeout * 1000) + (timeout > 0));
    facteur_mailer_step(mailer);
    while ((delivery = facteur_mailer_done(mailer)) != NULL) {
        told++;
        *sent += settle(delivery, 0) == FACTEUR_SENT;
    }
    return told;
}

static void a_host_drives_many_mails(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=2");
    unsigned told = 0, sent = 0, turns = 0;

    assert_int_equal(facteur_mailer_fd(mailer), -1);
    for (int i = 0; i < MANY; i++)
        submit(mailer, FACTEUR_HOSTED);
    while (told < MANY && turns++ < 2000)
        told += host_turn(mailer, &sent);
    assert_int_equal(told, MANY);
    assert_int_equal(sent, MANY);
    /* No busy wait: a turn has its reason. */
    assert_true(turns < 20 * MANY);
    assert_null(facteur_mailer_done(mailer));
    assert_true(send_one(mailer));
    facteur_mailer_free(mailer);
}

static void *be_second_host(void *argument)
{
    struct worker *worker = argument;
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;

    worker->sent = facteur_submit(worker->mailer, message, 1, FACTEUR_HOSTED, &delivery, NULL) ==
                   FACTEUR_EBUSY;
    facteur_message_free(message);
    return NULL;
}

static void one_host_at_a_time(void **state)
{
    facteur_mailer *mailer = open_relay("");
    struct worker other = {.mailer = mailer};
    unsigned sent = 0;

    submit(mailer, FACTEUR_HOSTED);
    assert_int_equal(pthread_create(&other.thread, NULL, be_second_host, &other), 0);
    pthread_join(other.thread, NULL);
    assert_int_equal(other.sent, 1);
    while (!host_turn(mailer, &sent))
        continue;
    assert_int_equal(sent, 1);
    facteur_mailer_free(mailer);
}

/* Threads that wait leave the work to the host; a leader steps back when a host comes. */
static void a_host_works_for_threads_too(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    struct worker workers[4] = {0};
    unsigned sent = 0, told = 0;

    for (int i = 0; i < 4; i++) {
        workers[i].mailer = mailer;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < MANY; i++)
        submit(mailer, FACTEUR_HOSTED);
    while (told < MANY)
        told += host_turn(mailer, &sent);
    assert_int_equal(sent, MANY);
    for (int i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].sent, MAILS_EACH);
    }
    facteur_mailer_free(mailer);
}

/* A host that never steps cannot keep a thread waiting beyond its deadline. */
static void a_lost_host_holds_nobody_up(void **state)
{
    facteur_mailer *mailer = open_relay("");
    facteur_delivery *delivery = submit(mailer, FACTEUR_HOSTED);
    struct worker other = {.mailer = mailer};
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;

    facteur_delivery_free(delivery);
    assert_int_equal(pthread_create(&other.thread, NULL, work, &other), 0);
    pthread_join(other.thread, NULL);
    assert_int_equal(other.sent, MAILS_EACH);
    /* The host's own thread may wait itself. */
    delivery = submit(mailer, FACTEUR_HOSTED);
    assert_int_equal(facteur_send(mailer, message, 5, &receipt, NULL), 0);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    facteur_receipt_free(receipt);
    assert_int_equal(settle(delivery, 5), FACTEUR_SENT);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

/* ---- In the background ----------------------------------------------------------------------- */

static void the_background_sends_while_nobody_waits(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1&pool_size=1");
    facteur_delivery *deliveries[MANY];
    int told = 0;

    for (int i = 0; i < MANY; i++)
        deliveries[i] = submit(mailer, 0);
    while (atomic_load(&relay.mails) < MANY)
        sched_yield();
    for (int i = 0; i < MANY; i++)
        told += settle(deliveries[i], 5) == FACTEUR_SENT;
    assert_int_equal(told, MANY);
    facteur_mailer_close(mailer, 5);
    assert_int_equal(atomic_load(&relay.quits), 1);
    facteur_mailer_free(mailer);
}

static void closing_the_background_loses_nothing(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1&pool_size=1");
    facteur_delivery *deliveries[MANY];

    for (int i = 0; i < MANY; i++)
        deliveries[i] = submit(mailer, 0);
    facteur_mailer_close(mailer, 10);
    assert_int_equal(atomic_load(&relay.mails), MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(settle(deliveries[i], 0), FACTEUR_SENT);
    facteur_mailer_free(mailer);
}

static void a_close_in_the_background_is_bounded(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1");
    facteur_delivery *delivery;

    atomic_store(&relay.silent, true);
    delivery = submit(mailer, 0);
    while (atomic_load(&relay.finals_seen) == 0)
        sched_yield();
    facteur_mailer_close(mailer, 0.2);
    assert_int_equal(settle(delivery, 0), FACTEUR_IN_DOUBT);
    facteur_mailer_free(mailer);
}

static void threads_share_the_background(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1&pool_size=1&max_mails=0");

    run_workers(mailer);
    assert_int_equal(atomic_load(&relay.connections), 1);
    facteur_mailer_free(mailer);
}

static void a_host_hears_of_the_background(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1");
    unsigned told = 0, sent = 0;

    for (int i = 0; i < MANY; i++)
        submit(mailer, FACTEUR_HOSTED);
    while (told < MANY)
        told += host_turn(mailer, &sent);
    assert_int_equal(sent, MANY);
    facteur_mailer_free(mailer);
}

/* The blocked signals of a thread of this process, as /proc tells them. */
static unsigned long long blocked_by(const char *thread)
{
    char path[300], line[128];
    unsigned long long mask = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "SigBlk:", 7) == 0)
            mask = strtoull(line + 7, NULL, 16);
    }
    if (file)
        fclose(file);
    return mask;
}

static unsigned count_deaf_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    unsigned count = 0;

    while (tasks && (entry = readdir(tasks)) != NULL)
        count += (blocked_by(entry->d_name) >> (SIGUSR1 - 1) & 1) &&
                 (blocked_by(entry->d_name) >> (SIGTERM - 1) & 1);
    if (tasks)
        closedir(tasks);
    return count;
}

static void the_background_takes_no_signals(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1");
    unsigned before;

    usleep(50000); /* a joined thread stays in /proc for a moment */
    before = count_deaf_threads();
    assert_true(send_one(mailer));
    assert_int_equal(count_deaf_threads(), before + 1);
    facteur_mailer_free(mailer);
}

/* ---- Children -------------------------------------------------------------------------------- */

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
    if (!send_one(mailer))
        return 3;
    return count_sockets() == 1 ? 0 : 4;
}

static void children_close_what_they_inherit(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    facteur_delivery *delivery;
    pid_t child;

    assert_true(send_one(mailer));
    delivery = submit(mailer, 0);
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
    assert_int_equal(settle(delivery, -1), FACTEUR_SENT);
    assert_true(send_one(mailer));
    assert_int_equal(atomic_load(&relay.connections), 2);
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

    assert_true(send_one(mailer));
    atomic_store(&relay.silent, true);
    assert_int_equal(pthread_create(&other.thread, NULL, work, &other), 0);
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
    assert_true(send_one(mailer));
    child = fork();
    if (child == 0) {
        int status = child_sends(mailer);

        facteur_mailer_close(mailer, 5);
        _exit(status);
    }
    assert_int_equal(wait_for(child), 0);
    assert_true(send_one(mailer));
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
            deliveries[i] = submit(mailer, 0);
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
            if (!send_one(mailers[i]))
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

    assert_true(send_one(mailer));
    child = fork();
    if (child == 0)
        exit(0);
    assert_int_equal(wait_for(child), 0);
    assert_true(send_one(mailer));
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
    assert_true(send_one(mailer));
    for (int sends = 0; sends < 2; sends++) {
        child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        if (child == 0) {
            bool done = !sends || send_one(mailer);

            facteur_mailer_free(mailer);
            _exit(done ? 0 : 1);
        }
        assert_int_equal(wait_for(child), 0);
    }
    assert_true(send_one(mailer));
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
        if (send_one(mailer))
            raise(SIGTERM);
        _exit(2);
    }
    assert_int_equal(wait_for(child), 0);
    await_the_end(1);
    assert_int_equal(atomic_load(&relay.quits), 0);
}

/* ---- How many to submit ---------------------------------------------------------------------- */

static void the_window_is_of_the_relays_own_options(void **state)
{
    static const struct {
        const char *dsn;
        unsigned window;
    } cases[] = {
        {"memory://", 1},
        {"smtp://localhost", 80},
        {"smtp://localhost?pool_size=3&pipelining=0", 3},
        {"failover(smtp://localhost?pool_size=1 smtp://localhost:26?pool_size=2)", 32},
        {"roundrobin(smtp://localhost?pool_size=1 smtp://localhost:26?pipeline_depth=4)", 36},
        {"failover(smtp://localhost roundrobin(smtp://localhost:26 smtp://localhost:27))"
         "?pool_size=2",
         64},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_mailer *mailer = NULL;

        assert_int_equal(facteur_mailer_new(cases[i].dsn, NULL, NULL, 0, &mailer, NULL), 0);
        assert_int_equal(facteur_mailer_window(mailer), cases[i].window);
        facteur_mailer_free(mailer);
    }
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_start, relay_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* Before any other, for later nobody is the first any more. */
        WITH_RELAY(threads_may_all_be_the_first),
        WITH_RELAY(what_is_submitted_is_sent_while_somebody_waits),
        WITH_RELAY(waiting_ends_with_its_time),
        WITH_RELAY(a_cancelled_mail_ends_or_goes_on),
        WITH_RELAY(a_verdict_that_came_in_time_counts),
        WITH_RELAY(threads_feed_one_connection),
        WITH_RELAY(a_host_drives_many_mails),
        WITH_RELAY(one_host_at_a_time),
        WITH_RELAY(a_host_works_for_threads_too),
        WITH_RELAY(a_lost_host_holds_nobody_up),
        WITH_RELAY(the_background_sends_while_nobody_waits),
        WITH_RELAY(closing_the_background_loses_nothing),
        WITH_RELAY(a_close_in_the_background_is_bounded),
        WITH_RELAY(threads_share_the_background),
        WITH_RELAY(a_host_hears_of_the_background),
        WITH_RELAY(the_background_takes_no_signals),
        WITH_RELAY(children_close_what_they_inherit),
        WITH_RELAY(a_fork_under_a_leader_leaves_no_descriptor),
        WITH_RELAY(a_fork_under_the_background_leaves_no_descriptor),
        WITH_RELAY(a_child_has_a_background_of_its_own),
        WITH_RELAY(the_exit_waits_for_the_background),
        WITH_RELAY(the_exit_says_quit),
        WITH_RELAY(the_exit_of_a_child_says_nothing),
        WITH_RELAY(a_child_made_past_fork_has_its_own_connection),
        WITH_RELAY(an_exit_in_a_signal_handler_says_nothing),
        cmocka_unit_test(the_window_is_of_the_relays_own_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
