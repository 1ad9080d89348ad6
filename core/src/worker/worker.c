/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "worker/work.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LEASE_US INT64_C(60000000)
#define HEARTBEAT_US 20000000u
#define RESCUE_US 5000000u
#define RESCAN_US 1000000u /* claims begin at the front again */
#define LOOK_US 250000u    /* between two looks at an idle outbox, on average */
#define AGAIN_US 1000000u  /* after an error of the database */
#define CLAIM_MAX 64u
#define BYTES_MAX INT64_C(67108864) /* of mails under way; a larger one goes alone */

struct fct_worker {
    struct fct_worker_setup setup;
    fct_store *store;
    fct_event_host *host;
    char owner[64];
    fct_list waiting, under_way, ended; /* works: without their bytes yet; with a task; without a
                                           record of their verdict */
    unsigned count, ended_count;        /* all together, and those that ended */
    int64_t bytes;                      /* of those that have theirs */
    struct fct_cursor cursor;
    uint64_t rescan_us, rescue_us, heartbeat_us, again_us, stop_us; /* monotonic; when due */
    bool stopping;
    uint32_t random;
    struct fct_worker_counts counts;
    struct fct_claimed claimed[CLAIM_MAX];
};

static uint32_t draw(struct fct_worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 17;
    w->random ^= w->random << 5;
    return w->random;
}

static void complain(struct fct_worker *w, facteur_error *error)
{
    if (error && w->setup.complain)
        w->setup.complain(w->setup.user, error);
    facteur_error_free(error);
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

    fct_work_judge(work, outcome, w->setup.doubt, fct_clock_date_us(), draw(w));
    work->verdict.result = w->setup.tell(w->setup.user, task, outcome);
    move_to_ended(w, work);
}

static void let_go(struct fct_task *task)
{
    fct_work_unref(work_of(task));
}

static int doubt_all(struct fct_worker *w, struct fct_job *const *jobs, size_t count,
                     facteur_error **error)
{
    int result = fct_store_begin(w->store, error);

    for (size_t i = 0; !result && i < count; i++) {
        struct fct_work *work = work_of(FCT_ENTRY(jobs[i], struct fct_task, job));
        bool mine = false;

        result = fct_store_doubt(w->store, work->fence, &work->row.id, &mine, 1, error);
        jobs[i]->barred = !mine;
        w->counts.stale += !result && !mine;
    }
    if (!result)
        result = fct_store_commit(w->store, error);
    else
        fct_store_rollback(w->store);
    return result;
}

/* Terminators leave only when the doubt of the whole flight is durable. */
static void gate(struct fct_job *const *jobs, size_t count)
{
    struct fct_worker *w = work_of(FCT_ENTRY(jobs[0], struct fct_task, job))->worker;
    facteur_error *error = NULL;

    if (doubt_all(w, jobs, count, &error) == 0)
        return;
    complain(w, error);
    for (size_t i = 0; i < count; i++)
        jobs[i]->barred = true;
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

/* ---- The outbox -------------------------------------------------------------------------------
 */

static void count(struct fct_worker *w, const struct fct_settled *verdict, bool stale)
{
    w->counts.stale += stale;
    w->counts.sent += !stale && verdict->state == FCT_ROW_SENT;
    w->counts.failed += !stale && verdict->state == FCT_ROW_FAILED;
    w->counts.expired += !stale && verdict->state == FCT_ROW_EXPIRED;
    w->counts.held += !stale && verdict->state == FCT_ROW_HELD;
    w->counts.retried += !stale && verdict->state == FCT_ROW_READY && !verdict->uncounted;
}

static int settle_all(struct fct_worker *w, int64_t now_us, facteur_error **error)
{
    int result = 0;

    for (fct_list *link = w->ended.next; !result && link != &w->ended; link = link->next) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);
        size_t stale = 0;

        result = fct_store_settle(w->store, work->fence, &work->verdict, 1, now_us, &stale, error);
        work->stale = stale > 0;
    }
    return result;
}

static int renew_list(struct fct_worker *w, fct_list *list, int64_t now_us, facteur_error **error)
{
    int64_t fence = 0;
    size_t kept;
    int result = 0;

    /* Works of one claim are neighbours. */
    for (fct_list *link = list->next; !result && link != list; link = link->next) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);

        if (work->fence != fence)
            result = fct_store_renew(w->store, work->fence, now_us + LEASE_US, &kept, error);
        fence = work->fence;
    }
    return result;
}

