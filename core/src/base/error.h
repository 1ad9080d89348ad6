/* SPDX-License-Identifier: MIT */
/* Making the error objects of facteur.h. */
#ifndef FCT_ERROR_H
#define FCT_ERROR_H

#include "facteur.h"

#include <stddef.h>

/*
 * Fill *error (when `error` is not NULL and *error is NULL) and return `code`, so that a function
 * can end with `return fct_error_set(...)`.
 *
 * where    Option, field or JSON path; may be NULL.
 * format   One sentence that says what to do, without a trailing period; never contains a secret.
 *          The result is made printable (base/printable.h) and cut at 1 KiB.
 *
 * Never fails: when memory runs out *error stays NULL and the code alone is returned.
 */
int fct_error_set(facteur_error **error, int code, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As above with the code's general text; for 0 it does nothing and returns 0. */
int fct_error_standing(facteur_error **error, int code);

/* The same for a failed allocation; returns FACTEUR_ENOMEM. */
int fct_error_nomem(facteur_error **error);

/* Pass `cause` (NULL is fine) on to `error`, or free it if nobody wants it.  Returns its code. */
int fct_error_pass(facteur_error **error, int code, facteur_error *cause);

/* Put `prefix` before the error's `where` ("items[2]" + ".name"); *error may be NULL. */
void fct_error_prefix(facteur_error **error, const char *prefix);

/*
 * The candidate nearest to `word` (edit distance, at most a third of its length), or NULL.
 * candidates   `count` strings.
 */
const char *fct_nearest(const char *word, size_t len, const char *const *candidates, size_t count);

#endif
