/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "config/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 65536
#define JSON_MAX ((size_t)1 << 20)
#define SHOWN_MAX 80 /* characters of a refused value that an error shows */

enum type { TEXT, BOOL, INT, NUMBER, SECONDS, MS, CHOICE, SECRET, PATH, ADDRESS, JSON };

static const char *const type_names[] = {"text",   "bool",   "int",  "number",  "seconds", "ms",
                                         "choice", "secret", "path", "address", "json"};

enum scope { RELAY, LOGIN, MAILER, MACHINE };

static const char *const scope_names[] = {"relay", "login", "mailer", "machine"};

struct entry {
    const char *name;
    enum scope scope;
    enum type type;
    const char *choices;
    const char *def;
    int64_t low, high;
    const char *help;
};

static const struct entry table[] = {
#define ENTRY(name, scope, type, choices, def, low, high, help)                                    \
    {#name, scope, type, choices, def, low, high, help},
    FCT_OPTIONS(ENTRY)
#undef ENTRY
};

static const char *const names[] = {
#define NAME(name, scope, type, choices, def, low, high, help) #name,
    FCT_OPTIONS(NAME)
#undef NAME
};

size_t facteur_option_count(void)
{
    return FCT_OPTION_COUNT;
}

const char *facteur_option_name(size_t index)
{
    return index < FCT_OPTION_COUNT ? table[index].name : "";
}

const char *facteur_option_scope(size_t index)
{
    return index < FCT_OPTION_COUNT ? scope_names[table[index].scope] : "";
}

const char *facteur_option_meant(const char *name)
{
    return fct_dialect_option(name, strlen(name));
}

const char *facteur_option_type(size_t index)
{
    return index < FCT_OPTION_COUNT ? type_names[table[index].type] : "";
}

const char *facteur_option_choices(size_t index)
{
    return index < FCT_OPTION_COUNT ? table[index].choices : "";
}

const char *facteur_option_default(size_t index)
{
    return index < FCT_OPTION_COUNT ? table[index].def : "";
}

const char *facteur_option_help(size_t index)
{
    return index < FCT_OPTION_COUNT ? table[index].help : "";
}

bool fct_option_is_of_relay(size_t option)
{
    return table[option].scope == RELAY || table[option].scope == LOGIN;
}

int fct_option_find(const char *name, size_t len)
{
    for (int i = 0; i < FCT_OPTION_COUNT; i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
            return i;
    }
    return -1;
}

/*
 * Read a decimal number times `scale` (a power of ten).  The process's locale has no effect.
 * Decimals beyond the scale are dropped.  Returns false when it is not a number.
 */
static bool parse_decimal(fct_slice text, int64_t scale, int64_t *out)
{
    int64_t number = 0;
    int64_t unit = scale;
    bool point = false, digits = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' && !point && scale > 1) {
            point = true;
            continue;
        }
        if (!fct_is_digit((unsigned char)text.ptr[i]))
            return false;
        if (point) {
            unit /= 10;
            number += number < INT64_MAX / 2 ? unit * (text.ptr[i] - '0') : 0;
        } else if (number > (INT64_MAX - 9 * scale) / 10) {
            number = INT64_MAX; /* outside every range; the range check reports it */
        } else {
            number = number * 10 + (text.ptr[i] - '0') * scale;
        }
        digits = true;
    }
    *out = number;
    return digits;
}

static bool parse_bool(fct_slice text, int64_t *out)
{
    static const char *const words[][4] = {{"0", "no", "off", "false"}, {"1", "yes", "on", "true"}};

    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 4; i++) {
            if (fct_slice_equal_nocase(text, fct_slice_of(words[value][i]))) {
                *out = value;
                return true;
            }
        }
    }
    return false;
}

/* The index of the choice.  `spelling` receives its spelling in the table. */
static bool parse_choice(const char *choices, fct_slice text, int64_t *out, fct_slice *spelling)
{
    int64_t index = 0;

    for (const char *at = choices; *at; index++) {
        size_t len = strcspn(at, "|");

        if (fct_slice_equal_nocase(text, (fct_slice){at, len})) {
            *out = index;
            *spelling = (fct_slice){at, len};
            return true;
        }
        at += len + (at[len] == '|');
    }
    return false;
}

/* A choice that was once a bool also takes the words of a bool. */
static bool is_switch(const struct entry *entry)
{
    return strncmp(entry->choices, "0|1|", 4) == 0;
}

static int refuse_range(const struct entry *entry, facteur_error **error)
{
    const char *format = "%s must be from %lld to %lld";
    double low = (double)entry->low / 1000, high = (double)entry->high / 1000;

    if (entry->type == SECONDS)
        return fct_error_set(error, FACTEUR_ECONFIG, entry->name,
                             "%s must be from %g to %g seconds", entry->name, low, high);
    if (entry->type == NUMBER)
        return fct_error_set(error, FACTEUR_ECONFIG, entry->name, "%s must be from %g to %g",
                             entry->name, low, high);
    if (entry->type == MS)
        format = "%s must be from %lld to %lld milliseconds";
    return fct_error_set(error, FACTEUR_ECONFIG, entry->name, format, entry->name,
                         (long long)entry->low, (long long)entry->high);
}

