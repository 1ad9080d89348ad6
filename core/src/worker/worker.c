/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "relays/concert.h"
#include "worker/worker_state.h"

#include <poll.h>

#define LOOK_US 250000u             /* between two looks at an idle outbox, on average */
#define WOKEN_LOOK_US 4000000u      /* the same where somebody tells when it is written to */
#define AGAIN_US 1000000u           /* after an error of the database */
#define BYTES_MAX INT64_C(67108864) /* of mails under way; a larger one goes alone */

uint32_t fct_worker_draw(struct fct_worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 17;
    w->random ^= w->random << 5;
    return w->random;
}

void fct_worker_tell(struct fct_worker *w, facteur_error *error)
{
    if (error && w->setup.complain)
        w->setup.complain(w->setup.user, error);
    facteur_error_free(error);
}

static void complain(struct fct_worker *w, facteur_error *error)
{
    fct_worker_tell(w, error);
    w->again_us = fct_clock_now_us() + AGAIN_US;
}

/* ---- From the driver --------------------------------------------------------------------------
 */

static struct fct_work *work_of(struct fct_task *task)
{
    return FCT_ENTRY(task, struct fct_work, task);
}

static void move_to_ended(struct fct_worker *w, struct fct_work *work)
{
    fct_list_remove(&work->link);
    fct_list_push(&w->ended, &work->link);
    w->ended_count++;
}

static void take(struct fct_task *task, const fct_outcome *outcome)
{
    struct fct_work *work = work_of(task);
    struct fct_worker *w = work->worker;
    struct fct_pause *pause;

    work->relay = fct_concert_relay_of(task);
    pause = &w->pauses.relays[work->relay];
    fct_work_judge(work, outcome, w->setup.doubt, fct_clock_date_us(), fct_worker_draw(w),
                   pause->throttled);
    pause->throttled += work->throttled;
    work->verdict.result = w->setup.tell(w->setup.user, task, outcome);
    move_to_ended(w, work);
}

static void let_go(struct fct_task *task)
{
    fct_work_unref(work_of(task));
}

struct flight {
    struct fct_job *const *jobs;
    size_t count;
};

static struct fct_work *work_at(const struct flight *flight, size_t i)
{
    return work_of(FCT_ENTRY(flight->jobs[i], struct fct_task, job));
}

/* The neighbours of one claim, in one statement; `done` goes on behind them. */
static int doubt_claim(fct_store *store, const struct flight *flight, size_t *done,
                       facteur_error **error)
{
    int64_t ids[FCT_CLAIM_MAX], fence = work_at(flight, *done)->fence;
    bool mine[FCT_CLAIM_MAX];
    size_t count = 0, first = *done;
    int result;

    while (count < FCT_CLAIM_MAX && first + count < flight->count &&
           work_at(flight, first + count)->fence == fence) {
        ids[count] = work_at(flight, first + count)->row.id;
        count++;
    }
    result = fct_store_doubt(store, fence, ids, mine, count, error);
    for (size_t i = 0; !result && i < count; i++)
        flight->jobs[first + i]->barred = !mine[i];
    *done = first + count;
    return result;
}

static int doubt_all(fct_store *store, void *user, facteur_error **error)
{
    const struct flight *flight = user;
    size_t done = 0;
    int result = 0;

    while (!result && done < flight->count)
        result = doubt_claim(store, flight, &done, error);
    return result;
}

/* Terminators leave only when the doubt of the whole flight is durable. */
static void gate(struct fct_job *const *jobs, size_t count)
{
    struct fct_worker *w = work_of(FCT_ENTRY(jobs[0], struct fct_task, job))->worker;
    struct flight flight = {jobs, count};
    facteur_error *error = NULL;
    int result = fct_store_transact(w->store, doubt_all, &flight, &error);

    if (result)
        complain(w, error);
    for (size_t i = 0; i < count; i++) {
        w->counts.stale += !result && jobs[i]->barred;
        jobs[i]->barred |= result != 0;
    }
}

/* ---- To the driver ----------------------------------------------------------------------------
 */

static void end_now(struct fct_worker *w, struct fct_work *work, enum fct_row_state state,
                    const char *reply)
{
    fct_work_end(work, state, reply);
    move_to_ended(w, work);
}

