/* SPDX-License-Identifier: MIT */
/* The builder's attachments and custom headers. */
#include "mime/builder.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "base/utf8.h"
#include "mime/content_id.h"
#include "mime/token.h"

#include <errno.h>
#include <unistd.h>

void fct_part_done(struct fct_part *part)
{
    fct_free(part->data);
    fct_free(part->path);
    fct_spool_unref(part->spool);
    fct_free(part->name);
    fct_free(part->type);
    fct_free(part->content_id);
    fct_free(part->content_ref);
}

void fct_custom_done(struct fct_custom *custom)
{
    fct_free(custom->name);
    fct_free(custom->value);
    fct_address_list_done(&custom->addresses);
}

/* Header fields that facteur writes itself, and where to set their value. */
static const struct {
    const char *name;
    const char *instead;
} own[] = {
    {"From", "set the field from"},
    {"Sender", "set the field sender"},
    {"Reply-To", "set the field reply_to"},
    {"To", "set the field to"},
    {"Cc", "set the field cc"},
    {"Bcc", "set the field bcc"},
    {"Resent-Bcc", "set the field bcc"},
    {"Subject", "set the field subject"},
    {"Date", "set the field date"},
    {"Message-ID", "set the field message_id"},
    {"In-Reply-To", "set the field in_reply_to"},
    {"References", "set the field references"},
    {"MIME-Version", "it is always 1.0"},
    {"Received", "relays write it"},
    {"Return-Path", "set the field envelope_from"},
    {"DKIM-Signature", "give the mailer the option dkim"},
};

static int refuse_own(const char *name, facteur_error **error)
{
    if (fct_slice_starts_nocase(fct_slice_of(name), FCT_SLICE("Content-")))
        return fct_error_set(error, FACTEUR_EMESSAGE, name,
                             "facteur writes the header %s itself: give text, html and "
                             "attachments with their types",
                             name);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (fct_slice_equal_nocase(fct_slice_of(name), fct_slice_of(own[i].name)))
            return fct_error_set(error, FACTEUR_EMESSAGE, name,
                                 "facteur writes the header %s itself: %s", own[i].name,
                                 own[i].instead);
    }
    return 0;
}

/* In these fields encoded words may replace names but not addresses (RFC 2047 section 5). */
static bool holds_addresses(const char *name)
{
    static const char *const names[] = {
        "Disposition-Notification-To",
        "Errors-To",
        "Mail-Followup-To",
        "Mail-Reply-To",
        "Resent-Cc",
        "Resent-From",
        "Resent-Reply-To",
        "Resent-Sender",
        "Resent-To",
        "Return-Receipt-To",
        "X-Confirm-Reading-To",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (fct_slice_equal_nocase(fct_slice_of(name), fct_slice_of(names[i])))
            return true;
    }
    return false;
}

static int fill_header(struct fct_custom *custom, const char *name, fct_slice text,
                       facteur_error **error)
{
    fct_buf clean = {0};
    int result = 0;

    custom->name = fct_strdup(name);
    if (holds_addresses(name)) {
        result = fct_address_list_parse(&custom->addresses, name, text, error);
        if (!result && !custom->addresses.count)
            result =
                fct_error_set(error, FACTEUR_EMESSAGE, name, "the header %s has no address", name);
    } else {
        fct_text_clean(&clean, text);
        custom->value = fct_buf_take(&clean, NULL);
        result = custom->value ? 0 : fct_error_nomem(error);
    }
    if (!result && !custom->name)
        result = fct_error_nomem(error);
    return result;
}

static int check_header(const facteur_message *message, const char *name, fct_slice value,
                        facteur_error **error)
{
    int result = fct_message_check_open(message, "headers", error);

    if (!result)
        result = fct_token_check(FCT_TOKEN_HEADER_NAME, "headers", fct_slice_of(name), error);
    if (!result)
        result = refuse_own(name, error);
    if (!result)
        result = fct_text_check(name, value, FCT_MAX_HEADER_VALUE, error);
    if (!result && message->header_count >= FCT_MAX_HEADERS)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "headers",
                               "a message has at most %d headers of its own", FCT_MAX_HEADERS);
    return result;
}

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 4;
    void *grown;

    if (count < *cap)
        return items;
    grown = fct_reallocarray(items, more, size);
    if (grown)
        *cap = more;
    return grown;
}

