/* SPDX-License-Identifier: MIT */
/* Reads one JSON value: a text, a link, an amount, a day. */
#include "letters/shape.h"

#include "base/block.h"
#include "base/error.h"
#include "base/utf8.h"
#include "letters/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 40

/*
 * Floats lose cents.  The shortest decimal that reads back as the same double is the one that was
 * written.
 */
static void show_real(double value, char *out, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    /* "got 89" would look as if 89, which is valid, were refused. */
    if (!strpbrk(out, ".e") && strlen(out) + 2 < size)
        strcat(out, ".0");
}

int fct_shape_expected(const struct fct_reading *reading, const struct fct_path *path,
                       const char *what, const json_t *got)
{
    fct_slice text;
    char number[64];

    switch (json_typeof(got)) {
    case JSON_STRING:
        text = (fct_slice){json_string_value(got), json_string_length(got)};
        return fct_shape_refuse(reading, path, "expected %s, got \"%.*s\"%s", what,
                                (int)fct_utf8_cut(text, SHOWN_MAX).len, text.ptr,
                                text.len > SHOWN_MAX ? " and more" : "");
    case JSON_REAL:
        show_real(json_real_value(got), number, sizeof number);
        return fct_shape_refuse(reading, path, "expected %s, got %s", what, number);
    case JSON_INTEGER:
        return fct_shape_refuse(reading, path, "expected %s, got %" JSON_INTEGER_FORMAT, what,
                                json_integer_value(got));
    case JSON_OBJECT:
        return fct_shape_refuse(reading, path, "expected %s, got an object", what);
    case JSON_ARRAY:
        return fct_shape_refuse(reading, path, "expected %s, got a list", what);
    case JSON_TRUE:
    case JSON_FALSE:
        return fct_shape_refuse(reading, path, "expected %s, got %s", what,
                                json_is_true(got) ? "true" : "false");
    default:
        return fct_shape_refuse(reading, path, "expected %s, got null", what);
    }
}

/* C0, DEL, C1, and the line and paragraph separators, at which some mail clients break lines. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/*
 * How many bytes at the front are neither control characters nor the start of a character that may
 * be one.
 */
static size_t harmless_len(fct_slice text)
{
    size_t at = 0, first = FCT_BLOCK_SIZE;

    while (at < text.len && first == FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within(text.ptr + at, text.ptr + text.len);

        first = fct_block_first(((bytes < 0x20) & (bytes >= 0)) | (bytes == 0x7f) |
                                (bytes == (signed char)0xc2) | (bytes == (signed char)0xe2));
        at += first;
    }
    return at < text.len ? at : text.len;
}

/* A quick check that most texts pass: C1 is C2 80 to C2 9F, the separators are E2 80 A8 and A9. */
static bool has_control(fct_slice text)
{
    const unsigned char *in = (const unsigned char *)text.ptr;

    for (size_t i = 0; i < text.len; i++) {
        i += harmless_len((fct_slice){text.ptr + i, text.len - i});
        if (i == text.len)
            break;
        if (in[i] < 0x80)
            return true;
        if (in[i] == 0xc2 && i + 1 < text.len && in[i + 1] < 0xa0)
            return true;
        if (in[i] == 0xe2 && i + 2 < text.len && in[i + 1] == 0x80 &&
            (in[i + 2] == 0xa8 || in[i + 2] == 0xa9))
            return true;
    }
    return false;
}

/* `keep_lf`: LF, CR LF, CR and the separators end a line instead of becoming a space. */
static fct_slice clean(fct_arena *arena, fct_slice text, bool keep_lf)
{
    fct_buf out = {0};
    fct_slice result;
    size_t at = 0;
    bool gap = false;

    while (at < text.len) {
        fct_slice rest = {text.ptr + at, text.len - at};
        uint32_t code = 0;
        size_t len = fct_utf8_next(rest, &code);

        len = len ? len : 1;
        at += len;
        if (code == '\r' && rest.len > 1 && rest.ptr[1] == '\n')
            continue;
        if (keep_lf && (code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029)) {
            fct_buf_add_char(&out, '\n');
        } else if (is_control(code)) {
            gap = true;
            continue;
        } else {
            if (gap && out.len && out.ptr[out.len - 1] != ' ' && out.ptr[out.len - 1] != '\n' &&
                code != ' ')
                fct_buf_add_char(&out, ' ');
            fct_buf_add(&out, rest.ptr, len);
        }
        gap = false;
    }
    result = fct_arena_take(arena, &out);
    fct_buf_done(&out);
    return result;
}

