/* SPDX-License-Identifier: MIT */
#include "mime/token.h"

#include "base/error.h"
#include "base/utf8.h"
#include "mime/limits.h"

#include <string.h>

bool fct_is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x2028 ||
           code_point == 0x2029;
}

/*
 * The code point at `at`.  A malformed byte counts as one code point, so that a scan always moves
 * on.
 */
static size_t step(fct_slice text, size_t at, uint32_t *code_point)
{
    size_t len = fct_utf8_next((fct_slice){text.ptr + at, text.len - at}, code_point);

    if (len)
        return len;
    *code_point = (unsigned char)text.ptr[at];
    return 1;
}

/* The offset of the first control character, text.len when there is none. */
static size_t find_control(fct_slice text)
{
    size_t at = 0;

    while (at < text.len) {
        uint32_t code_point;
        size_t len = step(text, at, &code_point);

        if (fct_is_control(code_point))
            return at;
        at += len;
    }
    return at;
}

bool fct_has_control(fct_slice text)
{
    return find_control(text) < text.len;
}

bool fct_is_printable(fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    }
    return true;
}

bool fct_is_atext(unsigned char byte)
{
    return fct_is_alnum(byte) || (byte && strchr("!#$%&'*+-/=?^_`{|}~", byte));
}

bool fct_is_mime_token(unsigned char byte)
{
    return byte > ' ' && byte < 0x7f && !strchr("()<>@,;:\\\"/[]?=", byte);
}

int fct_text_check(const char *field, fct_slice text, size_t max, facteur_error **error)
{
    size_t good = fct_utf8_check(text);

    if (good < text.len)
        return fct_error_set(error, FACTEUR_EMESSAGE, field,
                             "%s is not valid UTF-8: byte 0x%02x at offset %zu", field,
                             (unsigned)(unsigned char)text.ptr[good], good);
    if (max && text.len > max)
        return fct_error_set(error, FACTEUR_EMESSAGE, field, "%s is longer than %zu bytes", field,
                             max);
    return 0;
}

/* The end of the run of spaces and control characters at `at`, and whether one of them is a
 * control. */
static size_t blank_run(fct_slice text, size_t at, bool *control)
{
    *control = false;
    while (at < text.len) {
        uint32_t code_point;
        size_t len = step(text, at, &code_point);

        if (code_point != ' ' && !fct_is_control(code_point))
            break;
        *control = *control || code_point != ' ';
        at += len;
    }
    return at;
}

static int clean_slowly(fct_buf *out, fct_slice text)
{
    size_t at = 0;

    while (at < text.len) {
        uint32_t code_point;
        bool control;
        size_t end = blank_run(text, at, &control);

        if (end == text.len)
            break;
        if (end > at && at > 0) {
            if (control)
                fct_buf_add_char(out, ' ');
            else
                fct_buf_add(out, text.ptr + at, end - at);
        }
        at = end + step(text, end, &code_point);
        fct_buf_add(out, text.ptr + end, at - end);
    }
    return out->failed ? FACTEUR_ENOMEM : 0;
}

int fct_text_clean(fct_buf *out, fct_slice text)
{
    while (text.len && text.ptr[0] == ' ') {
        text.ptr++;
        text.len--;
    }
    while (text.len && text.ptr[text.len - 1] == ' ')
        text.len--;
    if (!fct_has_control(text))
        return fct_buf_add_slice(out, text);
    return clean_slowly(out, text);
}

int fct_text_mend(fct_buf *out, fct_slice text)
{
    fct_buf whole = {0};
    int result;

    while (text.len) {
        size_t len = fct_utf8_check(text);

        fct_buf_add(&whole, text.ptr, len);
        if (len < text.len) {
            fct_buf_add_text(&whole, "\xef\xbf\xbd"); /* U+FFFD */
            len += fct_utf8_broken((fct_slice){text.ptr + len, text.len - len});
        }
        text.ptr += len;
        text.len -= len;
    }
    result = whole.failed ? FACTEUR_ENOMEM
                          : fct_text_clean(out, (fct_slice){whole.ptr ? whole.ptr : "", whole.len});
    fct_buf_done(&whole);
    return result;
}

