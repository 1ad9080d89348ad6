/* SPDX-License-Identifier: MIT */
/*
 * The keywords of facteur.Message: each Python value goes straight into the core's message, and is
 * kept in a form that nobody can change afterwards.
 */
#include "binding.h"

#include <string.h>

struct job {
    fpy_state *state;
    facteur_message *message;
    const char *field; /* the core's name */
    const char *list;  /* facteur_message_field_list() */
};

PyObject *fpy_refuse(fpy_state *state, const char *where, const char *expected, PyObject *got)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(got), "__name__");

    if (name)
        fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, where, "expected %s, got %U",
                       expected, name);
    Py_XDECREF(name);
    return NULL;
}

static PyObject *refuse(struct job *job, const char *expected, PyObject *got)
{
    return fpy_refuse(job->state, job->field, expected, got);
}

/* The core's verdict as 0 or -1 with an exception. */
static int verdict(struct job *job, int code, facteur_error **error)
{
    if (!code)
        return 0;
    fpy_raise(job->state, code, *error, FPY_MESSAGE_ERROR);
    return -1;
}

static int set(struct job *job, PyObject *value)
{
    facteur_error *error = NULL;
    struct fpy_encoded text;
    int code;

    if (fpy_encode(job->state, job->field, value, &text))
        return -1;
    code = facteur_message_set(job->message, job->field, text.text, text.len, &error);
    fpy_encode_done(&text);
    return verdict(job, code, &error);
}

static PyObject *kept(PyObject *value)
{
    Py_INCREF(value);
    return value;
}

static PyObject *refuse_texts(struct job *job, PyObject *got)
{
    return refuse(job, "a str or a list of str", got);
}

/* The list is one value of the core's. */
static PyObject *apply_joined(struct job *job, PyObject *list)
{
    PyObject *glue = PyUnicode_FromString(job->list);
    PyObject *joined = glue ? PyUnicode_Join(glue, list) : NULL;

    Py_XDECREF(glue);
    if (!joined && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        return refuse_texts(job, list);
    }
    if (joined && set(job, joined))
        Py_CLEAR(joined);
    return joined;
}

/* The core takes them one by one. */
static PyObject *apply_each(struct job *job, PyObject *list)
{
    PyObject *entries = PySequence_Tuple(list);

    for (Py_ssize_t i = 0; entries && i < PyTuple_Size(entries); i++) {
        if (set(job, PyTuple_GetItem(entries, i)))
            Py_CLEAR(entries);
    }
    return entries;
}

/* A str, or where the field has a list, a list of them. */
static PyObject *apply_text(struct job *job, PyObject *value)
{
    int several = *job->list == '+';

    if (PyUnicode_Check(value) || !*job->list)
        return set(job, value) ? NULL : several ? PyTuple_Pack(1, value) : kept(value);
    if (!PyList_Check(value) && !PyTuple_Check(value))
        return refuse_texts(job, value);
    return several ? apply_each(job, value) : apply_joined(job, value);
}

/*
 * ("a@example.com", "b@example.com") on its own would be a mail to b alone, under a's name.  In a
 * list it is clear what is meant, and a visitor may well type an address for a name.
 */
static int looks_like_two(const char *name, size_t name_len, const char *address, size_t len)
{
    return memchr(name, '@', name_len) && !memchr(name, ' ', name_len) &&
           (name_len != len || memcmp(name, address, len) != 0);
}

static int add_pair(struct job *job, PyObject *pair, int alone)
{
    PyObject *name = PyTuple_GetItem(pair, 0);
    PyObject *address = PyTuple_GetItem(pair, 1);
    const char *name_text = NULL;
    const char *address_text;
    size_t name_len = 0;
    size_t address_len;
    facteur_error *error = NULL;

    if (!name || !address)
        return -1;
    if (name != Py_None && fpy_utf8(job->state, job->field, name, &name_text, &name_len))
        return -1;
    if (fpy_utf8(job->state, job->field, address, &address_text, &address_len))
        return -1;
    if (alone && name_text && looks_like_two(name_text, name_len, address_text, address_len)) {
        fpy_raise_text(job->state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, job->field,
                       "a tuple is (name, address), and %R looks like two addresses: use a list",
                       pair);
        return -1;
    }
    return verdict(job,
                   facteur_message_add_mailbox(job->message, job->field, name_text, name_len,
                                               address_text, address_len, &error),
                   &error);
}

