/* SPDX-License-Identifier: MIT */
/*
 * A message as one JSON object: the fields that were set, in the order of their table, and what a
 * message has beside them.  mailer/message_read.c reads it back.
 */
#include "facteur.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mime/builder.h"
#include "mime/message_fields.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

struct writer {
    const facteur_message *message;
    json_t *root;
    enum facteur_message_form form;
    facteur_error **error;
};

typedef int write_field(struct writer *w, const char *name, const void *member);

/* Add to the object; takes `value` over, of which NULL is a lack of memory. */
static int put(struct writer *w, const char *name, json_t *value)
{
    return fct_json_set(w->root, name, value) ? fct_error_nomem(w->error) : 0;
}

static int put_text(struct writer *w, const char *name, const char *text)
{
    return text ? put(w, name, fct_json_text(text)) : 0;
}

/* The buffer as a string; it is freed. */
static json_t *taken(fct_buf *text)
{
    json_t *value =
        text->failed ? NULL : json_stringn_nocheck(text->len ? text->ptr : "", text->len);

    fct_buf_done(text);
    return value;
}

static int append(json_t *list, json_t *value)
{
    return value ? json_array_append_new(list, value) : -1;
}

/* The list, or nothing where it is empty; a failure before ended in NULL. */
static int put_list(struct writer *w, const char *name, json_t *list, int failed)
{
    if (!list || failed) {
        json_decref(list);
        return fct_error_nomem(w->error);
    }
    if (json_array_size(list))
        return put(w, name, list);
    json_decref(list);
    return 0;
}

/* Words with blanks between them, as a list. */
static int put_words(struct writer *w, const char *name, const char *words)
{
    json_t *list = words && *words ? json_array() : NULL;
    int failed = 0;

    if (!words || !*words)
        return 0;
    while (list && *words && !failed) {
        size_t len = strcspn(words, " ");

        failed = append(list, json_stringn_nocheck(words, len));
        words += len + (words[len] == ' ');
    }
    return put_list(w, name, list, failed);
}

/* ---- Addresses ------------------------------------------------------------------------------- */

/* Whether a name needs no quotes: letters, digits and single blanks between them. */
static bool is_plain(const char *name)
{
    for (const char *at = name; *at; at++) {
        bool word = fct_is_alnum(*at) || (unsigned char)*at >= 0x80 || *at == '-' || *at == '_';

        if (!word && (*at != ' ' || at == name || !at[1] || at[1] == ' '))
            return false;
    }
    return *name != '\0';
}

static void add_name(fct_buf *out, const char *name)
{
    if (is_plain(name)) {
        fct_buf_add_text(out, name);
        return;
    }
    fct_buf_add_char(out, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            fct_buf_add_char(out, '\\');
        fct_buf_add_char(out, *name);
    }
    fct_buf_add_char(out, '"');
}

static void add_mailbox(fct_buf *out, const fct_address *address)
{
    if (!address->name) {
        fct_buf_add_text(out, address->address);
        return;
    }
    add_name(out, address->name);
    fct_buf_addf(out, " <%s>", address->address);
}

/* A mailbox, or a group with all its members; returns the index after it. */
static size_t add_entry(fct_buf *out, const fct_address_list *list, size_t i)
{
    const char *glue = "";

    if (list->items[i].kind == FCT_MAILBOX) {
        add_mailbox(out, &list->items[i]);
        return i + 1;
    }
    add_name(out, list->items[i].name ? list->items[i].name : "");
    fct_buf_add_text(out, ": ");
    for (i++; i < list->count && list->items[i].kind == FCT_MAILBOX; i++) {
        fct_buf_add_text(out, glue);
        add_mailbox(out, &list->items[i]);
        glue = ", ";
    }
    fct_buf_add_char(out, ';');
    return i + 1;
}

static json_t *joined(const fct_address_list *list)
{
    fct_buf text = {0};

    for (size_t i = 0; i < list->count;) {
        if (i)
            fct_buf_add_text(&text, ", ");
        i = add_entry(&text, list, i);
    }
    return taken(&text);
}

static int write_set_author(struct writer *w, const char *name, const void *member)
{
    const fct_address_list *list = member;

    return list->count ? put(w, name, joined(list)) : 0;
}

