/* SPDX-License-Identifier: MIT */
/* Messages of finished bytes: repairs line ends, removes Bcc, notes the envelope's fields, and has
 * mend.h write anew what SMTP cannot carry. */
#include "mime/builder.h"

#include "base/block.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/limits.h"
#include "mime/mend.h"

/* What a field says about the mail. */
enum meaning { NOTHING, FROM, SENDER, RECIPIENTS, ID, DATE, MEANINGS };

/* With "Resent-" before it, a name says the same of a message that was sent again. */
static const struct known {
    const char *name;
    enum meaning meaning;
    bool dropped; /* it does not leave this machine */
} known_fields[] = {
    {"From", FROM, false},     {"Sender", SENDER, false},      {"To", RECIPIENTS, false},
    {"Cc", RECIPIENTS, false}, {"Bcc", RECIPIENTS, true},      {"Date", DATE, false},
    {"Message-ID", ID, false}, {"Return-Path", NOTHING, true},
};

/* The newest block of Resent fields, the one that stands first, rules (RFC 5322 section 3.6.6). */
enum resent { NEVER, OPEN, ENDED };

struct reader {
    struct fct_raw *raw;
    facteur_error **error;
    fct_slice text;
    const char *line;      /* the line at hand */
    const char *long_line; /* the first of more than 998 bytes, or NULL */
    const char *odd_line;  /* the first of the header that is not UTF-8, or NULL */
    bool body;             /* past the empty line */
    bool dropping;         /* inside a field that is taken out */
    bool any;              /* a field was seen */
    enum resent resent;
    unsigned resent_seen; /* a bit for each known field of that block */
    fct_buf *noting;      /* where the field at hand is noted, or NULL */
    fct_buf notes[MEANINGS], resent_notes[MEANINGS];
    fct_buf mended; /* the line at hand without CR and NUL */
    fct_slice run;  /* lines taken unchanged, not yet copied */
};

struct line {
    fct_slice text;
    size_t end_len; /* of LF and the CRs before it */
    bool has_8bit;
};

/*
 * LF ends a line, with the CRs before it; a CR elsewhere does not, or it would make a field of what
 * is none.
 */
static struct line next_line(fct_slice text)
{
    const char *end = text.ptr + text.len;
    size_t len = 0, first = FCT_BLOCK_SIZE;
    fct_block seen = {0};
    struct line line;

    while (len < text.len && first == FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within(text.ptr + len, end);

        first = fct_block_first(bytes == '\n');
        seen |= bytes & fct_block_head(first);
        len += first;
    }
    len = len < text.len ? len : text.len;
    line.end_len = len < text.len && text.ptr[len] == '\n';
    for (; (line.end_len || len == text.len) && len && text.ptr[len - 1] == '\r'; len--)
        line.end_len++;
    line.text = (fct_slice){text.ptr, len};
    line.has_8bit = fct_block_any(seen < 0);
    return line;
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
        size_t len = line.text.len + line.end_len;

        text.ptr += len;
        text.len -= len;
    }
    return fct_error_set(r->error, FACTEUR_EMESSAGE, "bytes", "line %zu %s", number, why);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static const struct known *find_known(fct_slice name)
{
    static const struct known unknown = {.meaning = NOTHING};

    for (size_t i = 0; i < sizeof known_fields / sizeof known_fields[0]; i++) {
        if (fct_ascii_lower(*name.ptr) == fct_ascii_lower(*known_fields[i].name) &&
            fct_slice_equal_nocase(name, fct_slice_of(known_fields[i].name)))
            return &known_fields[i];
    }
    return &unknown;
}

/* Whether the field belongs to the newest block: a block is unbroken, and has no field twice. */
static bool is_newest(struct reader *r, const struct known *known)
{
    unsigned bit = known->name ? 1U << (known - known_fields) : 0;

    if (r->resent == NEVER)
        r->resent = OPEN;
    /* No block that was sent has a Bcc: a second one is of this block. */
    if (r->resent == OPEN && r->resent_seen & bit && !known->dropped)
        r->resent = ENDED;
    r->resent_seen |= bit;
    return r->resent == OPEN;
}

