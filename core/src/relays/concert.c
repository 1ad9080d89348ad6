/* SPDX-License-Identifier: MIT */
/*
 * A task is in one place at a time: it waits for a relay's pace, or it is in that relay's pool.
 * Wherever it is stopped, its job fails, and on_done() ends it.
 */
#include "relays/concert.h"

#include "base/memory.h"
#include "pool/failure.h"
#include "relays/lane.h"
#include "relays/verdict.h"

#include <string.h>

/* The least time that each of several relays gets, while at least twice as much is left. */
#define SHARE_MIN_US 2000000u

struct fct_concert {
    fct_loop *loop;
    const fct_plan *plan;
    void (*ended)(struct fct_task *task, const fct_outcome *outcome);
    struct fct_lane *lanes; /* plan->member_count */
    unsigned lane_count;    /* the number of lanes that were made */
    unsigned turn;
    bool closing;
};

/* ---- Ending ---------------------------------------------------------------------------------- */

/* The only end of a task. */
static void end(struct fct_task *task, const fct_outcome *outcome)
{
    task->transcript = task->job.transcript;
    task->relay = task->lane->member->relay.name;
    fct_timer_clear(&task->limit);
    fct_task_drop_variants(task, task->concert->plan);
    task->concert->ended(task, outcome);
}

/* For a task that no pool has. */
static void fail(struct fct_task *task, const struct fct_failure *failure)
{
    fct_list_remove(&task->wait);
    task->place = FCT_TASK_OUTSIDE;
    fct_job_fail(&task->job, failure);
}

static void fail_closed(struct fct_task *task, const char *message)
{
    struct fct_failure failure;

    fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_resolve, message);
    fail(task, &failure);
}

/*
 * The token was there at the submission; another mail has shown since then that the relay refuses
 * it.
 */
static void fail_tokenless(struct fct_task *task)
{
    bool late = fct_loop_now_us(task->concert->loop) >= task->deadline_us &&
                fct_bearer_is_asked(task->lane->member->tokens);
    struct fct_failure failure;
    char text[FCT_BEARER_TEXT] = "";

    task->token_refused = true;
    fct_lane_take_token(task->lane, &task->token, text);
    fct_failure_init(&failure, late ? FACTEUR_EDEADLINE : FACTEUR_EAUTH, FACTEUR_PHASE_auth,
                     late ? "the deadline passed while the token was asked for" : text);
    fail(task, &failure);
}

/* ---- Choosing -------------------------------------------------------------------------------- */

/*
 * The next relay in the task's order, from `*index` on, that may be tried now.  NULL when there is
 * none.
 */
static struct fct_lane *find_lane(const struct fct_task *task, unsigned *index)
{
    fct_concert *concert = task->concert;
    uint64_t now_us = fct_loop_now_us(concert->loop);

    for (; *index < task->order_count; ++*index) {
        struct fct_lane *lane = &concert->lanes[task->order[*index]];

        if (task->avoid >> task->order[*index] & 1)
            continue;
        if (task->mail && !fct_breaker_allows(&lane->breaker, now_us))
            fct_lane_renew(lane);
        if (!task->mail || fct_breaker_allows(&lane->breaker, now_us))
            return lane;
    }
    return NULL;
}

static unsigned count_left(const struct fct_task *task)
{
    unsigned count = 0;

    for (unsigned i = task->next; find_lane(task, &i); i++)
        count++;
    return count;
}

/*
 * One deadline covers all relays: a relay that others follow gets an even share of the time left.
 */
static uint64_t share_end_us(const struct fct_task *task)
{
    uint64_t now_us = fct_loop_now_us(task->concert->loop);
    uint64_t deadline_us = task->deadline_us;
    uint64_t left_us = task->span_us          ? task->span_us
                       : deadline_us > now_us ? deadline_us - now_us
                                              : 0;
    unsigned others = count_left(task);
    uint64_t share_us = left_us / (others + 1);

    if (!others)
        return FCT_NEVER;
    if (share_us < SHARE_MIN_US)
        share_us = left_us / 2 < SHARE_MIN_US ? left_us / 2 : SHARE_MIN_US;
    return now_us + share_us;
}

