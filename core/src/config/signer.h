/* SPDX-License-Identifier: MIT */
/*
 * The keys with which a mailer signs and encrypts: reads the options dkim and smime and parses
 * their keys once.  Keys given as text are checked when the mailer is made; files and callbacks are
 * read at the first mail.
 */
#ifndef FCT_SIGNER_H
#define FCT_SIGNER_H

#include "config/options.h"
#include "mime/mail.h"

typedef struct fct_signer fct_signer;

/* Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECONFIG with a `where` such as "dkim[0].selector". */
int fct_signer_new(const fct_options *options, fct_signer **out, facteur_error **error);
void fct_signer_free(fct_signer *signer); /* NULL is fine */

/*
 * Set the callback that gives keys.  No other thread may send meanwhile.  Returns 0, or
 * FACTEUR_ECONFIG when no signature needs a callback.
 */
int fct_signer_set_source(fct_signer *signer, facteur_key_source source, void *user,
                          facteur_error **error);

/*
 * Replace *mail, which was made of this message, by the mail to send: encrypted, signed or
 * unchanged. The same message to the same recipients is not signed twice.
 *
 * Returns 0, FACTEUR_ECONFIG, FACTEUR_EMESSAGE, FACTEUR_EIO or FACTEUR_ENOMEM.  After an error
 * *mail is unchanged and must not be sent.
 */
int fct_signer_seal(fct_signer *signer, facteur_message *message, fct_mail **mail,
                    facteur_error **error);

#endif
