/* SPDX-License-Identifier: MIT */
/*
 * A message out of its JSON: the table of fields, and what a stored message has beside them.  What
 * is neither is refused.  mailer/message_json.c writes it.
 */
#include "facteur.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mime/builder.h"

#include <stdio.h>

struct reading {
    facteur_message *message;
    facteur_error **error;
};

static int refuse(const struct reading *r, const char *where, const char *what)
{
    return fct_error_set(r->error, FACTEUR_EMESSAGE, where, "%s", what);
}

static int set_text(const struct reading *r, const char *field, const char *text, size_t len)
{
    return facteur_message_set(r->message, field, text, len, r->error);
}

/* An object or a list, as the text that it is. */
static int set_json(const struct reading *r, const char *field, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    int result = text ? set_text(r, field, text, FACTEUR_NTS) : fct_error_nomem(r->error);

    free(text);
    return result;
}

/* {"address": …, "name": …}, as frameworks have a mailbox; "email" will do for "address". */
static int add_named(const struct reading *r, const char *field, const char *where,
                     const json_t *mailbox)
{
    const json_t *address = json_object_get(mailbox, "address");
    const json_t *name = json_object_get(mailbox, "name");

    if (!address)
        address = json_object_get(mailbox, "email");
    if (!json_is_string(address) || (name && !json_is_string(name) && !json_is_null(name)) ||
        json_object_size(mailbox) != (name ? 2 : 1))
        return refuse(r, where, "expected text, or an object of address and name");
    return facteur_message_add_mailbox(r->message, field, json_string_value(name),
                                       json_string_length(name), json_string_value(address),
                                       json_string_length(address), r->error);
}

static const char *expected(enum facteur_field_type type)
{
    if (type == FACTEUR_FIELD_json)
        return "expected an object, or its text";
    if (type == FACTEUR_FIELD_bool)
        return "expected true or false";
    return type == FACTEUR_FIELD_int ? "expected a whole number or text" : "expected text";
}

static int set(const struct reading *r, size_t index, const char *where, const json_t *value)
{
    const char *field = facteur_message_field_name(index);
    enum facteur_field_type type = facteur_message_field_type(index);
    char number[32];

    if (json_is_string(value))
        return set_text(r, field, json_string_value(value), json_string_length(value));
    if (type == FACTEUR_FIELD_mailbox && json_is_object(value))
        return add_named(r, field, where, value);
    if (type == FACTEUR_FIELD_json && (json_is_object(value) || json_is_array(value)))
        return set_json(r, field, value);
    if (type == FACTEUR_FIELD_bool && json_is_boolean(value))
        return set_text(r, field, json_is_true(value) ? "1" : "0", 1);
    if (type != FACTEUR_FIELD_int || !json_is_integer(value))
        return refuse(r, where, expected(type));
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return set_text(r, field, number, FACTEUR_NTS);
}

/* A call an entry: each adds to those before it. */
static int set_each(const struct reading *r, size_t index, const json_t *list)
{
    char where[128];
    int result = 0;

    for (size_t i = 0; i < json_array_size(list) && result == 0; i++) {
        snprintf(where, sizeof where, "%s[%zu]", facteur_message_field_name(index), i);
        result = set(r, index, where, json_array_get(list, i));
    }
    return result;
}

/* The list is one value of the core's, with `separator` between each two. */
static int set_joined(const struct reading *r, const char *field, const json_t *list,
                      char separator)
{
    fct_buf text = {0};
    int result = 0;

    for (size_t i = 0; i < json_array_size(list) && !result; i++) {
        const json_t *word = json_array_get(list, i);

        if (!json_is_string(word))
            result = refuse(r, field, "expected texts only");
        if (i)
            fct_buf_add_char(&text, separator);
        fct_buf_add(&text, json_string_value(word), json_string_length(word));
    }
    if (!result && text.failed)
        result = fct_error_nomem(r->error);
    if (!result)
        result = set_text(r, field, text.ptr, text.len);
    fct_buf_done(&text);
    return result;
}

static int add_metadata(const struct reading *r, const json_t *metadata)
{
    const char *name;
    json_t *value;
    int result = 0;

    if (!json_is_object(metadata))
        return refuse(r, "metadata", "expected an object of names and texts");
    json_object_foreach((json_t *)metadata, name, value)
    {
        if (!json_is_string(value))
            return refuse(r, "metadata", "expected texts only");
        result =
            facteur_message_add_metadata(r->message, name, FACTEUR_NTS, json_string_value(value),
                                         json_string_length(value), r->error);
        if (result)
            return result;
    }
    return 0;
}

/* ---- Headers --------------------------------------------------------------------------------- */

