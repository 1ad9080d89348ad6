/* SPDX-License-Identifier: MIT */
/* The version of the tables in an outbox in SQLite. */
#ifndef FCT_SQLITE_SCHEMA_H
#define FCT_SQLITE_SCHEMA_H

#include "outbox/sqlite_base.h"

/* The version, 0 where there are no tables.  FACTEUR_ECONFIG: a later one than this release knows.
 */
int fct_sqlite_schema(struct fct_sqlite *s, unsigned *version, facteur_error **error);

/*
 * Make the tables, or bring them up to date, in one transaction that others wait for.
 * `from` is the version that was found.
 */
int fct_sqlite_migrate(struct fct_sqlite *s, unsigned *from, facteur_error **error);

#endif
