/* SPDX-License-Identifier: MIT */
/*
 * What a pool counts.  One thread counts, any thread may read: each number is whole, but they are
 * not all of one instant.
 */
#ifndef FCT_STATS_H
#define FCT_STATS_H

#include "facteur.h"

#include <stdint.h>

/* Bucket 0: less than a microsecond; n: from 2^(n-1) µs to below 2^n; the last one: all longer. */
#define FCT_STATS_BUCKETS 32

struct fct_histogram {
    uint64_t count;
    uint64_t sum_us;
    uint64_t buckets[FCT_STATS_BUCKETS];
};

/* Nothing but uint64_t inside. */
struct fct_pool_stats {
    uint64_t open, in_flight, waiting;            /* now: connections, mails, jobs in the queue */
    uint64_t opened;                              /* connections that were dialled */
    uint64_t failed[FACTEUR_PHASE_COUNT];         /* of those: ended before they were ready */
    uint64_t reused;                              /* mails on a connection that had served before */
    uint64_t handshakes_full, handshakes_resumed; /* TLS */
    uint64_t flights;                             /* writes followed by a wait, greeting to QUIT */
    uint64_t mails[4];                            /* by enum fct_class */
    uint64_t redone;                              /* mails that went to another connection */
    uint64_t demotions;                           /* extensions not used any more for a while */
    struct fct_histogram phases[FACTEUR_PHASE_COUNT];
};

void fct_stats_add(uint64_t *counter, uint64_t number);
void fct_stats_subtract(uint64_t *counter, uint64_t number);

/* A duration; a negative one is none. */
void fct_stats_time(struct fct_histogram *histogram, int64_t us);

void fct_stats_read(const struct fct_pool_stats *stats, struct fct_pool_stats *out);
void fct_stats_clear(struct fct_pool_stats *stats);

#endif
