/* SPDX-License-Identifier: MIT */
/* A descriptor that one thread makes readable for another one's event loop. */
#ifndef FCT_NOTICE_H
#define FCT_NOTICE_H

#include <stdbool.h>

typedef struct fct_notice {
    int read_fd, write_fd; /* -1: closed */
} fct_notice;

void fct_notice_init(fct_notice *notice);

/* False when descriptors ran out. */
bool fct_notice_open(fct_notice *notice);
void fct_notice_close(fct_notice *notice); /* closing a closed one is fine */

int fct_notice_fd(const fct_notice *notice);

/* Make it readable; and take that back.  Neither ever waits. */
void fct_notice_give(const fct_notice *notice);
void fct_notice_take(const fct_notice *notice);

#endif
