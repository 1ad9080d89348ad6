/* SPDX-License-Identifier: MIT */
/* The methods of Mailer that send many mails at once, or under an event loop. */
#include "binding.h"

#include <stdio.h>

/* _submit(message, deadline, hosted): a Delivery, one of many unless it is hosted. */
PyObject *fpy_mailer_submit(PyObject *self, PyObject *args)
{
    fpy_state *state = fpy_state_of(self);
    PyObject *value;
    PyObject *limit;
    PyObject *message;
    PyObject *made;
    double deadline;
    int hosted;

    if (!PyArg_ParseTuple(args, "OOp", &value, &limit, &hosted) || fpy_deadline(limit, &deadline))
        return NULL;
    message = fpy_message_from(state, value);
    if (!message)
        return NULL;
    made = fpy_submit(self, message, NULL, deadline, hosted ? FACTEUR_HOSTED : FACTEUR_MANY);
    Py_DECREF(message);
    return made;
}

PyObject *fpy_mailer_window(PyObject *self, PyObject *unused)
{
    facteur_mailer *core = fpy_mailer_open(self);

    return core ? PyLong_FromUnsignedLong(facteur_mailer_window(core)) : NULL;
}

/* _watch(): (descriptor, seconds until a step is due or None) */
PyObject *fpy_mailer_watch(PyObject *self, PyObject *unused)
{
    facteur_mailer *core = fpy_mailer_core(self);
    double timeout = facteur_mailer_timeout(core);
    int fd = facteur_mailer_fd(core);

    return timeout < 0 ? Py_BuildValue("(iO)", fd, Py_None) : Py_BuildValue("(id)", fd, timeout);
}

/* _step(): the ids of the deliveries that ended */
PyObject *fpy_mailer_step(PyObject *self, PyObject *unused)
{
    facteur_mailer *core = fpy_mailer_core(self);
    PyObject *ended = PyList_New(0);
    PyThreadState *thread;
    facteur_delivery *delivery;

    if (!ended)
        return NULL;
    thread = PyEval_SaveThread();
    facteur_mailer_step(core);
    PyEval_RestoreThread(thread);
    while ((delivery = facteur_mailer_done(core)) != NULL) {
        PyObject *id = PyLong_FromVoidPtr(delivery);
        int failed = !id || PyList_Append(ended, id);

        Py_XDECREF(id);
        if (failed) {
            Py_DECREF(ended);
            return NULL;
        }
    }
    return ended;
}

/* Call a function of _many.py or _host.py with the mailer before the arguments. */
static PyObject *call(PyObject *self, enum fpy_object function, PyObject *args, PyObject *kwargs)
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
        made = PyObject_Call(fpy_state_of(self)->objects[function], whole, kwargs);
    Py_DECREF(whole);
    return made;
}

PyObject *fpy_mailer_send_many(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return call(self, FPY_SEND_MANY, args, kwargs);
}

PyObject *fpy_mailer_asend(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return call(self, FPY_ASEND, args, kwargs);
}

PyObject *fpy_mailer_asend_letter(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return call(self, FPY_ASEND_LETTER, args, kwargs);
}

PyObject *fpy_mailer_asend_order_confirmation(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return call(self, FPY_ASEND_ORDER, args, kwargs);
}

PyObject *fpy_mailer_asend_contact_form(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return call(self, FPY_ASEND_CONTACT, args, kwargs);
}
