/* SPDX-License-Identifier: MIT */
/* The MIME side: takes the entity out of the message, wraps it and puts it back. */
#include "mime/smime.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "mime/content.h"
#include "mime/encoding.h"
#include "mime/field.h"
#include "mime/smime_cms.h"

#include <openssl/x509v3.h>
#include <string.h>

struct protecting {
    const fct_smime *smime;
    fct_mail *mail;
    facteur_error **error;
    fct_content made;   /* the header fields that stay outside, then the new content */
    fct_content entity; /* the part to protect: Content fields, empty line, body */
};

static bool starts_with(fct_slice name, fct_slice prefix)
{
    return fct_slice_starts_nocase(name, prefix);
}

/* Content fields go with the entity; all others stay outside (RFC 8551 section 3.1). */
static int take_apart(struct protecting *p)
{
    const fct_content *content = fct_mail_content(p->mail);
    size_t memory = content->file_count ? content->files[0].at : content->bytes.len;
    fct_slice rest = fct_content_head(content);
    size_t body = rest.len < memory ? rest.len + 2 : rest.len;
    bool version = false;

    while (rest.len) {
        fct_slice field = fct_field_next(&rest), name = fct_field_name(field);
        bool inner = starts_with(name, FCT_SLICE("Content-"));

        version = version || fct_slice_equal_nocase(name, FCT_SLICE("MIME-Version"));
        fct_buf_add_slice(inner ? &p->entity.bytes : &p->made.bytes, field);
    }
    if (!version)
        fct_buf_add_text(&p->made.bytes, "MIME-Version: 1.0\r\n");
    fct_buf_add_text(&p->entity.bytes, "\r\n");
    if (p->made.bytes.failed || p->entity.bytes.failed)
        return FACTEUR_ENOMEM;
    return fct_content_append(&p->entity, content, body);
}

/* Make a mail of the entity, to read it.  `p->entity` is empty afterwards. */
static fct_mail *entity_mail(struct protecting *p)
{
    return fct_mail_with_content(p->mail, &p->entity, 0);
}

static int explain(struct protecting *p, int err, const char *where)
{
    if (err == FACTEUR_EMESSAGE)
        return fct_error_set(p->error, err, "smime",
                             "the message has bytes above 127, which relays may change: they "
                             "cannot be signed; encode them as quoted-printable or base64");
    if (err == FACTEUR_EIO)
        return fct_error_set(p->error, err, "attachments",
                             "an attachment's file changed or disappeared");
    if (err == FACTEUR_ECONFIG)
        return fct_error_set(p->error, err, where, "the certificate or its key cannot do this");
    return err;
}

/* ---- Signing --------------------------------------------------------------------------------- */

/* The boundary is made of the signature, which nobody could know when the content was written. */
static bool make_boundary(const fct_buf *der, char text[FCT_DIGEST_TEXT])
{
    fct_slice bytes = {der->ptr, der->len};

    if (!fct_digest_text(&bytes, 1, text))
        return false;
    text[32] = '\0';
    return true;
}

static int put_signed(fct_content *out, const fct_content *entity, const fct_buf *der)
{
    fct_buf *bytes = &out->bytes;
    char mark[FCT_DIGEST_TEXT];
    int err;

    if (!make_boundary(der, mark))
        return FACTEUR_ENOMEM;
    fct_buf_addf(bytes,
                 "Content-Type: multipart/signed; micalg=sha-256;\r\n"
                 " protocol=\"application/pkcs7-signature\";\r\n"
                 " boundary=\"=_%s\"\r\n\r\n"
                 "This is an S/MIME signed message.\r\n\r\n--=_%s\r\n",
                 mark, mark);
    err = fct_content_append(out, entity, 0);
    if (err)
        return err;
    fct_buf_addf(bytes,
                 "\r\n--=_%s\r\n"
                 "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
                 "Content-Transfer-Encoding: base64\r\n"
                 "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
                 mark);
    fct_encode_base64(bytes, der->ptr, der->len);
    fct_buf_addf(bytes, "\r\n--=_%s--\r\n", mark);
    return bytes->failed ? FACTEUR_ENOMEM : 0;
}

static int sign(struct protecting *p, int64_t now_s, fct_content *out)
{
    const char *invalid = fct_smime_invalid(p->smime->certificate, now_s);
    fct_mail *entity;
    fct_buf der = {0};
    int err;

    if (invalid)
        return fct_error_set(p->error, FACTEUR_ECONFIG, "smime.sign.certificate",
                             "the certificate %s", invalid);
    entity = entity_mail(p);
    if (!entity)
        return FACTEUR_ENOMEM;
    err = explain(p, fct_smime_sign_der(p->smime, entity, &der), "smime.sign");
    if (!err)
        err = put_signed(out, fct_mail_content(entity), &der);
    fct_buf_done(&der);
    fct_mail_unref(entity);
    return err;
}

