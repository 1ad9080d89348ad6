/* SPDX-License-Identifier: MIT */
/*
 * Receipts and replies as PHP objects: plain values, of which only the receipt of a mail in doubt
 * holds something of the core.  Every send makes one, so their properties are filled in the order
 * of the stub and not looked up by name.
 */
#include "php_facteur.h"

zend_class_entry *php_facteur_receipt_ce;
zend_class_entry *php_facteur_reply_ce;

/* The names of the phases, made once and kept by PHP. */
static zend_string *phases[FACTEUR_PHASE_COUNT];

static zend_object_handlers receipt_handlers;

struct receipt {
    facteur_receipt *core; /* of a mail in doubt, for its late verdict; else NULL */
    zend_object std;
};

static struct receipt *receipt_from(zend_object *object)
{
    return (struct receipt *)((char *)object - offsetof(struct receipt, std));
}

static zend_object *receipt_create(zend_class_entry *ce)
{
    struct receipt *self = zend_object_alloc(sizeof(*self), ce);

    self->core = NULL;
    zend_object_std_init(&self->std, ce);
    object_properties_init(&self->std, ce);
    self->std.handlers = &receipt_handlers;
    return &self->std;
}

static void receipt_free(zend_object *object)
{
    facteur_receipt_free(receipt_from(object)->core);
    zend_object_std_dtor(object);
}

static zend_object *receipt_clone(zend_object *from)
{
    facteur_receipt *core = receipt_from(from)->core;
    zend_object *object = receipt_create(from->ce);

    receipt_from(object)->core = core ? facteur_receipt_ref(core) : NULL;
    zend_objects_clone_members(object, from);
    return object;
}

void php_facteur_receipt_start(void)
{
    php_facteur_receipt_ce->create_object = receipt_create;
    receipt_handlers = *zend_get_std_object_handlers();
    receipt_handlers.offset = offsetof(struct receipt, std);
    receipt_handlers.free_obj = receipt_free;
    receipt_handlers.clone_obj = receipt_clone;
    for (enum facteur_phase phase = 0; phase < FACTEUR_PHASE_COUNT; phase++) {
        const char *name = facteur_phase_name(phase);

        phases[phase] = zend_string_init_interned(name, strlen(name), 1);
    }
}

zval *php_facteur_slot(zend_object *object, const zend_class_entry *ce, const char *name)
{
    const zend_property_info *info =
        zend_hash_str_find_ptr(&ce->properties_info, name, strlen(name));

    return OBJ_PROP(object, info->offset);
}

static void set(zval *slot, const zval *value)
{
    ZVAL_COPY_VALUE(slot, value);
    Z_PROP_FLAG_P(slot) = 0; /* no longer "never initialised" */
}

void php_facteur_slot_set(zend_object *object, const zend_class_entry *ce, const char *name,
                          zval *value)
{
    set(php_facteur_slot(object, ce, name), value);
}

/* ---- Properties in the order of the stub ----------------------------------------------------- */

/* Set the next property; takes over the reference that `value` holds. */
static void put(zval **next, const zval *value)
{
    set((*next)++, value);
}

static void put_text(zval **next, const char *text)
{
    zval value;

    ZVAL_STR(&value, zend_string_init_fast(text, strlen(text)));
    put(next, &value);
}

static void put_long(zval **next, zend_long number)
{
    zval value;

    ZVAL_LONG(&value, number);
    put(next, &value);
}

/* All of them were set: a property too many or too few would stand under another's name. */
static void put_all(const zend_object *object, const zval *next)
{
    ZEND_ASSERT(next - object->properties_table == object->ce->default_properties_count);
    (void)object;
    (void)next;
}

static void reply_object(zval *out, int code, const char *enhanced, const char *text)
{
    zval *next;

    object_init_ex(out, php_facteur_reply_ce);
    next = Z_OBJ_P(out)->properties_table;
    put_long(&next, code);
    put_text(&next, enhanced);
    put_text(&next, text);
    put_all(Z_OBJ_P(out), next);
}