static fct_slice trim_blank(fct_slice text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\n')) {
        text.ptr++;
        text.len--;
    }
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\n'))
        text.len--;
    return text;
}

fct_slice fct_clean_line(fct_arena *arena, fct_slice text)
{
    return trim_blank(has_control(text) ? clean(arena, text, false) : text);
}

fct_slice fct_clean_prose(fct_arena *arena, fct_slice text)
{
    return trim_blank(has_control(text) ? clean(arena, text, true) : text);
}

/* A number as it was written, in `out`.  Empty when the value is not a number. */
static fct_slice number_text(const json_t *json, char *out, size_t size)
{
    *out = '\0';
    if (json_is_integer(json))
        snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    else if (json_is_real(json))
        show_real(json_real_value(json), out, size);
    return fct_slice_of(out);
}

static bool may_be_number(enum fct_kind kind, const json_t *json)
{
    return (json_is_integer(json) && (kind == FCT_ID || kind == FCT_CHOICE)) ||
           (json_is_real(json) && kind == FCT_CHOICE);
}

/* A link that a shop got wrong is no reason to send nothing.  Its text may be a secret. */
static void read_link(const struct fct_reading *reading, const struct fct_path *path,
                      fct_slice text, enum fct_kind kind, fct_slice *out)
{
    bool picture = kind == FCT_PICTURE;
    enum fct_link_verdict verdict =
        text.len ? fct_link_read(reading->arena, text, picture, out) : FCT_LINK_GOOD;

    if (verdict == FCT_LINK_MENDED)
        fct_shape_note(reading, path, "characters that no URL has were percent-encoded");
    if (verdict == FCT_LINK_USELESS)
        fct_shape_note(reading, path, "the %s is left out: expected a URL that begins with %s",
                       picture ? "picture" : "link",
                       picture ? "https://, http:// or cid:" : "https:// or http://");
}

static int read_text(const struct fct_reading *reading, const struct fct_path *path,
                     const json_t *json, enum fct_kind kind, fct_slice *out)
{
    fct_slice text = {json_string_value(json), json_string_length(json)};
    char number[32];

    if (kind == FCT_CHOICE && json_is_boolean(json)) {
        *out = json_is_true(json) ? FCT_SLICE("\xe2\x9c\x93") : (fct_slice){0};
        fct_shape_note(reading, path,
                       json_is_true(json) ? "true is shown as a check mark" : "false is not shown");
        return 0;
    }
    if (may_be_number(kind, json)) {
        *out = fct_arena_copy(reading->arena, number_text(json, number, sizeof number));
        return 0;
    }
    if (!json_is_string(json))
        return fct_shape_expected(reading, path, "text", json);
    if (text.len > FCT_TEXT_MAX)
        return fct_shape_refuse(reading, path, "%zu bytes are too long, at most %zu", text.len,
                                FCT_TEXT_MAX);
    if (kind == FCT_ADDRESS)
        *out = text; /* mime/ refuses control characters here instead of removing them. */
    else if (kind == FCT_LINK || kind == FCT_PICTURE)
        read_link(reading, path, text, kind, out);
    else
        *out = kind == FCT_PROSE ? fct_clean_prose(reading->arena, text)
                                 : fct_clean_line(reading->arena, text);
    return 0;
}

static int read_amount(const struct fct_reading *reading, const struct fct_path *path,
                       const json_t *json, enum fct_kind kind, fct_decimal *out)
{
    const char *what = kind == FCT_QUANTITY ? "a number above zero such as 2 or \"1.5\""
                                            : "a decimal string such as \"19.90\"";
    fct_slice text = {json_string_value(json), json_string_length(json)};
    fct_decimal value = {0};
    enum fct_decimal_verdict verdict;
    char number[32];

    if (json_is_integer(json) || (json_is_real(json) && kind == FCT_RATE))
        text = number_text(json, number, sizeof number);
    verdict = fct_decimal_parse(text, &value);
    if (verdict == FCT_DECIMAL_RANGE)
        return fct_shape_refuse(reading, path, "at most %d digits before the point",
                                FCT_DECIMAL_DIGITS);
    if (verdict == FCT_DECIMAL_ROUNDED)
        fct_shape_note(reading, path, "rounded to %u digits behind the point", value.scale);
    if (verdict == FCT_DECIMAL_SYNTAX || (kind == FCT_QUANTITY && fct_decimal_sign(value) <= 0))
        return fct_shape_expected(reading, path, what, json);
    if ((kind == FCT_POSITIVE || kind == FCT_RATE) && fct_decimal_sign(value) < 0)
        return fct_shape_expected(reading, path, "an amount without a minus sign", json);
    *out = kind == FCT_RATE ? fct_decimal_shorten(value) : value;
    return 0;
}