static int submit(struct fct_worker *w, struct fct_work *work, facteur_error **error)
{
    struct fct_task *task = &work->task;
    int result;

    task->host = fct_event_host_ref(w->host);
    task->take = take;
    task->let_go = let_go;
    task->gate = gate;
    atomic_store(&work->refs, 2);
    work->under_way = true;
    result = fct_driver_submit(w->setup.driver, task, error);
    if (result) {
        atomic_store(&work->refs, 1);
        work->under_way = false;
    }
    return result;
}

/* Read the mail and give it to the driver.  What cannot ever be sent ends here. */
static void start(struct fct_worker *w, struct fct_work *work)
{
    char *remaining = NULL;
    facteur_error *error = NULL;
    fct_buf bytes = {0};
    bool found = false;
    int result = 0;

    if (work->row.expires_us && work->row.expires_us <= fct_clock_date_us()) {
        /* What a relay said before stays in the row. */
        end_now(w, work, FCT_ROW_EXPIRED,
                work->row.attempts > 1 ? NULL : "its time was over before it was tried");
        return;
    }
    result = fct_store_bytes(w->store, work->row.id, &bytes, &found, &remaining, &error);
    if (!result && !found)
        end_now(w, work, FCT_ROW_FAILED, "the bytes of the mail are not there any more");
    if (!result && found)
        result = fct_work_load(work, (fct_slice){bytes.ptr, bytes.len}, remaining, &error);
    if (!result && found && w->suppresses)
        result = fct_work_suppress(work, w->store, &error);
    if (!result && found)
        result = submit(w, work, &error);
    if (result == FACTEUR_EMESSAGE) {
        end_now(w, work, FCT_ROW_FAILED, error ? facteur_error_sentence(error) : "not a mail");
        facteur_error_free(error);
    } else if (result) {
        move_to_ended(w, work); /* its attempt is given back */
        complain(w, error);
    }
    fct_buf_done(&bytes);
    fct_free(remaining);
}

/* With their attempt. */
static void give_back_waiting(struct fct_worker *w)
{
    fct_list *link;

    while ((link = fct_list_first(&w->waiting)) != NULL)
        move_to_ended(w, FCT_ENTRY(link, struct fct_work, link));
}

/* Begin the mails that wait, as far as there is room for their bytes. */
static void start_waiting(struct fct_worker *w)
{
    fct_list *link;
    unsigned stuck;

    if (!fct_pauses_allow(&w->pauses, fct_clock_date_us(), 1))
        give_back_waiting(w);
    if (!fct_list_empty(&w->waiting) && w->setup.prepare)
        w->setup.prepare(w->setup.user);
    while ((link = fct_list_first(&w->waiting)) != NULL) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);

        work->task.avoid = fct_worker_closed_relays(w, &stuck);
        if (work->task.avoid == fct_pauses_all(&w->pauses) ||
            (w->bytes && w->bytes + work->row.size > BYTES_MAX))
            return;
        w->bytes += work->row.size;
        work->counted = true;
        fct_list_remove(link);
        fct_list_push(&w->under_way, link);
        start(w, work);
    }
}

/* ---- Running ----------------------------------------------------------------------------------
 */

static bool is_asked_to_stop(const struct fct_worker *w, int stop_fd)
{
    struct pollfd fd = {stop_fd, POLLIN, 0};

    return (stop_fd >= 0 && poll(&fd, 1, 0) > 0) ||
           (w->setup.is_over && w->setup.is_over(w->setup.user));
}

static struct fct_work *find_uncancelled(const struct fct_worker *w)
{
    for (fct_list *link = w->under_way.next; link != &w->under_way; link = link->next) {
        if (!FCT_ENTRY(link, struct fct_work, link)->cancelled)
            return FCT_ENTRY(link, struct fct_work, link);
    }
    return NULL;
}

/* Give back what was not handed over; the rest has its grace. */
static void begin_stop(struct fct_worker *w, uint64_t grace_us)
{
    struct fct_work *work;

    give_back_waiting(w);
    w->stopping = true;
    fct_store_announce(w->store, false, NULL);
    w->stop_us = fct_clock_now_us() + grace_us;
    /* The end of one may be that of others. */
    while ((work = find_uncancelled(w)) != NULL) {
        work->cancelled = true;
        fct_driver_cancel(w->setup.driver, &work->task);
    }
}

