/* SPDX-License-Identifier: MIT */
/* What a worker asks of its outbox, in one transaction after the other. */
#include "base/clock.h"
#include "base/error.h"
#include "relays/concert.h"
#include "worker/worker_state.h"

#define LEASE_US INT64_C(60000000)
#define HEARTBEAT_US 20000000u
#define MARGIN_US INT64_C(5000000) /* behind a lease: clocks and networks are not exact */
#define RESCUE_US 5000000u
#define RESCAN_US 1000000u /* claims begin at the front again */

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
    w->counts.paused += !stale && verdict->paused;
}

/* What the verdict says of the relay. */
static int learn(struct fct_worker *w, struct fct_work *work, int64_t now_us, facteur_error **error)
{
    if (work->refused_setup && work->verdict.state == FCT_ROW_READY)
        return fct_pauses_refused(
            &w->pauses, work->relay, w->store, work->verdict.reply ? work->verdict.reply : "",
            work->row.id, now_us, fct_worker_draw(w), &work->first, &work->verdict.next_us, error);
    if (work->verdict.state == FCT_ROW_SENT)
        return fct_pauses_taken(&w->pauses, work->relay, w->store, error);
    return 0;
}

static int note_suppressed(struct fct_worker *w, const struct fct_work *work, int64_t now_us,
                           facteur_error **error)
{
    struct fct_event event = {
        .at_us = now_us, .what = (char *)"suppressed", .text = work->suppressed};

    return fct_store_note(w->store, work->row.id, work->fence, &event, error);
}

static int settle_all(struct fct_worker *w, int64_t now_us, facteur_error **error)
{
    int result = 0;

    for (fct_list *link = w->ended.next; !result && link != &w->ended; link = link->next) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);
        size_t stale = 0;

        result = learn(w, work, now_us, error);
        if (!result && work->suppressed)
            result = note_suppressed(w, work, now_us, error);
        if (!result)
            result =
                fct_store_settle(w->store, work->fence, &work->verdict, 1, now_us, &stale, error);
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

/* How many mails a relay has. */
static unsigned held_by(const struct fct_worker *w, unsigned relay)
{
    unsigned held = 0;

    for (fct_list *link = w->under_way.next; link != &w->under_way; link = link->next) {
        unsigned has = fct_concert_relay_of(&FCT_ENTRY(link, struct fct_work, link)->task);

        /* Who will have it is not known yet: perhaps this one. */
        held += has == relay || has == FCT_MEMBERS_MAX;
    }
    return held;
}

uint32_t fct_worker_closed_relays(const struct fct_worker *w, unsigned *stuck)
{
    const fct_plan *plan = w->setup.plan;
    uint32_t closed = fct_pauses_closed(&w->pauses, fct_clock_date_us());

    *stuck = 0;
    for (unsigned i = 0; plan->member_count > 1 && i < plan->member_count; i++) {
        unsigned held = held_by(w, i);

        if (held < plan->members[i].window)
            continue;
        closed |= UINT32_C(1) << i;
        *stuck += held;
    }
    return closed;
}

bool fct_worker_is_sated(const struct fct_worker *w)
{
    return w->setup.limit && w->leased >= w->setup.limit;
}

/*
 * How many mails to lease now, beside the record of those that ended.  Half a window at least, so
 * that they share flights.
 */
static unsigned appetite(const struct fct_worker *w)
{
    unsigned window = fct_pauses_allow(&w->pauses, fct_clock_date_us(), w->setup.window);
    unsigned stuck, left = w->count - w->ended_count;
    unsigned room = window > left ? window - left : 0;

    if (w->stopping || fct_worker_is_sated(w) ||
        fct_worker_closed_relays(w, &stuck) == fct_pauses_all(&w->pauses))
        return 0;
    if (left > stuck && room < (window - (stuck < window ? stuck : window) + 1) / 2)
        return 0;
    if (w->setup.limit && room > w->setup.limit - w->leased)
        room = w->setup.limit - w->leased;
    return room < FCT_CLAIM_MAX ? room : FCT_CLAIM_MAX;
}

/* What is to be done in the next transaction. */
struct turn {
    struct fct_worker *worker;
    bool verdicts, heartbeat, rescue;
    unsigned appetite;
    /* What came of it. */
    unsigned claimed;
    int64_t fence;
    struct fct_cursor cursor;
    struct fct_rescued rescued;
};

