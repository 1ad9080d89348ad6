/* SPDX-License-Identifier: MIT */
/*
 * One mail on its way between the relays: in which order they are tried, and which of them has it.
 * A task is a part of what waits for its end (a delivery, a check) and stays where it is until
 * then; relays/concert.h and drive/driver.h move it.
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
    FCT_TASK_WAITING, /* for the pace of its relay */
    FCT_TASK_IN_POOL
};

struct fct_task {
    /* The caller's, set before it is given away. */
    fct_mail *mail;              /* NULL: a check */
    uint64_t deadline_us;        /* over everything; FCT_NEVER with a span */
    uint64_t span_us;            /* or 0: of its job, see pool/pool.h */
    struct fct_check *check;     /* facts wanted, or NULL */
    unsigned only;               /* 0, or 1 + the one relay that may take it */
    struct fct_event_host *host; /* the event loop that is told of its end, or NULL */
    /* Takes what it needs out of the outcome, in whichever thread leads. */
    void (*take)(struct fct_task *task, const fct_outcome *outcome);
    /* The driver does not look at the task any more; may be NULL.  With the driver's lock. */
    void (*let_go)(struct fct_task *task);

    /* What became of it, beside the outcome; there when take() is called. */
    unsigned attempts;  /* connections tried, over all relays */
    char *transcript;   /* fct_malloc'ed when it was not sent, else NULL; the caller's */
    const char *relay;  /* the name of the one that gave the verdict; lives as long as the plan */
    bool token_refused; /* the login with a token was not accepted, this mail's or another's */

    /* The driver's. */
    struct fct_driver *driver; /* NULL: never given to one */
    fct_list run; /* among those under way, then among those its host is to be told of */
    void *waiter; /* the thread that waits for it */
    atomic_bool cancel_wanted;
    bool cancel_tried;
    bool finished; /* take() was called */
    bool untold;   /* among those that its host is to be told of */
    bool told;     /* or does not want to be told of any more */

    /* The relays'. */
    fct_job job;         /* in the pool of the present relay */
    fct_mail **variants; /* the mail as each relay gets it, or NULL: the same for all */
    struct fct_concert *concert;
    struct fct_lane *lane; /* the present relay's */
    enum fct_task_place place;
    fct_list wait;   /* for the lane's pace */
    fct_timer limit; /* when this relay has had its share; while waiting also the deadline */
    unsigned char order[FCT_MEMBERS_MAX];
    unsigned order_count, next;
    uint64_t entered_us;
    unsigned token; /* the number of the one that it was given with */
    bool probe;     /* it tries whether the relay is back */
    bool cancelled; /* no further relay */
};

/*
 * Make the mail as each relay of the plan gets it, with its tags and metadata in that provider's
 * fields: now, so that nothing has to be allocated while the loop runs.
 *
 * 0; FACTEUR_EMESSAGE: a relay does not take them so; FACTEUR_ENOMEM.
 */
int fct_task_make_variants(struct fct_task *task, const fct_plan *plan, facteur_error **error);
void fct_task_drop_variants(struct fct_task *task, const fct_plan *plan);

#endif
