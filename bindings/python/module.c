/* SPDX-License-Identifier: MIT */
/* The module facteur._core: its state, its types and its functions. */
#include "binding.h"

static int import_one(fpy_state *state, enum fpy_object which, const char *module,
                      const char *attribute)
{
    PyObject *from = PyImport_ImportModule(module);

    state->objects[which] = from ? PyObject_GetAttrString(from, attribute) : NULL;
    Py_XDECREF(from);
    return state->objects[which] ? 0 : -1;
}

static int intern_one(fpy_state *state, int which, const char *text)
{
    state->objects[which] = PyUnicode_InternFromString(text);
    return state->objects[which] ? 0 : -1;
}

static int add_type(PyObject *module, fpy_state *state, enum fpy_object which, PyType_Spec *spec,
                    PyObject *base)
{
    state->objects[which] = PyType_FromModuleAndSpec(module, spec, base);
    if (!state->objects[which])
        return -1;
    return PyModule_AddType(module, (PyTypeObject *)state->objects[which]);
}

static int module_exec(PyObject *module)
{
    fpy_state *state = PyModule_GetState(module);

#define IMPORT(name, from, attribute)                                                              \
    if (import_one(state, FPY_##name, from, attribute))                                            \
        return -1;
    FPY_IMPORTS(IMPORT)
#undef IMPORT
#define INTERN(text)                                                                               \
    if (intern_one(state, FPY_NAME_##text, #text))                                                 \
        return -1;
    FPY_NAMES(INTERN)
#undef INTERN
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++) {
        if (intern_one(state, FPY_PHASE_FIRST + i, facteur_phase_name((enum facteur_phase)i)))
            return -1;
    }
    state->objects[FPY_EMPTY_TUPLE] = PyTuple_New(0);
    state->objects[FPY_IS_ASCII] = PyObject_GetAttrString((PyObject *)&PyUnicode_Type, "isascii");
    if (!state->objects[FPY_EMPTY_TUPLE] || !state->objects[FPY_IS_ASCII] ||
        add_type(module, state, FPY_MESSAGE_TYPE, &fpy_message_spec, NULL) ||
        add_type(module, state, FPY_DELIVERY_TYPE, &fpy_delivery_spec, NULL) ||
        add_type(module, state, FPY_HOST_TYPE, &fpy_host_spec, NULL) ||
        add_type(module, state, FPY_INSERT_TYPE, &fpy_insert_spec, NULL) ||
        add_type(module, state, FPY_MAILER_TYPE, &fpy_mailer_spec, state->objects[FPY_COROUTINES]))
        return -1;
    return PyModule_AddStringConstant(module, "version", facteur_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    fpy_state *state = PyModule_GetState(module);

    for (int i = 0; state && i < FPY_OBJECT_COUNT; i++)
        Py_VISIT(state->objects[i]);
    return 0;
}

static int module_clear(PyObject *module)
{
    fpy_state *state = PyModule_GetState(module);

    for (int i = 0; state && i < FPY_OBJECT_COUNT; i++)
        Py_CLEAR(state->objects[i]);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

static PyObject *options(PyObject *module, PyObject *unused)
{
    Py_ssize_t count = (Py_ssize_t)facteur_option_count();
    PyObject *table = PyTuple_New(count);

    for (Py_ssize_t i = 0; table && i < count; i++) {
        size_t at = (size_t)i;
        PyObject *row = Py_BuildValue("(ssszzs)", facteur_option_name(at), facteur_option_scope(at),
                                      facteur_option_type(at), facteur_option_choices(at),
                                      facteur_option_default(at), facteur_option_help(at));

        if (!row || PyTuple_SetItem(table, i, row))
            Py_CLEAR(table);
    }
    return table;
}

static PyObject *message_fields(PyObject *module, PyObject *unused)
{
    Py_ssize_t count = (Py_ssize_t)facteur_message_field_count();
    PyObject *table = PyTuple_New(count);

    for (Py_ssize_t i = 0; table && i < count; i++) {
        size_t at = (size_t)i;
        PyObject *row = Py_BuildValue(
            "(sssssis)", facteur_message_field_name(at),
            facteur_field_type_name(facteur_message_field_type(at)), facteur_message_field_list(at),
            facteur_message_field_choices(at), facteur_message_field_default(at),
            facteur_message_field_finished(at), facteur_message_field_help(at));

        if (!row || PyTuple_SetItem(table, i, row))
            Py_CLEAR(table);
    }
    return table;
}

PyDoc_STRVAR(message_fields_doc,
             "message_fields($module, /)\n--\n\n"
             "The table of a Message's fields: tuples (name, type, list, choices, default,\n"
             "finished, help).");

PyDoc_STRVAR(
    options_doc,
    "options($module, /)\n--\n\n"
    "The table of a Mailer's options: tuples (name, scope, type, choices, default, help).");

#define LETTER_SIGNATURE                                                                           \
    "*, to=None, from_=None, reply_to=None, locale=None, subject=None, message_id=None,\n"         \
    "    date=None, words=None, key=None, attachments=())\n--\n\n"

PyDoc_STRVAR(letter_doc, "letter($module, /, kind, data, " LETTER_SIGNATURE
                         "Compose a letter without sending it; returns a Message.\n\n"
                         "The arguments and MessageError are those of Mailer.send_letter().");

PyDoc_STRVAR(letter_kinds_doc, "letter_kinds($module, /)\n--\n\n"
                               "The kinds of letters that there are: a tuple of names.");

#define NAMED_DOC(kind, data)                                                                      \
    PyDoc_STRVAR(kind##_doc, #kind "($module, /, " #data ", " LETTER_SIGNATURE "letter(\"" #kind   \
                                   "\", " #data ", …).");
FPY_NAMED_LETTERS(NAMED_DOC)

#define WITH_KEYWORDS(function)                                                                    \
    (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS

PyDoc_STRVAR(address_check_doc,
             "address_check($module, address, /)\n--\n\n"
             "Look at one address that somebody typed into a form; no network is asked.\n\n"
             "A dict: valid (bool), address (its form on the wire, or None), hint (what was\n"
             "probably meant, or None), reason (what is wrong or doubtful, or None), smtputf8\n"
             "(whether only relays with SMTPUTF8 take it).\n\n"
             "MessageError: the text has a lone surrogate.");

static PyObject *address_check(PyObject *module, PyObject *address)
{
    fpy_state *state = PyModule_GetState(module);
    const char *text;
    size_t len;
    char *json = NULL;
    PyObject *loads;
    PyObject *made;

    if (fpy_utf8(state, "address", address, &text, &len))
        return NULL;
    if (facteur_address_check(text, len, &json))
        return PyErr_NoMemory();
    loads = PyImport_ImportModule("json");
    made = loads ? PyObject_CallMethod(loads, "loads", "s", json) : NULL;
    Py_XDECREF(loads);
    facteur_free(json);
    return made;
}

PyDoc_STRVAR(receipt_later_doc, "receipt_later($module, handle, /)\n--\n\n"
                                "The late verdict behind the handle of a Receipt, or None.");

PyDoc_STRVAR(default_dsn_doc,
             "default_dsn($module, /)\n--\n\n"
             "Whether a Mailer needs no dsn: FACTEUR_DSN or the configuration file gives one.");

static PyObject *default_dsn(PyObject *module, PyObject *unused)
{
    facteur_error *error = NULL;
    int result = facteur_default_dsn(&error);

    if (result < 0)
        return fpy_raise((fpy_state *)PyModule_GetState(module), result, error, FPY_CONFIG_ERROR);
    return PyBool_FromLong(result);
}

#define NAMED_METHOD(kind, data) {#kind, WITH_KEYWORDS(fpy_##kind), kind##_doc},

static PyMethodDef methods[] = {
    {"address_check", address_check, METH_O, address_check_doc},
    {"letter", WITH_KEYWORDS(fpy_letter), letter_doc},
    {"letter_kinds", fpy_letter_kinds, METH_NOARGS, letter_kinds_doc},
    FPY_NAMED_LETTERS(NAMED_METHOD)
    /* What is not a letter. */
    {"receipt_later", fpy_receipt_later, METH_O, receipt_later_doc},
    {"outbox_migrate", fpy_outbox_migrate, METH_O,
     PyDoc_STR(
         "outbox_migrate($module, url, /)\n--\n\nThe version of the tables before, and now.")},
    {"outbox_schema", fpy_outbox_schema, METH_O,
     PyDoc_STR("outbox_schema($module, dialect, /)\n--\n\nThe statements that make the tables.")},
    {"outbox_read", fpy_outbox_read, METH_O,
     PyDoc_STR("outbox_read($module, stored, /)\n--\n\nThe mail that a row's bytes hold.")},
    {"default_dsn", default_dsn, METH_NOARGS, default_dsn_doc},
    {"options", options, METH_NOARGS, options_doc},
    {"message_fields", message_fields, METH_NOARGS, message_fields_doc},
    {NULL, NULL, 0, NULL},
};

/*
 * The limited API of 3.11 does not declare the slots of later interpreters (CPython 3.15 does their
 * numbers, and not their values), yet an abi3 module meets them: both belong to the stable ABI, so
 * they are offered by the version at hand.
 */
#ifndef Py_mod_multiple_interpreters
#define Py_mod_multiple_interpreters 3
#endif
#ifndef Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
#define Py_MOD_PER_INTERPRETER_GIL_SUPPORTED ((void *)2)
#endif
#ifndef Py_mod_gil
#define Py_mod_gil 4
#endif
#ifndef Py_MOD_GIL_NOT_USED
#define Py_MOD_GIL_NOT_USED ((void *)1)
#endif

#define VERSION_3_12 0x030c0000UL
#define VERSION_3_13 0x030d0000UL

static PyModuleDef_Slot slots_3_11[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static PyModuleDef_Slot slots_3_12[] = {
    {Py_mod_exec, module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

static PyModuleDef_Slot slots_3_13[] = {
    {Py_mod_exec, module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "facteur._core",
    .m_doc = PyDoc_STR("The C part of facteur; import facteur instead."),
    .m_size = sizeof(fpy_state),
    .m_methods = methods,
    .m_slots = slots_3_11,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
    if (Py_Version >= VERSION_3_13)
        definition.m_slots = slots_3_13;
    else if (Py_Version >= VERSION_3_12)
        definition.m_slots = slots_3_12;
    return PyModuleDef_Init(&definition);
}
