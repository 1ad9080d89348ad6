/* SPDX-License-Identifier: MIT */
#include "cli/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* Text from outside may hold escape sequences; none may reach the terminal. */
static void put_part(FILE *out, const char *text, size_t len)
{
    for (const char *end = text + len; text < end; text++) {
        unsigned char byte = (unsigned char)*text, after = (unsigned char)text[1];

        if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\x%02x", byte);
        else if (byte == 0xc2 && after >= 0x80 && after < 0xa0)
            fprintf(out, "\\x%02x", (++text, after));
        else
            putc(byte, out);
    }
}

void put_plain(FILE *out, const char *text)
{
    put_part(out, text, strlen(text));
}

void put_dialogue(FILE *out, const char *transcript)
{
    putc('\n', out);
    while (*transcript) {
        size_t len = strcspn(transcript, "\n");

        put_part(out, transcript, len);
        putc('\n', out);
        transcript += len + (transcript[len] == '\n');
    }
}

static char last[2048];

const char *fail_last(void)
{
    return last;
}

int fail(int code, const char *where, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(last, sizeof last, "%s%s%.1900s", where ? where : "", where && *where ? ": " : "",
             text);
    fputs("facteur: ", stderr);
    if (where && *where) {
        put_plain(stderr, where);
        fputs(": ", stderr);
    }
    put_plain(stderr, text);
    putc('\n', stderr);
    return code;
}

int fail_nomem(void)
{
    return fail(EXIT_RETRY, NULL, "%s", facteur_error_text(FACTEUR_ENOMEM));
}

int fail_output(void)
{
    if (errno == EPIPE)
        return EXIT_OUTPUT;
    return fail(EXIT_OUTPUT, "standard output", "%s", strerror(errno));
}

int flush_output(void)
{
    return fflush(stdout) ? fail_output() : 0;
}

int exit_code_of(int code)
{
    switch (code) {
    case 0:
        return EXIT_DONE;
    case FACTEUR_ECONFIG:
        return EXIT_CONFIG;
    case FACTEUR_EMESSAGE:
    case FACTEUR_EIO:
        return EXIT_DATA;
    case FACTEUR_EAUTH:
        return EXIT_LOGIN;
    case FACTEUR_EPERMANENT:
        return EXIT_REFUSED;
    default:
        return EXIT_RETRY;
    }
}

/* A database that is away or full comes back; a file that cannot be read is the caller's. */
static bool is_of_outbox(int code, const facteur_error *error)
{
    const char *where = error ? facteur_error_where(error) : NULL;

    return code == FACTEUR_EIO && where && strcmp(where, "outbox") == 0;
}

int fail_error(const char *file, int code, facteur_error *error)
{
    int result = fail(is_of_outbox(code, error) ? EXIT_RETRY : exit_code_of(code), file, "%s",
                      error ? facteur_error_sentence(error) : facteur_error_text(code));

    facteur_error_free(error);
    return result;
}
