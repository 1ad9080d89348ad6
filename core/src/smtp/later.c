/* SPDX-License-Identifier: MIT */
#include "smtp/later.h"

#include "base/memory.h"

#include <stdatomic.h>

struct fct_later {
    atomic_uint refs;
    _Atomic(fct_outcome *) outcome; /* set once */
};

fct_later *fct_later_new(void)
{
    fct_later *later = fct_calloc(1, sizeof(*later));

    if (!later)
        return NULL;
    atomic_init(&later->refs, 1);
    atomic_init(&later->outcome, NULL);
    return later;
}

fct_later *fct_later_ref(fct_later *later)
{
    atomic_fetch_add(&later->refs, 1);
    return later;
}

void fct_later_unref(fct_later *later)
{
    if (!later || atomic_fetch_sub(&later->refs, 1) != 1)
        return;
    fct_outcome_free(atomic_load(&later->outcome));
    fct_free(later);
}

void fct_later_tell(fct_outcome *outcome)
{
    fct_later *later = outcome->later;

    if (!later) {
        fct_outcome_free(outcome);
        return;
    }
    outcome->later = NULL;
    atomic_store(&later->outcome, outcome);
    fct_later_unref(later);
}

const fct_outcome *fct_later_told(const fct_later *later)
{
    return atomic_load(&((fct_later *)(uintptr_t)later)->outcome);
}
