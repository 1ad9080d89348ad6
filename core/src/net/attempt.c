/* SPDX-License-Identifier: MIT */
/*
 * The proxy's answers are looked at before they are taken out of the socket, and no more is taken
 * than is the proxy's: what follows is the relay's, and is read by whoever gets the socket.
 */
#include "net/attempt.h"

#include "base/memory.h"
#include "base/shortage.h"
#include "facteur.h"
#include "net/system.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_LEN 1024

static void on_proxy(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
    fct_attempt *attempt = FCT_ENTRY((uv_poll_t *)handle, fct_attempt, poll);

    fct_proxy_free(attempt->proxy);
    fct_free(attempt);
}

void fct_attempt_close(fct_attempt *attempt)
{
    fct_list_remove(&attempt->link);
    uv_close((uv_handle_t *)&attempt->poll, on_closed);
    if (attempt->fd >= 0) {
        fct_loop_strike(attempt->loop, attempt->fd);
        close(attempt->fd);
    }
}

int fct_attempt_take(fct_attempt *attempt)
{
    int fd = attempt->fd;

    fct_loop_strike(attempt->loop, fd);
    attempt->fd = -1;
    return fd;
}

static int explain(int error, const char *peer, char text[FCT_ATTEMPT_TEXT])
{
    char lack[FCT_SHORTAGE_TEXT];

    if (fct_shortage_is(error)) {
        snprintf(text, FCT_ATTEMPT_TEXT, "%s", fct_shortage_text(error, lack));
        return fct_shortage_code(error);
    }
    if (error == ECONNREFUSED)
        snprintf(text, FCT_ATTEMPT_TEXT, "connection refused by %s", peer);
    else if (error == ENOENT)
        snprintf(text, FCT_ATTEMPT_TEXT, "no socket at %s", peer);
    else if (error == EACCES || error == EPERM)
        snprintf(text, FCT_ATTEMPT_TEXT, "no permission to connect to %s", peer);
    else if (error == EAGAIN)
        snprintf(text, FCT_ATTEMPT_TEXT, "the queue of connections to %s is full", peer);
    else if (error == ENETUNREACH || error == EHOSTUNREACH)
        snprintf(text, FCT_ATTEMPT_TEXT, "no route to %s", peer);
    else
        snprintf(text, FCT_ATTEMPT_TEXT, "cannot connect to %s: %s", peer, strerror(error));
    return FACTEUR_ECONNECT;
}

static void fail_by_errno(fct_attempt *attempt, int error)
{
    char text[FCT_ATTEMPT_TEXT];
    int code = explain(error, attempt->peer, text);

    attempt->owner->failed(attempt->user, attempt, code, text);
}

/* ---- The proxy ---- */

static void fail_by_proxy(fct_attempt *attempt, int error, const char *clause)
{
    char text[FCT_ATTEMPT_TEXT];

    snprintf(text, sizeof text, "%s", clause);
    attempt->owner->failed(attempt->user, attempt, error, text);
}