static int check_header_name(const char *field, fct_slice value, facteur_error **error)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];

        if (byte <= ' ' || byte > '~' || byte == ':')
            return fct_error_set(error, FACTEUR_EMESSAGE, field,
                                 "a header name has only printable ASCII without spaces and "
                                 "colons: byte 0x%02x at offset %zu",
                                 (unsigned)byte, i);
    }
    if (!value.len || value.len > FCT_MAX_HEADER_NAME)
        return fct_error_set(error, FACTEUR_EMESSAGE, field, "a header name has 1 to %d characters",
                             FCT_MAX_HEADER_NAME);
    return 0;
}

static int check_file_name(const char *field, fct_slice value, facteur_error **error)
{
    size_t at;
    int result = fct_text_check(field, value, FCT_MAX_FILE_NAME, error);

    if (result)
        return result;
    at = find_control(value);
    if (at < value.len)
        return fct_error_set(error, FACTEUR_EMESSAGE, field,
                             "a file name cannot have control characters: one is at offset %zu",
                             at);
    return 0;
}

static int check_id(const char *field, fct_slice value, facteur_error **error)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];

        if (byte <= ' ' || byte > '~' || byte == '<' || byte == '>')
            return fct_error_set(error, FACTEUR_EMESSAGE, field,
                                 "an id has only printable ASCII without spaces and angle "
                                 "brackets: byte 0x%02x at offset %zu",
                                 (unsigned)byte, i);
    }
    if (!value.len || value.len > FCT_MAX_ID)
        return fct_error_set(error, FACTEUR_EMESSAGE, field, "an id has 1 to %d characters",
                             FCT_MAX_ID);
    return 0;
}

/* The field has angle brackets round the id. */
static int check_content_id(const char *field, fct_slice value, facteur_error **error)
{
    int result = fct_text_check(field, value, 0, error);
    size_t control = find_control(value);

    if (result)
        return result;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];

        if (i == control || byte == '<' || byte == '>')
            return fct_error_set(error, FACTEUR_EMESSAGE, field,
                                 "a content id has no control characters and no angle brackets: "
                                 "byte 0x%02x at offset %zu",
                                 (unsigned)byte, i);
    }
    if (!value.len || value.len > FCT_MAX_ID)
        return fct_error_set(error, FACTEUR_EMESSAGE, field, "a content id has 1 to %d bytes",
                             FCT_MAX_ID);
    return 0;
}

static size_t skip_token(fct_slice value, size_t at)
{
    while (at < value.len && fct_is_mime_token((unsigned char)value.ptr[at]))
        at++;
    return at;
}

static size_t skip_spaces(fct_slice value, size_t at)
{
    while (at < value.len && value.ptr[at] == ' ')
        at++;
    return at;
}

static size_t skip_quoted(fct_slice value, size_t at)
{
    bool escaped = false;

    for (size_t i = at + 1; i < value.len && value.ptr[i] >= ' ' && value.ptr[i] <= '~'; i++) {
        if (value.ptr[i] == '"' && !escaped)
            return i + 1;
        escaped = value.ptr[i] == '\\' && !escaped;
    }
    return at;
}

/* Read one "; name=value".  Returns the offset of its end, or `at` when it is malformed. */
static size_t skip_parameter(fct_slice value, size_t at)
{
    size_t name, end, start;

    name = skip_spaces(value, at);
    if (name == value.len || value.ptr[name] != ';')
        return at;
    name = skip_spaces(value, name + 1);
    end = skip_token(value, name);
    if (end == name || end == value.len || value.ptr[end] != '=')
        return at;
    if (fct_slice_equal_nocase((fct_slice){value.ptr + name, end - name}, FCT_SLICE("name")))
        return at;
    start = end + 1;
    if (start < value.len && value.ptr[start] == '"')
        end = skip_quoted(value, start);
    else
        end = skip_token(value, start);
    return end == start ? at : end;
}

