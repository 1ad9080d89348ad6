/* SPDX-License-Identifier: MIT */
/*
 * Kept locales are in a few slots.  One atomic exchange takes or fills a slot, so there is no lock
 * that a fork could leave held, and no two threads share a formatter (not all of ICU's are safe for
 * that).
 */
#include "letters/locale.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "letters/locale_tag.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unicode/ucurr.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/unumberformatter.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

#define SLOTS 32
#define PROBES 4
#define KEY_MAX (FCT_TAG_MAX + 8)
#define SHOWN_MAX 40 /* bytes of a refused value that an error shows */
#define FORMATTED_MAX 256
#define KNOWN 64 /* formatted numbers that are kept, because prices and quantities repeat */
#define KNOWN_TEXT 40

struct known {
    UNumberFormatter *formatter;
    fct_decimal value;
    size_t len;
    char text[KNOWN_TEXT];
};

struct fct_locale {
    char key[KEY_MAX]; /* tag and currency as requested */
    const struct fct_catalogue *catalogue;
    char id[ULOC_FULLNAME_CAPACITY];    /* ICU's name of the locale: numbers */
    char words[ULOC_FULLNAME_CAPACITY]; /* dates, countries: in the catalogue's language */
    char language[ULOC_FULLNAME_CAPACITY];
    bool rtl, has_words;
    unsigned digits;
    UNumberFormatter *money;
    UNumberFormatter *number;
    UFormattedNumber *formatted;
    UDateFormat *date;
    UPluralRules *plural;
    struct known known[KNOWN];
};

static _Atomic(fct_locale *) slots[SLOTS];

static size_t slot_of(const char *key)
{
    size_t hash = 5381;

    for (; *key; key++)
        hash = hash * 33 + (unsigned char)*key;
    return hash;
}

static void locale_free(fct_locale *locale)
{
    if (!locale)
        return;
    unumf_close(locale->money);
    unumf_close(locale->number);
    unumf_closeResult(locale->formatted);
    if (locale->date)
        udat_close(locale->date);
    if (locale->plural)
        uplrules_close(locale->plural);
    fct_free(locale);
}

void fct_locale_put(fct_locale *locale)
{
    size_t at;

    if (!locale)
        return;
    at = slot_of(locale->key);
    for (size_t i = 0; i < PROBES; i++) {
        fct_locale *empty = NULL;

        if (atomic_compare_exchange_strong(&slots[(at + i) % SLOTS], &empty, locale))
            return;
    }
    locale_free(atomic_exchange(&slots[at % SLOTS], locale));
}

static fct_locale *take_kept(const char *key)
{
    size_t at = slot_of(key);

    for (size_t i = 0; i < PROBES; i++) {
        fct_locale *kept = atomic_exchange(&slots[(at + i) % SLOTS], NULL);

        if (!kept)
            continue;
        if (strcmp(kept->key, key) == 0)
            return kept;
        fct_locale_put(kept);
    }
    return NULL;
}

/* Any three letters: a code that this ICU does not know yet is shown as it is, with two digits. */
static bool currency_code(fct_slice currency, UChar code[4])
{
    if (currency.len != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (!fct_is_alpha((unsigned char)currency.ptr[i]))
            return false;
        code[i] = (UChar)(fct_ascii_lower((unsigned char)currency.ptr[i]) - 'a' + 'A');
    }
    code[3] = 0;
    return true;
}

static int open_words(fct_locale *locale, const char *tag, UErrorCode *status)
{
    char language[ULOC_LANG_CAPACITY] = "", country[ULOC_COUNTRY_CAPACITY] = "";

    /* A part that ICU cannot read ("ao90" in "pt-PT-ao90") has no effect here. */
    uloc_forLanguageTag(tag, locale->id, (int32_t)sizeof locale->id, NULL, status);
    uloc_getLanguage(locale->id, language, (int32_t)sizeof language, status);
    uloc_getCountry(locale->id, country, (int32_t)sizeof country, status);
    if (U_FAILURE(*status) || !language[0])
        return FACTEUR_EMESSAGE;
    locale->catalogue = fct_catalogue_for(tag);
    locale->has_words =
        strcmp(locale->catalogue->tag, "en") != 0 || fct_catalogue_suits(locale->catalogue, tag);
    /* If the language has no catalogue, its region still decides how a date is written. */
    if (fct_catalogue_suits(locale->catalogue, tag))
        snprintf(locale->words, sizeof locale->words, "%s", locale->id);
    else
        snprintf(locale->words, sizeof locale->words, "%s%s%s", locale->catalogue->tag,
                 country[0] ? "_" : "", country);
    uloc_toLanguageTag(locale->words, locale->language, (int32_t)sizeof locale->language, false,
                       status);
    locale->rtl = uloc_isRightToLeft(locale->words);
    return U_FAILURE(*status) ? FACTEUR_EMESSAGE : 0;
}

