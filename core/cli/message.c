/* SPDX-License-Identifier: MIT */
/* Makes a message from the flags of `send`. */
#include "cli/message.h"

#include "cli/fail.h"
#include "cli/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct field {
    enum flag flag;
    const char *name;
    bool is_file;
};

static const struct field fields[] = {
    {FLAG_FROM, "from", false},
    {FLAG_TO, "to", false},
    {FLAG_CC, "cc", false},
    {FLAG_BCC, "bcc", false},
    {FLAG_REPLY_TO, "reply_to", false},
    {FLAG_SUBJECT, "subject", false},
    {FLAG_DATE, "date", false},
    {FLAG_MESSAGE_ID, "message_id", false},
    {FLAG_TEXT, "text", false},
    {FLAG_TEXT_FILE, "text", true},
    {FLAG_HTML, "html", false},
    {FLAG_HTML_FILE, "html", true},
};

static const struct field *find_field(enum flag flag)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].flag == flag)
            return &fields[i];
    }
    return NULL;
}

bool message_is_flagged(const struct args *args)
{
    for (size_t i = 0; i < args->given_count; i++) {
        if (find_field(args->given[i].flag) || args->given[i].flag == FLAG_EML ||
            args->given[i].flag == FLAG_ATTACH || args->given[i].flag == FLAG_INLINE ||
            args->given[i].flag == FLAG_HEADER)
            return true;
    }
    return false;
}

static void option_name(const struct given *given, char *out, size_t size)
{
    snprintf(out, size, "--%s", given->name);
}

/* An error in a flag's value names the flag. */
static int fail_flag(const struct given *given, int code, facteur_error *error)
{
    char name[64];
    int result;

    option_name(given, name, sizeof name);
    result = fail(exit_code_of(code), name, "%s",
                  error ? facteur_error_message(error) : facteur_error_text(code));
    facteur_error_free(error);
    return result;
}

static int set_field(facteur_message *message, const struct given *given, const struct field *field)
{
    facteur_error *error = NULL;
    char *text = NULL;
    size_t len = FACTEUR_NTS;
    int result = 0, code;

    if (field->is_file)
        result = input_read(given->value, &text, &len);
    if (result)
        return result;
    code = facteur_message_set(message, field->name, text ? text : given->value, len, &error);
    free(text);
    return code ? fail_flag(given, code, error) : 0;
}

/* The colon of "PATH:type/subtype"; NULL when all of it is a path. */
static const char *type_colon(const char *value)
{
    const char *colon = strrchr(value, ':'), *slash = colon ? strchr(colon, '/') : NULL;

    if (!colon || colon == value || !slash || slash == colon + 1 || !slash[1] ||
        strchr(slash + 1, '/'))
        return NULL;
    return access(value, F_OK) == 0 ? NULL : colon;
}

/* Split "[CID=]PATH[:TYPE]" into three texts within `copy`, a copy of all of it. */
static const char *split_attachment(char *copy, bool is_inline, const char **content_id,
                                    const char **type)
{
    char *colon = (char *)type_colon(copy), *equals = is_inline ? strchr(copy, '=') : NULL;
    const char *path = copy, *slash;

    if (colon) {
        *colon = '\0';
        *type = colon + 1;
    }
    if (equals && equals != copy && access(copy, F_OK) != 0) {
        *equals = '\0';
        *content_id = copy;
        return equals + 1;
    }
    slash = strrchr(path, '/');
    if (is_inline)
        *content_id = slash ? slash + 1 : path;
    return path;
}

static int attach(facteur_message *message, const struct given *given)
{
    const char *content_id = NULL, *type = NULL, *path;
    facteur_error *error = NULL;
    char *copy = strdup(given->value);
    int code;

    if (!copy)
        return fail_nomem();
    path = split_attachment(copy, given->flag == FLAG_INLINE, &content_id, &type);
    code = facteur_message_attach_path(message, path, NULL, type, content_id, &error);
    free(copy);
    return code ? fail_flag(given, code, error) : 0;
}

