/* SPDX-License-Identifier: MIT */
/* What a mail asks of the relay besides delivery: the parameters of MAIL and RCPT. */
#ifndef FCT_TERMS_H
#define FCT_TERMS_H

#include "base/bytes.h"
#include "facteur.h"

#include <stdint.h>

#define FCT_ENVID_MAX 100 /* RFC 3461 section 4.4, as xtext */

enum fct_term {
    FCT_TERM_NOTIFY = 1,      /* dsn_notify (RFC 3461 section 4.1) */
    FCT_TERM_RETURN = 2,      /* dsn_return (section 4.3) */
    FCT_TERM_ENVID = 4,       /* envelope_id (section 4.4) */
    FCT_TERM_REQUIRETLS = 8,  /* require_tls (RFC 8689) */
    FCT_TERM_DELIVERBY = 16,  /* deliver_by (RFC 2852) */
    FCT_TERM_MT_PRIORITY = 32 /* mt_priority (RFC 6710) */
};

enum fct_notify {
    FCT_NOTIFY_NEVER = 1,
    FCT_NOTIFY_SUCCESS = 2,
    FCT_NOTIFY_FAILURE = 4,
    FCT_NOTIFY_DELAY = 8
};

/* All zero asks nothing. */
typedef struct fct_terms {
    unsigned asked;   /* enum fct_term */
    unsigned waived;  /* those of them that may be left out when a relay does not offer them */
    unsigned notify;  /* enum fct_notify */
    bool return_full; /* RET=FULL, else HDRS */
    bool by_notify;   /* after the time: notify the sender and go on, else return the mail */
    uint32_t by_s;    /* 1 to 999999999 */
    int priority;     /* -9 to 9 */
    char envid[FCT_ENVID_MAX + 1]; /* xtext */
} fct_terms;

/*
 * Set one term by its field's name.  An empty value takes it back.  A "?" at the end waives it: a
 * relay that does not offer the term gets the mail without it.
 *
 * Returns 0, or FACTEUR_EMESSAGE with the form that the field must have; then nothing is changed.
 */
int fct_terms_set(fct_terms *terms, const char *field, fct_slice value, facteur_error **error);

/*
 * Append the text with which fct_terms_set() makes this term, not for require_tls.  Returns false
 * when the term is not asked; then what was appended says nothing.
 */
bool fct_terms_text(const fct_terms *terms, const char *field, fct_buf *out);

/* Whether fct_terms_set() could have made these terms. */
bool fct_terms_good(const fct_terms *terms);

/* Append as xtext (RFC 3461 section 4). */
void fct_xtext_add(fct_buf *out, fct_slice text);

#endif