/* Where a field's value is noted; several fields of one name become one list. */
static void note(struct reader *r, fct_slice name)
{
    static const fct_slice prefix = FCT_SLICE("Resent-");
    bool resent =
        name.len > prefix.len && fct_slice_equal_nocase((fct_slice){name.ptr, prefix.len}, prefix);
    const struct known *known;

    if (resent)
        name = (fct_slice){name.ptr + prefix.len, name.len - prefix.len};
    known = find_known(name);
    r->dropping = known->dropped;
    r->noting = NULL;
    if (!resent && r->resent == OPEN)
        r->resent = ENDED;
    if (resent && !is_newest(r, known))
        return;
    if (!resent) {
        r->raw->has_message_id = r->raw->has_message_id || known->meaning == ID;
        r->raw->has_date = r->raw->has_date || known->meaning == DATE;
    }
    if (known->meaning == NOTHING)
        return;
    r->noting = &(resent ? r->resent_notes : r->notes)[known->meaning];
    if (r->noting->len)
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

/* The text of a line; CR and NUL, which no line may hold, become spaces: they never begin a field.
 */
static fct_slice mend(struct reader *r, const struct line *line)
{
    fct_slice text = line->text;

    if (!text.len || (!memchr(text.ptr, '\r', text.len) && !memchr(text.ptr, '\0', text.len)))
        return text;
    fct_buf_clear(&r->mended);
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];

        fct_buf_add_char(&r->mended, byte == '\r' || byte == '\0' ? ' ' : byte);
    }
    return r->mended.failed ? (fct_slice){0} : (fct_slice){r->mended.ptr, r->mended.len};
}

static void keep_line(struct reader *r, const struct line *line, fct_slice text)
{
    bool is_whole = text.ptr == line->text.ptr;
    bool has_crlf = is_whole && line->end_len == 2 && memcmp(text.ptr + text.len, "\r\n", 2) == 0;

    if (is_whole) {
        keep(r, (fct_slice){text.ptr, text.len + (has_crlf ? 2 : 0)});
    } else {
        copy_run(r);
        fct_buf_add_slice(&r->raw->bytes, text);
    }
    if (!has_crlf) {
        copy_run(r);
        fct_buf_add(&r->raw->bytes, "\r\n", 2);
    }
}

static int take_line(struct reader *r, const struct line *line)
{
    fct_slice text = mend(r, line);
    int result = 0;

    if (line->text.len > FCT_LINE_MAX && !r->long_line)
        r->long_line = r->line;
    if (!r->body)
        result = header_line(r, text);
    if (result || r->dropping)
        return result;
    r->raw->has_8bit = r->raw->has_8bit || line->has_8bit;
    r->raw->has_8bit_header = r->raw->has_8bit_header || (line->has_8bit && !r->body);
    if (!r->body && !r->odd_line && line->has_8bit && fct_utf8_check(text) < text.len)
        r->odd_line = r->line;
    keep_line(r, line, text);
    return r->raw->bytes.failed || r->mended.failed ? FACTEUR_ENOMEM : 0;
}

struct sight {
    fct_block bad, seen; /* what needs repair; all that was looked at */
};

