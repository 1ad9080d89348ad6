/* SPDX-License-Identifier: MIT */
/*
 * The arguments of Message that are fields of the core's table: each read as the type that the stub
 * has for it, then set.
 */
#include "php_facteur.h"

#include "ext/date/php_date.h"

/* One argument, read; nothing of it is set where it was null. */
struct php_facteur_field {
    size_t index; /* facteur_message_field_name() */
    zend_string *text;
    HashTable *list;
    zend_object *object;
    zend_long number;
    bool flag, has_number;
};

/* ---- Setting --------------------------------------------------------------------------------- */

bool php_facteur_field_set(facteur_message *core, const char *field, zend_string *value)
{
    facteur_error *error = NULL;

    return php_facteur_check(
        facteur_message_set(core, field, ZSTR_VAL(value), ZSTR_LEN(value), &error), &error);
}

/* The value at a key, if it is a text. */
static zend_string *text_at(HashTable *list, const char *key)
{
    zval *value = zend_hash_str_find(list, key, strlen(key));

    if (value)
        ZVAL_DEREF(value);
    return value && Z_TYPE_P(value) == IS_STRING ? Z_STR_P(value) : NULL;
}

/* The address of Laravel's ['address' => …, 'name' => …], or NULL; `name` may be NULL then. */
static zend_string *named_address(HashTable *list, zend_string **name)
{
    zend_string *address = text_at(list, "address");

    if (!address)
        address = text_at(list, "email");
    *name = text_at(list, "name");
    if (!address || !memchr(ZSTR_VAL(address), '@', ZSTR_LEN(address)) ||
        zend_hash_num_elements(list) != (zend_hash_str_exists(list, "name", 4) ? 2 : 1))
        return NULL;
    return address;
}

static bool add_named(facteur_message *core, const char *field, zend_string *address,
                      const zend_string *name)
{
    facteur_error *error = NULL;

    return php_facteur_check(facteur_message_add_mailbox(core, field, name ? ZSTR_VAL(name) : NULL,
                                                         name ? ZSTR_LEN(name) : 0,
                                                         ZSTR_VAL(address), ZSTR_LEN(address),
                                                         &error),
                             &error);
}

