/* SPDX-License-Identifier: MIT */
/* Addresses that nobody reads, such as noreply@shop.example. */
#ifndef FCT_NO_REPLY_H
#define FCT_NO_REPLY_H

#include "base/bytes.h"

/* Whether the mailbox, with or without a display name, says so of itself, in any usual language. */
bool fct_is_no_reply(fct_slice mailbox);

#endif
