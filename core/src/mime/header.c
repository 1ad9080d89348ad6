/* SPDX-License-Identifier: MIT */
#include "mime/header.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "mime/idna.h"
#include "mime/limits.h"
#include "mime/token.h"

#include <string.h>

#define WORD_PREFIX "=?utf-8?"
#define WORD_OVERHEAD 12 /* "=?utf-8?B?" and "?=" */
#define WORD_PAYLOAD 63  /* an encoded word has at most 75 characters (RFC 2047 section 2) */
#define QUOTED_MAX 70    /* a quoted string that fits any line */

static void put(fct_header *header, const char *bytes, size_t len)
{
    fct_buf_add(header->out, bytes, len);
    header->column += len;
}

static void fold(fct_header *header)
{
    fct_buf_add(header->out, "\r\n", 2);
    header->column = header->start = 0;
    header->has_word = false;
}

void fct_header_begin(fct_header *header, fct_buf *out, const char *name)
{
    *header = (fct_header){.out = out};
    put(header, name, strlen(name));
    put(header, ":", 1);
    header->start = header->column;
}

/*
 * Whether `len` more columns are too many.  The first word stays beside the name: many readers show
 * a fold right after the name as a space, and some do not read an id from the second line.
 */
static bool must_fold(const fct_header *header, size_t len)
{
    return header->column > header->start &&
           header->column + len > (header->has_word ? FCT_LINE_ENCODED : FCT_LINE_FOLD);
}

/* Whether a first word of `len` columns and a byte glued to it fit beside the name. */
static bool fits_first(const fct_header *header, size_t len)
{
    return header->column > header->start || header->start + 1 + len + 1 <= FCT_LINE_FOLD;
}

void fct_header_end(fct_header *header)
{
    fold(header);
}

void fct_header_token(fct_header *header, fct_slice token)
{
    if (must_fold(header, 1 + token.len + 1))
        fold(header);
    put(header, " ", 1);
    put(header, token.ptr, token.len);
}

void fct_header_glue(fct_header *header, char byte)
{
    put(header, &byte, 1);
}

/* ---- Encoded words --------------------------------------------------------------------------- */

/*
 * Characters that need no code in the Q word of a phrase (RFC 2047 section 5, rule 3), and so in
 * any.
 */
static bool is_q_literal(unsigned char byte)
{
    return fct_is_alnum(byte) || (byte && strchr("!*+-/", byte));
}

static size_t q_cost(fct_slice text)
{
    size_t cost = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        cost += is_q_literal(byte) || byte == ' ' ? 1 : 3;
    }
    return cost;
}

static size_t character_len(fct_slice text)
{
    uint32_t code_point;
    size_t len = fct_utf8_next(text, &code_point);

    return len ? len : 1;
}

/* How many bytes of whole characters fit into `room` characters of payload. */
static size_t take(fct_slice text, size_t room, bool q)
{
    size_t len = 0, cost = 0;

    while (len < text.len) {
        size_t more = character_len((fct_slice){text.ptr + len, text.len - len});

        cost = q ? cost + q_cost((fct_slice){text.ptr + len, more}) : FCT_BASE64_LEN(len + more);
        if (cost > room)
            break;
        len += more;
    }
    return len;
}

static void put_q(fct_header *header, fct_slice text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        char code[3] = {'=', hex[byte >> 4], hex[byte & 15]};

        if (is_q_literal(byte))
            put(header, text.ptr + i, 1);
        else if (byte == ' ')
            put(header, "_", 1);
        else
            put(header, code, 3);
    }
}

static void put_word(fct_header *header, fct_slice text, bool q)
{
    char code[FCT_BASE64_LEN(WORD_PAYLOAD)];

    put(header, WORD_PREFIX, sizeof WORD_PREFIX - 1);
    put(header, q ? "Q?" : "B?", 2);
    if (q)
        put_q(header, text);
    else
        put(header, code, fct_base64_encode(code, text.ptr, text.len));
    put(header, "?=", 2);
    header->has_word = true;
}

/*
 * Choose the text of the next word.  GMime (and so notmuch and others) reads adjacent base64 words
 * as one and stops at the first padding.  So only the last word may have padding, and a character
 * that would need some becomes a Q word.
 */
