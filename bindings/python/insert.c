/* SPDX-License-Identifier: MIT */
/* facteur._core.Insert: the statements that put one mail into an outbox on somebody's connection.
 */
#include "binding.h"

typedef struct insert {
    PyObject_HEAD facteur_insert *insert;
} insert;

static PyObject *insert_alloc(fpy_state *state)
{
    PyTypeObject *type = fpy_type(state, FPY_INSERT_TYPE);
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);

    return alloc(type, 0);
}

static void insert_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    facteur_insert_free(((insert *)object)->insert);
    release(object);
    Py_DECREF(type);
}

PyObject *fpy_mailer_insert(PyObject *self, PyObject *args)
{
    fpy_state *state = fpy_state_of(self);
    facteur_mailer *core = fpy_mailer_open(self);
    facteur_error *error = NULL;
    const char *dialect, *marks, *key = NULL;
    PyObject *value, *key_value, *message, *made;
    PyThreadState *thread;
    double not_before, expires_at;
    int priority, code;

    if (!core || !PyArg_ParseTuple(args, "OssOddi", &value, &dialect, &marks, &key_value,
                                   &not_before, &expires_at, &priority))
        return NULL;
    if (key_value != Py_None && fpy_cstring(state, "key", key_value, &key))
        return NULL;
    message = fpy_message_from(state, value);
    made = message ? insert_alloc(state) : NULL;
    if (made) {
        facteur_message *held = fpy_message_hold(message);

        thread = PyEval_SaveThread();
        code = facteur_insert_new(core, held, dialect, marks, key, not_before, expires_at, priority,
                                  &((insert *)made)->insert, &error);
        PyEval_RestoreThread(thread);
        fpy_message_release(message);
        if (code) {
            Py_CLEAR(made);
            fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
        }
    }
    Py_XDECREF(message);
    return made;
}

static PyObject *value_at(const facteur_insert *core, size_t index)
{
    const char *bytes;
    size_t len;
    long long number;

    switch (facteur_insert_value(core, index, &bytes, &len, &number)) {
    case FACTEUR_VALUE_INTEGER:
        return PyLong_FromLongLong(number);
    case FACTEUR_VALUE_TEXT:
        return PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)len, "replace");
    case FACTEUR_VALUE_BYTES:
        return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)len);
    case FACTEUR_VALUE_NULL:
        break;
    }
    Py_RETURN_NONE;
}

static PyObject *insert_statement(PyObject *self, PyObject *unused)
{
    const facteur_insert *core = ((insert *)self)->insert;
    const char *sql = facteur_insert_sql(core);
    size_t count = facteur_insert_value_count(core);
    PyObject *values, *pair;

    if (!sql)
        Py_RETURN_NONE;
    values = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; values && i < count; i++) {
        PyObject *value = value_at(core, i);

        if (!value || PyTuple_SetItem(values, (Py_ssize_t)i, value))
            Py_CLEAR(values);
    }
    pair = values ? Py_BuildValue("(sO)", sql, values) : NULL;
    Py_XDECREF(values);
    return pair;
}

/* The text of a cell, borrowed from what is appended to `owners`; NULL for None, or on failure. */
static const char *cell_text(PyObject *cell, PyObject *owners)
{
    PyObject *text;
    const char *borrowed = NULL;

    if (cell == Py_None)
        return NULL;
    text = PyBytes_Check(cell) ? PyUnicode_FromEncodedObject(cell, "utf-8", "replace")
                               : PyObject_Str(cell);
    if (text && !PyList_Append(owners, text))
        borrowed = PyUnicode_AsUTF8AndSize(text, NULL);
    Py_XDECREF(text);
    return borrowed;
}

enum { MOST_CELLS = 8 };

