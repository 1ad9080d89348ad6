/* SPDX-License-Identifier: MIT */
/* Domains as they stand on the wire: A-labels (RFC 5891 by way of UTS 46) and address literals. */
#ifndef FCT_IDNA_H
#define FCT_IDNA_H

#include "base/bytes.h"

#include <stdint.h>

/*
 * Append the wire form of a domain: ASCII is checked and kept (A-labels too), anything else is
 * mapped by UTS 46, non-transitional.  One dot at the end goes.
 *
 * why   Receives a static sentence when the domain is refused.
 *
 * 0; FACTEUR_EMESSAGE: no domain (RFC 5321 section 4.1.2); FACTEUR_ENOMEM.
 */
int fct_idna_domain(fct_buf *out, fct_slice domain, const char **why);

/* Whether this is "[192.0.2.1]" or "[IPv6:…]" (RFC 5321 section 4.1.3). */
bool fct_is_address_literal(fct_slice text);

/* Blanks of any script and what is not seen at all, but for the joiners that scripts need. */
bool fct_is_invisible(uint32_t code_point);

#endif
