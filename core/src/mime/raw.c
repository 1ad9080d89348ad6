/* SPDX-License-Identifier: MIT */
/* Messages of finished bytes: repairs line ends, removes Bcc, notes the envelope's fields. */
#include "mime/builder.h"

#include "base/block.h"
#include "base/error.h"
#include "base/memory.h"
#include "mime/limits.h"

struct reader {
    struct fct_raw *raw;
    facteur_error **error;
    fct_slice text;
    const char *line; /* the line at hand */
    bool body;        /* past the empty line */
    bool dropping;    /* inside a Bcc field */
    bool any;         /* a field was seen */
    fct_buf *noting;  /* where the field at hand is noted, or NULL */
    fct_buf id;       /* the value of Message-ID */
    fct_slice run;    /* lines taken unchanged, not yet copied */
};

struct line {
    fct_slice text;
    bool has_nul, has_8bit, has_crlf;
};

/* Looks no further than the longest line allowed, so that no input makes the reading quadratic. */
static struct line next_line(fct_slice text)
{
    const char *end = text.ptr + text.len;
    size_t most = text.len < FCT_LINE_MAX + 1 ? text.len : FCT_LINE_MAX + 1;
    size_t len = 0, first = FCT_BLOCK_SIZE;
    fct_block seen = {0};
    struct line line;

    while (len < most && first == FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within(text.ptr + len, end);

        first = fct_block_first((bytes == '\n') | (bytes == '\r') | (bytes == 0));
        seen |= bytes & fct_block_head(first);
        len += first;
    }
    len = len < most ? len : most;
    line.text = (fct_slice){text.ptr, len};
    line.has_nul = len < most && text.ptr[len] == '\0';
    line.has_8bit = fct_block_any(seen < 0);
    line.has_crlf = text.len - len >= 2 && memcmp(text.ptr + len, "\r\n", 2) == 0;
    return line;
}

/* The length of a line with its end, which the last line may lack. */
static size_t whole_len(const struct line *line, fct_slice text)
{
    size_t len = line->text.len + (line->has_crlf ? 2 : 1);

    return len < text.len ? len : text.len;
}

struct fct_raw *fct_raw_ref(struct fct_raw *raw)
{
    atomic_fetch_add(&raw->refs, 1);
    return raw;
}

void fct_raw_unref(struct fct_raw *raw)
{
    if (!raw || atomic_fetch_sub(&raw->refs, 1) != 1)
        return;
    fct_buf_done(&raw->bytes);
    fct_buf_done(&raw->from);
    fct_buf_done(&raw->sender);
    fct_buf_done(&raw->recipients);
    fct_free(raw->message_id);
    fct_free(raw);
}

static int refuse(struct reader *r, const char *why)
{
    fct_slice text = r->text;
    size_t number = 1;

    for (; text.ptr < r->line; number++) {
        struct line line = next_line(text);
        size_t len = whole_len(&line, text);

        text.ptr += len;
        text.len -= len;
    }
    return fct_error_set(r->error, FACTEUR_EMESSAGE, "bytes", "line %zu %s", number, why);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The buffer that notes a field's value.  Several fields of one name become one list. */
static void note(struct reader *r, fct_slice name)
{
    struct fct_raw *raw = r->raw;

    r->noting = NULL;
    r->dropping = fct_slice_equal_nocase(name, FCT_SLICE("Bcc")) ||
                  fct_slice_equal_nocase(name, FCT_SLICE("Resent-Bcc"));
    if (fct_slice_equal_nocase(name, FCT_SLICE("From")))
        r->noting = &raw->from;
    else if (fct_slice_equal_nocase(name, FCT_SLICE("Sender")))
        r->noting = &raw->sender;
    else if (fct_slice_equal_nocase(name, FCT_SLICE("To")) ||
             fct_slice_equal_nocase(name, FCT_SLICE("Cc")) ||
             fct_slice_equal_nocase(name, FCT_SLICE("Bcc")))
        r->noting = &raw->recipients;
    else if (fct_slice_equal_nocase(name, FCT_SLICE("Message-ID")))
        r->noting = &r->id;
    else if (fct_slice_equal_nocase(name, FCT_SLICE("Date")))
        raw->has_date = true;
    if (r->noting == &r->id)
        raw->has_message_id = true;
    if (r->noting && r->noting->len)
        fct_buf_add_char(r->noting, ',');
}

static bool is_field_name(fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return false;
    }
    return name.len > 0;
}

static int begin_field(struct reader *r, fct_slice line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    fct_slice name;

    if (!colon)
        return refuse(r, "is not a header field (\"Name: value\"); an empty line ends the header");
    /* Blanks before the colon are obsolete, but readers accept them (RFC 5322 section 4.5). */
    name = fct_slice_trim((fct_slice){line.ptr, (size_t)(colon - line.ptr)});
    if (!is_field_name(name))
        return refuse(r, "has no proper header name");
    note(r, name);
    r->any = true;
    if (r->noting)
        fct_buf_add(r->noting, colon + 1, line.len - (size_t)(colon + 1 - line.ptr));
    return 0;
}

static int header_line(struct reader *r, fct_slice line)
{
    if (!line.len) {
        if (!r->any)
            return refuse(r, "is empty: a message begins with its header");
        r->body = true;
        r->dropping = false;
        return 0;
    }
    if (!is_blank(line.ptr[0]))
        return begin_field(r, line);
    if (!r->any)
        return refuse(r, "continues a field, but none has begun");
    if (r->noting)
        fct_buf_add_slice(r->noting, line);
    return 0;
}

