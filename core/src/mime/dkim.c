/* SPDX-License-Identifier: MIT */
/* Which fields are signed, and how the DKIM-Signature field is written. */
#include "mime/dkim.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/memory.h"
#include "mime/canonical.h"
#include "mime/field.h"
#include "mime/header.h"

#include <openssl/evp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD_PART 16384 /* bytes of a run, while the end of the header is searched */
#define NAMES_LINE 70   /* of h=, and of b= */

/*
 * The fields that a reader sees or a program acts on.  An oversigned field is named once more than
 * it occurs, so that nobody can add another one on the way without breaking the signature (RFC 6376
 * section 8.15).  Trace fields are not here, nor are fields that relays and lists may add.
 */
static const struct rule {
    const char *name;
    bool oversigned;
} rules[] = {
    {"From", true},
    {"Sender", false},
    {"Reply-To", true},
    {"To", true},
    {"Cc", true},
    {"Subject", true},
    {"Date", true},
    {"Message-ID", true},
    {"In-Reply-To", false},
    {"References", false},
    {"MIME-Version", true},
    {"Content-Type", true},
    {"Content-Transfer-Encoding", true},
    {"Content-Disposition", false},
    {"Content-ID", false},
    {"Content-Description", false},
    {"Auto-Submitted", false},
    {"List-Id", false},
    {"List-Help", false},
    {"List-Unsubscribe", false},
    {"List-Unsubscribe-Post", false},
    {"List-Subscribe", false},
    {"List-Post", false},
    {"List-Owner", false},
    {"List-Archive", false},
    {"Feedback-ID", false},
    {"Resent-Date", false},
    {"Resent-From", false},
    {"Resent-Sender", false},
    {"Resent-To", false},
    {"Resent-Cc", false},
    {"Resent-Message-ID", false},
};

#define RULE_COUNT (sizeof rules / sizeof rules[0])

bool fct_dkim_may_skip(fct_slice name)
{
    return !fct_slice_equal_nocase(name, FCT_SLICE("From"));
}

/* ---- Reading the mail ------------------------------------------------------------------------ */

struct field {
    fct_slice whole; /* with its line ends */
    fct_slice name;
};

struct signing {
    facteur_error **error;
    fct_buf head;
    struct field *fields;
    size_t field_count, field_cap;
    unsigned char body[FCT_DKIM_DIGEST];
    EVP_MD_CTX *hash;
    fct_slice *chosen; /* of the signature at hand */
    size_t chosen_count;
    fct_buf out;
};

static void hash_more(void *user, const void *bytes, size_t len)
{
    EVP_DigestUpdate(user, bytes, len);
}

/* Take bytes of a run until the header is complete.  The rest of the run belongs to the body. */
static bool take_head(struct signing *s, fct_slice *run)
{
    while (run->len && !s->head.failed) {
        size_t before = s->head.len, from = before > 3 ? before - 3 : 0;
        size_t part = run->len < HEAD_PART ? run->len : HEAD_PART;
        const char *end;

        fct_buf_add(&s->head, run->ptr, part);
        end = s->head.failed ? NULL : memmem(s->head.ptr + from, s->head.len - from, "\r\n\r\n", 4);
        if (end) {
            s->head.len = (size_t)(end - s->head.ptr) + 2;
            part = s->head.len + 2 - before;
        }
        run->ptr += part;
        run->len -= part;
        if (end)
            return true;
    }
    return false;
}

/* Read the header into memory and pass the body through the hash. */
static int read_mail(struct signing *s, fct_mail *mail)
{
    fct_mail_reader *reader = fct_mail_reader_new(mail);
    fct_canonical_body body;
    fct_slice run;
    bool stable, in_body = false;
    int more = reader ? 1 : FACTEUR_ENOMEM;

    fct_canonical_begin(&body, hash_more, s->hash);
    while (more > 0 && (more = fct_mail_reader_next(reader, &run, &stable)) > 0) {
        if (!in_body)
            in_body = take_head(s, &run);
        if (s->head.failed)
            more = FACTEUR_ENOMEM;
        if (in_body)
            fct_canonical_feed(&body, run);
    }
    fct_canonical_end(&body);
    fct_mail_reader_free(reader);
    EVP_DigestFinal_ex(s->hash, s->body, NULL);
    return more;
}

