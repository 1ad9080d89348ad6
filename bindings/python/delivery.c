/* SPDX-License-Identifier: MIT */
/* facteur._core.Delivery: a mail under way, for _many.py and _host.py.  Not part of the API. */
#include "delivery.h"

#include "token.h"

#include <stddef.h>
#include <structmember.h>

#define SIGNALS_S 0.1 /* between two looks for signals */

static int delivery_traverse(PyObject *object, visitproc visit, void *arg)
{
    fpy_delivery *self = (fpy_delivery *)object;

    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->mailer);
    Py_VISIT(self->host);
    Py_VISIT(self->callback);
    Py_VISIT(self->context);
    Py_VISIT(self->message);
    return 0;
}

/* The mailer stays: the core's delivery is freed before it. */
static int delivery_clear(PyObject *object)
{
    fpy_delivery *self = (fpy_delivery *)object;

    Py_CLEAR(self->host);
    Py_CLEAR(self->callback);
    Py_CLEAR(self->context);
    Py_CLEAR(self->message);
    return 0;
}

static void delivery_dealloc(PyObject *object)
{
    fpy_delivery *self = (fpy_delivery *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    PyObject_GC_UnTrack(object);
    facteur_delivery_free(self->delivery);
    delivery_clear(object);
    Py_XDECREF(self->mailer);
    release(object);
    Py_DECREF(type);
}

PyObject *fpy_submit(PyObject *mailer, PyObject *host, PyObject *owner, facteur_message *message,
                     double limit, unsigned how)
{
    fpy_state *state = fpy_state_of(mailer);
    facteur_mailer *core = fpy_mailer_open(mailer);
    PyTypeObject *type = fpy_type(state, FPY_DELIVERY_TYPE);
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    facteur_error *error = NULL;
    PyThreadState *thread;
    fpy_delivery *self;
    int code;

    self = core ? (fpy_delivery *)alloc(type, 0) : NULL;
    if (!self)
        return NULL;
    Py_INCREF(mailer);
    Py_XINCREF(host);
    self->mailer = mailer;
    self->host = host;
    if (owner)
        message = fpy_message_hold(owner);
    thread = fpy_token_leave(fpy_mailer_token(mailer));
    code = host ? facteur_host_submit(fpy_host_core(host), message, limit, how, &self->delivery,
                                      &error)
                : facteur_submit(core, message, limit, how, &self->delivery, &error);
    fpy_token_return(thread);
    if (owner)
        fpy_message_release(owner);
    if (!code)
        return (PyObject *)self;
    Py_DECREF(self);
    return fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
}

/* facteur_delivery_wait(), and Python's signals meanwhile; `*interrupted`: a handler raised. */
static int wait_for(fpy_delivery *self, double timeout, facteur_receipt **receipt,
                    facteur_error **error, int *interrupted)
{
    PyObject *token = fpy_mailer_token(self->mailer);

    for (;;) {
        double slice = timeout < 0 || timeout > SIGNALS_S ? SIGNALS_S : timeout;
        PyThreadState *thread = fpy_token_leave(token);
        int code = facteur_delivery_wait(self->delivery, slice, receipt, error);

        fpy_token_return(thread);
        *interrupted = code == 0 ? PyErr_CheckSignals() : 0;
        if (code || *interrupted)
            return code;
        if (timeout >= 0 && (timeout -= slice) <= 0)
            return 0;
    }
}

PyObject *fpy_delivery_wait(PyObject *object, double timeout, int raising)
{
    fpy_delivery *self = (fpy_delivery *)object;
    fpy_state *state = fpy_state_of(object);
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    PyObject *made;
    int interrupted;
    int code = wait_for(self, timeout, &receipt, &error, &interrupted);

    if (interrupted)
        return NULL;
    if (code < 0)
        return fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
    if (code == 0)
        Py_RETURN_NONE;
    made = fpy_receipt_new(state, receipt);
    if (made && raising && !facteur_receipt_ok(receipt)) {
        fpy_raise_receipt(state, receipt, made);
        Py_CLEAR(made);
    }
    facteur_receipt_free(receipt);
    return made;
}

/* wait(timeout, raising) -> Receipt or None */
static PyObject *delivery_wait(PyObject *object, PyObject *args)
{
    double timeout;
    int raising;

    if (!PyArg_ParseTuple(args, "dp", &timeout, &raising))
        return NULL;
    return fpy_delivery_wait(object, timeout, raising);
}

/* cancel(msg=None): take the mail back; what a task calls that is cancelled while it waits. */
static PyObject *delivery_cancel(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"msg", NULL};
    fpy_delivery *self = (fpy_delivery *)object;
    PyObject *message = NULL;
    PyThreadState *thread;
    int left;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O", names, &message))
        return NULL;
    thread = PyEval_SaveThread();
    facteur_delivery_cancel(self->delivery);
    PyEval_RestoreThread(thread);
    left = fpy_delivery_leave(self, message == Py_None ? NULL : message);
    return left < 0 ? NULL : PyBool_FromLong(left);
}

