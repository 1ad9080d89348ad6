/* SPDX-License-Identifier: MIT */
/* The order confirmation, from the merchant to the customer. */
#include "letters/letter_kind.h"
#include "letters/order.h"

static int check(const struct fct_reading *reading, void *data)
{
    const struct fct_path items = {.name = "items"};
    const struct fct_order *order = data;

    if (!order->items.count)
        return fct_shape_refuse(reading, &items, "expected at least one item, got an empty list");
    return 0;
}

static int complete(const struct fct_reading *reading, void *data, const fct_locale *locale)
{
    return fct_order_sum(reading, data, fct_locale_currency_digits(locale));
}

static fct_slice show(const struct fct_words *words, const void *data, fct_view *view)
{
    fct_order_view(words, data, view);
    return fct_words_label(words, "order_subject", view);
}

const struct fct_letter_kind fct_letter_order_confirmation = {
    .name = "order_confirmation",
    .schema = "order",
    .shape = &fct_order_shape,
    .text = "order_confirmation.txt",
    .html = "order_confirmation.html",
    .from = {"merchant.name", "merchant.email", .own = true},
    .to = {"customer.name", "customer.email", false},
    .reply_to = {"merchant.name", "merchant.reply_to", .own = true},
    .key = {"merchant.name", "number"},
    .check = check,
    .complete = complete,
    .show = show,
};
