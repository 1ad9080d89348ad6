/* SPDX-License-Identifier: MIT */
/* Why a certificate is not trusted, in a sentence; and the pins on its key.  For net/tls*.c only.
 */
#ifndef FCT_TLS_VERIFY_H
#define FCT_TLS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#define FCT_TLS_PIN_LEN 32
#define FCT_TLS_PINS_MAX 16

typedef struct fct_tls_pins {
    unsigned char key[FCT_TLS_PINS_MAX][FCT_TLS_PIN_LEN];
    size_t count;
} fct_tls_pins;

/*
 * Parse a list of base64 SHA-256 digests, separated by commas; a "sha256//" before each is fine.
 * 0, FACTEUR_ECONFIG, FACTEUR_ENOMEM.
 */
int fct_tls_pins_parse(fct_tls_pins *pins, const char *text);

/* Whether the certificate's key (its SubjectPublicKeyInfo) is one of them. */
bool fct_tls_pins_match(const fct_tls_pins *pins, X509 *certificate);

/*
 * Say why verification of the chain at `store` failed.
 * wanted   The name or address that the certificate should carry.
 */
void fct_tls_explain(X509_STORE_CTX *store, const char *wanted, char *text, size_t size);

#endif
