/* SPDX-License-Identifier: MIT */
/* facteur.Mailer: the front door.  Sends and checks run without the GIL. */
#include "binding.h"

#include "token.h"

#include <structmember.h>

#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define CLOSE_TIMEOUT_S 5.0

typedef struct mailer {
    PyObject_HEAD facteur_mailer *mailer;
    atomic_int closed;
    PyObject *token; /* a callable, or NULL */
    PyObject *weakrefs;
} mailer;

typedef int (*make_mailer)(const char *dsn, const char *const *names, const char *const *values,
                           size_t count, facteur_mailer **out, facteur_error **error);

static int takes_json(const char *option)
{
    for (size_t i = 0; i < facteur_option_count(); i++) {
        if (strcmp(facteur_option_name(i), option) == 0)
            return strcmp(facteur_option_type(i), "json") == 0;
    }
    return 0;
}

/* Lists and dicts cross as JSON; what they hold is never told. */
static PyObject *option_json(const char *name, PyObject *value)
{
    PyObject *module = PyImport_ImportModule("facteur._signing");
    PyObject *text = module ? PyObject_CallMethod(module, "option_json", "sO", name, value) : NULL;

    Py_XDECREF(module);
    return text;
}

/* The text of an option's value, a new reference: what the DSN's query would say. */
static PyObject *option_text(fpy_state *state, const char *name, PyObject *value)
{
    PyObject *path;

    if (PyBool_Check(value))
        return PyUnicode_FromString(value == Py_True ? "1" : "0");
    if (PyUnicode_Check(value)) {
        Py_INCREF(value);
        return value;
    }
    if (PyLong_Check(value) || PyFloat_Check(value))
        return PyObject_Repr(value);
    if (takes_json(name) && (PyList_Check(value) || PyTuple_Check(value) || PyDict_Check(value)))
        return option_json(name, value);
    path = PyBytes_Check(value) ? NULL : PyOS_FSPath(value);
    if (path && PyUnicode_Check(path))
        return path;
    Py_XDECREF(path);
    PyErr_Clear();
    return fpy_raise_text(state, FACTEUR_ECONFIG, FPY_CONFIG_ERROR, name,
                          "expected str, int, float, bool or a path");
}

/* UTF-8 of a str without NUL; the value itself is never told, it may be a password. */
static const char *config_text(fpy_state *state, const char *where, PyObject *value)
{
    Py_ssize_t len;
    const char *text = PyUnicode_AsUTF8AndSize(value, &len);

    if (text && strlen(text) == (size_t)len)
        return text;
    PyErr_Clear();
    fpy_raise_text(state, FACTEUR_ECONFIG, FPY_CONFIG_ERROR, where,
                   text ? "the value has a NUL character" : "the value has a lone surrogate");
    return NULL;
}

/* Options as two arrays of C strings, and the str objects that own them. */
struct options {
    const char **names;
    const char **values;
    PyObject *owners;
    size_t count;
};

static void options_done(struct options *options)
{
    PyMem_Free(options->names);
    PyMem_Free(options->values);
    Py_XDECREF(options->owners);
}

static int options_add(fpy_state *state, struct options *options, PyObject *key, PyObject *value)
{
    const char *name = config_text(state, "options", key);
    PyObject *owner = name ? option_text(state, name, value) : NULL;
    const char *text = owner ? config_text(state, name, owner) : NULL;
    int failed = !text || PyList_Append(options->owners, owner);

    Py_XDECREF(owner);
    if (failed)
        return -1;
    options->names[options->count] = name;
    options->values[options->count++] = text;
    return 0;
}

static int options_read(fpy_state *state, struct options *options, PyObject *dict)
{
    size_t size = dict ? (size_t)PyDict_Size(dict) : 0;
    Py_ssize_t at = 0;
    PyObject *key;
    PyObject *value;

    options->names = PyMem_Calloc(size + 1, sizeof *options->names);
    options->values = PyMem_Calloc(size + 1, sizeof *options->values);
    options->owners = PyList_New(0);
    if (!options->names || !options->values || !options->owners) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        return -1;
    }
    while (dict && PyDict_Next(dict, &at, &key, &value)) {
        if (value != Py_None && options_add(state, options, key, value))
            return -1;
    }
    return 0;
}

