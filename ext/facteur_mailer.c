/* SPDX-License-Identifier: MIT */
/*
 * The class Mailer.  The object belongs to the request; what it holds on to belongs to the process:
 * facteur_mailer_shared() hands the same connections to the next request.
 */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"
#include "ext/json/php_json.h"

#define JSON_DEPTH 32

zend_class_entry *php_facteur_mailer_ce;

static zend_object_handlers mailer_handlers;

struct mailer {
    facteur_mailer *core; /* NULL: closed, or the constructor has not run to its end */
    bool closing;         /* as soon as no fiber waits in it */
    struct php_facteur_token token;
    struct php_facteur_loop loop;
    zend_object std;
};

static struct mailer *mailer_from(zend_object *object)
{
    return (struct mailer *)((char *)object - offsetof(struct mailer, std));
}

static zend_object *mailer_create(zend_class_entry *ce)
{
    struct mailer *mailer = zend_object_alloc(sizeof(*mailer), ce);

    mailer->core = NULL;
    mailer->closing = false;
    memset(&mailer->token, 0, sizeof(mailer->token));
    php_facteur_loop_init(&mailer->loop, &mailer->std);
    zend_object_std_init(&mailer->std, ce);
    object_properties_init(&mailer->std, ce);
    mailer->std.handlers = &mailer_handlers;
    return &mailer->std;
}

static void release(struct mailer *mailer)
{
    php_facteur_loop_done(&mailer->loop);
    facteur_mailer_free(mailer->core);
    mailer->core = NULL;
}

/* At the end of a call: what is closed leaves when the last fiber has left it. */
static void close_if_wanted(struct mailer *mailer)
{
    if (!mailer->closing || php_facteur_loop_busy(&mailer->loop))
        return;
    php_facteur_loop_stop(&mailer->loop);
    release(mailer);
}

/* The event loop holds on to the object as long as it watches for it. */
static void mailer_free(zend_object *object)
{
    release(mailer_from(object));
    php_facteur_token_done(&mailer_from(object)->token);
    zend_object_std_dtor(object);
}

/* A callable may hold the object that it belongs to. */
static HashTable *mailer_gc(zend_object *object, zval **table, int *count)
{
    *table = &mailer_from(object)->token.callable;
    *count = 1;
    return zend_std_get_properties(object);
}

void php_facteur_mailer_start(void)
{
    php_facteur_mailer_ce->create_object = mailer_create;
    mailer_handlers = *zend_get_std_object_handlers();
    mailer_handlers.offset = offsetof(struct mailer, std);
    mailer_handlers.free_obj = mailer_free;
    mailer_handlers.get_gc = mailer_gc;
    mailer_handlers.clone_obj = NULL;
}

/*
 * The mails that memory:// holds are those of this object alone: shared, they would outlive the
 * request and be another test's.
 */
static bool is_private(const char *dsn)
{
    return dsn && zend_binary_strncasecmp(dsn, strlen(dsn), "memory:", 7, 7) == 0;
}

/*
 * Whether the environment or the configuration file has a DSN: 1 or 0; -1 with an exception thrown.
 * Another thread may be in putenv().
 */
static int has_default_dsn(void)
{
    facteur_error *error = NULL;
    int result;

    if (!php_facteur_basedir_allows_conf())
        return -1;
    tsrm_env_lock();
    result = facteur_default_dsn(&error);
    tsrm_env_unlock();
    if (result < 0)
        php_facteur_throw(result, error);
    return result < 0 ? -1 : result;
}

/*
 * The core reads the environment.  Both calls must see the same one, and nothing of PHP's, which
 * could leave by a bailout, may run under the lock.
 */