static int digits_at(fct_slice text, size_t at, size_t count)
{
    int value = 0;

    for (size_t i = at; i < at + count; i++) {
        if (i >= text.len || !fct_is_digit((unsigned char)text.ptr[i]))
            return -1;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

/*
 * Read "10:00" or "1000" at `*at` and move `*at` past it.  Returns whether it is a time of the day.
 */
static bool is_hour(fct_slice text, size_t *at, bool colon)
{
    int hour = digits_at(text, *at, 2), minute = digits_at(text, *at + 2 + colon, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || (colon && text.ptr[*at + 2] != ':'))
        return false;
    *at += 4 + (size_t)colon;
    return true;
}

/* The clock after the day: RFC 3339 section 5.6, where seconds and offset may be left out. */
static bool parse_clock(fct_slice text)
{
    size_t at = 11;

    if (!strchr("Tt ", text.ptr[10]) || !is_hour(text, &at, true))
        return false;
    if (at < text.len && text.ptr[at] == ':') {
        int second = digits_at(text, at + 1, 2);

        if (second < 0 || second > 60)
            return false;
        at += 3;
        if (at < text.len && text.ptr[at] == '.')
            for (at++; at < text.len && fct_is_digit((unsigned char)text.ptr[at]); at++)
                ;
    }
    if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-')) {
        at++;
        return is_hour(text, &at, at + 2 < text.len && text.ptr[at + 2] == ':') && at == text.len;
    }
    if (at < text.len && (text.ptr[at] == 'Z' || text.ptr[at] == 'z'))
        at++;
    return at == text.len;
}

/*
 * The day as written: "2026-11-23", or a date and time of RFC 3339, of which only the day is used.
 */
static bool parse_day(fct_slice text, struct fct_day *out)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct fct_day day = {digits_at(text, 0, 4), digits_at(text, 5, 2), digits_at(text, 8, 2)};
    bool leap = (day.year % 4 == 0 && day.year % 100 != 0) || day.year % 400 == 0;

    if (day.year < 1 || day.month < 1 || day.month > 12 || day.day < 1 || text.ptr[4] != '-' ||
        text.ptr[7] != '-' || day.day > lengths[day.month - 1] ||
        (day.month == 2 && day.day == 29 && !leap))
        return false;
    if (text.len > 10 && !parse_clock(text))
        return false;
    *out = day;
    return true;
}

/* A field of a form that nobody filled in, or what MySQL has for no date. */
static bool is_no_day(const json_t *json)
{
    const char *text = json_string_value(json);

    return text &&
           (!*text || strcmp(text, "0000-00-00") == 0 || strcmp(text, "0000-00-00 00:00:00") == 0);
}

int fct_shape_read_value(const struct fct_reading *reading, const struct fct_path *path,
                         const json_t *json, enum fct_kind kind, void *member)
{
    switch (kind) {
    case FCT_AMOUNT:
    case FCT_POSITIVE:
    case FCT_RATE:
    case FCT_QUANTITY:
        return read_amount(reading, path, json, kind, member);
    case FCT_FLAG:
        if (!json_is_boolean(json))
            return fct_shape_expected(reading, path, "true or false", json);
        *(bool *)member = json_is_true(json);
        return 0;
    case FCT_DAY:
        if (is_no_day(json)) {
            fct_shape_note(reading, path, "empty, so no date is shown");
            return 0;
        }
        if (!json_is_string(json) ||
            !parse_day((fct_slice){json_string_value(json), json_string_length(json)}, member))
            return fct_shape_expected(reading, path,
                                      "a date such as \"2026-11-23\" or "
                                      "\"2026-11-23T10:00:00+01:00\"",
                                      json);
        return 0;
    default:
        return read_text(reading, path, json, kind, member);
    }
}
