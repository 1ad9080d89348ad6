/* SPDX-License-Identifier: MIT */
#include "drive/driver_state.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"

#include <errno.h>

/* A waiting thread; it is on that thread's stack. */
struct waiter {
    fct_list link;
    struct fct_task *task;
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
    fct_list_init(&driver->hosts);
    fct_list_init(&driver->waiters);
    atomic_init(&driver->stop, false);
    return driver;
}

void fct_driver_be_led(fct_driver *driver)
{
    driver->background = false;
}

void fct_driver_free(fct_driver *driver)
{
    if (!driver || driver->lost)
        return;
    fct_driver_strike_out(driver);
    if (!driver->abandoned) {
        fct_concert_free(driver->concert);
        fct_loop_free(driver->loop);
        pthread_cond_destroy(&driver->changed);
        pthread_mutex_destroy(&driver->lock);
    }
    fct_free(driver);
}

bool fct_driver_is_intact(const fct_driver *driver)
{
    if (driver->abandoned)
        return driver->intact;
    return !driver->loop || fct_loop_is_intact(driver->loop);
}

void fct_driver_abandon(fct_driver *driver)
{
    if (driver->abandoned)
        return;
    /* Lock and condition are not destroyed: another thread may have been inside them. */
    driver->intact = fct_driver_is_intact(driver);
    driver->abandoned = true;
    if (!driver->loop)
        return;
    /*
     * Another thread was in the loop when the process forked.  What it was changing may be
     * inconsistent and must not be used, but the numbers of the descriptors are known.  In a daemon
     * these numbers may belong to other files now, which libuv would close.
     */
    if (driver->led || !driver->intact) {
        fct_loop_drop(driver->loop);
        return;
    }
    fct_loop_forked(driver->loop);
    if (driver->concert)
        fct_concert_abandon(driver->concert);
    fct_loop_abandon(driver->loop);
}

/* ---- Turns ----------------------------------------------------------------------------------- */

/* Runs within the loop, in the leader's thread, without the lock. */
static void on_ended(struct fct_task *task, const fct_outcome *outcome)
{
    fct_driver *driver = task->driver;
    struct waiter *waiter;

    task->take(task, outcome);
    pthread_mutex_lock(&driver->lock);
    fct_list_remove(&task->run);
    task->finished = true;
    if (task->cancel_wanted && !task->cancel_tried)
        driver->to_cancel--;
    if (task->host)
        fct_event_host_finish(task->host, task);
    waiter = task->waiter;
    if (waiter)
        pthread_cond_signal(&waiter->turn);
    if (task->let_go)
        task->let_go(task);
    pthread_mutex_unlock(&driver->lock);
}

static struct fct_task *next_fresh(fct_driver *driver)
{
    fct_list *link;

    pthread_mutex_lock(&driver->lock);
    link = fct_list_first(&driver->fresh);
    if (link) {
        fct_list_remove(link);
        fct_list_push(&driver->under_way, link);
    }
    pthread_mutex_unlock(&driver->lock);
    return link ? FCT_ENTRY(link, struct fct_task, run) : NULL;
}

static struct fct_task *next_to_cancel(fct_driver *driver, bool *awaited)
{
    struct fct_task *found = NULL;

    pthread_mutex_lock(&driver->lock);
    if (driver->to_cancel || driver->ending) {
        for (fct_list *at = driver->under_way.next; at != &driver->under_way && !found;
             at = at->next) {
            struct fct_task *task = FCT_ENTRY(at, struct fct_task, run);

            if ((task->cancel_wanted || driver->ending) && !task->cancel_tried)
                found = task;
        }
    }
    if (found) {
        if (found->cancel_wanted)
            driver->to_cancel--;
        found->cancel_tried = true;
        *awaited = driver->ending && found->waiter != NULL;
    }
    pthread_mutex_unlock(&driver->lock);
    return found;
}

void fct_driver_turn(fct_driver *driver)
{
    struct fct_task *task;
    bool awaited;

    /* The relays may call on_ended() before they return. */
    while ((task = next_fresh(driver)) != NULL)
        fct_concert_submit(driver->concert, task);
    while ((task = next_to_cancel(driver, &awaited)) != NULL) {
        if (awaited)
            fct_concert_cut(driver->concert, task);
        else
            fct_concert_cancel(driver->concert, task);
    }
}

static void on_woken(void *user)
{
    fct_driver_turn(user);
}

