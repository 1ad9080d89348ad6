/* SPDX-License-Identifier: MIT */
/* facteur send, order, contact: compose, send, tell what became of it. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/message.h"
#include "cli/print.h"

#include <stdlib.h>

int mailer_open(const struct args *args, const char *fallback, facteur_mailer **out)
{
    const char *dsn = args_value(args, FLAG_DSN);
    facteur_error *error = NULL;
    const char *set = getenv("FACTEUR_DSN");
    int code;

    if (!dsn && !(set && *set)) {
        if (!fallback)
            return fail(EXIT_CONFIG, NULL,
                        "no relay: give --dsn smtps://user:password@host, or set FACTEUR_DSN");
        dsn = fallback;
    }
    code = facteur_mailer_new(dsn, args->names, args->values, args->option_count, out, &error);
    return code ? fail_error(NULL, code, error) : 0;
}

static int send_message(const struct args *args, facteur_mailer *mailer, facteur_message *message)
{
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int code = facteur_send(mailer, message, 0, &receipt, &error);
    int result;

    if (code)
        return fail_error(NULL, code, error);
    result = print_receipt(receipt, args_has(args, FLAG_JSON), args_has(args, FLAG_VERBOSE));
    facteur_receipt_free(receipt);
    return result;
}

int cmd_send(const struct args *args)
{
    const char *file = args->file_count ? args->files[0] : NULL;
    facteur_mailer *mailer = NULL;
    facteur_message *message = NULL;
    int result;

    if (args->file_count > 1)
        return fail(EXIT_USAGE, args->files[1], "one file at a time");
    result = mailer_open(args, NULL, &mailer);
    if (result == 0 && args->command == CMD_SEND)
        result = message_compose(args, file, &message);
    else if (result == 0)
        result = letter_compose(args, args->command, file ? file : "-", mailer, &message);
    if (result == 0)
        result = send_message(args, mailer, message);
    facteur_message_free(message);
    if (mailer)
        facteur_mailer_close(mailer, 2.0);
    facteur_mailer_free(mailer);
    return result;
}
