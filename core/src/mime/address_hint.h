/* SPDX-License-Identifier: MIT */
/* What somebody who typed an address into a form probably meant.  No network is asked. */
#ifndef FCT_ADDRESS_HINT_H
#define FCT_ADDRESS_HINT_H

#include "base/bytes.h"

/*
 * Append an address, in the form of the wire, that was probably meant: blanks and signs that slip
 * in are taken out, well-known domains and endings with one slip of the finger are put right.
 * Nothing is appended when there is nothing better to say.
 *
 * doubt   Receives a static sentence when a domain, although it can be on the wire, is doubtful;
 *         else NULL.
 *
 * 0 or FACTEUR_ENOMEM.
 */
int fct_address_hint(fct_buf *hint, fct_slice typed, const char **doubt);

#endif
