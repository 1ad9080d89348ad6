/* SPDX-License-Identifier: MIT */
/* The letter functions of facteur.h: pass the values of the mailer's options to the composers. */
#include "letters/letter.h"
#include "letters/letter_kind.h"
#include "mailer/engine.h"
#include "mailer/receipt.h"

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

int facteur_letter(const facteur_mailer *mailer, const char *kind, const char *json, size_t len,
                   const char *options, size_t options_len, facteur_message **out,
                   facteur_error **error)
{
    struct fct_letter_defaults defaults = defaults_of(mailer);

    return fct_letter_compose(kind, json, len, options, options_len, &defaults, out, error);
}

const char *const *facteur_letter_kinds(void)
{
    return fct_letter_kind_names;
}

int facteur_send_letter(facteur_mailer *mailer, const char *kind, const char *json, size_t len,
                        const char *options, size_t options_len, double deadline,
                        facteur_receipt **receipt, facteur_error **error)
{
    facteur_message *message;
    int result = facteur_letter(mailer, kind, json, len, options, options_len, &message, error);

    if (fct_receipt_is_shortage(result))
        return fct_receipt_tell_shortage(result, receipt, error);
    if (result)
        return result;
    result = facteur_send_composed(mailer, message, deadline, receipt, error);
    facteur_message_free(message);
    return result;
}

int facteur_order_confirmation(const facteur_mailer *mailer, const char *json, size_t len,
                               const char *options, size_t options_len, facteur_message **out,
                               facteur_error **error)
{
    return facteur_letter(mailer, "order_confirmation", json, len, options, options_len, out,
                          error);
}

int facteur_contact_form(const facteur_mailer *mailer, const char *json, size_t len,
                         const char *options, size_t options_len, facteur_message **out,
                         facteur_error **error)
{
    return facteur_letter(mailer, "contact_form", json, len, options, options_len, out, error);
}
