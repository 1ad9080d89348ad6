/* SPDX-License-Identifier: MIT */
/*
 * The class Outbox: the core's statements on a connection of the program, through the connection's
 * own methods, so that no library of a database is linked here.
 */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"
#include "Zend/zend_interfaces.h"

#define SQLITE_URL "sqlite://"

enum { MOST_CELLS = 8 };

/* The first row of an answer; its cells are borrowed from `texts`. */
struct row {
    zend_string *texts[MOST_CELLS];
    const char *cells[MOST_CELLS];
    size_t count;
};

static void row_done(struct row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->texts[i])
            zend_string_release(row->texts[i]);
    row->count = 0;
}

static void row_read(struct row *row, HashTable *values)
{
    zval *value;

    ZEND_HASH_FOREACH_VAL(values, value)
    {
        if (row->count == MOST_CELLS)
            break;
        ZVAL_DEREF(value);
        row->texts[row->count] = Z_TYPE_P(value) == IS_NULL ? NULL : zval_get_string(value);
        row->cells[row->count] = row->texts[row->count] ? ZSTR_VAL(row->texts[row->count]) : NULL;
        row->count++;
    }
    ZEND_HASH_FOREACH_END();
}

/* Call a method; false with an exception on its way.  `out` is owned by the caller. */
static bool call(zend_object *object, const char *name, zval *out, uint32_t count, zval *values)
{
    zend_string *method = zend_string_init(name, strlen(name), 0);
    zval callable;

    ZVAL_UNDEF(out);
    array_init_size(&callable, 2);
    GC_ADDREF(object);
    add_next_index_object(&callable, object);
    add_next_index_str(&callable, method);
    if (call_user_function(NULL, NULL, &callable, out, count, values) == FAILURE && !EG(exception))
        php_facteur_refuse(FACTEUR_EIO, "connection", "%s() cannot be called", name);
    zval_ptr_dtor(&callable);
    return !EG(exception);
}

/* ---- PDO ------------------------------------------------------------------------------------- */

/* Constants of PDO, which are as old as it is. */
enum {
    PDO_ATTR_ERRMODE = 3,
    PDO_ATTR_DRIVER_NAME = 16,
    PDO_ERRMODE_EXCEPTION = 2,
    PDO_FETCH_NUM = 3,
    PDO_PARAM_NULL = 0,
    PDO_PARAM_INT = 1,
    PDO_PARAM_STR = 2,
    PDO_PARAM_LOB = 3
};

static bool pdo_set_errors(zend_object *pdo, zval *mode)
{
    zval arguments[2], done;
    bool ok;

    ZVAL_LONG(&arguments[0], PDO_ATTR_ERRMODE);
    ZVAL_COPY_VALUE(&arguments[1], mode);
    ok = call(pdo, "setAttribute", &done, 2, arguments);
    zval_ptr_dtor(&done);
    return ok;
}

static bool pdo_bind(zend_object *statement, const facteur_insert *insert)
{
    for (size_t i = 0; i < facteur_insert_value_count(insert); i++) {
        const char *bytes;
        size_t len;
        long long number;
        zval arguments[3], done;
        bool ok;

        ZVAL_LONG(&arguments[0], (zend_long)i + 1);
        ZVAL_NULL(&arguments[1]);
        ZVAL_LONG(&arguments[2], PDO_PARAM_NULL);
        switch (facteur_insert_value(insert, i, &bytes, &len, &number)) {
        case FACTEUR_VALUE_NULL:
            break;
        case FACTEUR_VALUE_INTEGER:
            ZVAL_LONG(&arguments[1], (zend_long)number);
            ZVAL_LONG(&arguments[2], PDO_PARAM_INT);
            break;
        case FACTEUR_VALUE_TEXT:
            ZVAL_STRINGL(&arguments[1], bytes, len);
            ZVAL_LONG(&arguments[2], PDO_PARAM_STR);
            break;
        case FACTEUR_VALUE_BYTES:
            ZVAL_STRINGL(&arguments[1], bytes, len);
            ZVAL_LONG(&arguments[2], PDO_PARAM_LOB);
            break;
        }
        ok = call(statement, "bindValue", &done, 3, arguments);
        zval_ptr_dtor(&done);
        zval_ptr_dtor(&arguments[1]);
        if (!ok)
            return false;
    }
    return true;
}

