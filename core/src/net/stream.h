/* SPDX-License-Identifier: MIT */
/*
 * A connected socket, with or without TLS: clear text in, clear text out, and no knowledge of what
 * it means.  Never blocks.
 */
#ifndef FCT_STREAM_H
#define FCT_STREAM_H

#include "base/bytes.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/tls.h"

typedef struct fct_stream fct_stream;

/*
 * What the owner is told.  Each call may close the stream.  The bytes live only during the call,
 * and `received` must not touch another stream.
 */
struct fct_stream_owner {
    void (*received)(void *user, const char *bytes, size_t len);
    void (*ready)(void *user); /* all received bytes were passed on, or more can be written now */
    void (*secured)(void *user, int error, const char *message); /* the handshake's end */
    void (*lost)(void *user, int error,
                 const char *message); /* 0: the relay closed; nothing follows */
};

/*
 * Take over a connected, non-blocking descriptor; it is closed with the stream, also when this
 * returns NULL (memory ran out).
 * peer   Its address, to be shown; copied.
 * tcp    Whether TCP's options apply to it.
 */
fct_stream *fct_stream_new(fct_loop *loop, int fd, const char *peer, bool tcp,
                           const struct fct_stream_owner *owner, void *user);

/*
 * Close at once and free; NULL is fine.
 * polite   Send close_notify (RFC 8446 section 6.1) if the socket takes it; never in a forked
 * child.
 */
void fct_stream_close(fct_stream *stream, bool polite);

/* Start the TLS handshake; `secured` follows exactly once, unless the stream is closed.  0 or
 * FACTEUR_ENOMEM.
 */
int fct_stream_secure(fct_stream *stream, fct_tls_context *context);

/* The TLS filter, for facts; NULL without TLS. */
fct_tls *fct_stream_tls(const fct_stream *stream);

#define FCT_STREAM_SLICES 64

/*
 * Write gathered bytes, at most FCT_STREAM_SLICES slices of them.  `*taken` is how much the
 * kernel or the TLS layer took; that cannot be taken back.  If it is less than all, `ready`
 * follows when there is room.  A broken stream takes nothing: first what the relay had said
 * before is passed on, then `lost` follows.
 */
void fct_stream_write(fct_stream *stream, const fct_slice *slices, int count, size_t *taken);

/* Say whether replies are outstanding: then Linux acknowledges at once what the relay sends. */
void fct_stream_await(fct_stream *stream, bool replies);

/*
 * Let the kernel ask a silent peer for a sign of life, every `every_us`; less than a second has
 * no effect.  It asks only while nothing is under way, and never gives a silent peer up: the
 * owner's time limits decide that.
 */
void fct_stream_ask(fct_stream *stream, uint64_t every_us);

/*
 * How long ago the peer's system last acknowledged anything, also such a question; UINT64_MAX if
 * it was not asked, or if the kernel does not say.
 */
uint64_t fct_stream_silence_us(const fct_stream *stream);

/* Whether the peer is on this machine. */
bool fct_stream_is_local(const fct_stream *stream);

/*
 * The shortest round trip to the peer's system that the kernel has seen lately; UINT64_MAX if it
 * does not say.
 */
uint64_t fct_stream_round_trip_us(const fct_stream *stream);

/*
 * Look at an idle stream before it is used again.  If anything has arrived, passes it on
 * (`received`, `ready`, `lost`).  False if the stream was lost or closed meanwhile.
 */
bool fct_stream_look(fct_stream *stream);

const char *fct_stream_peer(const fct_stream *stream);

/* This end's address, as fct_endpoint_address_literal(). */
void fct_stream_literal(const fct_stream *stream, char text[FCT_ENDPOINT_LITERAL]);

#endif
