/* SPDX-License-Identifier: MIT */
#include "mime/encoding.h"

#include "base/base64.h"
#include "base/block.h"
#include "facteur.h"
#include "mime/limits.h"

#include <string.h>

#define SOFT_LIMIT (FCT_LINE_ENCODED - 1) /* the last column is the soft break's "=" */
#define RUN_MAX 4096 /* bytes of a line encoded between two looks at the buffer */

/* The bytes that quoted-printable writes as codes. */
static fct_block coded(fct_block bytes)
{
    return ((bytes < 0x20) & (bytes != '\t')) | (bytes == 0x7f) | (bytes == '=');
}

static bool is_coded(unsigned char byte)
{
    return (byte < 0x20 && byte != '\t') || byte > 0x7e || byte == '=';
}

const char *fct_encoding_name(enum fct_encoding encoding)
{
    static const char *const names[] = {"7bit", "quoted-printable", "base64"};

    return names[encoding];
}

static const char *line_end(fct_slice text, size_t at)
{
    const char *end = memchr(text.ptr + at, '\n', text.len - at);

    return end ? end : text.ptr + text.len;
}

static bool starts_with_from(const char *line, size_t len)
{
    return len >= 5 && memcmp(line, "From ", 5) == 0;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool has_boundary_mark(fct_slice text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;

    while (at < end && (at = memchr(at, '=', (size_t)(end - at))) != NULL) {
        at++;
        if (at < end && *at == '_')
            return true;
    }
    return false;
}

/* How many bytes of a line quoted-printable writes as codes; `seen` collects those but "=". */
static size_t count_coded(const char *line, size_t len, const char *end, fct_block *seen)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i += FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within(line + i, end), mask = coded(bytes);

        if (len - i < FCT_BLOCK_SIZE)
            mask &= fct_block_head(len - i);
        *seen |= mask & (bytes != '=');
        count += fct_block_count(mask);
    }
    return count;
}

enum fct_encoding fct_encoding_choose(fct_slice text)
{
    uint64_t columns = 0, base64;
    size_t lines = 0;
    bool not_7bit = false;
    fct_block seen = {0};

    for (size_t at = 0; at < text.len; lines++) {
        const char *line = text.ptr + at;
        size_t len = (size_t)(line_end(text, at) - line);
        size_t width = len + 2 * count_coded(line, len, text.ptr + text.len, &seen);
        bool blank = len && is_blank(line[len - 1]), from = starts_with_from(line, len);

        not_7bit |= blank || from || len > FCT_LINE_FOLD;
        width += (blank ? 2U : 0U) + (from || (len && line[0] == '.') ? 2U : 0U);
        columns += width;
        if (width > FCT_LINE_ENCODED)
            columns += (width - 2) / (SOFT_LIMIT - 1) * 3;
        at += len + 1;
    }
    if (!not_7bit && fct_block_first(seen) == FCT_BLOCK_SIZE && !has_boundary_mark(text))
        return FCT_7BIT;
    base64 = fct_base64_lines_len((uint64_t)text.len + lines);
    return columns + 2 * (uint64_t)lines <= base64 ? FCT_QUOTED_PRINTABLE : FCT_BASE64;
}

static void encode_7bit(fct_buf *out, fct_slice text)
{
    for (size_t at = 0; at < text.len;) {
        const char *end = line_end(text, at);
        size_t len = (size_t)(end - (text.ptr + at));

        fct_buf_add(out, text.ptr + at, len);
        at += len;
        if (at < text.len)
            fct_buf_add(out, "\r\n", 2);
        at++;
    }
}

/* ---- Quoted-printable ------------------------------------------------------------------------ */

struct qp {
    char *out;
    size_t column;
    const char *end; /* of the text: so far blocks may be read */
};

static void soft_break(struct qp *qp)
{
    memcpy(qp->out, "=\r\n", 3);
    qp->out += 3;
    qp->column = 0;
}

static void put_code(struct qp *qp, unsigned char byte)
{
    static const char hex[] = "0123456789ABCDEF";

    qp->out[0] = '=';
    qp->out[1] = hex[byte >> 4];
    qp->out[2] = hex[byte & 15];
    qp->out += 3;
    qp->column += 3;
}

/* A character's bytes stay on one line; malformed bytes stand alone. */
static size_t sequence_len(const unsigned char *in, size_t len)
{
    size_t n = in[0] < 0xc2 ? 1 : in[0] < 0xe0 ? 2 : in[0] < 0xf0 ? 3 : in[0] < 0xf5 ? 4 : 1;

    if (n > len)
        return 1;
    for (size_t i = 1; i < n; i++) {
        if ((in[i] & 0xc0) != 0x80)
            return 1;
    }
    return n;
}

static void qp_codes(struct qp *qp, const unsigned char *in, size_t len, bool last)
{
    size_t room = last ? FCT_LINE_ENCODED : SOFT_LIMIT;

    if (qp->column + 3 * len > room)
        soft_break(qp);
    for (size_t i = 0; i < len; i++)
        put_code(qp, in[i]);
}

