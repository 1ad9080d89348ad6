/* SPDX-License-Identifier: MIT */
/* The module: its classes and functions, and nothing that is opened before the first send. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "php_facteur.h"

#include "Zend/zend_attributes.h"
#include "Zend/zend_exceptions.h"
#include "Zend/zend_interfaces.h"
#include "ext/date/php_date.h"
#include "ext/json/php_json.h"
#include "facteur_arginfo.h"

static zend_class_entry *error_class(zend_class_entry *ce)
{
    ce->create_object = php_facteur_error_create;
    return ce;
}

static void register_errors(void)
{
    zend_class_entry *error, *send, *temporary;

    error = error_class(register_class_Facteur_Error(zend_ce_exception, php_json_serializable_ce));
    send = error_class(register_class_Facteur_SendError(error));
    temporary = error_class(register_class_Facteur_TemporaryError(send));
    php_facteur_error_ce = error;
    php_facteur_send_error_ce = send;
    php_facteur_temporary_error_ce = temporary;
    php_facteur_config_error_ce = error_class(register_class_Facteur_ConfigError(error));
    php_facteur_message_error_ce = error_class(register_class_Facteur_MessageError(error));
    php_facteur_connect_error_ce = error_class(register_class_Facteur_ConnectError(temporary));
    php_facteur_tls_error_ce = error_class(register_class_Facteur_TLSError(temporary));
    php_facteur_auth_error_ce = error_class(register_class_Facteur_AuthError(temporary));
    php_facteur_deadline_error_ce = error_class(register_class_Facteur_DeadlineError(temporary));
    php_facteur_permanent_error_ce = error_class(register_class_Facteur_PermanentError(send));
    php_facteur_in_doubt_error_ce = error_class(register_class_Facteur_InDoubtError(send));
}

static PHP_MINIT_FUNCTION(facteur)
{
    if (!php_facteur_ini_start(module_number))
        return FAILURE;
    register_errors();
    php_facteur_mailer_ce = register_class_Facteur_Mailer();
    php_facteur_message_ce = register_class_Facteur_Message(php_json_serializable_ce);
    php_facteur_attachment_ce = register_class_Facteur_Attachment(php_json_serializable_ce);
    php_facteur_receipt_ce = register_class_Facteur_Receipt(php_json_serializable_ce);
    php_facteur_receipts_ce = register_class_Facteur_Receipts(zend_ce_iterator);
    php_facteur_reply_ce = register_class_Facteur_Reply();
    register_class_Facteur_Outbox();
    php_facteur_mailer_start();
    php_facteur_message_start();
    php_facteur_receipt_start();
    php_facteur_receipts_start();
    return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(facteur)
{
    php_facteur_ini_stop(module_number);
    return SUCCESS;
}

/* After a fatal error the suspended fibers are not unwound; the pool outlives the request. */
static PHP_RSHUTDOWN_FUNCTION(facteur)
{
    facteur_forget_callers();
    return SUCCESS;
}

static const zend_module_dep dependencies[] = {ZEND_MOD_REQUIRED("date") ZEND_MOD_REQUIRED("json")
                                                   ZEND_MOD_END};

zend_module_entry facteur_module_entry = {
    STANDARD_MODULE_HEADER_EX,
    NULL,
    dependencies,
    "facteur",
    ext_functions,
    PHP_MINIT(facteur),
    PHP_MSHUTDOWN(facteur),
    NULL,
    PHP_RSHUTDOWN(facteur),
    PHP_MINFO(facteur),
    FACTEUR_VERSION,
    STANDARD_MODULE_PROPERTIES,
};

#ifdef COMPILE_DL_FACTEUR
ZEND_GET_MODULE(facteur)
#endif
