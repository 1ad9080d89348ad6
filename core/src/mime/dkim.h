/* SPDX-License-Identifier: MIT */
/*
 * DKIM signatures (RFC 6376, RFC 8301, RFC 8463) over a frozen mail: relaxed/relaxed, rsa-sha256
 * and ed25519-sha256.  The body is hashed once, as it streams, for all signatures.
 */
#ifndef FCT_DKIM_H
#define FCT_DKIM_H

#include "base/secret.h"
#include "mime/mail.h"

#include <stdint.h>

typedef struct fct_dkim_key fct_dkim_key;

/*
 * A private key that may sign; signing with it is safe from several threads at once.
 *
 * passphrase   Of an encrypted key, or NULL.
 * fault        Receives what is wrong, to stand behind "the key "; NULL when memory ran out.
 *
 * NULL with a fault: no PEM, no passphrase, neither RSA nor Ed25519, RSA under 2048 bits.
 */
fct_dkim_key *fct_dkim_key_new(fct_slice pem, const fct_secret *passphrase, const char **fault);
void fct_dkim_key_free(fct_dkim_key *key); /* NULL is fine */

/* One signature to be made. */
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
 * Checks of what the tags of a signature say, appending the wire form: U-labels of a domain become
 * A-labels, the local part of an identity is encoded.
 *
 * why   Receives a sentence about what is wrong.
 *
 * 0; FACTEUR_ECONFIG; FACTEUR_ENOMEM.
 */
int fct_dkim_check_domain(fct_buf *out, fct_slice domain, const char **why);
int fct_dkim_check_selector(fct_slice selector, const char **why);
int fct_dkim_check_identity(fct_buf *out, fct_slice identity, fct_slice domain, const char **why);

/* Whether the field may be left out: From never (RFC 6376 section 5.4). */
bool fct_dkim_may_skip(fct_slice name);

/*
 * The same mail with its signatures before the first field.
 *
 * now_s   Unix seconds, for t= and x=.
 *
 * FACTEUR_EMESSAGE: there is no From field; FACTEUR_EIO: an attachment's file changed or
 * disappeared; FACTEUR_ECONFIG: the key cannot sign; FACTEUR_ENOMEM.
 */
int fct_dkim_sign(fct_mail *mail, const struct fct_dkim_signature *signatures, size_t count,
                  int64_t now_s, fct_mail **out, facteur_error **error);

/* ---- For dkim.c and its tests ---------------------------------------------------------------- */

#define FCT_DKIM_DIGEST 32

/* "rsa-sha256" or "ed25519-sha256". */
const char *fct_dkim_key_algorithm(const fct_dkim_key *key);

/* Append the base64 of the signature over a SHA-256.  0, FACTEUR_ECONFIG, FACTEUR_ENOMEM. */
int fct_dkim_key_sign(const fct_dkim_key *key, const unsigned char digest[FCT_DKIM_DIGEST],
                      fct_buf *base64);

/* As fct_dkim_key_new(), whatever the length of an RSA key: the vectors of RFC 8463 have 1024. */
fct_dkim_key *fct_dkim_key_of_any_length(fct_slice pem, const fct_secret *passphrase,
                                         const char **fault);

/*
 * The SHA-256 that a signature signs: the fields in the order given, each in canonical form, and
 * the signature's own field with an empty b=, without its last CRLF.  False: no memory.
 */
bool fct_dkim_digest(const fct_slice *fields, size_t count, fct_slice own,
                     unsigned char digest[FCT_DKIM_DIGEST]);

#endif
