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

/* What this thread let go of: with it the callable runs in the interpreter that sends. */
static _Thread_local PyThreadState *outside;

PyThreadState *fpy_token_leave(PyObject *callable)
{
    PyObject *module = callable ? PyImport_GetModuleDict() : NULL;
    PyObject *current = NULL;

    module = module ? PyDict_GetItemString(module, "greenlet") : NULL;
    if (module)
        current = PyObject_CallMethod(module, "getcurrent", NULL);
    if (!current)
        PyErr_Clear();
    /* It lives at least as long as the call that it makes. */
    facteur_set_caller(current);
    Py_XDECREF(current);
    outside = PyEval_SaveThread();
    return outside;
}

void fpy_token_return(PyThreadState *thread)
{
    outside = NULL;
    facteur_set_caller(NULL);
    PyEval_RestoreThread(thread);
}

static int ask(PyObject *callable, const char *relay, const char *username, facteur_token *token)
{
    PyObject *returned = PyObject_CallFunction(callable, "ss", relay, username);
    int failed = -1;

    if (returned) {
        failed = give(returned, token);
        Py_DECREF(returned);
        return failed;
    }
    facteur_token_fail(token, "the token callable raised an exception");
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        /* It was meant for the send, which looks for signals next. */
        PyErr_Clear();
        PyErr_SetInterrupt();
    } else {
        /* Whoever sends gets an AuthError; the exception itself goes to sys.unraisablehook. */
        PyErr_WriteUnraisable(callable);
    }
    return failed;
}

int fpy_token_ask(void *user, const char *relay, const char *username, facteur_token *token)
{
    PyThreadState *thread = outside;
    PyGILState_STATE gil = PyGILState_UNLOCKED;
    int failed;

    if (thread)
        PyEval_RestoreThread(thread);
    else
        gil = PyGILState_Ensure();
    failed = ask((PyObject *)user, relay, username, token);
    /* Others may have come and gone meanwhile, in this thread too. */
    if (thread)
        outside = PyEval_SaveThread();
    else
        PyGILState_Release(gil);
    return failed;
}
