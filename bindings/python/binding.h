/* SPDX-License-Identifier: MIT */
/*
 * What the files of the Python module share.  The module converts values and errors between Python
 * and facteur.h; it holds no policy, and everything of its own lives in the module's state, so that
 * every interpreter has its own copy.
 */
#ifndef FPY_BINDING_H
#define FPY_BINDING_H

/*
 * No "#" in formats: what they need was a macro until CPython 3.12 and is none in the headers
 * of 3.13, so that a module built with these would fail in 3.11.
 */
#include <Python.h>

#include "facteur.h"

#include <sys/types.h>

/* X(NAME, module, attribute): what the module borrows from Python, looked up once per interpreter.
 */
#define FPY_IMPORTS(X)                                                                             \
    X(ERROR, "facteur.errors", "Error")                                                            \
    X(CONFIG_ERROR, "facteur.errors", "ConfigError")                                               \
    X(MESSAGE_ERROR, "facteur.errors", "MessageError")                                             \
    X(TEMPORARY_ERROR, "facteur.errors", "TemporaryError")                                         \
    X(CONNECT_ERROR, "facteur.errors", "ConnectError")                                             \
    X(TLS_ERROR, "facteur.errors", "TLSError")                                                     \
    X(AUTH_ERROR, "facteur.errors", "AuthError")                                                   \
    X(DEADLINE_ERROR, "facteur.errors", "DeadlineError")                                           \
    X(PERMANENT_ERROR, "facteur.errors", "PermanentError")                                         \
    X(IN_DOUBT_ERROR, "facteur.errors", "InDoubtError")                                            \
    X(RECEIPT, "facteur._receipt", "Receipt")                                                      \
    X(REPLY, "facteur._receipt", "Reply")                                                          \
    X(ATTACHMENT, "facteur._attachment", "Attachment")                                             \
    X(CAPTURED, "facteur._captured", "Captured")                                                   \
    X(READ_FIELDS, "facteur._fields", "read_fields")                                               \
    X(SAME, "facteur._fields", "same")                                                             \
    X(DESCRIBE, "facteur._fields", "describe")                                                     \
    X(STDLIB_BYTES, "facteur._fields", "stdlib_bytes")                                             \
    X(LETTER_JSON, "facteur._json", "letter_json")                                                 \
    X(LETTER_OPTIONS, "facteur._json", "letter_options")                                           \
    X(GIVES_WAY, "facteur._gevent", "gives_way")                                                   \
    X(GEVENT_HOST, "facteur._gevent", "host")                                                      \
    X(GEVENT_FINISH, "facteur._gevent", "finish")                                                  \
    X(SEND_MANY, "facteur._many", "send_many")                                                     \
    X(CANCELLED_ERROR, "asyncio", "CancelledError")                                                \
    X(LOG_LOST, "facteur._host", "log_lost")                                                       \
    X(COROUTINES, "facteur._host", "Coroutines")                                                   \
    X(JSON_LOADS, "json", "loads")

/*
 * X(kind, data): the letters with helpers of their own, which are letter() and send_letter() with
 * the kind filled in.  A helper calls its data `data`.
 */
#define FPY_NAMED_LETTERS(X)                                                                       \
    X(order_confirmation, order)                                                                   \
    X(contact_form, form)

/* X(name): attribute names, interned once. */
#define FPY_NAMES(X)                                                                               \
    X(status)                                                                                      \
    X(message_id)                                                                                  \
    X(queue_id)                                                                                    \
    X(relay)                                                                                       \
    X(accepted)                                                                                    \
    X(rejected)                                                                                    \
    X(in_doubt)                                                                                    \
    X(reply)                                                                                       \
    X(phase)                                                                                       \
    X(attempts)                                                                                    \
    X(flights)                                                                                     \
    X(timings)                                                                                     \
    X(error)                                                                                       \
    X(error_code)                                                                                  \
    X(notes)                                                                                       \
    X(outbox_id)                                                                                   \
    X(key)                                                                                         \
    X(durable)                                                                                     \
    X(transcript)                                                                                  \
    X(_later)                                                                                      \
    X(code)                                                                                        \
    X(enhanced)                                                                                    \
    X(text)                                                                                        \
    X(data)                                                                                        \
    X(path)                                                                                        \
    X(name)                                                                                        \
    X(type)                                                                                        \
    X(content_id)                                                                                  \
    X(stream)                                                                                      \
    X(run)

enum fpy_object {
#define FPY_IMPORT_ENUM(name, module, attribute) FPY_##name,
    FPY_IMPORTS(FPY_IMPORT_ENUM)
#undef FPY_IMPORT_ENUM
#define FPY_NAME_ENUM(text) FPY_NAME_##text,
        FPY_NAMES(FPY_NAME_ENUM)
#undef FPY_NAME_ENUM
            FPY_PHASE_FIRST,
    FPY_PHASE_LAST = FPY_PHASE_FIRST + FACTEUR_PHASE_COUNT - 1,
    FPY_MAILER_TYPE,
    FPY_MESSAGE_TYPE,
    FPY_DELIVERY_TYPE,
    FPY_HOST_TYPE,
    FPY_INSERT_TYPE,
    FPY_EMPTY_TUPLE,
    FPY_IS_ASCII,
    FPY_OBJECT_COUNT
};

