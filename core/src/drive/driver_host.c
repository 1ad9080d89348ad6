/* SPDX-License-Identifier: MIT */
/* The driver under a host's event loop: one step at a time, and what has ended since. */
#include "drive/driver_state.h"

#include <sys/types.h>

#define TURNS_MAX 8 /* in one step: the host has other things to do */

int fct_driver_fd(fct_driver *driver)
{
    int fd = -1;

    pthread_mutex_lock(&driver->lock);
    if (driver->loop)
        fd = driver->background ? fct_notice_fd(&driver->notice) : fct_loop_fd(driver->loop);
    pthread_mutex_unlock(&driver->lock);
    return fd;
}

uint64_t fct_driver_timeout_us(fct_driver *driver)
{
    uint64_t timeout_us = UINT64_MAX;

    pthread_mutex_lock(&driver->lock);
    if (!fct_list_empty(&driver->untold))
        timeout_us = 0;
    else if (driver->background || driver->led || !driver->loop)
        timeout_us = UINT64_MAX;
    else if (!fct_list_empty(&driver->fresh))
        timeout_us = 0;
    else
        timeout_us = fct_loop_timeout_us(driver->loop);
    pthread_mutex_unlock(&driver->lock);
    return timeout_us;
}

void fct_driver_step(fct_driver *driver)
{
    int turns = 0;

    pthread_mutex_lock(&driver->lock);
    if (driver->background) {
        fct_notice_take(&driver->notice);
    } else if (!driver->led && driver->loop) {
        driver->led = true;
        pthread_mutex_unlock(&driver->lock);
        fct_driver_turn(driver);
        do
            fct_loop_step(driver->loop);
        while (++turns < TURNS_MAX && fct_loop_timeout_us(driver->loop) == 0);
        pthread_mutex_lock(&driver->lock);
        if (driver->hosted) {
            /* Kept for the host's next step: threads that wait are not told. */
            driver->led = false;
            pthread_cond_broadcast(&driver->changed);
        } else {
            fct_driver_give_lead(driver);
        }
    }
    pthread_mutex_unlock(&driver->lock);
}

/* With the lock: the host has one task less to hear of. */
static void told(fct_driver *driver, struct fct_task *task)
{
    task->untold = false;
    if (--driver->hosted > 0)
        return;
    /* The lead is free for everybody again. */
    atomic_store(&driver->recall, false);
    if (!driver->led)
        fct_driver_give_lead(driver);
}

struct fct_task *fct_driver_done(fct_driver *driver)
{
    struct fct_task *task = NULL;
    fct_list *first;

    if (!fct_driver_is_ours(driver))
        return NULL;
    pthread_mutex_lock(&driver->lock);
    first = fct_list_first(&driver->untold);
    if (first) {
        task = FCT_ENTRY(first, struct fct_task, run);
        fct_list_remove(&task->run);
        told(driver, task);
    }
    pthread_mutex_unlock(&driver->lock);
    return task;
}

void fct_driver_forget(fct_driver *driver, struct fct_task *task)
{
    if (!fct_driver_is_ours(driver))
        return;
    pthread_mutex_lock(&driver->lock);
    if (task->untold) {
        if (task->finished)
            fct_list_remove(&task->run);
        told(driver, task);
    }
    pthread_mutex_unlock(&driver->lock);
}
