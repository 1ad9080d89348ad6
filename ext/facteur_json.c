/* SPDX-License-Identifier: MIT */
/* Orders, forms and options as JSON text, with the objects that PHP programs put into them. */
#include "php_facteur.h"

#include "Zend/zend_enum.h"
#include "Zend/zend_exceptions.h"
#include "Zend/zend_interfaces.h"
#include "ext/date/php_date.h"
#include "ext/json/php_json.h"

#define DEPTH_MAX 64

#if PHP_VERSION_ID >= 80600
#define JSON_ERROR JSON_G(error_details).code
#else
#define JSON_ERROR JSON_G(error_code)
#endif

static const int FLAGS =
    PHP_JSON_PRESERVE_ZERO_FRACTION | PHP_JSON_UNESCAPED_SLASHES | PHP_JSON_UNESCAPED_UNICODE;

struct writer {
    smart_str *out;
    int code;         /* of what is refused */
    const char *root; /* the option that it is the value of, or "" */
};

/* Where a value stands within the others, told only when it is refused. */
struct place {
    const struct place *up;
    zend_string *key; /* NULL: `index` */
    zend_ulong index;
    bool listed;
    int depth;
};

static bool append(const struct writer *writer, zval *value, const struct place *place);

static void add_path(smart_str *path, const struct place *place)
{
    if (!place->up)
        return;
    add_path(path, place->up);
    if (place->listed) {
        smart_str_append_printf(path, "[" ZEND_ULONG_FMT "]", place->index);
        return;
    }
    if (smart_str_get_len(path))
        smart_str_appendc(path, '.');
    if (place->key)
        smart_str_append(path, place->key);
    else
        smart_str_append_long(path, (zend_long)place->index);
}

/* false with an exception thrown that names the path. */
static bool refuse(const struct writer *writer, const struct place *place, const char *fault)
{
    smart_str path = {0};

    smart_str_appends(&path, writer->root);
    add_path(&path, place);
    smart_str_0(&path);
    php_facteur_refuse(writer->code, path.s ? ZSTR_VAL(path.s) : "", "%s", fault);
    smart_str_free(&path);
    return false;
}

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

/* The whole path would be as long as the fault is deep. */
static bool refuse_depth(const struct writer *writer, const struct place *place)
{
    while (place->up && place->up->up)
        place = place->up;
    return refuse(writer, place, "nested too deeply");
}

static bool refuse_value(const struct writer *writer, zval *value, const struct place *place)
{
    char fault[160];
    const char *got = zend_zval_type_name(value);
    const char *format = "expected a text, a number, a bool, an array or null, got %s";

    if (Z_TYPE_P(value) == IS_DOUBLE) {
        got = zend_isnan(Z_DVAL_P(value)) ? "NAN" : "INF";
    } else if (Z_TYPE_P(value) == IS_OBJECT) {
        got = ZSTR_VAL(Z_OBJCE_P(value)->name);
        format = Z_OBJCE_P(value)->ce_flags & ZEND_ACC_ENUM
                     ? "expected a backed enum, got %s"
                     : "%s holds a value that JSON has no form for";
    }
    snprintf(fault, sizeof(fault), format, got);
    return refuse(writer, place, fault);
}

/* A text that is not UTF-8 goes to the core as it is: it mends a letter's texts and notes it. */
static void append_broken(smart_str *out, zend_string *text)
{
    smart_str_appendc(out, '"');
    for (size_t i = 0; i < ZSTR_LEN(text); i++) {
        unsigned char byte = (unsigned char)ZSTR_VAL(text)[i];

        if (byte < 0x20)
            smart_str_append_printf(out, "\\u%04x", byte);
        else if (byte == '"' || byte == '\\')
            smart_str_append_printf(out, "\\%c", byte);
        else
            smart_str_appendc(out, (char)byte);
    }
    smart_str_appendc(out, '"');
}

