/* SPDX-License-Identifier: MIT */
/*
 * Who runs the loop.  The caller does: the first thread that waits for a mail leads and runs the
 * loop for everybody, the others follow; when the leader has its own verdict it hands the lead
 * over.  There is no thread of the library's own.
 *
 * One driver belongs to one process.  After fork() the child makes another and abandons the
 * inherited one without touching its lock, which a thread that the child does not have may hold.
 */
#ifndef FCT_DRIVER_H
#define FCT_DRIVER_H

#include "mailer/concert.h"

#include <stdbool.h>

typedef struct fct_driver fct_driver;

/* One wait for one job.  On the stack of the thread that waits. */
struct fct_errand {
    fct_job job; /* mail, deadline_us and check are the caller's; the rest is the driver's */
    /* Takes what it needs out of the outcome, in whichever thread leads. */
    void (*take)(struct fct_errand *errand, const fct_outcome *outcome);
    void *user;

    fct_driver *driver;
    fct_list link;  /* among those waiting */
    void *turn;     /* the condition variable of its thread */
    bool submitted; /* the pool has it */
    bool finished;  /* take() was called */
    bool leads;
};

/* Opens nothing.  NULL when memory ran out.  The plan must outlive it. */
fct_driver *fct_driver_new(const fct_plan *plan);

/*
 * In the child after fork(): close the inherited descriptors, say nothing on them.  Where another
 * thread ran the loop at that moment they are left open instead, for the child cannot know what was
 * half done.
 */
void fct_driver_abandon(fct_driver *driver);

/* Monotonic microseconds, the clock of deadlines; from any thread. */
uint64_t fct_driver_now_us(void);

/*
 * Run the errand's job to its end.  From any thread.
 * 0 after take() was called; FACTEUR_ECLOSED, FACTEUR_ENOMEM: nothing was tried.
 */
int fct_driver_run(fct_driver *driver, struct fct_errand *errand);

/*
 * End all jobs, say QUIT, and wait for the relay's reply at most `timeout_us`.  Later runs get
 * FACTEUR_ECLOSED.  Returns when no other thread is inside any more.
 */
void fct_driver_close(fct_driver *driver, uint64_t timeout_us);

/* After fct_driver_close(), and in no thread's use. */
void fct_driver_free(fct_driver *driver);

#endif
