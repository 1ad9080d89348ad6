/* SPDX-License-Identifier: MIT */
/* Makes a message of a letter of any kind, from JSON. */
#ifndef FCT_LETTER_H
#define FCT_LETTER_H

#include "facteur.h"

/*
 * Values of the mailer's options, used if neither the JSON nor the letter's own options give one.
 * NULL: not set.
 */
struct fct_letter_defaults {
    const char *from;       /* default_from */
    const char *contact_to; /* contact_to */
    const char *locale;     /* default_locale */
};

/* The contract of facteur_letter(). */
int fct_letter_compose(const char *kind, const char *json, size_t len, const char *options,
                       size_t options_len, const struct fct_letter_defaults *defaults,
                       facteur_message **out, facteur_error **error);

#endif
