/* SPDX-License-Identifier: MIT */
/*
 * What the files of the PHP extension share.  The extension turns values and errors of PHP into
 * those of facteur.h and back; it holds no policy and no protocol.
 *
 * Every function that can fail returns false (or NULL) with a PHP exception thrown.
 */
#ifndef PHP_FACTEUR_H
#define PHP_FACTEUR_H

#include "php.h"

#include "Zend/zend_smart_str.h"

#include "facteur.h"

extern zend_module_entry facteur_module_entry;
#define phpext_facteur_ptr &facteur_module_entry

/* Filled once, when the module starts. */
extern zend_class_entry *php_facteur_mailer_ce;
extern zend_class_entry *php_facteur_message_ce;
extern zend_class_entry *php_facteur_attachment_ce;
extern zend_class_entry *php_facteur_receipt_ce;
extern zend_class_entry *php_facteur_receipts_ce;
extern zend_class_entry *php_facteur_reply_ce;
extern zend_class_entry *php_facteur_error_ce;
extern zend_class_entry *php_facteur_config_error_ce;
extern zend_class_entry *php_facteur_message_error_ce;
extern zend_class_entry *php_facteur_send_error_ce;
extern zend_class_entry *php_facteur_temporary_error_ce;
extern zend_class_entry *php_facteur_connect_error_ce;
extern zend_class_entry *php_facteur_tls_error_ce;
extern zend_class_entry *php_facteur_auth_error_ce;
extern zend_class_entry *php_facteur_deadline_error_ce;
extern zend_class_entry *php_facteur_permanent_error_ce;
extern zend_class_entry *php_facteur_in_doubt_error_ce;

/* ---- facteur_error.c ------------------------------------------------------------------------- */

/* Throw the exception of `code` (negative) with what `error` tells, and free `error`, which may be
 * NULL. */
void php_facteur_throw(int code, facteur_error *error);

/* Throw for something that the extension itself refuses; `where` as facteur_error_where(), which is
 * put before the text unless it is "". */
void php_facteur_refuse(int code, const char *where, const char *format, ...)
    ZEND_ATTRIBUTE_FORMAT(printf, 3, 4);

/* false with the exception thrown for what a call of the core returned; true for 0. */
bool php_facteur_check(int code, facteur_error **error);

/* false with a MessageError thrown: "<where>: expected <wanted>, got <type>". */
bool php_facteur_refuse_type(const char *where, zval *value, const char *wanted);

/* false with a MessageError thrown for a NUL: the core's texts end at theirs. */
bool php_facteur_no_nul(const char *where, const zend_string *text);

/* Throw the SendError of a receipt that is not ok; takes over the reference to `object`. */
void php_facteur_throw_receipt(zend_object *object, const facteur_receipt *receipt);

/*
 * The exception that is on its way says that the machine is short of memory or descriptors: a
 * temporary receipt in its place.  Otherwise NULL, and it goes on.
 */
facteur_receipt *php_facteur_shortage_receipt(void);

/* Take the arguments of Mailer's constructor out of the trace of the exception that is on its way.
 */
void php_facteur_redact(void);

/* The create_object of every exception: `where`, `error_code` and `receipt` exist from the start.
 */
zend_object *php_facteur_error_create(zend_class_entry *ce);

/* ---- facteur_receipt.c ----------------------------------------------------------------------- */

void php_facteur_receipt_start(void);

/* The place of the property `name`, declared by `ce`, in an object of it. */
zval *php_facteur_slot(zend_object *object, const zend_class_entry *ce, const char *name);

/* Set a readonly property that was not set before; takes over the reference that `value` holds. */
void php_facteur_slot_set(zend_object *object, const zend_class_entry *ce, const char *name,
                          zval *value);

/*
 * A Receipt with everything that `receipt` tells; the caller keeps `receipt`.  The Receipt of a
 * mail in doubt becomes an owner of it, too.
 */
zend_object *php_facteur_receipt_object(facteur_receipt *receipt);

/* ---- facteur_json.c -------------------------------------------------------------------------- */

