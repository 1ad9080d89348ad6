/* SPDX-License-Identifier: MIT */
/* mime/: canonical forms, the vectors of RFC 8463, keys and tags, what a signature covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/memory_peak.h"

#include "base/base64.h"
#include "base/memory.h"
#include "mime/canonical.h"
#include "mime/content.h"
#include "mime/dkim.h"
#include "mime/message.h"

#include <openssl/evp.h>

/* RFC 8463 appendix A.1, the seed as PKCS #8. */
static const char ed25519_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
static const char rsa_key[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                              "MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi\n"
                              "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM\n"
                              "KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\n"
                              "AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm\n"
                              "6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe\n"
                              "zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy\n"
                              "6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc\n"
                              "uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy\n"
                              "WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd\n"
                              "WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a\n"
                              "licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst\n"
                              "o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe\n"
                              "uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL\n"
                              "-----END RSA PRIVATE KEY-----\n";

static const char published_body[] =
    "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
#define PUBLISHED_HASH "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="

/* h= names each field once more than it is there; only those that are there have octets. */
static const fct_slice published_fields[] = {
    {"From: Joe SixPack <joe@football.example.com>\r\n", 46},
    {"To: Suzie Q <suzie@shopping.example.net>\r\n", 42},
    {"Subject: Is dinner ready?\r\n", 27},
    {"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n", 45},
    {"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n", 62},
};

static const struct {
    const char *key, *field, *signature;
} published[] = {
    {ed25519_key,
     "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
     " d=football.example.com; i=@football.example.com;\r\n"
     " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
     " subject : date : message-id : from : subject : date;\r\n"
     " bh=" PUBLISHED_HASH ";\r\n b=",
     "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="},
    {rsa_key,
     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
     " d=football.example.com; i=@football.example.com;\r\n"
     " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
     " date : message-id : from : subject : date;\r\n"
     " bh=" PUBLISHED_HASH ";\r\n b=",
     "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
     "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
     "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="},
};

static void append(void *user, const void *bytes, size_t len)
{
    assert_int_equal(fct_buf_add(user, bytes, len), 0);
}

/* Fed in pieces of `step` bytes. */
static fct_buf canonical(fct_slice body, size_t step)
{
    fct_canonical_body state;
    fct_buf out = {0};

    fct_canonical_begin(&state, append, &out);
    for (size_t at = 0; at < body.len; at += step)
        fct_canonical_feed(&state,
                           (fct_slice){body.ptr + at, body.len - at < step ? body.len - at : step});
    fct_canonical_end(&state);
    return out;
}

static void bodies_are_relaxed(void **state)
{
    static const struct {
        const char *body, *form;
    } rows[] = {
        {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"}, /* RFC 6376 section 3.4.5 */
        {"", ""},
        {"\r\n\r\n", ""},
        {" \t\r\n\r\n", ""},
        {"a", "a\r\n"},
        {"a\r\n\r\n \r\nb \r\n", "a\r\n\r\n\r\nb\r\n"},
        {"\r\n\r\na", "\r\n\r\na\r\n"},
        {"a\rb\nc\r\n", "a\rb\nc\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step < 8; step++) {
            fct_buf form = canonical(fct_slice_of(rows[i].body), step);
            fct_buf again = canonical((fct_slice){form.ptr, form.len}, step);

            assert_int_equal(form.len, strlen(rows[i].form));
            assert_memory_equal(form.len ? form.ptr : "", rows[i].form, form.len);
            assert_int_equal(again.len, form.len);
            fct_buf_done(&form);
            fct_buf_done(&again);
        }
    }
}

static void fields_are_relaxed(void **state)
{
    static const struct {
        const char *field, *form;
    } rows[] = {
        {"A: X\r\n", "a:X\r\n"}, /* RFC 6376 section 3.4.5 */
        {"B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"},
        {"Subject:\r\n two\r\n  lines \r\n", "subject:two lines\r\n"},
        {"X-Empty:\r\n", "x-empty:\r\n"},
        {"Colon: a:B", "colon:a:B\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_buf form = {0};

        fct_canonical_field(&form, fct_slice_of(rows[i].field));
        assert_string_equal(form.ptr, rows[i].form);
        fct_buf_done(&form);
    }
}

static void the_published_signatures_are_made(void **state)
{
    fct_buf form = canonical(fct_slice_of(published_body), 7);
    unsigned char digest[FCT_DKIM_DIGEST];
    char hash[64] = "";
    unsigned len = 0;

    (void)state;
    assert_int_equal(EVP_Digest(form.ptr, form.len, digest, &len, EVP_sha256(), NULL), 1);
    fct_base64_encode(hash, digest, len);
    assert_string_equal(hash, PUBLISHED_HASH);
    fct_buf_done(&form);
    for (size_t i = 0; i < 2; i++) {
        const char *fault = NULL;
        fct_dkim_key *key =
            fct_dkim_key_of_any_length(fct_slice_of(published[i].key), NULL, &fault);
        fct_buf base64 = {0};
        /* The h= of both names the same octets in this order, To before or behind Subject. */
        assert_non_null(key);
        assert_true(fct_dkim_digest(published_fields, 5, fct_slice_of(published[i].field), digest));
        assert_int_equal(fct_dkim_key_sign(key, digest, &base64), 0);
        assert_string_equal(base64.ptr, published[i].signature);
        fct_buf_done(&base64);
        fct_dkim_key_free(key);
    }
}

static void weak_and_foreign_keys_are_refused(void **state)
{
    static const char ec[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA\n"
                             "-----END PRIVATE KEY-----\n";
    const char *fault = NULL;

    (void)state;
    assert_null(fct_dkim_key_new(fct_slice_of(rsa_key), NULL, &fault));
    assert_non_null(strstr(fault, "2048"));
    assert_null(fct_dkim_key_new(fct_slice_of(ec), NULL, &fault));
    assert_null(fct_dkim_key_new(FCT_SLICE("no key"), NULL, &fault));
    assert_non_null(strstr(fault, "PEM"));
    assert_null(fct_dkim_key_new(FCT_SLICE(""), NULL, &fault));
}

static void tags_are_checked(void **state)
{
    static const char *const bad[] = {"",   "a b", "a;b",  "a/b", ".a",  "a.",
                                      "-a", "a-",  "a..b", "é",   "a\r", "a=b"};
    const char *why = NULL;
    fct_buf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(fct_dkim_check_selector(fct_slice_of(bad[i]), &why), FACTEUR_ECONFIG);
        assert_non_null(why);
    }
    assert_int_equal(fct_dkim_check_selector(FCT_SLICE("s1_2026.mail"), &why), 0);
    assert_int_equal(fct_dkim_check_domain(&out, FCT_SLICE("[192.0.2.1]"), &why), FACTEUR_ECONFIG);
    assert_int_equal(fct_dkim_check_domain(&out, FCT_SLICE("a;b.example"), &why), FACTEUR_ECONFIG);
    assert_int_equal(fct_dkim_check_domain(&out, FCT_SLICE("münchen.example"), &why), 0);
    assert_string_equal(out.ptr, "xn--mnchen-3ya.example");
    fct_buf_clear(&out);
    assert_int_equal(fct_dkim_check_identity(&out, FCT_SLICE("x;y@a.example.com"),
                                             FCT_SLICE("example.com"), &why),
                     0);
    assert_string_equal(out.ptr, "x=3By@a.example.com");
    assert_int_equal(
        fct_dkim_check_identity(&out, FCT_SLICE("@badexample.com"), FCT_SLICE("example.com"), &why),
        FACTEUR_ECONFIG);
    fct_buf_done(&out);
}

static void an_identity_has_its_characters(void **state)
{
    static const struct {
        const char *identity;
        bool good;
    } rows[] = {{"@example.com", true},
                {"a@example.com", true},
                {"a@b.example.com", true},
                {"a@EXAMPLE.com", true},
                {"a@xexample.com", false},
                {"a@com", false},
                {"a@example.com.x", false},
                {"example.com", false},
                {"", false},
                {"a@", false},
                {"a@b@example.com", true}};
    const char *why;
    fct_buf out = {0};

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char identity[] = {'a', (char)byte, '@', 'x', '.', 'y'}, quoted[12];
        bool good = byte > ' ' && byte <= '~';

        fct_buf_clear(&out);
        assert_int_equal(
            fct_dkim_check_identity(&out, (fct_slice){identity, 6}, FCT_SLICE("x.y"), &why),
            good ? 0 : FACTEUR_ECONFIG);
        snprintf(quoted, sizeof quoted, byte == ';' || byte == '=' ? "a=%02X@x.y" : "a%c@x.y",
                 (unsigned)byte);
        if (good)
            assert_string_equal(out.ptr, quoted);
        else
            assert_string_equal(why, "an identity is written @domain or local@domain");
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_buf_clear(&out);
        if (fct_dkim_check_identity(&out, fct_slice_of(rows[i].identity), FCT_SLICE("example.com"),
                                    &why) != (rows[i].good ? 0 : FACTEUR_ECONFIG))
            fail_msg("%s", rows[i].identity);
        if (!rows[i].good && !strchr(rows[i].identity, '@'))
            assert_string_equal(why, "an identity is written @domain or local@domain");
    }
    fct_buf_done(&out);
}

static fct_mail *mail_of(const char *bytes)
{
    static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};
    facteur_message *message = NULL;
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_from_bytes(bytes, strlen(bytes), &message, NULL), 0);
    assert_int_equal(facteur_message_add_recipient(message, "b@example.org", FACTEUR_NTS, NULL), 0);
    assert_int_equal(
        facteur_message_set(message, "envelope_from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

static const char repeated[] =
    "From: a@example.com\r\nTo: one@example.org\r\nTo:\r\n two@example.org"
    "\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <i@x>\r\n"
    "List-Unsubscribe: <https://x.example/u>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHi\r\n";

static struct fct_dkim_signature with(const fct_dkim_key *key)
{
    return (struct fct_dkim_signature){
        .domain = "example.com", .selector = "s1", .key = key, .expires_after_s = 60};
}

static void what_is_there_is_named_and_more(void **state)
{
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signatures[2] = {with(key), with(key)};
    fct_mail *mail = mail_of(repeated), *signed_mail = NULL;
    fct_mail_reader *reader;
    fct_slice run;
    bool stable;
    char *text;

    (void)state;
    signatures[1].timestamp = true;
    assert_int_equal(fct_dkim_sign(mail, signatures, 2, 1000, &signed_mail, NULL), 0);
    reader = fct_mail_reader_new(signed_mail);
    assert_int_equal(fct_mail_reader_next(reader, &run, &stable), 1);
    text = fct_strndup(run.ptr, run.len);
    assert_non_null(strstr(text, "h=from:from:reply-to:to:to:to:cc:subject:date:date:"));
    assert_non_null(strstr(text, "list-unsubscribe:"));
    assert_non_null(strstr(text, "list-unsubscribe-post;"));
    assert_non_null(strstr(text, "x=1060;"));
    assert_non_null(strstr(text, "t=1000; x=1060;"));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\r") <= 78);
    fct_free(text);
    fct_mail_reader_free(reader);
    fct_mail_unref(signed_mail);
    fct_mail_unref(mail);
    fct_dkim_key_free(key);
}

/* Ed25519 gives one signature only; dkimpy found this one good. */
static void a_known_mail_has_a_known_signature(void **state)
{
    static const char known[] =
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com;\r\n"
        " s=s1; h=from:from:reply-to:to:to:to:cc:subject:date:date:message-id:\r\n"
        " message-id:mime-version:content-type:content-transfer-encoding:\r\n"
        " list-unsubscribe:list-unsubscribe-post;\r\n"
        " bh=j+uJ1+KwQjMpdNiCngwvlv2FTzZnzkokoCYASnN36NE=;\r\n"
        " b=OlsuV+yMpHQ5whZvmZBOi1OvrEwUz+e01+4w/Z4jviCMWKUSdFraoLkfTbQ08BwJXKTl5L\r\n"
        " 17QbQ0VmP9BhtdDQ==\r\nFrom: ";
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signature = {.domain = "example.com", .selector = "s1", .key = key};
    fct_mail *mail = mail_of(repeated), *signed_mail = NULL;
    fct_buf bytes = {0};

    (void)state;
    assert_int_equal(fct_dkim_sign(mail, &signature, 1, 1000, &signed_mail, NULL), 0);
    assert_int_equal(fct_mail_read(signed_mail, &bytes, NULL), 0);
    assert_memory_equal(bytes.ptr, known, sizeof known - 1);
    fct_buf_done(&bytes);
    fct_mail_unref(signed_mail);
    fct_mail_unref(mail);
    fct_dkim_key_free(key);
}

/* The list of h= without its folds, of a mail with these fields. */
static void names_of(const char *bytes, const fct_dkim_key *key, char names[2000])
{
    struct fct_dkim_signature signature = with(key);
    fct_mail *mail = mail_of(bytes), *signed_mail = NULL;
    fct_mail_reader *reader;
    fct_slice run;
    bool stable;
    size_t len = 0;

    assert_int_equal(fct_dkim_sign(mail, &signature, 1, 1000, &signed_mail, NULL), 0);
    reader = fct_mail_reader_new(signed_mail);
    assert_int_equal(fct_mail_reader_next(reader, &run, &stable), 1);
    names[len++] = ':';
    for (const char *at = (const char *)memmem(run.ptr, run.len, "h=", 2) + 2; *at != ';'; at++) {
        if (!strchr(" \t\r\n", *at))
            names[len++] = *at;
    }
    names[len++] = ':';
    names[len] = '\0';
    fct_mail_reader_free(reader);
    fct_mail_unref(signed_mail);
    fct_mail_unref(mail);
}

static unsigned times_in(const char *names, const char *name)
{
    char wanted[64];
    unsigned count = 0;

    snprintf(wanted, sizeof wanted, ":%s:", name);
    for (const char *at = names; (at = strcasestr(at, wanted)) != NULL; at++)
        count++;
    return count;
}

/* What a reader is shown, and what says how to read it, is named once more than it is there. */
static void each_field_is_signed_by_its_rule(void **state)
{
    static const struct {
        const char *name;
        unsigned absent; /* how often it is named where it is not */
    } rows[] = {
        {"From", 1},
        {"Reply-To", 1},
        {"To", 1},
        {"Cc", 1},
        {"Subject", 1},
        {"Date", 1},
        {"Message-ID", 1},
        {"MIME-Version", 1},
        {"Content-Type", 1},
        {"Content-Transfer-Encoding", 1},
        {"Sender", 0},
        {"In-Reply-To", 0},
        {"References", 0},
        {"Content-Disposition", 0},
        {"Content-ID", 0},
        {"Content-Description", 0},
        {"Auto-Submitted", 0},
        {"List-Id", 0},
        {"List-Help", 0},
        {"List-Unsubscribe", 0},
        {"List-Unsubscribe-Post", 0},
        {"List-Subscribe", 0},
        {"List-Post", 0},
        {"List-Owner", 0},
        {"List-Archive", 0},
        {"Feedback-ID", 0},
        {"Resent-Date", 0},
        {"Resent-From", 0},
        {"Resent-Sender", 0},
        {"Resent-To", 0},
        {"Resent-Cc", 0},
        {"Resent-Message-ID", 0},
    };
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    char bytes[400], names[2000];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool base = strcmp(rows[i].name, "From") == 0 || strcmp(rows[i].name, "Date") == 0 ||
                    strcmp(rows[i].name, "Message-ID") == 0;

        snprintf(bytes, sizeof bytes,
                 "From: a@example.com\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                 "Message-ID: <i@x>\r\nX-Other: x\r\nReceived: x\r\n%s%s\r\n\r\nHi\r\n",
                 base ? "X-More" : rows[i].name, ": a@example.com");
        names_of(bytes, key, names);
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            bool there = i == k || strcmp(rows[k].name, "From") == 0 ||
                         strcmp(rows[k].name, "Date") == 0 ||
                         strcmp(rows[k].name, "Message-ID") == 0;

            if (times_in(names, rows[k].name) != rows[k].absent + there)
                fail_msg("%s with %s: %s", rows[k].name, rows[i].name, names);
        }
        assert_int_equal(times_in(names, "X-Other") + times_in(names, "Received"), 0);
    }
    fct_dkim_key_free(key);
}

/* What a verifier does (RFC 6376 section 3.7): its own hash of the body beside the field's. */
static void the_hash_is_of_the_body(void **state)
{
    static const struct {
        const char *body, *canonical;
    } cases[] = {
        {"Hi\r\n", "Hi\r\n"},     {"Hi  there \t\r\n\r\n\r\n", "Hi there\r\n"},
        {"no end", "no end\r\n"}, {"", ""},
        {"\r\n\r\n", ""},
    };
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signature = with(key);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[256], expected[80] = "bh=", *field;
        unsigned char digest[EVP_MAX_MD_SIZE];
        fct_mail *mail, *signed_mail = NULL;
        fct_mail_reader *reader;
        unsigned len = 0;
        fct_slice run;
        bool stable;

        snprintf(bytes, sizeof bytes,
                 "From: a@example.com\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                 "Message-ID: <i@x>\r\n\r\n%s",
                 cases[i].body);
        mail = mail_of(bytes);
        assert_int_equal(fct_dkim_sign(mail, &signature, 1, 1000, &signed_mail, NULL), 0);
        reader = fct_mail_reader_new(signed_mail);
        assert_int_equal(fct_mail_reader_next(reader, &run, &stable), 1);
        field = fct_strndup(run.ptr, run.len);
        assert_int_equal(EVP_Digest(cases[i].canonical, strlen(cases[i].canonical), digest, &len,
                                    EVP_sha256(), NULL),
                         1);
        expected[3 + fct_base64_encode(expected + 3, digest, len)] = '\0';
        if (!strstr(field, expected))
            fail_msg("body %zu: %s has no %s", i, field, expected);
        fct_free(field);
        fct_mail_reader_free(reader);
        fct_mail_unref(signed_mail);
        fct_mail_unref(mail);
    }
    fct_dkim_key_free(key);
}

