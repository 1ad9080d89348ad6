/* SPDX-License-Identifier: MIT */
#include "drive/driver_state.h"

#include "base/clock.h"
#include "base/memory.h"

#define STALE_US 1000000 /* past a mail's deadline by so much, its thread takes the lead itself */

/* A thread that waits.  On its stack. */
struct waiter {
    fct_list link;
    struct fct_errand *errand;
    pthread_cond_t turn;
};

bool fct_driver_is_ours(const fct_driver *driver)
{
    return driver->process == fct_process_now();
}

fct_driver *fct_driver_new(const fct_plan *plan)
{
    fct_driver *driver = fct_calloc(1, sizeof *driver);

    if (!driver)
        return NULL;
    driver->plan = plan;
    driver->process = fct_process_now();
    driver->background = plan->background;
    pthread_mutex_init(&driver->lock, NULL);
    fct_clock_condition_init(&driver->changed);
    fct_list_init(&driver->fresh);
    fct_list_init(&driver->under_way);
    fct_list_init(&driver->untold);
    fct_list_init(&driver->waiters);
    atomic_init(&driver->recall, false);
    atomic_init(&driver->stop, false);
    fct_notice_init(&driver->notice);
    return driver;
}

void fct_driver_free(fct_driver *driver)
{
    if (!driver || driver->lost)
        return;
    fct_driver_strike_out(driver);
    if (!driver->abandoned) {
        fct_concert_free(driver->concert);
        fct_loop_free(driver->loop);
        fct_notice_close(&driver->notice);
        pthread_cond_destroy(&driver->changed);
        pthread_mutex_destroy(&driver->lock);
    }
    fct_free(driver);
}

void fct_driver_abandon(fct_driver *driver)
{
    if (driver->abandoned)
        return;
    /* Lock and conditions are left as they are: another thread may have been inside them. */
    driver->abandoned = true;
    fct_notice_close(&driver->notice);
    if (!driver->loop)
        return;
    /*
     * Another thread was in the loop when the process forked: whatever it had in hands is torn, and
     * may not be looked at.  The numbers of the descriptors are known all the same.
     */
    if (driver->led) {
        fct_loop_drop(driver->loop);
        return;
    }
    fct_loop_forked(driver->loop);
    if (driver->concert)
        fct_concert_abandon(driver->concert);
    fct_loop_abandon(driver->loop);
}

/* ---- Turns ----------------------------------------------------------------------------------- */

/* Within the loop, in the leader's thread, without the lock. */
static void on_done(fct_job *job, const fct_outcome *outcome)
{
    struct fct_errand *errand = job->user;
    fct_driver *driver = errand->driver;
    struct waiter *waiter;

    errand->take(errand, outcome);
    pthread_mutex_lock(&driver->lock);
    fct_list_remove(&errand->link);
    errand->finished = true;
    if (errand->unwanted && !errand->withdrawn)
        driver->leaving--;
    if (errand->untold) {
        fct_list_push(&driver->untold, &errand->link);
        if (driver->background)
            fct_notice_give(&driver->notice);
    }
    waiter = errand->waiter;
    if (waiter)
        pthread_cond_signal(&waiter->turn);
    if (errand->let_go)
        errand->let_go(errand);
    pthread_mutex_unlock(&driver->lock);
}

static struct fct_errand *next_fresh(fct_driver *driver)
{
    fct_list *link;

    pthread_mutex_lock(&driver->lock);
    link = fct_list_first(&driver->fresh);
    if (link) {
        fct_list_remove(link);
        fct_list_push(&driver->under_way, link);
        FCT_ENTRY(link, struct fct_errand, link)->submitted = true;
    }
    pthread_mutex_unlock(&driver->lock);
    return link ? FCT_ENTRY(link, struct fct_errand, link) : NULL;
}

static struct fct_errand *next_to_leave(fct_driver *driver, bool *awaited)
{
    struct fct_errand *found = NULL;

