/* SPDX-License-Identifier: MIT */
/* The mode of a mailer: who may get mail at all.  Every send passes here, below every API. */
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

/* FACTEUR_ECONFIG: a mode without its list, an address or domain that is none. */
int fct_policy_init(fct_policy *policy, const fct_options *options, facteur_error **error);
void fct_policy_done(fct_policy *policy);

/*
 * FACTEUR_EMESSAGE, where "headers": in a mode that chooses the recipients, a header field by which
 * a provider is told of others.
 */
int fct_policy_check(const fct_policy *policy, const fct_mail *mail, facteur_error **error);

/* What the policy made of a mail. */
struct fct_policy_verdict {
    fct_mail *mail; /* to be sent; the caller's reference.  NULL: to nobody */
    const char *
        *refused; /* recipients taken out: the original mail's strings; fct_free the array */
    size_t refused_count;
};

/* 0, or FACTEUR_ENOMEM. */
int fct_policy_apply(const fct_policy *policy, fct_mail *mail, struct fct_policy_verdict *verdict);

#endif