/* How long to wait without a word.  Never to the microsecond: workers do not come together. */
static uint64_t look_us(struct fct_worker *w, bool woken)
{
    uint64_t most = woken ? WOKEN_LOOK_US : LOOK_US, look_us, now_us = fct_clock_now_us();
    int64_t due_us = w->due_us ? w->due_us - fct_clock_date_us() : INT64_MAX;

    if (!fct_list_empty(&w->ended) || w->again_us > now_us)
        return w->again_us > now_us ? w->again_us - now_us : 0;
    look_us = most / 2 + fct_worker_draw(w) % most;
    /* What is due and was left alone waits for the next look: all relays may be paused. */
    return due_us > 0 && (uint64_t)due_us < look_us ? (uint64_t)due_us : look_us;
}

static void wait_for_work(struct fct_worker *w, int stop_fd)
{
    int wake_fd = w->stopping ? -1 : fct_store_wake_fd(w->store);
    struct pollfd fds[] = {{fct_event_host_fd(w->host), POLLIN, 0},
                           {w->stopping ? -1 : stop_fd, POLLIN, 0},
                           {wake_fd, POLLIN, 0}};
    uint64_t wait_us = fct_event_host_timeout_us(w->host);
    uint64_t most_us = look_us(w, wake_fd >= 0 && w->count == 0);

    if (wait_us > most_us)
        wait_us = most_us;
    poll(fds, 3, (int)((wait_us + 999) / 1000));
    if (fds[2].revents)
        fct_store_woken(w->store);
}

static bool is_done(const struct fct_worker *w, bool once, bool idle)
{
    return w->count == 0 && (w->stopping || (once && (idle || fct_worker_is_sated(w))));
}

static int run(fct_worker *w, bool once, int stop_fd, uint64_t grace_us, facteur_error **error)
{
    bool first = true;

    for (;;) {
        facteur_error *cause = NULL;
        bool idle = false;
        int result = 0;

        if (!w->stopping && is_asked_to_stop(w, stop_fd))
            begin_stop(w, grace_us);
        if (w->stopping && fct_clock_now_us() >= w->stop_us && !fct_list_empty(&w->under_way))
            fct_driver_close(w->setup.driver, 0); /* it ends every task */
        if (fct_clock_now_us() >= w->again_us)
            result = fct_worker_turn(w, &idle, &cause);
        if (result && (first || (w->stopping && fct_list_empty(&w->under_way))))
            return fct_error_pass(error, result, cause);
        if (result)
            complain(w, cause);
        first = false;
        start_waiting(w);
        if (is_done(w, once, idle))
            return 0;
        wait_for_work(w, stop_fd);
        fct_event_host_step(w->host);
        while (fct_event_host_done(w->host))
            ;
    }
}

int fct_worker_run(fct_worker *w, bool once, int stop_fd, uint64_t grace_us, facteur_error **error)
{
    int result;

    /* Callers leave mails to a worker only if it stays. */
    if (!once)
        fct_store_announce(w->store, true, NULL);
    fct_store_wake_fd(w->store); /* what is written from the first look on wakes it */
    result = run(w, once, stop_fd, grace_us, error);
    fct_store_announce(w->store, false, NULL);
    return result;
}

fct_worker *fct_worker_new(const struct fct_worker_setup *setup)
{
    fct_worker *w = fct_calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->setup = *setup;
    w->store = setup->store;
    w->pauses.plan = setup->plan;
    fct_list_init(&w->waiting);
    fct_list_init(&w->under_way);
    fct_list_init(&w->ended);
    fct_work_name_owner(w->owner);
    fct_random(&w->random, sizeof w->random);
    w->random |= 1; /* never 0 */
    w->host = fct_event_host_new(setup->driver);
    if (w->host)
        return w;
    fct_free(w);
    return NULL;
}

void fct_worker_free(fct_worker *w)
{
    if (!w)
        return;
    fct_worker_forget_ended(w);
    fct_event_host_close(w->host);
    fct_event_host_unref(w->host);
    fct_free(w);
}

const struct fct_worker_counts *fct_worker_counts(const fct_worker *w)
{
    return &w->counts;
}