static int add_header(const struct reading *r, const char *name, const json_t *value)
{
    if (!json_is_string(value))
        return refuse(r, "headers", "expected texts only");
    return facteur_message_add_header(r->message, name, json_string_value(value),
                                      json_string_length(value), r->error);
}

/* One value, or several of one name. */
static int add_header_values(const struct reading *r, const char *name, const json_t *value)
{
    int result = 0;

    if (!json_is_array(value))
        return add_header(r, name, value);
    for (size_t i = 0; i < json_array_size(value) && !result; i++)
        result = add_header(r, name, json_array_get(value, i));
    return result;
}

static int add_header_pairs(const struct reading *r, const json_t *list)
{
    int result = 0;

    for (size_t i = 0; i < json_array_size(list) && !result; i++) {
        const json_t *pair = json_array_get(list, i), *name = json_array_get(pair, 0);

        if (json_array_size(pair) != 2 || !json_is_string(name))
            return refuse(r, "headers", "expected pairs of a name and a text");
        result = add_header(r, json_string_value(name), json_array_get(pair, 1));
    }
    return result;
}

static int add_headers(const struct reading *r, const json_t *headers)
{
    const char *name;
    json_t *value;
    int result = 0;

    if (json_is_array(headers))
        return add_header_pairs(r, headers);
    if (!json_is_object(headers))
        return refuse(r, "headers", "expected an object of names and texts");
    json_object_foreach((json_t *)headers, name, value)
    {
        result = add_header_values(r, name, value);
        if (result)
            return result;
    }
    return 0;
}

/* ---- Attachments, alternatives --------------------------------------------------------------- */

/* The bytes behind base64; 0 or an error whose place is `where`. */
static int decode(const struct reading *r, const char *where, const char *text, size_t len,
                  fct_buf *bytes)
{
    int result = fct_base64_decode(bytes, (fct_slice){text, len});

    if (result == FACTEUR_ENOMEM)
        return fct_error_nomem(r->error);
    return result ? refuse(r, where, "expected base64 (RFC 4648 section 4)") : 0;
}

struct entry {
    const char *path, *data, *name, *type, *content_id;
    size_t data_len;
};

static int attach_entry(const struct reading *r, const char *where, const struct entry *e,
                        facteur_error **error)
{
    fct_buf bytes = {0};
    int result;

    if (e->path)
        return facteur_message_attach_path(r->message, e->path, e->name, e->type, e->content_id,
                                           error);
    result = decode(r, where, e->data, e->data_len, &bytes);
    if (!result)
        result = facteur_message_attach_bytes(r->message, bytes.len ? bytes.ptr : "", bytes.len,
                                              e->name, e->type, e->content_id, error);
    fct_buf_done(&bytes);
    return result;
}

/* A text that is read up to its NUL must not have another one; `except` is read with its length. */
static int refuse_nul(const struct reading *r, const char *where, const json_t *value,
                      const char *except)
{
    const char *name;
    json_t *member;

    if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
        return refuse(r, where, "has the control character 0x00");
    json_object_foreach((json_t *)value, name, member)
    {
        if (json_is_string(member) && strcmp(name, except) != 0 && refuse_nul(r, where, member, ""))
            return FACTEUR_EMESSAGE;
    }
    return 0;
}

static int attach(const struct reading *r, const json_t *value, size_t index)
{
    struct entry e = {0};
    facteur_error *cause = NULL;
    json_error_t problem;
    char where[64];
    int result;

    snprintf(where, sizeof where, "attachments[%zu]", index);
    if (refuse_nul(r, where, value, "data"))
        return FACTEUR_EMESSAGE;
    if (json_is_string(value))
        e.path = json_string_value(value);
    else if (json_unpack_ex((json_t *)value, &problem, JSON_STRICT, "{s?s, s?s%, s?s, s?s, s?s}",
                            "path", &e.path, "data", &e.data, &e.data_len, "name", &e.name, "type",
                            &e.type, "inline", &e.content_id))
        return fct_error_set(r->error, FACTEUR_EMESSAGE, where,
                             "expected a path, or an object of path, name, type and inline (%s)",
                             problem.text);
    if (!e.path == !e.data)
        return refuse(r, where, "expected path, or data in base64");
    result = attach_entry(r, where, &e, &cause);
    if (!cause)
        return result;
    fct_error_set(r->error, result, where, "%s", facteur_error_message(cause));
    facteur_error_free(cause);
    return result;
}

