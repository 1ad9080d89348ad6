/* SPDX-License-Identifier: MIT */
/* mailer/: who runs the loop: threads together, a host's event loop, a thread of the mailer's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sched.h>
#include <time.h>
#include <cmocka.h>

#include "support/mailer_fixture.h"

#define THREADS 64

/* ---- The first sends of a process ------------------------------------------------------------ */

static pthread_barrier_t together;

static void *send_first(void *mailer)
{
    pthread_barrier_wait(&together);
    return mailer_send(mailer) ? mailer : NULL;
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
        deliveries[i] = mailer_submit(mailer, 0);
    assert_int_equal(atomic_load(&relay.mails), 0);
    /* The last one's verdict comes after all the others'. */
    assert_int_equal(facteur_delivery_wait(deliveries[MANY - 1], -1, &receipt, NULL), 1);
    facteur_receipt_free(receipt);
    assert_int_equal(facteur_delivery_wait(deliveries[MANY - 1], -1, &receipt, NULL),
                     FACTEUR_ECLOSED);
    facteur_delivery_free(deliveries[MANY - 1]);
    for (int i = 0; i < MANY - 1; i++)
        assert_int_equal(delivery_settle(deliveries[i], 0), FACTEUR_SENT);
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
    delivery = mailer_submit(mailer, 0);
    assert_int_equal(facteur_delivery_wait(delivery, 0, &receipt, NULL), 0);
    assert_int_equal(facteur_delivery_wait(delivery, 0.05, &receipt, NULL), 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(delivery, 0.01, &receipt, NULL), 0);
    /* Handed over: a close without time to wait leaves it in doubt. */
    facteur_mailer_close(mailer, 0);
    assert_int_equal(delivery_settle(delivery, -1), FACTEUR_IN_DOUBT);
    facteur_mailer_free(mailer);
}

static void a_cancelled_mail_ends_or_goes_on(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    facteur_delivery *queued, *begun;
    facteur_receipt *receipt = NULL;

    queued = mailer_submit(mailer, 0);
    facteur_delivery_cancel(queued);
    assert_int_equal(facteur_delivery_wait(queued, 0, &receipt, NULL), 1);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_TEMPORARY);
    assert_int_equal(facteur_receipt_error_code(receipt), FACTEUR_ECLOSED);
    facteur_receipt_free(receipt);
    facteur_delivery_free(queued);
    assert_int_equal(atomic_load(&relay.mails), 0);

    atomic_store(&relay.silent, true);
    begun = mailer_submit(mailer, 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(begun, 0.01, &receipt, NULL), 0);
    facteur_delivery_cancel(begun);
    assert_int_equal(facteur_delivery_wait(begun, 0.01, &receipt, NULL), 0);
    relay_answer_late();
    assert_int_equal(delivery_settle(begun, 30), FACTEUR_SENT);
    facteur_mailer_free(mailer);
}

/* Its connections are made by the kernel, and nobody ever greets. */
static int listen_mute(unsigned *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

/* Stopped before one relay, a mail does not go on to the next. */
static void a_stopped_mail_goes_to_no_other_relay(void **state)
{
    for (int close_all = 0; close_all < 2; close_all++) {
        unsigned port;
        int mute = listen_mute(&port), result;
        facteur_receipt *receipt = NULL;
        facteur_delivery *delivery;
        facteur_mailer *mailer;
        char dsn[128];

        snprintf(dsn, sizeof dsn, "failover(smtp://127.0.0.1:%u smtp://127.0.0.1:%u)", port,
                 relay.port);
        mailer = open_mailer(dsn);
        delivery = mailer_submit(mailer, 0);
        assert_int_equal(facteur_delivery_wait(delivery, 0.05, &receipt, NULL), 0);
        if (close_all)
            facteur_mailer_close(mailer, 0);
        else
            facteur_delivery_cancel(delivery);
        result = facteur_delivery_wait(delivery, 30, &receipt, NULL);
        assert_int_equal(result, close_all ? FACTEUR_ECLOSED : 1);
        facteur_receipt_free(receipt);
        facteur_delivery_free(delivery);
        facteur_mailer_free(mailer);
        close(mute);
    }
    assert_int_equal(atomic_load(&relay.connections), 0);
}

/* Nor when the relay that had it whole has no time for it: whoever cancelled it wants no copy. */
static void a_cancelled_mail_that_comes_back_goes_to_no_other(void **state)
{
    unsigned port;
    int mute = listen_mute(&port);
    facteur_receipt *receipt = NULL;
    facteur_delivery *delivery;
    facteur_mailer *mailer;
    char dsn[128];

    snprintf(dsn, sizeof dsn, "failover(smtp://127.0.0.1:%u smtp://127.0.0.1:%u)", relay.port,
             port);
    mailer = open_mailer(dsn);
    atomic_store(&relay.silent, true);
    atomic_store(&relay.busy, true);
    delivery = mailer_submit(mailer, 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(delivery, 0.01, &receipt, NULL), 0);
    facteur_delivery_cancel(delivery);
    relay_answer_late();
    assert_int_equal(facteur_delivery_wait(delivery, 30, &receipt, NULL), 1);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_TEMPORARY);
    assert_int_equal(facteur_receipt_reply_code(receipt), 421);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    facteur_mailer_free(mailer);
    close(mute);
}

