/* SPDX-License-Identifier: MIT */
#include "mailer/registry.h"

#include "base/clock.h"
#include "base/memory.h"

#include <sys/resource.h>

#define REST_US 600000000U  /* how long an engine waits for its next handle */
#define RESTING_MAX 32      /* how many of them wait */
#define DESCRIPTORS_EACH 32 /* as many of the process's descriptors must be there for each */

/* One a process. */
struct fct_registry {
    fct_process process;
    pthread_mutex_t lock;
    fct_list used;    /* engines with handles */
    fct_list resting; /* without one, the least lately used first */
    size_t used_count, resting_count;
    size_t left;                    /* those that are gone */
    _Atomic uint64_t due_us;        /* when the first of the resting ones leaves by age */
    struct fct_registry *inherited; /* of the parent */
};

static _Atomic(struct fct_registry *) registry;

/* ---- A process's own ------------------------------------------------------------------------- */

/*
 * A child cannot use what its parent kept for the next caller.  The lists are not read if another
 * thread was changing them at the fork.
 */
static void drop_inherited(struct fct_registry *inherited)
{
    fct_list *link;

    if (!inherited || pthread_mutex_trylock(&inherited->lock) != 0)
        return;
    while ((link = fct_list_first(&inherited->resting)) != NULL) {
        fct_list_remove(link);
        fct_engine_free(FCT_ENTRY(link, fct_engine, link));
    }
    pthread_mutex_unlock(&inherited->lock);
}

static struct fct_registry *make(fct_process process, struct fct_registry *inherited)
{
    struct fct_registry *made = fct_calloc(1, sizeof *made);

    if (!made)
        return NULL;
    made->process = process;
    made->inherited = inherited;
    pthread_mutex_init(&made->lock, NULL);
    fct_list_init(&made->used);
    fct_list_init(&made->resting);
    atomic_init(&made->due_us, UINT64_MAX);
    return made;
}

/* NULL: this process has none yet. */
static struct fct_registry *peek(void)
{
    struct fct_registry *known = atomic_load(&registry);

    return known && known->process == fct_process_now() ? known : NULL;
}

static struct fct_registry *get(void)
{
    fct_process process = fct_process_now();
    struct fct_registry *known = atomic_load(&registry);
    struct fct_registry *made;

    if (known && known->process == process)
        return known;
    made = make(process, known);
    if (!made)
        return NULL;
    if (atomic_compare_exchange_strong(&registry, &known, made)) {
        drop_inherited(made->inherited);
        return made;
    }
    pthread_mutex_destroy(&made->lock);
    fct_free(made);
    return known;
}

/* ---- Leaving --------------------------------------------------------------------------------- */

static unsigned most_resting(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= RESTING_MAX * DESCRIPTORS_EACH)
        return RESTING_MAX;
    return (unsigned)limit.rlim_cur / DESCRIPTORS_EACH;
}

/*
 * With the lock: move the engines to close to a list of the caller.  An engine whose last mail was
 * given up may still wait for its verdict, so only its age counts.
 */
static void pick(struct fct_registry *mine, unsigned most, fct_list *leaving)
{
    uint64_t now_us = fct_clock_now_us();
    fct_list *link = mine->resting.next, *next;

    for (; link != &mine->resting; link = next) {
        fct_engine *engine = FCT_ENTRY(link, fct_engine, link);
        bool old = now_us - engine->rested_us >= REST_US;

        next = link->next;
        if (!old && mine->resting_count <= most)
            break;
        if (!old && !fct_engine_is_at_rest(engine))
            continue;
        fct_list_remove(link);
        fct_list_push(leaving, link);
        mine->resting_count--;
        mine->left++;
    }
    link = fct_list_first(&mine->resting);
    atomic_store(&mine->due_us,
                 link ? FCT_ENTRY(link, fct_engine, link)->rested_us + REST_US : UINT64_MAX);
}

