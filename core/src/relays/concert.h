/* SPDX-License-Identifier: MIT */
/*
 * The relays of a mailer together.  Each has its pool, and a mail that one could not take goes on
 * to the next.  A concert runs on the loop it was made with and is used by one thread at a time.
 */
#ifndef FCT_CONCERT_H
#define FCT_CONCERT_H

#include "relays/task.h"

typedef struct fct_concert fct_concert;

/*
 * Make a concert.  It opens no connection yet.  The plan must outlive it.  Returns NULL when memory
 * ran out.
 *
 * ended   Called exactly once for each task that was submitted, perhaps before fct_concert_submit()
 *         returns.  The outcome is valid during the call.  The caller owns the task again.
 */
fct_concert *fct_concert_new(fct_loop *loop, const fct_plan *plan,
                             void (*ended)(struct fct_task *task, const fct_outcome *outcome));

/* Take a task whose variants were made.  Nothing is allocated for it. */
void fct_concert_submit(fct_concert *concert, struct fct_task *task);

/*
 * The index of the relay that has a task, or had it when it ended; FCT_MEMBERS_MAX before the loop
 * has taken the task up.
 */
unsigned fct_concert_relay_of(const struct fct_task *task);

/* Like fct_pool_cancel() and fct_pool_cut().  No other relay is tried. */
bool fct_concert_cancel(fct_concert *concert, struct fct_task *task);
void fct_concert_cut(fct_concert *concert, struct fct_task *task);

/* Like the pool's functions of these names, for all relays. */
void fct_concert_quit(fct_concert *concert);
bool fct_concert_active(const fct_concert *concert);
void fct_concert_free(fct_concert *concert);
void fct_concert_abandon(fct_concert *concert);

#endif
