/* SPDX-License-Identifier: MIT */
/* Mailer::enqueue() and enqueueMany(): mails for the outbox of a mailer. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"
#include "Zend/zend_interfaces.h"
#include "ext/date/php_date.h"

#include <sys/time.h>

/* "1795999999.250000" of a DateTimeInterface. */
static bool read_date(zend_object *date, double *seconds)
{
    zval format, text;

    ZVAL_STRING(&format, "U.u");
    ZVAL_UNDEF(&text);
    zend_call_method_with_1_params(date, date->ce, NULL, "format", &text, &format);
    zval_ptr_dtor(&format);
    *seconds = Z_TYPE(text) == IS_STRING ? zend_strtod(Z_STRVAL(text), NULL) : 0;
    zval_ptr_dtor(&text);
    return !EG(exception);
}

static bool read_time(const char *name, zval *value, double *seconds)
{
    struct timeval now;

    *seconds = 0;
    if (!value || Z_TYPE_P(value) == IS_NULL)
        return true;
    if (Z_TYPE_P(value) == IS_OBJECT &&
        instanceof_function(Z_OBJCE_P(value), php_date_get_interface_ce()))
        return read_date(Z_OBJ_P(value), seconds);
    if ((Z_TYPE_P(value) != IS_LONG && Z_TYPE_P(value) != IS_DOUBLE) ||
        !zend_finite(zval_get_double(value)))
        return php_facteur_refuse_type(name, value, "a DateTimeInterface or seconds from now");
    gettimeofday(&now, NULL);
    *seconds = (double)now.tv_sec + (double)now.tv_usec / 1e6 + zval_get_double(value);
    return true;
}

bool php_facteur_wish_read(struct php_facteur_wish *wish, zval *not_before, zval *expires_at,
                           zend_long priority, bool no_priority)
{
    wish->priority = no_priority ? -1 : (int)priority;
    if (!no_priority && (priority < 0 || priority > 9)) {
        php_facteur_refuse(FACTEUR_EMESSAGE, "priority",
                           "expected 0 (first) to 9 (last), got " ZEND_LONG_FMT, priority);
        return false;
    }
    return (!wish->key || php_facteur_no_nul("key", wish->key)) &&
           read_time("not_before", not_before, &wish->not_before) &&
           read_time("expires_at", expires_at, &wish->expires_at);
}

/* The message of a value; NULL with an exception thrown. */
static facteur_message *message_of(zval *value)
{
    facteur_message *message = NULL;

    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) != IS_OBJECT || Z_OBJCE_P(value) != php_facteur_message_ce) {
        zend_type_error("Facteur\\Mailer::enqueueMany(): expected Facteur\\Message, got %s",
                        zend_zval_type_name(value));
        return NULL;
    }
    message = php_facteur_message_of(Z_OBJ_P(value));
    if (!message)
        zend_throw_error(NULL, "Facteur\\Message is not constructed");
    return message;
}

PHP_METHOD(Facteur_Mailer, enqueue)
{
    struct php_facteur_wish wish = {0};
    zval *message, *not_before = NULL, *expires_at = NULL;
    zend_long priority = 0;
    bool no_priority = true;
    facteur_mailer *core;
    facteur_message *held;
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    ZEND_PARSE_PARAMETERS_START(1, 5)
    Z_PARAM_OBJECT_OF_CLASS(message, php_facteur_message_ce)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(wish.key)
    Z_PARAM_ZVAL(not_before)
    Z_PARAM_ZVAL(expires_at)
    Z_PARAM_LONG_OR_NULL(priority, no_priority)
    ZEND_PARSE_PARAMETERS_END();

    if (!php_facteur_wish_read(&wish, not_before, expires_at, priority, no_priority) ||
        !(core = php_facteur_mailer_of(Z_OBJ_P(ZEND_THIS))) || !(held = message_of(message)))
        RETURN_THROWS();
    if (!php_facteur_check(facteur_enqueue(core, held, wish.key ? ZSTR_VAL(wish.key) : NULL,
                                           wish.not_before, wish.expires_at, wish.priority,
                                           &receipt, &error),
                           &error))
        RETURN_THROWS();
    RETVAL_OBJ(php_facteur_receipt_object(receipt));
    facteur_receipt_free(receipt);
}

/* The key at `index` of the list of keys, or NULL; false with an exception thrown. */
static bool key_of(HashTable *keys, zend_ulong index, const char **key)
{
    zval *value = keys ? zend_hash_index_find_deref(keys, index) : NULL;

    *key = NULL;
    if (!value || Z_TYPE_P(value) == IS_NULL)
        return true;
    if (Z_TYPE_P(value) != IS_STRING)
        return php_facteur_refuse_type("keys", value, "a string or null");
    *key = Z_STRVAL_P(value);
    return php_facteur_no_nul("keys", Z_STR_P(value));
}

static bool add_all(facteur_batch *batch, HashTable *messages, HashTable *keys,
                    const struct php_facteur_wish *wish)
{
    facteur_error *error = NULL;
    zend_ulong index = 0;
    zval *value;

    ZEND_HASH_FOREACH_VAL(messages, value)
    {
        facteur_message *message = message_of(value);
        const char *key = NULL;

        if (!message || !key_of(keys, index++, &key) ||
            !php_facteur_check(facteur_batch_add(batch, message, key, wish->not_before,
                                                 wish->expires_at, wish->priority, &error),
                               &error))
            return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
}

PHP_METHOD(Facteur_Mailer, enqueueMany)
{
    struct php_facteur_wish wish = {0};
    HashTable *messages, *keys = NULL;
    zval *not_before = NULL, *expires_at = NULL;
    zend_long priority = 0;
    bool no_priority = true;
    facteur_mailer *core;
    facteur_batch *batch = NULL;
    facteur_receipt *receipt;
    facteur_error *error = NULL;

    ZEND_PARSE_PARAMETERS_START(1, 5)
    Z_PARAM_ARRAY_HT(messages)
    Z_PARAM_OPTIONAL
    Z_PARAM_ARRAY_HT(keys)
    Z_PARAM_ZVAL(not_before)
    Z_PARAM_ZVAL(expires_at)
    Z_PARAM_LONG_OR_NULL(priority, no_priority)
    ZEND_PARSE_PARAMETERS_END();

    if (!php_facteur_wish_read(&wish, not_before, expires_at, priority, no_priority) ||
        !(core = php_facteur_mailer_of(Z_OBJ_P(ZEND_THIS))) ||
        !php_facteur_check(facteur_batch_new(core, &batch, &error), &error))
        RETURN_THROWS();
    if (add_all(batch, messages, keys, &wish) &&
        php_facteur_check(facteur_batch_commit(batch, &error), &error)) {
        array_init_size(return_value, zend_hash_num_elements(messages));
        for (size_t i = 0; (receipt = facteur_batch_receipt(batch, i)) != NULL; i++) {
            add_next_index_object(return_value, php_facteur_receipt_object(receipt));
            facteur_receipt_free(receipt);
        }
    }
    facteur_batch_free(batch);
}