/* The currency's digits, or more if more were given. */
static void open_money(fct_locale *locale, const UChar code[4], UErrorCode *status)
{
    char ascii[64];
    UChar skeleton[64];
    int32_t digits = ucurr_getDefaultFractionDigits(code, status);
    char iso[4];

    if (U_FAILURE(*status))
        return;
    locale->digits = digits < 0 ? 0 : digits > 9 ? 9 : (unsigned)digits;
    u_UCharsToChars(code, iso, 4);
    snprintf(ascii, sizeof ascii, "currency/%s .%.*s%.*s", iso, (int)locale->digits, "000000000",
             (int)(9 - locale->digits), "#########");
    u_charsToUChars(ascii, skeleton, (int32_t)strlen(ascii) + 1);
    locale->money = unumf_openForSkeletonAndLocale(skeleton, -1, locale->id, status);
}

static void open_formatters(fct_locale *locale, UErrorCode *status)
{
    static const UChar plain[] = u".#########", utc[] = u"UTC";
    char days[ULOC_FULLNAME_CAPACITY + ULOC_KEYWORDS_CAPACITY];

    locale->number = unumf_openForSkeletonAndLocale(plain, -1, locale->id, status);
    locale->formatted = unumf_openResult(status);
    /* An order's date is in the Gregorian calendar, also where people use another. */
    snprintf(days, sizeof days, "%s", locale->words);
    uloc_setKeywordValue("calendar", "gregorian", days, (int32_t)sizeof days, status);
    locale->date = udat_open(UDAT_NONE, UDAT_LONG, days, utc, -1, NULL, 0, status);
    locale->plural = uplrules_open(locale->words, status);
}

static int refuse(const char *where, const char *what, fct_slice got, facteur_error **error)
{
    fct_slice shown = fct_utf8_cut(got, SHOWN_MAX);

    return fct_error_set(error, FACTEUR_EMESSAGE, where, "expected a %s, got \"%.*s\"", what,
                         (int)shown.len, shown.ptr);
}

static int refuse_locale(fct_slice tag, facteur_error **error)
{
    return refuse("locale", "locale such as \"fr-FR\"", tag, error);
}

static int refuse_currency(fct_slice currency, facteur_error **error)
{
    return refuse("currency", "currency code of ISO 4217 such as \"EUR\"", currency, error);
}

static int locale_open(fct_locale *locale, fct_slice asked, const char *tag, fct_slice currency,
                       facteur_error **error)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar code[4];

    if (open_words(locale, tag, &status))
        return refuse_locale(asked, error);
    if (currency.ptr && !currency_code(currency, code))
        return refuse_currency(currency, error);
    if (currency.ptr)
        open_money(locale, code, &status);
    open_formatters(locale, &status);
    if (status == U_MEMORY_ALLOCATION_ERROR)
        return fct_error_nomem(error);
    if (U_FAILURE(status))
        return fct_error_set(error, FACTEUR_EMESSAGE, "locale",
                             "ICU has no formats for the locale \"%s\": %s", tag,
                             u_errorName(status));
    return 0;
}

int fct_locale_take(fct_slice tag, fct_slice currency, fct_locale **out, facteur_error **error)
{
    char key[KEY_MAX], normal[FCT_TAG_MAX];
    fct_locale *locale;
    int result;

    if (!tag.len)
        tag = FCT_SLICE("en");
    if (!fct_locale_tag(tag, normal))
        return refuse_locale(tag, error);
    if (currency.ptr && currency.len != 3)
        return refuse_currency(currency, error);
    snprintf(key, sizeof key, "%s %.3s", normal, currency.ptr ? currency.ptr : "");
    locale = take_kept(key);
    if (!locale) {
        locale = fct_calloc(1, sizeof *locale);
        if (!locale)
            return fct_error_nomem(error);
        memcpy(locale->key, key, sizeof key);
        result = locale_open(locale, tag, normal, currency, error);
        if (result) {
            locale_free(locale);
            return result;
        }
    }
    *out = locale;
    return 0;
}

