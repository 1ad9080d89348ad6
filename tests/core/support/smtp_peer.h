/* SPDX-License-Identifier: MIT */
/* A small SMTP server on loopback, a thread for each of its connections, that misbehaves on
 * request. */
#ifndef TEST_SMTP_PEER_H
#define TEST_SMTP_PEER_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/certificates.h"

#define SERVER_CONNECTIONS_MAX 64 /* at once */
#define NUMBERED_MAX 8

struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    SSL_CTX *tls;      /* implicit TLS */
    SSL_CTX *starttls; /* of STARTTLS, which the features have to offer */
    const char *greeting;
    const char *features;     /* lines of the EHLO reply, the last one with "250 " */
    int mails_per_connection; /* then it closes without a word; 0: no limit */
    int silent_after;         /* no reply to MAIL after so many mails on a connection; 0: never */
    int mute;                 /* accept and say nothing */
    int hang_up;              /* so many first connections end before the greeting */
    int room;                 /* every connection after so many is refused; 0: none is */
    int slow_ms;              /* before each verdict */
    const char *_Atomic verdict; /* instead of 250 to the end of a mail; or NULL */
    atomic_bool hold;            /* no verdict as long as it is set */
    atomic_int heard;            /* ends of mails, with or without a verdict */
    int hates_groups;            /* offers PIPELINING, and closes when something follows MAIL */
    int no_login;                /* every login is refused */
    int no_bdat;                 /* never heard of BDAT: its octets are commands, each answered */
    atomic_int connections, ready, mails, quits, open, resumed;
    atomic_int busy, most_busy;    /* connections between MAIL and its verdict */
    atomic_int named;              /* MAIL with the ENVID of the first mail of an outbox */
    atomic_int bare;               /* MAIL and AUTH without TLS */
    atomic_int kept[NUMBERED_MAX]; /* how often a mail to mail0@, mail1@ … was taken */
    pthread_t threads[SERVER_CONNECTIONS_MAX];
    int fds[SERVER_CONNECTIONS_MAX];
    atomic_bool done[SERVER_CONNECTIONS_MAX];
};

/* Listen on a port of its own; fields set beforehand say how it misbehaves. */
void server_start(struct server *server);
void server_stop(struct server *server);

/* Until every connection that was made before has been served to its end. */
void server_settle(struct server *server);

#endif
