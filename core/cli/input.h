/* SPDX-License-Identifier: MIT */
/* Reads whole files and standard input. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stddef.h>

#define INPUT_MAX ((size_t)64 << 20)

/*
 * Read a file; "-" is standard input.  `*text` ends with a NUL; the caller frees it with free().
 * Returns 0, or an exit code after printing the mistake.
 */
int input_read(const char *path, char **text, size_t *len);

/* The length of the byte order mark that editors put before a JSON text (RFC 8259 section 8.1). */
size_t input_mark(const char *text);

/* The name of the file in errors. */
const char *input_name(const char *path);

#endif