/* ---- Moving ---------------------------------------------------------------------------------- */

static void wait_for_pace(struct fct_lane *lane)
{
    uint64_t now_us = fct_loop_now_us(lane->loop);

    if (fct_list_empty(&lane->waiting))
        fct_timer_clear(&lane->timer);
    else
        fct_timer_set(lane->loop, &lane->timer, fct_throttle_next_us(&lane->throttle, now_us));
}

/* Give the task to its relay's pool.  Returns false when there is no token for that relay. */
static bool give(struct fct_task *task)
{
    struct fct_lane *lane = task->lane;
    uint64_t now_us = fct_loop_now_us(lane->loop);
    char problem[FCT_BEARER_TEXT];

    task->entered_us = now_us;
    fct_lane_renew(lane);
    if (!fct_lane_take_token(lane, &task->token, problem))
        return false;
    task->place = FCT_TASK_IN_POOL;
    if (task->mail) {
        fct_throttle_take(&lane->throttle, now_us);
        task->probe = fct_breaker_enter(&lane->breaker, now_us);
    }
    lane->passed_us = now_us;
    /* The pool itself watches deadline and span.  A share of the deadline is watched here. */
    if (task->span_us || task->limit.due_us >= task->deadline_us)
        fct_timer_clear(&task->limit);
    fct_pool_submit(lane->pool, &task->job);
    return true;
}

static bool enter(struct fct_task *task, struct fct_lane *lane)
{
    uint64_t now_us = fct_loop_now_us(lane->loop), limit_us = share_end_us(task);

    task->lane = lane;
    task->job.mail = task->variants ? task->variants[lane - task->concert->lanes] : task->mail;
    task->probe = false;
    if (limit_us > task->deadline_us)
        limit_us = task->deadline_us;
    if (task->span_us && limit_us == FCT_NEVER)
        limit_us = now_us + task->span_us;
    task->job.wait_us = limit_us - now_us;
    fct_timer_set(lane->loop, &task->limit, limit_us);
    if (task->mail && (!fct_list_empty(&lane->waiting) ||
                       fct_throttle_next_us(&lane->throttle, now_us) > now_us)) {
        task->place = FCT_TASK_WAITING;
        fct_list_push(&lane->waiting, &task->wait);
        wait_for_pace(lane);
        return true;
    }
    return give(task);
}

/*
 * The next relay asked for fewer mails.  A later relay that can take the mail sooner, mostly at
 * once, is tried before it, unless mails already wait for that one.  Relays that were passed over
 * stay in the order.  This does not apply to max_rate, the user's own pace, which we wait for.
 */
static void pass_by(struct fct_task *task)
{
    const struct fct_lane *lanes = task->concert->lanes;
    unsigned char *order = task->order, chosen;
    unsigned first = task->next, best = first;
    uint64_t now_us = fct_loop_now_us(task->concert->loop), next_us;
    uint64_t soonest_us = fct_throttle_next_us(&lanes[order[first]].throttle, now_us);

    for (unsigned i = first + 1; soonest_us > now_us && find_lane(task, &i); i++) {
        next_us = fct_throttle_next_us(&lanes[order[i]].throttle, now_us);
        if (next_us < soonest_us && fct_list_empty(&lanes[order[i]].waiting)) {
            soonest_us = next_us;
            best = i;
        }
    }
    chosen = order[best];
    memmove(&order[first + 1], &order[first], best - first);
    order[first] = chosen;
}

/*
 * Go on to the next relay that may be tried, or end the task when the last one lacks a token.
 * Returns false when there is none.
 */
static bool go_on(struct fct_task *task)
{
    const struct fct_lane *lane;
    bool tokenless = false;

    while ((lane = find_lane(task, &task->next)) != NULL) {
        if (task->mail && fct_throttle_slowed(&lane->throttle))
            pass_by(task);
        if (enter(task, &task->concert->lanes[task->order[task->next++]]))
            return true;
        tokenless = true;
    }
    if (tokenless)
        fail_tokenless(task);
    return tokenless;
}

