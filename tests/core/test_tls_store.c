/* SPDX-License-Identifier: MIT */
/* tls_session_file: who finds which session, how often, and what a hostile file can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "net/tls_store.h"
#include "support/tls_pair.h"

static char dir[64], path[96], lock_path[112];
static char other_ca[64], client_a[64], client_b[64];
static char pins[2][160];

static void write_file(const char *name, const char *bytes, size_t len, mode_t mode)
{
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, mode);

    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    fchmod(fd, mode);
    close(fd);
}

static int make_all(void **state)
{
    struct certificate a, b;
    char one[64], two[64];

    make_fixtures(state);
    snprintf(dir, sizeof dir, "/tmp/fct-sessions-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/sessions", dir);
    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    a = issued("DNS:a.example");
    b = issued("DNS:b.example");
    certificate_write(&a, true, client_a);
    certificate_write(&b, true, client_b);
    certificate_write(&ca, false, other_ca);
    spki_pin(&good, one);
    spki_pin(&a, two);
    snprintf(pins[0], sizeof pins[0], "%s", one);
    snprintf(pins[1], sizeof pins[1], "%s,%s", one, two);
    certificate_free(&a);
    certificate_free(&b);
    return 0;
}

static int drop_all(void **state)
{
    unlink(path);
    unlink(lock_path);
    unlink(other_ca);
    unlink(client_a);
    unlink(client_b);
    rmdir(dir);
    return drop_fixtures(state);
}

static int fresh(void **state)
{
    unlink(path);
    unlink(lock_path);
    return 0;
}

/* One connection of a process of its own: whether it was resumed. */
static bool connect_once(const struct fct_tls_config *config, const char *host, SSL_CTX *server)
{
    fct_tls_context *context = client_context(config, host);
    struct pair pair;
    bool resumed;

    pair_start(&pair, context, server);
    assert_true(shake(&pair, 4096));
    resumed = fct_tls_resumed(pair.client);
    pair_end(&pair);
    fct_tls_context_free(context);
    return resumed;
}

static size_t count_lines(void)
{
    FILE *file = fopen(path, "r");
    size_t lines = 0;
    int byte;

    while (file && (byte = fgetc(file)) != EOF)
        lines += byte == '\n';
    if (file)
        fclose(file);
    return lines;
}

static void processes_share_sessions(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    struct stat facts;

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *server = server_context(&good);

        fresh(state);
        SSL_CTX_set_max_proto_version(server, version);
        assert_false(connect_once(&config, HOST, server));
        assert_int_equal(stat(path, &facts), 0);
        assert_int_equal(facts.st_mode & 07777, 0600);
        for (int i = 0; i < 5; i++)
            assert_true(connect_once(&config, HOST, server));
        SSL_CTX_free(server);
    }
}

static void a_ticket_is_used_once(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);
    fct_tls_context *contexts[4];
    struct pair pairs[4];
    size_t before;

    SSL_CTX_set_num_tickets(server, 2);
    assert_false(connect_once(&config, HOST, server));
    before = count_lines();
    assert_int_equal(before, 2);
    /* Begun at the same time, none sees the answers to the others. */
    for (int i = 0; i < 4; i++) {
        contexts[i] = client_context(&config, HOST);
        pair_start(&pairs[i], contexts[i], server);
    }
    assert_int_equal(count_lines(), 0);
    for (int i = 0; i < 4; i++) {
        assert_true(shake(&pairs[i], 4096));
        assert_int_equal(fct_tls_resumed(pairs[i].client), i < 2);
        pair_end(&pairs[i]);
        fct_tls_context_free(contexts[i]);
    }
    SSL_CTX_free(server);
}

