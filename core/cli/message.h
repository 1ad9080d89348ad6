/* SPDX-License-Identifier: MIT */
/* Messages out of flags and JSON. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "cli/args.h"

#include <facteur.h>

/* All return 0, or an exit code after the mistake was told. */

/* The message of `send` and `render message`; to be freed in either case. */
int message_compose(const struct args *args, const char *file, facteur_message **out);

/* Read a message's JSON object into it; message_json.c. */
int message_read_json(facteur_message *message, const char *json, size_t len, const char *file);

/* --attach, --inline, --header, --envelope-from. */
int message_add_parts(const struct args *args, facteur_message *message);

/*
 * The kind of letter that a word of the command line means: "order" and "contact" are short for
 * one, every kind's own name is itself.
 */
int letter_kind(const char *word, const char **kind);

/* The letter of that kind whose JSON is in the file. */
int letter_compose(const struct args *args, const char *kind, const char *file,
                   const facteur_mailer *mailer, facteur_message **out);

/* The mailer of --dsn, FACTEUR_DSN and the options; `fallback` is a DSN for when there is none. */
int mailer_open(const struct args *args, const char *fallback, facteur_mailer **out);

/* Whether the flags say anything of a message. */
bool message_is_flagged(const struct args *args);

#endif
