/* SPDX-License-Identifier: MIT */
/* The builder of facteur.h: its fields, set one by one.  A refused value leaves the message as it
 * was. */
#include "mime/builder.h"

#include "base/error.h"
#include "base/memory.h"
#include "mime/limits.h"
#include "mime/message_fields.h"
#include "mime/token.h"

#include <stddef.h>

facteur_message *facteur_message_new(void)
{
    return fct_calloc(1, sizeof(facteur_message));
}

void facteur_message_free(facteur_message *message)
{
    if (!message)
        return;
    fct_address_list_done(&message->from);
    fct_address_list_done(&message->sender);
    fct_address_list_done(&message->reply_to);
    fct_address_list_done(&message->to);
    fct_address_list_done(&message->cc);
    fct_address_list_done(&message->bcc);
    fct_address_list_done(&message->recipients);
    fct_free(message->key);
    fct_free(message->subject);
    fct_free(message->envelope_from);
    fct_free(message->message_id);
    fct_free(message->in_reply_to);
    fct_free(message->references);
    fct_free(message->list_unsubscribe);
    fct_labels_done(&message->labels);
    fct_free(message->text.text);
    fct_free(message->html.text);
    for (size_t i = 0; i < message->alternative_count; i++)
        fct_alternative_done(&message->alternatives[i]);
    for (size_t i = 0; i < message->header_count; i++)
        fct_custom_done(&message->headers[i]);
    fct_free(message->headers);
    for (size_t i = 0; i < message->part_count; i++)
        fct_part_done(&message->parts[i]);
    fct_free(message->parts);
    fct_raw_unref(message->raw);
    fct_message_thaw(message);
    fct_secret_unref(message->smime);
    fct_notes_done(&message->notes);
    facteur_error_free(message->unaddressed);
    fct_free(message);
}

void fct_message_thaw(facteur_message *message)
{
    fct_mail_unref(message->frozen);
    fct_mail_unref(message->sealed);
    message->frozen = message->sealed = NULL;
    fct_free(message->made_id);
    message->made_id = NULL;
    message->has_made_date = false;
}

int fct_message_check_open(const facteur_message *message, const char *field, facteur_error **error)
{
    if (!message->raw)
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, field,
                         "a message made of finished bytes takes only envelope_from and "
                         "recipients, not %s",
                         field);
}

bool fct_message_keep_key(facteur_message *message, fct_slice key)
{
    fct_free(message->key);
    message->key = fct_strndup(key.ptr, key.len);
    return message->key != NULL;
}

const char *facteur_message_key(const facteur_message *message)
{
    return message->key;
}

void fct_message_note(facteur_message *message, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fct_notes_addv(&message->notes, format, args);
    va_end(args);
}

int fct_message_take_notes(facteur_message *message, const fct_notes *notes)
{
    return fct_notes_copy(&message->notes, notes);
}

void fct_message_be_letter(facteur_message *message)
{
    message->is_letter = true;
}

void fct_message_keep_unaddressed(facteur_message *message, facteur_error *why)
{
    facteur_error_free(message->unaddressed);
    message->unaddressed = why;
}

size_t facteur_message_note_count(const facteur_message *message)
{
    return message->notes.count;
}

const char *facteur_message_note(const facteur_message *message, size_t index)
{
    return fct_notes_at(&message->notes, index);
}

struct field;
typedef int set_field(facteur_message *message, const struct field *field, fct_slice value,
                      facteur_error **error);

struct field {
    const char *name;
    set_field *set; /* NULL: functions of facteur.h add to it */
    size_t offset;
    bool finished; /* not a part of the message itself: finished bytes take it too */
};

static void *slot(facteur_message *message, const struct field *field)
{
    return (char *)message + field->offset;
}

static void replace(char **slot_of, char *text)
{
    fct_free(*slot_of);
    *slot_of = text;
}

