/* SPDX-License-Identifier: MIT */
#include "mime/smime_cms.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "mime/pem.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <limits.h>

#define PART_MAX ((size_t)1 << 20) /* bytes that OpenSSL gets at once */

fct_smime *fct_smime_new(void)
{
    return fct_calloc(1, sizeof(fct_smime));
}

void fct_smime_free(fct_smime *smime)
{
    if (!smime)
        return;
    for (size_t i = 0; i < smime->reader_count; i++) {
        fct_free(smime->readers[i].address);
        X509_free(smime->readers[i].certificate);
    }
    fct_free(smime->readers);
    X509_free(smime->certificate);
    EVP_PKEY_free(smime->key);
    sk_X509_pop_free(smime->chain, X509_free);
    fct_free(smime);
}

void fct_smime_use_gcm(fct_smime *smime)
{
    smime->gcm = true;
}

/* ---- Keys and certificates ------------------------------------------------------------------- */

/* OpenSSL gives no reason when memory ran out. */
static int refuse(struct fct_smime_fault *fault, const char *member, const char *why)
{
    if (!why)
        return FACTEUR_ENOMEM;
    *fault = (struct fct_smime_fault){member, why};
    return FACTEUR_ECONFIG;
}

static const char *weakness_of(const X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    return key ? fct_pem_weakness(key) : "is of a kind that is not known";
}

static int read_certificate(fct_smime *smime, fct_slice pem, struct fct_smime_fault *fault)
{
    const char *why = NULL;
    STACK_OF(X509) *list = fct_pem_certificates(pem, &why);

    if (!list)
        return refuse(fault, "certificate", why);
    /* As in a TLS server's file, the signer's certificate is first and its chain follows. */
    X509_free(smime->certificate);
    sk_X509_pop_free(smime->chain, X509_free);
    smime->certificate = sk_X509_shift(list);
    smime->chain = list;
    return 0;
}

static int read_chain(fct_smime *smime, fct_slice pem, struct fct_smime_fault *fault)
{
    const char *why = NULL;
    STACK_OF(X509) *list = fct_pem_certificates(pem, &why);
    X509 *certificate;

    if (!list)
        return refuse(fault, "chain", why);
    while ((certificate = sk_X509_value(list, 0)) != NULL &&
           sk_X509_push(smime->chain, certificate) > 0)
        sk_X509_shift(list);
    /*
     * Certificates that could not be moved are still here.  A chain is never sent shorter than it
     * was given.
     */
    sk_X509_pop_free(list, X509_free);
    return certificate ? FACTEUR_ENOMEM : 0;
}

int fct_smime_set_signer(fct_smime *smime, fct_slice certificate, fct_slice key,
                         const fct_secret *passphrase, fct_slice chain,
                         struct fct_smime_fault *fault)
{
    const char *why = NULL;
    int err = read_certificate(smime, certificate, fault), kind, matches;

    if (!err && chain.len)
        err = read_chain(smime, chain, fault);
    if (err)
        return err;
    EVP_PKEY_free(smime->key);
    smime->key = fct_pem_private_key(key, passphrase, &why);
    if (!smime->key)
        return refuse(fault, "key", why);
    kind = EVP_PKEY_get_base_id(smime->key);
    if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_EC)
        return refuse(fault, "key", "is neither RSA nor EC");
    why = fct_pem_weakness(smime->key);
    if (why)
        return refuse(fault, "key", why);
    matches = X509_check_private_key(smime->certificate, smime->key);
    ERR_clear_error();
    return matches == 1 ? 0 : refuse(fault, "key", "is not the one of the certificate");
}

static int add_reader(fct_smime *smime, const char *address, X509 *certificate)
{
    struct fct_smime_reader *readers =
        fct_reallocarray(smime->readers, smime->reader_count + 1, sizeof *readers);
    char *copy = NULL;

    if (!readers)
        return FACTEUR_ENOMEM;
    smime->readers = readers;
    if (address && !(copy = fct_strdup(address)))
        return FACTEUR_ENOMEM;
    readers[smime->reader_count++] = (struct fct_smime_reader){copy, certificate};
    X509_up_ref(certificate);
    return 0;
}

