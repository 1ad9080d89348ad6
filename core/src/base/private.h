/* SPDX-License-Identifier: MIT */
/*
 * Files that belong to this user alone, in places where others may write.  No link is followed,
 * and nothing is used that somebody else could have put there.
 */
#ifndef FCT_PRIVATE_H
#define FCT_PRIVATE_H

#include "facteur.h"

/*
 * Open the directory in which the processes of one user share files.  It is made if it is missing.
 *
 * The places, in their order: XDG_RUNTIME_DIR/facteur, then facteur-<uid> in /tmp, in TMPDIR, in
 * /var/tmp and in /dev/shm.  A place where nothing can be made is passed by.  If another user took
 * the name facteur-<uid>, a directory with a random suffix is used, the same by all processes.
 *
 * option   The option that needs it, for the error.
 *
 * Returns the descriptor.  FACTEUR_ECONFIG: in XDG_RUNTIME_DIR, where nobody else can write, it is
 * a link, another user's or open to other users.  FACTEUR_EIO: no place is left.  FACTEUR_ELIMIT,
 * FACTEUR_ENOMEM.
 */
int fct_private_dir(const char *option, facteur_error **error);

/*
 * NULL if an open file is a regular one, this user's own and closed to other users; else what is
 * wrong with it ("belongs to another user").
 */
const char *fct_private_fault(int fd);

#endif
