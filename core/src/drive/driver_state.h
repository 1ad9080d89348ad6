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
    pthread_cond_t changed;   /* inside fell to 0, the lead came free, the thread ended */
    fct_loop *loop;           /* made by the first task, there until the driver is freed */
    fct_concert *concert;     /* made with it; gone after the close */
    fct_list fresh;           /* tasks that the relays do not have yet */
    fct_list under_way;       /* those that they have */
    fct_list hosts;           /* those that submitted something */
    fct_list waiters;         /* threads that wait for a task */
    unsigned inside;          /* their number, and those leaving */
    unsigned to_cancel;       /* tasks with cancel_wanted and without cancel_tried */
    fct_event_host *stepping; /* the host that leads, or NULL */
    bool led;
    bool closed; /* takes no more */
    bool ending; /* whatever is there ends now */
    bool abandoned;
    bool intact; /* when it was abandoned, as fct_driver_is_intact() */

    /* With background=1. */
    bool background;
    bool running; /* the thread is there, and keeps the lead */
    bool lost;    /* it did not come back in time: nothing of the driver may be freed */
    atomic_bool stop;
    pthread_t thread;
    fct_driver *next; /* in the list of driver_exit.c */
};

struct fct_event_host {
    fct_driver *driver;
    atomic_uint refs;
    fct_notice notice; /* opened by the first task */

    /* With the driver's lock. */
    fct_list link;    /* among the driver's hosts */
    fct_list untold;  /* its tasks that are finished */
    unsigned waiting; /* those that are not */
    uint64_t due_us;  /* when it steps by itself at the latest */
    bool aside;       /* it found another leading: it waits until it is told */
    bool noticed;
    bool gone;
};

/* With the lock: take a task of this host in.  0, FACTEUR_ECLOSED, FACTEUR_ENOMEM. */
int fct_event_host_admit(fct_event_host *host, struct fct_task *task);
/* With the lock: one of its tasks is finished. */
void fct_event_host_finish(fct_event_host *host, struct fct_task *task);
/* With the lock: nobody leads, and no thread is there to do so; one of the hosts is to go on. */
void fct_event_hosts_call(fct_driver *driver);

/* In a child: whether the inherited descriptors are what they were. */
bool fct_driver_is_intact(const fct_driver *driver);

/* Hand over what has come, cancel what nobody wants.  By who leads, without the lock. */
void fct_driver_turn(fct_driver *driver);

/* With the lock: take the lead, waiting for it; and give it back. */
void fct_driver_take_lead(fct_driver *driver);
void fct_driver_give_lead(fct_driver *driver);
/* With the lock: whoever waits for the lead may take it, if it is free. */
void fct_driver_offer_lead(fct_driver *driver);

/* With the lock: start the thread.  0 or FACTEUR_ENOMEM. */
int fct_driver_thread_start(fct_driver *driver);
/* With the lock: have it end.  False when it did not until then. */
bool fct_driver_thread_stop(fct_driver *driver, uint64_t until_us);

/* Leading, without the lock: say QUIT, and wait for its answers until then. */
void fct_driver_quit(fct_driver *driver, uint64_t until_us);

/* The list of what to close when the process exits. */
void fct_driver_enlist(fct_driver *driver);
void fct_driver_strike_out(fct_driver *driver);

#endif
