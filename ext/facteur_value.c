/* SPDX-License-Identifier: MIT */
/* Receipts and errors as values: their JSON, serialised.  What a stranger serialised is refused. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"

/* A property of a receipt or of an error; NULL when it was never set. */
static zval *slot(zend_object *object, const zend_class_entry *ce, const char *name)
{
    zval *value = php_facteur_slot(object, ce, name);

    return Z_TYPE_P(value) == IS_UNDEF ? NULL : value;
}

/* Add it under this name; nothing where it was never set. */
static void add(zval *out, const char *name, zval *value)
{
    if (!value)
        return;
    Z_TRY_ADDREF_P(value);
    add_assoc_zval(out, name, value);
}

/* An array as an object of JSON, also where it is empty. */
static void add_map(zval *out, const char *name, zval *map)
{
    zval object;

    if (!map || Z_TYPE_P(map) != IS_ARRAY)
        return;
    object_init(&object);
    zend_hash_copy(zend_std_get_properties(Z_OBJ(object)), Z_ARRVAL_P(map), zval_add_ref);
    add_assoc_zval(out, name, &object);
}

/* ---- Receipts -------------------------------------------------------------------------------- */

/* X(name, kind): the properties in the order of the stub.  Those of kind MAP are objects in JSON.
 */
enum kind { TEXT, BOOL, NUMBER, TEXTS, REPLY, REPLIES, SECONDS };

static const struct {
    const char *name;
    enum kind kind;
} properties[] = {
    {"status", TEXT},     {"ok", BOOL},        {"message_id", TEXT},  {"queue_id", TEXT},
    {"relay", TEXT},      {"accepted", TEXTS}, {"rejected", REPLIES}, {"in_doubt", TEXTS},
    {"reply", REPLY},     {"phase", TEXT},     {"attempts", NUMBER},  {"flights", NUMBER},
    {"timings", SECONDS}, {"error", TEXT},     {"error_code", TEXT},  {"notes", TEXTS},
    {"outbox_id", TEXT},  {"key", TEXT},       {"durable", BOOL},     {"transcript", TEXT},
};

#define COUNT (sizeof properties / sizeof properties[0])

static void add_error(zval *out, zval *code, zval *message)
{
    zval error;

    if (!code || Z_TYPE_P(code) != IS_STRING || !Z_STRLEN_P(code)) {
        add_assoc_null(out, "error");
        return;
    }
    array_init(&error);
    add(&error, "code", code);
    add(&error, "message", message);
    add_assoc_zval(out, "error", &error);
}

/* Whether a member stands in the JSON: some do only where they say something. */
static bool is_told(const char *name, zval *value, bool ok)
{
    if (strcmp(name, "transcript") == 0)
        return !ok;
    if (strcmp(name, "outbox_id") == 0 || strcmp(name, "key") == 0)
        return value && Z_TYPE_P(value) == IS_STRING && Z_STRLEN_P(value) > 0;
    if (strcmp(name, "durable") == 0)
        return value && Z_TYPE_P(value) == IS_FALSE;
    return strcmp(name, "error_code") != 0;
}

PHP_METHOD(Facteur_Receipt, jsonSerialize)
{
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    zval *ok = slot(self, php_facteur_receipt_ce, "ok");

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = properties[i].name;
        zval *value = slot(self, php_facteur_receipt_ce, name);

        if (strcmp(name, "error") == 0)
            add_error(return_value, slot(self, php_facteur_receipt_ce, "error_code"), value);
        else if (properties[i].kind == REPLIES || properties[i].kind == SECONDS)
            add_map(return_value, name, value);
        else if (is_told(name, value, ok && Z_TYPE_P(ok) == IS_TRUE))
            add(return_value, name, value);
    }
}

PHP_METHOD(Facteur_Receipt, __serialize)
{
    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    for (size_t i = 0; i < COUNT; i++)
        add(return_value, properties[i].name,
            slot(Z_OBJ_P(ZEND_THIS), php_facteur_receipt_ce, properties[i].name));
}

/* One that was made: a stranger's may lack what it says. */
static bool is_reply(zval *value)
{
    return Z_TYPE_P(value) == IS_OBJECT && Z_OBJCE_P(value) == php_facteur_reply_ce &&
           slot(Z_OBJ_P(value), php_facteur_reply_ce, "code") &&
           slot(Z_OBJ_P(value), php_facteur_reply_ce, "enhanced") &&
           slot(Z_OBJ_P(value), php_facteur_reply_ce, "text");
}

