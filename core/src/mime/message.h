/* SPDX-License-Identifier: MIT */
/* Freezing a message (the builder of facteur.h) into a mail. */
#ifndef FCT_MESSAGE_H
#define FCT_MESSAGE_H

#include "base/secret.h"
#include "mime/mail.h"

/* Outside facts, given so that the serialiser itself has neither clock nor chance. */
struct fct_freeze {
    const char *default_from; /* an address list with one mailbox, or NULL */
    int64_t date_s;           /* Unix seconds for a message without a date */
    unsigned char random[16]; /* for a message without an id */
};

/*
 * Freeze: the date, the id and the bytes are decided and kept in the message, so that freezing
 * again gives the same mail.  Setting a field afterwards thaws it.
 *
 * FACTEUR_EMESSAGE: no From, no recipient, …; FACTEUR_EIO: an attachment's file went away.
 */
int fct_message_freeze(facteur_message *message, const struct fct_freeze *facts, fct_mail **out,
                       facteur_error **error);

/* What facteur_message_key() tells; false when memory ran out. */
bool fct_message_keep_key(facteur_message *message, fct_slice key);

/* Whether the freezing will use `random`. */
bool fct_message_lacks_id(const facteur_message *message);

/* S/MIME for this message alone (the field smime), as JSON; NULL: not given. */
const fct_secret *fct_message_smime(const facteur_message *message);

/*
 * What a signer, known by its number, made of the frozen message; kept until the message thaws, so
 * that every try sends the same signature.  Borrowed; NULL: nothing, or another signer's.
 */
fct_mail *fct_message_sealed(const facteur_message *message, uint64_t signer);
void fct_message_keep_sealed(facteur_message *message, uint64_t signer, fct_mail *mail);

#endif
