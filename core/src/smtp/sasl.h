/* SPDX-License-Identifier: MIT */
/*
 * The client side of SASL (RFC 4422): chooses the mechanism and makes its messages, before base64.
 * Exactly one mechanism is tried on a connection.  A failed login is never repeated with a weaker
 * one.
 */
#ifndef FCT_SASL_H
#define FCT_SASL_H

#include "base/bytes.h"
#include "smtp/session.h"

/*
 * X(id, name), the strongest first.  The configuration decides about EXTERNAL and the token
 * mechanisms.
 */
#define FCT_MECHANISMS(X)                                                                          \
    X(SCRAM_SHA_512_PLUS, "SCRAM-SHA-512-PLUS")                                                    \
    X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS")                                                    \
    X(SCRAM_SHA_512, "SCRAM-SHA-512")                                                              \
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
/* Whether it can carry an authorization identity. */
bool fct_mechanism_names_another(int mechanism);

/*
 * A run of one mechanism.  The caller owns everything that it points to and keeps it until the end
 * of the run.
 */
typedef struct fct_sasl {
    enum fct_mechanism mechanism;
    const char *username; /* "" when there is none */
    const char *authzid;  /* the same */
    const char *host;     /* or NULL */
    unsigned port;
    fct_slice password, token;
    fct_slice binding; /* channel binding data (RFC 5056), or empty */
    const char *binding_name;
    bool binding_unoffered; /* we could bind, but the relay did not offer it (RFC 5802 section 6) */
    const unsigned char *nonce; /* 18 random bytes */
    unsigned step;
    bool done;                    /* only success is still expected */
    const char *problem;          /* after an error: one clause, static */
    fct_buf first;                /* SCRAM: the client-first-message-bare, then the AuthMessage */
    unsigned char server_key[64]; /* SCRAM: the signature that the server must send */
} fct_sasl;

/*
 * Choose a mechanism among those offered (bits 1u << mechanism): the one that config->auth names,
 * else the strongest.  Returns -1 when none is possible.
 */
int fct_sasl_choose(const struct fct_session_config *config, unsigned offered, bool can_bind);

/* Whether the configuration asks for a login at all. */
bool fct_sasl_wanted(const struct fct_session_config *config);

/* Prepare a run.  `facts` may be NULL. */
void fct_sasl_init(fct_sasl *sasl, enum fct_mechanism mechanism,
                   const struct fct_session_config *config, unsigned offered,
                   const struct fct_tls_facts *facts);
void fct_sasl_done(fct_sasl *sasl); /* wipes */

/* Whether the client speaks first.  If so, call fct_sasl_step() once with an empty challenge. */
bool fct_sasl_begins(const fct_sasl *sasl);

/*
 * Answer a challenge and append the response.  Returns 0, FACTEUR_EAUTH when the challenge must not
 * be answered (`problem` says why), or FACTEUR_ENOMEM.
 */
int fct_sasl_step(fct_sasl *sasl, fct_slice challenge, fct_buf *response);

/*
 * Whether a 235 can be believed now.  With SCRAM, only after the server has proved that it knows
 * the password.
 */
bool fct_sasl_may_succeed(const fct_sasl *sasl);

/*
 * Append a saslname, in which commas and equals signs are escaped (RFC 5801 section 4, RFC 5802).
 */
void fct_sasl_add_name(fct_buf *out, fct_slice name);
/* Append the authzid of a GS2 header (RFC 5801 section 4), "" for none, and its comma. */
void fct_sasl_add_authzid(fct_buf *out, const char *authzid);

/* SCRAM (RFC 5802, RFC 7677). */
#define FCT_SCRAM_ITERATIONS_MIN 4096
#define FCT_SCRAM_ITERATIONS_MAX 1000000
int fct_scram_step(fct_sasl *sasl, fct_slice challenge, fct_buf *response);

#endif
