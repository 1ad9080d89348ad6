/* SPDX-License-Identifier: MIT */
/*
 * What stands behind a mailer handle: a plan, and what runs it in this process.  Handles with equal
 * plans can share one engine.
 */
#ifndef FCT_ENGINE_H
#define FCT_ENGINE_H

#include "base/process.h"
#include "config/plan.h"
#include "drive/driver.h"
#include "mailer/sink.h"

#include <pthread.h>
#include <stdatomic.h>

/* Everything that belongs to one process; a child makes its own. */
typedef struct fct_runtime {
    fct_process process;
    pthread_mutex_t lock; /* over memory, and over the plan's completion */
    fct_memory memory;
    fct_driver *driver;            /* with FCT_TARGET_RELAY */
    struct fct_runtime *inherited; /* abandoned; another thread may still be looking at it */
} fct_runtime;

typedef struct fct_engine {
    fct_plan plan;
    _Atomic(fct_runtime *) runtime;
    struct fct_engine *next; /* in the registry */
} fct_engine;

struct facteur_mailer {
    fct_engine *engine; /* once closed, perhaps gone */
    bool shared;
    atomic_bool closed;
    atomic_uint refs; /* the caller's, and those of its deliveries */
    struct fct_bearer_callback callback;
};

facteur_mailer *fct_mailer_ref(facteur_mailer *mailer);
/* NULL is fine. */
void fct_mailer_unref(facteur_mailer *mailer);

/* Whether the handle may be used: 0, or FACTEUR_ECLOSED. */
int fct_mailer_check_open(const facteur_mailer *mailer, facteur_error **error);

/* Whether each relay that logs in with a token has a good one. */
bool fct_mailer_has_tokens(const facteur_mailer *mailer);

/* Ask for those that are not: runs the application's own code, which takes as long as it likes. */
void fct_mailer_ask_tokens(const facteur_mailer *mailer, uint64_t deadline_us);

/* Takes the plan over, also on failure (NULL: no memory). */
fct_engine *fct_engine_new(fct_plan *plan);

/* In no use any more, its driver closed; what a parent left here is abandoned. */
void fct_engine_free(fct_engine *engine);

/* This process's runtime, made at the first call.  NULL when memory ran out.  From any thread. */
fct_runtime *fct_engine_runtime(fct_engine *engine);

/* The runtime if this process has one, else NULL. */
fct_runtime *fct_engine_peek(const fct_engine *engine);

/*
 * Complete the plan (fct_plan_complete()) for mails of this sender, and find this process's driver.
 * FACTEUR_ECONFIG, FACTEUR_ENOMEM.
 */
int fct_engine_find_driver(fct_engine *engine, const char *sender, fct_driver **driver,
                           facteur_error **error);

/* `seconds` from now (0: the option deadline), on the clock of base/clock.h. */
uint64_t fct_engine_deadline_us(const fct_engine *engine, double seconds);

#endif
