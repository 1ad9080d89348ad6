/* SPDX-License-Identifier: MIT */
/* SASL: which mechanism, its messages against another implementation's, and hostile challenges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "smtp/sasl.h"

#include <openssl/evp.h>

#define ALL ((1u << FCT_MECHANISM_COUNT) - 1)
#define NONCE "MDEyMzQ1Njc4OWFiY2RlZmcA"

static const struct fct_tls_facts facts = {"channel-binding-data", 20, "tls-exporter"};

static struct fct_session_config config_with(const char *username, const char *password,
                                             const char *token)
{
    struct fct_session_config config = {.username = username, .nonce = "0123456789abcdefg"};

    if (password)
        config.password = fct_secret_new(password, strlen(password));
    if (token)
        config.token = fct_secret_new(token, strlen(token));
    return config;
}

static void config_done(struct fct_session_config *config)
{
    fct_secret_unref(config->password);
    fct_secret_unref(config->token);
}

static void the_strongest_that_both_know(void **state)
{
    struct fct_session_config config = config_with("u", "p", NULL);
    unsigned offered = ALL;
    static const int order[] = {FCT_MECHANISM_SCRAM_SHA_512_PLUS,
                                FCT_MECHANISM_SCRAM_SHA_256_PLUS,
                                FCT_MECHANISM_SCRAM_SHA_512,
                                FCT_MECHANISM_SCRAM_SHA_256,
                                FCT_MECHANISM_SCRAM_SHA_1_PLUS,
                                FCT_MECHANISM_SCRAM_SHA_1,
                                FCT_MECHANISM_PLAIN,
                                FCT_MECHANISM_LOGIN,
                                FCT_MECHANISM_CRAM_MD5,
                                -1};

    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        assert_int_equal(fct_sasl_choose(&config, offered, true), order[i]);
        if (order[i] >= 0)
            offered &= ~(1u << order[i]);
    }
    assert_int_equal(fct_sasl_choose(&config, ALL, false), FCT_MECHANISM_SCRAM_SHA_512);
    config.auth = "scram-sha-256-plus";
    assert_int_equal(fct_sasl_choose(&config, ALL, false), -1);
    assert_int_equal(fct_sasl_choose(&config, ALL, true), FCT_MECHANISM_SCRAM_SHA_256_PLUS);
    config.auth = "LOGIN";
    assert_int_equal(fct_sasl_choose(&config, ALL, true), FCT_MECHANISM_LOGIN);
    for (int i = 0; i < FCT_MECHANISM_COUNT; i++) {
        config.auth = fct_mechanism_name((enum fct_mechanism)i);
        assert_int_equal(fct_sasl_choose(&config, ALL, true), i);
        assert_int_equal(fct_sasl_choose(&config, 1u << i, true), i);
        assert_int_equal(fct_sasl_choose(&config, ALL & ~(1u << i), true), -1);
    }
    config.auth = "NTLM";
    assert_int_equal(fct_sasl_choose(&config, ALL, true), -1);
    config_done(&config);
    config = config_with("u", NULL, "t");
    assert_int_equal(fct_sasl_choose(&config, ALL, true), FCT_MECHANISM_OAUTHBEARER);
    assert_int_equal(fct_sasl_choose(&config, ALL & ~(1u << FCT_MECHANISM_OAUTHBEARER), true),
                     FCT_MECHANISM_XOAUTH2);
    /* A token is not a password. */
    assert_int_equal(fct_sasl_choose(&config, 1u << FCT_MECHANISM_PLAIN, true), -1);
    config_done(&config);
}