static void *send_the_one(void *argument)
{
    struct worker *worker = argument;

    worker->sent = mailer_send(worker->mailer);
    return NULL;
}

/* The thread that leads sleeps until the relay speaks: it is told of a mail that nobody wants. */
static void a_cancel_wakes_who_leads(void **state)
{
    struct worker leader = {.mailer = open_relay("?pool_size=1&pipeline_depth=1")};
    facteur_receipt *receipt = NULL;
    facteur_delivery *queued;

    atomic_store(&relay.silent, true);
    assert_int_equal(pthread_create(&leader.thread, NULL, send_the_one, &leader), 0);
    while (atomic_load(&relay.finals_seen) == 0)
        sched_yield();
    queued = mailer_submit(leader.mailer, 0);
    assert_int_equal(facteur_delivery_wait(queued, 0.05, &receipt, NULL), 0);
    facteur_delivery_cancel(queued);
    assert_int_equal(delivery_settle(queued, 30), FACTEUR_TEMPORARY);
    relay_answer_late();
    pthread_join(leader.thread, NULL);
    assert_int_equal(leader.sent, 1);
    assert_int_equal(atomic_load(&relay.mails), 1);
    facteur_mailer_free(leader.mailer);
}

static void a_verdict_that_came_in_time_counts(void **state)
{
    facteur_mailer *mailer = open_relay("");
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_receipt *receipt = NULL;

    atomic_store(&relay.silent, true);
    assert_int_equal(facteur_submit(mailer, message, 2, 0, &delivery, NULL), 0);
    while (atomic_load(&relay.finals_seen) == 0)
        assert_int_equal(facteur_delivery_wait(delivery, 0.001, &receipt, NULL), 0);
    relay_answer_late();
    usleep(2100000); /* nobody drives the mailer, and the deadline passes */
    assert_int_equal(delivery_settle(delivery, 30), FACTEUR_SENT);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

/* ---- Threads --------------------------------------------------------------------------------- */

static void run_workers(facteur_mailer *mailer)
{
    struct worker workers[THREADS] = {0};

    for (int i = 0; i < THREADS; i++) {
        workers[i].mailer = mailer;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
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

struct loop {
    pthread_t thread;
    facteur_mailer *mailer;
    facteur_host *host;
    unsigned under_way, sent;
};

static struct loop open_loop(facteur_mailer *mailer, unsigned mails)
{
    struct loop loop = {.mailer = mailer, .host = open_host(mailer), .under_way = mails};

    for (unsigned i = 0; i < mails; i++)
        host_submit(loop.host);
    return loop;
}

static void take_done(struct loop *loop)
{
    facteur_delivery *delivery;

    while ((delivery = facteur_host_done(loop->host)) != NULL) {
        loop->under_way--;
        loop->sent += delivery_settle(delivery, 0) == FACTEUR_SENT;
    }
}

/* Turns until nothing is under way; the number of them. */
static unsigned run_loop(struct loop *loop)
{
    unsigned turns = 0;

    for (; loop->under_way; turns++) {
        host_turn(loop->host);
        take_done(loop);
    }
    assert_null(facteur_host_done(loop->host));
    facteur_host_free(loop->host);
    return turns;
}

static void a_host_drives_many_mails(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=2");
    struct loop loop = open_loop(mailer, 0);

    assert_int_equal(facteur_host_fd(loop.host), -1);
    assert_true(facteur_host_timeout(loop.host) == -1);
    facteur_host_free(loop.host);
    loop = open_loop(mailer, MANY);
    /* No busy wait: a turn has its reason. */
    assert_true(run_loop(&loop) < 20 * MANY);
    assert_int_equal(loop.sent, MANY);
    assert_true(mailer_send(mailer));
    facteur_mailer_free(mailer);
}

/* A mail that was submitted and not begun is due at once; then the host may rest until its
 * deadline. */
static void a_host_knows_when_it_is_due(void **state)
{
    facteur_mailer *mailer = open_relay("");
    facteur_host *host = open_host(mailer);
    facteur_delivery *delivery;
    double timeout;

    atomic_store(&relay.silent, true);
    delivery = host_submit(host);
    assert_true(facteur_host_timeout(host) == 0);
    while (atomic_load(&relay.finals_seen) == 0)
        host_turn(host);
    timeout = facteur_host_timeout(host);
    assert_true(timeout > 0 && timeout <= 30);
    facteur_delivery_free(delivery);
    facteur_host_free(host);
    facteur_mailer_free(mailer);
}

/* A loop that watches the descriptor alone is called when the time has come, too. */
static void a_host_is_called_when_it_is_due(void **state)
{
    facteur_mailer *mailer = open_relay("");
    facteur_host *host = open_host(mailer);
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;

    atomic_store(&relay.silent, true);
    assert_int_equal(facteur_host_submit(host, message, 0.3, 0, &delivery, NULL), 0);
    facteur_message_free(message);
    while (!facteur_host_done(host)) {
        struct pollfd fd = {.fd = facteur_host_fd(host), .events = POLLIN};

        if (facteur_host_timeout(host) != 0)
            assert_int_equal(poll(&fd, 1, 60000), 1);
        facteur_host_step(host);
    }
    assert_int_not_equal(delivery_settle(delivery, 0), FACTEUR_SENT);
    facteur_host_free(host);
    facteur_mailer_free(mailer);
}

static void *be_a_loop(void *argument)
{
    struct loop *loop = argument;

    for (unsigned round = 0; round < MAILS_EACH; round++) {
        struct loop one = open_loop(loop->mailer, MANY / MAILS_EACH);

        run_loop(&one);
        loop->sent += one.sent;
    }
    return NULL;
}

/* Loops that come and go, beside threads that wait: each gets its own verdicts. */
static void run_loops_and_threads(facteur_mailer *mailer)
{
    struct worker workers[4] = {0};
    struct loop loops[8] = {0};

    for (int i = 0; i < 4; i++) {
        workers[i].mailer = mailer;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        loops[i].mailer = mailer;
        assert_int_equal(pthread_create(&loops[i].thread, NULL, be_a_loop, &loops[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(loops[i].thread, NULL);
        assert_int_equal(loops[i].sent, MANY);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].sent, MAILS_EACH);
    }
    assert_int_equal(atomic_load(&relay.mails), 8 * MANY + 4 * MAILS_EACH);
    facteur_mailer_free(mailer);
}

static void loops_and_threads_share_a_mailer(void **state)
{
    run_loops_and_threads(open_relay("?pool_size=2&max_mails=0"));
}

static void loops_and_threads_share_the_background(void **state)
{
    run_loops_and_threads(open_relay("?background=1&pool_size=2&max_mails=0"));
}

/* One that has mails under way and never steps again: nobody else's mail waits for it. */
static void a_loop_that_stops_delays_nobody(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    struct loop stopped = open_loop(mailer, 3), other;
    struct worker thread = {.mailer = mailer};
    time_t began = time(NULL);

    host_turn(stopped.host);
    other = open_loop(mailer, MANY);
    run_loop(&other);
    assert_int_equal(other.sent, MANY);
    assert_int_equal(pthread_create(&thread.thread, NULL, worker_run, &thread), 0);
    pthread_join(thread.thread, NULL);
    assert_int_equal(thread.sent, MAILS_EACH);
    /* Its own were done on the way; none was in a hurry, the deadline is at 30 s. */
    assert_true(time(NULL) - began < 20);
    run_loop(&stopped);
    assert_int_equal(stopped.sent, 3);
    facteur_mailer_free(mailer);
}

/* A loop that is gone leaves its mails: they are nobody's, and go on with whoever moves the rest.
 */
static void what_a_loop_leaves_goes_on(void **state)
{
    facteur_mailer *mailer = open_relay("?pool_size=1");
    facteur_host *gone = open_host(mailer);
    facteur_delivery *left = host_submit(gone);
    struct loop other;

    host_turn(gone);
    facteur_host_free(gone);
    other = open_loop(mailer, 1);
    run_loop(&other);
    assert_int_equal(other.sent, 1);
    assert_int_equal(delivery_settle(left, 30), FACTEUR_SENT);
    assert_int_equal(atomic_load(&relay.mails), 2);
    facteur_mailer_free(mailer);
}

/* The thread that leads sleeps until the relay speaks; it moves the loop's mail, and leaves it. */
static void a_loop_s_mail_wakes_who_leads(void **state)
{
    struct worker leader = {.mailer = open_relay("?pool_size=2&pipeline_depth=1")};
    struct loop loop;

    atomic_store(&relay.silent, true);
    assert_int_equal(pthread_create(&leader.thread, NULL, send_the_one, &leader), 0);
    while (atomic_load(&relay.finals_seen) == 0)
        sched_yield();
    atomic_store(&relay.silent, false);
    loop = open_loop(leader.mailer, 1);
    run_loop(&loop);
    assert_int_equal(loop.sent, 1);
    relay_answer_late();
    pthread_join(leader.thread, NULL);
    assert_int_equal(leader.sent, 1);
    facteur_mailer_free(leader.mailer);
}

/* ---- Closing --------------------------------------------------------------------------------- */

/* A thread that waits for a mail that was submitted before. */
struct settler {
    pthread_t thread;
    facteur_delivery *delivery;
    bool sent;
};

static void *settle(void *user)
{
    struct settler *settler = user;

    settler->sent = delivery_settle(settler->delivery, 30) == FACTEUR_SENT;
    return NULL;
}

static void close_gives_its_time(const char *query)
{
    facteur_mailer *mailer = open_relay(query);
    struct settler settlers[3];
    struct loop loop;
    facteur_message *late = make_message();
    facteur_receipt *receipt = NULL;

    atomic_store(&relay.final_ms, 100);
    for (int i = 0; i < 3; i++) {
        settlers[i].delivery = mailer_submit(mailer, 0);
        assert_int_equal(pthread_create(&settlers[i].thread, NULL, settle, &settlers[i]), 0);
    }
    loop = open_loop(mailer, 2);
    while (atomic_load(&relay.finals_seen) == 0)
        host_turn(loop.host);
    facteur_mailer_close(mailer, 30);
    assert_int_equal(facteur_send(mailer, late, 5, &receipt, NULL), FACTEUR_ECLOSED);
    facteur_message_free(late);
    for (int i = 0; i < 3; i++) {
        pthread_join(settlers[i].thread, NULL);
        assert_true(settlers[i].sent);
    }
    take_done(&loop);
    assert_int_equal(loop.under_way, 0);
    assert_int_equal(loop.sent, 2);
    facteur_host_free(loop.host);
    facteur_mailer_free(mailer);
}

static void a_close_lets_mails_end(void **state)
{
    close_gives_its_time("?pool_size=2");
}

static void a_close_in_the_background_lets_mails_end(void **state)
{
    close_gives_its_time("?pool_size=2&background=1");
}

/* ---- In the background ----------------------------------------------------------------------- */

static void the_background_sends_while_nobody_waits(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1&pool_size=1");
    facteur_delivery *deliveries[MANY];
    int told = 0;

    for (int i = 0; i < MANY; i++)
        deliveries[i] = mailer_submit(mailer, 0);
    while (atomic_load(&relay.mails) < MANY)
        sched_yield();
    for (int i = 0; i < MANY; i++)
        told += delivery_settle(deliveries[i], 30) == FACTEUR_SENT;
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
        deliveries[i] = mailer_submit(mailer, 0);
    facteur_mailer_close(mailer, 10);
    assert_int_equal(atomic_load(&relay.mails), MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(delivery_settle(deliveries[i], 0), FACTEUR_SENT);
    facteur_mailer_free(mailer);
}

static void a_close_in_the_background_is_bounded(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1");
    facteur_delivery *delivery;

    atomic_store(&relay.silent, true);
    delivery = mailer_submit(mailer, 0);
    while (atomic_load(&relay.finals_seen) == 0)
        sched_yield();
    facteur_mailer_close(mailer, 0.2);
    assert_int_equal(delivery_settle(delivery, 0), FACTEUR_IN_DOUBT);
    facteur_mailer_free(mailer);
}

static void threads_share_the_background(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1&pool_size=1&max_mails=0");

    run_workers(mailer);
    assert_int_equal(atomic_load(&relay.connections), 1);
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

struct deaf {
    long tids[64];
    unsigned count;
};

static bool is_in(const struct deaf *deaf, long tid)
{
    for (unsigned i = 0; i < deaf->count; i++) {
        if (deaf->tids[i] == tid)
            return true;
    }
    return false;
}

/* The threads that block signals and were not there before. */
static struct deaf new_deaf_threads(const struct deaf *before)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    struct deaf deaf = {.count = 0};

    while (tasks && (entry = readdir(tasks)) != NULL) {
        uint64_t blocked = blocked_by(entry->d_name);

        if (deaf.count < 64 && (blocked >> (SIGUSR1 - 1) & 1) && (blocked >> (SIGTERM - 1) & 1) &&
            !is_in(before, atol(entry->d_name)))
            deaf.tids[deaf.count++] = atol(entry->d_name);
    }
    if (tasks)
        closedir(tasks);
    return deaf;
}

static void the_background_takes_no_signals(void **state)
{
    facteur_mailer *mailer = open_relay("?background=1");
    /* A joined thread may stay in /proc for a moment. */
    struct deaf before = new_deaf_threads(&(struct deaf){.count = 0});

    assert_true(mailer_send(mailer));
    assert_int_equal(new_deaf_threads(&before).count, 1);
    facteur_mailer_free(mailer);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* Before any other, for later nobody is the first any more. */
        WITH_RELAY(threads_may_all_be_the_first),
        WITH_RELAY(what_is_submitted_is_sent_while_somebody_waits),
        WITH_RELAY(waiting_ends_with_its_time),
        WITH_RELAY(a_cancelled_mail_ends_or_goes_on),
        WITH_RELAY(a_stopped_mail_goes_to_no_other_relay),
        WITH_RELAY(a_cancelled_mail_that_comes_back_goes_to_no_other),
        WITH_RELAY(a_cancel_wakes_who_leads),
        WITH_RELAY(a_verdict_that_came_in_time_counts),
        WITH_RELAY(threads_feed_one_connection),
        WITH_RELAY(a_host_drives_many_mails),
        WITH_RELAY(a_host_knows_when_it_is_due),
        WITH_RELAY(a_host_is_called_when_it_is_due),
        WITH_RELAY(loops_and_threads_share_a_mailer),
        WITH_RELAY(a_loop_that_stops_delays_nobody),
        WITH_RELAY(what_a_loop_leaves_goes_on),
        WITH_RELAY(a_loop_s_mail_wakes_who_leads),
        WITH_RELAY(a_close_lets_mails_end),
        WITH_RELAY(a_close_in_the_background_lets_mails_end),
        WITH_RELAY(the_background_sends_while_nobody_waits),
        WITH_RELAY(closing_the_background_loses_nothing),
        WITH_RELAY(a_close_in_the_background_is_bounded),
        WITH_RELAY(threads_share_the_background),
        WITH_RELAY(loops_and_threads_share_the_background),
        WITH_RELAY(the_background_takes_no_signals),
        cmocka_unit_test(the_window_is_of_the_relays_own_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
