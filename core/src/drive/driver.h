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

/* Opens nothing.  NULL when memory ran out.  The plan must outlive it. */
fct_driver *fct_driver_new(const fct_plan *plan);

/* In the child after fork(): close the inherited descriptors, say nothing on them. */
void fct_driver_abandon(fct_driver *driver);

/* Whether this process made it. */
bool fct_driver_is_ours(const fct_driver *driver);

/*
 * Put a task on its way; somebody must wait, or step, for it to go on.  Its memory stays where it
 * is until take() was called.  From any thread.
 *
 * FACTEUR_ECLOSED, FACTEUR_ENOMEM; FACTEUR_EBUSY: hosted, and another thread is the host;
 * FACTEUR_EMESSAGE as fct_task_make_variants().  Nothing has begun then, and the task has no
 * driver.
 */
int fct_driver_submit(fct_driver *driver, struct fct_task *task, facteur_error **error);

bool fct_driver_is_finished(fct_driver *driver, const struct fct_task *task);

/* Wait until it is finished or the clock has come to until_us; whether it is finished. */
bool fct_driver_wait(fct_driver *driver, struct fct_task *task, uint64_t until_us);

/*
 * Nobody wants the task any more: as fct_pool_cancel(), it ends if nothing of its terminator has
 * left and its connection carries no other mail, else it goes on to its verdict.  Done before the
 * return unless another thread leads.
 */
void fct_driver_cancel(fct_driver *driver, struct fct_task *task);

/* Submit and wait.  0 after take() was called; else as fct_driver_submit(). */
int fct_driver_run(fct_driver *driver, struct fct_task *task, facteur_error **error);

/* ---- For a host's event loop ---- */

/* Readable when step() has work, the same for the driver's whole life; -1: out of memory. */
int fct_driver_fd(fct_driver *driver);
/* Microseconds until step() is due by time; UINT64_MAX: when the descriptor says so. */
uint64_t fct_driver_timeout_us(fct_driver *driver);
/* Do what can be done without waiting. */
void fct_driver_step(fct_driver *driver);
/* The oldest hosted task that is finished and was not told, or NULL. */
struct fct_task *fct_driver_done(fct_driver *driver);
/* The host does not ask for it any more. */
void fct_driver_forget(fct_driver *driver, struct fct_task *task);

/*
 * Take no more tasks.  Those that a thread waits for are cut (fct_pool_cut()), the others cancelled
 * (in the background: first given the time to end by themselves).  QUIT is said; all of it takes at
 * most `timeout_us`.  Returns when no other thread is inside any more; every task is finished then.
 */
void fct_driver_close(fct_driver *driver, uint64_t timeout_us);

/* After fct_driver_close(), and in no thread's use. */
void fct_driver_free(fct_driver *driver);

#endif
