/* SPDX-License-Identifier: MIT */
/* Letters: the arguments as JSON into the core, and what it composed back. */
#include "binding.h"

/* A door for letters: of one kind, which calls its data by a name of its own, or of any (NULL). */
struct door {
    const char *kind;
    const char *data;
};

static const struct door any_letter = {NULL, "data"};

struct letter {
    const char *kind;      /* static, or the argument's */
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
    static const char *const names[] = {"to",         "from", "reply_to", "locale", "subject",
                                        "message_id", "date", "words",    "key"};
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
static int letter_read(fpy_state *state, PyObject *args, PyObject *kwargs, const struct door *door,
                       int sending, struct letter *letter)
{
    char *names[] = {"kind",
                     (char *)door->data,
                     "to",
                     "from_",
                     "reply_to",
                     "locale",
                     "subject",
                     "message_id",
                     "date",
                     "words",
                     "key",
                     "attachments",
                     sending ? "deadline" : NULL,
                     NULL};
    const char *format = sending ? "OO|$OOOOOOOOOOO" : "OO|$OOOOOOOOOO";
    PyObject *kind = NULL, *value, *limit = NULL, *options[9] = {NULL};
    int parsed;

#define LETTER_ARGUMENTS                                                                           \
    &value, &options[0], &options[1], &options[2], &options[3], &options[4], &options[5],          \
        &options[6], &options[7], &options[8], &letter->attachments, &limit
    if (door->kind)
        parsed = PyArg_ParseTupleAndKeywords(args, kwargs, format + 1, names + 1, LETTER_ARGUMENTS);
    else
        parsed = PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &kind, LETTER_ARGUMENTS);
#undef LETTER_ARGUMENTS
    letter->kind = door->kind;
    if (!parsed || (kind && fpy_cstring(state, "kind", kind, &letter->kind)) ||
        fpy_deadline(limit, &letter->deadline))
        return -1;
    letter->json = json_of(state, value);
    if (letter->json && !options_of(state, options, &letter->options))
        return 0;
    letter_done(letter);
    return -1;
}

/* Half a character in a str, a lone surrogate, goes to the core as it is: the core mends letters.
 */
static int encode_broken(PyObject **text)
{
    PyObject *bytes;

    PyErr_Clear();
    bytes = PyUnicode_AsEncodedString(*text, "utf-8", "surrogatepass");
    if (!bytes)
        return -1;
    Py_DECREF(*text);
    *text = bytes;
    return 0;
}

/* The bytes of a letter's data or options; `*text` may become another object. */
static int json_text(fpy_state *state, PyObject **text, struct fpy_encoded *json)
{
    char *bytes;
    Py_ssize_t size;

    if (PyUnicode_Check(*text)) {
        if (fpy_encode(state, "", *text, json) == 0)
            return 0;
        if (encode_broken(text))
            return -1;
    }
    if (PyBytes_AsStringAndSize(*text, &bytes, &size))
        return -1;
    *json = (struct fpy_encoded){bytes, (size_t)size, NULL};
    return 0;
}

/* Compose the letter and attach what was given with it; NULL with an exception. */
static facteur_message *letter_compose(fpy_state *state, const facteur_mailer *mailer,
                                       struct letter *letter)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    struct fpy_encoded json, options = {NULL, 0, NULL};
    int code;

    if (json_text(state, &letter->json, &json))
        return NULL;
    if (letter->options && json_text(state, &letter->options, &options)) {
        fpy_encode_done(&json);
        return NULL;
    }
    code = facteur_letter(mailer, letter->kind, json.text, json.len, options.text, options.len,
                          &message, &error);
    fpy_encode_done(&json);
    fpy_encode_done(&options);
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

static PyObject *composed(PyObject *module, const struct door *door, PyObject *args,
                          PyObject *kwargs)
{
    fpy_state *state = PyModule_GetState(module);
    struct letter letter = {0};
    facteur_message *message;

    if (letter_read(state, args, kwargs, door, 0, &letter))
        return NULL;
    message = letter_compose(state, NULL, &letter);
    letter_done(&letter);
    return message ? fpy_message_wrap(state, message) : NULL;
}

/*
 * host   It sends the letter, and gets a Delivery; or NULL.
 * Where not even the composing can be done, the Receipt says so.
 */
static PyObject *sent(PyObject *self, const struct door *door, PyObject *args, PyObject *kwargs,
                      PyObject *host)
{
    fpy_state *state = fpy_state_of(self);
    struct letter letter = {0};
    facteur_mailer *mailer = fpy_mailer_open(self);
    facteur_message *message;
    PyObject *receipt;

    if (!mailer || letter_read(state, args, kwargs, door, 1, &letter))
        return NULL;
    message = letter_compose(state, mailer, &letter);
    letter_done(&letter);
    if (!message)
        return fpy_shortage_receipt(state);
    receipt = host ? fpy_submit(self, host, NULL, message, letter.deadline, FACTEUR_LETTER)
                   : fpy_mailer_send(self, NULL, message, letter.deadline, 0);
    facteur_message_free(message);
    return receipt;
}

PyObject *fpy_letter(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return composed(module, &any_letter, args, kwargs);
}

PyObject *fpy_letter_kinds(PyObject *module, PyObject *unused)
{
    const char *const *names = facteur_letter_kinds();
    Py_ssize_t count = 0;
    PyObject *kinds;

    while (names[count])
        count++;
    kinds = PyTuple_New(count);
    for (Py_ssize_t i = 0; kinds && i < count; i++) {
        PyObject *name = PyUnicode_FromString(names[i]);

        if (!name || PyTuple_SetItem(kinds, i, name))
            Py_CLEAR(kinds);
    }
    return kinds;
}

PyObject *fpy_mailer_send_letter(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return sent(self, &any_letter, args, kwargs, NULL);
}

#define NAMED(kind, data)                                                                          \
    static const struct door kind##_letter = {#kind, #data};                                       \
                                                                                                   \
    PyObject *fpy_##kind(PyObject *module, PyObject *args, PyObject *kwargs)                       \
    {                                                                                              \
        return composed(module, &kind##_letter, args, kwargs);                                     \
    }                                                                                              \
                                                                                                   \
    PyObject *fpy_mailer_send_##kind(PyObject *self, PyObject *args, PyObject *kwargs)             \
    {                                                                                              \
        return sent(self, &kind##_letter, args, kwargs, NULL);                                     \
    }
FPY_NAMED_LETTERS(NAMED)

PyObject *fpy_submit_letter(PyObject *mailer, PyObject *host, PyObject *args, PyObject *kwargs)
{
    return sent(mailer, &any_letter, args, kwargs, host);
}
