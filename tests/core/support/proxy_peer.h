/* SPDX-License-Identifier: MIT */
/* A SOCKS5 and HTTP proxy on loopback that takes every name for 127.0.0.1, or misbehaves. */
#ifndef TEST_PROXY_PEER_H
#define TEST_PROXY_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proxy_peer {
    int fd;
    uint16_t port;
    pthread_t thread;
    bool http;
    const char *login; /* "user:password" that it wants, or NULL */
    bool glue;         /* the relay's first words go out with its own answer, in one segment */
    bool slowly;       /* its answers go out octet by octet */
    /* Said instead of any answer, `silent` then or the end of the stream; NULL: it behaves. */
    const char *instead;
    size_t instead_len;
    bool silent;
    uint16_t only_port;   /* others are refused by its rules; 0: none are */
    char asked[300];      /* the last "host:port" that it was asked for */
    atomic_int swallowed; /* tunnels up to this one lead nowhere any more, and stay open */
    atomic_int connections, opened;
};

/* Listen on a port of its own; one connection after the other. */
void proxy_peer_start(struct proxy_peer *peer);
void proxy_peer_stop(struct proxy_peer *peer);

#endif
