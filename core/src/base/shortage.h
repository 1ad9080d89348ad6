/* SPDX-License-Identifier: MIT */
/*
 * What the machine is short of: descriptors, threads, memory.  That is never the fault of a relay,
 * a file or an option, and it may be over in a moment.
 */
#ifndef FCT_SHORTAGE_H
#define FCT_SHORTAGE_H

#include "facteur.h"

#include <stdbool.h>

#define FCT_SHORTAGE_TEXT 96

/* Whether a call that failed with this errno lacked descriptors or memory. */
bool fct_shortage_is(int cause);

/*
 * "no file descriptor left (RLIMIT_NOFILE is 1024)"
 *
 * cause   An errno: of those above, or EAGAIN of a thread that could not be started.
 */
const char *fct_shortage_text(int cause, char text[FCT_SHORTAGE_TEXT]);

/* FACTEUR_ELIMIT, or FACTEUR_ENOMEM where memory ran out. */
int fct_shortage_code(int cause);

/* Sentence and code as an error; returns the code. */
int fct_shortage_set(facteur_error **error, int cause);

/*
 * Whether so many descriptors could be opened now: 0, or the errno.  For what would fail badly
 * without them.  Other threads may take them in the same moment, so ask for some more than needed.
 */
int fct_shortage_look(unsigned descriptors);

#endif
