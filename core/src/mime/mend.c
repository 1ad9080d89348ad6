/* SPDX-License-Identifier: MIT */
/* Walks through the parts of a message and encodes anew what a relay could not take. */
#include "mime/mend.h"

#include "base/utf8.h"
#include "mime/field.h"
#include "mime/limits.h"
#include "mime/media.h"
#include "mime/mend_field.h"
#include "mime/mend_leaf.h"

#include <string.h>

#define DEPTH_MAX 32 /* parts within parts; deeper ones stay as they are */

/* A message or a part, taken apart. */
struct entity {
    fct_slice head, gap, body; /* the empty line between them is the gap */
    fct_buf type;              /* of Content-Type, unfolded */
    fct_buf encoding;          /* of Content-Transfer-Encoding, likewise */
    bool whole;                /* a message, not a part of one */
    bool digest;               /* without a type it is a message (RFC 2046 section 5.1.5) */
};

/* What a part's head says from now on; NULL: as before. */
struct change {
    const char *encoding;
    const char *charset;
    bool as_text;       /* it is text/plain, whatever it said */
    bool drop_encoding; /* 7bit, which need not be said */
};

static void mend_entity(fct_mend *mend, fct_slice text, bool whole, bool digest, unsigned depth);

/* ---- Taking apart ---------------------------------------------------------------------------- */

static bool is_field(fct_slice line)
{
    fct_slice name = fct_field_name(line);

    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return false;
    }
    return name.len > 0;
}

/* A line that is no field ends a head, as an empty one does. */
static void split(struct entity *entity, fct_slice text)
{
    fct_slice rest = text;

    while (rest.len && *rest.ptr != '\r') {
        fct_slice before = rest;

        if (!is_field(fct_field_next(&rest))) {
            rest = before;
            break;
        }
    }
    entity->head = (fct_slice){text.ptr, text.len - rest.len};
    entity->gap = (fct_slice){rest.ptr, rest.len >= 2 && *rest.ptr == '\r' ? 2 : 0};
    entity->body = (fct_slice){rest.ptr + entity->gap.len, rest.len - entity->gap.len};
}

/* The value as it will be written: unfolded, a blank for each control. */
static void read_value(fct_buf *out, fct_slice field)
{
    const char *colon = memchr(field.ptr, ':', field.len);

    for (const char *at = colon + 1; at < field.ptr + field.len; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte != '\r' && byte != '\n')
            fct_buf_add_char(out, byte < ' ' || byte == 0x7f ? ' ' : *at);
    }
}

static void read_head(struct entity *entity)
{
    fct_slice rest = entity->head;

    while (rest.len) {
        fct_slice field = fct_field_next(&rest), name = fct_field_name(field);

        if (!entity->type.len && fct_slice_equal_nocase(name, FCT_SLICE("Content-Type")))
            read_value(&entity->type, field);
        if (!entity->encoding.len &&
            fct_slice_equal_nocase(name, FCT_SLICE("Content-Transfer-Encoding")))
            read_value(&entity->encoding, field);
    }
}

static fct_slice bytes_of(const fct_buf *buf)
{
    return fct_slice_trim((fct_slice){buf->ptr ? buf->ptr : "", buf->len});
}

static bool is_type(const struct entity *entity, fct_slice prefix)
{
    return fct_slice_starts_nocase(bytes_of(&entity->type), prefix);
}

static bool is_encoding(const struct entity *entity, fct_slice name)
{
    fct_slice all = bytes_of(&entity->encoding);

    return fct_slice_equal_nocase(
        fct_slice_trim((fct_slice){all.ptr, fct_field_find_in(all, "(;")}), name);
}

static bool is_signed_part(const struct entity *entity)
{
    return fct_type_is(bytes_of(&entity->type), FCT_SLICE("multipart/signed"));
}

bool fct_mend_is_signed(fct_slice head)
{
    static const char *const names[] = {"DKIM-Signature", "DomainKey-Signature",
                                        "ARC-Message-Signature"};

    while (head.len && *head.ptr != '\r') {
        fct_slice name = fct_field_name(fct_field_next(&head));

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (fct_slice_equal_nocase(name, fct_slice_of(names[i])))
                return true;
        }
    }
    return false;
}

