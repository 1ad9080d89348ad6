/* SPDX-License-Identifier: MIT */
/*
 * Moving what is in the write-ahead log into the database file.  SQLite before 3.51.3 may lose a
 * commit, or the file, when one process checkpoints while another commits.  So it happens only when
 * nobody can commit: a second connection does it while the first one has the write lock.
 */
#ifndef FCT_SQLITE_CHECKPOINT_H
#define FCT_SQLITE_CHECKPOINT_H

#include "outbox/sqlite_base.h"

#define FCT_CHECKPOINT_BYTES (16u << 20) /* of the log */

/* Whether a SQLite of this number (3051003 is 3.51.3) may checkpoint beside a commit. */
bool fct_sqlite_is_fixed(int number);

/*
 * Checkpoint when the log has grown by FCT_CHECKPOINT_BYTES.  If somebody reads an old state, or
 * the turn does not come at once, the log grows on, and a later call tries again.  The caller is in
 * no transaction.
 */
void fct_sqlite_tend(struct fct_sqlite *s);

/* Checkpoint now.  Returns the pages that are left in the log, or -1 if it could not be done. */
int fct_sqlite_checkpoint(struct fct_sqlite *s);

#endif
