/* SPDX-License-Identifier: MIT */
/* The view for the order templates.  Every amount is formatted once, for the text and the HTML. */
#include "letters/layout.h"
#include "letters/order.h"
#include "letters/plain_name.h"
#include "letters/words.h"

#include <stdint.h>
#include <string.h>

#define ITEM_FIELDS 10
#define SUM_FIELDS 3

static const char dot[] = " \xc2\xb7 ";

struct sums {
    const struct fct_words *words;
    fct_view *views;
    size_t count;
};

static fct_slice row(fct_arena *arena, fct_slice left, fct_slice right)
{
    fct_layout_row(&arena->scratch, left, right);
    return fct_arena_take(arena, &arena->scratch);
}

/* In the digits of its currency: nobody pays 72.639999. */
static fct_slice sum(const struct fct_words *words, fct_decimal amount)
{
    if (!amount.set)
        return (fct_slice){0};
    amount = fct_decimal_round(amount, fct_locale_currency_digits(words->locale));
    return fct_locale_money(words->locale, words->arena, amount);
}

/* A price of one may have more digits, "0.0185", but no zeros behind them. */
static fct_slice unit_price(const struct fct_words *words, fct_decimal price)
{
    return fct_locale_money(words->locale, words->arena, fct_decimal_shorten(price));
}

static bool is_one(fct_decimal quantity)
{
    fct_decimal rest;

    return fct_decimal_subtract(quantity, fct_decimal_of(1), &rest) && fct_decimal_sign(rest) == 0;
}

static void view_item(const struct fct_words *words, const struct fct_item *item, fct_view *view)
{
    fct_slice quantity = fct_locale_number(words->locale, words->arena, item->quantity);
    fct_slice total = sum(words, item->total), each = {0}, details, title;

    if (item->unit_price.set && !is_one(item->quantity))
        each =
            fct_words_with(words, "each", "price", unit_price(words, item->unit_price), NULL, each);
    details = fct_words_pairs(words, &item->options, dot);
    if (item->sku.len)
        details = fct_words_join(words, details, dot,
                                 fct_words_with(words, "sku", "sku", item->sku, NULL, each));
    title = fct_words_with(words, "quantity_of", "quantity", quantity, "name", item->name);
    fct_view_text(view, "name", item->name);
    fct_view_text(view, "title", title);
    fct_view_text(view, "total", total);
    fct_view_text(view, "each", each);
    fct_view_text(view, "details", details);
    fct_view_text(view, "url", item->url);
    fct_view_text(view, "image", item->image);
    fct_view_text(view, "row", row(words->arena, title, total));
    fct_view_text(view, "more",
                  fct_words_indent(words, fct_words_join(words, details, "\n", each)));
}

static void add_items(const struct fct_words *words, const struct fct_order *order, fct_view *view)
{
    const struct fct_item *items = order->items.at;
    fct_view *views = fct_arena_alloc(words->arena, order->items.count, sizeof *views);
    bool pictures = false;

    for (size_t i = 0; views && i < order->items.count; i++) {
        if (!fct_view_init(&views[i], words->arena, ITEM_FIELDS))
            return;
        view_item(words, &items[i], &views[i]);
        pictures = pictures || items[i].image.len;
    }
    if (views)
        fct_view_list(view, "items", views, order->items.count);
    if (pictures)
        fct_view_text(view, "pictures", FCT_SLICE("1"));
}

/*
 * "3 items": counts the pieces when every quantity is a whole number, else the lines of the order.
 */
static fct_slice item_count(const struct fct_words *words, const struct fct_order *order)
{
    const struct fct_item *items = order->items.at;
    fct_decimal pieces = fct_decimal_of(0), count = fct_decimal_of((int64_t)order->items.count);
    char category[16], key[32] = "item_count.";
    size_t i = 0;

    while (i < order->items.count && fct_decimal_is_whole(items[i].quantity) &&
           fct_decimal_add(pieces, fct_decimal_round(items[i].quantity, 0), &pieces))
        i++;
    if (i == order->items.count)
        count = pieces;
    fct_locale_plural(words->locale, count.digits, category);
    strcat(key, category);
    if (fct_catalogue_key(fct_slice_of(key)) == FCT_NO_KEY)
        strcpy(key, "item_count.other");
    return fct_words_with(words, key, "count",
                          fct_locale_number(words->locale, words->arena, count), NULL,
                          (fct_slice){0});
}