static int make_mailer(const char *dsn, const struct php_facteur_options *list,
                       facteur_mailer **core, facteur_paths **paths, facteur_error **error)
{
    const char *const *names = list->names, *const *values = list->values;
    int code = 0;

    tsrm_env_lock();
    if (php_facteur_basedir_rules())
        code = facteur_paths_of(dsn, names, values, list->count, paths, error);
    if (!code && is_private(dsn))
        code = facteur_mailer_new(dsn, names, values, list->count, core, error);
    else if (!code)
        code = facteur_mailer_shared(dsn, names, values, list->count, core, error);
    tsrm_env_unlock();
    return code;
}

/* False with an exception thrown. */
static bool may_open(const char *dsn)
{
    int known = dsn ? php_facteur_basedir_allows_conf() : has_default_dsn();

    if (known == 0 && !dsn)
        php_facteur_refuse(FACTEUR_ECONFIG, "dsn",
                           "there is no DSN: give one (smtps://user:password@host), or set "
                           "facteur.dsn in php.ini, dsn in /etc/facteur.conf, or FACTEUR_DSN in "
                           "the environment; php-fpm clears the environment: write "
                           "env[FACTEUR_DSN] = … or clear_env = no into the pool's configuration");
    return known > 0;
}

/* own_dsn: the DSN is the program's, not that of the settings. */
static facteur_mailer *open_mailer(const char *dsn, HashTable *options, bool own_dsn)
{
    struct php_facteur_options list = {0};
    facteur_mailer *core = NULL;
    facteur_paths *paths = NULL;
    facteur_error *error = NULL;
    int code;

    if (!may_open(dsn))
        return NULL;
    if (php_facteur_options_fill(&list, options, own_dsn)) {
        code = make_mailer(dsn, &list, &core, &paths, &error);
        if (code)
            php_facteur_throw(code, error);
        /* It has opened nothing yet. */
        else if (paths && !php_facteur_basedir_allows(paths, &list, own_dsn)) {
            facteur_mailer_free(core);
            core = NULL;
        }
    }
    facteur_paths_free(paths);
    php_facteur_options_done(&list);
    return core;
}

/* Its callable is asked in the sends of this object alone. */
static facteur_mailer *open_with_token(struct mailer *mailer, const char *dsn, HashTable *options)
{
    const char *text = dsn ? dsn : php_facteur_ini_dsn();
    facteur_error *error = NULL;
    facteur_mailer *core;
    int code;

    php_facteur_token_take(&mailer->token, options);
    core = open_mailer(text, options, dsn != NULL);
    if (!core || Z_TYPE(mailer->token.callable) == IS_UNDEF)
        return core;
    code = facteur_mailer_set_token_source(core, php_facteur_token_ask, &mailer->token, &error);
    if (!code)
        return core;
    php_facteur_throw(code, error);
    facteur_mailer_free(core);
    return NULL;
}

struct php_facteur_token *php_facteur_token_of(zend_object *object)
{
    return &mailer_from(object)->token;
}

struct php_facteur_loop *php_facteur_loop_of(zend_object *object)
{
    return &mailer_from(object)->loop;
}

zend_object *php_facteur_mailer_default(bool for_composing)
{
    const char *dsn = php_facteur_ini_dsn();
    zend_object *object = mailer_create(php_facteur_mailer_ce);

    /* A letter can be composed where nothing can be sent. */
    if (!dsn && for_composing && has_default_dsn() == 0)
        dsn = "null://";
    if (!EG(exception))
        mailer_from(object)->core = open_mailer(dsn, (HashTable *)&zend_empty_array, false);
    if (mailer_from(object)->core)
        return object;
    OBJ_RELEASE(object);
    return NULL;
}

facteur_mailer *php_facteur_mailer_of(zend_object *object)
{
    const struct mailer *mailer = mailer_from(object);

    if (mailer->core && !mailer->closing)
        return mailer->core;
    php_facteur_throw(FACTEUR_ECLOSED, NULL);
    return NULL;
}

static facteur_mailer *opened(zval *object)
{
    return php_facteur_mailer_of(Z_OBJ_P(object));
}

