/* SPDX-License-Identifier: MIT */
#include "relays/breaker.h"

bool fct_breaker_allows(const fct_breaker *breaker, uint64_t now_us)
{
    return !breaker->open_until_us || (now_us >= breaker->open_until_us && !breaker->probing);
}

bool fct_breaker_enter(fct_breaker *breaker, uint64_t now_us)
{
    if (!breaker->open_until_us || now_us < breaker->open_until_us || breaker->probing)
        return false;
    breaker->probing = true;
    return true;
}

void fct_breaker_fail(fct_breaker *breaker, uint64_t entered_us, uint64_t now_us, bool probe)
{
    if (probe)
        breaker->probing = false;
    if (breaker->failures && entered_us < breaker->failed_us)
        return;
    breaker->failed_us = now_us;
    if (breaker->failures < UINT32_MAX)
        breaker->failures++;
    if (breaker->limit && breaker->failures >= breaker->limit)
        breaker->open_until_us = now_us + breaker->pause_us;
}

void fct_breaker_reach(fct_breaker *breaker)
{
    breaker->failures = 0;
    breaker->open_until_us = 0;
    breaker->probing = false;
}

void fct_breaker_leave(fct_breaker *breaker, bool probe)
{
    if (probe)
        breaker->probing = false;
}
