/* SPDX-License-Identifier: MIT */
/* A Message as a value: its fields as properties, its JSON, serialised. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"
#include "ext/json/php_json.h"
#include "ext/standard/base64.h"

#define DEPTH_MAX 64

/* The core's JSON, emalloc'ed by nobody: facteur_free() it.  NULL with an exception thrown. */
static char *json_of(zend_object *object, enum facteur_message_form form)
{
    facteur_message *core = php_facteur_message_of(object);
    facteur_error *error = NULL;
    char *json = NULL;

    if (!core)
        zend_throw_error(NULL, "Facteur\\Message is not constructed");
    else
        php_facteur_check(facteur_message_json(core, form, &json, &error), &error);
    return json;
}

/* ---- Properties ------------------------------------------------------------------------------ */

/* Whether a field is an array where nothing was given. */
static bool is_list(size_t field)
{
    return facteur_message_field_type(field) >= FACTEUR_FIELD_headers ||
           *facteur_message_field_list(field) == '+' || *facteur_message_field_list(field) == ' ';
}

static void add_value(HashTable *map, zend_string *name, zval *value)
{
    zval *known = zend_hash_find(map, name), list;

    Z_TRY_ADDREF_P(value);
    if (!known) {
        zend_hash_add_new(map, name, value);
        return;
    }
    if (Z_TYPE_P(known) != IS_ARRAY) {
        array_init(&list);
        Z_TRY_ADDREF_P(known);
        add_next_index_zval(&list, known);
        known = zend_hash_update(map, name, &list);
    }
    add_next_index_zval(known, value);
}

/* Pairs as the constructor has headers: name => value, or name => a list of values. */
static void headers_of(zval *pairs, zval *out)
{
    zval *pair;

    array_init(out);
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(pairs), pair)
    {
        zval *name = zend_hash_index_find(Z_ARRVAL_P(pair), 0);

        add_value(Z_ARRVAL_P(out), Z_STR_P(name), zend_hash_index_find(Z_ARRVAL_P(pair), 1));
    }
    ZEND_HASH_FOREACH_END();
}

/* Lists of [media type, text]. */
static void alternatives_of(zval *entries, zval *out)
{
    zval *entry, pair;

    array_init(out);
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(entries), entry)
    {
        zval *type = zend_hash_str_find(Z_ARRVAL_P(entry), ZEND_STRL("type"));
        zval *content = zend_hash_str_find(Z_ARRVAL_P(entry), ZEND_STRL("content"));

        array_init(&pair);
        Z_TRY_ADDREF_P(type);
        Z_TRY_ADDREF_P(content);
        add_next_index_zval(&pair, type);
        add_next_index_zval(&pair, content);
        add_next_index_zval(out, &pair);
    }
    ZEND_HASH_FOREACH_END();
}

static void property_of(size_t field, zval *told, zval *out)
{
    if (!told && facteur_message_field_type(field) == FACTEUR_FIELD_bool)
        ZVAL_FALSE(out);
    else if (!told && is_list(field))
        array_init(out);
    else if (!told)
        ZVAL_NULL(out);
    else if (facteur_message_field_type(field) == FACTEUR_FIELD_headers)
        headers_of(told, out);
    else if (facteur_message_field_type(field) == FACTEUR_FIELD_alternatives)
        alternatives_of(told, out);
    else
        ZVAL_COPY(out, told);
}

/* All fields by name but smime, which nobody is told; what else there is, at the end. */
static void properties_of(HashTable *told, HashTable *out)
{
    zend_string *name;
    zval *value, property;

    for (size_t i = 0; i < facteur_message_field_count(); i++) {
        const char *field = facteur_message_field_name(i);

        if (facteur_message_field_type(i) == FACTEUR_FIELD_json)
            continue;
        property_of(i, zend_hash_str_find(told, field, strlen(field)), &property);
        zend_hash_str_add_new(out, field, strlen(field), &property);
    }
    ZEND_HASH_FOREACH_STR_KEY_VAL(told, name, value)
    {
        if (name && zend_hash_add(out, name, value))
            Z_TRY_ADDREF_P(value);
    }
    ZEND_HASH_FOREACH_END();
}

