/* SPDX-License-Identifier: MIT */
/* mime/: S/MIME, verified and decrypted by OpenSSL's own reader and by its program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/memory.h"
#include "support/certificates.h"
#include "mime/message.h"
#include "mime/smime.h"

#include <openssl/cms.h>

static const char plain[] =
    "From: shop@example.com\r\nTo: Ana@example.org\r\nCc: bo@example.org\r\n"
    "Subject: Order 42\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nThe secret is 4711.\r\n";
static const char entity[] =
    "Content-Type: text/plain; charset=utf-8\r\n\r\nThe secret is 4711.\r\n";

/* A certificate and what is given of it. */
struct party {
    struct certificate made;
    char *certificate, *key;
};

static struct party authority, shop, ana, bo, stranger, late, early, weak;

static char *text_of(BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    char *copy = strndup(bytes, (size_t)len);

    assert_non_null(copy);
    BIO_free(bio);
    return copy;
}

static char *key_text(const struct certificate *made, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
                         bio, made->key, passphrase ? EVP_aes_256_cbc() : NULL, passphrase,
                         passphrase ? (int)strlen(passphrase) : 0, NULL, NULL),
                     1);
    return text_of(bio);
}

static struct party party_make(const char *san, unsigned rsa_bits, int from_days, int to_days)
{
    struct certificate_plan plan = {.name = san ? san : "Test authority",
                                    .san = san,
                                    .usage = san ? "emailProtection" : NULL,
                                    .from_days = from_days,
                                    .to_days = to_days,
                                    .rsa_bits = rsa_bits,
                                    .authority = !san,
                                    .issuer = san ? &authority.made : NULL};
    struct party party = {.made = certificate_make(&plan)};
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, party.made.x509), 1);
    party.certificate = text_of(bio);
    party.key = key_text(&party.made, NULL);
    return party;
}

static struct party *const parties[] = {&authority, &shop, &ana,   &bo,
                                        &stranger,  &late, &early, &weak};

static int make_parties(void **state)
{
    (void)state;
    authority = party_make(NULL, 0, -2, 30);
    shop = party_make("email:shop@example.com", 2048, -2, 30);
    ana = party_make("email:ana@example.org", 2048, -2, 30);
    bo = party_make("email:bo@example.org", 0, -2, 30);
    stranger = party_make("email:c@example.org", 2048, -2, 30);
    late = party_make("email:ana@example.org", 0, -20, -1);
    early = party_make("email:ana@example.org", 0, 1, 30);
    weak = party_make("email:ana@example.org", 1024, -2, 30);
    return 0;
}

static int drop_parties(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
        certificate_free(&parties[i]->made);
        free(parties[i]->certificate);
        free(parties[i]->key);
    }
    return 0;
}

