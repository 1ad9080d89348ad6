/* SPDX-License-Identifier: MIT */
/*
 * A message as JSON: the fields of facteur_message_set(), `headers` (an object of names and texts),
 * `attachments` (a list of path, name, type, inline), `alternatives` (a list of type, content).
 * What is not known is refused.
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

static int set(const struct reading *reading, const char *field, const char *where,
               const json_t *value)
{
    facteur_error *error = NULL;
    char number[32];
    int code;

    if ((json_is_boolean(value) && strcmp(field, "require_tls") == 0) ||
        (json_is_integer(value) &&
         (strcmp(field, "deliver_by") == 0 || strcmp(field, "mt_priority") == 0))) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
                 json_is_true(value) ? 1 : json_integer_value(value));
        code = facteur_message_set(reading->message, field, number, FACTEUR_NTS, &error);
        return code ? fail_error(input_name(reading->file), code, error) : 0;
    }
    if (!json_is_string(value))
        return refuse(reading, where, "expected text");
    code = facteur_message_set(reading->message, field, json_string_value(value),
                               json_string_length(value), &error);
    return code ? fail_error(input_name(reading->file), code, error) : 0;
}

/* Of these each value adds to those before it, so a list is one call an entry. */
static bool adds(const char *field)
{
    static const char *const fields[] = {"to", "cc", "bcc", "reply_to", "list_unsubscribe", "tags"};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i], field) == 0)
            return true;
    }
    return false;
}

static int set_all(const struct reading *reading, const char *field, const json_t *value)
{
    char where[128];
    int result = 0;

    if (!json_is_array(value) || !adds(field))
        return set(reading, field, field, value);
    for (size_t i = 0; i < json_array_size(value) && result == 0; i++) {
        snprintf(where, sizeof where, "%s[%zu]", field, i);
        result = set(reading, field, where, json_array_get(value, i));
    }
    return result;
}

/* The list is one value of the core's, with `separator` between each two. */
static int set_joined(const struct reading *reading, const char *field, const json_t *value,
                      char separator)
{
    facteur_error *error = NULL;
    size_t len = 0;
    char *text;
    int code;

    if (!json_is_array(value))
        return set(reading, field, field, value);
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_string(json_array_get(value, i)))
            return refuse(reading, field, "expected texts only");
        len += json_string_length(json_array_get(value, i)) + 1;
    }
    text = malloc(len + 1);
    if (!text)
        return fail_nomem();
    len = 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *word = json_array_get(value, i);

        if (i)
            text[len++] = separator;
        memcpy(text + len, json_string_value(word), json_string_length(word));
        len += json_string_length(word);
    }
    code = facteur_message_set(reading->message, field, text, len, &error);
    free(text);
    return code ? fail_error(input_name(reading->file), code, error) : 0;
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

static int read_fields(const struct reading *reading, const json_t *root)
{
    const char *name;
    json_t *value;
    int result = 0;

    json_object_foreach((json_t *)root, name, value)
    {
        if (json_is_null(value))
            continue;
        if (strcmp(name, "headers") == 0)
            result = add_headers(reading, value);
        else if (strcmp(name, "metadata") == 0)
            result = add_metadata(reading, value);
        else if (strcmp(name, "dsn_notify") == 0 || strcmp(name, "from") == 0 ||
                 strcmp(name, "sender") == 0)
            result = set_joined(reading, name, value, ',');
        else if (strcmp(name, "in_reply_to") == 0 || strcmp(name, "references") == 0)
            result = set_joined(reading, name, value, ' ');
        else if (strcmp(name, "attachments") == 0)
            result = attach_all(reading, value);
        else if (strcmp(name, "alternatives") == 0)
            result = add_alternatives(reading, value);
        else
            result = set_all(reading, name, value);
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