/* If somebody wrote "?" instead of "&", or a "&" as %26, the next option may be a password. */
static int shown_len(fct_slice value)
{
    size_t len = 0;

    while (len < value.len && len < SHOWN_MAX && value.ptr[len] != '?' && value.ptr[len] != '&')
        len++;
    return (int)len;
}

static int refuse_form(const struct entry *entry, fct_slice value, facteur_error **error)
{
    const char *wanted = "a whole number such as 5";
    int shown = shown_len(value);

    if (entry->type == CHOICE) {
        const char *own = fct_dialect_value(entry->name, value);

        return fct_error_set(error, FACTEUR_ECONFIG, entry->name,
                             "%s must be one of %s, not \"%.*s\"%s%s%s", entry->name,
                             entry->choices, shown, value.ptr, own ? "; did you mean " : "",
                             own ? own : "", own ? "?" : "");
    }
    if (entry->type == BOOL)
        wanted = "1 or 0 (also on, off, yes, no, true, false)";
    else if (entry->type == NUMBER)
        wanted = "a number such as 14 or 0.5";
    else if (entry->type == SECONDS)
        wanted = "seconds such as 10 or 2.5";
    else if (entry->type == MS)
        wanted = "whole milliseconds such as 500";
    return fct_error_set(error, FACTEUR_ECONFIG, entry->name, "%s must be %s, not \"%.*s\"",
                         entry->name, wanted, shown, value.ptr);
}

/* No value may have a byte that could end a line on the wire or a C string. */
static int check_text(const struct entry *entry, fct_slice value, facteur_error **error)
{
    size_t bad = fct_utf8_check(value), max = entry->type == JSON ? JSON_MAX : VALUE_MAX;

    if (value.len > max)
        return fct_error_set(error, FACTEUR_ECONFIG, entry->name, "%s is longer than %zu bytes",
                             entry->name, max);
    for (size_t i = 0; i < bad; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];

        if (entry->type == JSON && (byte == '\t' || byte == '\n' || byte == '\r'))
            continue;
        if (byte < 0x20 || byte == 0x7f)
            return fct_error_set(error, FACTEUR_ECONFIG, entry->name,
                                 "%s has the control character 0x%02x at position %zu", entry->name,
                                 byte, i + 1);
    }
    if (bad < value.len)
        return fct_error_set(error, FACTEUR_ECONFIG, entry->name, "%s is not UTF-8 at position %zu",
                             entry->name, bad + 1);
    return 0;
}

/* Check `value` and find its number.  `spelling` receives the text to keep. */
static int parse(const struct entry *entry, fct_slice value, int64_t *number, fct_slice *spelling,
                 facteur_error **error)
{
    bool formed = true;
    int64_t scale = 1000;
    int err = check_text(entry, value, error);

    *spelling = value;
    if (err)
        return err;
    if (entry->type == BOOL)
        formed = parse_bool(value, number);
    else if (entry->type == CHOICE)
        formed = parse_choice(entry->choices, value, number, spelling) ||
                 (is_switch(entry) && parse_bool(value, number));
    else if (entry->type == INT || entry->type == MS)
        formed = parse_decimal(value, 1, number);
    else if (entry->type == SECONDS || entry->type == NUMBER)
        formed = parse_decimal(value, 1000000, number);
    else
        return 0;
    if (!formed)
        return refuse_form(entry, value, error);
    if (entry->type == MS)
        *number = *number > INT64_MAX / scale ? INT64_MAX : *number * scale;
    if (entry->type == INT || entry->type == BOOL || entry->type == CHOICE)
        scale = 1;
    if (*number < entry->low * scale || *number > entry->high * scale)
        return refuse_range(entry, error);
    return 0;
}

static int keep(struct fct_option_value *into, const struct entry *entry, enum fct_level level,
                int64_t number, fct_slice spelling)
{
    char *text = NULL;
    fct_secret *secret = NULL;

    /* An empty text lets a caller unset a value of the DSN or the environment. */
    if ((entry->type == SECRET || entry->type == JSON) && spelling.len)
        secret = fct_secret_new(spelling.ptr, spelling.len);
    else if (spelling.len)
        text = fct_strndup(spelling.ptr, spelling.len);
    if (spelling.len && !text && !secret)
        return FACTEUR_ENOMEM;
    fct_text_wipe(into->text);
    fct_secret_unref(into->secret);
    *into = (struct fct_option_value){level, text, secret, number};
    return 0;
}