/* Say what is to be said; false when the attempt has failed. */
static bool speak(fct_attempt *attempt)
{
    fct_slice output = fct_proxy_output(attempt->proxy);

    while (output.len > 0) {
        struct iovec iov = {.iov_base = (void *)(uintptr_t)output.ptr, .iov_len = output.len};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t sent = fct_system_sendmsg(attempt->fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            break;
        if (sent < 0) {
            fail_by_proxy(attempt, FACTEUR_ECONNECT, "it closed the connection");
            return false;
        }
        fct_proxy_sent(attempt->proxy, (size_t)sent);
        output = fct_proxy_output(attempt->proxy);
    }
    uv_poll_start(&attempt->poll, UV_READABLE | (output.len ? UV_WRITABLE : 0), on_proxy);
    return true;
}

/* Take out what was looked at; as much as is there by now, so nothing is waited for. */
static bool take_out(const fct_attempt *attempt, size_t len)
{
    char bytes[LOOK_LEN];

    while (len > 0) {
        ssize_t got = fct_system_recv(attempt->fd, bytes, len, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        len -= (size_t)got;
    }
    return true;
}

/* 1: the way is open.  0: more is to come.  -1: it failed, and the owner was told. */
static int listen_to(fct_attempt *attempt)
{
    char bytes[LOOK_LEN];
    size_t used = 0;
    ssize_t got;
    int result;

    do
        got = fct_system_recv(attempt->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (got <= 0) {
        fail_by_proxy(attempt, FACTEUR_ECONNECT, "it closed the connection");
        return -1;
    }
    result = fct_proxy_feed(attempt->proxy, bytes, (size_t)got, &used);
    if (result >= 0 && !take_out(attempt, used)) {
        fail_by_proxy(attempt, FACTEUR_ECONNECT, "it closed the connection");
        return -1;
    }
    if (result < 0)
        fail_by_proxy(attempt, result, fct_proxy_message(attempt->proxy));
    return result < 0 ? -1 : result;
}

/* ---- The socket ---- */

static void on_proxy(uv_poll_t *poll, int status, int events)
{
    fct_attempt *attempt = FCT_ENTRY(poll, fct_attempt, poll);
    int result = 0;

    /* An error of the socket comes as a status, and the read tells which one. */
    if (status < 0 || (events & UV_READABLE))
        result = listen_to(attempt);
    if (result == 1)
        attempt->owner->open(attempt->user, attempt);
    else if (result == 0 && status < 0)
        fail_by_errno(attempt, ECONNRESET);
    else if (result == 0)
        speak(attempt);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
    fct_attempt *attempt = FCT_ENTRY(poll, fct_attempt, poll);
    int error = 0;
    socklen_t len = sizeof error;

    (void)events;
    if (fct_system_getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0 && status < 0)
        error = ECONNREFUSED;
    if (error != 0)
        fail_by_errno(attempt, error);
    else if (!attempt->proxy)
        attempt->owner->open(attempt->user, attempt);
    else {
        attempt->owner->reached(attempt->user, attempt);
        speak(attempt);
    }
}

/* An errno; EADDRNOTAVAIL of the bind alone is told by *bound. */
static int connect_to(fct_attempt *attempt, const struct fct_attempt_plan *plan, bool *bound,
                      bool *at_once)
{
    const fct_endpoint *address = plan->address;
    int result;

    *bound = true;
    attempt->fd =
        fct_system_socket(address->sock.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (attempt->fd < 0)
        return errno;
    if (plan->local) {
#ifdef IP_BIND_ADDRESS_NO_PORT
        int on = 1;

        /* The port is chosen by the connect(), so that many connections may have the same. */
        setsockopt(attempt->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
        *bound =
            bind(attempt->fd, (const struct sockaddr *)&plan->local->sock, plan->local->len) == 0;
        if (!*bound)
            return errno;
    }
    result = fct_system_connect(attempt->fd, (const struct sockaddr *)&address->sock, address->len);
    *at_once = result == 0;
    return result != 0 && errno != EINPROGRESS ? errno : 0;
}

/* What is wrong with local_address. */
static int explain_local(int error, const fct_endpoint *local, char text[FCT_ATTEMPT_TEXT])
{
    char name[FCT_ENDPOINT_TEXT];

    fct_endpoint_host_text(local, name);
    if (error != EADDRNOTAVAIL) {
        snprintf(text, FCT_ATTEMPT_TEXT, "local_address: %s cannot be used: %s", name,
                 strerror(error));
        return FACTEUR_ECONNECT;
    }
    snprintf(text, FCT_ATTEMPT_TEXT, "local_address: this machine has no address %s", name);
    return FACTEUR_ECONFIG;
}

int fct_attempt_start(fct_loop *loop, const struct fct_attempt_plan *plan, fct_attempt **out,
                      bool *at_once, char text[FCT_ATTEMPT_TEXT])
{
    fct_attempt *attempt = fct_calloc(1, sizeof *attempt);
    char peer[FCT_ENDPOINT_TEXT];
    int error = ENOMEM;
    bool bound = true;

    fct_endpoint_text(plan->address, peer);
    if (!attempt)
        goto fail;
    *attempt = (fct_attempt){.loop = loop,
                             .fd = -1,
                             .tcp = plan->address->sock.ss_family != AF_UNIX,
                             .port = plan->port,
                             .owner = plan->owner,
                             .user = plan->user};
    memcpy(attempt->peer, peer, sizeof peer);
    fct_list_init(&attempt->link);
    error = connect_to(attempt, plan, &bound, at_once);
    if (error == 0 && fct_system_poll_init(&loop->uv, &attempt->poll, attempt->fd) != 0)
        error = ENOMEM;
    if (error != 0)
        goto fail;
    attempt->proxy = plan->proxy;
    fct_loop_note(loop, attempt->fd);
    uv_poll_start(&attempt->poll, UV_WRITABLE, on_connected);
    *at_once = *at_once && !attempt->proxy;
    *out = attempt;
    return 0;

fail:
    if (attempt && attempt->fd >= 0)
        close(attempt->fd);
    fct_free(attempt);
    fct_proxy_free(plan->proxy);
    return bound ? explain(error, peer, text) : explain_local(error, plan->local, text);
}