static bool is_of(zval *value, enum kind kind)
{
    zval *entry;

    switch (kind) {
    case TEXT:
        return Z_TYPE_P(value) == IS_STRING;
    case BOOL:
        return Z_TYPE_P(value) == IS_TRUE || Z_TYPE_P(value) == IS_FALSE;
    case NUMBER:
        return Z_TYPE_P(value) == IS_LONG;
    case REPLY:
        return is_reply(value);
    default:
        break;
    }
    if (Z_TYPE_P(value) != IS_ARRAY)
        return false;
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), entry)
    {
        ZVAL_DEREF(entry);
        if (kind == TEXTS     ? Z_TYPE_P(entry) != IS_STRING
            : kind == SECONDS ? Z_TYPE_P(entry) != IS_DOUBLE
                              : !is_reply(entry))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

PHP_METHOD(Facteur_Receipt, __unserialize)
{
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    HashTable *data;
    zval copy;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_ARRAY_HT(data)
    ZEND_PARSE_PARAMETERS_END();
    if (slot(self, php_facteur_receipt_ce, "status")) {
        zend_throw_error(NULL, "Facteur\\Receipt is constructed already");
        RETURN_THROWS();
    }
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = properties[i].name;
        zval *value = zend_hash_str_find_deref(data, name, strlen(name));

        if (!value || !is_of(value, properties[i].kind)) {
            php_facteur_refuse(FACTEUR_EMESSAGE, name, "expected what serialize() gave");
            RETURN_THROWS();
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        ZVAL_COPY(&copy,
                  zend_hash_str_find_deref(data, properties[i].name, strlen(properties[i].name)));
        php_facteur_slot_set(self, php_facteur_receipt_ce, properties[i].name, &copy);
    }
}

/* ---- Errors ---------------------------------------------------------------------------------- */

static zval *base(zend_object *error, const char *name)
{
    zval rv;

    return zend_read_property(zend_ce_exception, error, name, strlen(name), 1, &rv);
}

static zval *receipt_of(zend_object *error)
{
    return instanceof_function(error->ce, php_facteur_send_error_ce)
               ? slot(error, php_facteur_send_error_ce, "receipt")
               : NULL;
}

PHP_METHOD(Facteur_Error, jsonSerialize)
{
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    zval *receipt = receipt_of(self);
    const char *name = ZSTR_VAL(self->ce->name), *last = strrchr(name, '\\');

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    add_assoc_string(return_value, "type", last ? last + 1 : name);
    add(return_value, "message", base(self, "message"));
    add(return_value, "code", slot(self, php_facteur_error_ce, "error_code"));
    add(return_value, "where", slot(self, php_facteur_error_ce, "where"));
    if (receipt)
        add(return_value, "receipt", receipt);
    else
        add_assoc_null(return_value, "receipt");
}

PHP_METHOD(Facteur_Error, __serialize)
{
    static const char *const names[] = {"message", "code", "file", "line"};
    zend_object *self = Z_OBJ_P(ZEND_THIS);

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add(return_value, names[i], base(self, names[i]));
    add(return_value, "where", slot(self, php_facteur_error_ce, "where"));
    add(return_value, "error_code", slot(self, php_facteur_error_ce, "error_code"));
    add(return_value, "receipt", receipt_of(self));
}

/* A value of the data, or NULL with an exception thrown. */
static zval *given(HashTable *data, const char *name, zend_uchar type)
{
    zval *value = zend_hash_str_find_deref(data, name, strlen(name));

    if (value && Z_TYPE_P(value) == type)
        return value;
    php_facteur_refuse(FACTEUR_EMESSAGE, name, "expected what serialize() gave");
    return NULL;
}

static bool restore_base(zend_object *self, HashTable *data)
{
    static const struct {
        const char *name;
        zend_uchar type;
    } rows[] = {{"message", IS_STRING}, {"code", IS_LONG}, {"file", IS_STRING}, {"line", IS_LONG}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        zval *value = given(data, rows[i].name, rows[i].type);

        if (!value)
            return false;
        zend_update_property(zend_ce_exception, self, rows[i].name, strlen(rows[i].name), value);
    }
    return true;
}

static void put(zend_object *self, const zend_class_entry *ce, const char *name, zval *value)
{
    zval copy;

    zval_ptr_dtor(php_facteur_slot(self, ce, name));
    ZVAL_COPY(&copy, value);
    php_facteur_slot_set(self, ce, name, &copy);
}

PHP_METHOD(Facteur_Error, __unserialize)
{
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    bool sent = instanceof_function(self->ce, php_facteur_send_error_ce);
    zval *where, *code, *receipt;
    HashTable *data;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_ARRAY_HT(data)
    ZEND_PARSE_PARAMETERS_END();
    where = given(data, "where", IS_STRING);
    code = where ? given(data, "error_code", IS_STRING) : NULL;
    receipt = zend_hash_str_find_deref(data, ZEND_STRL("receipt"));
    if (!code)
        RETURN_THROWS();
    if (receipt && Z_TYPE_P(receipt) != IS_NULL &&
        (!sent || Z_TYPE_P(receipt) != IS_OBJECT || Z_OBJCE_P(receipt) != php_facteur_receipt_ce)) {
        php_facteur_refuse(FACTEUR_EMESSAGE, "receipt", "expected what serialize() gave");
        RETURN_THROWS();
    }
    if (!restore_base(self, data))
        RETURN_THROWS();
    put(self, php_facteur_error_ce, "where", where);
    put(self, php_facteur_error_ce, "error_code", code);
    if (sent && receipt)
        put(self, php_facteur_send_error_ce, "receipt", receipt);
}
