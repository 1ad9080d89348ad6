/* SPDX-License-Identifier: MIT */
/* The limits that a site sets for its mails, within the caps of mime/limits.h. */
#ifndef FCT_BOUNDS_H
#define FCT_BOUNDS_H

#include "mime/message.h"

struct fct_bounds {
    uint64_t recipients, parts, header_bytes, message_bytes;
};

/*
 * Check a frozen message against the bounds.  This is done before it is signed.  Returns 0,
 * FACTEUR_ENOMEM, or FACTEUR_EMESSAGE with the passed option as `where`: max_recipients, max_parts,
 * max_header_bytes or max_message_bytes.
 */
int fct_bounds_check(const struct fct_bounds *bounds, const facteur_message *message,
                     fct_mail *mail, facteur_error **error);

#endif