static void add_sum(struct sums *sums, fct_slice label, fct_decimal amount)
{
    fct_view *view = &sums->views[sums->count];
    fct_slice value = sum(sums->words, amount);

    if (!fct_view_init(view, sums->words->arena, SUM_FIELDS))
        return;
    fct_view_text(view, "label", label);
    fct_view_text(view, "amount", value);
    fct_view_text(view, "row", row(sums->words->arena, label, value));
    sums->count++;
}

static fct_slice label(const struct fct_words *words, const char *key)
{
    return fct_catalogue_text(&words->catalogue, key);
}

static void add_discounts(struct sums *sums, const struct fct_order *order)
{
    const struct fct_discount *discount = order->discounts.at;

    for (size_t i = 0; i < order->discounts.count; i++, discount++) {
        fct_slice name = discount->name.len ? discount->name : label(sums->words, "discount");
        fct_decimal amount = discount->amount;

        amount.digits = -amount.digits;
        if (discount->code.len)
            name =
                fct_words_with(sums->words, "with_detail", "name", name, "detail", discount->code);
        add_sum(sums, name, amount);
    }
}

static void add_taxes(struct sums *sums, const struct fct_order *order, bool included)
{
    const struct fct_tax *tax = order->taxes.at;

    for (size_t i = 0; i < order->taxes.count; i++, tax++) {
        fct_slice name = tax->name.len ? tax->name : label(sums->words, "tax");

        if (tax->included != included)
            continue;
        if (tax->rate.set)
            name = fct_words_with(
                sums->words, "tax_rate", "name", name, "rate",
                fct_locale_number(sums->words->locale, sums->words->arena, tax->rate));
        if (included)
            name = fct_words_with(sums->words, "tax_included", "name", name, NULL, name);
        add_sum(sums, name, tax->amount);
    }
}

/* A subtotal is useless when nothing comes between it and an equal total. */
static bool says_the_same(const struct fct_order *order)
{
    const struct fct_tax *tax = order->taxes.at;
    fct_decimal rest;

    for (size_t i = 0; i < order->taxes.count; i++) {
        if (!tax[i].included)
            return false;
    }
    return !order->discounts.count && !order->shipping &&
           fct_decimal_subtract(order->subtotal, order->total, &rest) &&
           fct_decimal_sign(rest) == 0;
}

static void add_sums(const struct fct_words *words, const struct fct_order *order, fct_view *view)
{
    size_t most = order->discounts.count + order->taxes.count + 2;
    struct sums sums = {words, fct_arena_alloc(words->arena, most, sizeof *sums.views), 0};
    size_t before;
    fct_slice total = sum(words, order->total);

    if (!sums.views)
        return;
    if (order->subtotal.set && !says_the_same(order))
        add_sum(&sums, label(words, "subtotal"), order->subtotal);
    add_discounts(&sums, order);
    if (order->shipping) {
        fct_slice name = label(words, "shipping");

        if (order->shipping->name.len)
            name =
                fct_words_with(words, "with_detail", "name", name, "detail", order->shipping->name);
        add_sum(&sums, name, order->shipping->amount);
    }
    add_taxes(&sums, order, false);
    before = sums.count;
    add_taxes(&sums, order, true);
    fct_view_list(view, "sums", sums.views, before);
    fct_view_list(view, "included", sums.views + before, sums.count - before);
    fct_view_text(view, "total", total);
    fct_view_text(view, "total_row", row(words->arena, label(words, "total"), total));
}

/*
 * A section of the letter: its heading, its lines for HTML, and the same lines indented for text.
 */
static void add_lines(const struct fct_words *words, fct_view *view, const char *html,
                      const char *text, fct_slice lines)
{
    fct_view_text(view, html, lines);
    fct_view_text(view, text, fct_words_indent(words, lines));
}