/* A statement without columns has no row to fetch. */
static bool pdo_fetch(zend_object *statement, struct row *row)
{
    zval columns, mode, values, done;
    bool ok = call(statement, "columnCount", &columns, 0, NULL);

    if (!ok || zval_get_long(&columns) == 0)
        return ok;
    ZVAL_LONG(&mode, PDO_FETCH_NUM);
    ok = call(statement, "fetch", &values, 1, &mode);
    if (ok && Z_TYPE(values) == IS_ARRAY)
        row_read(row, Z_ARRVAL(values));
    zval_ptr_dtor(&values);
    if (!ok)
        return false;
    ok = call(statement, "closeCursor", &done, 0, NULL);
    zval_ptr_dtor(&done);
    return ok;
}

static bool pdo_run(zend_object *pdo, const facteur_insert *insert, struct row *row)
{
    zval sql, statement, done;
    bool ok;

    ZVAL_STRING(&sql, facteur_insert_sql(insert));
    ok = call(pdo, "prepare", &statement, 1, &sql);
    zval_ptr_dtor(&sql);
    if (ok && Z_TYPE(statement) != IS_OBJECT) {
        php_facteur_refuse(FACTEUR_EIO, "connection", "prepare() gave no statement");
        ok = false;
    }
    if (ok && (ok = pdo_bind(Z_OBJ(statement), insert))) {
        ok = call(Z_OBJ(statement), "execute", &done, 0, NULL);
        zval_ptr_dtor(&done);
        ok = ok && pdo_fetch(Z_OBJ(statement), row);
    }
    zval_ptr_dtor(&statement);
    return ok;
}

/* ---- Any connection -------------------------------------------------------------------------- */

struct place {
    zend_object *object;
    const char *dialect, *marks;
    zval errors; /* how PDO tells errors, to be set again; UNDEF: it is not changed */
    bool (*run)(zend_object *object, const facteur_insert *insert, struct row *row);
};

/* Methods cannot be called with an exception on its way: it is held meanwhile. */
static zend_object *hold_exception(void)
{
    zend_object *held = EG(exception);

    EG(exception) = NULL;
    return held;
}

/* What was thrown since then is dropped. */
static void throw_again(zend_object *held)
{
    if (!held)
        return;
    if (EG(exception))
        zend_clear_exception();
    EG(exception) = held;
}

static const char *pdo_dialect(zend_object *pdo)
{
    static const struct {
        const char *driver, *dialect;
    } known[] = {{"sqlite", "sqlite"}};
    const char *dialect = NULL;
    zval attribute, driver;

    ZVAL_LONG(&attribute, PDO_ATTR_DRIVER_NAME);
    if (!call(pdo, "getAttribute", &driver, 1, &attribute))
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0] && Z_TYPE(driver) == IS_STRING; i++) {
        if (zend_string_equals_cstr(Z_STR(driver), known[i].driver, strlen(known[i].driver)))
            dialect = known[i].dialect;
    }
    if (!dialect)
        php_facteur_refuse(FACTEUR_ECONFIG, "connection", "expected a PDO of sqlite, got one of %s",
                           Z_TYPE(driver) == IS_STRING ? Z_STRVAL(driver) : "another driver");
    zval_ptr_dtor(&driver);
    return dialect;
}

/* PDO told to throw, whatever the program has chosen: its own choice comes back in place_done(). */
static bool place_pdo(struct place *place)
{
    zval attribute, throws;

    place->run = pdo_run;
    place->marks = "?";
    place->dialect = pdo_dialect(place->object);
    if (!place->dialect)
        return false;
    ZVAL_LONG(&attribute, PDO_ATTR_ERRMODE);
    ZVAL_LONG(&throws, PDO_ERRMODE_EXCEPTION);
    return call(place->object, "getAttribute", &place->errors, 1, &attribute) &&
           pdo_set_errors(place->object, &throws);
}

