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

#endif