/* Made with Python's hashlib: user "us,er", password "pencil", salt "0123456789salt". */
static const struct {
    enum fct_mechanism mechanism;
    bool facts, plus_offered;
    const char *first, *challenge, *final, *server;
} scrams[] = {
    {FCT_MECHANISM_SCRAM_SHA_512, false, true, "n,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=biws,r=" NONCE "server,p=M3wIQY1runPgUtQ6eyjPkdEQR+mYaQS6gxxf0+"
     "UP3fZR5LHuhLEqr990CeM6ZPVsmhKvgVDWQ3gk55/xISAckw==",
     "v=/4U+KAIPB9qc2fOkcMP/qNd4h7cqptGk4BZBs1X22XA1YNhv5rsK2eBNV9IDzzjM0Cmie64lSugQ6htjQ0Ri9Q=="},
    {FCT_MECHANISM_SCRAM_SHA_512, true, false, "y,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=eSws,r=" NONCE "server,p=VdIZrAu/"
     "TC9fz2MCOw3Qye4PDmDWggyZb8vP4yrPaN16s4Bv94Z+jb1oowyN1GsEtu7OBEJVt8LKWVQS810hZA==",
     "v=aHtAd0LHVoyFINDfoxnY0zWfqLIgKnQY4tQRnn3HNhMc/RS2q3/w6uLUoWZTgLc6QelX1wEwxQf2sV+E9A1elw=="},
    {FCT_MECHANISM_SCRAM_SHA_512_PLUS, true, true, "p=tls-exporter,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=cD10bHMtZXhwb3J0ZXIsLGNoYW5uZWwtYmluZGluZy1kYXRh,r=" NONCE
     "server,p=q6p93JZnh3FfIWga7EoqCB9aW5yYbnjzkdp686WwYSGluy2CTKF+LxjMpmOZe9LHz+"
     "U071Pj3Tyd63zqNZfSIw==",
     "v=tVOIvhgGYcV1bW9JIXWawkVleQBZCs1Vb5GRdF9fOShulAuwHpNuIvBU8qN81GL+pvG7HjEjemOEL680LmUFQw=="},
    {FCT_MECHANISM_SCRAM_SHA_256, false, true, "n,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=biws,r=" NONCE "server,p=MIcILX82xL9Kz44yo4r+m7rxa3I6Kcf3kixxKWWwlks=",
     "v=HEkKjuYnD2+qNQ31gNjnWGknaZy13qCLS3sMYiNPa5A="},
    {FCT_MECHANISM_SCRAM_SHA_256, true, false, "y,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=eSws,r=" NONCE "server,p=ksOvWpD0ViPbKBbXTB0ojcD1lHrr6gO2xrGThSFBX/c=",
     "v=Qzs6kyxYJktUpdHIB4Dupw4SBpmGGWKf3KDSClh8feQ="},
    {FCT_MECHANISM_SCRAM_SHA_256_PLUS, true, true, "p=tls-exporter,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=cD10bHMtZXhwb3J0ZXIsLGNoYW5uZWwtYmluZGluZy1kYXRh,r=" NONCE
     "server,p=Cu2oYgtLWlLtxa2rQmWqs++xlV3ZANK1Zn36K2yXlIQ=",
     "v=ooUa/Hjtqbh+qvonRjDZ3yHsR7Oj1MuUXBh1DfWAeNQ="},
    {FCT_MECHANISM_SCRAM_SHA_1, false, true, "n,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=biws,r=" NONCE "server,p=PYr5KfbQ98uADKKZYyWGC3bLFDA=", "v=bfg6E5kU/FEkBS3FfQzBL6mXt1g="},
    {FCT_MECHANISM_SCRAM_SHA_1, true, false, "y,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=eSws,r=" NONCE "server,p=8NtJ5/WwTsZgsAzryAze0XgRq68=", "v=tTEnwiNN9dQtlT/aSrFYuBlmko8="},
    {FCT_MECHANISM_SCRAM_SHA_1_PLUS, true, true, "p=tls-exporter,,n=us=2Cer,r=" NONCE,
     "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096",
     "c=cD10bHMtZXhwb3J0ZXIsLGNoYW5uZWwtYmluZGluZy1kYXRh,r=" NONCE
     "server,p=qVubX/bQXk/8zC38tWbsY4KUvYw=",
     "v=s+cPkoWhJFFUmce9baHSVsShg/A="},
};

static int step(fct_sasl *sasl, const char *challenge, fct_buf *out)
{
    fct_buf_clear(out);
    return fct_sasl_step(sasl, fct_slice_of(challenge), out);
}