static int mailer_make(fpy_state *state, mailer *self, make_mailer make, PyObject *dsn,
                       PyObject *dict)
{
    struct options options = {NULL, NULL, NULL, 0};
    facteur_error *error = NULL;
    const char *text = NULL;
    int failed = fpy_token_take(dict, &self->token) || options_read(state, &options, dict);

    if (!failed && dsn && dsn != Py_None) {
        text = PyUnicode_Check(dsn) ? config_text(state, "dsn", dsn) : NULL;
        if (!text && !PyErr_Occurred())
            fpy_raise_text(state, FACTEUR_ECONFIG, FPY_CONFIG_ERROR, "dsn", "expected str");
        failed = !text;
    }
    if (!failed) {
        int code = make(text, options.names, options.values, options.count, &self->mailer, &error);

        if (!code && self->token)
            code =
                facteur_mailer_set_token_source(self->mailer, fpy_token_ask, self->token, &error);
        if (code)
            fpy_raise(state, code, error, FPY_CONFIG_ERROR);
        failed = code != 0;
    }
    options_done(&options);
    return failed ? -1 : 0;
}

/* Split (dsn=None, **options): a dsn keyword may stand among the options. */
static PyObject *mailer_build(PyTypeObject *type, make_mailer make, PyObject *args,
                              PyObject *kwargs)
{
    fpy_state *state = (fpy_state *)PyType_GetModuleState(type);
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *dsn = NULL;
    PyObject *dict = kwargs ? PyDict_Copy(kwargs) : NULL;
    mailer *self = NULL;

    if ((kwargs && !dict) || !PyArg_UnpackTuple(args, "Mailer", 0, 1, &dsn))
        goto done;
    Py_XINCREF(dsn);
    if (dict && PyDict_GetItemString(dict, "dsn")) {
        if (dsn) {
            PyErr_SetString(PyExc_TypeError, "Mailer() got two values for dsn");
            goto done;
        }
        dsn = PyDict_GetItemString(dict, "dsn");
        Py_INCREF(dsn);
        if (PyDict_DelItemString(dict, "dsn"))
            goto done;
    }
    self = (mailer *)alloc(type, 0);
    if (!self)
        goto done;
    if (mailer_make(state, self, make, dsn, dict))
        Py_CLEAR(self);
done:
    Py_XDECREF(dsn);
    Py_XDECREF(dict);
    return (PyObject *)self;
}

static PyObject *mailer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    return mailer_build(type, facteur_mailer_new, args, kwargs);
}

static PyObject *mailer_shared(PyObject *type, PyObject *args, PyObject *kwargs)
{
    return mailer_build((PyTypeObject *)type, facteur_mailer_shared, args, kwargs);
}

static void mailer_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    if (((mailer *)object)->weakrefs)
        PyObject_ClearWeakRefs(object);
    if (((mailer *)object)->mailer)
        facteur_mailer_free(((mailer *)object)->mailer);
    Py_XDECREF(((mailer *)object)->token);
    release(object);
    Py_DECREF(type);
}

facteur_mailer *fpy_mailer_open(PyObject *object)
{
    mailer *self = (mailer *)object;

    if (!atomic_load(&self->closed))
        return self->mailer;
    fpy_raise(fpy_state_of(object), FACTEUR_ECLOSED, NULL, FPY_ERROR);
    return NULL;
}

int fpy_deadline(PyObject *value, double *deadline)
{
    *deadline = 0;
    if (!value || value == Py_None)
        return 0;
    *deadline = PyFloat_AsDouble(value);
    if (*deadline == -1.0 && PyErr_Occurred())
        return -1;
    if (isfinite(*deadline) && *deadline >= 0)
        return 0;
    PyErr_Format(PyExc_ValueError, "deadline: expected a number of seconds, 0 or more, got %R",
                 value);
    return -1;
}

facteur_mailer *fpy_mailer_core(PyObject *object)
{
    return ((mailer *)object)->mailer;
}

PyObject *fpy_mailer_token(PyObject *object)
{
    return ((mailer *)object)->token;
}

static PyObject *mailer_send(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"message", "deadline", NULL};
    PyObject *value;
    PyObject *limit = NULL;
    PyObject *message;
    PyObject *receipt;
    double deadline;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:send", names, &value, &limit) ||
        fpy_deadline(limit, &deadline))
        return NULL;
    message = fpy_message_from(fpy_state_of(self), value);
    if (!message)
        return NULL;
    receipt = fpy_mailer_send(self, message, NULL, deadline, 1);
    Py_DECREF(message);
    return receipt;
}

