/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include "base/memory.h"
#include "net/loop_uv.h"
#include "net/system.h"
#include "net/timer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECOND_US 1000000U
#define ASK_MAX_S 3600U           /* the kernel takes no more than nine hours */
#define GIVE_UP_MS (7200 * 1000U) /* longer than any time limit of facteur's own */
#define READS_A_TURN 16           /* a relay that floods must not keep the loop to itself */

/* Nor one that swallows all we have: its refusal in the middle of a mail is to be read. */
#define WRITTEN_A_TURN ((size_t)1024 * 1024)

struct fct_stream {
    uv_poll_t poll;
    fct_loop *loop;
    int fd;
    bool tcp;
    bool closed;  /* waits for libuv to let go of the poll */
    bool writing; /* UV_WRITABLE is watched: the kernel's buffer was full */
    bool broken;  /* a write failed: only what had come before is still to be had */
    bool awaiting;
    bool asking; /* the kernel asks a silent peer for a sign of life */
    bool lost;
    size_t written; /* clear octets in this turn of the loop */
    fct_tls *tls;
    bool shaking;
    bool broken_tls;
    int broken_errno;
    fct_timer later; /* begins a handshake, or tells of a failure, outside of the caller's stack */
    const struct fct_stream_owner *owner;
    void *user;
    char peer[FCT_ENDPOINT_TEXT];
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
    fct_stream *stream = FCT_ENTRY((uv_poll_t *)handle, fct_stream, poll);

    fct_tls_free(stream->tls);
    fct_free(stream);
}

static void watch(fct_stream *stream, bool writing)
{
    if (stream->writing == writing)
        return;
    stream->writing = writing;
    uv_poll_start(&stream->poll, UV_READABLE | (writing ? UV_WRITABLE : 0), on_poll);
}

static void lose(fct_stream *stream, int error, const char *message)
{
    if (stream->closed || stream->lost)
        return;
    stream->lost = true;
    uv_poll_stop(&stream->poll);
    stream->owner->lost(stream->user, error, message);
}

static void lose_by_errno(fct_stream *stream, int error)
{
    char message[FCT_ENDPOINT_TEXT + 128];

    if (error == ECONNRESET || error == EPIPE)
        snprintf(message, sizeof message, "the connection was reset by %s", stream->peer);
    else
        snprintf(message, sizeof message, "the connection to %s broke: %s", stream->peer,
                 strerror(error));
    lose(stream, FACTEUR_ECONNECT, message);
}

/* The handshake failed, or TLS was broken later on. */
static void lose_tls(fct_stream *stream)
{
    if (stream->shaking) {
        stream->shaking = false;
        stream->owner->secured(stream->user, fct_tls_error(stream->tls),
                               fct_tls_message(stream->tls));
        return;
    }
    lose(stream, FACTEUR_ETLS, fct_tls_message(stream->tls));
}

/* The bytes that the kernel took, SIZE_MAX when the socket is broken. */
static size_t send_all(int fd, const struct iovec *iov, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = count};
    ssize_t sent;

    do
        sent = fct_system_sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return (size_t)sent;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : SIZE_MAX;
}

/*
 * The read tells more than a failed write: perhaps a last reply.  So nothing is reported here, and
 * a socket that has nothing to say is given up in the loop's next turn.
 */
static size_t send_or_break(fct_stream *stream, const struct iovec *iov, size_t count)
{
    size_t sent = send_all(stream->fd, iov, count);

    if (sent != SIZE_MAX)
        return sent;
    stream->broken = true;
    stream->broken_errno = errno;
    watch(stream, false);
    fct_timer_set(stream->loop, &stream->later, 0);
    return 0;
}

static size_t send_record(void *user, const char *bytes, size_t len)
{
    fct_stream *stream = user;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};

    return stream->broken ? 0 : send_or_break(stream, &iov, 1);
}

