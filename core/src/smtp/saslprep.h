/* SPDX-License-Identifier: MIT */
/* User names and passwords as SASL mechanisms compare them (RFC 4013). */
#ifndef FCT_SASLPREP_H
#define FCT_SASLPREP_H

#include "base/bytes.h"

/*
 * Append the text, UTF-8, prepared as a "stored string".  ASCII without controls is as it was.  0;
 * FACTEUR_EMESSAGE when it is not UTF-8, has characters that may be in no password, or is empty
 * when prepared; FACTEUR_ENOMEM.
 */
int fct_saslprep(fct_buf *out, fct_slice text);

#endif
