/* SPDX-License-Identifier: MIT */
/* Passwords and tokens: bytes that are wiped when they are freed, and that only the wire may see.
 */
#ifndef FCT_SECRET_H
#define FCT_SECRET_H

#include "base/bytes.h"

typedef struct fct_secret fct_secret;

/* A copy, shared by reference count (safe over threads); NULL when memory ran out. */
fct_secret *fct_secret_new(const char *bytes, size_t len);
fct_secret *fct_secret_ref(fct_secret *secret);
void fct_secret_unref(fct_secret *secret); /* the last one wipes; NULL is fine */

/* Only for what logs in at a relay or a proxy or decrypts a key, and to compare configurations. */
fct_slice fct_secret_bytes(const fct_secret *secret);
bool fct_secret_equal(const fct_secret *a, const fct_secret *b);

#endif
