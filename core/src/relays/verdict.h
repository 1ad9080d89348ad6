/* SPDX-License-Identifier: MIT */
/* What an outcome says about the relay, not about the mail. */
#ifndef FCT_VERDICT_H
#define FCT_VERDICT_H

#include "smtp/session.h"

/*
 * Whether another relay may take the mail: it was certainly not sent, and the cause was this relay,
 * not a recipient or the mail itself.
 */
bool fct_verdict_moves_on(const fct_outcome *outcome);

/* Whether the relay could not be reached: connection, TLS, greeting, EHLO or login failed. */
bool fct_verdict_is_closed_way(const fct_outcome *outcome);

/* Whether the relay said something about the mail. */
bool fct_verdict_is_reached(const fct_outcome *outcome);

/*
 * Whether the relay asks for fewer mails: 421, 4.7.x (RFC 3463 section 3.8).  In a reply to RCPT
 * these codes are about that recipient (greylisting).
 */
bool fct_verdict_is_complaint(const fct_outcome *outcome);

/*
 * Whether a reply refuses the site, not the mail: SPF, DKIM, DMARC, the name of its address, or a
 * list of barred senders; 4yz and 5yz.  RFC 7372, RFC 7505, and the codes of Gmail (.27, .29 to
 * .32, .40) and Microsoft (.509, .511, .515, .606 to .649).
 */
bool fct_verdict_is_setup(const fct_reply *reply);

#endif