static size_t next_payload(fct_slice text, size_t room, bool *q)
{
    size_t len = take(text, room, *q), whole = 0;

    if (*q || len == text.len)
        return len;
    for (size_t at = 0; at < len; at += character_len((fct_slice){text.ptr + at, len - at}))
        whole = at % 3 == 0 ? at : whole;
    if (len % 3 == 0)
        return len;
    if (whole)
        return whole;
    *q = true;
    len = character_len(text);
    return q_cost((fct_slice){text.ptr, len}) <= room ? len : 0;
}

/* `tail`: columns to leave free after the last word. */
static void put_words(fct_header *header, fct_slice text, size_t tail)
{
    bool q = q_cost(text) <= FCT_BASE64_LEN(text.len), first = true;
    size_t line = FCT_LINE_ENCODED - 1 - WORD_OVERHEAD - tail;
    size_t cost = q ? q_cost(text) : FCT_BASE64_LEN(text.len);

    /* One word on a line of its own reads better than two halves. */
    if (tail == 0 && cost <= WORD_PAYLOAD && header->column > header->start &&
        header->column + cost > line)
        fold(header);
    while (text.len) {
        size_t room = header->column < line ? line - header->column : 0;
        bool word_q = q;
        size_t len = next_payload(text, room < WORD_PAYLOAD ? room : WORD_PAYLOAD, &word_q);

        if (!len) {
            fold(header);
            first = false;
            continue;
        }
        /* The first word after an opening quotation mark has no space before it. */
        if (!first || tail == 0)
            put(header, " ", 1);
        first = false;
        put_word(header, (fct_slice){text.ptr, len}, word_q);
        text.ptr += len;
        text.len -= len;
    }
}

void fct_header_encoded(fct_header *header, fct_slice text)
{
    put_words(header, text, 0);
}

static const char *find(fct_slice text, const char *two)
{
    for (size_t i = 0; i + 2 <= text.len; i++) {
        if (text.ptr[i] == two[0] && text.ptr[i + 1] == two[1])
            return text.ptr + i;
    }
    return NULL;
}

/*
 * A reader would decode text that looks like an encoded word, and show something else than was
 * given.
 */
static bool looks_encoded(fct_slice text)
{
    const char *open = find(text, "=?");

    return open && find((fct_slice){open + 2, text.len - (size_t)(open + 2 - text.ptr)}, "?=");
}

/* ---- Text and names -------------------------------------------------------------------------- */

/*
 * The end of the word at `at`, whose space before it counts.  A word does not end between two
 * spaces: many readers turn a fold there into one space.
 */
static size_t next_word(fct_slice text, size_t at)
{
    size_t end = at + 1;

    while (end < text.len && (text.ptr[end] != ' ' || text.ptr[end - 1] == ' ' ||
                              (end + 1 < text.len && text.ptr[end + 1] == ' ')))
        end++;
    return end;
}

static bool has_long_word(fct_slice text, size_t word_max)
{
    for (size_t at = 0, end; at < text.len; at = end) {
        end = next_word(text, at);
        if (end - at > word_max)
            return true;
    }
    return false;
}

void fct_header_text(fct_header *header, fct_slice text, size_t word_max)
{
    bool whole = word_max > FCT_LINE_FOLD || !text.len || fits_first(header, next_word(text, 0));

    if (!whole || !fct_is_printable(text) || looks_encoded(text) || has_long_word(text, word_max)) {
        fct_header_encoded(header, text);
        return;
    }
    for (size_t at = 0; at < text.len;) {
        size_t end = next_word(text, at);

        if (must_fold(header, (end - at) + (at == 0)))
            fold(header);
        if (at == 0)
            put(header, " ", 1);
        put(header, text.ptr + at, end - at);
        at = end;
    }
}

static bool is_atoms(fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        bool inner = i > 0 && i + 1 < name.len && name.ptr[i - 1] != ' ';

        if (!fct_is_atext((unsigned char)name.ptr[i]) && (name.ptr[i] != ' ' || !inner))
            return false;
    }
    return name.len > 0;
}

/* `quoted` has room for twice the text and two bytes. */
static size_t quote(char *quoted, fct_slice text)
{
    size_t len = 0;

    quoted[len++] = '"';
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            quoted[len++] = '\\';
        quoted[len++] = text.ptr[i];
    }
    quoted[len++] = '"';
    return len;
}

