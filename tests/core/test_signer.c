/* SPDX-License-Identifier: MIT */
/* mailer/: the options dkim and smime, their errors, and when a mail is signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/plan.h"
#include "mime/message.h"
#include "support/certificates.h"

#include <openssl/pem.h>

/* RFC 8463 appendix A.1, the seed as PKCS #8. */
#define KEY                                                                                        \
    "\"-----BEGIN PRIVATE KEY-----\\n"                                                             \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\\n"                          \
    "-----END PRIVATE KEY-----\\n\""
#define NAMES "\"domain\":\"example.com\",\"selector\":\"s1\""
#define GOOD "[{" NAMES ",\"key\":" KEY "}]"

static int open_with(const char *name, const char *json, const char *mode, facteur_mailer **out,
                     facteur_error **error)
{
    const char *names[] = {name, "mode", "redirect_to"};
    const char *values[] = {json, mode, "test@example.net"};

    return facteur_mailer_new("memory://", names, values, mode ? 3 : 1, out, error);
}

static facteur_message *make_message(void)
{
    static const char *const fields[][2] = {{"from", "shop@example.com"},
                                            {"to", "ana@example.org"},
                                            {"subject", "Order 42"},
                                            {"list_unsubscribe", "https://example.com/u"},
                                            {"text", "Thank you.\n"}};
    facteur_message *message = facteur_message_new();

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_int_equal(
            facteur_message_set(message, fields[i][0], fields[i][1], FACTEUR_NTS, NULL), 0);
    return message;
}