int fct_smime_add_recipient(fct_smime *smime, const char *address, fct_slice certificates,
                            struct fct_smime_fault *fault)
{
    const char *why = NULL;
    STACK_OF(X509) *list = fct_pem_certificates(certificates, &why);
    int err = list ? 0 : refuse(fault, "certificate", why);

    smime->encrypts = true;
    for (int i = 0; !err && i < sk_X509_num(list); i++) {
        X509 *certificate = sk_X509_value(list, i);
        const char *weakness = weakness_of(certificate);

        err = weakness ? refuse(fault, "certificate", weakness)
                       : add_reader(smime, address, certificate);
    }
    sk_X509_pop_free(list, X509_free);
    return err;
}

const char *fct_smime_invalid(const X509 *certificate, int64_t now_s)
{
    time_t now = (time_t)now_s;

    if (X509_cmp_time(X509_get0_notAfter(certificate), &now) <= 0)
        return "has expired";
    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) >= 0)
        return "is not valid yet";
    return NULL;
}

/* ---- Structures ------------------------------------------------------------------------------ */

static bool write_run(BIO *into, fct_slice run)
{
    while (run.len) {
        size_t len = run.len < PART_MAX ? run.len : PART_MAX;

        if (BIO_write(into, run.ptr, (int)len) != (int)len)
            return false;
        run.ptr += len;
        run.len -= len;
    }
    return true;
}

/*
 * Feed the mail's bytes, unchanged, into a CMS structure.  With `clean`, bytes above 127 are
 * refused.
 */
static int feed(CMS_ContentInfo *cms, fct_mail *entity, bool clean)
{
    fct_mail_reader *reader = fct_mail_reader_new(entity);
    BIO *into = reader ? CMS_dataInit(cms, NULL) : NULL;
    fct_slice run;
    bool stable;
    int more = !reader ? FACTEUR_ENOMEM : into ? 1 : FACTEUR_ECONFIG;

    while (more > 0 && (more = fct_mail_reader_next(reader, &run, &stable)) > 0) {
        if (clean && !fct_is_ascii(run))
            more = FACTEUR_EMESSAGE;
        else if (!write_run(into, run))
            more = FACTEUR_ENOMEM;
    }
    if (!more && (BIO_flush(into) != 1 || CMS_dataFinal(cms, into) != 1))
        more = FACTEUR_ECONFIG;
    BIO_free_all(into);
    fct_mail_reader_free(reader);
    return more;
}

static int write_der(CMS_ContentInfo *cms, fct_buf *der)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long len = memory && i2d_CMS_bio(memory, cms) == 1 ? BIO_get_mem_data(memory, &bytes) : -1;
    int err = len < 0 ? FACTEUR_ENOMEM : fct_buf_add(der, bytes, (size_t)len);

    BIO_free(memory);
    return err;
}

int fct_smime_sign_der(const fct_smime *smime, fct_mail *entity, fct_buf *der)
{
    const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, smime->chain, NULL, flags);
    int err = FACTEUR_ECONFIG;

    if (cms && CMS_add1_signer(cms, smime->certificate, smime->key, EVP_sha256(), flags))
        err = feed(cms, entity, true);
    if (!err)
        err = write_der(cms, der);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return err;
}

int fct_smime_encrypt_der(const fct_smime *smime, STACK_OF(X509) * certificates, fct_mail *entity,
                          fct_buf *der)
{
    const EVP_CIPHER *cipher = smime->gcm ? EVP_aes_128_gcm() : EVP_aes_256_cbc();
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, cipher, CMS_BINARY | CMS_PARTIAL);
    int err = cms ? 0 : FACTEUR_ECONFIG;

    for (int i = 0; !err && i < sk_X509_num(certificates); i++) {
        if (!CMS_add1_recipient_cert(cms, sk_X509_value(certificates, i), 0))
            err = FACTEUR_ECONFIG;
    }
    if (!err)
        err = feed(cms, entity, false);
    if (!err)
        err = write_der(cms, der);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return err;
}
