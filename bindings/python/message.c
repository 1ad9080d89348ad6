/* SPDX-License-Identifier: MIT */
/*
 * facteur.Message: an immutable value over a facteur_message.  One made of keywords remembers them
 * as its attributes; one made of bytes, or composed as a letter, reads them from its own bytes when
 * asked.
 */
#include "binding.h"
#include "message_table.h"

#include <stddef.h>
#include <structmember.h>

typedef struct message {
    PyObject_HEAD facteur_message *message;
    PyObject *fields; /* keyword -> lasting value; NULL until read from the bytes */
    int given;        /* the fields are the keywords that it was made of */
    PyThread_type_lock lock;
    uint64_t holder; /* the process that took the lock: a child waits for no thread of its parent */
    PyObject *weakrefs;
} message;

static message *message_alloc(PyTypeObject *type)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    message *self = (message *)alloc(type, 0);

    if (!self)
        return NULL;
    self->lock = PyThread_allocate_lock();
    if (!self->lock) {
        Py_DECREF(self);
        PyErr_NoMemory();
        return NULL;
    }
    return self;
}

facteur_message *fpy_message_hold(PyObject *object)
{
    message *self = (message *)object;

    if (!PyThread_acquire_lock(self->lock, NOWAIT_LOCK)) {
        PyThreadState *thread;
        PyThread_type_lock fresh =
            self->holder == facteur_process() ? NULL : PyThread_allocate_lock();

        if (fresh)
            self->lock = fresh; /* the inherited one stays taken for ever */
        thread = PyEval_SaveThread();
        PyThread_acquire_lock(self->lock, WAIT_LOCK);
        PyEval_RestoreThread(thread);
    }
    self->holder = facteur_process();
    return self->message;
}

void fpy_message_release(PyObject *object)
{
    PyThread_release_lock(((message *)object)->lock);
}

static PyObject *message_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    fpy_state *state = (fpy_state *)PyType_GetModuleState(type);
    message *self;

    if (PyTuple_Size(args) > 0) {
        PyErr_SetString(PyExc_TypeError, "Message() takes keyword arguments only");
        return NULL;
    }
    self = message_alloc(type);
    if (!self)
        return NULL;
    self->message = facteur_message_new();
    self->fields = kwargs ? PyDict_Copy(kwargs) : PyDict_New();
    if (!self->message && self->fields)
        PyErr_NoMemory();
    if (!self->message || !self->fields || fpy_fields_apply(state, self->message, self->fields)) {
        Py_DECREF(self);
        return NULL;
    }
    self->given = 1;
    return (PyObject *)self;
}

PyObject *fpy_message_keywords(PyObject *object)
{
    return ((message *)object)->given ? ((message *)object)->fields : NULL;
}

static int message_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((message *)object)->fields);
    return 0;
}

static int message_clear(PyObject *object)
{
    Py_CLEAR(((message *)object)->fields);
    return 0;
}

static void message_dealloc(PyObject *object)
{
    message *self = (message *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    PyObject_GC_UnTrack(object);
    if (self->weakrefs)
        PyObject_ClearWeakRefs(object);
    message_clear(object);
    facteur_message_free(self->message);
    if (self->lock)
        PyThread_free_lock(self->lock);
    release(object);
    Py_DECREF(type);
}

PyObject *fpy_message_wrap(fpy_state *state, facteur_message *core)
{
    message *self = message_alloc(fpy_type(state, FPY_MESSAGE_TYPE));

    if (!self) {
        facteur_message_free(core);
        return NULL;
    }
    self->message = core;
    return (PyObject *)self;
}

static PyObject *message_bytes(PyObject *self, PyObject *unused)
{
    fpy_state *state = fpy_state_of(self);
    facteur_message *core = fpy_message_hold(self);
    facteur_error *error = NULL;
    PyThreadState *thread;
    char *bytes = NULL;
    size_t len = 0;
    PyObject *made;
    int code;

    thread = PyEval_SaveThread();
    code = facteur_message_bytes(core, &bytes, &len, &error);
    PyEval_RestoreThread(thread);
    fpy_message_release(self);
    if (code)
        return fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
    made = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)len);
    facteur_free(bytes);
    return made;
}

