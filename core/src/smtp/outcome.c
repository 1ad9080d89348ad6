/* SPDX-License-Identifier: MIT */
/* Outcomes: memory, sentences and times. */
#include "smtp/session_state.h"

#include "base/memory.h"
#include "smtp/later.h"

#include <string.h>

fct_outcome *fct_outcome_new(size_t recipient_count)
{
    fct_outcome *outcome = fct_calloc(1, sizeof(*outcome));

    if (!outcome)
        return NULL;
    outcome->recipients = fct_calloc(recipient_count, sizeof(*outcome->recipients));
    if (!outcome->recipients) {
        fct_free(outcome);
        return NULL;
    }
    outcome->recipient_count = recipient_count;
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome->timing_us[i] = -1;
    return outcome;
}

void fct_outcome_free(fct_outcome *outcome)
{
    if (!outcome)
        return;
    for (size_t i = 0; i < outcome->recipient_count; i++)
        fct_reply_done(&outcome->recipients[i].reply);
    fct_free(outcome->recipients);
    fct_reply_done(&outcome->reply);
    fct_free(outcome->message);
    fct_later_unref(outcome->later);
    fct_free(outcome);
}

/* "what: 550 5.1.1 the relay's words", in s->message. */
const char *fct_outcome_quote(fct_session *s, const char *what, const fct_reply *reply)
{
    fct_buf *out = &s->message;
    size_t start;

    fct_buf_clear(out);
    fct_buf_addf(out, "%s: %d%s%s%s%.400s", what, reply->code, *reply->enhanced ? " " : "",
                 reply->enhanced, reply->text && *reply->text ? " " : "",
                 reply->text ? reply->text : "");
    if (out->failed)
        return what;
    for (start = 0; start < out->len; start++) {
        if (out->ptr[start] == '\n')
            out->ptr[start] = ' ';
    }
    return out->ptr;
}

void fct_transaction_phase_ends(fct_session *s, fct_transaction *mail, enum facteur_phase phase)
{
    int64_t *timing = &mail->outcome->timing_us[phase];
    uint64_t from = mail->mark_us;

    if (phase == FACTEUR_PHASE_final && mail->handed_us > from)
        from = mail->handed_us;
    *timing = (*timing < 0 ? 0 : *timing) + (int64_t)(s->now_us - from);
    mail->mark_us = s->now_us;
}
