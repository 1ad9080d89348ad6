/* SPDX-License-Identifier: MIT */
/* The one event loop of a mailer, over libuv; it never runs user code. */
#ifndef FCT_LOOP_H
#define FCT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fct_loop fct_loop;

/* NULL with errno when memory or descriptors ran out. */
fct_loop *fct_loop_new(void);

/* First close everything that was opened on it. */
void fct_loop_free(fct_loop *loop);

/* In a child after fork(): close the loop's own inherited descriptors, touch nothing shared. */
void fct_loop_abandon(fct_loop *loop);

/*
 * In a child after fork(), before anything opened on the loop is closed: give the loop an epoll of
 * its own, because removing a descriptor from the shared one would remove it for the parent,
 * too.  It may be called again; fct_loop_abandon() calls it, too.
 */
void fct_loop_forked(fct_loop *loop);

/*
 * In a child after fork(): whether every descriptor of the loop is what it was.  A daemon closes
 * all that it inherits, and its own files get the numbers.
 */
bool fct_loop_is_intact(const fct_loop *loop);

/*
 * In a child after fork(), where another thread had been running the loop, or which is not intact:
 * close the descriptors that were open on it and still are, by their numbers alone.  Nothing else
 * of the loop may be used any more.
 */
void fct_loop_drop(fct_loop *loop);

/*
 * Monotonic microseconds, now.  Within a turn the clock is read once for each descriptor that has
 * something to say, and once for all timers that are due.
 */
uint64_t fct_loop_now_us(fct_loop *loop);

/* Run turns until `finished` returns true (it is asked between turns) or the clock passes until_us.
 */
void fct_loop_run_until(fct_loop *loop, bool (*finished)(void *user), void *user,
                        uint64_t until_us);

/* Run what is due without blocking; for a host's own loop. */
void fct_loop_step(fct_loop *loop);

/* A host waits for the loop: the time until its next turn is no absence. */
void fct_loop_attend(fct_loop *loop);

/* How long, all in all, nobody ran the loop nor waited for it.  It grows when a turn begins. */
uint64_t fct_loop_absent_us(const fct_loop *loop);

/* A descriptor that is readable when step() has work; and how long until a timer is due
 * (UINT64_MAX: there is none). */
int fct_loop_fd(const fct_loop *loop);
uint64_t fct_loop_timeout_us(fct_loop *loop);

/* From any thread: make the running turn call `woken`, set with fct_loop_on_wake(). */
void fct_loop_wake(fct_loop *loop);
void fct_loop_on_wake(fct_loop *loop, void (*woken)(void *user), void *user);

#endif
