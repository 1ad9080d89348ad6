/* SPDX-License-Identifier: MIT */
/* The mode of a mailer: who may get mail at all.  Every send of every API passes here. */
#ifndef FCT_POLICY_H
#define FCT_POLICY_H

#include "config/options.h"
#include "mime/mail.h"

enum fct_mode { FCT_MODE_LIVE, FCT_MODE_CAPTURE, FCT_MODE_REDIRECT, FCT_MODE_ALLOWLIST };

/* Texts in wire form. */
struct fct_text_list {
    char **items;
    size_t count;
};

typedef struct fct_policy {
    enum fct_mode mode;
    struct fct_text_list redirect; /* addresses */
    struct fct_text_list allow;    /* addresses, and domains without an "@" */
} fct_policy;

/*
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECONFIG when a mode lacks its list, or when an address or
 * domain is malformed.  fct_policy_done() is needed even then.
 */
int fct_policy_init(fct_policy *policy, const fct_options *options, facteur_error **error);
void fct_policy_done(fct_policy *policy);

/*
 * Returns 0, or FACTEUR_EMESSAGE with "headers" as `where` when the mode chooses the recipients and
 * a header field names others to a provider.
 */
int fct_policy_check(const fct_policy *policy, const fct_mail *mail, facteur_error **error);

/* The policy's decision about a mail. */
struct fct_policy_verdict {
    fct_mail *mail;       /* the mail to send, a reference of the caller; NULL: it goes to nobody */
    const char **refused; /* removed recipients: strings of the original mail; fct_free the array */
    size_t refused_count;
};

/* Returns 0 or FACTEUR_ENOMEM. */
int fct_policy_apply(const fct_policy *policy, fct_mail *mail, struct fct_policy_verdict *verdict);

#endif