static void put_texts(zval **next, const facteur_receipt *receipt, size_t count,
                      const char *(*at)(const facteur_receipt *receipt, size_t index))
{
    zval list;

    array_init_size(&list, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        add_next_index_string(&list, at(receipt, i));
    put(next, &list);
}

static void put_recipients(zval **next, const facteur_receipt *receipt)
{
    size_t rejected = facteur_receipt_rejected_count(receipt);
    zval list, reply;

    put_texts(next, receipt, facteur_receipt_accepted_count(receipt), facteur_receipt_accepted);
    array_init_size(&list, (uint32_t)rejected);
    for (size_t i = 0; i < rejected; i++) {
        const char *address = facteur_receipt_rejected(receipt, i);

        reply_object(&reply, facteur_receipt_rejected_code(receipt, i),
                     facteur_receipt_rejected_enhanced(receipt, i),
                     facteur_receipt_rejected_text(receipt, i));
        zend_hash_str_update(Z_ARRVAL(list), address, strlen(address), &reply);
    }
    put(next, &list);
    put_texts(next, receipt, facteur_receipt_in_doubt_count(receipt), facteur_receipt_in_doubt);
}

static void put_timings(zval **next, const facteur_receipt *receipt)
{
    zval timings, seconds;

    array_init_size(&timings, FACTEUR_PHASE_COUNT);
    for (enum facteur_phase phase = 0; phase < FACTEUR_PHASE_COUNT; phase++) {
        ZVAL_DOUBLE(&seconds, facteur_receipt_timing(receipt, phase));
        if (Z_DVAL(seconds) >= 0)
            zend_hash_add_new(Z_ARRVAL(timings), phases[phase], &seconds);
    }
    put(next, &timings);
}

zend_object *php_facteur_receipt_object(facteur_receipt *receipt)
{
    int code = facteur_receipt_error_code(receipt);
    zend_object *object;
    zval value, *next;

    object_init_ex(&value, php_facteur_receipt_ce);
    object = Z_OBJ(value);
    next = object->properties_table;
    put_text(&next, facteur_receipt_status_name(receipt));
    ZVAL_BOOL(&value, facteur_receipt_ok(receipt));
    put(&next, &value);
    put_text(&next, facteur_receipt_message_id(receipt));
    put_text(&next, facteur_receipt_queue_id(receipt));
    put_text(&next, facteur_receipt_relay(receipt));
    put_recipients(&next, receipt);
    reply_object(&value, facteur_receipt_reply_code(receipt),
                 facteur_receipt_reply_enhanced(receipt), facteur_receipt_reply_text(receipt));
    put(&next, &value);
    ZVAL_INTERNED_STR(&value, phases[facteur_receipt_phase(receipt)]);
    put(&next, &value);
    put_long(&next, (zend_long)facteur_receipt_attempts(receipt));
    put_long(&next, (zend_long)facteur_receipt_flights(receipt));
    put_timings(&next, receipt);
    put_text(&next, facteur_receipt_error(receipt));
    put_text(&next, code ? facteur_error_name(code) : "");
    put_texts(&next, receipt, facteur_receipt_note_count(receipt), facteur_receipt_note);
    put_text(&next, facteur_receipt_outbox_id(receipt));
    put_text(&next, facteur_receipt_key(receipt));
    ZVAL_BOOL(&value, facteur_receipt_durable(receipt));
    put(&next, &value);
    put_text(&next, facteur_receipt_transcript(receipt));
    put_all(object, next);
    if (facteur_receipt_in_doubt_count(receipt))
        receipt_from(object)->core = facteur_receipt_ref(receipt);
    return object;
}

PHP_METHOD(Facteur_Receipt, later)
{
    facteur_receipt *core = receipt_from(Z_OBJ_P(ZEND_THIS))->core, *later;

    ZEND_PARSE_PARAMETERS_NONE();
    later = core ? facteur_receipt_later(core) : NULL;
    if (!later)
        RETURN_NULL();
    RETVAL_OBJ(php_facteur_receipt_object(later));
    facteur_receipt_free(later);
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
