/* SPDX-License-Identifier: MIT */
/*
 * From a message to a sealed mail: everything that is decided once, before anything moves.  Bounds,
 * policy, labels, encryption and signature; nothing of it is done again, however often the mail is
 * tried.
 */
#ifndef FCT_PREPARE_H
#define FCT_PREPARE_H

#include "config/plan.h"

struct fct_prepared {
    fct_mail *mail; /* ready for the wire; NULL: it goes to nobody, and the receipt says why */
    facteur_receipt *receipt; /* of this mail, with the recipients whom the policy took out */
};

/*
 * Prepare a message for the mailer that has this plan.  Both parts of the result are the caller's.
 *
 * how   As for facteur_submit().  With FACTEUR_LETTER a key that cannot be read is told by the
 *       receipt.
 *
 * FACTEUR_EMESSAGE, FACTEUR_ECONFIG, FACTEUR_EIO, FACTEUR_ENOMEM: as facteur_send(); `out` is as it
 * was.
 */
int fct_prepare(const fct_plan *plan, facteur_message *message, unsigned how,
                struct fct_prepared *out, facteur_error **error);

#endif