static void scram_agrees_with_another(void **state)
{
    struct fct_session_config config = config_with("us,er", "pencil", NULL);

    for (size_t i = 0; i < sizeof(scrams) / sizeof(*scrams); i++) {
        unsigned plus = 1u << FCT_MECHANISM_SCRAM_SHA_512_PLUS |
                        1u << FCT_MECHANISM_SCRAM_SHA_256_PLUS |
                        1u << FCT_MECHANISM_SCRAM_SHA_1_PLUS;
        fct_buf out = {0};
        fct_sasl sasl;

        fct_sasl_init(&sasl, scrams[i].mechanism, &config, scrams[i].plus_offered ? plus : 0,
                      scrams[i].facts ? &facts : NULL);
        assert_int_equal(step(&sasl, "", &out), 0);
        assert_string_equal(out.ptr, scrams[i].first);
        assert_false(fct_sasl_may_succeed(&sasl));
        assert_int_equal(step(&sasl, scrams[i].challenge, &out), 0);
        assert_string_equal(out.ptr, scrams[i].final);
        assert_false(fct_sasl_may_succeed(&sasl));
        assert_int_equal(step(&sasl, scrams[i].server, &out), 0);
        assert_int_equal(out.len, 0);
        assert_true(fct_sasl_may_succeed(&sasl));
        assert_int_equal(step(&sasl, "more", &out), FACTEUR_EAUTH);
        fct_buf_done(&out);
        fct_sasl_done(&sasl);
    }
    config_done(&config);
}

/* Made with Python's hashlib, of the prepared strings (RFC 4013). */
static const struct {
    const char *username, *password, *first, *final;
} prepared[] = {
    /* U+00AA and U+2168 have compatibility forms, U+00AD is mapped to nothing. */
    {"u\xc2\xaa",
     "p\xe2\x85\xa8\xc2\xad"
     "e\xcc\x81",
     "n,,n=ua,r=" NONCE, "c=biws,r=" NONCE "server,p=VF1STQEk1KI/ckUZx4KhRRCqDh4YsLoKAR5ET/ZwJOc="},
    {"ua", "pIX\xc3\xa9", "n,,n=ua,r=" NONCE,
     "c=biws,r=" NONCE "server,p=VF1STQEk1KI/ckUZx4KhRRCqDh4YsLoKAR5ET/ZwJOc="},
    /* Not UTF-8, with a control: as it is. */
    {"u=", "p\xff\x01", "n,,n=u=3D,r=" NONCE,
     "c=biws,r=" NONCE "server,p=QQNQmKXVs52gS4mNhsfej5bTZF9l6mD/1rakPNFnhuI="},
};

static void scram_compares_prepared_strings(void **state)
{
    for (size_t i = 0; i < sizeof(prepared) / sizeof(*prepared); i++) {
        struct fct_session_config config =
            config_with(prepared[i].username, prepared[i].password, NULL);
        fct_buf out = {0};
        fct_sasl sasl;

        fct_sasl_init(&sasl, FCT_MECHANISM_SCRAM_SHA_256, &config, 0, NULL);
        assert_int_equal(step(&sasl, "", &out), 0);
        assert_string_equal(out.ptr, prepared[i].first);
        assert_int_equal(step(&sasl, "r=" NONCE "server,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096", &out), 0);
        assert_string_equal(out.ptr, prepared[i].final);
        fct_sasl_done(&sasl);
        fct_buf_done(&out);
        config_done(&config);
    }
}

/* The server prepares what PLAIN and the others carry (RFC 4616 section 2): they get raw bytes. */
static void plain_carries_what_was_configured(void **state)
{
    struct fct_session_config config = config_with("u\xc2\xaa", "\xe2\x85\xa8", NULL);
    fct_buf out = {0};
    fct_sasl sasl;

    fct_sasl_init(&sasl, FCT_MECHANISM_PLAIN, &config, 0, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.ptr, "\0u\xc2\xaa\0\xe2\x85\xa8", 8);
    fct_sasl_done(&sasl);
    fct_buf_done(&out);
    config_done(&config);
}