const struct fct_catalogue *fct_locale_catalogue(const fct_locale *locale)
{
    return locale->catalogue;
}

bool fct_locale_has_words(const fct_locale *locale)
{
    return locale->has_words;
}

const char *fct_locale_language(const fct_locale *locale)
{
    return locale->language;
}

bool fct_locale_is_rtl(const fct_locale *locale)
{
    return locale->rtl;
}

unsigned fct_locale_currency_digits(const fct_locale *locale)
{
    return locale->digits;
}

static fct_slice to_utf8(fct_arena *arena, const UChar *text, int32_t len, UErrorCode status)
{
    char bytes[FORMATTED_MAX * 3];
    int32_t size = 0;

    if (U_SUCCESS(status))
        u_strToUTF8(bytes, (int32_t)sizeof bytes, &size, text, len, &status);
    if (U_FAILURE(status)) {
        arena->failed = true;
        return (fct_slice){0};
    }
    return fct_arena_copy(arena, (fct_slice){bytes, (size_t)size});
}

static fct_slice format_anew(fct_locale *locale, UNumberFormatter *formatter, fct_arena *arena,
                             fct_decimal value)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar text[FORMATTED_MAX];
    char number[FCT_DECIMAL_TEXT];
    size_t len = fct_decimal_print(value, number);
    int32_t size;

    /* ICU reads the decimal text itself, so no binary floating point is involved. */
    unumf_formatDecimal(formatter, number, (int32_t)len, locale->formatted, &status);
    size = unumf_resultToString(locale->formatted, text, FORMATTED_MAX, &status);
    return to_utf8(arena, text, size, status);
}

static struct known *known_place(fct_locale *locale, fct_decimal value)
{
    uint64_t hash = ((uint64_t)value.digits * 16 + value.scale) * 0x9e3779b97f4a7c15U;

    return &locale->known[hash >> 32 & (KNOWN - 1)];
}

static fct_slice format_decimal(fct_locale *locale, UNumberFormatter *formatter, fct_arena *arena,
                                fct_decimal value)
{
    struct known *known = known_place(locale, value);
    fct_slice made;

    if (known->formatter == formatter && known->value.digits == value.digits &&
        known->value.scale == value.scale)
        return fct_arena_copy(arena, (fct_slice){known->text, known->len});
    made = format_anew(locale, formatter, arena, value);
    if (made.ptr && made.len <= KNOWN_TEXT) {
        *known = (struct known){.formatter = formatter, .value = value, .len = made.len};
        memcpy(known->text, made.ptr, made.len);
    }
    return made;
}

fct_slice fct_locale_money(fct_locale *locale, fct_arena *arena, fct_decimal amount)
{
    return format_decimal(locale, locale->money, arena, amount);
}

fct_slice fct_locale_number(fct_locale *locale, fct_arena *arena, fct_decimal number)
{
    return format_decimal(locale, locale->number, arena, number);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, counted in years that begin in March.
 */
static int64_t days_since_1970(struct fct_day day)
{
    int64_t year = day.year - (day.month <= 2 ? 1 : 0);
    int64_t month = (day.month + 9) % 12;
    int64_t day_of_year = (153 * month + 2) / 5 + day.day - 1;

    return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

fct_slice fct_locale_date(fct_locale *locale, fct_arena *arena, struct fct_day day)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar text[FORMATTED_MAX];
    int32_t len = udat_format(locale->date, (UDate)days_since_1970(day) * 86400000.0, text,
                              FORMATTED_MAX, NULL, &status);

    return to_utf8(arena, text, len, status);
}

fct_slice fct_locale_country(fct_locale *locale, fct_arena *arena, fct_slice code)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar text[FORMATTED_MAX];
    char region[] = "und_XX";
    int32_t len;

    memcpy(region + 4, code.ptr, 2);
    len = uloc_getDisplayCountry(region, locale->words, text, FORMATTED_MAX, &status);
    return to_utf8(arena, text, len, status);
}

void fct_locale_plural(fct_locale *locale, int64_t count, char out[16])
{
    UErrorCode status = U_ZERO_ERROR;
    UChar keyword[16];
    int32_t len = uplrules_select(locale->plural, (double)count, keyword, 15, &status);

    if (U_FAILURE(status) || len > 15)
        len = 0;
    u_UCharsToChars(keyword, out, len);
    out[len] = '\0';
}
