/* SPDX-License-Identifier: MIT */
#include "pool/stats.h"

#include <stddef.h>

#define WORDS (sizeof(struct fct_pool_stats) / sizeof(uint64_t))

_Static_assert(sizeof(struct fct_pool_stats) % sizeof(uint64_t) == 0, "only numbers inside");

void fct_stats_add(uint64_t *counter, uint64_t number)
{
    __atomic_fetch_add(counter, number, __ATOMIC_RELAXED);
}

void fct_stats_subtract(uint64_t *counter, uint64_t number)
{
    __atomic_fetch_sub(counter, number, __ATOMIC_RELAXED);
}

void fct_stats_time(struct fct_histogram *histogram, int64_t us)
{
    unsigned bucket = 0;

    if (us < 0)
        return;
    for (uint64_t rest = (uint64_t)us; rest > 0 && bucket < FCT_STATS_BUCKETS - 1; rest >>= 1)
        bucket++;
    fct_stats_add(&histogram->buckets[bucket], 1);
    fct_stats_add(&histogram->sum_us, (uint64_t)us);
    fct_stats_add(&histogram->count, 1);
}

void fct_stats_read(const struct fct_pool_stats *stats, struct fct_pool_stats *out)
{
    const uint64_t *from = (const uint64_t *)stats;
    uint64_t *to = (uint64_t *)out;

    for (size_t i = 0; i < WORDS; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void fct_stats_clear(struct fct_pool_stats *stats)
{
    uint64_t *words = (uint64_t *)stats;

    for (size_t i = 0; i < WORDS; i++)
        __atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}
