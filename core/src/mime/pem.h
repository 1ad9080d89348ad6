/* SPDX-License-Identifier: MIT */
/* Private keys and certificates out of PEM text (RFC 7468). */
#ifndef FCT_PEM_H
#define FCT_PEM_H

#include "base/bytes.h"
#include "base/secret.h"

#include <openssl/x509.h>

/*
 * The private key in a text.
 *
 * passphrase   Of an encrypted key, or NULL.
 * fault        Receives what is wrong with it, to stand behind "the key ": "is encrypted, …"; NULL
 *              when nothing is: memory ran out.
 *
 * The caller's (EVP_PKEY_free), or NULL with a fault.
 */
EVP_PKEY *fct_pem_private_key(fct_slice pem, const fct_secret *passphrase, const char **fault);

/* The certificates in a text, at least one; the caller's, or NULL with a fault, as above. */
STACK_OF(X509) * fct_pem_certificates(fct_slice pem, const char **fault);

/*
 * NULL when the key is as strong as 2048 bits of RSA (112 bits of security), else what is wrong,
 * to stand behind "the key ".
 */
const char *fct_pem_weakness(const EVP_PKEY *key);

#endif
