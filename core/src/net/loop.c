/* SPDX-License-Identifier: MIT */
/* The libuv loop and the timers on it: one uv_timer serves an ordered list of deadlines. */
#include "net/loop_uv.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "net/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DESCRIPTORS 8 /* 4 for a loop, 2 for libuv once, and some for the first connection */

static void arm(fct_loop *loop);

static bool is_due(fct_loop *loop)
{
    const fct_list *first = fct_list_first(&loop->timers);

    return first && FCT_ENTRY(first, fct_timer, link)->due_us <= fct_loop_now_us(loop);
}

/* Those due now move aside first: a timer that sets itself anew must wait for its next turn. */
static void fire_due(fct_loop *loop)
{
    fct_list due;
    fct_list *link;

    fct_list_init(&due);
    while (is_due(loop)) {
        link = fct_list_first(&loop->timers);
        fct_list_remove(link);
        fct_list_push(&due, link);
    }
    while ((link = fct_list_first(&due)) != NULL) {
        fct_timer *timer = FCT_ENTRY(link, fct_timer, link);

        fct_list_remove(link);
        timer->fire(timer);
    }
    arm(loop);
}

static void on_alarm(uv_timer_t *alarm)
{
    fct_loop *loop = alarm->data;

    fct_loop_read_clock(loop);
    loop->armed_us = UINT64_MAX;
    fire_due(loop);
    /* Timers come before the wait for descriptors in a turn of libuv's: it would wait in vain. */
    if (is_due(loop) || (loop->finished && loop->finished(loop->finished_user)))
        uv_stop(&loop->uv);
}

/* The wait for descriptors, which follows, takes time. */
static void on_prepare(uv_prepare_t *prepare)
{
    fct_loop_read_clock(prepare->data);
}

/*
 * An alarm that rings too early only looks and sets itself again, so it is moved only towards the
 * past: the deadlines of a mail come and go without touching libuv's heap.  What is due already
 * needs none: no turn waits before it has fired.
 */
static void arm(fct_loop *loop)
{
    fct_list *first = fct_list_first(&loop->timers);
    uint64_t due_us, now_us;

    if (!first)
        return;
    due_us = FCT_ENTRY(first, fct_timer, link)->due_us;
    if (due_us >= loop->armed_us)
        return;
    now_us = fct_loop_now_us(loop);
    if (due_us <= now_us)
        return;
    uv_update_time(&loop->uv);
    if (uv_timer_start(&loop->alarm, on_alarm, (due_us - now_us + 999) / 1000, 0) == 0)
        loop->armed_us = due_us;
}

void fct_timer_init(fct_timer *timer, void (*fire)(fct_timer *timer))
{
    fct_list_init(&timer->link);
    timer->due_us = UINT64_MAX;
    timer->fire = fire;
}

void fct_timer_set(fct_loop *loop, fct_timer *timer, uint64_t due_us)
{
    fct_list *after;

    if (due_us == timer->due_us && fct_timer_is_set(timer))
        return;
    fct_list_remove(&timer->link);
    timer->due_us = due_us;
    if (due_us == UINT64_MAX)
        return;
    /* New deadlines are mostly the latest ones, so the place is looked for from the end. */
    after = loop->timers.prev;
    while (after != &loop->timers && FCT_ENTRY(after, fct_timer, link)->due_us > due_us)
        after = after->prev;
    fct_list_push_front(after, &timer->link);
    arm(loop);
}

void fct_timer_clear(fct_timer *timer)
{
    fct_list_remove(&timer->link);
}

bool fct_timer_is_set(const fct_timer *timer)
{
    return !fct_list_empty(&timer->link);
}

void fct_loop_note(fct_loop *loop, int fd)
{
    for (size_t i = 0; fd >= 0 && i < FCT_DESCRIPTORS; i++) {
        struct fct_noted *noted = &loop->descriptors[i];
        int vacant = 0;

        if (atomic_compare_exchange_strong(&noted->fd, &vacant, fd + 1)) {
            noted->identity = fct_identity_of(fd);
            return;
        }
    }
}

void fct_loop_strike(fct_loop *loop, int fd)
{
    for (size_t i = 0; i < FCT_DESCRIPTORS; i++) {
        int number = fd + 1;

        if (atomic_compare_exchange_strong(&loop->descriptors[i].fd, &number, 0))
            return;
    }
}

bool fct_loop_is_intact(const fct_loop *loop)
{
    for (size_t i = 0; i < FCT_DESCRIPTORS; i++) {
        const struct fct_noted *noted = &loop->descriptors[i];
        int number = atomic_load(&noted->fd);

        if (number && !fct_identity_is(&noted->identity, number - 1))
            return false;
    }
    return true;
}

void fct_loop_drop(fct_loop *loop)
{
    bool intact = fct_loop_is_intact(loop);

    for (size_t i = 0; i < FCT_DESCRIPTORS; i++) {
        struct fct_noted *noted = &loop->descriptors[i];
        int number = atomic_exchange(&noted->fd, 0);

        if (number &&
            (intact || (noted->identity.unique && fct_identity_is(&noted->identity, number - 1))))
            close(number - 1);
    }
}

static void on_wake(uv_async_t *wake)
{
    fct_loop *loop = wake->data;

    if (loop->woken)
        loop->woken(loop->woken_user);
}

/*
 * In a process without standard input, output or error a socket would get its number: it would
 * carry what the process prints, and libuv aborts when it closes one.  Opened the wrong way round,
 * so that reading and writing go on failing as they did.
 */
static bool keep_standard_numbers(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return false;
    }
    return true;
}

static int open_handles(fct_loop *loop)
{
    int result = uv_loop_init(&loop->uv);

    if (result == 0) {
        result = uv_async_init(&loop->uv, &loop->wake, on_wake);
        if (result != 0)
            uv_loop_close(&loop->uv);
    }
    return -result;
}

