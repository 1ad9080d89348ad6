/* SPDX-License-Identifier: MIT */
/* token=callable: an OAuth 2.0 token from Python. */
#ifndef FPY_TOKEN_H
#define FPY_TOKEN_H

#include "binding.h"

/*
 * A callable as `token` leaves the options for `*callable`, a new reference; the core is told of
 * its callback instead.  `dict` may be NULL.  0, or -1 with an exception.
 */
int fpy_token_take(PyObject *dict, PyObject **callable);

/*
 * The facteur_token_source whose `user` is a callable.  It is called with the relay's name and the
 * user name, and returns the token, or (token, seconds).  Takes the GIL.
 */
int fpy_token_ask(void *user, const char *relay, const char *username, facteur_token *token);

/*
 * Let go of the GIL for a call of the core that may ask `callable` for a token, and take it again.
 * The callable runs in this interpreter, as the greenlet that is current.  NULL: nothing is asked.
 */
PyThreadState *fpy_token_leave(PyObject *callable);
void fpy_token_return(PyThreadState *thread);

#endif
