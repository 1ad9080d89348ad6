/* SPDX-License-Identifier: MIT */
/* Keys and certificates made on the spot, good ones and bad ones, and the server side of TLS. */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
};

struct certificate_plan {
    const char *name;  /* the subject's CN */
    const char *san;   /* "DNS:mail.example.com", NULL: none */
    const char *usage; /* extended key usage, NULL: none */
    int from_days, to_days;
    unsigned rsa_bits; /* 0: an elliptic curve */
    const EVP_MD *md;  /* NULL: SHA-256 */
    bool authority;
    const struct certificate *issuer; /* NULL: itself */
};

/* A certificate and its key as planned, each with a serial number of its own. */
struct certificate certificate_make(const struct certificate_plan *plan);

void certificate_free(struct certificate *certificate);

/* Write certificate (and key, when asked) as PEM into a new file; `path` holds 64 bytes. */
void certificate_write(const struct certificate *certificate, bool with_key, char *path);

/* What pin_sha256 is to say of it. */
void spki_pin(const struct certificate *certificate, char text[64]);

/* A server's context; weak certificates are allowed, so that it is the client who refuses. */
SSL_CTX *server_context(const struct certificate *certificate);

#endif
