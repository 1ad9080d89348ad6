/* SPDX-License-Identifier: MIT */
/* Reads the command line: a command, its flags in order, its files, the mailer's options. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

enum command {
    CMD_NONE,
    CMD_SEND,
    CMD_LETTER,
    CMD_ORDER,
    CMD_CONTACT,
    CMD_RENDER,
    CMD_CHECK,
    CMD_SENDMAIL,
    CMD_ENQUEUE,
    CMD_OUTBOX,
    CMD_WORKER,
    CMD_HELP
};

enum flag {
    FLAG_DSN,
    FLAG_SET,
    FLAG_JSON,
    FLAG_VERBOSE,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_FROM,
    FLAG_TO,
    FLAG_CC,
    FLAG_BCC,
    FLAG_REPLY_TO,
    FLAG_SUBJECT,
    FLAG_WORD,
    FLAG_LOCALE,
    FLAG_DATE,
    FLAG_MESSAGE_ID,
    FLAG_ENVELOPE_FROM,
    FLAG_TEXT,
    FLAG_TEXT_FILE,
    FLAG_HTML,
    FLAG_HTML_FILE,
    FLAG_ATTACH,
    FLAG_INLINE,
    FLAG_HEADER,
    FLAG_EML,
    FLAG_PART_TEXT,
    FLAG_PART_HTML,
    FLAG_OUTBOX,
    FLAG_KEY,
    FLAG_NOT_BEFORE,
    FLAG_EXPIRES_AT,
    FLAG_PRIORITY,
    FLAG_ONCE,
    FLAG_GRACE,
    FLAG_STATE,
    FLAG_AFTER,
    FLAG_LIMIT,
    FLAG_MAIL,
    FLAG_ALL,
    FLAG_KEEP_BODIES,
    FLAG_KEEP_ROWS,
    FLAG_REASON,
    FLAG_EVERY
};

struct given {
    enum flag flag;
    const char *name; /* as the user wrote it, without the dashes */
    const char *value;
};

/* Everything points into argv or is static; the arrays have room for every argument. */
struct args {
    enum command command;
    struct given *given;
    size_t given_count;
    const char **files;
    size_t file_count;
    const char **names; /* of mailer options */
    const char **values;
    size_t option_count;
    char **owned; /* the names of --set */
    size_t owned_count;
};

/*
 * Returns 0, or an exit code after printing the mistake.  A program called "sendmail" runs the
 * command sendmail.  Its files are the words from the first one that is not an option of facteur's.
 */
int args_parse(int argc, char **argv, struct args *args);
void args_done(struct args *args);

bool args_has(const struct args *args, enum flag flag);
/* The last value of a flag, or NULL. */
const char *args_value(const struct args *args, enum flag flag);

/* "not-before" of FLAG_NOT_BEFORE. */
const char *args_flag_name(enum flag flag);
const char *command_name(enum command command);

#endif