/* Copy what needs no code, at most `len`; FCT_BLOCK_SIZE - 1 bytes more may be overwritten. */
static size_t qp_plain(struct qp *qp, const unsigned char *in, size_t len)
{
    size_t done = 0, first = FCT_BLOCK_SIZE;

    while (done < len && first == FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within((const char *)in + done, qp->end);

        memcpy(qp->out + done, &bytes, sizeof bytes);
        first = fct_block_first(coded(bytes));
        done += first;
    }
    done = done < len ? done : len;
    qp->out += done;
    qp->column += done;
    return done;
}

/* `last`: the run ends its line.  Writes at most 3 bytes for each, and 3 for each 72 columns of
 * those; a block more may be overwritten. */
static void qp_run(struct qp *qp, const unsigned char *in, size_t len, bool last)
{
    size_t i = 0;

    while (i < len) {
        size_t free_columns = SOFT_LIMIT > qp->column ? SOFT_LIMIT - qp->column : 0;
        size_t stop = len - i < free_columns ? len : i + free_columns;
        size_t n;

        /* What relays and mailboxes of old change at the start of a line. */
        if (qp->column == 0 && (in[i] == '.' || starts_with_from((const char *)in + i, len - i))) {
            put_code(qp, in[i++]);
            continue;
        }
        i += qp_plain(qp, in + i, stop - i);
        if (i == len)
            return;
        if (i < stop || is_coded(in[i])) {
            n = sequence_len(in + i, len - i);
            qp_codes(qp, in + i, n, last && i + n == len);
            i += n;
        } else if (last && i + 1 == len) {
            *qp->out++ = (char)in[i++];
            qp->column++;
        } else {
            soft_break(qp);
        }
    }
}

/* Cut a long line where a character begins. */
static size_t run_len(const unsigned char *in, size_t len)
{
    size_t n = RUN_MAX;

    if (len <= RUN_MAX)
        return len;
    while (n > RUN_MAX - 4 && (in[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static int qp_line(fct_buf *out, const unsigned char *in, size_t len, const char *end)
{
    struct qp qp = {.end = end};
    bool blank = len && is_blank((char)in[len - 1]);
    size_t body = blank ? len - 1 : len, at = 0;

    do {
        size_t n = run_len(in + at, body - at),
               worst = 3 * n + (3 * n / 70 + 4) * 3 + 6 + FCT_BLOCK_SIZE;

        if (fct_buf_reserve(out, worst))
            return FACTEUR_ENOMEM;
        qp.out = out->ptr + out->len;
        qp_run(&qp, in + at, n, !blank && at + n == body);
        at += n;
        if (blank && at == body)
            qp_codes(&qp, in + body, 1, true);
        out->len = (size_t)(qp.out - out->ptr);
    } while (at < body);
    return 0;
}

static void encode_qp(fct_buf *out, fct_slice text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = (size_t)(line_end(text, at) - (text.ptr + at));

        if (len && qp_line(out, (const unsigned char *)text.ptr + at, len, text.ptr + text.len))
            return;
        at += len;
        if (at < text.len)
            fct_buf_add(out, "\r\n", 2);
        at++;
    }
}

/* ---- Base64 ---------------------------------------------------------------------------------- */

uint64_t fct_base64_lines_len(uint64_t len)
{
    uint64_t rest = len % FCT_BASE64_LINE_IN;

    return len / FCT_BASE64_LINE_IN * FCT_BASE64_LINE_OUT + (rest ? FCT_BASE64_LEN(rest) + 2 : 0);
}

size_t fct_base64_lines(char *out, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *start = out;

    while (len) {
        size_t n = len < FCT_BASE64_LINE_IN ? len : FCT_BASE64_LINE_IN;

        out += fct_base64_encode(out, in, n);
        *out++ = '\r';
        *out++ = '\n';
        in += n;
        len -= n;
    }
    return (size_t)(out - start);
}

void fct_encode_base64(fct_buf *out, const void *bytes, size_t len)
{
    /* Refused here, the sum cannot wrap in size_t. */
    if (len > SIZE_MAX / 4) {
        out->failed = true;
        return;
    }
    if (fct_buf_reserve(out, (size_t)fct_base64_lines_len(len)))
        return;
    out->len += fct_base64_lines(out->ptr + out->len, bytes, len);
    out->ptr[out->len] = '\0';
}

static void base64_text(fct_buf *out, fct_slice text)
{
    char block[FCT_BASE64_LINE_IN * 64 + 1];
    size_t used = 0, full = sizeof block - 1;

    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '\n')
            block[used++] = '\r';
        block[used++] = text.ptr[at];
        if (used >= full) {
            fct_encode_base64(out, block, full);
            used -= full;
            if (used)
                block[0] = block[full];
        }
    }
    fct_encode_base64(out, block, used);
}

void fct_encode_text(fct_buf *out, enum fct_encoding encoding, fct_slice text)
{
    switch (encoding) {
    case FCT_7BIT:
        encode_7bit(out, text);
        break;
    case FCT_QUOTED_PRINTABLE:
        encode_qp(out, text);
        break;
    case FCT_BASE64:
        base64_text(out, text);
        break;
    }
    if (out->ptr)
        out->ptr[out->len] = '\0';
}
