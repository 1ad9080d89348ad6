/* SPDX-License-Identifier: MIT */
/* facteur's error codes as the exceptions of facteur/errors.py. */
#include "binding.h"

#include <stdarg.h>

/* Make and raise class(message, code=…, where=…[, receipt=…]). */
static PyObject *raise_made(fpy_state *state, enum fpy_object class, int code, const char *where,
                            PyObject *message, PyObject *receipt)
{
    PyObject *type = state->objects[class];
    PyObject *args = Py_BuildValue("(O)", message);
    PyObject *kwargs =
        Py_BuildValue("{s:s,s:N}", "code", facteur_error_name(code), "where", fpy_text(where));
    PyObject *made = NULL;

    if (args && kwargs && (!receipt || !PyDict_SetItemString(kwargs, "receipt", receipt)))
        made = PyObject_Call(type, args, kwargs);
    if (made)
        PyErr_SetObject(type, made);
    Py_XDECREF(made);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    return NULL;
}

/* Raise with this message, which is taken over; NULL is an exception already. */
static PyObject *raise_message(fpy_state *state, enum fpy_object class, int code, const char *where,
                               PyObject *message)
{
    if (message)
        raise_made(state, class, code, where, message, NULL);
    Py_XDECREF(message);
    return NULL;
}

PyObject *fpy_raise(fpy_state *state, int code, facteur_error *error, enum fpy_object usage)
{
    enum fpy_object class = usage;

    if (code == FACTEUR_ENOMEM) {
        facteur_error_free(error);
        return PyErr_NoMemory();
    }
    if (code == FACTEUR_ECONFIG)
        class = FPY_CONFIG_ERROR;
    else if (code == FACTEUR_EMESSAGE)
        class = FPY_MESSAGE_ERROR;
    else if (code == FACTEUR_ECLOSED || code == FACTEUR_ELIMIT)
        class = FPY_ERROR;
    raise_message(state, class, code, error ? facteur_error_where(error) : "",
                  fpy_text(error ? facteur_error_sentence(error) : facteur_error_text(code)));
    facteur_error_free(error);
    return NULL;
}

PyObject *fpy_raise_text(fpy_state *state, int code, enum fpy_object class, const char *where,
                         const char *format, ...)
{
    va_list args;
    PyObject *text;
    PyObject *whole = NULL;

    va_start(args, format);
    text = PyUnicode_FromFormatV(format, args);
    va_end(args);
    if (text && where[0])
        whole = PyUnicode_FromFormat("%s: %U", where, text);
    if (text && where[0])
        Py_DECREF(text);
    return raise_message(state, class, code, where, where[0] ? whole : text);
}

static enum fpy_object class_of(const facteur_receipt *receipt)
{
    if (facteur_receipt_status(receipt) == FACTEUR_PERMANENT)
        return FPY_PERMANENT_ERROR;
    if (facteur_receipt_status(receipt) == FACTEUR_IN_DOUBT)
        return FPY_IN_DOUBT_ERROR;
    switch (facteur_receipt_error_code(receipt)) {
    case FACTEUR_ECONNECT:
        return FPY_CONNECT_ERROR;
    case FACTEUR_ETLS:
        return FPY_TLS_ERROR;
    case FACTEUR_EAUTH:
        return FPY_AUTH_ERROR;
    case FACTEUR_EDEADLINE:
        return FPY_DEADLINE_ERROR;
    default:
        return FPY_TEMPORARY_ERROR;
    }
}

PyObject *fpy_raise_receipt(fpy_state *state, const facteur_receipt *receipt,
                            PyObject *python_receipt)
{
    int code = facteur_receipt_error_code(receipt);
    const char *text = facteur_receipt_error(receipt);
    PyObject *message = fpy_text(text[0] ? text : facteur_error_text(code));

    if (message)
        raise_made(state, class_of(receipt), code, "", message, python_receipt);
    Py_XDECREF(message);
    return NULL;
}

/* FACTEUR_ENOMEM or FACTEUR_ELIMIT; 0: any other exception.  It stays. */
static int shortage_of(fpy_state *state, PyObject *value)
{
    PyObject *code;
    int is_limit;

    if (PyErr_GivenExceptionMatches(value, PyExc_MemoryError))
        return FACTEUR_ENOMEM;
    if (!PyErr_GivenExceptionMatches(value, state->objects[FPY_ERROR]))
        return 0;
    code = PyObject_GetAttrString(value, "code");
    is_limit = code && PyUnicode_Check(code) &&
               PyUnicode_CompareWithASCIIString(code, facteur_error_name(FACTEUR_ELIMIT)) == 0;
    Py_XDECREF(code);
    PyErr_Clear();
    return is_limit ? FACTEUR_ELIMIT : 0;
}

PyObject *fpy_shortage_receipt(fpy_state *state)
{
    PyObject *type, *value, *trace, *text, *made;
    facteur_receipt *receipt;
    int code;

    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    code = value ? shortage_of(state, value) : 0;
    if (!code) {
        PyErr_Restore(type, value, trace);
        return NULL;
    }
    text = code == FACTEUR_ELIMIT ? PyObject_Str(value) : NULL;
    receipt = facteur_receipt_of_shortage(code, text ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL);
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    made = fpy_receipt_new(state, receipt);
    facteur_receipt_free(receipt);
    return made;
}
