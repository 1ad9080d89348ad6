/* SPDX-License-Identifier: MIT */
/*
 * A message as JSON: the table of fields.  `headers` and `metadata` are objects with texts,
 * `attachments` is a list of objects with path, name, type and inline, `alternatives` one with type
 * and content.  A field that is not in the table is an error.
 */
#include "cli/message.h"

#include "cli/fail.h"
#include "cli/input.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    facteur_message *message;
    const char *file;
};

static int refuse(const struct reading *reading, const char *where, const char *what)
{
    return fail(EXIT_DATA, input_name(reading->file), "%s: %s", where, what);
}

static int set_text(const struct reading *reading, const char *field, const char *text, size_t len)
{
    facteur_error *error = NULL;
    int code = facteur_message_set(reading->message, field, text, len, &error);

    return code ? fail_error(input_name(reading->file), code, error) : 0;
}

/* An object or a list, as JSON text. */
static int set_json(const struct reading *reading, const char *field, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    int result = text ? set_text(reading, field, text, FACTEUR_NTS) : fail_nomem();

    free(text);
    return result;
}

static const char *expected(enum facteur_field_type type)
{
    if (type == FACTEUR_FIELD_json)
        return "expected an object, or its text";
    if (type == FACTEUR_FIELD_bool)
        return "expected true or false";
    return type == FACTEUR_FIELD_int ? "expected a whole number or text" : "expected text";
}

static int set(const struct reading *reading, size_t index, const char *where, const json_t *value)
{
    const char *field = facteur_message_field_name(index);
    enum facteur_field_type type = facteur_message_field_type(index);
    char number[32];

    if (json_is_string(value))
        return set_text(reading, field, json_string_value(value), json_string_length(value));
    if (type == FACTEUR_FIELD_json && (json_is_object(value) || json_is_array(value)))
        return set_json(reading, field, value);
    if (type == FACTEUR_FIELD_bool && json_is_boolean(value))
        return set_text(reading, field, json_is_true(value) ? "1" : "0", 1);
    if (type != FACTEUR_FIELD_int || !json_is_integer(value))
        return refuse(reading, where, expected(type));
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return set_text(reading, field, number, FACTEUR_NTS);
}

/* One call for each entry: a call adds to the earlier ones. */
static int set_each(const struct reading *reading, size_t index, const json_t *list)
{
    char where[128];
    int result = 0;

    for (size_t i = 0; i < json_array_size(list) && result == 0; i++) {
        snprintf(where, sizeof where, "%s[%zu]", facteur_message_field_name(index), i);
        result = set(reading, index, where, json_array_get(list, i));
    }
    return result;
}

/* The core takes the list as one text, with `separator` between two entries. */
static int set_joined(const struct reading *reading, const char *field, const json_t *list,
                      char separator)
{
    size_t len = 0;
    char *text;
    int result;

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_string(json_array_get(list, i)))
            return refuse(reading, field, "expected texts only");
        len += json_string_length(json_array_get(list, i)) + 1;
    }
    text = malloc(len + 1);
    if (!text)
        return fail_nomem();
    len = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *word = json_array_get(list, i);

        if (i)
            text[len++] = separator;
        memcpy(text + len, json_string_value(word), json_string_length(word));
        len += json_string_length(word);
    }
    result = set_text(reading, field, text, len);
    free(text);
    return result;
}

static int add_metadata(const struct reading *reading, const json_t *metadata)
{
    const char *name;
    json_t *value;

    if (!json_is_object(metadata))
        return refuse(reading, "metadata", "expected an object of names and texts");
    json_object_foreach((json_t *)metadata, name, value)
    {
        facteur_error *error = NULL;
        int code;

        if (!json_is_string(value))
            return refuse(reading, "metadata", "expected texts only");
        code = facteur_message_add_metadata(reading->message, name, FACTEUR_NTS,
                                            json_string_value(value), json_string_length(value),
                                            &error);
        if (code)
            return fail_error(input_name(reading->file), code, error);
    }
    return 0;
}

static int add_headers(const struct reading *reading, const json_t *headers)
{
    const char *name;
    json_t *value;

    if (!json_is_object(headers))
        return refuse(reading, "headers", "expected an object of names and texts");
    json_object_foreach((json_t *)headers, name, value)
    {
        facteur_error *error = NULL;
        int code;

        if (!json_is_string(value))
            return refuse(reading, "headers", "expected texts only");
        code = facteur_message_add_header(reading->message, name, json_string_value(value),
                                          json_string_length(value), &error);
        if (code)
            return fail_error(input_name(reading->file), code, error);
    }
    return 0;
}