static void hostile_scram(void **state)
{
    static const char *const seconds[] = {"",
                                          "r",
                                          "r=",
                                          "x=1",
                                          "e=unknown-user",
                                          "m=ext,r=" NONCE "x,s=c2FsdA==,i=4096",
                                          "r=other,s=c2FsdA==,i=4096",
                                          "r=" NONCE ",s=c2FsdA==,i=4096",
                                          "r=" NONCE "x y,s=c2FsdA==,i=4096",
                                          "r=" NONCE "\x7f,s=c2FsdA==,i=4096",
                                          "r:" NONCE "x,s=c2FsdA==,i=4096",
                                          "r=XX" NONCE "x,s=c2FsdA==,i=4096",
                                          "r=" NONCE "x,s=c2FsdA==,i=1",
                                          "r=" NONCE "x,s=c2FsdA==,i=4095",
                                          "r=" NONCE "x,s=c2FsdA==,i=1000001",
                                          "r=" NONCE "x,s=c2FsdA==,i=2147483648",
                                          "r=" NONCE "x,s=c2FsdA==,i=00004096",
                                          "r=" NONCE "x,s=c2FsdA==,i=4294971392",
                                          "r=" NONCE "x,s=c2FsdA==,i=-4096",
                                          "r=" NONCE "x,s=c2FsdA==,i=",
                                          "r=" NONCE "x,s=c2FsdA==,i=4096x",
                                          "r=" NONCE "x,i=4096",
                                          "r=" NONCE "x,s=,i=4096",
                                          "r=" NONCE "x,s=!!!!,i=4096",
                                          "r=" NONCE "\x7f,s=c2FsdA==,i=4096",
                                          "r=" NONCE "x,s=c2FsdA=="};
    static const char *const thirds[] = {"",
                                         "v=",
                                         "v=!!!!",
                                         "v=AAAA",
                                         "e=invalid-proof",
                                         "x=1",
                                         "v=HEkKjuYnD2+qNQ31gNjnWGknaZy13qCLS3sMYiNPa5B="};
    struct fct_session_config config = config_with("us,er", "pencil", NULL);

    for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        fct_buf out = {0};
        fct_sasl sasl;

        fct_sasl_init(&sasl, FCT_MECHANISM_SCRAM_SHA_256, &config, ALL, NULL);
        assert_int_equal(step(&sasl, "", &out), 0);
        assert_int_equal(step(&sasl, seconds[i], &out), FACTEUR_EAUTH);
        assert_non_null(sasl.problem);
        assert_false(fct_sasl_may_succeed(&sasl));
        fct_buf_done(&out);
        fct_sasl_done(&sasl);
    }
    for (size_t i = 0; i < sizeof(thirds) / sizeof(*thirds); i++) {
        fct_buf out = {0};
        fct_sasl sasl;

        fct_sasl_init(&sasl, FCT_MECHANISM_SCRAM_SHA_256, &config, ALL, NULL);
        assert_int_equal(step(&sasl, "", &out), 0);
        assert_int_equal(step(&sasl, scrams[0].challenge, &out), 0);
        assert_int_equal(step(&sasl, thirds[i], &out), FACTEUR_EAUTH);
        assert_false(fct_sasl_may_succeed(&sasl));
        fct_buf_done(&out);
        fct_sasl_done(&sasl);
    }
    config_done(&config);
}

static void a_password_with_nul_is_not_sent_by_plain(void **state)
{
    struct fct_session_config config = {.username = "u", .password = fct_secret_new("a\0b", 3)};
    fct_buf out = {0};
    fct_sasl sasl;

    fct_sasl_init(&sasl, FCT_MECHANISM_PLAIN, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), FACTEUR_EAUTH);
    fct_buf_done(&out);
    fct_sasl_done(&sasl);
    config_done(&config);
}

