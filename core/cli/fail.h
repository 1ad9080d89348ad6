/* SPDX-License-Identifier: MIT */
/* Error messages on standard error, and the exit codes, a part of those in sysexits.h. */
#ifndef CLI_FAIL_H
#define CLI_FAIL_H

#include <facteur.h>
#include <stdio.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 64,   /* the command line */
    EXIT_DATA = 65,    /* the JSON, the message, a file of it */
    EXIT_REFUSED = 69, /* the relay refused for good */
    EXIT_OUTPUT = 74,  /* writing to standard output failed, and there was nothing to send */
    EXIT_RETRY = 75,   /* not accepted now, perhaps later; or in doubt */
    EXIT_LOGIN = 77,   /* the relay did not accept the login */
    EXIT_CONFIG = 78   /* the DSN or an option */
};

/* Print "facteur: where: sentence"; `where` may be NULL.  Returns `code`. */
int fail(int code, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int fail_nomem(void);
const char *fail_last(void); /* the last such sentence, "" before the first */

/* Print and free an error of the library; `file` is where the input came from, or NULL. */
int fail_error(const char *file, int code, facteur_error *error);

/* Report that writing to standard output failed; silent when its reader (`| head`) went away. */
int fail_output(void);
int flush_output(void);

/* The exit code of a FACTEUR_E code. */
int exit_code_of(int code);

/* Print text of a peer or a file; control characters, which could upset a terminal, as \xNN. */
void put_plain(FILE *out, const char *text);
/* An empty line, then the lines of a transcript, harmless likewise. */
void put_dialogue(FILE *out, const char *transcript);

#endif