/* It may be run again from its beginning. */
static int run_turn(fct_store *store, void *user, facteur_error **error)
{
    struct turn *turn = user;
    struct fct_worker *w = turn->worker;
    int64_t now_us = fct_clock_date_us();
    int result = 0;

    turn->cursor = w->cursor;
    turn->claimed = 0;
    if (turn->verdicts)
        result = settle_all(w, now_us, error);
    if (!result && turn->heartbeat)
        result = renew_all(w, now_us, error);
    if (!result && turn->rescue)
        result = fct_store_rescue(store, now_us - MARGIN_US, w->setup.doubt, &turn->rescued, error);
    if (!result && turn->appetite)
        result = fct_store_claim(store, turn->appetite, w->owner, now_us, now_us + LEASE_US,
                                 &turn->cursor, &turn->fence, w->claimed, &turn->claimed, error);
    return result;
}

static int transact(struct fct_worker *w, struct turn *turn, facteur_error **error)
{
    int result = fct_store_transact(w->store, run_turn, turn, error);

    if (result)
        return result;
    w->cursor = turn->cursor;
    w->counts.rescued += turn->rescued.ready + turn->rescued.held;
    w->counts.quarantined += turn->rescued.quarantined;
    return 0;
}

void fct_worker_forget_ended(struct fct_worker *w)
{
    fct_list *link;

    while ((link = fct_list_first(&w->ended)) != NULL) {
        struct fct_work *work = FCT_ENTRY(link, struct fct_work, link);

        count(w, &work->verdict, work->stale);
        if (work->first)
            fct_worker_tell(w, fct_pauses_alarm(&w->pauses, work->relay, work->verdict.reply));
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
    w->leased += turn->claimed;
    for (unsigned i = 0; i < turn->claimed; i++) {
        struct fct_work *work = fct_work_new(w, &w->claimed[i], turn->fence);

        /* Without memory its lease runs out. */
        if (!work)
            continue;
        fct_list_push(&w->waiting, &work->link);
        w->count++;
    }
}

/* Whether a row is ready, or a lease has run out.  It only reads. */
static int look(struct fct_worker *w, bool *ready, bool *late, facteur_error **error)
{
    int64_t ready_us = 0, lease_us = 0, now_us = fct_clock_date_us();
    int result = fct_store_next(w->store, &ready_us, &lease_us, error);

    w->due_us = ready_us && (!lease_us || ready_us < lease_us) ? ready_us : lease_us;
    *ready = !result && ready_us && ready_us <= now_us;
    *late = !result && lease_us && lease_us < now_us - MARGIN_US;
    return result;
}

static int look_for_suppressed(struct fct_worker *w, facteur_error **error)
{
    struct fct_bars bars = {0};
    int result = fct_store_bars(w->store, FCT_BAR_ADDRESS, NULL, "", 1, &bars, error);

    w->suppresses = result || bars.count > 0;
    fct_bars_done(&bars);
    return result;
}

int fct_worker_turn(struct fct_worker *w, bool *idle, facteur_error **error)
{
    uint64_t now_us = fct_clock_now_us();
    struct turn turn = {.worker = w, .verdicts = !fct_list_empty(&w->ended)};
    bool ready = false, late = false;
    int result = now_us >= w->rescue_us ? fct_pauses_read(&w->pauses, w->store, error) : 0;

    turn.appetite = appetite(w);
    if (!result && (turn.appetite || now_us >= w->rescue_us))
        result = look(w, &ready, &late, error);
    if (result)
        return result;
    turn.rescue = late && now_us >= w->rescue_us && !w->stopping;
    *idle = (!turn.appetite || !ready) && !turn.rescue && !turn.verdicts;
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
    result = transact(w, &turn, error);
    if (result)
        return result;
    if (turn.heartbeat || w->count == 0)
        w->heartbeat_us = now_us + HEARTBEAT_US;
    /* A claim that came back short begins at the front the next time. */
    if (turn.claimed < turn.appetite)
        w->rescan_us = 0;
    if (turn.verdicts)
        fct_worker_forget_ended(w);
    queue_claimed(w, &turn);
    return turn.claimed ? look_for_suppressed(w, error) : 0;
}
