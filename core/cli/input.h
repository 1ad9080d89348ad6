/* SPDX-License-Identifier: MIT */
/* Files and standard input, read whole. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stddef.h>

#define INPUT_MAX ((size_t)64 << 20)

/*
 * Read a file, "-" being standard input.  `*text` is NUL-terminated and to be freed with free().
 * 0, or an exit code after the mistake was told.
 */
int input_read(const char *path, char **text, size_t *len);

/* How many bytes of a JSON text are the mark that editors put before it (RFC 8259 section 8.1). */
size_t input_mark(const char *text);

/* How errors name that file. */
const char *input_name(const char *path);

#endif