static void copy_run(struct reader *r)
{
    fct_buf_add_slice(&r->raw->bytes, r->run);
    r->run = (fct_slice){0};
}

static void keep(struct reader *r, fct_slice bytes)
{
    if (!r->run.ptr || r->run.ptr + r->run.len != bytes.ptr) {
        copy_run(r);
        r->run.ptr = bytes.ptr;
    }
    r->run.len += bytes.len;
}

static void keep_line(struct reader *r, const struct line *line)
{
    keep(r, (fct_slice){line->text.ptr, line->text.len + (line->has_crlf ? 2 : 0)});
    if (!line->has_crlf) {
        copy_run(r);
        fct_buf_add(&r->raw->bytes, "\r\n", 2);
    }
}

static int take_line(struct reader *r, const struct line *line)
{
    int result = 0;

    if (line->has_nul)
        return refuse(r, "has a NUL byte, which no message may have (RFC 5322 section 3.5)");
    if (line->text.len > FCT_LINE_MAX)
        return refuse(r, "is longer than 998 bytes (RFC 5322 section 2.1.1)");
    if (!r->body)
        result = header_line(r, line->text);
    if (result || r->dropping)
        return result;
    r->raw->has_8bit = r->raw->has_8bit || line->has_8bit;
    r->raw->has_8bit_header = r->raw->has_8bit_header || (line->has_8bit && !r->body);
    keep_line(r, line);
    return r->raw->bytes.failed ? FACTEUR_ENOMEM : 0;
}

/*
 * The length of the whole lines at the front of a body that need no repair.  It looks no further
 * than the longest line allowed, so none of them is longer.  0 when the next line needs a closer
 * look.
 */
static size_t good_lines(struct reader *r, fct_slice text)
{
    size_t most = text.len < FCT_LINE_MAX + 2 ? text.len : FCT_LINE_MAX + 2;
    const char *last = memrchr(text.ptr, '\n', most);
    size_t len = last ? (size_t)(last + 1 - text.ptr) : 0;
    fct_block seen = {0};

    if (len < FCT_BLOCK_SIZE)
        return 0;
    for (size_t at = 0; at < len; at += FCT_BLOCK_SIZE) {
        /*
         * The last block overlaps the one before.  The header comes before a body's first byte, so
         * the bytes exist.
         */
        const char *block = text.ptr + (len - at < FCT_BLOCK_SIZE ? len - FCT_BLOCK_SIZE : at);
        fct_block bytes = fct_block_load(block), before = fct_block_load(block - 1);

        if (fct_block_any(((bytes == '\n') ^ (before == '\r')) | (bytes == 0)))
            return 0;
        seen |= bytes;
    }
    r->raw->has_8bit = r->raw->has_8bit || fct_block_any(seen < 0);
    keep(r, (fct_slice){text.ptr, len});
    return len;
}

static int take_lines(struct reader *r)
{
    fct_slice text = r->text;
    int result = 0;

    while (!result && text.len) {
        size_t len = r->body ? good_lines(r, text) : 0;

        if (!len) {
            struct line line = next_line(text);

            r->line = text.ptr;
            result = take_line(r, &line);
            len = whole_len(&line, text);
        }
        text.ptr += len;
        text.len -= len;
    }
    copy_run(r);
    return result;
}

/* The id for receipts and logs: between the angle brackets, or the bare word. */
static int keep_id(struct reader *r)
{
    fct_slice id = fct_slice_trim((fct_slice){r->id.ptr, r->id.len});
    const char *open = id.len ? memchr(id.ptr, '<', id.len) : NULL;
    const char *close;

    if (open) {
        id = (fct_slice){open + 1, id.len - (size_t)(open + 1 - id.ptr)};
        close = id.len ? memchr(id.ptr, '>', id.len) : NULL;
        id.len = close ? (size_t)(close - id.ptr) : id.len;
    }
    if (!r->raw->has_message_id)
        return 0;
    r->raw->message_id = fct_strndup(id.ptr, id.len);
    return r->raw->message_id ? 0 : FACTEUR_ENOMEM;
}

static int read_raw(struct fct_raw *raw, fct_slice text, facteur_error **error)
{
    struct reader r = {.raw = raw, .error = error, .text = text};
    int result;

    if (text.len > SIZE_MAX / 8)
        return FACTEUR_ENOMEM;
    /* Repaired line ends can double the bytes, but seldom do. */
    result = fct_buf_reserve(&raw->bytes, text.len + text.len / 32 + 64);
    if (!result)
        result = take_lines(&r);
    if (!result && !r.any)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "bytes", "the message is empty");
    if (!result)
        result = keep_id(&r);
    if (!result && (raw->bytes.failed || raw->from.failed || raw->sender.failed ||
                    raw->recipients.failed || r.id.failed))
        result = FACTEUR_ENOMEM;
    fct_buf_done(&r.id);
    return result;
}

int facteur_message_from_bytes(const void *bytes, size_t len, facteur_message **out,
                               facteur_error **error)
{
    facteur_message *message = facteur_message_new();
    int result = FACTEUR_ENOMEM;

    if (message)
        message->raw = fct_calloc(1, sizeof *message->raw);
    if (message && message->raw) {
        atomic_init(&message->raw->refs, 1);
        result = read_raw(message->raw, fct_argument(bytes, len), error);
    }
    if (result) {
        facteur_message_free(message);
        return result == FACTEUR_ENOMEM ? fct_error_nomem(error) : result;
    }
    *out = message;
    return 0;
}
