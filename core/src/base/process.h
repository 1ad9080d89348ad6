/* SPDX-License-Identifier: MIT */
/*
 * Which process this is: tells a child of fork() from its parent.  Unlike a pid this costs no
 * system call, and no descendant gets the same value.
 */
#ifndef FCT_PROCESS_H
#define FCT_PROCESS_H

#include <stdint.h>

typedef uint64_t fct_process;

/* From any thread.  A child that clone() made, without fork(), is not noticed. */
fct_process fct_process_now(void);

/*
 * The same by asking the system.  This notices such a child too, and so do later calls of
 * fct_process_now().
 */
fct_process fct_process_ask(void);

/* What a child of fork() does first, while it has one thread and locks may never be released. */
struct fct_process_hook {
    void (*in_child)(void);
    struct fct_process_hook *next;
};

/*
 * Run the hook in every child from now on.  Call this once for each hook; the hook must live for
 * ever.  If the system has no memory to remember it, a child notices itself only with
 * fct_process_ask().
 */
void fct_process_at_fork(struct fct_process_hook *hook);

#endif
