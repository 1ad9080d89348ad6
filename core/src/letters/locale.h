/* SPDX-License-Identifier: MIT */
/*
 * A locale in use: the catalogue of its words, and ICU's formatters for one currency.  Opening them
 * is slow, so they are kept.  A caller that takes one has it alone until it is put back.
 */
#ifndef FCT_LOCALE_H
#define FCT_LOCALE_H

#include "facteur.h"
#include "letters/arena.h"
#include "letters/catalogue.h"
#include "letters/decimal.h"

typedef struct fct_locale fct_locale;

/* A day of the calendar, as written by the shop in its own time zone. */
struct fct_day {
    int year; /* 0: not given */
    int month;
    int day;
};

/*
 * tag "fr-FR", or any form that fct_locale_tag() reads; NULL or "": English.
 * currency   ISO 4217, in either case; NULL: no amounts will be formatted.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE with "locale" or "currency" as `where` when there
 * is none of this name.
 */
int fct_locale_take(fct_slice tag, fct_slice currency, fct_locale **out, facteur_error **error);
void fct_locale_put(fct_locale *locale); /* NULL is fine */

const struct fct_catalogue *fct_locale_catalogue(const fct_locale *locale);
/* Whether the catalogue is of the locale's own language, and not the English one for want of it. */
bool fct_locale_has_words(const fct_locale *locale);
/* For HTML's lang and dir: the letter's language, and whether it is written from right to left. */
const char *fct_locale_language(const fct_locale *locale);
bool fct_locale_is_rtl(const fct_locale *locale);
unsigned fct_locale_currency_digits(const fct_locale *locale);

/* Format into the arena.  On failure the slice is empty and arena->failed is set. */
fct_slice fct_locale_money(fct_locale *locale, fct_arena *arena, fct_decimal amount);
fct_slice fct_locale_number(fct_locale *locale, fct_arena *arena, fct_decimal number);
fct_slice fct_locale_date(fct_locale *locale, fct_arena *arena, struct fct_day day);
/* The name of a country given by its ISO 3166 code. */
fct_slice fct_locale_country(fct_locale *locale, fct_arena *arena, fct_slice code);
/* The plural category ("one", "other", …) of a count in the catalogue's language. */
void fct_locale_plural(fct_locale *locale, int64_t count, char out[16]);

#endif
