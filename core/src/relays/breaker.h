/* SPDX-License-Identifier: MIT */
/*
 * The breaker of one relay: after several connections in a row that could not be opened, no mail is
 * given to the relay for a while, then one mail tries it.  It has no clock of its own.
 */
#ifndef FCT_BREAKER_H
#define FCT_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fct_breaker {
    unsigned limit; /* so many failures in a row open it; 0: never */
    uint64_t pause_us;
    unsigned failures;
    uint64_t failed_us;     /* when it counted the last failure */
    uint64_t open_until_us; /* 0: closed */
    bool probing;           /* one mail tries whether the relay works again */
} fct_breaker;

/* Whether a mail may be given to the relay now. */
bool fct_breaker_allows(const fct_breaker *breaker, uint64_t now_us);

/* A mail is given to the relay.  Returns true when that mail is the probe. */
bool fct_breaker_enter(fct_breaker *breaker, uint64_t now_us);

/*
 * The relay could not be reached for a mail that was given to it at `entered_us`.  Mails that had
 * waited for the same connection count once.
 */
void fct_breaker_fail(fct_breaker *breaker, uint64_t entered_us, uint64_t now_us, bool probe);

/* A mail reached the relay, whatever the relay said about it. */
void fct_breaker_reach(fct_breaker *breaker);

/* A mail ended without showing whether the relay can be reached. */
void fct_breaker_leave(fct_breaker *breaker, bool probe);

#endif
