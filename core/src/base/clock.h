/* SPDX-License-Identifier: MIT */
/*
 * The two clocks, and waiting by the monotonic one.  Deadlines and durations use the monotonic
 * clock: a wall clock that jumps moves none of them.  From any thread.
 */
#ifndef FCT_CLOCK_H
#define FCT_CLOCK_H

#include <pthread.h>
#include <stdint.h>

/* Monotonic microseconds; the net layer's loop counts the same. */
uint64_t fct_clock_now_us(void);

/* Seconds and microseconds since 1970, for dates that people and certificates read. */
int64_t fct_clock_date_s(void);
int64_t fct_clock_date_us(void);

/* A condition that fct_clock_wait() can wait for. */
void fct_clock_condition_init(pthread_cond_t *condition);

/* Wait for a signal, or until the clock reaches until_us; UINT64_MAX: only for a signal.
 */
void fct_clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_us);

#endif
