/* SPDX-License-Identifier: MIT */
#include "mime/pem.h"

#include "base/memory.h"
#include "base/passphrase.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <limits.h>
#include <string.h>

/*
 * A BIO of the text, NULL also for a text too long for one.  Earlier errors are cleared, so that
 * nobody takes them for errors of this text.
 */
static BIO *open_text(fct_slice pem)
{
    ERR_clear_error();
    return pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.ptr, (int)pem.len);
}

EVP_PKEY *fct_pem_private_key(fct_slice pem, const fct_secret *passphrase, const char **fault)
{
    struct fct_passphrase asking = {.secret = passphrase};
    BIO *text = open_text(pem);
    EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, fct_passphrase_give, &asking) : NULL;
    bool lacked;

    BIO_free(text);
    lacked = fct_memory_lacked_by_openssl();
    if (!key && lacked)
        *fault = NULL;
    else if (!key && asking.asked)
        *fault = passphrase ? "cannot be decrypted with this passphrase"
                            : "is encrypted, and there is no passphrase";
    else if (!key)
        *fault = "is not a private key in PEM (\"-----BEGIN PRIVATE KEY-----\")";
    return key;
}

STACK_OF(X509) * fct_pem_certificates(fct_slice pem, const char **fault)
{
    BIO *text = open_text(pem);
    STACK_OF(X509) *list = text ? sk_X509_new_null() : NULL;
    X509 *certificate = NULL;
    bool whole = list != NULL;

    while (whole && (certificate = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
        whole = sk_X509_push(list, certificate) > 0;
        if (!whole)
            X509_free(certificate);
    }
    /* Only the end of the text may end the list. */
    whole = whole && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE &&
            sk_X509_num(list) > 0;
    BIO_free(text);
    *fault = fct_memory_lacked_by_openssl() ? NULL : "is not a certificate in PEM";
    if (whole)
        return list;
    sk_X509_pop_free(list, X509_free);
    return NULL;
}

const char *fct_pem_weakness(const EVP_PKEY *key)
{
    if (EVP_PKEY_get_security_bits(key) >= 112)
        return NULL;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
               ? "is too short: RSA needs 2048 bits"
               : "is too weak: it has less than 112 bits of security";
}
