/* SPDX-License-Identifier: MIT */
#include "net/identity.h"

#include <sys/stat.h>

fct_identity fct_identity_of(int fd)
{
    fct_identity identity = {.unique = false};
    struct stat facts;

    if (fstat(fd, &facts) != 0)
        return identity;
    identity.device = facts.st_dev;
    identity.inode = facts.st_ino;
    /* The kernel's anonymous inode has no type, and serves them all. */
    identity.unique = (facts.st_mode & S_IFMT) != 0;
    return identity;
}

bool fct_identity_is(const fct_identity *identity, int fd)
{
    fct_identity now = fct_identity_of(fd);

    return now.inode && now.device == identity->device && now.inode == identity->inode &&
           now.unique == identity->unique;
}
