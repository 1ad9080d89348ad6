/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/printable.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 1024
#define WORD_MAX 64

struct facteur_error {
    int code;
    char *where;
    char *message;
    char *sentence; /* NULL: the message */
};

struct entry {
    int code;
    const char *name;
    enum facteur_error_kind kind;
    const char *text;
};

static const struct entry table[] = {
#define ENTRY(name, value, kind, text) {value, #name, FACTEUR_KIND_##kind, text},
    FACTEUR_ERRORS(ENTRY)
#undef ENTRY
};

static const struct entry *find(int code)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code)
            return &table[i];
    }
    return NULL;
}

const char *facteur_error_name(int code)
{
    const struct entry *entry = find(code);

    return entry ? entry->name : "";
}

enum facteur_error_kind facteur_error_kind(int code)
{
    const struct entry *entry = find(code);

    return entry ? entry->kind : FACTEUR_KIND_USAGE;
}

const char *facteur_error_text(int code)
{
    const struct entry *entry = find(code);

    return entry ? entry->text : "unknown error";
}

int facteur_error_code(const facteur_error *error)
{
    return error->code;
}

const char *facteur_error_message(const facteur_error *error)
{
    return error->message;
}

const char *facteur_error_where(const facteur_error *error)
{
    return error->where;
}

const char *facteur_error_sentence(const facteur_error *error)
{
    return error->sentence ? error->sentence : error->message;
}

void facteur_error_free(facteur_error *error)
{
    if (!error)
        return;
    fct_free(error->where);
    fct_free(error->message);
    fct_free(error->sentence);
    fct_free(error);
}

static char *printable(const char *text)
{
    fct_buf out = {0};

    fct_printable_add(&out, (fct_slice){text, strnlen(text, MESSAGE_MAX)});
    return fct_buf_take(&out, NULL);
}

/* Whether a message begins with the whole of the place. */
static bool begins_with(const char *message, const char *where)
{
    size_t len = strlen(where);
    unsigned char next;

    if (strncmp(message, where, len) != 0)
        return false;
    next = (unsigned char)message[len];
    return !fct_is_alnum(next) && next != '_';
}

/* Put the place before the message; false when memory ran out. */
static bool join(facteur_error *error)
{
    fct_buf sentence = {0};

    fct_free(error->sentence);
    error->sentence = NULL;
    if (!*error->where || begins_with(error->message, error->where))
        return true;
    fct_buf_addf(&sentence, "%s: %s", error->where, error->message);
    error->sentence = fct_buf_take(&sentence, NULL);
    return error->sentence != NULL;
}

int fct_error_set(facteur_error **error, int code, const char *where, const char *format, ...)
{
    char text[MESSAGE_MAX];
    facteur_error *made;
    va_list args;

    if (!error || *error)
        return code;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    made = fct_calloc(1, sizeof *made);
    if (!made)
        return code;
    made->code = code;
    made->message = printable(text);
    made->where = printable(where ? where : "");
    if (!made->message || !made->where || !join(made)) {
        facteur_error_free(made);
        return code;
    }
    *error = made;
    return code;
}

int fct_error_standing(facteur_error **error, int code)
{
    return code ? fct_error_set(error, code, NULL, "%s", facteur_error_text(code)) : 0;
}

int fct_error_nomem(facteur_error **error)
{
    return fct_error_standing(error, FACTEUR_ENOMEM);
}

int fct_error_pass(facteur_error **error, int code, facteur_error *cause)
{
    if (error && !*error)
        *error = cause;
    else
        facteur_error_free(cause);
    return code;
}

void fct_error_prefix(facteur_error **error, const char *prefix)
{
    fct_buf where = {0};
    char *joined;

    if (!error || !*error)
        return;
    fct_buf_add_text(&where, prefix);
    fct_buf_add_text(&where, (*error)->where);
    joined = fct_buf_take(&where, NULL);
    if (!joined)
        return;
    fct_free((*error)->where);
    (*error)->where = joined;
    join(*error);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[WORD_MAX + 1];

    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            int same = fct_ascii_lower((unsigned char)a[i - 1]) ==
                       fct_ascii_lower((unsigned char)b[j - 1]);

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *fct_nearest(const char *word, size_t len, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = len / 3 + 2;

    if (len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_len = strlen(candidates[i]);
        size_t d;

        if (candidate_len > WORD_MAX)
            continue;
        d = distance(word, len, candidates[i], candidate_len);
        if (d < best_distance) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}

const char *facteur_phase_name(enum facteur_phase phase)
{
    static const char *const names[] = {
#define NAME(name) #name,
        FACTEUR_PHASES(NAME)
#undef NAME
    };

    return phase < FACTEUR_PHASE_COUNT ? names[phase] : "";
}
