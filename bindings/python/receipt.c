/* SPDX-License-Identifier: MIT */
/*
 * Receipts for Python: the fields of the frozen dataclasses of _receipt.py, filled slot by slot.
 * Calling the class would cost more than the rest of the binding does for a mail.
 */
#include "binding.h"

#include <string.h>

#define HANDLE "facteur.receipt"

PyObject *fpy_text(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* An instance whose slots are still empty. */
static PyObject *bare(fpy_state *state, enum fpy_object class)
{
    PyTypeObject *type = fpy_type(state, class);
    newfunc make = (newfunc)PyType_GetSlot(type, Py_tp_new);

    return make(type, state->objects[FPY_EMPTY_TUPLE], NULL);
}

/* Set one slot past the frozen __setattr__; takes `value` over and hands its failure on. */
static int put(fpy_state *state, PyObject *object, enum fpy_object name, PyObject *value)
{
    int failed = value ? PyObject_GenericSetAttr(object, state->objects[name], value) : -1;

    Py_XDECREF(value);
    return failed;
}

static PyObject *reply_new(fpy_state *state, int code, const char *enhanced, const char *text)
{
    PyObject *reply = bare(state, FPY_REPLY);

    if (!reply)
        return NULL;
    if (put(state, reply, FPY_NAME_code, PyLong_FromLong(code)) ||
        put(state, reply, FPY_NAME_enhanced, fpy_text(enhanced)) ||
        put(state, reply, FPY_NAME_text, fpy_text(text)))
        Py_CLEAR(reply);
    return reply;
}

typedef const char *(*text_at)(const facteur_receipt *receipt, size_t index);

static PyObject *texts(const facteur_receipt *receipt, size_t count, text_at at)
{
    PyObject *list = PyList_New((Py_ssize_t)count);

    for (size_t i = 0; list && i < count; i++) {
        PyObject *text = fpy_text(at(receipt, i));

        if (!text || PyList_SetItem(list, (Py_ssize_t)i, text))
            Py_CLEAR(list);
    }
    return list;
}

/* Most receipts have none, and share the empty tuple. */
static PyObject *notes(fpy_state *state, const facteur_receipt *receipt)
{
    size_t count = facteur_receipt_note_count(receipt);
    PyObject *list = count ? texts(receipt, count, facteur_receipt_note) : NULL;
    PyObject *made = count ? NULL : state->objects[FPY_EMPTY_TUPLE];

    if (list)
        made = PyList_AsTuple(list);
    else
        Py_XINCREF(made);
    Py_XDECREF(list);
    return made;
}

static int reject(fpy_state *state, PyObject *dict, const facteur_receipt *receipt, size_t i)
{
    PyObject *address = fpy_text(facteur_receipt_rejected(receipt, i));
    PyObject *reply = reply_new(state, facteur_receipt_rejected_code(receipt, i),
                                facteur_receipt_rejected_enhanced(receipt, i),
                                facteur_receipt_rejected_text(receipt, i));
    int failed = !address || !reply || PyDict_SetItem(dict, address, reply);

    Py_XDECREF(address);
    Py_XDECREF(reply);
    return failed;
}

static PyObject *rejected(fpy_state *state, const facteur_receipt *receipt)
{
    size_t count = facteur_receipt_rejected_count(receipt);
    PyObject *dict = PyDict_New();

    for (size_t i = 0; dict && i < count; i++) {
        if (reject(state, dict, receipt, i))
            Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *timings(fpy_state *state, const facteur_receipt *receipt)
{
    PyObject *dict = PyDict_New();

    for (int i = 0; dict && i < FACTEUR_PHASE_COUNT; i++) {
        double seconds = facteur_receipt_timing(receipt, (enum facteur_phase)i);
        PyObject *value;

        if (seconds < 0)
            continue;
        value = PyFloat_FromDouble(seconds);
        if (!value || PyDict_SetItem(dict, state->objects[FPY_PHASE_FIRST + i], value))
            Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *phase(fpy_state *state, const facteur_receipt *receipt)
{
    PyObject *name = state->objects[FPY_PHASE_FIRST + (int)facteur_receipt_phase(receipt)];

    Py_INCREF(name);
    return name;
}

static void drop_handle(PyObject *handle)
{
    facteur_receipt_free(PyCapsule_GetPointer(handle, HANDLE));
}

/* Only what is in doubt can have a late verdict; other receipts hold nothing of the core. */
static int keep(fpy_state *state, PyObject *made, facteur_receipt *receipt)
{
    PyObject *handle;

    if (facteur_receipt_in_doubt_count(receipt) == 0)
        return 0;
    handle = PyCapsule_New(receipt, HANDLE, drop_handle);
    if (handle)
        facteur_receipt_ref(receipt);
    return put(state, made, FPY_NAME__later, handle);
}

PyObject *fpy_receipt_later(PyObject *module, PyObject *handle)
{
    facteur_receipt *receipt = PyCapsule_GetPointer(handle, HANDLE);
    facteur_receipt *later = receipt ? facteur_receipt_later(receipt) : NULL;
    PyObject *made;

    if (!receipt)
        return NULL;
    if (!later)
        Py_RETURN_NONE;
    made = fpy_receipt_new(PyModule_GetState(module), later);
    facteur_receipt_free(later);
    return made;
}

PyObject *fpy_receipt_new(fpy_state *state, facteur_receipt *r)
{
    PyObject *made = bare(state, FPY_RECEIPT);
    PyObject *reply;

    if (!made)
        return NULL;
    reply = reply_new(state, facteur_receipt_reply_code(r), facteur_receipt_reply_enhanced(r),
                      facteur_receipt_reply_text(r));
    if (put(state, made, FPY_NAME_reply, reply) ||
        put(state, made, FPY_NAME_status, fpy_text(facteur_receipt_status_name(r))) ||
        put(state, made, FPY_NAME_message_id, fpy_text(facteur_receipt_message_id(r))) ||
        put(state, made, FPY_NAME_queue_id, fpy_text(facteur_receipt_queue_id(r))) ||
        put(state, made, FPY_NAME_relay, fpy_text(facteur_receipt_relay(r))) ||
        put(state, made, FPY_NAME_accepted,
            texts(r, facteur_receipt_accepted_count(r), facteur_receipt_accepted)) ||
        put(state, made, FPY_NAME_rejected, rejected(state, r)) ||
        put(state, made, FPY_NAME_in_doubt,
            texts(r, facteur_receipt_in_doubt_count(r), facteur_receipt_in_doubt)) ||
        put(state, made, FPY_NAME_phase, phase(state, r)) ||
        put(state, made, FPY_NAME_attempts, PyLong_FromUnsignedLong(facteur_receipt_attempts(r))) ||
        put(state, made, FPY_NAME_flights, PyLong_FromUnsignedLong(facteur_receipt_flights(r))) ||
        put(state, made, FPY_NAME_timings, timings(state, r)) ||
        put(state, made, FPY_NAME_error, fpy_text(facteur_receipt_error(r))) ||
        put(state, made, FPY_NAME_error_code,
            fpy_text(facteur_error_name(facteur_receipt_error_code(r)))) ||
        put(state, made, FPY_NAME_notes, notes(state, r)) ||
        put(state, made, FPY_NAME_outbox_id, fpy_text(facteur_receipt_outbox_id(r))) ||
        put(state, made, FPY_NAME_key, fpy_text(facteur_receipt_key(r))) ||
        put(state, made, FPY_NAME_durable, PyBool_FromLong(facteur_receipt_durable(r))) ||
        put(state, made, FPY_NAME_transcript, fpy_text(facteur_receipt_transcript(r))) ||
        keep(state, made, r))
        Py_CLEAR(made);
    return made;
}