/* Write the ciphertext that waits; true when all of it went. */
static bool flush(fct_stream *stream)
{
    fct_slice out = fct_tls_output(stream->tls);

    while (out.len > 0 && !stream->broken) {
        struct iovec iov = {.iov_base = (void *)(uintptr_t)out.ptr, .iov_len = out.len};
        size_t sent = send_or_break(stream, &iov, 1);

        if (sent == 0)
            break;
        fct_tls_sent(stream->tls, sent);
        out = fct_tls_output(stream->tls);
    }
    if (!stream->broken)
        watch(stream, out.len > 0);
    return out.len == 0;
}

/* More is encrypted only when the kernel has taken what was. */
static void write_tls(fct_stream *stream, const fct_slice *slices, int count, size_t total,
                      size_t *taken)
{
    do {
        if (fct_tls_write(stream->tls, slices, count, taken) != 0) {
            stream->broken = true;
            stream->broken_tls = true;
            fct_timer_set(stream->loop, &stream->later, 0);
        }
    } while (flush(stream) && !stream->broken && *taken < total &&
             stream->written + *taken < WRITTEN_A_TURN);
    if (!stream->broken && *taken < total)
        watch(stream, true);
}

void fct_stream_write(fct_stream *stream, const fct_slice *slices, int count, size_t *taken)
{
    struct iovec iov[FCT_STREAM_SLICES];
    size_t room = stream->written < WRITTEN_A_TURN ? WRITTEN_A_TURN - stream->written : 0;
    size_t total = 0;

    *taken = 0;
    if (stream->broken || stream->closed || stream->lost || stream->shaking)
        return;
    if (room == 0) {
        watch(stream, true);
        return;
    }
    if (count > FCT_STREAM_SLICES)
        count = FCT_STREAM_SLICES;
    for (int i = 0; i < count; i++) {
        iov[i].iov_base = (void *)(uintptr_t)slices[i].ptr;
        iov[i].iov_len = slices[i].len < room ? slices[i].len : room;
        room -= iov[i].iov_len;
        total += slices[i].len;
    }
    if (stream->tls) {
        write_tls(stream, slices, count, total, taken);
        stream->written += *taken;
        return;
    }
    *taken = send_or_break(stream, iov, (size_t)count);
    stream->written += *taken;
    if (!stream->broken)
        watch(stream, *taken < total);
}

/* The handshake goes as far as it can; false when it is not done. */
static bool shake(fct_stream *stream)
{
    int done = fct_tls_handshake(stream->tls);

    flush(stream);
    if (done == 0)
        return false;
    if (done < 0) {
        lose_tls(stream);
        return false;
    }
    stream->shaking = false;
    stream->owner->secured(stream->user, 0, NULL);
    return !stream->closed && !stream->lost;
}

static void read_tls(fct_stream *stream, const char *bytes, size_t len)
{
    bool ended = false;
    int got;

    fct_tls_feed(stream->tls, bytes, len);
    if (stream->shaking && !shake(stream))
        return;
    while ((got = fct_tls_read(stream->tls, stream->loop->clear, FCT_CLEAR_SIZE, &ended)) > 0) {
        stream->owner->received(stream->user, stream->loop->clear, (size_t)got);
        if (stream->closed || stream->lost)
            return;
    }
    /* An answer to KeyUpdate may wait. */
    if (!stream->broken && fct_tls_output(stream->tls).len > 0)
        flush(stream);
    if (got < 0)
        lose_tls(stream);
    else if (ended)
        lose(stream, 0, "the relay closed the connection");
}

static void on_end(fct_stream *stream)
{
    if (stream->shaking) {
        stream->shaking = false;
        stream->owner->secured(stream->user, FACTEUR_ETLS,
                               "the relay closed the connection during the TLS handshake");
        return;
    }
    lose(stream, 0, "the relay closed the connection");
}

static void on_read_error(fct_stream *stream, int error)
{
    if (stream->shaking) {
        stream->shaking = false;
        stream->owner->secured(stream->user, FACTEUR_ETLS,
                               "the connection was reset during the TLS handshake");
        return;
    }
    lose_by_errno(stream, error);
}

