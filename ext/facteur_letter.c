/* SPDX-License-Identifier: MIT */
/* Letters: what a call was given as the core takes it, and the functions outside of a Mailer. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"

/* The JSON of a letter's data: an array becomes an object, also when it is empty. */
static zend_string *letter_json(HashTable *table, zend_string *text)
{
    smart_str json = {0};
    zval value;

    if (!table)
        return zend_string_copy(text);
    if (zend_hash_num_elements(table) == 0)
        return zend_string_init("{}", 2, 0);
    ZVAL_ARR(&value, table);
    if (php_facteur_json(&json, &value, FACTEUR_EMESSAGE, ""))
        return smart_str_extract(&json);
    smart_str_free(&json);
    return NULL;
}

static bool read_deadline(double *out, zval *value)
{
    double deadline = Z_TYPE_P(value) == IS_LONG     ? (double)Z_LVAL_P(value)
                      : Z_TYPE_P(value) == IS_DOUBLE ? Z_DVAL_P(value)
                                                     : -1;

    if (!(deadline >= 0) || zend_isinf(deadline)) {
        php_facteur_refuse(FACTEUR_EMESSAGE, "deadline", "expected a number of seconds, 0 or more");
        return false;
    }
    *out = deadline;
    return true;
}

/* Take from `options` what the extension itself uses; the rest is for the core. */
static bool take_own(struct php_facteur_letter_call *call, HashTable *options)
{
    zval *value = zend_hash_str_find_deref(options, "deadline", sizeof("deadline") - 1);

    if (value && Z_TYPE_P(value) != IS_NULL && !read_deadline(&call->deadline, value))
        return false;
    zend_hash_str_del(options, "deadline", sizeof("deadline") - 1);

    value = zend_hash_str_find_deref(options, "attachments", sizeof("attachments") - 1);
    if (value && Z_TYPE_P(value) == IS_ARRAY) {
        call->attachments = Z_ARRVAL_P(value);
        GC_TRY_ADDREF(call->attachments);
    } else if (value && Z_TYPE_P(value) != IS_NULL) {
        return php_facteur_refuse_type("attachments", value, "a list of Facteur\\Attachment");
    }
    zend_hash_str_del(options, "attachments", sizeof("attachments") - 1);
    return true;
}

static bool read_options(struct php_facteur_letter_call *call, HashTable *options)
{
    smart_str json = {0};
    zend_string *name;
    zval *item, value;

    ZEND_HASH_FOREACH_STR_KEY_VAL(options, name, item)
    {
        ZVAL_DEREF(item);
        if (!name) {
            php_facteur_refuse(FACTEUR_EMESSAGE, "", "options are named: ['locale' => 'fr']");
            return false;
        }
        if (Z_TYPE_P(item) == IS_NULL)
            zend_hash_del(options, name);
    }
    ZEND_HASH_FOREACH_END();
    if (!take_own(call, options))
        return false;
    if (zend_hash_num_elements(options) == 0)
        return true;
    ZVAL_ARR(&value, options);
    if (!php_facteur_json(&json, &value, FACTEUR_EMESSAGE, "")) {
        smart_str_free(&json);
        return false;
    }
    call->options = smart_str_extract(&json);
    return true;
}

bool php_facteur_letter_read(struct php_facteur_letter_call *call, const char *kind,
                             INTERNAL_FUNCTION_PARAMETERS)
{
    HashTable *table, *options = NULL, *merged;
    zend_string *text;
    uint32_t more = kind ? 0 : 1;
    char *given = NULL;
    size_t given_len;
    bool done;

    ZEND_PARSE_PARAMETERS_START(1 + more, 2 + more)
    if (more) {
        Z_PARAM_PATH(given, given_len)
    }
    Z_PARAM_ARRAY_HT_OR_STR(table, text)
    Z_PARAM_OPTIONAL
    Z_PARAM_ARRAY_HT(options)
    ZEND_PARSE_PARAMETERS_END_EX(return false);

    call->kind = kind ? kind : given;
    merged = php_facteur_merge(options, execute_data);
    done = read_options(call, merged);
    zend_array_release(merged);
    if (done)
        call->json = letter_json(table, text);
    return call->json != NULL;
}

void php_facteur_letter_done(struct php_facteur_letter_call *call)
{
    if (call->json)
        zend_string_release(call->json);
    if (call->options)
        zend_string_release(call->options);
    if (call->attachments)
        zend_array_release(call->attachments);
}

facteur_message *php_facteur_letter_compose(const struct php_facteur_letter_call *call,
                                            const facteur_mailer *mailer)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    int code = facteur_letter(mailer, call->kind, ZSTR_VAL(call->json), ZSTR_LEN(call->json),
                              call->options ? ZSTR_VAL(call->options) : NULL,
                              call->options ? ZSTR_LEN(call->options) : 0, &message, &error);

    if (code) {
        php_facteur_throw(code, error);
        return NULL;
    }
    if (!call->attachments || php_facteur_attach(message, call->attachments))
        return message;
    facteur_message_free(message);
    return NULL;
}

/* Compose with the default mailer's settings and return the Message. */
static void compose(const char *kind, INTERNAL_FUNCTION_PARAMETERS)
{
    struct php_facteur_letter_call call = {0};
    facteur_message *message = NULL;
    zend_object *mailer = NULL;

    if (php_facteur_letter_read(&call, kind, INTERNAL_FUNCTION_PARAM_PASSTHRU))
        mailer = php_facteur_mailer_default(true);
    if (mailer)
        message = php_facteur_letter_compose(&call, php_facteur_mailer_of(mailer));
    if (message)
        php_facteur_message_wrap(return_value, message);
    if (mailer)
        OBJ_RELEASE(mailer);
    php_facteur_letter_done(&call);
}

/* Compose and send with the default mailer. */
static void send_letter(const char *kind, INTERNAL_FUNCTION_PARAMETERS)
{
    struct php_facteur_letter_call call = {0};
    zend_object *mailer = NULL;

    if (php_facteur_letter_read(&call, kind, INTERNAL_FUNCTION_PARAM_PASSTHRU))
        mailer = php_facteur_mailer_default(false);
    if (mailer) {
        php_facteur_letter_send(return_value, &call, mailer);
        OBJ_RELEASE(mailer);
    }
    php_facteur_letter_done(&call);
}

PHP_FUNCTION(facteur_send_letter)
{
    send_letter(NULL, INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_FUNCTION(facteur_send_order_confirmation)
{
    send_letter("order_confirmation", INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_FUNCTION(facteur_send_contact_form)
{
    send_letter("contact_form", INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_FUNCTION(Facteur_letter)
{
    compose(NULL, INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_FUNCTION(Facteur_letter_kinds)
{
    const char *const *names = facteur_letter_kinds();

    ZEND_PARSE_PARAMETERS_NONE();
    array_init(return_value);
    while (*names)
        add_next_index_string(return_value, *names++);
}

PHP_FUNCTION(Facteur_order_confirmation)
{
    compose("order_confirmation", INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_FUNCTION(Facteur_contact_form)
{
    compose("contact_form", INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_FUNCTION(Facteur_version)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_STRING(facteur_version());
}
