/* SPDX-License-Identifier: MIT */
/*
 * Spare connections, opened ahead of demand (option warm).  They make progress only while somebody
 * runs the loop.  When a program stops sending, a spare stays as the last send left it.
 */
#include "pool/pool_state.h"

#define PAUSE_FIRST_US 1000000U
#define PAUSE_MAX_US 300000000U
#define HEALTHY_US 30000000U /* a spare that lasted so long shows that the relay works */

static unsigned count_spare(const fct_pool *pool)
{
    unsigned count = 0;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        const fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        count += connection->state <= FCT_CONNECTION_READY && !connection->check &&
                 connection->in_flight == 0;
    }
    return count;
}

bool fct_pool_wants_spare(const fct_pool *pool)
{
    return pool->proven && !pool->closing && count_spare(pool) <= pool->relay->warm;
}

/* A spare does not take the last of the host's slots. */
static bool open_spare(fct_pool *pool)
{
    int slot = -1;

    if (fct_pool_take_slot(pool, &slot, NULL) != 0)
        return false;
    if (pool->slots && !fct_slots_any_free(pool->slots)) {
        fct_pool_return_slot(pool, slot);
        return false;
    }
    return fct_pool_add_connection(pool, slot) != NULL;
}

void fct_pool_warm_up(fct_pool *pool)
{
    if (!pool->relay->warm || !pool->proven || pool->closing || pool->queue_len > 0)
        return;
    if (fct_loop_now_us(pool->loop) < pool->warm_after_us) {
        fct_timer_set(pool->loop, &pool->warm_timer, pool->warm_after_us);
        return;
    }
    while (count_spare(pool) < pool->relay->warm &&
           fct_pool_count_open(pool) < pool->relay->pool_size && open_spare(pool))
        continue;
}

void fct_pool_on_warm_timer(fct_timer *timer)
{
    fct_pool_dispatch(FCT_ENTRY(timer, fct_pool, warm_timer));
}

void fct_pool_spare_ended(fct_pool *pool, const fct_connection *connection)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);

    if (!pool->relay->warm || connection->mails > 0 || connection->cut)
        return;
    if (pool->warm_pause_us == 0 ||
        (connection->was_ready && now_us - connection->opened_us >= HEALTHY_US))
        pool->warm_pause_us = PAUSE_FIRST_US;
    else if (pool->warm_pause_us < PAUSE_MAX_US / 2)
        pool->warm_pause_us *= 2;
    else
        pool->warm_pause_us = PAUSE_MAX_US;
    pool->warm_after_us = now_us + fct_pool_jittered(pool->warm_pause_us);
}