void fct_header_phrase(fct_header *header, fct_slice name)
{
    char quoted[2 * QUOTED_MAX + 2];
    size_t len;

    if (!fct_is_printable(name) || looks_encoded(name) || name.len > QUOTED_MAX) {
        fct_header_encoded(header, name);
        return;
    }
    if (is_atoms(name)) {
        fct_header_text(header, name, FCT_LINE_FOLD);
        return;
    }
    len = quote(quoted, name);
    if (len > QUOTED_MAX + 2 || !fits_first(header, len))
        fct_header_encoded(header, name);
    else
        fct_header_token(header, (fct_slice){quoted, len});
}

static void put_angle(fct_header *header, const char *address)
{
    char angle[FCT_MAX_ADDRESS + 2];
    size_t len = strlen(address);

    angle[0] = '<';
    memcpy(angle + 1, address, len);
    angle[len + 1] = '>';
    fct_header_token(header, (fct_slice){angle, len + 2});
}

/* Whether the last word is an encoded one. */
static bool ends_encoded(const fct_buf *out)
{
    return out->len > 2 && memcmp(out->ptr + out->len - 2, "?=", 2) == 0;
}

void fct_header_addresses(fct_header *header, const fct_address_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const fct_address *item = &list->items[i];

        if (item->kind == FCT_GROUP_END) {
            fct_header_glue(header, ';');
        } else if (item->kind == FCT_GROUP) {
            fct_header_phrase(header, fct_slice_of(item->name ? item->name : ""));
            /* An encoded word must be set apart from the colon (RFC 2047 section 5, rule 3). */
            if (ends_encoded(header->out))
                put(header, " ", 1);
            fct_header_glue(header, ':');
            continue;
        } else if (item->name) {
            fct_header_phrase(header, fct_slice_of(item->name));
            put_angle(header, item->address);
        } else {
            fct_header_token(header, fct_slice_of(item->address));
        }
        if (i + 1 < list->count && item[1].kind != FCT_GROUP_END)
            fct_header_glue(header, ',');
    }
}

/* Write "<id>", the domain of one outside ASCII as A-labels.  False when it has no such form. */
static bool put_id(fct_header *header, fct_slice angle)
{
    fct_slice id = {angle.ptr + 1, angle.len - 2};
    fct_buf wire = {0};
    const char *why;
    bool plain = fct_is_printable(id), made;

    fct_buf_add_char(&wire, '<');
    if (plain)
        fct_buf_add_slice(&wire, id);
    made = plain || fct_idna_domain(&wire, id, &why) == 0;
    fct_buf_add_char(&wire, '>');
    if (made)
        fct_header_token(header, (fct_slice){wire.ptr, wire.len});
    header->out->failed |= wire.failed;
    fct_buf_done(&wire);
    return made;
}

void fct_header_list(fct_header *header, fct_slice text)
{
    while (text.len) {
        const char *open = memchr(text.ptr, '<', text.len);
        size_t before = open ? (size_t)(open - text.ptr) : text.len;
        const char *shut = open ? memchr(open, '>', text.len - before) : NULL;
        size_t len = shut ? (size_t)(shut + 1 - open) : 0;
        fct_slice words = fct_slice_trim((fct_slice){text.ptr, shut ? before : text.len});

        if (words.len > 1 && words.ptr[0] == '"' && words.ptr[words.len - 1] == '"')
            words = (fct_slice){words.ptr + 1, words.len - 2};
        if (words.len == 1 && words.ptr[0] == ',')
            fct_header_glue(header, ',');
        else if (words.len)
            fct_header_phrase(header, words);
        if (!shut)
            return;
        if (len > FCT_LINE_MAX - FCT_MAX_HEADER_NAME - 4 || !put_id(header, (fct_slice){open, len}))
            fct_header_encoded(header, (fct_slice){open, len});
        text.ptr += before + len;
        text.len -= before + len;
    }
}

/* ---- Parameters ------------------------------------------------------------------------------ */

#define FALLBACK_MAX 56

/* attribute-char of RFC 2231 section 7. */
static bool is_attribute_char(unsigned char byte)
{
    return fct_is_mime_token(byte) && !strchr("*'%", byte);
}

static size_t extended_len(fct_slice value)
{
    size_t len = 0;

    for (size_t i = 0; i < value.len; i++)
        len += is_attribute_char((unsigned char)value.ptr[i]) ? 1 : 3;
    return len;
}

