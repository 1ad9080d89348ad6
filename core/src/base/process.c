/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include "facteur.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* The number of forks seen above, the pid below: one value, so that no thread sees half of it. */
static _Atomic fct_process identity;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool untold; /* the system had no memory to remember the handler */

static fct_process child_of(fct_process parent)
{
    return ((parent >> 32) + 1) << 32 | (uint32_t)getpid();
}

static _Atomic(struct fct_process_hook *) hooks;

static void take_identity(void)
{
    atomic_store(&identity, child_of(atomic_load(&identity)));
}

static void in_child(void)
{
    take_identity();
    for (struct fct_process_hook *hook = atomic_load(&hooks); hook; hook = hook->next)
        hook->in_child();
}

static void begin(void)
{
    take_identity();
    untold = pthread_atfork(NULL, NULL, in_child) != 0;
}

fct_process fct_process_ask(void)
{
    fct_process known, fresh;

    pthread_once(&once, begin);
    known = atomic_load(&identity);
    if ((uint32_t)known == (uint32_t)getpid())
        return known;
    fresh = child_of(known);
    /* When another thread was faster, `known` is what it made. */
    return atomic_compare_exchange_strong(&identity, &known, fresh) ? fresh : known;
}

fct_process fct_process_now(void)
{
    pthread_once(&once, begin);
    return untold ? fct_process_ask() : atomic_load(&identity);
}

uint64_t facteur_process(void)
{
    return fct_process_now();
}

void fct_process_at_fork(struct fct_process_hook *hook)
{
    pthread_once(&once, begin);
    hook->next = atomic_load(&hooks);
    while (!atomic_compare_exchange_weak(&hooks, &hook->next, hook))
        ;
}
