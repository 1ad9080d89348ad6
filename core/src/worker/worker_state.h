/* SPDX-License-Identifier: MIT */
/* What a worker's parts share; nobody outside worker/ includes it. */
#ifndef FCT_WORKER_STATE_H
#define FCT_WORKER_STATE_H

#include "worker/pause.h"
#include "worker/work.h"

#define FCT_CLAIM_MAX 64u

struct fct_worker {
    struct fct_worker_setup setup;
    fct_store *store;
    fct_event_host *host;
    char owner[FCT_OWNER_ROOM];
    fct_list waiting, under_way, ended; /* works: without their bytes yet; with a task; without a
                                           record of their verdict */
    unsigned count, ended_count;        /* all together, and those that ended */
    unsigned leased;                    /* up to now */
    int64_t bytes;                      /* of those that have theirs */
    struct fct_cursor cursor;
    uint64_t rescan_us, rescue_us, heartbeat_us, again_us, stop_us; /* monotonic; when due */
    int64_t due_us; /* of the clock: when a row is ready or a lease ends; 0: none that is known */
    bool stopping, suppresses; /* suppresses: somebody is on the suppression list */
    struct fct_pauses pauses;
    uint32_t random;
    struct fct_worker_counts counts;
    struct fct_claimed claimed[FCT_CLAIM_MAX];
};

uint32_t fct_worker_draw(struct fct_worker *w); /* any 32 bits */

/* Tell the user; the error is freed, and NULL is fine. */
void fct_worker_tell(struct fct_worker *w, facteur_error *error);

/*
 * Relays that get no other mail now: paused, or slower than the others, with its whole window full.
 * `stuck`: the mails that the latter have.
 */
uint32_t fct_worker_closed_relays(const struct fct_worker *w, unsigned *stuck);

/* Whether it has leased as many mails as it may. */
bool fct_worker_is_sated(const struct fct_worker *w);

/* One transaction, if there is something for it.  `idle`: nothing is ready. */
int fct_worker_turn(struct fct_worker *w, bool *idle, facteur_error **error);

/* The works whose verdict is recorded. */
void fct_worker_forget_ended(struct fct_worker *w);

#endif
