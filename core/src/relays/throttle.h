/* SPDX-License-Identifier: MIT */
/*
 * How fast mails may go to one relay: the option max_rate, and the slower rate that the relay asks
 * for with 421 and 4.7.x.  It is a token bucket that holds one mail, so that mails are spaced
 * evenly and never come in a burst.  It has no clock of its own.
 */
#ifndef FCT_THROTTLE_H
#define FCT_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fct_throttle {
    double max_rate;    /* mails a second; 0: no limit */
    double slow_rate;   /* the slower rate at present; 0: not slowed */
    double goal;        /* the rate at which the relay complained; slowing ends there */
    uint64_t next_us;   /* when the next mail may go */
    uint64_t taken_us;  /* when the last one went; 0: none yet */
    double spacing_us;  /* the average time between the latest mails */
    uint64_t slowed_us; /* when the relay last complained */
    uint64_t pause_us;  /* how long it got no mail after that */
} fct_throttle;

/* The time at which the next mail may go: `now_us` or later. */
uint64_t fct_throttle_next_us(const fct_throttle *throttle, uint64_t now_us);

/* Whether mails wait because of the relay, not because of max_rate. */
bool fct_throttle_slowed(const fct_throttle *throttle);

/* A mail goes. */
void fct_throttle_take(fct_throttle *throttle, uint64_t now_us);

/*
 * The relay asked for fewer mails in its answer to a mail that went at `taken_us`.  Answers to
 * mails that were on their way when it first complained count as the same complaint.
 */
void fct_throttle_slow(fct_throttle *throttle, uint64_t taken_us, uint64_t now_us);

/* The relay accepted a mail that went at `taken_us`. */
void fct_throttle_good(fct_throttle *throttle, uint64_t taken_us, uint64_t now_us);

#endif
