/* SPDX-License-Identifier: MIT */
/* Completes a message that a program gave to sendmail, so that the library can read it. */
#ifndef CLI_HEADER_H
#define CLI_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct header_rules {
    bool dot_ends;      /* a line with only a dot ends the message */
    const char *from;   /* for a message without a From */
    const char *domain; /* for names without one, such as "root" */
    const char *bcc;    /* more recipients, or NULL */
};

/*
 * Add a From, the missing domains, and the empty line that ends the header.  The caller frees
 * `*out`.  Returns 0, or an exit code after printing the mistake.
 */
int header_complete(const char *text, size_t len, const struct header_rules *rules, char **out,
                    size_t *out_len);

/* Where the address at `at` ends: at the comma after it, or at the list's end. */
const char *header_address_end(const char *at, const char *end);

/* Write an address list with "@domain" after each name without one; other text stays as it is. */
void header_qualify(FILE *out, const char *list, size_t len, const char *domain);

#endif