static int add_alternative(const struct reading *r, const json_t *entry, size_t index)
{
    const char *type, *content;
    json_error_t problem;
    char where[64];
    size_t len;

    snprintf(where, sizeof where, "alternatives[%zu]", index);
    if (refuse_nul(r, where, entry, "content"))
        return FACTEUR_EMESSAGE;
    if (json_unpack_ex((json_t *)entry, &problem, JSON_STRICT, "{s:s, s:s%}", "type", &type,
                       "content", &content, &len))
        return fct_error_set(r->error, FACTEUR_EMESSAGE, where,
                             "expected an object of type and content (%s)", problem.text);
    return facteur_message_add_alternative(r->message, type, content, len, r->error);
}

static int add_each(const struct reading *r, const char *field, const json_t *list,
                    int (*add)(const struct reading *r, const json_t *entry, size_t index))
{
    int result = 0;

    if (!json_is_array(list))
        return refuse(r, field, "expected a list");
    for (size_t i = 0; i < json_array_size(list) && result == 0; i++)
        result = add(r, json_array_get(list, i), i);
    return result;
}

/* ---- What a stored message has beside its fields --------------------------------------------- */

static int add_recipient(const struct reading *r, const json_t *entry, size_t index)
{
    (void)index;
    if (!json_is_string(entry))
        return refuse(r, "recipients", "expected addresses as texts");
    return facteur_message_add_recipient(r->message, json_string_value(entry),
                                         json_string_length(entry), r->error);
}

static int read_recipients(const struct reading *r, const json_t *value)
{
    return add_each(r, "recipients", value, add_recipient);
}

/* Read before all others, because it makes the message. */
static int read_bytes(const struct reading *r, const json_t *value)
{
    (void)value;
    return r->message->raw ? 0 : refuse(r, "bytes", "expected base64 (RFC 4648 section 4)");
}

static int read_key(const struct reading *r, const json_t *value)
{
    if (!json_is_string(value))
        return refuse(r, "key", "expected text");
    if (!fct_message_keep_key(r->message,
                              (fct_slice){json_string_value(value), json_string_length(value)}))
        return fct_error_nomem(r->error);
    return 0;
}

static int add_note(const struct reading *r, const json_t *note, size_t index)
{
    (void)index;
    if (!json_is_string(note))
        return refuse(r, "notes", "expected texts only");
    fct_message_note(r->message, "%s", json_string_value(note));
    return 0;
}

static int read_notes(const struct reading *r, const json_t *value)
{
    return add_each(r, "notes", value, add_note);
}

/* Read before all others: the files of a letter may be missing. */
static int read_letter(const struct reading *r, const json_t *value)
{
    return json_is_boolean(value) ? 0 : refuse(r, "letter", "expected true or false");
}

static int read_unaddressed(const struct reading *r, const json_t *value)
{
    const char *where, *message;
    facteur_error *why = NULL;
    json_error_t problem;

    if (refuse_nul(r, "unaddressed", value, ""))
        return FACTEUR_EMESSAGE;
    if (json_unpack_ex((json_t *)value, &problem, JSON_STRICT, "{s:s, s:s}", "where", &where,
                       "message", &message))
        return fct_error_set(r->error, FACTEUR_EMESSAGE, "unaddressed",
                             "expected an object of where and message (%s)", problem.text);
    fct_error_set(&why, FACTEUR_EMESSAGE, where, "%s", message);
    if (!why)
        return fct_error_nomem(r->error);
    fct_message_keep_unaddressed(r->message, why);
    return 0;
}

/* Read after all others, because each of them undoes it. */
static int read_made(const struct reading *r, const json_t *value)
{
    const char *id = NULL, *date = NULL;
    facteur_message *probe;
    json_error_t problem;
    int result;

    if (refuse_nul(r, "made", value, ""))
        return FACTEUR_EMESSAGE;
    if (json_unpack_ex((json_t *)value, &problem, JSON_STRICT, "{s?s, s?s}", "message_id", &id,
                       "date", &date))
        return fct_error_set(r->error, FACTEUR_EMESSAGE, "made",
                             "expected an object of message_id and date (%s)", problem.text);
    /* Checked as the fields of these names are. */
    probe = facteur_message_new();
    result = probe ? 0 : fct_error_nomem(r->error);
    if (!result && id)
        result = facteur_message_set(probe, "message_id", id, FACTEUR_NTS, r->error);
    if (!result && date)
        result = facteur_message_set(probe, "date", date, FACTEUR_NTS, r->error);
    if (!result && !fct_message_make(r->message, id ? probe->message_id : NULL, date))
        result = fct_error_nomem(r->error);
    facteur_message_free(probe);
    return result;
}

static const struct {
    const char *name;
    int (*read)(const struct reading *r, const json_t *value);
} beside[] = {{"bytes", read_bytes},   {"recipients", read_recipients},
              {"key", read_key},       {"notes", read_notes},
              {"letter", read_letter}, {"unaddressed", read_unaddressed},
              {"made", NULL}};

