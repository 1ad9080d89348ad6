/* SPDX-License-Identifier: MIT */
/*
 * OAuth 2.0 tokens that are fetched when they are needed, from a callback of the application or
 * from a command.  The thread that sends asks for the token, before the mail goes to the loop.  If
 * many threads need it, one asks and the others wait.  A greenlet or fiber (facteur_set_caller())
 * whose thread is asking already cannot wait, so it asks too.
 */
#ifndef FCT_BEARER_H
#define FCT_BEARER_H

#include "base/secret.h"
#include "facteur.h"

#include <stdbool.h>

#define FCT_BEARER_TEXT 200

typedef struct fct_bearer fct_bearer;

/*
 * Make a source.  `command` is NULL when a callback gives the tokens.  Returns NULL when memory ran
 * out.
 */
fct_bearer *fct_bearer_new(const char *command, const char *relay, const char *username);
void fct_bearer_free(fct_bearer *source);

/* The application's code for one handle.  Another handle with the same relays has its own. */
struct fct_bearer_callback {
    facteur_token_source ask; /* NULL: none */
    void *user;
};

/*
 * Make sure of a token that is valid now.  Asks at most once and waits until `deadline_us` of the
 * monotonic clock.  fct_bearer_current() reports a source that gives none.
 */
void fct_bearer_ensure(fct_bearer *source, const struct fct_bearer_callback *callback,
                       uint64_t deadline_us);

/* Whether fct_bearer_ensure() would do nothing. */
bool fct_bearer_is_good(fct_bearer *source);

/* Whether a caller is asking now and has no answer yet. */
bool fct_bearer_is_asked(fct_bearer *source);

/*
 * The token, as a reference that the caller owns, and its number.  NULL with a sentence in
 * `problem`.
 */
fct_secret *fct_bearer_current(fct_bearer *source, unsigned *number, char problem[FCT_BEARER_TEXT]);

/* Do not use token `number` again, because the relay did not accept it. */
void fct_bearer_refuse(fct_bearer *source, unsigned number);

#endif
