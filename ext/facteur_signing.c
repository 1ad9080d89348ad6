/* SPDX-License-Identifier: MIT */
/*
 * dkim and smime as arrays: key: fn (): string => ….  The callable is called at once, while the
 * mailer or message is made, so that connections and signers hold nothing of a request: neither it
 * nor the directory that a path is relative to.
 */
#include "php_facteur.h"

#define DEPTH_MAX 8

static bool ask(zval *callable, const char *option)
{
    zval returned;

    ZVAL_UNDEF(&returned);
    call_user_function(NULL, NULL, callable, &returned, 0, NULL);
    if (EG(exception)) {
        zval_ptr_dtor(&returned);
        /* The trace has the arguments of whoever made the mailer. */
        php_facteur_redact();
        return false;
    }
    if (Z_TYPE(returned) != IS_STRING) {
        zval_ptr_dtor(&returned);
        php_facteur_refuse(FACTEUR_ECONFIG, option, "a key callable of %s returned no string",
                           option);
        return false;
    }
    zval_ptr_dtor(callable);
    ZVAL_COPY_VALUE(callable, &returned);
    return true;
}

/* A text is the key, also one that is the name of a function. */
static bool is_key_callable(const zend_string *name, zval *value)
{
    return name && zend_string_equals_literal(name, "key") && Z_TYPE_P(value) != IS_STRING &&
           zend_is_callable(value, 0, NULL);
}

static bool names_file(const zend_string *name, const zval *value)
{
    static const char ending[] = "_file";
    const size_t len = sizeof(ending) - 1;

    return name && Z_TYPE_P(value) == IS_STRING && ZSTR_LEN(name) > len &&
           memcmp(ZSTR_VAL(name) + ZSTR_LEN(name) - len, ending, len) == 0;
}

static void make_absolute(zval *path)
{
    zend_string *absolute = php_facteur_absolute(Z_STR_P(path));

    zval_ptr_dtor(path);
    ZVAL_STR(path, absolute);
}

/* `value` becomes an array of the caller's own wherever something in it is replaced. */
static bool resolve(zval *value, const char *option, int depth)
{
    zend_string *name;
    zval *child;

    if (Z_TYPE_P(value) != IS_ARRAY || depth > DEPTH_MAX)
        return true;
    SEPARATE_ARRAY(value);
    ZEND_HASH_FOREACH_STR_KEY_VAL(Z_ARRVAL_P(value), name, child)
    {
        /* What the program holds by reference must keep its callable. */
        if (Z_ISREF_P(child))
            zend_unwrap_reference(child);
        if (names_file(name, child))
            make_absolute(child);
        if (is_key_callable(name, child) ? !ask(child, option) : !resolve(child, option, depth + 1))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

zend_string *php_facteur_signing_json(const char *option, zval *value)
{
    smart_str json = {0};
    zval own;

    ZVAL_COPY(&own, value);
    if (resolve(&own, option, 0) && php_facteur_json(&json, &own, FACTEUR_ECONFIG, option)) {
        zval_ptr_dtor(&own);
        return smart_str_extract(&json);
    }
    zval_ptr_dtor(&own);
    smart_str_free(&json);
    return NULL;
}
