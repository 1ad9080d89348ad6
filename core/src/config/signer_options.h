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
 * source     Whom to ask for keys; NULL with `lazy`.
 * lazy       Receives whether keys come from files or a callback: they are then left out, and the
 *            set is good for nothing but its checks.  NULL: everything is read.
 *
 * FACTEUR_ECONFIG, FACTEUR_ENOMEM: there is nothing to free.
 */
int fct_dkim_set_read(fct_slice json, const struct fct_key_source *source, bool *lazy,
                      bool *wants_source, struct fct_dkim_set **out, facteur_error **error);
void fct_dkim_set_free(struct fct_dkim_set *set); /* NULL is fine */

/* The same for the option smime; `lazy` and a file: *out is NULL. */
int fct_smime_read(fct_slice json, bool *lazy, fct_smime **out, facteur_error **error);

#endif
