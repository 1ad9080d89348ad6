/* SPDX-License-Identifier: MIT */
#include "mailer/engine.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "mailer/own_try.h"

#include <string.h>

#define DEADLINE_MAX_S 86400.0

fct_engine *fct_engine_new(fct_plan *plan)
{
    fct_engine *engine = fct_calloc(1, sizeof *engine);

    if (!engine) {
        fct_plan_done(plan);
        return NULL;
    }
    engine->plan = *plan;
    memset(plan, 0, sizeof *plan);
    atomic_init(&engine->runtime, NULL);
    fct_list_init(&engine->link);
    return engine;
}

static void runtime_free(fct_runtime *runtime)
{
    fct_driver_free(runtime->driver);
    fct_memory_clear(&runtime->memory);
    fct_own_forget(runtime);
    fct_stores_done(&runtime->stores);
    pthread_mutex_destroy(&runtime->lock);
    fct_free(runtime);
}

static fct_runtime *runtime_new(fct_engine *engine, fct_process process, fct_runtime *inherited)
{
    fct_runtime *runtime = fct_calloc(1, sizeof *runtime);

    if (!runtime)
        return NULL;
    runtime->process = process;
    runtime->inherited = inherited;
    fct_list_init(&runtime->late);
    fct_stores_init(&runtime->stores, inherited ? &inherited->stores : NULL);
    pthread_mutex_init(&runtime->lock, NULL);
    if (engine->plan.target != FCT_TARGET_RELAY)
        return runtime;
    runtime->driver = fct_driver_new(&engine->plan);
    if (runtime->driver)
        return runtime;
    runtime_free(runtime);
    return NULL;
}

/*
 * This is the parent's runtime.  Its lock may be held by a thread that this process does not have,
 * and its captured mails may be in the middle of a change, so both are left alone.
 */
static void runtime_abandon(fct_runtime *runtime)
{
    if (runtime->driver)
        fct_driver_abandon(runtime->driver);
}

fct_runtime *fct_engine_runtime(fct_engine *engine)
{
    fct_process process = fct_process_ask();
    fct_runtime *known = atomic_load(&engine->runtime);
    fct_runtime *made;

    if (known && known->process == process)
        return known;
    made = runtime_new(engine, process, known);
    if (!made)
        return NULL;
    if (atomic_compare_exchange_strong(&engine->runtime, &known, made)) {
        if (known)
            runtime_abandon(known);
        return made;
    }
    /* Another thread of this process was faster and has replaced the parent's runtime. */
    runtime_free(made);
    return known;
}

fct_runtime *fct_engine_peek(const fct_engine *engine)
{
    fct_runtime *known = atomic_load(&engine->runtime);

    return known && known->process == fct_process_ask() ? known : NULL;
}

int fct_engine_find_driver(fct_engine *engine, const char *sender, fct_driver **driver,
                           facteur_error **error)
{
    fct_runtime *runtime = fct_engine_runtime(engine);
    int err;

    if (!runtime)
        return fct_error_nomem(error);
    pthread_mutex_lock(&runtime->lock);
    err = fct_plan_complete(&engine->plan, sender, error);
    pthread_mutex_unlock(&runtime->lock);
    if (!err)
        *driver = runtime->driver;
    return err;
}

int fct_engine_take_store(fct_engine *engine, uint64_t wait_us, fct_store **store,
                          facteur_error **error)
{
    fct_runtime *runtime = fct_engine_runtime(engine);

    return runtime ? fct_stores_take(&runtime->stores, fct_secret_bytes(engine->plan.outbox).ptr,
                                     wait_us, store, error)
                   : fct_error_nomem(error);
}

void fct_engine_give_store(fct_engine *engine, fct_store *store, bool good)
{
    fct_stores_give(&fct_engine_runtime(engine)->stores, store, good);
}

uint64_t fct_engine_deadline_us(const fct_engine *engine, double seconds)
{
    uint64_t now_us = fct_clock_now_us();

    /* Written so that a NaN uses the option. */
    if (!(seconds > 0))
        return now_us + engine->plan.deadline_us;
    return now_us + (uint64_t)((seconds < DEADLINE_MAX_S ? seconds : DEADLINE_MAX_S) * 1e6);
}

static fct_driver *driver_here(const fct_engine *engine)
{
    const fct_runtime *runtime = fct_engine_peek(engine);

    return runtime ? runtime->driver : NULL;
}

void fct_engine_close(fct_engine *engine, uint64_t timeout_us)
{
    fct_driver *driver = driver_here(engine);

    if (driver)
        fct_driver_close(driver, timeout_us);
    fct_own_catch_up(engine, true);
}

bool fct_engine_is_at_rest(const fct_engine *engine)
{
    fct_driver *driver = driver_here(engine);

    return !driver || fct_driver_is_at_rest(driver);
}

void fct_engine_free(fct_engine *engine)
{
    fct_runtime *known = atomic_load(&engine->runtime);

    while (known) {
        fct_runtime *inherited = known->inherited;

        if (known->process == fct_process_ask()) {
            runtime_free(known);
        } else {
            runtime_abandon(known);
            fct_driver_free(known->driver);
            fct_stores_done(&known->stores);
            fct_free(known);
        }
        known = inherited;
    }
    fct_plan_done(&engine->plan);
    fct_free(engine);
}
