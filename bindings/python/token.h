/* SPDX-License-Identifier: MIT */
/* token=callable: an OAuth 2.0 token from Python. */
#ifndef FPY_TOKEN_H
#define FPY_TOKEN_H

#include "facteur.h"

/*
 * The facteur_token_source whose `user` is a callable.  It is called with the relay's name and the
 * user name, and returns the token, or (token, seconds).  Takes the GIL.
 */
int fpy_token_ask(void *user, const char *relay, const char *username, facteur_token *token);

#endif