/* ask(): get the token that it needs, for as long as that takes; from any thread. */
static PyObject *delivery_ask(PyObject *object, PyObject *unused)
{
    fpy_delivery *self = (fpy_delivery *)object;
    PyThreadState *thread = fpy_token_leave(fpy_mailer_token(self->mailer));

    facteur_delivery_ask(self->delivery);
    fpy_token_return(thread);
    Py_RETURN_NONE;
}

static PyObject *delivery_resume(PyObject *object, PyObject *unused)
{
    PyThreadState *thread = PyEval_SaveThread();

    facteur_delivery_resume(((fpy_delivery *)object)->delivery);
    PyEval_RestoreThread(thread);
    Py_RETURN_NONE;
}

static PyObject *delivery_ended(PyObject *object, void *closure)
{
    return PyBool_FromLong(facteur_delivery_ended(((fpy_delivery *)object)->delivery));
}

static PyObject *delivery_needs_token(PyObject *object, void *closure)
{
    return PyBool_FromLong(facteur_delivery_needs_token(((fpy_delivery *)object)->delivery));
}

static PyObject *delivery_left(PyObject *object, void *closure)
{
    return PyFloat_FromDouble(facteur_delivery_left(((fpy_delivery *)object)->delivery));
}

static PyGetSetDef delivery_getset[] = {
    {"ended", delivery_ended, NULL, PyDoc_STR("Whether the verdict is there."), NULL},
    {"needs_token", delivery_needs_token, NULL,
     PyDoc_STR("Whether to ask() and resume() before it can go, or go once more."), NULL},
    {"left", delivery_left, NULL, PyDoc_STR("Seconds for which it may wait for another's ask()."),
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef delivery_methods[] = {
    {"wait", delivery_wait, METH_VARARGS,
     PyDoc_STR(
         "wait($self, timeout, raising, /)\n--\n\n"
         "The Receipt, or None when the time passed before; a negative timeout is for ever.")},
    {"ask", delivery_ask, METH_NOARGS, PyDoc_STR("ask($self, /)\n--\n\n")},
    {"resume", delivery_resume, METH_NOARGS, PyDoc_STR("resume($self, /)\n--\n\n")},
    {"cancel", (PyCFunction)(void (*)(void))delivery_cancel, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("cancel($self, /, msg=None)\n--\n\nTake it back.  Whether a task waited for it.")},
    {"get_loop", fpy_future_get_loop, METH_NOARGS, PyDoc_STR("get_loop($self, /)\n--\n\n")},
    {"add_done_callback", (PyCFunction)(void (*)(void))fpy_future_add_done_callback,
     METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR(
         "add_done_callback($self, callback, /, *, context=None)\n--\n\n"
         "Call it with the Delivery as soon as its verdict is told.  There is one callback.")},
    {"result", fpy_future_result, METH_NOARGS, PyDoc_STR("result($self, /)\n--\n\n")},
    {NULL, NULL, 0, NULL},
};

/* asyncio knows a future by this attribute and tells by it whether a task yielded it to wait. */
static PyMemberDef delivery_members[] = {
    {"_asyncio_future_blocking", T_BOOL, offsetof(fpy_delivery, blocking), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot delivery_slots[] = {
    {Py_tp_dealloc, delivery_dealloc},
    {Py_tp_traverse, delivery_traverse},
    {Py_tp_clear, delivery_clear},
    {Py_tp_getset, delivery_getset},
    {Py_tp_methods, delivery_methods},
    {Py_tp_members, delivery_members},
    {Py_am_await, fpy_future_await},
    {Py_tp_iter, fpy_future_await},
    {Py_tp_iternext, fpy_future_next},
    {Py_tp_doc, (void *)"A mail under way."},
    {0, NULL},
};

PyType_Spec fpy_delivery_spec = {
    .name = "facteur._core.Delivery",
    .basicsize = sizeof(fpy_delivery),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = delivery_slots,
};