static bool may_go_on(const struct fct_task *task)
{
    return !task->cancelled && !task->concert->closing &&
           fct_loop_now_us(task->concert->loop) < task->deadline_us;
}

static void on_pace(fct_timer *timer)
{
    struct fct_lane *lane = FCT_ENTRY(timer, struct fct_lane, timer);
    uint64_t now_us = fct_loop_now_us(lane->loop);

    while (!fct_list_empty(&lane->waiting) &&
           fct_throttle_next_us(&lane->throttle, now_us) <= now_us) {
        struct fct_task *task = FCT_ENTRY(fct_list_first(&lane->waiting), struct fct_task, wait);

        fct_list_remove(&task->wait);
        if (!give(task) && !(may_go_on(task) && go_on(task)))
            fail_tokenless(task);
    }
    wait_for_pace(lane);
}

/* This relay's share of the time, or the whole deadline, is over. */
static void on_limit(fct_timer *timer)
{
    struct fct_task *task = FCT_ENTRY(timer, struct fct_task, limit);
    struct fct_lane *lane = task->lane;
    struct fct_failure failure;
    char text[2 * FCT_LANE_TEXT];

    if (task->place == FCT_TASK_IN_POOL) {
        fct_pool_expire(lane->pool, &task->job);
        return;
    }
    if (task->span_us && fct_loop_now_us(lane->loop) < lane->passed_us + task->job.wait_us) {
        fct_timer_set(lane->loop, timer, lane->passed_us + task->job.wait_us);
        return;
    }
    fct_list_remove(&task->wait);
    wait_for_pace(lane);
    if (may_go_on(task) && go_on(task))
        return;
    fct_lane_tire(lane, &failure, text);
    fail(task, &failure);
}

static void learn(struct fct_task *task, const fct_outcome *outcome)
{
    struct fct_lane *lane = task->lane;
    const fct_job *job = &task->job;

    task->attempts += job->attempts;
    task->token_refused = lane->member->tokens && outcome->phase == FACTEUR_PHASE_auth &&
                          outcome->error == FACTEUR_EAUTH && outcome->reply.code >= 500;
    if (task->token_refused)
        fct_bearer_refuse(lane->member->tokens, task->token);
    if (job->mail)
        fct_lane_learn(lane, outcome, job->attempts, task->entered_us, task->probe);
    wait_for_pace(lane);
}

/* Go on to another relay, if this one was the obstacle. */
static bool move_on(struct fct_task *task, const fct_outcome *outcome)
{
    char *transcript = task->job.transcript;

    if (!may_go_on(task) || !fct_verdict_moves_on(outcome))
        return false;
    task->job.transcript = NULL;
    if (go_on(task)) {
        fct_free(transcript);
        return true;
    }
    task->job.transcript = transcript;
    return false;
}

/* A task left a pool, or was stopped before one had it. */
static void on_done(fct_job *job, const fct_outcome *outcome)
{
    struct fct_task *task = FCT_ENTRY(job, struct fct_task, job);

    if (task->place == FCT_TASK_IN_POOL) {
        task->place = FCT_TASK_OUTSIDE;
        learn(task, outcome);
        if (move_on(task, outcome))
            return;
    }
    end(task, outcome);
}

/* ---- Submitting and stopping --------------------------------------------------------------- */

static void start(fct_concert *concert, struct fct_task *task)
{
    task->concert = concert;
    task->job = (fct_job){.mail = task->mail,
                          .deadline_us = task->deadline_us,
                          .span_us = task->span_us,
                          .check = task->check,
                          .gate = task->gate,
                          .done = on_done};
    task->attempts = task->next = 0;
    task->transcript = NULL;
    task->relay = NULL;
    task->token_refused = task->cancelled = false;
    task->place = FCT_TASK_OUTSIDE;
    fct_list_init(&task->wait);
    fct_timer_init(&task->limit, on_limit);
    if (task->only) {
        task->order[0] = (unsigned char)(task->only - 1);
        task->order_count = 1;
    } else {
        fct_group_order(&concert->plan->group, concert->turn++, task->order);
        task->order_count = concert->lane_count;
    }
}

