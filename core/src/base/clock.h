/* SPDX-License-Identifier: MIT */
/*
 * The two clocks, and waiting by the first.  Deadlines and durations use the monotonic clock: a
 * wall clock that jumps moves none of them.  From any thread.
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

/* Wait until it is signalled or the clock has come to until_us; UINT64_MAX: until it is signalled.
 */
void fct_clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_us);

#endif
