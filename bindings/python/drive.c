/* SPDX-License-Identifier: MIT */
/* The methods of Mailer that send many mails at once. */
#include "binding.h"

/* _submit(message, deadline): a Delivery, one of many */
PyObject *fpy_mailer_submit(PyObject *self, PyObject *args)
{
    fpy_state *state = fpy_state_of(self);
    PyObject *value;
    PyObject *limit;
    PyObject *message;
    PyObject *made;
    double deadline;

    if (!PyArg_ParseTuple(args, "OO", &value, &limit) || fpy_deadline(limit, &deadline))
        return NULL;
    message = fpy_message_from(state, value);
    if (!message)
        return NULL;
    made = fpy_submit(self, NULL, message, NULL, deadline, FACTEUR_MANY);
    Py_DECREF(message);
    return made;
}

PyObject *fpy_mailer_window(PyObject *self, PyObject *unused)
{
    facteur_mailer *core = fpy_mailer_open(self);

    return core ? PyLong_FromUnsignedLong(facteur_mailer_window(core)) : NULL;
}

PyObject *fpy_mailer_send_many(PyObject *self, PyObject *args, PyObject *kwargs)
{
    Py_ssize_t count = PyTuple_Size(args);
    PyObject *whole = PyTuple_New(count + 1);
    PyObject *made = NULL;

    if (!whole)
        return NULL;
    Py_INCREF(self);
    PyTuple_SetItem(whole, 0, self);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(args, i);

        Py_INCREF(item);
        PyTuple_SetItem(whole, i + 1, item);
    }
    if (fpy_mailer_open(self))
        made = PyObject_Call(fpy_state_of(self)->objects[FPY_SEND_MANY], whole, kwargs);
    Py_DECREF(whole);
    return made;
}