/* One section "name*N*=" of an extended value; returns how much of the value it took. */
static size_t put_section(fct_header *header, const char *name, unsigned section, bool whole,
                          fct_slice value)
{
    static const char hex[] = "0123456789ABCDEF";
    fct_buf text = {.max = 2 * FCT_LINE_FOLD};
    size_t taken = 0;

    if (whole)
        fct_buf_addf(&text, "%s*=", name);
    else
        fct_buf_addf(&text, "%s*%u*=", name, section);
    if (section == 0)
        fct_buf_add_text(&text, "utf-8''");
    while (taken < value.len && !text.failed) {
        size_t len = character_len((fct_slice){value.ptr + taken, value.len - taken});

        if (text.len + extended_len((fct_slice){value.ptr + taken, len}) + 2 > FCT_LINE_ENCODED)
            break;
        for (; len; len--, taken++) {
            unsigned char byte = (unsigned char)value.ptr[taken];
            char code[3] = {'%', hex[byte >> 4], hex[byte & 15]};

            if (is_attribute_char(byte))
                fct_buf_add_char(&text, (char)byte);
            else
                fct_buf_add(&text, code, 3);
        }
    }
    header->out->failed = header->out->failed || text.failed;
    fct_header_glue(header, ';');
    fct_header_token(header, (fct_slice){text.ptr, text.len});
    fct_buf_done(&text);
    return header->out->failed ? value.len : taken;
}

static void put_extended(fct_header *header, const char *name, fct_slice value)
{
    bool whole = strlen(name) + 9 + extended_len(value) + 2 <= FCT_LINE_ENCODED;

    for (unsigned section = 0; value.len; section++) {
        size_t taken = put_section(header, name, section, whole, value);

        value.ptr += taken;
        value.len -= taken;
    }
}

/*
 * A shortened ASCII form for readers without RFC 2231.  It keeps the ending, so that the file still
 * opens.
 */
static size_t fallback(char *ascii, fct_slice value)
{
    size_t len = 0, ending = value.len, kept;

    while (ending > 0 && value.len - ending < 8 && value.ptr[ending - 1] != '.')
        ending--;
    kept = ending > 0 && value.ptr[ending - 1] == '.' ? value.len - ending + 1 : 0;
    for (size_t i = 0; i < value.len;) {
        size_t step = character_len((fct_slice){value.ptr + i, value.len - i});
        /* A question mark goes too, so that nothing here looks like an encoded word. */
        bool plain = step == 1 && !strchr("\"\\?", value.ptr[i]);

        if (len == FALLBACK_MAX - kept && i < value.len - kept) {
            i = value.len - kept;
            continue;
        }
        if (len == FALLBACK_MAX)
            break;
        ascii[len++] = plain ? value.ptr[i] : '_';
        i += step;
    }
    return len;
}

static void put_quoted(fct_header *header, const char *name, fct_slice value)
{
    char text[2 * FCT_LINE_FOLD + 64];
    size_t len = strlen(name);

    memcpy(text, name, len);
    text[len++] = '=';
    len += quote(text + len, value);
    fct_header_glue(header, ';');
    fct_header_token(header, (fct_slice){text, len});
}

static bool fits_quoted(const char *name, fct_slice value)
{
    size_t len = strlen(name) + 3 + value.len;

    for (size_t i = 0; i < value.len; i++)
        len += value.ptr[i] == '"' || value.ptr[i] == '\\';
    return fct_is_printable(value) && !looks_encoded(value) && len + 2 <= FCT_LINE_ENCODED;
}

void fct_header_param(fct_header *header, const char *name, fct_slice value)
{
    char ascii[FALLBACK_MAX];

    if (fits_quoted(name, value)) {
        put_quoted(header, name, value);
        return;
    }
    /* Several readers use the first of the two.  Those without RFC 2231 see only the second. */
    put_extended(header, name, value);
    put_quoted(header, name, (fct_slice){ascii, fallback(ascii, value)});
}

void fct_header_param_outlook(fct_header *header, const char *name, fct_slice value)
{
    if (fits_quoted(name, value)) {
        put_quoted(header, name, value);
        return;
    }
    fct_header_glue(header, ';');
    fold(header);
    put(header, " ", 1);
    put(header, name, strlen(name));
    put(header, "=\"", 2);
    put_words(header, value, 1);
    put(header, "\"", 1);
}
