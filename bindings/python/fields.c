/* SPDX-License-Identifier: MIT */
/*
 * The keywords of facteur.Message: each Python value goes straight into the core's message, and is
 * kept in a form that nobody can change afterwards.
 */
#include "binding.h"

#include <string.h>

struct job {
    fpy_state *state;
    facteur_message *message;
    const char *field; /* the core's name */
};

static PyObject *refuse(struct job *job, const char *expected, PyObject *got)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(got), "__name__");

    if (name)
        fpy_raise_text(job->state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, job->field,
                       "expected %s, got %U", expected, name);
    Py_XDECREF(name);
    return NULL;
}

/* The core's verdict as 0 or -1 with an exception. */
static int verdict(struct job *job, int code, facteur_error **error)
{
    if (!code)
        return 0;
    fpy_raise(job->state, code, *error, FPY_MESSAGE_ERROR);
    return -1;
}

int fpy_utf8(fpy_state *state, const char *where, PyObject *value, const char **text, size_t *len)
{
    struct job job = {state, NULL, where};
    Py_ssize_t size;
    const char *utf8;

    if (!PyUnicode_Check(value)) {
        refuse(&job, "str", value);
        return -1;
    }
    utf8 = PyUnicode_AsUTF8AndSize(value, &size);
    if (!utf8) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return -1;
        PyErr_Clear();
        fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, where,
                       "the text has a lone surrogate, which no UTF-8 can express");
        return -1;
    }
    *text = utf8;
    *len = (size_t)size;
    return 0;
}

int fpy_cstring(fpy_state *state, const char *where, PyObject *value, const char **text)
{
    size_t len;

    if (fpy_utf8(state, where, value, text, &len))
        return -1;
    if (strlen(*text) == len)
        return 0;
    fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, where, "the text has a NUL at %zu",
                   strlen(*text));
    return -1;
}

static int set(struct job *job, PyObject *value)
{
    facteur_error *error = NULL;
    const char *text;
    size_t len;

    if (fpy_utf8(job->state, job->field, value, &text, &len))
        return -1;
    return verdict(job, facteur_message_set(job->message, job->field, text, len, &error), &error);
}

static PyObject *kept(PyObject *value)
{
    Py_INCREF(value);
    return value;
}

static PyObject *apply_text(struct job *job, PyObject *value)
{
    return set(job, value) ? NULL : kept(value);
}

/*
 * ("a@example.com", "b@example.com") would be a mail to b alone, under a's name: no name that
 * anybody has looks like another address.
 */
static int looks_like_two(const char *name, size_t name_len, const char *address, size_t len)
{
    return memchr(name, '@', name_len) && !memchr(name, ' ', name_len) &&
           (name_len != len || memcmp(name, address, len) != 0);
}

static int add_pair(struct job *job, PyObject *pair)
{
    PyObject *name = PyTuple_GetItem(pair, 0);
    PyObject *address = PyTuple_GetItem(pair, 1);
    const char *name_text = NULL;
    const char *address_text;
    size_t name_len = 0;
    size_t address_len;
    facteur_error *error = NULL;

    if (!name || !address)
        return -1;
    if (name != Py_None && fpy_utf8(job->state, job->field, name, &name_text, &name_len))
        return -1;
    if (fpy_utf8(job->state, job->field, address, &address_text, &address_len))
        return -1;
    if (name_text && looks_like_two(name_text, name_len, address_text, address_len)) {
        fpy_raise_text(job->state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, job->field,
                       "a tuple is (name, address), and %R looks like two addresses: use a list",
                       pair);
        return -1;
    }
    return verdict(job,
                   facteur_message_add_mailbox(job->message, job->field, name_text, name_len,
                                               address_text, address_len, &error),
                   &error);
}

/* One entry: a str is an address list, a tuple of two a name and an address. */
static int add_entry(struct job *job, PyObject *entry)
{
    if (PyUnicode_Check(entry))
        return set(job, entry);
    if (PyTuple_Check(entry) && PyTuple_Size(entry) == 2)
        return add_pair(job, entry);
    refuse(job, "a str or a (name, address) tuple", entry);
    return -1;
}

static int is_entry(PyObject *value)
{
    PyObject *second;

    if (PyUnicode_Check(value))
        return 1;
    if (!PyTuple_Check(value) || PyTuple_Size(value) != 2)
        return 0;
    second = PyTuple_GetItem(value, 1);
    return second && PyUnicode_Check(second);
}

/* Always a tuple of entries, so that reading the attribute needs no case distinction. */
static PyObject *apply_mailboxes(struct job *job, PyObject *value)
{
    PyObject *entries;

    if (is_entry(value))
        return add_entry(job, value) ? NULL : PyTuple_Pack(1, value);
    if (!PyList_Check(value) && !PyTuple_Check(value))
        return refuse(job, "an address, a (name, address) tuple, or a list of these", value);
    entries = PySequence_Tuple(value);
    for (Py_ssize_t i = 0; entries && i < PyTuple_Size(entries); i++) {
        if (add_entry(job, PyTuple_GetItem(entries, i)))
            Py_CLEAR(entries);
    }
    return entries;
}

