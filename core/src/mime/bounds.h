/* SPDX-License-Identifier: MIT */
/* What a site lets a mail have, within the caps of mime/limits.h. */
#ifndef FCT_BOUNDS_H
#define FCT_BOUNDS_H

#include "mime/message.h"

struct fct_bounds {
    uint64_t recipients, parts, header_bytes, message_bytes;
};

/*
 * Look whether what a message was frozen to keeps within the bounds; before signatures.
 * FACTEUR_EMESSAGE with the option as `where`: max_recipients, max_parts, max_header_bytes or
 * max_message_bytes.  FACTEUR_ENOMEM.
 */
int fct_bounds_check(const struct fct_bounds *bounds, const facteur_message *message,
                     fct_mail *mail, facteur_error **error);

#endif