/* The properties, borrowed: a message does not change.  NULL with an exception thrown. */
static HashTable *known_properties(zend_object *object)
{
    zval *cache = php_facteur_message_cache(object), told;
    char *json;

    if (Z_TYPE_P(cache) == IS_ARRAY)
        return Z_ARRVAL_P(cache);
    json = json_of(object, FACTEUR_FORM_SUMMARY);
    if (!json)
        return NULL;
    php_json_decode_ex(&told, json, strlen(json), PHP_JSON_OBJECT_AS_ARRAY, DEPTH_MAX);
    facteur_free(json);
    if (Z_TYPE(told) != IS_ARRAY) {
        zval_ptr_dtor(&told);
        return NULL;
    }
    array_init(cache);
    properties_of(Z_ARRVAL(told), Z_ARRVAL_P(cache));
    zval_ptr_dtor(&told);
    return Z_ARRVAL_P(cache);
}

/* The Attachments, with their contents: not kept, they may be large. */
static void attachments_of(zend_object *object, zval *out)
{
    char *json = json_of(object, FACTEUR_FORM_WHOLE);
    zval told, *list, *entry, made;

    array_init(out);
    if (!json)
        return;
    php_json_decode_ex(&told, json, strlen(json), PHP_JSON_OBJECT_AS_ARRAY, DEPTH_MAX);
    facteur_free(json);
    list = Z_TYPE(told) == IS_ARRAY ? zend_hash_str_find(Z_ARRVAL(told), ZEND_STRL("attachments"))
                                    : NULL;
    if (list) {
        ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(list), entry)
        {
            php_facteur_attachment_of(Z_ARRVAL_P(entry), &made);
            add_next_index_zval(out, &made);
        }
        ZEND_HASH_FOREACH_END();
    }
    zval_ptr_dtor(&told);
}

zval *php_facteur_message_read(zend_object *object, zend_string *name, int type, void **cache,
                               zval *out)
{
    HashTable *known = known_properties(object);
    zval *value = known ? zend_hash_find(known, name) : NULL;

    if (!known)
        return &EG(uninitialized_zval);
    if (!value)
        return zend_std_read_property(object, name, type, cache, out);
    if (zend_string_equals_literal(name, "attachments") && Z_TYPE_P(value) == IS_ARRAY &&
        zend_hash_num_elements(Z_ARRVAL_P(value)))
        attachments_of(object, out);
    else
        ZVAL_COPY(out, value);
    return out;
}

/* `check`: 0 for isset(), 1 for !empty(), 2 for property_exists(). */
int php_facteur_message_has(zend_object *object, zend_string *name, int check, void **cache)
{
    HashTable *known = known_properties(object);
    zval *value = known ? zend_hash_find(known, name) : NULL;

    if (!value)
        return 0;
    if (check == ZEND_PROPERTY_EXISTS)
        return 1;
    return check == ZEND_PROPERTY_NOT_EMPTY ? zend_is_true(value) : Z_TYPE_P(value) != IS_NULL;
}

