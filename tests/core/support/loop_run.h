/* SPDX-License-Identifier: MIT */
/* Running a loop until a callback has set a flag. */
#ifndef TEST_LOOP_RUN_H
#define TEST_LOOP_RUN_H

#include "net/loop.h"

void run_until_set(fct_loop *loop, const bool *flag);

#endif
