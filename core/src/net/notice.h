/* SPDX-License-Identifier: MIT */
/*
 * A descriptor for an event loop.  One thread makes it readable for another, or a time that has
 * come does.  It is also readable while a second descriptor, which it watches, is readable.
 */
#ifndef FCT_NOTICE_H
#define FCT_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fct_notice {
    int fd; /* -1: closed */
    int timer_fd;
    int inner_fd;    /* what it watches, not its own; -1: nothing */
    uint64_t due_us; /* when the timer rings; 0: it rings, UINT64_MAX: it is not set */
    bool looking;
} fct_notice;

void fct_notice_init(fct_notice *notice);

/* It begins to watch inner_fd (-1: nothing).  False with errno when descriptors ran out. */
bool fct_notice_open(fct_notice *notice, int inner_fd);
void fct_notice_close(fct_notice *notice); /* closing a closed one is fine */

/* Make it readable at once, or from due_us on.  An earlier time that was set before stays. */
void fct_notice_give(fct_notice *notice);
void fct_notice_give_at(fct_notice *notice, uint64_t due_us);
/* Make it unreadable again.  A time after now_us stays. */
void fct_notice_take(fct_notice *notice, uint64_t now_us);

/* Watch inner_fd, or stop watching it. */
void fct_notice_look(fct_notice *notice, bool looking);

#endif