/* The text of a dict, borrowed, or NULL. */
static PyObject *text_at(PyObject *dict, const char *name)
{
    PyObject *value = PyDict_GetItemString(dict, name);

    return value && PyUnicode_Check(value) ? value : NULL;
}

/*
 * A new reference to the value, or to the entry that {"address": …, "name": …} amounts to, as
 * Laravel and JSON have it.
 */
static PyObject *entry_of(struct job *job, PyObject *value)
{
    PyObject *address, *name;

    if (!PyDict_Check(value))
        return kept(value);
    address = text_at(value, "address");
    if (!address)
        address = text_at(value, "email");
    name = PyDict_GetItemString(value, "name");
    if (!address || PyDict_Size(value) != (name ? 2 : 1))
        return refuse(job, "an address, a (name, address) tuple or {\"address\": …, \"name\": …}",
                      value);
    return name && name != Py_None ? PyTuple_Pack(2, name, address) : kept(address);
}

/* One entry: a str is an address list, a tuple of two a name and an address. */
static int add_entry(struct job *job, PyObject *entry, int alone)
{
    if (PyUnicode_Check(entry))
        return set(job, entry);
    if (PyTuple_Check(entry) && PyTuple_Size(entry) == 2)
        return add_pair(job, entry, alone);
    refuse(job, "a str or a (name, address) tuple", entry);
    return -1;
}

static int is_entry(PyObject *value)
{
    PyObject *second;

    if (PyUnicode_Check(value))
        return 1;
    if (!PyTuple_Check(value) || PyTuple_Size(value) != 2)
        return 0;
    second = PyTuple_GetItem(value, 1);
    return second && PyUnicode_Check(second);
}

/* Add each of a list or a tuple; returns the entries. */
static PyObject *add_entries(struct job *job, PyObject *list)
{
    Py_ssize_t count = PySequence_Size(list);
    PyObject *entries = count < 0 ? NULL : PyTuple_New(count);

    for (Py_ssize_t i = 0; entries && i < count; i++) {
        PyObject *value = PySequence_GetItem(list, i);
        PyObject *entry = value ? entry_of(job, value) : NULL;

        Py_XDECREF(value);
        if (!entry || add_entry(job, entry, 0)) {
            Py_XDECREF(entry);
            Py_CLEAR(entries);
        } else if (PyTuple_SetItem(entries, i, entry)) {
            Py_CLEAR(entries);
        }
    }
    return entries;
}

/* Always a tuple of entries, so that reading the attribute needs no case distinction. */
static PyObject *apply_mailbox_list(struct job *job, PyObject *value)
{
    PyObject *made = NULL, *entry;

    if (!is_entry(value) && (PyList_Check(value) || PyTuple_Check(value)))
        return add_entries(job, value);
    entry = entry_of(job, value);
    if (!entry)
        return NULL;
    if (!is_entry(entry))
        refuse(job, "an address, a (name, address) tuple, or a list of these", entry);
    else if (add_entry(job, entry, 1) == 0)
        made = PyTuple_Pack(1, entry);
    Py_DECREF(entry);
    return made;
}

/* One mailbox, or several as a list of str: From may have several authors (RFC 5322 section 3.6.2).
 */
static PyObject *apply_mailbox(struct job *job, PyObject *value)
{
    int failed;

    if (*job->list == '+')
        return apply_mailbox_list(job, value);
    if (PyList_Check(value) && PyList_Size(value) == 1)
        value = PyList_GetItem(value, 0);
    if (PyList_Check(value) && PyList_Size(value) > 1)
        return apply_joined(job, value);
    value = entry_of(job, value);
    if (!value)
        return NULL;
    failed = is_entry(value) ? add_entry(job, value, 1) : -1;
    if (!is_entry(value))
        refuse(job, "an address, a (name, address) tuple, or a list of str", value);
    if (failed)
        Py_CLEAR(value);
    return value;
}

static int add_header(struct job *job, PyObject *name, PyObject *value)
{
    facteur_error *error = NULL;
    const char *name_text;
    const char *text;
    size_t len;

    if (fpy_cstring(job->state, job->field, name, &name_text) ||
        fpy_utf8(job->state, name_text, value, &text, &len))
        return -1;
    return verdict(job, facteur_message_add_header(job->message, name_text, text, len, &error),
                   &error);
}

