/* SPDX-License-Identifier: MIT */
/* Letting go of a job without making its fate unknown. */
#ifndef FCT_WITHDRAW_H
#define FCT_WITHDRAW_H

#include "pool/pool.h"

/*
 * End a job that is not wanted any more, if it can still be said that it was not sent: as
 * fct_pool_cancel(), true.  A mail of whose terminator something has left, or that shares its
 * connection with others, is left alone and goes on to its verdict: false.
 */
bool fct_pool_withdraw(fct_pool *pool, fct_job *job);

#endif
