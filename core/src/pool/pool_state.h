/* SPDX-License-Identifier: MIT */
/* The inside of a pool, shared by its files only. */
#ifndef FCT_POOL_STATE_H
#define FCT_POOL_STATE_H

#include "net/slots.h"
#include "pool/connection.h"

struct fct_pool {
    fct_loop *loop;
    const fct_relay *relay;
    fct_tls_context *tls; /* made with the first connection */
    fct_list queue;
    size_t queue_len, checks_waiting; /* of all, and of those the checks */
    fct_list connections;
    fct_timer kick;
    uint64_t next_number;
    uint64_t moved_us, moved_absent_us; /* the last outcome, or connection that became ready */
    uint64_t shy_until_us, no_chunking_until_us, no_pipelining_until_us;
    bool closing;
    bool bdat_proven;             /* the relay has taken a BDAT */
    struct fct_pool_stats *stats; /* the relay's, or those that follow */
    struct fct_pool_stats own_stats;
    fct_slots *slots; /* with host_slots, made with the first connection */
    fct_timer slot_timer;
    uint64_t slot_pause_us; /* until the next look for a slot; 0: none is missing */
    bool proven;            /* a mail has had its outcome from a session */
    fct_timer warm_timer;
    uint64_t warm_pause_us, warm_after_us; /* no spare connection is opened before */
};

/* The one end of a job, in a pool or in none.  It is the caller's again when `done` is called. */
void fct_job_end(fct_job *job, const fct_outcome *outcome);
void fct_job_keep_transcript(fct_job *job, const fct_connection *connection);

/* Into the queue, in the order of coming, and out of it; taking out one that is not in it is fine.
 */
void fct_queue_put(fct_pool *pool, fct_job *job);
void fct_queue_take(fct_pool *pool, fct_job *job);

/* End those in the queue: the pool is closing. */
void fct_pool_fail_queue(fct_pool *pool);

/* Its deadline has passed: end it, with what it waited for (NULL: not for one being opened). */
void fct_pool_fail_late(fct_job *job, fct_connection *connection);

/* A mail had its outcome, or a connection is ready: those with a span may wait anew. */
void fct_queue_moved(fct_pool *pool);
/* When a job in the queue ends. */
uint64_t fct_queue_due_us(const fct_job *job);

/* Have fct_pool_dispatch() called with the loop's next turn. */
void fct_pool_kick(fct_pool *pool);

/* Give the waiting mails their connections, and open those that are wanted. */
void fct_pool_dispatch(fct_pool *pool);

/*
 * Take one of the host's slots for a connection about to be opened; without host_slots it is -1.
 * 0, 1 when none is free, or FACTEUR_E code.
 */
int fct_pool_take_slot(fct_pool *pool, int *slot, facteur_error **error);
void fct_pool_return_slot(fct_pool *pool, int slot);
void fct_pool_give_slot(fct_pool *pool, fct_connection *connection);

/* With the loop running: look for a slot again, at growing intervals. */
void fct_pool_await_slot(fct_pool *pool);
void fct_pool_on_slot_timer(fct_timer *timer);

/*
 * Nobody waits in this pool: what it keeps open must leave one of the host's slots to others, since
 * a process that is not in its loop cannot be asked for one.
 */
void fct_pool_spare_slot(fct_pool *pool, fct_connection *connection);

/* Half to the whole of it: processes that wait together must not look together. */
uint64_t fct_pool_jittered(uint64_t pause_us);

/* Open the spare connections that are missing; tell of an end; whether all idle ones are wanted. */
void fct_pool_warm_up(fct_pool *pool);
void fct_pool_spare_ended(fct_pool *pool, const fct_connection *connection);
bool fct_pool_wants_spare(const fct_pool *pool);
void fct_pool_on_warm_timer(fct_timer *timer);

/* One more connection, with its slot of the host's, which it takes over; NULL: no memory. */
fct_connection *fct_pool_add_connection(fct_pool *pool, int slot);

/* Those that a relay would count against us: QUIT comes only after the mails in flight. */
size_t fct_pool_count_open(const fct_pool *pool);

/* Write what was handed to connections: all of a turn goes out together. */
void fct_pool_flush(fct_pool *pool);

/* The oldest connection being opened that a waiting mail could go to; NULL when there is none. */
fct_connection *fct_pool_opening(const fct_pool *pool);

/* Some connection in a state, without mails in flight when `idle`; NULL when there is none. */
fct_connection *fct_pool_find(const fct_pool *pool, enum fct_connection_state state, bool idle);

#endif