/* The reader ends before the header does. */
static void a_header_without_its_empty_line_comes_to_an_end(void **state)
{
    static const struct {
        const char *bytes;
        int result;
    } rows[] = {{"", FACTEUR_EMESSAGE},
                {"Subject: x\r\n", FACTEUR_EMESSAGE},
                {"From: a@example.com\r\n", 0}};
    const char *fault = NULL, *recipient = "b@example.org";
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signature = with(key);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_content content = {0};
        fct_mail *mail, *made = NULL;

        fct_buf_add_text(&content.bytes, rows[i].bytes);
        mail = fct_mail_new(&content, "a@example.com", &recipient, 1, "1@example.com", 0);
        if (fct_dkim_sign(mail, &signature, 1, 0, &made, NULL) != rows[i].result)
            fail_msg("row %zu", i);
        fct_mail_unref(made);
        fct_mail_unref(mail);
    }
    fct_dkim_key_free(key);
}

static void a_mail_without_from_is_not_signed(void **state)
{
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signature = with(key);
    fct_mail *mail = mail_of("Subject: x\r\n\r\nHi\r\n"), *none = NULL;
    facteur_error *error = NULL;

    (void)state;
    assert_int_equal(fct_dkim_sign(mail, &signature, 1, 0, &none, &error), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(error), "from");
    assert_null(none);
    facteur_error_free(error);
    fct_mail_unref(mail);
    fct_dkim_key_free(key);
}

