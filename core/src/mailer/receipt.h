/* SPDX-License-Identifier: MIT */
/*
 * Receipts.  All memory that the verdict needs is taken before the mail goes out: a mail that was
 * sent is never reported as something else because memory ran out afterwards.
 */
#ifndef FCT_RECEIPT_H
#define FCT_RECEIPT_H

#include "mime/mail.h"
#include "smtp/session.h"

/*
 * A receipt for `mail` (NULL: for a message that could not become one), temporary until it is
 * filled.
 *
 * refused   Recipients that the policy took out of the envelope, `refused_count` of them, copied;
 * they are told as rejected, with `why`.
 *
 * NULL when memory ran out.
 */
facteur_receipt *fct_receipt_new(fct_mail *mail, const char *relay, const char *const *refused,
                                 size_t refused_count, const char *why);

/*
 * Take the verdict over.  Never fails: where memory is short, texts are left out.
 * transcript   fct_malloc'ed, the receipt's from now on; may be NULL.
 */
void fct_receipt_fill(facteur_receipt *receipt, const fct_outcome *outcome, unsigned attempts,
                      char *transcript);

/* Take the verdict back: the mail is tried once more. */
void fct_receipt_reset(facteur_receipt *receipt);

/* The one of several relays that gave the verdict; without memory for it the name of all stays. */
void fct_receipt_name_relay(facteur_receipt *receipt, const char *relay);

/* A mail that went where no relay is: all recipients accepted. */
void fct_receipt_fill_sent(facteur_receipt *receipt, const char *queue_id);

/* A mail that was stopped before any relay saw it; `message` may be NULL. */
void fct_receipt_fill_failed(facteur_receipt *receipt, enum facteur_status status, int error,
                             const char *message);

/* The same with the sentence of an error, which begins with its place; `cause` may be NULL. */
void fct_receipt_fill_cause(facteur_receipt *receipt, enum facteur_status status, int error,
                            const facteur_error *cause);

/*
 * What stopped a mail before it had a driver.  A letter (FACTEUR_LETTER in `how`) never fails for
 * the configuration: its receipt tells, and 0 is returned.  Anything else is handed on.
 *
 * cause   The error object, taken over; NULL is fine.
 */
int fct_receipt_answer(facteur_receipt *receipt, unsigned how, int err, facteur_error *cause,
                       facteur_error **error);

#endif
