/* SPDX-License-Identifier: MIT */
/* The class Message: immutable, made whole by its constructor. */
#include "php_facteur.h"

#include "ext/date/php_date.h"
#include "ext/json/php_json.h"

zend_class_entry *php_facteur_message_ce;

static zend_object_handlers message_handlers;

struct message {
    facteur_message *core; /* NULL: the constructor has not run to its end */
    zend_object std;
};

static struct message *message_from(zend_object *object)
{
    return (struct message *)((char *)object - offsetof(struct message, std));
}

static zend_object *message_create(zend_class_entry *ce)
{
    struct message *message = zend_object_alloc(sizeof(*message), ce);

    message->core = NULL;
    zend_object_std_init(&message->std, ce);
    object_properties_init(&message->std, ce);
    message->std.handlers = &message_handlers;
    return &message->std;
}

static void message_free(zend_object *object)
{
    facteur_message_free(message_from(object)->core);
    zend_object_std_dtor(object);
}

void php_facteur_message_start(void)
{
    php_facteur_message_ce->create_object = message_create;
    message_handlers = *zend_get_std_object_handlers();
    message_handlers.offset = offsetof(struct message, std);
    message_handlers.free_obj = message_free;
    message_handlers.clone_obj = NULL;
}

void php_facteur_message_wrap(zval *out, facteur_message *core)
{
    object_init_ex(out, php_facteur_message_ce);
    message_from(Z_OBJ_P(out))->core = core;
}

facteur_message *php_facteur_message_of(zend_object *object)
{
    return message_from(object)->core;
}

static bool set(facteur_message *core, const char *field, zend_string *value)
{
    facteur_error *error = NULL;

    return php_facteur_check(
        facteur_message_set(core, field, ZSTR_VAL(value), ZSTR_LEN(value), &error), &error);
}

static bool set_optional(facteur_message *core, const char *field, zend_string *value)
{
    return !value || set(core, field, value);
}

