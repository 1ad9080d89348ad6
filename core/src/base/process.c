/* SPDX-License-Identifier: MIT */
#include "base/process.h"

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

static void in_child(void)
{
    atomic_store(&identity, child_of(atomic_load(&identity)));
}

static void begin(void)
{
    in_child();
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
