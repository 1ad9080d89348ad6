/* SPDX-License-Identifier: MIT */
/*
 * A mail cancelled, a delivery freed, a mailer closed or freed at every moment: the relay, in the
 * same thread, stops reading or speaking after each offset of a dialogue, and then the user acts.
 * What the receipt says is held against what the relay got.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "facteur.h"

#define NO_LIMIT SIZE_MAX
#define MAILS_MAX 2

enum act { CANCEL, FREE_DELIVERY, CLOSE, FREE_ALL, ACTS };

static struct {
    int listener, fd;
    unsigned port, connections;
    const char *features;
    size_t read_limit, write_limit; /* over all connections */
    size_t read, written, in_len, out_len;
    char in[8192], out[4096];
    size_t octets; /* of a chunk, still to come */
    bool in_data;
    unsigned mails;
} relay;

/* ---- The relay --------------------------------------------------------------------------------
 */

static void say(const char *text)
{
    size_t len = strlen(text);

    assert_true(relay.out_len + len <= sizeof relay.out);
    memcpy(relay.out + relay.out_len, text, len);
    relay.out_len += len;
}

static void take_mail(void)
{
    relay.mails++;
    say("250 2.0.0 queued\r\n");
}

static void answer(const char *line)
{
    if (relay.in_data) {
        relay.in_data = strcmp(line, ".\r") != 0;
        if (!relay.in_data)
            take_mail();
    } else if (strncmp(line, "EHLO", 4) == 0) {
        say(relay.features);
    } else if (strncmp(line, "DATA", 4) == 0) {
        relay.in_data = true;
        say("354 go\r\n");
    } else if (strncmp(line, "BDAT", 4) == 0) {
        relay.octets = strtoul(line + 5, NULL, 10);
    } else {
        say(strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n" : "250 ok\r\n");
    }
}

static void understand(void)
{
    for (;;) {
        size_t used = relay.in_len < relay.octets ? relay.in_len : relay.octets;
        char *end;

        if (relay.octets) {
            relay.octets -= used;
            if (used && relay.octets == 0)
                take_mail();
        } else {
            end = memchr(relay.in, '\n', relay.in_len);
            if (!end)
                return;
            *end = '\0';
            used = (size_t)(end + 1 - relay.in);
            answer(relay.in);
        }
        if (used == 0)
            return;
        relay.in_len -= used;
        memmove(relay.in, relay.in + used, relay.in_len);
    }
}

static void hang_up(void)
{
    close(relay.fd);
    relay.fd = -1;
}

/* Whether bytes moved. */
static bool relay_turn(void)
{
    size_t most = relay.read_limit - relay.read;
    bool moved = false;
    ssize_t got;

    if (relay.fd < 0) {
        relay.fd = accept4(relay.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (relay.fd < 0)
            return false;
        relay.connections++;
        relay.in_len = relay.out_len = relay.octets = 0;
        relay.in_data = false;
        say("220 relay.example ESMTP\r\n");
    }
    if (most > sizeof relay.in - relay.in_len)
        most = sizeof relay.in - relay.in_len;
    got = most ? recv(relay.fd, relay.in + relay.in_len, most, 0) : -1;
    if (most && (got == 0 || (got < 0 && errno != EAGAIN))) {
        hang_up();
        return true;
    }
    if (got > 0) {
        relay.in_len += (size_t)got;
        relay.read += (size_t)got;
        understand();
        moved = true;
    }
    most = relay.write_limit - relay.written;
    if (most > relay.out_len)
        most = relay.out_len;
    got = most ? send(relay.fd, relay.out, most, MSG_NOSIGNAL) : 0;
    if (got > 0) {
        relay.written += (size_t)got;
        relay.out_len -= (size_t)got;
        memmove(relay.out, relay.out + got, relay.out_len);
        moved = true;
    }
    return moved;
}

static int relay_start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    relay.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(relay.listener, (struct sockaddr *)&address, len) || listen(relay.listener, 64) ||
        getsockname(relay.listener, (struct sockaddr *)&address, &len))
        return -1;
    relay.port = ntohs(address.sin_port);
    return 0;
}

