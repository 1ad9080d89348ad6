/* SPDX-License-Identifier: MIT */
/* The class Message: immutable, made whole by its constructor. */
#include "php_facteur.h"

#include "ext/json/php_json.h"

zend_class_entry *php_facteur_message_ce;

static zend_object_handlers message_handlers;

struct message {
    facteur_message *core; /* NULL: the constructor has not run to its end */
    zval properties;       /* of facteur_stored.c, once they were asked for; else UNDEF */
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
    ZVAL_UNDEF(&message->properties);
    zend_object_std_init(&message->std, ce);
    object_properties_init(&message->std, ce);
    message->std.handlers = &message_handlers;
    return &message->std;
}

static void message_free(zend_object *object)
{
    facteur_message_free(message_from(object)->core);
    zval_ptr_dtor(&message_from(object)->properties);
    zend_object_std_dtor(object);
}

void php_facteur_message_start(void)
{
    php_facteur_message_ce->create_object = message_create;
    message_handlers = *zend_get_std_object_handlers();
    message_handlers.offset = offsetof(struct message, std);
    message_handlers.free_obj = message_free;
    message_handlers.clone_obj = NULL;
    message_handlers.read_property = php_facteur_message_read;
    message_handlers.has_property = php_facteur_message_has;
    message_handlers.get_properties_for = php_facteur_message_shown;
    /* Two messages have no declared properties, by which all would be equal. */
    message_handlers.compare = zend_objects_not_comparable;
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

/* A named argument that is no field: the core says which one was meant.  PHP would not. */
static void refuse_other(HashTable *others)
{
    facteur_message *nothing = facteur_message_new();
    facteur_error *error = NULL;
    zend_string *name;
    int code = FACTEUR_ENOMEM;

    zend_hash_internal_pointer_reset(others);
    if (nothing && zend_hash_get_current_key(others, &name, NULL) == HASH_KEY_IS_STRING)
        code = facteur_message_set(nothing, ZSTR_VAL(name), "", 0, &error);
    facteur_message_free(nothing);
    php_facteur_throw(code, error);
}

void php_facteur_message_give(zend_object *object, facteur_message *core)
{
    message_from(object)->core = core;
}

zval *php_facteur_message_cache(zend_object *object)
{
    return &message_from(object)->properties;
}

PHP_METHOD(Facteur_Message, __construct)
{
    struct message *message = message_from(Z_OBJ_P(ZEND_THIS));
    struct php_facteur_fields fields;
    facteur_message *core;
    zval *values = NULL;
    HashTable *others = NULL;
    uint32_t count = 0;

    ZEND_PARSE_PARAMETERS_START(0, -1)
    Z_PARAM_VARIADIC_WITH_NAMED(values, count, others)
    ZEND_PARSE_PARAMETERS_END();

    if (others) {
        refuse_other(others);
        RETURN_THROWS();
    }
    if (!php_facteur_fields_read(&fields, values, count, 0))
        RETURN_THROWS();
    if (message->core) {
        zend_throw_error(NULL, "Facteur\\Message is constructed already");
    } else if (!(core = facteur_message_new())) {
        php_facteur_throw(FACTEUR_ENOMEM, NULL);
    } else if (php_facteur_fields_apply(core, &fields)) {
        message->core = core;
    } else {
        facteur_message_free(core);
    }
    php_facteur_fields_done(&fields);
}

static bool set_envelope(facteur_message *core, zend_string *from, HashTable *recipients)
{
    zval *value;

    if (from && !php_facteur_field_set(core, "envelope_from", from))
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

/* The arguments of fromBytes() before the fields. */
#define BESIDE_FIELDS 3

PHP_METHOD(Facteur_Message, fromBytes)
{
    zend_string *bytes, *envelope_from = NULL;
    HashTable *recipients = NULL;
    struct php_facteur_fields fields;
    facteur_message *core = NULL;
    facteur_error *error = NULL;
    zval *values = NULL;
    uint32_t count = 0;

    ZEND_PARSE_PARAMETERS_START(1, -1)
    Z_PARAM_STR(bytes)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(envelope_from)
    Z_PARAM_ARRAY_HT(recipients)
    Z_PARAM_VARIADIC('*', values, count)
    ZEND_PARSE_PARAMETERS_END();

    if (!php_facteur_fields_read(&fields, values, count, BESIDE_FIELDS))
        RETURN_THROWS();
    if (php_facteur_check(
            facteur_message_from_bytes(ZSTR_VAL(bytes), ZSTR_LEN(bytes), &core, &error), &error) &&
        set_envelope(core, envelope_from, recipients) && php_facteur_fields_apply(core, &fields))
        php_facteur_message_wrap(return_value, core);
    else
        facteur_message_free(core);
    php_facteur_fields_done(&fields);
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

PHP_METHOD(Facteur_Message, notes)
{
    const facteur_message *core = message_from(Z_OBJ_P(ZEND_THIS))->core;

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    for (size_t i = 0; core && i < facteur_message_note_count(core); i++)
        add_next_index_string(return_value, facteur_message_note(core, i));
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
