/* SPDX-License-Identifier: MIT */
/*
 * Who runs the loop.  The lead is a token: whoever has it runs the loop for everybody.  A thread
 * that waits for a mail takes it when it is free, and hands it on when it has its own verdict; a
 * host's event loop takes it for one step at a time; with `background` a thread of the driver's own
 * keeps it.
 *
 * While a host has mails under way, other threads that wait leave the lead to it.
 *
 * One driver belongs to one process.  After fork() the child makes another and abandons the
 * inherited one without touching its lock, which a thread that the child does not have may hold.
 */
#ifndef FCT_DRIVER_H
#define FCT_DRIVER_H

#include "relays/concert.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct fct_driver fct_driver;

/* One job on its way.  It stays where it is until it is finished. */
struct fct_errand {
    fct_job job; /* mail, deadline_us and check are the caller's; the rest is the driver's */
    /* Takes what it needs out of the outcome, in whichever thread leads. */
    void (*take)(struct fct_errand *errand, const fct_outcome *outcome);
    /* The driver does not look at the errand any more; may be NULL.  With the driver's lock. */
    void (*let_go)(struct fct_errand *errand);
    void *user;
    bool hosted; /* its end is told by fct_driver_done() */

    fct_driver *driver; /* NULL: never given to one */
    fct_list link;      /* among those under way, then among those done for the host */
    void *waiter;       /* the thread that waits for it */
    bool submitted;     /* the relays have it */
    bool unwanted;      /* to be withdrawn */
    bool withdrawn;     /* that was tried */
    bool finished;      /* take() was called */
    bool untold;        /* the host does not know yet */
};

/* Opens nothing.  NULL when memory ran out.  The plan must outlive it. */
fct_driver *fct_driver_new(const fct_plan *plan);

/* In the child after fork(): close the inherited descriptors, say nothing on them. */
void fct_driver_abandon(fct_driver *driver);

/* Whether this process made it. */
bool fct_driver_is_ours(const fct_driver *driver);

/*
 * Put an errand on its way; somebody must wait, or step, for it to go on.  From any thread.
 * FACTEUR_ECLOSED, FACTEUR_ENOMEM; FACTEUR_EBUSY: hosted, and another thread is the host.
 */
int fct_driver_submit(fct_driver *driver, struct fct_errand *errand);

bool fct_driver_is_finished(fct_driver *driver, const struct fct_errand *errand);

/* Wait until it is finished or the clock has come to until_us; whether it is finished. */
bool fct_driver_wait(fct_driver *driver, struct fct_errand *errand, uint64_t until_us);

/*
 * Nobody wants the errand any more: it ends if nothing of its terminator has left and its
 * connection carries no other mail, else it goes on to its verdict.  Done before the return unless
 * another thread leads.
 */
void fct_driver_withdraw(fct_driver *driver, struct fct_errand *errand);

/* Submit and wait.  0 after take() was called; FACTEUR_ECLOSED, FACTEUR_ENOMEM: nothing was tried.
 */
int fct_driver_run(fct_driver *driver, struct fct_errand *errand);

/* ---- For a host's event loop ---- */

/* Readable when step() has work, the same for the driver's whole life; -1: out of memory. */
int fct_driver_fd(fct_driver *driver);
/* Microseconds until step() is due by time; UINT64_MAX: when the descriptor says so. */
uint64_t fct_driver_timeout_us(fct_driver *driver);
/* Do what can be done without waiting. */
void fct_driver_step(fct_driver *driver);
/* The oldest hosted errand that is finished and was not told, or NULL. */
struct fct_errand *fct_driver_done(fct_driver *driver);
/* The host does not ask for it any more. */
void fct_driver_forget(fct_driver *driver, struct fct_errand *errand);

/*
 * Take no more errands.  Those that a thread waits for are ended, the others withdrawn (in the
 * background: first given the time to end by themselves).  QUIT is said; all of it takes at most
 * `timeout_us`.  Returns when no other thread is inside any more; every errand is finished then.
 */
void fct_driver_close(fct_driver *driver, uint64_t timeout_us);

/* After fct_driver_close(), and in no thread's use. */
void fct_driver_free(fct_driver *driver);

#endif
