/* SPDX-License-Identifier: MIT */
#include "mailer/stores.h"

#include "base/error.h"

void fct_stores_init(struct fct_stores *stores, struct fct_stores *inherited)
{
    *stores = (struct fct_stores){.inherited = inherited};
    pthread_mutex_init(&stores->lock, NULL);
}

static fct_store *take_idle(struct fct_stores *stores)
{
    for (unsigned i = 0; i < FCT_STORES_IDLE; i++) {
        fct_store *store = atomic_exchange(&stores->idle[i], NULL);

        if (store)
            return store;
    }
    return NULL;
}

static void close_idle(struct fct_stores *stores)
{
    fct_store *store;

    while ((store = take_idle(stores)) != NULL)
        fct_store_close(store);
}

void fct_stores_done(struct fct_stores *stores)
{
    close_idle(stores);
    pthread_mutex_destroy(&stores->lock);
}

/*
 * A database library takes what it knows of a file's locks from its open connections, and a child
 * has no locks.  So the parent's are closed before one is opened.  Those that were in use at the
 * fork cannot be closed: their memory may be in the middle of a change.
 */
static bool disinherit(struct fct_stores *stores)
{
    bool spoiled;

    pthread_mutex_lock(&stores->lock);
    for (struct fct_stores *from = stores->inherited; from; from = from->inherited) {
        stores->spoiled |= atomic_load(&from->used) > 0 || from->spoiled;
        close_idle(from);
    }
    stores->inherited = NULL;
    spoiled = stores->spoiled;
    pthread_mutex_unlock(&stores->lock);
    return !spoiled;
}

int fct_stores_take(struct fct_stores *stores, const char *url, uint64_t wait_us, fct_store **out,
                    facteur_error **error)
{
    fct_store *store;
    int result = 0;

    /* Counted before it is taken: a child that sees neither would miss it. */
    atomic_fetch_add(&stores->used, 1);
    if (!disinherit(stores))
        result = fct_error_set(error, FACTEUR_ECONFIG, "outbox",
                               "outbox: this process was forked while another thread used the "
                               "outbox: fork before the first mail, or start a new program");
    store = result ? NULL : take_idle(stores);
    if (!result && !store)
        result = fct_store_open_within(url, true, wait_us, &store, error);
    if (result) {
        atomic_fetch_sub(&stores->used, 1);
        return result;
    }
    fct_store_set_wait(store, wait_us);
    *out = store;
    return 0;
}

void fct_stores_give(struct fct_stores *stores, fct_store *store, bool good)
{
    for (unsigned i = 0; good && i < FCT_STORES_IDLE; i++) {
        fct_store *expected = NULL;

        if (atomic_compare_exchange_strong(&stores->idle[i], &expected, store)) {
            store = NULL;
            break;
        }
    }
    fct_store_close(store);
    atomic_fetch_sub(&stores->used, 1);
}
