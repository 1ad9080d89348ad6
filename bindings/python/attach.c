/* SPDX-License-Identifier: MIT */
/* Attachments: the attributes of facteur.Attachment into the core's message. */
#include "binding.h"

#include <errno.h>
#include <unistd.h>

#define FIELD "attachments"

struct target {
    fpy_state *state;
    facteur_message *message;
};

/* The core's verdict as 0 or -1 with an exception. */
static int verdict(struct target *target, int code, facteur_error **error)
{
    if (!code)
        return 0;
    fpy_raise(target->state, code, *error, FPY_MESSAGE_ERROR);
    return -1;
}

/* An attribute as a C string, NULL for None; *owner keeps it alive.  An error names the field. */
static int optional_text(struct target *target, PyObject *object, enum fpy_object name,
                         const char *field, PyObject **owner, const char **text)
{
    *text = NULL;
    *owner = PyObject_GetAttr(object, target->state->objects[name]);
    if (!*owner)
        return -1;
    return *owner == Py_None ? 0 : fpy_cstring(target->state, field, *owner, text);
}

/*
 * The file's name for the core, which mends what is broken in it; NULL for None.  Bytes that were
 * no UTF-8 and became surrogates (os.fsdecode()) are those bytes again.  The core ends a name at
 * its NUL, so another control character stands there.
 */
static int file_name(struct target *target, PyObject *attachment, PyObject **owner,
                     const char **text)
{
    PyObject *name = PyObject_GetAttr(attachment, target->state->objects[FPY_NAME_name]);
    PyObject *bytes, *nul;

    *text = NULL;
    if (!name || name == Py_None) {
        *owner = name;
        return name ? 0 : -1;
    }
    if (!PyUnicode_Check(name)) {
        fpy_refuse(target->state, "name", "str", name);
        Py_DECREF(name);
        return -1;
    }
    bytes = PyUnicode_AsEncodedString(name, "utf-8", "surrogateescape");
    if (!bytes && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        bytes = PyUnicode_AsEncodedString(name, "utf-8", "surrogatepass");
    }
    Py_DECREF(name);
    nul = bytes ? PyBytes_FromStringAndSize("", 1) : NULL;
    *owner = nul ? PyObject_CallMethod(bytes, "replace", "Oy", nul, "\x1a") : NULL;
    Py_XDECREF(nul);
    Py_XDECREF(bytes);
    *text = *owner ? PyBytes_AsString(*owner) : NULL;
    return *text ? 0 : -1;
}

static int attach_bytes(struct target *target, PyObject *data, const char *name, const char *type,
                        const char *content_id)
{
    facteur_error *error = NULL;
    char *bytes;
    Py_ssize_t len;

    if (PyBytes_AsStringAndSize(data, &bytes, &len))
        return -1;
    return verdict(target,
                   facteur_message_attach_bytes(target->message, bytes, (size_t)len, name, type,
                                                content_id, &error),
                   &error);
}

/* Before its name is looked at, which is the end of it. */
static int check_path(struct target *target, PyObject *path)
{
    Py_ssize_t len = path == Py_None ? 0 : PyUnicode_GetLength(path);
    Py_ssize_t nul = len > 0 ? PyUnicode_FindChar(path, 0, 0, len, 1) : -1;

    if (nul >= 0)
        fpy_raise_text(target->state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, FIELD,
                       "the path has a NUL");
    return len >= 0 && nul == -1 ? 0 : -1;
}

/* Opening a file can wait (a network disk), so other threads may run meanwhile. */
static int attach_path(struct target *target, PyObject *path, const char *name, const char *type,
                       const char *content_id)
{
    facteur_error *error = NULL;
    PyObject *encoded = PyUnicode_EncodeFSDefault(path);
    const char *text = encoded ? PyBytes_AsString(encoded) : NULL;
    PyThreadState *thread;
    int code;

    if (!text) {
        Py_XDECREF(encoded);
        return -1;
    }
    thread = PyEval_SaveThread();
    code = facteur_message_attach_path(target->message, text, name, type, content_id, &error);
    PyEval_RestoreThread(thread);
    Py_DECREF(encoded);
    return verdict(target, code, &error);
}

/* The copy that Attachment made of a stream, read by offset: several messages may read at once. */
struct copy {
    int fd;
    off_t at;
};

static long read_copy(void *arg, void *buffer, size_t size)
{
    struct copy *copy = arg;
    ssize_t n;

    do
        n = pread(copy->fd, buffer, size, copy->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return FACTEUR_EIO;
    copy->at += n;
    return (long)n;
}

static int attach_stream(struct target *target, PyObject *stream, const char *name,
                         const char *type, const char *content_id)
{
    facteur_error *error = NULL;
    struct copy copy = {.fd = PyObject_AsFileDescriptor(stream)};
    PyThreadState *thread;
    int code;

    if (copy.fd < 0)
        return -1;
    thread = PyEval_SaveThread();
    code = facteur_message_attach_stream(target->message, read_copy, &copy, name, type, content_id,
                                         &error);
    PyEval_RestoreThread(thread);
    return verdict(target, code, &error);
}

static int attach(struct target *target, PyObject *attachment)
{
    PyObject *owners[3] = {NULL, NULL, NULL};
    const char *name;
    const char *type;
    const char *content_id;
    PyObject *data = PyObject_GetAttr(attachment, target->state->objects[FPY_NAME_data]);
    PyObject *path = PyObject_GetAttr(attachment, target->state->objects[FPY_NAME_path]);
    PyObject *stream = PyObject_GetAttr(attachment, target->state->objects[FPY_NAME_stream]);
    int failed =
        !data || !path || !stream || check_path(target, path) ||
        file_name(target, attachment, &owners[0], &name) ||
        optional_text(target, attachment, FPY_NAME_type, "type", &owners[1], &type) ||
        optional_text(target, attachment, FPY_NAME_content_id, "inline", &owners[2], &content_id);

    if (!failed && stream != Py_None)
        failed = attach_stream(target, stream, name, type, content_id);
    else if (!failed)
        failed = path == Py_None ? attach_bytes(target, data, name, type, content_id)
                                 : attach_path(target, path, name, type, content_id);
    Py_XDECREF(data);
    Py_XDECREF(path);
    Py_XDECREF(stream);
    for (int i = 0; i < 3; i++)
        Py_XDECREF(owners[i]);
    return failed;
}

/* An Attachment, or what Attachment() takes as its only argument. */
static PyObject *attachment_of(struct target *target, PyObject *value)
{
    PyObject *type = target->state->objects[FPY_ATTACHMENT];
    int known = PyObject_IsInstance(value, type);

    if (known < 0)
        return NULL;
    if (!known)
        return PyObject_CallFunctionObjArgs(type, value, NULL);
    Py_INCREF(value);
    return value;
}

PyObject *fpy_attach(fpy_state *state, facteur_message *message, PyObject *value)
{
    struct target target = {state, message};
    PyObject *made;
    Py_ssize_t count;

    if (!PyList_Check(value) && !PyTuple_Check(value))
        return fpy_refuse(state, FIELD, "a list of Attachments", value);
    value = PySequence_Tuple(value);
    if (!value)
        return NULL;
    count = PyTuple_Size(value);
    made = PyTuple_New(count);
    for (Py_ssize_t i = 0; made && i < count; i++) {
        PyObject *one = attachment_of(&target, PyTuple_GetItem(value, i));

        if (!one || attach(&target, one)) {
            Py_XDECREF(one);
            Py_CLEAR(made);
        } else if (PyTuple_SetItem(made, i, one)) {
            Py_CLEAR(made);
        }
    }
    Py_DECREF(value);
    return made;
}
