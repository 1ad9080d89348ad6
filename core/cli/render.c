/* SPDX-License-Identifier: MIT */
/* facteur render: composes a message and shows it, sends nothing. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/message.h"
#include "cli/part.h"
#include "cli/print.h"

#include <stdlib.h>
#include <string.h>

static int print_bytes(const char *bytes, size_t len)
{
    return fwrite(bytes, 1, len, stdout) == len ? flush_output() : fail_output();
}

static int print_part(const char *bytes, size_t len, const char *type)
{
    char *part;
    size_t part_len;
    int result = part_find(bytes, len, type, &part, &part_len);

    if (result < 0)
        return fail_nomem();
    if (!result)
        return fail(EXIT_DATA, NULL, "the message has no part of type %s", type);
    result = print_bytes(part, part_len);
    free(part);
    return result;
}

static int print_message(const struct args *args, facteur_message *message)
{
    facteur_error *error = NULL;
    char *bytes;
    size_t len;
    int code = facteur_message_bytes(message, &bytes, &len, &error), result;

    if (code)
        return fail_error(NULL, code, error);
    for (size_t i = 0; i < facteur_message_note_count(message); i++)
        print_note(facteur_message_note(message, i));
    if (args_has(args, FLAG_PART_HTML))
        result = print_part(bytes, len, "text/html");
    else if (args_has(args, FLAG_PART_TEXT))
        result = print_part(bytes, len, "text/plain");
    else
        result = print_bytes(bytes, len);
    facteur_free(bytes);
    return result;
}

int cmd_render(const struct args *args)
{
    const char *what = args->file_count ? args->files[0] : "";
    const char *file = args->file_count > 1 ? args->files[1] : "-", *kind = NULL;
    facteur_mailer *mailer = NULL;
    facteur_message *message = NULL;
    int result = 0;

    if (args->file_count > 2)
        return fail(EXIT_USAGE, args->files[2], "one file at a time");
    if (!*what)
        return fail(EXIT_USAGE, NULL, "expected: facteur render order|contact|message|KIND [FILE]");
    if (strcmp(what, "message") != 0)
        result = letter_kind(what, &kind);
    if (result == 0)
        result = mailer_open(args, "null://", &mailer);
    if (result == 0 && !kind)
        result = message_compose(args, args->file_count > 1 ? file : NULL, &message);
    else if (result == 0)
        result = letter_compose(args, kind, file, mailer, &message);
    if (result == 0)
        result = print_message(args, message);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
    return result;
}
