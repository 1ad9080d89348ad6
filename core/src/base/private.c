/* SPDX-License-Identifier: MIT */
#include "base/private.h"

#include "base/error.h"
#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The session's own directory, as its specification wants it: absolute, and this user's alone. */
static bool is_own_dir(const char *path)
{
    struct stat facts;

    return path && path[0] == '/' && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode) &&
           facts.st_uid == geteuid() && (facts.st_mode & 077) == 0;
}

static const char *fault_of(int fd, mode_t kind)
{
    struct stat facts;

    if (fstat(fd, &facts) != 0)
        return strerror(errno);
    if ((facts.st_mode & S_IFMT) != kind)
        return kind == S_IFDIR ? "is not a directory" : "is not a regular file";
    if (facts.st_uid != geteuid())
        return "belongs to another user";
    return facts.st_mode & 077 ? "is open to other users" : NULL;
}

const char *fct_private_fault(int fd)
{
    return fault_of(fd, S_IFREG);
}

int fct_private_dir(const char *option, facteur_error **error)
{
    const char *session = getenv("XDG_RUNTIME_DIR");
    char path[PATH_MAX];
    const char *fault;
    int len, fd;

    if (is_own_dir(session))
        len = snprintf(path, sizeof path, "%s/facteur", session);
    else
        len = snprintf(path, sizeof path, "/tmp/facteur-%lu", (unsigned long)geteuid());
    if ((size_t)len >= sizeof path)
        return fct_error_set(error, FACTEUR_ECONFIG, option,
                             "%s: XDG_RUNTIME_DIR is longer than a path can be", option);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fct_error_set(error, FACTEUR_ECONFIG, option, "%s: cannot make %s: %s", option, path,
                             strerror(errno));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (fd < 0)
        return fct_error_set(
            error, FACTEUR_ECONFIG, option, "%s: %s cannot be used: %s", option, path,
            errno == ELOOP || errno == ENOTDIR ? "it is not a directory" : strerror(errno));
    fault = fault_of(fd, S_IFDIR);
    if (!fault)
        return fd;
    close(fd);
    return fct_error_set(error, FACTEUR_ECONFIG, option, "%s: %s cannot be used: it %s", option,
                         path, fault);
}
