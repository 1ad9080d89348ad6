/* SPDX-License-Identifier: MIT */
/*
 * The relays of a mailer playing together: each has its pool, and a mail that one could not take
 * goes on to the next.  Runs on the loop it was made with; not for several threads at once.
 */
#ifndef FCT_CONCERT_H
#define FCT_CONCERT_H

#include "relays/task.h"

typedef struct fct_concert fct_concert;

/*
 * Opens nothing.  The plan must outlive it.  NULL when memory ran out.
 *
 * ended   Called exactly once for each task that was submitted, perhaps before fct_concert_submit()
 *         returns.  The outcome is lent for the call; the task is the caller's again.
 */
fct_concert *fct_concert_new(fct_loop *loop, const fct_plan *plan,
                             void (*ended)(struct fct_task *task, const fct_outcome *outcome));

/* Take a task, whose variants were made; nothing is allocated for it. */
void fct_concert_submit(fct_concert *concert, struct fct_task *task);

/* As fct_pool_cancel() and fct_pool_cut(); no further relay is tried. */
bool fct_concert_cancel(fct_concert *concert, struct fct_task *task);
void fct_concert_cut(fct_concert *concert, struct fct_task *task);

/* As their namesakes of the pool, over all relays. */
void fct_concert_quit(fct_concert *concert);
bool fct_concert_active(const fct_concert *concert);
void fct_concert_free(fct_concert *concert);
void fct_concert_abandon(fct_concert *concert);

#endif