/* The bytes, or None of a message that has none yet, as one without an author. */
static PyObject *bytes_or_none(PyObject *object)
{
    PyObject *bytes = message_bytes(object, NULL);

    if (bytes || !PyErr_ExceptionMatches(fpy_state_of(object)->objects[FPY_MESSAGE_ERROR]))
        return bytes;
    PyErr_Clear();
    Py_RETURN_NONE;
}

/* The JSON of a message that has no bytes yet; without contents when a private key is among them.
 */
static PyObject *json_with_contents(PyObject *object)
{
    PyObject *json = fpy_message_to_json(object, NULL);

    if (json || !PyErr_ExceptionMatches(fpy_state_of(object)->objects[FPY_MESSAGE_ERROR]))
        return json;
    PyErr_Clear();
    return fpy_message_summary(object);
}

/* The attributes as a dict: given, or read once from the message; a borrowed reference. */
static PyObject *fields_of(PyObject *object)
{
    message *self = (message *)object;
    PyObject *known = __atomic_load_n(&self->fields, __ATOMIC_ACQUIRE);
    PyObject *none = NULL;
    PyObject *bytes;
    PyObject *json;
    PyObject *read;

    if (known)
        return known;
    bytes = bytes_or_none(object);
    json = bytes == Py_None ? json_with_contents(object)
           : bytes          ? fpy_message_summary(object)
                            : NULL;
    read = json ? PyObject_CallFunctionObjArgs(fpy_state_of(object)->objects[FPY_READ_FIELDS],
                                               bytes, json, NULL)
                : NULL;
    Py_XDECREF(bytes);
    Py_XDECREF(json);
    /* Another thread may have been faster, with or without a GIL. */
    if (!__atomic_compare_exchange_n(&self->fields, &none, read, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        Py_XDECREF(read);
    return __atomic_load_n(&self->fields, __ATOMIC_ACQUIRE);
}

/* Attributes that hold several things are empty tuples where nothing was given, the others None. */
struct attribute {
    const char *keyword;
    int several;
};

static PyObject *message_attribute(PyObject *self, void *closure)
{
    const struct attribute *attribute = closure;
    PyObject *fields = fields_of(self);
    PyObject *value;

    if (!fields)
        return NULL;
    value = PyDict_GetItemString(fields, attribute->keyword);
    if (!value || value == Py_None)
        value = attribute->several ? fpy_state_of(self)->objects[FPY_EMPTY_TUPLE] : Py_None;
    Py_INCREF(value);
    return value;
}

static PyObject *message_notes(PyObject *self, void *unused)
{
    facteur_message *core = fpy_message_hold(self);
    size_t count = facteur_message_note_count(core);
    PyObject *notes = PyTuple_New((Py_ssize_t)count);

    for (size_t i = 0; notes && i < count; i++) {
        PyObject *note = fpy_text(facteur_message_note(core, i));

        if (!note || PyTuple_SetItem(notes, (Py_ssize_t)i, note))
            Py_CLEAR(notes);
    }
    fpy_message_release(self);
    return notes;
}

static PyObject *message_repr(PyObject *self)
{
    PyObject *fields = fields_of(self);

    if (!fields)
        return NULL;
    return PyObject_CallFunctionObjArgs(fpy_state_of(self)->objects[FPY_DESCRIBE], fields, NULL);
}

static int add_recipients(fpy_state *state, facteur_message *core, PyObject *recipients)
{
    PyObject *list = PyUnicode_Check(recipients) ? NULL : PySequence_Tuple(recipients);
    int failed = 0;

    if (!list && !PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "recipients: expected a list of addresses, got str");
    if (!list)
        return -1;
    if (!PyTuple_Size(list)) {
        Py_DECREF(list);
        fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, "recipients",
                       "expected at least one address");
        return -1;
    }
    for (Py_ssize_t i = 0; !failed && i < PyTuple_Size(list); i++) {
        facteur_error *error = NULL;
        const char *text;
        size_t len;
        int code;

        failed = fpy_utf8(state, "recipients", PyTuple_GetItem(list, i), &text, &len);
        if (failed)
            break;
        code = facteur_message_add_recipient(core, text, len, &error);
        if (code)
            fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
        failed = code != 0;
    }
    Py_DECREF(list);
    return failed ? -1 : 0;
}

static int set_envelope(fpy_state *state, facteur_message *core, PyObject *sender,
                        PyObject *recipients)
{
    facteur_error *error = NULL;
    const char *text;
    size_t len;
    int code;

    if (sender != Py_None) {
        if (fpy_utf8(state, "envelope_from", sender, &text, &len))
            return -1;
        code = facteur_message_set(core, "envelope_from", text, len, &error);
        if (code) {
            fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
            return -1;
        }
    }
    return recipients == Py_None ? 0 : add_recipients(state, core, recipients);
}

/* `more`: a dict of the other keywords of Message() that a finished message can have, or NULL. */
static PyObject *from_raw(fpy_state *state, const void *bytes, size_t len, PyObject *sender,
                          PyObject *recipients, PyObject *more)
{
    facteur_message *core = NULL;
    facteur_error *error = NULL;
    int code = facteur_message_from_bytes(bytes, len, &core, &error);

    if (code)
        return fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
    if (set_envelope(state, core, sender, recipients) ||
        (more && fpy_fields_apply(state, core, more))) {
        facteur_message_free(core);
        return NULL;
    }
    return fpy_message_wrap(state, core);
}

/* Move the named keywords from one dict into another.  0, or -1 with an exception. */
static int take_keywords(PyObject *from, PyObject *into, char *const *names)
{
    for (; *names; names++) {
        PyObject *value = PyDict_GetItemString(from, *names);

        if (value &&
            (PyDict_SetItemString(into, *names, value) || PyDict_DelItemString(from, *names)))
            return -1;
    }
    return 0;
}

static PyObject *message_from_bytes(PyObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"raw", "envelope_from", "recipients", NULL};
    fpy_state *state = (fpy_state *)PyType_GetModuleState((PyTypeObject *)type);
    PyObject *sender = Py_None;
    PyObject *recipients = Py_None;
    PyObject *own = PyDict_New();
    PyObject *more = kwargs ? PyDict_Copy(kwargs) : PyDict_New();
    PyObject *made = NULL;
    Py_buffer raw;

    if (own && more && !take_keywords(more, own, names) &&
        PyArg_ParseTupleAndKeywords(args, own, "y*|OO:from_bytes", names, &raw, &sender,
                                    &recipients)) {
        made = from_raw(state, raw.buf, (size_t)raw.len, sender, recipients, more);
        PyBuffer_Release(&raw);
    }
    Py_XDECREF(own);
    Py_XDECREF(more);
    return made;
}

