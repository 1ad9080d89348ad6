/* SPDX-License-Identifier: MIT */
/* Sending one mail and waiting for it: in a thread, or in a greenlet of gevent. */
#include "binding.h"

/* Under gevent: whether the wait is to give way to other greenlets; -1 with an exception. */
static int gives_way(fpy_state *state)
{
    PyObject *answer;
    int truth;

    if (!PyDict_GetItemString(PyImport_GetModuleDict(), "gevent.monkey"))
        return 0;
    answer = PyObject_CallNoArgs(state->objects[FPY_GIVES_WAY]);
    truth = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return truth;
}

/* As fpy_mailer_send(), in a greenlet. */
static PyObject *send_in_greenlet(PyObject *self, PyObject *owner, facteur_message *message,
                                  double deadline, int raising)
{
    fpy_state *state = fpy_state_of(self);
    PyObject *host = PyObject_CallFunctionObjArgs(state->objects[FPY_GEVENT_HOST], self, NULL);
    PyObject *delivery = NULL, *receipt = NULL;

    if (host)
        delivery = fpy_submit(self, host, owner, message, deadline, raising ? 0 : FACTEUR_LETTER);
    if (delivery)
        receipt = PyObject_CallFunctionObjArgs(state->objects[FPY_GEVENT_FINISH], host, delivery,
                                               raising ? Py_True : Py_False, NULL);
    Py_XDECREF(delivery);
    Py_XDECREF(host);
    return receipt;
}

PyObject *fpy_mailer_send(PyObject *self, PyObject *owner, facteur_message *message,
                          double deadline, int raising)
{
    int greenlet = gives_way(fpy_state_of(self));
    PyObject *delivery;
    PyObject *receipt;

    if (greenlet < 0)
        return NULL;
    if (greenlet)
        return send_in_greenlet(self, owner, message, deadline, raising);
    delivery = fpy_submit(self, NULL, owner, message, deadline, raising ? 0 : FACTEUR_LETTER);
    /* Without a delivery the mail is taken back, if that can be said for certain. */
    receipt = delivery && !PyErr_CheckSignals() ? fpy_delivery_wait(delivery, -1, raising) : NULL;
    Py_XDECREF(delivery);
    return receipt;
}