/* What var_dump(), var_export() and a cast to array show. */
zend_array *php_facteur_message_shown(zend_object *object, zend_prop_purpose purpose)
{
    HashTable *known;

    if (!php_facteur_message_of(object))
        return zend_new_array(0);
    known = known_properties(object);
    return known ? zend_array_dup(known) : zend_new_array(0);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Whether open_basedir lets the program name the files that the JSON names. */
static bool may_read(HashTable *told)
{
    zval *attachments = zend_hash_str_find(told, ZEND_STRL("attachments"));
    zval *smime = zend_hash_str_find(told, ZEND_STRL("smime")), *entry;
    smart_str text = {0};
    bool good = true;

    if (attachments && Z_TYPE_P(attachments) == IS_ARRAY) {
        ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(attachments), entry)
        {
            zval *path = Z_TYPE_P(entry) == IS_ARRAY
                             ? zend_hash_str_find(Z_ARRVAL_P(entry), ZEND_STRL("path"))
                             : entry;

            if (path && Z_TYPE_P(path) == IS_STRING &&
                !php_facteur_may_attach("attachments", Z_STR_P(path)))
                return false;
        }
        ZEND_HASH_FOREACH_END();
    }
    if (smime && Z_TYPE_P(smime) == IS_STRING) {
        good = php_facteur_basedir_option("smime", Z_STRVAL_P(smime));
    } else if (smime && php_json_encode_ex(&text, smime, 0, DEPTH_MAX) == SUCCESS) {
        smart_str_0(&text);
        good = php_facteur_basedir_option("smime", ZSTR_VAL(text.s));
    } else if (smime) {
        php_facteur_refuse(FACTEUR_EMESSAGE, "smime", "it is nested too deeply");
        good = false;
    }
    smart_str_free(&text);
    return good;
}

static bool check_files(zend_string *json)
{
    bool good = true;
    zval told;

    if (!php_facteur_basedir_rules())
        return true;
    /* What is no JSON is told by the core. */
    ZVAL_NULL(&told);
    php_json_decode_ex(&told, ZSTR_VAL(json), ZSTR_LEN(json), PHP_JSON_OBJECT_AS_ARRAY, 4096);
    if (Z_TYPE(told) == IS_ARRAY)
        good = may_read(Z_ARRVAL(told));
    zval_ptr_dtor(&told);
    return good && !EG(exception);
}

/* NULL with an exception thrown. */
static facteur_message *message_of(zend_string *json)
{
    facteur_message *core = NULL;
    facteur_error *error = NULL;

    if (check_files(json))
        php_facteur_check(facteur_message_from_json(ZSTR_VAL(json), ZSTR_LEN(json), &core, &error),
                          &error);
    return core;
}

PHP_METHOD(Facteur_Message, fromJson)
{
    facteur_message *core;
    zend_string *json;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_STR(json)
    ZEND_PARSE_PARAMETERS_END();
    core = message_of(json);
    if (!core)
        RETURN_THROWS();
    php_facteur_message_wrap(return_value, core);
}

PHP_METHOD(Facteur_Message, jsonSerialize)
{
    char *json;

    ZEND_PARSE_PARAMETERS_NONE();
    json = json_of(Z_OBJ_P(ZEND_THIS), FACTEUR_FORM_WHOLE);
    if (!json)
        RETURN_THROWS();
    php_json_decode_ex(return_value, json, strlen(json), 0, DEPTH_MAX);
    facteur_free(json);
}

PHP_METHOD(Facteur_Message, __serialize)
{
    char *json;

    ZEND_PARSE_PARAMETERS_NONE();
    json = json_of(Z_OBJ_P(ZEND_THIS), FACTEUR_FORM_WHOLE);
    if (!json)
        RETURN_THROWS();
    array_init(return_value);
    add_assoc_string(return_value, "json", json);
    facteur_free(json);
}

PHP_METHOD(Facteur_Message, __unserialize)
{
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    facteur_message *core;
    HashTable *data;
    zval *json;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_ARRAY_HT(data)
    ZEND_PARSE_PARAMETERS_END();
    json = zend_hash_str_find_deref(data, ZEND_STRL("json"));
    if (php_facteur_message_of(self)) {
        zend_throw_error(NULL, "Facteur\\Message is constructed already");
    } else if (!json || Z_TYPE_P(json) != IS_STRING) {
        php_facteur_refuse(FACTEUR_EMESSAGE, "json", "expected the text that serialize() gave");
    } else {
        core = message_of(Z_STR_P(json));
        if (core)
            php_facteur_message_give(self, core);
    }
}