static int attach(const struct reading *reading, const json_t *entry, size_t index)
{
    const char *path = NULL, *name = NULL, *type = NULL, *content_id = NULL;
    facteur_error *error = NULL;
    json_error_t problem;
    char where[64];
    int code;

    snprintf(where, sizeof where, "attachments[%zu]", index);
    if (json_is_string(entry))
        path = json_string_value(entry);
    else if (json_unpack_ex((json_t *)entry, &problem, JSON_STRICT, "{s:s, s?s, s?s, s?s}", "path",
                            &path, "name", &name, "type", &type, "inline", &content_id))
        return fail(EXIT_DATA, input_name(reading->file),
                    "%s: expected a path, or an object of path, name, type and inline (%s)", where,
                    problem.text);
    code = facteur_message_attach_path(reading->message, path, name, type, content_id, &error);
    if (code == 0)
        return 0;
    fail(exit_code_of(code), input_name(reading->file), "%s: %s", where,
         error ? facteur_error_message(error) : facteur_error_text(code));
    facteur_error_free(error);
    return exit_code_of(code);
}

static int attach_all(const struct reading *reading, const json_t *list)
{
    int result = 0;

    if (!json_is_array(list))
        return refuse(reading, "attachments", "expected a list");
    for (size_t i = 0; i < json_array_size(list) && result == 0; i++)
        result = attach(reading, json_array_get(list, i), i);
    return result;
}

static int add_alternative(const struct reading *reading, const json_t *entry, size_t index)
{
    const char *type, *content;
    facteur_error *error = NULL;
    json_error_t problem;
    size_t len;
    int code;

    if (json_unpack_ex((json_t *)entry, &problem, JSON_STRICT, "{s:s, s:s%}", "type", &type,
                       "content", &content, &len))
        return fail(EXIT_DATA, input_name(reading->file),
                    "alternatives[%zu]: expected an object of type and content (%s)", index,
                    problem.text);
    code = facteur_message_add_alternative(reading->message, type, content, len, &error);
    return code ? fail_error(input_name(reading->file), code, error) : 0;
}

static int add_alternatives(const struct reading *reading, const json_t *list)
{
    int result = 0;

    if (!json_is_array(list))
        return refuse(reading, "alternatives", "expected a list");
    for (size_t i = 0; i < json_array_size(list) && result == 0; i++)
        result = add_alternative(reading, json_array_get(list, i), i);
    return result;
}

static size_t find_field(const char *name)
{
    size_t i = 0;

    while (i < facteur_message_field_count() && strcmp(facteur_message_field_name(i), name) != 0)
        i++;
    return i;
}

static int read_field(const struct reading *reading, const char *name, const json_t *value)
{
    size_t index = find_field(name);
    char list = *facteur_message_field_list(index);

    /* The core's error suggests the nearest field. */
    if (index == facteur_message_field_count())
        return set_text(reading, name, "", 0);
    switch (facteur_message_field_type(index)) {
    case FACTEUR_FIELD_headers:
        return add_headers(reading, value);
    case FACTEUR_FIELD_metadata:
        return add_metadata(reading, value);
    case FACTEUR_FIELD_attachments:
        return attach_all(reading, value);
    case FACTEUR_FIELD_alternatives:
        return add_alternatives(reading, value);
    default:
        break;
    }
    if (!json_is_array(value) || !list)
        return set(reading, index, name, value);
    return list == '+' ? set_each(reading, index, value) : set_joined(reading, name, value, list);
}

static int read_fields(const struct reading *reading, const json_t *root)
{
    const char *name;
    json_t *value;
    int result = 0;

    json_object_foreach((json_t *)root, name, value)
    {
        if (!json_is_null(value))
            result = read_field(reading, name, value);
        if (result)
            return result;
    }
    return 0;
}

int message_read_json(facteur_message *message, const char *json, size_t len, const char *file)
{
    const struct reading reading = {message, file};
    json_error_t problem;
    json_t *root;
    int result;

    if (!len)
        return fail(EXIT_DATA, input_name(file),
                    "expected a message as a JSON object, got nothing");
    root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return fail(EXIT_DATA, input_name(file), "malformed JSON at line %d, column %d: %s",
                    problem.line, problem.column, problem.text);
    if (json_is_object(root))
        result = read_fields(&reading, root);
    else
        result = fail(EXIT_DATA, input_name(file), "expected a JSON object");
    json_decref(root);
    return result;
}