int facteur_message_add_header(facteur_message *message, const char *name, const char *value,
                               size_t len, facteur_error **error)
{
    fct_slice text = fct_argument(value, len);
    struct fct_custom custom = {0}, *grown;
    int result = check_header(message, name, text, error);

    if (result)
        return result;
    grown = grow(message->headers, message->header_count, &message->header_cap, sizeof *grown);
    if (!grown)
        return fct_error_nomem(error);
    message->headers = grown;
    result = fill_header(&custom, name, text, error);
    if (result) {
        fct_custom_done(&custom);
        return result;
    }
    message->headers[message->header_count++] = custom;
    fct_message_thaw(message);
    return 0;
}

/* ---- Attachments ----------------------------------------------------------------------------- */

static fct_slice bare_id(const char *id)
{
    size_t len = strlen(id);

    if (len >= 2 && id[0] == '<' && id[len - 1] == '>')
        return (fct_slice){id + 1, len - 2};
    return (fct_slice){id, len};
}

/* Every attachment is sent as base64, which messages may not be (RFC 2046 section 5.2.1). */
static const char *type_of(const char *type, const char *name)
{
    if (!type)
        return fct_media_type(fct_slice_of(name ? name : ""));
    if (fct_slice_starts_nocase(fct_slice_of(type), FCT_SLICE("message/")))
        return "application/octet-stream";
    return type;
}

/* An id may have a space or a letter of any script, but each has one part: the HTML tells them
 * apart. */
static int check_content_id(const facteur_message *message, fct_slice id, facteur_error **error)
{
    int result = fct_token_check(FCT_TOKEN_CONTENT_ID, "inline", id, error);

    for (size_t i = 0; !result && i < message->part_count; i++) {
        const char *other = fct_part_given_id(&message->parts[i]);

        if (other && fct_slice_equal(fct_slice_of(other), id))
            result = fct_error_set(error, FACTEUR_EMESSAGE, "inline",
                                   "another inline part has the content id \"%.*s\": the HTML "
                                   "could not tell the two apart, so give each an id of its own",
                                   (int)id.len, id.ptr);
    }
    return result;
}

static int check_part(const facteur_message *message, const char *type, const char *content_id,
                      facteur_error **error)
{
    int result = fct_message_check_open(message, "attachments", error);

    if (!result && type)
        result = fct_token_check(FCT_TOKEN_MEDIA_TYPE, "type", fct_slice_of(type), error);
    if (!result && content_id)
        result = check_content_id(message, bare_id(content_id), error);
    if (!result && message->part_count >= FCT_MAX_PARTS)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "attachments",
                               "a message has at most %d attachments", FCT_MAX_PARTS);
    return result;
}

/*
 * ASCII text needs no charset.  Bytes that are neither ASCII nor UTF-8 have one that we cannot
 * know.
 */
static bool needs_charset(fct_slice text, size_t *cut)
{
    *cut = fct_utf8_check(text);
    return !fct_is_ascii((fct_slice){text.ptr, *cut});
}

/*
 * The same for a whole file, read by offset.  A file that cannot be read causes an error when it is
 * sent.
 */
static int look_at_file(int fd, bool *needs)
{
    char *step = fct_malloc(FCT_SPOOL_STEP);
    size_t kept = 0;
    bool found = false;
    off_t at = 0;
    ssize_t n;

    if (!step)
        return FACTEUR_ENOMEM;
    while ((n = pread(fd, step + kept, FCT_SPOOL_STEP - kept, at)) > 0) {
        size_t len = kept + (size_t)n, cut;

        found = needs_charset((fct_slice){step, len}, &cut) || found;
        at += n;
        kept = len - cut;
        if (kept > 3)
            break; /* more than a character that was cut in two */
        memmove(step, step + cut, kept);
    }
    fct_free(step);
    *needs = n == 0 && kept == 0 && found;
    return 0;
}

/* Give a text, from memory or a file, its charset when it can be found out. */
static char *whole_type(const struct fct_part *part, const char *type, int fd)
{
    fct_slice name = fct_slice_of(type);
    bool needs = fct_slice_starts_nocase(name, FCT_SLICE("text/")) &&
                 !fct_type_parameter(name, FCT_SLICE("charset")).ptr;
    fct_buf whole = {0};
    char *text;
    size_t cut;

    if (needs && part->data)
        needs = needs_charset((fct_slice){part->data, part->len}, &cut) && cut == part->len;
    else if (needs && look_at_file(fd, &needs))
        return NULL;
    fct_buf_add_text(&whole, type);
    if (needs)
        fct_buf_add_text(&whole, "; charset=utf-8");
    text = fct_buf_take(&whole, NULL);
    fct_buf_done(&whole);
    return text;
}

