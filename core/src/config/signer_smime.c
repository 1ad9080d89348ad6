/* SPDX-License-Identifier: MIT */
/* The option smime: the certificate that signs, and the recipients to encrypt for. */
#include "config/signer_options.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/config_json.h"
#include "mime/address.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

struct parts {
    const json_t *sign, *encrypt;
};

static const struct fct_config_member part_members[] = {
    {"sign", FCT_CONFIG_OBJECT, offsetof(struct parts, sign)},
    {"encrypt", FCT_CONFIG_OBJECT, offsetof(struct parts, encrypt)},
};

struct signer {
    fct_slice certificate, certificate_file, key, key_file, passphrase, chain, chain_file;
};

static const struct fct_config_member signer_members[] = {
    {"certificate", FCT_CONFIG_TEXT, offsetof(struct signer, certificate)},
    {"certificate_file", FCT_CONFIG_TEXT, offsetof(struct signer, certificate_file)},
    {"key", FCT_CONFIG_TEXT, offsetof(struct signer, key)},
    {"key_file", FCT_CONFIG_TEXT, offsetof(struct signer, key_file)},
    {"passphrase", FCT_CONFIG_TEXT, offsetof(struct signer, passphrase)},
    {"chain", FCT_CONFIG_TEXT, offsetof(struct signer, chain)},
    {"chain_file", FCT_CONFIG_TEXT, offsetof(struct signer, chain_file)},
};

struct encrypter {
    const json_t *recipients;
    fct_slice cipher;
};

static const struct fct_config_member encrypter_members[] = {
    {"recipients", FCT_CONFIG_LIST, offsetof(struct encrypter, recipients)},
    {"cipher", FCT_CONFIG_TEXT, offsetof(struct encrypter, cipher)},
};

struct recipient {
    fct_slice address, certificate, certificate_file;
};

static const struct fct_config_member recipient_members[] = {
    {"address", FCT_CONFIG_TEXT, offsetof(struct recipient, address)},
    {"certificate", FCT_CONFIG_TEXT, offsetof(struct recipient, certificate)},
    {"certificate_file", FCT_CONFIG_TEXT, offsetof(struct recipient, certificate_file)},
};

struct reading {
    fct_smime *smime;
    bool *lazy; /* NULL: read everything */
    facteur_error **error;
};

static fct_slice bytes_of(const fct_secret *secret)
{
    return secret ? fct_secret_bytes(secret) : FCT_SLICE("");
}

static int refuse_fault(struct reading *r, int err, const char *where,
                        const struct fct_smime_fault *fault)
{
    if (err != FACTEUR_ECONFIG)
        return err == FACTEUR_ENOMEM ? fct_error_nomem(r->error) : err;
    return fct_config_refuse(r->error, where, fault->member, "the %s %s", fault->member,
                             fault->why);
}

/* ---- Signing --------------------------------------------------------------------------------- */

static int load_signer(struct reading *r, const struct signer *s)
{
    static const char where[] = "smime.sign";
    bool chained = s->chain.len || s->chain_file.len;
    struct fct_smime_fault fault = {0};
    fct_secret *certificate = NULL, *key = NULL, *chain = NULL, *passphrase = NULL;
    int err = fct_config_text_or_file(s->certificate, s->certificate_file, where, "certificate",
                                      &certificate, r->error);

    if (!err)
        err = fct_config_text_or_file(s->key, s->key_file, where, "key", &key, r->error);
    if (!err && chained)
        err = fct_config_text_or_file(s->chain, s->chain_file, where, "chain", &chain, r->error);
    if (!err && s->passphrase.len) {
        passphrase = fct_secret_new(s->passphrase.ptr, s->passphrase.len);
        err = passphrase ? 0 : fct_error_nomem(r->error);
    }
    if (!err)
        err = refuse_fault(r,
                           fct_smime_set_signer(r->smime, bytes_of(certificate), bytes_of(key),
                                                passphrase, bytes_of(chain), &fault),
                           where, &fault);
    fct_secret_unref(certificate);
    fct_secret_unref(key);
    fct_secret_unref(chain);
    fct_secret_unref(passphrase);
    return err;
}

