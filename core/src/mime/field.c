/* SPDX-License-Identifier: MIT */
#include "mime/field.h"

#include <string.h>

fct_slice fct_field_next(fct_slice *rest)
{
    fct_slice field = {rest->ptr, 0};

    do {
        const char *lf = memchr(rest->ptr + field.len, '\n', rest->len - field.len);

        field.len = lf ? (size_t)(lf - rest->ptr) + 1 : rest->len;
    } while (field.len < rest->len &&
             (rest->ptr[field.len] == ' ' || rest->ptr[field.len] == '\t'));
    rest->ptr += field.len;
    rest->len -= field.len;
    return field;
}

fct_slice fct_field_name(fct_slice field)
{
    const char *colon = memchr(field.ptr, ':', field.len);

    return fct_slice_trim((fct_slice){field.ptr, colon ? (size_t)(colon - field.ptr) : 0});
}

/* So often a text is read to its end for what is not closed there; whatever opens then is plain. */
#define UNCLOSED_MAX 8

/* Behind the quoted string or comment that opens at `at`; one that is not closed is plain text. */
static size_t skip_quoted(struct fct_field_scan *scan, fct_slice text, size_t at)
{
    bool quoted = text.ptr[at] == '"';
    size_t depth = 1, end = at + 1;

    if (scan->unclosed == UNCLOSED_MAX)
        return end;
    for (; end < text.len && depth; end++) {
        if (text.ptr[end] == '\\')
            end++;
        else if (text.ptr[end] == (quoted ? '"' : ')'))
            depth--;
        else if (!quoted && text.ptr[end] == '(')
            depth++;
    }
    scan->unclosed += depth > 0;
    return depth ? at + 1 : end;
}

static size_t skip_angle(struct fct_field_scan *scan, fct_slice text, size_t at)
{
    const char *close = NULL;

    if (scan->unclosed < UNCLOSED_MAX)
        close = memchr(text.ptr + at, '>', text.len - at);
    scan->unclosed += !close && scan->unclosed < UNCLOSED_MAX;
    return close ? (size_t)(close - text.ptr) + 1 : at + 1;
}

size_t fct_field_find(struct fct_field_scan *scan, fct_slice text, size_t at, const char *stops)
{
    while (at < text.len) {
        char byte = text.ptr[at];

        if (byte && strchr(stops, byte))
            return at;
        if (byte == '"' || byte == '(')
            at = skip_quoted(scan, text, at);
        else
            at = byte == '<' ? skip_angle(scan, text, at) : at + 1;
    }
    return text.len;
}

size_t fct_field_find_in(fct_slice text, const char *stops)
{
    struct fct_field_scan scan = {0};

    return fct_field_find(&scan, text, 0, stops);
}
