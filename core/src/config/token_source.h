/* SPDX-License-Identifier: MIT */
/*
 * OAuth 2.0 tokens that are asked for when they are needed: from a callback of the application or
 * from a command.  Asking happens in the thread that sends, before the mail goes to the loop; of
 * many threads one asks and the others wait for it.
 */
#ifndef FCT_TOKEN_SOURCE_H
#define FCT_TOKEN_SOURCE_H

#include "base/secret.h"
#include "facteur.h"

#include <stdbool.h>

#define FCT_TOKEN_TEXT 200

typedef struct fct_token_source fct_token_source;

/* `command` NULL: a callback gives the tokens.  NULL when memory ran out. */
fct_token_source *fct_token_source_new(const char *command, const char *relay,
                                       const char *username);
void fct_token_source_free(fct_token_source *source);

/* The application's code, of one handle: another handle on the same relays has another. */
struct fct_token_callback {
    facteur_token_source ask; /* NULL: none */
    void *user;
};

/*
 * Have a token that is good for now, asking at most once; waits until `deadline_us` of the
 * monotonic clock.  A source that gives none is told by fct_token_current().
 */
void fct_token_ensure(fct_token_source *source, const struct fct_token_callback *callback,
                      uint64_t deadline_us);

/* Whether fct_token_ensure() would do nothing. */
bool fct_token_is_good(fct_token_source *source);

/* The token, the caller's reference, and its number; NULL with a sentence in `problem`. */
fct_secret *fct_token_current(fct_token_source *source, unsigned *number,
                              char problem[FCT_TOKEN_TEXT]);

/* The relay did not accept token `number`: it is not used again. */
void fct_token_refuse(fct_token_source *source, unsigned number);

#endif
