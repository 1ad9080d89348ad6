/* SPDX-License-Identifier: MIT */
/* Why a certificate is not trusted, in a sentence; and the pins on its key.  For net/tls*.c only.
 */
#ifndef FCT_TLS_VERIFY_H
#define FCT_TLS_VERIFY_H

#include "net/tls_pin.h"

#include <stdbool.h>

#include <openssl/x509.h>

/* The SHA-256 of the certificate's key; false when memory ran out. */
bool fct_tls_pin_of(X509 *certificate, unsigned char digest[FCT_TLS_PIN_LEN]);

/* Whether the certificate's key (its SubjectPublicKeyInfo) is one of them. */
bool fct_tls_pins_match(const fct_tls_pins *pins, X509 *certificate);

/*
 * Say why verification of the chain at `store` failed.
 * wanted   The name or address that the certificate should carry.
 */
void fct_tls_explain(X509_STORE_CTX *store, const char *wanted, char *text, size_t size);

#endif
