/* SPDX-License-Identifier: MIT */
/*
 * Timers of the loop, embedded in the objects that wait.  Setting and clearing one costs a few
 * pointer moves and no system call, so that a deadline may change with every reply.
 */
#ifndef FCT_TIMER_H
#define FCT_TIMER_H

#include "base/list.h"
#include "net/loop.h"

#include <stdint.h>

typedef struct fct_timer {
    fct_list link;
    uint64_t due_us;
    void (*fire)(struct fct_timer *timer); /* the timer is clear by then and may be freed */
} fct_timer;

void fct_timer_init(fct_timer *timer, void (*fire)(fct_timer *timer));

/* Fire once when the loop's clock has reached due_us (0: with the next turn); UINT64_MAX clears. */
void fct_timer_set(fct_loop *loop, fct_timer *timer, uint64_t due_us);

/* Legal on a timer that is clear already. */
void fct_timer_clear(fct_timer *timer);

bool fct_timer_is_set(const fct_timer *timer);

#endif
