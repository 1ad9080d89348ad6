/* SPDX-License-Identifier: MIT */
#include "mime/report_parts.h"

#include <string.h>

fct_slice fct_line_next(fct_slice *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len, used = end ? len + 1 : len;
    fct_slice line = {rest->ptr, len};

    if (len && line.ptr[len - 1] == '\r')
        line.len--;
    rest->ptr += used;
    rest->len -= used;
    return line;
}

fct_slice fct_head_of(fct_slice message, fct_slice *body)
{
    fct_slice rest = message;

    while (rest.len) {
        const char *start = rest.ptr;

        if (!fct_line_next(&rest).len) {
            *body = rest;
            return (fct_slice){message.ptr, (size_t)(start - message.ptr)};
        }
    }
    *body = rest;
    return message;
}

static bool is_folded(fct_slice line)
{
    return line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
}

/* Whether the line begins a field of this name; `value` is what follows the colon. */
static bool begins_field(fct_slice line, fct_slice name, fct_slice *value)
{
    size_t at = name.len;

    if (!fct_slice_starts_nocase(line, name))
        return false;
    while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
        at++;
    if (at == line.len || line.ptr[at] != ':')
        return false;
    *value = fct_slice_trim((fct_slice){line.ptr + at + 1, line.len - at - 1});
    return true;
}

bool fct_head_value(fct_slice head, const char *name, fct_buf *out)
{
    fct_slice wanted = fct_slice_of(name), value;

    while (head.len) {
        fct_slice line = fct_line_next(&head);

        if (!begins_field(line, wanted, &value))
            continue;
        fct_buf_add_slice(out, value);
        while (head.len && is_folded(head)) {
            fct_buf_add_char(out, ' ');
            fct_buf_add_slice(out, fct_slice_trim(fct_line_next(&head)));
        }
        return true;
    }
    return false;
}

/* ---- Parts ----------------------------------------------------------------------------------- */

/* 0: no delimiter; 1: one between parts; 2: the last one. */
static int delimits(fct_slice line, fct_slice boundary)
{
    fct_slice tail;

    if (line.len < boundary.len + 2 || memcmp(line.ptr, "--", 2) != 0 ||
        memcmp(line.ptr + 2, boundary.ptr, boundary.len) != 0)
        return 0;
    tail = fct_slice_trim((fct_slice){line.ptr + 2 + boundary.len, line.len - 2 - boundary.len});
    if (tail.len == 0)
        return 1;
    return tail.len >= 2 && memcmp(tail.ptr, "--", 2) == 0 ? 2 : 0;
}

bool fct_part_next(fct_slice *rest, fct_slice boundary, fct_slice *part)
{
    const char *start = NULL;

    while (rest->len) {
        fct_slice before = *rest, line = fct_line_next(rest);
        int found = delimits(line, boundary);

        if (!found)
            continue;
        if (start) {
            *part = (fct_slice){start, (size_t)(before.ptr - start)};
            /* The delimiter begins the next part, too. */
            *rest = found == 2 ? (fct_slice){rest->ptr + rest->len, 0} : before;
            return true;
        }
        if (found == 2)
            return false;
        start = rest->ptr;
    }
    /* Cut off: the last part goes to the end. */
    *part = (fct_slice){start, start ? (size_t)(rest->ptr - start) : 0};
    return start && part->len;
}

/* ---- Encodings ------------------------------------------------------------------------------- */

static int base64_digit(int byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (fct_is_digit(byte))
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* What is no digit is passed by: strangers break lines as they like. */
static void decode_base64(fct_slice body, fct_buf *out)
{
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < body.len && body.ptr[i] != '='; i++) {
        int digit = base64_digit((unsigned char)body.ptr[i]);

        if (digit < 0)
            continue;
        held = (held << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            fct_buf_add_char(out, (char)(held >> bits & 0xff));
        }
    }
}

static void decode_quoted(fct_slice body, fct_buf *out)
{
    while (body.len) {
        fct_slice line = fct_line_next(&body);
        bool soft = line.len && line.ptr[line.len - 1] == '=';

        line.len -= soft;
        for (size_t i = 0; i < line.len; i++) {
            int high = i + 2 < line.len ? fct_hex_digit((unsigned char)line.ptr[i + 1]) : -1;
            int low = i + 2 < line.len ? fct_hex_digit((unsigned char)line.ptr[i + 2]) : -1;

            if (line.ptr[i] == '=' && high >= 0 && low >= 0) {
                fct_buf_add_char(out, (char)(high << 4 | low));
                i += 2;
            } else {
                fct_buf_add_char(out, line.ptr[i]);
            }
        }
        if (!soft)
            fct_buf_add_char(out, '\n');
    }
}

void fct_part_decode(fct_slice head, fct_slice body, fct_buf *out)
{
    fct_buf encoding = {0};

    fct_head_value(head, "Content-Transfer-Encoding", &encoding);
    if (fct_slice_equal_nocase(fct_value_of(&encoding), FCT_SLICE("base64")))
        decode_base64(body, out);
    else if (fct_slice_equal_nocase(fct_value_of(&encoding), FCT_SLICE("quoted-printable")))
        decode_quoted(body, out);
    else
        fct_buf_add_slice(out, body);
    out->failed |= encoding.failed;
    fct_buf_done(&encoding);
}
