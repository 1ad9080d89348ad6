/* SPDX-License-Identifier: MIT */
/*
 * The connections to one relay, and which of them takes the next mail.  Runs on the loop it was
 * made with; not for several threads at once.
 */
#ifndef FCT_POOL_H
#define FCT_POOL_H

#include "base/list.h"
#include "net/timer.h"
#include "pool/relay.h"

#include <stdint.h>

typedef struct fct_pool fct_pool;

struct fct_connection;

/*
 * One mail (or check) in a pool.  The caller's memory, from fct_pool_submit() until `done` was
 * called; after that it can be submitted anew.  The pool allocates nothing for it.
 */
typedef struct fct_job {
    fct_mail *mail;       /* NULL: check the relay (connect anew, EHLO, AUTH, NOOP) */
    uint64_t deadline_us; /* of the loop's clock, over everything; FCT_NEVER with a span */
    /*
     * Or 0.  The mail has so long from when a connection takes it up and, behind others, from the
     * verdict before its own.  In the queue it ends when nothing in the pool has moved for wait_us.
     * Time in which nobody runs the loop does not count.
     */
    uint64_t span_us, wait_us;
    /*
     * Called exactly once for each fct_pool_submit(), from within the loop.  `outcome` is lent for
     * the call and never NULL; its timing_us covers resolve … final of this send, its `again` is
     * always false.
     */
    void (*done)(struct fct_job *job, const fct_outcome *outcome);
    unsigned attempts;       /* connections tried for this mail */
    char *transcript;        /* fct_malloc'ed when the outcome is not sent; the caller frees */
    struct fct_check *check; /* facts wanted by check(), or NULL */

    /* The pool's own. */
    fct_pool *pool; /* NULL: in none */
    fct_list link;  /* in the queue or its connection's list */
    struct fct_connection *connection;
    fct_timer deadline; /* while it waits in the queue, or is a check */
    uint64_t number;    /* the order of coming */
    uint64_t submitted_us;
    uint64_t queued_us, queued_absent_us;
    uint64_t opened_after_us; /* only a connection opened since may take it */
    bool queued;
    bool reused; /* its connection had served before */
    bool first;  /* the first on a connection that was opened after it came */
    bool cut;
    unsigned again;
} fct_job;

struct fct_failure;

/* End a job, in a pool or in none, with an outcome that no session gave. */
void fct_job_fail(fct_job *job, const struct fct_failure *failure);

/* Facts of a connection, for check(); texts fct_malloc'ed, the caller frees with fct_check_done().
 */
struct fct_check {
    char *address;     /* "192.0.2.1:465" */
    char *tls_version; /* "TLSv1.3", or NULL without TLS */
    char *tls_cipher;
    bool tls_resumed;
    char *capabilities; /* a line each */
    char *mechanism;
};

void fct_check_done(struct fct_check *check);

/* NULL when memory ran out.  Opens nothing.  The relay must outlive the pool. */
fct_pool *fct_pool_new(fct_loop *loop, const fct_relay *relay);

/*
 * Take a job.  A mail that meets a dead reused connection before anything was answered is tried
 * once more on a fresh one, within the deadline.  The mails wait in the order of their coming.
 */
void fct_pool_submit(fct_pool *pool, fct_job *job);

/*
 * Nobody wants the job any more.  When it can still be said that it was not sent, it ends: ECLOSED,
 * `done` is called before the return, unless it was already; true.  A mail of whose terminator
 * something has left, or that shares its connection with others, goes on to its verdict: false.
 */
bool fct_pool_cancel(fct_pool *pool, fct_job *job);

/*
 * End a job now, whatever can be said of it: `done` is called before the return, unless it was
 * already.  Before the terminator its connection is cut and it was not sent, after it the verdict
 * is in doubt.  With other mails on the same connection nothing is cut, and a mail that was given
 * to the connection is in doubt.
 */
void fct_pool_cut(fct_pool *pool, fct_job *job);

/*
 * Its deadline comes early for a job that still waits for an open connection: it ends EDEADLINE
 * with the loop's next turn.  One that a connection has taken is left alone.
 */
void fct_pool_expire(fct_pool *pool, fct_job *job);

/* Say QUIT on every idle connection and close the rest when their mails end; jobs in the queue, and
 * those that still come, end ECLOSED. */
void fct_pool_quit(fct_pool *pool);

/* What was counted since the pool was made.  From any thread, as long as the pool lives. */
void fct_pool_stats(const fct_pool *pool, struct fct_pool_stats *out);

/* Whether any connection is still open. */
bool fct_pool_active(const fct_pool *pool);

/*
 * Close everything at once and free; jobs still here are ended first.  Not from within `done`.
 */
void fct_pool_free(fct_pool *pool);

/*
 * In a child after fork(): close the inherited descriptors without a byte on any of them (no QUIT,
 * no close_notify) and forget the rest, jobs included.  No `done` is called.
 */
void fct_pool_abandon(fct_pool *pool);

#endif
