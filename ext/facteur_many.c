/* SPDX-License-Identifier: MIT */
/*
 * The class Receipts: what Mailer::sendMany() returns.  It reads the messages as far ahead as fills
 * the connections, and waits for the oldest mail under way.
 */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"
#include "Zend/zend_interfaces.h"

zend_class_entry *php_facteur_receipts_ce;

static zend_object_handlers receipts_handlers;

struct receipts {
    zval mailer; /* its token callable may be asked until the last receipt */
    zval source;
    HashPosition position;          /* in an array */
    zend_object_iterator *iterator; /* of a Traversable */
    facteur_delivery **ring;        /* the mails under way, the oldest at `first` */
    size_t window, first, count;
    double deadline;
    zend_object *failure; /* thrown by the source; told after the receipts */
    zend_object *current;
    zend_long key;
    bool begun;   /* the source was looked at */
    bool started; /* `current` was looked for */
    bool busy;    /* the source, or another fiber in the wait for a receipt, is running */
    bool gives_way;
    zend_object std;
};

static struct receipts *receipts_from(zend_object *object)
{
    return (struct receipts *)((char *)object - offsetof(struct receipts, std));
}

static zend_object *receipts_create(zend_class_entry *ce)
{
    struct receipts *self = zend_object_alloc(sizeof(*self), ce);

    memset(self, 0, offsetof(struct receipts, std));
    ZVAL_UNDEF(&self->mailer);
    ZVAL_UNDEF(&self->source);
    self->key = -1;
    zend_object_std_init(&self->std, ce);
    object_properties_init(&self->std, ce);
    self->std.handlers = &receipts_handlers;
    return &self->std;
}

/* The source has no more. */
static void end_source(struct receipts *self)
{
    zend_object_iterator *iterator = self->iterator;

    self->iterator = NULL;
    if (iterator)
        zend_iterator_dtor(iterator);
    zval_ptr_dtor(&self->source);
    ZVAL_UNDEF(&self->source);
}

static void receipts_free(zend_object *object)
{
    struct receipts *self = receipts_from(object);

    for (; self->count; self->count--) {
        facteur_delivery_free(self->ring[self->first]);
        self->first = (self->first + 1) % self->window;
    }
    if (self->ring)
        efree(self->ring);
    if (self->current)
        OBJ_RELEASE(self->current);
    if (self->failure)
        OBJ_RELEASE(self->failure);
    end_source(self);
    zval_ptr_dtor(&self->mailer);
    zend_object_std_dtor(object);
}

static HashTable *receipts_gc(zend_object *object, zval **table, int *count)
{
    struct receipts *self = receipts_from(object);
    zend_get_gc_buffer *buffer = zend_get_gc_buffer_create();

    zend_get_gc_buffer_add_zval(buffer, &self->mailer);
    zend_get_gc_buffer_add_zval(buffer, &self->source);
    if (self->iterator)
        zend_get_gc_buffer_add_obj(buffer, &self->iterator->std);
    if (self->failure)
        zend_get_gc_buffer_add_obj(buffer, self->failure);
    zend_get_gc_buffer_use(buffer, table, count);
    return zend_std_get_properties(object);
}

void php_facteur_receipts_start(void)
{
    php_facteur_receipts_ce->create_object = receipts_create;
    receipts_handlers = *zend_get_std_object_handlers();
    receipts_handlers.offset = offsetof(struct receipts, std);
    receipts_handlers.free_obj = receipts_free;
    receipts_handlers.get_gc = receipts_gc;
    receipts_handlers.clone_obj = NULL;
}

zend_object *php_facteur_receipts_object(zend_object *mailer, unsigned window, zval *source,
                                         double deadline)
{
    struct receipts *self = receipts_from(receipts_create(php_facteur_receipts_ce));

    ZVAL_OBJ_COPY(&self->mailer, mailer);
    ZVAL_COPY(&self->source, source);
    self->window = window;
    self->ring = ecalloc(window, sizeof(*self->ring));
    self->deadline = deadline;
    self->gives_way = php_facteur_gives_way();
    return &self->std;
}

/* ---- The source ------------------------------------------------------------------------------ */

static zval *next_of_array(struct receipts *self)
{
    HashTable *table = Z_ARRVAL(self->source);

    if (!self->begun)
        zend_hash_internal_pointer_reset_ex(table, &self->position);
    else
        zend_hash_move_forward_ex(table, &self->position);
    return zend_hash_get_current_data_ex(table, &self->position);
}

static zval *next_of_object(struct receipts *self)
{
    zend_object_iterator *iterator = self->iterator;

    if (!iterator) {
        zend_class_entry *ce = Z_OBJCE(self->source);

        iterator = self->iterator = ce->get_iterator(ce, &self->source, 0);
        if (!iterator || EG(exception))
            return NULL;
        if (iterator->funcs->rewind)
            iterator->funcs->rewind(iterator);
    } else {
        iterator->funcs->move_forward(iterator);
    }
    if (EG(exception) || iterator->funcs->valid(iterator) != SUCCESS || EG(exception))
        return NULL;
    return iterator->funcs->get_current_data(iterator);
}