/* ---- Heads ----------------------------------------------------------------------------------- */

/* The type with what it says, but for the charset. */
static void read_type(fct_buf *out, fct_slice value)
{
    fct_slice type = fct_type_next(&value);
    fct_buf kept = {0};

    fct_buf_add_slice(&kept, type.len ? type : FCT_SLICE("text/plain"));
    while (value.len) {
        fct_slice item = fct_type_next(&value);

        if (item.len && !fct_slice_starts_nocase(item, FCT_SLICE("charset"))) {
            fct_buf_add_text(&kept, "; ");
            fct_buf_add_slice(&kept, item);
        }
    }
    fct_mend_to_utf8(out, bytes_of(&kept));
    out->failed = out->failed || kept.failed;
    fct_buf_done(&kept);
}

/* The type with its charset.  One that says us-ascii of other bytes is replaced. */
static void put_type(fct_mend *mend, const struct entity *entity, const struct change *change)
{
    fct_buf type = {0};
    fct_header header;

    read_type(&type, change->as_text ? (fct_slice){"", 0} : bytes_of(&entity->type));
    fct_header_begin(&header, mend->out, "Content-Type");
    fct_mend_put_parameters(&header, bytes_of(&type));
    if (change->charset)
        fct_header_param(&header, "charset", fct_slice_of(change->charset));
    fct_header_end(&header);
    mend->out->failed = mend->out->failed || type.failed;
    fct_buf_done(&type);
}

static void put_head(fct_mend *mend, const struct entity *entity, const struct change *change)
{
    bool types = change->charset || change->as_text, version = false;
    fct_slice rest = entity->head;

    while (rest.len) {
        fct_slice field = fct_field_next(&rest), name = fct_field_name(field);

        version = version || fct_slice_equal_nocase(name, FCT_SLICE("MIME-Version"));
        if ((types && fct_slice_equal_nocase(name, FCT_SLICE("Content-Type"))) ||
            ((change->encoding || change->drop_encoding) &&
             fct_slice_equal_nocase(name, FCT_SLICE("Content-Transfer-Encoding"))))
            continue;
        fct_mend_field(mend, field);
    }
    if (entity->whole && !version && (types || change->encoding))
        fct_buf_add_text(mend->out, "MIME-Version: 1.0\r\n");
    if (types)
        put_type(mend, entity, change);
    if (change->encoding)
        fct_buf_addf(mend->out, "Content-Transfer-Encoding: %s\r\n", change->encoding);
    /* A body of its own needs the empty line, also where the sender left it out. */
    if (entity->gap.len || entity->body.len)
        fct_buf_add(mend->out, "\r\n", 2);
}

void fct_mend_head(fct_mend *mend, fct_slice head)
{
    while (head.len)
        fct_mend_field(mend, fct_field_next(&head));
}

/* ---- Leaves ---------------------------------------------------------------------------------- */

static bool needs_encoding(const fct_mend *mend, fct_slice body)
{
    return (mend->lacks & FCT_NEEDS_8BITMIME && !fct_is_ascii(body)) ||
           fct_mend_has_long_line(body);
}

/* The charset to say of a text that says none, or a wrong one.  NULL: none. */
static const char *charset_of(const struct entity *entity, bool as_text)
{
    fct_slice given = fct_type_parameter(bytes_of(&entity->type), FCT_SLICE("charset"));
    bool says = given.len && !fct_slice_equal_nocase(given, FCT_SLICE("us-ascii"));

    if (fct_is_ascii(entity->body) || (says && !as_text))
        return NULL;
    if (fct_utf8_check(entity->body) == entity->body.len)
        return "utf-8";
    /* HTML says its charset itself, and what a header says would overrule it. */
    return is_type(entity, FCT_SLICE("text/html")) ? NULL : "windows-1252";
}

