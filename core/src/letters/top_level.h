/* SPDX-License-Identifier: MIT */
/* Top-level domains that mail programs turn into links when they stand behind a point. */
#ifndef FCT_TOP_LEVEL_H
#define FCT_TOP_LEVEL_H

#include "base/bytes.h"

/*
 * Whether a label in lower case, UTF-8, is one.  The countries' are known, and the generic ones
 * that people or senders of spam use; the list has no claim to be whole.
 */
bool fct_top_level_is(fct_slice label);

#endif