/* A dict, or a list of (name, value) tuples as the attribute is: a tuple of tuples. */
static PyObject *pairs_of(struct job *job, PyObject *value)
{
    PyObject *list = NULL;
    PyObject *pairs;

    if (PyDict_Check(value))
        list = PyDict_Items(value);
    else if (PyList_Check(value) || PyTuple_Check(value))
        list = kept(value);
    else
        return refuse(job, "a dict or a list of (name, value) tuples", value);
    pairs = list ? PySequence_Tuple(list) : NULL;
    Py_XDECREF(list);
    for (Py_ssize_t i = 0; pairs && i < PyTuple_Size(pairs); i++) {
        PyObject *pair = PyTuple_GetItem(pairs, i);

        if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
            refuse(job, "a (name, value) tuple", pair);
            Py_CLEAR(pairs);
        }
    }
    return pairs;
}

static PyObject *apply_headers(struct job *job, PyObject *value)
{
    PyObject *pairs = pairs_of(job, value);

    for (Py_ssize_t i = 0; pairs && i < PyTuple_Size(pairs); i++) {
        PyObject *pair = PyTuple_GetItem(pairs, i);

        if (add_header(job, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1)))
            Py_CLEAR(pairs);
    }
    return pairs;
}

/* A datetime becomes RFC 3339 text; a naive one is local time, as datetime itself has it. */
static PyObject *apply_date(struct job *job, PyObject *value)
{
    PyObject *aware;
    PyObject *text;
    int failed;

    if (PyUnicode_Check(value))
        return apply_text(job, value);
    if (!PyObject_HasAttrString(value, "astimezone"))
        return refuse(job, "a datetime or a str", value);
    aware = PyObject_GetAttrString(value, "tzinfo");
    if (aware == Py_None) {
        Py_DECREF(aware);
        aware = PyObject_CallMethod(value, "astimezone", NULL);
    } else if (aware) {
        Py_DECREF(aware);
        aware = kept(value);
    }
    text = aware ? PyObject_CallMethod(aware, "isoformat", "ss", "T", "seconds") : NULL;
    failed = !text || set(job, text);
    Py_XDECREF(text);
    if (failed)
        Py_CLEAR(aware);
    return aware;
}

static PyObject *apply_flag(struct job *job, PyObject *value)
{
    facteur_error *error = NULL;

    if (!PyBool_Check(value))
        return refuse(job, "True or False", value);
    if (verdict(
            job,
            facteur_message_set(job->message, job->field, value == Py_True ? "1" : "0", 1, &error),
            &error))
        return NULL;
    return kept(value);
}

/* An int, or a str of one with what may stand behind it. */
static PyObject *apply_number(struct job *job, PyObject *value)
{
    PyObject *text;
    int failed;

    if (PyUnicode_Check(value))
        return apply_text(job, value);
    if (!PyLong_Check(value) || PyBool_Check(value))
        return refuse(job, "an int or a str", value);
    text = PyObject_Str(value);
    failed = !text || set(job, text);
    Py_XDECREF(text);
    return failed ? NULL : kept(value);
}

static int add_metadatum(struct job *job, PyObject *pair)
{
    facteur_error *error = NULL;
    const char *name;
    const char *text;
    size_t name_len;
    size_t len;

    if (fpy_utf8(job->state, job->field, PyTuple_GetItem(pair, 0), &name, &name_len) ||
        fpy_utf8(job->state, job->field, PyTuple_GetItem(pair, 1), &text, &len))
        return -1;
    return verdict(
        job, facteur_message_add_metadata(job->message, name, name_len, text, len, &error), &error);
}

static PyObject *apply_metadata(struct job *job, PyObject *value)
{
    PyObject *pairs = pairs_of(job, value);

    for (Py_ssize_t i = 0; pairs && i < PyTuple_Size(pairs); i++) {
        if (add_metadatum(job, PyTuple_GetItem(pairs, i)))
            Py_CLEAR(pairs);
    }
    return pairs;
}

static int add_alternative(struct job *job, PyObject *type, PyObject *content)
{
    facteur_error *error = NULL;
    struct fpy_encoded text;
    const char *type_text;
    int code;

    if (fpy_cstring(job->state, job->field, type, &type_text) ||
        fpy_encode(job->state, job->field, content, &text))
        return -1;
    code = facteur_message_add_alternative(job->message, type_text, text.text, text.len, &error);
    fpy_encode_done(&text);
    return verdict(job, code, &error);
}

