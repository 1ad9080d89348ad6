/* SPDX-License-Identifier: MIT */
#include "letters/decimal.h"

#include <string.h>

#define LIMIT INT64_C(1000000000000000000) /* 10^FCT_DECIMAL_DIGITS */

static const int64_t powers[FCT_DECIMAL_SCALE + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

static bool fits(int64_t digits)
{
    return digits < LIMIT && digits > -LIMIT;
}

enum fct_decimal_verdict fct_decimal_parse(fct_slice text, fct_decimal *out)
{
    fct_decimal value = {.set = true};
    bool negative = text.len && text.ptr[0] == '-';
    bool point = false, too_long = false;
    size_t i = negative ? 1 : 0;

    if (i == text.len || !fct_is_digit((unsigned char)text.ptr[i]))
        return FCT_DECIMAL_SYNTAX;
    for (; i < text.len; i++) {
        int byte = (unsigned char)text.ptr[i];

        if (byte == '.' && !point && i + 1 < text.len) {
            point = true;
            continue;
        }
        if (!fct_is_digit(byte))
            return FCT_DECIMAL_SYNTAX;
        if (too_long || value.digits >= LIMIT / 10 || (point && value.scale == FCT_DECIMAL_SCALE)) {
            too_long = true;
            continue;
        }
        value.digits = value.digits * 10 + (byte - '0');
        value.scale += point ? 1 : 0;
    }
    if (too_long)
        return FCT_DECIMAL_RANGE;
    if (negative)
        value.digits = -value.digits;
    *out = value;
    return FCT_DECIMAL_OK;
}

fct_decimal fct_decimal_of(int64_t whole)
{
    return (fct_decimal){.digits = whole, .set = true};
}

static bool rescale(fct_decimal value, unsigned scale, int64_t *digits)
{
    return !__builtin_mul_overflow(value.digits, powers[scale - value.scale], digits) &&
           fits(*digits);
}

bool fct_decimal_add(fct_decimal a, fct_decimal b, fct_decimal *out)
{
    unsigned scale = a.scale > b.scale ? a.scale : b.scale;
    int64_t left, right;

    if (!rescale(a, scale, &left) || !rescale(b, scale, &right) || !fits(left + right))
        return false;
    *out = (fct_decimal){left + right, scale, true};
    return true;
}

bool fct_decimal_subtract(fct_decimal a, fct_decimal b, fct_decimal *out)
{
    b.digits = -b.digits;
    return fct_decimal_add(a, b, out);
}

fct_decimal fct_decimal_shorten(fct_decimal value)
{
    while (value.scale && value.digits % 10 == 0) {
        value.digits /= 10;
        value.scale--;
    }
    return value;
}

bool fct_decimal_multiply(fct_decimal a, fct_decimal b, fct_decimal *out)
{
    fct_decimal product = {.set = true};

    a = fct_decimal_shorten(a);
    b = fct_decimal_shorten(b);
    if (__builtin_mul_overflow(a.digits, b.digits, &product.digits) || !fits(product.digits))
        return false;
    product.scale = a.scale + b.scale;
    product = fct_decimal_shorten(product);
    if (product.scale > FCT_DECIMAL_SCALE)
        return false;
    *out = product;
    return true;
}

fct_decimal fct_decimal_round(fct_decimal value, unsigned scale)
{
    int64_t unit, rest;

    if (value.scale <= scale)
        return value;
    unit = powers[value.scale - scale];
    rest = value.digits % unit;
    value.digits /= unit;
    value.scale = scale;
    if (rest >= unit - rest)
        value.digits++;
    else if (-rest >= unit + rest)
        value.digits--;
    return value;
}

int fct_decimal_sign(fct_decimal value)
{
    return value.digits > 0 ? 1 : value.digits < 0 ? -1 : 0;
}

bool fct_decimal_is_whole(fct_decimal value)
{
    return fct_decimal_shorten(value).scale == 0;
}

size_t fct_decimal_print(fct_decimal value, char out[FCT_DECIMAL_TEXT])
{
    uint64_t rest = value.digits < 0 ? (uint64_t)-value.digits : (uint64_t)value.digits;
    char reversed[FCT_DECIMAL_TEXT];
    size_t count = 0, len = 0;

    while (rest || count <= value.scale) {
        if (value.scale && count == value.scale)
            reversed[len++] = '.';
        reversed[len++] = (char)('0' + rest % 10);
        rest /= 10;
        count++;
    }
    if (value.digits < 0)
        reversed[len++] = '-';
    for (size_t i = 0; i < len; i++)
        out[i] = reversed[len - 1 - i];
    out[len] = '\0';
    return len;
}
