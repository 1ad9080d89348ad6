/* SPDX-License-Identifier: MIT */
/*
 * What stands behind a descriptor, to know later whether its number still means the same.  Sockets
 * and pipes can be told apart; an epoll and an eventfd look like any other of their kind.
 */
#ifndef FCT_IDENTITY_H
#define FCT_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct fct_identity {
    dev_t device;
    ino_t inode;
    bool unique; /* nothing else has the same */
} fct_identity;

/* All zero, which is nothing's, when there is no such descriptor. */
fct_identity fct_identity_of(int fd);

bool fct_identity_is(const fct_identity *identity, int fd);

#endif