/* Without the lock: nobody finds them any more. */
static bool dismiss(fct_list *leaving)
{
    bool any = !fct_list_empty(leaving);
    fct_list *link;

    while ((link = fct_list_first(leaving)) != NULL) {
        fct_engine *engine = FCT_ENTRY(link, fct_engine, link);

        fct_list_remove(link);
        fct_engine_close(engine, 0);
        fct_engine_free(engine);
    }
    return any;
}

static bool clear(struct fct_registry *mine, unsigned most)
{
    fct_list leaving;

    fct_list_init(&leaving);
    pthread_mutex_lock(&mine->lock);
    pick(mine, most, &leaving);
    pthread_mutex_unlock(&mine->lock);
    return dismiss(&leaving);
}

void fct_registry_sweep(void)
{
    struct fct_registry *mine = peek();

    if (mine && fct_clock_now_us() >= atomic_load(&mine->due_us))
        clear(mine, most_resting());
}

bool fct_registry_empty(void)
{
    struct fct_registry *mine = peek();

    return mine && clear(mine, 0);
}

/* ---- Handles --------------------------------------------------------------------------------- */

static fct_engine *find(const fct_list *list, const fct_plan *plan)
{
    for (fct_list *link = list->next; link != list; link = link->next) {
        fct_engine *engine = FCT_ENTRY(link, fct_engine, link);

        if (fct_plan_equal(&engine->plan, plan))
            return engine;
    }
    return NULL;
}

/* With the lock. */
static fct_engine *find_or_make(struct fct_registry *mine, fct_plan *plan)
{
    fct_engine *engine = find(&mine->used, plan);

    if (!engine) {
        engine = find(&mine->resting, plan);
        mine->resting_count -= engine != NULL;
    }
    if (engine) {
        fct_plan_done(plan);
    } else {
        engine = fct_engine_new(plan);
        if (!engine)
            return NULL;
        engine->home = mine;
    }
    fct_list_remove(&engine->link);
    fct_list_push(&mine->used, &engine->link);
    mine->used_count += engine->handles++ == 0;
    return engine;
}

fct_engine *fct_registry_take(fct_plan *plan)
{
    struct fct_registry *mine = get();
    fct_engine *engine;
    fct_list leaving;

    if (!mine) {
        fct_plan_done(plan);
        return NULL;
    }
    fct_list_init(&leaving);
    pthread_mutex_lock(&mine->lock);
    engine = find_or_make(mine, plan);
    pick(mine, most_resting(), &leaving);
    pthread_mutex_unlock(&mine->lock);
    dismiss(&leaving);
    return engine;
}

/* In a child, for a handle that its parent made: the parent's lock may be held forever. */
static void give_inherited(fct_engine *engine)
{
    bool last;

    if (pthread_mutex_trylock(&engine->home->lock) != 0)
        return;
    last = --engine->handles == 0;
    if (last)
        fct_list_remove(&engine->link);
    pthread_mutex_unlock(&engine->home->lock);
    if (last)
        fct_engine_free(engine);
}

void fct_registry_give(fct_engine *engine)
{
    struct fct_registry *home = engine->home;

    if (home->process != fct_process_now()) {
        give_inherited(engine);
        return;
    }
    pthread_mutex_lock(&home->lock);
    if (--engine->handles == 0) {
        engine->rested_us = fct_clock_now_us();
        fct_list_remove(&engine->link);
        fct_list_push(&home->resting, &engine->link);
        home->used_count--;
        home->resting_count++;
    }
    pthread_mutex_unlock(&home->lock);
    clear(home, most_resting());
}

/* ---- Counts ---------------------------------------------------------------------------------- */

void facteur_shared_count(size_t *used, size_t *resting, size_t *left)
{
    struct fct_registry *mine = peek();

    *used = *resting = *left = 0;
    if (!mine)
        return;
    pthread_mutex_lock(&mine->lock);
    *used = mine->used_count;
    *resting = mine->resting_count;
    *left = mine->left;
    pthread_mutex_unlock(&mine->lock);
}
