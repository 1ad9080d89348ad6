/* SPDX-License-Identifier: MIT */
/* The exceptions: one class for each code of facteur.h, with `where`, the code's name and the
 * receipt. */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"

zend_class_entry *php_facteur_error_ce;
zend_class_entry *php_facteur_config_error_ce;
zend_class_entry *php_facteur_message_error_ce;
zend_class_entry *php_facteur_send_error_ce;
zend_class_entry *php_facteur_temporary_error_ce;
zend_class_entry *php_facteur_connect_error_ce;
zend_class_entry *php_facteur_tls_error_ce;
zend_class_entry *php_facteur_auth_error_ce;
zend_class_entry *php_facteur_deadline_error_ce;
zend_class_entry *php_facteur_permanent_error_ce;
zend_class_entry *php_facteur_in_doubt_error_ce;

/* where   As facteur_error_where(). */
static zend_class_entry *class_of(int code, const char *where)
{
    switch (code) {
    case FACTEUR_ECONFIG:
        return php_facteur_config_error_ce;
    case FACTEUR_EMESSAGE:
        return php_facteur_message_error_ce;
    case FACTEUR_EIO: /* outside a receipt: an attachment that cannot be read, or the outbox */
        return strcmp(where, "outbox") == 0 ? php_facteur_error_ce : php_facteur_message_error_ce;
    default:
        return php_facteur_error_ce;
    }
}

static zend_class_entry *class_of_receipt(const facteur_receipt *receipt)
{
    switch (facteur_receipt_status(receipt)) {
    case FACTEUR_PERMANENT:
        return php_facteur_permanent_error_ce;
    case FACTEUR_IN_DOUBT:
        return php_facteur_in_doubt_error_ce;
    default:
        break;
    }
    switch (facteur_receipt_error_code(receipt)) {
    case FACTEUR_ECONNECT:
        return php_facteur_connect_error_ce;
    case FACTEUR_ETLS:
        return php_facteur_tls_error_ce;
    case FACTEUR_EAUTH:
        return php_facteur_auth_error_ce;
    case FACTEUR_EDEADLINE:
        return php_facteur_deadline_error_ce;
    default:
        return php_facteur_temporary_error_ce;
    }
}

zend_object *php_facteur_error_create(zend_class_entry *ce)
{
    zend_object *object = zend_ce_exception->create_object(ce);
    zval value;

    ZVAL_EMPTY_STRING(&value);
    php_facteur_slot_set(object, php_facteur_error_ce, "where", &value);
    php_facteur_slot_set(object, php_facteur_error_ce, "error_code", &value);
    if (php_facteur_send_error_ce && instanceof_function(ce, php_facteur_send_error_ce)) {
        ZVAL_NULL(&value);
        php_facteur_slot_set(object, php_facteur_send_error_ce, "receipt", &value);
    }
    return object;
}

/*
 * With zend.exception_ignore_args=0 a trace holds what the constructor of Mailer was given:
 * SensitiveParameter, which hides arguments from PHP 8.2 on, does not reach named options.
 */
static void redact(zend_object *exception)
{
    const zend_execute_data *call = EG(current_execute_data);
    zval rv, *trace, *frame;

    if (!call || call->func->common.scope != php_facteur_mailer_ce ||
        !(call->func->common.fn_flags & ZEND_ACC_CTOR))
        return;
    trace = zend_read_property_ex(zend_get_exception_base(exception), exception,
                                  ZSTR_KNOWN(ZEND_STR_TRACE), 1, &rv);
    if (Z_TYPE_P(trace) != IS_ARRAY)
        return;
    SEPARATE_ARRAY(trace);
    frame = zend_hash_index_find(Z_ARRVAL_P(trace), 0);
    if (!frame || Z_TYPE_P(frame) != IS_ARRAY)
        return;
    SEPARATE_ARRAY(frame);
    zend_hash_str_del(Z_ARRVAL_P(frame), "args", sizeof("args") - 1);
}

