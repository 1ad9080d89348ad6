/* SPDX-License-Identifier: MIT */
/*
 * TLS sessions in a file that processes of one user share (option tls_session_file).  A session
 * is found only for the relay and the verification settings with which it was made.  A TLS 1.3
 * ticket is removed when it is used.  A problem with the file costs only a full handshake.  For
 * net/tls*.c only.
 */
#ifndef FCT_TLS_STORE_H
#define FCT_TLS_STORE_H

#include "net/tls.h"

#include <openssl/ssl.h>

typedef struct fct_tls_store fct_tls_store;

/* FACTEUR_ECONFIG: the file is a link, not a file, another user's, open to others, or its directory
 * cannot be written.  FACTEUR_ENOMEM. */
int fct_tls_store_open(const struct fct_tls_config *config, const char *host, fct_tls_store **out,
                       facteur_error **error);
void fct_tls_store_free(fct_tls_store *store); /* NULL is fine */

/* Whether the session is in the file now. */
bool fct_tls_store_put(fct_tls_store *store, SSL_SESSION *session);

/* The newest session that is still good; the caller frees it.  NULL if there is none. */
SSL_SESSION *fct_tls_store_take(fct_tls_store *store);

/* Drop every session of this relay and these settings. */
void fct_tls_store_forget(fct_tls_store *store);

#endif