/*
 * Append `value` as JSON.  A float keeps its fraction (1.0), so that the core can refuse it as an
 * amount.  Dates become RFC 3339, backed enums their value, JsonSerializable and Stringable objects
 * what they say; bytes that are no UTF-8 become U+FFFD, so that a visitor's input cannot break a
 * form. Runs user code.
 *
 * code, root   Of the exception for what JSON cannot hold: its path ("dkim[0].key") begins with
 *              the option `root`, which may be "".
 */
bool php_facteur_json(smart_str *out, zval *value, int code, const char *root);

/* The text of a DateTimeInterface in RFC 3339, or NULL. */
zend_string *php_facteur_date(zend_object *date);

/* ---- facteur_options.c ----------------------------------------------------------------------- */

/*
 * `options` (may be NULL) with the named arguments of the call over it.  A reference for the
 * caller. The macros that parse parameters give the named ones only when every other is there.
 */
HashTable *php_facteur_merge(HashTable *options, const zend_execute_data *call);

/* Names and values as facteur_mailer_new() takes them; initialise with {0}. */
struct php_facteur_options {
    const char **names;
    const char **values;
    zend_string **owned; /* the values' texts */
    size_t count;
    size_t room;
};

/* Whether an option has this type (facteur_option_type()). */
bool php_facteur_option_is(const char *name, const char *type);

/*
 * A path of the program as the core takes it, a reference for the caller.  The core opens it in a
 * later send, and in the working directory of the process: a script may have gone elsewhere, and a
 * thread of PHP has a directory of its own.
 */
zend_string *php_facteur_absolute(zend_string *path);

/* `options`, and those of the ini settings that `options` does not name. */
bool php_facteur_options_fill(struct php_facteur_options *out, HashTable *options, bool own_dsn);
void php_facteur_options_done(struct php_facteur_options *options);

/* ---- facteur_signing.c ----------------------------------------------------------------------- */

/*
 * An option that is an array as JSON, its callables called and its paths absolute; NULL with an
 * exception thrown.
 */
zend_string *php_facteur_signing_json(const char *option, zval *value);

/* ---- facteur_token.c ------------------------------------------------------------------------- */

/* The callable of a Mailer; initialise with {0}. */
struct php_facteur_token {
    zval callable;
    zend_object *thrown; /* by the callable; chained to the exception of the mail */
    unsigned asking;     /* how many times the callable is running, each in a fiber of its own */
    bool bailed; /* and the script ended in it: php_facteur_token_settle() goes on with that */
};

/* A callable as `token` leaves the options for `token`; the core is told of its callback instead.
 */
void php_facteur_token_take(struct php_facteur_token *token, HashTable *options);
void php_facteur_token_done(struct php_facteur_token *token);

/* The facteur_token_source whose `user` is a struct php_facteur_token.  Runs user code. */
int php_facteur_token_ask(void *user, const char *relay, const char *username,
                          facteur_token *token);

/*
 * After each call of the core that may ask: false with an exception on its way, and the receipt
 * (may be NULL) freed.  Does not return when the script ended by a fatal error in the callable.
 */
bool php_facteur_token_settle(struct php_facteur_token *token, facteur_receipt *receipt);

/* What the callable threw becomes the previous one of the exception that is on its way, if any. */
void php_facteur_token_chain(struct php_facteur_token *token);

/* ---- facteur_basedir.c ----------------------------------------------------------------------- */

/* Whether there is an open_basedir. */
bool php_facteur_basedir_rules(void);

/*
 * Whether open_basedir lets a program name these files; ConfigError where not.
 * options   What it and the ini settings said; NULL: all was said by the program.
 * own_dsn   The DSN is the program's, not that of the settings.
 */
bool php_facteur_basedir_allows(const facteur_paths *paths,
                                const struct php_facteur_options *options, bool own_dsn);

/* The same for a configuration file that a script named with putenv(). */
bool php_facteur_basedir_allows_conf(void);

/* The same for one option of a message. */
bool php_facteur_basedir_option(const char *name, const char *value);

/* ---- facteur_ini.c --------------------------------------------------------------------------- */

