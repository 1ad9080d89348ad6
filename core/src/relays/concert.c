/* SPDX-License-Identifier: MIT */
/*
 * Each mail has a passage: the order in which it tries the relays, and the job that the pool of the
 * present one has.  A passage is in one place at a time: waiting for the pace of a relay, in its
 * pool, or among those that end with the loop's next turn.
 */
#include "relays/concert.h"

#include "base/memory.h"
#include "pool/withdraw.h"
#include "relays/lane.h"
#include "relays/provider.h"
#include "relays/verdict.h"

#include <string.h>

/* What each of several relays gets of the deadline at least, while there is as much again. */
#define SHARE_MIN_US 2000000u

struct fct_concert {
    fct_loop *loop;
    const fct_plan *plan;
    struct fct_lane *lanes; /* plan->member_count */
    unsigned lane_count;    /* of those that were made */
    unsigned turn;
    fct_list all;        /* passages */
    fct_list stopped;    /* passages that no relay may take now */
    fct_list unpassaged; /* jobs for which there was no memory */
    fct_timer kick;
    bool closing;
};

enum place { IN_NONE, IN_LANE, IN_POOL, IN_STOPPED };

struct passage {
    fct_concert *concert;
    fct_job *outer;
    fct_job inner;
    fct_mail **variants;   /* the mail as each lane's relay gets it, or NULL: the same for all */
    struct fct_lane *lane; /* the present one */
    enum place place;
    fct_list member; /* of all */
    fct_list link;   /* in a lane's or the stopped list */
    fct_timer limit; /* when this relay has had its share; while waiting also the deadline */
    unsigned char order[FCT_MEMBERS_MAX];
    unsigned order_count, next;
    unsigned attempts;
    uint64_t entered_us;
    unsigned token; /* the number of the one that it was given with */
    bool probe, cancelled, tokenless;
};

/* ---- The mail itself ------------------------------------------------------------------------- */

/* Made at the start, where running out of memory has a way out. */
static bool make_variants(struct passage *passage)
{
    const fct_concert *concert = passage->concert;
    fct_mail *mail = passage->outer->mail;

    if (!mail || !fct_mail_labels(mail)->text.len)
        return true;
    passage->variants = fct_calloc(concert->lane_count, sizeof(fct_mail *));
    for (unsigned i = 0; passage->variants && i < concert->lane_count; i++) {
        passage->variants[i] = fct_provider_mail(concert->lanes[i].member->dsn.preset, mail);
        if (!passage->variants[i])
            return false;
    }
    return passage->variants != NULL;
}

static void drop_variants(struct passage *passage)
{
    for (unsigned i = 0; passage->variants && i < passage->concert->lane_count; i++)
        fct_mail_unref(passage->variants[i]);
    fct_free(passage->variants);
}

/* ---- Ending ---------------------------------------------------------------------------------- */

static void finish(struct passage *passage, const fct_outcome *outcome)
{
    fct_job *job = passage->outer;

    job->attempts = passage->attempts;
    job->transcript = passage->inner.transcript;
    job->relay = passage->lane->member->relay.name;
    job->pooled = NULL;
    job->token_refused = passage->inner.token_refused;
    fct_timer_clear(&passage->limit);
    fct_list_remove(&passage->link);
    fct_list_remove(&passage->member);
    drop_variants(passage);
    fct_free(passage);
    job->done(job, outcome);
}

static void fail_job(fct_job *job, const struct fct_failure *failure)
{
    fct_outcome outcome;

    fct_failure_outcome(failure, job->mail ? fct_mail_recipient_count(job->mail) : 0, &outcome);
    outcome.tag = job;
    job->done(job, &outcome);
    fct_failure_outcome_done(&outcome);
}

static void fail(struct passage *passage, const struct fct_failure *failure)
{
    fct_job *job = passage->outer;
    fct_outcome outcome;

    fct_failure_outcome(failure, job->mail ? fct_mail_recipient_count(job->mail) : 0, &outcome);
    outcome.tag = job;
    finish(passage, &outcome);
    fct_failure_outcome_done(&outcome);
}

static void fail_closed(struct passage *passage, const char *message)
{
    struct fct_failure failure;

    fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_resolve, message);
    fail(passage, &failure);
}

