/* SPDX-License-Identifier: MIT */
/*
 * open_basedir over what a program configures.  The core opens those files, and would read a
 * password_file out to whatever relay the program chose, so it must not be a way around.  What the
 * administrator says, in the ini settings, the environment or the system's configuration file, is
 * not checked.
 */
#include "php_facteur.h"

#include "ext/standard/basic_functions.h"

bool php_facteur_basedir_rules(void)
{
    return PG(open_basedir) && *PG(open_basedir);
}

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

/* "dkim[0].key_file" stands in the option dkim. */
static bool is_within(const char *where, const char *option)
{
    size_t len = strlen(option);

    return strncmp(where, option, len) == 0 && strchr(".[", where[len]) != NULL;
}

static bool is_setting(const struct php_facteur_options *options, const char *where)
{
    for (size_t i = 0; i < options->count; i++)
        if (is_within(where, options->names[i]))
            return !options->owned[i];
    return false;
}

/* Not one that a script made with putenv(); with threads it may have been another's script. */
static bool is_environment(const char *variable)
{
#ifdef ZTS
    return false;
#else
    return !zend_hash_str_exists(&BG(putenv_ht), variable, strlen(variable));
#endif
}

static bool is_administrators(const struct php_facteur_options *options, bool own_dsn,
                              const char *where, const char *source)
{
    if (strcmp(source, "call") == 0)
        return options && is_setting(options, where);
    if (strcmp(source, "dsn") == 0)
        return !own_dsn;
    /* The path of the system's configuration file. */
    return source[0] == '/' || is_environment(source);
}

bool php_facteur_basedir_allows(const facteur_paths *paths,
                                const struct php_facteur_options *options, bool own_dsn)
{
    const char *path, *where, *source;

    for (size_t i = 0; (path = facteur_path(paths, i, &where, &source)); i++)
        if (!is_administrators(options, own_dsn, where, source) && !allowed(where, path))
            return false;
    return true;
}

bool php_facteur_basedir_allows_conf(void)
{
    char path[MAXPATHLEN] = "";
    const char *set;

    if (!php_facteur_basedir_rules() || is_environment("FACTEUR_CONFIG"))
        return true;
    tsrm_env_lock();
    set = getenv("FACTEUR_CONFIG");
    if (set)
        snprintf(path, sizeof(path), "%s", set);
    tsrm_env_unlock();
    return !*path || allowed("FACTEUR_CONFIG", path);
}

bool php_facteur_basedir_option(const char *name, const char *value)
{
    facteur_paths *paths = NULL;
    facteur_error *error = NULL;
    bool good;
    int code;

    if (!php_facteur_basedir_rules())
        return true;
    code = facteur_paths_of_option(name, value, &paths, &error);
    if (code) {
        php_facteur_throw(code, error);
        return false;
    }
    good = php_facteur_basedir_allows(paths, NULL, true);
    facteur_paths_free(paths);
    return good;
}