static int set_addresses(facteur_message *message, const struct field *field, fct_slice value,
                         facteur_error **error)
{
    return fct_address_list_parse(slot(message, field), field->name, value, error);
}

static int check_author(const struct field *field, const fct_address_list *list,
                        facteur_error **error)
{
    if (fct_address_list_has_groups(list))
        return fct_error_set(error, FACTEUR_EMESSAGE, field->name, "%s cannot be a group",
                             field->name);
    if (!list->count)
        return fct_error_set(error, FACTEUR_EMESSAGE, field->name,
                             "%s has no address: write local@domain", field->name);
    if (field->offset == offsetof(facteur_message, sender) && list->count > 1)
        return fct_error_set(error, FACTEUR_EMESSAGE, field->name, "sender must be one mailbox");
    return 0;
}

static int set_author(facteur_message *message, const struct field *field, fct_slice value,
                      facteur_error **error)
{
    fct_address_list list = {0}, *old = slot(message, field);
    int result = fct_address_list_parse(&list, field->name, value, error);

    if (!result)
        result = check_author(field, &list, error);
    if (result) {
        fct_address_list_done(&list);
        return result;
    }
    fct_address_list_done(old);
    *old = list;
    return 0;
}

/* Display text: control characters become spaces. */
static int set_text_line(facteur_message *message, const struct field *field, fct_slice value,
                         facteur_error **error)
{
    fct_buf clean = {0};
    char *text;
    int result = fct_text_check(field->name, value, FCT_MAX_HEADER_VALUE, error);

    if (result)
        return result;
    fct_text_clean(&clean, value);
    text = fct_buf_take(&clean, NULL);
    if (!text)
        return fct_error_nomem(error);
    replace(slot(message, field), text);
    return 0;
}

/* Every line end becomes "\n": the encodings know no other. */
static size_t copy_lines(char *out, fct_slice text)
{
    size_t len = 0;

    if (!text.len || !memchr(text.ptr, '\r', text.len)) {
        memcpy(out, text.ptr, text.len);
        return text.len;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\r')
            out[len++] = text.ptr[i];
        else if (i + 1 == text.len || text.ptr[i + 1] != '\n')
            out[len++] = '\n';
    }
    return len;
}

bool fct_body_copy(struct fct_body *body, fct_slice text)
{
    char *copy = text.len < SIZE_MAX ? fct_malloc(text.len + 1) : NULL;

    if (!copy)
        return false;
    body->text = copy;
    body->len = copy_lines(copy, text);
    copy[body->len] = '\0';
    return true;
}

static int set_body(facteur_message *message, const struct field *field, fct_slice value,
                    facteur_error **error)
{
    struct fct_body *body = slot(message, field), copy;
    int result = fct_text_check(field->name, value, 0, error);

    if (result)
        return result;
    if (!fct_body_copy(&copy, value))
        return fct_error_nomem(error);
    fct_free(body->text);
    *body = copy;
    return 0;
}

static int set_priority(facteur_message *message, const struct field *field, fct_slice value,
                        facteur_error **error)
{
    static const char *const words[] = {"", "high", "normal", "low"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!fct_slice_equal(value, fct_slice_of(words[i])))
            continue;
        message->priority = (enum fct_priority)i;
        return 0;
    }
    return fct_error_set(error, FACTEUR_EMESSAGE, field->name,
                         "a priority is \"high\", \"normal\" or \"low\"");
}

static int set_envelope_from(facteur_message *message, const struct field *field, fct_slice value,
                             facteur_error **error)
{
    fct_address_list list = {0};
    char *text = NULL;
    int result = 0;

    value = fct_slice_trim(value);
    if (value.len && !fct_slice_equal(value, FCT_SLICE("<>")))
        result = fct_address_list_add_one(&list, field->name, value, error);
    if (!result)
        text = fct_strdup(list.count ? list.items[0].address : "");
    fct_address_list_done(&list);
    if (!result && !text)
        result = fct_error_nomem(error);
    if (!result)
        replace(slot(message, field), text);
    return result;
}