typedef struct fpy_state {
    PyObject *objects[FPY_OBJECT_COUNT];
} fpy_state;

/* The state of the module that a type of ours belongs to; our types cannot be subclassed. */
static inline fpy_state *fpy_state_of(PyObject *self)
{
    return (fpy_state *)PyType_GetModuleState(Py_TYPE(self));
}

static inline PyTypeObject *fpy_type(fpy_state *state, enum fpy_object which)
{
    return (PyTypeObject *)state->objects[which];
}

/* ---- errors.c -------------------------------------------------------------------------------- */

/*
 * Raise what `code` and `error` say and free `error`, which may be NULL.
 *
 * usage    The class for FACTEUR_EIO and for codes that a receipt should have carried.
 *
 * Returns NULL, so that a function can end with it.
 */
PyObject *fpy_raise(fpy_state *state, int code, facteur_error *error, enum fpy_object usage);

/* Raise one of the module's own findings; `where`, unless it is "", is put before the text. */
PyObject *fpy_raise_text(fpy_state *state, int code, enum fpy_object class, const char *where,
                         const char *format, ...);

/* Raise the SendError of a receipt that is not ok; `python_receipt` is its Python form. */
PyObject *fpy_raise_receipt(fpy_state *state, const facteur_receipt *receipt,
                            PyObject *python_receipt);

/*
 * The exception at hand says that the machine is short of memory or descriptors: a temporary
 * Receipt in its place.  Otherwise NULL, and it stays.
 */
PyObject *fpy_shortage_receipt(fpy_state *state);

/* ---- receipt.c ------------------------------------------------------------------------------- */

/* The Python form of a receipt, a new reference.  One of a mail in doubt becomes an owner of it. */
PyObject *fpy_receipt_new(fpy_state *state, facteur_receipt *receipt);

/* receipt_later(handle) -> Receipt or None */
PyObject *fpy_receipt_later(PyObject *module, PyObject *handle);

/* Text of a peer: bytes that are not UTF-8 become U+FFFD. */
PyObject *fpy_text(const char *text);

/* ---- utf8.c ---------------------------------------------------------------------------------- */

/*
 * Borrow the UTF-8 of a str.  -1 with MessageError (`where`) when it is no str, or has a surrogate.
 */
int fpy_utf8(fpy_state *state, const char *where, PyObject *value, const char **text, size_t *len);

/* As above, refusing NUL as well: for arguments that facteur.h takes as C strings. */
int fpy_cstring(fpy_state *state, const char *where, PyObject *value, const char **text);

/* As fpy_utf8() for text that may be long; fpy_encode_done() once it is read, unless it failed. */
struct fpy_encoded {
    const char *text;
    size_t len;
    char *own;
};

int fpy_encode(fpy_state *state, const char *where, PyObject *value, struct fpy_encoded *encoded);
void fpy_encode_done(struct fpy_encoded *encoded);

/* ---- fields.c -------------------------------------------------------------------------------- */

/* Raise MessageError "expected …, got <the type's name>"; returns NULL. */
PyObject *fpy_refuse(fpy_state *state, const char *where, const char *expected, PyObject *got);

/* Set the fields of a dict of keywords; the dict's values become their lasting form. */
int fpy_fields_apply(fpy_state *state, facteur_message *message, PyObject *keywords);

/* ---- attach.c -------------------------------------------------------------------------------- */

/* Attach what a list or tuple holds; returns the tuple of Attachments. */
PyObject *fpy_attach(fpy_state *state, facteur_message *message, PyObject *value);

/* ---- message.c ------------------------------------------------------------------------------- */

extern PyType_Spec fpy_message_spec;

/* Wrap a message, which is taken over also on failure. */
PyObject *fpy_message_wrap(fpy_state *state, facteur_message *message);

/* A Message as it is, or one made of an email.message.Message; a new reference. */
PyObject *fpy_message_from(fpy_state *state, PyObject *value);

/* The keywords that a Message was made of, borrowed; NULL of one of bytes, JSON or a letter. */
PyObject *fpy_message_keywords(PyObject *message);

/*
 * A facteur_message belongs to one thread at a time: hold it while the core uses it.  The caller
 * has the GIL; hold() may let go of it while it waits.
 */
facteur_message *fpy_message_hold(PyObject *message);
void fpy_message_release(PyObject *message);

/* ---- stored.c -------------------------------------------------------------------------------- */

PyObject *fpy_message_to_json(PyObject *self, PyObject *unused);
PyObject *fpy_message_as_dict(PyObject *self, PyObject *unused);
PyObject *fpy_message_from_json(PyObject *type, PyObject *value);
PyObject *fpy_message_restored(PyObject *type, PyObject *args);
PyObject *fpy_message_reduce(PyObject *self, PyObject *unused);
PyObject *fpy_message_copy(PyObject *self, PyObject *unused);
Py_hash_t fpy_message_hash(PyObject *self);
PyObject *fpy_message_compare(PyObject *self, PyObject *other, int operation);