PyObject *fpy_message_from(fpy_state *state, PyObject *value)
{
    PyObject *bytes;
    PyObject *made = NULL;
    char *raw;
    Py_ssize_t len;

    if (Py_TYPE(value) == fpy_type(state, FPY_MESSAGE_TYPE)) {
        Py_INCREF(value);
        return value;
    }
    bytes = PyObject_CallFunctionObjArgs(state->objects[FPY_STDLIB_BYTES], value, NULL);
    if (bytes && !PyBytes_AsStringAndSize(bytes, &raw, &len))
        made = from_raw(state, raw, (size_t)len, Py_None, Py_None, NULL);
    Py_XDECREF(bytes);
    return made;
}

static PyGetSetDef message_getset[] = {
#define ATTRIBUTE(name, several, doc)                                                              \
    {#name, message_attribute, NULL, PyDoc_STR(doc), &(struct attribute){#name, several}},
    FPY_MESSAGE_ATTRIBUTES
#undef ATTRIBUTE
    {"notes", message_notes, NULL,
     PyDoc_STR("What facteur mended in the message or left out of it, a sentence each."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(
    from_bytes_doc, FPY_FROM_BYTES_SIGNATURE
    "\nMake a message of finished RFC 5322 bytes (any bytes-like object).\n\n"
    "Line ends become CRLF, Bcc fields are taken out, every other byte is kept.\n"
    "The envelope is read from the fields unless it is given: envelope_from is an address\n"
    "(\"\" is the null reverse-path), recipients a list of bare addresses.  The other\n"
    "keywords are those of Message().\n\n"
    "MessageError: no readable message, an address that cannot be on the wire.");

PyDoc_STRVAR(
    to_json_doc,
    "to_json($self, /)\n--\n\n"
    "The message as JSON text, whole: what from_json() and the program `facteur send` read.\n\n"
    "Attachments of a path keep the path, others are in it in base64.  The Message-ID and the\n"
    "date of a message that has none are made now and kept, so that every copy is one mail.\n\n"
    "MessageError: smime holds a private key, which nobody shall store.");

PyDoc_STRVAR(
    from_json_doc,
    "from_json($type, text, /)\n--\n\n"
    "Make a message of its JSON (str or bytes), or of one that a program wrote: the members\n"
    "are the fields by name, and \"from\" is called so.\n\n"
    "MessageError: malformed JSON, a wrong member; its .where is the path.");

static PyMethodDef message_methods[] = {
    {"from_bytes", (PyCFunction)(void (*)(void))message_from_bytes,
     METH_CLASS | METH_VARARGS | METH_KEYWORDS, from_bytes_doc},
    {"__bytes__", message_bytes, METH_NOARGS,
     PyDoc_STR("__bytes__($self, /)\n--\n\n"
               "The message as it would be sent: CRLF lines, no Bcc, not dot-stuffed.")},
    {"to_json", fpy_message_to_json, METH_NOARGS, to_json_doc},
    {"as_dict", fpy_message_as_dict, METH_NOARGS,
     PyDoc_STR("as_dict($self, /)\n--\n\nWhat to_json() says, as a dict.")},
    {"from_json", fpy_message_from_json, METH_CLASS | METH_O, from_json_doc},
    {"_restored", fpy_message_restored, METH_CLASS | METH_VARARGS,
     PyDoc_STR("_restored($type, fields, beside, /)\n--\n\n")},
    {"__reduce__", fpy_message_reduce, METH_NOARGS, PyDoc_STR("__reduce__($self, /)\n--\n\n")},
    {"__copy__", fpy_message_copy, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\n")},
    {"__deepcopy__", fpy_message_copy, METH_O, PyDoc_STR("__deepcopy__($self, memo, /)\n--\n\n")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef message_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(message, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(
    message_doc, FPY_MESSAGE_SIGNATURE
    "\nA mail's content and its envelope; it never changes once made.\n\n" FPY_MESSAGE_FIELDS
    "\nA relay that does not offer what dsn_notify, dsn_return, envelope_id, require_tls,\n"
    "deliver_by or mt_priority asks refuses the mail; a value with \"?\" at its end, such as\n"
    "\"failure?\", asks only where it is offered (not for require_tls).\n\n"
    "MessageError: a value that cannot be on the wire, an unknown keyword, a file that\n"
    "cannot be opened; its .where is the field.");

static PyType_Slot message_slots[] = {
    {Py_tp_new, message_new},
    {Py_tp_dealloc, message_dealloc},
    {Py_tp_traverse, message_traverse},
    {Py_tp_clear, message_clear},
    {Py_tp_repr, message_repr},
    {Py_tp_hash, fpy_message_hash},
    {Py_tp_richcompare, fpy_message_compare},
    {Py_tp_members, message_members},
    {Py_tp_getset, message_getset},
    {Py_tp_methods, message_methods},
    {Py_tp_doc, (void *)message_doc},
    {0, NULL},
};

PyType_Spec fpy_message_spec = {
    .name = "facteur.Message",
    .basicsize = sizeof(message),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = message_slots,
};