/* From and Sender name one mailbox; a str may still list several authors (RFC 5322 section 3.6.2).
 */
static PyObject *apply_mailbox(struct job *job, PyObject *value)
{
    if (PyList_Check(value) && PyList_Size(value) == 1)
        value = PyList_GetItem(value, 0);
    if (!is_entry(value))
        return refuse(job, "an address or a (name, address) tuple", value);
    return add_entry(job, value) ? NULL : kept(value);
}

static int add_header(struct job *job, PyObject *name, PyObject *value)
{
    facteur_error *error = NULL;
    const char *name_text;
    const char *text;
    size_t len;

    if (fpy_cstring(job->state, job->field, name, &name_text) ||
        fpy_utf8(job->state, name_text, value, &text, &len))
        return -1;
    return verdict(job, facteur_message_add_header(job->message, name_text, text, len, &error),
                   &error);
}

static PyObject *apply_headers(struct job *job, PyObject *value)
{
    PyObject *list = NULL;
    PyObject *pairs;

    if (PyDict_Check(value))
        list = PyDict_Items(value);
    else if (PyList_Check(value) || PyTuple_Check(value))
        list = kept(value);
    else
        return refuse(job, "a dict or a list of (name, value) tuples", value);
    pairs = list ? PySequence_Tuple(list) : NULL;
    Py_XDECREF(list);
    for (Py_ssize_t i = 0; pairs && i < PyTuple_Size(pairs); i++) {
        PyObject *pair = PyTuple_GetItem(pairs, i);

        if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
            refuse(job, "a (name, value) tuple", pair);
            Py_CLEAR(pairs);
        } else if (add_header(job, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1))) {
            Py_CLEAR(pairs);
        }
    }
    return pairs;
}

/* A datetime becomes RFC 3339 text; a naive one is local time, as datetime itself has it. */
static PyObject *apply_date(struct job *job, PyObject *value)
{
    PyObject *aware;
    PyObject *text;
    int failed;

    if (PyUnicode_Check(value))
        return apply_text(job, value);
    if (!PyObject_HasAttrString(value, "astimezone"))
        return refuse(job, "a datetime or a str", value);
    aware = PyObject_GetAttrString(value, "tzinfo");
    if (aware == Py_None) {
        Py_DECREF(aware);
        aware = PyObject_CallMethod(value, "astimezone", NULL);
    } else if (aware) {
        Py_DECREF(aware);
        aware = kept(value);
    }
    text = aware ? PyObject_CallMethod(aware, "isoformat", "ss", "T", "seconds") : NULL;
    failed = !text || set(job, text);
    Py_XDECREF(text);
    if (failed)
        Py_CLEAR(aware);
    return aware;
}

/* Message ids: one str, or a list of them. */
static PyObject *apply_ids(struct job *job, PyObject *value)
{
    PyObject *space;
    PyObject *joined;

    if (PyUnicode_Check(value))
        return apply_text(job, value);
    if (!PyList_Check(value) && !PyTuple_Check(value))
        return refuse(job, "a str or a list of str", value);
    space = PyUnicode_FromString(" ");
    joined = space ? PyUnicode_Join(space, value) : NULL;
    Py_XDECREF(space);
    if (!joined && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        return refuse(job, "a str or a list of str", value);
    }
    if (joined && set(job, joined))
        Py_CLEAR(joined);
    return joined;
}

/* An attribute as a C string, NULL for None; *owner keeps it alive. */
static int optional_text(struct job *job, PyObject *object, enum fpy_object name, PyObject **owner,
                         const char **text)
{
    *text = NULL;
    *owner = PyObject_GetAttr(object, job->state->objects[name]);
    if (!*owner)
        return -1;
    return *owner == Py_None ? 0 : fpy_cstring(job->state, job->field, *owner, text);
}

static int attach_bytes(struct job *job, PyObject *data, const char *name, const char *type,
                        const char *content_id)
{
    facteur_error *error = NULL;
    char *bytes;
    Py_ssize_t len;

    if (PyBytes_AsStringAndSize(data, &bytes, &len))
        return -1;
    return verdict(job,
                   facteur_message_attach_bytes(job->message, bytes, (size_t)len, name, type,
                                                content_id, &error),
                   &error);
}

/* Opening a file can wait (a network disk), so other threads may run meanwhile. */
static int attach_path(struct job *job, PyObject *path, const char *name, const char *type,
                       const char *content_id)
{
    facteur_error *error = NULL;
    PyObject *encoded = PyUnicode_EncodeFSDefault(path);
    const char *text = encoded ? PyBytes_AsString(encoded) : NULL;
    int code;

    if (!text) {
        Py_XDECREF(encoded);
        return -1;
    }
    if ((Py_ssize_t)strlen(text) != PyBytes_Size(encoded)) {
        Py_DECREF(encoded);
        fpy_raise_text(job->state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, job->field,
                       "the path has a NUL");
        return -1;
    }
    Py_BEGIN_ALLOW_THREADS code =
        facteur_message_attach_path(job->message, text, name, type, content_id, &error);
    Py_END_ALLOW_THREADS Py_DECREF(encoded);
    return verdict(job, code, &error);
}

