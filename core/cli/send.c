/* SPDX-License-Identifier: MIT */
/* facteur send, enqueue, letter, order, contact: composes a message, sends or queues it, prints the
 * result. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/message.h"
#include "cli/print.h"

#include <stdlib.h>

int mailer_open(const struct args *args, const char *fallback, facteur_mailer **out)
{
    const char *dsn = args_value(args, FLAG_DSN);
    facteur_error *error = NULL;
    int code = dsn ? 1 : facteur_default_dsn(&error);

    if (code < 0)
        return fail_error(NULL, code, error);
    /* Without any, the library says what to do. */
    if (code == 0)
        dsn = fallback;
    code = facteur_mailer_new(dsn, args->names, args->values, args->option_count, out, &error);
    return code ? fail_error(NULL, code, error) : 0;
}

static int send_message(const struct args *args, facteur_mailer *mailer, facteur_message *message,
                        bool letter)
{
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int code = letter ? facteur_send_composed(mailer, message, 0, &receipt, &error)
                      : facteur_send(mailer, message, 0, &receipt, &error);
    int result;

    if (code)
        return fail_error(NULL, code, error);
    result = print_receipt(receipt, args_has(args, FLAG_JSON), args_has(args, FLAG_VERBOSE));
    facteur_receipt_free(receipt);
    return result;
}

int cmd_send(const struct args *args)
{
    size_t before = args->command == CMD_LETTER ? 1 : 0; /* the kind stands before the file */
    const char *file = args->file_count > before ? args->files[before] : NULL, *kind = NULL;
    facteur_mailer *mailer = NULL;
    facteur_message *message = NULL;
    bool queues = args->command == CMD_ENQUEUE || args_has(args, FLAG_OUTBOX);
    int result = 0;

    if (args->file_count < before)
        return fail(EXIT_USAGE, NULL,
                    "expected: facteur letter KIND [FILE]; see facteur help letter");
    if (args->file_count > before + 1)
        return fail(EXIT_USAGE, args->files[before + 1], "one file at a time");
    if (args->command != CMD_SEND && args->command != CMD_ENQUEUE)
        result = letter_kind(before ? args->files[0] : command_name(args->command), &kind);
    if (result == 0)
        result = mailer_open(args, queues ? "null://" : NULL, &mailer);
    if (result == 0 && !kind)
        result = message_compose(args, file, &message);
    else if (result == 0)
        result = letter_compose(args, kind, file ? file : "-", mailer, &message);
    if (result == 0)
        result = queues ? queue_message(args, mailer, message, true)
                        : send_message(args, mailer, message, kind != NULL);
    facteur_message_free(message);
    if (mailer)
        facteur_mailer_close(mailer, 2.0);
    facteur_mailer_free(mailer);
    return result;
}
