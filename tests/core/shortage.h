/* SPDX-License-Identifier: MIT */
/* A stretch of a test in which the nth allocation of its thread fails. */
#ifndef TEST_SHORTAGE_H
#define TEST_SHORTAGE_H

#include <stdbool.h>

#include "base/memory.h"

static bool shortage_met; /* whether the last stretch had an nth allocation */

static inline void shortage_begin(unsigned long nth)
{
    fct_memory_fail_at(nth);
}

static inline void shortage_end(void)
{
    shortage_met = fct_memory_failed();
    fct_memory_fail_at(0);
}

#endif
