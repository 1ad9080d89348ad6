/* SPDX-License-Identifier: MIT */
/*
 * Decides who runs the loop.  The lead is a token: its holder runs the loop for all.  A thread that
 * waits for a mail takes the lead when it is free, and passes it on when its own mail has its
 * verdict.  An event loop (drive/event_host.h) takes it for one step at a time.  With `background`
 * the driver's own thread keeps it.  A holder sleeps only if it waits for a mail or is the driver's
 * own thread, and it can be woken, so nobody waits for an absent one.
 *
 * A driver belongs to one process.  After fork() the child makes another and abandons the inherited
 * one.  It does not touch the inherited lock, which may be held by a thread that the child does not
 * have.
 */
#ifndef FCT_DRIVER_H
#define FCT_DRIVER_H

#include "relays/concert.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct fct_driver fct_driver;

/*
 * Make a driver.  It opens no connection yet.  The plan must outlive it.  Returns NULL when memory
 * ran out.
 */
fct_driver *fct_driver_new(const fct_plan *plan);

/* Whoever uses it leads it, whatever the option background says.  Before the first task. */
void fct_driver_be_led(fct_driver *driver);

/* In the child after fork(): close the inherited descriptors without sending a byte. */
void fct_driver_abandon(fct_driver *driver);

/* Whether this process made it. */
bool fct_driver_is_ours(const fct_driver *driver);

/*
 * Begin a task, from any thread.  It goes on only while somebody waits or steps.  Its memory must
 * not move until take() has been called.
 *
 * Returns 0, FACTEUR_ECLOSED, FACTEUR_ENOMEM, FACTEUR_ELIMIT (no descriptor or thread left), or
 * FACTEUR_EMESSAGE of fct_task_make_variants().  After an error nothing has begun, and the task has
 * no driver.
 */
int fct_driver_submit(fct_driver *driver, struct fct_task *task, facteur_error **error);

bool fct_driver_is_finished(fct_driver *driver, const struct fct_task *task);

/*
 * Whether no task is in progress and no thread waits.  Must not be called in a child of the process
 * that made the driver.
 */
bool fct_driver_is_at_rest(fct_driver *driver);

/*
 * Wait until the task is finished or the clock reaches until_us.  Returns whether it is finished.
 */
bool fct_driver_wait(fct_driver *driver, struct fct_task *task, uint64_t until_us);

/*
 * Cancel a task that nobody wants any more.  As with fct_pool_cancel(), it ends if no octet of its
 * terminator was written and its connection has no other mail; else it goes on to its verdict.
 * This happens before the call returns, unless another thread leads.
 */
void fct_driver_cancel(fct_driver *driver, struct fct_task *task);

/*
 * Take no more tasks, and let those in progress end.  After `timeout_us` the remaining tasks are
 * cut (fct_pool_cut()) when a thread waits for them, else cancelled.  QUIT is sent within the same
 * time.  Returns when no other thread is inside any more.  Every task is finished then.
 */
void fct_driver_close(fct_driver *driver, uint64_t timeout_us);

/* Call it after fct_driver_close(), when no thread uses the driver. */
void fct_driver_free(fct_driver *driver);

#endif
