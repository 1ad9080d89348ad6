/* SPDX-License-Identifier: MIT */
#include "relays/verdict.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

static bool has_class(const fct_reply *reply, const char *class)
{
    return strncmp(reply->enhanced, class, strlen(class)) == 0;
}

/*
 * 421, and the enhanced codes about the mail system (4.3), the network behind it (4.4) and policy
 * (4.7), are about the relay.  Without an enhanced code, a 4yz to RCPT may be about that mailbox;
 * to any other command it is about the relay.
 */
static bool is_of_relay(const fct_reply *reply, enum facteur_phase phase)
{
    if (reply->code < 400 || reply->code > 499)
        return false;
    if (reply->code == 421 || has_class(reply, "4.3.") || has_class(reply, "4.4.") ||
        has_class(reply, "4.7."))
        return true;
    return !reply->enhanced[0] && phase != FACTEUR_PHASE_rcpt;
}

/* Not when a recipient was refused permanently, nor when a single one was refused temporarily. */
static bool all_of_relay(const fct_outcome *outcome)
{
    for (size_t i = 0; i < outcome->recipient_count; i++) {
        const struct fct_recipient_outcome *recipient = &outcome->recipients[i];

        if (recipient->class != FCT_TEMPORARY)
            return false;
        if (recipient->reply.code && !is_of_relay(&recipient->reply, outcome->phase))
            return false;
    }
    return is_of_relay(&outcome->reply, outcome->phase);
}

bool fct_verdict_moves_on(const fct_outcome *outcome)
{
    if (outcome->class != FCT_TEMPORARY)
        return false;
    switch (outcome->error) {
    case FACTEUR_ECONNECT:
    case FACTEUR_ETLS:
    case FACTEUR_EAUTH:
    case FACTEUR_EDEADLINE:
    case FACTEUR_EPROTOCOL:
        return true;
    case FACTEUR_ELIMIT: /* the next one may have a connection */
        return outcome->phase <= FACTEUR_PHASE_auth;
    case FACTEUR_ETEMPORARY:
        return outcome->phase <= FACTEUR_PHASE_auth || all_of_relay(outcome);
    case FACTEUR_ECONFIG: /* its proxy does not let us through, or its local_address is gone */
        return outcome->phase == FACTEUR_PHASE_connect;
    default:
        return false;
    }
}

bool fct_verdict_is_closed_way(const fct_outcome *outcome)
{
    if (outcome->class != FCT_TEMPORARY || outcome->phase > FACTEUR_PHASE_auth)
        return false;
    if (outcome->error == FACTEUR_ECONFIG)
        return outcome->phase == FACTEUR_PHASE_connect;
    return outcome->error == FACTEUR_ECONNECT || outcome->error == FACTEUR_ETLS ||
           outcome->error == FACTEUR_EAUTH || outcome->error == FACTEUR_EDEADLINE ||
           outcome->error == FACTEUR_EPROTOCOL || outcome->error == FACTEUR_ETEMPORARY;
}

bool fct_verdict_is_reached(const fct_outcome *outcome)
{
    if (outcome->class == FCT_SENT || outcome->class == FCT_PERMANENT)
        return true;
    return outcome->class == FCT_TEMPORARY && outcome->phase > FACTEUR_PHASE_auth &&
           outcome->reply.code != 0;
}

bool fct_verdict_is_complaint(const fct_outcome *outcome)
{
    const fct_reply *reply = &outcome->reply;

    return outcome->class == FCT_TEMPORARY && outcome->phase != FACTEUR_PHASE_rcpt &&
           reply->code >= 400 && reply->code <= 499 &&
           (reply->code == 421 || has_class(reply, "4.7."));
}

static bool is_setup_detail(unsigned long detail)
{
    return (detail >= 20 && detail <= 32 && detail != 28) || detail == 40 || detail == 509 ||
           detail == 511 || detail == 515 || (detail >= 606 && detail <= 649);
}

/* Whether the text has the word, whatever its case. */
static bool says(const char *text, fct_slice word)
{
    for (const char *at = text; *at; at++) {
        if ((at == text || !fct_is_alnum(at[-1])) &&
            fct_slice_starts_nocase(fct_slice_of(at), word) && !fct_is_alnum(at[word.len]))
            return true;
    }
    return false;
}

/* Many relays say 5.7.1 for everything, or no enhanced code at all. */
static bool says_setup(const char *text)
{
    static const fct_slice words[] = {FCT_SLICE("SPF"),         FCT_SLICE("DKIM"),
                                      FCT_SLICE("DMARC"),       FCT_SLICE("PTR record"),
                                      FCT_SLICE("reverse DNS"), FCT_SLICE("reverse hostname")};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (says(text, words[i]))
            return true;
    }
    return false;
}

bool fct_verdict_is_setup(const fct_reply *reply)
{
    const char *enhanced = reply->enhanced;
    bool vague =
        !*enhanced || strcmp(enhanced + 1, ".7.1") == 0 || strcmp(enhanced + 1, ".7.0") == 0;

    if (reply->code < 400 || reply->code > 599)
        return false;
    if (vague)
        return says_setup(reply->text ? reply->text : "");
    return strncmp(enhanced + 1, ".7.", 3) == 0 && is_setup_detail(strtoul(enhanced + 4, NULL, 10));
}
