/* SPDX-License-Identifier: MIT */
/* The inside of a driver, shared by its files only. */
#ifndef FCT_DRIVER_STATE_H
#define FCT_DRIVER_STATE_H

#include "base/process.h"
#include "drive/driver.h"
#include "drive/event_host.h"
#include "net/notice.h"

#include <stdatomic.h>

struct fct_driver {
    const fct_plan *plan;
    fct_process process;
    pthread_mutex_t lock;
    pthread_cond_t changed;   /* inside fell to 0, the lead became free, or the thread ended */
    fct_loop *loop;           /* made for the first task, kept until the driver is freed */
    fct_concert *concert;     /* made with the loop; NULL after the close */
    fct_list fresh;           /* tasks that were not given to the relays yet */
    fct_list under_way;       /* tasks that the relays have */
    fct_list hosts;           /* hosts that submitted something */
    fct_list waiters;         /* threads that wait for a task */
    unsigned inside;          /* the number of waiting and leaving threads */
    unsigned to_cancel;       /* tasks with cancel_wanted and without cancel_tried */
    fct_event_host *stepping; /* the host that leads, or NULL */
    bool led;
    bool closed; /* it takes no more tasks */
    bool ending; /* every task ends now */
    bool abandoned;
    bool intact; /* fct_driver_is_intact(), as it was when the driver was abandoned */

    /* With background=1. */
    bool background;
    bool running; /* the thread runs and keeps the lead */
    bool lost;    /* it did not end in time, so nothing of the driver may be freed */
    atomic_bool stop;
    pthread_t thread;
    fct_driver *next; /* in the list of driver_exit.c */
};

struct fct_event_host {
    fct_driver *driver;
    atomic_uint refs;
    fct_notice notice; /* opened by the first task */

    /* Guarded by the driver's lock. */
    fct_list link;    /* among the driver's hosts */
    fct_list untold;  /* its finished tasks that were not reported */
    unsigned waiting; /* the number of its tasks that are not finished */
    uint64_t due_us;  /* when it will step by itself at the latest */
    bool aside;       /* it found another holder of the lead and waits for a notice */
    bool gone;
};

/*
 * With the lock: admit a task of this host.  Returns 0, FACTEUR_ECLOSED, FACTEUR_ENOMEM or
 * FACTEUR_ELIMIT.
 */
int fct_event_host_admit(fct_event_host *host, struct fct_task *task, facteur_error **error);
/* With the lock: one of its tasks is finished. */
void fct_event_host_finish(fct_event_host *host, struct fct_task *task);
/* With the lock: call one of the hosts, because nobody leads and no thread waits that could. */
void fct_event_hosts_call(fct_driver *driver);

/* In a child: whether the inherited descriptors still refer to the same files. */
bool fct_driver_is_intact(const fct_driver *driver);

/*
 * Give new tasks to the relays and cancel unwanted ones.  Called by the holder of the lead, without
 * the lock.
 */
void fct_driver_turn(fct_driver *driver);

/* With the lock: wait for the lead and take it; give it back. */
void fct_driver_take_lead(fct_driver *driver);
void fct_driver_give_lead(fct_driver *driver);
/* With the lock: wake somebody who waits for the lead, if it is free. */
void fct_driver_offer_lead(fct_driver *driver);

/* With the lock: start the thread.  Returns 0, FACTEUR_ELIMIT or FACTEUR_ENOMEM. */
int fct_driver_thread_start(fct_driver *driver, facteur_error **error);
/* With the lock: end the thread.  Returns false when it has not ended by until_us. */
bool fct_driver_thread_stop(fct_driver *driver, uint64_t until_us);

/* With the lead, without the lock: send QUIT and wait for the answers until until_us. */
void fct_driver_quit(fct_driver *driver, uint64_t until_us);

/* The list of drivers to close when the process exits: put a driver in, take it out. */
void fct_driver_enlist(fct_driver *driver);
void fct_driver_strike_out(fct_driver *driver);

#endif
