/* SPDX-License-Identifier: MIT */
#include "pool/withdraw.h"

#include "pool/pool_state.h"

bool fct_pool_withdraw(fct_pool *pool, fct_job *job)
{
    struct fct_ticket *ticket = job->pooled;

    if (ticket && ticket->connection && job->mail &&
        (ticket->connection->ticket_count > 1 ||
         fct_session_handed_over(ticket->connection->session, ticket)))
        return false;
    fct_pool_cancel(pool, job);
    return true;
}
