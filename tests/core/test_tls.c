/* SPDX-License-Identifier: MIT */
/* net/tls: a client and OpenSSL's server joined by memory, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/x509v3.h>
#include <cmocka.h>

#include "base/memory.h"
#include "net/tls_context.h"
#include "support/tls_pair.h"

static void use_at_exit(void)
{
    _exit(fct_tls_usable() ? 0 : 1);
}

/* In a process that has not used OpenSSL before: the clean-up that it registers must come last. */
static void tls_is_usable_until_what_came_later_is_done(void **state)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        if (!fct_tls_usable() || atexit(use_at_exit) != 0)
            _exit(2);
        SSL_CTX_free(SSL_CTX_new(TLS_client_method()));
        exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void bytes_pass_in_any_split(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    fct_slice slices[3] = {FCT_SLICE("MAIL FROM:<a@b>\r\n"), FCT_SLICE(""), FCT_SLICE("DATA\r\n")};

    for (size_t step = 1; step < 5000; step = step * 5 + 1) {
        struct pair pair;
        fct_buf got = {0};
        char bytes[64];
        size_t taken = 0;

        pair_start(&pair, context, server);
        assert_true(shake(&pair, step));
        assert_string_equal(fct_tls_version(pair.client), "TLSv1.3");
        assert_int_equal(fct_tls_write(pair.client, slices, 3, &taken), 0);
        assert_int_equal(taken, 23);
        to_server(&pair);
        /* One record: gathered slices come out of one read. */
        assert_int_equal(SSL_read(pair.server, bytes, sizeof bytes), 23);
        assert_memory_equal(bytes, "MAIL FROM:<a@b>\r\nDATA\r\n", 23);
        SSL_write(pair.server, "250 ok\r\n", 8);
        to_client(&pair, step, &got);
        assert_string_equal(got.ptr, "250 ok\r\n");
        fct_buf_done(&got);
        pair_end(&pair);
    }
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void ciphertext_ahead_is_bounded(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    static char big[1 << 20], back[16384];
    fct_slice slices[2] = {{"x", 1}, {big, sizeof big}};
    size_t taken = 0, received = 0;
    struct pair pair;

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 251);
    pair_start(&pair, context, server);
    assert_true(shake(&pair, 4096));
    while (received < sizeof big + 1) {
        int n;

        assert_int_equal(fct_tls_write(pair.client, slices, 2, &taken), 0);
        assert_in_range(fct_tls_output(pair.client).len, 1, 65536 + 16384 + 256);
        to_server(&pair);
        while ((n = SSL_read(pair.server, back, sizeof back)) > 0) {
            if (received == 0)
                assert_memory_equal(back + 1, big, (size_t)n - 1);
            else
                assert_memory_equal(back, big + received - 1, (size_t)n);
            received += (size_t)n;
        }
    }
    assert_int_equal(taken, sizeof big + 1);
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

/* A way to the server that takes so many bytes. */
struct narrow {
    struct pair *pair;
    size_t room;
    int calls;
};

static size_t send_narrow(void *user, const char *bytes, size_t len)
{
    struct narrow *narrow = user;
    size_t gone = len < narrow->room ? len : narrow->room;

    narrow->calls++;
    narrow->room -= gone;
    if (gone)
        BIO_write(SSL_get_rbio(narrow->pair->server), bytes, (int)gone);
    return gone;
}

static void server_reads(struct pair *pair, fct_slice expected)
{
    static char back[16384];
    int n;

    while ((n = SSL_read(pair->server, back, sizeof back)) > 0) {
        assert_in_range(n, 1, expected.len);
        assert_memory_equal(back, expected.ptr, (size_t)n);
        expected.ptr += n;
        expected.len -= (size_t)n;
    }
    assert_int_equal(expected.len, 0);
}

/* Only the last record goes directly, only behind all others, and what does not go waits. */
static void a_last_record_goes_directly(void **state)
{
    static char text[40001];
    static const size_t lengths[] = {1, 100, 16384, 16385, 40000};
    static const size_t rooms[] = {0, 1, 50, SIZE_MAX};
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    struct pair pair;
    struct narrow narrow = {.pair = &pair};

    pair_start(&pair, context, server);
    fct_tls_send_by(pair.client, send_narrow, &narrow);
    assert_true(shake(&pair, 4096));
    assert_int_equal(narrow.calls, 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t k = 0; k < sizeof rooms / sizeof *rooms; k++) {
            fct_slice slices[2] = {{text, 1}, {text + 1, lengths[i] - 1}};
            size_t taken = 0;
            bool waits;

            for (size_t n = 0; n < sizeof text; n++)
                text[n] = (char)(n * 7 + n / 251);
            narrow.calls = 0;
            narrow.room = rooms[k];
            assert_int_equal(fct_tls_write(pair.client, slices, 2, &taken), 0);
            assert_int_equal(taken, lengths[i]);
            assert_int_equal(narrow.calls, lengths[i] <= 16384 ? 1 : 0);
            if (narrow.calls && rooms[k] == SIZE_MAX)
                assert_int_equal(fct_tls_output(pair.client).len, 0);
            /* A further record goes behind what waits. */
            waits = fct_tls_output(pair.client).len > 0;
            narrow.calls = 0;
            narrow.room = SIZE_MAX;
            taken = 0;
            assert_int_equal(fct_tls_write(pair.client, slices, 1, &taken), 0);
            assert_int_equal(narrow.calls, waits ? 0 : 1);
            to_server(&pair);
            text[lengths[i]] = text[0];
            server_reads(&pair, (fct_slice){text, lengths[i] + 1});
        }
    }
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void expect_refused(const struct fct_tls_config *config, const char *host,
                           const struct certificate *certificate, const char *sentence)
{
    fct_tls_context *context = client_context(config, host);
    SSL_CTX *server = server_context(certificate);
    struct pair pair;

    pair_start(&pair, context, server);
    assert_false(shake(&pair, 4096));
    assert_int_equal(pair.error, FACTEUR_ETLS);
    if (!strstr(fct_tls_message(pair.client), sentence))
        fail_msg("\"%s\" has no \"%s\"", fct_tls_message(pair.client), sentence);
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void expect_accepted(const struct fct_tls_config *config, const char *host,
                            const struct certificate *certificate)
{
    fct_tls_context *context = client_context(config, host);
    SSL_CTX *server = server_context(certificate);
    struct pair pair;

    pair_start(&pair, context, server);
    if (!shake(&pair, 4096))
        fail_msg("refused: %s", fct_tls_message(pair.client));
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

#define EIGHTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void each_bad_certificate_has_its_sentence(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    struct {
        struct certificate_plan plan;
        const char *sentence;
    } rows[] = {
        {{HOST, "DNS:other.example.com", NULL, -1, 30, 0, NULL, false, &ca},
         "the certificate of mail.example.com is for other.example.com"},
        {{HOST, NULL, NULL, -1, 30, 0, NULL, false, &ca}, "has no subjectAltName"},
        {{HOST, "DNS:ma*.example.com", NULL, -1, 30, 0, NULL, false, &ca},
         "is for ma*.example.com"},
        {{HOST, "DNS:*.com", NULL, -1, 30, 0, NULL, false, &ca}, "is for *.com"},
        {{HOST, "DNS:a.x,DNS:b.x,DNS:c.x,DNS:d.x", NULL, -1, 30, 0, NULL, false, &ca},
         "is for a.x, b.x, c.x, d.x: if"},
        {{HOST, "DNS:a.x,DNS:b.x,DNS:c.x,DNS:d.x,IP:192.0.2.1", NULL, -1, 30, 0, NULL, false, &ca},
         "is for a.x, b.x, c.x, d.x and others: if"},
        {{HOST, "email:a@b.x,IP:2001:db8::7,DNS:a.x", NULL, -1, 30, 0, NULL, false, &ca},
         "is for 2001:db8::7, a.x: if"},
        {{HOST, "email:a@b.x", NULL, -1, 30, 0, NULL, false, &ca}, "has no subjectAltName"},
        {{HOST, "DNS:" EIGHTY ".example.com", NULL, -1, 30, 0, NULL, false, &ca},
         "is for " EIGHTY ": if"},
        {{HOST, "DNS:" HOST, NULL, -30, -2, 0, NULL, false, &ca}, "expired on 20"},
        {{HOST, "DNS:" HOST, NULL, 2, 30, 0, NULL, false, &ca}, "is valid only from 20"},
        {{HOST, "DNS:" HOST, NULL, -1, 30, 0, NULL, false, NULL}, "is self-signed"},
        {{HOST, "DNS:" HOST, "clientAuth", -1, 30, 0, NULL, false, &ca}, "not issued for servers"},
        {{HOST, "DNS:" HOST, NULL, -1, 30, 1024, NULL, false, &ca}, "too weak"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct certificate bad = certificate_make(&rows[i].plan);

        expect_refused(&config, HOST, &bad, rows[i].sentence);
        certificate_free(&bad);
    }
    expect_refused(&config, "192.0.2.8", &good, "is for mail.example.com, 192.0.2.7");
    expect_refused(&(struct fct_tls_config){0}, HOST, &good,
                   "Test Authority, which is not trusted");
}

/* Nothing is bound to a channel that is not there yet. */
static void a_binding_comes_with_the_handshake(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    const char *name = "unset";
    struct pair pair;
    fct_slice binding;

    pair_start(&pair, context, server);
    binding = fct_tls_binding(pair.client, &name);
    assert_null(binding.ptr);
    assert_int_equal(binding.len, 0);
    assert_null(name);
    assert_true(shake(&pair, 4096));
    binding = fct_tls_binding(pair.client, &name);
    assert_int_equal(binding.len, 32);
    assert_string_equal(name, "tls-exporter");
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void a_name_with_a_nul_is_another_name(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    struct certificate bad = issued(NULL);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    ASN1_STRING_set(text, HOST "\0.evil ~\x1f\x7f\x80", sizeof HOST + 10);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, name);
    X509_add1_ext_i2d(bad.x509, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE);
    X509_sign(bad.x509, ca.key, EVP_sha256());
    GENERAL_NAMES_free(names);
    expect_refused(&config, HOST, &bad, "is for mail.example.com?.evil ~???: if");
    certificate_free(&bad);
}

/* SNI has room for 255 octets, and without the name another certificate may come. */
static void a_name_too_long_for_sni_is_not_left_out(void **state)
{
    char name[257];
    fct_tls_context *context;
    fct_tls *tls;

    for (size_t len = 255; len <= 256; len++) {
        memset(name, 'a', len);
        name[len] = '\0';
        context = client_context(&(struct fct_tls_config){.ca_file = ca_path}, name);
        tls = fct_tls_new(context);
        assert_int_equal(tls != NULL, len == 255);
        fct_tls_free(tls);
        fct_tls_context_free(context);
    }
}

static void names_addresses_and_wildcards_are_accepted(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    struct certificate wild = issued("DNS:*.example.com");

    expect_accepted(&config, HOST, &good);
    expect_accepted(&config, "192.0.2.7", &good);
    expect_accepted(&config, HOST, &wild);
    expect_accepted(&(struct fct_tls_config){.ca_file = ca_path, .name = HOST}, "10.0.0.1", &good);
    expect_accepted(&(struct fct_tls_config){.no_verify = true}, "wrong.example", &good);
    certificate_free(&wild);
}

static void a_pin_stands_for_the_chain(void **state)
{
    struct certificate self = certificate_make(
        &(struct certificate_plan){.name = "anything", .from_days = -30, .to_days = -2});
    char pin[64], other[64], both[140];

    spki_pin(&self, pin);
    spki_pin(&good, other);
    snprintf(both, sizeof both, "%s, sha256//%s", other, pin);
    expect_accepted(&(struct fct_tls_config){.pin_sha256 = pin}, HOST, &self);
    expect_accepted(&(struct fct_tls_config){.pin_sha256 = both}, HOST, &self);
    expect_refused(&(struct fct_tls_config){.pin_sha256 = other}, HOST, &self, "pin_sha256");
    expect_refused(&(struct fct_tls_config){.pin_sha256 = other, .no_verify = true}, HOST, &self,
                   "pin_sha256");
    /* With ca_file both must hold. */
    expect_refused(&(struct fct_tls_config){.pin_sha256 = pin, .ca_file = ca_path}, HOST, &self,
                   "the certificate of");
    expect_accepted(&(struct fct_tls_config){.pin_sha256 = other, .ca_file = ca_path}, HOST, &good);
    certificate_free(&self);
}

static void old_protocols_are_refused(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    struct pair pair;

    SSL_CTX_set_max_proto_version(server, TLS1_1_VERSION);
    pair_start(&pair, context, server);
    assert_false(shake(&pair, 4096));
    assert_non_null(strstr(fct_tls_message(pair.client), "TLS 1.2 or later"));
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void clear_text_is_told_from_tls(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    static const struct {
        const char *text;
        bool clear;
    } rows[] = {{"220 hello\r\n", true},   {" 220 hello", true},  {"~220 hello", true},
                {"\r\n220 hello", true},   {"\n220 hello", true}, {"\x1f is no text", false},
                {"\x7f is no text", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_tls *tls = fct_tls_new(context);

        assert_int_equal(fct_tls_handshake(tls), 0);
        fct_tls_feed(tls, rows[i].text, strlen(rows[i].text));
        assert_int_equal(fct_tls_handshake(tls), FACTEUR_ETLS);
        assert_int_equal(strstr(fct_tls_message(tls), "TLS mode mismatch") != NULL, rows[i].clear);
        fct_tls_free(tls);
    }
    fct_tls_context_free(context);
}

static void sessions_are_resumed(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        fct_tls_context *context = client_context(&config, HOST);
        fct_tls_context *other = client_context(&config, HOST);
        SSL_CTX *server = server_context(&good);

        SSL_CTX_set_max_proto_version(server, version);
        for (int i = 0; i < 4; i++) {
            struct pair pair;
            const char *name;

            pair_start(&pair, i == 3 ? other : context, server);
            assert_true(shake(&pair, 4096));
            assert_int_equal(fct_tls_resumed(pair.client), i == 1 || i == 2);
            assert_int_equal(fct_tls_binding(pair.client, &name).len,
                             version == TLS1_3_VERSION ? 32 : 12);
            assert_string_equal(name, version == TLS1_3_VERSION ? "tls-exporter" : "tls-unique");
            pair_end(&pair);
        }
        SSL_CTX_free(server);
        fct_tls_context_free(context);
        fct_tls_context_free(other);
    }
}

/* A ticket serves one connection: the newest are kept, and each is used once. */
static void a_shower_of_tickets_is_bounded(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    struct pair pair;

    SSL_CTX_set_num_tickets(server, FCT_TLS_SESSIONS + 4);
    for (int i = 0; i <= FCT_TLS_SESSIONS + 1; i++) {
        pair_start(&pair, context, server);
        assert_true(shake(&pair, 4096));
        assert_int_equal(fct_tls_resumed(pair.client), i > 0 && i <= FCT_TLS_SESSIONS);
        pair_end(&pair);
        SSL_CTX_set_num_tickets(server, 0);
    }
    /* Some are left when the context goes. */
    SSL_CTX_set_num_tickets(server, 2);
    pair_start(&pair, context, server);
    assert_true(shake(&pair, 4096));
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void both_sides_compute_the_same_binding(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    unsigned char theirs[32];
    struct pair pair;
    const char *name;
    fct_slice ours;

    pair_start(&pair, context, server);
    assert_true(shake(&pair, 4096));
    ours = fct_tls_binding(pair.client, &name);
    assert_int_equal(SSL_export_keying_material(pair.server, theirs, 32, "EXPORTER-Channel-Binding",
                                                24, (const unsigned char *)"", 0, 1),
                     1);
    assert_memory_equal(ours.ptr, theirs, 32);
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void a_flood_of_key_updates_ends(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    struct pair pair;
    int rounds = 0;

    pair_start(&pair, context, server);
    assert_true(shake(&pair, 4096));
    while (pair.error == 0 && rounds++ < 10000) {
        char byte;

        SSL_key_update(pair.server, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(pair.server);
        to_client(&pair, 4096, NULL);
        to_server(&pair);
        SSL_read(pair.server, &byte, 1);
    }
    assert_int_equal(pair.error, FACTEUR_ETLS);
    assert_in_range(rounds, 2, 100);
    assert_non_null(strstr(fct_tls_message(pair.client), "floods"));
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

static void close_notify_is_the_end(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);
    SSL_CTX *server = server_context(&good);
    struct pair pair;
    char bytes[4096], clear[64];
    bool ended = false;
    int len;

    pair_start(&pair, context, server);
    assert_true(shake(&pair, 4096));
    SSL_write(pair.server, "250 ok\r\n", 8);
    SSL_shutdown(pair.server);
    len = BIO_read(SSL_get_wbio(pair.server), bytes, sizeof bytes);
    fct_tls_feed(pair.client, bytes, (size_t)len);
    assert_int_equal(fct_tls_read(pair.client, clear, sizeof clear, &ended), 8);
    assert_int_equal(fct_tls_read(pair.client, clear, sizeof clear, &ended), 0);
    assert_true(ended);
    fct_tls_end(pair.client);
    to_server(&pair);
    assert_int_equal(SSL_shutdown(pair.server), 1);
    pair_end(&pair);
    SSL_CTX_free(server);
    fct_tls_context_free(context);
}

/* Every TLS record of a first flight begins with 20 to 23; text with what can be printed. */
static void the_first_octet_tells_text_from_tls(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    fct_tls_context *context = client_context(&config, HOST);

    for (int i = 0; i < 256; i++) {
        fct_tls *tls = fct_tls_new(context);
        char byte = (char)i;
        bool text = (i >= ' ' && i < 0x7f) || i == '\r' || i == '\n';

        assert_int_equal(fct_tls_handshake(tls), 0);
        fct_tls_feed(tls, &byte, 1);
        assert_int_equal(fct_tls_handshake(tls) < 0, text);
        assert_int_equal(strstr(fct_tls_message(tls), "TLS mode mismatch") != NULL, text);
        fct_tls_free(tls);
    }
    fct_tls_context_free(context);
}

static void bad_settings_name_their_option(void **state)
{
    char key_path[64];
    struct {
        struct fct_tls_config config;
        const char *host, *where, *text;
    } rows[] = {
        {{.ca_file = "/nonexistent.pem"}, HOST, "ca_file", "cannot be read: No such file"},
        {{.ca_file = "/etc/hosts"}, HOST, "ca_file", "no PEM certificate"},
        {{.ca_path = "/nonexistent"}, HOST, "ca_path", "cannot be read: No such file"},
        {{.ca_path = "/etc/hosts"}, HOST, "ca_path", "cannot be read: Not a directory"},
        {{.ca_path = "/proc/self/fd"}, HOST, "ca_path", "openssl rehash"},
        {{.pin_sha256 = "abc"}, HOST, "pin_sha256", "base64"},
        {{.pin_sha256 = ""}, HOST, "pin_sha256", "base64"},
        /* As many characters as a digest has, and one octet more. */
        {{.pin_sha256 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
         HOST,
         "pin_sha256",
         "base64"},
        {{.pin_sha256 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="},
         HOST,
         "pin_sha256",
         "base64"},
        {{.pin_sha256 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!="},
         HOST,
         "pin_sha256",
         "base64"},
        {{.client_cert = "/nonexistent.pem"}, HOST, "client_cert", "cannot be read"},
        {{.client_cert = ca_path}, HOST, "client_key", "is not a PEM key that can be used"},
        {{.client_key = ca_path}, HOST, "client_key", "needs client_cert"},
        {{.ca_file = ca_path}, NULL, "tls_name", "unix socket"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_tls_context *context = NULL;
        facteur_error *error = NULL;

        assert_int_equal(fct_tls_context_new(&rows[i].config, rows[i].host, &context, &error),
                         FACTEUR_ECONFIG);
        assert_null(context);
        assert_string_equal(facteur_error_where(error), rows[i].where);
        if (!strstr(facteur_error_message(error), rows[i].text))
            fail_msg("\"%s\" has no \"%s\"", facteur_error_message(error), rows[i].text);
        facteur_error_free(error);
    }
    certificate_write(&good, true, key_path);
    fct_tls_context_free(client_context(&(struct fct_tls_config){.client_cert = key_path}, HOST));
    unlink(key_path);
}

/* A folder with the certificate under its hashed name; `path` holds 64 bytes. */
static void make_folder(const struct certificate *certificate, char *path, char file[96])
{
    char written[64];

    snprintf(path, 64, "/tmp/facteur-folder-XXXXXX");
    assert_non_null(mkdtemp(path));
    certificate_write(certificate, false, written);
    snprintf(file, 96, "%s/%08lx.0", path, X509_subject_name_hash(certificate->x509));
    assert_int_equal(rename(written, file), 0);
}

static void authorities_in_a_folder(void **state)
{
    struct certificate other = certificate_make(&(struct certificate_plan){
        .name = "another authority", .from_days = -1, .to_days = 2, .authority = true});
    struct {
        const struct certificate *authority;
        char path[64], file[96];
    } folders[2] = {{.authority = &ca}, {.authority = &other}};

    for (int i = 0; i < 2; i++)
        make_folder(folders[i].authority, folders[i].path, folders[i].file);
    expect_accepted(&(struct fct_tls_config){.ca_path = folders[0].path}, HOST, &good);
    expect_refused(&(struct fct_tls_config){.ca_path = folders[1].path}, HOST, &good,
                   "is not trusted here");
    /* What is in either is trusted. */
    expect_accepted(&(struct fct_tls_config){.ca_file = ca_path, .ca_path = folders[1].path}, HOST,
                    &good);
    for (int i = 0; i < 2; i++) {
        unlink(folders[i].file);
        rmdir(folders[i].path);
    }
    certificate_free(&other);
}

static void write_key(EVP_PKEY *key, bool traditional, const char *password, char path[64])
{
    int len = (int)strlen(password), wrote;
    BIO *file;

    snprintf(path, 64, "/tmp/facteur-key-XXXXXX");
    file = BIO_new_fd(mkstemp(path), BIO_CLOSE);
    if (traditional)
        wrote = PEM_write_bio_PrivateKey_traditional(
            file, key, EVP_aes_256_cbc(), (const unsigned char *)password, len, NULL, NULL);
    else
        wrote =
            PEM_write_bio_PKCS8PrivateKey(file, key, EVP_aes_256_cbc(), password, len, NULL, NULL);
    assert_int_equal(wrote, 1);
    BIO_free(file);
}

/* Nobody is ever asked at a terminal: the tests would hang. */
static void encrypted_keys(void **state)
{
    static const struct {
        const char *password, *where, *text; /* where NULL: it is taken */
        bool other;                          /* the key of another certificate */
    } rows[] = {
        {"sesame", NULL, NULL, false},
        {"Sesame", "client_key_password", "wrong password for /tmp/", false},
        {"", "client_key_password", "wrong password for /tmp/", false},
        {NULL, "client_key", "is encrypted: give client_key_password", false},
        {"sesame", "client_key", "does not belong to client_cert", true},
    };
    struct certificate other = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    char cert_path[64], key_path[64];

    certificate_write(&good, false, cert_path);
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        const char *password = rows[i / 2].password;
        struct fct_tls_config config = {.client_cert = cert_path, .client_key = key_path};
        fct_tls_context *context = NULL;
        facteur_error *error = NULL;
        int result;

        write_key(rows[i / 2].other ? other.key : good.key, i % 2, "sesame", key_path);
        config.client_key_password = password ? fct_secret_new(password, strlen(password)) : NULL;
        result = fct_tls_context_new(&config, HOST, &context, &error);
        if (rows[i / 2].where) {
            assert_int_equal(result, FACTEUR_ECONFIG);
            assert_string_equal(facteur_error_where(error), rows[i / 2].where);
            if (!strstr(facteur_error_message(error), rows[i / 2].text))
                fail_msg("%s", facteur_error_message(error));
            assert_null(strstr(facteur_error_message(error), "esame"));
        } else {
            assert_int_equal(result, 0);
        }
        facteur_error_free(error);
        fct_tls_context_free(context);
        fct_secret_unref(config.client_key_password);
        unlink(key_path);
    }
    unlink(cert_path);
    certificate_free(&other);
}

static void every_allocation_may_fail(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path};
    SSL_CTX *server = server_context(&good);

    for (unsigned long nth = 1;; nth++) {
        fct_tls_context *context = NULL;
        fct_slice text = FCT_SLICE("QUIT\r\n");
        struct pair pair = {0};
        size_t taken = 0;
        bool failed;

        fct_memory_fail_at(nth);
        if (fct_tls_context_new(&config, HOST, &context, NULL) == 0 &&
            (pair.client = fct_tls_new(context)) != NULL) {
            fct_tls *client = pair.client;

            pair.server = SSL_new(server);
            SSL_set_bio(pair.server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
            SSL_set_accept_state(pair.server);
            if (fct_tls_handshake(client) == 0) {
                for (int i = 0; i < 4 && pair.error == 0; i++) {
                    to_server(&pair);
                    SSL_do_handshake(pair.server);
                    to_client(&pair, 4096, NULL);
                }
                if (pair.client_open)
                    fct_tls_write(client, &text, 1, &taken);
            }
            pair_end(&pair);
        }
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        fct_tls_context_free(context);
        if (!failed) {
            assert_int_equal(taken, 6);
            break;
        }
    }
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest first[] = {
        cmocka_unit_test(tls_is_usable_until_what_came_later_is_done),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_in_any_split),
        cmocka_unit_test(ciphertext_ahead_is_bounded),
        cmocka_unit_test(a_last_record_goes_directly),
        cmocka_unit_test(each_bad_certificate_has_its_sentence),
        cmocka_unit_test(a_binding_comes_with_the_handshake),
        cmocka_unit_test(a_name_with_a_nul_is_another_name),
        cmocka_unit_test(a_name_too_long_for_sni_is_not_left_out),
        cmocka_unit_test(names_addresses_and_wildcards_are_accepted),
        cmocka_unit_test(a_pin_stands_for_the_chain),
        cmocka_unit_test(the_first_octet_tells_text_from_tls),
        cmocka_unit_test(old_protocols_are_refused),
        cmocka_unit_test(clear_text_is_told_from_tls),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(a_shower_of_tickets_is_bounded),
        cmocka_unit_test(both_sides_compute_the_same_binding),
        cmocka_unit_test(a_flood_of_key_updates_ends),
        cmocka_unit_test(close_notify_is_the_end),
        cmocka_unit_test(bad_settings_name_their_option),
        cmocka_unit_test(authorities_in_a_folder),
        cmocka_unit_test(encrypted_keys),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(first, NULL, NULL) +
           cmocka_run_group_tests(tests, make_fixtures, drop_fixtures);
}