bool php_facteur_ini_start(int module_number);
void php_facteur_ini_stop(int module_number);

/* The setting facteur.dsn, or NULL. */
const char *php_facteur_ini_dsn(void);

/* The setting of an option, or NULL; `index` as facteur_option_name(). */
const char *php_facteur_ini_option(size_t index);

/* ---- facteur_info.c -------------------------------------------------------------------------- */

PHP_MINFO_FUNCTION(facteur);

/* ---- facteur_message.c ----------------------------------------------------------------------- */

void php_facteur_message_start(void);

/* A Message that owns `message`. */
void php_facteur_message_wrap(zval *out, facteur_message *message);
facteur_message *php_facteur_message_of(zend_object *object);

/* Give an object that has none its message. */
void php_facteur_message_give(zend_object *object, facteur_message *message);

/* Where its properties are kept; UNDEF until they are. */
zval *php_facteur_message_cache(zend_object *object);

/* ---- facteur_stored.c ------------------------------------------------------------------------ */

/* Handlers of Message: its fields are properties to read. */
zval *php_facteur_message_read(zend_object *object, zend_string *name, int type, void **cache,
                               zval *out);
int php_facteur_message_has(zend_object *object, zend_string *name, int check, void **cache);
zend_array *php_facteur_message_shown(zend_object *object, zend_prop_purpose purpose);

/* ---- facteur_fields.c ------------------------------------------------------------------------ */

/* The arguments of a call that are fields of a message, borrowed from it. */
struct php_facteur_fields {
    struct php_facteur_field *values;
    size_t count;
};

/*
 * Read `count` arguments, in the order of the core's table.
 *
 * before   How many other arguments stand before them.  If any, the call makes a message of
 *          finished bytes, and only the fields that these can have are taken.
 *
 * false with TypeError or ArgumentCountError thrown; php_facteur_fields_done() only after true.
 */
bool php_facteur_fields_read(struct php_facteur_fields *out, zval *values, uint32_t count,
                             uint32_t before);
void php_facteur_fields_done(struct php_facteur_fields *fields);

/* Set what is not null; false with an exception thrown.  Runs user code (a callable key). */
bool php_facteur_fields_apply(facteur_message *core, const struct php_facteur_fields *fields);

/* Set one field; false with MessageError thrown. */
bool php_facteur_field_set(facteur_message *core, const char *field, zend_string *value);

/* ---- facteur_attachment.c -------------------------------------------------------------------- */

/* The Attachment of an entry in a message's JSON, whose data is base64. */
void php_facteur_attachment_of(HashTable *entry, zval *out);

/* Whether open_basedir allows the path; MessageError with this place where not. */
bool php_facteur_may_attach(const char *where, zend_string *path);

/* Add every Attachment of the list. */
bool php_facteur_attach(facteur_message *message, HashTable *attachments);

/* ---- facteur_letter.c ------------------------------------------------------------------------ */

/* What a letter's call was given, turned into what the core takes; initialise with {0}. */
struct php_facteur_letter_call {
    const char *kind; /* static, or the call's argument */
    zend_string *json;
    zend_string *options; /* NULL: none */
    HashTable *attachments;
    double deadline;
};

/*
 * Runs user code, so it comes before anything of a mailer is looked at.
 * kind   NULL: the call's first argument.
 */
bool php_facteur_letter_read(struct php_facteur_letter_call *call, const char *kind,
                             INTERNAL_FUNCTION_PARAMETERS);
void php_facteur_letter_done(struct php_facteur_letter_call *call);
facteur_message *php_facteur_letter_compose(const struct php_facteur_letter_call *call,
                                            const facteur_mailer *mailer);

/* ---- facteur_many.c -------------------------------------------------------------------------- */

void php_facteur_receipts_start(void);

/* The receipts of what `source` (an array or a Traversable) gives; `window` mails are under way. */
zend_object *php_facteur_receipts_object(zend_object *mailer, unsigned window, zval *source,
                                         double deadline);

/* ---- facteur_enqueue.c ----------------------------------------------------------------------- */

