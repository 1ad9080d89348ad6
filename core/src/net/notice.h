/* SPDX-License-Identifier: MIT */
/*
 * A descriptor for an event loop: one thread makes it readable for another, and it is readable too
 * while a second descriptor is that it looks at.
 */
#ifndef FCT_NOTICE_H
#define FCT_NOTICE_H

#include <stdbool.h>

typedef struct fct_notice {
    int fd;       /* -1: closed */
    int event_fd; /* written to by give() */
    int inner_fd; /* what it looks at, not its own; -1: nothing */
    bool looking;
} fct_notice;

void fct_notice_init(fct_notice *notice);

/* It looks at inner_fd (-1: at nothing) at first.  False when descriptors ran out. */
bool fct_notice_open(fct_notice *notice, int inner_fd);
void fct_notice_close(fct_notice *notice); /* closing a closed one is fine */

/* Make it readable; and take that back.  Neither ever waits. */
void fct_notice_give(const fct_notice *notice);
void fct_notice_take(const fct_notice *notice);

/* Look at inner_fd, or look away. */
void fct_notice_look(fct_notice *notice, bool looking);

#endif
