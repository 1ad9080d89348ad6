/* SPDX-License-Identifier: MIT */
/* A header field of another program, written anew when it has bytes outside ASCII or long lines. */
#include "mime/mend_field.h"

#include "base/utf8.h"
#include "mime/field.h"
#include "mime/limits.h"
#include "mime/media.h"
#include "mime/token.h"

#include <string.h>

#define PARAMETER_NAME_MAX 40
#define TOKEN_MAX 900 /* beside a field's name it fits any line */

enum kind { TEXT, ADDRESSES, PARAMETERS, TOKENS };

/* All others are text.  "Resent-" before a name changes nothing. */
static const struct {
    const char *name;
    enum kind kind;
} kinds[] = {
    {"From", ADDRESSES},
    {"Sender", ADDRESSES},
    {"Reply-To", ADDRESSES},
    {"To", ADDRESSES},
    {"Cc", ADDRESSES},
    {"Bcc", ADDRESSES},
    {"Errors-To", ADDRESSES},
    {"Disposition-Notification-To", ADDRESSES},
    {"Return-Receipt-To", ADDRESSES},
    {"Mail-Followup-To", ADDRESSES},
    {"Mail-Reply-To", ADDRESSES},
    {"Delivered-To", ADDRESSES},
    {"List-Id", ADDRESSES},
    {"Content-Type", PARAMETERS},
    {"Content-Disposition", PARAMETERS},
    {"Message-ID", TOKENS},
    {"In-Reply-To", TOKENS},
    {"References", TOKENS},
    {"Date", TOKENS},
    {"Received", TOKENS},
    {"MIME-Version", TOKENS},
    {"Content-ID", TOKENS},
    {"Content-Transfer-Encoding", TOKENS},
    {"Content-Location", TOKENS},
    {"List-Unsubscribe", TOKENS},
    {"List-Archive", TOKENS},
    {"List-Help", TOKENS},
    {"List-Post", TOKENS},
    {"List-Subscribe", TOKENS},
    {"List-Owner", TOKENS},
    {"Archived-At", TOKENS},
};

static enum kind kind_of(fct_slice name)
{
    static const fct_slice resent = FCT_SLICE("Resent-");

    if (fct_slice_starts_nocase(name, resent))
        name = (fct_slice){name.ptr + resent.len, name.len - resent.len};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(kinds[i].name)))
            return kinds[i].kind;
    }
    return TEXT;
}

/* ---- Text ------------------------------------------------------------------------------------ */

