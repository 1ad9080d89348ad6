/* SPDX-License-Identifier: MIT */
/* A thread for the listener, and one for each connection that was ever made. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/threaded_relay.h"

struct threaded_relay relay;

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void say_verdict(int fd)
{
    char verdict[64];

    if (atomic_load(&relay.busy))
        snprintf(verdict, sizeof verdict, "421 4.3.2 too busy\r\n");
    else
        snprintf(verdict, sizeof verdict, "250 2.0.0 Ok: queued as Q%u\r\n",
                 atomic_fetch_add(&relay.mails, 1) + 1);
    say(fd, verdict);
}

void relay_answer_late(void)
{
    atomic_store(&relay.silent, false);
    say_verdict(atomic_load(&relay.owed) - 1);
}

/* One line of the dialogue; false when the connection is to be closed. */
static bool answer(int fd, const char *line, bool *in_body)
{
    if (*in_body) {
        if (strcmp(line, ".") != 0)
            return true;
        *in_body = false;
        atomic_fetch_add(&relay.finals_seen, 1);
        if (atomic_load(&relay.silent)) {
            atomic_store(&relay.owed, fd + 1);
            return true;
        }
        usleep(1000 * atomic_load(&relay.final_ms));
        say_verdict(fd);
    } else if (strncmp(line, "EHLO", 4) == 0) {
        say(fd,
            "250-relay.example\r\n250-PIPELINING\r\n250-AUTH PLAIN XOAUTH2\r\n250 8BITMIME\r\n");
    } else if (strncmp(line, "AUTH", 4) == 0) {
        bool refused = atomic_load(&relay.refusals) > 0 && atomic_fetch_sub(&relay.refusals, 1) > 0;

        say(fd, refused ? "535 5.7.8 no\r\n" : "235 2.7.0 yes\r\n");
    } else if (strncmp(line, "RCPT", 4) == 0) {
        say(fd, strstr(line, "nobody@") ? "550 5.1.1 no such user\r\n" : "250 2.1.5 Ok\r\n");
    } else if (strcmp(line, "DATA") == 0) {
        *in_body = true;
        say(fd, "354 go on\r\n");
    } else if (strcmp(line, "QUIT") == 0) {
        atomic_fetch_add(&relay.quits, 1);
        say(fd, "221 bye\r\n");
        return false;
    } else {
        say(fd, "250 2.0.0 Ok\r\n");
    }
    return true;
}

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    bool in_body = false, open = true;
    char buffer[65536];
    size_t len = 0;

    say(fd, "220 relay.example ESMTP\r\n");
    while (open) {
        ssize_t got = recv(fd, buffer + len, sizeof buffer - len - 1, 0);
        char *end;

        if (got <= 0)
            break;
        len += (size_t)got;
        buffer[len] = '\0';
        while (open && (end = strstr(buffer, "\r\n")) != NULL) {
            *end = '\0';
            open = answer(fd, buffer, &in_body);
            len -= (size_t)(end + 2 - buffer);
            memmove(buffer, end + 2, len + 1);
        }
    }
    close(fd);
    atomic_fetch_add(&relay.ended, 1);
    return NULL;
}

static void *accept_all(void *argument)
{
    int fd;

    (void)argument;
    while ((fd = accept(relay.listener, NULL, NULL)) >= 0) {
        unsigned index = atomic_fetch_add(&relay.connections, 1);

        if (index >= RELAY_CONNECTIONS_MAX ||
            pthread_create(&relay.threads[index], NULL, serve, (void *)(intptr_t)fd) != 0)
            abort();
    }
    return NULL;
}

int relay_start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    memset(&relay, 0, sizeof relay);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    relay.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(relay.listener, (struct sockaddr *)&address, len) || listen(relay.listener, 64) ||
        getsockname(relay.listener, (struct sockaddr *)&address, &len))
        return -1;
    relay.port = ntohs(address.sin_port);
    return pthread_create(&relay.acceptor, NULL, accept_all, NULL);
}

int relay_stop(void **state)
{
    unsigned count;

    shutdown(relay.listener, SHUT_RDWR);
    pthread_join(relay.acceptor, NULL);
    close(relay.listener);
    count = atomic_load(&relay.connections);
    for (unsigned i = 0; i < count; i++)
        pthread_join(relay.threads[i], NULL);
    return 0;
}
