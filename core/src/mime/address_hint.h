/* SPDX-License-Identifier: MIT */
/* The address that somebody who filled in a form probably meant.  It does not use the network. */
#ifndef FCT_ADDRESS_HINT_H
#define FCT_ADDRESS_HINT_H

#include "base/bytes.h"

/*
 * Append, in wire form, the address that was probably meant.  Stray blanks and signs are removed; a
 * single typing error in a well-known domain or ending is corrected.  Nothing is appended when
 * there is nothing to correct.
 *
 * doubt   Receives a static sentence when the domain is valid but doubtful; else NULL.
 *
 * Returns 0 or FACTEUR_ENOMEM.
 */
int fct_address_hint(fct_buf *hint, fct_slice typed, const char **doubt);

#endif