static void without_memory_nothing_goes_unsigned(void **state)
{
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signature = with(key);
    fct_mail *mail = mail_of(repeated), *made = NULL;
    unsigned long nth = 0;

    (void)state;
    while (!made) {
        int err;

        fct_memory_fail_at(++nth);
        err = fct_dkim_sign(mail, &signature, 1, 0, &made, NULL);
        assert_int_equal(err, fct_memory_failed() ? FACTEUR_ENOMEM : 0);
        fct_memory_fail_at(0);
    }
    assert_true(nth > 5);
    fct_mail_unref(made);
    fct_mail_unref(mail);
    fct_dkim_key_free(key);
}

/* ---- 25 MB ----------------------------------------------------------------------------------- */

/* Signing streams the file: its bytes are never in memory together. */
static void a_big_file_is_signed_in_little_memory(void **state)
{
    static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};
    char path[] = "/tmp/facteur-test-XXXXXX";
    const char *fault = NULL;
    fct_dkim_key *key = fct_dkim_key_new(fct_slice_of(ed25519_key), NULL, &fault);
    struct fct_dkim_signature signature = with(key);
    facteur_message *message = facteur_message_new();
    fct_mail *mail = NULL, *made = NULL;
    int fd = mkstemp(path);
    long before;

    (void)state;
    assert_int_equal(ftruncate(fd, BIG), 0);
    close(fd);
    assert_int_equal(facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", "b@example.org", FACTEUR_NTS, NULL), 0);
    forget_peak();
    before = peak_kb();
    assert_int_equal(facteur_message_attach_path(message, path, "big.bin", NULL, NULL, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    assert_int_equal(fct_dkim_sign(mail, &signature, 1, 0, &made, NULL), 0);
    assert_true(fct_mail_size(made) > BIG);
    assert_true(peak_kb() - before < MEMORY_MAX_KB);
    assert_int_equal(remove(path), 0);
    fct_mail_unref(made);
    fct_mail_unref(mail);
    facteur_message_free(message);
    fct_dkim_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_relaxed),
        cmocka_unit_test(fields_are_relaxed),
        cmocka_unit_test(the_published_signatures_are_made),
        cmocka_unit_test(weak_and_foreign_keys_are_refused),
        cmocka_unit_test(tags_are_checked),
        cmocka_unit_test(an_identity_has_its_characters),
        cmocka_unit_test(what_is_there_is_named_and_more),
        cmocka_unit_test(a_known_mail_has_a_known_signature),
        cmocka_unit_test(each_field_is_signed_by_its_rule),
        cmocka_unit_test(the_hash_is_of_the_body),
        cmocka_unit_test(a_header_without_its_empty_line_comes_to_an_end),
        cmocka_unit_test(a_mail_without_from_is_not_signed),
        cmocka_unit_test(without_memory_nothing_goes_unsigned),
        cmocka_unit_test(a_big_file_is_signed_in_little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