/* ---- Choosing -------------------------------------------------------------------------------- */

/* The next relay in the passage's order that may be tried now, from `*index` on; NULL: none. */
static struct fct_lane *find_lane(const struct passage *passage, unsigned *index)
{
    fct_concert *concert = passage->concert;
    uint64_t now_us = fct_loop_now_us(concert->loop);

    for (; *index < passage->order_count; ++*index) {
        struct fct_lane *lane = &concert->lanes[passage->order[*index]];

        if (passage->outer->mail && !fct_breaker_allows(&lane->breaker, now_us))
            fct_lane_renew(lane);
        if (!passage->outer->mail || fct_breaker_allows(&lane->breaker, now_us))
            return lane;
    }
    return NULL;
}

static unsigned count_left(const struct passage *passage)
{
    unsigned count = 0;

    for (unsigned i = passage->next; find_lane(passage, &i); i++)
        count++;
    return count;
}

/* One deadline over all: with others behind it, a relay gets an even share of what is left. */
static uint64_t share_end_us(const struct passage *passage)
{
    uint64_t now_us = fct_loop_now_us(passage->concert->loop);
    uint64_t deadline_us = passage->outer->deadline_us;
    uint64_t left_us = deadline_us > now_us ? deadline_us - now_us : 0;
    unsigned others = count_left(passage);
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

static void give(struct passage *passage)
{
    struct fct_lane *lane = passage->lane;
    uint64_t now_us = fct_loop_now_us(lane->loop), share_us = passage->limit.due_us;
    char problem[FCT_BEARER_TEXT];

    passage->place = IN_POOL;
    passage->entered_us = now_us;
    fct_lane_renew(lane);
    if (!fct_lane_take_token(lane, &passage->token, problem)) {
        passage->place = IN_STOPPED;
        passage->tokenless = true;
        fct_list_push(&passage->concert->stopped, &passage->link);
        fct_timer_set(lane->loop, &passage->concert->kick, 0);
        return;
    }
    if (passage->outer->mail) {
        fct_throttle_take(&lane->throttle, now_us);
        passage->probe = fct_breaker_enter(&lane->breaker, now_us);
    }
    /* The pool keeps the deadline itself; a share of it is kept here. */
    if (share_us >= passage->outer->deadline_us)
        fct_timer_clear(&passage->limit);
    fct_pool_submit(lane->pool, &passage->inner);
}

static void enter(struct passage *passage, struct fct_lane *lane)
{
    uint64_t now_us = fct_loop_now_us(lane->loop), limit_us = share_end_us(passage);

    passage->lane = lane;
    if (passage->variants)
        passage->inner.mail = passage->variants[lane - passage->concert->lanes];
    passage->probe = false;
    if (limit_us > passage->outer->deadline_us)
        limit_us = passage->outer->deadline_us;
    fct_timer_set(lane->loop, &passage->limit, limit_us);
    if (passage->outer->mail && (!fct_list_empty(&lane->waiting) ||
                                 fct_throttle_next_us(&lane->throttle, now_us) > now_us)) {
        passage->place = IN_LANE;
        fct_list_push(&lane->waiting, &passage->link);
        wait_for_pace(lane);
        return;
    }
    give(passage);
}

/*
 * The relay that comes next asked for fewer mails: the one behind it that can have the mail
 * soonest, at once as a rule, comes before it, unless mails wait for that one already.  Those
 * passed by stay in the order.  Not for max_rate, which is the user's own pace and waited for.
 */
static void pass_by(struct passage *passage)
{
    const struct fct_lane *lanes = passage->concert->lanes;
    unsigned char *order = passage->order, chosen;
    unsigned first = passage->next, best = first;
    uint64_t now_us = fct_loop_now_us(passage->concert->loop), next_us;
    uint64_t soonest_us = fct_throttle_next_us(&lanes[order[first]].throttle, now_us);

    for (unsigned i = first + 1; soonest_us > now_us && find_lane(passage, &i); i++) {
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

/* On to the next relay that may be tried; false when there is none. */
static bool go_on(struct passage *passage)
{
    const struct fct_lane *lane = find_lane(passage, &passage->next);

    if (!lane)
        return false;
    if (passage->outer->mail && fct_throttle_slowed(&lane->throttle))
        pass_by(passage);
    enter(passage, &passage->concert->lanes[passage->order[passage->next++]]);
    return true;
}

static bool may_go_on(const struct passage *passage)
{
    return !passage->cancelled && !passage->concert->closing &&
           fct_loop_now_us(passage->concert->loop) < passage->outer->deadline_us;
}

static void on_pace(fct_timer *timer)
{
    struct fct_lane *lane = FCT_ENTRY(timer, struct fct_lane, timer);
    uint64_t now_us = fct_loop_now_us(lane->loop);

    while (!fct_list_empty(&lane->waiting) &&
           fct_throttle_next_us(&lane->throttle, now_us) <= now_us) {
        fct_list *link = fct_list_first(&lane->waiting);

        fct_list_remove(link);
        give(FCT_ENTRY(link, struct passage, link));
    }
    wait_for_pace(lane);
}

/* The share of this relay, or the whole deadline, is over. */
static void on_limit(fct_timer *timer)
{
    struct passage *passage = FCT_ENTRY(timer, struct passage, limit);
    struct fct_lane *lane = passage->lane;
    struct fct_failure failure;
    char text[2 * FCT_LANE_TEXT];

    if (passage->place == IN_POOL) {
        fct_pool_expire(lane->pool, &passage->inner);
        return;
    }
    fct_list_remove(&passage->link);
    wait_for_pace(lane);
    if (may_go_on(passage) && go_on(passage))
        return;
    fct_lane_tire(lane, &failure, text);
    fail(passage, &failure);
}

static void on_done(fct_job *inner, const fct_outcome *outcome)
{
    struct passage *passage = inner->user;
    struct fct_lane *lane = passage->lane;

    passage->place = IN_NONE;
    passage->attempts += inner->attempts;
    inner->token_refused = lane->member->tokens && outcome->phase == FACTEUR_PHASE_auth &&
                           outcome->error == FACTEUR_EAUTH && outcome->reply.code >= 500;
    if (inner->token_refused)
        fct_bearer_refuse(lane->member->tokens, passage->token);
    if (inner->mail)
        fct_lane_learn(lane, outcome, inner->attempts, passage->entered_us, passage->probe);
    wait_for_pace(lane);
    if (may_go_on(passage) && fct_verdict_moves_on(outcome)) {
        char *transcript = inner->transcript;

        inner->transcript = NULL;
        if (go_on(passage)) {
            fct_free(transcript);
            return;
        }
        inner->transcript = transcript;
    }
    finish(passage, outcome);
}

/* ---- Coming ---------------------------------------------------------------------------------- */

/* No mail can be given to this relay: its breaker is open, or there is no token for it. */
static void end_stopped(struct passage *passage)
{
    struct fct_failure failure;
    char text[2 * FCT_LANE_TEXT];

    fct_list_remove(&passage->link);
    passage->place = IN_NONE;
    if (passage->tokenless) {
        passage->tokenless = false;
        if (may_go_on(passage) && go_on(passage))
            return;
        /* It was there at the submission: another mail has shown since that it is refused. */
        passage->inner.token_refused = true;
        fct_lane_take_token(passage->lane, &passage->token, text);
        fct_failure_init(&failure, FACTEUR_EAUTH, FACTEUR_PHASE_auth, text);
    } else {
        fct_lane_refuse(passage->lane, &failure, text);
    }
    fail(passage, &failure);
}

static void on_kick(fct_timer *timer)
{
    fct_concert *concert = FCT_ENTRY(timer, fct_concert, kick);
    struct fct_failure failure;
    fct_list *link;

    while ((link = fct_list_first(&concert->unpassaged)) != NULL) {
        fct_list_remove(link);
        fct_failure_init(&failure, FACTEUR_ENOMEM, FACTEUR_PHASE_resolve, NULL);
        fail_job(FCT_ENTRY(link, fct_job, link), &failure);
    }
    while ((link = fct_list_first(&concert->stopped)) != NULL)
        end_stopped(FCT_ENTRY(link, struct passage, link));
}

static struct passage *make_passage(fct_concert *concert, fct_job *job)
{
    struct passage *passage = fct_calloc(1, sizeof *passage);

    if (!passage)
        return NULL;
    passage->concert = concert;
    passage->outer = job;
    if (!make_variants(passage)) {
        drop_variants(passage);
        fct_free(passage);
        return NULL;
    }
    passage->inner = (fct_job){.mail = job->mail,
                               .deadline_us = job->deadline_us,
                               .check = job->check,
                               .done = on_done,
                               .user = passage};
    fct_list_init(&passage->inner.link);
    fct_list_init(&passage->link);
    fct_timer_init(&passage->limit, on_limit);
    fct_list_push(&concert->all, &passage->member);
    if (job->only) {
        passage->order[0] = (unsigned char)(job->only - 1);
        passage->order_count = 1;
    } else {
        fct_group_order(&concert->plan->group, concert->turn++, passage->order);
        passage->order_count = concert->lane_count;
    }
    return passage;
}

void fct_concert_submit(fct_concert *concert, fct_job *job)
{
    struct passage *passage = make_passage(concert, job);

    fct_list_init(&job->link);
    job->pooled = passage;
    job->attempts = 0;
    job->transcript = NULL;
    job->relay = NULL;
    job->token_refused = false;
    if (!passage) {
        fct_list_push(&concert->unpassaged, &job->link);
    } else if (go_on(passage)) {
        return;
    } else {
        passage->lane = &concert->lanes[passage->order[0]];
        passage->place = IN_STOPPED;
        fct_list_push(&concert->stopped, &passage->link);
    }
    fct_timer_set(concert->loop, &concert->kick, 0);
}

void fct_concert_cancel(fct_concert *concert, fct_job *job)
{
    static const char text[] = "the send was cancelled";
    struct passage *passage = job->pooled;
    struct fct_failure failure;

    (void)concert;
    if (!passage) {
        if (fct_list_empty(&job->link))
            return;
        fct_list_remove(&job->link);
        fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_resolve, text);
        fail_job(job, &failure);
        return;
    }
    passage->cancelled = true;
    if (passage->place == IN_POOL)
        fct_pool_cancel(passage->lane->pool, &passage->inner);
    else
        fail_closed(passage, text);
}

bool fct_concert_withdraw(fct_concert *concert, fct_job *job)
{
    struct passage *passage = job->pooled;

    if (!passage || passage->place != IN_POOL) {
        fct_concert_cancel(concert, job);
        return true;
    }
    passage->cancelled = true;
    return fct_pool_withdraw(passage->lane->pool, &passage->inner);
}

/* ---- The concert itself ---------------------------------------------------------------------- */

fct_concert *fct_concert_new(fct_loop *loop, const fct_plan *plan)
{
    fct_concert *concert = fct_calloc(1, sizeof *concert);

    if (!concert)
        return NULL;
    concert->loop = loop;
    concert->plan = plan;
    fct_list_init(&concert->all);
    fct_list_init(&concert->stopped);
    fct_list_init(&concert->unpassaged);
    fct_timer_init(&concert->kick, on_kick);
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

/* Those that no pool has. */
static void end_waiting(fct_concert *concert)
{
    fct_list *link;

    for (unsigned i = 0; i < concert->lane_count; i++) {
        while ((link = fct_list_first(&concert->lanes[i].waiting)) != NULL)
            fail_closed(FCT_ENTRY(link, struct passage, link), "the mailer was closed");
        fct_timer_clear(&concert->lanes[i].timer);
    }
    on_kick(&concert->kick);
    fct_timer_clear(&concert->kick);
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
    fct_list *link;

    for (unsigned i = 0; i < concert->lane_count; i++) {
        fct_timer_clear(&concert->lanes[i].timer);
        fct_pool_abandon(concert->lanes[i].pool);
    }
    while ((link = fct_list_first(&concert->all)) != NULL) {
        struct passage *passage = FCT_ENTRY(link, struct passage, member);

        fct_timer_clear(&passage->limit);
        fct_list_remove(&passage->member);
        drop_variants(passage);
        fct_free(passage);
    }
    fct_timer_clear(&concert->kick);
    fct_free(concert->lanes);
    fct_free(concert);
}