/* The bytes that windows-1252 has in place of the controls from 0x80 on; 0: none. */
static const uint16_t western[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static void put_western(fct_buf *out, unsigned char byte)
{
    unsigned code = byte < 0x80 || byte > 0x9f ? byte : western[byte - 0x80];

    code = byte && !code ? 0xfffd : code;
    if (code < 0x80) {
        fct_buf_add_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        fct_buf_add_char(out, (char)(0xc0 | code >> 6));
    } else {
        fct_buf_add_char(out, (char)(0xe0 | code >> 12));
        fct_buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
    }
    fct_buf_add_char(out, (char)(0x80 | (code & 0x3f)));
}

void fct_mend_to_utf8(fct_buf *out, fct_slice text)
{
    if (fct_utf8_check(text) == text.len) {
        fct_buf_add_slice(out, text);
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        put_western(out, (unsigned char)text.ptr[i]);
}

/* Take the next word off the front.  Empty at the end. */
static fct_slice take_word(fct_slice *rest)
{
    fct_slice word = fct_slice_trim(*rest);

    *rest = word;
    while (word.len && rest->len && *rest->ptr != ' ' && *rest->ptr != '\t') {
        rest->ptr++;
        rest->len--;
    }
    word.len -= rest->len;
    return word;
}

static bool is_encoded_word(fct_slice word)
{
    unsigned marks = 0;

    for (size_t i = 0; i < word.len; i++)
        marks += word.ptr[i] == '?';
    return marks == 4 && word.len > 8 && memcmp(word.ptr, "=?", 2) == 0 &&
           memcmp(word.ptr + word.len - 2, "?=", 2) == 0;
}

static bool must_encode(fct_slice word, bool phrase)
{
    if (!fct_is_printable(word) || word.len > TOKEN_MAX)
        return true;
    for (size_t i = 0; phrase && i < word.len && !is_encoded_word(word); i++) {
        if (!fct_is_atext((unsigned char)word.ptr[i]))
            return true;
    }
    return false;
}

void fct_mend_put_words(fct_header *header, fct_slice text, bool phrase)
{
    fct_slice word = take_word(&text);
    bool after_encoded = false;

    while (word.len) {
        fct_slice run = word;
        fct_buf words = {0};

        if (!must_encode(word, phrase)) {
            fct_header_token(header, word);
            after_encoded = is_encoded_word(word);
            word = take_word(&text);
            continue;
        }
        do {
            run.len = (size_t)(word.ptr + word.len - run.ptr);
            word = take_word(&text);
        } while (word.len && must_encode(word, phrase));
        /* The blanks between two encoded words are not shown (RFC 2047 section 6.2). */
        fct_buf_add_text(&words, after_encoded ? " " : "");
        fct_buf_add_slice(&words, run);
        fct_buf_add_text(&words, is_encoded_word(word) ? " " : "");
        fct_header_encoded(header, (fct_slice){words.ptr, words.len});
        header->out->failed = header->out->failed || words.failed;
        fct_buf_done(&words);
        after_encoded = false;
    }
}

static void put_text(fct_header *header, size_t name_len, fct_slice text)
{
    fct_buf clean = {0};
    size_t word_max = fct_is_ascii(text) ? TOKEN_MAX - name_len : FCT_LINE_FOLD - 2;

    fct_text_clean(&clean, text);
    text = (fct_slice){clean.ptr, clean.len};
    if (text.len && memmem(text.ptr, text.len, "=?", 2))
        fct_mend_put_words(header, text, false);
    else if (text.len)
        fct_header_text(header, text, word_max);
    header->out->failed = header->out->failed || clean.failed;
    fct_buf_done(&clean);
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

/* What a token may be folded behind, without a blank there. */
static bool ends_token(fct_slice text, size_t at, bool plain)
{
    char next = at + 1 < text.len ? text.ptr[at + 1] : ' ';

    return (plain && (text.ptr[at] == ',' || text.ptr[at] == ';')) ||
           (text.ptr[at] == '>' && next == '<');
}

void fct_mend_put_folded(fct_header *header, fct_slice text)
{
    bool quoted = false, angle = false;
    size_t start = 0;

    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        bool blank = byte == ' ' || byte == '\t';

        if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '<' || byte == '>'))
            angle = byte == '<';
        if (!blank && at + 1 < text.len && !ends_token(text, at, !quoted && !angle))
            continue;
        if (at + !blank > start)
            fct_header_token(header, (fct_slice){text.ptr + start, at + !blank - start});
        start = at + 1;
    }
}

/* In ids and addresses of the web: each byte as its code (RFC 3986 section 2.1). */
static void put_percent(fct_header *header, fct_slice text)
{
    static const char hex[] = "0123456789ABCDEF";
    fct_buf plain = {0};

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        if (byte >= 0x80)
            fct_buf_add(&plain, (char[3]){'%', hex[byte >> 4], hex[byte & 15]}, 3);
        else
            fct_buf_add_char(&plain, byte < ' ' || byte == 0x7f ? ' ' : (char)byte);
    }
    fct_mend_put_folded(header, (fct_slice){plain.ptr, plain.len});
    header->out->failed = header->out->failed || plain.failed;
    fct_buf_done(&plain);
}

/* ---- Parameters ------------------------------------------------------------------------------ */

/* A quoted string may lack its end. */
static void unquote(fct_buf *out, fct_slice value)
{
    bool quoted = value.len > 0 && value.ptr[0] == '"';
    size_t end = value.len - (quoted && value.len > 1 && value.ptr[value.len - 1] == '"');

    for (size_t i = quoted; i < end; i++) {
        if (quoted && value.ptr[i] == '\\' && i + 1 < end)
            i++;
        fct_buf_add_char(out, value.ptr[i]);
    }
}

static bool is_parameter_name(fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!fct_is_mime_token((unsigned char)name.ptr[i]) || strchr("*'%", name.ptr[i]))
            return false;
    }
    return name.len > 0 && name.len <= PARAMETER_NAME_MAX;
}

/* A value that a reader could not take as it stands, in the form that the serialiser writes. */
static void put_value(fct_header *header, fct_slice name, fct_slice value)
{
    char text[PARAMETER_NAME_MAX + 1];
    fct_buf plain = {0}, clean = {0};

    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    unquote(&plain, value);
    fct_text_clean(&clean, (fct_slice){plain.ptr, plain.len});
    value = (fct_slice){clean.ptr ? clean.ptr : "", clean.len};
    if (fct_slice_equal_nocase(name, FCT_SLICE("name")))
        fct_header_param_outlook(header, text, value);
    else
        fct_header_param(header, text, value);
    header->out->failed = header->out->failed || plain.failed || clean.failed;
    fct_buf_done(&plain);
    fct_buf_done(&clean);
}

