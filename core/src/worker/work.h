/* SPDX-License-Identifier: MIT */
/* One mail of an outbox in a worker: from its lease to its recorded verdict. */
#ifndef FCT_WORK_H
#define FCT_WORK_H

#include "drive/event_host.h"
#include "outbox/store.h"
#include "worker/worker.h"

#define FCT_OWNER_ROOM 64
#define FCT_WORK_ENVID "facteur-"   /* and the row's id: ENVID of a mail that has none (RFC 3461) */
#define FCT_WORK_SPAN_US 900000000u /* for one mail, once a connection has it */

struct fct_work {
    struct fct_task task;
    struct fct_worker *worker;
    fct_list link; /* among those under way, or those whose verdict is not recorded yet */
    struct fct_claimed row;
    int64_t fence;
    unsigned *recipients;       /* which of the sealed mail's are left; NULL: all */
    char *remaining;            /* room for the text of those that are left after this try */
    struct fct_settled verdict; /* owns relay, reply and result */
    char *suppressed;           /* recipients that the mail does not go to, or NULL */
    unsigned relay;             /* the index of the one that gave the verdict */
    bool refused_setup;         /* it refuses the site: next_us of the verdict is still open */
    bool first;                 /* the first refusal of a pause: to be told */
    bool throttled;             /* it wants mails later */
    bool under_way;             /* the driver has it, or had it */
    bool cancelled, stale;      /* stale: the row was taken away */
    bool counted;               /* among the worker's bytes */
    atomic_uint refs;           /* of the worker, and of the driver while it is under way */
};

/* A work for a claimed row; NULL when memory ran out. */
struct fct_work *fct_work_new(struct fct_worker *worker, const struct fct_claimed *row,
                              int64_t fence);
void fct_work_unref(struct fct_work *work);

/*
 * Make its task of the stored bytes.
 *
 * remaining   The row's, or NULL.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when the bytes are no mail that could be sent.
 */
int fct_work_load(struct fct_work *work, fct_slice bytes, const char *remaining,
                  facteur_error **error);

/*
 * Take the recipients that are on the suppression list out of a loaded mail.
 *
 * Returns 0; FACTEUR_EMESSAGE when nobody is left, with the reason; or an error of the store.
 */
int fct_work_suppress(struct fct_work *work, fct_store *store, facteur_error **error);

/* Give it the mail to try instead; what is left of it can be recorded then.  0 or FACTEUR_ENOMEM.
 */
int fct_work_take(struct fct_work *work, fct_mail *mail);

/* This host and process, for people who read a row. */
void fct_work_name_owner(char owner[FCT_OWNER_ROOM]);

/* Decide a verdict without a relay. */
void fct_work_end(struct fct_work *work, enum fct_row_state state, const char *reply);

/*
 * Decide the verdict of an outcome: what becomes of the row, and when it is tried again.
 *
 * throttled   How many mails in a row the relay has asked to send later.
 */
void fct_work_judge(struct fct_work *work, const fct_outcome *outcome, enum fct_doubt_policy policy,
                    int64_t now_us, uint32_t random, unsigned throttled);

#endif
