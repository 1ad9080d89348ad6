/* SPDX-License-Identifier: MIT */
/*
 * A Delivery as a future of asyncio.  One of asyncio's own has its task called in the loop's next
 * turn; here the task goes on within the step that read the verdict, so that a mail costs one turn.
 */
#include "delivery.h"

PyObject *fpy_future_await(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

static int begin(fpy_delivery *self)
{
    if (!self->host) {
        PyErr_SetString(PyExc_RuntimeError, "this delivery has no event loop");
        return -1;
    }
    if (fpy_host_expect(self->host, self))
        return -1;
    self->awaited = FPY_AWAITED;
    return 0;
}

/*
 * What `await` asks: itself as long as there is something to wait for.  There is nothing after the
 * verdict, or when a token has to be got first.
 */
PyObject *fpy_future_next(PyObject *object)
{
    fpy_delivery *self = (fpy_delivery *)object;

    if (self->awaited == FPY_AWAITED) {
        PyErr_SetString(PyExc_RuntimeError, "another task waits for this delivery");
        return NULL;
    }
    /* It can be awaited once more, after resume(). */
    if (self->awaited == FPY_TOLD) {
        self->awaited = FPY_IDLE;
        return NULL;
    }
    if (facteur_delivery_ended(self->delivery) || facteur_delivery_needs_token(self->delivery) ||
        begin(self))
        return NULL;
    self->blocking = 1;
    Py_INCREF(object);
    return object;
}

PyObject *fpy_future_get_loop(PyObject *object, PyObject *unused)
{
    PyObject *host = ((fpy_delivery *)object)->host;
    PyObject *loop = host ? fpy_host_loop(host) : NULL;

    if (!loop)
        PyErr_SetString(PyExc_RuntimeError, "this delivery has no event loop");
    Py_XINCREF(loop);
    return loop;
}

static void keep(PyObject **where, PyObject *object)
{
    PyObject *before = *where;

    Py_XINCREF(object);
    *where = object;
    Py_XDECREF(before);
}

/* add_done_callback(callback, *, context=None): of whoever waits, who is one. */
PyObject *fpy_future_add_done_callback(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"", "context", NULL};
    fpy_delivery *self = (fpy_delivery *)object;
    PyObject *callback, *context = NULL;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O", names, &callback, &context))
        return NULL;
    if (self->awaited != FPY_AWAITED && begin(self))
        return NULL;
    keep(&self->callback, callback);
    keep(&self->context, context);
    Py_RETURN_NONE;
}

/* None; or CancelledError in the task that was cancelled. */
PyObject *fpy_future_result(PyObject *object, PyObject *unused)
{
    fpy_delivery *self = (fpy_delivery *)object;

    if (self->awaited != FPY_CANCELLED)
        Py_RETURN_NONE;
    PyErr_SetObject(fpy_state_of(object)->objects[FPY_CANCELLED_ERROR], self->message);
    return NULL;
}

int fpy_delivery_tell(fpy_delivery *self)
{
    fpy_state *state = fpy_state_of((PyObject *)self);
    PyObject *callback = self->callback;
    PyObject *context = self->context;
    PyObject *done;

    self->awaited = FPY_TOLD;
    if (!callback)
        return 0;
    self->callback = self->context = NULL;
    done = context ? PyObject_CallMethodObjArgs(context, state->objects[FPY_NAME_run], callback,
                                                (PyObject *)self, NULL)
                   : PyObject_CallFunctionObjArgs(callback, (PyObject *)self, NULL);
    Py_XDECREF(done);
    Py_DECREF(callback);
    Py_XDECREF(context);
    return done ? 0 : -1;
}

/* As a task does it: what it awaits calls it later, not from within cancel(). */
static int call_soon(fpy_delivery *self)
{
    PyObject *later = PyObject_GetAttrString(fpy_host_loop(self->host), "call_soon");
    PyObject *args = later ? PyTuple_Pack(2, self->callback, (PyObject *)self) : NULL;
    PyObject *kwargs = args ? PyDict_New() : NULL;
    PyObject *handle = NULL;

    if (kwargs && !PyDict_SetItemString(kwargs, "context", self->context))
        handle = PyObject_Call(later, args, kwargs);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(later);
    Py_XDECREF(handle);
    return handle ? 0 : -1;
}

int fpy_delivery_leave(fpy_delivery *self, PyObject *message)
{
    int failed = 0;

    if (self->awaited != FPY_AWAITED)
        return 0;
    self->awaited = FPY_CANCELLED;
    keep(&self->message, message);
    if (self->callback && self->context)
        failed = call_soon(self);
    Py_CLEAR(self->callback);
    Py_CLEAR(self->context);
    return failed || fpy_host_wake(self->host) ? -1 : 1;
}
