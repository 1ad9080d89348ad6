/* SPDX-License-Identifier: MIT */
/*
 * Which process this is, to know a child of fork() from its parent.  Unlike a pid it costs no
 * system call, and no descendant gets the same again.
 */
#ifndef FCT_PROCESS_H
#define FCT_PROCESS_H

#include <stdint.h>

typedef uint64_t fct_process;

/* From any thread.  A child that was made past fork(), by clone() itself, is not noticed. */
fct_process fct_process_now(void);

/* The same by asking the system: that child is noticed, too, here and from then on above. */
fct_process fct_process_ask(void);

/* What a child of fork() does first, while it has one thread and locks may be held for ever. */
struct fct_process_hook {
    void (*in_child)(void);
    struct fct_process_hook *next;
};

/*
 * Run the hook in every child from now on.  Once for each hook, which must live for ever.  Where
 * the system has no memory to remember it, a child learns of itself by fct_process_ask() alone.
 */
void fct_process_at_fork(struct fct_process_hook *hook);

#endif
