/* SPDX-License-Identifier: MIT */
/*
 * Happy Eyeballs (RFC 8305): one attempt after the other, families taking turns, a new attempt when
 * the last one failed or 250 ms have gone, the first socket that connects wins.
 */
#include "net/dial.h"

#include "base/memory.h"
#include "net/endpoint.h"
#include "net/loop_uv.h"
#include "net/resolve.h"
#include "net/system.h"
#include "net/timer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPT_DELAY_US 250000   /* RFC 8305 section 8: Connection Attempt Delay */
#define RESOLUTION_DELAY_US 50000 /* same: how long IPv4 waits for the AAAA answer */
#define ATTEMPTS_AT_ONCE 8

struct attempt {
    uv_poll_t poll;
    fct_dial *dial;
    fct_list link;
    int fd;
    bool tcp;
    char peer[FCT_ENDPOINT_TEXT];
};

struct fct_dial {
    fct_loop *loop;
    char *host; /* for sentences */
    fct_resolve *resolve;
    unsigned answers_left;
    const char *failure; /* the resolver's, static */
    fct_endpoint addresses[FCT_ENDPOINT_MAX];
    size_t count;
    int last_family;
    fct_list attempts;
    size_t attempt_count;
    fct_timer next; /* the next attempt, or the end of the wait for AAAA */
    fct_timer deadline;
    uint64_t started_us, resolved_us, deadline_us;
    unsigned tried;
    char first_failure[FCT_ENDPOINT_TEXT + 128];
    fct_dial_done *done;
    void *user;
};

static void on_attempt_closed(uv_handle_t *handle)
{
    fct_free(FCT_ENTRY((uv_poll_t *)handle, struct attempt, poll));
}

/* Let go of an attempt; its descriptor is closed unless it was taken out (-1). */
static void attempt_close(struct attempt *attempt)
{
    fct_list_remove(&attempt->link);
    attempt->dial->attempt_count--;
    uv_close((uv_handle_t *)&attempt->poll, on_attempt_closed);
    if (attempt->fd >= 0) {
        fct_loop_strike(attempt->dial->loop, attempt->fd);
        close(attempt->fd);
    }
}

static void stop(fct_dial *dial)
{
    fct_list *link;

    fct_timer_clear(&dial->next);
    fct_timer_clear(&dial->deadline);
    fct_resolve_free(dial->resolve);
    dial->resolve = NULL;
    while ((link = fct_list_first(&dial->attempts)) != NULL)
        attempt_close(FCT_ENTRY(link, struct attempt, link));
}

static uint64_t since(uint64_t from_us, uint64_t to_us)
{
    return to_us > from_us ? to_us - from_us : 0;
}

static void end(fct_dial *dial, struct fct_dialled *dialled)
{
    uint64_t now_us = fct_loop_now_us(dial->loop);

    if (dial->resolved_us == 0)
        dial->resolved_us = now_us;
    dialled->resolve_us = since(dial->started_us, dial->resolved_us);
    dialled->connect_us = since(dial->resolved_us, now_us);
    dial->done(dial->user, dialled);
}

static void succeed(fct_dial *dial, int fd, bool tcp, const char *text)
{
    char peer[FCT_ENDPOINT_TEXT];
    struct fct_dialled dialled = {.fd = fd, .tcp = tcp, .peer = peer};

    fct_loop_strike(dial->loop, fd);
    memcpy(peer, text, sizeof peer);
    stop(dial);
    end(dial, &dialled);
}

static void fail(fct_dial *dial, int error, enum facteur_phase phase, const char *message)
{
    struct fct_dialled dialled = {.fd = -1, .error = error, .phase = phase, .message = message};

    stop(dial);
    end(dial, &dialled);
}

static void fail_exhausted(fct_dial *dial)
{
    char message[512];

    if (dial->tried == 0) {
        snprintf(message, sizeof message, "%s: %s", dial->host,
                 dial->failure ? dial->failure : "the name has no address");
        fail(dial, FACTEUR_ECONNECT, FACTEUR_PHASE_resolve, message);
        return;
    }
    snprintf(message, sizeof message, "%s", dial->first_failure);
    if (dial->tried > 1)
        snprintf(message + strlen(message), sizeof message - strlen(message),
                 " (%u addresses tried)", dial->tried);
    fail(dial, FACTEUR_ECONNECT, FACTEUR_PHASE_connect, message);
}

