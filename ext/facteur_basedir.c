/* SPDX-License-Identifier: MIT */
/*
 * open_basedir over what a program configures.  A file that an option names is read by the core,
 * and a password_file would be read out to whatever relay the program chose, so the core's own
 * opening of files must not be a way around it.  The ini settings are the administrator's and not
 * checked.
 */
#include "php_facteur.h"

#include "ext/standard/url.h"

static bool allowed(const char *where, const char *path)
{
    if (!php_check_open_basedir_ex(path, 0))
        return true;
    php_facteur_refuse(FACTEUR_ECONFIG, where, "open_basedir does not allow %s", path);
    return false;
}

static bool is_path(const char *name)
{
    for (size_t i = 0; i < facteur_option_count(); i++)
        if (strcmp(facteur_option_name(i), name) == 0)
            return strcmp(facteur_option_type(i), "path") == 0;
    return false;
}

bool php_facteur_basedir_option(const char *name, const char *value)
{
    return !PG(open_basedir) || !*PG(open_basedir) || !is_path(name) || allowed(name, value);
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
        if (is_path(name) && strstr(dsn, assigned)) {
            php_facteur_refuse(FACTEUR_ECONFIG, name,
                               "with open_basedir give %s as an option, not in the DSN", name);
            return false;
        }
    }
    return zend_binary_strncasecmp(dsn, strlen(dsn), "file://", 7, 7) != 0 ||
           directory_allowed(dsn);
}
