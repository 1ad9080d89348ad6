/* SPDX-License-Identifier: MIT */
/*
 * How many mails a connection to this relay takes before the relay hangs up without a word, as far
 * as we have learnt it.  A connection is left before that, so that no mail is in doubt.
 *
 * A connection that is lost with mails in doubt gives a suspicion: the limit lies between the mails
 * it had answered and those it had been given.  In that range mails go one at a time, each with its
 * end held back until the relay has answered, so that the next loss leaves nothing in doubt.  A
 * loss there makes the limit known for an hour; a connection that lives longer refutes it.
 */
#ifndef FCT_MAIL_LIMIT_H
#define FCT_MAIL_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct fct_mail_limit {
    unsigned from, to;       /* mails on a connection; 0: nothing is suspected */
    uint64_t known_until_us; /* from and to are equal and known, until then */
};

/*
 * A connection was lost without a word.
 *
 * answered   Mails to which it gave a verdict.
 * mails      Mails that it was given.
 * doubt      Whether any of them is in doubt now.
 */
void fct_mail_limit_lost(struct fct_mail_limit *limit, unsigned answered, unsigned mails,
                         bool doubt, uint64_t now_us);

/* A connection answered so many mails. */
void fct_mail_limit_outlived(struct fct_mail_limit *limit, unsigned answered);

/* Whether a connection that was given so many mails must be left now. */
bool fct_mail_limit_reached(const struct fct_mail_limit *limit, unsigned mails, uint64_t now_us);

/* Whether its next mail may be the one at which the relay hangs up. */
bool fct_mail_limit_near(const struct fct_mail_limit *limit, unsigned mails);

#endif
