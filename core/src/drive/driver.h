/* SPDX-License-Identifier: MIT */
/*
 * Who runs the loop.  The lead is a token: whoever has it runs the loop for everybody.  A thread
 * that waits for a mail takes it when it is free, and hands it on when it has its own verdict; an
 * event loop (drive/event_host.h) takes it for one step at a time; with `background` a thread of
 * the driver's own keeps it.  Nobody waits for one who is not there: only a thread that waits, or
 * the driver's own, sleeps while it leads, and it can be woken.
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
 * FACTEUR_ECLOSED, FACTEUR_ENOMEM (also: the task's host gets no descriptors); FACTEUR_EMESSAGE as
 * fct_task_make_variants().  Nothing has begun then, and the task has no driver.
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

/*
 * Take no more tasks, and let those under way end.  What is left of them after `timeout_us` is cut
 * (fct_pool_cut()) where a thread waits for it, and cancelled where none does.  QUIT is said within
 * the same time.  Returns when no other thread is inside any more; every task is finished then.
 */
void fct_driver_close(fct_driver *driver, uint64_t timeout_us);

/* After fct_driver_close(), and in no thread's use. */
void fct_driver_free(fct_driver *driver);

#endif
