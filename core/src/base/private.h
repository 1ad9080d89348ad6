/* SPDX-License-Identifier: MIT */
/*
 * Files that belong to this user alone, in places where others may write.  No link is followed,
 * and nothing is used that somebody else could have put there.
 */
#ifndef FCT_PRIVATE_H
#define FCT_PRIVATE_H

#include "facteur.h"

/*
 * Open the directory in which the processes of one user share files: XDG_RUNTIME_DIR/facteur, else
 * /tmp/facteur-<uid>.  It is made if it is missing.
 *
 * option   The option that needs it, for the error.
 *
 * Returns the descriptor, or FACTEUR_ECONFIG: a link, another user's, or open to other users.
 */
int fct_private_dir(const char *option, facteur_error **error);

/*
 * NULL if an open file is a regular one, this user's own and closed to other users; else what is
 * wrong with it ("belongs to another user").
 */
const char *fct_private_fault(int fd);

#endif