static int relay_stop(void **state)
{
    close(relay.listener);
    return 0;
}

/* ---- The user ---------------------------------------------------------------------------------
 */

struct user {
    facteur_mailer *mailer;
    facteur_host *host;
    facteur_delivery *deliveries[MAILS_MAX];
    unsigned mails;
};

static void open_user(struct user *user, unsigned mails)
{
    facteur_message *message = facteur_message_new();
    char dsn[128];

    *user = (struct user){.mails = mails};
    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u?pool_size=1&helo=c.example", relay.port);
    assert_int_equal(facteur_mailer_new(dsn, NULL, NULL, 0, &user->mailer, NULL), 0);
    assert_int_equal(facteur_host_new(user->mailer, &user->host, NULL), 0);
    facteur_message_set(message, "from", "a@x.example", FACTEUR_NTS, NULL);
    facteur_message_set(message, "to", "b@x.example", FACTEUR_NTS, NULL);
    facteur_message_set(message, "message_id", "1@x.example", FACTEUR_NTS, NULL);
    facteur_message_set(message, "text", "hello\n", FACTEUR_NTS, NULL);
    for (unsigned i = 0; i < mails; i++)
        assert_int_equal(
            facteur_host_submit(user->host, message, 20, 0, &user->deliveries[i], NULL), 0);
    facteur_message_free(message);
}

static bool has_ended(const struct user *user)
{
    for (unsigned i = 0; i < user->mails; i++) {
        if (user->deliveries[i] && !facteur_delivery_ended(user->deliveries[i]))
            return false;
    }
    return true;
}

/* Both sides go on until the limit is reached and nothing moves any more, or all has ended. */
static void converse(struct user *user, bool to_the_end)
{
    for (int still = 0; still < (to_the_end ? 2000 : 3) && !has_ended(user);) {
        struct pollfd fd = {.fd = facteur_host_fd(user->host), .events = POLLIN};
        double timeout = facteur_host_timeout(user->host);

        still = relay_turn() || poll(&fd, 1, 0) > 0 || timeout == 0 ? 0 : still + 1;
        facteur_host_step(user->host);
        while (facteur_host_done(user->host))
            continue;
        if (still > 3)
            usleep(500); /* a timer of the pool's */
    }
}

static int settle(facteur_delivery *delivery)
{
    facteur_receipt *receipt = NULL;
    int status = -1, err = facteur_delivery_wait(delivery, 0, &receipt, NULL);

    if (err == 1)
        status = (int)facteur_receipt_status(receipt);
    else if (err == FACTEUR_ECLOSED)
        status = FACTEUR_TEMPORARY; /* nothing was tried */
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    return status;
}

/* What is left in the socket after the client went: the relay would still have read it. */
static void read_the_rest(void)
{
    relay.read_limit = relay.write_limit = NO_LIMIT;
    while (relay.fd >= 0 && relay_turn())
        continue;
    if (relay.fd >= 0)
        hang_up();
}

struct tally {
    unsigned sent, temporary, in_doubt;
};

static void count(struct tally *tally, int status)
{
    tally->sent += status == FACTEUR_SENT;
    tally->temporary += status == FACTEUR_TEMPORARY;
    tally->in_doubt += status == FACTEUR_IN_DOUBT;
    assert_true(status == FACTEUR_SENT || status == FACTEUR_TEMPORARY ||
                status == FACTEUR_IN_DOUBT);
}

/* The relay speaks again: a cancelled mail ends at once or goes on to its verdict. */
static void cancel_and_go_on(struct user *user, struct tally *tally)
{
    facteur_delivery_cancel(user->deliveries[0]);
    relay.read_limit = relay.write_limit = NO_LIMIT;
    converse(user, true);
    for (unsigned i = 0; i < user->mails; i++)
        count(tally, settle(user->deliveries[i]));
    assert_int_equal(tally->in_doubt, 0);
    facteur_host_free(user->host);
    facteur_mailer_free(user->mailer);
    read_the_rest();
    assert_int_equal(relay.mails, tally->sent);
}

