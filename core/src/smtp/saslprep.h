/* SPDX-License-Identifier: MIT */
/* User names and passwords in the form that SASL mechanisms compare (RFC 4013). */
#ifndef FCT_SASLPREP_H
#define FCT_SASLPREP_H

#include "base/bytes.h"

/*
 * Append the text, prepared as a "stored string".  ASCII without control characters stays
 * unchanged.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when the text is not UTF-8, has
 * characters that a password must not have, or is empty after its preparation.
 */
int fct_saslprep(fct_buf *out, fct_slice text);

#endif
