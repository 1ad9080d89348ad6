/* SPDX-License-Identifier: MIT */
/*
 * The connections to one relay, and the choice of the one that takes the next mail.  A pool runs on
 * the loop it was made with and is used by one thread at a time.
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
 * One mail (or check) in a pool.  The caller owns the memory and keeps it from fct_pool_submit()
 * until `done` is called.  After that it can be submitted again.  The pool allocates nothing for
 * it.
 */
typedef struct fct_job {
    fct_mail *mail;       /* NULL: check the relay (connect anew, EHLO, AUTH, NOOP) */
    uint64_t deadline_us; /* for everything, on the loop's clock; FCT_NEVER with a span */
    /*
     * 0: none.  The time that the mail has from the moment when a connection takes it, or, after
     * other mails, from the last verdict before its own.  In the queue it ends when nothing in the
     * pool has moved for wait_us.  Time in which nobody runs the loop does not count.
     */
    uint64_t span_us, wait_us;
    /*
     * Called exactly once for each fct_pool_submit(), from within the loop.  `outcome` is valid
     * during the call and never NULL.  Its timing_us covers the phases from resolve to final of
     * this send; its `again` is always false.
     */
    void (*done)(struct fct_job *job, const fct_outcome *outcome);
    /*
     * NULL, or called from within the loop each time before the terminators of a flight leave, with
     * those of its mails that have the same function and follow each other.  It sets `barred` of
     * those that must not be handed over.  These end with ECLOSED.
     */
    void (*gate)(struct fct_job *const *jobs, size_t count);
    bool barred;
    unsigned attempts;       /* connections tried for this mail */
    char *transcript;        /* fct_malloc'ed unless the outcome is sent; the caller frees it */
    struct fct_check *check; /* facts wanted by check(), or NULL */

    /* The pool's own. */
    fct_pool *pool; /* NULL: in no pool */
    fct_list link;  /* in the queue or in its connection's list */
    struct fct_connection *connection;
    fct_timer deadline; /* runs while it waits in the queue, or is a check */
    uint64_t number;    /* the order in which jobs came */
    uint64_t submitted_us;
    uint64_t queued_us, queued_absent_us;
    uint64_t opened_after_us; /* only a connection opened later may take it */
    bool queued;
    bool reused; /* its connection had served before */
    bool first;  /* the first mail on a connection that was opened after this mail came */
    bool cut;
    unsigned again;
} fct_job;

struct fct_failure;

/* End a job, in a pool or not, with an outcome that no session gave. */
void fct_job_fail(fct_job *job, const struct fct_failure *failure);

/*
 * Facts about a connection, for check(), as far as it came.  The texts are fct_malloc'ed, or NULL;
 * the caller frees them with fct_check_done().
 */
struct fct_check {
    char *address;     /* "192.0.2.1:465" */
    char *tls_version; /* "TLSv1.3", or NULL without TLS */
    char *tls_cipher;
    bool tls_resumed;
    char *capabilities; /* a line each */
    char *mechanism;
    char *slots_fault; /* why host_slots holds for this process alone, or NULL */
    char *transcript;  /* the dialogue, without credentials */
    bool has_certificate;
    struct fct_tls_certificate certificate;
};

void fct_check_done(struct fct_check *check);

/*
 * Make a pool.  It opens no connection yet.  The relay must outlive the pool.  Returns NULL when
 * memory ran out.
 */
fct_pool *fct_pool_new(fct_loop *loop, const fct_relay *relay);

/*
 * Take a job.  A mail whose reused connection turns out to be dead, before the relay answered
 * anything, is tried once more on a new one, within the deadline.  Mails wait in the order in which
 * they came.
 */
void fct_pool_submit(fct_pool *pool, fct_job *job);

/*
 * Cancel a job that nobody wants any more.  If it was certainly not sent, it ends with ECLOSED:
 * `done` is called before the call returns, unless it was called already.  Returns true then.  A
 * mail goes on to its verdict when an octet of its terminator was written, or when it shares its
 * connection with other mails.  Returns false then.
 */
bool fct_pool_cancel(fct_pool *pool, fct_job *job);

/*
 * End a job now.  `done` is called before the call returns, unless it was called already.  Before
 * the terminator its connection is cut and the mail was not sent; after it the mail is in doubt.  A
 * connection with other mails is not cut, and a mail that was given to it is in doubt.
 */
void fct_pool_cut(fct_pool *pool, fct_job *job);

/*
 * Make the deadline of a job that still waits for a connection pass: it ends with EDEADLINE in the
 * loop's next turn.  A job that a connection has taken is left alone.
 */
void fct_pool_expire(fct_pool *pool, fct_job *job);

/*
 * Send QUIT on every idle connection, and on the others when their mails end.  Jobs in the queue,
 * and jobs that still come, end with ECLOSED.
 */
void fct_pool_quit(fct_pool *pool);

/* The counts since the pool was made.  Any thread may call it as long as the pool lives. */
void fct_pool_stats(const fct_pool *pool, struct fct_pool_stats *out);

/* Whether any connection is still open. */
bool fct_pool_active(const fct_pool *pool);

/*
 * Close everything at once and free the pool.  Jobs that are still here end first.  Must not be
 * called from within `done`.
 */
void fct_pool_free(fct_pool *pool);

/*
 * In a child after fork(): close the inherited descriptors without sending a byte (no QUIT, no
 * close_notify), and forget the rest, jobs included.  No `done` is called.
 */
void fct_pool_abandon(fct_pool *pool);

#endif
