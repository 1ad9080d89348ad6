/* SPDX-License-Identifier: MIT */
/* What an outcome says about the relay, beside what it says about the mail. */
#ifndef FCT_VERDICT_H
#define FCT_VERDICT_H

#include "smtp/session.h"

/*
 * Whether another relay may take the mail: certainly not sent, and it was this relay, not a
 * recipient nor the mail itself, that stood in the way.
 */
bool fct_verdict_moves_on(const fct_outcome *outcome);

/* The way to the relay was not open: connection, TLS, greeting, EHLO, login. */
bool fct_verdict_is_closed_way(const fct_outcome *outcome);

/* The relay said something about the mail. */
bool fct_verdict_is_reached(const fct_outcome *outcome);

/* The relay asks for fewer mails: 421, 4.7.x (RFC 3463 section 3.8).  To RCPT they are about that
 * recipient (greylisting). */
bool fct_verdict_is_complaint(const fct_outcome *outcome);

#endif
