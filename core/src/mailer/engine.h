/* SPDX-License-Identifier: MIT */
/*
 * The object behind a mailer handle: a plan, and its runtime in this process.  Handles with equal
 * plans can share one engine.
 */
#ifndef FCT_ENGINE_H
#define FCT_ENGINE_H

#include "base/list.h"
#include "base/process.h"
#include "config/plan.h"
#include "drive/driver.h"
#include "mailer/sink.h"
#include "mailer/stores.h"

#include <pthread.h>
#include <stdatomic.h>

/* Everything that belongs to one process.  A child makes its own. */
typedef struct fct_runtime {
    fct_process process;
    pthread_mutex_t lock; /* guards memory, late, and the plan while it is completed */
    fct_memory memory;
    fct_driver *driver;       /* with FCT_TARGET_RELAY */
    struct fct_stores stores; /* of the option outbox */
    fct_list late;            /* tries whose verdict is not recorded yet (own_try.h) */
    atomic_uint late_count;
    struct fct_runtime *inherited; /* abandoned; another thread may still use it */
} fct_runtime;

typedef struct fct_engine {
    fct_plan plan;
    _Atomic(fct_runtime *) runtime;

    /* For mailer/registry.h, with its lock; not used by an engine of one handle alone. */
    struct fct_registry *home;
    fct_list link;
    unsigned handles;
    uint64_t rested_us; /* when the last handle went */
} fct_engine;

struct facteur_mailer {
    fct_engine *engine; /* may be freed once `closed` is set */
    bool shared;
    atomic_bool closed;
    atomic_uint refs; /* of the caller and of its deliveries */
    struct fct_bearer_callback callback;
};

facteur_mailer *fct_mailer_ref(facteur_mailer *mailer);
/* NULL is fine. */
void fct_mailer_unref(facteur_mailer *mailer);

/* Whether the handle may be used: 0, or FACTEUR_ECLOSED. */
int fct_mailer_check_open(const facteur_mailer *mailer, facteur_error **error);

/* FACTEUR_ECONFIG without the option outbox. */
int fct_mailer_check_outbox(const facteur_mailer *mailer, facteur_error **error);

/* Whether each relay that logs in with a token has a good one. */
bool fct_mailer_has_tokens(const facteur_mailer *mailer);

/* Ask for the missing ones.  This runs the application's code, which may take any time. */
void fct_mailer_ask_tokens(const facteur_mailer *mailer, uint64_t deadline_us);

/* Make an engine.  The plan is taken over, also on failure.  Returns NULL when memory ran out. */
fct_engine *fct_engine_new(fct_plan *plan);

/* Close its driver as fct_driver_close() does, if this process has one. */
void fct_engine_close(fct_engine *engine, uint64_t timeout_us);

/* Whether no mail is under way in this process. */
bool fct_engine_is_at_rest(const fct_engine *engine);

/*
 * Free an engine that nobody uses and whose driver is closed.  What a parent process left in it is
 * abandoned.
 */
void fct_engine_free(fct_engine *engine);

/*
 * The runtime of this process, made at the first call, from any thread.  NULL when memory ran out.
 */
fct_runtime *fct_engine_runtime(fct_engine *engine);

/* The runtime of this process, or NULL when there is none yet. */
fct_runtime *fct_engine_peek(const fct_engine *engine);

/*
 * Complete the plan (fct_plan_complete()) for mails of this sender, and find this process's driver.
 * Returns 0, FACTEUR_ECONFIG or FACTEUR_ENOMEM.
 */
int fct_engine_find_driver(fct_engine *engine, const char *sender, fct_driver **driver,
                           facteur_error **error);

/* Take a store of the plan's outbox as fct_stores_take() does, and give it back. */
int fct_engine_take_store(fct_engine *engine, uint64_t wait_us, fct_store **store,
                          facteur_error **error);
void fct_engine_give_store(fct_engine *engine, fct_store *store, bool good);

/* The time in so many seconds (0: the option deadline), on the clock of base/clock.h. */
uint64_t fct_engine_deadline_us(const fct_engine *engine, double seconds);

#endif