static int split_head(struct signing *s)
{
    fct_slice rest = {s->head.ptr, s->head.len};

    while (rest.len) {
        fct_slice field = fct_field_next(&rest);

        if (s->field_count == s->field_cap) {
            size_t cap = s->field_cap ? 2 * s->field_cap : 32;
            struct field *fields = fct_reallocarray(s->fields, cap, sizeof *fields);

            if (!fields)
                return FACTEUR_ENOMEM;
            s->fields = fields;
            s->field_cap = cap;
        }
        s->fields[s->field_count++] = (struct field){field, fct_field_name(field)};
    }
    return 0;
}

/* ---- Writing a signature --------------------------------------------------------------------- */

static bool is_left_out(const struct fct_dkim_signature *signature, const char *name)
{
    for (size_t i = 0; i < signature->unsigned_count; i++) {
        if (fct_slice_equal_nocase(signature->unsigned_fields[i], fct_slice_of(name)))
            return true;
    }
    return false;
}

/* Add a name to h=.  The line is broken where it would get too long. */
static void add_name(fct_header *header, fct_buf *line, const char *name)
{
    if (line->len + strlen(name) + 1 > NAMES_LINE) {
        fct_header_token(header, (fct_slice){line->ptr, line->len});
        fct_buf_consume(line, line->len);
    }
    for (; *name; name++)
        fct_buf_add_char(line, (char)fct_ascii_lower((unsigned char)*name));
    fct_buf_add_char(line, ':');
}

/*
 * The fields of one name, the last one first, because a verifier takes them in that order (section
 * 5.4.2).
 */
static void choose(struct signing *s, fct_header *header, fct_buf *line, const struct rule *rule)
{
    for (size_t i = s->field_count; i > 0; i--) {
        if (!fct_slice_equal_nocase(s->fields[i - 1].name, fct_slice_of(rule->name)))
            continue;
        s->chosen[s->chosen_count++] = s->fields[i - 1].whole;
        add_name(header, line, rule->name);
    }
    if (rule->oversigned)
        add_name(header, line, rule->name);
}

static void put_names(struct signing *s, fct_header *header,
                      const struct fct_dkim_signature *signature)
{
    fct_buf line = {0};

    s->chosen_count = 0;
    fct_buf_add_text(&line, "h=");
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (!is_left_out(signature, rules[i].name))
            choose(s, header, &line, &rules[i]);
    }
    /* From is always there, so the last byte is a colon. */
    if (!line.failed) {
        line.ptr[line.len - 1] = ';';
        fct_header_token(header, (fct_slice){line.ptr, line.len});
    }
    s->out.failed = s->out.failed || line.failed;
    fct_buf_done(&line);
}

static void put_tag(struct signing *s, fct_header *header, const char *name, const char *value)
{
    fct_buf tag = {0};

    fct_buf_addf(&tag, "%s=%s;", name, value);
    if (!tag.failed)
        fct_header_token(header, (fct_slice){tag.ptr, tag.len});
    s->out.failed = s->out.failed || tag.failed;
    fct_buf_done(&tag);
}

static void put_tags(struct signing *s, fct_header *header,
                     const struct fct_dkim_signature *signature, int64_t now_s)
{
    char number[24], hash[FCT_BASE64_LEN(FCT_DKIM_DIGEST) + 1];

    put_tag(s, header, "v", "1");
    put_tag(s, header, "a", fct_dkim_key_algorithm(signature->key));
    put_tag(s, header, "c", "relaxed/relaxed");
    put_tag(s, header, "d", signature->domain);
    put_tag(s, header, "s", signature->selector);
    if (signature->identity)
        put_tag(s, header, "i", signature->identity);
    snprintf(number, sizeof number, "%" PRId64, now_s);
    if (signature->timestamp)
        put_tag(s, header, "t", number);
    snprintf(number, sizeof number, "%" PRId64, now_s + signature->expires_after_s);
    if (signature->expires_after_s)
        put_tag(s, header, "x", number);
    put_names(s, header, signature);
    hash[fct_base64_encode(hash, s->body, sizeof s->body)] = '\0';
    put_tag(s, header, "bh", hash);
}

