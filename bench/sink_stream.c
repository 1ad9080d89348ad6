/* SPDX-License-Identifier: MIT */
/*
 * The sink's bytes in and out, in the clear and under TLS, and the counting of flights: bytes of
 * the client that an answer of ours may have prompted.  Each costs the client a round trip.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"

/* A way shorter than this is loopback: on it a round trip is no longer than a process waits for
 * its turn, and tells nothing. */
enum { FAR_US = 500 };

static SSL_CTX *tls;

/* ---- Flights ---- */

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint32_t min_rtt_us(const struct connection *c)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
        len < offsetof(struct tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt)
        return UINT32_MAX;
    return info.tcpi_min_rtt;
}

bool stream_amid(const struct connection *c)
{
    return c->in_len > 0 || c->state == BDAT || (c->state == DATA && c->size > 0) ||
           (c->ssl && SSL_has_pending(c->ssl));
}

/*
 * Whether bytes that come now may be the client's reaction to an answer.  They are not when they
 * go on with what the client had begun before it, nor when the answer and a reaction to it could
 * not yet have travelled: then the network has cut a batch, and this is the rest.
 */
static bool prompted(struct connection *c, bool amid)
{
    if (!c->answered_us || amid)
        return false;
    if (c->min_rtt_us >= FAR_US)
        c->min_rtt_us = min_rtt_us(c);
    if (c->min_rtt_us < FAR_US || c->min_rtt_us == UINT32_MAX)
        return true;
    return now_us() - c->answered_us >= c->min_rtt_us / 2;
}

/* Under TLS the bytes of its records are counted: a handshake has flights too. */
static void note_in(struct connection *c, size_t plain, bool amid)
{
    uint64_t in = c->ssl ? BIO_number_read(SSL_get_rbio(c->ssl)) : c->seen_in + plain;
    if (in != c->seen_in && prompted(c, amid)) {
        count.flights++;
        c->answered_us = 0;
    }
    c->seen_in = in;
}

/* The first answer to a flight is what the next one may be waiting for. */
static void note_out(struct connection *c, size_t plain, bool awaited)
{
    uint64_t out = c->ssl ? BIO_number_written(SSL_get_wbio(c->ssl)) : c->seen_out + plain;
    if (out != c->seen_out && awaited && !c->answered_us)
        c->answered_us = now_us();
    c->seen_out = out;
}

/* ---- Bytes ---- */

void stream_begin(struct connection *c)
{
    c->min_rtt_us = UINT32_MAX;
    c->answered_us = 1;
    count.open++;
}

static void watch(struct connection *c, bool out)
{
    if (c->want_out == out)
        return;
    c->want_out = out;
    /* A client that does not read its replies is not read either. */
    struct epoll_event event = {.events = out ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

ssize_t stream_fill(struct connection *c)
{
    size_t room = IN_SIZE - c->in_len;
    bool amid = stream_amid(c);
    ssize_t got;
    if (c->ssl) {
        ERR_clear_error();
        got = SSL_read(c->ssl, c->in + c->in_len, (int)room);
        if (got <= 0) {
            int why = SSL_get_error(c->ssl, (int)got);
            got = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
        }
    } else {
        got = recv(c->fd, c->in + c->in_len, room, 0);
        if (got == 0)
            return -1;
        if (got < 0)
            got = errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    if (got >= 0)
        note_in(c, (size_t)got, amid);
    if (got > 0)
        c->in_len += (size_t)got;
    return got;
}

bool stream_flush(struct connection *c)
{
    size_t done = 0;
    while (done < c->out_len) {
        ssize_t put;
        if (c->ssl) {
            ERR_clear_error();
            put = SSL_write(c->ssl, c->out + done, (int)(c->out_len - done));
            if (put <= 0) {
                int why = SSL_get_error(c->ssl, (int)put);
                if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
                    return false;
                break;
            }
        } else {
            put = send(c->fd, c->out + done, c->out_len - done, MSG_NOSIGNAL);
            if (put < 0 && errno != EAGAIN && errno != EINTR)
                return false;
            if (put < 0)
                break;
        }
        done += (size_t)put;
        note_out(c, (size_t)put, true);
    }
    c->out_len -= done;
    memmove(c->out, c->out + done, c->out_len);
    watch(c, c->out_len > 0);
    return true;
}

/* ---- TLS ---- */

void stream_prepare(void)
{
    static const unsigned char name[] = "sink";
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, option.cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, option.key, SSL_FILETYPE_PEM) != 1 ||
        !SSL_CTX_set_session_id_context(tls, name, sizeof name - 1)) {
        ERR_print_errors_fp(stderr);
        exit(78);
    }
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(tls, option.max_version);
    SSL_CTX_set_num_tickets(tls, (size_t)option.tickets);
    if (!option.tickets)
        SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

bool stream_begin_tls(struct connection *c)
{
    if (c->in_len) { /* bytes in the clear behind STARTTLS */
        count.violations++;
        return false;
    }
    c->start_tls = false;
    c->ssl = SSL_new(tls);
    if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
        return false;
    SSL_set_accept_state(c->ssl);
    c->shaking = true;
    c->seen_in = c->seen_out = 0;
    return true;
}

/* The tickets that end a handshake of TLS 1.3 are an answer that nobody waits for (RFC 8446
 * section 4.6.1). */
bool stream_shake(struct connection *c)
{
    ERR_clear_error();
    int done = SSL_do_handshake(c->ssl);
    int why = done == 1 ? 0 : SSL_get_error(c->ssl, done);
    note_in(c, 0, false);
    note_out(c, 0, done != 1 || SSL_version(c->ssl) != TLS1_3_VERSION);
    if (done != 1)
        return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    c->shaking = false;
    if (SSL_session_reused(c->ssl))
        count.handshakes_resumed++;
    else
        count.handshakes_full++;
    return true;
}

void stream_free(struct connection *c)
{
    count.open--;
    if (c->ssl)
        SSL_free(c->ssl);
    close(c->fd);
    free(c);
}
