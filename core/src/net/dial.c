/* SPDX-License-Identifier: MIT */
/*
 * Happy Eyeballs (RFC 8305): one attempt after the other, families and ports taking turns, a new
 * attempt when the last one failed or 250 ms have gone, the first socket that connects wins.  A
 * port waits longer for the one before it: a far relay is no blocked port.
 */
#include "net/dial.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "net/attempt.h"
#include "net/resolve.h"
#include "net/timer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPT_DELAY_US 250000 /* RFC 8305 section 8: Connection Attempt Delay */
#define PORT_DELAY_US 1000000   /* longer than a round trip, and than its first packet sent again */
#define RESOLUTION_DELAY_US 50000 /* same: how long IPv4 waits for the AAAA answer */
#define ATTEMPTS_AT_ONCE 8
/* The resolver would look for servers of its own without its file, and a handshake finds no
 * authority without its. */
#define DESCRIPTORS 4

struct candidate {
    fct_endpoint address;
    unsigned tried; /* ports, a bit each */
};

struct fct_dial {
    fct_loop *loop;
    struct fct_dial_target target;
    fct_resolve *resolve;
    unsigned answers_left;
    const char *failure; /* the resolver's, static */
    fct_endpoint local;  /* with target.local_address */
    bool has_local;
    struct candidate candidates[FCT_ENDPOINT_MAX];
    size_t count;
    int last_family;
    fct_list attempts;
    size_t attempt_count;
    fct_timer next; /* the next attempt, or the end of the wait for AAAA */
    fct_timer deadline;
    uint64_t started_us, resolved_us, deadline_us;
    unsigned tried, tried_by_port[FCT_PORTS_MAX];
    uint64_t begun_us[FCT_PORTS_MAX]; /* the first attempt of each port */
    char *failures[FCT_PORTS_MAX];    /* the first one of each port */
    bool may_pass;                    /* one of them was not for good */
    int lacking;                      /* a FACTEUR_E code: the machine is short of something */
    const char *at_fault;             /* the option that made one fail for good, or NULL */
    fct_dial_done *done;
    void *user;
};

static void let_go(fct_dial *dial, fct_attempt *attempt)
{
    dial->attempt_count--;
    fct_attempt_close(attempt);
}

