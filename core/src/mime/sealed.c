/* SPDX-License-Identifier: MIT */
#include "mime/sealed.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "mime/content.h"
#include "mime/limits.h"
#include "mime/token.h"

#define WHERE "stored mail"
#define MAGIC FCT_SLICE("fctmail")
#define HEAD_LEN 8 /* the magic and the version */
#define PRIORITY_ZERO 9
#define FIRST_VERSION 1 /* without notes */

enum { RETURN_FULL = 1, BY_NOTIFY = 2 };

/* ---- Writing --------------------------------------------------------------------------------- */

static void put_number(fct_buf *out, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        fct_buf_add_char(out, (char)(number >> 8 * i & 0xff));
}

static void put_u32(fct_buf *out, unsigned number)
{
    put_number(out, number, 4);
}

static void put_text(fct_buf *out, const char *text)
{
    size_t len = strlen(text);

    put_u32(out, (unsigned)len);
    fct_buf_add(out, text, len + 1);
}

static void put_terms(fct_buf *out, const fct_terms *terms)
{
    put_u32(out, terms->asked);
    put_u32(out, terms->waived);
    put_u32(out, terms->notify);
    put_u32(out, (terms->return_full ? RETURN_FULL : 0) | (terms->by_notify ? BY_NOTIFY : 0));
    put_u32(out, terms->by_s);
    put_u32(out, (unsigned)(terms->priority + PRIORITY_ZERO));
    put_text(out, terms->envid);
}

static void put_labels(fct_buf *out, const fct_labels *labels)
{
    struct fct_label label;

    put_u32(out, (unsigned)(labels->tag_count + labels->metadata_count));
    for (size_t at = 0; fct_labels_next(labels, &at, &label);) {
        put_text(out, label.name);
        put_text(out, label.value);
    }
}

static void put_notes(fct_buf *out, const fct_notes *notes)
{
    put_u32(out, (unsigned)notes->count);
    put_u32(out, (unsigned)notes->more);
    for (size_t i = 0; i < notes->count; i++)
        put_text(out, fct_notes_at(notes, i));
}

static void put_envelope(fct_buf *out, const fct_mail *mail)
{
    put_u32(out, fct_mail_needs(mail));
    put_text(out, fct_mail_message_id(mail));
    put_text(out, fct_mail_sender(mail));
    put_u32(out, (unsigned)fct_mail_recipient_count(mail));
    for (size_t i = 0; i < fct_mail_recipient_count(mail); i++)
        put_text(out, fct_mail_recipient(mail, i));
}

static int put_content(fct_buf *out, fct_mail *mail, facteur_error **error)
{
    put_number(out, fct_mail_size(mail), 8);
    return fct_mail_read(mail, out, error);
}