PHP_METHOD(Facteur_Mailer, __construct)
{
    struct mailer *mailer = mailer_from(Z_OBJ_P(ZEND_THIS));
    HashTable *options = NULL, *merged;
    zend_string *dsn = NULL;
    zval *slot, name;

    ZEND_PARSE_PARAMETERS_START(0, 2)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(dsn)
    Z_PARAM_ARRAY_HT(options)
    ZEND_PARSE_PARAMETERS_END_EX(php_facteur_redact(); return );

    slot = php_facteur_slot(&mailer->std, php_facteur_mailer_ce, "name");
    if (Z_TYPE_P(slot) != IS_UNDEF) {
        zend_throw_error(NULL, "Facteur\\Mailer is constructed already");
        php_facteur_redact();
        RETURN_THROWS();
    }
    if (dsn && zend_str_has_nul_byte(dsn)) {
        php_facteur_refuse(FACTEUR_ECONFIG, "dsn", "the DSN has the control character 0x00");
        RETURN_THROWS();
    }
    merged = php_facteur_merge(options, execute_data);
    mailer->core = open_with_token(mailer, dsn ? ZSTR_VAL(dsn) : NULL, merged);
    zend_array_release(merged);
    if (!mailer->core)
        RETURN_THROWS();
    ZVAL_STRING(&name, facteur_mailer_name(mailer->core));
    php_facteur_slot_set(&mailer->std, php_facteur_mailer_ce, "name", &name);
}

int php_facteur_mailer_submit(zend_object *object, facteur_message *message, double deadline,
                              unsigned how, bool gives_way, facteur_delivery **delivery,
                              facteur_error **error)
{
    struct mailer *mailer = mailer_from(object);

    php_facteur_enter();
    if (gives_way)
        return php_facteur_loop_submit(&mailer->loop, mailer->core, message, deadline, how,
                                       delivery, error);
    return facteur_submit(mailer->core, message, deadline, how, delivery, error);
}

facteur_receipt *php_facteur_mailer_wait(zend_object *object, facteur_delivery *delivery,
                                         bool gives_way, bool owned)
{
    struct mailer *mailer = mailer_from(object);
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int code = 0;

    if (gives_way)
        php_facteur_loop_finish(&mailer->loop, &mailer->token, delivery, owned);
    if (!EG(exception) && !mailer->token.bailed)
        code = facteur_delivery_wait(delivery, -1, &receipt, &error);
    close_if_wanted(mailer);
    if (code < 0 && EG(exception))
        facteur_error_free(error);
    else if (code < 0)
        php_facteur_throw(code, error);
    return receipt;
}

/* Send; the Receipt, or NULL with an exception thrown for what could not be tried. */
static facteur_receipt *try_send(zend_object *mailer, facteur_message *message, double deadline,
                                 unsigned how)
{
    bool gives_way = php_facteur_gives_way();
    facteur_delivery *delivery = NULL;
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int code =
        php_facteur_mailer_submit(mailer, message, deadline, how, gives_way, &delivery, &error);

    if (code)
        php_facteur_throw(code, error);
    else
        receipt = php_facteur_mailer_wait(mailer, delivery, gives_way, true);
    facteur_delivery_free(delivery);
    return receipt;
}

static bool deadline_valid(double deadline, uint32_t argument)
{
    if (deadline >= 0 && !zend_isinf(deadline))
        return true;
    zend_argument_value_error(argument, "must be a number of seconds, 0 or more");
    return false;
}

