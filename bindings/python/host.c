/* SPDX-License-Identifier: MIT */
/*
 * facteur._core.Host: a mailer under one event loop, for _host.py and _gevent.py.  Not part of the
 * API.  While mails are awaited, and for one turn of the loop more, the loop knows the host by its
 * descriptor or a callback; otherwise it does not.  A host belongs to its loop's thread.
 */
#include "delivery.h"

#include <stddef.h>
#include <structmember.h>

#define STEPS_MAX 8 /* in one turn of the event loop, because it has other work */

typedef struct host {
    PyObject_HEAD facteur_host *host;
    PyObject *mailer; /* must outlive it */
    PyObject *loop;   /* asyncio's, or what has the same methods */
    PyObject *waiting; /* address of a facteur_delivery → its Delivery, until the verdict is told */
    PyObject *soon;    /* the callback that is under way, or NULL */
    uint64_t process;
    int fd;     /* the descriptor that the loop watches, or -1 */
    char tells; /* tasks are called: what they submit goes out when all have been */
    char fresh; /* they did submit something */
    PyObject *weak_references;
} host;

PyObject *fpy_mailer_host(PyObject *mailer, PyObject *loop)
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
    Py_INCREF(loop);
    self->mailer = mailer;
    self->loop = loop;
    self->process = facteur_process();
    self->fd = -1;
    self->waiting = PyDict_New();
    if (!self->waiting) {
        Py_DECREF(self);
        return NULL;
    }
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

PyObject *fpy_host_loop(PyObject *self)
{
    return ((host *)self)->loop;
}

static int host_traverse(PyObject *object, visitproc visit, void *arg)
{
    host *self = (host *)object;

    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->mailer);
    Py_VISIT(self->loop);
    Py_VISIT(self->waiting);
    Py_VISIT(self->soon);
    return 0;
}

/* The mailer stays: the core's host is freed before it. */
static int host_clear(PyObject *object)
{
    host *self = (host *)object;

    Py_CLEAR(self->loop);
    Py_CLEAR(self->waiting);
    Py_CLEAR(self->soon);
    return 0;
}

