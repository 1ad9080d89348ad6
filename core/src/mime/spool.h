/* SPDX-License-Identifier: MIT */
/* Bytes read from a stream once and kept in a file without a name: they cannot change any more. */
#ifndef FCT_SPOOL_H
#define FCT_SPOOL_H

#include "facteur.h"

#include <stdint.h>

typedef struct fct_spool fct_spool;

#define FCT_SPOOL_STEP 65536 /* bytes read at a time */

/*
 * Read a stream to its end into an unlinked temporary file (in TMPDIR, else /tmp).
 *
 * 0 with a spool of one reference; FACTEUR_ENOMEM; FACTEUR_EIO when the file cannot be made or
 * written (errno tells); or what `read` returned below 0.
 */
int fct_spool_new(facteur_read *read, void *arg, fct_spool **out);

fct_spool *fct_spool_ref(fct_spool *spool);
void fct_spool_unref(fct_spool *spool); /* NULL is fine */

/* To be read by offset: every reader shares it. */
int fct_spool_fd(const fct_spool *spool);
uint64_t fct_spool_size(const fct_spool *spool);

#endif