PHP_METHOD(Facteur_Mailer, send)
{
    facteur_message *message;
    facteur_receipt *receipt;
    struct php_facteur_token *token;
    zend_object *object;
    zval *argument;
    double deadline = 0;

    ZEND_PARSE_PARAMETERS_START(1, 2)
    Z_PARAM_OBJECT_OF_CLASS(argument, php_facteur_message_ce)
    Z_PARAM_OPTIONAL
    Z_PARAM_DOUBLE(deadline)
    ZEND_PARSE_PARAMETERS_END();

    message = php_facteur_message_of(Z_OBJ_P(argument));
    if (!deadline_valid(deadline, 2) || !opened(ZEND_THIS))
        RETURN_THROWS();
    if (!message) {
        zend_throw_error(NULL, "Facteur\\Message is not constructed");
        RETURN_THROWS();
    }
    token = php_facteur_token_of(Z_OBJ_P(ZEND_THIS));
    /* Of another mail, that threw nothing. */
    php_facteur_token_chain(token);
    receipt = try_send(Z_OBJ_P(ZEND_THIS), message, deadline, 0);
    if (!php_facteur_token_settle(token, receipt))
        RETURN_THROWS();
    object = php_facteur_receipt_object(receipt);
    if (facteur_receipt_ok(receipt))
        RETVAL_OBJ(object);
    else
        php_facteur_throw_receipt(object, receipt);
    php_facteur_token_chain(token);
    facteur_receipt_free(receipt);
}

PHP_METHOD(Facteur_Mailer, sendMany)
{
    facteur_mailer *core;
    zval *messages;
    double deadline = 0;

    ZEND_PARSE_PARAMETERS_START(1, 2)
    Z_PARAM_ITERABLE(messages)
    Z_PARAM_OPTIONAL
    Z_PARAM_DOUBLE(deadline)
    ZEND_PARSE_PARAMETERS_END();

    if (!deadline_valid(deadline, 2) || !(core = opened(ZEND_THIS)))
        RETURN_THROWS();
    RETURN_OBJ(php_facteur_receipts_object(Z_OBJ_P(ZEND_THIS), facteur_mailer_window(core),
                                           messages, deadline));
}

void php_facteur_letter_send(zval *return_value, const struct php_facteur_letter_call *call,
                             zend_object *mailer)
{
    facteur_message *message = php_facteur_letter_compose(call, mailer_from(mailer)->core);
    facteur_receipt *receipt = message ? try_send(mailer, message, call->deadline, FACTEUR_LETTER)
                                       : php_facteur_shortage_receipt();

    facteur_message_free(message);
    if (!php_facteur_token_settle(php_facteur_token_of(mailer), receipt))
        return;
    if (receipt)
        RETVAL_OBJ(php_facteur_receipt_object(receipt));
    facteur_receipt_free(receipt);
}

static void send_letter(const char *kind, INTERNAL_FUNCTION_PARAMETERS)
{
    struct php_facteur_letter_call call = {0};

    /* Reading runs user code, which may close the mailer. */
    if (php_facteur_letter_read(&call, kind, INTERNAL_FUNCTION_PARAM_PASSTHRU) && opened(ZEND_THIS))
        php_facteur_letter_send(return_value, &call, Z_OBJ_P(ZEND_THIS));
    php_facteur_letter_done(&call);
}