static PyObject *insert_answer(PyObject *self, PyObject *row)
{
    const char *cells[MOST_CELLS];
    facteur_error *error = NULL;
    PyObject *list = row == Py_None ? PyList_New(0) : PySequence_List(row);
    PyObject *owners = PyList_New(0);
    Py_ssize_t count = list ? PyList_Size(list) : 0;
    int code;

    if (count > MOST_CELLS)
        count = MOST_CELLS;
    for (Py_ssize_t i = 0; list && owners && i < count && !PyErr_Occurred(); i++)
        cells[i] = cell_text(PyList_GetItem(list, i), owners);
    if (!PyErr_Occurred()) {
        code = facteur_insert_answer(((insert *)self)->insert, cells, (size_t)count, &error);
        if (code)
            fpy_raise(fpy_state_of(self), code, error, FPY_ERROR);
    }
    Py_XDECREF(list);
    Py_XDECREF(owners);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *insert_fail(PyObject *self, PyObject *unused)
{
    facteur_insert_fail(((insert *)self)->insert);
    Py_RETURN_NONE;
}

static PyObject *insert_receipt(PyObject *self, PyObject *unused)
{
    facteur_receipt *receipt = facteur_insert_receipt(((insert *)self)->insert);
    PyObject *made;

    if (!receipt)
        Py_RETURN_NONE;
    made = fpy_receipt_new(fpy_state_of(self), receipt);
    facteur_receipt_free(receipt);
    return made;
}

static PyMethodDef insert_methods[] = {
    {"statement", insert_statement, METH_NOARGS,
     PyDoc_STR("statement($self, /)\n--\n\n(sql, values) to run, or None.")},
    {"answer", insert_answer, METH_O,
     PyDoc_STR("answer($self, row, /)\n--\n\nIts first row, or None.")},
    {"fail", insert_fail, METH_NOARGS,
     PyDoc_STR("fail($self, /)\n--\n\nA statement failed: what is left takes back what was done.")},
    {"receipt", insert_receipt, METH_NOARGS, PyDoc_STR("receipt($self, /)\n--\n\nOnce.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot insert_slots[] = {
    {Py_tp_dealloc, insert_dealloc},
    {Py_tp_methods, insert_methods},
    {Py_tp_doc, (void *)"The statements that put one mail into an outbox."},
    {0, NULL},
};

PyType_Spec fpy_insert_spec = {
    .name = "facteur._core.Insert",
    .basicsize = sizeof(insert),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = insert_slots,
};

PyObject *fpy_outbox_migrate(PyObject *module, PyObject *value)
{
    fpy_state *state = PyModule_GetState(module);
    facteur_error *error = NULL;
    PyThreadState *thread;
    const char *url;
    unsigned from = 0, to = 0;
    int code;

    if (fpy_cstring(state, "outbox", value, &url))
        return NULL;
    thread = PyEval_SaveThread();
    code = facteur_outbox_migrate(url, &from, &to, &error);
    PyEval_RestoreThread(thread);
    return code ? fpy_raise(state, code, error, FPY_ERROR) : Py_BuildValue("(II)", from, to);
}

PyObject *fpy_outbox_schema(PyObject *module, PyObject *value)
{
    fpy_state *state = PyModule_GetState(module);
    facteur_error *error = NULL;
    const char *dialect;
    char *sql = NULL;
    PyObject *text;
    int code;

    if (fpy_cstring(state, "dialect", value, &dialect))
        return NULL;
    code = facteur_outbox_schema(dialect, &sql, &error);
    if (code)
        return fpy_raise(state, code, error, FPY_ERROR);
    text = fpy_text(sql);
    facteur_free(sql);
    return text;
}

PyObject *fpy_outbox_read(PyObject *module, PyObject *stored)
{
    fpy_state *state = PyModule_GetState(module);
    facteur_error *error = NULL;
    char *given, *bytes = NULL;
    Py_ssize_t given_len;
    size_t len = 0;
    PyObject *made;
    int code;

    if (PyBytes_AsStringAndSize(stored, &given, &given_len))
        return NULL;
    code = facteur_outbox_read(given, (size_t)given_len, &bytes, &len, &error);
    if (code)
        return fpy_raise(state, code, error, FPY_ERROR);
    made = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)len);
    facteur_free(bytes);
    return made;
}
