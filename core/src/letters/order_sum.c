/* SPDX-License-Identifier: MIT */
/* The sums of an order.  Given values stay unchanged; missing ones are computed exactly. */
#include "letters/order.h"

#define TOO_LARGE "the sum has more than %d digits"

static int too_large(const struct fct_reading *reading, const struct fct_path *path)
{
    return fct_shape_refuse(reading, path, TOO_LARGE, FCT_DECIMAL_DIGITS);
}

/* Exact; or in the currency's digits, when all digits together are too many. */
static bool add(fct_decimal a, fct_decimal b, unsigned digits, fct_decimal *out)
{
    return fct_decimal_add(a, b, out) ||
           fct_decimal_add(fct_decimal_round(a, digits), fct_decimal_round(b, digits), out);
}

static int sum_items(const struct fct_reading *reading, struct fct_order *order, unsigned digits,
                     fct_decimal *sum, size_t *unknown)
{
    const struct fct_path items = {.name = "items"};
    struct fct_item *item = order->items.at;

    *sum = fct_decimal_of(0);
    *unknown = order->items.count;
    for (size_t i = 0; i < order->items.count; i++, item++) {
        const struct fct_path here = {.up = &items, .index = i};
        const struct fct_path total = {.up = &here, .name = "total"};

        if (!item->quantity.set)
            item->quantity = fct_decimal_of(1);
        if (!item->total.set && item->unit_price.set) {
            if (!fct_decimal_multiply(item->unit_price, item->quantity, digits, &item->total))
                return too_large(reading, &total);
        }
        if (!item->total.set) {
            *unknown = *unknown == order->items.count ? i : *unknown;
            continue;
        }
        if (!add(*sum, item->total, digits, sum))
            return too_large(reading, &total);
    }
    return 0;
}

static bool add_up(const struct fct_order *order, unsigned digits, fct_decimal *total)
{
    const struct fct_discount *discount = order->discounts.at;
    const struct fct_tax *tax = order->taxes.at;
    fct_decimal sum = order->subtotal;

    for (size_t i = 0; i < order->discounts.count; i++) {
        fct_decimal amount = discount[i].amount;

        amount.digits = -amount.digits;
        if (!add(sum, amount, digits, &sum))
            return false;
    }
    if (order->shipping && !add(sum, order->shipping->amount, digits, &sum))
        return false;
    for (size_t i = 0; i < order->taxes.count; i++) {
        if (!tax[i].included && !add(sum, tax[i].amount, digits, &sum))
            return false;
    }
    *total = sum;
    return true;
}

int fct_order_sum(const struct fct_reading *reading, struct fct_order *order, unsigned digits)
{
    const struct fct_path total = {.name = "total"};
    fct_decimal sum;
    size_t unknown;
    int result = sum_items(reading, order, digits, &sum, &unknown);

    if (result)
        return result;
    if (!order->subtotal.set && unknown == order->items.count)
        order->subtotal = sum;
    if (order->total.set)
        return 0;
    if (!order->subtotal.set)
        return fct_shape_refuse(reading, &total,
                                "missing, and cannot be computed: items[%zu] has neither total nor "
                                "unit_price",
                                unknown);
    if (!add_up(order, digits, &order->total))
        return too_large(reading, &total);
    return 0;
}
