/* SPDX-License-Identifier: MIT */
/* One thread, which serves a connection to its end before it accepts the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base64.h"
#include "support/proxy_peer.h"

static bool take(int fd, void *bytes, size_t len)
{
    return len == 0 || recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

static void say(const struct proxy_peer *peer, int fd, const char *bytes, size_t len)
{
    size_t step = peer->slowly ? 1 : len;

    for (size_t at = 0; at < len; at += step) {
        if (send(fd, bytes + at, step, MSG_NOSIGNAL) < 0)
            return;
        if (peer->slowly)
            usleep(200);
    }
}

static int dial(uint16_t port)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool log_in(const struct proxy_peer *peer, int fd)
{
    unsigned char head[2], len;
    char user[256] = "", password[256] = "", both[513];

    if (!take(fd, head, 2) || !take(fd, user, head[1]) || !take(fd, &len, 1) ||
        !take(fd, password, len))
        return false;
    snprintf(both, sizeof both, "%s:%s", user, password);
    say(peer, fd, strcmp(both, peer->login) == 0 ? "\1\0" : "\1\1", 2);
    return strcmp(both, peer->login) == 0;
}

static bool choose_method(const struct proxy_peer *peer, int fd)
{
    unsigned char head[2];
    char methods[256] = "";
    bool can;

    if (!take(fd, head, 2) || head[0] != 5 || !take(fd, methods, head[1]))
        return false;
    can = memchr(methods, peer->login ? 2 : 0, head[1]) != NULL;
    say(peer, fd, !can ? "\5\377" : peer->login ? "\5\2" : "\5\0", 2);
    return can && (!peer->login || log_in(peer, fd));
}

/* The port that was asked for; 0: nothing sensible. */
static uint16_t hear_socks(struct proxy_peer *peer, int fd)
{
    unsigned char head[4], len = 4, port[2];
    char host[256] = "";

    if (!choose_method(peer, fd) || !take(fd, head, 4))
        return 0;
    if (head[3] == 3 && !take(fd, &len, 1))
        return 0;
    if (!take(fd, host, len) || !take(fd, port, 2))
        return 0;
    snprintf(peer->asked, sizeof peer->asked, "%s:%u", head[3] == 3 ? host : "address",
             (unsigned)(port[0] << 8 | port[1]));
    return (uint16_t)(port[0] << 8 | port[1]);
}

static uint16_t hear_http(struct proxy_peer *peer, int fd)
{
    char request[2048] = "", basic[256] = "", *colon;
    size_t len = 0;

    while (!strstr(request, "\r\n\r\n")) {
        if (len + 1 == sizeof request || recv(fd, request + len, 1, 0) != 1)
            return 0;
        request[++len] = '\0';
    }
    if (peer->login)
        basic[fct_base64_encode(basic, peer->login, strlen(peer->login))] = '\0';
    if (peer->login && !strstr(request, basic)) {
        const char *no = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";

        say(peer, fd, no, strlen(no));
        return 0;
    }
    if (sscanf(request, "CONNECT %255s", peer->asked) != 1)
        return 0;
    colon = strrchr(peer->asked, ':');
    return colon ? (uint16_t)atoi(colon + 1) : 0;
}

/* Both ways until one end closes. */
static void carry(struct proxy_peer *peer, int a, int b)
{
    int number = peer->opened;
    struct pollfd polls[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    char bytes[16384];

    while (poll(polls, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            ssize_t got;

            if (!polls[i].revents)
                continue;
            got = recv(polls[i].fd, bytes, sizeof bytes, 0);
            if (got > 0 && number <= peer->swallowed)
                continue;
            if (got <= 0 || send(polls[1 - i].fd, bytes, (size_t)got, MSG_NOSIGNAL) != got)
                return;
        }
    }
}

static void answer(struct proxy_peer *peer, int fd, int relay, bool allowed)
{
    char bytes[1024];
    const char *http = relay >= 0 ? "HTTP/1.1 200 OK\r\nVia: test\r\n\r\n"
                       : allowed  ? "HTTP/1.1 502 Bad Gateway\r\n\r\n"
                                  : "HTTP/1.1 403 sesame\r\n\r\n";
    const char *socks = relay >= 0 ? "\5\0\0\1\0\0\0\0\0\0"
                        : allowed  ? "\5\5\0\1\0\0\0\0\0\0"
                                   : "\5\2\0\1\0\0\0\0\0\0";
    size_t len = peer->http ? strlen(http) : 10;

    memcpy(bytes, peer->http ? http : socks, len);
    if (peer->glue && relay >= 0) {
        ssize_t got = recv(relay, bytes + len, sizeof bytes - len, 0);

        len += got > 0 ? (size_t)got : 0;
    }
    say(peer, fd, bytes, len);
}

static void misbehave(const struct proxy_peer *peer, int fd)
{
    char byte;

    say(peer, fd, peer->instead, peer->instead_len);
    if (!peer->silent)
        shutdown(fd, SHUT_WR);
    while (recv(fd, &byte, 1, 0) > 0)
        continue;
}

static void serve(struct proxy_peer *peer, int fd)
{
    uint16_t port;
    bool allowed;
    int relay;

    if (peer->instead) {
        misbehave(peer, fd);
        return;
    }
    port = peer->http ? hear_http(peer, fd) : hear_socks(peer, fd);
    if (!port)
        return;
    allowed = !peer->only_port || peer->only_port == port;
    relay = allowed ? dial(port) : -1;
    answer(peer, fd, relay, allowed);
    if (relay < 0)
        return;
    peer->opened++;
    carry(peer, fd, relay);
    close(relay);
}

static void *run(void *user)
{
    struct proxy_peer *peer = user;
    int fd, on = 1;

    while ((fd = accept(peer->fd, NULL, NULL)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peer->connections++;
        serve(peer, fd);
        close(fd);
    }
    return NULL;
}

void proxy_peer_start(struct proxy_peer *peer)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;

    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(peer->fd, 16), 0);
    getsockname(peer->fd, (struct sockaddr *)&in, &len);
    peer->port = ntohs(in.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void proxy_peer_stop(struct proxy_peer *peer)
{
    shutdown(peer->fd, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->fd);
}
