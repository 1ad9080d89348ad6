/* SPDX-License-Identifier: MIT */
#include "mailer/concert.h"

#include "base/memory.h"

struct fct_concert {
    fct_pool *pool;
};

fct_concert *fct_concert_new(fct_loop *loop, const fct_plan *plan)
{
    fct_concert *concert = fct_calloc(1, sizeof *concert);

    if (!concert)
        return NULL;
    concert->pool = fct_pool_new(loop, &plan->relay);
    if (concert->pool)
        return concert;
    fct_free(concert);
    return NULL;
}

void fct_concert_submit(fct_concert *concert, fct_job *job)
{
    fct_pool_submit(concert->pool, job);
}

void fct_concert_cancel(fct_concert *concert, fct_job *job)
{
    fct_pool_cancel(concert->pool, job);
}

void fct_concert_quit(fct_concert *concert)
{
    fct_pool_quit(concert->pool);
}

bool fct_concert_active(const fct_concert *concert)
{
    return fct_pool_active(concert->pool);
}

void fct_concert_free(fct_concert *concert)
{
    if (!concert)
        return;
    fct_pool_free(concert->pool);
    fct_free(concert);
}

void fct_concert_abandon(fct_concert *concert)
{
    fct_pool_abandon(concert->pool);
    fct_free(concert);
}