/* One entry of an address array: a list as text, or address => name. */
static bool add_mailbox(facteur_message *core, const char *field, zend_string *address, zval *value)
{
    facteur_error *error = NULL;

    ZVAL_DEREF(value);
    if (!address) {
        if (Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type(field, value, "addresses as texts");
        return set(core, field, Z_STR_P(value));
    }
    if (Z_TYPE_P(value) == IS_NULL)
        return php_facteur_check(facteur_message_add_mailbox(core, field, NULL, 0,
                                                             ZSTR_VAL(address), ZSTR_LEN(address),
                                                             &error),
                                 &error);
    if (Z_TYPE_P(value) != IS_STRING)
        return php_facteur_refuse_type(field, value, "the name of an address as a text or null");
    if (!memchr(ZSTR_VAL(address), '@', ZSTR_LEN(address)) &&
        memchr(Z_STRVAL_P(value), '@', Z_STRLEN_P(value))) {
        php_facteur_refuse(FACTEUR_EMESSAGE, field,
                           "the address is the key and the name its value: ['%s' => '%s']",
                           Z_STRVAL_P(value), ZSTR_VAL(address));
        return false;
    }
    return php_facteur_check(facteur_message_add_mailbox(core, field, Z_STRVAL_P(value),
                                                         Z_STRLEN_P(value), ZSTR_VAL(address),
                                                         ZSTR_LEN(address), &error),
                             &error);
}

/* An address field that was given as text, as array or not at all. */
static bool set_addresses(facteur_message *core, const char *field, zend_string *text,
                          HashTable *list)
{
    zend_string *address;
    zval *value;

    if (!list)
        return set_optional(core, field, text);
    ZEND_HASH_FOREACH_STR_KEY_VAL(list, address, value)
    {
        if (!add_mailbox(core, field, address, value))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

/* Given as text or as an array of texts, which are one value of the core's. */
static bool set_joined(facteur_message *core, const char *field, zend_string *text, HashTable *list,
                       char glue)
{
    smart_str joined = {0};
    bool done;
    zval *value;

    if (!list)
        return set_optional(core, field, text);
    ZEND_HASH_FOREACH_VAL(list, value)
    {
        ZVAL_DEREF(value);
        if (Z_TYPE_P(value) != IS_STRING) {
            smart_str_free(&joined);
            return php_facteur_refuse_type(field, value, "texts");
        }
        if (joined.s)
            smart_str_appendc(&joined, glue);
        smart_str_append(&joined, Z_STR_P(value));
    }
    ZEND_HASH_FOREACH_END();
    if (!joined.s)
        return true;
    smart_str_0(&joined);
    done = set(core, field, joined.s);
    smart_str_free(&joined);
    return done;
}

/* Given as text or as an array of texts, which the core takes one by one. */
static bool set_each(facteur_message *core, const char *field, zend_string *text, HashTable *list)
{
    zval *value;

    if (!list)
        return set_optional(core, field, text);
    ZEND_HASH_FOREACH_VAL(list, value)
    {
        ZVAL_DEREF(value);
        if (Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type(field, value, "texts");
        if (!set(core, field, Z_STR_P(value)))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool set_number(facteur_message *core, const char *field, zend_string *text,
                       zend_long number, bool none)
{
    char digits[MAX_LENGTH_OF_LONG + 1];
    facteur_error *error = NULL;

    if (text || none)
        return set_optional(core, field, text);
    snprintf(digits, sizeof digits, ZEND_LONG_FMT, number);
    return php_facteur_check(facteur_message_set(core, field, digits, FACTEUR_NTS, &error), &error);
}

static bool add_metadata(facteur_message *core, HashTable *metadata)
{
    zend_string *name;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(metadata, name, value)
    {
        facteur_error *error = NULL;

        ZVAL_DEREF(value);
        if (!name || Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type("metadata", value, "names with texts");
        if (!php_facteur_check(facteur_message_add_metadata(core, ZSTR_VAL(name), ZSTR_LEN(name),
                                                            Z_STRVAL_P(value), Z_STRLEN_P(value),
                                                            &error),
                               &error))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool add_header(facteur_message *core, zend_string *name, zval *value)
{
    facteur_error *error = NULL;
    zend_string *text;
    int code;

    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) != IS_LONG && Z_TYPE_P(value) != IS_STRING)
        return php_facteur_refuse_type("headers", value, "a text, or a list of texts");
    if (!php_facteur_no_nul("headers", name))
        return false;
    text = zval_get_string(value);
    code = facteur_message_add_header(core, ZSTR_VAL(name), ZSTR_VAL(text), ZSTR_LEN(text), &error);
    zend_string_release(text);
    return php_facteur_check(code, &error);
}

static bool add_header_list(facteur_message *core, zend_string *name, zval *value)
{
    zval *item;

    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) != IS_ARRAY)
        return add_header(core, name, value);
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), item)
    {
        if (!add_header(core, name, item))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool add_headers(facteur_message *core, HashTable *headers)
{
    zend_string *name;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(headers, name, value)
    {
        if (!name) {
            php_facteur_refuse(FACTEUR_EMESSAGE, "headers",
                               "headers are named: ['X-Shop' => '12']");
            return false;
        }
        if (!add_header_list(core, name, value))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool add_alternative(facteur_message *core, zend_string *type, zval *content)
{
    facteur_error *error = NULL;

    ZVAL_DEREF(content);
    if (Z_TYPE_P(content) != IS_STRING)
        return php_facteur_refuse_type("alternatives", content, "the content as a text");
    return php_facteur_no_nul("alternatives", type) &&
           php_facteur_check(facteur_message_add_alternative(core, ZSTR_VAL(type),
                                                             Z_STRVAL_P(content),
                                                             Z_STRLEN_P(content), &error),
                             &error);
}

/* type => content, or a list of [type, content]. */
static bool add_alternatives(facteur_message *core, HashTable *alternatives)
{
    zend_string *type;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(alternatives, type, value)
    {
        zval *content = value;

        ZVAL_DEREF(value);
        if (!type) {
            HashTable *pair = Z_TYPE_P(value) == IS_ARRAY ? Z_ARRVAL_P(value) : NULL;
            zval *first = pair ? zend_hash_index_find_deref(pair, 0) : NULL;

            content = pair ? zend_hash_index_find(pair, 1) : NULL;
            if (!first || !content || Z_TYPE_P(first) != IS_STRING)
                return php_facteur_refuse_type("alternatives", value, "a list of [type, content]");
            type = Z_STR_P(first);
        }
        if (!add_alternative(core, type, content))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

/* An argument that is an address list or ids: text, array or null. */
struct list_arg {
    HashTable *list;
    zend_string *text;
};

struct message_args {
    struct list_arg from, to, cc, bcc, reply_to, sender, in_reply_to, references, list_unsubscribe,
        tags, dsn_notify;
    zend_string *subject, *text, *html, *envelope_from, *message_id, *date_text;
    zend_object *date;
    HashTable *attachments, *headers, *metadata, *alternatives;
    zend_string *priority, *dsn_return, *envelope_id, *deliver_by_text, *mt_priority_text;
    zend_long deliver_by, mt_priority;
    bool require_tls, no_deliver_by, no_mt_priority;
    struct list_arg smime;
};

/* Its JSON, or that of an array; its files are the program's to read, as a mailer's are. */
static bool set_smime(facteur_message *core, const struct list_arg *arg)
{
    zend_string *json = NULL;
    bool done;
    zval list;

    if (arg->list) {
        ZVAL_ARR(&list, arg->list);
        json = php_facteur_signing_json("smime", &list);
        if (!json)
            return false;
    } else if (arg->text) {
        json = zend_string_copy(arg->text);
    }
    done = !json || (php_facteur_basedir_option("smime", ZSTR_VAL(json)) &&
                     set_optional(core, "smime", json));
    if (json)
        zend_string_release(json);
    return done;
}

static bool fill_addresses(facteur_message *core, const struct message_args *args)
{
    return set_addresses(core, "from", args->from.text, args->from.list) &&
           set_addresses(core, "sender", args->sender.text, args->sender.list) &&
           set_addresses(core, "reply_to", args->reply_to.text, args->reply_to.list) &&
           set_addresses(core, "to", args->to.text, args->to.list) &&
           set_addresses(core, "cc", args->cc.text, args->cc.list) &&
           set_addresses(core, "bcc", args->bcc.text, args->bcc.list);
}

/* What is no part of the message itself. */
static bool fill_terms(facteur_message *core, const struct message_args *args)
{
    facteur_error *error = NULL;

    return set_each(core, "tags", args->tags.text, args->tags.list) &&
           (!args->metadata || add_metadata(core, args->metadata)) &&
           set_joined(core, "dsn_notify", args->dsn_notify.text, args->dsn_notify.list, ',') &&
           set_optional(core, "dsn_return", args->dsn_return) &&
           set_optional(core, "envelope_id", args->envelope_id) &&
           (!args->require_tls ||
            php_facteur_check(facteur_message_set(core, "require_tls", "1", 1, &error), &error)) &&
           set_number(core, "deliver_by", args->deliver_by_text, args->deliver_by,
                      args->no_deliver_by) &&
           set_number(core, "mt_priority", args->mt_priority_text, args->mt_priority,
                      args->no_mt_priority);
}

static bool fill(facteur_message *core, const struct message_args *args, zend_string *date)
{
    return fill_addresses(core, args) && set_optional(core, "subject", args->subject) &&
           set_optional(core, "text", args->text) && set_optional(core, "html", args->html) &&
           set_optional(core, "envelope_from", args->envelope_from) &&
           set_optional(core, "message_id", args->message_id) && set_optional(core, "date", date) &&
           set_joined(core, "in_reply_to", args->in_reply_to.text, args->in_reply_to.list, ' ') &&
           set_joined(core, "references", args->references.text, args->references.list, ' ') &&
           set_each(core, "list_unsubscribe", args->list_unsubscribe.text,
                    args->list_unsubscribe.list) &&
           set_optional(core, "priority", args->priority) &&
           (!args->alternatives || add_alternatives(core, args->alternatives)) &&
           fill_terms(core, args) && set_smime(core, &args->smime) &&
           (!args->headers || add_headers(core, args->headers)) &&
           (!args->attachments || php_facteur_attach(core, args->attachments));
}

/* A finished message, or NULL. */
static facteur_message *build(const struct message_args *args, zend_string *date)
{
    facteur_message *core = facteur_message_new();

    if (!core) {
        php_facteur_throw(FACTEUR_ENOMEM, NULL);
        return NULL;
    }
    if (fill(core, args, date))
        return core;
    facteur_message_free(core);
    return NULL;
}

PHP_METHOD(Facteur_Message, __construct)
{
    struct message_args args = {.no_deliver_by = true, .no_mt_priority = true};
    struct message *message = message_from(Z_OBJ_P(ZEND_THIS));
    zend_string *date = NULL;

    ZEND_PARSE_PARAMETERS_START(0, 28)
    Z_PARAM_OPTIONAL
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.from.list, args.from.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.to.list, args.to.text)
    Z_PARAM_STR_OR_NULL(args.subject)
    Z_PARAM_STR_OR_NULL(args.text)
    Z_PARAM_STR_OR_NULL(args.html)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.cc.list, args.cc.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.bcc.list, args.bcc.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.reply_to.list, args.reply_to.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.sender.list, args.sender.text)
    Z_PARAM_ARRAY_HT(args.attachments)
    Z_PARAM_ARRAY_HT(args.headers)
    Z_PARAM_STR_OR_NULL(args.envelope_from)
    Z_PARAM_STR_OR_NULL(args.message_id)
    Z_PARAM_OBJ_OF_CLASS_OR_STR_OR_NULL(args.date, php_date_get_interface_ce(), args.date_text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.in_reply_to.list, args.in_reply_to.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.references.list, args.references.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.list_unsubscribe.list, args.list_unsubscribe.text)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.tags.list, args.tags.text)
    Z_PARAM_ARRAY_HT(args.metadata)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.dsn_notify.list, args.dsn_notify.text)
    Z_PARAM_STR_OR_NULL(args.dsn_return)
    Z_PARAM_STR_OR_NULL(args.envelope_id)
    Z_PARAM_BOOL(args.require_tls)
    Z_PARAM_STR_OR_LONG_OR_NULL(args.deliver_by_text, args.deliver_by, args.no_deliver_by)
    Z_PARAM_STR_OR_LONG_OR_NULL(args.mt_priority_text, args.mt_priority, args.no_mt_priority)
    Z_PARAM_STR_OR_NULL(args.priority)
    Z_PARAM_ARRAY_HT(args.alternatives)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.smime.list, args.smime.text)
    ZEND_PARSE_PARAMETERS_END();

    if (message->core) {
        zend_throw_error(NULL, "Facteur\\Message is constructed already");
        RETURN_THROWS();
    }
    if (args.date && !(date = php_facteur_date(args.date)))
        RETURN_THROWS();
    message->core = build(&args, date ? date : args.date_text);
    if (date)
        zend_string_release(date);
}

static bool set_envelope(facteur_message *core, zend_string *from, HashTable *recipients)
{
    zval *value;

    if (!set_optional(core, "envelope_from", from))
        return false;
    if (!recipients)
        return true;
    ZEND_HASH_FOREACH_VAL(recipients, value)
    {
        facteur_error *error = NULL;

        ZVAL_DEREF(value);
        if (Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type("recipients", value, "addresses as texts");
        if (!php_facteur_check(
                facteur_message_add_recipient(core, Z_STRVAL_P(value), Z_STRLEN_P(value), &error),
                &error))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

PHP_METHOD(Facteur_Message, fromBytes)
{
    struct message_args args = {.no_deliver_by = true, .no_mt_priority = true};
    zend_string *bytes;
    HashTable *recipients = NULL;
    facteur_message *core = NULL;
    facteur_error *error = NULL;

    ZEND_PARSE_PARAMETERS_START(1, 12)
    Z_PARAM_STR(bytes)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(args.envelope_from)
    Z_PARAM_ARRAY_HT(recipients)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.tags.list, args.tags.text)
    Z_PARAM_ARRAY_HT(args.metadata)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.dsn_notify.list, args.dsn_notify.text)
    Z_PARAM_STR_OR_NULL(args.dsn_return)
    Z_PARAM_STR_OR_NULL(args.envelope_id)
    Z_PARAM_BOOL(args.require_tls)
    Z_PARAM_STR_OR_LONG_OR_NULL(args.deliver_by_text, args.deliver_by, args.no_deliver_by)
    Z_PARAM_STR_OR_LONG_OR_NULL(args.mt_priority_text, args.mt_priority, args.no_mt_priority)
    Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(args.smime.list, args.smime.text)
    ZEND_PARSE_PARAMETERS_END();

    if (!php_facteur_check(
            facteur_message_from_bytes(ZSTR_VAL(bytes), ZSTR_LEN(bytes), &core, &error), &error))
        RETURN_THROWS();
    if (!set_envelope(core, args.envelope_from, recipients) || !fill_terms(core, &args) ||
        !set_smime(core, &args.smime)) {
        facteur_message_free(core);
        RETURN_THROWS();
    }
    php_facteur_message_wrap(return_value, core);
}

PHP_METHOD(Facteur_Message, toString)
{
    facteur_message *core = message_from(Z_OBJ_P(ZEND_THIS))->core;
    facteur_error *error = NULL;
    char *bytes = NULL;
    size_t len = 0;

    ZEND_PARSE_PARAMETERS_NONE();
    if (!core) {
        zend_throw_error(NULL, "Facteur\\Message is not constructed");
        RETURN_THROWS();
    }
    if (!php_facteur_check(facteur_message_bytes(core, &bytes, &len, &error), &error))
        RETURN_THROWS();
    RETVAL_STRINGL(bytes, len);
    facteur_free(bytes);
}

PHP_FUNCTION(Facteur_address_check)
{
    zend_string *address;
    char *json = NULL;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_STR(address)
    ZEND_PARSE_PARAMETERS_END();

    if (facteur_address_check(ZSTR_VAL(address), ZSTR_LEN(address), &json)) {
        php_facteur_throw(FACTEUR_ENOMEM, NULL);
        RETURN_THROWS();
    }
    php_json_decode_ex(return_value, json, strlen(json), PHP_JSON_OBJECT_AS_ARRAY, 2);
    facteur_free(json);
}