static PyObject *apply_attachments(struct job *job, PyObject *value)
{
    return fpy_attach(job->state, job->message, value);
}

/* Forms of the text: (media type, text) tuples. */
static PyObject *apply_alternatives(struct job *job, PyObject *value)
{
    PyObject *pairs;

    if (!PyList_Check(value) && !PyTuple_Check(value))
        return refuse(job, "a list of (type, content) tuples", value);
    pairs = PySequence_Tuple(value);
    for (Py_ssize_t i = 0; pairs && i < PyTuple_Size(pairs); i++) {
        PyObject *pair = PyTuple_GetItem(pairs, i);

        if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
            refuse(job, "a (type, content) tuple", pair);
            Py_CLEAR(pairs);
        } else if (add_alternative(job, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1))) {
            Py_CLEAR(pairs);
        }
    }
    return pairs;
}

/* Its JSON, or a dict that crosses as JSON, as the mailer's option does. */
static PyObject *apply_json(struct job *job, PyObject *value)
{
    PyObject *module;
    PyObject *text;
    PyObject *applied;

    if (PyUnicode_Check(value))
        return apply_text(job, value);
    module = PyImport_ImportModule("facteur._signing");
    text = module ? PyObject_CallMethod(module, "option_json", "sO", job->field, value) : NULL;
    applied = text ? apply_text(job, text) : NULL;
    Py_XDECREF(module);
    Py_XDECREF(text);
    return applied;
}

typedef PyObject *apply(struct job *job, PyObject *value);

static apply *const applies[FACTEUR_FIELD_TYPE_COUNT] = {
    [FACTEUR_FIELD_text] = apply_text,
    [FACTEUR_FIELD_date] = apply_date,
    [FACTEUR_FIELD_bool] = apply_flag,
    [FACTEUR_FIELD_int] = apply_number,
    [FACTEUR_FIELD_mailbox] = apply_mailbox,
    [FACTEUR_FIELD_json] = apply_json,
    [FACTEUR_FIELD_headers] = apply_headers,
    [FACTEUR_FIELD_metadata] = apply_metadata,
    [FACTEUR_FIELD_alternatives] = apply_alternatives,
    [FACTEUR_FIELD_attachments] = apply_attachments,
};

/* The field of a keyword, or facteur_message_field_count(); "from" is a reserved word of Python's.
 */
static size_t find_field(const char *keyword)
{
    const char *name = strcmp(keyword, "from_") == 0 ? "from" : keyword;
    size_t count = facteur_message_field_count();
    size_t i = 0;

    if (strcmp(keyword, "from") == 0)
        return count;
    while (i < count && strcmp(facteur_message_field_name(i), name) != 0)
        i++;
    return i;
}

/* The core tells which field was meant, unless it is the one that Python spells otherwise. */
static void raise_unknown(fpy_state *state, facteur_message *message, const char *name)
{
    facteur_error *error = NULL;
    int code;

    if (!strcmp(name, "from")) {
        fpy_raise_text(state, FACTEUR_EMESSAGE, FPY_MESSAGE_ERROR, name,
                       "no such keyword; did you mean \"from_\"?");
        return;
    }
    code = facteur_message_set(message, name, "", 0, &error);
    fpy_raise(state, code ? code : FACTEUR_EMESSAGE, error, FPY_MESSAGE_ERROR);
}

int fpy_fields_apply(fpy_state *state, facteur_message *message, PyObject *dict)
{
    Py_ssize_t at = 0;
    PyObject *key;
    PyObject *value;

    while (PyDict_Next(dict, &at, &key, &value)) {
        struct job job = {state, message, NULL, NULL};
        const char *name;
        PyObject *lasting;
        size_t index;
        int failed;

        if (fpy_cstring(state, "", key, &name))
            return -1;
        index = find_field(name);
        if (index == facteur_message_field_count()) {
            raise_unknown(state, message, name);
            return -1;
        }
        if (value == Py_None)
            continue;
        job.field = facteur_message_field_name(index);
        job.list = facteur_message_field_list(index);
        lasting = applies[facteur_message_field_type(index)](&job, value);
        /* Setting the value of a key that is there does not disturb PyDict_Next(). */
        failed = !lasting || PyDict_SetItem(dict, key, lasting);
        Py_XDECREF(lasting);
        if (failed)
            return -1;
    }
    return 0;
}
