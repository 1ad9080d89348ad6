/* SPDX-License-Identifier: MIT */
/* DKIM's keys, and the checks of the tags that name them. */
#include "mime/dkim.h"

#include "base/base64.h"
#include "base/memory.h"
#include "mime/idna.h"
#include "mime/pem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#define NAME_MAX_LEN 253 /* bytes of "selector._domainkey.domain", as of every name in the DNS */
#define LABEL_MAX 63
#define SIGNATURE_MAX 2048 /* bytes: RSA of 16384 bits */

struct fct_dkim_key {
    EVP_PKEY *key;
    bool ed25519;
};

/* ---- Keys ------------------------------------------------------------------------------------ */

fct_dkim_key *fct_dkim_key_of_any_length(fct_slice pem, const fct_secret *passphrase,
                                         const char **fault)
{
    EVP_PKEY *loaded = fct_pem_private_key(pem, passphrase, fault);
    fct_dkim_key *key;

    if (!loaded)
        return NULL;
    key = fct_calloc(1, sizeof *key);
    if (!key) {
        EVP_PKEY_free(loaded);
        *fault = NULL;
        return NULL;
    }
    key->key = loaded;
    key->ed25519 = EVP_PKEY_get_base_id(loaded) == EVP_PKEY_ED25519;
    if (key->ed25519 || EVP_PKEY_get_base_id(loaded) == EVP_PKEY_RSA) {
        if (EVP_PKEY_get_size(loaded) <= SIGNATURE_MAX)
            return key;
        *fault = "is longer than 16384 bits";
    } else {
        *fault = "is neither RSA nor Ed25519";
    }
    fct_dkim_key_free(key);
    return NULL;
}

fct_dkim_key *fct_dkim_key_new(fct_slice pem, const fct_secret *passphrase, const char **fault)
{
    fct_dkim_key *key = fct_dkim_key_of_any_length(pem, passphrase, fault);
    const char *weakness = key ? fct_pem_weakness(key->key) : NULL;

    if (!weakness)
        return key;
    *fault = weakness;
    fct_dkim_key_free(key);
    return NULL;
}

void fct_dkim_key_free(fct_dkim_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    fct_free(key);
}

const char *fct_dkim_key_algorithm(const fct_dkim_key *key)
{
    return key->ed25519 ? "ed25519-sha256" : "rsa-sha256";
}

/* PureEdDSA over the digest (RFC 8463 section 3). */
static bool sign_ed25519(EVP_PKEY *key, const unsigned char *digest, unsigned char *out,
                         size_t *len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(context, out, len, digest, FCT_DKIM_DIGEST) == 1;

    EVP_MD_CTX_free(context);
    return good;
}

static bool sign_rsa(EVP_PKEY *key, const unsigned char *digest, unsigned char *out, size_t *len)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool good = context && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_sign(context, out, len, digest, FCT_DKIM_DIGEST) == 1;

    EVP_PKEY_CTX_free(context);
    return good;
}

int fct_dkim_key_sign(const fct_dkim_key *key, const unsigned char digest[FCT_DKIM_DIGEST],
                      fct_buf *base64)
{
    unsigned char bytes[SIGNATURE_MAX];
    size_t len = sizeof bytes;
    bool good = key->ed25519 ? sign_ed25519(key->key, digest, bytes, &len)
                             : sign_rsa(key->key, digest, bytes, &len);

    if (!good) {
        ERR_clear_error();
        return FACTEUR_ECONFIG;
    }
    if (fct_buf_reserve(base64, FCT_BASE64_LEN(len)))
        return FACTEUR_ENOMEM;
    base64->len += fct_base64_encode(base64->ptr + base64->len, bytes, len);
    base64->ptr[base64->len] = '\0';
    return 0;
}

/* ---- Tags ------------------------------------------------------------------------------------ */

int fct_dkim_check_domain(fct_buf *out, fct_slice domain, const char **why)
{
    int err;

    if (domain.len && domain.ptr[0] == '[') {
        *why = "a domain is a name, not an address";
        return FACTEUR_ECONFIG;
    }
    err = fct_idna_domain(out, domain, why);
    return err == FACTEUR_EMESSAGE ? FACTEUR_ECONFIG : err;
}

/* Underscores are outside RFC 6376's grammar, but published selectors have them. */
int fct_dkim_check_selector(fct_slice selector, const char **why)
{
    size_t label = 0;

    *why = NULL;
    if (!selector.len || selector.len > NAME_MAX_LEN)
        *why = "a selector has 1 to 253 characters";
    for (size_t i = 0; !*why && i <= selector.len; i++) {
        unsigned char byte = i < selector.len ? (unsigned char)selector.ptr[i] : '.';

        if (byte == '.') {
            if (!label || selector.ptr[i - 1] == '-')
                *why = "a label of the selector is empty or ends with a hyphen";
            label = 0;
        } else if (!fct_is_alnum(byte) && byte != '_' && (byte != '-' || !label)) {
            *why = "a selector has letters, digits, inner hyphens and dots only";
        } else if (++label > LABEL_MAX) {
            *why = "a label of the selector is longer than 63 characters";
        }
    }
    return *why ? FACTEUR_ECONFIG : 0;
}

/* Whether `name` is `domain` or below it. */
static bool is_within(fct_slice name, fct_slice domain)
{
    size_t above;

    if (name.len < domain.len)
        return false;
    above = name.len - domain.len;
    return fct_slice_equal_nocase((fct_slice){name.ptr + above, domain.len}, domain) &&
           (above == 0 || name.ptr[above - 1] == '.');
}

/* dkim-quoted-printable (RFC 6376 section 2.11). */
static void add_quoted(fct_buf *out, fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        if (byte == ';' || byte == '=')
            fct_buf_addf(out, "=%02X", byte);
        else
            fct_buf_add_char(out, (char)byte);
    }
}

int fct_dkim_check_identity(fct_buf *out, fct_slice identity, fct_slice domain, const char **why)
{
    const char *at = identity.len ? memrchr(identity.ptr, '@', identity.len) : NULL;
    size_t local = at ? (size_t)(at - identity.ptr) : 0;
    fct_buf name = {0};
    int err = FACTEUR_ECONFIG;

    *why = "an identity is written @domain or local@domain";
    for (size_t i = 0; i < local; i++) {
        if (identity.ptr[i] <= ' ' || identity.ptr[i] > '~')
            return FACTEUR_ECONFIG;
    }
    if (at)
        err = fct_dkim_check_domain(&name, (fct_slice){at + 1, identity.len - local - 1}, why);
    if (!err && !is_within((fct_slice){name.ptr, name.len}, domain)) {
        *why = "the identity's domain is neither the signature's domain nor below it";
        err = FACTEUR_ECONFIG;
    }
    if (!err) {
        add_quoted(out, (fct_slice){identity.ptr, local});
        fct_buf_addf(out, "@%.*s", (int)name.len, name.ptr);
        err = out->failed ? FACTEUR_ENOMEM : 0;
    }
    fct_buf_done(&name);
    return err;
}
