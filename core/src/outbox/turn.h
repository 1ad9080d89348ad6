/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is to write to a file, and one sync of the disk for all that wait for it, between
 * any number of processes.  It knows nothing of the file's form.
 *
 * Two locks make a queue: who holds the gate is the only one that waits for the writer's lock, so
 * that nobody who comes later passes him.  They are flock()s, which the kernel drops when their
 * holder dies.  A page of shared memory has the counters of the sync, and the words on which
 * processes sleep.
 */
#ifndef FCT_TURN_H
#define FCT_TURN_H

#include "facteur.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct fct_turn {
    int gate_fd, writer_fd, sync_fd; /* -1: closed */
    struct fct_turn_page *page;
    unsigned entry; /* among those whose locks a child of fork() gives up */
} fct_turn;

/* A closed one. */
#define FCT_TURN_CLOSED ((fct_turn){-1, -1, -1, NULL, 0})

/*
 * Open "<path>-gate", "<path>-turn" and "<path>-sync", which are made with the owner and the mode
 * of the file itself.
 *
 * file   The facts of the file at `path`.
 *
 * Returns 0.  FACTEUR_ECONFIG: one of them cannot be used.  FACTEUR_ELIMIT, FACTEUR_ENOMEM.
 */
int fct_turn_open(fct_turn *turn, const char *path, const struct stat *file, facteur_error **error);

/* Locks that are held are left. */
void fct_turn_close(fct_turn *turn);

/* Wait for the turn until a time of the monotonic clock.  False: it did not come. */
bool fct_turn_take(fct_turn *turn, uint64_t until_us);
void fct_turn_leave(fct_turn *turn);

/*
 * Announce that a worker is at work, or that it ends.  The kernel takes the announcement back when
 * its process dies or closes this turn.
 */
void fct_turn_announce(fct_turn *turn, bool at_work);

/* Whether anybody has announced a worker.  Nothing is locked for that. */
bool fct_turn_is_announced(const fct_turn *turn);

/* Count what was written in this turn.  Call it after the write and before fct_turn_leave(). */
uint64_t fct_turn_wrote(fct_turn *turn);

/*
 * Wait until everything up to this count is on the disk.  One process syncs for all that wait.  If
 * the one that does it stands still for a second, this process syncs for itself.
 *
 * sync   Syncs the file, and everything that was written to it before the call; 0 or an error.
 *
 * Returns 0, what `sync` returned in this process, or EIO when the sync of another one failed.
 */
int fct_turn_sync(fct_turn *turn, uint64_t count, int (*sync)(void *), void *user);

/*
 * The last write for which a sync has failed since fct_turn_heal(), or 0.  The kernel tells of a
 * failure once, so later syncs say nothing of it; and a log is read up to its first gap alone.
 */
uint64_t fct_turn_failure(const fct_turn *turn);

/* Everything up to this failure is on the disk after all. */
void fct_turn_heal(fct_turn *turn, uint64_t failure);

#endif