    pthread_mutex_lock(&driver->lock);
    if (driver->leaving || driver->ending) {
        for (fct_list *at = driver->under_way.next; at != &driver->under_way && !found;
             at = at->next) {
            struct fct_errand *errand = FCT_ENTRY(at, struct fct_errand, link);

            if ((errand->unwanted || driver->ending) && !errand->withdrawn)
                found = errand;
        }
    }
    if (found) {
        if (found->unwanted)
            driver->leaving--;
        found->withdrawn = true;
        *awaited = driver->ending && found->waiter != NULL;
    }
    pthread_mutex_unlock(&driver->lock);
    return found;
}

void fct_driver_turn(fct_driver *driver)
{
    struct fct_errand *errand;
    bool awaited;

    /* The relays may call on_done() from within. */
    while ((errand = next_fresh(driver)) != NULL)
        fct_concert_submit(driver->concert, &errand->job);
    while ((errand = next_to_leave(driver, &awaited)) != NULL) {
        if (awaited)
            fct_concert_cancel(driver->concert, &errand->job);
        else
            fct_concert_withdraw(driver->concert, &errand->job);
    }
}

static void on_woken(void *user)
{
    fct_driver_turn(user);
}

/* With the lock.  Nobody else looks at loop and relays without leading. */
static int open_loop(fct_driver *driver)
{
    fct_loop *loop;

    if (driver->loop)
        return 0;
    if (driver->background && !fct_notice_open(&driver->notice))
        return FACTEUR_ENOMEM;
    loop = fct_loop_new();
    if (!loop)
        return FACTEUR_ENOMEM;
    driver->concert = fct_concert_new(loop, driver->plan);
    if (!driver->concert) {
        fct_loop_free(loop);
        return FACTEUR_ENOMEM;
    }
    fct_loop_on_wake(loop, on_woken, driver);
    driver->loop = loop;
    fct_driver_enlist(driver);
    return 0;
}

/* ---- The lead -------------------------------------------------------------------------------- */

/* With the lock: a thread that waits may take the lead now. */
static void offer_lead(fct_driver *driver)
{
    fct_list *first = fct_list_first(&driver->waiters);

    if (driver->led)
        return;
    if (first)
        pthread_cond_signal(&FCT_ENTRY(first, struct waiter, link)->turn);
    if (driver->closed)
        pthread_cond_broadcast(&driver->changed);
}

void fct_driver_take_lead(fct_driver *driver)
{
    while (driver->led)
        fct_clock_wait(&driver->changed, &driver->lock, UINT64_MAX);
    driver->led = true;
}

void fct_driver_give_lead(fct_driver *driver)
{
    driver->led = false;
    /* The host hears through the descriptor of what ended while it did not lead. */
    if (driver->hosted && !driver->background)
        fct_loop_wake(driver->loop);
    offer_lead(driver);
}

static bool is_host(const fct_driver *driver)
{
    return driver->hosted && pthread_equal(driver->host, pthread_self());
}

struct stint {
    fct_driver *driver;
    const struct fct_errand *errand;
    bool obeys; /* a recall */
};

static bool is_over(void *user)
{
    const struct stint *stint = user;

    return stint->errand->finished || (stint->obeys && atomic_load(&stint->driver->recall));
}

/* With the lock; it is given up while the loop runs. */
static void lead(fct_driver *driver, const struct fct_errand *errand, bool obeys, uint64_t until_us)
{
    struct stint stint = {driver, errand, obeys};

    driver->led = true;
    pthread_mutex_unlock(&driver->lock);
    fct_driver_turn(driver);
    if (until_us <= fct_clock_now_us())
        fct_loop_step(driver->loop);
    else
        fct_loop_run_until(driver->loop, is_over, &stint, until_us);
    pthread_mutex_lock(&driver->lock);
    fct_driver_give_lead(driver);
}

/* ---- Errands --------------------------------------------------------------------------------- */

