/* SPDX-License-Identifier: MIT */
#include "mime/encoding.h"

#include "base/base64.h"
#include "base/block.h"
#include "facteur.h"
#include "mime/command_word.h"
#include "mime/limits.h"

#include <string.h>

#define SOFT_LIMIT (FCT_LINE_ENCODED - 1) /* the last column is the soft break's "=" */

/* The bytes that need no code in quoted-printable, and "=", which does need one. */
static fct_block clean(fct_block bytes)
{
    /* DEL plus one is negative, as is each byte outside ASCII. */
    return (fct_block_next(bytes) > ' ') | (bytes == '\t');
}

static fct_block plain(fct_block bytes)
{
    return clean(bytes) & (bytes != '=');
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

/*
 * Whether the line begins with a word that a program on the way could misread: "From " in an mbox,
 * a command in an SMTP server.
 */
static inline bool starts_with_word(const char *line, size_t len)
{
    return len >= 4 && ((line[0] == 'F' && len >= 5 && memcmp(line, "From ", 5) == 0) ||
                        (fct_command_word_may_begin(line) && fct_command_word_begins(line, len)));
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

struct survey {
    size_t codes, lines; /* bytes that need a code, without line ends; lines */
    bool clean;          /* only "=" needs one */
};

/* So many masks, whose bytes are -1 or 0, can be added in the bytes of a block. */
#define SURVEY_MAX 127

static size_t sum(fct_block counts)
{
    const uint64_t even = 0x00ff00ff00ff00ffU;
    uint64_t half[2], pairs;

    memcpy(half, &counts, sizeof half);
    pairs = (half[0] & even) + (half[0] >> 8 & even) + (half[1] & even) + (half[1] >> 8 & even);
    return (size_t)(pairs * 0x0001000100010001U >> 48);
}

struct sums {
    fct_block clean, signs, ends; /* "=" are signs */
};

static inline void add_block(struct sums *sums, fct_block bytes)
{
    sums->clean -= clean(bytes);
    sums->signs -= bytes == '=';
    sums->ends -= bytes == '\n';
}

static struct survey survey(fct_slice text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    size_t kept = 0, signs = 0, ends = 0;

    while (at < end) {
        size_t left = (size_t)(end - at), blocks = left / FCT_BLOCK_SIZE;
        struct sums sums = {0};

        if (!blocks) {
            add_block(&sums, fct_block_load_within(at, end));
            at = end;
        }
        for (blocks = blocks < SURVEY_MAX ? blocks : SURVEY_MAX; blocks; blocks--) {
            add_block(&sums, fct_block_load(at));
            at += FCT_BLOCK_SIZE;
        }
        kept += sum(sums.clean);
        signs += sum(sums.signs);
        ends += sum(sums.ends);
    }
    return (struct survey){.codes = text.len - kept - ends + signs,
                           .lines = ends + (text.len && end[-1] != '\n'),
                           .clean = kept + ends == text.len};
}

/* For a text where only "=" needs a code. */
static bool stays_as_it_is(fct_slice text)
{
    for (size_t at = 0; at < text.len;) {
        const char *line = text.ptr + at;
        size_t len = (size_t)(line_end(text, at) - line);

        if (len > FCT_LINE_FOLD || starts_with_word(line, len) || (len && is_blank(line[len - 1])))
            return false;
        at += len + 1;
    }
    return !has_boundary_mark(text);
}

/* The columns of a line of this width once it has its soft line breaks. */
static uint64_t broken(uint64_t width)
{
    return width > FCT_LINE_ENCODED ? width + (width - 2) / (SOFT_LIMIT - 1) * 3 : width;
}

/* The columns of a line as quoted-printable, without its line end. */
static uint64_t qp_width(fct_slice line)
{
    bool blank = line.len && is_blank(line.ptr[line.len - 1]);
    bool hidden = line.len && (line.ptr[0] == '.' || starts_with_word(line.ptr, line.len));

    return broken(line.len + 2 * (uint64_t)survey(line).codes + (blank ? 2U : 0U) +
                  (hidden ? 2U : 0U));
}

static bool is_shorter_as_qp(fct_slice text, const struct survey *all)
{
    uint64_t lines = all->lines, total = 2 * lines, most;
    uint64_t base64 = fct_base64_lines_len((uint64_t)text.len + lines);

    /*
     * Most texts are decided here, without a look at each line: a line adds at most four columns.
     */
    most = broken(text.len + 2 * (uint64_t)all->codes + 4 * lines) + 2 * lines;
    if (most <= base64)
        return true;
    for (size_t at = 0; at < text.len;) {
        const char *line = text.ptr + at;
        size_t len = (size_t)(line_end(text, at) - line);

        total += qp_width((fct_slice){line, len});
        at += len + 1;
    }
    return total <= base64;
}

enum fct_encoding fct_encoding_choose(fct_slice text)
{
    struct survey all;

    if (!text.len)
        return FCT_7BIT;
    all = survey(text);
    if (all.clean && stays_as_it_is(text))
        return FCT_7BIT;
    return is_shorter_as_qp(text, &all) ? FCT_QUOTED_PRINTABLE : FCT_BASE64;
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

/* The most that one step writes: a line and a block, or a soft break and a character's codes. */
#define STEP_MAX (FCT_LINE_ENCODED + 2 * FCT_BLOCK_SIZE)

struct qp {
    const unsigned char *at, *end; /* of the text */
    char *out, *stop;              /* a step may begin before `stop` */
    size_t column;
};

static bool ends_line(const struct qp *qp, const unsigned char *at)
{
    return at == qp->end || *at == '\n';
}

static void soft_break(struct qp *qp)
{
    memcpy(qp->out, "=\r\n", 3);
    qp->out += 3;
    qp->column = 0;
}

/* The bytes of a character stay on one line.  A malformed byte counts as a character. */
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

static char *put_code(char *out, unsigned char byte)
{
    static const char hex[] = "0123456789ABCDEF";

    out[0] = '=';
    out[1] = hex[byte >> 4];
    out[2] = hex[byte & 15];
    return out + 3;
}

/* When the line goes on, its last column is the soft break's "=". */
static void put_codes(struct qp *qp, size_t len)
{
    const unsigned char *at = qp->at, *end = at + len;
    char *out;

    if (qp->column + 3 * len > (ends_line(qp, end) ? FCT_LINE_ENCODED : SOFT_LIMIT))
        soft_break(qp);
    for (out = qp->out; at < end; at++)
        out = put_code(out, *at);
    qp->out = out;
    qp->at = end;
    qp->column += 3 * len;
}

/* Whether old relays and mailboxes would change the start of this line. */
static bool starts_at_risk(const unsigned char *line, const unsigned char *end)
{
    return *line == '.' || starts_with_word((const char *)line, (size_t)(end - line));
}

/* Copy a block; how many of its bytes come before the first that needs a code. */
static inline size_t copy_block(char *out, fct_block bytes)
{
    memcpy(out, &bytes, sizeof bytes);
    return fct_block_first(~plain(bytes));
}

/*
 * Copy the bytes that need no code, at most `most`, and return their number.  Up to a block behind
 * them is overwritten.
 */
static size_t copy_plain(char *out, const unsigned char *at, const unsigned char *end, size_t most)
{
    size_t len = 0, left = (size_t)(end - at), first;

    for (; len < most && left - len >= FCT_BLOCK_SIZE; len += FCT_BLOCK_SIZE) {
        first = copy_block(out + len, fct_block_load((const char *)at + len));
        if (first < FCT_BLOCK_SIZE)
            return len + first < most ? len + first : most;
    }
    if (len < most)
        len +=
            copy_block(out + len, fct_block_load_within((const char *)at + len, (const char *)end));
    return len < most ? len : most;
}

/*
 * Write what needs no code, up to the soft limit, and "=", which is frequent in HTML.  A blank at a
 * line's end needs a code.
 */
static void put_plain(struct qp *qp)
{
    const unsigned char *at = qp->at, *end = qp->end;
    char *out = qp->out, *limit = out + (SOFT_LIMIT - qp->column);

    for (;;) {
        size_t room = (size_t)(limit - out), left = (size_t)(end - at);
        size_t len = copy_plain(out, at, end, room < left ? room : left);

        out += len;
        at += len;
        if (at == end || *at != '=' || limit - out < 3)
            break;
        out = put_code(out, *at++);
    }
    if (at > qp->at && is_blank((char)at[-1]) && ends_line(qp, at)) {
        at--;
        out--;
    }
    qp->column += (size_t)(out - qp->out);
    qp->at = at;
    qp->out = out;
}

/* Write the byte or character where put_plain() stopped. */
static void put_other(struct qp *qp)
{
    if (*qp->at == '\n') {
        memcpy(qp->out, "\r\n", 2);
        qp->out += 2;
        qp->at++;
        qp->column = 0;
    } else if (is_coded(*qp->at)) {
        put_codes(qp, sequence_len(qp->at, (size_t)(qp->end - qp->at)));
    } else if (!ends_line(qp, qp->at + 1)) {
        soft_break(qp);
    } else if (is_blank((char)*qp->at)) {
        put_codes(qp, 1);
    } else {
        *qp->out++ = (char)*qp->at++;
        qp->column++;
    }
}

/*
 * Make room for many steps, and give the written bytes to the buffer.  False when memory ran out.
 */
static bool make_room(struct qp *qp, fct_buf *out)
{
    out->len = (size_t)(qp->out - out->ptr);
    if (fct_buf_reserve(out, 8 * STEP_MAX))
        return false;
    qp->out = out->ptr + out->len;
    qp->stop = out->ptr + out->cap - STEP_MAX;
    return true;
}

static void encode_qp(fct_buf *out, fct_slice text)
{
    struct qp qp = {.at = (const unsigned char *)text.ptr};

    if (!text.len || fct_buf_reserve(out, 8 * STEP_MAX))
        return;
    qp.end = qp.at + text.len;
    qp.out = qp.stop = out->ptr + out->len;
    while (qp.at < qp.end && (qp.out < qp.stop || make_room(&qp, out))) {
        if (qp.column == 0 && starts_at_risk(qp.at, qp.end)) {
            put_codes(&qp, 1);
            continue;
        }
        if (*qp.at < 0x80 && qp.column < SOFT_LIMIT)
            put_plain(&qp);
        if (qp.at < qp.end)
            put_other(&qp);
    }
    out->len = (size_t)(qp.out - out->ptr);
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
    /* This refusal keeps the sum below from wrapping in size_t. */
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
