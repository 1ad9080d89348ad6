/* SPDX-License-Identifier: MIT */
#include "letters/layout.h"

#include "base/utf8.h"

#include <string.h>
#include <unicode/uchar.h>

#define GAP 2       /* columns between a row's left and right */
#define LEFT_MIN 24 /* a right side that leaves less gets its own line */
#define HANG 4      /* the indent of a row's later lines */

static size_t width_of(uint32_t code)
{
    int width;

    if (code < 0x300)
        return 1;
    switch (u_charType((UChar32)code)) {
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_FORMAT_CHAR:
        return 0;
    default:
        break;
    }
    width = u_getIntPropertyValue((UChar32)code, UCHAR_EAST_ASIAN_WIDTH);
    return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

static size_t next(fct_slice text, size_t at, size_t *width)
{
    uint32_t code = 0;
    size_t len = fct_utf8_next((fct_slice){text.ptr + at, text.len - at}, &code);

    *width = len ? width_of(code) : 1;
    return len ? len : 1;
}

size_t fct_layout_columns(fct_slice text)
{
    size_t columns = 0, at = 0, width;

    while (at < text.len) {
        size_t plain = fct_ascii_len((fct_slice){text.ptr + at, text.len - at});

        at += plain;
        columns += plain;
        if (at < text.len) {
            at += next(text, at, &width);
            columns += width;
        }
    }
    return columns;
}

/*
 * How many bytes of `text` fit into `columns`, up to the last space there.  With `whole_words` a
 * word that is too wide stays whole, because a URL must be in one piece.  Else it is cut, also when
 * the last space would leave most of the line empty: some scripts are written without spaces.
 */
static size_t fit(fct_slice text, size_t columns, bool whole_words)
{
    size_t used = 0, at = 0, space = 0, before = 0, width;

    /* No character has more columns than bytes, so most lines fit without counting columns. */
    if (text.len <= columns || (text.len <= 4 * columns && fct_layout_columns(text) <= columns))
        return text.len;
    while (at < text.len) {
        size_t len = next(text, at, &width);

        if (text.ptr[at] == ' ' && at > 0) {
            space = at;
            before = used;
        }
        if (used + width > columns && space && (whole_words || before * 3 >= columns))
            return space;
        if (used + width > columns && !whole_words && at > 0)
            return at;
        used += width;
        at += len;
    }
    return text.len;
}

static fct_slice skip(fct_slice text, size_t count)
{
    text.ptr += count;
    text.len -= count;
    while (text.len && text.ptr[0] == ' ') {
        text.ptr++;
        text.len--;
    }
    return text;
}

static void pad(fct_buf *out, size_t count)
{
    static const char spaces[] = "                ";

    for (; count >= sizeof spaces; count -= sizeof spaces - 1)
        fct_buf_add_slice(out, FCT_SLICE(spaces));
    fct_buf_add(out, spaces, count);
}

void fct_layout_row(fct_buf *out, fct_slice left, fct_slice right)
{
    size_t right_columns = fct_layout_columns(right);
    size_t room = FCT_LAYOUT_COLUMNS > right_columns + GAP + LEFT_MIN
                      ? FCT_LAYOUT_COLUMNS - right_columns - GAP
                      : FCT_LAYOUT_COLUMNS;
    bool beside = room < FCT_LAYOUT_COLUMNS;
    size_t indent = 0;

    while (left.len) {
        fct_slice line = {left.ptr, fit(left, room - indent, false)};

        pad(out, indent);
        fct_buf_add_slice(out, line);
        left = skip(left, line.len);
        if (beside && right_columns) {
            pad(out, FCT_LAYOUT_COLUMNS - right_columns - indent - fct_layout_columns(line));
            fct_buf_add_slice(out, right);
            right_columns = 0;
        }
        if (left.len)
            fct_buf_add_char(out, '\n');
        indent = HANG;
    }
    if (right_columns) {
        fct_buf_add_char(out, '\n');
        pad(out, FCT_LAYOUT_COLUMNS > right_columns ? FCT_LAYOUT_COLUMNS - right_columns : 0);
        fct_buf_add_slice(out, right);
    }
}

static void fold_line(fct_buf *out, fct_slice line)
{
    size_t indent = 0;

    while (line.len && line.ptr[line.len - 1] == ' ')
        line.len--;
    while (indent < line.len && line.ptr[indent] == ' ')
        indent++;
    if (indent > FCT_LAYOUT_COLUMNS / 2)
        indent = 0;
    line.ptr += indent;
    line.len -= indent;
    while (line.len) {
        size_t len = fit(line, FCT_LAYOUT_COLUMNS - indent, true);

        pad(out, indent);
        fct_buf_add(out, line.ptr, len);
        line = skip(line, len);
        if (line.len)
            fct_buf_add_char(out, '\n');
    }
}

void fct_layout_fold(fct_buf *out, fct_slice text)
{
    while (text.len) {
        const char *feed = memchr(text.ptr, '\n', text.len);
        size_t len = feed ? (size_t)(feed - text.ptr) : text.len;

        if (len <= FCT_LAYOUT_COLUMNS && (!len || text.ptr[len - 1] != ' '))
            fct_buf_add(out, text.ptr, len);
        else
            fold_line(out, (fct_slice){text.ptr, len});
        if (!feed)
            return;
        fct_buf_add_char(out, '\n');
        text.ptr += len + 1;
        text.len -= len + 1;
    }
}
