/* SPDX-License-Identifier: MIT */
/* What the order confirmation and the contact form's letter have in common, and the former's frame.
 */
#include "letters/composed.h"

#include "base/error.h"
#include "letters/words.h"

#include <string.h>

#define FIELD(member, kind)                                                                        \
    {                                                                                              \
#member, kind, offsetof(struct fct_letter_options, member), false, NULL                    \
    }
#define HEADER_NAME_MAX 100 /* bytes of a display name in a header */

static const struct fct_field option_fields[] = {
    FIELD(to, FCT_MAILBOXES), FIELD(from, FCT_MAILBOX), FIELD(reply_to, FCT_MAILBOXES),
    FIELD(locale, FCT_LINE),  FIELD(subject, FCT_LINE), FIELD(message_id, FCT_MAILBOX),
    FIELD(date, FCT_MAILBOX),
};
const struct fct_shape fct_letter_options_shape = {option_fields,
                                                   sizeof option_fields / sizeof option_fields[0],
                                                   sizeof(struct fct_letter_options), NULL};

fct_slice fct_first_of(fct_slice a, fct_slice b, const char *c)
{
    return a.len ? a : b.len ? b : fct_slice_of(c);
}

/* "shop.example", "www.shop": letters or digits, a point, at least two more letters. */
static bool has_domain(fct_slice name)
{
    for (size_t i = 1; i + 2 < name.len; i++) {
        if (name.ptr[i] == '.' && fct_is_alnum((unsigned char)name.ptr[i - 1]) &&
            fct_is_alpha((unsigned char)name.ptr[i + 1]) &&
            fct_is_alpha((unsigned char)name.ptr[i + 2]))
            return true;
    }
    return false;
}

bool fct_is_plain_name(fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '@' ||
            (name.ptr[i] == '/' && i + 1 < name.len && name.ptr[i + 1] == '/'))
            return false;
    }
    return name.len <= HEADER_NAME_MAX && !has_domain(name);
}

void fct_composed_done(struct fct_composed *composed)
{
    fct_buf_done(&composed->text);
    fct_buf_done(&composed->html);
}

static int render(const struct fct_reading *reading, const struct fct_words *words,
                  const struct fct_order *order, const struct fct_letter_options *options,
                  struct fct_composed *composed)
{
    fct_view view;
    int result;

    fct_order_view(order, words->locale, words->arena, &view);
    composed->subject =
        options->subject.len ? options->subject : fct_words_label(words, "subject", &view);
    fct_view_text(&view, "subject", composed->subject);
    if (words->arena->failed)
        return fct_error_nomem(reading->error);
    result = fct_words_render(words, "order.txt", &view, &composed->text, reading->error);
    if (result)
        return result;
    return fct_words_render(words, "order.html", &view, &composed->html, reading->error);
}

int fct_order_compose(const struct fct_reading *reading, const json_t *json,
                      const struct fct_letter_options *options,
                      const struct fct_letter_defaults *defaults, struct fct_order *order,
                      struct fct_composed *composed)
{
    const struct fct_path items = {.name = "items"};
    struct fct_words words = {.arena = reading->arena};
    int result = fct_shape_read(reading, NULL, json, &fct_order_shape, order);

    if (result)
        return result;
    if (!order->items.count)
        return fct_shape_refuse(reading, &items, "expected at least one item, got an empty list");
    result = fct_locale_take(
        fct_first_of(options->locale, order->locale, defaults ? defaults->locale : NULL),
        order->currency, &words.locale, reading->error);
    if (result)
        return result;
    result = fct_order_sum(reading, order, fct_locale_currency_digits(words.locale));
    if (result == 0)
        result = render(reading, &words, order, options, composed);
    fct_locale_put(words.locale);
    return result;
}