static void every_error_tells_its_place(void **state)
{
    static const struct {
        const char *option, *json, *where, *text;
    } rows[] = {
        {"dkim", "{", "dkim", "is not JSON"},
        {"dkim", "[]", "dkim", "a list of 1 to 16"},
        {"dkim", "[7]", "dkim[0]", "expected an object"},
        {"dkim", "[{" NAMES ",\"key\":" KEY "},{}]", "dkim[1].domain", "missing"},
        {"dkim", "[{\"domain\":\"a b\",\"selector\":\"s\",\"key\":" KEY "}]", "dkim[0].domain", ""},
        {"dkim", "[{\"domain\":\"a.example\",\"selector\":\"s;t\",\"key\":" KEY "}]",
         "dkim[0].selector", "letters, digits"},
        {"dkim", "[{" NAMES "}]", "dkim[0].key", "missing"},
        {"dkim", "[{" NAMES ",\"key\":" KEY ",\"key_file\":\"/x\"}]", "dkim[0].key", "only one"},
        {"dkim", "[{" NAMES ",\"key\":\"x\"}]", "dkim[0].key", "not a private key"},
        {"dkim", "[{" NAMES ",\"key\":" KEY ",\"identity\":\"@else.example\"}]", "dkim[0].identity",
         "neither"},
        {"dkim", "[{" NAMES ",\"key\":" KEY ",\"expires_after\":-1}]", "dkim[0].expires_after",
         "whole seconds"},
        {"dkim", "[{" NAMES ",\"key\":" KEY ",\"skip_headers\":[\"FROM\"]}]",
         "dkim[0].skip_headers", "always signed"},
        {"dkim", "[{" NAMES ",\"key_fil\":\"/x\"}]", "dkim[0].key_fil", "did you mean key_file?"},
        {"smime", "{}", "smime", "sign, encrypt or both"},
        {"smime", "{\"sign\":{}}", "smime.sign.certificate", "missing"},
        {"smime", "{\"encrypt\":{}}", "smime.encrypt.recipients", "missing"},
        {"smime", "{\"encrypt\":{\"recipients\":[{\"certificate\":\"x\"}]}}",
         "smime.encrypt.recipients[0].certificate", "not a certificate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        facteur_mailer *mailer = NULL;
        facteur_error *error = NULL;

        assert_int_equal(open_with(rows[i].option, rows[i].json, NULL, &mailer, &error),
                         FACTEUR_ECONFIG);
        assert_null(mailer);
        assert_string_equal(facteur_error_where(error), rows[i].where);
        if (!strstr(facteur_error_message(error), rows[i].text))
            fail_msg("%s", facteur_error_message(error));
        assert_null(strstr(facteur_error_message(error), "MC4CAQAw"));
        facteur_error_free(error);
    }
}

static char *captured(facteur_mailer *mailer, size_t index)
{
    char *bytes = NULL, *json = NULL;
    size_t len;

    assert_int_equal(facteur_captured(mailer, index, &bytes, &len, &json, NULL), 0);
    facteur_free(json);
    return bytes;
}

static void send_it(facteur_mailer *mailer, facteur_message *message)
{
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    if (facteur_send(mailer, message, 0, &receipt, &error))
        fail_msg("%s", facteur_error_message(error));
    assert_string_equal(facteur_receipt_status_name(receipt), "sent");
    facteur_receipt_free(receipt);
}

static void a_message_is_signed_once(void **state)
{
    facteur_message *message = make_message();
    facteur_mailer *mailer = NULL;
    char *first, *second;

    (void)state;
    assert_int_equal(open_with("dkim", GOOD, NULL, &mailer, NULL), 0);
    send_it(mailer, message);
    send_it(mailer, message);
    first = captured(mailer, 0);
    second = captured(mailer, 1);
    assert_string_equal(first, second);
    assert_memory_equal(first, "DKIM-Signature: v=1;", 20);
    assert_non_null(strstr(first, "h=from:from:"));
    assert_non_null(strstr(first, "list-unsubscribe:"));
    assert_non_null(strstr(first, "list-unsubscribe-post;"));
    facteur_free(first);
    facteur_free(second);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
}

/* The sealed mail stays with its message until another mail is made of it. */
static void what_was_sealed_is_kept(void **state)
{
    static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};
    const char *name = "dkim", *value = GOOD;
    facteur_message *message = make_message();
    fct_mail *first = NULL, *second, *frozen;
    fct_plan plan;

    (void)state;
    assert_int_equal(fct_plan_init(&plan, "memory://", &name, &value, 1, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &frozen, NULL), 0);
    first = fct_mail_ref(frozen);
    assert_int_equal(fct_signer_seal(plan.signer, message, &first, NULL), 0);
    assert_ptr_not_equal(first, frozen);
    second = fct_mail_ref(frozen);
    assert_int_equal(fct_signer_seal(plan.signer, message, &second, NULL), 0);
    assert_ptr_equal(first, second);
    fct_mail_unref(second);
    fct_mail_unref(frozen);
    assert_int_equal(facteur_message_add_recipient(message, "bo@example.org", FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(fct_message_freeze(message, &facts, &frozen, NULL), 0);
    second = fct_mail_ref(frozen);
    assert_int_equal(fct_signer_seal(plan.signer, message, &second, NULL), 0);
    assert_ptr_not_equal(first, second);
    fct_mail_unref(first);
    fct_mail_unref(second);
    fct_mail_unref(frozen);
    facteur_message_free(message);
    fct_plan_done(&plan);
}

static void an_unreadable_key_stops_the_mail(void **state)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;

    (void)state;
    assert_int_equal(
        open_with("dkim", "[{" NAMES ",\"key_file\":\"/nonexistent/k\"}]", NULL, &mailer, NULL), 0);
    assert_int_equal(facteur_send(mailer, message, 0, &receipt, &error), FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_where(error), "dkim[0].key_file");
    assert_int_equal(facteur_captured_count(mailer), 0);
    facteur_error_free(error);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
}

/* A key in a file of its own, under a passphrase; `path` holds 64 bytes. */
static void write_locked_key(const struct certificate *made, const char *passphrase, char *path)
{
    FILE *file;
    int fd;

    snprintf(path, 64, "/tmp/facteur-key-XXXXXX");
    fd = mkstemp(path);
    file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, made->key, EVP_aes_256_cbc(), passphrase,
                                               (int)strlen(passphrase), NULL, NULL),
                     1);
    fclose(file);
}

