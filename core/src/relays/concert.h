/* SPDX-License-Identifier: MIT */
/*
 * The relays of a mailer playing together: each has its pool, and a mail that one could not take
 * goes on to the next.  Jobs go in and come out as they do with a single pool (pool/pool.h).  Runs
 * on the loop it was made with; not for several threads at once.
 */
#ifndef FCT_CONCERT_H
#define FCT_CONCERT_H

#include "config/plan.h"
#include "pool/pool.h"

typedef struct fct_concert fct_concert;

/* NULL when memory ran out.  Opens nothing.  The plan must outlive it. */
fct_concert *fct_concert_new(fct_loop *loop, const fct_plan *plan);

/* As fct_pool_submit() and fct_pool_cancel(); job->attempts counts over all relays. */
void fct_concert_submit(fct_concert *concert, fct_job *job);
void fct_concert_cancel(fct_concert *concert, fct_job *job);

/* As fct_pool_withdraw(). */
bool fct_concert_withdraw(fct_concert *concert, fct_job *job);

/* As their namesakes of the pool, over all relays. */
void fct_concert_quit(fct_concert *concert);
bool fct_concert_active(const fct_concert *concert);
void fct_concert_free(fct_concert *concert);
void fct_concert_abandon(fct_concert *concert);

#endif
