/* SPDX-License-Identifier: MIT */
/* Exact decimal amounts: a whole number, and how many of its digits follow the point. */
#ifndef FCT_DECIMAL_H
#define FCT_DECIMAL_H

#include "base/bytes.h"

#include <stdint.h>

#define FCT_DECIMAL_DIGITS 18 /* in all */
#define FCT_DECIMAL_SCALE 9   /* behind the point */
#define FCT_DECIMAL_TEXT 32   /* room for the printed form with its NUL */

typedef struct fct_decimal {
    int64_t digits; /* the amount times 10^scale */
    unsigned scale; /* 0 to FCT_DECIMAL_SCALE */
    bool set;       /* false: no amount was given; all-zero means that */
} fct_decimal;

enum fct_decimal_verdict {
    FCT_DECIMAL_OK,
    FCT_DECIMAL_ROUNDED, /* it had more digits behind the point than fit */
    FCT_DECIMAL_SYNTAX,
    FCT_DECIMAL_RANGE /* too many digits before the point */
};

/*
 * Read "-"? digits ("." digits)? ([eE] [+-]? digits)?, and nothing else.  Digits behind the point
 * that do not fit are rounded, halves away from zero.  `out` is untouched when nothing was read.
 */
enum fct_decimal_verdict fct_decimal_parse(fct_slice text, fct_decimal *out);
fct_decimal fct_decimal_of(int64_t whole);

/*
 * Exact, but a product is rounded once to at most `scale` digits behind the point, halves away from
 * zero.  Returns false, without touching `out`, when the result has too many digits.
 */
bool fct_decimal_add(fct_decimal a, fct_decimal b, fct_decimal *out);
bool fct_decimal_subtract(fct_decimal a, fct_decimal b, fct_decimal *out);
bool fct_decimal_multiply(fct_decimal a, fct_decimal b, unsigned scale, fct_decimal *out);

/* Round to at most `scale` digits after the point, halves away from zero. */
fct_decimal fct_decimal_round(fct_decimal value, unsigned scale);

/* Without zeros at the end of its fraction. */
fct_decimal fct_decimal_shorten(fct_decimal value);

int fct_decimal_sign(fct_decimal value); /* -1, 0, 1 */
bool fct_decimal_is_whole(fct_decimal value);

/* Write "-12.50", NUL-terminated.  Returns its length. */
size_t fct_decimal_print(fct_decimal value, char out[FCT_DECIMAL_TEXT]);

#endif