static int write_set_addresses(struct writer *w, const char *name, const void *member)
{
    const fct_address_list *list = member;
    json_t *entries = json_array();
    int failed = 0;

    for (size_t i = 0; entries && i < list->count && !failed;) {
        fct_buf text = {0};

        i = add_entry(&text, list, i);
        failed = append(entries, taken(&text));
    }
    return put_list(w, name, entries, failed);
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static int write_set_text_line(struct writer *w, const char *name, const void *member)
{
    return put_text(w, name, *(char *const *)member);
}

#define write_set_envelope_from write_set_text_line
#define write_set_message_id write_set_text_line

static int write_set_body(struct writer *w, const char *name, const void *member)
{
    const struct fct_body *body = member;

    return body->text ? put(w, name, json_stringn_nocheck(body->text, body->len)) : 0;
}

static int write_set_ids(struct writer *w, const char *name, const void *member)
{
    return put_words(w, name, *(char *const *)member);
}

#define write_add_uri write_set_ids

static json_t *date_text(fct_date date)
{
    time_t local = (time_t)(date.s + (int64_t)date.offset_min * 60);
    int offset = date.offset_min < 0 ? -date.offset_min : date.offset_min;
    struct tm tm;
    char text[64];

    gmtime_r(&local, &tm);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             date.offset_min < 0 ? '-' : '+', offset / 60, offset % 60);
    return json_string_nocheck(text);
}

static int write_set_date(struct writer *w, const char *name, const void *member)
{
    return w->message->has_date ? put(w, name, date_text(*(const fct_date *)member)) : 0;
}

static int write_set_priority(struct writer *w, const char *name, const void *member)
{
    static const char *const words[] = {NULL, "high", "normal", "low"};

    return put_text(w, name, words[*(const enum fct_priority *)member]);
}

static int write_set_term(struct writer *w, const char *name, const void *member)
{
    const fct_terms *terms = member;
    fct_buf text = {0};

    if (strcmp(name, "require_tls") == 0)
        return terms->asked & FCT_TERM_REQUIRETLS ? put(w, name, json_true()) : 0;
    if (fct_terms_text(terms, name, &text))
        return put(w, name, taken(&text));
    fct_buf_done(&text);
    return 0;
}

/* ---- Labels, headers, alternatives ----------------------------------------------------------- */

static int write_add_tag(struct writer *w, const char *name, const void *member)
{
    json_t *list = json_array();
    struct fct_label label;
    size_t at = 0;
    int failed = 0;

    while (list && !failed && fct_labels_next(member, &at, &label)) {
        if (!*label.name)
            failed = append(list, fct_json_text(label.value));
    }
    return put_list(w, name, list, failed);
}

static int write_metadata(struct writer *w, const char *name, const void *member)
{
    json_t *map = json_object();
    struct fct_label label;
    size_t at = 0;
    int failed = 0;

    while (map && !failed && fct_labels_next(member, &at, &label)) {
        if (*label.name)
            failed = fct_json_set(map, label.name, fct_json_text(label.value));
    }
    if (map && !failed && json_object_size(map))
        return put(w, name, map);
    failed = failed || !map;
    json_decref(map);
    return failed ? fct_error_nomem(w->error) : 0;
}

static json_t *header_value(const struct fct_custom *header)
{
    return header->value ? fct_json_text(header->value) : joined(&header->addresses);
}

/* A list of pairs: order and repetition are kept. */
static int write_headers(struct writer *w, const char *name, const void *member)
{
    const struct fct_custom *headers = *(struct fct_custom *const *)member;
    json_t *list = json_array();
    int failed = 0;

    for (size_t i = 0; list && i < w->message->header_count && !failed; i++) {
        json_t *pair = json_array();

        failed = !pair || append(pair, fct_json_text(headers[i].name)) ||
                 append(pair, header_value(&headers[i])) || json_array_append(list, pair);
        json_decref(pair);
    }
    return put_list(w, name, list, failed);
}

static int write_alternatives(struct writer *w, const char *name, const void *member)
{
    const struct fct_alternative *alternatives = member;
    json_t *list = json_array();
    int failed = 0;

    for (size_t i = 0; list && i < w->message->alternative_count && !failed; i++) {
        const struct fct_body *body = &alternatives[i].body;
        json_t *entry = json_object();

        failed = !entry || fct_json_set(entry, "type", fct_json_text(alternatives[i].type)) ||
                 fct_json_set(entry, "content", json_stringn_nocheck(body->text, body->len)) ||
                 json_array_append(list, entry);
        json_decref(entry);
    }
    return put_list(w, name, list, failed);
}

/* ---- Contents -------------------------------------------------------------------------------- */

static json_t *base64(const void *bytes, size_t len)
{
    size_t room = FCT_BASE64_LEN(len);
    char *text = fct_malloc(room + 1);
    json_t *value = NULL;

    if (text)
        value = json_stringn_nocheck(text, fct_base64_encode(text, bytes, len));
    fct_free(text);
    return value;
}