PHP_METHOD(Facteur_Mailer, sendLetter)
{
    send_letter(NULL, INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_METHOD(Facteur_Mailer, sendOrderConfirmation)
{
    send_letter("order_confirmation", INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

PHP_METHOD(Facteur_Mailer, sendContactForm)
{
    send_letter("contact_form", INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

void php_facteur_decode(zval *out, char *json)
{
    php_json_decode_ex(out, json, strlen(json), PHP_JSON_OBJECT_AS_ARRAY, JSON_DEPTH);
    facteur_free(json);
}

PHP_METHOD(Facteur_Mailer, check)
{
    facteur_mailer *core;
    struct php_facteur_token *token;
    facteur_error *error = NULL;
    char *json = NULL;
    double deadline = 0;
    int code;

    ZEND_PARSE_PARAMETERS_START(0, 1)
    Z_PARAM_OPTIONAL
    Z_PARAM_DOUBLE(deadline)
    ZEND_PARSE_PARAMETERS_END();

    if (!deadline_valid(deadline, 1) || !(core = opened(ZEND_THIS)))
        RETURN_THROWS();
    php_facteur_enter();
    code = facteur_check(core, deadline, &json, &error);
    token = php_facteur_token_of(Z_OBJ_P(ZEND_THIS));
    if (token->bailed || EG(exception)) {
        facteur_error_free(error);
        facteur_free(json);
        php_facteur_token_settle(token, NULL);
        RETURN_THROWS();
    }
    if (code) {
        php_facteur_throw(code, error);
        RETURN_THROWS();
    }
    php_facteur_decode(return_value, json);
}

PHP_METHOD(Facteur_Mailer, stats)
{
    facteur_mailer *core;
    facteur_error *error = NULL;
    char *json = NULL;
    int code;

    ZEND_PARSE_PARAMETERS_NONE();
    core = opened(ZEND_THIS);
    if (!core)
        RETURN_THROWS();
    code = facteur_stats(core, &json, &error);
    if (code) {
        php_facteur_throw(code, error);
        RETURN_THROWS();
    }
    php_facteur_decode(return_value, json);
}

/* One mail of a memory:// mailer as raw, envelope_from, recipients. */
static bool captured_mail(zval *out, facteur_mailer *core, size_t index)
{
    facteur_error *error = NULL;
    char *bytes = NULL, *envelope = NULL;
    size_t len = 0;
    int code = facteur_captured(core, index, &bytes, &len, &envelope, &error);
    zval facts, *from, *to;

    if (code) {
        php_facteur_throw(code, error);
        return false;
    }
    array_init_size(out, 3);
    add_assoc_stringl(out, "raw", bytes, len);
    facteur_free(bytes);
    php_facteur_decode(&facts, envelope);
    from = Z_TYPE(facts) == IS_ARRAY ? zend_hash_str_find(Z_ARRVAL(facts), "from", 4) : NULL;
    to = Z_TYPE(facts) == IS_ARRAY ? zend_hash_str_find(Z_ARRVAL(facts), "to", 2) : NULL;
    if (from && to) {
        Z_TRY_ADDREF_P(from);
        add_assoc_zval(out, "envelope_from", from);
        Z_TRY_ADDREF_P(to);
        add_assoc_zval(out, "recipients", to);
    }
    zval_ptr_dtor(&facts);
    return true;
}

PHP_METHOD(Facteur_Mailer, captured)
{
    facteur_mailer *core;
    size_t count;
    zval mail;

    ZEND_PARSE_PARAMETERS_NONE();
    if (!(core = opened(ZEND_THIS)))
        RETURN_THROWS();
    count = facteur_captured_count(core);
    array_init_size(return_value, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        if (!captured_mail(&mail, core, i))
            RETURN_THROWS();
        add_next_index_zval(return_value, &mail);
    }
}

PHP_METHOD(Facteur_Mailer, clearCaptured)
{
    facteur_mailer *core;

    ZEND_PARSE_PARAMETERS_NONE();
    if (!(core = opened(ZEND_THIS)))
        RETURN_THROWS();
    facteur_captured_clear(core);
}

PHP_METHOD(Facteur_Mailer, close)
{
    struct mailer *mailer = mailer_from(Z_OBJ_P(ZEND_THIS));

    ZEND_PARSE_PARAMETERS_NONE();
    if (mailer->token.asking) {
        zend_throw_error(NULL,
                         "Facteur\\Mailer::close() cannot be called while its token callable runs");
        RETURN_THROWS();
    }
    mailer->closing = true;
    close_if_wanted(mailer);
}

/* What Revolt calls; it passes the callback's id, and a stream. */
PHP_METHOD(Facteur_Mailer, turn)
{
    php_facteur_loop_turn(&mailer_from(Z_OBJ_P(ZEND_THIS))->loop);
}
