/* SPDX-License-Identifier: MIT */
/* What the parts of the sink share: a connection, the counters, the options. */
#ifndef SINK_H
#define SINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { IN_SIZE = 65536, OUT_SIZE = 16384, REPLY_ROOM = 512, SIZE_LIMIT = 64 << 20 };
enum port { PORT_PLAIN, PORT_STARTTLS, PORT_IMPLICIT, PORT_COUNT };
enum state { COMMAND, AUTH_PLAIN, AUTH_LOGIN_USER, AUTH_LOGIN_PASS, DATA, BDAT, CLOSING };

struct connection {
    int fd;
    enum port port;
    enum state state;
    SSL *ssl;
    bool shaking;         /* the TLS handshake is not over */
    bool start_tls;       /* the 220 must leave before the handshake begins */
    bool want_out;        /* the socket took less than we had */
    bool mail, last;      /* MAIL accepted; this chunk is the last of its mail */
    bool refused;         /* the chunk's bytes are read, and not taken */
    uint32_t min_rtt_us;  /* the shortest round trip so far; UINT32_MAX: not known */
    uint64_t answered_us; /* when we first answered what the flight has brought; 0: not yet */
    unsigned recipients;
    unsigned dot;   /* how much of CRLF . CRLF the stream ends with */
    uint64_t chunk; /* bytes of the BDAT chunk still to come */
    uint64_t size;  /* bytes of the mail so far */
    uint64_t seen_in, seen_out;
    size_t in_len, out_len;
    char in[IN_SIZE];
    char out[OUT_SIZE];
};

struct counters {
    uint64_t connections, flights, handshakes_full, handshakes_resumed;
    uint64_t mails, mails_bdat, recipients, bytes, auths, violations;
    uint64_t flights_to_first, flights_to_mail; /* until the first and the last mail were whole */
    uint64_t open;                              /* connections that are not over yet */
};

struct options {
    bool pipelining, chunking, auth, size, eightbit, smtputf8;
    int max_version, tickets;
    const char *address, *cert, *key;
};

extern struct counters count;
extern struct options option;
extern int epoll;

/* ---- sink_stream.c ---- */

/* The context of every connection; ends the process when the certificate cannot be read. */
void stream_prepare(void);
/* A connection that nothing was said on: its first bytes are a flight. */
void stream_begin(struct connection *c);
/* > 0 bytes read, 0 nothing there now, < 0 the connection is over. */
ssize_t stream_fill(struct connection *c);
/* Writes what is in c->out.  False when the connection is over. */
bool stream_flush(struct connection *c);
bool stream_begin_tls(struct connection *c);
bool stream_shake(struct connection *c);
/* The client has begun a command, a chunk or a body and not ended it. */
bool stream_amid(const struct connection *c);
void stream_free(struct connection *c);

/* ---- sink_session.c ---- */

void session_greet(struct connection *c);
/* Use what can be used of the input.  False when the connection is over. */
bool session_process(struct connection *c);

#endif