static void stop(fct_dial *dial)
{
    fct_list *link;

    fct_timer_clear(&dial->next);
    fct_timer_clear(&dial->deadline);
    fct_resolve_free(dial->resolve);
    dial->resolve = NULL;
    while ((link = fct_list_first(&dial->attempts)) != NULL)
        let_go(dial, FCT_ENTRY(link, fct_attempt, link));
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

static void succeed(fct_dial *dial, fct_attempt *attempt)
{
    char peer[FCT_ENDPOINT_TEXT];
    struct fct_dialled dialled = {.fd = fct_attempt_take(attempt),
                                  .tcp = attempt->tcp,
                                  .port = dial->target.ports[attempt->port],
                                  .peer = peer};

    memcpy(peer, attempt->peer, sizeof peer);
    dial->may_pass = true;
    stop(dial);
    end(dial, &dialled);
}

static void fail(fct_dial *dial, int error, enum facteur_phase phase, const char *message)
{
    struct fct_dialled dialled = {.fd = -1, .error = error, .phase = phase, .message = message};

    if (error == FACTEUR_ECONFIG)
        dialled.where = dial->at_fault;
    stop(dial);
    end(dial, &dialled);
}

/* ---- What went wrong ---- */

static const char *name_of(const fct_dial *dial)
{
    const struct fct_dial_target *target = &dial->target;

    return target->unix_path ? target->unix_path
           : target->proxy   ? target->proxy->host
                             : target->host;
}

static void fail_unresolved(fct_dial *dial, const char *why)
{
    static const char *const none[] = {[FCT_FAMILY_ANY] = "the name has no address",
                                       [FCT_FAMILY_IPV4] = "the name has no IPv4 address",
                                       [FCT_FAMILY_IPV6] = "the name has no IPv6 address"};
    const struct fct_proxy_config *proxy = dial->target.proxy;
    char message[512];

    snprintf(message, sizeof message, "%s%s: %s", proxy ? "proxy " : "",
             proxy ? proxy->name : name_of(dial), why ? why : none[dial->target.family]);
    fail(dial, FACTEUR_ECONNECT, FACTEUR_PHASE_resolve, message);
}

/* The first failure of a port says most: what follows is perhaps only another address. */
static void note(fct_dial *dial, unsigned port, const char *text)
{
    const struct fct_proxy_config *proxy = dial->target.proxy;
    fct_buf whole = {0};

    if (dial->failures[port])
        return;
    if (proxy)
        fct_buf_addf(&whole, "proxy %s: ", proxy->name);
    fct_buf_add_text(&whole, text);
    dial->failures[port] = fct_buf_take(&whole, NULL);
}

/* `option` is at fault if the error is FACTEUR_ECONFIG. */
static void note_failure(fct_dial *dial, unsigned port, int error, const char *option,
                         const char *text)
{
    if (error == FACTEUR_ECONFIG)
        dial->at_fault = option;
    else
        dial->may_pass = true;
    if (error == FACTEUR_ELIMIT || error == FACTEUR_ENOMEM)
        dial->lacking = error;
    note(dial, port, text);
}

static const fct_attempt *attempt_at(const fct_dial *dial, unsigned port)
{
    for (fct_list *link = dial->attempts.next; link != &dial->attempts; link = link->next) {
        const fct_attempt *attempt = FCT_ENTRY(link, fct_attempt, link);

        if (attempt->port == port)
            return attempt;
    }
    return NULL;
}

/* What is to be said of one port: an attempt that is under way has found no answer. */
static void tell_port(const fct_dial *dial, unsigned port, fct_buf *out)
{
    const struct fct_proxy_config *proxy = dial->target.proxy;
    const fct_attempt *attempt = attempt_at(dial, port);

    if (attempt)
        fct_buf_addf(out, "%s%s%sno answer from %s in time", proxy ? "proxy " : "",
                     proxy ? proxy->name : "", proxy ? ": " : "", attempt->peer);
    else if (dial->failures[port])
        fct_buf_add_text(out, dial->failures[port]);
    else
        fct_buf_add_text(out, "no answer in time");
}

void fct_dial_story(const fct_dial *dial, char text[FCT_DIAL_TEXT])
{
    fct_buf out = {.max = FCT_DIAL_TEXT - 1};

    for (unsigned port = 0; dial->target.port_count > 1 && port < dial->target.port_count; port++) {
        if (!dial->tried_by_port[port])
            continue;
        fct_buf_addf(&out, "%sport %u: ", out.len ? "; " : "", (unsigned)dial->target.ports[port]);
        tell_port(dial, port, &out);
    }
    snprintf(text, FCT_DIAL_TEXT, "%s", out.len ? out.ptr : "");
    fct_buf_done(&out);
}

static void fail_connecting(fct_dial *dial)
{
    int error = dial->at_fault ? FACTEUR_ECONFIG : FACTEUR_ECONNECT;
    char message[FCT_DIAL_TEXT];
    fct_buf out = {.max = FCT_DIAL_TEXT - 1};

    fct_dial_story(dial, message);
    if (!message[0]) {
        tell_port(dial, 0, &out);
        if (dial->tried > 1 && fct_list_empty(&dial->attempts))
            fct_buf_addf(&out, " (%u addresses tried)", dial->tried);
        snprintf(message, sizeof message, "%s", out.len ? out.ptr : "");
        fct_buf_done(&out);
    }
    if (dial->may_pass || !fct_list_empty(&dial->attempts))
        error = FACTEUR_ECONNECT;
    if (dial->lacking)
        error = dial->lacking;
    fail(dial, error, FACTEUR_PHASE_connect, message);
}

static void on_deadline(fct_timer *timer)
{
    fct_dial *dial = FCT_ENTRY(timer, fct_dial, deadline);

    if (fct_dial_phase(dial) == FACTEUR_PHASE_resolve)
        fail_unresolved(dial, "the name servers did not answer in time");
    else
        fail_connecting(dial);
}

/* ---- Attempts ---- */

/* The next address for a port, of the other family than the last one where there is one (RFC 8305
 * section 4). */
static struct candidate *pick_address(fct_dial *dial, unsigned port)
{
    struct candidate *other = NULL;

    for (size_t i = 0; i < dial->count; i++) {
        struct candidate *candidate = &dial->candidates[i];

        if (candidate->tried & 1U << port)
            continue;
        if (candidate->address.sock.ss_family != dial->last_family)
            return candidate;
        if (!other)
            other = candidate;
    }
    return other;
}

/* Each address of the port was tried, and none answers or may still answer. */
static bool has_failed(fct_dial *dial, unsigned port)
{
    return dial->failures[port] && !attempt_at(dial, port) && !pick_address(dial, port);
}

/* From when on a port may be tried: at once after a failure of the one before it. */
static uint64_t port_due_us(fct_dial *dial, unsigned port)
{
    uint64_t share_us = since(dial->started_us, dial->deadline_us) / (dial->target.port_count + 1);

    if (port == 0 || has_failed(dial, port - 1))
        return 0;
    if (!dial->tried_by_port[port - 1])
        return UINT64_MAX;
    return dial->begun_us[port - 1] + (share_us < PORT_DELAY_US ? share_us : PORT_DELAY_US);
}

/* The port that was tried least has its turn.  Without one: when there is one, in *due_us. */
static struct candidate *pick(fct_dial *dial, unsigned *port, uint64_t *due_us)
{
    uint64_t now_us = fct_loop_now_us(dial->loop);
    struct candidate *best = NULL;

    for (unsigned i = 0; i < dial->target.port_count; i++) {
        struct candidate *candidate = pick_address(dial, i);
        uint64_t port_us = candidate ? port_due_us(dial, i) : UINT64_MAX;

        if (port_us > now_us) {
            *due_us = port_us < *due_us ? port_us : *due_us;
            continue;
        }
        if (candidate && (!best || dial->tried_by_port[i] < dial->tried_by_port[*port])) {
            best = candidate;
            *port = i;
        }
    }
    return best;
}

static void attempt_next(fct_dial *dial);

static void on_open(void *user, fct_attempt *attempt)
{
    succeed(user, attempt);
}

/* There is one proxy: its other addresses are of no use while it works, another port may be. */
static void on_reached(void *user, fct_attempt *attempt)
{
    fct_dial *dial = user;

    (void)attempt;
    if (dial->target.port_count == 1)
        fct_timer_clear(&dial->next);
}

static void on_failed(void *user, fct_attempt *attempt, int error, const char *text)
{
    fct_dial *dial = user;
    unsigned port = attempt->port;
    char message[FCT_DIAL_TEXT];

    /* A login that was refused is not tried again and again. */
    if (error == FACTEUR_EAUTH) {
        snprintf(message, sizeof message, "proxy %s: %s", dial->target.proxy->name, text);
        dial->at_fault = "proxy";
        fail(dial, FACTEUR_ECONFIG, FACTEUR_PHASE_connect, message);
        return;
    }
    note_failure(dial, port, error, "proxy", text);
    let_go(dial, attempt);
    attempt_next(dial);
}

static const struct fct_attempt_owner attempt_owner = {on_open, on_reached, on_failed};

/* 1: connected.  0: under way.  -1: it failed, and that is noted. */
static int try(fct_dial *dial, const struct candidate *candidate, unsigned port)
{
    const struct fct_dial_target *target = &dial->target;
    fct_endpoint address = candidate->address;
    struct fct_attempt_plan plan = {.address = &address,
                                    .local = dial->has_local ? &dial->local : NULL,
                                    .port = port,
                                    .owner = &attempt_owner,
                                    .user = dial};
    fct_attempt *attempt = NULL;
    char text[FCT_ATTEMPT_TEXT] = "memory ran out";
    bool at_once = false;
    int error = FACTEUR_ENOMEM;

    if (target->proxy)
        plan.proxy = fct_proxy_new(target->proxy, target->host, target->ports[port]);
    else if (port > 0)
        fct_endpoint_set_port(&address, target->ports[port]);
    if (!target->proxy || plan.proxy)
        error = fct_attempt_start(dial->loop, &plan, &attempt, &at_once, text);
    if (error) {
        note_failure(dial, port, error, "local_address", text);
        return -1;
    }
    fct_list_push(&dial->attempts, &attempt->link);
    dial->attempt_count++;
    if (at_once)
        succeed(dial, attempt);
    return at_once;
}

static void attempt_next(fct_dial *dial)
{
    struct candidate *candidate;
    uint64_t due_us = UINT64_MAX;
    unsigned port = 0;

    fct_timer_clear(&dial->next);
    while (dial->attempt_count < ATTEMPTS_AT_ONCE &&
           (candidate = pick(dial, &port, &due_us)) != NULL) {
        int result;

        candidate->tried |= 1U << port;
        dial->tried++;
        if (dial->tried_by_port[port]++ == 0)
            dial->begun_us[port] = fct_loop_now_us(dial->loop);
        dial->last_family = candidate->address.sock.ss_family;
        result = try(dial, candidate, port);
        if (result == 0)
            fct_timer_set(dial->loop, &dial->next, fct_loop_now_us(dial->loop) + ATTEMPT_DELAY_US);
        if (result >= 0)
            return;
    }
    fct_timer_set(dial->loop, &dial->next, due_us);
    if (fct_timer_is_set(&dial->next) || !fct_list_empty(&dial->attempts) || dial->answers_left > 0)
        return;
    if (dial->tried == 0 && !dial->lacking)
        fail_unresolved(dial, dial->failure);
    else
        fail_connecting(dial);
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
        dial->candidates[dial->count++].address = addresses[i];
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

/* Without the descriptors that are needed nothing is tried. */
static bool is_lacking(fct_dial *dial)
{
    int cause = fct_shortage_look(DESCRIPTORS);
    char text[FCT_SHORTAGE_TEXT];

    if (!cause)
        return false;
    dial->lacking = fct_shortage_code(cause);
    dial->failures[0] = fct_strdup(fct_shortage_text(cause, text));
    fct_timer_set(dial->loop, &dial->next, 0);
    return true;
}

/* False when memory ran out. */
static bool prepare(fct_dial *dial)
{
    const struct fct_dial_target *target = &dial->target;
    uint16_t port = target->proxy ? target->proxy->port : target->ports[0];

    if (is_lacking(dial))
        return true;
    if (target->local_address) {
        dial->has_local = fct_endpoint_literal(&dial->local, target->local_address, 0);
        if (!dial->has_local)
            dial->failure = "no network interface is called as the zone of local_address";
    }
    if (!target->unix_path && !dial->failure) {
        dial->answers_left = target->family == FCT_FAMILY_ANY ? 2 : 1;
        dial->resolve =
            fct_resolve_start(dial->loop, name_of(dial), port, target->family, on_found, dial);
        return dial->resolve != NULL;
    }
    dial->resolved_us = dial->started_us;
    if (dial->failure)
        dial->count = 0;
    else if (fct_endpoint_unix(&dial->candidates[0].address, target->unix_path))
        dial->count = 1;
    else
        dial->failure = "the path of a unix socket has 1 to 107 bytes";
    fct_timer_set(dial->loop, &dial->next, 0);
    return true;
}

fct_dial *fct_dial_start(fct_loop *loop, const struct fct_dial_target *target, uint64_t deadline_us,
                         fct_dial_done *done, void *user)
{
    fct_dial *dial = fct_calloc(1, sizeof *dial);

    if (!dial)
        return NULL;
    dial->loop = loop;
    dial->target = *target;
    if (dial->target.port_count == 0)
        dial->target.port_count = 1;
    dial->last_family = AF_UNSPEC;
    dial->started_us = fct_loop_now_us(loop);
    dial->deadline_us = deadline_us;
    dial->done = done;
    dial->user = user;
    fct_list_init(&dial->attempts);
    fct_timer_init(&dial->next, on_next);
    fct_timer_init(&dial->deadline, on_deadline);
    if (!prepare(dial)) {
        fct_dial_free(dial);
        return NULL;
    }
    fct_timer_set(loop, &dial->deadline, deadline_us);
    return dial;
}

void fct_dial_blame(fct_dial *dial, uint16_t port, const char *text)
{
    for (unsigned i = 0; i < dial->target.port_count; i++) {
        if (dial->target.ports[i] != port)
            continue;
        /* It got further than what had failed before. */
        fct_free(dial->failures[i]);
        dial->failures[i] = fct_strdup(text);
    }
}

bool fct_dial_resume(fct_dial *dial)
{
    uint64_t due_us = UINT64_MAX;
    unsigned port;

    if (!pick(dial, &port, &due_us) && due_us == UINT64_MAX)
        return false;
    dial->answers_left = 0;
    fct_timer_set(dial->loop, &dial->deadline, dial->deadline_us);
    fct_timer_set(dial->loop, &dial->next, 0);
    return true;
}

bool fct_dial_has_port_left(const fct_dial *dial)
{
    for (unsigned i = 0; i < dial->target.port_count; i++) {
        if (!dial->tried_by_port[i])
            return true;
    }
    return false;
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
    for (unsigned i = 0; i < FCT_PORTS_MAX; i++)
        fct_free(dial->failures[i]);
    fct_free(dial);
}
