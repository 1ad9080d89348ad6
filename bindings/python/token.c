/* SPDX-License-Identifier: MIT */
#include "token.h"

int fpy_token_take(PyObject *dict, PyObject **callable)
{
    PyObject *token = dict ? PyDict_GetItemString(dict, "token") : NULL;

    if (!token || !PyCallable_Check(token))
        return 0;
    *callable = Py_NewRef(token);
    return PyDict_DelItemString(dict, "token") ||
                   PyDict_SetItemString(dict, "token_callback", Py_True)
               ? -1
               : 0;
}

/* What the callable returned, given on; the token itself is never told in an error. */
static int give(PyObject *returned, facteur_token *token)
{
    PyObject *text = returned;
    double life = 0;
    const char *bytes;
    Py_ssize_t len;

    if (PyTuple_Check(returned) && PyTuple_Size(returned) == 2) {
        text = PyTuple_GetItem(returned, 0);
        life = PyFloat_AsDouble(PyTuple_GetItem(returned, 1));
    }
    if (PyErr_Occurred() || !PyUnicode_Check(text)) {
        PyErr_Clear();
        facteur_token_fail(token, "the token callable returned neither str nor (str, seconds)");
        return -1;
    }
    bytes = PyUnicode_AsUTF8AndSize(text, &len);
    if (bytes && facteur_token_give(token, bytes, (size_t)len, life) == 0)
        return 0;
    PyErr_Clear();
    facteur_token_fail(token, "the token callable returned something that is not a bearer token");
    return -1;
}

int fpy_token_ask(void *user, const char *relay, const char *username, facteur_token *token)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *callable = (PyObject *)user;
    PyObject *returned = PyObject_CallFunction(callable, "ss", relay, username);
    int failed = -1;

    if (returned) {
        failed = give(returned, token);
        Py_DECREF(returned);
    } else {
        /* Whoever sends gets an AuthError; the exception itself goes to sys.unraisablehook. */
        PyErr_WriteUnraisable(callable);
        facteur_token_fail(token, "the token callable raised an exception");
    }
    PyGILState_Release(gil);
    return failed;
}
