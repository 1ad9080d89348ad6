/* SPDX-License-Identifier: MIT */
/*
 * A number of slots that all processes of one user share, as locks on the bytes of a file: the
 * kernel frees those of a dead process.  Nothing blocks and nobody is woken: if no slot is free,
 * ask again later.
 */
#ifndef FCT_SLOTS_H
#define FCT_SLOTS_H

#include "base/bytes.h"
#include "facteur.h"
#include "net/loop.h"

typedef struct fct_slots fct_slots;

/*
 * loop     Must live longer.  A forked child closes the file by the number that the loop keeps.
 * parts    What the slots belong to; the file's name contains only its digest.
 * slots    How many this process may count on; other processes may have another number.
 *
 * FACTEUR_ECONFIG: the directory or the file cannot be trusted, or the system has no such locks.
 * FACTEUR_EIO: there is no place where a file can be made.  FACTEUR_ELIMIT, FACTEUR_ENOMEM.
 */
int fct_slots_open(fct_loop *loop, const fct_slice *parts, size_t part_count, unsigned slots,
                   fct_slots **out, facteur_error **error);

/*
 * Before taking one: make the file again if somebody removed it, so that all processes count on the
 * same one.  Nothing is done while slots are held.  The errors are those of fct_slots_open(); after
 * one there is no file, and none is free.
 */
int fct_slots_follow(fct_slots *slots, facteur_error **error);

/* Take one: its number, or -1 when none is free. */
int fct_slots_take(fct_slots *slots);
void fct_slots_give(fct_slots *slots, int slot);

/* Whether one could be taken now. */
bool fct_slots_any_free(const fct_slots *slots);

/* Give all back and free; NULL is fine. */
void fct_slots_free(fct_slots *slots);

/*
 * In a child after fork(): free without giving back.  The locks belong to the open file, which
 * parent and child share.  So the child must close it; otherwise it keeps the locks after the
 * parent's death.
 */
void fct_slots_abandon(fct_slots *slots);

#endif
