/* SPDX-License-Identifier: MIT */
/* One relay of a concert: its pool, its breaker, its pace, and the mails that wait for the pace. */
#ifndef FCT_LANE_H
#define FCT_LANE_H

#include "config/member.h"
#include "net/timer.h"
#include "pool/failure.h"
#include "pool/pool.h"
#include "relays/breaker.h"
#include "relays/throttle.h"

#define FCT_LANE_TEXT 256

struct fct_lane {
    fct_member *member;
    fct_loop *loop;
    fct_pool *pool;
    fct_breaker breaker;
    fct_throttle throttle;
    fct_list waiting;   /* tasks, in the order in which they came */
    fct_timer timer;    /* runs until the first of them may go */
    uint64_t passed_us; /* when the last of them went */
    int failed_error;   /* error of the last failure that the breaker counted */
    char failed[FCT_LANE_TEXT];
    char complaint[FCT_LANE_TEXT];
};

/* Returns 0 or FACTEUR_ENOMEM.  The concert sets the timer's function. */
int fct_lane_init(struct fct_lane *lane, fct_loop *loop, fct_member *member);

/*
 * Look whether the password_file has a new login.  A new login gets its own chance at the breaker.
 */
void fct_lane_renew(struct fct_lane *lane);

/*
 * Put the token that is valid now into the relay's configuration, and its number into `*number`.
 * Returns false with a sentence when there is none.
 */
bool fct_lane_take_token(struct fct_lane *lane, unsigned *number, char problem[FCT_BEARER_TEXT]);

/* Learn about the relay from the outcome of a mail that was given to it at `entered_us`. */
void fct_lane_learn(struct fct_lane *lane, const fct_outcome *outcome, unsigned attempts,
                    uint64_t entered_us, bool probe);

/*
 * Explain why no mail is given to it now.  `text` receives the sentence and must outlive the
 * failure.
 */
void fct_lane_refuse(const struct fct_lane *lane, struct fct_failure *failure,
                     char text[2 * FCT_LANE_TEXT]);

/* Explain that a mail waited for its turn until its time was over. */
void fct_lane_tire(const struct fct_lane *lane, struct fct_failure *failure,
                   char text[2 * FCT_LANE_TEXT]);

#endif