static void what_asks_for_a_login(void **state)
{
    struct fct_session_config config = {0};

    assert_false(fct_sasl_wanted(&config));
    config.auth = "PLAIN";
    assert_false(fct_sasl_wanted(&config));
    config.auth = "external";
    assert_true(fct_sasl_wanted(&config));
    config = config_with(NULL, NULL, "t");
    assert_true(fct_sasl_wanted(&config));
    config_done(&config);
    config.token = NULL;
    config.username = "u";
    assert_true(fct_sasl_wanted(&config));
}

/* Nothing is configured but the name: the other fields are empty, and said so. */
static void empty_fields(void **state)
{
    static const struct {
        enum fct_mechanism mechanism;
        const char *response;
        size_t len;
    } forms[] = {{FCT_MECHANISM_PLAIN, "\0u\0", 3},
                 {FCT_MECHANISM_OAUTHBEARER, "n,a=u,\1auth=Bearer \1\1", 21},
                 {FCT_MECHANISM_EXTERNAL, "u", 1}};
    struct fct_session_config config = config_with("u", NULL, NULL);
    struct fct_tls_facts unbound = {NULL, 0, NULL};

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        fct_buf out = {0};
        fct_sasl sasl;

        fct_sasl_init(&sasl, forms[i].mechanism, &config, ALL, &unbound);
        assert_false(sasl.binding_unoffered);
        assert_int_equal(step(&sasl, "", &out), 0);
        assert_int_equal(out.len, forms[i].len);
        assert_memory_equal(out.ptr, forms[i].response, out.len);
        /* Without a token there is no error of a token to be asked for. */
        assert_int_equal(step(&sasl, "{}", &out), FACTEUR_EAUTH);
        fct_buf_done(&out);
        fct_sasl_done(&sasl);
    }
}

static void a_token_is_one_field(void **state)
{
    struct fct_session_config config = config_with(NULL, NULL, "tok");
    fct_buf out = {0};
    fct_sasl sasl;

    fct_sasl_init(&sasl, FCT_MECHANISM_OAUTHBEARER, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "n,,\1auth=Bearer tok\1\1");
    fct_sasl_done(&sasl);
    fct_buf_clear(&out);
    config.host = "smtp.example.com";
    config.port = 587;
    fct_sasl_init(&sasl, FCT_MECHANISM_OAUTHBEARER, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "n,,\1host=smtp.example.com\1port=587\1auth=Bearer tok\1\1");
    fct_sasl_done(&sasl);
    fct_buf_clear(&out);
    config_done(&config);
    config = config_with("u", NULL, "a\1b");
    for (int i = FCT_MECHANISM_OAUTHBEARER; i <= FCT_MECHANISM_XOAUTH2; i++) {
        fct_sasl_init(&sasl, (enum fct_mechanism)i, &config, ALL, NULL);
        assert_int_equal(step(&sasl, "", &out), FACTEUR_EAUTH);
        assert_int_equal(out.len, 0);
        fct_sasl_done(&sasl);
    }
    fct_buf_done(&out);
    config_done(&config);
}

/* Where OpenSSL is bound to a provider that lacks the hash, the login ends before anything is sent.
 */
static void a_hash_that_openssl_lacks(void **state)
{
    static const enum fct_mechanism mechanisms[] = {FCT_MECHANISM_CRAM_MD5,
                                                    FCT_MECHANISM_SCRAM_SHA_256};
    struct fct_session_config config = config_with("us,er", "pencil", NULL);

    assert_int_equal(EVP_set_default_properties(NULL, "provider=none"), 1);
    for (int i = 0; i < 2; i++) {
        fct_buf out = {0};
        fct_sasl sasl;

        fct_sasl_init(&sasl, mechanisms[i], &config, 0, NULL);
        if (i == 1)
            assert_int_equal(step(&sasl, "", &out), 0);
        assert_int_equal(step(&sasl, i ? scrams[0].challenge : "<1@x.example>", &out),
                         FACTEUR_EAUTH);
        assert_non_null(strstr(sasl.problem, "OpenSSL does not provide"));
        fct_buf_done(&out);
        fct_sasl_done(&sasl);
    }
    EVP_set_default_properties(NULL, "");
    config_done(&config);
}

