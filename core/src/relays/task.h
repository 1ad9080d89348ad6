/* SPDX-License-Identifier: MIT */
/*
 * One mail between the relays: the order in which they are tried, and the one that has it now.  A
 * task is embedded in what waits for its end (a delivery, a check) and does not move in memory
 * until then.  relays/concert.h and drive/driver.h work on it.
 */
#ifndef FCT_TASK_H
#define FCT_TASK_H

#include "config/plan.h"
#include "pool/pool.h"

#include <stdatomic.h>

struct fct_concert;
struct fct_driver;
struct fct_event_host;
struct fct_lane;

enum fct_task_place {
    FCT_TASK_OUTSIDE,
    FCT_TASK_WAITING, /* until its relay's pace allows it */
    FCT_TASK_IN_POOL
};

struct fct_task {
    /* Set by the caller before it submits the task. */
    fct_mail *mail;              /* NULL: a check */
    uint64_t deadline_us;        /* for everything; FCT_NEVER with a span */
    uint64_t span_us;            /* of its job, see pool/pool.h; or 0 */
    struct fct_check *check;     /* facts wanted, or NULL */
    uint32_t avoid;              /* bits of the relays that must not take it; never all */
    unsigned only;               /* 0, or 1 + the index of the only relay that may take it */
    struct fct_event_host *host; /* the event loop to notify of its end, or NULL */
    void (*gate)(struct fct_job *const *jobs, size_t count); /* of its job, or NULL */
    /* Copies what it needs from the outcome.  Runs in the thread that leads. */
    void (*take)(struct fct_task *task, const fct_outcome *outcome);
    /*
     * Called, with the driver's lock, when the driver does not use the task any more.  May be NULL.
     */
    void (*let_go)(struct fct_task *task);

    /* The result beside the outcome, complete when take() is called. */
    unsigned attempts;  /* connections tried, over all relays */
    char *transcript;   /* fct_malloc'ed when it was not sent, else NULL; the caller owns it */
    const char *relay;  /* the name of the relay that gave the verdict; valid as long as the plan */
    bool token_refused; /* a login with a token was not accepted, for this mail or another */

    /* Used by the driver. */
    struct fct_driver *driver; /* NULL: never submitted to one */
    fct_list run; /* among the tasks in progress, then among those to report to its host */
    void *waiter; /* the thread that waits for it */
    atomic_bool cancel_wanted;
    bool cancel_tried;
    bool finished; /* take() was called */
    bool untold;   /* it is among those to report to its host */
    bool told;     /* it was reported, or its host does not want to know any more */

    /* Used by the relays. */
    fct_job job;         /* in the pool of the present relay */
    fct_mail **variants; /* the mail that each relay gets; NULL: the same for all */
    struct fct_concert *concert;
    struct fct_lane *lane; /* of the present relay */
    enum fct_task_place place;
    fct_list wait;   /* among those that wait for the lane's pace */
    fct_timer limit; /* the end of this relay's share; while waiting, also the deadline */
    unsigned char order[FCT_MEMBERS_MAX];
    unsigned order_count, next;
    uint64_t entered_us;
    unsigned token; /* the number of the token with which it was given to the pool */
    bool probe;     /* it tries whether the relay works again */
    bool cancelled; /* no other relay is tried */
};

/*
 * Make the mails that the relays of the plan get, with tags and metadata in each provider's fields.
 * This is done before the loop runs, so that nothing must be allocated then.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when a relay does not take them.
 */
int fct_task_make_variants(struct fct_task *task, const fct_plan *plan, facteur_error **error);
void fct_task_drop_variants(struct fct_task *task, const fct_plan *plan);

#endif