/* In a part the line end before the boundary is none of base64's last line. */
static void end_base64(fct_mend *mend, const struct entity *entity, size_t start)
{
    if (!entity->whole && mend->out->len >= start + 2 &&
        memcmp(mend->out->ptr + mend->out->len - 2, "\r\n", 2) == 0)
        mend->out->len -= 2;
}

static void encode_leaf(fct_mend *mend, const struct entity *entity, bool as_text)
{
    bool is_text = as_text || !entity->type.len || is_type(entity, FCT_SLICE("text")) ||
                   is_type(entity, FCT_SLICE("message/"));
    struct change change = {.as_text = as_text};
    fct_buf body = {0};

    if (is_text)
        change.charset = charset_of(entity, as_text);
    change.encoding = fct_mend_encode(&body, entity->body, is_text);
    put_head(mend, entity, &change);
    fct_buf_add_slice(mend->out, (fct_slice){body.ptr, body.len});
    if (strcmp(change.encoding, "base64") == 0)
        end_base64(mend, entity, mend->out->len - body.len);
    mend->out->failed = mend->out->failed || body.failed;
    fct_buf_done(&body);
}

static void mend_leaf(fct_mend *mend, const struct entity *entity, bool as_text)
{
    static const struct change none = {NULL, NULL, false, false};
    size_t start;

    if (!needs_encoding(mend, entity->body)) {
        put_head(mend, entity, &none);
        fct_buf_add_slice(mend->out, entity->body);
        return;
    }
    mend->done |= FCT_MENDED_BODY;
    if (is_encoding(entity, FCT_SLICE("quoted-printable"))) {
        put_head(mend, entity, &none);
        fct_mend_requote(mend->out, entity->body);
    } else if (is_encoding(entity, FCT_SLICE("base64"))) {
        put_head(mend, entity, &none);
        start = mend->out->len;
        fct_mend_rewrap(mend->out, entity->body);
        end_base64(mend, entity, start);
    } else {
        encode_leaf(mend, entity, as_text);
    }
}

/* ---- Parts ----------------------------------------------------------------------------------- */

/* A line "--boundary" or "--boundary--". */
struct delimiter {
    size_t at, end; /* with its line end */
    bool last;
};

static bool is_delimiter(fct_slice line, fct_slice boundary, bool *last)
{
    size_t len = boundary.len + 2;

    if (line.len < len || memcmp(line.ptr, "--", 2) != 0 ||
        memcmp(line.ptr + 2, boundary.ptr, boundary.len) != 0)
        return false;
    *last = line.len >= len + 2 && memcmp(line.ptr + len, "--", 2) == 0;
    for (len += *last ? 2 : 0; len < line.len; len++) {
        if (!strchr(" \t\r\n", line.ptr[len]) || !line.ptr[len])
            return false;
    }
    return true;
}

/* The next one from `at` on, where a line begins. */
static bool find_delimiter(fct_slice body, fct_slice boundary, size_t at, struct delimiter *found)
{
    while (at < body.len) {
        const char *end = memchr(body.ptr + at, '\n', body.len - at);
        size_t stop = end ? (size_t)(end - body.ptr) + 1 : body.len;

        if (is_delimiter((fct_slice){body.ptr + at, stop - at}, boundary, &found->last)) {
            found->at = at;
            found->end = stop;
            return true;
        }
        at = stop;
    }
    return false;
}

/* The text before the first part and behind the last is for readers without MIME. */
static void put_aside(fct_mend *mend, fct_slice text)
{
    size_t column = 0;

    if (!needs_encoding(mend, text)) {
        fct_buf_add_slice(mend->out, text);
        return;
    }
    mend->done |= FCT_MENDED_BODY;
    for (size_t i = 0; i < text.len; i++) {
        bool raw = mend->lacks & FCT_NEEDS_8BITMIME && (text.ptr[i] & 0x80);

        column = text.ptr[i] == '\n' ? 0 : column + 1;
        if (column > FCT_LINE_FOLD && text.ptr[i] == ' ') {
            fct_buf_add(mend->out, "\r\n", 2);
            column = 0;
        }
        fct_buf_add_char(mend->out, raw ? '?' : text.ptr[i]);
    }
}