static fct_mail *mail_of(const char *bytes)
{
    static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};
    facteur_message *message = NULL;
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_from_bytes(bytes, strlen(bytes), &message, NULL), 0);
    assert_int_equal(facteur_message_add_recipient(message, "Ana@example.org", FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(facteur_message_add_recipient(message, "bo@example.org", FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(
        facteur_message_set(message, "envelope_from", "shop@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

static fct_buf bytes_of(fct_mail *mail)
{
    fct_mail_reader *reader = fct_mail_reader_new(mail);
    fct_buf out = {0};
    fct_slice run;
    bool stable;
    int more;

    while ((more = fct_mail_reader_next(reader, &run, &stable)) > 0)
        assert_int_equal(fct_buf_add_slice(&out, run), 0);
    assert_int_equal(more, 0);
    assert_int_equal(out.len, fct_mail_size(mail));
    fct_mail_reader_free(reader);
    return out;
}

static int sign_with(fct_smime *smime, const struct party *party, struct fct_smime_fault *fault)
{
    return fct_smime_set_signer(smime, fct_slice_of(party->certificate), fct_slice_of(party->key),
                                NULL, FCT_SLICE(""), fault);
}

static int encrypt_for(fct_smime *smime, const struct party *party, struct fct_smime_fault *fault)
{
    return fct_smime_add_recipient(smime, NULL, fct_slice_of(party->certificate), fault);
}

static fct_smime *smime_for(bool signs, bool encrypts)
{
    struct fct_smime_fault fault = {0};
    fct_smime *smime = fct_smime_new();

    if (signs)
        assert_int_equal(sign_with(smime, &shop, &fault), 0);
    if (encrypts) {
        assert_int_equal(encrypt_for(smime, &ana, &fault), 0);
        assert_int_equal(encrypt_for(smime, &bo, &fault), 0);
    }
    return smime;
}

static fct_buf protect_bytes(const fct_smime *smime, const char *given)
{
    fct_mail *mail = mail_of(given), *made = NULL;
    facteur_error *error = NULL;
    fct_buf bytes;

    if (fct_smime_protect(smime, mail, time(NULL), &made, &error))
        fail_msg("%s", facteur_error_message(error));
    assert_int_equal(fct_mail_recipient_count(made), 2);
    bytes = bytes_of(made);
    assert_non_null(strstr(bytes.ptr, "Subject: Order 42\r\n"));
    assert_null(strstr(strstr(bytes.ptr, "MIME-Version:") + 1, "MIME-Version:"));
    fct_mail_unref(made);
    fct_mail_unref(mail);
    return bytes;
}

static fct_buf protect(const fct_smime *smime)
{
    return protect_bytes(smime, plain);
}

/* ---- OpenSSL's reader ------------------------------------------------------------------------ */

/* What a signature by the authority's children covers; fails when it is not good. */
static char *verified(const char *bytes)
{
    BIO *in = BIO_new_mem_buf(bytes, -1), *content = NULL, *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);
    X509_STORE *store = X509_STORE_new();

    assert_non_null(cms);
    assert_non_null(content);
    X509_STORE_add_cert(store, authority.made.x509);
    assert_int_equal(CMS_verify(cms, NULL, store, content, out, CMS_BINARY), 1);
    X509_STORE_free(store);
    CMS_ContentInfo_free(cms);
    BIO_free(content);
    BIO_free(in);
    return text_of(out);
}

/* NULL for those it is not for. */
static char *decrypted(const char *bytes, const struct party *party)
{
    BIO *in = BIO_new_mem_buf(bytes, -1), *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = SMIME_read_CMS(in, NULL);
    int good;

    assert_non_null(cms);
    good = CMS_decrypt(cms, party->made.key, party->made.x509, NULL, out, CMS_BINARY);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    if (good == 1)
        return text_of(out);
    BIO_free(out);
    return NULL;
}

static void a_signed_mail_is_verified(void **state)
{
    fct_smime *smime = smime_for(true, false);
    fct_buf bytes = protect(smime);
    char *content = verified(bytes.ptr);

    (void)state;
    assert_string_equal(content, entity);
    free(content);
    assert_non_null(strstr(bytes.ptr, "multipart/signed; micalg=sha-256"));
    fct_buf_done(&bytes);
    fct_smime_free(smime);
}

/* More than OpenSSL gets at once. */
static void a_big_mail_is_whole(void **state)
{
    fct_smime *signer = smime_for(true, false), *locker = smime_for(false, true);
    fct_buf big = {0}, bytes;
    char *content;

    (void)state;
    fct_buf_add_text(&big, plain);
    for (unsigned i = 0; big.len < 2500000; i++)
        fct_buf_addf(&big, "line %u\r\n", i);
    bytes = protect_bytes(signer, big.ptr);
    content = verified(bytes.ptr);
    assert_string_equal(content, strstr(big.ptr, "Content-Type:"));
    free(content);
    fct_buf_done(&bytes);
    bytes = protect_bytes(locker, big.ptr);
    content = decrypted(bytes.ptr, &ana);
    assert_string_equal(content, strstr(big.ptr, "Content-Type:"));
    free(content);
    fct_buf_done(&bytes);
    fct_buf_done(&big);
    fct_smime_free(signer);
    fct_smime_free(locker);
}

static int certificates_in(const char *bytes)
{
    BIO *in = BIO_new_mem_buf(bytes, -1), *content = NULL;
    CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);
    STACK_OF(X509) *list = CMS_get1_certs(cms);
    int count = sk_X509_num(list);

    sk_X509_pop_free(list, X509_free);
    CMS_ContentInfo_free(cms);
    BIO_free(content);
    BIO_free(in);
    return count;
}

/* Behind the signer's certificate, or given apart, or both: none is left out. */
static void a_chain_goes_along_whole(void **state)
{
    struct fct_smime_fault fault = {0};
    char both[8192], chain[8192], *content;

    (void)state;
    snprintf(both, sizeof both, "%s%s", shop.certificate, authority.certificate);
    snprintf(chain, sizeof chain, "%s%s", stranger.certificate, bo.certificate);
    for (int i = 0; i < 4; i++) {
        fct_smime *smime = fct_smime_new();
        fct_buf bytes;

        assert_int_equal(fct_smime_set_signer(smime, fct_slice_of(i & 1 ? both : shop.certificate),
                                              fct_slice_of(shop.key), NULL,
                                              i & 2 ? fct_slice_of(chain) : FCT_SLICE(""), &fault),
                         0);
        bytes = protect(smime);
        assert_int_equal(certificates_in(bytes.ptr), 1 + (i & 1) + (i & 2));
        content = verified(bytes.ptr);
        assert_string_equal(content, entity);
        free(content);
        fct_buf_done(&bytes);
        fct_smime_free(smime);
    }
}

static void a_chain_that_is_none_is_refused(void **state)
{
    struct fct_smime_fault fault = {0};
    fct_smime *smime = fct_smime_new();

    (void)state;
    assert_int_equal(fct_smime_set_signer(smime, fct_slice_of(shop.certificate),
                                          fct_slice_of(shop.key), NULL, FCT_SLICE("x"), &fault),
                     FACTEUR_ECONFIG);
    assert_string_equal(fault.member, "chain");
    fct_smime_free(smime);
}

/* RFC 2046 section 5.1.1 allows 70; half a digest is unique enough. */
static void a_boundary_is_half_a_digest(void **state)
{
    fct_smime *smime = smime_for(true, false);
    fct_buf bytes = protect(smime);
    const char *mark = strstr(bytes.ptr, "boundary=\"=_") + 12;

    (void)state;
    assert_int_equal(strspn(mark, "0123456789abcdef"), 32);
    assert_int_equal(mark[32], '"');
    fct_buf_done(&bytes);
    fct_smime_free(smime);
}

static void every_recipient_decrypts(void **state)
{
    (void)state;
    for (int gcm = 0; gcm < 2; gcm++) {
        fct_smime *smime = smime_for(false, true);
        fct_buf bytes;
        char *content;

        if (gcm)
            fct_smime_use_gcm(smime);
        bytes = protect(smime);
        assert_null(strstr(bytes.ptr, "4711"));
        assert_non_null(
            strstr(bytes.ptr, gcm ? "smime-type=authEnveloped-data" : "smime-type=enveloped-data"));
        content = decrypted(bytes.ptr, &ana);
        assert_string_equal(content, entity);
        free(content);
        content = decrypted(bytes.ptr, &bo);
        assert_string_equal(content, entity);
        free(content);
        assert_null(decrypted(bytes.ptr, &stranger));
        fct_buf_done(&bytes);
        fct_smime_free(smime);
    }
}

static void signed_first_then_encrypted(void **state)
{
    fct_smime *smime = smime_for(true, true);
    fct_buf bytes = protect(smime);
    char *inner = decrypted(bytes.ptr, &bo), *content;

    (void)state;
    assert_non_null(inner);
    assert_null(strstr(bytes.ptr, "multipart/signed"));
    content = verified(inner);
    assert_string_equal(content, entity);
    free(content);
    free(inner);
    fct_buf_done(&bytes);
    fct_smime_free(smime);
}

/* ---- Its program ----------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void the_openssl_program_agrees(void **state)
{
    static const char *const names[] = {"ca", "ana", "key", "mail"};
    char base[] = "/tmp/facteur-test-XXXXXX", path[64], command[512];
    fct_smime *smime = smime_for(true, true);
    fct_buf bytes = protect(smime);
    const char *texts[] = {authority.certificate, ana.certificate, ana.key, bytes.ptr};
    char out[sizeof entity + 1] = "";
    FILE *pipe;

    (void)state;
    assert_non_null(mkdtemp(base));
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", base, names[i]);
        write_file(path, texts[i], strlen(texts[i]));
    }
    snprintf(command, sizeof command,
             "cd %s && openssl cms -decrypt -in mail -recip ana -inkey key -binary | openssl cms "
             "-verify -CAfile ca 2>/dev/null",
             base);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fread(out, 1, sizeof out, pipe), sizeof entity - 1);
    assert_string_equal(out, entity);
    assert_int_equal(pclose(pipe), 0);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", base, names[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(remove(base), 0);
    fct_buf_done(&bytes);
    fct_smime_free(smime);
}

/* ---- Refused --------------------------------------------------------------------------------- */

static void expect_signer_refused(const char *certificate, const char *key, const char *passphrase,
                                  const char *member, const char *why)
{
    fct_secret *secret = passphrase ? fct_secret_new(passphrase, strlen(passphrase)) : NULL;
    struct fct_smime_fault fault = {0};
    fct_smime *smime = fct_smime_new();

    assert_int_equal(fct_smime_set_signer(smime, fct_slice_of(certificate), fct_slice_of(key),
                                          secret, FCT_SLICE(""), &fault),
                     FACTEUR_ECONFIG);
    assert_string_equal(fault.member, member);
    assert_non_null(strstr(fault.why, why));
    fct_secret_unref(secret);
    fct_smime_free(smime);
}

static void unfit_keys_are_refused(void **state)
{
    char *locked = key_text(&shop.made, "open sesame");
    fct_secret *right = fct_secret_new("open sesame", 11);
    struct fct_smime_fault fault = {0};
    fct_smime *smime = fct_smime_new();

    (void)state;
    expect_signer_refused(shop.certificate, ana.key, NULL, "key", "not the one of the certificate");
    expect_signer_refused(weak.certificate, weak.key, NULL, "key", "2048");
    expect_signer_refused(shop.certificate, shop.certificate, NULL, "key", "not a private key");
    expect_signer_refused(shop.key, shop.key, NULL, "certificate", "not a certificate");
    expect_signer_refused("", shop.key, NULL, "certificate", "not a certificate");
    expect_signer_refused(shop.certificate, locked, NULL, "key", "there is no passphrase");
    expect_signer_refused(shop.certificate, locked, "open", "key", "with this passphrase");
    assert_int_equal(fct_smime_set_signer(smime, fct_slice_of(shop.certificate),
                                          fct_slice_of(locked), right, FCT_SLICE(""), &fault),
                     0);
    assert_int_equal(encrypt_for(smime, &weak, &fault), FACTEUR_ECONFIG);
    assert_string_equal(fault.member, "certificate");
    assert_non_null(strstr(fault.why, "2048"));
    fct_secret_unref(right);
    fct_smime_free(smime);
    free(locked);
}

/* No mail comes out, and the error says where and of whom. */
static void expect_refused(const fct_smime *smime, const char *bytes, int expected,
                           const char *where, const char *why)
{
    fct_mail *mail = mail_of(bytes), *made = NULL;
    facteur_error *error = NULL;

    assert_int_equal(fct_smime_protect(smime, mail, time(NULL), &made, &error), expected);
    assert_null(made);
    assert_string_equal(facteur_error_where(error), where);
    if (!strstr(facteur_error_message(error), why))
        fail_msg("%s", facteur_error_message(error));
    facteur_error_free(error);
    fct_mail_unref(mail);
}

static void nothing_goes_out_in_the_clear(void **state)
{
    static const char who[] = "smime.encrypt.recipients";
    const struct party *const unfit[] = {NULL, &late, &early};
    static const char *const why[] = {"there is no certificate for Ana@example.org",
                                      "the certificate of Ana@example.org has expired",
                                      "the certificate of Ana@example.org is not valid yet"};
    struct fct_smime_fault fault = {0};
    fct_smime *smime;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        smime = fct_smime_new();
        assert_int_equal(encrypt_for(smime, &bo, &fault), 0);
        if (unfit[i])
            assert_int_equal(encrypt_for(smime, unfit[i], &fault), 0);
        expect_refused(smime, plain, FACTEUR_ECONFIG, who, why[i]);
        fct_smime_free(smime);
    }
    smime = fct_smime_new();
    assert_int_equal(sign_with(smime, &late, &fault), 0);
    expect_refused(smime, plain, FACTEUR_ECONFIG, "smime.sign.certificate", "has expired");
    fct_smime_free(smime);
    smime = smime_for(true, true);
    expect_refused(smime, "From: shop@example.com\r\nSubject: x\r\n\r\nd\xc3\xa9j\xc3\xa0\r\n",
                   FACTEUR_EMESSAGE, "smime", "bytes above 127");
    fct_smime_free(smime);
}

static void without_memory_nothing_goes_out(void **state)
{
    fct_smime *smime = smime_for(true, true);
    fct_mail *mail = mail_of(plain), *made = NULL;
    unsigned long nth = 0;

    (void)state;
    while (!made) {
        int err;

        fct_memory_fail_at(++nth);
        err = fct_smime_protect(smime, mail, time(NULL), &made, NULL);
        assert_int_equal(err, fct_memory_failed() ? FACTEUR_ENOMEM : 0);
        fct_memory_fail_at(0);
    }
    assert_true(nth > 5);
    fct_mail_unref(made);
    fct_mail_unref(mail);
    fct_smime_free(smime);
    for (nth = 1, smime = NULL; !smime; nth++) {
        struct fct_smime_fault fault = {0};
        int err = FACTEUR_ENOMEM;

        fct_memory_fail_at(nth);
        smime = fct_smime_new();
        if (smime)
            err = fct_smime_add_recipient(smime, "a@b.example", fct_slice_of(ana.certificate),
                                          &fault);
        assert_int_equal(err, fct_memory_failed() ? FACTEUR_ENOMEM : 0);
        if (fct_memory_failed()) {
            fct_smime_free(smime);
            smime = NULL;
        }
        fct_memory_fail_at(0);
    }
    fct_smime_free(smime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_mail_is_verified),
        cmocka_unit_test(a_big_mail_is_whole),
        cmocka_unit_test(a_chain_goes_along_whole),
        cmocka_unit_test(a_chain_that_is_none_is_refused),
        cmocka_unit_test(a_boundary_is_half_a_digest),
        cmocka_unit_test(every_recipient_decrypts),
        cmocka_unit_test(signed_first_then_encrypted),
        cmocka_unit_test(the_openssl_program_agrees),
        cmocka_unit_test(unfit_keys_are_refused),
        cmocka_unit_test(nothing_goes_out_in_the_clear),
        cmocka_unit_test(without_memory_nothing_goes_out),
    };

    return cmocka_run_group_tests(tests, make_parties, drop_parties);
}