static int renew_all(struct fct_worker *w, int64_t now_us, facteur_error **error)
{
    int result = renew_list(w, &w->waiting, now_us, error);

    return result ? result : renew_list(w, &w->under_way, now_us, error);
}

static int rescue(struct fct_worker *w, int64_t now_us, facteur_error **error)
{
    struct fct_rescued rescued = {0};
    int result = fct_store_rescue(w->store, now_us, w->setup.doubt, &rescued, error);

    if (result)
        return result;
    w->counts.rescued += rescued.ready + rescued.held;
    w->counts.quarantined += rescued.quarantined;
    return 0;
}

/*
 * How many mails to lease now, beside the record of those that ended.  Half a window at least, so
 * that they share flights.
 */
static unsigned appetite(const struct fct_worker *w)
{
    unsigned left = w->count - w->ended_count;
    unsigned room = w->setup.window > left ? w->setup.window - left : 0;

    if (w->stopping || (left && room < (w->setup.window + 1) / 2))
        return 0;
    return room < CLAIM_MAX ? room : CLAIM_MAX;
}

/* What is to be done in the next transaction. */
struct turn {
    bool verdicts, heartbeat, rescue;
    unsigned appetite;
    unsigned claimed;
    int64_t fence;
};

static int run_turn(struct fct_worker *w, struct turn *turn, facteur_error **error)
{
    int64_t now_us = fct_clock_date_us();
    int result = fct_store_begin(w->store, error);

    if (result)
        return result;
    if (turn->verdicts)
        result = settle_all(w, now_us, error);
    if (!result && turn->heartbeat)
        result = renew_all(w, now_us, error);
    if (!result && turn->rescue)
        result = rescue(w, now_us, error);
    if (!result && turn->appetite)
        result = fct_store_claim(w->store, turn->appetite, w->owner, now_us, now_us + LEASE_US,
                                 &w->cursor, &turn->fence, w->claimed, &turn->claimed, error);
    if (!result)
        return fct_store_commit(w->store, error);
    fct_store_rollback(w->store);
    return result;
}

static void forget_ended(struct fct_worker *w)
{
    fct_list *link;

    while ((link = fct_list_first(&w->ended)) != NULL) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);

        count(w, &work->verdict, work->stale);
        fct_list_remove(link);
        if (work->under_way)
            fct_event_host_forget(&work->task);
        w->bytes -= work->counted ? work->row.size : 0;
        fct_work_unref(work);
        w->count--;
    }
    w->ended_count = 0;
}

static void queue_claimed(struct fct_worker *w, const struct turn *turn)
{
    for (unsigned i = 0; i < turn->claimed; i++) {
        struct fct_work *work = fct_work_new(w, &w->claimed[i], turn->fence);

        /* Without memory its lease runs out. */
        if (!work)
            continue;
        fct_list_push(&w->waiting, &work->link);
        w->count++;
    }
}

/* Begin the mails that wait, as far as there is room for their bytes. */
static void start_waiting(struct fct_worker *w)
{
    fct_list *link;

    if (!fct_list_empty(&w->waiting) && w->setup.prepare)
        w->setup.prepare(w->setup.user);
    while ((link = fct_list_first(&w->waiting)) != NULL) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);

        if (w->bytes && w->bytes + work->row.size > BYTES_MAX)
            return;
        w->bytes += work->row.size;
        work->counted = true;
        fct_list_remove(link);
        fct_list_push(&w->under_way, link);
        start(w, work);
    }
}

/* Whether a row is ready, or a lease has run out.  It only reads. */
static int look(struct fct_worker *w, bool *ready, bool *late, facteur_error **error)
{
    int64_t ready_us = 0, lease_us = 0, now_us = fct_clock_date_us();
    int result = fct_store_next(w->store, &ready_us, &lease_us, error);

    *ready = !result && ready_us && ready_us <= now_us;
    *late = !result && lease_us && lease_us < now_us;
    return result;
}