static int check_media_type(const char *field, fct_slice value, facteur_error **error)
{
    size_t at = skip_token(value, 0), next;
    bool good = at > 0 && at < value.len && value.ptr[at] == '/';

    if (good) {
        next = skip_token(value, at + 1);
        good = next > at + 1;
        at = next;
    }
    while (good && at < value.len) {
        next = skip_parameter(value, at);
        good = next > at;
        at = next;
    }
    if (!good || value.len > FCT_MAX_MEDIA_TYPE)
        return fct_error_set(error, FACTEUR_EMESSAGE, field,
                             "a media type is written like \"application/pdf\" or \"text/csv; "
                             "charset=utf-8\" (the file name is given apart)");
    if (fct_slice_starts_nocase(value, FCT_SLICE("multipart/")))
        return fct_error_set(error, FACTEUR_EMESSAGE, field,
                             "an attachment cannot be of a multipart type");
    return 0;
}

static int check_envelope_id(const char *field, fct_slice value, facteur_error **error)
{
    if (value.len && value.len <= FCT_MAX_ID && fct_is_printable(value))
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, field,
                         "an envelope id has 1 to 100 characters of printable ASCII");
}

static int check_label_name(const char *field, fct_slice value, facteur_error **error)
{
    size_t good = 0;

    while (good < value.len && value.ptr[good] &&
           (fct_is_alnum((unsigned char)value.ptr[good]) || strchr("_-.", value.ptr[good])))
        good++;
    if (good == value.len && good && good <= FCT_MAX_LABEL_NAME)
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, field,
                         "the name of a metadatum has 1 to %d letters, digits, \"_\", \"-\" or "
                         "\".\"",
                         FCT_MAX_LABEL_NAME);
}

static int check_label(const char *field, fct_slice value, facteur_error **error)
{
    size_t at;
    int result = fct_text_check(field, value, FCT_MAX_LABEL, error);

    if (result)
        return result;
    at = find_control(value);
    if (value.len && at == value.len)
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, field,
                         value.len ? "tags and metadata cannot have control characters"
                                   : "tags and metadata are not empty");
}

/*
 * A reader would take these for the end: the field has angle brackets around a URI and commas
 * between two.
 */
static int check_uri(const char *field, fct_slice value, facteur_error **error)
{
    bool scheme = (fct_slice_starts_nocase(value, FCT_SLICE("https://")) && value.len > 8) ||
                  (fct_slice_starts_nocase(value, FCT_SLICE("mailto:")) && value.len > 7);

    if (scheme && value.len <= FCT_MAX_URI && fct_is_printable(value) &&
        !memchr(value.ptr, ' ', value.len) && !memchr(value.ptr, '<', value.len) &&
        !memchr(value.ptr, '>', value.len))
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, field,
                         "%s is an https: or mailto: address of at most %d printable ASCII "
                         "characters without spaces and angle brackets",
                         field, FCT_MAX_URI);
}

int fct_token_check(enum fct_token kind, const char *field, fct_slice value, facteur_error **error)
{
    switch (kind) {
    case FCT_TOKEN_HEADER_NAME:
        return check_header_name(field, value, error);
    case FCT_TOKEN_FILE_NAME:
        return check_file_name(field, value, error);
    case FCT_TOKEN_ID:
        return check_id(field, value, error);
    case FCT_TOKEN_CONTENT_ID:
        return check_content_id(field, value, error);
    case FCT_TOKEN_MEDIA_TYPE:
        return check_media_type(field, value, error);
    case FCT_TOKEN_ENVELOPE_ID:
        return check_envelope_id(field, value, error);
    case FCT_TOKEN_LABEL_NAME:
        return check_label_name(field, value, error);
    case FCT_TOKEN_LABEL:
        return check_label(field, value, error);
    case FCT_TOKEN_URI:
        return check_uri(field, value, error);
    }
    return FACTEUR_EMESSAGE;
}