/* What PHP's own encoder does right: texts, numbers, plain objects. */
static bool append_plain(const struct writer *writer, zval *value, const struct place *place)
{
    bool replaces = Z_TYPE_P(value) != IS_STRING || *writer->root;
    int flags = FLAGS | (replaces ? PHP_JSON_INVALID_UTF8_SUBSTITUTE : 0);

    /* NAN is written as 0 with success, and told by the error code alone. */
    if (php_json_encode_ex(writer->out, value, flags, DEPTH_MAX) == SUCCESS && !EG(exception) &&
        JSON_ERROR == PHP_JSON_ERROR_NONE)
        return true;
    if (EG(exception))
        return false;
    if (replaces || JSON_ERROR != PHP_JSON_ERROR_UTF8)
        return refuse_value(writer, value, place);
    append_broken(writer->out, Z_STR_P(value));
    return true;
}

static bool append_text(const struct writer *writer, zend_string *text, const struct place *place)
{
    zval value;

    ZVAL_STR(&value, text);
    return append_plain(writer, &value, place);
}

static bool append_key(const struct writer *writer, const struct place *place)
{
    if (place->key) {
        if (!append_text(writer, place->key, place))
            return false;
    } else {
        smart_str_appendc(writer->out, '"');
        smart_str_append_long(writer->out, (zend_long)place->index);
        smart_str_appendc(writer->out, '"');
    }
    smart_str_appendc(writer->out, ':');
    return true;
}

static bool append_array(const struct writer *writer, HashTable *table, const struct place *place)
{
    struct place inner = {
        .up = place, .listed = zend_array_is_list(table), .depth = place->depth + 1};
    bool first = true, done = false;
    zval *item;

    /* User code that an item runs must not free the table under the loop. */
    GC_TRY_ADDREF(table);
    smart_str_appendc(writer->out, inner.listed ? '[' : '{');
    ZEND_HASH_FOREACH_KEY_VAL(table, inner.index, inner.key, item)
    {
        if (!first)
            smart_str_appendc(writer->out, ',');
        first = false;
        if (!inner.listed && !append_key(writer, &inner))
            goto done;
        if (!append(writer, item, &inner))
            goto done;
    }
    ZEND_HASH_FOREACH_END();
    smart_str_appendc(writer->out, inner.listed ? ']' : '}');
    done = true;
done:
    zend_array_release(table);
    return done;
}

/* What an object says stands in its place, one level deeper, so that objects that say each other
 * end. */
static bool append_call(const struct writer *writer, zend_object *object, const struct place *place)
{
    struct place deeper = *place;
    zval said;
    bool done = false;

    deeper.depth++;
    zend_call_method_with_0_params(object, object->ce, NULL, "jsonserialize", &said);
    if (!EG(exception))
        done = append(writer, &said, &deeper);
    zval_ptr_dtor(&said);
    return done;
}

static bool append_object(const struct writer *writer, zval *value, const struct place *place)
{
    zend_object *object = Z_OBJ_P(value);
    zend_string *text;
    bool done;

    if (object->ce->ce_flags & ZEND_ACC_ENUM)
        return append_plain(writer, value, place);
    if (instanceof_function(object->ce, php_json_serializable_ce))
        return append_call(writer, object, place);
    if (instanceof_function(object->ce, php_date_get_interface_ce()))
        text = php_facteur_date(object);
    else if (instanceof_function(object->ce, zend_ce_stringable))
        text = zval_try_get_string(value);
    else
        return append_plain(writer, value, place);
    if (!text)
        return false;
    done = append_text(writer, text, place);
    zend_string_release(text);
    return done;
}

static bool append(const struct writer *writer, zval *value, const struct place *place)
{
    zval held;
    bool done;

    ZVAL_DEREF(value);
    if (place->depth > DEPTH_MAX)
        return refuse_depth(writer, place);
    if (Z_TYPE_P(value) == IS_ARRAY)
        return append_array(writer, Z_ARRVAL_P(value), place);
    if (Z_TYPE_P(value) != IS_OBJECT)
        return append_plain(writer, value, place);
    ZVAL_COPY(&held, value);
    done = append_object(writer, &held, place);
    zval_ptr_dtor(&held);
    return done;
}

bool php_facteur_json(smart_str *out, zval *value, int code, const char *root)
{
    const struct writer writer = {out, code, root};
    const struct place place = {0};

    if (!append(&writer, value, &place))
        return false;
    smart_str_0(out);
    return true;
}
