/* SPDX-License-Identifier: MIT */
/* A job that has waited long enough for this relay, because another one could take it. */
#include "pool/pool_state.h"

void fct_pool_expire(fct_pool *pool, fct_job *job)
{
    struct fct_ticket *ticket = job->pooled;

    if (ticket && !ticket->connection)
        fct_timer_set(pool->loop, &ticket->deadline, 0);
}