int fct_option_refuse(const char *name, size_t len, fct_slice value, facteur_error **error)
{
    const char *dialect = fct_dialect_option(name, len);
    const char *nearest = dialect ? dialect : fct_nearest(name, len, names, FCT_OPTION_COUNT);
    const char *option = dialect && fct_option_find(dialect, strlen(dialect)) >= 0 ? dialect : "";
    const char *own = fct_dialect_value(option, value);
    char *where = fct_strndup(name, len < SHOWN_MAX ? len : SHOWN_MAX);

    if (!where)
        return fct_error_nomem(error);
    if (nearest)
        fct_error_set(error, FACTEUR_ECONFIG, where,
                      "no option is called \"%s\"; did you mean %s%s%s?", where, nearest,
                      own ? "=" : "", own ? own : "");
    else
        fct_error_set(error, FACTEUR_ECONFIG, where,
                      "no option is called \"%s\"; \"facteur help options\" or \"python -m facteur "
                      "options\" lists them all",
                      where);
    fct_free(where);
    return FACTEUR_ECONFIG;
}

/* An option is refused where it would have no effect, because nobody would notice. */
static int check_place(const struct entry *entry, enum fct_place place, facteur_error **error)
{
    if (place == FCT_PLACE_MEMBER && !fct_option_is_of_relay((size_t)(entry - table)))
        return fct_error_set(
            error, FACTEUR_ECONFIG, entry->name,
            "%s belongs to the whole mailer, not to one relay: give it after the last "
            "parenthesis or as an option",
            entry->name);
    /* Each of the relays would get the secret. */
    if (place == FCT_PLACE_SHARED && entry->scope == LOGIN)
        return fct_error_set(error, FACTEUR_ECONFIG, entry->name,
                             "several relays cannot share one login: give %s in the DSN of the "
                             "relay that it is for",
                             entry->name);
    return 0;
}

int fct_options_set(fct_options *options, enum fct_level level, const char *name, size_t name_len,
                    const char *value, size_t len, facteur_error **error)
{
    int index = fct_option_find(name, name_len);
    fct_slice spelling;
    int64_t number = 0;
    int err;

    if (index < 0)
        return fct_option_refuse(name, name_len, (fct_slice){value, len}, error);
    err = check_place(&table[index], options->place, error);
    if (!err)
        err = parse(&table[index], (fct_slice){value, len}, &number, &spelling, error);
    if (err || options->values[index].level > level)
        return err;
    err = keep(&options->values[index], &table[index], level, number, spelling);
    return err ? fct_error_nomem(error) : 0;
}

int fct_options_init(fct_options *options)
{
    memset(options, 0, sizeof *options);
    for (int i = 0; i < FCT_OPTION_COUNT; i++) {
        fct_slice def = fct_slice_of(table[i].def);

        if (!def.len)
            continue;
        if (fct_options_set(options, FCT_LEVEL_UNSET, table[i].name, strlen(table[i].name), def.ptr,
                            def.len, NULL)) {
            fct_options_done(options);
            return FACTEUR_ENOMEM;
        }
    }
    return 0;
}

int fct_options_copy(fct_options *into, const fct_options *from)
{
    memset(into, 0, sizeof *into);
    for (int i = 0; i < FCT_OPTION_COUNT; i++) {
        const struct fct_option_value *value = &from->values[i];
        char *text = value->text ? fct_strdup(value->text) : NULL;

        if (value->text && !text) {
            fct_options_done(into);
            return FACTEUR_ENOMEM;
        }
        into->values[i] = (struct fct_option_value){value->level, text,
                                                    fct_secret_ref(value->secret), value->number};
    }
    return 0;
}

void fct_options_done(fct_options *options)
{
    for (int i = 0; i < FCT_OPTION_COUNT; i++) {
        fct_text_wipe(options->values[i].text);
        fct_secret_unref(options->values[i].secret);
    }
    memset(options, 0, sizeof *options);
}

void fct_option_variable(size_t option, char variable[FCT_OPTION_VARIABLE])
{
    size_t len = (size_t)snprintf(variable, FCT_OPTION_VARIABLE, "FACTEUR_%s", table[option].name);

    for (size_t i = 0; i < len; i++)
        variable[i] = (char)(fct_is_alpha(variable[i]) ? variable[i] & ~0x20 : variable[i]);
}

int fct_options_from_environment(fct_options *options, facteur_error **error)
{
    for (int i = 0; i < FCT_OPTION_COUNT; i++) {
        char variable[FCT_OPTION_VARIABLE];
        const char *value;
        int err;

        fct_option_variable((size_t)i, variable);
        value = getenv(variable);
        if (!value || !*value)
            continue;
        err = fct_options_set(options, i == FCT_OPT_mode ? FCT_LEVEL_FORCED : FCT_LEVEL_ENVIRONMENT,
                              table[i].name, strlen(table[i].name), value, strlen(value), error);
        if (err)
            return err;
    }
    return 0;
}

static bool value_equal(const struct fct_option_value *a, const struct fct_option_value *b,
                        enum type type)
{
    bool textual = type == TEXT || type == PATH || type == ADDRESS;

    if (a->number != b->number || !fct_secret_equal(a->secret, b->secret) || !a->text != !b->text)
        return false;
    return !textual || !a->text || strcmp(a->text, b->text) == 0;
}

bool fct_options_equal(const fct_options *a, const fct_options *b)
{
    for (int i = 0; i < FCT_OPTION_COUNT; i++) {
        if (!value_equal(&a->values[i], &b->values[i], table[i].type))
            return false;
    }
    return true;
}
