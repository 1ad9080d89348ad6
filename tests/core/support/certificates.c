/* SPDX-License-Identifier: MIT */
/* The keys are made anew in each run, so that none lies about in the tree. */
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "support/certificates.h"

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert(extension);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
}

struct certificate certificate_make(const struct certificate_plan *plan)
{
    static long serial = 1;
    struct certificate made;
    X509_NAME *name;

    made.key = plan->rsa_bits ? EVP_RSA_gen(plan->rsa_bits) : EVP_EC_gen("P-256");
    made.x509 = X509_new();
    assert(made.key && made.x509);
    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), ++serial);
    X509_time_adj_ex(X509_getm_notBefore(made.x509), plan->from_days, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(made.x509), plan->to_days, 0, NULL);
    X509_set_pubkey(made.x509, made.key);
    name = X509_get_subject_name(made.x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)plan->name, -1, -1,
                               0);
    X509_set_issuer_name(made.x509,
                         plan->issuer ? X509_get_subject_name(plan->issuer->x509) : name);
    add_extension(made.x509, NID_basic_constraints,
                  plan->authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (plan->san)
        add_extension(made.x509, NID_subject_alt_name, plan->san);
    if (plan->usage)
        add_extension(made.x509, NID_ext_key_usage, plan->usage);
    X509_sign(made.x509, plan->issuer ? plan->issuer->key : made.key,
              plan->md ? plan->md : EVP_sha256());
    return made;
}

void certificate_free(struct certificate *certificate)
{
    EVP_PKEY_free(certificate->key);
    X509_free(certificate->x509);
}

void certificate_write(const struct certificate *certificate, bool with_key, char *path)
{
    FILE *file;

    snprintf(path, 64, "/tmp/facteur-test-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    assert(file);
    PEM_write_X509(file, certificate->x509);
    if (with_key)
        PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

void spki_pin(const struct certificate *certificate, char text[64])
{
    unsigned char digest[32];
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(certificate->key, &der);

    EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    text[fct_base64_encode(text, digest, 32)] = '\0';
}

SSL_CTX *server_context(const struct certificate *certificate)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    assert(context);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, 0);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"t", 1);
    assert(SSL_CTX_use_certificate(context, certificate->x509) == 1);
    assert(SSL_CTX_use_PrivateKey(context, certificate->key) == 1);
    return context;
}
