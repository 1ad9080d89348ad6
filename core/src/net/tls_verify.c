/* SPDX-License-Identifier: MIT */
#include "net/tls_verify.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAMES_SHOWN 4
#define NAME_MAX_LEN 80

bool fct_tls_pin_of(X509 *certificate, unsigned char digest[FCT_TLS_PIN_LEN])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    bool made = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    return made;
}

bool fct_tls_pins_match(const fct_tls_pins *pins, X509 *certificate)
{
    unsigned char digest[FCT_TLS_PIN_LEN];
    bool match = false;

    if (!fct_tls_pin_of(certificate, digest))
        return false;
    for (size_t i = 0; i < pins->count && !match; i++)
        match = CRYPTO_memcmp(digest, pins->key[i], FCT_TLS_PIN_LEN) == 0;
    return match;
}

/* A certificate's text is the peer's: only printable ASCII passes, the rest is shown as "?". */
static void add_printable(char *text, size_t size, const unsigned char *bytes, size_t len)
{
    size_t at = strlen(text);

    for (size_t i = 0; i < len && i < NAME_MAX_LEN && at + 1 < size; i++)
        text[at++] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    text[at] = '\0';
}

static void add_name(char *text, size_t size, const GENERAL_NAME *name)
{
    char ip[INET6_ADDRSTRLEN] = "";

    if (name->type == GEN_DNS) {
        add_printable(text, size, ASN1_STRING_get0_data(name->d.dNSName),
                      (size_t)ASN1_STRING_length(name->d.dNSName));
        return;
    }
    inet_ntop(ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6,
              ASN1_STRING_get0_data(name->d.iPAddress), ip, sizeof ip);
    add_printable(text, size, (const unsigned char *)ip, strlen(ip));
}

static bool can_show(const GENERAL_NAME *name)
{
    int len;

    if (name->type == GEN_DNS)
        return true;
    if (name->type != GEN_IPADD)
        return false;
    len = ASN1_STRING_length(name->d.iPAddress);
    return len == 4 || len == 16;
}

/* "other.example.com, 192.0.2.1, …"; empty when the certificate names no host. */
static void list_names(X509 *certificate, char *text, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int shown = 0;

    text[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (!can_show(name))
            continue;
        if (shown == NAMES_SHOWN) {
            snprintf(text + strlen(text), size - strlen(text), " and others");
            break;
        }
        if (shown++ > 0)
            snprintf(text + strlen(text), size - strlen(text), ", ");
        add_name(text, size, name);
    }
    GENERAL_NAMES_free(names);
}

static void explain_name(X509 *certificate, const char *wanted, char *text, size_t size)
{
    char names[512];

    list_names(certificate, names, sizeof names);
    if (names[0])
        snprintf(text, size,
                 "the certificate of %s is for %s: if one of these is the relay's name, set "
                 "tls_name",
                 wanted, names);
    else
        snprintf(text, size, "the certificate of %s has no subjectAltName that names a host",
                 wanted);
}

static void date_text(const ASN1_TIME *time, char text[32])
{
    struct tm tm;

    snprintf(text, 32, "an unreadable date");
    if (ASN1_TIME_to_tm(time, &tm) == 1)
        strftime(text, 32, "%Y-%m-%d", &tm);
}

static void explain_issuer(X509 *certificate, const char *wanted, char *text, size_t size)
{
    unsigned char *name = NULL;
    char issuer[NAME_MAX_LEN + 1] = "";
    const X509_NAME *dn = X509_get_issuer_name(certificate);
    int at = X509_NAME_get_index_by_NID(dn, NID_commonName, -1);
    int len;

    if (at < 0)
        at = X509_NAME_get_index_by_NID(dn, NID_organizationName, -1);
    if (at >= 0) {
        len = ASN1_STRING_to_UTF8(&name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(dn, at)));
        if (len > 0)
            add_printable(issuer, sizeof issuer, name, (size_t)len);
        OPENSSL_free(name);
    }
    snprintf(text, size,
             "the certificate of %s was issued by %s, which is not trusted here: set ca_file or "
             "pin_sha256",
             wanted, issuer[0] ? issuer : "an unnamed authority");
}

void fct_tls_explain(X509_STORE_CTX *store, const char *wanted, char *text, size_t size)
{
    int error = X509_STORE_CTX_get_error(store);
    bool leaf = X509_STORE_CTX_get_error_depth(store) == 0;
    X509 *at = X509_STORE_CTX_get_current_cert(store);
    X509 *own = X509_STORE_CTX_get0_cert(store);
    const char *which = leaf ? "the certificate" : "an authority above the certificate";
    char date[32];

    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        explain_name(own, wanted, text, size);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date_text(X509_get0_notAfter(at), date);
        snprintf(text, size, "%s of %s expired on %s", which, wanted, date);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date_text(X509_get0_notBefore(at), date);
        snprintf(text, size, "%s of %s is valid only from %s", which, wanted, date);
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(text, size,
                 "the certificate of %s is self-signed: trust it with ca_file or pin_sha256",
                 wanted);
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        explain_issuer(at ? at : own, wanted, text, size);
        return;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
        snprintf(text, size, "the key of %s of %s is too weak", which, wanted);
        return;
    case X509_V_ERR_CA_MD_TOO_WEAK:
        snprintf(text, size, "%s of %s is signed with a weak hash", which, wanted);
        return;
    case X509_V_ERR_INVALID_PURPOSE:
        snprintf(text, size, "%s of %s was not issued for servers", which, wanted);
        return;
    default:
        snprintf(text, size, "%s of %s is not trusted: %s", which, wanted,
                 X509_verify_cert_error_string(error));
    }
}
