/* SPDX-License-Identifier: MIT */
/* A thread for the listener, and one for each connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <assert.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/smtp_peer.h"

struct client {
    struct server *server;
    int number, slot, fd;
    unsigned numbered; /* bit n: mail<n>@ is a recipient */
    bool busy;
    SSL *ssl;
    char buf[8192];
    size_t len;
};

static bool say(struct client *client, const char *text)
{
    int len = (int)strlen(text);

    if (client->ssl)
        return SSL_write(client->ssl, text, len) == len;
    return send(client->fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

/* One line without its end; false at the end of the stream. */
static bool line_of(struct client *client, char *line, size_t size)
{
    for (;;) {
        char *end = memchr(client->buf, '\n', client->len);
        ssize_t got;

        if (end) {
            size_t len = (size_t)(end - client->buf) + 1;

            snprintf(line, size, "%.*s", (int)len - 2, client->buf);
            client->len -= len;
            memmove(client->buf, end + 1, client->len);
            return true;
        }
        assert(client->len < sizeof client->buf);
        got = client->ssl ? SSL_read(client->ssl, client->buf + client->len,
                                     (int)(sizeof client->buf - client->len))
                          : recv(client->fd, client->buf + client->len,
                                 sizeof client->buf - client->len, 0);
        if (got <= 0)
            return false;
        client->len += (size_t)got;
    }
}

static bool take_data(struct client *client)
{
    char line[1100];

    do {
        if (!line_of(client, line, sizeof line))
            return false;
    } while (strcmp(line, ".") != 0);
    return true;
}

/* The octets of a chunk, which may be in the buffer already. */
static bool take_chunk(struct client *client, size_t len)
{
    while (len > 0) {
        size_t take = client->len < len ? client->len : len;
        ssize_t got;

        client->len -= take;
        memmove(client->buf, client->buf + take, client->len);
        len -= take;
        if (len == 0)
            break;
        got = client->ssl ? SSL_read(client->ssl, client->buf, (int)sizeof client->buf)
                          : recv(client->fd, client->buf, sizeof client->buf, 0);
        if (got <= 0)
            return false;
        client->len = (size_t)got;
    }
    return true;
}

/* Counted before the client is told, so that it does not depend on who is scheduled when. */
static void set_busy(struct client *client, bool busy)
{
    struct server *server = client->server;
    int change = busy ? 1 : -1, now, most = server->most_busy;

    if (client->busy == busy)
        return;
    client->busy = busy;
    now = atomic_fetch_add(&server->busy, change) + change;
    while (now > most && !atomic_compare_exchange_weak(&server->most_busy, &most, now))
        continue;
}

static void take_mail(struct client *client, int *mails)
{
    struct server *server = client->server;

    server->heard++;
    usleep((useconds_t)server->slow_ms * 1000);
    while (server->hold)
        usleep(1000);
    if (server->verdict) {
        set_busy(client, false);
        say(client, server->verdict);
        return;
    }
    ++*mails;
    server->mails++;
    for (unsigned i = 0; i < NUMBERED_MAX; i++)
        server->kept[i] += (int)(client->numbered >> i & 1);
    set_busy(client, false);
    say(client, "250 2.0.0 ok queued as Q1\r\n");
}

static void hear_recipient(struct client *client, const char *line)
{
    unsigned number;

    if (sscanf(line, "RCPT TO:<mail%u@", &number) == 1 && number < NUMBERED_MAX)
        client->numbered |= 1U << number;
    say(client, strstr(line, "nobody@") ? "550 5.1.1 no such user\r\n" : "250 2.0.0 ok\r\n");
}

static bool go_secure(struct client *client, SSL_CTX *context)
{
    client->ssl = SSL_new(context);
    SSL_set_fd(client->ssl, client->fd);
    return SSL_accept(client->ssl) == 1;
}

static void talk(struct client *client)
{
    struct server *server = client->server;
    char line[1100];
    int mails = 0;

    say(client, server->greeting);
    while (line_of(client, line, sizeof line)) {
        server->bare +=
            !client->ssl && (strncmp(line, "MAIL", 4) == 0 || strncmp(line, "AUTH", 4) == 0);
        if (strncasecmp(line, "EHLO", 4) == 0) {
            say(client, server->features);
            server->ready++;
        } else if (server->starttls && strcmp(line, "STARTTLS") == 0) {
            say(client, "220 2.0.0 go\r\n");
            if (!go_secure(client, server->starttls))
                return;
        } else if (strncasecmp(line, "MAIL", 4) == 0) {
            if (server->mails_per_connection && mails >= server->mails_per_connection)
                return;
            if (server->silent_after && mails >= server->silent_after) {
                while (line_of(client, line, sizeof line))
                    continue;
                return;
            }
            if (server->hates_groups && client->len > 0)
                return;
            client->numbered = 0;
            server->named += strstr(line, " ENVID=facteur-1") != NULL;
            set_busy(client, true);
            say(client, "250 2.1.0 ok\r\n");
        } else if (server->no_bdat && !strchr("RDQ", line[0])) {
            say(client, "500 5.5.2 what\r\n");
        } else if (strncasecmp(line, "BDAT", 4) == 0) {
            if (!take_chunk(client, strtoul(line + 4, NULL, 10)))
                return;
            take_mail(client, &mails);
        } else if (strncasecmp(line, "DATA", 4) == 0) {
            say(client, "354 go on\r\n");
            if (!take_data(client))
                return;
            take_mail(client, &mails);
        } else if (strncasecmp(line, "QUIT", 4) == 0) {
            server->quits++;
            say(client, "221 2.0.0 bye\r\n");
            return;
        } else if (strncasecmp(line, "AUTH", 4) == 0) {
            say(client, server->no_login ? "535 5.7.8 no\r\n" : "235 2.7.0 welcome\r\n");
        } else {
            hear_recipient(client, line);
        }
    }
}

static void *serve(void *user)
{
    struct client *client = user;
    struct server *server = client->server;
    bool good = true;
    sigset_t pipe;

    /* OpenSSL's writes to a client that went raise it here; in the library's thread it would tell.
     */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    if (server->tls) {
        good = go_secure(client, server->tls);
        server->resumed += good && SSL_session_reused(client->ssl);
    }
    if (server->mute) {
        char byte;

        while (recv(client->fd, &byte, 1, 0) > 0)
            continue;
    } else if (server->room && client->number >= server->room) {
        say(client, "421 4.7.0 too many connections\r\n");
    } else if (good && client->number >= server->hang_up) {
        talk(client);
    }
    set_busy(client, false);
    SSL_free(client->ssl);
    shutdown(client->fd, SHUT_RDWR);
    server->done[client->slot] = true;
    server->open--;
    free(client);
    return NULL;
}

static void forget(struct server *server, int slot)
{
    pthread_join(server->threads[slot], NULL);
    close(server->fds[slot]);
}

/* The places of connections that have ended are given again when all are taken. */
static int free_slot(struct server *server)
{
    if (server->connections < SERVER_CONNECTIONS_MAX)
        return server->connections;
    for (int slot = 0;; slot = (slot + 1) % SERVER_CONNECTIONS_MAX) {
        if (server->done[slot]) {
            forget(server, slot);
            return slot;
        }
        if (slot == 0)
            usleep(100);
    }
}

static void *listen_thread(void *user)
{
    struct server *server = user;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        int slot = free_slot(server);

        client->server = server;
        client->fd = fd;
        client->slot = slot;
        client->number = server->connections;
        server->fds[slot] = fd;
        server->done[slot] = false;
        server->open++;
        pthread_create(&server->threads[slot], NULL, serve, client);
        server->connections++;
    }
    return NULL;
}

void server_start(struct server *server)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;

    if (!server->greeting)
        server->greeting = "220 test ESMTP\r\n";
    if (!server->features)
        server->features = "250-test\r\n250 PIPELINING\r\n";
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    getsockname(server->fd, (struct sockaddr *)&in, &len);
    server->port = ntohs(in.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, listen_thread, server), 0);
}

void server_stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < server->connections && i < SERVER_CONNECTIONS_MAX; i++) {
        shutdown(server->fds[i], SHUT_RDWR);
        forget(server, i);
    }
    close(server->fd);
}

void server_settle(struct server *server)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(server->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;

    /* One more connection: when its end is seen, those before it have been accepted. */
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    shutdown(fd, SHUT_WR);
    while (recv(fd, &byte, 1, 0) > 0)
        continue;
    close(fd);
    while (server->open > 0)
        usleep(50);
}