int fct_mail_store(fct_mail *mail, fct_buf *out, facteur_error **error)
{
    unsigned done;
    fct_mail *plain = fct_mail_plain(mail, &done);
    unsigned char digest[FCT_DIGEST_SIZE];
    size_t start = out->len;
    int result;

    fct_buf_add_slice(out, MAGIC);
    fct_buf_add_char(out, plain ? FCT_SEALED_VERSION_PLAIN : FCT_SEALED_VERSION);
    put_envelope(out, mail);
    put_terms(out, fct_mail_terms(mail));
    put_labels(out, fct_mail_labels(mail));
    put_notes(out, fct_mail_notes(mail));
    result = put_content(out, mail, error);
    if (!result && plain) {
        put_u32(out, done);
        result = put_content(out, plain, error);
    }
    if (result)
        return result;
    if (out->failed || !fct_digest((fct_slice){out->ptr + start, out->len - start}, digest) ||
        fct_buf_add(out, digest, sizeof digest))
        return fct_error_nomem(error);
    return 0;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Once a read failed, every later one fails. */
struct source {
    fct_slice left;
    unsigned char version;
    bool bad;
    facteur_error **error;
};

/* The parts that were read, until they become a mail. */
struct parts {
    unsigned needs;
    const char *message_id, *sender;
    const char **recipients;
    size_t count;
    fct_terms terms;
    fct_labels labels;
    fct_notes notes;
    fct_content content;
    bool has_plain;
    unsigned plain_done;
    fct_content plain;
};

static int refuse(struct source *s, const char *why)
{
    return fct_error_set(s->error, FACTEUR_EMESSAGE, WHERE, "the stored mail %s", why);
}

static fct_slice take(struct source *s, uint64_t len)
{
    fct_slice taken = {s->left.ptr, (size_t)len};

    if (s->bad || len > s->left.len) {
        s->bad = true;
        return (fct_slice){"", 0};
    }
    s->left.ptr += len;
    s->left.len -= (size_t)len;
    return taken;
}

static uint64_t take_number(struct source *s, size_t bytes)
{
    fct_slice taken = take(s, bytes);
    uint64_t number = 0;

    for (size_t i = taken.len; i > 0; i--)
        number = number << 8 | (unsigned char)taken.ptr[i - 1];
    return number;
}

static unsigned take_u32(struct source *s)
{
    return (unsigned)take_number(s, 4);
}

/* The text must end with a NUL and have no other. */
static const char *take_text(struct source *s)
{
    uint64_t len = take_number(s, 4);
    fct_slice taken = take(s, len + 1);

    if (s->bad || strnlen(taken.ptr, taken.len) != len) {
        s->bad = true;
        return "";
    }
    return taken.ptr;
}

static int check_frame(struct source *s)
{
    unsigned char digest[FCT_DIGEST_SIZE];
    fct_slice all = s->left;

    if (all.len < HEAD_LEN || memcmp(all.ptr, MAGIC.ptr, MAGIC.len) != 0)
        return refuse(s, "is none: it does not begin with \"fctmail\"");
    s->version = (unsigned char)all.ptr[MAGIC.len];
    if (s->version < FIRST_VERSION || s->version > FCT_SEALED_VERSION_PLAIN)
        return fct_error_set(s->error, FACTEUR_EMESSAGE, WHERE,
                             "the stored mail has the form %u, and this release of facteur reads "
                             "the forms %d to %d",
                             (unsigned)s->version, FIRST_VERSION, FCT_SEALED_VERSION_PLAIN);
    if (all.len < HEAD_LEN + sizeof digest)
        return refuse(s, "is cut off");
    all.len -= sizeof digest;
    if (!fct_digest(all, digest))
        return fct_error_nomem(s->error);
    if (memcmp(all.ptr + all.len, digest, sizeof digest) != 0)
        return refuse(s, "is damaged or cut off: its checksum is not that of its bytes");
    s->left = (fct_slice){all.ptr + HEAD_LEN, all.len - HEAD_LEN};
    return 0;
}

/* Whether an address is in wire form: reading it again gives the same text. */
static int check_address(struct source *s, const char *address)
{
    fct_buf wire = {0};
    int result = fct_address_parse_one(&wire, WHERE, fct_slice_of(address), s->error);

    if (!result && !fct_slice_equal((fct_slice){wire.ptr, wire.len}, fct_slice_of(address)))
        result = refuse(s, "has an address in its envelope that is not in the form of SMTP");
    fct_buf_done(&wire);
    return result;
}

static int take_sender(struct source *s, struct parts *parts)
{
    parts->needs = take_u32(s);
    parts->message_id = take_text(s);
    parts->sender = take_text(s);
    if (s->bad || parts->needs > (FCT_NEEDS_8BITMIME | FCT_NEEDS_SMTPUTF8) ||
        strpbrk(parts->message_id, "\r\n"))
        return refuse(s, "has no proper envelope");
    return parts->sender[0] ? check_address(s, parts->sender) : 0;
}

static int take_recipients(struct source *s, struct parts *parts)
{
    unsigned count = take_u32(s);
    int result = 0;

    if (s->bad || !count || count > FCT_MAX_RECIPIENTS)
        return refuse(s, "has no recipient, or too many");
    parts->recipients = fct_calloc(count, sizeof *parts->recipients);
    if (!parts->recipients)
        return fct_error_nomem(s->error);
    for (; !result && parts->count < count; parts->count++) {
        const char *address = take_text(s);

        parts->recipients[parts->count] = address;
        result = check_address(s, address);
    }
    return result;
}

static int take_terms(struct source *s, fct_terms *terms)
{
    unsigned flags, priority;
    const char *envid;

    terms->asked = take_u32(s);
    terms->waived = take_u32(s);
    terms->notify = take_u32(s);
    flags = take_u32(s);
    terms->by_s = take_u32(s);
    priority = take_u32(s);
    envid = take_text(s);
    terms->return_full = (flags & RETURN_FULL) != 0;
    terms->by_notify = (flags & BY_NOTIFY) != 0;
    if (s->bad || flags > (RETURN_FULL | BY_NOTIFY) || priority > 2 * PRIORITY_ZERO ||
        strlen(envid) > FCT_ENVID_MAX)
        return refuse(s, "asks the relay for what does not exist");
    terms->priority = (int)priority - PRIORITY_ZERO;
    memcpy(terms->envid, envid, strlen(envid) + 1);
    return fct_terms_good(terms) ? 0 : refuse(s, "asks the relay for what does not exist");
}

static int take_labels(struct source *s, fct_labels *labels)
{
    unsigned count = take_u32(s);
    int result = 0;

    if (s->bad || count > FCT_MAX_LABELS)
        return refuse(s, "has too many tags and metadata");
    for (unsigned i = 0; !result && i < count; i++) {
        fct_slice name = fct_slice_of(take_text(s)), value = fct_slice_of(take_text(s));

        if (name.len)
            result = fct_token_check(FCT_TOKEN_LABEL_NAME, WHERE, name, s->error);
        if (!result)
            result = fct_labels_add(labels, WHERE, name, value, s->error);
    }
    return result;
}

/* Notes are as fct_notes_add() makes them: none is empty, none is there twice. */
static int take_notes(struct source *s, fct_notes *notes)
{
    unsigned count, more;

    if (s->version == FIRST_VERSION)
        return 0;
    count = take_u32(s);
    more = take_u32(s);
    if (s->bad || count > FCT_NOTES_MAX || (more && count < FCT_NOTES_MAX))
        return refuse(s, "has too many notes");
    for (unsigned i = 0; i < count; i++) {
        const char *note = take_text(s);

        fct_notes_add(notes, "%s", note);
        if (notes->text.failed)
            return fct_error_nomem(s->error);
        if (notes->count != i + 1 || strcmp(fct_notes_at(notes, i), note) != 0)
            return refuse(s, "has notes that facteur does not write");
    }
    notes->more = more;
    return 0;
}

static bool is_ascii(const fct_content *content)
{
    return fct_is_ascii((fct_slice){content->bytes.ptr, content->bytes.len});
}

/* Whether all lines have at most 998 bytes and end with CRLF, and CR and LF occur nowhere else. */
static bool has_good_lines(fct_slice text)
{
    while (text.len) {
        const char *end = memchr(text.ptr, '\r', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;

        if (!end || len > FCT_LINE_MAX || text.len - len < 2 || end[1] != '\n' ||
            memchr(text.ptr, '\n', len) || memchr(text.ptr, '\0', len))
            return false;
        text.ptr += len + 2;
        text.len -= len + 2;
    }
    return true;
}

static int take_content(struct source *s, fct_content *out)
{
    fct_slice content = take(s, take_number(s, 8));

    if (s->bad)
        return refuse(s, "has another length than it says");
    if (!has_good_lines(content))
        return refuse(s, "has lines that no message may have");
    return fct_buf_add_slice(&out->bytes, content) ? fct_error_nomem(s->error) : 0;
}

static int take_contents(struct source *s, struct parts *parts)
{
    int result = take_content(s, &parts->content);

    if (!result && parts->has_plain) {
        parts->plain_done = take_u32(s);
        result = take_content(s, &parts->plain);
    }
    if (!result && s->left.len)
        return refuse(s, "has another length than it says");
    if (!result && !is_ascii(&parts->content))
        parts->needs |= FCT_NEEDS_8BITMIME;
    return result;
}

static int add_plain(fct_mail *mail, struct parts *parts)
{
    unsigned needs = is_ascii(&parts->plain) ? 0 : FCT_NEEDS_8BITMIME;
    fct_mail *plain = fct_mail_with_content(mail, &parts->plain, needs);

    if (!plain)
        return FACTEUR_ENOMEM;
    fct_mail_set_plain(mail, plain, parts->plain_done);
    fct_mail_unref(plain);
    return 0;
}

static fct_mail *assemble(struct parts *parts)
{
    fct_mail *mail = fct_mail_new(&parts->content, parts->sender, parts->recipients, parts->count,
                                  parts->message_id, parts->needs);

    if (mail && (fct_mail_equip(mail, &parts->terms, &parts->labels, &parts->notes) ||
                 (parts->has_plain && add_plain(mail, parts)))) {
        fct_mail_unref(mail);
        return NULL;
    }
    return mail;
}

int fct_mail_load(const void *bytes, size_t len, fct_mail **out, facteur_error **error)
{
    struct source s = {.left = {bytes, len}, .error = error};
    struct parts parts = {0};
    fct_mail *mail = NULL;
    int result = check_frame(&s);

    if (!result)
        result = take_sender(&s, &parts);
    if (!result)
        result = take_recipients(&s, &parts);
    if (!result)
        result = take_terms(&s, &parts.terms);
    if (!result)
        result = take_labels(&s, &parts.labels);
    parts.has_plain = !result && s.version == FCT_SEALED_VERSION_PLAIN;
    if (!result)
        result = take_notes(&s, &parts.notes);
    if (!result)
        result = take_contents(&s, &parts);
    if (!result) {
        mail = assemble(&parts);
        result = mail ? 0 : fct_error_nomem(error);
    }
    fct_free(parts.recipients);
    fct_labels_done(&parts.labels);
    fct_notes_done(&parts.notes);
    fct_content_done(&parts.content);
    fct_content_done(&parts.plain);
    if (!result)
        *out = mail;
    return result;
}
