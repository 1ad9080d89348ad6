/* SPDX-License-Identifier: MIT */
/*
 * The parameters of MAIL and RCPT with which a mail asks for more than delivery, and the check that
 * the relay offers them.
 */
#include "smtp/session_state.h"

#include "base/utf8.h"

static const struct {
    enum fct_term term;
    enum fct_offer offer;
    const char *keyword;
    const char *field;
} table[] = {
    {FCT_TERM_NOTIFY, FCT_OFFER_DSN, "DSN", "dsn_notify"},
    {FCT_TERM_RETURN, FCT_OFFER_DSN, "DSN", "dsn_return"},
    {FCT_TERM_ENVID, FCT_OFFER_DSN, "DSN", "envelope_id"},
    {FCT_TERM_REQUIRETLS, FCT_OFFER_REQUIRETLS, "REQUIRETLS", "require_tls"},
    {FCT_TERM_DELIVERBY, FCT_OFFER_DELIVERBY, "DELIVERBY", "deliver_by"},
    {FCT_TERM_MT_PRIORITY, FCT_OFFER_MT_PRIORITY, "MT-PRIORITY", "mt_priority"},
};

#define TERM_COUNT (sizeof table / sizeof table[0])

/*
 * RFC 2852 section 4: below the relay's minimum time, a relay refuses to return a mail, but not to
 * notify the sender.
 */
static bool is_too_soon(const fct_session *s, const fct_terms *terms)
{
    return terms->asked & FCT_TERM_DELIVERBY && !terms->by_notify &&
           terms->by_s < s->caps.deliver_by_min;
}

/* The terms that this relay is asked for. */
static unsigned terms_of(const fct_session *s, const fct_terms *terms)
{
    unsigned asked = terms->asked;

    for (size_t i = 0; i < TERM_COUNT; i++) {
        if (!fct_session_uses(s, table[i].offer))
            asked &= ~(unsigned)table[i].term;
    }
    if (is_too_soon(s, terms))
        asked &= ~(unsigned)FCT_TERM_DELIVERBY;
    return asked;
}

int fct_session_refuses_terms(fct_session *s, const fct_terms *terms)
{
    unsigned missing = terms->asked & ~terms->waived & ~terms_of(s, terms);

    fct_buf_clear(&s->message);
    /* RFC 8689 section 4.1: the relay itself must be verified too. */
    if (terms->asked & FCT_TERM_REQUIRETLS && (!s->secured || s->config.tls_unverified)) {
        fct_buf_add_text(
            &s->message,
            "the message asks for require_tls, and the connection has no verified TLS");
        return FACTEUR_EPERMANENT;
    }
    for (size_t i = 0; missing && i < TERM_COUNT; i++) {
        if (!(missing & table[i].term))
            continue;
        if (fct_session_uses(s, table[i].offer))
            fct_buf_addf(&s->message, "deliver_by is %u and the relay accepts no less than %u",
                         (unsigned)terms->by_s, s->caps.deliver_by_min);
        else
            fct_buf_addf(&s->message, "the message asks for %s, and the relay does not offer %s",
                         table[i].field, table[i].keyword);
        return FACTEUR_EPERMANENT;
    }
    return 0;
}

void fct_session_add_mail_terms(const fct_session *s, const fct_terms *terms, fct_buf *line)
{
    unsigned asked = terms_of(s, terms);

    if (asked & FCT_TERM_RETURN)
        fct_buf_add_text(line, terms->return_full ? " RET=FULL" : " RET=HDRS");
    if (asked & FCT_TERM_ENVID)
        fct_buf_addf(line, " ENVID=%s", terms->envid);
    if (asked & FCT_TERM_REQUIRETLS)
        fct_buf_add_text(line, " REQUIRETLS");
    if (asked & FCT_TERM_DELIVERBY)
        fct_buf_addf(line, " BY=%u;%c", (unsigned)terms->by_s, terms->by_notify ? 'N' : 'R');
    if (asked & FCT_TERM_MT_PRIORITY)
        fct_buf_addf(line, " MT-PRIORITY=%d", terms->priority);
}

/*
 * RFC 3461 section 4.2.  An address outside ASCII follows RFC 6533 section 3, which writes the
 * bytes that xtext escapes as \x{…}.
 */
static void add_original(fct_buf *line, fct_slice address)
{
    if (fct_is_ascii(address)) {
        fct_buf_add_text(line, " ORCPT=rfc822;");
        fct_xtext_add(line, address);
        return;
    }
    fct_buf_add_text(line, " ORCPT=utf-8;");
    for (size_t i = 0; i < address.len; i++) {
        char byte = address.ptr[i];

        if (byte == ' ' || byte == '\\' || byte == '+' || byte == '=')
            fct_buf_addf(line, "\\x{%02X}", (unsigned)byte);
        else
            fct_buf_add_char(line, byte);
    }
}

void fct_session_add_rcpt_terms(const fct_session *s, const fct_terms *terms, const char *address,
                                fct_buf *line)
{
    static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    const char *before = " NOTIFY=";

    if (!(terms_of(s, terms) & FCT_TERM_NOTIFY))
        return;
    for (unsigned i = 0; i < 4; i++) {
        if (!(terms->notify & 1u << i))
            continue;
        fct_buf_add_text(line, before);
        fct_buf_add_text(line, names[i]);
        before = ",";
    }
    add_original(line, fct_slice_of(address));
}
