/* SPDX-License-Identifier: MIT */
#include "letters/decimal.h"

#include <string.h>

#define LIMIT INT64_C(1000000000000000000) /* 10^FCT_DECIMAL_DIGITS */

#define DIGITS_READ 320          /* on either side of the point: a double has no more */
#define EXPONENT_MAX 1000        /* beyond it nothing is left, or too much */
#define HALF INT64_C(1000000000) /* half the digits of a number */

static const int64_t powers[FCT_DECIMAL_SCALE + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

static bool fits(int64_t digits)
{
    return digits < LIMIT && digits > -LIMIT;
}

/* A number as digits: `point` of them are before its point, which may lie beyond either end. */
struct digits {
    const char *at;
    size_t count;
    long point;
};

static int digit_at(const struct digits *digits, long index)
{
    return index >= 0 && index < (long)digits->count ? digits->at[index] - '0' : 0;
}

static bool is_zero_from(const struct digits *digits, long index)
{
    for (; index < (long)digits->count; index++) {
        if (digit_at(digits, index))
            return false;
    }
    return true;
}

static void skip_zeros(struct digits *digits)
{
    while (digits->count && *digits->at == '0') {
        digits->at++;
        digits->count--;
        digits->point--;
    }
}

/* At most `scale` digits behind the point, and no more than fit; what is left out is rounded. */
static enum fct_decimal_verdict settle(struct digits digits, unsigned scale, bool negative,
                                       fct_decimal *out)
{
    long behind = (long)digits.count - digits.point, room, end;
    fct_decimal value = {.set = true};
    bool exact;

    skip_zeros(&digits);
    if (!digits.count)
        digits.point = 0;
    if (digits.point > FCT_DECIMAL_DIGITS)
        return FCT_DECIMAL_RANGE;
    room = FCT_DECIMAL_DIGITS - (digits.point > 0 ? digits.point : 0);
    room = room < (long)scale ? room : (long)scale;
    value.scale = (unsigned)(behind < 0 ? 0 : behind < room ? behind : room);
    end = digits.point + (long)value.scale;
    for (long i = 0; i < end; i++)
        value.digits = value.digits * 10 + digit_at(&digits, i);
    exact = is_zero_from(&digits, end > 0 ? end : 0);
    value.digits += end >= 0 && digit_at(&digits, end) >= 5;
    if (value.digits == LIMIT && value.scale) {
        value.digits /= 10;
        value.scale--;
    }
    if (!fits(value.digits))
        return FCT_DECIMAL_RANGE;
    if (negative)
        value.digits = -value.digits;
    *out = value;
    return exact ? FCT_DECIMAL_OK : FCT_DECIMAL_ROUNDED;
}

static fct_slice take_digits(fct_slice *text)
{
    fct_slice taken = {text->ptr, 0};

    while (taken.len < text->len && fct_is_digit((unsigned char)text->ptr[taken.len]))
        taken.len++;
    if (taken.len) { /* an empty text may have no address */
        text->ptr += taken.len;
        text->len -= taken.len;
    }
    return taken;
}

static bool take_byte(fct_slice *text, char byte)
{
    if (!text->len || text->ptr[0] != byte)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

/* "e-7" or "E+2", and nothing behind it; or nothing at all. */
static bool take_exponent(fct_slice *text, long *exponent)
{
    fct_slice digits;
    bool negative;

    *exponent = 0;
    if (!take_byte(text, 'e') && !take_byte(text, 'E'))
        return text->len == 0;
    negative = take_byte(text, '-');
    if (!negative)
        take_byte(text, '+');
    digits = take_digits(text);
    for (size_t i = 0; i < digits.len; i++)
        *exponent = *exponent < EXPONENT_MAX ? *exponent * 10 + (digits.ptr[i] - '0') : *exponent;
    if (negative)
        *exponent = -*exponent;
    return digits.len && text->len == 0;
}

enum fct_decimal_verdict fct_decimal_parse(fct_slice text, fct_decimal *out)
{
    bool negative = take_byte(&text, '-');
    fct_slice whole = take_digits(&text), behind = {0};
    char digits[2 * DIGITS_READ];
    size_t count = 0;
    long exponent;

    if (take_byte(&text, '.')) {
        behind = take_digits(&text);
        if (!behind.len)
            return FCT_DECIMAL_SYNTAX;
    }
    if (!whole.len || !take_exponent(&text, &exponent))
        return FCT_DECIMAL_SYNTAX;
    while (whole.len > 1 && *whole.ptr == '0') {
        whole.ptr++;
        whole.len--;
    }
    if (whole.len > DIGITS_READ)
        return FCT_DECIMAL_RANGE;
    memcpy(digits, whole.ptr, whole.len);
    count = behind.len < DIGITS_READ ? behind.len : DIGITS_READ;
    if (count)
        memcpy(digits + whole.len, behind.ptr, count);
    return settle((struct digits){digits, whole.len + count, (long)whole.len + exponent},
                  FCT_DECIMAL_SCALE, negative, out);
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

static uint64_t magnitude(fct_decimal value)
{
    return value.digits < 0 ? (uint64_t)-value.digits : (uint64_t)value.digits;
}

/* The whole product in decimal digits, for no integer of C is sure to hold it. */
static void multiply(uint64_t a, uint64_t b, char out[2 * FCT_DECIMAL_DIGITS])
{
    uint64_t low = a % HALF * (b % HALF), high = a / HALF * (b / HALF);
    uint64_t middle = a / HALF * (b % HALF) + a % HALF * (b / HALF) + low / HALF;
    uint64_t parts[] = {low % HALF, middle % HALF, high + middle / HALF};

    for (int i = 2 * FCT_DECIMAL_DIGITS - 1; i >= 0; i--) {
        uint64_t *part = &parts[i >= 27 ? 0 : i >= 18 ? 1 : 2];

        out[i] = (char)('0' + *part % 10);
        *part /= 10;
    }
}

bool fct_decimal_multiply(fct_decimal a, fct_decimal b, unsigned scale, fct_decimal *out)
{
    char product[2 * FCT_DECIMAL_DIGITS];
    const struct digits digits = {product, sizeof product,
                                  (long)(sizeof product - a.scale - b.scale)};
    fct_decimal small = {.scale = a.scale + b.scale, .set = true};

    /* What shops multiply is small nearly always. */
    if (small.scale <= FCT_DECIMAL_SCALE &&
        !__builtin_mul_overflow(a.digits, b.digits, &small.digits) && fits(small.digits)) {
        *out = fct_decimal_round(small, scale);
        return true;
    }
    multiply(magnitude(a), magnitude(b), product);
    return settle(digits, scale, (a.digits < 0) != (b.digits < 0), out) != FCT_DECIMAL_RANGE;
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
    uint64_t rest = magnitude(value);
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
