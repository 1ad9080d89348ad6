/* SPDX-License-Identifier: MIT */
#include "drive/event_host.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "drive/driver_state.h"

#include <errno.h>

#define TURNS_MAX 8 /* turns in one step, because the event loop has other work */

fct_event_host *fct_event_host_new(fct_driver *driver)
{
    fct_event_host *host = fct_calloc(1, sizeof *host);

    if (!host)
        return NULL;
    host->driver = driver;
    atomic_init(&host->refs, 1);
    fct_list_init(&host->link);
    fct_list_init(&host->untold);
    fct_notice_init(&host->notice);
    return host;
}

const fct_driver *fct_event_host_driver(const fct_event_host *host)
{
    return host->driver;
}

fct_event_host *fct_event_host_ref(fct_event_host *host)
{
    atomic_fetch_add(&host->refs, 1);
    return host;
}

void fct_event_host_unref(fct_event_host *host)
{
    if (host && atomic_fetch_sub(&host->refs, 1) == 1)
        fct_free(host);
}

void fct_event_host_close(fct_event_host *host)
{
    fct_driver *driver = host->driver;
    fct_list *link;

    if (!fct_driver_is_ours(driver)) {
        if (fct_driver_is_intact(driver))
            fct_notice_close(&host->notice);
        return;
    }
    pthread_mutex_lock(&driver->lock);
    host->gone = true;
    fct_list_remove(&host->link);
    while ((link = fct_list_first(&host->untold)) != NULL) {
        fct_list_remove(link);
        FCT_ENTRY(link, struct fct_task, run)->untold = false;
    }
    fct_notice_close(&host->notice);
    /* Other hosts may have relied on its steps. */
    fct_driver_offer_lead(driver);
    pthread_mutex_unlock(&driver->lock);
}

/* ---- For the driver, with its lock ----------------------------------------------------------- */

int fct_event_host_admit(fct_event_host *host, struct fct_task *task, facteur_error **error)
{
    fct_driver *driver = host->driver;
    int inner_fd = driver->background ? -1 : fct_loop_fd(driver->loop);

    if (host->gone)
        return FACTEUR_ECLOSED;
    if (host->notice.fd < 0) {
        if (!fct_notice_open(&host->notice, inner_fd))
            return fct_shortage_set(error, errno);
        fct_list_push(&driver->hosts, &host->link);
    }
    host->waiting++;
    task->told = task->untold = false;
    return 0;
}

void fct_event_host_finish(fct_event_host *host, struct fct_task *task)
{
    if (task->told)
        return;
    host->waiting--;
    if (host->gone)
        return;
    task->untold = true;
    fct_list_push(&host->untold, &task->run);
    if (host->driver->stepping != host)
        fct_notice_give(&host->notice);
}

static uint64_t due_us(const fct_driver *driver)
{
    uint64_t timeout_us;

    if (driver->background || !driver->concert)
        return UINT64_MAX;
    if (!fct_list_empty(&driver->fresh))
        return 0;
    timeout_us = fct_loop_timeout_us(driver->loop);
    return timeout_us == UINT64_MAX ? UINT64_MAX : fct_clock_now_us() + timeout_us;
}

void fct_event_hosts_call(fct_driver *driver)
{
    uint64_t next_us;

    if (fct_list_empty(&driver->hosts))
        return;
    next_us = due_us(driver);
    for (fct_list *at = driver->hosts.next; at != &driver->hosts; at = at->next) {
        fct_event_host *host = FCT_ENTRY(at, fct_event_host, link);

        if (host->waiting && (host->aside || next_us < host->due_us))
            fct_notice_give(&host->notice);
    }
}

/* ---- For the event loop ---------------------------------------------------------------------- */

/*
 * With the lock: while another host or thread leads, the driver's descriptor does not concern this
 * host.
 */
static void stand(fct_event_host *host, bool aside)
{
    host->aside = aside;
    fct_notice_look(&host->notice, !aside);
}

int fct_event_host_fd(const fct_event_host *host)
{
    return host->notice.fd;
}

uint64_t fct_event_host_timeout_us(fct_event_host *host)
{
    fct_driver *driver = host->driver;
    uint64_t now_us = fct_clock_now_us();

    if (!fct_driver_is_ours(driver))
        return UINT64_MAX;
    pthread_mutex_lock(&driver->lock);
    host->due_us = UINT64_MAX;
    if (!fct_list_empty(&host->untold))
        host->due_us = 0;
    else if (driver->led)
        stand(host, true);
    else
        host->due_us = due_us(driver);
    if (host->due_us > now_us)
        fct_notice_give_at(&host->notice, host->due_us);
    pthread_mutex_unlock(&driver->lock);
    if (host->due_us == UINT64_MAX)
        return UINT64_MAX;
    return host->due_us > now_us ? host->due_us - now_us : 0;
}

/* With the lead, without the lock. */
static void run_turns(fct_driver *driver)
{
    int turns = 0;

    fct_driver_turn(driver);
    do
        fct_loop_step(driver->loop);
    while (++turns < TURNS_MAX && fct_loop_timeout_us(driver->loop) == 0);
    fct_loop_attend(driver->loop);
}

void fct_event_host_step(fct_event_host *host)
{
    fct_driver *driver = host->driver;

    if (!fct_driver_is_ours(driver))
        return;
    pthread_mutex_lock(&driver->lock);
    fct_notice_take(&host->notice, fct_clock_now_us());
    if (driver->led) {
        stand(host, true);
    } else if (driver->concert) {
        stand(host, false);
        /* It asks for the next time itself and needs no notice. */
        host->due_us = 0;
        driver->led = true;
        driver->stepping = host;
        pthread_mutex_unlock(&driver->lock);
        run_turns(driver);
        pthread_mutex_lock(&driver->lock);
        driver->stepping = NULL;
        fct_driver_give_lead(driver);
    }
    pthread_mutex_unlock(&driver->lock);
}

struct fct_task *fct_event_host_done(fct_event_host *host)
{
    struct fct_task *task = NULL;
    fct_list *first;

    if (!fct_driver_is_ours(host->driver))
        return NULL;
    pthread_mutex_lock(&host->driver->lock);
    first = fct_list_first(&host->untold);
    if (first) {
        task = FCT_ENTRY(first, struct fct_task, run);
        fct_list_remove(&task->run);
        task->untold = false;
        task->told = true;
    }
    pthread_mutex_unlock(&host->driver->lock);
    return task;
}

void fct_event_host_forget(struct fct_task *task)
{
    fct_event_host *host = task->host;

    /* Without a driver it was not submitted. */
    if (!host || !task->driver || !fct_driver_is_ours(host->driver))
        return;
    pthread_mutex_lock(&host->driver->lock);
    if (task->untold)
        fct_list_remove(&task->run);
    else if (!task->finished && !task->told)
        host->waiting--;
    task->untold = false;
    task->told = true;
    pthread_mutex_unlock(&host->driver->lock);
}
