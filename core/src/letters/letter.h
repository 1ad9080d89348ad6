/* SPDX-License-Identifier: MIT */
/* Composing letters out of JSON: the order confirmation and the contact-form message. */
#ifndef FCT_LETTER_H
#define FCT_LETTER_H

#include "facteur.h"

/* What the mailer's options give where neither the JSON nor the letter's own options say it; NULL:
 * not set. */
struct fct_letter_defaults {
    const char *from;       /* default_from */
    const char *contact_to; /* contact_to */
    const char *locale;     /* default_locale */
};

/* The contracts of facteur_order_confirmation() and facteur_contact_form(). */
int fct_order_confirmation(const char *json, size_t len, const char *options, size_t options_len,
                           const struct fct_letter_defaults *defaults, facteur_message **out,
                           facteur_error **error);
int fct_contact_form(const char *json, size_t len, const char *options, size_t options_len,
                     const struct fct_letter_defaults *defaults, facteur_message **out,
                     facteur_error **error);

#endif
