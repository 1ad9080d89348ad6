/* SPDX-License-Identifier: MIT */
/* The beginning of a connection: greeting, EHLO or HELO, STARTTLS. */
#include "smtp/session_state.h"

#include <string.h>

static void phase_ends(fct_session *s, enum facteur_phase phase)
{
    int64_t spent = (int64_t)(s->now_us - s->begun_us);

    s->timing_us[phase] = s->timing_us[phase] < 0 ? spent : s->timing_us[phase] + spent;
    s->begun_us = s->now_us;
}

/* The relay refused something that no mail caused, so no mail can be sent on this connection. */
static void refuse(fct_session *s, int error, enum facteur_phase phase, const fct_reply *reply,
                   const char *what)
{
    fct_session_die(s, error, phase, reply, NULL, fct_outcome_quote(s, what, reply));
}

static bool tls_required(const fct_session *s)
{
    return s->config.tls == FCT_TLS_IMPLICIT || s->config.tls == FCT_TLS_STARTTLS || s->secured;
}

void fct_session_say_ehlo(fct_session *s)
{
    s->begun_us = s->now_us;
    fct_session_command(s, FCT_COMMAND_EHLO, NULL, "EHLO %s", s->config.helo);
}

void fct_session_on_greeting(fct_session *s, const fct_reply *reply)
{
    phase_ends(s, FACTEUR_PHASE_greeting);
    s->known = fct_known_by_greeting(reply->text);
    if (reply->code == 220)
        fct_session_say_ehlo(s);
    else if (fct_reply_kind(reply->code) >= 4)
        refuse(s, FACTEUR_ECONNECT, FACTEUR_PHASE_greeting, reply,
               "the relay refuses connections from here");
    else
        refuse(s, FACTEUR_EPROTOCOL, FACTEUR_PHASE_greeting, reply,
               "the relay's greeting is not a 220");
}

static void after_ehlo(fct_session *s)
{
    bool offered = s->caps.offers & FCT_OFFER_STARTTLS;

    if (!s->secured && s->config.tls == FCT_TLS_STARTTLS && !offered) {
        fct_session_die(
            s, FACTEUR_ETLS, FACTEUR_PHASE_ehlo, NULL, NULL,
            "TLS is required and the relay does not offer STARTTLS: use smtps:// if it "
            "speaks TLS from the start (port 465), or tls=none if it is a mail catcher in "
            "your own network");
        return;
    }
    /* RFC 3207 section 4.2: ignore an offer of STARTTLS inside TLS. */
    if (!s->secured && offered && s->config.tls != FCT_TLS_NONE)
        fct_session_command(s, FCT_COMMAND_STARTTLS, NULL, "STARTTLS");
    else if (fct_sasl_wanted(&s->config))
        fct_session_login(s);
    else
        fct_session_now_ready(s);
}

void fct_session_on_ehlo(fct_session *s, const fct_reply *reply)
{
    int kind = fct_reply_kind(reply->code);

    phase_ends(s, FACTEUR_PHASE_ehlo);
    if (reply->code == 250) {
        s->known |= fct_known_by_ehlo(reply->text);
        if (fct_capabilities_read(&s->caps, (fct_slice){s->parser.text.ptr, s->parser.text.len}))
            fct_session_die(s, FACTEUR_ENOMEM, FACTEUR_PHASE_ehlo, NULL, NULL, "out of memory");
        else
            after_ehlo(s);
    } else if (kind == 5 && !tls_required(s) && !fct_sasl_wanted(&s->config)) {
        fct_session_command(s, FCT_COMMAND_HELO, NULL, "HELO %s", s->config.helo);
    } else if (kind >= 4) {
        refuse(s, FACTEUR_ECONNECT, FACTEUR_PHASE_ehlo, reply, "the relay refused EHLO");
    } else {
        refuse(s, FACTEUR_EPROTOCOL, FACTEUR_PHASE_ehlo, reply,
               "the relay's reply to EHLO is not a 250");
    }
}

void fct_session_on_helo(fct_session *s, const fct_reply *reply)
{
    phase_ends(s, FACTEUR_PHASE_ehlo);
    if (reply->code == 250)
        fct_session_now_ready(s);
    else
        refuse(s, fct_reply_kind(reply->code) >= 4 ? FACTEUR_ECONNECT : FACTEUR_EPROTOCOL,
               FACTEUR_PHASE_ehlo, reply, "the relay refused EHLO and HELO");
}

void fct_session_on_starttls(fct_session *s, const fct_reply *reply, bool more)
{
    if (reply->code != 220) {
        refuse(s, FACTEUR_ETLS, FACTEUR_PHASE_tls, reply,
               "the relay offered STARTTLS and refused it");
        return;
    }
    /*
     * Bytes in clear text after the 220 are not from the relay, or are not meant for the time after
     * the handshake.
     */
    if (more) {
        fct_session_die(s, FACTEUR_ETLS, FACTEUR_PHASE_tls, reply, NULL,
                        "the relay sent data after its reply to STARTTLS (starttls_injection)");
        return;
    }
    fct_capabilities_read(&s->caps, (fct_slice){"", 0});
    s->state = FCT_STATE_TLS;
    s->since_us = s->now_us;
    s->start_tls_due = true;
}

void fct_session_now_ready(fct_session *s)
{
    s->state = FCT_STATE_READY;
    s->ready_due = true;
    fct_session_pump(s);
}
