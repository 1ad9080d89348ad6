/* SPDX-License-Identifier: MIT */
/* Reads private keys and certificates from PEM text (RFC 7468). */
#ifndef FCT_PEM_H
#define FCT_PEM_H

#include "base/bytes.h"
#include "base/secret.h"

#include <openssl/x509.h>

/*
 * Read the private key in a text.
 *
 * passphrase   Of an encrypted key, or NULL.
 * fault        Receives what is wrong with the key, worded to follow "the key ": "is encrypted, …".
 *              NULL when memory ran out.
 *
 * Returns the key, which the caller frees with EVP_PKEY_free(), or NULL with a fault.
 */
EVP_PKEY *fct_pem_private_key(fct_slice pem, const fct_secret *passphrase, const char **fault);

/*
 * Read the certificates in a text.  Returns one or more, which the caller frees, or NULL with a
 * fault, as above.
 */
STACK_OF(X509) * fct_pem_certificates(fct_slice pem, const char **fault);

/*
 * Returns NULL when the key is at least as strong as RSA of 2048 bits (112 bits of security), else
 * the cause, worded to follow "the key ".
 */
const char *fct_pem_weakness(const EVP_PKEY *key);

#endif