/* Read what a stream gave; NULL with *result set. */
static json_t *spooled(const fct_spool *spool, int *result)
{
    uint64_t size = fct_spool_size(spool), at = 0;
    char *bytes = size < SIZE_MAX / 4 ? fct_malloc((size_t)size + 1) : NULL;
    json_t *value = NULL;

    *result = bytes ? 0 : FACTEUR_ENOMEM;
    while (!*result && at < size) {
        ssize_t n = pread(fct_spool_fd(spool), bytes + at, (size_t)(size - at), (off_t)at);

        if (n > 0)
            at += (uint64_t)n;
        else if (n == 0 || errno != EINTR)
            *result = FACTEUR_EIO;
    }
    if (!*result)
        value = base64(bytes, (size_t)size);
    fct_free(bytes);
    if (!*result && !value)
        *result = FACTEUR_ENOMEM;
    return value;
}

/* Where the content is, or itself. */
static int put_content(const struct writer *w, json_t *entry, const struct fct_part *part)
{
    uint64_t size = part->spool ? fct_spool_size(part->spool) : part->len;
    json_t *content;
    int result = 0;

    if (part->path)
        return fct_json_set(entry, "path", fct_json_text(part->path)) ? FACTEUR_ENOMEM : 0;
    if (w->form == FACTEUR_FORM_SUMMARY)
        return fct_json_set(entry, "size", json_integer((json_int_t)size)) ? FACTEUR_ENOMEM : 0;
    content = part->spool ? spooled(part->spool, &result) : base64(part->data, part->len);
    if (result)
        return result;
    return fct_json_set(entry, "data", content) ? FACTEUR_ENOMEM : 0;
}

static int put_part(const struct writer *w, json_t *list, const struct fct_part *part)
{
    const char *id = fct_part_given_id(part);
    json_t *entry = json_object();
    int result = entry ? put_content(w, entry, part) : FACTEUR_ENOMEM;

    /* A path without a name would get that of the file. */
    if (!result && (part->name || part->path) &&
        fct_json_set(entry, "name", fct_json_text(part->name ? part->name : "")))
        result = FACTEUR_ENOMEM;
    if (!result && (fct_json_set(entry, "type", fct_json_text(part->type)) ||
                    (id && fct_json_set(entry, "inline", fct_json_text(id))) ||
                    json_array_append(list, entry)))
        result = FACTEUR_ENOMEM;
    json_decref(entry);
    return result;
}

static int write_attachments(struct writer *w, const char *name, const void *member)
{
    const struct fct_part *parts = *(struct fct_part *const *)member;
    json_t *list = json_array();
    int result = 0;

    for (size_t i = 0; list && i < w->message->part_count && !result; i++)
        result = put_part(w, list, &parts[i]);
    if (result == FACTEUR_EIO) {
        json_decref(list);
        return fct_error_set(w->error, FACTEUR_EIO, name, "the copy of a stream cannot be read: %s",
                             strerror(errno));
    }
    return put_list(w, name, list, result);
}

/* ---- S/MIME ---------------------------------------------------------------------------------- */

/* A private key or its passphrase, which a queue or a log must not get. */
static const char *secret_in(const json_t *settings)
{
    const json_t *sign = json_object_get(settings, "sign");

    if (json_object_get(sign, "key"))
        return "smime.sign.key";
    return json_object_get(sign, "passphrase") ? "smime.sign.passphrase" : NULL;
}

/* The settings, or NULL with an error for what may not be stored. */
static json_t *settings_of(struct writer *w, const fct_secret *secret, int *result)
{
    fct_slice text = fct_secret_bytes(secret);
    json_error_t problem;
    json_t *settings = json_loadb(text.ptr, text.len, 0, &problem);
    const char *where;

    *result = 0;
    if (!settings && json_error_code(&problem) == json_error_out_of_memory)
        *result = fct_error_nomem(w->error);
    else if (!settings)
        *result = fct_error_set(w->error, FACTEUR_EMESSAGE, "smime", "smime is no JSON");
    where = settings ? secret_in(settings) : NULL;
    if (!where)
        return settings;
    json_decref(settings);
    *result =
        fct_error_set(w->error, FACTEUR_EMESSAGE, where,
                      "a message that holds a private key is not stored: give key_file without "
                      "a passphrase, or the mailer's option smime");
    return NULL;
}

static int write_set_smime(struct writer *w, const char *name, const void *member)
{
    const fct_secret *secret = *(fct_secret *const *)member;
    json_t *settings;
    int result;

    if (!secret || w->form == FACTEUR_FORM_SUMMARY)
        return 0;
    settings = settings_of(w, secret, &result);
    return settings ? put(w, name, settings) : result;
}

static int check_smime(struct writer *w)
{
    int result = 0;

    if (w->message->smime)
        json_decref(settings_of(w, w->message->smime, &result));
    return result;
}

/* ---- The table, and what stands beside it ---------------------------------------------------- */

