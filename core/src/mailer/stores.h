/* SPDX-License-Identifier: MIT */
/*
 * The outbox of a mailer in one process: a connection to its database for each thread that uses it
 * at the moment.  Some stay open for the next call.
 */
#ifndef FCT_STORES_H
#define FCT_STORES_H

#include "outbox/store.h"

#include <pthread.h>
#include <stdatomic.h>

#define FCT_STORES_IDLE 8

struct fct_stores {
    _Atomic(fct_store *) idle[FCT_STORES_IDLE];
    atomic_uint used;
    pthread_mutex_t lock; /* guards what is below; no lock of a parent process is ever taken */
    struct fct_stores *inherited; /* of the process that forked this one, until they are closed */
    bool spoiled;                 /* a thread of it was inside one at that moment */
};

/* `inherited` must live as long; NULL: there is none. */
void fct_stores_init(struct fct_stores *stores, struct fct_stores *inherited);

/* Close those that nobody uses. */
void fct_stores_done(struct fct_stores *stores);

/*
 * Take a store, which is opened when all are in use; file and tables are made where there are none.
 * Any thread may call it.
 *
 * wait_us   How long each call of it may wait for others (fct_store_set_wait()).
 *
 * FACTEUR_ECONFIG: as fct_store_open(); this process was forked while another thread used one.
 */
int fct_stores_take(struct fct_stores *stores, const char *url, uint64_t wait_us, fct_store **out,
                    facteur_error **error);

/* Give it back.  `good`: no call has failed; else it is closed, and the next call opens another. */
void fct_stores_give(struct fct_stores *stores, fct_store *store, bool good);

#endif
