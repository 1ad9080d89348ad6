/* SPDX-License-Identifier: MIT */
/* Tags, metadata and the idempotency key of a mail in the header fields that a preset's relay
 * reads; others never see them. */
#ifndef FCT_PROVIDER_H
#define FCT_PROVIDER_H

#include "config/preset.h"
#include "mime/mail.h"

/*
 * Append the fields, each line ended by CRLF; none for a preset (or NULL) that has no such fields.
 *
 * key   The mail's idempotency key, or NULL.
 *
 * FACTEUR_EMESSAGE with "tags" or "metadata" as `where`: the provider does not take them so.
 * FACTEUR_ENOMEM.  After either the buffer's content means nothing.
 */
int fct_provider_fields(const struct fct_preset *preset, const fct_labels *labels, const char *key,
                        fct_buf *fields, facteur_error **error);

/*
 * Whether the relay takes the mail with its tags and metadata: what fct_provider_fields() refuses,
 * and FACTEUR_EMESSAGE with "headers" where the message brings a field of its own that they would
 * be in, since the provider reads only the first.
 */
int fct_provider_check(const struct fct_preset *preset, const fct_mail *mail,
                       facteur_error **error);

/*
 * The mail as this preset's relay gets it, with a reference of its own: the same where there is
 * nothing to add.  The errors of fct_provider_fields().
 */
int fct_provider_mail(const struct fct_preset *preset, fct_mail *mail, fct_mail **out,
                      facteur_error **error);

#endif
