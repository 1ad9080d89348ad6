/* SPDX-License-Identifier: MIT */
/* Receipts and replies as PHP objects: plain values, which hold nothing of the core. */
#include "php_facteur.h"

zend_class_entry *php_facteur_receipt_ce;
zend_class_entry *php_facteur_reply_ce;

zval *php_facteur_slot(zend_object *object, const zend_class_entry *ce, const char *name)
{
    const zend_property_info *info =
        zend_hash_str_find_ptr(&ce->properties_info, name, strlen(name));

    return OBJ_PROP(object, info->offset);
}

void php_facteur_slot_set(zend_object *object, const zend_class_entry *ce, const char *name,
                          zval *value)
{
    zval *slot = php_facteur_slot(object, ce, name);

    ZVAL_COPY_VALUE(slot, value);
    Z_PROP_FLAG_P(slot) = 0; /* no longer "never initialised" */
}

static void set_text(zend_object *object, const char *name, const char *text)
{
    zval value;

    ZVAL_STRING(&value, text);
    php_facteur_slot_set(object, object->ce, name, &value);
}

static void set_long(zend_object *object, const char *name, zend_long number)
{
    zval value;

    ZVAL_LONG(&value, number);
    php_facteur_slot_set(object, object->ce, name, &value);
}

static void reply_object(zval *out, int code, const char *enhanced, const char *text)
{
    object_init_ex(out, php_facteur_reply_ce);
    set_long(Z_OBJ_P(out), "code", code);
    set_text(Z_OBJ_P(out), "enhanced", enhanced);
    set_text(Z_OBJ_P(out), "text", text);
}

static void set_recipients(zend_object *object, const facteur_receipt *receipt)
{
    size_t accepted = facteur_receipt_accepted_count(receipt);
    size_t rejected = facteur_receipt_rejected_count(receipt);
    zval list, reply;

    array_init_size(&list, (uint32_t)accepted);
    for (size_t i = 0; i < accepted; i++)
        add_next_index_string(&list, facteur_receipt_accepted(receipt, i));
    php_facteur_slot_set(object, object->ce, "accepted", &list);

    array_init_size(&list, (uint32_t)rejected);
    for (size_t i = 0; i < rejected; i++) {
        const char *address = facteur_receipt_rejected(receipt, i);

        reply_object(&reply, facteur_receipt_rejected_code(receipt, i),
                     facteur_receipt_rejected_enhanced(receipt, i),
                     facteur_receipt_rejected_text(receipt, i));
        zend_hash_str_update(Z_ARRVAL(list), address, strlen(address), &reply);
    }
    php_facteur_slot_set(object, object->ce, "rejected", &list);
}

static void set_verdict(zend_object *object, const facteur_receipt *receipt)
{
    int code = facteur_receipt_error_code(receipt);
    zval value;

    reply_object(&value, facteur_receipt_reply_code(receipt),
                 facteur_receipt_reply_enhanced(receipt), facteur_receipt_reply_text(receipt));
    php_facteur_slot_set(object, object->ce, "reply", &value);
    set_text(object, "error", facteur_receipt_error(receipt));
    set_text(object, "error_code", code ? facteur_error_name(code) : "");

    array_init_size(&value, FACTEUR_PHASE_COUNT);
    for (enum facteur_phase phase = 0; phase < FACTEUR_PHASE_COUNT; phase++) {
        double seconds = facteur_receipt_timing(receipt, phase);

        if (seconds >= 0)
            add_assoc_double(&value, facteur_phase_name(phase), seconds);
    }
    php_facteur_slot_set(object, object->ce, "timings", &value);
}

zend_object *php_facteur_receipt_object(const facteur_receipt *receipt)
{
    zend_object *object;
    zval value;

    object_init_ex(&value, php_facteur_receipt_ce);
    object = Z_OBJ(value);
    ZVAL_BOOL(&value, facteur_receipt_ok(receipt));
    php_facteur_slot_set(object, object->ce, "ok", &value);
    set_text(object, "status", facteur_receipt_status_name(receipt));
    set_text(object, "message_id", facteur_receipt_message_id(receipt));
    set_text(object, "queue_id", facteur_receipt_queue_id(receipt));
    set_text(object, "relay", facteur_receipt_relay(receipt));
    set_recipients(object, receipt);
    set_text(object, "phase", facteur_phase_name(facteur_receipt_phase(receipt)));
    set_long(object, "attempts", (zend_long)facteur_receipt_attempts(receipt));
    set_long(object, "flights", (zend_long)facteur_receipt_flights(receipt));
    set_verdict(object, receipt);
    set_text(object, "transcript", facteur_receipt_transcript(receipt));
    return object;
}

/* Private: receipts and replies come from the core alone. */
PHP_METHOD(Facteur_Receipt, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

PHP_METHOD(Facteur_Reply, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}
