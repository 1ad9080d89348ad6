/* SPDX-License-Identifier: MIT */
/* From a composed letter to a message: who writes, who receives, who is answered. */
#include "letters/letter.h"

#include "base/error.h"
#include "letters/composed.h"

struct letter {
    fct_arena arena;
    struct fct_reading reading;
    const struct fct_letter_defaults *defaults;
    json_t *json;
    json_t *options_json;
    struct fct_letter_options options;
    struct fct_composed composed;
    facteur_message *message;
};

static int letter_open(struct letter *letter, const char *json, size_t len, const char *options,
                       size_t options_len, const struct fct_letter_defaults *defaults,
                       facteur_error **error)
{
    static const struct fct_letter_defaults none;
    int result;

    letter->reading = (struct fct_reading){&letter->arena, error};
    letter->defaults = defaults ? defaults : &none;
    result = fct_json_load(json, len, &letter->json, error);
    if (result == 0 && options) {
        result = fct_json_load(options, options_len, &letter->options_json, error);
        if (result)
            fct_error_prefix(error, "options");
    }
    if (result == 0 && options)
        result = fct_shape_read(&letter->reading, NULL, letter->options_json,
                                &fct_letter_options_shape, &letter->options);
    return result;
}

static int letter_close(struct letter *letter, int result, facteur_message **out)
{
    if (result == 0)
        *out = letter->message;
    else
        facteur_message_free(letter->message);
    fct_composed_done(&letter->composed);
    json_decref(letter->json);
    json_decref(letter->options_json);
    fct_arena_done(&letter->arena);
    return result;
}

static int set(struct letter *letter, const char *field, fct_slice value)
{
    if (!value.len)
        return 0;
    return facteur_message_set(letter->message, field, value.ptr, value.len, letter->reading.error);
}

static int set_list(struct letter *letter, const char *field, const struct fct_series *list)
{
    const fct_slice *texts = list->at;
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++)
        result = set(letter, field, texts[i]);
    return result;
}

/* One mailbox out of the JSON; an error names the place there, not the header. */
static int add_mailbox(struct letter *letter, const char *field, fct_slice name, fct_slice address,
                       const char *where)
{
    facteur_error *inner = NULL;
    int result;

    if (!fct_is_plain_name(name))
        name = (fct_slice){0};
    result = facteur_message_add_mailbox(letter->message, field, name.len ? name.ptr : NULL,
                                         name.len, address.ptr, address.len, &inner);
    if (result == FACTEUR_ENOMEM)
        fct_error_nomem(letter->reading.error);
    else if (result)
        fct_error_set(letter->reading.error, result, where, "%s",
                      inner ? facteur_error_message(inner) : facteur_error_text(result));
    facteur_error_free(inner);
    return result;
}

/* Whether a list of addresses holds any text. */
static bool is_given(const struct fct_series *list)
{
    const fct_slice *texts = list->at;

    for (size_t i = 0; i < list->count; i++) {
        if (fct_slice_trim(texts[i]).len)
            return true;
    }
    return false;
}

/* What both letters have: the parts, the options, and the mark of RFC 3834. */
static int build(struct letter *letter)
{
    int result;

    letter->message = facteur_message_new();
    if (!letter->message)
        return fct_error_nomem(letter->reading.error);
    result = set(letter, "subject", letter->composed.subject);
    if (result == 0)
        result =
            set(letter, "text", (fct_slice){letter->composed.text.ptr, letter->composed.text.len});
    if (result == 0)
        result =
            set(letter, "html", (fct_slice){letter->composed.html.ptr, letter->composed.html.len});
    if (result == 0)
        result = set(letter, "message_id", letter->options.message_id);
    if (result == 0)
        result = set(letter, "date", letter->options.date);
    if (result == 0)
        result = set(letter, "from",
                     fct_first_of(letter->options.from, (fct_slice){0}, letter->defaults->from));
    if (result == 0)
        result = set_list(letter, "to", &letter->options.to);
    if (result == 0)
        result = set_list(letter, "reply_to", &letter->options.reply_to);
    if (result == 0)
        result = facteur_message_add_header(letter->message, "Auto-Submitted", "auto-generated",
                                            FACTEUR_NTS, letter->reading.error);
    return result;
}

/* The merchant writes, unless another sender is configured; the customer receives. */
static int address_order(struct letter *letter, const struct fct_order *order)
{
    const struct fct_merchant *merchant = order->merchant;
    const struct fct_customer *customer = order->customer;
    const struct fct_path email = {.up = &(struct fct_path){.name = "customer"}, .name = "email"};
    int result = 0;

    if (!letter->options.from.len && !fct_slice_of(letter->defaults->from).len &&
        merchant->email.len)
        result = add_mailbox(letter, "from", merchant->name, merchant->email, "merchant.email");
    if (result == 0 && !is_given(&letter->options.reply_to) && merchant->reply_to.len)
        result = add_mailbox(letter, "reply_to", merchant->name, merchant->reply_to,
                             "merchant.reply_to");
    if (result || is_given(&letter->options.to))
        return result;
    if (!customer || !customer->email.len)
        return fct_shape_refuse(&letter->reading, &email,
                                "missing: the letter has nobody to go to; give it, or the option "
                                "\"to\"");
    return add_mailbox(letter, "to", customer->name, customer->email, "customer.email");
}

int fct_order_confirmation(const char *json, size_t len, const char *options, size_t options_len,
                           const struct fct_letter_defaults *defaults, facteur_message **out,
                           facteur_error **error)
{
    struct letter letter = {0};
    struct fct_order order = {0};
    int result = letter_open(&letter, json, len, options, options_len, defaults, error);

    if (result == 0)
        result = fct_order_compose(&letter.reading, letter.json, &letter.options, letter.defaults,
                                   &order, &letter.composed);
    if (result == 0)
        result = build(&letter);
    if (result == 0)
        result = address_order(&letter, &order);
    return letter_close(&letter, result, out);
}

/* The visitor is never the sender, only the one who is answered: anything else breaks DMARC. */
static int address_contact(struct letter *letter, const struct fct_contact *form)
{
    const struct fct_path to = {.name = "to"};
    fct_slice contact_to = fct_slice_of(letter->defaults->contact_to);
    int result = 0;

    if (!is_given(&letter->options.to) && !contact_to.len)
        return fct_shape_refuse(&letter->reading, &to,
                                "missing: set the mailer's option contact_to, or give \"to\"");
    if (!is_given(&letter->options.to))
        result = set(letter, "to", contact_to);
    if (result == 0 && !is_given(&letter->options.reply_to) && form->email.len)
        result = add_mailbox(letter, "reply_to", form->name, form->email, "email");
    return result;
}

int fct_contact_form(const char *json, size_t len, const char *options, size_t options_len,
                     const struct fct_letter_defaults *defaults, facteur_message **out,
                     facteur_error **error)
{
    struct letter letter = {0};
    struct fct_contact form = {0};
    int result = letter_open(&letter, json, len, options, options_len, defaults, error);

    if (result == 0)
        result = fct_contact_compose(&letter.reading, letter.json, &letter.options, letter.defaults,
                                     &form, &letter.composed);
    if (result == 0)
        result = build(&letter);
    if (result == 0)
        result = address_contact(&letter, &form);
    return letter_close(&letter, result, out);
}
