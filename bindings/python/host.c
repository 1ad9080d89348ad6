/* SPDX-License-Identifier: MIT */
/* facteur._core.Host: a mailer under one event loop, for _host.py.  Not part of the API. */
#include "binding.h"

typedef struct host {
    PyObject_HEAD facteur_host *host;
    PyObject *mailer; /* must outlive it */
} host;

PyObject *fpy_mailer_host(PyObject *mailer, PyObject *unused)
{
    fpy_state *state = fpy_state_of(mailer);
    facteur_mailer *core = fpy_mailer_open(mailer);
    PyTypeObject *type = fpy_type(state, FPY_HOST_TYPE);
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    facteur_error *error = NULL;
    host *self = core ? (host *)alloc(type, 0) : NULL;
    int code;

    if (!self)
        return NULL;
    Py_INCREF(mailer);
    self->mailer = mailer;
    code = facteur_host_new(core, &self->host, &error);
    if (!code)
        return (PyObject *)self;
    Py_DECREF(self);
    return fpy_raise(state, code, error, FPY_ERROR);
}

facteur_host *fpy_host_core(PyObject *self)
{
    return ((host *)self)->host;
}

static void host_dealloc(PyObject *object)
{
    host *self = (host *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    facteur_host_free(self->host);
    Py_XDECREF(self->mailer);
    release(object);
    Py_DECREF(type);
}

static PyObject *host_submit(PyObject *object, PyObject *args)
{
    host *self = (host *)object;
    PyObject *value, *limit, *message, *made;
    double deadline;
    int many = 0;

    if (!PyArg_ParseTuple(args, "OO|p", &value, &limit, &many) || fpy_deadline(limit, &deadline))
        return NULL;
    message = fpy_message_from(fpy_state_of(object), value);
    if (!message)
        return NULL;
    made = fpy_submit(self->mailer, object, message, NULL, deadline, many ? FACTEUR_MANY : 0);
    Py_DECREF(message);
    return made;
}

static PyObject *host_submit_letter(PyObject *object, PyObject *args, PyObject *kwargs)
{
    return fpy_submit_letter(((host *)object)->mailer, object, args, kwargs);
}

static PyObject *host_watch(PyObject *object, PyObject *unused)
{
    facteur_host *core = fpy_host_core(object);
    double timeout = facteur_host_timeout(core);
    int fd = facteur_host_fd(core);

    return timeout < 0 ? Py_BuildValue("(iO)", fd, Py_None) : Py_BuildValue("(id)", fd, timeout);
}

static PyObject *host_step(PyObject *object, PyObject *unused)
{
    facteur_host *core = fpy_host_core(object);
    PyObject *ended = PyList_New(0);
    PyThreadState *thread;
    facteur_delivery *delivery;

    if (!ended)
        return NULL;
    thread = PyEval_SaveThread();
    facteur_host_step(core);
    PyEval_RestoreThread(thread);
    while ((delivery = facteur_host_done(core)) != NULL) {
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

static PyMethodDef host_methods[] = {
    {"submit", host_submit, METH_VARARGS,
     PyDoc_STR(
         "submit($self, message, deadline, many=False, /)\n--\n\nA Delivery; many: one of many.")},
    {"submit_letter", (PyCFunction)(void (*)(void))host_submit_letter, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("submit_letter($self, /, kind, data, **arguments)\n--\n\nA Delivery.")},
    {"watch", host_watch, METH_NOARGS,
     PyDoc_STR("watch($self, /)\n--\n\n"
               "The descriptor (-1: none yet), and the seconds until a step is due or None.")},
    {"step", host_step, METH_NOARGS,
     PyDoc_STR("step($self, /)\n--\n\nThe ids of the deliveries that ended.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot host_slots[] = {
    {Py_tp_dealloc, host_dealloc},
    {Py_tp_methods, host_methods},
    {Py_tp_doc, (void *)"A mailer under one event loop."},
    {0, NULL},
};

PyType_Spec fpy_host_spec = {
    .name = "facteur._core.Host",
    .basicsize = sizeof(host),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = host_slots,
};