static int add_header(facteur_message *message, const struct given *given)
{
    const char *colon = strchr(given->value, ':'), *value;
    facteur_error *error = NULL;
    char *name;
    int code;

    if (!colon)
        return fail(EXIT_USAGE, "--header", "expected \"Name: value\", got \"%s\"", given->value);
    name = strndup(given->value, (size_t)(colon - given->value));
    if (!name)
        return fail_nomem();
    for (value = colon + 1; *value == ' ';)
        value++;
    code = facteur_message_add_header(message, name, value, FACTEUR_NTS, &error);
    free(name);
    return code ? fail_flag(given, code, error) : 0;
}

static int set_envelope_from(facteur_message *message, const struct given *given)
{
    facteur_error *error = NULL;
    int code = facteur_message_set(message, "envelope_from", given->value, FACTEUR_NTS, &error);

    return code ? fail_flag(given, code, error) : 0;
}

int message_add_parts(const struct args *args, facteur_message *message)
{
    int result = 0;

    for (size_t i = 0; i < args->given_count && result == 0; i++) {
        const struct given *given = &args->given[i];

        if (given->flag == FLAG_ATTACH || given->flag == FLAG_INLINE)
            result = attach(message, given);
        else if (given->flag == FLAG_HEADER)
            result = add_header(message, given);
        else if (given->flag == FLAG_ENVELOPE_FROM)
            result = set_envelope_from(message, given);
    }
    return result;
}

/* The message's bytes are finished; flags can only set its envelope. */
static int compose_eml(const struct args *args, facteur_message **out)
{
    const char *path = args_value(args, FLAG_EML);
    facteur_error *error = NULL;
    char *bytes;
    size_t len;
    int result = input_read(path, &bytes, &len), code;

    if (result)
        return result;
    code = facteur_message_from_bytes(bytes, len, out, &error);
    free(bytes);
    if (code)
        return fail_error(input_name(path), code, error);
    for (size_t i = 0; i < args->given_count && result == 0; i++) {
        const struct given *given = &args->given[i];

        if (given->flag == FLAG_TO) {
            code = facteur_message_add_recipient(*out, given->value, FACTEUR_NTS, &error);
            result = code ? fail_flag(given, code, error) : 0;
        } else if (given->flag == FLAG_ENVELOPE_FROM) {
            result = set_envelope_from(*out, given);
        } else if (given->flag != FLAG_EML && given->flag > FLAG_VERSION &&
                   given->flag < FLAG_OUTBOX) {
            result = fail(EXIT_USAGE, NULL,
                          "--%s does not go with --eml: of finished bytes only the envelope can be "
                          "set, by --to and --envelope-from",
                          given->name);
        }
    }
    return result;
}

static int read_file(const char *file, facteur_message **message)
{
    facteur_error *error = NULL;
    char *json;
    size_t len, mark;
    int result = input_read(file, &json, &len);

    if (result)
        return result;
    mark = input_mark(json);
    result = facteur_message_from_json(json + mark, len - mark, message, &error);
    free(json);
    return result ? fail_error(input_name(file), result, error) : 0;
}

int message_compose(const struct args *args, const char *file, facteur_message **out)
{
    int result = 0;

    if (args_has(args, FLAG_EML)) {
        if (file)
            return fail(EXIT_USAGE, file, "a message's JSON does not go with --eml");
        return compose_eml(args, out);
    }
    if (file || !message_is_flagged(args))
        result = read_file(file ? file : "-", out);
    else if (!(*out = facteur_message_new()))
        result = fail_nomem();
    for (size_t i = 0; i < args->given_count && result == 0; i++) {
        const struct field *field = find_field(args->given[i].flag);

        if (field)
            result = set_field(*out, &args->given[i], field);
    }
    return result ? result : message_add_parts(args, *out);
}
