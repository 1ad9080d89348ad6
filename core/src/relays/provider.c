/* SPDX-License-Identifier: MIT */
#include "relays/provider.h"

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/content.h"
#include "mime/field.h"
#include "mime/header.h"
#include "mime/limits.h"

#include <string.h>

#define WORD_MAX 900u /* bytes of a header's word, which is not broken; a line has 998 */

enum form {
    NOTHING,
    EACH,   /* tags: one field each.  metadata: the name ends the field's name */
    JOINED, /* one field, separated by commas; metadata as name=value */
    JSON,   /* metadata: one field with an object */
    MEMBER  /* one field with an object for both, a member for each */
};

enum charset {
    ANY,
    ASCII,
    WORDS, /* letters, digits, "_", "-" and spaces */
    WORD   /* the same without spaces */
};

/*
 * The fields and limits that the providers' own pages give (0: none given).  docs/relays.md names
 * the pages and the other sources.  SES has only named tags, so a tag is called "tag" there.
 */
static const struct provider {
    const char *preset;
    struct {
        enum form form;
        const char *name;
        size_t most, len_max;
        enum charset charset;
    } tags;
    struct {
        enum form form;
        const char *name;
        size_t most, name_max, value_max;
        enum charset charset;
        size_t json_max; /* bytes of all metadata as an object */
    } metadata;
    const char *tags_member, *metadata_member;
    bool owns_underscore; /* the provider reserves names that begin with it */
    const char *key;
} table[] = {
    {.preset = "brevo",
     .tags = {EACH, "X-Mailin-Tag", .most = 1},
     .metadata = {JSON, .name = "X-Mailin-custom"},
     .key = "idempotencyKey"},
    {.preset = "mailgun",
     .tags = {EACH, "X-Mailgun-Tag", 10, 128, ASCII},
     .metadata = {JSON, .name = "X-Mailgun-Variables"}},
    {.preset = "mailjet",
     .tags = {EACH, "X-Mailjet-Campaign", 1, 255, WORDS},
     .metadata = {JSON, .name = "X-MJ-EventPayload"}},
    {.preset = "mandrill",
     .tags = {JOINED, "X-MC-Tags", .len_max = 50},
     .metadata = {JSON, "X-MC-Metadata", .json_max = 250},
     .owns_underscore = true},
    {.preset = "postmark",
     .tags = {EACH, "X-PM-Tag", .most = 1},
     .metadata = {EACH, "X-PM-Metadata-", 10, 20, .value_max = 80}},
    {.preset = "resend", .key = "Resend-Idempotency-Key"},
    {.preset = "sendgrid",
     .tags = {MEMBER, "X-SMTPAPI", 10, 255, ASCII},
     .metadata = {MEMBER, "X-SMTPAPI", .json_max = 9999},
     .tags_member = "category",
     .metadata_member = "unique_args"},
    {.preset = "ses",
     .tags = {JOINED, "X-SES-MESSAGE-TAGS", 1, 256, WORD},
     .metadata = {JOINED, "X-SES-MESSAGE-TAGS", 50, 256, 256, .charset = WORD}},
    {.preset = "sparkpost",
     .tags = {MEMBER, "X-MSYS-API", .most = 10},
     .metadata = {MEMBER, .name = "X-MSYS-API"},
     .tags_member = "tags",
     .metadata_member = "metadata"},
};

static const struct provider *find(const struct fct_preset *preset)
{
    for (size_t i = 0; preset && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(preset->name, table[i].preset) == 0)
            return &table[i];
    }
    return NULL;
}

/* ---- Limits ---------------------------------------------------------------------------------- */

static bool is_in(enum charset charset, const char *text)
{
    if (charset == ANY || charset == ASCII)
        return charset == ANY || fct_is_ascii(fct_slice_of(text));
    while (fct_is_alnum((unsigned char)*text) || *text == '_' || *text == '-' ||
           (charset == WORDS && *text == ' '))
        text++;
    return !*text;
}

static const char *name_of(enum charset charset)
{
    static const char *const names[] = {
        [ASCII] = "ASCII",
        [WORDS] = "ASCII letters, digits, _, - and spaces",
        [WORD] = "ASCII letters, digits, _ and -",
    };

    return names[charset];
}

static int check_tag(const struct provider *p, const char *tag, facteur_error **error)
{
    if (p->tags.len_max && strlen(tag) > p->tags.len_max)
        return fct_error_set(error, FACTEUR_EMESSAGE, "tags",
                             "%s takes tags of at most %zu bytes: \"%s\"", p->preset,
                             p->tags.len_max, tag);
    if (!is_in(p->tags.charset, tag))
        return fct_error_set(error, FACTEUR_EMESSAGE, "tags", "%s takes tags of %s only: \"%s\"",
                             p->preset, name_of(p->tags.charset), tag);
    if (p->owns_underscore && (tag[0] == '_' || strchr(tag, ',')))
        return fct_error_set(error, FACTEUR_EMESSAGE, "tags",
                             "%s takes no tag with a comma, or with \"_\" at its start: \"%s\"",
                             p->preset, tag);
    return 0;
}