/* Each setting alone makes the session somebody else's. */
static void every_setting_is_in_the_key(void **state)
{
    struct fct_tls_config base = {.name = HOST,
                                  .ca_file = ca_path,
                                  .client_cert = client_a,
                                  .pin_sha256 = pins[0],
                                  .session_file = path,
                                  .identity = "r"};
    struct fct_tls_config others[9];
    char folder[] = "/tmp/facteur-folder-XXXXXX", hashed[64];
    size_t count = 0;
    SSL_CTX *server = server_context(&good);

    assert_non_null(mkdtemp(folder));
    snprintf(hashed, sizeof hashed, "%s/00000000.0", folder);
    assert_int_equal(symlink(ca_path, hashed), 0);
    for (size_t i = 0; i < 9; i++)
        others[i] = base;
    others[count++].ca_path = folder;
    others[count++].name = "192.0.2.7";
    others[count++].name = NULL;
    others[count++].ca_file = NULL;
    others[count++].pin_sha256 = pins[1];
    others[count++].pin_sha256 = NULL;
    others[count++].client_cert = client_b;
    others[count++].no_verify = true;
    others[count++].identity = "s";
    for (size_t i = 0; i < count; i++) {
        fresh(state);
        assert_false(connect_once(&base, HOST, server));
        if (connect_once(&others[i], HOST, server))
            fail_msg("setting %zu is not in the key", i);
        assert_true(connect_once(&others[i], HOST, server));
        assert_true(connect_once(&base, HOST, server));
    }
    SSL_CTX_free(server);
    unlink(hashed);
    rmdir(folder);
}

static void changed_authorities_are_asked_again(void **state)
{
    struct fct_tls_config config = {.ca_file = other_ca, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);
    FILE *file;

    assert_false(connect_once(&config, HOST, server));
    assert_true(connect_once(&config, HOST, server));
    file = fopen(other_ca, "a");
    fputs("# changed\n", file);
    fclose(file);
    assert_false(connect_once(&config, HOST, server));
    SSL_CTX_free(server);
}

static void meet_a_wrong_key(const struct fct_tls_config *config)
{
    struct certificate rogue = issued("DNS:" HOST);
    SSL_CTX *wrong = server_context(&rogue);
    fct_tls_context *context = client_context(config, HOST);
    struct pair pair;

    pair_start(&pair, context, wrong);
    assert_false(shake(&pair, 4096));
    pair_end(&pair);
    fct_tls_context_free(context);
    SSL_CTX_free(wrong);
    certificate_free(&rogue);
}

static void a_wrong_key_forgets_what_was_stored(void **state)
{
    struct fct_tls_config config = {.pin_sha256 = pins[0], .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);

    assert_false(connect_once(&config, HOST, server));
    assert_true(count_lines() > 0);
    meet_a_wrong_key(&config);
    assert_int_equal(count_lines(), 0);
    SSL_CTX_free(server);
}

static void the_file_does_not_grow(void **state)
{
    struct fct_tls_config config = {.pin_sha256 = pins[0], .session_file = path};
    SSL_CTX *server = server_context(&good);
    char identity[24];

    SSL_CTX_set_num_tickets(server, 12);
    config.identity = "r";
    assert_false(connect_once(&config, HOST, server));
    assert_int_equal(count_lines(), 8);
    SSL_CTX_set_num_tickets(server, 8);
    for (int i = 0; i < 20; i++) {
        snprintf(identity, sizeof identity, "relay %d", i);
        config.identity = identity;
        assert_false(connect_once(&config, HOST, server));
    }
    assert_int_equal(count_lines(), 128);
    assert_true(connect_once(&config, HOST, server));
    assert_int_equal(count_lines(), 128);
    meet_a_wrong_key(&config);
    assert_int_equal(count_lines(), 120);
    config.identity = "one more";
    assert_false(connect_once(&config, HOST, server));
    config.identity = "an unknown relay";
    meet_a_wrong_key(&config);
    assert_int_equal(count_lines(), 128);
    SSL_CTX_free(server);
}

