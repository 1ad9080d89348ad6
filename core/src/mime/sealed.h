/* SPDX-License-Identifier: MIT */
/*
 * A sealed mail as bytes.  It can be kept and sent later, also by another process or release.  The
 * bytes hold the envelope, the terms, the labels, the notes and the whole content with its files.
 * Policy, encryption and signature have been applied and are not applied again.
 *
 * The form (docs/decisions.md): "fctmail", the version, fields in a fixed order, and the SHA-256 of
 * everything before it.  Numbers are little-endian.  A text has its length before it and a NUL
 * after it.
 */
#ifndef FCT_SEALED_H
#define FCT_SEALED_H

#include "mime/mail.h"

#define FCT_SEALED_VERSION 2 /* the one that is written; 1, which has no notes, is read as well */
#define FCT_SEALED_VERSION_PLAIN 3 /* with a second form (fct_mail_plain()) behind the first */

/*
 * Append the stored form.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EIO with `where` "attachments"
 * when a file changed or disappeared since the message was frozen.  After an error the buffer's
 * content is useless.
 */
int fct_mail_store(fct_mail *mail, fct_buf *out, facteur_error **error);

/*
 * Make the mail again, with one reference.  On the wire it has the same octets as the mail that was
 * stored.
 *
 * bytes   Read in full and not kept.  They are not trusted: an envelope or a line end that could
 *         smuggle SMTP commands is refused, as a damaged byte is.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when the bytes are not a stored mail, have a later
 * version, are damaged, or are such as fct_mail_store() does not write.  The error says which.
 */
int fct_mail_load(const void *bytes, size_t len, fct_mail **out, facteur_error **error);

#endif