/* Read what has come.  The end of the stream is told after `ready`, so that replies count first. */
static void pump(fct_stream *stream)
{
    ssize_t got = 0;
    int error = 0;
    bool any = false;

    for (int i = 0; i < READS_A_TURN; i++) {
        do
            got = fct_system_recv(stream->fd, stream->loop->input, FCT_INPUT_SIZE, MSG_DONTWAIT);
        while (got < 0 && errno == EINTR);
        error = got < 0 ? errno : 0;
        if (got <= 0)
            break;
        any = true;
        if (stream->tls)
            read_tls(stream, stream->loop->input, (size_t)got);
        else
            stream->owner->received(stream->user, stream->loop->input, (size_t)got);
        if (stream->closed || stream->lost)
            return;
        if (got < FCT_INPUT_SIZE)
            break;
    }
    if (any && !stream->shaking)
        stream->owner->ready(stream->user);
    if (stream->closed || stream->lost)
        return;
    if (got == 0)
        on_end(stream);
    else if (got < 0 && error != EAGAIN && error != EWOULDBLOCK)
        on_read_error(stream, error);
}

#ifdef TCP_QUICKACK
/*
 * The kernel falls back to delayed acknowledgements by itself; a relay whose own Nagle waits for
 * one holds its second small reply for 40 ms.
 */