static void host_dealloc(PyObject *object)
{
    host *self = (host *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    PyObject_GC_UnTrack(object);
    if (self->weak_references)
        PyObject_ClearWeakRefs(object);
    host_clear(object);
    facteur_host_free(self->host);
    Py_XDECREF(self->mailer);
    release(object);
    Py_DECREF(type);
}

/* ---- What the loop knows of it --------------------------------------------------------------- */

/* Have the loop call a method of ours: call_soon(method) or add_reader(fd, method). */
static PyObject *have_called(host *self, const char *when, PyObject *fd, const char *method)
{
    PyObject *bound = PyObject_GetAttrString((PyObject *)self, method);
    PyObject *handle = NULL;

    if (bound && fd)
        handle = PyObject_CallMethod(self->loop, when, "OO", fd, bound);
    else if (bound)
        handle = PyObject_CallMethod(self->loop, when, "O", bound);
    Py_XDECREF(bound);
    return handle;
}

/* Cancel the callback that may be under way. */
static int drop_soon(host *self)
{
    PyObject *dropped = self->soon;
    PyObject *done;

    if (!dropped)
        return 0;
    self->soon = NULL;
    done = PyObject_CallMethod(dropped, "cancel", NULL);
    Py_DECREF(dropped);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

int fpy_host_wake(PyObject *object)
{
    host *self = (host *)object;

    if (!self->soon)
        self->soon = have_called(self, "call_soon", NULL, "woken");
    return self->soon ? 0 : -1;
}

static int unwatch(host *self)
{
    PyObject *done = self->fd < 0 ? NULL : PyObject_CallMethod(self->loop, "is_closed", NULL);
    int closed = done ? PyObject_IsTrue(done) : 1;
    int fd = self->fd;

    Py_XDECREF(done);
    self->fd = -1;
    /* In a child, the loop is the parent's and shares its epoll: not a word to it. */
    if (closed || self->process != facteur_process())
        return PyErr_Occurred() ? -1 : 0;
    done = PyObject_CallMethod(self->loop, "remove_reader", "i", fd);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* The descriptor stays the same, so this is done once for many mails. */
static int watch_fd(host *self, int fd)
{
    PyObject *number, *done;

    if (unwatch(self) || fd < 0)
        return PyErr_Occurred() ? -1 : 0;
    number = PyLong_FromLong(fd);
    done = number ? have_called(self, "add_reader", number, "turn") : NULL;
    Py_XDECREF(number);
    Py_XDECREF(done);
    if (!done)
        return -1;
    self->fd = fd;
    return 0;
}

static int watch(host *self)
{
    double timeout;
    int fd;

    /* Whoever waits for a task that was told his verdict may send the next mail. */
    if (PyDict_Size(self->waiting) == 0)
        return fpy_host_wake((PyObject *)self);
    timeout = facteur_host_timeout(self->host);
    fd = facteur_host_fd(self->host);
    if (fd != self->fd && watch_fd(self, fd))
        return -1;
    /* Any other time is told by the descriptor: with a timer, each turn of the loop costs more. */
    return timeout == 0 ? fpy_host_wake((PyObject *)self) : 0;
}

static int stop(host *self)
{
    return unwatch(self) | drop_soon(self) ? -1 : 0;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

int fpy_host_expect(PyObject *object, fpy_delivery *delivery)
{
    host *self = (host *)object;
    PyObject *key = PyLong_FromVoidPtr(delivery->delivery);
    int failed = !key || PyDict_SetItem(self->waiting, key, (PyObject *)delivery);

    Py_XDECREF(key);
    if (failed)
        return -1;
    self->fresh = 1;
    /* The submissions of one turn of the loop go out together. */
    return self->tells ? 0 : fpy_host_wake(object);
}

static void step(host *self)
{
    PyThreadState *thread = PyEval_SaveThread();

    facteur_host_step(self->host);
    PyEval_RestoreThread(thread);
}

/* Take the Delivery of `ended` out of those that wait: a new reference; NULL when it is not there.
 */
static fpy_delivery *taken(host *self, const facteur_delivery *ended)
{
    PyObject *key = PyLong_FromVoidPtr((void *)ended);
    PyObject *found = key ? PyDict_GetItemWithError(self->waiting, key) : NULL;

    Py_XINCREF(found);
    if (found && PyDict_DelItem(self->waiting, key))
        Py_CLEAR(found);
    Py_XDECREF(key);
    return (fpy_delivery *)found;
}

/* What became of a mail whose task was cancelled. */
static int log_lost(host *self, fpy_delivery *delivery)
{
    PyObject *log = fpy_state_of((PyObject *)self)->objects[FPY_LOG_LOST];
    PyObject *done = PyObject_CallFunctionObjArgs(log, (PyObject *)delivery, NULL);

    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* After an exception (KeyboardInterrupt) the others are told by the next step. */
static int tell(host *self)
{
    facteur_delivery *ended;
    int failed = 0;

    self->tells++;
    while (!failed && (ended = facteur_host_done(self->host)) != NULL) {
        fpy_delivery *delivery = taken(self, ended);

        if (!delivery)
            failed = PyErr_Occurred() != NULL;
        else if (delivery->awaited == FPY_CANCELLED)
            failed = log_lost(self, delivery);
        else
            failed = fpy_delivery_tell(delivery);
        Py_XDECREF((PyObject *)delivery);
    }
    self->tells--;
    return failed ? -1 : 0;
}

/*
 * What the tasks submit that were called leaves before the loop goes on.  Where the relay is near,
 * its verdict may be there by then: so many mails one after the other cost one turn of the loop.
 */
static int steps(host *self)
{
    int failed;
    int left = STEPS_MAX;

    do {
        self->fresh = 0;
        step(self);
        failed = tell(self);
    } while (!failed && self->fresh && --left);
    return failed;
}

static PyObject *host_turn(PyObject *object, PyObject *unused)
{
    host *self = (host *)object;
    PyObject *type, *value, *trace;

    if (drop_soon(self))
        return NULL;
    if (PyDict_Size(self->waiting) == 0) {
        if (stop(self))
            return NULL;
        Py_RETURN_NONE;
    }
    if (steps(self)) {
        PyErr_Fetch(&type, &value, &trace);
        if (watch(self))
            PyErr_Clear();
        PyErr_Restore(type, value, trace);
        return NULL;
    }
    if (watch(self))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *host_woken(PyObject *object, PyObject *unused)
{
    Py_CLEAR(((host *)object)->soon);
    return host_turn(object, unused);
}

/* ---- For Python ------------------------------------------------------------------------------ */

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

/* leave(): the loop is closed, and what it had under way is nobody's. */
static PyObject *host_leave(PyObject *object, PyObject *unused)
{
    host *self = (host *)object;

    if (stop(self))
        return NULL;
    PyDict_Clear(self->waiting);
    Py_RETURN_NONE;
}

/* serves(mailer, loop): whether it is theirs, and of this process. */
static PyObject *host_serves(PyObject *object, PyObject *args)
{
    host *self = (host *)object;
    PyObject *mailer, *loop;

    if (!PyArg_UnpackTuple(args, "serves", 2, 2, &mailer, &loop))
        return NULL;
    return PyBool_FromLong(self->mailer == mailer && self->loop == loop &&
                           self->process == facteur_process());
}

static PyMethodDef host_methods[] = {
    {"submit", host_submit, METH_VARARGS,
     PyDoc_STR(
         "submit($self, message, deadline, many=False, /)\n--\n\nA Delivery; many: one of many.")},
    {"submit_letter", (PyCFunction)(void (*)(void))host_submit_letter, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("submit_letter($self, /, kind, data, **arguments)\n--\n\nA Delivery.")},
    {"serves", host_serves, METH_VARARGS, PyDoc_STR("serves($self, mailer, loop, /)\n--\n\n")},
    {"turn", host_turn, METH_NOARGS, PyDoc_STR("turn($self, /)\n--\n\n")},
    {"woken", host_woken, METH_NOARGS, PyDoc_STR("woken($self, /)\n--\n\n")},
    {"leave", host_leave, METH_NOARGS, PyDoc_STR("leave($self, /)\n--\n\n")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef host_members[] = {
    {"mailer", T_OBJECT, offsetof(host, mailer), READONLY, NULL},
    {"loop", T_OBJECT, offsetof(host, loop), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(host, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot host_slots[] = {
    {Py_tp_dealloc, host_dealloc},
    {Py_tp_traverse, host_traverse},
    {Py_tp_clear, host_clear},
    {Py_tp_methods, host_methods},
    {Py_tp_members, host_members},
    {Py_tp_doc, (void *)"A mailer under one event loop."},
    {0, NULL},
};

PyType_Spec fpy_host_spec = {
    .name = "facteur._core.Host",
    .basicsize = sizeof(host),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = host_slots,
};