static fct_slice with_date(const struct fct_words *words, const char *key, struct fct_day day)
{
    if (!day.year)
        return (fct_slice){0};
    return fct_words_with(words, key, "date", fct_locale_date(words->locale, words->arena, day),
                          NULL, (fct_slice){0});
}

static void add_payment(const struct fct_words *words, const struct fct_payment *payment,
                        fct_view *view)
{
    fct_slice lines = fct_words_join(words, payment->method, dot, payment->status);

    if (payment->reference.len)
        lines = fct_words_join(
            words, lines, "\n",
            fct_words_with(words, "reference", "reference", payment->reference, NULL, lines));
    lines = fct_words_join(words, lines, "\n", with_date(words, "due", payment->due_date));
    lines = fct_words_join(words, lines, "\n", payment->note);
    add_lines(words, view, "payment", "payment_text", lines);
}

static void add_delivery(const struct fct_words *words, const struct fct_delivery *delivery,
                         fct_view *view)
{
    fct_slice lines = fct_words_join(words, delivery->method, "\n", delivery->estimate);

    lines = fct_words_join(words, lines, "\n", with_date(words, "expected", delivery->date));
    if (delivery->tracking_number.len)
        lines = fct_words_join(
            words, lines, "\n",
            fct_words_with(words, "tracking", "number", delivery->tracking_number, NULL, lines));
    lines = fct_words_join(words, lines, "\n", delivery->note);
    add_lines(words, view, "delivery", "delivery_text", lines);
    fct_view_text(view, "tracking_url", delivery->tracking_url);
    if (lines.len || delivery->tracking_url.len)
        fct_view_text(view, "has_delivery", FCT_SLICE("1"));
}

static void add_address(const struct fct_words *words, const struct fct_postal *address,
                        const char *html, const char *text, fct_view *view)
{
    if (address)
        add_lines(words, view, html, text, fct_postal_lines(address, words->locale, words->arena));
}

static bool has_phone(const struct fct_postal *address, fct_slice phone)
{
    return address && fct_slice_equal(address->phone, phone);
}

/* The number that the merchant will call, unless an address has it already. */
static void add_phone(const struct fct_order *order, fct_view *view)
{
    fct_slice phone = order->customer ? order->customer->phone : (fct_slice){0};

    if (!has_phone(order->billing_address, phone) && !has_phone(order->shipping_address, phone))
        fct_view_text(view, "phone", phone);
}

static void add_merchant(const struct fct_words *words, const struct fct_merchant *merchant,
                         fct_view *view)
{
    fct_view_text(view, "merchant_name", merchant->name);
    fct_view_text(view, "merchant_url", merchant->url);
    fct_view_text(view, "merchant_logo", merchant->logo);
    fct_view_text(view, "merchant_contact",
                  fct_words_join(words,
                                 merchant->reply_to.len ? merchant->reply_to : merchant->email, dot,
                                 merchant->phone));
    if (merchant->address)
        fct_view_text(view, "merchant_address",
                      fct_postal_lines(merchant->address, words->locale, words->arena));
}

void fct_order_view(const struct fct_words *words, const struct fct_order *order, fct_view *view)
{
    fct_view_text(view, "number", order->number);
    if (order->date.year)
        fct_view_text(view, "date", fct_locale_date(words->locale, words->arena, order->date));
    add_merchant(words, order->merchant, view);
    /* Customers choose their own names.  A link in one must not be sent by us. */
    if (order->customer && !fct_plain_name_fault(order->customer->name))
        fct_view_text(view, "customer_name", order->customer->name);
    add_items(words, order, view);
    fct_view_text(view, "item_count", item_count(words, order));
    add_sums(words, order, view);
    if (order->payment)
        add_payment(words, order->payment, view);
    if (order->delivery)
        add_delivery(words, order->delivery, view);
    add_address(words, order->billing_address, "billing_address", "billing_address_text", view);
    add_address(words, order->shipping_address, "shipping_address", "shipping_address_text", view);
    add_phone(order, view);
    fct_view_text(view, "order_url", order->order_url);
    add_lines(words, view, "notes", "notes_text", order->notes);
    fct_view_text(view, "legal", order->legal);
}
