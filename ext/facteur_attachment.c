/* SPDX-License-Identifier: MIT */
/* The class Attachment, a plain value, and adding attachments to a message. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"
#include "ext/standard/base64.h"
#include "ext/standard/php_string.h"

#include <errno.h>

/* What no text has: the core takes it for a character that it mends. */
#define INSTEAD_OF_NUL '\x1a'

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

/* A file's name for the core, which ends a name at its NUL; NULL without one, else the caller's. */
static zend_string *name_without_nul(zend_object *attachment)
{
    zend_string *name = attachment_text(attachment, "name");
    zend_string *copy = name ? zend_string_init(ZSTR_VAL(name), ZSTR_LEN(name), 0) : NULL;

    for (size_t i = 0; copy && i < ZSTR_LEN(copy); i++) {
        if (!ZSTR_VAL(copy)[i])
            ZSTR_VAL(copy)[i] = INSTEAD_OF_NUL;
    }
    return copy;
}

static long read_stream(void *arg, void *buffer, size_t size)
{
    ssize_t n = php_stream_read(arg, buffer, size);

    errno = 0;
    return n < 0 ? FACTEUR_EIO : (long)n;
}

/* The copy that fromStream() made, or NULL. */
static php_stream *stream_of(zend_object *attachment)
{
    zval *slot = php_facteur_slot(attachment, php_facteur_attachment_ce, "stream");
    php_stream *stream = NULL;

    if (Z_TYPE_P(slot) == IS_RESOURCE)
        php_stream_from_zval_no_verify(stream, slot);
    return stream;
}

bool php_facteur_may_attach(const char *where, zend_string *path)
{
    if (!php_check_open_basedir_ex(ZSTR_VAL(path), 0))
        return true;
    php_facteur_refuse(FACTEUR_EIO, where, "open_basedir does not allow %s", ZSTR_VAL(path));
    return false;
}

static bool attach_as(facteur_message *core, const char *where, zend_object *attachment,
                      const char *name)
{
    zend_string *data = attachment_text(attachment, "data");
    zend_string *path = attachment_text(attachment, "path");
    const char *type = text_or_null(attachment_text(attachment, "type"));
    const char *inline_id = text_or_null(attachment_text(attachment, "inline"));
    php_stream *stream = stream_of(attachment);
    facteur_error *error = NULL;

    if (stream) {
        php_stream_rewind(stream);
        return php_facteur_check(
            facteur_message_attach_stream(core, read_stream, stream, name, type, inline_id, &error),
            &error);
    }
    if (data)
        return php_facteur_check(facteur_message_attach_bytes(core, ZSTR_VAL(data), ZSTR_LEN(data),
                                                              name, type, inline_id, &error),
                                 &error);
    if (!path || zend_str_has_nul_byte(path)) {
        php_facteur_refuse(FACTEUR_EMESSAGE, where, "there is neither data nor path");
        return false;
    }
    if (!php_facteur_may_attach(where, path))
        return false;
    return php_facteur_check(
        facteur_message_attach_path(core, ZSTR_VAL(path), name, type, inline_id, &error), &error);
}

