/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a stream, read once and kept in a file without a name, where nobody can change them.
 */
#ifndef FCT_SPOOL_H
#define FCT_SPOOL_H

#include "facteur.h"

#include <stdint.h>

typedef struct fct_spool fct_spool;

#define FCT_SPOOL_STEP 65536 /* bytes read at a time */

/*
 * Read a stream to its end into an unlinked temporary file (in TMPDIR, else /tmp).
 *
 * Returns 0 with a spool of one reference, FACTEUR_ENOMEM, FACTEUR_EIO when the file cannot be made
 * or written (errno has the cause), or the negative value that `read` returned.
 */
int fct_spool_new(facteur_read *read, void *arg, fct_spool **out);

fct_spool *fct_spool_ref(fct_spool *spool);
void fct_spool_unref(fct_spool *spool); /* NULL is fine */

/* Read it by offset only, because all readers share the descriptor. */
int fct_spool_fd(const fct_spool *spool);
uint64_t fct_spool_size(const fct_spool *spool);

#endif
