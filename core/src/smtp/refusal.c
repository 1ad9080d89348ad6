/* SPDX-License-Identifier: MIT */
/*
 * Refuses mails that must not begin, because this relay cannot take them or SMTP cannot express
 * them, and makes of others what this relay can take.
 */
#include "smtp/session_state.h"

#include "base/utf8.h"
#include "mime/mend.h"

#include <string.h>

/* RFC 5321 section 4.5.3.1.3 has 256 octets for a path.  Real relays read more. */
#define ADDRESS_MAX 998u
#define NO_SMTPUTF8 "an address is outside ASCII and the relay does not offer SMTPUTF8"

/* No byte may end the line or the path early, whoever made the mail. */
static bool sayable(const char *address)
{
    size_t len = 0;

    for (; address[len]; len++) {
        unsigned char byte = (unsigned char)address[len];

        if (byte < 0x20 || byte == 0x7f || len == ADDRESS_MAX)
            return false;
    }
    return true;
}

static int refuse(fct_session *s, int error, const char *sentence)
{
    fct_buf_clear(&s->message);
    fct_buf_add_text(&s->message, sentence);
    return error;
}

static int check_addresses(fct_session *s, const fct_transaction *mail)
{
    bool ok = sayable(fct_mail_sender(mail->mail));

    for (size_t i = 0; ok && i < mail->recipient_count; i++)
        ok = sayable(fct_mail_recipient(mail->mail, i));
    if (!ok)
        return refuse(s, FACTEUR_EPERMANENT,
                      "an envelope address is too long or has a control character");
    if (mail->recipient_count == 0)
        return refuse(s, FACTEUR_EPERMANENT, "the mail has no recipient");
    return 0;
}

static bool needs_utf8(const char *address)
{
    return !fct_is_ascii(fct_slice_of(address));
}

/*
 * The relay is not asked about a recipient outside ASCII: the answer is that of RFC 6531
 * section 4.2, and the others get the mail.  Returns how many are left.
 */
static size_t refuse_recipients(fct_transaction *mail)
{
    static const fct_reply reply = {.enhanced = "5.6.7", .text = (char *)(size_t)NO_SMTPUTF8};
    size_t left = 0;

    for (size_t i = 0; i < mail->recipient_count; i++) {
        if (mail->marks[i] != FCT_MARK_PENDING)
            continue;
        if (needs_utf8(fct_mail_recipient(mail->mail, i))) {
            fct_reply_copy(&reply, &mail->outcome->recipients[i].reply);
            mail->marks[i] = FCT_MARK_REFUSED;
        } else {
            left++;
        }
    }
    return left;
}

/* A mail that was encoded anew takes the place of the other on this connection alone. */
static void replace(fct_session *s, fct_transaction *mail, fct_mail *adapted)
{
    fct_mail_unref(mail->mail);
    mail->mail = adapted;
    s->mail_bytes -= mail->size;
    mail->size = fct_mail_size(adapted);
    s->mail_bytes += mail->size;
}

static int adapt(fct_session *s, fct_transaction *mail, unsigned lacks)
{
    fct_mail *adapted = NULL;
    const char *why = NULL;
    int result = fct_mail_adapt(mail->mail, lacks, &adapted, &mail->outcome->mended, &why);

    if (result == FACTEUR_EMESSAGE) {
        fct_buf_clear(&s->message);
        fct_buf_addf(&s->message,
                     "the message has bytes outside ASCII and the relay does not offer "
                     "%s: it cannot be encoded, because %s",
                     lacks & FCT_NEEDS_SMTPUTF8 ? "SMTPUTF8" : "8BITMIME", why);
        return FACTEUR_EPERMANENT;
    }
    if (result)
        return refuse(s, result, "out of memory");
    replace(s, mail, adapted);
    return 0;
}

/* What the mail needs and this relay does not offer.  SMTPUTF8 goes with 8BITMIME (RFC 6531 3.1).
 */
static unsigned lacks_of(const fct_session *s, unsigned needs)
{
    unsigned lacks = 0;

    if (!fct_session_uses(s, FCT_OFFER_8BITMIME))
        lacks |= FCT_NEEDS_8BITMIME | FCT_NEEDS_SMTPUTF8;
    if (!fct_session_uses(s, FCT_OFFER_SMTPUTF8))
        lacks |= FCT_NEEDS_SMTPUTF8;
    return needs & lacks;
}

static int fit(fct_session *s, fct_transaction *mail)
{
    unsigned lacks = lacks_of(s, fct_mail_content_needs(mail->mail));

    if (!fct_session_uses(s, FCT_OFFER_SMTPUTF8)) {
        if (needs_utf8(fct_mail_sender(mail->mail)))
            return refuse(s, FACTEUR_EPERMANENT,
                          NO_SMTPUTF8 " for the sender: use an ASCII address, or a relay that "
                                      "offers it");
        if (!refuse_recipients(mail))
            return refuse(s, FACTEUR_EPERMANENT,
                          NO_SMTPUTF8 ": use an ASCII address, or a relay that offers it");
    }
    return lacks ? adapt(s, mail, lacks) : 0;
}

int fct_session_refuses(fct_session *s, fct_transaction *mail)
{
    int result = check_addresses(s, mail);

    if (!result)
        result = fit(s, mail);
    if (result)
        return result;
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
