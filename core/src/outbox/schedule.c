/* SPDX-License-Identifier: MIT */
#include "outbox/schedule.h"

int64_t fct_schedule_next(int64_t now_us, unsigned attempts, int64_t expires_us, uint32_t random)
{
    int64_t wait_us = FCT_SCHEDULE_FIRST_US, quarter_us;

    for (unsigned i = 1; i < attempts && wait_us < FCT_SCHEDULE_MOST_US; i++)
        wait_us *= 2;
    if (wait_us > FCT_SCHEDULE_MOST_US)
        wait_us = FCT_SCHEDULE_MOST_US;
    quarter_us = wait_us / 4;
    wait_us += (int64_t)(random % (uint32_t)(2 * quarter_us / 1000)) * 1000 - quarter_us;
    return expires_us && now_us + wait_us >= expires_us ? 0 : now_us + wait_us;
}
