/* SPDX-License-Identifier: MIT */
/*
 * One c-ares channel per question, so that a changed resolv.conf is seen and nothing is shared.
 * Answers are kept until a timer of the loop hands them on: c-ares calls back from within its own
 * functions, where its channel must not be freed.
 */
#include "net/resolve.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "net/loop_uv.h"
#include "net/timer.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SERVER_WAIT_MS 2000
#define SERVER_TRIES 3

/* The addresses of one family, on their way from c-ares to the asker. */
struct answer {
    bool known, told;
    const char *failure;
    size_t count;
    fct_endpoint addresses[FCT_ENDPOINT_MAX / 2];
};

struct fct_resolve {
    fct_loop *loop;
    ares_channel channel;
    bool has_channel;
    uint16_t port;
    fct_resolve_found *found;
    void *user;
    fct_timer tell;  /* hands answers on */
    fct_timer again; /* c-ares's own timeouts */
    fct_list polls;
    struct answer answers[2]; /* AAAA, A */
};

struct watch {
    uv_poll_t poll;
    fct_resolve *resolve;
    fct_list link;
    ares_socket_t fd;
};

/* RFC 6761 section 6.3: such names are loopback, whatever a server says. */
static bool is_localhost(const char *host)
{
    size_t len = strlen(host);

    if (len > 0 && host[len - 1] == '.')
        len--;
    if (len == 9)
        return strncasecmp(host, "localhost", 9) == 0;
    return len > 10 && strncasecmp(host + len - 10, ".localhost", 10) == 0;
}

static const char *failure_text(int status)
{
    switch (status) {
    case ARES_SUCCESS:
    case ARES_ENODATA:
        return NULL;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
        return "no such host";
    case ARES_ETIMEOUT:
        return "the name servers do not answer";
    case ARES_ECONNREFUSED:
        return "no name server can be reached";
    case ARES_ENOMEM:
        return "out of memory";
    default:
        return "the name servers could not answer";
    }
}

static void on_answer(struct answer *answer, fct_resolve *resolve, int status,
                      struct ares_addrinfo *info)
{
    struct ares_addrinfo_node *node = info ? info->nodes : NULL;

    if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
        ares_freeaddrinfo(info);
        return;
    }
    answer->known = true;
    answer->failure = failure_text(status);
    for (; node && answer->count < FCT_ENDPOINT_MAX / 2; node = node->ai_next) {
        fct_endpoint *address = &answer->addresses[answer->count];

        if (node->ai_addrlen > sizeof address->sock)
            continue;
        memcpy(&address->sock, node->ai_addr, node->ai_addrlen);
        address->len = node->ai_addrlen;
        fct_endpoint_set_port(address, resolve->port);
        answer->count++;
    }
    ares_freeaddrinfo(info);
    fct_timer_set(resolve->loop, &resolve->tell, 0);
}

static void on_v6(void *user, int status, int timeouts, struct ares_addrinfo *info)
{
    fct_resolve *resolve = user;

    (void)timeouts;
    on_answer(&resolve->answers[0], resolve, status, info);
}

static void on_v4(void *user, int status, int timeouts, struct ares_addrinfo *info)
{
    fct_resolve *resolve = user;

    (void)timeouts;
    on_answer(&resolve->answers[1], resolve, status, info);
}

static void on_tell(fct_timer *timer)
{
    fct_resolve *resolve = FCT_ENTRY(timer, fct_resolve, tell);
    struct answer *answers = resolve->answers;

    for (int i = 0; i < 2; i++) {
        unsigned left;

        if (!answers[i].known || answers[i].told)
            continue;
        answers[i].told = true;
        left = (answers[0].told ? 0U : 1U) + (answers[1].told ? 0U : 1U);
        /* The resolver may be gone after the call: another answer has its own turn. */
        if (left && answers[1 - i].known)
            fct_timer_set(resolve->loop, &resolve->tell, 0);
        resolve->found(resolve->user, answers[i].addresses, answers[i].count, answers[i].failure,
                       left);
        return;
    }
}

static void set_timeout(fct_resolve *resolve)
{
    struct timeval left;

    if (!ares_timeout(resolve->channel, NULL, &left)) {
        fct_timer_clear(&resolve->again);
        return;
    }
    fct_timer_set(resolve->loop, &resolve->again,
                  fct_loop_now_us(resolve->loop) + (uint64_t)left.tv_sec * 1000000 +
                      (uint64_t)left.tv_usec + 1000);
}