static void free_and_go_on(struct user *user, struct tally *tally)
{
    facteur_delivery_free(user->deliveries[0]);
    user->deliveries[0] = NULL;
    relay.read_limit = relay.write_limit = NO_LIMIT;
    converse(user, true);
    for (unsigned i = 1; i < user->mails; i++)
        count(tally, settle(user->deliveries[i]));
    assert_int_equal(tally->sent, user->mails - 1);
    facteur_host_free(user->host);
    facteur_mailer_free(user->mailer);
    read_the_rest();
    assert_in_range(relay.mails, tally->sent, tally->sent + 1);
}

static void close_and_look(struct user *user, struct tally *tally)
{
    facteur_mailer_close(user->mailer, 0);
    for (unsigned i = 0; i < user->mails; i++)
        count(tally, settle(user->deliveries[i]));
    facteur_host_free(user->host);
    facteur_mailer_free(user->mailer);
    read_the_rest();
    /* What is temporary the relay has not got; what is in doubt left as a whole. */
    assert_int_equal(relay.mails, tally->sent + tally->in_doubt);
}

static void free_all(struct user *user)
{
    for (unsigned i = 0; i < user->mails; i++)
        facteur_delivery_free(user->deliveries[i]);
    facteur_host_free(user->host);
    facteur_mailer_free(user->mailer);
    read_the_rest();
}

/* One play; afterwards relay.read and relay.written tell how far it came. */
static void play(enum act act, unsigned mails, size_t read_limit, size_t write_limit,
                 struct tally *tally)
{
    struct user user;

    relay.fd = -1;
    relay.read_limit = read_limit;
    relay.write_limit = write_limit;
    relay.read = relay.written = 0;
    relay.mails = 0;
    open_user(&user, mails);
    converse(&user, false);
    switch (act) {
    case CANCEL:
        cancel_and_go_on(&user, tally);
        break;
    case FREE_DELIVERY:
        free_and_go_on(&user, tally);
        break;
    case CLOSE:
        close_and_look(&user, tally);
        break;
    default:
        free_all(&user);
    }
}

static void sweep(const char *features, unsigned mails)
{
    struct tally total = {0};
    size_t read, written, plays = 0;

    relay.features = features;
    play(CANCEL, mails, NO_LIMIT, NO_LIMIT, &(struct tally){0});
    assert_int_equal(relay.mails, mails);
    read = relay.read;
    written = relay.written;
    for (int act = 0; act < ACTS; act++) {
        for (size_t at = 0; at < read + written; at++) {
            struct tally tally = {0};

            play((enum act)act, mails, at < read ? at : NO_LIMIT, at < read ? NO_LIMIT : at - read,
                 &tally);
            total.sent += tally.sent;
            total.temporary += tally.temporary;
            total.in_doubt += tally.in_doubt;
            plays++;
        }
    }
    printf("%zu + %zu bytes, %zu plays: %u sent, %u temporary, %u in doubt\n", read, written, plays,
           total.sent, total.temporary, total.in_doubt);
    assert_true(total.sent && total.temporary && total.in_doubt);
}

static void at_every_offset_with_data(void **state)
{
    sweep("250-x\r\n250 PIPELINING\r\n", 1);
}

static void at_every_offset_with_bdat(void **state)
{
    sweep("250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 1);
}

static void at_every_offset_one_by_one(void **state)
{
    sweep("250-x\r\n250 8BITMIME\r\n", 1);
}

static void at_every_offset_with_another_mail(void **state)
{
    sweep("250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 2);
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_start, relay_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(at_every_offset_with_data),
        WITH_RELAY(at_every_offset_with_bdat),
        WITH_RELAY(at_every_offset_one_by_one),
        WITH_RELAY(at_every_offset_with_another_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
