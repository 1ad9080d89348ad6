/* SPDX-License-Identifier: MIT */
/*
 * An event loop that runs the driver.  It steps when its descriptor is readable or its time has
 * come, and learns which of its own tasks are finished.  A driver has any number of hosts, in any
 * threads.  A host takes the lead for one step, if it is free, so a host that never steps again
 * blocks nobody.
 *
 * A host is used by one thread at a time.  The driver's lock guards the state behind it.
 */
#ifndef FCT_EVENT_HOST_H
#define FCT_EVENT_HOST_H

#include "drive/driver.h"

typedef struct fct_event_host fct_event_host;

/*
 * Make a host.  It opens nothing yet.  The driver must live until the host's close().  Returns NULL
 * when memory ran out.
 */
fct_event_host *fct_event_host_new(fct_driver *driver);

const fct_driver *fct_event_host_driver(const fct_event_host *host);

/*
 * End a host.  Its tasks go on without an owner, run by anybody else who leads.  In a child after
 * fork() only the inherited descriptors are closed, and in a daemon not even these.
 */
void fct_event_host_close(fct_event_host *host);

/* References keep only the memory.  new() gives the first one; release it after close(). */
fct_event_host *fct_event_host_ref(fct_event_host *host);
void fct_event_host_unref(fct_event_host *host); /* NULL is fine */

/*
 * A descriptor that is readable when step() has work.  It stays the same until close().  -1 when
 * nothing was submitted yet.
 */
int fct_event_host_fd(const fct_event_host *host);
/*
 * Microseconds until step() is due; then the descriptor is readable, too.  0: at once, the
 * descriptor does not tell it.  UINT64_MAX: only when the descriptor is readable.
 */
uint64_t fct_event_host_timeout_us(fct_event_host *host);
/* Do everything that can be done without waiting. */
void fct_event_host_step(fct_event_host *host);
/* The oldest of its finished tasks that was not returned yet, or NULL. */
struct fct_task *fct_event_host_done(fct_event_host *host);

/* Tell a task's host not to return the task any more.  Does nothing for a task without a host. */
void fct_event_host_forget(struct fct_task *task);

#endif