/* ---- Encrypting ------------------------------------------------------------------------------ */

static bool is_of(const struct fct_smime_reader *reader, fct_slice recipient)
{
    STACK_OF(OPENSSL_STRING) * addresses;
    bool found = false;

    if (reader->address)
        return fct_slice_equal_nocase(fct_slice_of(reader->address), recipient);
    addresses = X509_get1_email(reader->certificate);
    for (int i = 0; !found && i < sk_OPENSSL_STRING_num(addresses); i++)
        found =
            fct_slice_equal_nocase(fct_slice_of(sk_OPENSSL_STRING_value(addresses, i)), recipient);
    X509_email_free(addresses);
    return found;
}

/* Use all valid certificates of a recipient: we cannot know which key the recipient has at hand. */
static int find_certificates(struct protecting *p, const char *recipient, int64_t now_s,
                             STACK_OF(X509) * found)
{
    const char *invalid = NULL;
    bool any = false;

    for (size_t i = 0; i < p->smime->reader_count; i++) {
        const struct fct_smime_reader *reader = &p->smime->readers[i];
        const char *fault;

        if (!is_of(reader, fct_slice_of(recipient)))
            continue;
        fault = fct_smime_invalid(reader->certificate, now_s);
        if (fault)
            invalid = fault;
        else if (sk_X509_push(found, reader->certificate) <= 0)
            return FACTEUR_ENOMEM;
        any = any || !fault;
    }
    if (any)
        return 0;
    if (invalid)
        return fct_error_set(p->error, FACTEUR_ECONFIG, "smime.encrypt.recipients",
                             "the certificate of %s %s", recipient, invalid);
    return fct_error_set(p->error, FACTEUR_ECONFIG, "smime.encrypt.recipients",
                         "there is no certificate for %s", recipient);
}

static int put_encrypted(const fct_smime *smime, fct_content *out, const fct_buf *der)
{
    fct_buf_addf(&out->bytes,
                 "Content-Type: application/pkcs7-mime; smime-type=%s;\r\n"
                 " name=\"smime.p7m\"\r\n"
                 "Content-Transfer-Encoding: base64\r\n"
                 "Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n",
                 smime->gcm ? "authEnveloped-data" : "enveloped-data");
    fct_encode_base64(&out->bytes, der->ptr, der->len);
    return out->bytes.failed ? FACTEUR_ENOMEM : 0;
}

static int encrypt(struct protecting *p, int64_t now_s)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    fct_mail *entity = NULL;
    fct_buf der = {0};
    int err = certificates ? 0 : FACTEUR_ENOMEM;

    for (size_t i = 0; !err && i < fct_mail_recipient_count(p->mail); i++)
        err = find_certificates(p, fct_mail_recipient(p->mail, i), now_s, certificates);
    if (!err && !(entity = entity_mail(p)))
        err = FACTEUR_ENOMEM;
    if (!err)
        err = explain(p, fct_smime_encrypt_der(p->smime, certificates, entity, &der),
                      "smime.encrypt");
    if (!err)
        err = put_encrypted(p->smime, &p->made, &der);
    fct_buf_done(&der);
    fct_mail_unref(entity);
    sk_X509_free(certificates);
    return err;
}

/* ---- Both ------------------------------------------------------------------------------------ */

static int protect(struct protecting *p, int64_t now_s)
{
    bool both = p->smime->certificate && p->smime->encrypts;
    fct_content inner = {0};
    int err = take_apart(p);

    if (!err && p->smime->certificate)
        err = sign(p, now_s, both ? &inner : &p->made);
    if (!err && both)
        p->entity = inner;
    else
        fct_content_done(&inner);
    return !err && p->smime->encrypts ? encrypt(p, now_s) : err;
}

/* The content is base64 now and needs no 8BITMIME, unless a header does. */
static unsigned needs_of(const fct_smime *smime, const fct_mail *mail)
{
    unsigned needs = fct_mail_needs(mail);

    return smime->encrypts && !(needs & FCT_NEEDS_SMTPUTF8) ? 0 : needs;
}

int fct_smime_protect(const fct_smime *smime, fct_mail *mail, int64_t now_s, fct_mail **out,
                      facteur_error **error)
{
    struct protecting p = {.smime = smime, .mail = mail, .error = error};
    fct_mail *made = NULL;
    int err = protect(&p, now_s);

    if (!err) {
        made = fct_mail_with_content(mail, &p.made, needs_of(smime, mail));
        err = made ? 0 : FACTEUR_ENOMEM;
    }
    fct_content_done(&p.made);
    fct_content_done(&p.entity);
    if (err)
        return err == FACTEUR_ENOMEM ? fct_error_nomem(error) : err;
    *out = made;
    return 0;
}
