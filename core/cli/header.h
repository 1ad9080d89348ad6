/* SPDX-License-Identifier: MIT */
/* A message as programs hand it to sendmail, made ready for the library. */
#ifndef CLI_HEADER_H
#define CLI_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct header_rules {
    bool dot_ends;      /* a line with nothing but a dot ends the message */
    const char *from;   /* the From of a message that has none */
    const char *domain; /* of the names without one: "root" */
    const char *bcc;    /* further recipients, NULL: none */
};

/*
 * `*out` (free) is the text with a From, full addresses, and the empty line that ends the header.
 * 0, or an exit code after the mistake was told.
 */
int header_complete(const char *text, size_t len, const struct header_rules *rules, char **out,
                    size_t *out_len);

/* Where the address at `at` ends: the comma behind it, or the list's end. */
const char *header_address_end(const char *at, const char *end);

/* An address list with "@domain" behind the names that have none; what is no list is kept. */
void header_qualify(FILE *out, const char *list, size_t len, const char *domain);

#endif