/* Submit one message; false with an exception thrown for what is no fault of the message. */
static bool submit(struct receipts *self, zval *value)
{
    facteur_delivery **place = &self->ring[(self->first + self->count) % self->window];
    bool open = php_facteur_mailer_of(Z_OBJ(self->mailer)) != NULL;
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    int code;

    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) == IS_OBJECT && Z_OBJCE_P(value) == php_facteur_message_ce)
        message = php_facteur_message_of(Z_OBJ_P(value));
    if (open && !message)
        zend_type_error("Facteur\\Mailer::sendMany(): expected Facteur\\Message, got %s",
                        zend_zval_type_name(value));
    if (!open || !message)
        return false;
    code = php_facteur_mailer_submit(Z_OBJ(self->mailer), message, self->deadline, FACTEUR_MANY,
                                     self->gives_way, place, &error);
    if (!code && !php_facteur_token_settle(php_facteur_token_of(Z_OBJ(self->mailer)), NULL))
        facteur_delivery_free(*place);
    if (EG(exception)) {
        facteur_error_free(error);
        return false;
    }
    if (code)
        php_facteur_throw(code, error);
    else
        self->count++;
    return code == 0;
}

/* Read the source until the window is full; whatever it throws is kept for the end. */
static void fill(struct receipts *self)
{
    self->busy = true;
    while (self->count < self->window && Z_TYPE(self->source) != IS_UNDEF) {
        bool object = Z_TYPE(self->source) == IS_OBJECT;
        zval *value = object ? next_of_object(self) : next_of_array(self);

        self->begun = true;
        if (EG(exception) || !value || !submit(self, value))
            end_source(self);
        /* What exit() throws goes on by itself. */
        if (EG(exception) && !zend_is_unwind_exit(EG(exception))) {
            self->failure = EG(exception);
            GC_ADDREF(self->failure);
            zend_clear_exception();
        }
    }
    self->busy = false;
}

/* ---- The receipts ---------------------------------------------------------------------------- */

static zend_object *wait_for(struct receipts *self, facteur_delivery *delivery)
{
    struct php_facteur_token *token = php_facteur_token_of(Z_OBJ(self->mailer));
    facteur_receipt *receipt;
    zend_object *object;

    php_facteur_enter();
    self->busy = true;
    receipt = php_facteur_mailer_wait(Z_OBJ(self->mailer), delivery,
                                      self->gives_way && php_facteur_gives_way(), false);
    self->busy = false;
    if (!php_facteur_token_settle(token, receipt))
        return NULL;
    object = php_facteur_receipt_object(receipt);
    php_facteur_token_chain(token);
    facteur_receipt_free(receipt);
    return object;
}

static void advance(struct receipts *self)
{
    facteur_delivery *oldest;

    if (self->busy) {
        zend_throw_error(NULL, "Facteur\\Receipts is reading its messages already");
        return;
    }
    self->started = true;
    if (self->current)
        OBJ_RELEASE(self->current);
    self->current = NULL;
    if (!self->failure)
        fill(self);
    if (EG(exception))
        return;
    if (self->count) {
        oldest = self->ring[self->first];
        self->current = wait_for(self, oldest);
        self->first = (self->first + 1) % self->window;
        self->count--;
        facteur_delivery_free(oldest);
        self->key++;
    } else if (self->failure) {
        zval exception;

        ZVAL_OBJ(&exception, self->failure);
        self->failure = NULL;
        zend_throw_exception_object(&exception);
    }
}

static struct receipts *started(zval *object)
{
    struct receipts *self = receipts_from(Z_OBJ_P(object));

    if (!self->started && self->ring)
        advance(self);
    return self;
}

PHP_METHOD(Facteur_Receipts, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

PHP_METHOD(Facteur_Receipts, rewind)
{
    struct receipts *self;

    ZEND_PARSE_PARAMETERS_NONE();
    self = started(ZEND_THIS);
    if (self->key > 0)
        zend_throw_error(NULL, "Facteur\\Receipts cannot be read a second time");
}

PHP_METHOD(Facteur_Receipts, valid)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(started(ZEND_THIS)->current != NULL);
}

PHP_METHOD(Facteur_Receipts, current)
{
    struct receipts *self;

    ZEND_PARSE_PARAMETERS_NONE();
    self = started(ZEND_THIS);
    if (self->current)
        RETURN_OBJ_COPY(self->current);
}

PHP_METHOD(Facteur_Receipts, key)
{
    struct receipts *self;

    ZEND_PARSE_PARAMETERS_NONE();
    self = started(ZEND_THIS);
    if (self->current)
        RETURN_LONG(self->key);
}

PHP_METHOD(Facteur_Receipts, next)
{
    struct receipts *self;

    ZEND_PARSE_PARAMETERS_NONE();
    self = started(ZEND_THIS);
    if (!EG(exception) && self->ring)
        advance(self);
}
