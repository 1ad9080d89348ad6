/* SPDX-License-Identifier: MIT */
/* The pool's share of the host's slots (option host_slots). */
#include "pool/pool_state.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#define PAUSE_FIRST_US 10000
#define PAUSE_MAX_US 200000

static int open_slots(fct_pool *pool, facteur_error **error)
{
    char identity[FCT_DIGEST_TEXT];
    fct_slice part = {identity, sizeof identity};

    if (!fct_relay_identity(pool->relay, identity))
        return fct_error_nomem(error);
    return fct_slots_open(pool->loop, &part, 1, pool->relay->host_slots, &pool->slots, error);
}

/* A limit that cannot be shared stops no mail: it holds for this process's own connections. */
static int take_unshared(fct_pool *pool, const facteur_error *cause)
{
    fct_free(pool->slots_fault);
    pool->slots_fault = fct_strdup(cause ? facteur_error_message(cause) : "");
    if (fct_pool_count_open(pool) >= pool->relay->host_slots)
        return 1;
    fct_stats_add(&pool->stats->unshared, 1);
    return 0;
}

/* With 0 the slots are shared, unless there are none: then it is the process's own limit. */
static int share_slots(fct_pool *pool, facteur_error **error)
{
    facteur_error *cause = NULL;
    int result = pool->slots ? fct_slots_follow(pool->slots, &cause) : open_slots(pool, &cause);

    if (result != 0) {
        fct_slots_free(pool->slots);
        pool->slots = NULL;
    }
    if (result != FACTEUR_EIO)
        return fct_error_pass(error, result, cause);
    result = take_unshared(pool, cause);
    facteur_error_free(cause);
    return result;
}

int fct_pool_take_slot(fct_pool *pool, int *slot, facteur_error **error)
{
    int result;

    *slot = -1;
    if (pool->relay->host_slots == 0)
        return 0;
    result = share_slots(pool, error);
    if (result != 0 || !pool->slots)
        return result;
    fct_free(pool->slots_fault);
    pool->slots_fault = NULL;
    *slot = fct_slots_take(pool->slots);
    if (*slot < 0)
        return 1;
    pool->slot_pause_us = 0;
    fct_timer_clear(&pool->slot_timer);
    return 0;
}

void fct_pool_return_slot(fct_pool *pool, int slot)
{
    if (pool->slots && slot >= 0)
        fct_slots_give(pool->slots, slot);
}

void fct_pool_give_slot(fct_pool *pool, fct_connection *connection)
{
    fct_pool_return_slot(pool, connection->slot);
    connection->slot = -1;
}

uint64_t fct_pool_jittered(uint64_t pause_us)
{
    unsigned char random = 0;

    fct_random(&random, sizeof random);
    return pause_us / 2 + pause_us / 2 * random / 255;
}

void fct_pool_await_slot(fct_pool *pool)
{
    if (fct_timer_is_set(&pool->slot_timer))
        return;
    pool->slot_pause_us = pool->slot_pause_us ? pool->slot_pause_us * 2 : PAUSE_FIRST_US;
    if (pool->slot_pause_us > PAUSE_MAX_US)
        pool->slot_pause_us = PAUSE_MAX_US;
    fct_timer_set(pool->loop, &pool->slot_timer,
                  fct_loop_now_us(pool->loop) + fct_pool_jittered(pool->slot_pause_us));
}

void fct_pool_on_slot_timer(fct_timer *timer)
{
    fct_pool_dispatch(FCT_ENTRY(timer, fct_pool, slot_timer));
}

void fct_pool_spare_slot(fct_pool *pool, fct_connection *connection)
{
    fct_connection *opening;

    if (!pool->slots || pool->queue_len > 0 || fct_slots_any_free(pool->slots))
        return;
    opening = fct_pool_opening(pool);
    if (opening)
        fct_connection_cut(opening, FACTEUR_ECLOSED, "its slot is left to others");
    else if (connection->in_flight == 0 && !connection->check)
        fct_connection_quit(connection);
    else if (connection->in_flight > 0 && connection->in_flight == connection->given_up)
        fct_connection_cut(connection, FACTEUR_ECLOSED, "its slot is left to others");
}