static void on_deadline(fct_timer *timer)
{
    fct_dial *dial = FCT_ENTRY(timer, fct_dial, deadline);
    enum facteur_phase phase = fct_dial_phase(dial);
    char message[512];
    struct attempt *first;

    if (phase == FACTEUR_PHASE_resolve) {
        snprintf(message, sizeof message, "%s: the name servers did not answer in time",
                 dial->host);
    } else if (fct_list_empty(&dial->attempts)) {
        snprintf(message, sizeof message, "%s", dial->first_failure);
    } else {
        first = FCT_ENTRY(fct_list_first(&dial->attempts), struct attempt, link);
        snprintf(message, sizeof message, "no answer from %s in time", first->peer);
    }
    fail(dial, FACTEUR_ECONNECT, phase, message);
}

static void note_failure(fct_dial *dial, const char *peer, int error)
{
    char *text = dial->first_failure;
    size_t size = sizeof dial->first_failure;

    if (text[0])
        return;
    if (error == ECONNREFUSED)
        snprintf(text, size, "connection refused by %s", peer);
    else if (error == ENOENT)
        snprintf(text, size, "no socket at %s", peer);
    else if (error == EACCES || error == EPERM)
        snprintf(text, size, "no permission to connect to %s", peer);
    else if (error == EAGAIN)
        snprintf(text, size, "the queue of connections to %s is full", peer);
    else if (error == ENETUNREACH || error == EHOSTUNREACH)
        snprintf(text, size, "no route to %s", peer);
    else
        snprintf(text, size, "cannot connect to %s: %s", peer, strerror(error));
}

/* The next address, of the other family than the last one where there is one (section 4). */
static fct_endpoint *pick(fct_dial *dial)
{
    fct_endpoint *other = NULL;

    for (size_t i = 0; i < dial->count; i++) {
        fct_endpoint *address = &dial->addresses[i];

        if (address->tried)
            continue;
        if (address->sock.ss_family != dial->last_family)
            return address;
        if (!other)
            other = address;
    }
    return other;
}

static void attempt_next(fct_dial *dial);

static void on_attempt(uv_poll_t *poll, int status, int events)
{
    struct attempt *attempt = FCT_ENTRY(poll, struct attempt, poll);
    fct_dial *dial = attempt->dial;
    int fd = attempt->fd;
    int error = 0;
    socklen_t len = sizeof error;

    (void)events;
    if (fct_system_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0 && status < 0)
        error = ECONNREFUSED;
    if (error != 0) {
        note_failure(dial, attempt->peer, error);
        attempt_close(attempt);
        attempt_next(dial);
        return;
    }
    attempt->fd = -1;
    succeed(dial, fd, attempt->tcp, attempt->peer);
}

