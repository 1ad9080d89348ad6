/* SPDX-License-Identifier: MIT */
/*
 * Refuses mails that must not begin, because this relay cannot take them or SMTP cannot express
 * them.
 */
#include "smtp/session_state.h"

#include <string.h>

/* RFC 5321 section 4.5.3.1.3 has 256 octets for a path.  Real relays read more. */
#define ADDRESS_MAX 998u

/* No byte may end the line or the path early, whoever made the mail. */
static bool sayable(const char *address, bool *ascii)
{
    size_t len = 0;

    for (; address[len]; len++) {
        unsigned char byte = (unsigned char)address[len];

        if (byte < 0x20 || byte == 0x7f || len == ADDRESS_MAX)
            return false;
        *ascii &= byte < 0x80;
    }
    return true;
}

static int refuse(fct_session *s, int error, const char *sentence)
{
    fct_buf_clear(&s->message);
    fct_buf_add_text(&s->message, sentence);
    return error;
}

static int check_addresses(fct_session *s, const fct_transaction *mail, bool *ascii)
{
    bool ok = sayable(fct_mail_sender(mail->mail), ascii);

    for (size_t i = 0; ok && i < mail->recipient_count; i++)
        ok = sayable(fct_mail_recipient(mail->mail, i), ascii);
    if (!ok)
        return refuse(s, FACTEUR_EPERMANENT,
                      "an envelope address is too long or has a control character");
    if (mail->recipient_count == 0)
        return refuse(s, FACTEUR_EPERMANENT, "the mail has no recipient");
    return 0;
}

int fct_session_refuses(fct_session *s, const fct_transaction *mail)
{
    unsigned needs = fct_mail_needs(mail->mail);
    bool ascii = true;
    int result = check_addresses(s, mail, &ascii);

    if (result)
        return result;
    if ((needs & FCT_NEEDS_SMTPUTF8 || !ascii) && !fct_session_uses(s, FCT_OFFER_SMTPUTF8))
        return refuse(s, FACTEUR_EPERMANENT,
                      ascii ? "a header field is outside ASCII and the relay does not offer "
                              "SMTPUTF8: use ASCII addresses, and encoded words (RFC 2047) in "
                              "finished bytes"
                            : "an address is outside ASCII and the relay does not offer SMTPUTF8: "
                              "use an ASCII address, or a relay that offers it");
    if (needs & FCT_NEEDS_8BITMIME && !fct_session_uses(s, FCT_OFFER_8BITMIME))
        return refuse(
            s, FACTEUR_EPERMANENT,
            "the message has 8-bit bytes and the relay does not offer 8BITMIME: encode it "
            "as quoted-printable or base64");
    result = fct_session_refuses_terms(s, fct_mail_terms(mail->mail));
    if (result)
        return result;
    if (s->caps.size_max && mail->size > s->caps.size_max) {
        fct_buf_clear(&s->message);
        fct_buf_addf(&s->message,
                     "the message has %llu bytes and the relay takes at most %llu: send less or "
                     "smaller attachments",
                     (unsigned long long)mail->size, (unsigned long long)s->caps.size_max);
        return FACTEUR_EPERMANENT;
    }
    return 0;
}
