/* SPDX-License-Identifier: MIT */
/* The class Attachment, a plain value, and adding attachments to a message. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"

zend_class_entry *php_facteur_attachment_ce;

static zend_string *attachment_text(zend_object *attachment, const char *name)
{
    zval *slot = php_facteur_slot(attachment, php_facteur_attachment_ce, name);

    return Z_TYPE_P(slot) == IS_STRING ? Z_STR_P(slot) : NULL;
}

static const char *text_or_null(const zend_string *text)
{
    return text ? ZSTR_VAL(text) : NULL;
}

static bool attach(facteur_message *core, const char *where, zend_object *attachment)
{
    zend_string *data = attachment_text(attachment, "data");
    zend_string *path = attachment_text(attachment, "path");
    const char *name = text_or_null(attachment_text(attachment, "name"));
    const char *type = text_or_null(attachment_text(attachment, "type"));
    const char *inline_id = text_or_null(attachment_text(attachment, "inline"));
    facteur_error *error = NULL;

    if (data)
        return php_facteur_check(facteur_message_attach_bytes(core, ZSTR_VAL(data), ZSTR_LEN(data),
                                                              name, type, inline_id, &error),
                                 error);
    if (!path || zend_str_has_nul_byte(path)) {
        php_facteur_refuse(FACTEUR_EMESSAGE, where, "%s has neither data nor path", where);
        return false;
    }
    if (php_check_open_basedir_ex(ZSTR_VAL(path), 0)) {
        php_facteur_refuse(FACTEUR_EIO, where, "open_basedir does not allow %s", ZSTR_VAL(path));
        return false;
    }
    return php_facteur_check(
        facteur_message_attach_path(core, ZSTR_VAL(path), name, type, inline_id, &error), error);
}

bool php_facteur_attach(facteur_message *core, HashTable *attachments)
{
    char where[64];
    unsigned index = 0;
    zval *value;

    ZEND_HASH_FOREACH_VAL(attachments, value)
    {
        ZVAL_DEREF(value);
        snprintf(where, sizeof(where), "attachments[%u]", index++);
        if (Z_TYPE_P(value) != IS_OBJECT || Z_OBJCE_P(value) != php_facteur_attachment_ce)
            return php_facteur_refuse_type(where, value, "a Facteur\\Attachment");
        if (!attach(core, where, Z_OBJ_P(value)))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static void set_attachment(zend_object *object, const char *name, zend_string *text)
{
    zval value;

    ZVAL_NULL(&value);
    if (text)
        ZVAL_STR_COPY(&value, text);
    php_facteur_slot_set(object, php_facteur_attachment_ce, name, &value);
}

static bool fill_attachment(zend_object *object, zend_string *data, zend_string *path,
                            zend_string *name, zend_string *type, zend_string *inline_id)
{
    if (!php_facteur_no_nul("name", name) || !php_facteur_no_nul("type", type) ||
        !php_facteur_no_nul("inline", inline_id))
        return false;
    set_attachment(object, "data", data);
    set_attachment(object, "path", path);
    set_attachment(object, "name", name);
    set_attachment(object, "type", type);
    set_attachment(object, "inline", inline_id);
    return true;
}

PHP_METHOD(Facteur_Attachment, __construct)
{
    zend_string *data, *name = NULL, *type = NULL, *inline_id = NULL;

    ZEND_PARSE_PARAMETERS_START(1, 4)
    Z_PARAM_STR(data)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(name)
    Z_PARAM_STR_OR_NULL(type)
    Z_PARAM_STR_OR_NULL(inline_id)
    ZEND_PARSE_PARAMETERS_END();

    if (Z_TYPE_P(php_facteur_slot(Z_OBJ_P(ZEND_THIS), php_facteur_attachment_ce, "name")) !=
        IS_UNDEF) {
        zend_throw_error(NULL, "Facteur\\Attachment is constructed already");
        RETURN_THROWS();
    }
    fill_attachment(Z_OBJ_P(ZEND_THIS), data, NULL, name, type, inline_id);
}

PHP_METHOD(Facteur_Attachment, fromPath)
{
    zend_string *path, *full, *name = NULL, *type = NULL, *inline_id = NULL;
    char resolved[MAXPATHLEN];
    bool done;

    ZEND_PARSE_PARAMETERS_START(1, 4)
    Z_PARAM_PATH_STR(path)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(name)
    Z_PARAM_STR_OR_NULL(type)
    Z_PARAM_STR_OR_NULL(inline_id)
    ZEND_PARSE_PARAMETERS_END();

    /* Resolved now: the working directory of a thread of PHP is not that of the process. */
    if (!expand_filepath(ZSTR_VAL(path), resolved)) {
        php_facteur_refuse(FACTEUR_EIO, "path", "the path \"%s\" cannot be resolved",
                           ZSTR_VAL(path));
        RETURN_THROWS();
    }
    if (php_check_open_basedir_ex(resolved, 0)) {
        php_facteur_refuse(FACTEUR_EIO, "path", "open_basedir does not allow %s", resolved);
        RETURN_THROWS();
    }
    if (VCWD_ACCESS(resolved, R_OK)) {
        php_facteur_refuse(FACTEUR_EIO, "path", "%s cannot be read: %s", resolved, strerror(errno));
        RETURN_THROWS();
    }
    full = zend_string_init(resolved, strlen(resolved), 0);
    object_init_ex(return_value, php_facteur_attachment_ce);
    done = fill_attachment(Z_OBJ_P(return_value), NULL, full, name, type, inline_id);
    zend_string_release(full);
    if (!done)
        RETURN_THROWS();
}
