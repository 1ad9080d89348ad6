/* SPDX-License-Identifier: MIT */
/*
 * A mail that its caller puts into the outbox and then tries itself, because no worker is alive:
 * its row is leased with the same commit, the doubt is on record before the terminator leaves, and
 * the verdict is recorded after that, also one that comes past the caller's deadline.
 */
#ifndef FCT_OWN_TRY_H
#define FCT_OWN_TRY_H

#include "mailer/engine.h"

struct fct_own_try;

/*
 * Put a mail into the outbox of the plan.
 *
 * message       It was made of this one.
 * receipt       Names the row.  It is filled when the mail is not tried here: queued, a duplicate,
 *               or temporary when nobody knows whether the mail is in the outbox.
 * deadline_us   When the caller has no more time, FCT_NEVER not being one.
 * own           NULL: it is not tried here.
 *
 * Errors, when the mail is certainly not in the outbox: as fct_store_open() and fct_store_begin().
 * FACTEUR_EIO with another `where` than "outbox": a file of the mail cannot be read.
 */
int fct_own_put(fct_engine *engine, const facteur_message *message, fct_mail *mail,
                facteur_receipt *receipt, uint64_t deadline_us, struct fct_own_try **own,
                facteur_error **error);

/*
 * Before the terminators of these mails leave, from within the loop: record that they are in doubt,
 * with one commit.  Returns false where that cannot be done; then `mine` says nothing.
 *
 * mine   For each, whether its row is still leased to it.
 */
bool fct_own_doubt(fct_engine *engine, struct fct_own_try *const *tries, bool *mine, size_t count);

/* Decide what becomes of the row.  The receipt was filled with the same outcome. */
void fct_own_judge(struct fct_own_try *own, const struct fct_task *task, const fct_outcome *outcome,
                   const facteur_receipt *receipt);

/*
 * The try has ended, or never began: record what fct_own_judge() decided, else give the row back.
 * Then the receipt of a mail that the outbox still has says that it is queued.  What cannot be
 * recorded yet is recorded later, as far as the lease allows it.  Takes `own` over.
 *
 * receipt   NULL: nobody wants it.
 */
void fct_own_end(struct fct_own_try *own, facteur_receipt *receipt);

/* Free it without a record, when the engine is gone; its lease runs out.  NULL is fine. */
void fct_own_drop(struct fct_own_try *own);

/* As fct_own_end() for a mail that nobody waits for, without a look at the database. */
void fct_own_leave(struct fct_own_try *own, facteur_receipt *receipt);

/*
 * Record the verdicts that have come since.  Any thread may call it; it costs nothing when there
 * are none.
 *
 * last   The mails' connections are gone: what has no verdict now gets none.
 */
void fct_own_catch_up(fct_engine *engine, bool last);

/* Forget what could not be recorded; the leases run out. */
void fct_own_forget(fct_runtime *runtime);

#endif
