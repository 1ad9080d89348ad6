/* SPDX-License-Identifier: MIT */
/*
 * Writes tags, metadata and the idempotency key of a mail into the header fields that a preset's
 * relay reads.  Other relays never get them.
 */
#ifndef FCT_PROVIDER_H
#define FCT_PROVIDER_H

#include "config/preset.h"
#include "mime/mail.h"

/*
 * Append the fields, each line with its CRLF.  Nothing is appended for NULL or a preset without
 * such fields.
 *
 * key   The mail's idempotency key, or NULL.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE with "tags" or "metadata" as `where` when the
 * provider does not take them.  After an error the buffer's content is useless.
 */
int fct_provider_fields(const struct fct_preset *preset, const fct_labels *labels, const char *key,
                        fct_buf *fields, facteur_error **error);

/*
 * Check whether the relay takes the mail with its tags and metadata.  Returns 0, an error of
 * fct_provider_fields(), or FACTEUR_EMESSAGE with "headers" as `where` when the message has its own
 * field of the name that they need, because the provider reads only the first.
 */
int fct_provider_check(const struct fct_preset *preset, const fct_mail *mail,
                       facteur_error **error);

/*
 * Make the mail that this preset's relay gets, as a reference that the caller owns.  It is the same
 * mail when there is nothing to add.  Returns 0 or an error of fct_provider_fields().
 */
int fct_provider_mail(const struct fct_preset *preset, fct_mail *mail, fct_mail **out,
                      facteur_error **error);

#endif
