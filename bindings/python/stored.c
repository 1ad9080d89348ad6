/* SPDX-License-Identifier: MIT */
/* A Message as a value: its JSON, pickled, copied, compared. */
#include "binding.h"

#include <string.h>

/* The JSON of the core as a str, or NULL with an exception. */
static PyObject *json_of(PyObject *self, enum facteur_message_form form)
{
    fpy_state *state = fpy_state_of(self);
    facteur_message *core = fpy_message_hold(self);
    facteur_error *error = NULL;
    PyThreadState *thread = PyEval_SaveThread();
    char *json = NULL;
    int code = facteur_message_json(core, form, &json, &error);
    PyObject *text;

    PyEval_RestoreThread(thread);
    fpy_message_release(self);
    if (code)
        return fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
    text = PyUnicode_FromString(json);
    facteur_free(json);
    return text;
}

PyObject *fpy_message_to_json(PyObject *self, PyObject *unused)
{
    return json_of(self, FACTEUR_FORM_WHOLE);
}

PyObject *fpy_message_summary(PyObject *self)
{
    return json_of(self, FACTEUR_FORM_SUMMARY);
}

PyObject *fpy_message_as_dict(PyObject *self, PyObject *unused)
{
    PyObject *text = json_of(self, FACTEUR_FORM_WHOLE);
    PyObject *dict =
        text ? PyObject_CallFunctionObjArgs(fpy_state_of(self)->objects[FPY_JSON_LOADS], text, NULL)
             : NULL;

    Py_XDECREF(text);
    return dict;
}

/* Borrow the text of a str or bytes; -1 with an exception. */
static int read_text(fpy_state *state, PyObject *value, const char **text, size_t *len)
{
    Py_ssize_t size;

    if (!PyBytes_Check(value))
        return fpy_utf8(state, "", value, text, len);
    if (PyBytes_AsStringAndSize(value, (char **)text, &size))
        return -1;
    *len = (size_t)size;
    return 0;
}

PyObject *fpy_message_from_json(PyObject *type, PyObject *value)
{
    fpy_state *state = (fpy_state *)PyType_GetModuleState((PyTypeObject *)type);
    facteur_message *core = NULL;
    facteur_error *error = NULL;
    PyThreadState *thread;
    const char *text;
    size_t len;
    int code;

    if (read_text(state, value, &text, &len))
        return NULL;
    /* It may open files, which can wait. */
    thread = PyEval_SaveThread();
    code = facteur_message_from_json(text, len, &core, &error);
    PyEval_RestoreThread(thread);
    return code ? fpy_raise(state, code, error, FPY_MESSAGE_ERROR) : fpy_message_wrap(state, core);
}

/*
 * Attributes as keywords again: a tuple of two addresses would be a name and an address, and is one
 * in from_ and sender.
 */
static PyObject *keywords_of(fpy_state *state, PyObject *fields)
{
    PyObject *keywords = PyDict_Check(fields) ? PyDict_New() : NULL;
    PyObject *key, *value;
    Py_ssize_t at = 0;

    if (!keywords)
        return PyErr_Occurred() ? NULL : fpy_refuse(state, "fields", "a dict", fields);
    while (keywords && PyDict_Next(fields, &at, &key, &value)) {
        int one = PyUnicode_Check(key) && (!PyUnicode_CompareWithASCIIString(key, "from_") ||
                                           !PyUnicode_CompareWithASCIIString(key, "sender"));
        PyObject *own = !one && PyTuple_Check(value) ? PySequence_List(value) : NULL;

        if (PyErr_Occurred() || PyDict_SetItem(keywords, key, own ? own : value))
            Py_CLEAR(keywords);
        Py_XDECREF(own);
    }
    return keywords;
}

/* _restored(fields, beside): a message of keywords, and what it had beside them as JSON. */
PyObject *fpy_message_restored(PyObject *type, PyObject *args)
{
    fpy_state *state = (fpy_state *)PyType_GetModuleState((PyTypeObject *)type);
    PyObject *fields;
    PyObject *beside;
    PyObject *made;
    facteur_error *error = NULL;
    const char *text;
    size_t len;
    int code;

    if (!PyArg_ParseTuple(args, "OO:_restored", &fields, &beside) ||
        read_text(state, beside, &text, &len))
        return NULL;
    fields = keywords_of(state, fields);
    made = fields ? PyObject_Call(type, state->objects[FPY_EMPTY_TUPLE], fields) : NULL;
    Py_XDECREF(fields);
    if (!made)
        return NULL;
    code = facteur_message_add_json(fpy_message_hold(made), text, len, &error);
    fpy_message_release(made);
    if (!code)
        return made;
    Py_DECREF(made);
    return fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
}

/* A message of keywords is made of them again, so that its attributes are what they were. */
PyObject *fpy_message_reduce(PyObject *self, PyObject *unused)
{
    PyObject *fields = fpy_message_keywords(self);
    PyObject *json = json_of(self, fields ? FACTEUR_FORM_BESIDE : FACTEUR_FORM_WHOLE);
    PyObject *make =
        json ? PyObject_GetAttrString((PyObject *)Py_TYPE(self), fields ? "_restored" : "from_json")
             : NULL;
    PyObject *made = NULL;

    if (make)
        made = fields ? Py_BuildValue("(O(OO))", make, fields, json)
                      : Py_BuildValue("(O(O))", make, json);
    Py_XDECREF(make);
    Py_XDECREF(json);
    return made;
}

/* It never changes, so it is its own copy. */
PyObject *fpy_message_copy(PyObject *self, PyObject *unused)
{
    Py_INCREF(self);
    return self;
}

Py_hash_t fpy_message_hash(PyObject *self)
{
    PyObject *summary = json_of(self, FACTEUR_FORM_SUMMARY);
    Py_hash_t hash = summary ? PyObject_Hash(summary) : -1;

    Py_XDECREF(summary);
    return hash;
}

PyObject *fpy_message_compare(PyObject *self, PyObject *other, int operation)
{
    fpy_state *state = fpy_state_of(self);
    PyObject *same;
    int equal;

    if (Py_TYPE(other) != Py_TYPE(self) || (operation != Py_EQ && operation != Py_NE)) {
        Py_INCREF(Py_NotImplemented);
        return Py_NotImplemented;
    }
    if (self == other)
        return PyBool_FromLong(operation == Py_EQ);
    same = PyObject_CallFunctionObjArgs(state->objects[FPY_SAME], self, other, NULL);
    equal = same ? PyObject_IsTrue(same) : -1;
    Py_XDECREF(same);
    return equal < 0 ? NULL : PyBool_FromLong(equal == (operation == Py_EQ));
}
