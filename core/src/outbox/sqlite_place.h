/* SPDX-License-Identifier: MIT */
/* Where an outbox in SQLite may lie: a file that nobody else can write, on a disk of this machine.
 */
#ifndef FCT_SQLITE_PLACE_H
#define FCT_SQLITE_PLACE_H

#include "facteur.h"

#include <stdbool.h>

/*
 * Check the place and make an empty file of mode 0600 where there is none.
 *
 * place   "///absolute/path", the URL's rest.
 * create  Whether to make the file.
 * path    Receives the path with its folder resolved, fct_malloc'ed.
 *
 * No descriptor of the file is opened: to close one would drop the locks that this process has on
 * the file.
 *
 * FACTEUR_ECONFIG: no absolute path, no file, or a place that is not safe; the error says which.
 */
int fct_sqlite_place(const char *place, bool create, char **path, facteur_error **error);

/* The name of a file system that is shared over a network, by statfs(2)'s number; NULL: another. */
const char *fct_sqlite_network(unsigned long type);

#endif
