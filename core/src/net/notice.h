/* SPDX-License-Identifier: MIT */
/*
 * A descriptor for an event loop.  One thread makes it readable for another.  It is also
 * readable while a second descriptor, which it watches, is readable.
 */
#ifndef FCT_NOTICE_H
#define FCT_NOTICE_H

#include <stdbool.h>

typedef struct fct_notice {
    int fd;       /* -1: closed */
    int event_fd; /* written to by give() */
    int inner_fd; /* what it watches, not its own; -1: nothing */
    bool looking;
} fct_notice;

void fct_notice_init(fct_notice *notice);

/* It begins to watch inner_fd (-1: nothing).  False with errno when descriptors ran out. */
bool fct_notice_open(fct_notice *notice, int inner_fd);
void fct_notice_close(fct_notice *notice); /* closing a closed one is fine */

/* Make it readable; make it unreadable again.  Neither waits. */
void fct_notice_give(const fct_notice *notice);
void fct_notice_take(const fct_notice *notice);

/* Watch inner_fd, or stop watching it. */
void fct_notice_look(fct_notice *notice, bool looking);

#endif
