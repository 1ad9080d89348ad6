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

#endif