/* ---- The whole ------------------------------------------------------------------------------- */

static size_t find_field(const char *name)
{
    size_t i = 0;

    while (i < facteur_message_field_count() && strcmp(facteur_message_field_name(i), name) != 0)
        i++;
    return i;
}

static int read_beside(const struct reading *r, const char *name, const json_t *value)
{
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        if (strcmp(beside[i].name, name) == 0)
            return beside[i].read ? beside[i].read(r, value) : 0;
    }
    /* Which field was meant is told. */
    return set_text(r, name, "", 0);
}

static int read_field(const struct reading *r, const char *name, const json_t *value)
{
    size_t index = find_field(name);
    char list = *facteur_message_field_list(index);

    if (index == facteur_message_field_count())
        return read_beside(r, name, value);
    switch (facteur_message_field_type(index)) {
    case FACTEUR_FIELD_headers:
        return add_headers(r, value);
    case FACTEUR_FIELD_metadata:
        return add_metadata(r, value);
    case FACTEUR_FIELD_attachments:
        return add_each(r, "attachments", value, attach);
    case FACTEUR_FIELD_alternatives:
        return add_each(r, "alternatives", value, add_alternative);
    default:
        break;
    }
    if (!json_is_array(value) || !list)
        return set(r, index, name, value);
    return list == '+' ? set_each(r, index, value) : set_joined(r, name, value, list);
}

/* Of bytes, if there are some. */
static int make_message(struct reading *r, const json_t *root)
{
    const json_t *bytes = json_object_get(root, "bytes");
    fct_buf raw = {0};
    int result;

    if (!json_is_string(bytes)) {
        r->message = facteur_message_new();
        return r->message ? 0 : fct_error_nomem(r->error);
    }
    result = decode(r, "bytes", json_string_value(bytes), json_string_length(bytes), &raw);
    if (!result)
        result = facteur_message_from_bytes(raw.len ? raw.ptr : "", raw.len, &r->message, r->error);
    fct_buf_done(&raw);
    return result;
}

static int read_all(const struct reading *r, const json_t *root)
{
    const json_t *made = json_object_get(root, "made");
    const char *name;
    json_t *value;
    int result = 0;

    if (json_is_true(json_object_get(root, "letter")))
        fct_message_be_letter(r->message);
    json_object_foreach((json_t *)root, name, value)
    {
        result = read_field(r, name, value);
        if (result)
            return result;
    }
    return made ? read_made(r, made) : 0;
}

/* A member whose value is null is not there, at any depth. */
static void drop_nulls(json_t *value)
{
    const char *name;
    json_t *member;
    void *next;
    size_t i;

    json_object_foreach_safe(value, next, name, member)
    {
        if (json_is_null(member))
            json_object_del(value, name);
        else
            drop_nulls(member);
    }
    json_array_foreach(value, i, member)
    {
        drop_nulls(member);
    }
}

static int load(const struct reading *r, const char *json, size_t len, json_t **root)
{
    fct_slice text = fct_argument(json, len);
    json_error_t problem;

    if (!text.len)
        return refuse(r, "", "expected a message as a JSON object, got nothing");
    *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    if (!*root && (json_error_code(&problem) == json_error_out_of_memory ||
                   json_error_code(&problem) == json_error_unknown))
        return fct_error_nomem(r->error);
    if (!*root)
        return fct_error_set(r->error, FACTEUR_EMESSAGE, "",
                             "malformed JSON at line %d, column %d: %s", problem.line,
                             problem.column, problem.text);
    drop_nulls(*root);
    if (json_is_object(*root))
        return 0;
    json_decref(*root);
    return refuse(r, "", "expected a JSON object");
}

int facteur_message_add_json(facteur_message *message, const char *json, size_t len,
                             facteur_error **error)
{
    struct reading r = {message, error};
    json_t *root;
    int result = load(&r, json, len, &root);

    if (result)
        return result;
    if (json_object_get(root, "bytes"))
        result = refuse(&r, "bytes", "a message is made of bytes or has fields, not both");
    else
        result = read_all(&r, root);
    json_decref(root);
    return result;
}

int facteur_message_from_json(const char *json, size_t len, facteur_message **out,
                              facteur_error **error)
{
    struct reading r = {.error = error};
    json_t *root;
    int result = load(&r, json, len, &root);

    if (result)
        return result;
    result = make_message(&r, root);
    if (!result)
        result = read_all(&r, root);
    json_decref(root);
    if (!result)
        *out = r.message;
    else
        facteur_message_free(r.message);
    return result;
}