/* When and how soon a mail is sent, as facteur_enqueue() takes it. */
struct php_facteur_wish {
    zend_string *key; /* NULL: none; the caller's */
    double not_before, expires_at;
    int priority;
};

/*
 * Read what the call was given beside the key; a time is a DateTimeInterface, seconds from now, or
 * null.  false with MessageError thrown.  Runs user code.
 */
bool php_facteur_wish_read(struct php_facteur_wish *wish, zval *not_before, zval *expires_at,
                           zend_long priority, bool no_priority);

/* ---- facteur_fiber.c ------------------------------------------------------------------------- */

/* Before each call of the core that may ask for a token: which fiber makes it. */
void php_facteur_enter(void);

/* Whether a wait can give way to other fibers: the program has Revolt, and this fiber may switch.
 */
bool php_facteur_gives_way(void);

/* A Mailer under Revolt's event loop. */
struct php_facteur_loop {
    zend_object *mailer;
    facteur_host *host;             /* NULL: nothing was submitted yet */
    struct php_facteur_wait *waits; /* the fibers that are inside */
    const void *asker;              /* the fiber that asks for a token, while `asking` */
    bool asking;
    int fd; /* the descriptor that `stream` copies */
    zval stream;
    zval readable, timer, soon; /* ids of callbacks that the loop has; UNDEF: none */
    double due;                 /* when `timer` rings, in monotonic seconds */
};

void php_facteur_loop_init(struct php_facteur_loop *loop, zend_object *mailer);

/* The event loop has nothing more to do for it.  No fiber waits inside. */
void php_facteur_loop_stop(struct php_facteur_loop *loop);

/* After php_facteur_loop_stop(), or at the end of the script. */
void php_facteur_loop_done(struct php_facteur_loop *loop);

/* As facteur_host_submit(). */
int php_facteur_loop_submit(struct php_facteur_loop *loop, facteur_mailer *core,
                            facteur_message *message, double deadline, unsigned how,
                            facteur_delivery **delivery, facteur_error **error);

/*
 * Give way until the delivery has its verdict; with an exception on its way, or after fibers were
 * switched behind Revolt's back, sooner.  Runs other fibers.
 *
 * owned   The caller frees the delivery; after a fatal error, which does not come back here,
 *         php_facteur_loop_done() does.
 */
void php_facteur_loop_finish(struct php_facteur_loop *loop, struct php_facteur_token *token,
                             facteur_delivery *delivery, bool owned);

/* Whether a fiber is in php_facteur_loop_finish(). */
bool php_facteur_loop_busy(const struct php_facteur_loop *loop);

/* Do what can be done without waiting, and wake who has a verdict. */
void php_facteur_loop_turn(struct php_facteur_loop *loop);

/* ---- facteur_mailer.c ------------------------------------------------------------------------ */

void php_facteur_mailer_start(void);

/* JSON of the core as PHP arrays, and free it. */
void php_facteur_decode(zval *out, char *json);

/* The core's mailer of an object, or NULL with Error thrown when it is closed. */
facteur_mailer *php_facteur_mailer_of(zend_object *object);

/* The token of a Mailer. */
struct php_facteur_token *php_facteur_token_of(zend_object *object);

/* A Mailer of the ini settings and the environment, or NULL with an exception thrown. */
zend_object *php_facteur_mailer_default(bool for_composing);

/* facteur_submit() to a Mailer that is open; gives_way: for php_facteur_mailer_wait() with it. */
int php_facteur_mailer_submit(zend_object *mailer, facteur_message *message, double deadline,
                              unsigned how, bool gives_way, facteur_delivery **delivery,
                              facteur_error **error);

/*
 * The receipt, or NULL: with an exception thrown, or for php_facteur_token_settle() to end the
 * script.  `owned` as php_facteur_loop_finish().
 */
facteur_receipt *php_facteur_mailer_wait(zend_object *mailer, facteur_delivery *delivery,
                                         bool gives_way, bool owned);

/* Compose and send; return_value becomes the Receipt. */
void php_facteur_letter_send(zval *return_value, const struct php_facteur_letter_call *call,
                             zend_object *mailer);

#endif
