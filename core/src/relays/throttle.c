/* SPDX-License-Identifier: MIT */
#include "relays/throttle.h"

#define PAUSE_MIN_US 1000000u
#define PAUSE_MAX_US 60000000u
#define FORGET_US 300000000u /* after so long without a complaint it is forgotten */
#define RATE_MIN 0.1
#define RATE_MAX 50.0 /* a relay that took more before it complained gets half of this at first */
#define RECOVERY 1.1  /* each accepted mail raises the rate by this factor */

static double rate_of(const fct_throttle *throttle)
{
    double slow = throttle->slow_rate, most = throttle->max_rate;

    if (slow > 0 && (most <= 0 || slow < most))
        return slow;
    return most;
}

uint64_t fct_throttle_next_us(const fct_throttle *throttle, uint64_t now_us)
{
    return throttle->next_us > now_us ? throttle->next_us : now_us;
}

bool fct_throttle_slowed(const fct_throttle *throttle)
{
    return throttle->slow_rate > 0 &&
           (throttle->max_rate <= 0 || throttle->slow_rate < throttle->max_rate);
}

void fct_throttle_take(fct_throttle *throttle, uint64_t now_us)
{
    double rate = rate_of(throttle);
    uint64_t from_us = fct_throttle_next_us(throttle, now_us);

    if (throttle->taken_us) {
        double since_us = (double)(now_us - throttle->taken_us);

        if (since_us > PAUSE_MAX_US)
            since_us = PAUSE_MAX_US;
        throttle->spacing_us += (since_us - throttle->spacing_us) / 8;
    } else {
        throttle->spacing_us = PAUSE_MIN_US;
    }
    throttle->taken_us = now_us;
    if (rate > 0)
        throttle->next_us = from_us + (uint64_t)(1e6 / rate);
}

/* The latest rate, limited to values that make sense as a beginning. */
static double present_rate(const fct_throttle *throttle)
{
    double rate = throttle->spacing_us > 0 ? 1e6 / throttle->spacing_us : RATE_MAX;

    if (rate < 2 * RATE_MIN)
        return 2 * RATE_MIN;
    return rate < RATE_MAX ? rate : RATE_MAX;
}

void fct_throttle_slow(fct_throttle *throttle, uint64_t taken_us, uint64_t now_us)
{
    uint64_t resume_us;

    if (throttle->slowed_us && taken_us < throttle->slowed_us)
        return;
    if (throttle->slow_rate <= 0) {
        throttle->goal = present_rate(throttle);
        throttle->slow_rate = throttle->goal / 2;
        throttle->pause_us = PAUSE_MIN_US;
    } else {
        throttle->slow_rate = throttle->slow_rate / 2;
        throttle->pause_us *= 2;
    }
    if (throttle->slow_rate < RATE_MIN)
        throttle->slow_rate = RATE_MIN;
    if (throttle->pause_us > PAUSE_MAX_US)
        throttle->pause_us = PAUSE_MAX_US;
    throttle->slowed_us = now_us;
    resume_us = now_us + throttle->pause_us;
    if (throttle->next_us < resume_us)
        throttle->next_us = resume_us;
}

void fct_throttle_good(fct_throttle *throttle, uint64_t taken_us, uint64_t now_us)
{
    if (throttle->slow_rate <= 0 || taken_us < throttle->slowed_us)
        return;
    throttle->slow_rate *= RECOVERY;
    throttle->pause_us = PAUSE_MIN_US;
    if (throttle->slow_rate < throttle->goal && now_us - throttle->slowed_us < FORGET_US)
        return;
    throttle->slow_rate = 0;
    throttle->slowed_us = 0;
    if (throttle->max_rate <= 0)
        throttle->next_us = 0;
}