static void on_again(fct_timer *timer)
{
    fct_resolve *resolve = FCT_ENTRY(timer, fct_resolve, again);

    ares_process_fd(resolve->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timeout(resolve);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = FCT_ENTRY(poll, struct watch, poll);
    fct_resolve *resolve = watch->resolve;
    bool both = status < 0;

    ares_process_fd(resolve->channel, both || (events & UV_READABLE) ? watch->fd : ARES_SOCKET_BAD,
                    both || (events & UV_WRITABLE) ? watch->fd : ARES_SOCKET_BAD);
    set_timeout(resolve);
}

static void on_watch_closed(uv_handle_t *handle)
{
    fct_free(FCT_ENTRY((uv_poll_t *)handle, struct watch, poll));
}

static void watch_close(struct watch *watch)
{
    fct_list_remove(&watch->link);
    fct_loop_strike(watch->resolve->loop, watch->fd);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static struct watch *watch_find(fct_resolve *resolve, ares_socket_t fd)
{
    for (fct_list *link = resolve->polls.next; link != &resolve->polls; link = link->next) {
        struct watch *watch = FCT_ENTRY(link, struct watch, link);

        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

/* c-ares tells which events it waits for on which of its sockets; neither means it closes it. */
static void on_socket_state(void *user, ares_socket_t fd, int readable, int writable)
{
    fct_resolve *resolve = user;
    struct watch *watch = watch_find(resolve, fd);

    if (!readable && !writable) {
        if (watch)
            watch_close(watch);
        return;
    }
    if (!watch) {
        watch = fct_calloc(1, sizeof *watch);
        /* Without its poll the question ends by c-ares's timeout. */
        if (!watch || uv_poll_init(&resolve->loop->uv, &watch->poll, fd) != 0) {
            fct_free(watch);
            return;
        }
        watch->resolve = resolve;
        watch->fd = fd;
        fct_loop_note(resolve->loop, fd);
        fct_list_push(&resolve->polls, &watch->link);
    }
    uv_poll_start(&watch->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                  on_poll);
}

static void answer_at_once(fct_resolve *resolve, const char *v6, const char *v4)
{
    const char *literals[2] = {v6, v4};

    for (int i = 0; i < 2; i++) {
        struct answer *answer = &resolve->answers[i];

        answer->known = true;
        if (literals[i] && fct_endpoint_literal(&answer->addresses[0], literals[i], resolve->port))
            answer->count = 1;
    }
    fct_timer_set(resolve->loop, &resolve->tell, 0);
}

static bool ask(fct_resolve *resolve, const char *host)
{
    struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
    struct ares_options options = {.timeout = SERVER_WAIT_MS,
                                   .tries = SERVER_TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = resolve};
    char service[8];

    if (ares_init_options(&resolve->channel, &options,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
        ARES_SUCCESS)
        return false;
    resolve->has_channel = true;
    snprintf(service, sizeof service, "%u", (unsigned)resolve->port);
    hints.ai_family = AF_INET6;
    hints.ai_flags = ARES_AI_NUMERICSERV;
    if (!resolve->answers[0].told)
        ares_getaddrinfo(resolve->channel, host, service, &hints, on_v6, resolve);
    hints.ai_family = AF_INET;
    if (!resolve->answers[1].told)
        ares_getaddrinfo(resolve->channel, host, service, &hints, on_v4, resolve);
    set_timeout(resolve);
    return true;
}

fct_resolve *fct_resolve_start(fct_loop *loop, const char *host, uint16_t port,
                               enum fct_family family, fct_resolve_found *found, void *user)
{
    fct_resolve *resolve = fct_calloc(1, sizeof *resolve);
    fct_endpoint literal;

    if (!resolve)
        return NULL;
    resolve->loop = loop;
    resolve->port = port;
    resolve->found = found;
    resolve->user = user;
    /* What is not asked needs no answer. */
    resolve->answers[0].told = family == FCT_FAMILY_IPV4;
    resolve->answers[1].told = family == FCT_FAMILY_IPV6;
    fct_list_init(&resolve->polls);
    fct_timer_init(&resolve->tell, on_tell);
    fct_timer_init(&resolve->again, on_again);
    if (fct_endpoint_literal(&literal, host, port)) {
        bool v6 = literal.sock.ss_family == AF_INET6;

        answer_at_once(resolve, v6 ? host : NULL, v6 ? NULL : host);
    } else if (strchr(host, '%')) {
        answer_at_once(resolve, NULL, NULL);
        resolve->answers[0].failure = "no network interface is called as the address's zone";
    } else if (is_localhost(host)) {
        answer_at_once(resolve, "::1", "127.0.0.1");
    } else if (!ask(resolve, host)) {
        fct_resolve_free(resolve);
        return NULL;
    }
    return resolve;
}

bool fct_resolve_asks(const fct_resolve *resolve)
{
    return resolve->has_channel;
}

void fct_resolve_free(fct_resolve *resolve)
{
    fct_list *link;

    if (!resolve)
        return;
    fct_timer_clear(&resolve->tell);
    fct_timer_clear(&resolve->again);
    if (resolve->has_channel)
        ares_destroy(resolve->channel);
    fct_timer_clear(&resolve->tell);
    while ((link = fct_list_first(&resolve->polls)) != NULL)
        watch_close(FCT_ENTRY(link, struct watch, link));
    fct_free(resolve);
}