/* 0 when the attempt is under way, 1 when it is connected already, else an errno. */
static int attempt_start(fct_dial *dial, const fct_endpoint *address, struct attempt **out)
{
    struct attempt *attempt = fct_calloc(1, sizeof *attempt);
    int error = ENOMEM;
    int connected;

    if (!attempt)
        return error;
    attempt->dial = dial;
    attempt->tcp = address->sock.ss_family != AF_UNIX;
    fct_endpoint_text(address, attempt->peer);
    attempt->fd =
        fct_system_socket(address->sock.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (attempt->fd < 0) {
        error = errno;
        goto fail;
    }
    connected =
        fct_system_connect(attempt->fd, (const struct sockaddr *)&address->sock, address->len);
    if (connected != 0 && errno != EINPROGRESS) {
        error = errno;
        goto fail;
    }
    if (fct_system_poll_init(&dial->loop->uv, &attempt->poll, attempt->fd) != 0)
        goto fail;
    fct_loop_note(dial->loop, attempt->fd);
    fct_list_push(&dial->attempts, &attempt->link);
    dial->attempt_count++;
    uv_poll_start(&attempt->poll, UV_WRITABLE, on_attempt);
    *out = attempt;
    return connected == 0;

fail:
    if (attempt->fd >= 0)
        close(attempt->fd);
    fct_free(attempt);
    return error;
}

static void attempt_next(fct_dial *dial)
{
    struct attempt *attempt = NULL;
    fct_endpoint *address;

    fct_timer_clear(&dial->next);
    while (dial->attempt_count < ATTEMPTS_AT_ONCE && (address = pick(dial)) != NULL) {
        char peer[FCT_ENDPOINT_TEXT];
        int result = attempt_start(dial, address, &attempt);
        int fd;

        address->tried = true;
        dial->tried++;
        dial->last_family = address->sock.ss_family;
        if (attempt && result == 1) {
            fd = attempt->fd;
            attempt->fd = -1;
            succeed(dial, fd, attempt->tcp, attempt->peer);
            return;
        }
        if (attempt) {
            fct_timer_set(dial->loop, &dial->next, fct_loop_now_us(dial->loop) + ATTEMPT_DELAY_US);
            return;
        }
        fct_endpoint_text(address, peer);
        note_failure(dial, peer, result);
    }
    if (fct_list_empty(&dial->attempts) && dial->answers_left == 0)
        fail_exhausted(dial);
}

static void on_next(fct_timer *timer)
{
    fct_dial *dial = FCT_ENTRY(timer, fct_dial, next);

    if (dial->resolved_us == 0)
        dial->resolved_us = fct_loop_now_us(dial->loop);
    attempt_next(dial);
}

static void on_found(void *user, const fct_endpoint *addresses, size_t count, const char *failure,
                     unsigned left)
{
    fct_dial *dial = user;
    bool v6 = count > 0 && addresses[0].sock.ss_family == AF_INET6;
    bool began = dial->tried > 0;

    dial->answers_left = left;
    /* "no such host" of one family says less than any other trouble of the other. */
    if (failure)
        dial->failure = failure;
    for (size_t i = 0; i < count && dial->count < FCT_ENDPOINT_MAX; i++)
        dial->addresses[dial->count++] = addresses[i];
    if (began) {
        if (fct_list_empty(&dial->attempts))
            attempt_next(dial);
        return;
    }
    if (left == 0 || v6) {
        dial->resolved_us = fct_loop_now_us(dial->loop);
        attempt_next(dial);
    } else if (count > 0) {
        fct_timer_set(dial->loop, &dial->next, fct_loop_now_us(dial->loop) + RESOLUTION_DELAY_US);
    }
}

static bool prepare(fct_dial *dial, const char *host, uint16_t port, const char *unix_path)
{
    dial->host = fct_strdup(unix_path ? unix_path : host);
    if (!dial->host)
        return false;
    if (!unix_path) {
        dial->answers_left = 2;
        dial->resolve = fct_resolve_start(dial->loop, host, port, on_found, dial);
        return dial->resolve != NULL;
    }
    dial->resolved_us = dial->started_us;
    if (fct_endpoint_unix(&dial->addresses[0], unix_path))
        dial->count = 1;
    else
        dial->failure = "the path of a unix socket has 1 to 107 bytes";
    fct_timer_set(dial->loop, &dial->next, 0);
    return true;
}

fct_dial *fct_dial_start(fct_loop *loop, const char *host, uint16_t port, const char *unix_path,
                         uint64_t deadline_us, fct_dial_done *done, void *user)
{
    fct_dial *dial = fct_calloc(1, sizeof *dial);

    if (!dial)
        return NULL;
    dial->loop = loop;
    dial->last_family = AF_UNSPEC;
    dial->started_us = fct_loop_now_us(loop);
    dial->deadline_us = deadline_us;
    dial->done = done;
    dial->user = user;
    fct_list_init(&dial->attempts);
    fct_timer_init(&dial->next, on_next);
    fct_timer_init(&dial->deadline, on_deadline);
    if (!prepare(dial, host, port, unix_path)) {
        fct_dial_free(dial);
        return NULL;
    }
    fct_timer_set(loop, &dial->deadline, deadline_us);
    return dial;
}

bool fct_dial_resume(fct_dial *dial)
{
    if (!pick(dial))
        return false;
    dial->answers_left = 0;
    fct_timer_set(dial->loop, &dial->deadline, dial->deadline_us);
    fct_timer_set(dial->loop, &dial->next, 0);
    return true;
}

enum facteur_phase fct_dial_phase(const fct_dial *dial)
{
    bool asks = dial->resolved_us == 0 && dial->resolve && fct_resolve_asks(dial->resolve);

    return asks ? FACTEUR_PHASE_resolve : FACTEUR_PHASE_connect;
}

void fct_dial_free(fct_dial *dial)
{
    if (!dial)
        return;
    stop(dial);
    fct_free(dial->host);
    fct_free(dial);
}