static void what_is_no_session_is_ignored(void **state)
{
    static const char *const junk[] = {
        "",
        "\n\n\n",
        "facteur",
        "0123456789012345678901234567890123456789012345678901234567890123 ",
        ("0123456789012345678901234567890123456789012345678901234567890123 99999999999999999999 "
         "AAAA\n"),
        "0123456789012345678901234567890123456789012345678901234567890123 x AAAA\n",
    };
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);
    char *big = calloc(1, 300000);

    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        write_file(path, junk[i], strlen(junk[i]), 0600);
        assert_false(connect_once(&config, HOST, server));
        assert_true(connect_once(&config, HOST, server));
    }
    memset(big, 'a', 300000);
    write_file(path, big, 300000, 0600);
    assert_false(connect_once(&config, HOST, server));
    assert_true(connect_once(&config, HOST, server));
    memset(big, 0, 300000);
    write_file(path, big, 1000, 0600);
    assert_false(connect_once(&config, HOST, server));
    free(big);
    SSL_CTX_free(server);
}

/* Every byte of a good file changed, one at a time: never a crash, never a failed connection. */
static void any_byte_may_be_wrong(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);
    char bytes[8192];
    size_t len;
    FILE *file;

    SSL_CTX_set_num_tickets(server, 1);
    assert_false(connect_once(&config, HOST, server));
    file = fopen(path, "r");
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t i = 0; i < len; i += 7) {
        bytes[i] = (char)(bytes[i] ^ 1);
        write_file(path, bytes, len, 0600);
        bytes[i] = (char)(bytes[i] ^ 1);
        connect_once(&config, HOST, server);
    }
    SSL_CTX_free(server);
}

/* The line that is stored, with another time, `tail` behind its session, and the digest of these.
 */
static void write_line_until(int64_t until_s, const char *tail)
{
    char bytes[8192], line[8192], digest[FCT_DIGEST_TEXT], *session;
    FILE *file = fopen(path, "r");
    size_t len = fread(bytes, 1, sizeof bytes - 1, file);
    fct_slice part;
    int made;

    fclose(file);
    bytes[len] = '\0';
    session = strchr(strchr(bytes, ' ') + 1, ' ');
    *strrchr(bytes, ' ') = '\0';
    /* Where it was padded it has zeros at its end, which nobody reads. */
    for (char *at = session; *tail && (at = strchr(at, '=')) != NULL;)
        *at = 'A';
    made = snprintf(line, sizeof line, "%.64s %" PRId64 "%s%s", bytes, until_s, session, tail);
    part = (fct_slice){line, (size_t)made};
    assert_true(fct_digest_text(&part, 1, digest));
    made += snprintf(line + made, sizeof line - (size_t)made, " %s\n", digest);
    write_file(path, line, (size_t)made, 0600);
}

/* A time that is over, and one that is further away than any of ours. */
static void stale_sessions_are_dropped(void **state)
{
    static const struct {
        int64_t from_now_s;
        bool resumed;
    } rows[] = {{100, true},   {-1, false},    {0, false},        {-100, false},
                {86300, true}, {87400, false}, {INT32_MAX, false}};
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);

    SSL_CTX_set_num_tickets(server, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unlink(path);
        assert_false(connect_once(&config, HOST, server));
        write_line_until((int64_t)time(NULL) + rows[i].from_now_s, "");
        assert_int_equal(connect_once(&config, HOST, server), rows[i].resumed);
        assert_int_equal(count_lines(), 1);
    }
    SSL_CTX_free(server);
}

/* Its digest is right, and what it says is a session with something behind that is no base64. */
static void a_session_is_base64_to_its_end(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);

    SSL_CTX_set_num_tickets(server, 1);
    assert_false(connect_once(&config, HOST, server));
    write_line_until((int64_t)time(NULL) + 100, "AAAA");
    assert_true(connect_once(&config, HOST, server));
    write_line_until((int64_t)time(NULL) + 100, "AAA!");
    assert_false(connect_once(&config, HOST, server));
    SSL_CTX_free(server);
}