static fct_slice without_angles(fct_slice id)
{
    if (id.len >= 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
        return (fct_slice){id.ptr + 1, id.len - 2};
    return id;
}

static int set_message_id(facteur_message *message, const struct field *field, fct_slice value,
                          facteur_error **error)
{
    fct_slice id = without_angles(fct_slice_trim(value));
    const char *at = id.len ? memchr(id.ptr, '@', id.len) : NULL;
    int result = fct_token_check(FCT_TOKEN_ID, field->name, id, error);
    char *text;

    if (result)
        return result;
    if (!at || at == id.ptr || at == id.ptr + id.len - 1)
        return fct_error_set(error, FACTEUR_EMESSAGE, field->name,
                             "a message id is written id@domain");
    text = fct_strndup(id.ptr, id.len);
    if (!text)
        return fct_error_nomem(error);
    replace(slot(message, field), text);
    return 0;
}

static int add_id(fct_buf *ids, const struct field *field, fct_slice id, facteur_error **error)
{
    int result;

    id = without_angles(id);
    result = fct_token_check(FCT_TOKEN_ID, field->name, id, error);
    if (result)
        return result;
    if (ids->len)
        fct_buf_add_char(ids, ' ');
    return fct_buf_add_slice(ids, id);
}

static int set_ids(facteur_message *message, const struct field *field, fct_slice value,
                   facteur_error **error)
{
    fct_buf ids = {0};
    int result = fct_text_check(field->name, value, FCT_MAX_HEADER_VALUE, error);

    for (size_t at = 0; !result && at < value.len;) {
        size_t start = at;

        while (at < value.len && value.ptr[at] != ' ')
            at++;
        if (at > start)
            result = add_id(&ids, field, (fct_slice){value.ptr + start, at - start}, error);
        at++;
    }
    if (!result) {
        char *text = fct_buf_take(&ids, NULL);

        if (text)
            replace(slot(message, field), text);
        result = text ? 0 : FACTEUR_ENOMEM;
    }
    fct_buf_done(&ids);
    return result == FACTEUR_ENOMEM ? fct_error_nomem(error) : result;
}

static int set_date(facteur_message *message, const struct field *field, fct_slice value,
                    facteur_error **error)
{
    if (fct_date_parse(&message->date, value))
        return fct_error_set(error, FACTEUR_EMESSAGE, field->name,
                             "a date is written like 2026-11-23T10:00:00+01:00 (RFC 3339) or "
                             "Mon, 23 Nov 2026 10:00:00 +0100 (RFC 5322)");
    message->has_date = true;
    return 0;
}

static int set_term(facteur_message *message, const struct field *field, fct_slice value,
                    facteur_error **error)
{
    return fct_terms_set(&message->terms, field->name, value, error);
}

static int add_tag(facteur_message *message, const struct field *field, fct_slice value,
                   facteur_error **error)
{
    return fct_labels_add(&message->labels, field->name, FCT_SLICE(""), value, error);
}

static int add_uri(facteur_message *message, const struct field *field, fct_slice value,
                   facteur_error **error)
{
    fct_slice uri = without_angles(fct_slice_trim(value));
    const char *old = message->list_unsubscribe;
    fct_buf uris = {0};
    char *text;
    size_t count = 1;
    int result = fct_token_check(FCT_TOKEN_URI, field->name, uri, error);

    for (const char *at = old; at && *at; at++)
        count += *at == ' ' || at == old;
    if (!result && count > FCT_MAX_URIS)
        result = fct_error_set(error, FACTEUR_EMESSAGE, field->name, "%s has at most %d addresses",
                               field->name, FCT_MAX_URIS);
    if (result)
        return result;
    if (old)
        fct_buf_addf(&uris, "%s ", old);
    fct_buf_add_slice(&uris, uri);
    text = fct_buf_take(&uris, NULL);
    fct_buf_done(&uris);
    if (!text)
        return fct_error_nomem(error);
    replace(&message->list_unsubscribe, text);
    return 0;
}

/* The mailer reads it later; this layer does not know JSON. */
static int set_smime(facteur_message *message, const struct field *field, fct_slice value,
                     facteur_error **error)
{
    fct_secret *smime = value.len ? fct_secret_new(value.ptr, value.len) : NULL;

    (void)field;
    if (value.len && !smime)
        return fct_error_nomem(error);
    fct_secret_unref(message->smime);
    message->smime = smime;
    return 0;
}

static const struct field fields[] = {
#define FIELD(name, type, list, choices, def, finished, setter, member, help)                      \
    {#name, setter, offsetof(facteur_message, member), finished},
    FCT_MESSAGE_FIELDS(FIELD)
#undef FIELD
};

#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static const struct field *find_field(const char *name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

static int unknown_field(const char *name, facteur_error **error)
{
    const char *meant = fct_message_field_meant(name);
    const char *names[FIELD_COUNT], *nearest;

    if (meant)
        return fct_error_set(error, FACTEUR_EMESSAGE, name,
                             "a message has no field \"%s\", did you mean %s?", name, meant);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        names[i] = fields[i].name;
    nearest = fct_nearest(name, strlen(name), names, FIELD_COUNT);
    if (nearest)
        return fct_error_set(error, FACTEUR_EMESSAGE, name,
                             "a message has no field \"%s\", did you mean \"%s\"?", name, nearest);
    return fct_error_set(error, FACTEUR_EMESSAGE, name, "a message has no field \"%s\"", name);
}

int facteur_message_set(facteur_message *message, const char *name, const char *value, size_t len,
                        facteur_error **error)
{
    const struct field *field = find_field(name);
    int result;

    if (!field)
        return unknown_field(name, error);
    if (!field->set)
        return fct_error_set(error, FACTEUR_EMESSAGE, name, "%s is not set as a text", name);
    if (!field->finished) {
        result = fct_message_check_open(message, name, error);
        if (result)
            return result;
    }
    result = field->set(message, field, fct_argument(value, len), error);
    if (!result)
        fct_message_thaw(message);
    return result;
}

int facteur_message_add_mailbox(facteur_message *message, const char *name, const char *display,
                                size_t display_len, const char *address, size_t address_len,
                                facteur_error **error)
{
    const struct field *field = find_field(name);
    fct_address_list *list;
    int result = fct_message_check_open(message, name, error);

    if (result)
        return result;
    if (!field || (field->set != set_addresses && field->set != set_author))
        return fct_error_set(
            error, FACTEUR_EMESSAGE, name,
            "\"%s\" is not an address field: use from, sender, reply_to, to, cc or "
            "bcc",
            name);
    list = slot(message, field);
    if (list == &message->sender && list->count)
        return fct_error_set(error, FACTEUR_EMESSAGE, name, "sender must be one mailbox");
    result = fct_address_list_add(list, name, fct_argument(display, display_len),
                                  fct_argument(address, address_len), error);
    if (!result)
        fct_message_thaw(message);
    return result;
}

int facteur_message_add_recipient(facteur_message *message, const char *address, size_t len,
                                  facteur_error **error)
{
    int result = fct_address_list_add_one(&message->recipients, "recipients",
                                          fct_argument(address, len), error);

    if (!result)
        fct_message_thaw(message);
    return result;
}

int facteur_message_add_metadata(facteur_message *message, const char *name, size_t name_len,
                                 const char *value, size_t len, facteur_error **error)
{
    fct_slice label = fct_argument(name, name_len);
    int result = fct_token_check(FCT_TOKEN_LABEL_NAME, "metadata", label, error);

    if (!result)
        result =
            fct_labels_add(&message->labels, "metadata", label, fct_argument(value, len), error);
    if (!result)
        fct_message_thaw(message);
    return result;
}
