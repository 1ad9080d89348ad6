/* SPDX-License-Identifier: MIT */
/* Makes a mail of a message (the builder of facteur.h): this is called freezing. */
#ifndef FCT_MESSAGE_H
#define FCT_MESSAGE_H

#include "base/secret.h"
#include "mime/mail.h"

/*
 * Facts from outside.  The serialiser gets them as arguments, so that it needs no clock and no
 * random numbers.
 */
struct fct_freeze {
    const char *default_from; /* an address list of one mailbox, or NULL */
    int64_t date_s;           /* Unix seconds for a message without a date */
    unsigned char random[16]; /* for a message without an id */
};

/*
 * Freeze a message: decide its date, id and bytes, and keep them in the message.  Freezing it again
 * gives the same mail.  A field that is set later thaws it.
 *
 * Returns 0, FACTEUR_ENOMEM, FACTEUR_EIO when an attachment's file disappeared, or FACTEUR_EMESSAGE
 * when a part is missing, as From or a recipient.
 */
int fct_message_freeze(facteur_message *message, const struct fct_freeze *facts, fct_mail **out,
                       facteur_error **error);

/* Keep the key that facteur_message_key() returns.  Returns false when memory ran out. */
bool fct_message_keep_key(facteur_message *message, fct_slice key);

/*
 * Say what was mended or left out of the message (base/notes.h).  Its mail and its receipt have the
 * notes that it has when it is frozen, so a frozen message takes no more.  Freezing returns
 * FACTEUR_ENOMEM when a note is missing for lack of memory.
 */
void fct_message_note(facteur_message *message, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Make a letter of the message: a file that cannot be read when it is attached is no error yet.
 * Freezing looks again, each time.
 */
void fct_message_be_letter(facteur_message *message);

/*
 * Keep why there is no recipient in the data that a letter was composed of.  Unless a recipient is
 * set later, freezing fails with this error.  It is taken over.
 */
void fct_message_keep_unaddressed(facteur_message *message, facteur_error *why);

/* Whether freezing failed for that reason. */
bool fct_message_is_unaddressed(const facteur_message *message);

/* Give a new message its first notes, which are copied.  Returns 0 or FACTEUR_ENOMEM. */
int fct_message_take_notes(facteur_message *message, const fct_notes *notes);

/* Whether freezing will use `random`. */
bool fct_message_lacks_id(const facteur_message *message);

/*
 * Make the id and the date that freezing would make, so that a copy of the message is frozen to the
 * same mail.  What cannot be known yet, as the domain of a sender that is not set, stays open.
 *
 * Returns 0, FACTEUR_ENOMEM, or the error of a system without random numbers.
 */
int fct_message_decide(facteur_message *message, facteur_error **error);

/* The id that was made, or NULL; and both made ones for a copy.  Returns false without memory. */
const char *fct_message_made_id(const facteur_message *message);
bool fct_message_make(facteur_message *message, const char *id, const char *date);

/* The message's own S/MIME settings (the field smime), as JSON.  NULL when not given. */
const fct_secret *fct_message_smime(const facteur_message *message);

/*
 * The mail that a signer, known by its number, made of the frozen message.  It is kept until the
 * message thaws, so that every try sends the same signature.  The mail is borrowed.  Returns NULL
 * when there is none or another signer made it.
 */
fct_mail *fct_message_sealed(const facteur_message *message, uint64_t signer);
void fct_message_keep_sealed(facteur_message *message, uint64_t signer, fct_mail *mail);

#endif
