/* SPDX-License-Identifier: MIT */
/* The inside of a pool, shared by its files only. */
#ifndef FCT_POOL_STATE_H
#define FCT_POOL_STATE_H

#include "net/slots.h"
#include "pool/connection.h"
#include "pool/mail_limit.h"

struct fct_pool {
    fct_loop *loop;
    const fct_relay *relay;
    fct_tls_context *tls; /* made with the first connection */
    fct_list queue;
    size_t queue_len, checks_waiting; /* all jobs, and the checks among them */
    fct_list connections;
    fct_timer kick;
    uint64_t next_number;
    uint64_t moved_us, moved_absent_us; /* when an outcome came or a connection became ready */
    uint64_t shy_until_us, no_chunking_until_us, no_pipelining_until_us;
    uint16_t good_port; /* of the relay's, the one that served last; 0: none yet */
    bool closing;
    bool bdat_proven;             /* the relay has taken a BDAT */
    struct fct_pool_stats *stats; /* the relay's, or own_stats */
    struct fct_pool_stats own_stats;
    fct_slots *slots;  /* with host_slots, made with the first connection */
    char *slots_fault; /* why the slots cannot be shared, or NULL */
    fct_timer slot_timer;
    uint64_t slot_pause_us; /* time until the next look for a slot; 0: no slot is missing */
    bool proven;            /* a session has given a mail its outcome */
    fct_timer warm_timer;
    uint64_t warm_pause_us, warm_after_us; /* no spare connection is opened before warm_after_us */
    struct fct_mail_limit mail_limit;
    fct_timer patience_timer; /* for a place that only late verdicts take */
};

/* The only end of a job, in a pool or not.  The caller owns it again when `done` is called. */
void fct_job_end(fct_job *job, const fct_outcome *outcome);
void fct_job_keep_transcript(fct_job *job, const fct_connection *connection);

/*
 * Put a job into the queue, in the order in which jobs came, and take it out.  Taking out a job
 * that is not in the queue is fine.
 */
void fct_queue_put(fct_pool *pool, fct_job *job);
void fct_queue_take(fct_pool *pool, fct_job *job);

/* End the jobs in the queue, because the pool is closing. */
void fct_pool_fail_queue(fct_pool *pool);

/*
 * End a job whose deadline has passed.  `connection` is the one that it waited for while it was
 * opened, or NULL.
 */
void fct_pool_fail_late(fct_job *job, fct_connection *connection);

/* A mail had its outcome or a connection became ready, so jobs with a span begin to wait anew. */
void fct_queue_moved(fct_pool *pool);
/* The time at which a job in the queue ends. */
uint64_t fct_queue_due_us(const fct_job *job);

/* Let the loop's next turn call fct_pool_dispatch(). */
void fct_pool_kick(fct_pool *pool);

/* Give connections to the waiting mails, and open those that are needed. */
void fct_pool_dispatch(fct_pool *pool);

/*
 * Take one of the host's slots for a connection that will be opened.  Without host_slots, `*slot`
 * is -1.  Returns 0, 1 when no slot is free, or a FACTEUR_E code.
 */
int fct_pool_take_slot(fct_pool *pool, int *slot, facteur_error **error);
void fct_pool_return_slot(fct_pool *pool, int slot);
void fct_pool_give_slot(fct_pool *pool, fct_connection *connection);

/* Look for a slot again, at growing intervals, while the loop runs. */
void fct_pool_await_slot(fct_pool *pool);
void fct_pool_on_slot_timer(fct_timer *timer);

/*
 * When no job waits in this pool, its idle connections must leave one of the host's slots to
 * others, because a process that does not run its loop cannot be asked for one.
 */
void fct_pool_spare_slot(fct_pool *pool, fct_connection *connection);

/*
 * A random time between half of it and all of it, so that processes that wait together do not look
 * together.
 */
uint64_t fct_pool_jittered(uint64_t pause_us);

/*
 * Open the spare connections that are missing; report the end of one; whether all idle ones are
 * needed.
 */
void fct_pool_warm_up(fct_pool *pool);
void fct_pool_spare_ended(fct_pool *pool, const fct_connection *connection);
bool fct_pool_wants_spare(const fct_pool *pool);
void fct_pool_on_warm_timer(fct_timer *timer);

/* Add a connection, which takes over its slot of the host.  Returns NULL when memory ran out. */
fct_connection *fct_pool_add_connection(fct_pool *pool, int slot);

/*
 * The connections that the relay counts as ours.  One that is quitting counts while it has mails in
 * flight.
 */
size_t fct_pool_count_open(const fct_pool *pool);

/* Write what was given to connections.  Everything of one turn is written together. */
void fct_pool_flush(fct_pool *pool);

/*
 * The oldest connection that is being opened and could take a waiting mail.  NULL when there is
 * none.
 */
fct_connection *fct_pool_opening(const fct_pool *pool);

/*
 * A connection in this state and, with `idle`, without mails in flight.  NULL when there is none.
 */
fct_connection *fct_pool_find(const fct_pool *pool, enum fct_connection_state state, bool idle);

#endif