/* The header comes before a body's first byte, so there is a byte before each block. */
static inline void look(struct sight *sight, const char *at)
{
    fct_block bytes = fct_block_load(at), before = fct_block_load(at - 1);

    sight->bad |= ((bytes == '\n') ^ (before == '\r')) | (bytes == 0);
    sight->seen |= bytes;
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
    struct sight sight = {0};

    if (len < FCT_BLOCK_SIZE)
        return 0;
    for (size_t at = 0; at + FCT_BLOCK_SIZE < len; at += FCT_BLOCK_SIZE)
        look(&sight, text.ptr + at);
    /* The last block overlaps the one before. */
    look(&sight, text.ptr + len - FCT_BLOCK_SIZE);
    if (fct_block_any(sight.bad))
        return 0;
    r->raw->has_8bit = r->raw->has_8bit || fct_block_any(sight.seen < 0);
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
            len = line.text.len + line.end_len;
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
    fct_slice id = fct_slice_trim((fct_slice){r->notes[ID].ptr, r->notes[ID].len});
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

/* Names and addresses are UTF-8 from here on, as they are in the mended header. */
static void keep_addresses(fct_buf *kept, fct_buf *noted)
{
    if (noted->len && fct_utf8_check((fct_slice){noted->ptr, noted->len}) < noted->len)
        fct_mend_to_utf8(kept, (fct_slice){noted->ptr, noted->len});
    else
        *kept = *noted;
    if (kept->ptr == noted->ptr)
        *noted = (fct_buf){0};
    kept->failed = kept->failed || noted->failed;
}

/* Who sends it and who gets it; a message sent again goes to nobody of the first time. */
static int keep_envelope(struct reader *r)
{
    bool by_resent = r->resent_notes[FROM].len || r->resent_notes[SENDER].len;
    fct_buf *author = by_resent ? r->resent_notes : r->notes;
    fct_buf *readers = r->resent == NEVER ? r->notes : r->resent_notes;
    struct fct_raw *raw = r->raw;

    keep_addresses(&raw->from, &author[FROM]);
    keep_addresses(&raw->sender, &author[SENDER]);
    keep_addresses(&raw->recipients, &readers[RECIPIENTS]);
    return raw->from.failed || raw->sender.failed || raw->recipients.failed ? FACTEUR_ENOMEM : 0;
}

/* A signature covers the bytes as they are, so they are not changed. */
static int check_signed(struct reader *r)
{
    if (r->long_line) {
        r->line = r->long_line;
        return refuse(r, "is longer than 998 bytes (RFC 5322 section 2.1.1), and the message is "
                         "signed, so it cannot be encoded");
    }
    if (r->odd_line) {
        r->line = r->odd_line;
        return refuse(r, "has bytes that are not UTF-8, and the message is signed, so they cannot "
                         "be encoded");
    }
    return 0;
}

/* Write anew what SMTP cannot carry, whatever the relay offers. */
static int mend_bytes(struct reader *r)
{
    struct fct_raw *raw = r->raw;
    fct_slice text = {raw->bytes.ptr, raw->bytes.len};
    fct_buf made = {0};
    fct_mend mend = {.out = &made};

    if ((!raw->has_8bit && !r->long_line) || raw->bytes.failed)
        return 0;
    if (fct_mend_is_signed(text))
        return check_signed(r);
    fct_mend_message(&mend, text);
    if (!made.failed && mend.done) {
        fct_buf_done(&raw->bytes);
        raw->bytes = made;
        made = (fct_buf){0};
        text = (fct_slice){raw->bytes.ptr, raw->bytes.len};
    }
    raw->bytes.failed = raw->bytes.failed || made.failed;
    fct_buf_done(&made);
    raw->mended = mend.done;
    raw->has_8bit = !fct_is_ascii(text);
    raw->has_8bit_header = mend.utf8_addresses;
    if (!raw->bytes.failed && fct_mend_has_long_line(text)) {
        r->line = r->long_line;
        return refuse(r, "is longer than 998 bytes (RFC 5322 section 2.1.1): it is one word of a "
                         "field, or in a part that is signed");
    }
    return 0;
}

static void reader_done(struct reader *r)
{
    for (int i = 0; i < MEANINGS; i++) {
        fct_buf_done(&r->notes[i]);
        fct_buf_done(&r->resent_notes[i]);
    }
    fct_buf_done(&r->mended);
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
        result = mend_bytes(&r);
    if (!result)
        result = keep_id(&r);
    if (!result)
        result = keep_envelope(&r);
    if (!result && (raw->bytes.failed || r.notes[ID].failed))
        result = FACTEUR_ENOMEM;
    reader_done(&r);
    return result;
}

static void tell_mended(facteur_message *message)
{
    unsigned mended = message->raw->mended;

    if (mended & FCT_MENDED_HEADER)
        fct_message_note(message, "header fields were encoded or folded: they had bytes outside "
                                  "ASCII or lines of more than 998 bytes");
    if (mended & FCT_MENDED_ADDRESS)
        fct_message_note(message,
                         "an address in the header was left out or is shown as text: it is none");
    if (mended & FCT_MENDED_REPLY_TO)
        fct_message_note(message, "an address was left out of Reply-To: it is none");
    if (mended & FCT_MENDED_BODY)
        fct_message_note(message, "the text was encoded: it had lines of more than 998 bytes");
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
    tell_mended(message);
    *out = message;
    return 0;
}