static int check_metadatum(const struct provider *p, const struct fct_label *label,
                           facteur_error **error)
{
    if (p->metadata.name_max && strlen(label->name) > p->metadata.name_max)
        return fct_error_set(error, FACTEUR_EMESSAGE, "metadata",
                             "%s takes names of at most %zu bytes: \"%s\"", p->preset,
                             p->metadata.name_max, label->name);
    if (p->metadata.value_max && strlen(label->value) > p->metadata.value_max)
        return fct_error_set(error, FACTEUR_EMESSAGE, "metadata",
                             "%s takes values of at most %zu bytes: \"%s\"", p->preset,
                             p->metadata.value_max, label->name);
    if (!is_in(p->metadata.charset, label->name) || !is_in(p->metadata.charset, label->value))
        return fct_error_set(error, FACTEUR_EMESSAGE, "metadata", "%s takes %s only: \"%s\"",
                             p->preset, name_of(p->metadata.charset), label->name);
    if (p->owns_underscore && label->name[0] == '_')
        return fct_error_set(error, FACTEUR_EMESSAGE, "metadata",
                             "%s takes no name with \"_\" at its start: \"%s\"", p->preset,
                             label->name);
    return 0;
}

static int check(const struct provider *p, const fct_labels *labels, facteur_error **error)
{
    struct fct_label label;
    int result = 0;

    if (p->tags.most && labels->tag_count > p->tags.most)
        return fct_error_set(error, FACTEUR_EMESSAGE, "tags", "%s takes at most %zu %s a mail",
                             p->preset, p->tags.most, p->tags.most == 1 ? "tag" : "tags");
    if (p->metadata.most && labels->metadata_count > p->metadata.most)
        return fct_error_set(error, FACTEUR_EMESSAGE, "metadata",
                             "%s takes at most %zu metadata a mail", p->preset, p->metadata.most);
    for (size_t at = 0; !result && fct_labels_next(labels, &at, &label);)
        result =
            label.name[0] ? check_metadatum(p, &label, error) : check_tag(p, label.value, error);
    return result;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void put(fct_buf *out, const char *name, const char *value)
{
    fct_header header;

    fct_header_begin(&header, out, name);
    fct_header_text(&header, fct_slice_of(value), WORD_MAX);
    fct_header_end(&header);
}

static void put_each(const struct provider *p, const fct_labels *labels, fct_buf *out)
{
    struct fct_label label;

    for (size_t at = 0; fct_labels_next(labels, &at, &label);) {
        fct_buf name = {0};
        bool tag = !label.name[0];

        if ((tag ? p->tags.form : p->metadata.form) != EACH)
            continue;
        fct_buf_addf(&name, "%s%s", tag ? p->tags.name : p->metadata.name, label.name);
        if (name.failed)
            out->failed = true;
        else
            put(out, name.ptr, label.value);
        fct_buf_done(&name);
    }
}

static void put_joined(const struct provider *p, const fct_labels *labels, fct_buf *out)
{
    fct_buf text = {0};
    struct fct_label label;

    for (size_t at = 0; fct_labels_next(labels, &at, &label);) {
        bool tag = !label.name[0];

        if ((tag ? p->tags.form : p->metadata.form) != JOINED)
            continue;
        fct_buf_add_text(&text, text.len ? ", " : "");
        if (!tag || p->metadata.form == JOINED)
            fct_buf_addf(&text, "%s=", tag ? "tag" : label.name);
        fct_buf_add_text(&text, label.value);
    }
    if (text.failed)
        out->failed = true;
    else if (text.len)
        put(out, p->tags.name, text.ptr);
    fct_buf_done(&text);
}

static json_t *metadata_object(const fct_labels *labels)
{
    json_t *object = json_object();
    struct fct_label label;

    for (size_t at = 0; object && fct_labels_next(labels, &at, &label);) {
        if (label.name[0] && fct_json_set(object, label.name, json_string(label.value))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *tags_array(const fct_labels *labels)
{
    json_t *array = json_array();
    struct fct_label label;

    for (size_t at = 0; array && fct_labels_next(labels, &at, &label);) {
        if (!label.name[0] && json_array_append_new(array, json_string(label.value))) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/*
 * Whether the object has more bytes than the provider takes.  False when memory ran out; writing it
 * will fail then.
 */
static bool too_much(const struct provider *p, const fct_labels *labels)
{
    json_t *object =
        p->metadata.json_max && labels->metadata_count ? metadata_object(labels) : NULL;
    bool more = object && json_dumpb(object, NULL, 0, JSON_ENSURE_ASCII) > p->metadata.json_max;

    json_decref(object);
    return more;
}

static json_t *object_of(const struct provider *p, const fct_labels *labels)
{
    json_t *object;

    if (p->metadata.form == JSON)
        return metadata_object(labels);
    object = json_object();
    if (object &&
        ((labels->tag_count && fct_json_set(object, p->tags_member, tags_array(labels))) ||
         (labels->metadata_count &&
          fct_json_set(object, p->metadata_member, metadata_object(labels))))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* "=?" is escaped so that no reader takes it for an encoded word. */
static int take_json(const char *bytes, size_t len, void *into)
{
    fct_buf *out = into;

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '?' && out->len && out->ptr[out->len - 1] == '=') {
            out->len--;
            fct_buf_add_text(out, "\\u003d");
        }
        fct_buf_add_char(out, bytes[i]);
    }
    return out->failed ? -1 : 0;
}

static size_t longest_word(fct_slice text)
{
    size_t longest = 0, len = 0;

    for (size_t i = 0; i < text.len; i++) {
        len = text.ptr[i] == ' ' ? 0 : len + 1;
        longest = len > longest ? len : longest;
    }
    return longest;
}

static int put_json(const struct provider *p, const fct_labels *labels, fct_buf *out,
                    facteur_error **error)
{
    fct_buf text = {0};
    json_t *object;
    int result = 0;

    if (p->metadata.form != MEMBER && (p->metadata.form != JSON || !labels->metadata_count))
        return 0;
    if (too_much(p, labels))
        return fct_error_set(error, FACTEUR_EMESSAGE, "metadata",
                             "%s takes at most %zu bytes of metadata a mail (as JSON)", p->preset,
                             p->metadata.json_max);
    object = object_of(p, labels);
    if (!object || json_dump_callback(object, take_json, &text, JSON_ENSURE_ASCII))
        result = fct_error_nomem(error);
    else if (longest_word((fct_slice){text.ptr, text.len}) > WORD_MAX)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "metadata",
                               "%s takes metadata in a header, where no word is longer than %u "
                               "bytes (as JSON)",
                               p->preset, WORD_MAX);
    else if (fct_buf_add_char(&text, '\0') == 0)
        put(out, p->metadata.name, text.ptr);
    else
        out->failed = true;
    json_decref(object);
    fct_buf_done(&text);
    return result;
}

int fct_provider_fields(const struct fct_preset *preset, const fct_labels *labels, const char *key,
                        fct_buf *fields, facteur_error **error)
{
    const struct provider *p = find(preset);
    int result = 0;

    if (!p)
        return 0;
    if (labels->text.len && p->tags.form != NOTHING) {
        result = check(p, labels, error);
        if (!result)
            result = put_json(p, labels, fields, error);
        if (result)
            return result;
        put_each(p, labels, fields);
        put_joined(p, labels, fields);
    }
    if (key && p->key)
        put(fields, p->key, key);
    return fields->failed ? fct_error_nomem(error) : 0;
}

/* ---- The message's own fields ---------------------------------------------------------------- */

/* Whether the message has a field that may occur only once and that the labels would add again. */
static bool is_second(const struct provider *p, const fct_labels *labels, fct_slice name)
{
    bool one_tag = labels->tag_count && (p->tags.form != EACH || p->tags.most == 1);
    bool one_field = labels->metadata_count && p->metadata.form != EACH;

    return (one_tag && fct_slice_equal_nocase(name, fct_slice_of(p->tags.name))) ||
           (one_field && fct_slice_equal_nocase(name, fct_slice_of(p->metadata.name)));
}

int fct_provider_check(const struct fct_preset *preset, const fct_mail *mail, facteur_error **error)
{
    const fct_labels *labels = fct_mail_labels(mail);
    const struct provider *p = find(preset);
    fct_buf fields = {0};
    fct_slice head;
    int err;

    if (!p || p->tags.form == NOTHING || !labels->text.len)
        return 0;
    err = fct_provider_fields(preset, labels, NULL, &fields, error);
    fct_buf_done(&fields);
    for (head = fct_content_head(fct_mail_content(mail)); !err && head.len;) {
        fct_slice name = fct_field_name(fct_field_next(&head));

        if (is_second(p, labels, name))
            err = fct_error_set(error, FACTEUR_EMESSAGE, "headers",
                                "%s reads one %.*s, which tags and metadata would be in: give "
                                "either them or the field",
                                p->preset, (int)name.len, name.ptr);
    }
    return err;
}

int fct_provider_mail(const struct fct_preset *preset, fct_mail *mail, fct_mail **out,
                      facteur_error **error)
{
    fct_buf fields = {0};
    fct_mail *made;
    int err = fct_provider_fields(preset, fct_mail_labels(mail), NULL, &fields, error);

    if (!err) {
        made = fields.len ? fct_mail_with_head(mail, fields.ptr, fields.len) : fct_mail_ref(mail);
        if (made)
            *out = made;
        else
            err = fct_error_nomem(error);
    }
    fct_buf_done(&fields);
    return err;
}
