/* SPDX-License-Identifier: MIT */
/*
 * What EHLO says on a machine without a name: this end's own address, never the login, and the
 * loopback address to nobody else.  In a network of its own; the program has the name of the
 * machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "facteur.h"
#include "net/endpoint.h"
#include "support/expect.h"

static const char *host_name = "vm";

int gethostname(char *name, size_t len)
{
    return snprintf(name, len, "%s", host_name) < 0;
}

/* ---- The literal ----------------------------------------------------------------------------- */

static void an_address_is_written_as_smtp_wants_it(void **state)
{
    static const char *const pairs[][2] = {
        {"192.0.2.1", "[192.0.2.1]"},
        {"2001:db8::1", "[IPv6:2001:db8::1]"},
        {"::ffff:192.0.2.1", "[192.0.2.1]"},
        {"::1", "[IPv6:::1]"},
    };
    char text[FCT_ENDPOINT_LITERAL];
    fct_endpoint address;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(fct_endpoint_literal(&address, pairs[i][0], 25));
        fct_endpoint_address_literal(&address, text);
        assert_string_equal(text, pairs[i][1]);
    }
    assert_true(fct_endpoint_unix(&address, "/run/relay"));
    fct_endpoint_address_literal(&address, text);
    assert_string_equal(text, "[127.0.0.1]");
}

static void a_peer_on_this_machine_is_known(void **state)
{
    static const struct {
        const char *own, *peer;
        bool same;
    } pairs[] = {{"127.0.0.1", "127.0.0.2", true},     {"::1", "::1", true},
                 {"192.0.2.1", "192.0.2.1", true},     {"::ffff:127.0.0.1", "127.0.0.1", true},
                 {"192.0.2.1", "192.0.2.2", false},    {"192.0.2.127", "198.51.100.127", false},
                 {"2001:db8::1", "2001:db8::2", false}};
    fct_endpoint own, peer;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(fct_endpoint_literal(&own, pairs[i].own, 1));
        assert_true(fct_endpoint_literal(&peer, pairs[i].peer, 2));
        assert_int_equal(fct_endpoint_same_host(&own, &peer), pairs[i].same);
    }
    assert_true(fct_endpoint_unix(&own, "/run/a") && fct_endpoint_unix(&peer, "/run/b"));
    assert_true(fct_endpoint_same_host(&own, &peer));
}

/* ---- The relay ------------------------------------------------------------------------------- */

static struct {
    int listener;
    bool proxied;   /* it is behind a proxy, which it plays, too */
    char said[256]; /* the first command */
} relay;

/* One connection: greets, hears the first command, hangs up. */
static void *hear(void *unused)
{
    int fd = accept(relay.listener, NULL, NULL);
    ssize_t len;

    if (relay.proxied) {
        len = recv(fd, relay.said, sizeof relay.said - 1, 0);
        EXPECT(len > 8 && memcmp(relay.said, "CONNECT ", 8) == 0, "no CONNECT");
        EXPECT(send(fd, "HTTP/1.1 200 ok\r\n\r\n", 19, MSG_NOSIGNAL) == 19, "no answer");
    }
    EXPECT(send(fd, "220 relay.example\r\n", 19, MSG_NOSIGNAL) == 19, "no greeting");
    len = recv(fd, relay.said, sizeof relay.said - 1, 0);
    relay.said[len < 0 ? 0 : len] = '\0';
    relay.said[strcspn(relay.said, "\r\n")] = '\0';
    close(fd);
    return unused;
}

static void expect_said(const char *dsn, const char *from, const char *wanted)
{
    facteur_message *message = facteur_message_new();
    facteur_receipt *receipt = NULL;
    facteur_mailer *mailer = NULL;
    pthread_t thread;

    facteur_message_set(message, "from", from, FACTEUR_NTS, NULL);
    facteur_message_set(message, "to", "ana@x.example", FACTEUR_NTS, NULL);
    EXPECT(facteur_mailer_new(dsn, NULL, NULL, 0, &mailer, NULL) == 0, "%s", dsn);
    pthread_create(&thread, NULL, hear, NULL);
    facteur_send(mailer, message, 20, &receipt, NULL);
    pthread_join(thread, NULL);
    EXPECT(strcmp(relay.said, wanted) == 0, "%s: %s", dsn, relay.said);
    facteur_receipt_free(receipt);
    facteur_mailer_free(mailer);
    facteur_message_free(message);
}

