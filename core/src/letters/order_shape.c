/* SPDX-License-Identifier: MIT */
/*
 * The fields of an order.  core/schema/order.json describes them to users; a test compares the two.
 */
#include "letters/order.h"

static const struct fct_field address_text = FCT_FIELD(fct_postal, text, FCT_PROSE);
static const struct fct_field address_fields[] = {
    FCT_FIELD(fct_postal, name, FCT_LINE),      FCT_FIELD(fct_postal, company, FCT_LINE),
    FCT_FIELD(fct_postal, line1, FCT_LINE),     FCT_FIELD(fct_postal, line2, FCT_LINE),
    FCT_FIELD(fct_postal, postal_code, FCT_ID), FCT_FIELD(fct_postal, city, FCT_LINE),
    FCT_FIELD(fct_postal, region, FCT_LINE),    FCT_FIELD(fct_postal, country, FCT_LINE),
    FCT_FIELD(fct_postal, phone, FCT_LINE),
};
static const struct fct_shape address_shape = FCT_SHAPE(fct_postal, address_fields, &address_text);

static const struct fct_field merchant_fields[] = {
    FCT_NEEDED(fct_merchant, name, FCT_LINE),
    FCT_FIELD(fct_merchant, email, FCT_ADDRESS),
    FCT_FIELD(fct_merchant, reply_to, FCT_ADDRESS),
    FCT_FIELD(fct_merchant, phone, FCT_LINE),
    FCT_FIELD(fct_merchant, url, FCT_LINK),
    FCT_FIELD(fct_merchant, logo, FCT_PICTURE),
    FCT_PART(fct_merchant, address, FCT_OBJECT, address_shape),
};
static const struct fct_shape merchant_shape = FCT_SHAPE(fct_merchant, merchant_fields, NULL);

static const struct fct_field customer_fields[] = {
    FCT_FIELD(fct_customer, name, FCT_LINE),
    FCT_FIELD(fct_customer, email, FCT_ADDRESS),
    FCT_FIELD(fct_customer, phone, FCT_LINE),
};
static const struct fct_shape customer_shape = FCT_SHAPE(fct_customer, customer_fields, NULL);

static const struct fct_field item_fields[] = {
    FCT_NEEDED(fct_item, name, FCT_LINE),        FCT_FIELD(fct_item, sku, FCT_ID),
    FCT_FIELD(fct_item, quantity, FCT_QUANTITY), FCT_FIELD(fct_item, unit_price, FCT_AMOUNT),
    FCT_FIELD(fct_item, total, FCT_AMOUNT),      FCT_FIELD(fct_item, options, FCT_PAIRS),
    FCT_FIELD(fct_item, url, FCT_LINK),          FCT_FIELD(fct_item, image, FCT_PICTURE),
};
static const struct fct_shape item_shape = FCT_SHAPE(fct_item, item_fields, NULL);

static const struct fct_field discount_fields[] = {
    FCT_FIELD(fct_discount, name, FCT_LINE),
    FCT_FIELD(fct_discount, code, FCT_ID),
    FCT_NEEDED(fct_discount, amount, FCT_POSITIVE),
};
static const struct fct_shape discount_shape = FCT_SHAPE(fct_discount, discount_fields, NULL);

static const struct fct_field shipping_fields[] = {
    FCT_FIELD(fct_shipping, name, FCT_LINE),
    FCT_NEEDED(fct_shipping, amount, FCT_POSITIVE),
};
static const struct fct_shape shipping_shape =
    FCT_SHAPE(fct_shipping, shipping_fields, &shipping_fields[1]);

static const struct fct_field tax_fields[] = {
    FCT_FIELD(fct_tax, name, FCT_LINE),
    FCT_FIELD(fct_tax, rate, FCT_RATE),
    FCT_NEEDED(fct_tax, amount, FCT_AMOUNT),
    FCT_FIELD(fct_tax, included, FCT_FLAG),
};
static const struct fct_shape tax_shape = FCT_SHAPE(fct_tax, tax_fields, NULL);

static const struct fct_field payment_fields[] = {
    FCT_FIELD(fct_payment, method, FCT_LINE),  FCT_FIELD(fct_payment, reference, FCT_ID),
    FCT_FIELD(fct_payment, status, FCT_LINE),  FCT_FIELD(fct_payment, note, FCT_PROSE),
    FCT_FIELD(fct_payment, due_date, FCT_DAY),
};
static const struct fct_shape payment_shape =
    FCT_SHAPE(fct_payment, payment_fields, &payment_fields[0]);

static const struct fct_field delivery_fields[] = {
    FCT_FIELD(fct_delivery, method, FCT_LINE),
    FCT_FIELD(fct_delivery, estimate, FCT_LINE),
    FCT_FIELD(fct_delivery, date, FCT_DAY),
    FCT_FIELD(fct_delivery, tracking_number, FCT_ID),
    FCT_FIELD(fct_delivery, tracking_url, FCT_LINK),
    FCT_FIELD(fct_delivery, note, FCT_PROSE),
};
static const struct fct_shape delivery_shape =
    FCT_SHAPE(fct_delivery, delivery_fields, &delivery_fields[0]);

static const struct fct_field order_fields[] = {
    FCT_NEEDED(fct_order, number, FCT_ID),
    FCT_FIELD(fct_order, date, FCT_DAY),
    FCT_NEEDED(fct_order, currency, FCT_LINE),
    FCT_FIELD(fct_order, locale, FCT_LINE),
    FCT_NEEDED_PART(fct_order, merchant, FCT_OBJECT, merchant_shape),
    FCT_PART(fct_order, customer, FCT_OBJECT, customer_shape),
    FCT_NEEDED_PART(fct_order, items, FCT_OBJECTS, item_shape),
    FCT_PART(fct_order, discounts, FCT_OBJECTS, discount_shape),
    FCT_PART(fct_order, shipping, FCT_OBJECT, shipping_shape),
    FCT_PART(fct_order, taxes, FCT_OBJECTS, tax_shape),
    FCT_FIELD(fct_order, subtotal, FCT_AMOUNT),
    FCT_FIELD(fct_order, total, FCT_AMOUNT),
    FCT_PART(fct_order, payment, FCT_OBJECT, payment_shape),
    FCT_PART(fct_order, delivery, FCT_OBJECT, delivery_shape),
    FCT_PART(fct_order, billing_address, FCT_OBJECT, address_shape),
    FCT_PART(fct_order, shipping_address, FCT_OBJECT, address_shape),
    FCT_FIELD(fct_order, order_url, FCT_LINK),
    FCT_FIELD(fct_order, notes, FCT_PROSE),
    FCT_FIELD(fct_order, legal, FCT_PROSE),
};
const struct fct_shape fct_order_shape = FCT_SHAPE(fct_order, order_fields, NULL);