/* False when memory runs out. */
static bool take_content_id(struct fct_part *part, const char *content_id)
{
    fct_slice id = bare_id(content_id ? content_id : "");
    fct_buf wire = {0};

    if (!content_id)
        return true;
    fct_content_id_add(&wire, id);
    part->content_id = fct_buf_take(&wire, NULL);
    fct_buf_done(&wire);
    if (fct_content_id_is_plain(id))
        return part->content_id != NULL;
    part->content_ref = fct_strndup(id.ptr, id.len);
    return part->content_id && part->content_ref;
}

/*
 * The file's name as it can be sent.  People choose it, and programs that know other encodings, so
 * what is broken in it is mended.
 */
static int take_name(facteur_message *message, struct fct_part *part, const char *name,
                     facteur_error **error)
{
    fct_slice given = fct_slice_of(name);
    bool broken = fct_utf8_check(given) < given.len || fct_has_control(given);
    fct_buf mended = {0};
    int result = broken ? fct_text_mend(&mended, given) : fct_buf_add_slice(&mended, given);

    if (result || fct_buf_add_char(&mended, '\0')) {
        fct_buf_done(&mended);
        return fct_error_nomem(error);
    }
    result = fct_token_check(FCT_TOKEN_FILE_NAME, "name", fct_slice_of(mended.ptr), error);
    if (!result && broken)
        fct_message_note(message,
                         "attachments[%zu].name: broken and control characters were replaced",
                         message->part_count);
    if (!result && mended.ptr[0])
        part->name = fct_strdup(mended.ptr);
    if (!result && mended.ptr[0] && !part->name)
        result = fct_error_nomem(error);
    fct_buf_done(&mended);
    return result;
}

/*
 * Takes over `part`, whose data, path or spool is set already.  `fd` belongs to the path or the
 * spool.
 */
static int add_part(facteur_message *message, struct fct_part part, int fd, const char *name,
                    const char *type, const char *content_id, facteur_error **error)
{
    struct fct_part *grown =
        grow(message->parts, message->part_count, &message->part_cap, sizeof *grown);
    int result = name && name[0] ? take_name(message, &part, name, error) : 0;

    if (grown)
        message->parts = grown;
    if (!result)
        part.type = whole_type(&part, type_of(type, part.name), fd);
    if (!result && (!grown || (!part.data && !part.path && !part.spool) || !part.type ||
                    !take_content_id(&part, content_id)))
        result = fct_error_nomem(error);
    if (result) {
        fct_part_done(&part);
        return result;
    }
    message->parts[message->part_count++] = part;
    fct_message_thaw(message);
    return 0;
}

int facteur_message_attach_bytes(facteur_message *message, const void *data, size_t len,
                                 const char *name, const char *type, const char *content_id,
                                 facteur_error **error)
{
    struct fct_part part = {.len = len};
    int result = check_part(message, type, content_id, error);

    if (result)
        return result;
    if (len > SIZE_MAX / 4)
        return fct_error_nomem(error);
    part.data = fct_strndup(data, len);
    if (!part.data)
        return fct_error_nomem(error);
    return add_part(message, part, -1, name, type, content_id, error);
}

int facteur_message_attach_path(facteur_message *message, const char *path, const char *name,
                                const char *type, const char *content_id, facteur_error **error)
{
    struct fct_part part = {0};
    const char *slash = strrchr(path, '/');
    struct stat facts;
    int fd, result;

    if (!name)
        name = slash ? slash + 1 : path;
    result = check_part(message, type, content_id, error);
    if (result)
        return result;
    fd = fct_file_open(path, &facts);
    if (fd < 0 && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (fd < 0 && !message->is_letter)
        return fct_file_refuse(path, error);
    part.path = fct_strdup(path);
    result = part.path ? add_part(message, part, fd, name, type, content_id, error)
                       : fct_error_nomem(error);
    if (fd >= 0)
        close(fd);
    return result;
}

int facteur_message_attach_stream(facteur_message *message, facteur_read *read, void *arg,
                                  const char *name, const char *type, const char *content_id,
                                  facteur_error **error)
{
    struct fct_part part = {0};
    int result = check_part(message, type, content_id, error);

    if (result)
        return result;
    result = fct_spool_new(read, arg, &part.spool);
    if (result == FACTEUR_ENOMEM)
        return fct_error_nomem(error);
    if (result && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (result)
        return fct_error_set(error, result, "attachments", "cannot copy the stream \"%s\": %s",
                             name ? name : "", errno ? strerror(errno) : "it cannot be read");
    return add_part(message, part, fct_spool_fd(part.spool), name, type, content_id, error);
}