/* One transaction, if there is something for it.  `idle`: nothing is ready. */
static int turn_once(struct fct_worker *w, bool *idle, facteur_error **error)
{
    uint64_t now_us = fct_clock_now_us();
    struct turn turn = {.verdicts = !fct_list_empty(&w->ended), .appetite = appetite(w)};
    bool ready = false, late = false;
    int result = 0;

    if (turn.appetite || now_us >= w->rescue_us)
        result = look(w, &ready, &late, error);
    if (result)
        return result;
    turn.rescue = late && now_us >= w->rescue_us && !w->stopping;
    *idle = turn.appetite && !ready && !turn.rescue && !turn.verdicts;
    turn.heartbeat = now_us >= w->heartbeat_us &&
                     !(fct_list_empty(&w->waiting) && fct_list_empty(&w->under_way));
    turn.appetite = ready ? turn.appetite : 0;
    if (now_us >= w->rescan_us) {
        w->cursor = (struct fct_cursor){0};
        w->rescan_us = now_us + RESCAN_US;
    }
    if (now_us >= w->rescue_us)
        w->rescue_us = now_us + RESCUE_US;
    if (!turn.verdicts && !turn.heartbeat && !turn.rescue && !turn.appetite)
        return 0;
    result = run_turn(w, &turn, error);
    if (result)
        return result;
    if (turn.heartbeat || w->count == 0)
        w->heartbeat_us = now_us + HEARTBEAT_US;
    /* A claim that came back short begins at the front the next time. */
    if (turn.claimed < turn.appetite)
        w->rescan_us = 0;
    if (turn.verdicts)
        forget_ended(w);
    queue_claimed(w, &turn);
    return 0;
}

/* ---- Running ----------------------------------------------------------------------------------
 */

static bool is_asked_to_stop(int stop_fd)
{
    struct pollfd fd = {stop_fd, POLLIN, 0};

    return stop_fd >= 0 && poll(&fd, 1, 0) > 0;
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
    fct_list *link;

    while ((link = fct_list_first(&w->waiting)) != NULL)
        move_to_ended(w, FCT_ENTRY(link, struct fct_work, link));
    w->stopping = true;
    w->stop_us = fct_clock_now_us() + grace_us;
    /* The end of one may be that of others. */
    while ((work = find_uncancelled(w)) != NULL) {
        work->cancelled = true;
        fct_driver_cancel(w->setup.driver, &work->task);
    }
}

static void wait_for_work(struct fct_worker *w, int stop_fd)
{
    struct pollfd fds[] = {{fct_event_host_fd(w->host), POLLIN, 0},
                           {w->stopping ? -1 : stop_fd, POLLIN, 0}};
    uint64_t wait_us = fct_event_host_timeout_us(w->host), now_us = fct_clock_now_us();
    uint64_t look_us = LOOK_US / 2 + draw(w) % LOOK_US;

    if (!fct_list_empty(&w->ended))
        look_us = w->again_us > now_us ? w->again_us - now_us : 0;
    if (wait_us > look_us)
        wait_us = look_us;
    poll(fds, 2, (int)((wait_us + 999) / 1000));
}

static bool is_done(const struct fct_worker *w, bool once, bool idle)
{
    return w->count == 0 && (w->stopping || (once && idle));
}

int fct_worker_run(fct_worker *w, bool once, int stop_fd, uint64_t grace_us, facteur_error **error)
{
    bool first = true;

    for (;;) {
        facteur_error *cause = NULL;
        bool idle = false;
        int result = 0;

        if (!w->stopping && is_asked_to_stop(stop_fd))
            begin_stop(w, grace_us);
        if (w->stopping && fct_clock_now_us() >= w->stop_us && !fct_list_empty(&w->under_way))
            fct_driver_close(w->setup.driver, 0); /* it ends every task */
        if (fct_clock_now_us() >= w->again_us)
            result = turn_once(w, &idle, &cause);
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

fct_worker *fct_worker_new(const struct fct_worker_setup *setup)
{
    fct_worker *w = fct_calloc(1, sizeof *w);
    char host[32] = "";

    if (!w)
        return NULL;
    w->setup = *setup;
    w->store = setup->store;
    fct_list_init(&w->waiting);
    fct_list_init(&w->under_way);
    fct_list_init(&w->ended);
    gethostname(host, sizeof host - 1);
    snprintf(w->owner, sizeof w->owner, "%s %ld", host, (long)getpid());
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
    forget_ended(w);
    fct_event_host_close(w->host);
    fct_event_host_unref(w->host);
    fct_free(w);
}

const struct fct_worker_counts *fct_worker_counts(const fct_worker *w)
{
    return &w->counts;
}