static bool is_a(zend_object *object, const char *class)
{
    zend_string *name = zend_string_init(class, strlen(class), 0);
    zend_class_entry *ce =
        zend_lookup_class_ex(name, NULL, ZEND_FETCH_CLASS_NO_AUTOLOAD | ZEND_FETCH_CLASS_SILENT);

    zend_string_release(name);
    return ce && instanceof_function(object->ce, ce);
}

static bool place_find(struct place *place, zend_object *object)
{
    place->object = object;
    ZVAL_UNDEF(&place->errors);
    if (is_a(object, "PDO"))
        return place_pdo(place);
    zend_argument_type_error(1, "must be of type PDO, %s given", ZSTR_VAL(object->ce->name));
    return false;
}

static void place_done(struct place *place)
{
    zend_object *held = hold_exception();

    if (Z_TYPE(place->errors) != IS_UNDEF)
        pdo_set_errors(place->object, &place->errors);
    throw_again(held);
}

/* One statement and its answer. */
static bool step(const struct place *place, facteur_insert *insert)
{
    struct row row = {.count = 0};
    facteur_error *error = NULL;
    bool ok = place->run(place->object, insert, &row);
    int code = ok ? facteur_insert_answer(insert, row.cells, row.count, &error) : 0;

    row_done(&row);
    if (code)
        php_facteur_throw(code, error);
    return ok && !code;
}

/* Take back what was done; the exception that is on its way stays the one that is told. */
static void undo(const struct place *place, facteur_insert *insert)
{
    zend_object *held = hold_exception();

    facteur_insert_fail(insert);
    while (facteur_insert_sql(insert)) {
        struct row row = {.count = 0};

        place->run(place->object, insert, &row);
        row_done(&row);
        if (EG(exception))
            zend_clear_exception();
        facteur_insert_answer(insert, NULL, 0, NULL);
    }
    throw_again(held);
}

static bool run_all(const struct place *place, facteur_insert *insert)
{
    while (facteur_insert_sql(insert)) {
        if (!step(place, insert)) {
            undo(place, insert);
            return false;
        }
    }
    return true;
}

/* ---- The class ------------------------------------------------------------------------------- */

/* Seal and insert; a receipt for the caller, or NULL with an exception thrown. */
static facteur_receipt *insert_mail(const struct place *place, facteur_mailer *mailer,
                                    facteur_message *message, const struct php_facteur_wish *wish)
{
    facteur_insert *insert = NULL;
    facteur_error *error = NULL;
    facteur_receipt *receipt;
    int code = facteur_insert_new(mailer, message, place->dialect, place->marks,
                                  wish->key ? ZSTR_VAL(wish->key) : NULL, wish->not_before,
                                  wish->expires_at, wish->priority, &insert, &error);

    if (code) {
        php_facteur_throw(code, error);
        return NULL;
    }
    receipt = run_all(place, insert) ? facteur_insert_receipt(insert) : NULL;
    facteur_insert_free(insert);
    return receipt;
}

