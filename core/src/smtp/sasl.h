/* SPDX-License-Identifier: MIT */
/*
 * The client side of SASL (RFC 4422): which mechanism, and its messages before base64.  Exactly one
 * mechanism is tried on a connection; a failed login is never repeated with a weaker one.
 */
#ifndef FCT_SASL_H
#define FCT_SASL_H

#include "base/bytes.h"
#include "smtp/session.h"

/* X(id, name), the strongest first; EXTERNAL and the token mechanisms come by what is configured.
 */
#define FCT_MECHANISMS(X)                                                                          \
    X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS")                                                    \
    X(SCRAM_SHA_256, "SCRAM-SHA-256")                                                              \
    X(SCRAM_SHA_1_PLUS, "SCRAM-SHA-1-PLUS")                                                        \
    X(SCRAM_SHA_1, "SCRAM-SHA-1")                                                                  \
    X(PLAIN, "PLAIN")                                                                              \
    X(LOGIN, "LOGIN")                                                                              \
    X(CRAM_MD5, "CRAM-MD5")                                                                        \
    X(OAUTHBEARER, "OAUTHBEARER")                                                                  \
    X(XOAUTH2, "XOAUTH2")                                                                          \
    X(EXTERNAL, "EXTERNAL")

enum fct_mechanism {
#define FCT_MECHANISM_ENUM(id, name) FCT_MECHANISM_##id,
    FCT_MECHANISMS(FCT_MECHANISM_ENUM)
#undef FCT_MECHANISM_ENUM
        FCT_MECHANISM_COUNT
};

int fct_mechanism_named(fct_slice name); /* -1: none of these */
const char *fct_mechanism_name(enum fct_mechanism mechanism);

/* A run of one mechanism.  Everything it points to is the caller's and must outlive it. */
typedef struct fct_sasl {
    enum fct_mechanism mechanism;
    const char *username; /* "" when there is none */
    const char *host;     /* or NULL */
    unsigned port;
    fct_slice password, token;
    fct_slice binding; /* channel binding data (RFC 5056), or empty */
    const char *binding_name;
    bool binding_unoffered;     /* we could bind, the relay did not offer it (RFC 5802 section 6) */
    const unsigned char *nonce; /* 18 random bytes */
    unsigned step;
    bool done;                    /* nothing more is expected but success */
    const char *problem;          /* after an error: one clause, static */
    fct_buf first;                /* SCRAM: the client-first-message-bare, then the AuthMessage */
    unsigned char server_key[32]; /* SCRAM: the signature the server must show */
} fct_sasl;

/*
 * The mechanism for this configuration among those offered (bits 1u << mechanism): the one named by
 * config->auth, or the strongest.  -1: none is possible.
 */
int fct_sasl_choose(const struct fct_session_config *config, unsigned offered, bool can_bind);

/* Whether the configuration asks for a login at all. */
bool fct_sasl_wanted(const struct fct_session_config *config);

/* Prepare; `facts` may be NULL. */
void fct_sasl_init(fct_sasl *sasl, enum fct_mechanism mechanism,
                   const struct fct_session_config *config, unsigned offered,
                   const struct fct_tls_facts *facts);
void fct_sasl_done(fct_sasl *sasl); /* wipes */

/* Whether the client speaks first: then fct_sasl_step() is called once with an empty challenge. */
bool fct_sasl_begins(const fct_sasl *sasl);

/*
 * Answer a challenge; the response is appended.  0; FACTEUR_EAUTH when the challenge must not be
 * answered (`problem` says why); FACTEUR_ENOMEM.
 */
int fct_sasl_step(fct_sasl *sasl, fct_slice challenge, fct_buf *response);

/* Whether a 235 may be believed now: with SCRAM only after the server proved that it knows us. */
bool fct_sasl_may_succeed(const fct_sasl *sasl);

/* A saslname: a comma and an equals sign have an escape (RFC 5801 section 4, RFC 5802). */
void fct_sasl_add_name(fct_buf *out, fct_slice name);

/* SCRAM (RFC 5802, RFC 7677). */
#define FCT_SCRAM_ITERATIONS_MIN 4096
#define FCT_SCRAM_ITERATIONS_MAX 1000000
int fct_scram_step(fct_sasl *sasl, fct_slice challenge, fct_buf *response);

#endif
