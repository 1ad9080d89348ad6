/* SPDX-License-Identifier: MIT */
/*
 * What a mailer signs and encrypts with: the options dkim and smime, read, their keys parsed once.
 * Files and callbacks are asked at the first mail, texts are judged when the mailer is made.
 */
#ifndef FCT_SIGNER_H
#define FCT_SIGNER_H

#include "config/options.h"
#include "mime/mail.h"

typedef struct fct_signer fct_signer;

/* FACTEUR_ECONFIG (`where` is "dkim[0].selector" or the like), FACTEUR_ENOMEM. */
int fct_signer_new(const fct_options *options, fct_signer **out, facteur_error **error);
void fct_signer_free(fct_signer *signer); /* NULL is fine */

/* Not while another thread sends.  FACTEUR_ECONFIG: no signature asks for it. */
int fct_signer_set_source(fct_signer *signer, facteur_key_source source, void *user,
                          facteur_error **error);

/*
 * Replace *mail, made of this message, by what goes out: encrypted, signed, or as it is.  The same
 * message to the same recipients is not signed twice.
 *
 * FACTEUR_ECONFIG, FACTEUR_EMESSAGE, FACTEUR_EIO, FACTEUR_ENOMEM: *mail is as it was, and must not
 * be sent.
 */
int fct_signer_seal(fct_signer *signer, facteur_message *message, fct_mail **mail,
                    facteur_error **error);

#endif
