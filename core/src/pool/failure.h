/* SPDX-License-Identifier: MIT */
/* The outcome of a mail that no session decided, because the relay could not be reached. */
#ifndef FCT_FAILURE_H
#define FCT_FAILURE_H

#include "smtp/session.h"

struct fct_failure {
    enum fct_class class; /* temporary, unless the caller sets another */
    int error;            /* FACTEUR_E code */
    enum facteur_phase phase;
    const char *message;
    const char *where;                      /* the option at fault, or NULL */
    const fct_reply *reply;                 /* or NULL */
    int64_t timing_us[FACTEUR_PHASE_COUNT]; /* -1: not passed */
};

/* Begin with a temporary failure without timings. */
void fct_failure_init(struct fct_failure *failure, int error, enum facteur_phase phase,
                      const char *message);

/*
 * Make the outcome of a mail with `recipient_count` recipients.  Never fails: when memory is short,
 * texts or the list of recipients are missing.  fct_failure_outcome_done() frees its parts.
 */
void fct_failure_outcome(const struct fct_failure *failure, size_t recipient_count,
                         fct_outcome *outcome);
void fct_failure_outcome_done(fct_outcome *outcome);

#endif