static PyObject *mailer_check(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"deadline", NULL};
    fpy_state *state = fpy_state_of(self);
    facteur_mailer *core = fpy_mailer_open(self);
    facteur_error *error = NULL;
    PyThreadState *thread;
    PyObject *limit = NULL;
    PyObject *text;
    PyObject *facts;
    char *json = NULL;
    double deadline;
    int code;

    if (!core || !PyArg_ParseTupleAndKeywords(args, kwargs, "|$O:check", names, &limit) ||
        fpy_deadline(limit, &deadline))
        return NULL;
    thread = PyEval_SaveThread();
    code = facteur_check(core, deadline, &json, &error);
    PyEval_RestoreThread(thread);
    if (code)
        return fpy_raise(state, code, error, FPY_CONFIG_ERROR);
    text = fpy_text(json);
    facteur_free(json);
    facts = text ? PyObject_CallFunctionObjArgs(state->objects[FPY_JSON_LOADS], text, NULL) : NULL;
    Py_XDECREF(text);
    return facts;
}

static PyObject *mailer_stats(PyObject *self, PyObject *ignored)
{
    fpy_state *state = fpy_state_of(self);
    facteur_mailer *core = fpy_mailer_open(self);
    facteur_error *error = NULL;
    PyObject *text;
    PyObject *facts;
    char *json = NULL;
    int code;

    (void)ignored;
    if (!core)
        return NULL;
    code = facteur_stats(core, &json, &error);
    if (code)
        return fpy_raise(state, code, error, FPY_CONFIG_ERROR);
    text = fpy_text(json);
    facteur_free(json);
    facts = text ? PyObject_CallFunctionObjArgs(state->objects[FPY_JSON_LOADS], text, NULL) : NULL;
    Py_XDECREF(text);
    return facts;
}

static void mailer_shut(PyObject *object, double timeout)
{
    mailer *self = (mailer *)object;
    PyThreadState *thread;

    if (atomic_exchange(&self->closed, 1))
        return;
    thread = PyEval_SaveThread();
    facteur_mailer_close(self->mailer, timeout);
    PyEval_RestoreThread(thread);
}

static PyObject *mailer_close(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"timeout", NULL};
    double timeout = CLOSE_TIMEOUT_S;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|d:close", names, &timeout))
        return NULL;
    if (!isfinite(timeout) || timeout < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout: expected seconds, 0 or more");
        return NULL;
    }
    mailer_shut(self, timeout);
    Py_RETURN_NONE;
}

static PyObject *mailer_enter(PyObject *self, PyObject *unused)
{
    if (!fpy_mailer_open(self))
        return NULL;
    Py_INCREF(self);
    return self;
}

static PyObject *mailer_exit(PyObject *self, PyObject *args)
{
    mailer_shut(self, CLOSE_TIMEOUT_S);
    Py_RETURN_NONE;
}

static PyObject *mailer_name(PyObject *self, void *closure)
{
    return fpy_text(facteur_mailer_name(((mailer *)self)->mailer));
}

static PyObject *mailer_repr(PyObject *self)
{
    PyObject *name = mailer_name(self, NULL);
    PyObject *text = name ? PyUnicode_FromFormat("Mailer(%R)", name) : NULL;

    Py_XDECREF(name);
    return text;
}

static PyObject *mailer_captured(PyObject *self, void *closure)
{
    return PyObject_CallFunctionObjArgs(fpy_state_of(self)->objects[FPY_CAPTURED], self, NULL);
}