static fct_slice range(fct_slice text, size_t from, size_t to)
{
    return (fct_slice){text.ptr + from, to - from};
}

static void put_parts(fct_mend *mend, const struct entity *entity, fct_slice boundary,
                      struct delimiter found, unsigned depth)
{
    bool digest = is_type(entity, FCT_SLICE("multipart/digest"));
    fct_slice body = entity->body;

    put_aside(mend, range(body, 0, found.at));
    for (;;) {
        struct delimiter next = {body.len, body.len, false};
        size_t start = found.end, stop;
        bool more;

        fct_buf_add_slice(mend->out, range(body, found.at, found.end));
        if (found.last)
            break;
        more = find_delimiter(body, boundary, start, &next);
        /* The line end before a boundary is the boundary's (RFC 2046 section 5.1.1). */
        stop = more && next.at >= start + 2 ? next.at - 2 : next.at;
        if (stop > start)
            mend_entity(mend, range(body, start, stop), false, digest, depth + 1);
        fct_buf_add_slice(mend->out, range(body, stop, next.at));
        if (!more)
            return;
        found = next;
    }
    put_aside(mend, range(body, found.end, body.len));
}

static void mend_multipart(fct_mend *mend, const struct entity *entity, unsigned depth)
{
    struct change change = {.drop_encoding = mend->lacks & FCT_NEEDS_8BITMIME};
    fct_slice boundary = fct_type_parameter(bytes_of(&entity->type), FCT_SLICE("boundary"));
    struct delimiter first;

    if (!boundary.len || !find_delimiter(entity->body, boundary, 0, &first)) {
        mend_leaf(mend, entity, needs_encoding(mend, entity->body));
        return;
    }
    put_head(mend, entity, &change);
    put_parts(mend, entity, boundary, first, depth);
}

static bool is_message(const struct entity *entity)
{
    return fct_type_is(bytes_of(&entity->type), FCT_SLICE("message/rfc822")) ||
           (entity->digest && !entity->type.len);
}

static void mend_kind(fct_mend *mend, const struct entity *entity, unsigned depth)
{
    struct change change = {.drop_encoding = mend->lacks & FCT_NEEDS_8BITMIME};

    if (is_signed_part(entity) || depth > DEPTH_MAX) {
        change.drop_encoding = false;
        put_head(mend, entity, &change);
        fct_buf_add_slice(mend->out, entity->body);
    } else if (is_type(entity, FCT_SLICE("multipart/"))) {
        mend_multipart(mend, entity, depth);
    } else if (is_message(entity) && !is_encoding(entity, FCT_SLICE("base64")) &&
               !is_encoding(entity, FCT_SLICE("quoted-printable"))) {
        /* A message in a message has no encoding of its own (RFC 2046 section 5.2.1). */
        bool nested = mend->nested;

        put_head(mend, entity, &change);
        mend->nested = true;
        mend_entity(mend, entity->body, true, false, depth + 1);
        mend->nested = nested;
    } else {
        mend_leaf(mend, entity, false);
    }
}

static void mend_entity(fct_mend *mend, fct_slice text, bool whole, bool digest, unsigned depth)
{
    struct entity entity = {.whole = whole, .digest = digest};

    split(&entity, text);
    read_head(&entity);
    mend_kind(mend, &entity, depth);
    mend->out->failed = mend->out->failed || entity.type.failed || entity.encoding.failed;
    fct_buf_done(&entity.type);
    fct_buf_done(&entity.encoding);
}

void fct_mend_message(fct_mend *mend, fct_slice text)
{
    fct_buf_reserve(mend->out, text.len + text.len / 8 + 256);
    mend_entity(mend, text, true, false, 0);
    /* The base64 of a last part that no boundary ends. */
    if (text.len && mend->out->len && mend->out->ptr[mend->out->len - 1] != '\n')
        fct_buf_add(mend->out, "\r\n", 2);
}
