/* SPDX-License-Identifier: MIT */
/*
 * An order as core/schema/order.json describes it, its sums, and the view of it for the templates.
 */
#ifndef FCT_ORDER_H
#define FCT_ORDER_H

#include "letters/shape.h"
#include "letters/template.h"
#include "letters/words.h"

struct fct_postal {
    fct_slice text; /* finished lines; the other members are then empty */
    fct_slice name, company, line1, line2, postal_code, city, region, country, phone;
};

struct fct_merchant {
    fct_slice name, email, reply_to, phone, url, logo;
    struct fct_postal *address;
};

struct fct_customer {
    fct_slice name, email, phone;
};

struct fct_item {
    fct_slice name, sku, url, image;
    fct_decimal quantity, unit_price, total;
    struct fct_series options; /* struct fct_pair */
};

struct fct_discount {
    fct_slice name, code;
    fct_decimal amount;
};

struct fct_shipping {
    fct_slice name;
    fct_decimal amount;
};

struct fct_tax {
    fct_slice name;
    fct_decimal rate, amount;
    bool included;
};

struct fct_payment {
    fct_slice method, reference, status, note;
    struct fct_day due_date;
};

struct fct_delivery {
    fct_slice method, estimate, tracking_number, tracking_url, note;
    struct fct_day date;
};

struct fct_order {
    fct_slice number, currency, locale, order_url, notes, legal;
    struct fct_day date;
    struct fct_merchant *merchant;
    struct fct_customer *customer;
    struct fct_series items, discounts, taxes;
    struct fct_shipping *shipping;
    fct_decimal subtotal, total;
    struct fct_payment *payment;
    struct fct_delivery *delivery;
    struct fct_postal *billing_address, *shipping_address;
};

extern const struct fct_shape fct_order_shape;

/*
 * Compute the line totals, the subtotal and the total that were not given.  Returns 0, or
 * FACTEUR_EMESSAGE with the path as `where` when the total cannot be computed or has too many
 * digits.
 */
int fct_order_sum(const struct fct_reading *reading, struct fct_order *order, unsigned digits);

/* Fill the view for the order templates.  arena->failed is set when memory ran out. */
void fct_order_view(const struct fct_words *words, const struct fct_order *order, fct_view *view);

/* The postal address as lines, in the order of its country. */
fct_slice fct_postal_lines(const struct fct_postal *address, fct_locale *locale, fct_arena *arena);

#endif