static int read_signer(struct reading *r, const json_t *json)
{
    struct signer signer = {0};
    int err = fct_config_read(json, "smime.sign", signer_members, COUNT(signer_members), &signer,
                              r->error);

    if (!err && r->lazy &&
        (signer.certificate_file.len || signer.key_file.len || signer.chain_file.len)) {
        *r->lazy = true;
        return 0;
    }
    return err ? err : load_signer(r, &signer);
}

/* ---- Encrypting ------------------------------------------------------------------------------ */

static int read_recipient(struct reading *r, const json_t *json, const char *where)
{
    struct recipient recipient = {0};
    struct fct_smime_fault fault = {0};
    facteur_error *cause = NULL;
    fct_secret *certificate = NULL;
    fct_buf address = {0};
    int err = fct_config_read(json, where, recipient_members, COUNT(recipient_members), &recipient,
                              r->error);

    if (!err && recipient.address.len)
        err = fct_address_parse_one(&address, "address", recipient.address, &cause);
    if (err == FACTEUR_EMESSAGE)
        err = fct_config_refuse(r->error, where, "address", "%s", facteur_error_message(cause));
    facteur_error_free(cause);
    if (!err && r->lazy && recipient.certificate_file.len && !recipient.certificate.len) {
        *r->lazy = true;
    } else if (!err) {
        err = fct_config_text_or_file(recipient.certificate, recipient.certificate_file, where,
                                      "certificate", &certificate, r->error);
        if (!err)
            err = refuse_fault(
                r, fct_smime_add_recipient(r->smime, address.ptr, bytes_of(certificate), &fault),
                where, &fault);
        fct_secret_unref(certificate);
    }
    fct_buf_done(&address);
    return err;
}

static int read_encrypter(struct reading *r, const json_t *json)
{
    static const char where[] = "smime.encrypt";
    struct encrypter encrypter = {0};
    int err = fct_config_read(json, where, encrypter_members, COUNT(encrypter_members), &encrypter,
                              r->error);

    if (err)
        return err;
    if (!json_array_size(encrypter.recipients))
        return fct_config_refuse(r->error, where, "recipients",
                                 "missing: give a list of certificates");
    if (fct_slice_equal(encrypter.cipher, FCT_SLICE("aes-128-gcm")))
        fct_smime_use_gcm(r->smime);
    else if (encrypter.cipher.len && !fct_slice_equal(encrypter.cipher, FCT_SLICE("aes-256-cbc")))
        return fct_config_refuse(r->error, where, "cipher",
                                 "the ciphers are aes-256-cbc and aes-128-gcm");
    for (size_t i = 0; !err && i < json_array_size(encrypter.recipients); i++) {
        char place[FCT_CONFIG_WHERE];

        snprintf(place, sizeof place, "smime.encrypt.recipients[%zu]", i);
        err = read_recipient(r, json_array_get(encrypter.recipients, i), place);
    }
    return err;
}

static int read_parts(struct reading *r, const json_t *tree)
{
    struct parts parts = {0};
    int err = fct_config_read(tree, "smime", part_members, COUNT(part_members), &parts, r->error);

    if (!err && !parts.sign && !parts.encrypt)
        err =
            fct_error_set(r->error, FACTEUR_ECONFIG, "smime", "smime: give sign, encrypt or both");
    if (!err && parts.sign)
        err = read_signer(r, parts.sign);
    return !err && parts.encrypt ? read_encrypter(r, parts.encrypt) : err;
}

int fct_smime_read(fct_slice json, bool *lazy, fct_smime **out, facteur_error **error)
{
    struct reading r = {.smime = fct_smime_new(), .lazy = lazy, .error = error};
    json_t *tree = NULL;
    int err = r.smime ? fct_config_load(json, "smime", &tree, error) : fct_error_nomem(error);

    if (!err)
        err = read_parts(&r, tree);
    fct_config_free(tree);
    if (err) {
        fct_smime_free(r.smime);
        return err;
    }
    *out = r.smime;
    return 0;
}
