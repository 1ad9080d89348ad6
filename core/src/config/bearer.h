/* SPDX-License-Identifier: MIT */
/*
 * OAuth 2.0 tokens that are asked for when they are needed: from a callback of the application or
 * from a command.  Asking happens in the thread that sends, before the mail goes to the loop; of
 * many threads one asks and the others wait for it.  A greenlet or fiber (facteur_set_caller())
 * whose thread is asking already cannot wait: it asks, too.
 */
#ifndef FCT_BEARER_H
#define FCT_BEARER_H

#include "base/secret.h"
#include "facteur.h"

#include <stdbool.h>

#define FCT_BEARER_TEXT 200

typedef struct fct_bearer fct_bearer;

/* `command` NULL: a callback gives the tokens.  NULL when memory ran out. */
fct_bearer *fct_bearer_new(const char *command, const char *relay, const char *username);
void fct_bearer_free(fct_bearer *source);

/* The application's code, of one handle: another handle on the same relays has another. */
struct fct_bearer_callback {
    facteur_token_source ask; /* NULL: none */
    void *user;
};

/*
 * Have a token that is good for now, asking at most once; waits until `deadline_us` of the
 * monotonic clock.  A source that gives none is told by fct_bearer_current().
 */
void fct_bearer_ensure(fct_bearer *source, const struct fct_bearer_callback *callback,
                       uint64_t deadline_us);

/* Whether fct_bearer_ensure() would do nothing. */
bool fct_bearer_is_good(fct_bearer *source);

/* Whether somebody asks now and has no answer yet. */
bool fct_bearer_is_asked(fct_bearer *source);

/* The token, the caller's reference, and its number; NULL with a sentence in `problem`. */
fct_secret *fct_bearer_current(fct_bearer *source, unsigned *number, char problem[FCT_BEARER_TEXT]);

/* The relay did not accept token `number`: it is not used again. */
void fct_bearer_refuse(fct_bearer *source, unsigned number);

#endif
