/* SPDX-License-Identifier: MIT */
/*
 * Files that belong to this user alone, in places where others may write: nothing is followed,
 * nothing is used that somebody else could have put there.
 */
#ifndef FCT_PRIVATE_H
#define FCT_PRIVATE_H

#include "facteur.h"

/*
 * Open the directory for what the processes of one user share: XDG_RUNTIME_DIR/facteur, else
 * /tmp/facteur-<uid>.  It is made when it is missing.
 *
 * option   For the error: what needs it.
 *
 * The descriptor, or FACTEUR_ECONFIG: a link, somebody else's, or open to others.
 */
int fct_private_dir(const char *option, facteur_error **error);

/*
 * Whether an open file is a regular one, this user's own and closed to others; NULL when it is,
 * else what is wrong with it ("belongs to another user").
 */
const char *fct_private_fault(int fd);

#endif