void fct_concert_submit(fct_concert *concert, struct fct_task *task)
{
    struct fct_failure failure;
    char text[2 * FCT_LANE_TEXT];

    start(concert, task);
    if (go_on(task))
        return;
    /* All breakers are open. */
    for (unsigned i = 0; i + 1 < task->order_count && task->avoid >> task->order[0] & 1; i++)
        memmove(task->order, task->order + 1, task->order_count - 1 - i);
    task->lane = &concert->lanes[task->order[0]];
    fct_lane_refuse(task->lane, &failure, text);
    fail(task, &failure);
}

unsigned fct_concert_relay_of(const struct fct_task *task)
{
    return task->lane ? (unsigned)(task->lane - task->concert->lanes) : FCT_MEMBERS_MAX;
}

bool fct_concert_cancel(fct_concert *concert, struct fct_task *task)
{
    task->cancelled = true;
    if (task->place == FCT_TASK_IN_POOL)
        return fct_pool_cancel(task->lane->pool, &task->job);
    fct_concert_cut(concert, task);
    return true;
}

void fct_concert_cut(fct_concert *concert, struct fct_task *task)
{
    (void)concert;
    task->cancelled = true;
    if (task->place == FCT_TASK_IN_POOL)
        fct_pool_cut(task->lane->pool, &task->job);
    else if (task->place == FCT_TASK_WAITING)
        fail_closed(task, "the send was cancelled");
}

/* ---- The concert itself ---------------------------------------------------------------------- */

fct_concert *fct_concert_new(fct_loop *loop, const fct_plan *plan,
                             void (*ended)(struct fct_task *task, const fct_outcome *outcome))
{
    fct_concert *concert = fct_calloc(1, sizeof *concert);

    if (!concert)
        return NULL;
    concert->loop = loop;
    concert->plan = plan;
    concert->ended = ended;
    concert->lanes = fct_calloc(plan->member_count, sizeof *concert->lanes);
    for (unsigned i = 0; concert->lanes && i < plan->member_count; i++) {
        if (fct_lane_init(&concert->lanes[i], loop, &plan->members[i]))
            break;
        fct_timer_init(&concert->lanes[i].timer, on_pace);
        concert->lane_count++;
    }
    if (concert->lane_count == plan->member_count)
        return concert;
    fct_concert_free(concert);
    return NULL;
}

/* End the tasks that no pool has. */
static void end_waiting(fct_concert *concert)
{
    fct_list *link;

    for (unsigned i = 0; i < concert->lane_count; i++) {
        while ((link = fct_list_first(&concert->lanes[i].waiting)) != NULL)
            fail_closed(FCT_ENTRY(link, struct fct_task, wait), "the mailer was closed");
        fct_timer_clear(&concert->lanes[i].timer);
    }
}

void fct_concert_quit(fct_concert *concert)
{
    concert->closing = true;
    end_waiting(concert);
    for (unsigned i = 0; i < concert->lane_count; i++)
        fct_pool_quit(concert->lanes[i].pool);
}

bool fct_concert_active(const fct_concert *concert)
{
    for (unsigned i = 0; i < concert->lane_count; i++) {
        if (fct_pool_active(concert->lanes[i].pool))
            return true;
    }
    return false;
}

void fct_concert_free(fct_concert *concert)
{
    if (!concert)
        return;
    concert->closing = true;
    end_waiting(concert);
    for (unsigned i = 0; i < concert->lane_count; i++)
        fct_pool_free(concert->lanes[i].pool);
    fct_free(concert->lanes);
    fct_free(concert);
}

void fct_concert_abandon(fct_concert *concert)
{
    for (unsigned i = 0; i < concert->lane_count; i++) {
        fct_timer_clear(&concert->lanes[i].timer);
        fct_pool_abandon(concert->lanes[i].pool);
    }
    fct_free(concert->lanes);
    fct_free(concert);
}