/* With the lock. */
static int admit(fct_driver *driver, struct fct_errand *errand)
{
    int err;

    if (driver->closed)
        return FACTEUR_ECLOSED;
    if (errand->hosted && driver->hosted && !is_host(driver))
        return FACTEUR_EBUSY;
    err = open_loop(driver);
    if (!err && driver->background && !driver->running)
        err = fct_driver_thread_start(driver);
    if (err)
        return err;
    if (errand->hosted) {
        driver->host = pthread_self();
        driver->hosted++;
        errand->untold = true;
        atomic_store(&driver->recall, true);
    }
    fct_list_push(&driver->fresh, &errand->link);
    if (driver->led)
        fct_loop_wake(driver->loop);
    return 0;
}

int fct_driver_submit(fct_driver *driver, struct fct_errand *errand)
{
    int err;

    errand->driver = driver;
    errand->waiter = NULL;
    errand->submitted = errand->unwanted = errand->withdrawn = false;
    errand->finished = errand->untold = false;
    errand->job.done = on_done;
    errand->job.user = errand;
    fct_list_init(&errand->link);
    pthread_mutex_lock(&driver->lock);
    err = admit(driver, errand);
    pthread_mutex_unlock(&driver->lock);
    return err;
}

/* With the lock: lead, or wait for somebody who does. */
static void go_on(fct_driver *driver, struct waiter *me, uint64_t until_us)
{
    bool foreign = driver->hosted && !is_host(driver) && !driver->ending;
    uint64_t stale_us = me->errand->job.deadline_us + STALE_US, now_us = fct_clock_now_us();

    if (driver->background) {
        fct_clock_wait(&me->turn, &driver->lock, until_us);
        return;
    }
    if (!driver->led && (!foreign || now_us >= stale_us)) {
        lead(driver, me->errand, driver->hosted == 0, until_us);
        return;
    }
    if (foreign && now_us < stale_us && stale_us < until_us)
        until_us = stale_us;
    fct_clock_wait(&me->turn, &driver->lock, until_us);
}

bool fct_driver_wait(fct_driver *driver, struct fct_errand *errand, uint64_t until_us)
{
    struct waiter me = {.errand = errand};
    bool finished;

    if (!fct_driver_is_ours(driver))
        return false;
    pthread_mutex_lock(&driver->lock);
    if (!errand->finished) {
        fct_clock_condition_init(&me.turn);
        driver->inside++;
        fct_list_push(&driver->waiters, &me.link);
        errand->waiter = &me;
        do
            go_on(driver, &me, until_us);
        while (!errand->finished && fct_clock_now_us() < until_us);
        errand->waiter = NULL;
        fct_list_remove(&me.link);
        if (--driver->inside == 0)
            pthread_cond_broadcast(&driver->changed);
        /* A lead that was offered to this thread is another's. */
        offer_lead(driver);
        pthread_cond_destroy(&me.turn);
    }
    finished = errand->finished;
    pthread_mutex_unlock(&driver->lock);
    return finished;
}

bool fct_driver_is_finished(fct_driver *driver, const struct fct_errand *errand)
{
    bool finished;

    if (!fct_driver_is_ours(driver))
        return false;
    pthread_mutex_lock(&driver->lock);
    finished = errand->finished;
    pthread_mutex_unlock(&driver->lock);
    return finished;
}

int fct_driver_run(fct_driver *driver, struct fct_errand *errand)
{
    int err = fct_driver_submit(driver, errand);

    if (!err)
        fct_driver_wait(driver, errand, UINT64_MAX);
    return err;
}

void fct_driver_withdraw(fct_driver *driver, struct fct_errand *errand)
{
    if (!fct_driver_is_ours(driver))
        return;
    pthread_mutex_lock(&driver->lock);
    if (!errand->finished && !errand->unwanted) {
        errand->unwanted = true;
        if (!errand->withdrawn)
            driver->leaving++;
        if (driver->led) {
            fct_loop_wake(driver->loop);
        } else {
            driver->led = true;
            pthread_mutex_unlock(&driver->lock);
            fct_driver_turn(driver);
            pthread_mutex_lock(&driver->lock);
            fct_driver_give_lead(driver);
        }
    }
    pthread_mutex_unlock(&driver->lock);
}
