/* SPDX-License-Identifier: MIT */
/*
 * Receipts.  All memory that the verdict needs is allocated before the mail goes out, so that a
 * mail that was sent is never reported as something else because memory ran out afterwards.
 */
#ifndef FCT_RECEIPT_H
#define FCT_RECEIPT_H

#include "mime/mail.h"
#include "smtp/session.h"

/*
 * Make a receipt for `mail` (NULL: for a message that could not become a mail).  Its status is
 * temporary until it is filled.
 *
 * refused   The `refused_count` recipients that the policy removed from the envelope; copied.  They
 *           are reported as rejected, with `why`.
 *
 * NULL when memory ran out.
 */
facteur_receipt *fct_receipt_new(fct_mail *mail, const char *relay, const char *const *refused,
                                 size_t refused_count, const char *why);

/*
 * Record the verdict.  Never fails: when memory is short, texts are left out. transcript
 * fct_malloc'ed; the receipt owns it from now on.  May be NULL.
 */
void fct_receipt_fill(facteur_receipt *receipt, const fct_outcome *outcome, unsigned attempts,
                      char *transcript);

/* The mail, or NULL.  Borrowed. */
fct_mail *fct_receipt_mail(const facteur_receipt *receipt);

/* Take the verdict back, because the mail is tried once more. */
void fct_receipt_reset(facteur_receipt *receipt);

/*
 * Name the one of several relays that gave the verdict.  When memory is short, the name of all
 * stays.
 */
void fct_receipt_name_relay(facteur_receipt *receipt, const char *relay);

/* Record a mail that was taken without a relay: all recipients are accepted. */
void fct_receipt_fill_sent(facteur_receipt *receipt, const char *queue_id);

/*
 * Record a mail that waits in an outbox.
 *
 * queue_id     Its row.
 * message_id   NULL, or that of the mail that has had this key before: the mail is a duplicate.
 * durable      Whether its commit waits for the disk.
 *
 * Never fails, as above.
 */
void fct_receipt_fill_queued(facteur_receipt *receipt, const char *queue_id, const char *message_id,
                             bool durable);

/*
 * Name the row of a mail that is in an outbox.  When memory is short, it has no name.
 *
 * key   NULL: none.
 */
void fct_receipt_name_row(facteur_receipt *receipt, const char *id, const char *key);

/*
 * The outbox goes on with a mail whose try did not end it: it is queued, and what the try met with
 * is a note, as is `what`.
 */
void fct_receipt_requeue(facteur_receipt *receipt, const char *what);

/* The disk did not confirm that the mail is in the outbox. */
void fct_receipt_unconfirm(facteur_receipt *receipt);

/* Where the verdict of a mail in doubt may still come from, or NULL.  Lent. */
const fct_later *fct_receipt_late(const facteur_receipt *receipt);

/* Record a mail that was stopped before any relay got it.  `message` may be NULL. */
void fct_receipt_fill_failed(facteur_receipt *receipt, enum facteur_status status, int error,
                             const char *message);

/* The same with the sentence of an error, which begins with its `where`.  `cause` may be NULL. */
void fct_receipt_fill_cause(facteur_receipt *receipt, enum facteur_status status, int error,
                            const facteur_error *cause);

/*
 * Add to the notes that the receipt has from its mail (base/notes.h).  Never fails: when memory is
 * short, the note is left out.
 */
void fct_receipt_note(facteur_receipt *receipt, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Say what stopped a mail before it had a driver.  The receipt says that descriptors or threads are
 * missing.  For a letter (FACTEUR_LETTER in `how`) it also says that memory is missing, or that the
 * configuration cannot be used.  Then 0 is returned.  Any other error is passed on.
 *
 * cause   The error object, taken over.  NULL is fine.
 */
int fct_receipt_answer(facteur_receipt *receipt, unsigned how, int err, facteur_error *cause,
                       facteur_error **error);

/* Whether the machine is short of something. */
bool fct_receipt_is_shortage(int code);

/* Make a facteur_receipt_of_shortage() of an error, which is freed.  Returns 0. */
int fct_receipt_tell_shortage(int code, facteur_receipt **receipt, facteur_error **error);

#endif
