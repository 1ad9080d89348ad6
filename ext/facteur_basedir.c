/* SPDX-License-Identifier: MIT */
/*
 * open_basedir over what a program configures.  A file that an option names is read by the core,
 * and a password_file would be read out to whatever relay the program chose, so the core's own
 * opening of files must not be a way around it.  The ini settings are the administrator's and not
 * checked.
 */
#include "php_facteur.h"

#include "ext/json/php_json.h"
#include "ext/standard/url.h"

/* What is checked must be what is opened, by then perhaps with another working directory. */
static bool allowed(const char *where, const char *path)
{
    if (!IS_ABSOLUTE_PATH(path, strlen(path)))
        php_facteur_refuse(FACTEUR_ECONFIG, where,
                           "with open_basedir %s needs an absolute path, not %s", where, path);
    else if (php_check_open_basedir_ex(path, 0))
        php_facteur_refuse(FACTEUR_ECONFIG, where, "open_basedir does not allow %s", path);
    else
        return true;
    return false;
}

/* Every "…_file" within an option that is JSON. */
static bool files_allowed(const char *option, zval *value)
{
    zend_string *name;
    zval *child;

    if (Z_TYPE_P(value) != IS_ARRAY)
        return true;
    ZEND_HASH_FOREACH_STR_KEY_VAL(Z_ARRVAL_P(value), name, child)
    {
        if (php_facteur_names_file(name, child) && !allowed(option, Z_STRVAL_P(child)))
            return false;
        if (!files_allowed(option, child))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool json_allowed(const char *option, const char *json)
{
    zval decoded;
    bool good;

    ZVAL_UNDEF(&decoded);
    if (php_json_decode_ex(&decoded, json, strlen(json), PHP_JSON_OBJECT_AS_ARRAY, 16)) {
        php_facteur_refuse(FACTEUR_ECONFIG, option, "%s is no JSON", option);
        return false;
    }
    good = files_allowed(option, &decoded);
    zval_ptr_dtor(&decoded);
    return good;
}

bool php_facteur_basedir_option(const char *name, const char *value)
{
    if (!PG(open_basedir) || !*PG(open_basedir))
        return true;
    if (php_facteur_option_is(name, "json"))
        return json_allowed(name, value);
    return !php_facteur_option_is(name, "path") || allowed(name, value);
}

/* "file:///dir?…": its directory. */
static bool directory_allowed(const char *dsn)
{
    char *path = estrndup(dsn + 7, strcspn(dsn + 7, "?"));
    bool good;

    php_raw_url_decode(path, strlen(path));
    good = allowed("dsn", path);
    efree(path);
    return good;
}

bool php_facteur_basedir_dsn(const char *dsn)
{
    char assigned[128];

    if (!PG(open_basedir) || !*PG(open_basedir))
        return true;
    /* The core alone knows where a query begins, so the name is looked for everywhere. */
    for (size_t i = 0; i < facteur_option_count(); i++) {
        const char *name = facteur_option_name(i);

        snprintf(assigned, sizeof(assigned), "%s=", name);
        if ((php_facteur_option_is(name, "path") || php_facteur_option_is(name, "json")) &&
            strstr(dsn, assigned)) {
            php_facteur_refuse(FACTEUR_ECONFIG, name,
                               "with open_basedir give %s as an option, not in the DSN", name);
            return false;
        }
    }
    return zend_binary_strncasecmp(dsn, strlen(dsn), "file://", 7, 7) != 0 ||
           directory_allowed(dsn);
}