/* 0 when a mail was signed so, or the error. */
static int sign_with(const char *option, const char *format, const char *paths[2],
                     const char *passphrase)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    char json[400];
    int code;

    snprintf(json, sizeof json, format, paths[0], paths[1], passphrase);
    code = open_with(option, json, NULL, &mailer, &error);
    if (!code)
        code = facteur_send(mailer, message, 0, &receipt, &error);
    facteur_error_free(error);
    facteur_receipt_free(receipt);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
    return code;
}

static void a_locked_key_needs_its_passphrase(void **state)
{
    static const char *const formats[][2] = {
        {"dkim",
         "[{\"skip_headers\":[\"%s\"]," NAMES ",\"key_file\":\"%s\",\"passphrase\":\"%s\"}]"},
        {"smime",
         "{\"sign\":{\"certificate_file\":\"%s\",\"key_file\":\"%s\",\"passphrase\":\"%s\"}}"},
    };
    struct certificate made =
        certificate_make(&(struct certificate_plan){.name = "shop",
                                                    .san = "email:shop@example.com",
                                                    .from_days = -1,
                                                    .to_days = 2,
                                                    .rsa_bits = 2048});
    char certificate[64], key[64];

    (void)state;
    certificate_write(&made, false, certificate);
    write_locked_key(&made, "open sesame", key);
    for (size_t i = 0; i < 2; i++) {
        const char *paths[2] = {i ? certificate : "x-skipped", key};

        assert_int_equal(sign_with(formats[i][0], formats[i][1], paths, "open sesame"), 0);
        assert_int_equal(sign_with(formats[i][0], formats[i][1], paths, "open sesam"),
                         FACTEUR_ECONFIG);
        assert_int_equal(sign_with(formats[i][0], formats[i][1], paths, ""), FACTEUR_ECONFIG);
    }
    unlink(certificate);
    unlink(key);
    certificate_free(&made);
}

#define PEM                                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"                           \
    "-----END PRIVATE KEY-----\n"
#define ASKED "[{" NAMES ",\"key_callback\":true}]"

struct keys {
    const char *pem, *sentence;
    size_t len;
    int result, given;
    unsigned asked;
};

static int give_key(void *user, const char *domain, const char *selector, facteur_key *key)
{
    struct keys *keys = user;

    keys->asked++;
    assert_string_equal(domain, "example.com");
    assert_string_equal(selector, "s1");
    if (keys->pem)
        keys->given = facteur_key_give(key, keys->pem, keys->len);
    if (keys->sentence)
        facteur_key_fail(key, keys->sentence);
    return keys->result;
}

/* Sends; the error's message into `told` when there is one. */
static int send_with_keys(facteur_mailer *mailer, char told[300])
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int err = facteur_send(mailer, message, 0, &receipt, &error);

    *told = '\0';
    if (err) {
        snprintf(told, 300, "%s", facteur_error_message(error));
        assert_memory_equal(facteur_error_where(error), "dkim[0].key", 11);
    }
    facteur_error_free(error);
    facteur_receipt_free(receipt);
    facteur_message_free(message);
    return err;
}

/* Once for each mailer: the key stays. */
static void a_callback_gives_the_key(void **state)
{
    struct keys keys = {.pem = PEM, .len = FACTEUR_NTS};
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    char *first, told[300];

    (void)state;
    assert_int_equal(open_with("dkim", ASKED, NULL, &mailer, NULL), 0);
    assert_int_equal(facteur_mailer_set_key_source(mailer, give_key, &keys, NULL), 0);
    assert_int_equal(send_with_keys(mailer, told), 0);
    assert_int_equal(send_with_keys(mailer, told), 0);
    assert_int_equal(keys.asked, 1);
    first = captured(mailer, 1);
    assert_memory_equal(first, "DKIM-Signature: v=1;", 20);
    facteur_free(first);
    facteur_mailer_free(mailer);
    assert_int_equal(open_with("dkim", GOOD, NULL, &mailer, NULL), 0);
    assert_int_equal(facteur_mailer_set_key_source(mailer, give_key, &keys, &error),
                     FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_message(error),
                        "no signature of this mailer has key_callback");
    facteur_error_free(error);
    facteur_mailer_free(mailer);
}

