/* SPDX-License-Identifier: MIT */
#include "pool/failure.h"

#include "base/memory.h"
#include "smtp/reply.h"

#include <string.h>

void fct_failure_init(struct fct_failure *failure, int error, enum facteur_phase phase,
                      const char *message)
{
    *failure = (struct fct_failure){
        .class = FCT_TEMPORARY, .error = error, .phase = phase, .message = message};
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        failure->timing_us[i] = -1;
}

void fct_failure_outcome(const struct fct_failure *failure, size_t recipient_count,
                         fct_outcome *outcome)
{
    const char *message = failure->message && failure->message[0]
                              ? failure->message
                              : facteur_error_text(failure->error);

    *outcome = (fct_outcome){.class = failure->class,
                             .error = failure->error,
                             .message = fct_strdup(message),
                             .where = failure->where,
                             .phase = failure->phase};
    if (failure->reply)
        fct_reply_copy(failure->reply, &outcome->reply);
    memcpy(outcome->timing_us, failure->timing_us, sizeof outcome->timing_us);
    if (recipient_count > 0)
        outcome->recipients = fct_calloc(recipient_count, sizeof *outcome->recipients);
    if (!outcome->recipients)
        return;
    outcome->recipient_count = recipient_count;
    for (size_t i = 0; i < recipient_count; i++)
        outcome->recipients[i].class = failure->class;
}

void fct_failure_outcome_done(fct_outcome *outcome)
{
    fct_free(outcome->message);
    fct_free(outcome->reply.text);
    fct_free(outcome->recipients);
}
