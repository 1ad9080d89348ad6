/* SPDX-License-Identifier: MIT */
/* The options dkim and smime, read from their JSON. */
#ifndef FCT_SIGNER_OPTIONS_H
#define FCT_SIGNER_OPTIONS_H

#include "mime/dkim.h"
#include "mime/smime.h"

/* The signatures of one mailer. */
struct fct_dkim_set {
    struct fct_dkim_signature *signatures;
    struct fct_dkim_owned *owned; /* what they point to */
    size_t count;
};

struct fct_key_source {
    facteur_key_source ask;
    void *user;
};

/*
 * Read the option dkim.
 *
 * source     The callback that gives keys; NULL with `lazy`.
 * lazy       Receives whether keys come from files or a callback.  These keys are then left out,
 *            and the set serves only to check the option.  NULL: everything is read.
 *
 * Returns 0, FACTEUR_ECONFIG or FACTEUR_ENOMEM.  After an error there is nothing to free.
 */
int fct_dkim_set_read(fct_slice json, const struct fct_key_source *source, bool *lazy,
                      bool *wants_source, struct fct_dkim_set **out, facteur_error **error);
void fct_dkim_set_free(struct fct_dkim_set *set); /* NULL is fine */

/* The same for the option smime.  With `lazy`, *out is NULL when a file must be read. */
int fct_smime_read(fct_slice json, bool *lazy, fct_smime **out, facteur_error **error);

#endif