static int attach(struct job *job, PyObject *attachment)
{
    PyObject *owners[3] = {NULL, NULL, NULL};
    const char *name;
    const char *type;
    const char *content_id;
    PyObject *data = PyObject_GetAttr(attachment, job->state->objects[FPY_NAME_data]);
    PyObject *path = PyObject_GetAttr(attachment, job->state->objects[FPY_NAME_path]);
    int failed = !data || !path ||
                 optional_text(job, attachment, FPY_NAME_name, &owners[0], &name) ||
                 optional_text(job, attachment, FPY_NAME_type, &owners[1], &type) ||
                 optional_text(job, attachment, FPY_NAME_content_id, &owners[2], &content_id);

    if (!failed)
        failed = path == Py_None ? attach_bytes(job, data, name, type, content_id)
                                 : attach_path(job, path, name, type, content_id);
    Py_XDECREF(data);
    Py_XDECREF(path);
    for (int i = 0; i < 3; i++)
        Py_XDECREF(owners[i]);
    return failed;
}

/* An Attachment, or what Attachment() takes as its only argument. */
static PyObject *attachment_of(struct job *job, PyObject *value)
{
    PyObject *type = job->state->objects[FPY_ATTACHMENT];
    int known = PyObject_IsInstance(value, type);

    if (known < 0)
        return NULL;
    return known ? kept(value) : PyObject_CallFunctionObjArgs(type, value, NULL);
}

static PyObject *apply_attachments(struct job *job, PyObject *value)
{
    PyObject *made;
    Py_ssize_t count;

    if (!PyList_Check(value) && !PyTuple_Check(value))
        return refuse(job, "a list of Attachments", value);
    value = PySequence_Tuple(value);
    if (!value)
        return NULL;
    count = PyTuple_Size(value);
    made = PyTuple_New(count);
    for (Py_ssize_t i = 0; made && i < count; i++) {
        PyObject *one = attachment_of(job, PyTuple_GetItem(value, i));

        if (!one || attach(job, one)) {
            Py_XDECREF(one);
            Py_CLEAR(made);
        } else if (PyTuple_SetItem(made, i, one)) {
            Py_CLEAR(made);
        }
    }
    Py_DECREF(value);
    return made;
}

PyObject *fpy_attach(fpy_state *state, facteur_message *message, PyObject *attachments)
{
    struct job job = {state, message, "attachments"};

    return apply_attachments(&job, attachments);
}

static const struct keyword {
    const char *name;
    const char *field;
    PyObject *(*apply)(struct job *job, PyObject *value);
} keywords[] = {
    {"from_", "from", apply_mailbox},
    {"to", "to", apply_mailboxes},
    {"subject", "subject", apply_text},
    {"text", "text", apply_text},
    {"html", "html", apply_text},
    {"cc", "cc", apply_mailboxes},
    {"bcc", "bcc", apply_mailboxes},
    {"reply_to", "reply_to", apply_mailboxes},
    {"sender", "sender", apply_mailbox},
    {"attachments", "attachments", apply_attachments},
    {"headers", "headers", apply_headers},
    {"envelope_from", "envelope_from", apply_text},
    {"message_id", "message_id", apply_text},
    {"date", "date", apply_date},
    {"in_reply_to", "in_reply_to", apply_ids},
    {"references", "references", apply_ids},
};

static const struct keyword *keyword_find(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (!strcmp(keywords[i].name, name))
            return &keywords[i];
    }
    return NULL;
}

/* The core tells which field was meant, unless it is the one that Python spells otherwise. */
static void raise_unknown(fpy_state *state, facteur_message *message, const char *name)
{
    facteur_error *error = NULL;
    int code;

    if (!strcmp(name, "from")) {
        fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, name,
                       "no such keyword; did you mean \"from_\"?");
        return;
    }
    code = facteur_message_set(message, name, "", 0, &error);
    fpy_raise(state, code ? code : FACTEUR_EMESSAGE, error, FPY_MESSAGE_ERROR);
}

int fpy_fields_apply(fpy_state *state, facteur_message *message, PyObject *dict)
{
    Py_ssize_t at = 0;
    PyObject *key;
    PyObject *value;

    while (PyDict_Next(dict, &at, &key, &value)) {
        const struct keyword *keyword;
        struct job job = {state, message, NULL};
        const char *name;
        PyObject *lasting;
        int failed;

        if (fpy_cstring(state, "", key, &name))
            return -1;
        keyword = keyword_find(name);
        if (!keyword) {
            raise_unknown(state, message, name);
            return -1;
        }
        if (value == Py_None)
            continue;
        job.field = keyword->field;
        lasting = keyword->apply(&job, value);
        /* Setting the value of a key that is there does not disturb PyDict_Next(). */
        failed = !lasting || PyDict_SetItem(dict, key, lasting);
        Py_XDECREF(lasting);
        if (failed)
            return -1;
    }
    return 0;
}
