/* SPDX-License-Identifier: MIT */
/* Who waits for mails is woken when the log is written to, by whatever program. */
#include "outbox/sqlite_work.h"

#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int fct_sqlite_wake_fd(fct_store *store)
{
    struct fct_sqlite *s = fct_sqlite_of(store);
    char log[4096];
    int fd, len = snprintf(log, sizeof log, "%s-wal", s->path);

    if (s->wake_fd >= 0)
        return s->wake_fd;
    fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* The log is there as long as a connection to the file is open. */
    if (fd >= 0 && ((size_t)len >= sizeof log || inotify_add_watch(fd, log, IN_MODIFY) < 0)) {
        close(fd);
        fd = -1;
    }
    s->wake_fd = fd;
    return fd;
}

void fct_sqlite_woken(fct_store *store)
{
    char events[4096];

    /* What they say is of no matter.  The kernel makes one of equal ones that follow each other. */
    while (read(fct_sqlite_of(store)->wake_fd, events, sizeof events) > 0)
        continue;
}
