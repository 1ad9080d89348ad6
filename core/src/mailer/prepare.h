/* SPDX-License-Identifier: MIT */
/*
 * Makes a sealed mail of a message.  Bounds, policy, labels, encryption and signature are applied
 * here, once, however often the mail is tried later.
 */
#ifndef FCT_PREPARE_H
#define FCT_PREPARE_H

#include "config/plan.h"

struct fct_prepared {
    fct_mail *mail; /* ready to be sent; NULL: it goes to nobody, and the receipt says why */
    facteur_receipt *receipt; /* of this mail, with the recipients that the policy removed */
};

/*
 * Prepare a message for the mailer that has this plan.  The caller owns both parts of the result.
 *
 * how   As for facteur_submit().  With FACTEUR_LETTER the receipt reports a key that cannot be
 *       read.
 *
 * Returns 0, or FACTEUR_EMESSAGE, FACTEUR_ECONFIG, FACTEUR_EIO or FACTEUR_ENOMEM as facteur_send().
 * After an error `out` is unchanged.
 */
int fct_prepare(const fct_plan *plan, facteur_message *message, unsigned how,
                struct fct_prepared *out, facteur_error **error);

#endif