static bool attach(facteur_message *core, const char *where, zend_object *attachment)
{
    zend_string *name = name_without_nul(attachment);
    bool good = attach_as(core, where, attachment, text_or_null(name));

    if (name)
        zend_string_release(name);
    return good;
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
            return php_facteur_refuse_type(
                where, value, "a Facteur\\Attachment (of a file: Attachment::fromPath())");
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

static void set_stream(zend_object *object, php_stream *stream)
{
    zval value;

    ZVAL_NULL(&value);
    if (stream)
        php_stream_to_zval(stream, &value);
    php_facteur_slot_set(object, php_facteur_attachment_ce, "stream", &value);
}

/* What all ways to make an attachment are given beside its content. */
struct extras {
    zend_string *name, *type;
    zval *inline_as; /* bool, text or null */
};

/* The content id, borrowed; NULL without one. */
static bool content_id(const struct extras *extras, zend_string **id)
{
    zval *given = extras->inline_as;

    *id = NULL;
    if (!given || Z_TYPE_P(given) == IS_NULL || Z_TYPE_P(given) == IS_FALSE)
        return true;
    *id = Z_TYPE_P(given) == IS_STRING ? Z_STR_P(given) : extras->name;
    if (Z_TYPE_P(given) != IS_STRING && Z_TYPE_P(given) != IS_TRUE)
        return php_facteur_refuse_type("inline", given, "a content id or a bool");
    if (*id)
        return true;
    php_facteur_refuse(FACTEUR_EMESSAGE, "inline",
                       "true takes the name as content id, and there is no name");
    return false;
}

/* What is NULL of data, path and stream becomes null. */
static bool fill_attachment(zend_object *object, zend_string *data, zend_string *path,
                            php_stream *stream, const struct extras *extras)
{
    zend_string *id;

    if (!content_id(extras, &id) || !php_facteur_no_nul("type", extras->type) ||
        !php_facteur_no_nul("inline", id))
        return false;
    set_attachment(object, "data", data);
    set_attachment(object, "path", path);
    set_stream(object, stream);
    set_attachment(object, "name", extras->name);
    set_attachment(object, "type", extras->type);
    set_attachment(object, "inline", id);
    return true;
}

PHP_METHOD(Facteur_Attachment, __construct)
{
    zend_string *data;
    struct extras extras = {0};

    ZEND_PARSE_PARAMETERS_START(1, 4)
    Z_PARAM_STR(data)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(extras.name)
    Z_PARAM_STR_OR_NULL(extras.type)
    Z_PARAM_ZVAL(extras.inline_as)
    ZEND_PARSE_PARAMETERS_END();

    if (Z_TYPE_P(php_facteur_slot(Z_OBJ_P(ZEND_THIS), php_facteur_attachment_ce, "name")) !=
        IS_UNDEF) {
        zend_throw_error(NULL, "Facteur\\Attachment is constructed already");
        RETURN_THROWS();
    }
    fill_attachment(Z_OBJ_P(ZEND_THIS), data, NULL, NULL, &extras);
}

/*
 * The absolute path, or NULL.  Resolved now, for the working directory of a thread of PHP is not
 * that of the process.  The file may come later: a letter's may be missing until it is sent.
 */
static zend_string *resolve(const char *path)
{
    char resolved[MAXPATHLEN];

    if (!expand_filepath(path, resolved))
        php_facteur_refuse(FACTEUR_EIO, "attachments", "the path \"%s\" cannot be resolved", path);
    else if (php_check_open_basedir_ex(resolved, 0))
        php_facteur_refuse(FACTEUR_EIO, "attachments", "open_basedir does not allow %s", resolved);
    else
        return zend_string_init(resolved, strlen(resolved), 0);
    return NULL;
}

PHP_METHOD(Facteur_Attachment, fromPath)
{
    zend_string *path, *full, *shown = NULL;
    struct extras extras = {0};

    ZEND_PARSE_PARAMETERS_START(1, 4)
    Z_PARAM_PATH_STR(path)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(extras.name)
    Z_PARAM_STR_OR_NULL(extras.type)
    Z_PARAM_ZVAL(extras.inline_as)
    ZEND_PARSE_PARAMETERS_END();

    full = resolve(ZSTR_VAL(path));
    if (!full)
        RETURN_THROWS();
    if (!extras.name)
        extras.name = shown = php_basename(ZSTR_VAL(full), ZSTR_LEN(full), NULL, 0);
    object_init_ex(return_value, php_facteur_attachment_ce);
    fill_attachment(Z_OBJ_P(return_value), NULL, full, NULL, &extras);
    zend_string_release(full);
    if (shown)
        zend_string_release(shown);
}

#define STEP 65536

/*
 * A temporary file with what the stream still gives: nobody else can change it.  Not
 * php_stream_copy_to_stream_ex(), which maps whole files into memory.
 */
static php_stream *copy_stream(php_stream *source)
{
    php_stream *copy = php_stream_fopen_tmpfile();
    char *step = emalloc(STEP);
    bool good = copy != NULL;

    while (good && !php_stream_eof(source)) {
        ssize_t n = php_stream_read(source, step, STEP);

        good = n >= 0 && php_stream_write(copy, step, (size_t)n) == n;
        if (n == 0)
            break;
    }
    efree(step);
    if (good && php_stream_eof(source) && php_stream_flush(copy) == 0)
        return copy;
    if (copy)
        php_stream_close(copy);
    if (!EG(exception))
        php_facteur_refuse(FACTEUR_EIO, "stream", "the stream cannot be read to its end");
    return NULL;
}

PHP_METHOD(Facteur_Attachment, fromStream)
{
    zval *given;
    php_stream *source, *copy;
    struct extras extras = {0};

    ZEND_PARSE_PARAMETERS_START(1, 4)
    Z_PARAM_RESOURCE(given)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(extras.name)
    Z_PARAM_STR_OR_NULL(extras.type)
    Z_PARAM_ZVAL(extras.inline_as)
    ZEND_PARSE_PARAMETERS_END();

    php_stream_from_res(source, Z_RES_P(given));
    copy = copy_stream(source);
    if (!copy)
        RETURN_THROWS();
    object_init_ex(return_value, php_facteur_attachment_ce);
    if (!fill_attachment(Z_OBJ_P(return_value), NULL, NULL, copy, &extras))
        php_stream_close(copy);
}

/* ---- As a value ------------------------------------------------------------------------------ */

static zval *given(HashTable *entry, const char *name)
{
    zval *value = zend_hash_str_find_deref(entry, name, strlen(name));

    return value && Z_TYPE_P(value) != IS_NULL ? value : NULL;
}

static zend_string *given_text(HashTable *entry, const char *name)
{
    zval *value = given(entry, name);

    return value && Z_TYPE_P(value) == IS_STRING ? Z_STR_P(value) : NULL;
}

void php_facteur_attachment_of(HashTable *entry, zval *out)
{
    zend_string *text = given_text(entry, "data");
    zend_string *data = text ? php_base64_decode_str(text) : NULL;
    struct extras extras = {given_text(entry, "name"), given_text(entry, "type"),
                            given(entry, "inline")};

    object_init_ex(out, php_facteur_attachment_ce);
    fill_attachment(Z_OBJ_P(out), data, given_text(entry, "path"), NULL, &extras);
    if (data)
        zend_string_release(data);
}

/* A reference to the content, or NULL of a file. */
static zend_string *content(zend_object *attachment)
{
    php_stream *stream = stream_of(attachment);
    zend_string *data = attachment_text(attachment, "data");

    if (!stream)
        return data ? zend_string_copy(data) : NULL;
    php_stream_rewind(stream);
    data = php_stream_copy_to_mem(stream, PHP_STREAM_COPY_ALL, 0);
    return data ? data : ZSTR_EMPTY_ALLOC();
}

/* The values that are not null, or with `all` those too. */
static void add_texts(zval *out, zend_object *attachment, const char *const *names, bool all)
{
    for (; *names; names++) {
        zend_string *text = attachment_text(attachment, *names);

        if (text)
            add_assoc_str(out, *names, zend_string_copy(text));
        else if (all)
            add_assoc_null(out, *names);
    }
}

PHP_METHOD(Facteur_Attachment, jsonSerialize)
{
    static const char *const names[] = {"path", "name", "type", "inline", NULL};
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    zend_string *data;

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    data = content(self);
    if (data) {
        add_assoc_str(return_value, "data",
                      php_base64_encode((unsigned char *)ZSTR_VAL(data), ZSTR_LEN(data)));
        zend_string_release(data);
    }
    add_texts(return_value, self, names, false);
}

PHP_METHOD(Facteur_Attachment, __serialize)
{
    static const char *const names[] = {"path", "name", "type", "inline", NULL};
    zend_object *self = Z_OBJ_P(ZEND_THIS);
    zend_string *data;

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    data = content(self);
    if (data)
        add_assoc_str(return_value, "data", data);
    else
        add_assoc_null(return_value, "data");
    add_texts(return_value, self, names, true);
}

PHP_METHOD(Facteur_Attachment, __unserialize)
{
    static const char *const names[] = {"data", "path", "name", "type", "inline"};
    struct extras extras = {0};
    zend_string *data, *path;
    HashTable *values;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_ARRAY_HT(values)
    ZEND_PARSE_PARAMETERS_END();
    if (Z_TYPE_P(php_facteur_slot(Z_OBJ_P(ZEND_THIS), php_facteur_attachment_ce, "name")) !=
        IS_UNDEF) {
        zend_throw_error(NULL, "Facteur\\Attachment is constructed already");
        RETURN_THROWS();
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        zval *value = given(values, names[i]);

        if (value && Z_TYPE_P(value) != IS_STRING) {
            php_facteur_refuse_type(names[i], value, "what serialize() gave");
            RETURN_THROWS();
        }
    }
    data = given_text(values, "data");
    path = given_text(values, "path");
    if (!data == !path || !php_facteur_no_nul("path", path)) {
        if (!EG(exception))
            php_facteur_refuse(FACTEUR_EMESSAGE, "data", "expected either data or path");
        RETURN_THROWS();
    }
    extras.name = given_text(values, "name");
    extras.type = given_text(values, "type");
    extras.inline_as = given(values, "inline");
    fill_attachment(Z_OBJ_P(ZEND_THIS), data, path, NULL, &extras);
}
