/* SPDX-License-Identifier: MIT */
/* Order confirmations and contact forms: the arguments as JSON into the core, and what it composed
 * back. */
#include "binding.h"

typedef int (*composer)(const facteur_mailer *mailer, const char *json, size_t len,
                        const char *options, size_t options_len, facteur_message **out,
                        facteur_error **error);

struct letter {
    PyObject *json;        /* str or bytes */
    PyObject *options;     /* str, or NULL for none */
    PyObject *attachments; /* borrowed, or NULL */
    double deadline;
};

static void letter_done(struct letter *letter)
{
    Py_CLEAR(letter->json);
    Py_CLEAR(letter->options);
}

/* The str or bytes to hand over: JSON as it is given, anything else encoded by _json.py. */
static PyObject *json_of(fpy_state *state, PyObject *value)
{
    if (PyUnicode_Check(value) || PyBytes_Check(value)) {
        Py_INCREF(value);
        return value;
    }
    return PyObject_CallFunctionObjArgs(state->objects[FPY_LETTER_JSON], value, NULL);
}

/* {"to": …} of the keywords that were given; *out stays NULL when none was. */
static int options_of(fpy_state *state, PyObject *const *values, PyObject **out)
{
    static const char *const names[] = {"to",      "from",       "reply_to", "locale",
                                        "subject", "message_id", "date"};
    PyObject *dict = PyDict_New();
    int failed = !dict;

    for (size_t i = 0; !failed && i < sizeof names / sizeof names[0]; i++) {
        if (values[i] && values[i] != Py_None)
            failed = PyDict_SetItemString(dict, names[i], values[i]);
    }
    if (!failed && PyDict_Size(dict)) {
        *out = PyObject_CallFunctionObjArgs(state->objects[FPY_LETTER_OPTIONS], dict, NULL);
        failed = !*out;
    }
    Py_XDECREF(dict);
    return failed ? -1 : 0;
}

/* Read the arguments; `sending` allows a deadline. */
static int letter_read(fpy_state *state, PyObject *args, PyObject *kwargs, int order, int sending,
                       struct letter *letter)
{
    char *names[] = {order ? "order" : "form",
                     "to",
                     "from_",
                     "reply_to",
                     "locale",
                     "subject",
                     "message_id",
                     "date",
                     "attachments",
                     sending ? "deadline" : NULL,
                     NULL};
    const char *format = sending ? "O|$OOOOOOOOO" : "O|$OOOOOOOO";
    PyObject *values[7] = {NULL};
    PyObject *value;
    PyObject *limit = NULL;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &value, &values[0], &values[1],
                                     &values[2], &values[3], &values[4], &values[5], &values[6],
                                     &letter->attachments, &limit) ||
        fpy_deadline(limit, &letter->deadline))
        return -1;
    letter->json = json_of(state, value);
    if (letter->json && !options_of(state, values, &letter->options))
        return 0;
    letter_done(letter);
    return -1;
}

static int json_text(fpy_state *state, PyObject *value, struct fpy_encoded *json)
{
    char *bytes;
    Py_ssize_t size;

    if (!PyBytes_Check(value))
        return fpy_encode(state, "", value, json);
    if (PyBytes_AsStringAndSize(value, &bytes, &size))
        return -1;
    *json = (struct fpy_encoded){bytes, (size_t)size, NULL};
    return 0;
}

/* Compose the letter and attach what was given with it; NULL with an exception. */
static facteur_message *letter_compose(fpy_state *state, const facteur_mailer *mailer,
                                       composer compose, const struct letter *letter)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    struct fpy_encoded json;
    const char *options = NULL;
    size_t options_len = 0;
    int code;

    if ((letter->options && fpy_utf8(state, "", letter->options, &options, &options_len)) ||
        json_text(state, letter->json, &json))
        return NULL;
    code = compose(mailer, json.text, json.len, options, options_len, &message, &error);
    fpy_encode_done(&json);
    if (code) {
        fpy_raise(state, code, error, FPY_MESSAGE_ERROR);
        return NULL;
    }
    if (letter->attachments && letter->attachments != Py_None) {
        PyObject *attached = fpy_attach(state, message, letter->attachments);

        if (!attached) {
            facteur_message_free(message);
            return NULL;
        }
        Py_DECREF(attached);
    }
    return message;
}

static PyObject *composed(PyObject *module, PyObject *args, PyObject *kwargs, composer compose,
                          int order)
{
    fpy_state *state = PyModule_GetState(module);
    struct letter letter = {NULL, NULL, NULL, 0};
    facteur_message *message;

    if (letter_read(state, args, kwargs, order, 0, &letter))
        return NULL;
    message = letter_compose(state, NULL, compose, &letter);
    letter_done(&letter);
    return message ? fpy_message_wrap(state, message) : NULL;
}

/* hosted: the letter as a Delivery instead of its Receipt. */
static PyObject *sent(PyObject *self, PyObject *args, PyObject *kwargs, composer compose, int order,
                      int hosted)
{
    fpy_state *state = fpy_state_of(self);
    struct letter letter = {NULL, NULL, NULL, 0};
    facteur_mailer *mailer = fpy_mailer_open(self);
    facteur_message *message;
    PyObject *receipt;

    if (!mailer || letter_read(state, args, kwargs, order, 1, &letter))
        return NULL;
    message = letter_compose(state, mailer, compose, &letter);
    letter_done(&letter);
    if (!message)
        return NULL;
    receipt =
        hosted ? fpy_submit(self, NULL, message, letter.deadline, FACTEUR_LETTER | FACTEUR_HOSTED)
               : fpy_mailer_send(self, NULL, message, letter.deadline, 0);
    facteur_message_free(message);
    return receipt;
}

PyObject *fpy_order_confirmation(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return composed(module, args, kwargs, facteur_order_confirmation, 1);
}

PyObject *fpy_contact_form(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return composed(module, args, kwargs, facteur_contact_form, 0);
}

PyObject *fpy_mailer_send_order_confirmation(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return sent(self, args, kwargs, facteur_order_confirmation, 1, 0);
}

PyObject *fpy_mailer_send_contact_form(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return sent(self, args, kwargs, facteur_contact_form, 0, 0);
}

PyObject *fpy_mailer_submit_order(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return sent(self, args, kwargs, facteur_order_confirmation, 1, 1);
}

PyObject *fpy_mailer_submit_contact(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return sent(self, args, kwargs, facteur_contact_form, 0, 1);
}
