/* SPDX-License-Identifier: MIT */
/* The inside of fct_smime, and the CMS structures (RFC 5652) that are made with it. */
#ifndef FCT_SMIME_CMS_H
#define FCT_SMIME_CMS_H

#include "mime/smime.h"

#include <openssl/x509.h>

struct fct_smime_reader {
    char *address; /* NULL: the addresses in the certificate */
    X509 *certificate;
};

struct fct_smime {
    X509 *certificate; /* the signer's, or NULL */
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* or NULL */
    struct fct_smime_reader *readers;
    size_t reader_count;
    bool encrypts, gcm;
};

/*
 * Why a certificate cannot be used at this time, worded to follow "the certificate ".  NULL when it
 * can.
 */
const char *fct_smime_invalid(const X509 *certificate, int64_t now_s);

/*
 * Append, as DER, a detached signature over the mail's bytes, or the mail's bytes encrypted for the
 * certificates.
 *
 * Returns 0, FACTEUR_EMESSAGE when bytes to be signed are above 127, FACTEUR_ECONFIG when OpenSSL
 * refuses, FACTEUR_EIO or FACTEUR_ENOMEM.
 */
int fct_smime_sign_der(const fct_smime *smime, fct_mail *entity, fct_buf *der);
int fct_smime_encrypt_der(const fct_smime *smime, STACK_OF(X509) * certificates, fct_mail *entity,
                          fct_buf *der);

#endif