#define WRITE_text(setter) write_##setter
#define WRITE_date(setter) write_##setter
#define WRITE_bool(setter) write_##setter
#define WRITE_int(setter) write_##setter
#define WRITE_mailbox(setter) write_##setter
#define WRITE_json(setter) write_##setter
#define WRITE_headers(setter) write_headers
#define WRITE_metadata(setter) write_metadata
#define WRITE_alternatives(setter) write_alternatives
#define WRITE_attachments(setter) write_attachments

static const struct {
    const char *name;
    write_field *write;
    size_t offset;
} table[] = {
#define ROW(name, type, list, choices, def, finished, setter, member, help)                        \
    {#name, WRITE_##type(setter), offsetof(facteur_message, member)},
    FCT_MESSAGE_FIELDS(ROW)
#undef ROW
};

/* A message of finished bytes: where it goes is not in them, because Bcc was taken out. */
static int put_raw(struct writer *w)
{
    const struct fct_raw *raw = w->message->raw;
    fct_address_list list = {0};
    fct_slice text = {raw->recipients.ptr, raw->recipients.len};
    int result = 0;

    if (w->form == FACTEUR_FORM_SUMMARY)
        result = put(w, "size", json_integer((json_int_t)raw->bytes.len));
    else
        result = put(w, "bytes", base64(raw->bytes.ptr, raw->bytes.len));
    /* What cannot be read now cannot be read when it is sent, and is told there. */
    if (!result && !w->message->recipients.count && text.len &&
        fct_address_list_parse_foreign(&list, "to", text, NULL) == 0)
        result = write_set_addresses(w, "recipients", &list);
    fct_address_list_done(&list);
    return result;
}

static int put_notes(struct writer *w)
{
    size_t count = facteur_message_note_count(w->message);
    json_t *list = json_array();
    int failed = 0;

    for (size_t i = 0; list && i < count && !failed; i++)
        failed = append(list, fct_json_text(facteur_message_note(w->message, i)));
    return put_list(w, "notes", list, failed);
}

/* That it is a letter, and why its data gives no recipient: a copy is told of with a receipt, too.
 */
static int put_letter(struct writer *w)
{
    const facteur_error *why = w->message->unaddressed;
    json_t *cause;
    int result = w->message->is_letter ? put(w, "letter", json_true()) : 0;

    if (result || !why)
        return result;
    cause = json_object();
    if (!cause || fct_json_set(cause, "where", fct_json_text(facteur_error_where(why))) ||
        fct_json_set(cause, "message", fct_json_text(facteur_error_message(why)))) {
        json_decref(cause);
        return fct_error_nomem(w->error);
    }
    return put(w, "unaddressed", cause);
}

/* What freezing made, so that every copy is the same mail. */
static int put_made(struct writer *w)
{
    const facteur_message *m = w->message;
    const char *id = fct_message_made_id(m);
    bool has_date = m->has_made_date && !(m->raw ? m->raw->has_date : m->has_date);
    json_t *made;

    if (w->form == FACTEUR_FORM_SUMMARY || (!id && !has_date))
        return 0;
    made = json_object();
    if (!made || (id && fct_json_set(made, "message_id", fct_json_text(id))) ||
        (has_date && fct_json_set(made, "date", date_text(m->made_date)))) {
        json_decref(made);
        return fct_error_nomem(w->error);
    }
    return put(w, "made", made);
}

static int put_fields(struct writer *w)
{
    const facteur_message *m = w->message;
    int result = 0;

    for (size_t i = 0; i < sizeof table / sizeof table[0] && !result; i++)
        result = table[i].write(w, table[i].name, (const char *)m + table[i].offset);
    return result || !m->raw ? result : put_raw(w);
}

static int put_all(struct writer *w)
{
    const facteur_message *m = w->message;
    int result = w->form == FACTEUR_FORM_BESIDE ? check_smime(w) : put_fields(w);

    if (!result && m->recipients.count)
        result = write_set_addresses(w, "recipients", &m->recipients);
    if (!result)
        result = put_text(w, "key", m->key);
    if (!result)
        result = put_notes(w);
    if (!result)
        result = put_letter(w);
    return result ? result : put_made(w);
}

int facteur_message_json(facteur_message *message, enum facteur_message_form form, char **json,
                         facteur_error **error)
{
    struct writer w = {.message = message, .form = form, .error = error};
    int result = form == FACTEUR_FORM_SUMMARY ? 0 : fct_message_decide(message, error);
    char *text = NULL;

    if (result)
        return result;
    w.root = json_object();
    result = w.root ? put_all(&w) : fct_error_nomem(error);
    if (result) {
        json_decref(w.root);
        return result;
    }
    text = fct_json_take(w.root);
    if (!text)
        return fct_error_nomem(error);
    *json = text;
    return 0;
}
