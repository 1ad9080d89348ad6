/* SPDX-License-Identifier: MIT */
/* Makes messages and letters from flags and files. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "cli/args.h"

#include <facteur.h>

/* All return 0, or an exit code after printing the mistake. */

/* Make the message of `send` and `render message`; the caller frees it even after a failure. */
int message_compose(const struct args *args, const char *file, facteur_message **out);

/* Apply --attach, --inline, --header and --envelope-from. */
int message_add_parts(const struct args *args, facteur_message *message);

/*
 * The kind of letter that a word of the command line means: "order" and "contact" are short names
 * of kinds; any other word is the name of a kind.
 */
int letter_kind(const char *word, const char **kind);

/* Make the letter of that kind from the JSON in the file. */
int letter_compose(const struct args *args, const char *kind, const char *file,
                   const facteur_mailer *mailer, facteur_message **out);

/* Put the message into the outbox.  `print`: the receipt, not only a failure. */
int queue_message(const struct args *args, facteur_mailer *mailer, facteur_message *message,
                  bool print);

/* Open a mailer by --dsn or FACTEUR_DSN, else by the DSN `fallback`, with the options. */
int mailer_open(const struct args *args, const char *fallback, facteur_mailer **out);

/* Whether a flag describes a message. */
bool message_is_flagged(const struct args *args);

#endif
