/* SPDX-License-Identifier: MIT */
/* Orders, forms and options as JSON text, with the objects that PHP programs put into them. */
#include "php_facteur.h"

#include "Zend/zend_enum.h"
#include "Zend/zend_exceptions.h"
#include "Zend/zend_interfaces.h"
#include "ext/date/php_date.h"
#include "ext/json/php_json.h"

#define DEPTH_MAX 64

static const int FLAGS = PHP_JSON_PRESERVE_ZERO_FRACTION | PHP_JSON_UNESCAPED_SLASHES |
                         PHP_JSON_UNESCAPED_UNICODE | PHP_JSON_INVALID_UTF8_SUBSTITUTE;

static bool append(smart_str *out, zval *value, int depth);

zend_string *php_facteur_date(zend_object *date)
{
    zval format, text;
    zend_string *result = NULL;

    ZVAL_STRING(&format, "Y-m-d\\TH:i:sP");
    zend_call_method_with_1_params(date, date->ce, NULL, "format", &text, &format);
    zval_ptr_dtor(&format);
    if (Z_TYPE(text) == IS_STRING)
        result = zend_string_copy(Z_STR(text));
    else if (!EG(exception))
        php_facteur_refuse(FACTEUR_EMESSAGE, "", "%s::format() gave no text",
                           ZSTR_VAL(date->ce->name));
    zval_ptr_dtor(&text);
    return result;
}

/* What PHP's own encoder does right: texts, numbers, plain objects. */
static bool append_plain(smart_str *out, zval *value)
{
    /* NAN is written as 0 with success, and told by the error code alone. */
    if (php_json_encode_ex(out, value, FLAGS, DEPTH_MAX) == SUCCESS && !EG(exception) &&
        JSON_G(error_code) == PHP_JSON_ERROR_NONE)
        return true;
    if (!EG(exception))
        php_facteur_refuse(FACTEUR_EMESSAGE, "", "a value of type %s cannot be written as JSON",
                           zend_zval_type_name(value));
    return false;
}

static bool append_text(smart_str *out, zend_string *text)
{
    zval value;

    ZVAL_STR(&value, text);
    return append_plain(out, &value);
}

static bool append_key(smart_str *out, zend_string *key, zend_ulong index)
{
    if (key) {
        if (!append_text(out, key))
            return false;
    } else {
        smart_str_appendc(out, '"');
        smart_str_append_long(out, (zend_long)index);
        smart_str_appendc(out, '"');
    }
    smart_str_appendc(out, ':');
    return true;
}

static bool append_array(smart_str *out, HashTable *table, int depth)
{
    bool list = zend_array_is_list(table), first = true, done = false;
    zend_string *key;
    zend_ulong index;
    zval *item;

    /* User code that an item runs must not free the table under the loop. */
    GC_TRY_ADDREF(table);
    smart_str_appendc(out, list ? '[' : '{');
    ZEND_HASH_FOREACH_KEY_VAL(table, index, key, item)
    {
        if (!first)
            smart_str_appendc(out, ',');
        first = false;
        if (!list && !append_key(out, key, index))
            goto done;
        if (!append(out, item, depth + 1))
            goto done;
    }
    ZEND_HASH_FOREACH_END();
    smart_str_appendc(out, list ? ']' : '}');
    done = true;
done:
    zend_array_release(table);
    return done;
}

static bool append_call(smart_str *out, zend_object *object, int depth)
{
    zval said;
    bool done = false;

    zend_call_method_with_0_params(object, object->ce, NULL, "jsonserialize", &said);
    if (!EG(exception))
        done = append(out, &said, depth + 1);
    zval_ptr_dtor(&said);
    return done;
}

static bool append_object(smart_str *out, zval *value, int depth)
{
    zend_object *object = Z_OBJ_P(value);
    zend_string *text;
    bool done;

    if (object->ce->ce_flags & ZEND_ACC_ENUM)
        return append_plain(out, value);
    if (instanceof_function(object->ce, php_json_serializable_ce))
        return append_call(out, object, depth);
    if (instanceof_function(object->ce, php_date_get_interface_ce()))
        text = php_facteur_date(object);
    else if (instanceof_function(object->ce, zend_ce_stringable))
        text = zval_try_get_string(value);
    else
        return append_plain(out, value);
    if (!text)
        return false;
    done = append_text(out, text);
    zend_string_release(text);
    return done;
}

static bool append(smart_str *out, zval *value, int depth)
{
    zval held;
    bool done;

    ZVAL_DEREF(value);
    if (depth > DEPTH_MAX) {
        php_facteur_refuse(FACTEUR_EMESSAGE, "", "nested deeper than %d levels", DEPTH_MAX);
        return false;
    }
    if (Z_TYPE_P(value) == IS_ARRAY)
        return append_array(out, Z_ARRVAL_P(value), depth);
    if (Z_TYPE_P(value) != IS_OBJECT)
        return append_plain(out, value);
    ZVAL_COPY(&held, value);
    done = append_object(out, &held, depth);
    zval_ptr_dtor(&held);
    return done;
}

bool php_facteur_json(smart_str *out, zval *value)
{
    if (!append(out, value, 0))
        return false;
    smart_str_0(out);
    return true;
}