/* The JSON of FACTEUR_FORM_SUMMARY as a str. */
PyObject *fpy_message_summary(PyObject *self);

/* ---- mailer.c -------------------------------------------------------------------------------- */

extern PyType_Spec fpy_mailer_spec;

/* The mailer of a Python Mailer, or NULL with Error (ECLOSED). */
facteur_mailer *fpy_mailer_open(PyObject *self);

/* The same, closed or not. */
facteur_mailer *fpy_mailer_core(PyObject *self);

/* Its token callable, or NULL. */
PyObject *fpy_mailer_token(PyObject *self);

/* Read a deadline: None is 0, the mailer's own.  -1 with ValueError. */
int fpy_deadline(PyObject *value, double *deadline);

/* ---- send.c ---------------------------------------------------------------------------------- */

/*
 * Send without the GIL.
 *
 * owner     A Python Message, held while the core uses it; or NULL, and `message` is the caller's.
 * raising   A receipt that is not ok becomes its SendError.
 */
PyObject *fpy_mailer_send(PyObject *self, PyObject *owner, facteur_message *message,
                          double deadline, int raising);

/* ---- delivery.c ------------------------------------------------------------------------------ */

extern PyType_Spec fpy_delivery_spec;

/*
 * A Delivery of the message; owner and message as in fpy_mailer_send().
 *
 * host  The Host that it belongs to, or NULL.
 * how   The flags of facteur_submit().
 */
PyObject *fpy_submit(PyObject *mailer, PyObject *host, PyObject *owner, facteur_message *message,
                     double limit, unsigned how);

/*
 * Wait for a Delivery; negative: until its verdict is there.  A Receipt, None when the time passed,
 * NULL with an exception, which a signal's handler may have raised.
 *
 * raising   A receipt that is not ok becomes its SendError.
 */
PyObject *fpy_delivery_wait(PyObject *delivery, double timeout, int raising);

/* ---- host.c ---------------------------------------------------------------------------------- */

extern PyType_Spec fpy_host_spec;

/* _host(loop): a new Host of the mailer. */
PyObject *fpy_mailer_host(PyObject *mailer, PyObject *loop);
facteur_host *fpy_host_core(PyObject *self);

/* ---- enqueue.c ------------------------------------------------------------------------------- */

PyObject *fpy_mailer_has_outbox(PyObject *self, PyObject *unused);
/* _work(seconds, limit, grace): a dict of counts. */
PyObject *fpy_mailer_work(PyObject *self, PyObject *args);
/* _enqueue(what, not_before, expires_at, priority): a Receipt of a pair, or a list of Receipts. */
PyObject *fpy_mailer_enqueue(PyObject *self, PyObject *args);

/* ---- insert.c -------------------------------------------------------------------------------- */

extern PyType_Spec fpy_insert_spec;

/* _insert(message, dialect, marks, key, not_before, expires_at, priority): a new Insert. */
PyObject *fpy_mailer_insert(PyObject *self, PyObject *args);

/* outbox_migrate(url) -> (version before, version now) */
PyObject *fpy_outbox_migrate(PyObject *module, PyObject *url);

/* outbox_schema(dialect) -> the statements that make the tables, as one str */
PyObject *fpy_outbox_schema(PyObject *module, PyObject *dialect);

/* outbox_read(stored) -> the mail that these bytes of a row hold */
PyObject *fpy_outbox_read(PyObject *module, PyObject *stored);

/* ---- captured.c ------------------------------------------------------------------------------ */

PyObject *fpy_captured_count(PyObject *self, PyObject *unused);
PyObject *fpy_captured_at(PyObject *self, PyObject *index);
PyObject *fpy_captured_clear(PyObject *self, PyObject *unused);

/* ---- drive.c --------------------------------------------------------------------------------- */

PyObject *fpy_mailer_submit(PyObject *self, PyObject *args);
PyObject *fpy_mailer_window(PyObject *self, PyObject *unused);
PyObject *fpy_mailer_send_many(PyObject *self, PyObject *args, PyObject *kwargs);

/* ---- letters.c ------------------------------------------------------------------------------- */

PyObject *fpy_letter(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *fpy_letter_kinds(PyObject *module, PyObject *unused);
PyObject *fpy_mailer_send_letter(PyObject *self, PyObject *args, PyObject *kwargs);
#define FPY_NAMED_LETTER(kind, data)                                                               \
    PyObject *fpy_##kind(PyObject *module, PyObject *args, PyObject *kwargs);                      \
    PyObject *fpy_mailer_send_##kind(PyObject *self, PyObject *args, PyObject *kwargs);
FPY_NAMED_LETTERS(FPY_NAMED_LETTER)
#undef FPY_NAMED_LETTER
/* The letter as a Delivery of the host. */
PyObject *fpy_submit_letter(PyObject *mailer, PyObject *host, PyObject *args, PyObject *kwargs);

#endif
