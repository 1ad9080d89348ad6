/* SPDX-License-Identifier: MIT */
#include "cli/input.h"

#include "cli/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

size_t input_mark(const char *text)
{
    return strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static int read_all(FILE *file, const char *path, char **text, size_t *len)
{
    size_t cap = 65536, used = 0, got;
    char *bytes = malloc(cap + 1);

    while (bytes && (got = fread(bytes + used, 1, cap - used, file)) > 0) {
        char *grown;

        used += got;
        if (used < cap)
            continue;
        if (cap >= INPUT_MAX) {
            free(bytes);
            return fail(EXIT_DATA, input_name(path), "more than %zu bytes", INPUT_MAX);
        }
        cap *= 2;
        grown = realloc(bytes, cap + 1);
        if (!grown)
            free(bytes);
        bytes = grown;
    }
    if (!bytes)
        return fail_nomem();
    if (ferror(file)) {
        free(bytes);
        return fail(EXIT_DATA, input_name(path), "%s", strerror(errno));
    }
    bytes[used] = '\0';
    *text = bytes;
    *len = used;
    return 0;
}

int input_read(const char *path, char **text, size_t *len)
{
    FILE *file;
    int result;

    if (strcmp(path, "-") == 0) {
        if (isatty(STDIN_FILENO))
            fputs("facteur: reading standard input, Ctrl-D ends it\n", stderr);
        return read_all(stdin, path, text, len);
    }
    file = fopen(path, "rb");
    if (!file)
        return fail(EXIT_DATA, path, "%s", strerror(errno));
    result = read_all(file, path, text, len);
    fclose(file);
    return result;
}