/* One entry of an address array: a list as text, address => name, or an array that names both. */
static bool add_mailbox(facteur_message *core, const char *field, zend_string *address, zval *value)
{
    zend_string *name;

    ZVAL_DEREF(value);
    if (!address && Z_TYPE_P(value) == IS_ARRAY &&
        (address = named_address(Z_ARRVAL_P(value), &name)))
        return add_named(core, field, address, name);
    if (!address) {
        if (Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type(field, value, "addresses as texts");
        return php_facteur_field_set(core, field, Z_STR_P(value));
    }
    if (Z_TYPE_P(value) == IS_NULL)
        return add_named(core, field, address, NULL);
    if (Z_TYPE_P(value) != IS_STRING)
        return php_facteur_refuse_type(field, value, "the name of an address as a text or null");
    if (!memchr(ZSTR_VAL(address), '@', ZSTR_LEN(address)) &&
        memchr(Z_STRVAL_P(value), '@', Z_STRLEN_P(value))) {
        php_facteur_refuse(FACTEUR_EMESSAGE, field,
                           "the address is the key and the name its value: ['%s' => '%s']",
                           Z_STRVAL_P(value), ZSTR_VAL(address));
        return false;
    }
    return add_named(core, field, address, Z_STR_P(value));
}

static bool add_mailboxes(facteur_message *core, const char *field, HashTable *list)
{
    zend_string *address, *name;
    zval *value;

    address = named_address(list, &name);
    if (address)
        return add_named(core, field, address, name);
    ZEND_HASH_FOREACH_STR_KEY_VAL(list, address, value)
    {
        if (!add_mailbox(core, field, address, value))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

/* One value of the core's out of the texts of an array; NULL with an exception thrown. */
static zend_string *join(const char *field, HashTable *list, char glue)
{
    smart_str joined = {0};
    zval *value;

    ZEND_HASH_FOREACH_VAL(list, value)
    {
        ZVAL_DEREF(value);
        if (Z_TYPE_P(value) != IS_STRING) {
            smart_str_free(&joined);
            php_facteur_refuse_type(field, value, "texts");
            return NULL;
        }
        if (joined.s)
            smart_str_appendc(&joined, glue);
        smart_str_append(&joined, Z_STR_P(value));
    }
    ZEND_HASH_FOREACH_END();
    return smart_str_extract(&joined);
}

static bool set_joined(facteur_message *core, const char *field, HashTable *list, char glue)
{
    zend_string *joined;
    bool done;

    if (!zend_hash_num_elements(list))
        return true;
    joined = join(field, list, glue);
    done = joined && php_facteur_field_set(core, field, joined);
    if (joined)
        zend_string_release(joined);
    return done;
}

/*
 * A field of one value, so that a second text would take the place of the first: the texts are set
 * together, and the pairs of address => name added.
 */
static bool set_authors(facteur_message *core, const char *field, HashTable *list)
{
    HashTable *texts = zend_new_array(0), *pairs = zend_new_array(0);
    zend_string *address;
    zval *value;
    bool done;

    ZEND_HASH_FOREACH_STR_KEY_VAL(list, address, value)
    {
        ZVAL_DEREF(value);
        Z_TRY_ADDREF_P(value);
        if (address)
            zend_hash_update(pairs, address, value);
        else if (Z_TYPE_P(value) == IS_ARRAY)
            zend_hash_next_index_insert(pairs, value);
        else
            zend_hash_next_index_insert(texts, value);
    }
    ZEND_HASH_FOREACH_END();
    done = set_joined(core, field, texts, ',') && add_mailboxes(core, field, pairs);
    zend_array_release(texts);
    zend_array_release(pairs);
    return done;
}

/* The core takes them one by one. */
static bool set_each(facteur_message *core, const char *field, HashTable *list)
{
    zval *value;

    ZEND_HASH_FOREACH_VAL(list, value)
    {
        ZVAL_DEREF(value);
        if (Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type(field, value, "texts");
        if (!php_facteur_field_set(core, field, Z_STR_P(value)))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

/* Its files are the program's to read, as a mailer's are. */
static bool set_json(facteur_message *core, const char *field, zend_string *text, HashTable *list)
{
    zend_string *json;
    bool done;
    zval value;

    if (list)
        ZVAL_ARR(&value, list);
    json = list ? php_facteur_signing_json(field, &value) : zend_string_copy(text);
    done = json && php_facteur_basedir_option(field, ZSTR_VAL(json)) &&
           php_facteur_field_set(core, field, json);
    if (json)
        zend_string_release(json);
    return done;
}

static bool set_number(facteur_message *core, const char *field, zend_long number)
{
    char digits[MAX_LENGTH_OF_LONG + 1];
    facteur_error *error = NULL;

    snprintf(digits, sizeof digits, ZEND_LONG_FMT, number);
    return php_facteur_check(facteur_message_set(core, field, digits, FACTEUR_NTS, &error), &error);
}

static bool set_date(facteur_message *core, const char *field, zend_object *object)
{
    zend_string *date = php_facteur_date(object);
    bool done = date && php_facteur_field_set(core, field, date);

    if (date)
        zend_string_release(date);
    return done;
}

static bool add_metadata(facteur_message *core, HashTable *metadata)
{
    zend_string *name;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(metadata, name, value)
    {
        facteur_error *error = NULL;

        ZVAL_DEREF(value);
        if (!name || Z_TYPE_P(value) != IS_STRING)
            return php_facteur_refuse_type("metadata", value, "names with texts");
        if (!php_facteur_check(facteur_message_add_metadata(core, ZSTR_VAL(name), ZSTR_LEN(name),
                                                            Z_STRVAL_P(value), Z_STRLEN_P(value),
                                                            &error),
                               &error))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool add_header(facteur_message *core, zend_string *name, zval *value)
{
    facteur_error *error = NULL;
    zend_string *text;
    int code;

    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) != IS_LONG && Z_TYPE_P(value) != IS_STRING)
        return php_facteur_refuse_type("headers", value, "a text, or a list of texts");
    if (!php_facteur_no_nul("headers", name))
        return false;
    text = zval_get_string(value);
    code = facteur_message_add_header(core, ZSTR_VAL(name), ZSTR_VAL(text), ZSTR_LEN(text), &error);
    zend_string_release(text);
    return php_facteur_check(code, &error);
}

static bool add_header_list(facteur_message *core, zend_string *name, zval *value)
{
    zval *item;

    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) != IS_ARRAY)
        return add_header(core, name, value);
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), item)
    {
        if (!add_header(core, name, item))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool add_headers(facteur_message *core, HashTable *headers)
{
    zend_string *name;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(headers, name, value)
    {
        if (!name) {
            php_facteur_refuse(FACTEUR_EMESSAGE, "headers", "expected names: ['X-Shop' => '12']");
            return false;
        }
        if (!add_header_list(core, name, value))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool add_alternative(facteur_message *core, zend_string *type, zval *content)
{
    facteur_error *error = NULL;

    ZVAL_DEREF(content);
    if (Z_TYPE_P(content) != IS_STRING)
        return php_facteur_refuse_type("alternatives", content, "the content as a text");
    return php_facteur_no_nul("alternatives", type) &&
           php_facteur_check(facteur_message_add_alternative(core, ZSTR_VAL(type),
                                                             Z_STRVAL_P(content),
                                                             Z_STRLEN_P(content), &error),
                             &error);
}

/* type => content, or a list of [type, content]. */
static bool add_alternatives(facteur_message *core, HashTable *alternatives)
{
    zend_string *type;
    zval *value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(alternatives, type, value)
    {
        zval *content = value;

        ZVAL_DEREF(value);
        if (!type) {
            HashTable *pair = Z_TYPE_P(value) == IS_ARRAY ? Z_ARRVAL_P(value) : NULL;
            zval *first = pair ? zend_hash_index_find_deref(pair, 0) : NULL;

            content = pair ? zend_hash_index_find(pair, 1) : NULL;
            if (!first || !content || Z_TYPE_P(first) != IS_STRING)
                return php_facteur_refuse_type("alternatives", value, "a list of [type, content]");
            type = Z_STR_P(first);
        }
        if (!add_alternative(core, type, content))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

static bool set_list(facteur_message *core, const struct php_facteur_field *field)
{
    const char *name = facteur_message_field_name(field->index);
    char list = *facteur_message_field_list(field->index);

    switch (facteur_message_field_type(field->index)) {
    case FACTEUR_FIELD_mailbox:
        return list == '+' ? add_mailboxes(core, name, field->list)
                           : set_authors(core, name, field->list);
    case FACTEUR_FIELD_headers:
        return add_headers(core, field->list);
    case FACTEUR_FIELD_metadata:
        return add_metadata(core, field->list);
    case FACTEUR_FIELD_alternatives:
        return add_alternatives(core, field->list);
    case FACTEUR_FIELD_attachments:
        return php_facteur_attach(core, field->list);
    default:
        return list == '+' ? set_each(core, name, field->list)
                           : set_joined(core, name, field->list, list);
    }
}

static bool apply(facteur_message *core, const struct php_facteur_field *field)
{
    const char *name = facteur_message_field_name(field->index);

    if (facteur_message_field_type(field->index) == FACTEUR_FIELD_json)
        return !(field->text || field->list) || set_json(core, name, field->text, field->list);
    if (field->list)
        return set_list(core, field);
    if (field->text)
        return php_facteur_field_set(core, name, field->text);
    if (field->object)
        return set_date(core, name, field->object);
    if (field->has_number || field->flag)
        return set_number(core, name, field->has_number ? field->number : 1);
    return true;
}

bool php_facteur_fields_apply(facteur_message *core, const struct php_facteur_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (!apply(core, &fields->values[i]))
            return false;
    }
    return true;
}

void php_facteur_fields_done(struct php_facteur_fields *fields)
{
    efree(fields->values);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* The type of a field that is not true to it, as PHP's own functions tell it. */
static bool mistaken(uint32_t number, zend_expected_type expected, zval *value)
{
    zend_wrong_parameter_error(ZPP_ERROR_WRONG_ARG, number, NULL, expected, value);
    return false;
}

static bool read_text(struct php_facteur_field *field, zval *value, uint32_t number)
{
    return zend_parse_arg_str(value, &field->text, true, number) ||
           mistaken(number, Z_EXPECTED_STRING_OR_NULL, value);
}

static bool read_texts(struct php_facteur_field *field, zval *value, uint32_t number)
{
    return zend_parse_arg_array_ht_or_str(value, &field->list, &field->text, true, number) ||
           mistaken(number, Z_EXPECTED_ARRAY_OR_STRING_OR_NULL, value);
}

static bool read_list(struct php_facteur_field *field, zval *value, uint32_t number)
{
    return zend_parse_arg_array_ht(value, &field->list, false, false, false) ||
           mistaken(number, Z_EXPECTED_ARRAY, value);
}

static bool read_flag(struct php_facteur_field *field, zval *value, uint32_t number)
{
    return zend_parse_arg_bool(value, &field->flag, NULL, false, number) ||
           mistaken(number, Z_EXPECTED_BOOL, value);
}

static bool read_number(struct php_facteur_field *field, zval *value, uint32_t number)
{
    bool none = false;

    if (!zend_parse_arg_str_or_long(value, &field->text, &field->number, &none, true, number))
        return mistaken(number, Z_EXPECTED_STRING_OR_LONG_OR_NULL, value);
    field->has_number = !field->text && !none;
    return true;
}

static bool read_date(struct php_facteur_field *field, zval *value, uint32_t number)
{
    if (zend_parse_arg_obj_or_str(value, &field->object, php_date_get_interface_ce(), &field->text,
                                  true, number))
        return true;
    zend_wrong_parameter_error(ZPP_ERROR_WRONG_CLASS_OR_STRING_OR_NULL, number, "DateTimeInterface",
                               Z_EXPECTED_LONG, value);
    return false;
}

static bool read_value(struct php_facteur_field *field, zval *value, uint32_t number)
{
    switch (facteur_message_field_type(field->index)) {
    case FACTEUR_FIELD_text:
        return *facteur_message_field_list(field->index) ? read_texts(field, value, number)
                                                         : read_text(field, value, number);
    case FACTEUR_FIELD_mailbox:
    case FACTEUR_FIELD_json:
        return read_texts(field, value, number);
    case FACTEUR_FIELD_date:
        return read_date(field, value, number);
    case FACTEUR_FIELD_bool:
        return read_flag(field, value, number);
    case FACTEUR_FIELD_int:
        return read_number(field, value, number);
    default:
        return read_list(field, value, number);
    }
}

/* Beside finished bytes, envelope_from has its own place. */
static bool is_beside_bytes(size_t index)
{
    return facteur_message_field_finished(index) &&
           strcmp(facteur_message_field_name(index), "envelope_from") != 0;
}

bool php_facteur_fields_read(struct php_facteur_fields *out, zval *values, uint32_t count,
                             uint32_t before)
{
    size_t fields = facteur_message_field_count();
    struct php_facteur_field *read_so_far = ecalloc(fields, sizeof(*read_so_far));
    uint32_t taken = 0;

    for (size_t i = 0; i < fields && taken < count; i++) {
        if (before && !is_beside_bytes(i))
            continue;
        read_so_far[taken].index = i;
        if (!read_value(&read_so_far[taken], &values[taken], before + taken + 1)) {
            efree(read_so_far);
            return false;
        }
        taken++;
    }
    if (taken < count) {
        zend_wrong_parameters_count_error(before ? 1 : 0, before + taken);
        efree(read_so_far);
        return false;
    }
    *out = (struct php_facteur_fields){read_so_far, taken};
    return true;
}
