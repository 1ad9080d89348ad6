/* SPDX-License-Identifier: MIT */
/*
 * The worker that drains an outbox: it leases mails, gives them to the driver, records in one
 * commit that a flight is in doubt before its terminators leave, and records the verdicts.
 *
 * It runs in one thread, which leads the driver: nobody else may send with that driver meanwhile.
 */
#ifndef FCT_WORKER_H
#define FCT_WORKER_H

#include "drive/driver.h"
#include "outbox/store.h"

typedef struct fct_worker fct_worker;

struct fct_worker_setup {
    fct_store *store;     /* must live as long */
    fct_driver *driver;   /* must live until fct_worker_free() */
    const fct_plan *plan; /* the driver's */
    unsigned window;      /* mails under way at once, at least 1 */
    enum fct_doubt_policy doubt;
    /* Called before mails are given to the driver; to ask for tokens.  May be NULL. */
    void (*prepare)(void *user);
    /*
     * The receipt of a mail in JSON, fct_malloc'ed, or NULL.  It owns the task's transcript from
     * now on.
     */
    char *(*tell)(void *user, struct fct_task *task, const fct_outcome *outcome);
    /*
     * Told when the database cannot be used now (the worker tries again), and once when a relay
     * refuses the site and gets no mail for a while.  May be NULL.
     */
    void (*complain)(void *user, const facteur_error *error);
    /* Asked from time to time: whether to stop as with stop_fd.  May be NULL. */
    bool (*is_over)(void *user);
    unsigned limit; /* mails to lease; 0: any number */
    void *user;
};

/* NULL when memory ran out. */
fct_worker *fct_worker_new(const struct fct_worker_setup *setup);
void fct_worker_free(fct_worker *worker); /* after run(); NULL is fine */

/*
 * Work until stop_fd is readable.  Then nothing more is leased: mails that were not handed over are
 * given back with their attempt, the others have `grace_us` to get their verdict.
 *
 * once      Also end when nothing is ready and nothing under way, or after `limit` mails.
 * stop_fd   A descriptor, or -1.
 *
 * Returns 0.  The first use of the database may fail: then its error, and nothing was sent.
 */
int fct_worker_run(fct_worker *worker, bool once, int stop_fd, uint64_t grace_us,
                   facteur_error **error);

struct fct_worker_counts {
    uint64_t sent, failed, retried, expired, held, paused, rescued, quarantined, stale;
};

/* Since new(). */
const struct fct_worker_counts *fct_worker_counts(const fct_worker *worker);

#endif