static void put_parameter(fct_header *header, fct_slice item)
{
    const char *equals = memchr(item.ptr, '=', item.len);
    size_t len = equals ? (size_t)(equals - item.ptr) : item.len;
    fct_slice name = fct_slice_trim((fct_slice){item.ptr, len});
    bool fits = fct_is_printable(item) && item.len <= TOKEN_MAX;

    if (!fits && equals && is_parameter_name(name)) {
        put_value(header, name, fct_slice_trim((fct_slice){equals + 1, item.len - len - 1}));
        return;
    }
    fct_header_glue(header, ';');
    if (fits)
        fct_header_token(header, item);
    else
        put_percent(header, item);
}

void fct_mend_put_parameters(fct_header *header, fct_slice value)
{
    put_percent(header, fct_type_next(&value));
    while (value.len) {
        fct_slice item = fct_type_next(&value);

        if (item.len)
            put_parameter(header, item);
    }
}

/* ---- All of it ------------------------------------------------------------------------------- */

bool fct_mend_has_long_line(fct_slice text)
{
    while (text.len > FCT_LINE_MAX) {
        const char *end =
            memrchr(text.ptr, '\n', FCT_LINE_MAX + 2 < text.len ? FCT_LINE_MAX + 2 : text.len);
        size_t len = end ? (size_t)(end - text.ptr) + 1 : 0;

        if (!len)
            return true;
        text.ptr += len;
        text.len -= len;
    }
    return false;
}

static void unfold(fct_buf *out, fct_slice value)
{
    fct_buf plain = {0};

    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != '\r' && value.ptr[i] != '\n')
            fct_buf_add_char(&plain, value.ptr[i]);
    }
    fct_mend_to_utf8(out, fct_slice_trim((fct_slice){plain.ptr, plain.len}));
    out->failed = out->failed || plain.failed;
    fct_buf_done(&plain);
}

/* False when the field has become empty. */
static bool put_field(fct_mend *mend, fct_slice name, fct_slice value)
{
    char text[TOKEN_MAX / 2 + 1];
    fct_header header;

    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    fct_header_begin(&header, mend->out, text);
    switch (kind_of(name)) {
    case TEXT:
        put_text(&header, name.len, value);
        break;
    case ADDRESSES:
        if (!fct_mend_put_addresses(mend, &header, name, value))
            return false;
        break;
    case PARAMETERS:
        fct_mend_put_parameters(&header, value);
        break;
    case TOKENS:
        put_percent(&header, value);
        break;
    }
    fct_header_end(&header);
    return true;
}

/* Beside a longer one there is no room for what a field says. */
static bool fits_name(fct_slice name)
{
    return name.len > 0 && name.len <= TOKEN_MAX / 2;
}

static void put_plain(fct_buf *out, fct_slice field)
{
    for (size_t i = 0; i < field.len; i++)
        fct_buf_add_char(out, field.ptr[i] & 0x80 ? '?' : field.ptr[i]);
}

/* The next byte that is no blank and no line end; 0 at the end. */
static char next_mark(fct_slice *text)
{
    while (text->len) {
        char byte = *text->ptr++;

        text->len--;
        if (byte && !strchr(" \t\r\n", byte))
            return byte;
    }
    return 0;
}

/* A field that was only folded anew stays as it was: its addresses need the relay's SMTPUTF8. */
static void keep_folds(fct_mend *mend, fct_slice field, size_t start)
{
    fct_slice made = {mend->out->ptr + start, mend->out->len - start}, rest = field;
    char mark;

    if (mend->out->failed)
        return;
    do {
        mark = next_mark(&rest);
        if (next_mark(&made) != mark) {
            mend->done |= FCT_MENDED_HEADER;
            return;
        }
    } while (mark);
    if (fct_mend_has_long_line(field)) {
        mend->done |= FCT_MENDED_HEADER;
        return;
    }
    mend->out->len = start;
    fct_buf_add_slice(mend->out, field);
}

void fct_mend_field(fct_mend *mend, fct_slice field)
{
    fct_slice name = fct_field_name(field);
    const char *colon = memchr(field.ptr, ':', field.len);
    size_t start = mend->out->len;
    fct_buf value = {0};

    if (fct_is_ascii(field) && (!fct_mend_has_long_line(field) || !fits_name(name))) {
        fct_buf_add_slice(mend->out, field);
        return;
    }
    if (!colon || !fits_name(name)) {
        mend->done |= FCT_MENDED_HEADER;
        put_plain(mend->out, field);
        return;
    }
    unfold(&value, (fct_slice){colon + 1, field.len - (size_t)(colon + 1 - field.ptr)});
    if (!put_field(mend, name, (fct_slice){value.ptr ? value.ptr : "", value.len}))
        mend->out->len = start;
    keep_folds(mend, field, start);
    mend->out->failed = mend->out->failed || value.failed;
    fct_buf_done(&value);
}
