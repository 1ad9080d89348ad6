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
    fct_list waiting;   /* tasks, in the order of their coming */
    fct_timer timer;    /* the first of them may go */
    uint64_t passed_us; /* the last of them went */
    int failed_error;   /* of the last failure that the breaker counted */
    char failed[FCT_LANE_TEXT];
    char complaint[FCT_LANE_TEXT];
};

/* 0, or FACTEUR_ENOMEM.  The timer's function is the concert's. */
int fct_lane_init(struct fct_lane *lane, fct_loop *loop, fct_member *member);

/* Look whether the password_file holds another login: it has a chance of its own at the breaker. */
void fct_lane_renew(struct fct_lane *lane);

/*
 * Have the relay's configuration hold the token that is good now; its number into `*number`.  False
 * with a sentence when there is none.
 */
bool fct_lane_take_token(struct fct_lane *lane, unsigned *number, char problem[FCT_BEARER_TEXT]);

/* What a mail that was given to the relay at `entered_us` taught about it. */
void fct_lane_learn(struct fct_lane *lane, const fct_outcome *outcome, unsigned attempts,
                    uint64_t entered_us, bool probe);

/* Why no mail is given to it now; `text` holds the sentence and must outlive the failure. */
void fct_lane_refuse(const struct fct_lane *lane, struct fct_failure *failure,
                     char text[2 * FCT_LANE_TEXT]);

/* A mail waited for its turn until its time was over. */
void fct_lane_tire(const struct fct_lane *lane, struct fct_failure *failure,
                   char text[2 * FCT_LANE_TEXT]);

#endif
