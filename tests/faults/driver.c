/* SPDX-License-Identifier: MIT */
/*
 * Sends what its standard input says, through the public C interface, and prints each receipt as a
 * line of JSON.  The table of faults drives it, so that every row runs under the sanitizers.
 *
 *   open DSN                              make a mailer (the one before is closed)
 *   send FROM TO[,TO...] OCTETS DEADLINE  a text of so many octets
 *   many FROM TO[,TO...] OCTETS DEADLINE COUNT   the same, submitted together: a list of receipts
 *   raw FROM TO DEADLINE HEX              a message given as bytes
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

static void print(facteur_receipt *receipt)
{
    char *json = facteur_receipt_json(receipt);

    fputs(json ? json : "null", stdout);
    facteur_free(json);
    facteur_receipt_free(receipt);
}

static void send_made(facteur_message *message, double deadline)
{
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    if (facteur_send(mailer, message, deadline, &receipt, &error)) {
        complain("send", error);
        return;
    }
    print(receipt);
    puts("");
}

static void send_one(const char *from, const char *to, size_t len, double deadline)
{
    facteur_message *message = facteur_message_new();
    facteur_error *error = NULL;

    if (!message)
        abort();
    if (fill(message, from, to, len, &error))
        complain("send", error);
    else
        send_made(message, deadline);
    facteur_message_free(message);
}

#define MANY_MAX 64

static void send_many(const char *from, const char *to, size_t len, double deadline, int count)
{
    facteur_delivery *deliveries[MANY_MAX] = {NULL};
    facteur_message *message = facteur_message_new();
    facteur_error *error = NULL;

    if (!message || count > MANY_MAX || fill(message, from, to, len, &error))
        abort();
    for (int i = 0; i < count; i++)
        if (facteur_submit(mailer, message, deadline, 0, &deliveries[i], &error))
            abort();
    for (int i = 0; i < count; i++) {
        facteur_receipt *receipt = NULL;

        fputs(i ? ", " : "[", stdout);
        if (facteur_delivery_wait(deliveries[i], -1, &receipt, &error) != 1)
            abort();
        print(receipt);
        facteur_delivery_free(deliveries[i]);
    }
    puts("]");
    facteur_message_free(message);
}

static void send_raw(const char *from, const char *to, double deadline, char *hex)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        char octet[3] = {hex[2 * i], hex[2 * i + 1], 0};

        hex[i] = (char)strtoul(octet, NULL, 16);
    }
    if (facteur_message_from_bytes(hex, len, &message, &error) ||
        facteur_message_set(message, "envelope_from", from, FACTEUR_NTS, &error) ||
        facteur_message_add_recipient(message, to, FACTEUR_NTS, &error))
        complain("send", error);
    else
        send_made(message, deadline);
    facteur_message_free(message);
}

int main(void)
{
    static char line[262144];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        static char from[1024], to[131072];
        size_t len;
        double deadline;
        int count, hex;

        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "open ", 5) == 0) {
            open_mailer(line + 5);
        } else if (strcmp(line, "close") == 0) {
            close_mailer();
            puts("{\"closed\": true}");
        } else if (mailer &&
                   sscanf(line, "send %1023s %131071s %zu %lf", from, to, &len, &deadline) == 4) {
            send_one(from, to, len, deadline);
        } else if (mailer && sscanf(line, "many %1023s %131071s %zu %lf %d", from, to, &len,
                                    &deadline, &count) == 5) {
            send_many(from, to, len, deadline, count);
        } else if (mailer &&
                   sscanf(line, "raw %1023s %131071s %lf %n", from, to, &deadline, &hex) == 3) {
            send_raw(from, to, deadline, line + hex);
        } else {
            fprintf(stderr, "not understood: %s\n", line);
            return 64;
        }
    }
    close_mailer();
    return 0;
}
