/* SPDX-License-Identifier: MIT */
/* The letters of facteur.h: what the mailer's options give, handed to the composers. */
#include "letters/letter.h"
#include "mailer/engine.h"

static struct fct_letter_defaults defaults_of(const facteur_mailer *mailer)
{
    const fct_plan *plan;

    if (!mailer)
        return (struct fct_letter_defaults){0};
    plan = &mailer->engine->plan;
    return (struct fct_letter_defaults){
        .from = plan->default_from,
        .contact_to = plan->contact_to,
        .locale = plan->default_locale,
    };
}

int facteur_order_confirmation(const facteur_mailer *mailer, const char *json, size_t len,
                               const char *options, size_t options_len, facteur_message **out,
                               facteur_error **error)
{
    struct fct_letter_defaults defaults = defaults_of(mailer);

    return fct_order_confirmation(json, len, options, options_len, &defaults, out, error);
}

int facteur_contact_form(const facteur_mailer *mailer, const char *json, size_t len,
                         const char *options, size_t options_len, facteur_message **out,
                         facteur_error **error)
{
    struct fct_letter_defaults defaults = defaults_of(mailer);

    return fct_contact_form(json, len, options, options_len, &defaults, out, error);
}
