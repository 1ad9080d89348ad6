/* SPDX-License-Identifier: MIT */
/*
 * The counters of a pool.  One thread counts, any thread may read.  Each number is consistent in
 * itself, but they are not all from one instant.
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

/* It has only uint64_t members. */
struct fct_pool_stats {
    uint64_t open, in_flight, waiting;            /* now: connections, mails, jobs in the queue */
    uint64_t opened;                              /* connections that were dialled */
    uint64_t failed[FACTEUR_PHASE_COUNT];         /* those of them that never became ready */
    uint64_t unshared;                            /* those of them without a slot of the host's */
    uint64_t reused;                              /* mails on a connection that had served before */
    uint64_t handshakes_full, handshakes_resumed; /* TLS */
    uint64_t flights;                             /* writes followed by a wait, greeting to QUIT */
    uint64_t mails[4];                            /* by enum fct_class */
    uint64_t late_sent, late_refused; /* given up in doubt, and then taken, or not taken */
    uint64_t redone;                  /* mails that were tried again on another connection */
    uint64_t demotions;               /* extensions not used any more for a while */
    struct fct_histogram phases[FACTEUR_PHASE_COUNT];
};

void fct_stats_add(uint64_t *counter, uint64_t number);
void fct_stats_subtract(uint64_t *counter, uint64_t number);

/* Count a duration.  A negative one is ignored. */
void fct_stats_time(struct fct_histogram *histogram, int64_t us);

void fct_stats_read(const struct fct_pool_stats *stats, struct fct_pool_stats *out);
void fct_stats_clear(struct fct_pool_stats *stats);

#endif
