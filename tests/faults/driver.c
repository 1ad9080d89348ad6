/* SPDX-License-Identifier: MIT */
/*
 * Sends what its standard input says, through the public C interface, and prints each receipt as a
 * line of JSON.  The table of faults drives it, so that every row runs under the sanitizers.
 *
 *   open DSN                              make a mailer (the one before is closed)
 *   send FROM TO[,TO...] OCTETS DEADLINE  a text of so many octets
 *   close                                 close the mailer
 */
#include "facteur.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static facteur_mailer *mailer;

static void complain(const char *where, facteur_error *error)
{
    printf("{\"failed\": \"%s\", \"code\": \"%s\"}\n", where,
           facteur_error_name(facteur_error_code(error)));
    fprintf(stderr, "%s: %s\n", where, facteur_error_message(error));
    facteur_error_free(error);
}

static void close_mailer(void)
{
    if (!mailer)
        return;
    facteur_mailer_close(mailer, 1.0);
    facteur_mailer_free(mailer);
    mailer = NULL;
}

static void open_mailer(const char *dsn)
{
    facteur_error *error = NULL;

    close_mailer();
    if (facteur_mailer_new(dsn, NULL, NULL, 0, &mailer, &error))
        complain("open", error);
    else
        puts("{\"opened\": true}");
}

/* Lines of 60 octets, every second one beginning with a dot. */
static char *make_text(size_t len)
{
    char *text = malloc(len + 1);

    if (!text)
        abort();
    for (size_t i = 0; i < len; i++)
        text[i] = i % 60 == 59 ? '\n' : i % 120 == 0 ? '.' : 'x';
    text[len] = 0;
    return text;
}

static int fill(facteur_message *message, const char *from, const char *to, size_t len,
                facteur_error **error)
{
    char *text = make_text(len);
    int err = facteur_message_set(message, "from", from, FACTEUR_NTS, error);

    if (!err)
        err = facteur_message_set(message, "to", to, FACTEUR_NTS, error);
    if (!err)
        err = facteur_message_set(message, "subject", "fault", FACTEUR_NTS, error);
    if (!err)
        err = facteur_message_set(message, "text", text, len, error);
    free(text);
    return err;
}

static void send_one(const char *from, const char *to, size_t len, double deadline)
{
    facteur_message *message = facteur_message_new();
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    char *json;

    if (!message)
        abort();
    if (fill(message, from, to, len, &error) ||
        facteur_send(mailer, message, deadline, &receipt, &error)) {
        complain("send", error);
    } else {
        json = facteur_receipt_json(receipt);
        puts(json ? json : "null");
        facteur_free(json);
    }
    facteur_receipt_free(receipt);
    facteur_message_free(message);
}

int main(void)
{
    static char line[65536];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        static char from[1024], to[32768];
        size_t len;
        double deadline;

        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "open ", 5) == 0) {
            open_mailer(line + 5);
        } else if (strcmp(line, "close") == 0) {
            close_mailer();
            puts("{\"closed\": true}");
        } else if (mailer &&
                   sscanf(line, "send %1023s %32767s %zu %lf", from, to, &len, &deadline) == 4) {
            send_one(from, to, len, deadline);
        } else {
            fprintf(stderr, "not understood: %s\n", line);
            return 64;
        }
    }
    close_mailer();
    return 0;
}