void php_facteur_redact(void)
{
    if (EG(exception) && instanceof_function(EG(exception)->ce, zend_ce_throwable))
        redact(EG(exception));
}

static void throw_object(zend_class_entry *ce, int code, const char *message, const char *where,
                         zend_object *receipt)
{
    zval exception, value;

    object_init_ex(&exception, ce);
    ZVAL_STRING(&value, message);
    zend_update_property_ex(zend_ce_exception, Z_OBJ(exception), ZSTR_KNOWN(ZEND_STR_MESSAGE),
                            &value);
    zval_ptr_dtor(&value);
    ZVAL_LONG(&value, code);
    zend_update_property_ex(zend_ce_exception, Z_OBJ(exception), ZSTR_KNOWN(ZEND_STR_CODE), &value);
    ZVAL_STRING(&value, where);
    php_facteur_slot_set(Z_OBJ(exception), php_facteur_error_ce, "where", &value);
    ZVAL_STRING(&value, facteur_error_name(code));
    php_facteur_slot_set(Z_OBJ(exception), php_facteur_error_ce, "error_code", &value);
    if (receipt) {
        ZVAL_OBJ(&value, receipt);
        php_facteur_slot_set(Z_OBJ(exception), php_facteur_send_error_ce, "receipt", &value);
    }
    redact(Z_OBJ(exception));
    zend_throw_exception_object(&exception);
}

void php_facteur_throw(int code, facteur_error *error)
{
    const char *message = error ? facteur_error_sentence(error) : facteur_error_text(code);

    const char *where = error ? facteur_error_where(error) : "";

    throw_object(class_of(code, where), code, message, where, NULL);
    facteur_error_free(error);
}

facteur_receipt *php_facteur_shortage_receipt(void)
{
    facteur_receipt *receipt;
    zval rv, *code, *message;

    if (!EG(exception) || EG(exception)->ce != php_facteur_error_ce)
        return NULL;
    code =
        zend_read_property_ex(zend_ce_exception, EG(exception), ZSTR_KNOWN(ZEND_STR_CODE), 1, &rv);
    if (Z_TYPE_P(code) != IS_LONG ||
        (Z_LVAL_P(code) != FACTEUR_ELIMIT && Z_LVAL_P(code) != FACTEUR_ENOMEM))
        return NULL;
    message = zend_read_property_ex(zend_ce_exception, EG(exception), ZSTR_KNOWN(ZEND_STR_MESSAGE),
                                    1, &rv);
    receipt = facteur_receipt_of_shortage((int)Z_LVAL_P(code), Z_STRVAL_P(message));
    zend_clear_exception();
    return receipt;
}

void php_facteur_refuse(int code, const char *where, const char *format, ...)
{
    va_list args;
    zend_string *text, *message;

    va_start(args, format);
    text = zend_vstrpprintf(1024, format, args);
    va_end(args);
    message = *where ? zend_strpprintf(0, "%s: %s", where, ZSTR_VAL(text)) : zend_string_copy(text);
    throw_object(class_of(code, where), code, ZSTR_VAL(message), where, NULL);
    zend_string_release(message);
    zend_string_release(text);
}

void php_facteur_throw_receipt(zend_object *object, const facteur_receipt *receipt)
{
    throw_object(class_of_receipt(receipt), facteur_receipt_error_code(receipt),
                 facteur_receipt_error(receipt), "", object);
}

bool php_facteur_check(int code, facteur_error **error)
{
    if (code)
        php_facteur_throw(code, *error);
    return code == 0;
}

bool php_facteur_refuse_type(const char *where, zval *value, const char *wanted)
{
    php_facteur_refuse(FACTEUR_EMESSAGE, where, "expected %s, got %s", wanted,
                       zend_zval_type_name(value));
    return false;
}

bool php_facteur_no_nul(const char *where, const zend_string *text)
{
    if (!text || !zend_str_has_nul_byte(text))
        return true;
    php_facteur_refuse(FACTEUR_EMESSAGE, where, "the text has the control character 0x00");
    return false;
}
