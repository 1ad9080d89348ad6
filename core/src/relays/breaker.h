/* SPDX-License-Identifier: MIT */
/*
 * The breaker of one relay: after several connections in a row that could not be opened the relay
 * is left alone for a while, then one mail tries it.  No clock of its own.
 */
#ifndef FCT_BREAKER_H
#define FCT_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fct_breaker {
    unsigned limit; /* failures in a row that open it; 0: never */
    uint64_t pause_us;
    unsigned failures;
    uint64_t failed_us;     /* when the last failure was counted */
    uint64_t open_until_us; /* 0: closed */
    bool probing;           /* one mail is trying whether the relay is back */
} fct_breaker;

/* Whether a mail may be given to the relay now. */
bool fct_breaker_allows(const fct_breaker *breaker, uint64_t now_us);

/* A mail is given to it; true when that mail is the probe. */
bool fct_breaker_enter(fct_breaker *breaker, uint64_t now_us);

/*
 * The way to the relay was not open for a mail that was given to it at `entered_us`.  The mails
 * that had waited for one and the same connection count once.
 */
void fct_breaker_fail(fct_breaker *breaker, uint64_t entered_us, uint64_t now_us, bool probe);

/* A mail reached the relay, whatever it said about it. */
void fct_breaker_reach(fct_breaker *breaker);

/* A mail ended without having learnt anything about the way. */
void fct_breaker_leave(fct_breaker *breaker, bool probe);

#endif
