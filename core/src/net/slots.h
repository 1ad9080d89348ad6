/* SPDX-License-Identifier: MIT */
/*
 * A number of slots that all processes of one user share, as locks on the bytes of a file: the
 * kernel gives back what a dead process held.  Nothing blocks, nobody is woken: who finds none asks
 * again later.
 */
#ifndef FCT_SLOTS_H
#define FCT_SLOTS_H

#include "base/bytes.h"
#include "facteur.h"
#include "net/loop.h"

typedef struct fct_slots fct_slots;

/*
 * loop     Outlives them.  A child that may look at nothing else drops the file by its number.
 * parts    What the slots belong to; only its digest is seen in the file's name.
 * slots    How many there are for this process; others may count differently.
 *
 * FACTEUR_ECONFIG: the directory or the file cannot be trusted, or the system has no such locks.
 * FACTEUR_ENOMEM.
 */
int fct_slots_open(fct_loop *loop, const fct_slice *parts, size_t part_count, unsigned slots,
                   fct_slots **out, facteur_error **error);

/* Take one: its number, or -1 when none is free. */
int fct_slots_take(fct_slots *slots);
void fct_slots_give(fct_slots *slots, int slot);

/* Whether one could be taken now. */
bool fct_slots_any_free(const fct_slots *slots);

/* Give all back and free; NULL is fine. */
void fct_slots_free(fct_slots *slots);

/*
 * In a child after fork(): free without giving back.  The locks belong to the open file, which both
 * have, so the child must close it or it holds them beyond the parent's death.
 */
void fct_slots_abandon(fct_slots *slots);

#endif
