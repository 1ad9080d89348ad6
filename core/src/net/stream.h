/* SPDX-License-Identifier: MIT */
/*
 * A connected socket, with or without TLS: clear text in, clear text out, and no knowledge of what
 * it means.  Never blocks.
 */
#ifndef FCT_STREAM_H
#define FCT_STREAM_H

#include "base/bytes.h"
#include "net/loop.h"
#include "net/tls.h"

typedef struct fct_stream fct_stream;

/*
 * What the owner hears.  The stream may be closed from within each of them; the bytes live for the
 * call only, and in `received` no other stream may be touched.
 */
struct fct_stream_owner {
    void (*received)(void *user, const char *bytes, size_t len);
    void (*ready)(void *user); /* all that had come was handed on, or more can be written now */
    void (*secured)(void *user, int error, const char *message); /* the handshake's end */
    void (*lost)(void *user, int error,
                 const char *message); /* 0: the relay closed; nothing follows */
};

/*
 * Take over a connected, non-blocking descriptor; it is closed with the stream, also when this
 * returns NULL (memory ran out).
 * peer   Its address, for people; copied.
 * tcp    Whether TCP's options apply to it.
 */
fct_stream *fct_stream_new(fct_loop *loop, int fd, const char *peer, bool tcp,
                           const struct fct_stream_owner *owner, void *user);

/*
 * Close at once and free; NULL is fine.
 * polite   Say close_notify (RFC 8446 section 6.1) if the socket takes it; never in a forked child.
 */
void fct_stream_close(fct_stream *stream, bool polite);

/* Shake hands; `secured` follows exactly once, unless the stream is closed.  0 or FACTEUR_ENOMEM.
 */
int fct_stream_secure(fct_stream *stream, fct_tls_context *context);

/* The TLS filter, for facts; NULL without TLS. */
fct_tls *fct_stream_tls(const fct_stream *stream);

#define FCT_STREAM_SLICES 64

/*
 * Write gathered bytes, at most FCT_STREAM_SLICES slices of them.  `*taken` is what the kernel, or
 * the TLS layer, took and will not give back; when it is less than all, `ready` follows once there
 * is room.  A stream that broke takes nothing: what the relay had said before is handed on first,
 * then `lost` follows.
 */
void fct_stream_write(fct_stream *stream, const fct_slice *slices, int count, size_t *taken);

/* Whether replies are outstanding: Linux then acknowledges at once what the relay sends. */
void fct_stream_await(fct_stream *stream, bool replies);

/*
 * Let the kernel ask a peer that is silent for a sign of life, every `every_us`; less than a second
 * is not kept.  It asks only while nothing is under way, and gives no peer up for its silence: that
 * is for the owner's time limits.
 */
void fct_stream_ask(fct_stream *stream, uint64_t every_us);

/*
 * How long ago the peer's system last acknowledged anything, such a question too; UINT64_MAX when
 * it was not asked, or the kernel does not tell.
 */
uint64_t fct_stream_silence_us(const fct_stream *stream);

/*
 * Look before reuse.  Hands on what has come (`received`, `ready`, `lost`) if there is anything.
 * False when the stream was lost or closed by it.
 */
bool fct_stream_look(fct_stream *stream);

const char *fct_stream_peer(const fct_stream *stream);

#endif