static PyGetSetDef mailer_getset[] = {
    {"name", mailer_name, NULL,
     PyDoc_STR("What the mailer sends through, without secrets: \"smtps://smtp.example.com:465\"."),
     NULL},
    {"captured", mailer_captured, NULL,
     PyDoc_STR(
         "The mails that a memory:// mailer holds, oldest first: a sequence of CapturedMail."),
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(
    shared_doc,
    "shared($type, /, dsn=None, **options)\n--\n\n"
    "As Mailer(…), on the connections of every other shared mailer of this process that has\n"
    "the same configuration.  close() ends this handle only; the connections stay open for\n"
    "the next one.");

PyDoc_STRVAR(
    send_doc,
    "send($self, /, message, *, deadline=None)\n--\n\n"
    "Send one message and wait for its verdict; returns a Receipt.\n\n"
    "message    A facteur.Message, or an email.message.EmailMessage of the standard library.\n"
    "deadline   Seconds over everything: name resolution, connection, TLS, login, waiting,\n"
    "           dialogue.  Default, also when it is 0: the option `deadline`.\n\n"
    "At least one accepted recipient is a success; the others are in receipt.rejected.\n\n"
    "TemporaryError   certainly not accepted; its subclasses ConnectError, TLSError, AuthError\n"
    "                 and DeadlineError: the way to the relay was not open.\n"
    "PermanentError   certainly refused.\n"
    "InDoubtError     handed over, but no verdict was heard: sending again may deliver twice.\n"
    "MessageError     nothing was tried: no recipient, no sender, an unreadable attachment.\n"
    "Error            the mailer is closed.");

PyDoc_STRVAR(
    check_doc,
    "check($self, /, *, deadline=None)\n--\n\n"
    "Connect, TLS, EHLO, AUTH and NOOP, without sending a mail.\n\n"
    "Returns a dict of facts: ok, relay, phase, address, tls, certificate (subject, issuer,\n"
    "not_after, days_left, pin_sha256), capabilities, auth, timings (seconds per phase),\n"
    "error, transcript.  Raises nothing for what a relay did: ok tells, and what was learned\n"
    "before a failure is there.\n"
    "ConfigError: a file that an option names cannot be read.");

PyDoc_STRVAR(
    close_doc,
    "close($self, /, timeout=5.0)\n--\n\n"
    "Take no more mails; what is under way gets timeout seconds to end as it would have.\n\n"
    "What is left of it then is cut: temporary, or in doubt when it was handed over.  QUIT is\n"
    "said within the same time.  Closing twice is fine.");

#define LETTER_SIGNATURE                                                                           \
    "*, to=None, from_=None, reply_to=None, locale=None, subject=None, message_id=None,\n"         \
    "    date=None, words=None, key=None, attachments=(), deadline=None)\n--\n\n"

#define LETTER_CONTRACT                                                                            \
    "Never raises for anything that a network, a relay or a recipient did: the receipt's status\n" \
    "says it.  MessageError, with the JSON path in .where, for a malformed call; ConfigError for " \
    "a\n"                                                                                          \
    "file that an option names and that cannot be used."

PyDoc_STRVAR(
    letter_doc,
    "send_letter($self, /, kind, data, " LETTER_SIGNATURE
    "Compose a letter and send it; returns a Receipt.\n\n"
    "kind       One of facteur.letter_kinds(), such as \"order_confirmation\".\n"
    "data       A dict, or its JSON as str or bytes.  Amounts are str, int or Decimal, never "
    "float.\n"
    "           order.json and contact.json in share/facteur/schema describe the fields.\n"
    "to         Default: an order's customer; for a form the option `contact_to`.\n"
    "locale     Default: the data's locale, then the option `default_locale`.\n"
    "key        In the outbox of the mailer: a second letter with it is a duplicate.  Default: "
    "the\n"
    "           kind's own, if it has one.\n\n" LETTER_CONTRACT);

#define NAMED_DOC(kind, data)                                                                      \
    PyDoc_STRVAR(send_##kind##_doc, "send_" #kind "($self, /, " #data ", " LETTER_SIGNATURE        \
                                    "send_letter(\"" #kind "\", " #data ", …).");
FPY_NAMED_LETTERS(NAMED_DOC)

PyDoc_STRVAR(
    send_many_doc,
    "send_many($self, /, messages, *, deadline=None)\n--\n\n"
    "Send many messages, many in a flight; a generator of Receipts in the messages' order.\n\n"
    "messages   Any iterable; read only as far ahead as fills the connections.\n"
    "deadline   Seconds for each mail from when a connection takes it up.  Default: the option\n"
    "           `deadline`.\n\n"
    "Raises nothing for one of the mails: its receipt says what became of it.  A message that\n"
    "cannot be sent has a permanent receipt with the error_code EMESSAGE (an attachment that\n"
    "cannot be read: temporary, EIO).  An exception of the iterable is raised after the receipts\n"
    "of what it gave before.  Closing the generator cancels what was not handed over yet.\n\n"
    "Error: the mailer is closed; ConfigError: an option names a file that cannot be used.");

#define WITH_KEYWORDS(function)                                                                    \
    (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS

PyDoc_STRVAR(
    stats_doc,
    "stats($self, /)\n--\n\n"
    "What was counted in this process since the first send, as a dict: \"relays\" has one for "
    "each\n"
    "relay with relay, connections (open, opened, reused, failed by phase), mails (by status, and\n"
    "in_flight, waiting, redone, late_sent, late_refused), handshakes (full, resumed), flights, "
    "demotions, and phases: "
    "count,\n"
    "seconds together, and buckets, a list of [below so many seconds, count].\n\n"
    "Waits for nothing.");

#define NAMED_METHOD(kind, data)                                                                   \
    {"send_" #kind, WITH_KEYWORDS(fpy_mailer_send_##kind), send_##kind##_doc},

static PyMethodDef mailer_methods[] = {
    {"shared", (PyCFunction)(void (*)(void))mailer_shared,
     METH_CLASS | METH_VARARGS | METH_KEYWORDS, shared_doc},
    {"send", WITH_KEYWORDS(mailer_send), send_doc},
    {"send_letter", WITH_KEYWORDS(fpy_mailer_send_letter), letter_doc},
    FPY_NAMED_LETTERS(NAMED_METHOD)
    /* What is not a letter. */
    {"send_many", WITH_KEYWORDS(fpy_mailer_send_many), send_many_doc},
    {"check", WITH_KEYWORDS(mailer_check), check_doc},
    {"stats", mailer_stats, METH_NOARGS, stats_doc},
    {"close", WITH_KEYWORDS(mailer_close), close_doc},
    {"__enter__", mailer_enter, METH_NOARGS, PyDoc_STR("__enter__($self, /)\n--\n\n")},
    {"__exit__", mailer_exit, METH_VARARGS,
     PyDoc_STR("__exit__($self, /, *exc_info)\n--\n\nclose().")},
    {"_submit", fpy_mailer_submit, METH_VARARGS,
     PyDoc_STR("_submit($self, message, deadline, /)\n--\n\n")},
    {"_host", fpy_mailer_host, METH_O, PyDoc_STR("_host($self, loop, /)\n--\n\n")},
    {"_has_outbox", fpy_mailer_has_outbox, METH_NOARGS,
     PyDoc_STR("_has_outbox($self, /)\n--\n\nWhether it was made with the option outbox.")},
    {"_work", fpy_mailer_work, METH_VARARGS,
     PyDoc_STR("_work($self, seconds, limit, grace, /)\n--\n\n"
               "Send what is ready in its outbox: a dict of counts.")},
    {"_enqueue", fpy_mailer_enqueue, METH_VARARGS,
     PyDoc_STR("_enqueue($self, what, not_before, expires_at, priority, /)\n--\n\n"
               "Put a (message, key) pair into the outbox: a Receipt; or a list of pairs with one\n"
               "commit: a list of Receipts.")},
    {"_insert", fpy_mailer_insert, METH_VARARGS,
     PyDoc_STR("_insert($self, message, dialect, marks, key, not_before, expires_at, priority, "
               "/)\n--\n\n")},
    {"_window", fpy_mailer_window, METH_NOARGS, PyDoc_STR("_window($self, /)\n--\n\n")},
    {"_captured_count", fpy_captured_count, METH_NOARGS,
     PyDoc_STR("_captured_count($self, /)\n--\n\n")},
    {"_captured_at", fpy_captured_at, METH_O, PyDoc_STR("_captured_at($self, index, /)\n--\n\n")},
    {"_captured_clear", fpy_captured_clear, METH_NOARGS,
     PyDoc_STR("_captured_clear($self, /)\n--\n\n")},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(
    mailer_doc,
    "Mailer(dsn=None, **options)\n--\n\n"
    "Sends through one relay (or several), on connections that it keeps and reuses.\n\n"
    "dsn       \"smtps://user:pass@host\", \"smtp://…\", a preset (\"resend://KEY\"), "
    "\"file:///dir\",\n"
    "          \"memory://\", \"null://\"; default: the environment's FACTEUR_DSN,\n"
    "          else dsn of the configuration file.\n"
    "options   \"facteur help\" lists them.  They win over the DSN's query.  None: not given.\n\n"
    "Opens nothing before the first send.  Any number of threads may share one; after fork()\n"
    "the child opens its own connections.\n\n"
    "ConfigError: an unknown option (the nearest name is told), a value out of range, a DSN that\n"
    "cannot be read; .where is the option or \"dsn\".");

static PyMemberDef mailer_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(mailer, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot mailer_slots[] = {
    {Py_tp_new, mailer_new},         {Py_tp_dealloc, mailer_dealloc},
    {Py_tp_repr, mailer_repr},       {Py_tp_getset, mailer_getset},
    {Py_tp_methods, mailer_methods}, {Py_tp_members, mailer_members},
    {Py_tp_doc, (void *)mailer_doc}, {0, NULL},
};

PyType_Spec fpy_mailer_spec = {
    .name = "facteur.Mailer",
    .basicsize = sizeof(mailer),
    /* Its base is a class in Python, which an immutable type may not have (CPython 3.14). */
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = mailer_slots,
};
