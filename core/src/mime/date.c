/* SPDX-License-Identifier: MIT */
#include "mime/date.h"

#include "facteur.h"

#include <string.h>

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

struct civil {
    int year, month, day, hour, minute, second, offset_min;
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years are counted from March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of(int64_t day_number, struct civil *civil)
{
    int64_t z = day_number + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

    civil->day = (int)(of_year - (153 * m + 2) / 5 + 1);
    civil->month = (int)(m < 10 ? m + 3 : m - 9);
    civil->year = (int)(y + era * 400 + (civil->month <= 2));
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_valid(const struct civil *c)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return c->year >= 1900 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= lengths[c->month - 1] + (c->month == 2 && is_leap(c->year)) && c->hour <= 23 &&
           c->minute <= 59 && c->second <= 60 && c->offset_min > -24 * 60 &&
           c->offset_min < 24 * 60;
}

/* Take between `least` and `most` digits off the front. */
static bool number(fct_slice *text, size_t least, size_t most, int *value)
{
    size_t n = 0;

    for (*value = 0; n < most && n < text->len && fct_is_digit((unsigned char)text->ptr[n]); n++)
        *value = *value * 10 + (text->ptr[n] - '0');
    text->ptr += n;
    text->len -= n;
    return n >= least;
}

static bool eat(fct_slice *text, char byte)
{
    if (!text->len || fct_ascii_lower((unsigned char)text->ptr[0]) != byte)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

static bool blanks(fct_slice *text)
{
    bool any = false;

    while (eat(text, ' ') || eat(text, '\t'))
        any = true;
    return any;
}

static bool offset_digits(fct_slice *text, bool colon, struct civil *c)
{
    int hours, minutes, sign = eat(text, '-') ? -1 : eat(text, '+') ? 1 : 0;

    if (!sign || !number(text, 2, 2, &hours) || (colon && !eat(text, ':')) ||
        !number(text, 2, 2, &minutes) || minutes > 59)
        return false;
    c->offset_min = sign * (hours * 60 + minutes);
    return true;
}

static bool read_rfc3339(fct_slice text, struct civil *c)
{
    int fraction;

    if (!number(&text, 4, 4, &c->year) || !eat(&text, '-') || !number(&text, 2, 2, &c->month) ||
        !eat(&text, '-') || !number(&text, 2, 2, &c->day) ||
        (!eat(&text, 't') && !eat(&text, ' ')) || !number(&text, 2, 2, &c->hour) ||
        !eat(&text, ':') || !number(&text, 2, 2, &c->minute) || !eat(&text, ':') ||
        !number(&text, 2, 2, &c->second))
        return false;
    if (eat(&text, '.') && !number(&text, 1, 9, &fraction))
        return false;
    if (!eat(&text, 'z') && !offset_digits(&text, true, c))
        return false;
    return text.len == 0;
}

static bool name(fct_slice *text, const char *names, int count, int *index)
{
    for (int i = 0; i < count; i++) {
        if (fct_slice_starts_nocase(*text, (fct_slice){names + 3 * i, 3})) {
            text->ptr += 3;
            text->len -= 3;
            *index = i;
            return true;
        }
    }
    return false;
}

/* The named zones of RFC 5322 section 4.3. */
static bool read_zone(fct_slice *text, struct civil *c)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"gmt", 0},  {"utc", 0},  {"ut", 0},   {"z", 0},    {"est", -5}, {"edt", -4},
                 {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}};

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        fct_slice zone = fct_slice_of(zones[i].name);

        if (fct_slice_starts_nocase(*text, zone)) {
            text->ptr += zone.len;
            text->len -= zone.len;
            c->offset_min = zones[i].hours * 60;
            return true;
        }
    }
    return offset_digits(text, false, c);
}

static bool read_rfc5322(fct_slice text, struct civil *c)
{
    int index;

    if (name(&text, days, 7, &index)) {
        blanks(&text);
        if (!eat(&text, ','))
            return false;
    }
    blanks(&text);
    if (!number(&text, 1, 2, &c->day) || !blanks(&text) || !name(&text, months, 12, &c->month) ||
        !blanks(&text) || !number(&text, 4, 4, &c->year) || !blanks(&text) ||
        !number(&text, 2, 2, &c->hour) || !eat(&text, ':') || !number(&text, 2, 2, &c->minute))
        return false;
    c->month++;
    if (eat(&text, ':') && !number(&text, 2, 2, &c->second))
        return false;
    if (!blanks(&text) || !read_zone(&text, c))
        return false;
    blanks(&text);
    /* Many programs write the zone's name in a comment after the offset. */
    return text.len == 0 || (text.ptr[0] == '(' && text.ptr[text.len - 1] == ')');
}

int fct_date_parse(fct_date *date, fct_slice text)
{
    struct civil c = {0};

    text = fct_slice_trim(text);
    if (!read_rfc3339(text, &c)) {
        c = (struct civil){0};
        if (!read_rfc5322(text, &c))
            return FACTEUR_EMESSAGE;
    }
    if (!is_valid(&c))
        return FACTEUR_EMESSAGE;
    date->s = days_of(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second -
              (int64_t)c.offset_min * 60;
    date->offset_min = c.offset_min;
    return 0;
}

/* printf() would take longer than everything else here. */
static char *put_number(char *out, const char *before, int number, int width)
{
    while (*before)
        *out++ = *before++;
    for (int i = width; i; number /= 10)
        out[--i] = (char)('0' + number % 10);
    return out + width;
}

void fct_date_write(char text[FCT_DATE_TEXT], fct_date date)
{
    static const int64_t first = -2208988800, last = 253402300799; /* 1900 and 9999 */
    int64_t local = date.s < first ? first : date.s > last ? last : date.s;
    int offset = date.offset_min < 0 ? -date.offset_min : date.offset_min;
    int64_t day, second, shifted = local + (int64_t)date.offset_min * 60;
    struct civil c = {0};

    if (shifted >= first && shifted <= last)
        local = shifted;
    day = local / 86400 - (local % 86400 < 0);
    second = local - day * 86400;
    civil_of(day, &c);
    memcpy(text, days + 3 * ((day % 7 + 11) % 7), 3);
    text = put_number(text + 3, ", ", c.day, c.day < 10 ? 1 : 2);
    *text++ = ' ';
    memcpy(text, months + (size_t)3 * (size_t)(c.month - 1), 3);
    text = put_number(text + 3, " ", c.year, 4);
    text = put_number(text, " ", (int)(second / 3600), 2);
    text = put_number(text, ":", (int)(second / 60 % 60), 2);
    text = put_number(text, ":", (int)(second % 60), 2);
    text = put_number(text, date.offset_min < 0 ? " -" : " +", offset / 60, 2);
    *put_number(text, "", offset % 60, 2) = '\0';
}
