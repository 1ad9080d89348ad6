/* SPDX-License-Identifier: MIT */
/* Mails for the outbox of a Mailer: facteur/_enqueue.py has the methods. */
#include "binding.h"

#include <string.h>

/* Of a message: an attachment that cannot be read; else the outbox. */
static void refuse(fpy_state *state, int code, facteur_error *error)
{
    int of_outbox = error && strcmp(facteur_error_where(error), "outbox") == 0;

    fpy_raise(state, code, error, of_outbox ? FPY_ERROR : FPY_MESSAGE_ERROR);
}

struct wish {
    double not_before, expires_at;
    int priority;
};

/* The key of a pair; NULL: none, or with -1 an exception. */
static int key_of(fpy_state *state, PyObject *pair, const char **key)
{
    PyObject *value = PyTuple_GetItem(pair, 1);

    *key = NULL;
    return value == Py_None ? 0 : fpy_cstring(state, "key", value, key);
}

/* Seal the message of a (message, key) pair into the batch; without one, enqueue it. */
static int take(fpy_state *state, facteur_mailer *core, facteur_batch *batch, PyObject *pair,
                const struct wish *wish, facteur_receipt **receipt)
{
    const char *key;
    facteur_error *error = NULL;
    PyThreadState *thread;
    PyObject *message;
    facteur_message *held;
    int code;

    if (key_of(state, pair, &key))
        return -1;
    message = fpy_message_from(state, PyTuple_GetItem(pair, 0));
    if (!message)
        return -1;
    held = fpy_message_hold(message);
    thread = PyEval_SaveThread();
    code = batch ? facteur_batch_add(batch, held, key, wish->not_before, wish->expires_at,
                                     wish->priority, &error)
                 : facteur_enqueue(core, held, key, wish->not_before, wish->expires_at,
                                   wish->priority, receipt, &error);
    PyEval_RestoreThread(thread);
    fpy_message_release(message);
    Py_DECREF(message);
    if (code)
        refuse(state, code, error);
    return code ? -1 : 0;
}

static int commit(fpy_state *state, facteur_batch *batch)
{
    facteur_error *error = NULL;
    PyThreadState *thread = PyEval_SaveThread();
    int code = facteur_batch_commit(batch, &error);

    PyEval_RestoreThread(thread);
    if (code)
        refuse(state, code, error);
    return code ? -1 : 0;
}

static PyObject *receipts(fpy_state *state, facteur_batch *batch, Py_ssize_t count)
{
    PyObject *list = PyList_New(count);

    for (Py_ssize_t i = 0; list && i < count; i++) {
        facteur_receipt *receipt = facteur_batch_receipt(batch, (size_t)i);
        PyObject *made = fpy_receipt_new(state, receipt);

        facteur_receipt_free(receipt);
        if (!made || PyList_SetItem(list, i, made))
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *enqueue_one(fpy_state *state, facteur_mailer *core, PyObject *pair,
                             const struct wish *wish)
{
    facteur_receipt *receipt = NULL;
    PyObject *made;

    if (take(state, core, NULL, pair, wish, &receipt))
        return NULL;
    made = fpy_receipt_new(state, receipt);
    facteur_receipt_free(receipt);
    return made;
}

PyObject *fpy_mailer_enqueue(PyObject *self, PyObject *args)
{
    fpy_state *state = fpy_state_of(self);
    facteur_mailer *core = fpy_mailer_open(self);
    facteur_batch *batch = NULL;
    facteur_error *error = NULL;
    PyObject *pairs, *made = NULL;
    struct wish wish;
    Py_ssize_t count;
    int code, failed = 0;

    if (!core ||
        !PyArg_ParseTuple(args, "Oddi", &pairs, &wish.not_before, &wish.expires_at, &wish.priority))
        return NULL;
    if (PyTuple_Check(pairs))
        return enqueue_one(state, core, pairs, &wish);
    code = facteur_batch_new(core, &batch, &error);
    if (code)
        return fpy_raise(state, code, error, FPY_CONFIG_ERROR);
    count = PyList_Size(pairs);
    for (Py_ssize_t i = 0; !failed && i < count; i++)
        failed = take(state, core, batch, PyList_GetItem(pairs, i), &wish, NULL);
    if (count >= 0 && !failed && !commit(state, batch))
        made = receipts(state, batch, count);
    facteur_batch_free(batch);
    return made;
}

PyObject *fpy_mailer_has_outbox(PyObject *self, PyObject *unused)
{
    facteur_mailer *core = fpy_mailer_open(self);

    return core ? PyBool_FromLong(facteur_mailer_has_outbox(core)) : NULL;
}

/* ---- Work ------------------------------------------------------------------------------------ */

/* A signal's handler may raise: then the work ends. */
static int is_interrupted(void *user)
{
    PyThreadState **thread = user;
    int raised;

    PyEval_RestoreThread(*thread);
    raised = PyErr_CheckSignals();
    *thread = PyEval_SaveThread();
    return raised;
}

PyObject *fpy_mailer_work(PyObject *self, PyObject *args)
{
    fpy_state *state = fpy_state_of(self);
    facteur_mailer *core = fpy_mailer_open(self);
    facteur_error *error = NULL;
    PyThreadState *thread;
    PyObject *text, *counts;
    double seconds, grace;
    unsigned limit;
    char *json = NULL;
    int code;

    if (!core || !PyArg_ParseTuple(args, "dId", &seconds, &limit, &grace))
        return NULL;
    thread = PyEval_SaveThread();
    code = facteur_work(core, seconds, limit, grace, is_interrupted, &thread, &json, &error);
    PyEval_RestoreThread(thread);
    if (PyErr_Occurred()) {
        facteur_error_free(error);
        facteur_free(json);
        return NULL;
    }
    if (code)
        return fpy_raise(state, code, error, FPY_ERROR);
    text = fpy_text(json);
    facteur_free(json);
    counts = text ? PyObject_CallFunctionObjArgs(state->objects[FPY_JSON_LOADS], text, NULL) : NULL;
    Py_XDECREF(text);
    return counts;
}
