/* SPDX-License-Identifier: MIT */
/* The outcome of a mail that no session decided about: the way to the relay was not open. */
#ifndef FCT_FAILURE_H
#define FCT_FAILURE_H

#include "smtp/session.h"

struct fct_failure {
    enum fct_class class; /* temporary, unless it is set otherwise */
    int error;            /* FACTEUR_E code */
    enum facteur_phase phase;
    const char *message;
    const fct_reply *reply;                 /* or NULL */
    int64_t timing_us[FACTEUR_PHASE_COUNT]; /* -1: not passed */
};

/* Temporary, all timings unset. */
void fct_failure_init(struct fct_failure *failure, int error, enum facteur_phase phase,
                      const char *message);

/*
 * The outcome of a mail with `recipient_count` recipients.  Never fails: without memory there is
 * less text, or no list of recipients.  fct_failure_outcome_done() frees what it holds.
 */
void fct_failure_outcome(const struct fct_failure *failure, size_t recipient_count,
                         fct_outcome *outcome);
void fct_failure_outcome_done(fct_outcome *outcome);

#endif