static int bring_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&request.ifr_addr;
    struct {
        struct in6_addr address;
        uint32_t prefix;
        int index;
    } v6 = {.prefix = 128, .index = 1};
    int four = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0), failed;

    request.ifr_flags = IFF_UP;
    failed = ioctl(four, SIOCSIFFLAGS, &request);
    v4->sin_family = AF_INET;
    inet_pton(AF_INET, "192.0.2.7", &v4->sin_addr);
    snprintf(request.ifr_name, sizeof request.ifr_name, "lo:1");
    failed |= ioctl(four, SIOCSIFADDR, &request);
    inet_pton(AF_INET6, "2001:db8::7", &v6.address);
    failed |= ioctl(six, SIOCSIFADDR, &v6);
    close(four);
    close(six);
    return failed;
}

static void listen_on(const struct sockaddr *address, socklen_t len)
{
    relay.listener = socket(address->sa_family, SOCK_STREAM, 0);
    EXPECT(bind(relay.listener, address, len) == 0 && listen(relay.listener, 4) == 0, "no relay");
}

static void say_ehlo(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(2525)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    const char *nobody = "shop@vm.internal";
    const char *behind = "smtp://relay.example:25?tls=starttls&proxy=http://127.0.0.1:2525";
    char dsn[160];

    listen_on((struct sockaddr *)&any, sizeof any);
    expect_said("smtp://john.doe:secret@192.0.2.7:2525", nobody, "EHLO [192.0.2.7]");
    expect_said("smtp://john.doe%40shop.example:secret@192.0.2.7:2525", nobody, "EHLO [192.0.2.7]");
    expect_said("smtp://john.doe:secret@[2001:db8::7]:2525", nobody, "EHLO [IPv6:2001:db8::7]");
    expect_said("smtp://127.0.0.1:2525", nobody, "EHLO [127.0.0.1]");
    expect_said("smtp://[::1]:2525", nobody, "EHLO [IPv6:::1]");
    /* A name, where there is one, says more. */
    expect_said("smtp://192.0.2.7:2525?tls=starttls", "ana@shop.example", "EHLO shop.example");
    expect_said("smtp://192.0.2.7:2525?tls=starttls&helo=[192.0.2.99]", nobody,
                "EHLO [192.0.2.99]");
    host_name = "www.shop.example";
    expect_said("smtp://john.doe:secret@192.0.2.7:2525", "ana@other.example",
                "EHLO www.shop.example");
    host_name = "vm.localdomain";
    expect_said("smtp://192.0.2.7:2525?tls=starttls", nobody, "EHLO [192.0.2.7]");
    host_name = "vm";
    relay.proxied = true;
    expect_said(behind, "ana@shop.example", "EHLO shop.example");
    expect_said(behind, nobody, "EHLO vm");
    host_name = "localhost";
    expect_said(behind, nobody, "EHLO vm.internal");
    expect_said(behind, "shop@192.0.2.7", "EHLO [127.0.0.1]");
    relay.proxied = false;
    close(relay.listener);
    snprintf(local.sun_path, sizeof local.sun_path, "/tmp/facteur-helo-%d", (int)getpid());
    listen_on((struct sockaddr *)&local, sizeof local);
    snprintf(dsn, sizeof dsn, "smtp+unix://%s", local.sun_path);
    expect_said(dsn, nobody, "EHLO [127.0.0.1]");
    unlink(local.sun_path);
}

static void nobody_hears_the_login_or_a_loopback_address(void **state)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        if (unshare(CLONE_NEWNET) || bring_up())
            _exit(77);
        say_ehlo();
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: no network of its own to be had (needs root)\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_as_smtp_wants_it),
        cmocka_unit_test(a_peer_on_this_machine_is_known),
        cmocka_unit_test(nobody_hears_the_login_or_a_loopback_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
