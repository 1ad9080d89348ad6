/* SPDX-License-Identifier: MIT */
/*
 * A sealed mail as bytes, to be kept and sent later, perhaps by another process or release:
 * envelope, terms, labels and the whole content, that of its files too.  What was decided about the
 * mail (policy, encryption, signature) is in the bytes and is not decided again.
 *
 * The form (docs/decisions.md): "fctmail", the version, fields in a fixed order, and the SHA-256 of
 * everything before it.  Numbers are little-endian; a text has its length before it and a NUL
 * behind it.
 */
#ifndef FCT_SEALED_H
#define FCT_SEALED_H

#include "mime/mail.h"

#define FCT_SEALED_VERSION 1 /* the one that is written */

/*
 * Append the stored form.  0; FACTEUR_EIO with `where` "attachments": a file changed or went away
 * since the message was frozen; FACTEUR_ENOMEM.  After either the buffer's content means nothing.
 */
int fct_mail_store(fct_mail *mail, fct_buf *out, facteur_error **error);

/*
 * The mail again, with one reference.  On the wire it is octet by octet the one that was stored.
 *
 * bytes   Read in full, nothing of them is kept.  Whoever could write them is a stranger: an
 *         envelope or a line end by which SMTP commands could be smuggled is refused as a damaged
 *         byte is.
 *
 * FACTEUR_EMESSAGE: no stored mail, of a later version, damaged, or one that fct_mail_store() would
 * not have written; the error says which.  FACTEUR_ENOMEM.
 */
int fct_mail_load(const void *bytes, size_t len, fct_mail **out, facteur_error **error);

#endif
