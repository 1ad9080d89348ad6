/* SPDX-License-Identifier: MIT */
/*
 * The driver's own thread with background=1, and the end of a driver.  The thread only runs the
 * loop.  It blocks every signal and ends within one turn when it is asked to.
 */
#include "drive/driver_state.h"

#include "base/clock.h"
#include "base/shortage.h"

#include <signal.h>

#define GRACE_US 1000000 /* the time within which the thread must end */

static bool is_stopped(void *user)
{
    return atomic_load(&((fct_driver *)user)->stop);
}

static void *run(void *user)
{
    fct_driver *driver = user;

    fct_driver_turn(driver);
    fct_loop_run_until(driver->loop, is_stopped, driver, UINT64_MAX);
    pthread_mutex_lock(&driver->lock);
    driver->running = false;
    driver->led = false;
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->lock);
    return NULL;
}

int fct_driver_thread_start(fct_driver *driver, facteur_error **error)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    driver->running = driver->led = true;
    err = pthread_create(&driver->thread, NULL, run, driver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err) {
        driver->running = driver->led = false;
        return fct_shortage_set(error, err);
    }
    return 0;
}

bool fct_driver_thread_stop(fct_driver *driver, uint64_t until_us)
{
    if (!driver->running)
        return true;
    atomic_store(&driver->stop, true);
    fct_loop_wake(driver->loop);
    while (driver->running && fct_clock_now_us() < until_us)
        fct_clock_wait(&driver->changed, &driver->lock, until_us);
    if (driver->running) {
        pthread_detach(driver->thread);
        driver->lost = true;
        return false;
    }
    pthread_join(driver->thread, NULL);
    return true;
}

/* ---- The end --------------------------------------------------------------------------------- */

static bool is_empty(void *user)
{
    const fct_driver *driver = user;

    return fct_list_empty(&driver->fresh) && fct_list_empty(&driver->under_way);
}

static bool is_silent(void *user)
{
    return !fct_concert_active(((fct_driver *)user)->concert);
}

void fct_driver_quit(fct_driver *driver, uint64_t until_us)
{
    fct_concert_quit(driver->concert);
    fct_loop_step(driver->loop); /* so that QUIT leaves even when nobody waits for its reply */
    fct_loop_run_until(driver->loop, is_silent, driver, until_us);
}

/*
 * With the lock: run the tasks in progress to their end, in any thread that leads, at the latest in
 * this one.
 */
static void let_end(fct_driver *driver, uint64_t until_us)
{
    while (!is_empty(driver) && fct_clock_now_us() < until_us) {
        if (driver->led) {
            fct_clock_wait(&driver->changed, &driver->lock, until_us);
            continue;
        }
        driver->led = true;
        pthread_mutex_unlock(&driver->lock);
        fct_driver_turn(driver);
        fct_loop_run_until(driver->loop, is_empty, driver, until_us);
        pthread_mutex_lock(&driver->lock);
        fct_driver_give_lead(driver);
    }
}

/* With the lock: from now on only QUIT is sent. */
static void wind_up(fct_driver *driver, uint64_t until_us)
{
    driver->ending = true;
    if (driver->led)
        fct_loop_wake(driver->loop);
    fct_driver_take_lead(driver);
    pthread_mutex_unlock(&driver->lock);
    fct_driver_turn(driver);
    fct_driver_quit(driver, until_us);
    fct_concert_free(driver->concert);
    pthread_mutex_lock(&driver->lock);
    driver->concert = NULL;
    fct_driver_give_lead(driver);
}

void fct_driver_close(fct_driver *driver, uint64_t timeout_us)
{
    uint64_t now_us = fct_clock_now_us(), until_us = now_us + timeout_us;

    pthread_mutex_lock(&driver->lock);
    if (driver->closed) {
        pthread_mutex_unlock(&driver->lock);
        return;
    }
    driver->closed = true;
    if (fct_driver_thread_stop(driver, until_us + GRACE_US) && driver->concert) {
        let_end(driver, until_us);
        wind_up(driver, until_us);
    }
    while (driver->inside && !driver->lost)
        fct_clock_wait(&driver->changed, &driver->lock, UINT64_MAX);
    pthread_mutex_unlock(&driver->lock);
    fct_driver_strike_out(driver);
}
