/* SPDX-License-Identifier: MIT */
/*
 * DKIM signatures (RFC 6376, RFC 8301, RFC 8463) over a frozen mail: relaxed/relaxed, rsa-sha256
 * and ed25519-sha256.  The body is hashed once for all signatures, while it is read.
 */
#ifndef FCT_DKIM_H
#define FCT_DKIM_H

#include "base/secret.h"
#include "mime/mail.h"

#include <stdint.h>

typedef struct fct_dkim_key fct_dkim_key;

/*
 * Read a private key for signing.  Several threads may sign with it at once.
 *
 * passphrase   Of an encrypted key, or NULL.
 * fault        Receives the cause, worded to follow "the key "; NULL when memory ran out.
 *
 * Returns NULL with a fault when the text is not PEM, the passphrase is missing or wrong, or the
 * key is neither Ed25519 nor RSA of 2048 bits or more.
 */
fct_dkim_key *fct_dkim_key_new(fct_slice pem, const fct_secret *passphrase, const char **fault);
void fct_dkim_key_free(fct_dkim_key *key); /* NULL is fine */

/* The description of one signature. */
struct fct_dkim_signature {
    const char *domain, *selector; /* in wire form */
    const char *identity;          /* i=, in wire form, or NULL */
    const fct_dkim_key *key;
    bool timestamp;                   /* t= */
    int64_t expires_after_s;          /* x=; 0: none */
    const fct_slice *unsigned_fields; /* names that are left out, and not oversigned */
    size_t unsigned_count;
};

/*
 * Check the values of a signature's tags and append their wire form: U-labels of a domain become
 * A-labels, the local part of an identity is encoded.
 *
 * why   Receives a sentence that says what is wrong.
 *
 * Returns 0, FACTEUR_ECONFIG or FACTEUR_ENOMEM.
 */
int fct_dkim_check_domain(fct_buf *out, fct_slice domain, const char **why);
int fct_dkim_check_selector(fct_slice selector, const char **why);
int fct_dkim_check_identity(fct_buf *out, fct_slice identity, fct_slice domain, const char **why);

/* Whether the field may be left unsigned.  From may not (RFC 6376 section 5.4). */
bool fct_dkim_may_skip(fct_slice name);

/*
 * Make the same mail with the signatures before its first field.
 *
 * now_s   Unix seconds, for t= and x=.
 *
 * Returns 0, FACTEUR_EMESSAGE when there is no From field, FACTEUR_EIO when an attachment's file
 * changed or disappeared, FACTEUR_ECONFIG when the key cannot sign, or FACTEUR_ENOMEM.
 */
int fct_dkim_sign(fct_mail *mail, const struct fct_dkim_signature *signatures, size_t count,
                  int64_t now_s, fct_mail **out, facteur_error **error);

/* ---- For dkim.c and its tests ---------------------------------------------------------------- */

#define FCT_DKIM_DIGEST 32

/* "rsa-sha256" or "ed25519-sha256". */
const char *fct_dkim_key_algorithm(const fct_dkim_key *key);

/*
 * Sign a SHA-256 and append the signature in base64.  Returns 0, FACTEUR_ECONFIG or FACTEUR_ENOMEM.
 */
int fct_dkim_key_sign(const fct_dkim_key *key, const unsigned char digest[FCT_DKIM_DIGEST],
                      fct_buf *base64);

/*
 * Like fct_dkim_key_new(), but RSA keys of any length are taken: those of RFC 8463 have 1024 bits.
 */
fct_dkim_key *fct_dkim_key_of_any_length(fct_slice pem, const fct_secret *passphrase,
                                         const char **fault);

/*
 * The SHA-256 that is signed: of the fields in the order given, each in canonical form, and of the
 * signature's own field with an empty b= and without its last CRLF.  Returns false when memory ran
 * out.
 */
bool fct_dkim_digest(const fct_slice *fields, size_t count, fct_slice own,
                     unsigned char digest[FCT_DKIM_DIGEST]);

#endif