fct_loop *fct_loop_new(void)
{
    /* libuv aborts when it gets some of its descriptors and not all (uv__signal_global_init()). */
    int cause = fct_shortage_look(DESCRIPTORS);
    fct_loop *loop;

    if (!cause && !keep_standard_numbers())
        cause = errno;
    loop = cause ? NULL : fct_calloc(1, sizeof *loop);
    if (!loop) {
        errno = cause ? cause : ENOMEM;
        return NULL;
    }
    fct_list_init(&loop->timers);
    loop->armed_us = UINT64_MAX;
    cause = open_handles(loop);
    if (cause) {
        fct_free(loop);
        errno = cause;
        return NULL;
    }
    uv_timer_init(&loop->uv, &loop->alarm);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_prepare_start(&loop->prepare, on_prepare);
    fct_loop_note(loop, uv_backend_fd(&loop->uv));
    fct_loop_note(loop, loop->uv.async_io_watcher.fd);
    loop->wake.data = loop;
    loop->alarm.data = loop;
    loop->prepare.data = loop;
    return loop;
}

void fct_loop_free(fct_loop *loop)
{
    if (!loop)
        return;
    /* Without an epoll libuv would abort: what the loop holds is then left to the process's end. */
    if (loop->lost_epoll)
        return;
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    /* Handles closed earlier are waiting for a turn to be let go, too. */
    for (int turns = 0; turns < 8 && uv_loop_close(&loop->uv) == UV_EBUSY; turns++)
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    fct_free(loop);
}

void fct_loop_forked(fct_loop *loop)
{
    if (loop->forked)
        return;
    loop->forked = true;
    /* Closes the inherited descriptors and opens others, without a word to the shared epoll. */
    loop->lost_epoll = uv_loop_fork(&loop->uv) != 0;
}

void fct_loop_abandon(fct_loop *loop)
{
    if (!loop)
        return;
    fct_loop_forked(loop);
    fct_loop_free(loop);
}

uint64_t fct_loop_now_us(fct_loop *loop)
{
    if (!loop->turning)
        return fct_clock_now_us();
    if (!loop->now_us)
        loop->now_us = fct_clock_now_us();
    return loop->now_us;
}

#define REST_US 20000

/*
 * When nobody ran the loop for a while, replies may be waiting that came in time: a turn without
 * timers reads them before any deadline is held to have passed.
 */
static void begin_turns(fct_loop *loop)
{
    uint64_t rest_us = fct_clock_now_us() - loop->rested_us;

    loop->turning = true;
    fct_loop_read_clock(loop);
    if (loop->rested_us && !loop->attended)
        loop->absent_us += rest_us;
    loop->attended = false;
    if (rest_us >= REST_US) {
        uv_timer_stop(&loop->alarm);
        loop->armed_us = UINT64_MAX;
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    fire_due(loop);
}

static void end_turns(fct_loop *loop)
{
    loop->turning = false;
    loop->rested_us = fct_clock_now_us();
}

/* What a reply made due fires here: libuv would need an alarm, and a host a step of its own. */
static void turn(fct_loop *loop, uv_run_mode mode)
{
    uv_run(&loop->uv, is_due(loop) ? UV_RUN_NOWAIT : mode);
    fire_due(loop);
}

void fct_loop_attend(fct_loop *loop)
{
    loop->attended = true;
}

uint64_t fct_loop_absent_us(const fct_loop *loop)
{
    return loop->absent_us;
}

/* The turn that it fires in is the last one. */
struct limit {
    fct_timer timer;
    bool passed;
    bool (*finished)(void *user);
    void *user;
};

static void on_limit(fct_timer *timer)
{
    FCT_ENTRY(timer, struct limit, timer)->passed = true;
}

static bool is_over(void *user)
{
    const struct limit *limit = user;

    return limit->passed || limit->finished(limit->user);
}

void fct_loop_run_until(fct_loop *loop, bool (*finished)(void *user), void *user, uint64_t until_us)
{
    struct limit limit = {.finished = finished, .user = user};

    fct_timer_init(&limit.timer, on_limit);
    fct_timer_set(loop, &limit.timer, until_us);
    loop->finished = is_over;
    loop->finished_user = &limit;
    begin_turns(loop);
    while (!is_over(&limit) && (until_us == UINT64_MAX || fct_loop_now_us(loop) < until_us))
        turn(loop, UV_RUN_ONCE);
    end_turns(loop);
    loop->finished = NULL;
    fct_timer_clear(&limit.timer);
}

void fct_loop_step(fct_loop *loop)
{
    begin_turns(loop);
    turn(loop, UV_RUN_NOWAIT);
    end_turns(loop);
}

int fct_loop_fd(const fct_loop *loop)
{
    return uv_backend_fd(&loop->uv);
}

uint64_t fct_loop_timeout_us(fct_loop *loop)
{
    const fct_list *first = fct_list_first(&loop->timers);
    uint64_t due_us, now_us;

    /* 0 means descriptors that epoll does not know yet, or handles about to close: a turn is due.
     */
    if (uv_backend_timeout(&loop->uv) == 0)
        return 0;
    if (!first)
        return UINT64_MAX;
    due_us = FCT_ENTRY(first, fct_timer, link)->due_us;
    now_us = fct_loop_now_us(loop);
    return due_us > now_us ? due_us - now_us : 0;
}

void fct_loop_wake(fct_loop *loop)
{
    uv_async_send(&loop->wake);
}

void fct_loop_on_wake(fct_loop *loop, void (*woken)(void *user), void *user)
{
    loop->woken = woken;
    loop->woken_user = user;
}
