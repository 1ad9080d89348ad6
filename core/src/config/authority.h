/* SPDX-License-Identifier: MIT */
/*
 * "user:password@host:port" as it stands in a URL (RFC 3986 section 3.2): characters, escapes, host
 * and port.  Errors tell the place, never what stands there: it may be a piece of a password.
 */
#ifndef FCT_AUTHORITY_H
#define FCT_AUTHORITY_H

#include "base/bytes.h"
#include "facteur.h"

#include <stdint.h>

#define FCT_AUTHORITY_MAX 65536

/* A text that is read, and how errors about it are told. */
typedef struct fct_authority {
    const char *name;  /* "the DSN" */
    const char *where; /* "dsn", or the option */
    const char *text;  /* positions are told in it */
    fct_slice part;    /* what is read of it */
    const char *query; /* behind an "?" that may be a piece of the password, or NULL */
    facteur_error **error;
} fct_authority;

/* The position of a byte in characters, counted from 1. */
size_t fct_text_position(const char *text, const char *at);

/* UTF-8 without blanks and control characters: 0 or FACTEUR_ECONFIG. */
int fct_authority_check(const fct_authority *authority);

/* Append `text`, a piece of the part, with its %XX decoded.  0, FACTEUR_ECONFIG, FACTEUR_ENOMEM. */
int fct_authority_decode(const fct_authority *authority, fct_slice text, fct_buf *out);

/* The last "@", which ends the userinfo, so that a password may contain one.  NULL: none. */
const char *fct_authority_last_at(fct_slice text);

/*
 * Read "host" or "host:port"; a "/" may end it.  The host is made of A-labels in lower case, or an
 * address literal without brackets ("fe80::1%eth0").  The port stays as it is when there is none.
 * 0, FACTEUR_ECONFIG, FACTEUR_ENOMEM; *host, which is fct_malloc'ed, may be set after an error.
 */
int fct_authority_place(const fct_authority *authority, fct_slice place, char **host,
                        uint16_t *port);

/* Refuse what stands at `at`: "WHAT at position N of NAME". */
int fct_authority_refuse(const fct_authority *authority, const char *what, const char *at);

#endif