static size_t count_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void descriptors_are_given_back(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path,
                                    .client_cert = client_a,
                                    .client_key = client_a,
                                    .session_file = path,
                                    .identity = "r"};
    SSL_CTX *server = server_context(&good);
    size_t before = count_descriptors();
    fct_tls_store *store;

    assert_false(connect_once(&config, HOST, server));
    assert_int_equal(count_descriptors(), before);
    assert_true(connect_once(&config, HOST, server));
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(fct_tls_store_open(&config, HOST, &store, NULL), 0);
    assert_int_equal(count_descriptors(), before);
    fct_tls_store_forget(store);
    assert_int_equal(count_descriptors(), before);
    fct_tls_store_free(store);
    chmod(path, 0666);
    assert_int_equal(fct_tls_store_open(&config, HOST, &store, NULL), FACTEUR_ECONFIG);
    assert_int_equal(count_descriptors(), before);
    SSL_CTX_free(server);
}

static void who_finds_the_lock_taken_does_without(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);
    int fd;

    assert_false(connect_once(&config, HOST, server));
    fd = open(lock_path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_false(connect_once(&config, HOST, server));
    close(fd);
    assert_true(connect_once(&config, HOST, server));
    SSL_CTX_free(server);
}

static void expect_refused(const char *name, const char *word)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = name, .identity = "r"};
    fct_tls_context *context = NULL;
    facteur_error *error = NULL;

    assert_int_equal(fct_tls_context_new(&config, HOST, &context, &error), FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_where(error), "tls_session_file");
    if (!strstr(facteur_error_message(error), word))
        fail_msg("%s", facteur_error_message(error));
    facteur_error_free(error);
}

static void a_file_that_others_can_change_is_refused(void **state)
{
    write_file(path, "", 0, 0640);
    expect_refused(path, "is open to other users");
    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    expect_refused(path, "cannot be used");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_refused(path, "is not a regular file");
    rmdir(path);
    if (geteuid() == 0) {
        write_file(path, "", 0, 0600);
        assert_int_equal(chown(path, 12345, 0), 0);
        expect_refused(path, "belongs to another user");
        unlink(path);
    }
    write_file(lock_path, "", 0, 0666);
    expect_refused(path, "is open to other users");
    expect_refused("/nonexistent/sessions", "cannot be used");
}

static void allocations_may_fail(void **state)
{
    struct fct_tls_config config = {.ca_file = ca_path, .session_file = path, .identity = "r"};
    SSL_CTX *server = server_context(&good);
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        fct_tls_store *store = NULL;
        SSL_SESSION *session = NULL;
        bool stored = false;
        int result;

        fresh(state);
        connect_once(&config, HOST, server);
        fct_memory_fail_at(nth);
        result = fct_tls_store_open(&config, HOST, &store, NULL);
        assert_true(result == 0 || (result == FACTEUR_ENOMEM && fct_memory_failed()));
        if (result == 0)
            session = fct_tls_store_take(store);
        if (session)
            stored = fct_tls_store_put(store, session);
        if (store)
            fct_tls_store_forget(store);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        if (!failed)
            assert_true(stored);
        SSL_SESSION_free(session);
        fct_tls_store_free(store);
    }
    SSL_CTX_free(server);
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup(test, fresh)
    const struct CMUnitTest tests[] = {
        STORE_TEST(processes_share_sessions),
        STORE_TEST(a_ticket_is_used_once),
        STORE_TEST(every_setting_is_in_the_key),
        STORE_TEST(changed_authorities_are_asked_again),
        STORE_TEST(a_wrong_key_forgets_what_was_stored),
        STORE_TEST(the_file_does_not_grow),
        STORE_TEST(what_is_no_session_is_ignored),
        STORE_TEST(any_byte_may_be_wrong),
        STORE_TEST(stale_sessions_are_dropped),
        STORE_TEST(a_session_is_base64_to_its_end),
        STORE_TEST(descriptors_are_given_back),
        STORE_TEST(who_finds_the_lock_taken_does_without),
        STORE_TEST(a_file_that_others_can_change_is_refused),
        STORE_TEST(allocations_may_fail),
    };

    return cmocka_run_group_tests(tests, make_all, drop_all);
}
