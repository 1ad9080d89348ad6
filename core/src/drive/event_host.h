/* SPDX-License-Identifier: MIT */
/*
 * An event loop that drives: it steps the driver when its descriptor or the clock says so, and is
 * told of its own tasks.  A driver has any number of them, in any threads.  None owns the lead: it
 * takes it for a step, if it is free, and a host that never steps again holds up nobody.
 *
 * A host belongs to one thread at a time; what is behind it is the driver's.
 */
#ifndef FCT_EVENT_HOST_H
#define FCT_EVENT_HOST_H

#include "drive/driver.h"

typedef struct fct_event_host fct_event_host;

/* Opens nothing.  NULL when memory ran out.  The driver must outlive its close(). */
fct_event_host *fct_event_host_new(fct_driver *driver);

const fct_driver *fct_event_host_driver(const fct_event_host *host);

/*
 * The event loop goes.  Its tasks go on as those of nobody, moved by whoever is there.  In a child
 * after fork() only the inherited descriptors are closed, and in a daemon not even these.
 */
void fct_event_host_close(fct_event_host *host);

/* References keep the memory alone; new() gives the first, which is given back after close(). */
fct_event_host *fct_event_host_ref(fct_event_host *host);
void fct_event_host_unref(fct_event_host *host); /* NULL is fine */

/* Readable when step() has work, the same until close(); -1: nothing was submitted yet. */
int fct_event_host_fd(const fct_event_host *host);
/* Microseconds until step() is due by time; UINT64_MAX: when the descriptor says so. */
uint64_t fct_event_host_timeout_us(fct_event_host *host);
/* Do what can be done without waiting. */
void fct_event_host_step(fct_event_host *host);
/* The oldest of its tasks that is finished and was not told, or NULL. */
struct fct_task *fct_event_host_done(fct_event_host *host);

/* Its host does not ask for the task any more; without one nothing is done. */
void fct_event_host_forget(struct fct_task *task);

#endif