static void acknowledge(const fct_stream *stream)
{
    int on = 1;

    if (stream->tcp && stream->awaiting)
        setsockopt(stream->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}
#else
static void acknowledge(const fct_stream *stream)
{
    (void)stream;
}
#endif

static void on_writable(fct_stream *stream)
{
    if (stream->tls && !flush(stream))
        return;
    if (stream->broken || stream->shaking)
        return;
    watch(stream, false);
    stream->owner->ready(stream->user);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    fct_stream *stream = FCT_ENTRY(poll, fct_stream, poll);

    stream->written = 0;
    fct_loop_read_clock(stream->loop);
    /* An error condition of the socket comes as a status, and the read tells which one. */
    if (status < 0 || (events & UV_READABLE)) {
        pump(stream);
        if (stream->closed || stream->lost)
            return;
        acknowledge(stream);
        if (status < 0) {
            /* libuv has stopped the poll; a socket with an error left can be of no use. */
            if (stream->shaking)
                on_read_error(stream, ECONNRESET);
            else
                lose_by_errno(stream, ECONNRESET);
            return;
        }
    }
    if ((events & UV_WRITABLE) && stream->writing)
        on_writable(stream);
}

static void give_up(fct_stream *stream)
{
    pump(stream);
    if (!stream->closed && !stream->lost)
        on_read_error(stream, stream->broken_errno);
}

static void on_later(fct_timer *timer)
{
    fct_stream *stream = FCT_ENTRY(timer, fct_stream, later);

    if (stream->broken_tls)
        lose_tls(stream);
    else if (stream->broken)
        give_up(stream);
    else if (stream->shaking)
        shake(stream);
}

fct_stream *fct_stream_new(fct_loop *loop, int fd, const char *peer, bool tcp,
                           const struct fct_stream_owner *owner, void *user)
{
    fct_stream *stream = fct_calloc(1, sizeof *stream);
    int on = 1;

    if (!stream || fct_system_poll_init(&loop->uv, &stream->poll, fd) != 0) {
        fct_free(stream);
        close(fd);
        return NULL;
    }
    stream->loop = loop;
    stream->fd = fd;
    stream->tcp = tcp;
    stream->owner = owner;
    stream->user = user;
    fct_timer_init(&stream->later, on_later);
    snprintf(stream->peer, sizeof stream->peer, "%s", peer);
    fct_loop_note(loop, fd);
    if (tcp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    uv_poll_start(&stream->poll, UV_READABLE, on_poll);
    return stream;
}

void fct_stream_close(fct_stream *stream, bool polite)
{
    if (!stream || stream->closed)
        return;
    stream->closed = true;
    fct_timer_clear(&stream->later);
    if (stream->tls && polite && !stream->broken && !stream->shaking && !stream->loop->forked) {
        fct_slice out;
        struct iovec iov;

        fct_tls_end(stream->tls);
        out = fct_tls_output(stream->tls);
        iov.iov_base = (void *)(uintptr_t)out.ptr;
        iov.iov_len = out.len;
        send_all(stream->fd, &iov, 1);
    }
    /* libuv must forget the descriptor before its number can be another's. */
    uv_close((uv_handle_t *)&stream->poll, on_closed);
    fct_loop_strike(stream->loop, stream->fd);
    close(stream->fd);
}

int fct_stream_secure(fct_stream *stream, fct_tls_context *context)
{
    stream->tls = fct_tls_new(context);
    if (!stream->tls)
        return FACTEUR_ENOMEM;
    fct_tls_send_by(stream->tls, send_record, stream);
    stream->shaking = true;
    fct_timer_set(stream->loop, &stream->later, 0);
    return 0;
}

fct_tls *fct_stream_tls(const fct_stream *stream)
{
    return stream->tls;
}

void fct_stream_await(fct_stream *stream, bool replies)
{
    stream->awaiting = replies;
}

#ifdef __linux__
/* Where tcpi_min_rtt is in the kernel's struct tcp_info; the C library's ends before it. */
#define MIN_RTT_AT 148

static bool set_tcp(const fct_stream *stream, int option, unsigned value)
{
    return setsockopt(stream->fd, IPPROTO_TCP, option, &value, sizeof value) == 0;
}

void fct_stream_ask(fct_stream *stream, uint64_t every_us)
{
    uint64_t seconds = every_us / SECOND_US;
    unsigned every = (unsigned)(seconds < ASK_MAX_S ? seconds : ASK_MAX_S);
    int on = 1;

    /* Without the timeout the kernel would give the peer up after nine questions. */
    stream->asking = stream->tcp && every > 0 && set_tcp(stream, TCP_USER_TIMEOUT, GIVE_UP_MS) &&
                     set_tcp(stream, TCP_KEEPIDLE, every) &&
                     set_tcp(stream, TCP_KEEPINTVL, every) &&
                     setsockopt(stream->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0;
}

uint64_t fct_stream_silence_us(const fct_stream *stream)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    if (!stream->asking || getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return UINT64_MAX;
    return (uint64_t)info.tcpi_last_ack_recv * 1000;
}

uint64_t fct_stream_round_trip_us(const fct_stream *stream)
{
    uint32_t info[MIN_RTT_AT / sizeof(uint32_t) + 1];
    socklen_t len = sizeof info;

    if (!stream->tcp || getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, info, &len) != 0 ||
        len < sizeof info || info[MIN_RTT_AT / sizeof(uint32_t)] == UINT32_MAX)
        return UINT64_MAX;
    return info[MIN_RTT_AT / sizeof(uint32_t)];
}
#else
void fct_stream_ask(fct_stream *stream, uint64_t every_us)
{
    (void)stream;
    (void)every_us;
}

uint64_t fct_stream_silence_us(const fct_stream *stream)
{
    (void)stream;
    return UINT64_MAX;
}

uint64_t fct_stream_round_trip_us(const fct_stream *stream)
{
    (void)stream;
    return UINT64_MAX;
}
#endif

bool fct_stream_look(fct_stream *stream)
{
    char byte;
    ssize_t got;

    if (stream->closed || stream->lost || stream->broken)
        return false;
    do
        got = fct_system_recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return true;
    pump(stream);
    return !stream->closed && !stream->lost;
}

const char *fct_stream_peer(const fct_stream *stream)
{
    return stream->peer;
}

void fct_stream_literal(const fct_stream *stream, char text[FCT_ENDPOINT_LITERAL])
{
    fct_endpoint own = {.len = sizeof own.sock};

    if (getsockname(stream->fd, (struct sockaddr *)&own.sock, &own.len) != 0)
        own.sock.ss_family = AF_UNSPEC;
    fct_endpoint_address_literal(&own, text);
}

bool fct_stream_is_local(const fct_stream *stream)
{
    fct_endpoint own = {.len = sizeof own.sock}, peer = {.len = sizeof peer.sock};

    return getsockname(stream->fd, (struct sockaddr *)&own.sock, &own.len) != 0 ||
           getpeername(stream->fd, (struct sockaddr *)&peer.sock, &peer.len) != 0 ||
           fct_endpoint_same_host(&own, &peer);
}