static void oauth_forms(void **state)
{
    struct fct_session_config config = config_with("a,b=c", NULL, "tok");
    fct_buf out = {0};
    fct_sasl sasl;

    fct_sasl_init(&sasl, FCT_MECHANISM_OAUTHBEARER, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "n,a=a=2Cb=3Dc,\1auth=Bearer tok\1\1");
    assert_int_equal(step(&sasl, "{}", &out), 0);
    assert_string_equal(out.ptr, "\1");
    assert_int_equal(step(&sasl, "{}", &out), FACTEUR_EAUTH);
    fct_sasl_done(&sasl);
    fct_sasl_init(&sasl, FCT_MECHANISM_XOAUTH2, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "user=a,b=c\1auth=Bearer tok\1\1");
    assert_int_equal(step(&sasl, "{}", &out), 0);
    assert_int_equal(out.len, 0);
    fct_sasl_done(&sasl);
    fct_buf_done(&out);
    config_done(&config);
}

/* RFC 4616, RFC 5802 section 5.1, RFC 7628 section 3.1; LOGIN and its like have no place for it. */
static void another_identity_is_named(void **state)
{
    struct fct_session_config config = config_with("u", "p", NULL);
    unsigned weak = 1u << FCT_MECHANISM_LOGIN | 1u << FCT_MECHANISM_CRAM_MD5;
    fct_buf out = {0};
    fct_sasl sasl;

    config.authzid = "a,b=c";
    assert_int_equal(fct_sasl_choose(&config, weak, true), -1);
    assert_int_equal(fct_sasl_choose(&config, weak | 1u << FCT_MECHANISM_PLAIN, true),
                     FCT_MECHANISM_PLAIN);
    fct_sasl_init(&sasl, FCT_MECHANISM_PLAIN, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_int_equal(out.len, 9);
    assert_memory_equal(out.ptr, "a,b=c\0u\0p", 9);
    fct_sasl_done(&sasl);
    fct_sasl_init(&sasl, FCT_MECHANISM_SCRAM_SHA_256, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "n,a=a=2Cb=3Dc,n=u,r=" NONCE);
    /* The header comes again as channel-binding data: c=base64("n,a=a=2Cb=3Dc,"). */
    assert_int_equal(step(&sasl, "r=" NONCE "x,s=MDEyMzQ1Njc4OXNhbHQ=,i=4096", &out), 0);
    assert_int_equal(memcmp(out.ptr, "c=bixhPWE9MkNiPTNEYyw=,r=", 25), 0);
    fct_sasl_done(&sasl);
    config_done(&config);
    config = config_with("u", NULL, "tok");
    config.authzid = "v";
    assert_int_equal(fct_sasl_choose(&config, 1u << FCT_MECHANISM_XOAUTH2, true), -1);
    fct_sasl_init(&sasl, FCT_MECHANISM_OAUTHBEARER, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "n,a=v,\1auth=Bearer tok\1\1");
    fct_sasl_done(&sasl);
    fct_sasl_init(&sasl, FCT_MECHANISM_EXTERNAL, &config, ALL, NULL);
    assert_int_equal(step(&sasl, "", &out), 0);
    assert_string_equal(out.ptr, "v");
    fct_sasl_done(&sasl);
    fct_buf_done(&out);
    config_done(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_that_both_know),
        cmocka_unit_test(scram_agrees_with_another),
        cmocka_unit_test(scram_compares_prepared_strings),
        cmocka_unit_test(plain_carries_what_was_configured),
        cmocka_unit_test(hostile_scram),
        cmocka_unit_test(a_password_with_nul_is_not_sent_by_plain),
        cmocka_unit_test(what_asks_for_a_login),
        cmocka_unit_test(empty_fields),
        cmocka_unit_test(a_token_is_one_field),
        cmocka_unit_test(oauth_forms),
        cmocka_unit_test(another_identity_is_named),
        cmocka_unit_test(a_hash_that_openssl_lacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
