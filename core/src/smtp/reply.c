/* SPDX-License-Identifier: MIT */
#include "smtp/reply.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

static int malformed(fct_reply_parser *parser, const char *problem)
{
    parser->problem = problem;
    return FACTEUR_EPROTOCOL;
}

/* How much of the text's front is printable ASCII: mostly all of it. */
static size_t plain_len(fct_slice text)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] >= ' ' && text.ptr[len] <= '~')
        len++;
    return len;
}

/*
 * Append text that is safe on a terminal: whole UTF-8 characters except control characters, and "?"
 * for everything else.
 */
static int add_printable(fct_buf *out, fct_slice text)
{
    int result = fct_buf_reserve(out, text.len);

    while (result == 0 && text.len) {
        uint32_t point = 0;
        size_t len = plain_len(text);
        bool good = len > 0;

        if (!good) {
            len = fct_utf8_next(text, &point);
            good = len && (point == '\t' || point >= 0xa0);
        }
        result = good ? fct_buf_add(out, text.ptr, len) : fct_buf_add_char(out, '?');
        text.ptr += len ? len : 1;
        text.len -= len ? len : 1;
    }
    return result;
}

/* One line without its end. */
static int take_line(fct_reply_parser *parser, fct_slice line)
{
    bool last;
    int code;

    if (line.len < 3 || line.ptr[0] < '2' || line.ptr[0] > '5' || !fct_is_digit(line.ptr[1]) ||
        !fct_is_digit(line.ptr[2]))
        return malformed(parser, "a reply that does not begin with a reply code");
    code = (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 + (line.ptr[2] - '0');
    /* RFC 5321 section 4.2: a code alone is a complete reply. */
    last = line.len == 3 || line.ptr[3] == ' ';
    if (!last && line.ptr[3] != '-')
        return malformed(parser, "a reply code that is not followed by a space or a hyphen");
    if (parser->line_count && parser->code != code)
        return malformed(parser, "a reply of several lines with different codes");
    parser->code = code;
    if (parser->line_count++ && fct_buf_add_char(&parser->text, '\n'))
        return FACTEUR_ENOMEM;
    if (line.len > 4 && add_printable(&parser->text, (fct_slice){line.ptr + 4, line.len - 4}))
        return FACTEUR_ENOMEM;
    if (last) {
        parser->complete = true;
        return 1;
    }
    if (parser->line_count == FCT_REPLY_LINES_MAX)
        return malformed(parser, "a reply of more than 256 lines");
    return 0;
}

static void start_over(fct_reply_parser *parser)
{
    fct_buf_clear(&parser->text);
    parser->line_count = 0;
    parser->len = 0;
    parser->code = 0;
    parser->complete = false;
}

int fct_reply_feed(fct_reply_parser *parser, const char *bytes, size_t len, size_t *used)
{
    size_t at = 0;

    if (parser->complete)
        start_over(parser);
    while (at < len) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t part = end ? (size_t)(end - (bytes + at)) + 1 : len - at;
        fct_slice line = {bytes + at, part};
        int result;

        if (part > FCT_REPLY_LINE_MAX - parser->line.len)
            return malformed(parser, "a reply line of more than 8 KiB");
        if (parser->len == 0)
            parser->first = bytes[at];
        parser->len += part;
        if (parser->len > FCT_REPLY_MAX)
            return malformed(parser, "a reply of more than 64 KiB");
        at += part;
        if (!end || parser->line.len) {
            if (fct_buf_add(&parser->line, line.ptr, part))
                return FACTEUR_ENOMEM;
            line = (fct_slice){parser->line.ptr, parser->line.len};
        }
        if (!end)
            break;
        line.len -= line.len > 1 && line.ptr[line.len - 2] == '\r' ? 2 : 1;
        result = take_line(parser, line);
        fct_buf_clear(&parser->line);
        if (result) {
            *used = at;
            return result;
        }
    }
    *used = len;
    return 0;
}

void fct_reply_parser_done(fct_reply_parser *parser)
{
    fct_buf_done(&parser->line);
    fct_buf_done(&parser->text);
}

/* The length of an enhanced status code of the reply's class at the text's start, or 0. */
static size_t enhanced_len(int code, const char *text)
{
    size_t at = 1;

    if (text[0] != '0' + fct_reply_kind(code))
        return 0;
    for (int part = 0; part < 2; part++) {
        size_t digits = 0;

        if (text[at] != '.')
            return 0;
        at++;
        while (digits < 4 && fct_is_digit(text[at + digits]))
            digits++;
        if (digits < 1 || digits > 3)
            return 0;
        at += digits;
    }
    return text[at] == '\0' || text[at] == ' ' || text[at] == '\n' ? at : 0;
}

void fct_reply_read(const fct_reply_parser *parser, fct_buf *text, fct_reply *out)
{
    const char *from = parser->text.ptr ? parser->text.ptr : "";
    size_t len = enhanced_len(parser->code, from);

    *out = (fct_reply){.code = parser->code};
    memcpy(out->enhanced, from, len);
    fct_buf_clear(text);
    while (fct_buf_reserve(text, parser->text.len) == 0 && *from) {
        len = enhanced_len(parser->code, from);
        from += len;
        if (len && *from == ' ')
            from++;
        len = strcspn(from, "\n");
        len += from[len] ? 1 : 0;
        fct_buf_add(text, from, len);
        from += len;
    }
    out->text = text->failed ? NULL : text->ptr;
}

void fct_reply_copy(const fct_reply *from, fct_reply *to)
{
    fct_free(to->text);
    *to = *from;
    to->text = from->text ? fct_strdup(from->text) : NULL;
}

void fct_reply_done(fct_reply *reply)
{
    fct_free(reply->text);
    *reply = (fct_reply){0};
}