bool fct_dkim_digest(const fct_slice *fields, size_t count, fct_slice own,
                     unsigned char digest[FCT_DKIM_DIGEST])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
    fct_buf form = {0};

    for (size_t i = 0; good && i <= count; i++) {
        fct_buf_clear(&form);
        fct_canonical_field(&form, i < count ? fields[i] : own);
        good = !form.failed;
        if (good)
            EVP_DigestUpdate(hash, form.ptr, form.len - (i < count ? 0 : 2));
    }
    good = good && EVP_DigestFinal_ex(hash, digest, NULL) == 1;
    fct_buf_done(&form);
    EVP_MD_CTX_free(hash);
    return good;
}

/* Base64 may be folded anywhere: a verifier removes the folds before it hashes (section 3.7). */
static void put_folded(fct_buf *out, const fct_buf *base64)
{
    for (size_t at = 0; at < base64->len; at += NAMES_LINE) {
        size_t len = base64->len - at < NAMES_LINE ? base64->len - at : NAMES_LINE;

        if (at)
            fct_buf_add_text(out, "\r\n ");
        fct_buf_add(out, base64->ptr + at, len);
    }
    fct_buf_add_text(out, "\r\n");
}

static int put_signature(struct signing *s, const struct fct_dkim_signature *signature,
                         int64_t now_s)
{
    unsigned char digest[FCT_DKIM_DIGEST];
    fct_buf base64 = {0};
    fct_header header;
    size_t begin = s->out.len;
    int err = 0;

    fct_header_begin(&header, &s->out, "DKIM-Signature");
    put_tags(s, &header, signature, now_s);
    fct_buf_add_text(&s->out, "\r\n b=");
    if (s->out.failed ||
        !fct_dkim_digest(s->chosen, s->chosen_count,
                         (fct_slice){s->out.ptr + begin, s->out.len - begin}, digest))
        return FACTEUR_ENOMEM;
    err = fct_dkim_key_sign(signature->key, digest, &base64);
    put_folded(&s->out, &base64);
    fct_buf_done(&base64);
    if (err == FACTEUR_ECONFIG)
        return fct_error_set(s->error, err, "dkim", "the key of %s._domainkey.%s cannot sign",
                             signature->selector, signature->domain);
    return err ? err : s->out.failed ? FACTEUR_ENOMEM : 0;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static bool has_from(const struct signing *s)
{
    for (size_t i = 0; i < s->field_count; i++) {
        if (fct_slice_equal_nocase(s->fields[i].name, FCT_SLICE("From")))
            return true;
    }
    return false;
}

static int read_all(struct signing *s, fct_mail *mail)
{
    int err;

    s->hash = EVP_MD_CTX_new();
    if (!s->hash || EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL) != 1)
        return FACTEUR_ENOMEM;
    err = read_mail(s, mail);
    if (err == FACTEUR_EIO)
        return fct_error_set(s->error, err, "attachments",
                             "an attachment's file changed or disappeared");
    if (!err)
        err = split_head(s);
    if (err)
        return err;
    if (!has_from(s))
        return fct_error_set(s->error, FACTEUR_EMESSAGE, "from",
                             "a message without a From field cannot be signed (RFC 6376 section "
                             "5.4)");
    s->chosen = fct_calloc(s->field_count, sizeof *s->chosen);
    return s->chosen ? 0 : FACTEUR_ENOMEM;
}

int fct_dkim_sign(fct_mail *mail, const struct fct_dkim_signature *signatures, size_t count,
                  int64_t now_s, fct_mail **out, facteur_error **error)
{
    struct signing s = {.error = error};
    fct_mail *made = NULL;
    int err = read_all(&s, mail);

    for (size_t i = 0; !err && i < count; i++)
        err = put_signature(&s, &signatures[i], now_s);
    if (!err) {
        made = fct_mail_with_head(mail, s.out.ptr, s.out.len);
        err = made ? 0 : FACTEUR_ENOMEM;
    }
    fct_buf_done(&s.head);
    fct_buf_done(&s.out);
    fct_free(s.fields);
    fct_free(s.chosen);
    EVP_MD_CTX_free(s.hash);
    if (err)
        return err == FACTEUR_ENOMEM ? fct_error_nomem(error) : err;
    *out = made;
    return 0;
}
