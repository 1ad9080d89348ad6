/* SPDX-License-Identifier: MIT */
/*
 * The ini settings: facteur.dsn, and facteur.<option> for every option of the core's table.
 * They describe the default mailer; phpinfo() tells whether a secret is set, never what it is.
 */
#include "php_facteur.h"

#include "SAPI.h"
#include "php_ini.h"

#define PREFIX "facteur."
#define NAME_MAX_LEN 128

static PHP_INI_DISP(facteur_secret)
{
    const zend_string *value = type == ZEND_INI_DISPLAY_ORIG && ini_entry->modified
                                   ? ini_entry->orig_value
                                   : ini_entry->value;

    if (value && ZSTR_LEN(value))
        PUTS(sapi_module.phpinfo_as_text ? "set, not shown" : "<i>set, not shown</i>");
    else
        PUTS(sapi_module.phpinfo_as_text ? "no value" : "<i>no value</i>");
}

static size_t ini_name(char *out, const char *option)
{
    return (size_t)snprintf(out, NAME_MAX_LEN, PREFIX "%s", option);
}

static void define(zend_ini_entry_def *entry, const char *name, size_t len, bool secret)
{
    entry->name = name;
    entry->name_length = (uint16_t)len;
    entry->modifiable = ZEND_INI_SYSTEM | ZEND_INI_PERDIR;
    entry->displayer = secret ? facteur_secret : NULL;
}

/* The names come from the core, so the table is made when the module starts; PHP copies it. */
bool php_facteur_ini_start(int module_number)
{
    size_t count = facteur_option_count();
    zend_ini_entry_def *entries = safe_pemalloc(count + 2, sizeof(*entries), 0, 1);
    char(*names)[NAME_MAX_LEN] = safe_pemalloc(count + 1, NAME_MAX_LEN, 0, 1);
    bool done;

    memset(entries, 0, (count + 2) * sizeof(*entries));
    define(&entries[0], PREFIX "dsn", sizeof(PREFIX "dsn") - 1, true);
    for (size_t i = 0; i < count; i++)
        define(&entries[i + 1], names[i], ini_name(names[i], facteur_option_name(i)),
               strcmp(facteur_option_type(i), "secret") == 0 ||
                   strcmp(facteur_option_type(i), "json") == 0);
    done = zend_register_ini_entries(entries, module_number) == SUCCESS;
    pefree(names, 1);
    pefree(entries, 1);
    return done;
}

void php_facteur_ini_stop(int module_number)
{
    zend_unregister_ini_entries(module_number);
}

/* The setting, "" included; NULL when it was never written. */
static const char *ini_text(const char *name, size_t len)
{
    const zend_ini_entry *entry = zend_hash_str_find_ptr(EG(ini_directives), name, len);

    return entry && entry->value ? ZSTR_VAL(entry->value) : NULL;
}

const char *php_facteur_ini_dsn(void)
{
    const char *text = ini_text(PREFIX "dsn", sizeof(PREFIX "dsn") - 1);

    return text && *text ? text : NULL;
}

const char *php_facteur_ini_option(size_t index)
{
    char name[NAME_MAX_LEN];
    size_t len = ini_name(name, facteur_option_name(index));
    const char *text = ini_text(name, len);

    if (!text || *text)
        return text;
    /* PHP reads Off, No, False and None without quotes as "". */
    return strcmp(facteur_option_type(index), "bool") == 0 ? "0" : NULL;
}
