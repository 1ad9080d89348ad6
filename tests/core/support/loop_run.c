/* SPDX-License-Identifier: MIT */
#include "support/loop_run.h"

static bool is_set(void *user)
{
    return *(const volatile bool *)user;
}

void run_until_set(fct_loop *loop, const bool *flag)
{
    fct_loop_run_until(loop, is_set, (void *)(uintptr_t)flag, UINT64_MAX);
}
