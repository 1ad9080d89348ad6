/* SPDX-License-Identifier: MIT */
/* The methods of Mailer behind the sequence `captured`: what a memory:// mailer holds. */
#include "binding.h"

PyObject *fpy_captured_count(PyObject *self, PyObject *unused)
{
    return PyLong_FromSize_t(facteur_captured_count(fpy_mailer_core(self)));
}

PyObject *fpy_captured_at(PyObject *self, PyObject *index)
{
    facteur_error *error = NULL;
    char *bytes = NULL;
    char *envelope = NULL;
    size_t len = 0;
    size_t at = PyLong_AsSize_t(index);
    PyObject *raw;
    PyObject *pair;
    int code;

    if (at == (size_t)-1 && PyErr_Occurred())
        return NULL;
    code = facteur_captured(fpy_mailer_core(self), at, &bytes, &len, &envelope, &error);
    if (code)
        return fpy_raise(fpy_state_of(self), code, error, FPY_CONFIG_ERROR);
    raw = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)len);
    pair = raw ? Py_BuildValue("(Os)", raw, envelope) : NULL;
    Py_XDECREF(raw);
    facteur_free(bytes);
    facteur_free(envelope);
    return pair;
}

PyObject *fpy_captured_clear(PyObject *self, PyObject *unused)
{
    facteur_captured_clear(fpy_mailer_core(self));
    Py_RETURN_NONE;
}