static void a_callback_without_a_key_is_told(void **state)
{
    static char large[65537 + 1];
    struct {
        struct keys keys;
        int given;
        const char *told;
    } rows[] = {
        {{0}, 0, "the callback gave no key"},
        {{.pem = PEM, .len = FACTEUR_NTS, .result = -1}, 0, "the callback gave no key"},
        {{.sentence = "the vault is closed"}, 0, "the vault is closed"},
        {{.pem = "", .len = 0}, FACTEUR_ECONFIG, "the callback gave no key"},
        {{.pem = "", .len = FACTEUR_NTS}, FACTEUR_ECONFIG, "the callback gave no key"},
        {{.pem = large, .len = 65537}, FACTEUR_ECONFIG, "the callback gave no key"},
        {{.pem = large, .len = 65536}, 0, "is not a private key"},
        {{.pem = PEM, .len = 20}, 0, "is not a private key"},
    };

    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_mailer *mailer = NULL;
        char told[300];

        assert_int_equal(open_with("dkim", ASKED, NULL, &mailer, NULL), 0);
        assert_int_equal(facteur_mailer_set_key_source(mailer, give_key, &rows[i].keys, NULL), 0);
        assert_int_equal(send_with_keys(mailer, told), FACTEUR_ECONFIG);
        assert_int_equal(rows[i].keys.given, rows[i].given);
        if (!strstr(told, rows[i].told))
            fail_msg("row %zu: %s", i, told);
        assert_int_equal(facteur_captured_count(mailer), 0);
        facteur_mailer_free(mailer);
    }
}

static void a_mailer_without_its_callback_sends_nothing(void **state)
{
    facteur_mailer *mailer = NULL;
    char told[300];

    (void)state;
    assert_int_equal(open_with("dkim", ASKED, NULL, &mailer, NULL), 0);
    assert_int_equal(send_with_keys(mailer, told), FACTEUR_ECONFIG);
    assert_non_null(strstr(told, "facteur_mailer_set_key_source()"));
    facteur_mailer_free(mailer);
}

/* What is skipped is not signed, whatever its case; the rest is. */
static void skipped_headers_are_not_signed(void **state)
{
    facteur_message *message = make_message();
    facteur_mailer *mailer = NULL;
    char *bytes;

    (void)state;
    assert_int_equal(open_with("dkim",
                               "[{" NAMES ",\"key\":" KEY
                               ",\"skip_headers\":[\"SUBJECT\",\"list-unsubscribe\"]}]",
                               NULL, &mailer, NULL),
                     0);
    send_it(mailer, message);
    bytes = captured(mailer, 0);
    assert_null(strstr(bytes, "subject:"));
    assert_null(strstr(bytes, "list-unsubscribe:"));
    assert_non_null(strstr(bytes, "list-unsubscribe-post"));
    assert_non_null(strstr(bytes, "h=from:from:"));
    facteur_free(bytes);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
}

static void a_redirected_mail_is_signed(void **state)
{
    facteur_message *message = make_message();
    facteur_mailer *mailer = NULL;
    char *bytes;

    (void)state;
    assert_int_equal(open_with("dkim", GOOD, "redirect", &mailer, NULL), 0);
    send_it(mailer, message);
    bytes = captured(mailer, 0);
    assert_non_null(strstr(bytes, "DKIM-Signature: v=1;"));
    facteur_free(bytes);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_tells_its_place),
        cmocka_unit_test(a_message_is_signed_once),
        cmocka_unit_test(what_was_sealed_is_kept),
        cmocka_unit_test(an_unreadable_key_stops_the_mail),
        cmocka_unit_test(a_locked_key_needs_its_passphrase),
        cmocka_unit_test(a_callback_gives_the_key),
        cmocka_unit_test(a_callback_without_a_key_is_told),
        cmocka_unit_test(a_mailer_without_its_callback_sends_nothing),
        cmocka_unit_test(skipped_headers_are_not_signed),
        cmocka_unit_test(a_redirected_mail_is_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
