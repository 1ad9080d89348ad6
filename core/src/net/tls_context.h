/* SPDX-License-Identifier: MIT */
/* A relay's TLS settings as OpenSSL wants them, and the sessions to resume.  For net/tls*.c only.
 */
#ifndef FCT_TLS_CONTEXT_H
#define FCT_TLS_CONTEXT_H

#include "net/tls.h"
#include "net/tls_store.h"
#include "net/tls_verify.h"

#include <openssl/ssl.h>

#define FCT_TLS_SESSIONS 8 /* what is kept: a ticket of TLS 1.3 serves one connection only */

struct fct_tls_context {
    unsigned refs;
    SSL_CTX *ssl;
    char *name;   /* what the certificate must carry, and the SNI; NULL: any (no_verify) */
    bool literal; /* the name is an address */
    bool no_verify;
    bool pin_suffices; /* the chain is not looked at */
    bool failed;       /* a handshake did */
    fct_tls_pins pins;
    SSL_SESSION *sessions[FCT_TLS_SESSIONS];
    size_t session_count;
    fct_tls_store *store; /* with session_file: in place of `sessions`, as long as it works */
};

/* The newest session to resume, the caller's to free; NULL when there is none. */
SSL_SESSION *fct_tls_context_session(fct_tls_context *context);

/* Forget every session, because one of them could not be used. */
void fct_tls_context_forget(fct_tls_context *context);

#endif
