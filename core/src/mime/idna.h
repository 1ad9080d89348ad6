/* SPDX-License-Identifier: MIT */
/* Domains in wire form: A-labels (RFC 5891 through UTS 46) and address literals. */
#ifndef FCT_IDNA_H
#define FCT_IDNA_H

#include "base/bytes.h"

#include <stdint.h>

/*
 * Append the wire form of a domain.  ASCII, A-labels included, is checked and kept.  Anything else
 * is mapped by UTS 46, non-transitional.  One dot at the end is removed.
 *
 * why   Receives a static sentence when the domain is refused.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when the text is not a domain (RFC 5321 section
 * 4.1.2).
 */
int fct_idna_domain(fct_buf *out, fct_slice domain, const char **why);

/* Whether this is "[192.0.2.1]" or "[IPv6:…]" (RFC 5321 section 4.1.3). */
bool fct_is_address_literal(fct_slice text);

/*
 * Whether a character is a blank of any script or cannot be seen at all.  The joiners that some
 * scripts need do not count.
 */
bool fct_is_invisible(uint32_t code_point);

#endif