PHP_METHOD(Facteur_Outbox, insert)
{
    zend_object *connection, *message, *mailer = NULL;
    zval *not_before = NULL, *expires_at = NULL;
    struct php_facteur_wish wish = {.key = NULL};
    zend_long priority = 0;
    bool no_priority = true;
    facteur_receipt *receipt = NULL;
    struct place place;

    ZEND_PARSE_PARAMETERS_START(2, 7)
    Z_PARAM_OBJ(connection)
    Z_PARAM_OBJ_OF_CLASS(message, php_facteur_message_ce)
    Z_PARAM_OPTIONAL
    Z_PARAM_STR_OR_NULL(wish.key)
    Z_PARAM_ZVAL(not_before)
    Z_PARAM_ZVAL(expires_at)
    Z_PARAM_LONG_OR_NULL(priority, no_priority)
    Z_PARAM_OBJ_OF_CLASS_OR_NULL(mailer, php_facteur_mailer_ce)
    ZEND_PARSE_PARAMETERS_END();

    if (!php_facteur_wish_read(&wish, not_before, expires_at, priority, no_priority))
        RETURN_THROWS();
    if (mailer)
        GC_ADDREF(mailer);
    else
        mailer = php_facteur_mailer_default(true);
    if (!mailer)
        RETURN_THROWS();
    if (php_facteur_mailer_of(mailer) && place_find(&place, connection)) {
        receipt = insert_mail(&place, php_facteur_mailer_of(mailer),
                              php_facteur_message_of(message), &wish);
        place_done(&place);
    }
    OBJ_RELEASE(mailer);
    if (!receipt)
        RETURN_THROWS();
    RETVAL_OBJ(php_facteur_receipt_object(receipt));
    facteur_receipt_free(receipt);
}

PHP_METHOD(Facteur_Outbox, migrate)
{
    facteur_error *error = NULL;
    unsigned from = 0, to = 0;
    zend_string *url;

    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_PATH_STR(url)
    ZEND_PARSE_PARAMETERS_END();
    if (strncmp(ZSTR_VAL(url), SQLITE_URL, sizeof(SQLITE_URL) - 1) == 0 &&
        php_check_open_basedir_ex(ZSTR_VAL(url) + sizeof(SQLITE_URL) - 1, 0)) {
        php_facteur_refuse(FACTEUR_ECONFIG, "outbox", "open_basedir does not allow %s",
                           ZSTR_VAL(url));
        RETURN_THROWS();
    }
    if (!php_facteur_check(facteur_outbox_migrate(ZSTR_VAL(url), &from, &to, &error), &error))
        RETURN_THROWS();
    array_init_size(return_value, 2);
    add_next_index_long(return_value, from);
    add_next_index_long(return_value, to);
}

/* A fatal error in a token callable goes on once the core has returned. */
static void work(zval *return_value, zend_object *mailer, double seconds, zend_long limit,
                 double grace)
{
    facteur_mailer *core = php_facteur_mailer_of(mailer);
    struct php_facteur_token *token = php_facteur_token_of(mailer);
    facteur_error *error = NULL;
    char *json = NULL;
    int code;

    if (!core)
        return;
    php_facteur_enter();
    code = facteur_work(core, seconds, (unsigned)limit, grace, NULL, NULL, &json, &error);
    if (!php_facteur_token_settle(token, NULL)) {
        facteur_error_free(error);
        facteur_free(json);
    } else if (php_facteur_check(code, &error)) {
        php_facteur_decode(return_value, json);
    }
}

PHP_METHOD(Facteur_Outbox, work)
{
    zend_object *mailer = NULL;
    double seconds = 0, grace = 30;
    zend_long limit = 0;

    ZEND_PARSE_PARAMETERS_START(0, 4)
    Z_PARAM_OPTIONAL
    Z_PARAM_OBJ_OF_CLASS_OR_NULL(mailer, php_facteur_mailer_ce)
    Z_PARAM_DOUBLE(seconds)
    Z_PARAM_LONG(limit)
    Z_PARAM_DOUBLE(grace)
    ZEND_PARSE_PARAMETERS_END();
    if (!(seconds >= 0 && zend_finite(seconds))) {
        zend_argument_value_error(2, "must be a number of seconds, 0 or more");
        RETURN_THROWS();
    }
    if (limit < 0 || limit > INT_MAX) {
        zend_argument_value_error(3, "must be a number of mails, 0 or more");
        RETURN_THROWS();
    }
    if (mailer)
        GC_ADDREF(mailer);
    else
        mailer = php_facteur_mailer_default(false);
    if (!mailer)
        RETURN_THROWS();
    work(return_value, mailer, seconds, limit, grace);
    OBJ_RELEASE(mailer);
}

PHP_METHOD(Facteur_Outbox, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}
