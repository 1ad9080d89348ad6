/* SPDX-License-Identifier: MIT */
/* Options of a mailer: from an array, named arguments and the ini settings to names and texts. */
#include "php_facteur.h"

HashTable *php_facteur_merge(HashTable *options, const zend_execute_data *call)
{
    HashTable *merged = options ? zend_array_dup(options) : zend_new_array(0);

    if (ZEND_CALL_INFO(call) & ZEND_CALL_HAS_EXTRA_NAMED_PARAMS)
        zend_hash_copy(merged, call->extra_named_params, zval_add_ref);
    return merged;
}

bool php_facteur_option_is(const char *name, const char *type)
{
    for (size_t i = 0; i < facteur_option_count(); i++)
        if (strcmp(facteur_option_name(i), name) == 0)
            return strcmp(facteur_option_type(i), type) == 0;
    return false;
}

zend_string *php_facteur_absolute(zend_string *path)
{
    char folder[MAXPATHLEN];

    if (!ZSTR_LEN(path) || IS_ABSOLUTE_PATH(ZSTR_VAL(path), ZSTR_LEN(path)) ||
        !VCWD_GETCWD(folder, sizeof(folder)))
        return zend_string_copy(path);
    return zend_strpprintf(0, "%s/%s", folder, ZSTR_VAL(path));
}

static zend_string *string_text(const char *name, zend_string *value)
{
    if (!zend_str_has_nul_byte(value))
        return php_facteur_option_is(name, "path") ? php_facteur_absolute(value)
                                                   : zend_string_copy(value);
    php_facteur_refuse(FACTEUR_ECONFIG, name, "the text has the control character 0x00");
    return NULL;
}

/* The value's text; arrays cross as JSON, for options that take more than one value. */
static zend_string *option_text(const char *name, zval *value)
{
    switch (Z_TYPE_P(value)) {
    case IS_FALSE:
        return ZSTR_CHAR('0');
    case IS_TRUE:
        return ZSTR_CHAR('1');
    case IS_LONG:
        return zval_get_string(value);
    case IS_DOUBLE:
        /* PHP warns since 8.5 when NAN becomes a text.  The core refuses it. */
        return zend_isnan(Z_DVAL_P(value)) ? ZSTR_INIT_LITERAL("NAN", 0) : zval_get_string(value);
    case IS_STRING:
        return string_text(name, Z_STR_P(value));
    case IS_ARRAY:
        return php_facteur_signing_json(name, value);
    default:
        php_facteur_refuse(FACTEUR_ECONFIG, name, "expected a text, a number or a bool, got %s",
                           zend_zval_type_name(value));
        return NULL;
    }
}

static void add(struct php_facteur_options *out, const char *name, const char *value,
                zend_string *owned)
{
    if (out->count == out->room) {
        out->room = out->room ? 2 * out->room : 16;
        out->names = safe_erealloc(out->names, out->room, sizeof(*out->names), 0);
        out->values = safe_erealloc(out->values, out->room, sizeof(*out->values), 0);
        out->owned = safe_erealloc(out->owned, out->room, sizeof(*out->owned), 0);
    }
    out->names[out->count] = name;
    out->values[out->count] = value;
    out->owned[out->count++] = owned;
}

static void add_settings(struct php_facteur_options *out, HashTable *options, bool own_dsn)
{
    for (size_t i = 0; i < facteur_option_count(); i++) {
        const char *name = facteur_option_name(i);
        const char *value = php_facteur_ini_option(i);

        /*
         * A login of the ini settings is for their relay; no other relay may be told it.  But a
         * staging server that captures its mail must do so whatever DSN the program has.
         */
        if (!value || (own_dsn && strcmp(facteur_option_scope(i), "machine") != 0))
            continue;
        if (!zend_hash_str_exists(options, name, strlen(name)))
            add(out, name, value, NULL);
    }
}

bool php_facteur_options_fill(struct php_facteur_options *out, HashTable *options, bool own_dsn)
{
    zend_string *name;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(options, name, value)
    {
        zend_string *text;

        ZVAL_DEREF(value);
        if (!name) {
            php_facteur_refuse(FACTEUR_ECONFIG, "", "options are named: ['deadline' => 5.0]");
            return false;
        }
        if (Z_TYPE_P(value) == IS_NULL)
            continue;
        text = option_text(ZSTR_VAL(name), value);
        if (!text)
            return false;
        add(out, ZSTR_VAL(name), ZSTR_VAL(text), text);
    }
    ZEND_HASH_FOREACH_END();
    add_settings(out, options, own_dsn);
    return true;
}

void php_facteur_options_done(struct php_facteur_options *options)
{
    for (size_t i = 0; i < options->count; i++)
        if (options->owned[i])
            zend_string_release(options->owned[i]);
    if (options->room) {
        efree(options->names);
        efree(options->values);
        efree(options->owned);
    }
}
