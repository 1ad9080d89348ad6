/* SPDX-License-Identifier: MIT */
/* Letters: the library gets their JSON unchanged, and the flags as its options. */
#include "cli/message.h"

#include "cli/fail.h"
#include "cli/input.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct choice {
    enum flag flag;
    const char *name;
    bool is_list;
};

static const struct choice choices[] = {
    {FLAG_TO, "to", true},
    {FLAG_FROM, "from", false},
    {FLAG_REPLY_TO, "reply_to", true},
    {FLAG_LOCALE, "locale", false},
    {FLAG_SUBJECT, "subject", false},
    {FLAG_DATE, "date", false},
    {FLAG_MESSAGE_ID, "message_id", false},
};

static int add_choice(json_t *options, const struct given *given, const struct choice *choice)
{
    json_t *value = json_string(given->value), *list = json_object_get(options, choice->name);
    int failed;

    if (!value)
        return fail(EXIT_USAGE, NULL, "--%s: not UTF-8", given->name);
    if (!choice->is_list)
        return json_object_set_new(options, choice->name, value) ? fail_nomem() : 0;
    if (!list && json_object_set_new(options, choice->name, list = json_array()) == 0)
        list = json_object_get(options, choice->name);
    failed = json_array_append_new(list, value);
    return failed ? fail_nomem() : 0;
}

/* "KEY=TEXT" into the option "words". */
static int add_word(json_t *options, const struct given *given)
{
    const char *equals = strchr(given->value, '=');
    json_t *words = json_object_get(options, "words"), *text;
    char *key;
    int failed;

    if (!equals || equals == given->value)
        return fail(EXIT_USAGE, NULL, "--word: expected KEY=TEXT, got \"%s\"", given->value);
    if (!words && json_object_set_new(options, "words", words = json_object()))
        return fail_nomem();
    text = json_string(equals + 1);
    key = strndup(given->value, (size_t)(equals - given->value));
    failed = !text || !key || json_object_set(words, key, text);
    free(key);
    json_decref(text);
    return failed ? fail(EXIT_USAGE, NULL, "--word: not UTF-8") : 0;
}

/* The letter's options as JSON text; the caller frees it with free(). */
static int options_of(const struct args *args, char **text)
{
    json_t *options = json_object();
    int result = options ? 0 : fail_nomem();

    for (size_t i = 0; i < args->given_count; i++) {
        for (size_t j = 0; j < sizeof choices / sizeof choices[0] && result == 0; j++) {
            if (args->given[i].flag == choices[j].flag)
                result = add_choice(options, &args->given[i], &choices[j]);
        }
        if (args->given[i].flag == FLAG_WORD && result == 0)
            result = add_word(options, &args->given[i]);
    }
    if (result == 0) {
        *text = json_dumps(options, JSON_COMPACT);
        result = *text ? 0 : fail_nomem();
    }
    json_decref(options);
    return result;
}

int letter_kind(const char *word, const char **kind)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    int result;

    if (strcmp(word, command_name(CMD_ORDER)) == 0)
        word = "order_confirmation";
    else if (strcmp(word, command_name(CMD_CONTACT)) == 0)
        word = "contact_form";
    for (const char *const *known = facteur_letter_kinds(); *known; known++) {
        if (strcmp(*known, word) == 0) {
            *kind = *known;
            return 0;
        }
    }
    /* The library refuses it, and its error names the nearest kind. */
    facteur_letter(NULL, word, "", 0, NULL, 0, &message, &error);
    result = fail(EXIT_USAGE, NULL, "%s", facteur_error_message(error));
    facteur_error_free(error);
    return result;
}

int letter_compose(const struct args *args, const char *kind, const char *file,
                   const facteur_mailer *mailer, facteur_message **out)
{
    facteur_error *error = NULL;
    char *json = NULL, *options = NULL;
    size_t len, mark;
    int result = input_read(file, &json, &len), code;

    if (result == 0)
        result = options_of(args, &options);
    if (result == 0) {
        mark = input_mark(json);
        code = facteur_letter(mailer, kind, json + mark, len - mark, options, strlen(options), out,
                              &error);
        result = code ? fail_error(input_name(file), code, error) : 0;
    }
    if (result == 0)
        result = message_add_parts(args, *out);
    free(options);
    free(json);
    return result;
}