/* With the lock.  Only the holder of the lead uses loop and relays. */
static int open_loop(fct_driver *driver, facteur_error **error)
{
    fct_loop *loop;

    if (driver->loop)
        return 0;
    loop = fct_loop_new();
    if (!loop)
        return fct_shortage_set(error, errno);
    driver->concert = fct_concert_new(loop, driver->plan, on_ended);
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

void fct_driver_offer_lead(fct_driver *driver)
{
    fct_list *first = fct_list_first(&driver->waiters);

    if (driver->led)
        return;
    if (first)
        pthread_cond_signal(&FCT_ENTRY(first, struct waiter, link)->turn);
    else
        fct_event_hosts_call(driver);
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
    fct_driver_offer_lead(driver);
}

static bool is_over(void *user)
{
    return ((const struct fct_task *)user)->finished;
}

/* With the lock, which is released while the loop runs. */
static void lead(fct_driver *driver, struct fct_task *task, uint64_t until_us)
{
    driver->led = true;
    pthread_mutex_unlock(&driver->lock);
    fct_driver_turn(driver);
    if (until_us <= fct_clock_now_us())
        fct_loop_step(driver->loop);
    else
        fct_loop_run_until(driver->loop, is_over, task, until_us);
    pthread_mutex_lock(&driver->lock);
    fct_driver_give_lead(driver);
}

/* ---- Tasks --------------------------------------------------------------------------------- */

/* With the lock. */
static int admit(fct_driver *driver, struct fct_task *task, facteur_error **error)
{
    int err;

    if (driver->closed)
        return FACTEUR_ECLOSED;
    err = open_loop(driver, error);
    if (!err && driver->background && !driver->running)
        err = fct_driver_thread_start(driver, error);
    if (!err && task->host)
        err = fct_event_host_admit(task->host, task, error);
    if (err)
        return err;
    fct_list_push(&driver->fresh, &task->run);
    if (driver->led)
        fct_loop_wake(driver->loop);
    return 0;
}

int fct_driver_submit(fct_driver *driver, struct fct_task *task, facteur_error **error)
{
    int err = fct_task_make_variants(task, driver->plan, error);

    task->driver = err ? NULL : driver;
    if (err)
        return err;
    task->waiter = NULL;
    atomic_store(&task->cancel_wanted, false);
    task->cancel_tried = task->finished = false;
    fct_list_init(&task->run);
    pthread_mutex_lock(&driver->lock);
    err = admit(driver, task, error);
    pthread_mutex_unlock(&driver->lock);
    if (err) {
        task->driver = NULL;
        fct_task_drop_variants(task, driver->plan);
    }
    return fct_error_standing(error, err);
}

/* With the lock: lead, or wait for another leader. */
static void go_on(fct_driver *driver, struct waiter *me, uint64_t until_us)
{
    if (!driver->background && !driver->led)
        lead(driver, me->task, until_us);
    else
        fct_clock_wait(&me->turn, &driver->lock, until_us);
}

bool fct_driver_wait(fct_driver *driver, struct fct_task *task, uint64_t until_us)
{
    struct waiter me = {.task = task};
    bool finished;

    if (!fct_driver_is_ours(driver))
        return false;
    pthread_mutex_lock(&driver->lock);
    if (!task->finished) {
        fct_clock_condition_init(&me.turn);
        driver->inside++;
        fct_list_push(&driver->waiters, &me.link);
        task->waiter = &me;
        do
            go_on(driver, &me, until_us);
        while (!task->finished && fct_clock_now_us() < until_us);
        task->waiter = NULL;
        fct_list_remove(&me.link);
        if (--driver->inside == 0)
            pthread_cond_broadcast(&driver->changed);
        /* Another thread gets the lead that was offered to this one. */
        fct_driver_offer_lead(driver);
        pthread_cond_destroy(&me.turn);
    }
    finished = task->finished;
    pthread_mutex_unlock(&driver->lock);
    return finished;
}

bool fct_driver_is_finished(fct_driver *driver, const struct fct_task *task)
{
    bool finished;

    if (!fct_driver_is_ours(driver))
        return false;
    pthread_mutex_lock(&driver->lock);
    finished = task->finished;
    pthread_mutex_unlock(&driver->lock);
    return finished;
}

bool fct_driver_is_at_rest(fct_driver *driver)
{
    bool resting;

    pthread_mutex_lock(&driver->lock);
    resting =
        !driver->inside && fct_list_empty(&driver->fresh) && fct_list_empty(&driver->under_way);
    pthread_mutex_unlock(&driver->lock);
    return resting;
}

void fct_driver_cancel(fct_driver *driver, struct fct_task *task)
{
    if (!fct_driver_is_ours(driver))
        return;
    pthread_mutex_lock(&driver->lock);
    if (!task->finished && !task->cancel_wanted) {
        atomic_store(&task->cancel_wanted, true);
        if (!task->cancel_tried)
            driver->to_cancel++;
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
