/* SPDX-License-Identifier: MIT */
/*
 * net/dial with a resolver of the test's own (its symbols stand in for net/resolve.c), so that
 * addresses can be slow, dead and silent at will.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "net/timer.h"
#include "support/loop_run.h"

/* The resolver: two answers, each after its delay. */

struct planned {
    fct_endpoint addresses[4];
    size_t count;
    const char *failure;
    uint64_t delay_us;
};

static struct planned plan[2];

struct fct_resolve {
    fct_timer timer[2];
    unsigned left;
    fct_resolve_found *found;
    void *user;
};

static void tell(fct_resolve *resolve, int which)
{
    resolve->left--;
    resolve->found(resolve->user, plan[which].addresses, plan[which].count, plan[which].failure,
                   resolve->left);
}

static void tell_first(fct_timer *timer)
{
    tell((fct_resolve *)(void *)timer, 0);
}

static void tell_second(fct_timer *timer)
{
    tell(FCT_ENTRY(timer, fct_resolve, timer[1]), 1);
}

fct_resolve *fct_resolve_start(fct_loop *loop, const char *host, uint16_t port,
                               enum fct_family family, fct_resolve_found *found, void *user)
{
    fct_resolve *resolve = fct_calloc(1, sizeof *resolve);

    if (!resolve)
        return NULL;
    resolve->left = 2;
    resolve->found = found;
    resolve->user = user;
    fct_timer_init(&resolve->timer[0], tell_first);
    fct_timer_init(&resolve->timer[1], tell_second);
    fct_timer_set(loop, &resolve->timer[0], fct_loop_now_us(loop) + plan[0].delay_us);
    fct_timer_set(loop, &resolve->timer[1], fct_loop_now_us(loop) + plan[1].delay_us);
    return resolve;
}

bool fct_resolve_asks(const fct_resolve *resolve)
{
    return true;
}

void fct_resolve_free(fct_resolve *resolve)
{
    if (!resolve)
        return;
    fct_timer_clear(&resolve->timer[0]);
    fct_timer_clear(&resolve->timer[1]);
    fct_free(resolve);
}

/* Sockets that accept, refuse or keep silent */

static int listen_at(uint32_t address, uint16_t *port, int backlog)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static int listen_on(uint16_t *port, int backlog)
{
    return listen_at(INADDR_LOOPBACK, port, backlog);
}

static void plan_port(int which, uint16_t port)
{
    assert_true(
        fct_endpoint_literal(&plan[which].addresses[plan[which].count++], "127.0.0.1", port));
}

struct result {
    bool finished;
    int fd, error;
    enum facteur_phase phase;
    char message[512], peer[128];
    uint64_t connect_us;
    unsigned calls;
};

static void on_done(void *user, const struct fct_dialled *dialled)
{
    struct result *result = user;

    result->finished = true;
    result->calls++;
    result->fd = dialled->fd;
    result->error = dialled->error;
    result->phase = dialled->phase;
    result->connect_us = dialled->connect_us;
    snprintf(result->message, sizeof result->message, "%s",
             dialled->message ? dialled->message : "");
    snprintf(result->peer, sizeof result->peer, "%s", dialled->peer ? dialled->peer : "");
}

static fct_loop *loop;

static int set_up(void **state)
{
    memset(plan, 0, sizeof plan);
    loop = fct_loop_new();
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    fct_loop_free(loop);
    return 0;
}

/* A limit that no test reaches which passes, however busy the machine. */
#define PLENTY_US 250000000u

static const struct fct_dial_target relay = {.host = "relay.example", .ports = {25}};

static struct result dial_to(const struct fct_dial_target *target, uint64_t limit_us)
{
    struct result result = {.fd = -1};
    fct_dial *dial =
        fct_dial_start(loop, target, fct_loop_now_us(loop) + limit_us, on_done, &result);

    assert_non_null(dial);
    assert_false(result.finished);
    run_until_set(loop, &result.finished);
    fct_dial_free(dial);
    assert_int_equal(result.calls, 1);
    return result;
}

static struct result dial_it(const char *host, const char *path, uint64_t limit_us)
{
    return dial_to(&(struct fct_dial_target){.host = host, .unix_path = path, .ports = {25}},
                   limit_us);
}

static void a_refused_address_is_followed_by_the_next(void **state)
{
    uint16_t dead, alive;
    int dead_fd = listen_on(&dead, -1), alive_fd = listen_on(&alive, 8);
    struct result result;

    plan_port(0, dead);
    plan_port(1, alive);
    result = dial_it("relay.example", NULL, PLENTY_US);
    assert_true(result.fd >= 0);
    assert_int_equal(result.error, 0);
    assert_non_null(strchr(result.peer, ':'));
    assert_int_equal(atoi(strchr(result.peer, ':') + 1), alive);
    assert_true(fcntl(result.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(result.fd, F_GETFL) & O_NONBLOCK);
    close(result.fd);
    close(dead_fd);
    close(alive_fd);
}

/* A port has not failed before each of its addresses has. */
static void a_port_has_all_addresses_before_the_next(void **state)
{
    struct fct_dial_target target = {.host = "relay.example", .port_count = 2};
    int wanted = listen_on(&target.ports[0], 64);
    int other = listen_at(INADDR_LOOPBACK + 1, &target.ports[1], 64);
    struct result result;
    char peer[32];

    (void)state;
    plan[0].count = 2;
    assert_true(fct_endpoint_literal(&plan[0].addresses[0], "127.0.0.2", target.ports[0]));
    assert_true(fct_endpoint_literal(&plan[0].addresses[1], "127.0.0.1", target.ports[0]));
    result = dial_to(&target, PLENTY_US);
    snprintf(peer, sizeof peer, "127.0.0.1:%u", (unsigned)target.ports[0]);
    assert_non_null(strstr(result.peer, peer));
    close(result.fd);
    close(wanted);
    close(other);
}

static void a_silent_address_costs_a_quarter_second(void **state)
{
    uint16_t silent, alive;
    int silent_fd = listen_on(&silent, 0), alive_fd = listen_on(&alive, 8);
    int fill[4];
    struct result result;
    fct_dial *dial;

    /* A full backlog drops the SYN, as a black hole does. */
    for (int i = 0; i < 4; i++) {
        struct sockaddr_in in = {.sin_family = AF_INET,
                                 .sin_port = htons(silent),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (struct sockaddr *)&in, sizeof in);
    }
    plan_port(0, silent);
    plan_port(1, alive);
    result = (struct result){.fd = -1};
    dial = fct_dial_start(loop, &relay, fct_loop_now_us(loop) + PLENTY_US, on_done, &result);
    /* Both answers come, the first attempt begins; then the next thing is due in so long. */
    for (int i = 0; i < 4; i++)
        fct_loop_step(loop);
    assert_true(fct_loop_timeout_us(loop) <= 250000);
    run_until_set(loop, &result.finished);
    fct_dial_free(dial);
    assert_true(result.fd >= 0);
    assert_int_equal(atoi(strchr(result.peer, ':') + 1), alive);
    assert_true(result.connect_us >= 240000);
    close(result.fd);

    /* Alone, it takes the whole deadline and not more. */
    plan[1].count = 0;
    result = dial_it("relay.example", NULL, 100000);
    assert_int_equal(result.error, FACTEUR_ECONNECT);
    assert_int_equal(result.phase, FACTEUR_PHASE_connect);
    assert_non_null(strstr(result.message, "no answer from 127.0.0.1:"));
    for (int i = 0; i < 4; i++)
        close(fill[i]);
    close(silent_fd);
    close(alive_fd);
}

static void failures_say_what_happened(void **state)
{
    uint16_t dead;
    int dead_fd = listen_on(&dead, -1);
    char expected[128];
    struct result result;

    plan_port(0, dead);
    result = dial_it("relay.example", NULL, PLENTY_US);
    snprintf(expected, sizeof expected, "connection refused by 127.0.0.1:%u", dead);
    assert_string_equal(result.message, expected);

    plan_port(1, dead);
    result = dial_it("relay.example", NULL, PLENTY_US);
    snprintf(expected, sizeof expected, "connection refused by 127.0.0.1:%u (2 addresses tried)",
             dead);
    assert_string_equal(result.message, expected);

    plan[0].count = plan[1].count = 0;
    plan[0].failure = plan[1].failure = "no such host";
    result = dial_it("relay.example", NULL, PLENTY_US);
    assert_string_equal(result.message, "relay.example: no such host");
    assert_int_equal(result.phase, FACTEUR_PHASE_resolve);
    assert_int_equal(result.error, FACTEUR_ECONNECT);

    plan[0].delay_us = plan[1].delay_us = 1000000;
    result = dial_it("relay.example", NULL, 20000);
    assert_string_equal(result.message, "relay.example: the name servers did not answer in time");
    close(dead_fd);
}

static void an_answer_that_comes_late_is_still_used(void **state)
{
    uint16_t dead, alive;
    int dead_fd = listen_on(&dead, -1), alive_fd = listen_on(&alive, 8);
    struct result result;

    /* The first answer is refused before the second one is there. */
    plan_port(0, dead);
    plan_port(1, alive);
    plan[1].delay_us = 120000;
    result = dial_it("relay.example", NULL, PLENTY_US);
    assert_true(result.fd >= 0);
    close(result.fd);
    close(dead_fd);
    close(alive_fd);
}

static void unix_sockets_by_path_and_by_name(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    char path[64], name[64];
    struct result result;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), abstract = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(path, sizeof path, "/tmp/facteur-dial-%d", (int)getpid());
    unlink(path);
    result = dial_it(NULL, path, PLENTY_US);
    assert_non_null(strstr(result.message, "no socket at /tmp/facteur-dial-"));
    strcpy(un.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(listen(fd, 1), 0);
    result = dial_it(NULL, path, PLENTY_US);
    assert_true(result.fd >= 0);
    assert_string_equal(result.peer, path);
    close(result.fd);
    close(fd);
    unlink(path);

    snprintf(name, sizeof name, "@facteur-dial-%d", (int)getpid());
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    strcpy(un.sun_path + 1, name + 1);
    assert_int_equal(bind(abstract, (struct sockaddr *)&un,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    assert_int_equal(listen(abstract, 1), 0);
    result = dial_it(NULL, name, PLENTY_US);
    assert_true(result.fd >= 0);
    assert_string_equal(result.peer, name);
    close(result.fd);
    close(abstract);

    memset(path, 'x', sizeof path);
    result =
        dial_it(NULL,
                "/a/path/that/is/much/longer/than/the/hundred/and/eight/bytes/which/an/address/"
                "of/a/unix/socket/has/room/for/in/it",
                PLENTY_US);
    assert_non_null(strstr(result.message, "1 to 107 bytes"));
}

/* What the kernel says to a connection that does not come about. */
static void unix_failures_say_what_happened(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/facteur-dial-XXXXXX", path[64], below[80], expected[160];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), fill[8];

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    snprintf(below, sizeof below, "%s/x", path);
    strcpy(un.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    snprintf(expected, sizeof expected, "connection refused by %s", path);
    assert_string_equal(dial_it(NULL, path, PLENTY_US).message, expected);
    snprintf(expected, sizeof expected, "cannot connect to %s: Not a directory", below);
    assert_string_equal(dial_it(NULL, below, PLENTY_US).message, expected);

    assert_int_equal(listen(fd, 0), 0);
    for (size_t i = 0; i < 8; i++) {
        fill[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (struct sockaddr *)&un, sizeof un);
    }
    snprintf(expected, sizeof expected, "the queue of connections to %s is full", path);
    assert_string_equal(dial_it(NULL, path, PLENTY_US).message, expected);
    for (size_t i = 0; i < 8; i++)
        close(fill[i]);
    close(fd);
    unlink(path);
    rmdir(folder);
}

static void addresses_left_are_tried_on_request(void **state)
{
    uint16_t first, second;
    int first_fd = listen_on(&first, 8), second_fd = listen_on(&second, 8);
    struct result result = {.fd = -1};
    fct_dial *dial;

    plan_port(0, first);
    plan_port(1, second);
    /* Both answers are known before an attempt is made. */
    plan[0].addresses[0].sock.ss_family = AF_INET;
    dial = fct_dial_start(loop, &relay, fct_loop_now_us(loop) + PLENTY_US, on_done, &result);
    run_until_set(loop, &result.finished);
    assert_int_equal(atoi(strchr(result.peer, ':') + 1), first);
    close(result.fd);
    result.finished = false;
    assert_true(fct_dial_resume(dial));
    run_until_set(loop, &result.finished);
    assert_int_equal(atoi(strchr(result.peer, ':') + 1), second);
    close(result.fd);
    assert_false(fct_dial_resume(dial));
    fct_dial_free(dial);
    close(first_fd);
    close(second_fd);
}

static void a_dial_may_be_freed_at_any_turn(void **state)
{
    uint16_t dead, alive;
    int dead_fd = listen_on(&dead, -1), alive_fd = listen_on(&alive, 64);

    plan_port(0, dead);
    plan_port(1, alive);
    for (int turns = 0; turns < 8; turns++) {
        struct result result = {.fd = -1};
        fct_dial *dial =
            fct_dial_start(loop, &relay, fct_loop_now_us(loop) + PLENTY_US, on_done, &result);

        for (int i = 0; i < turns; i++)
            fct_loop_step(loop);
        fct_dial_free(dial);
        if (result.fd >= 0)
            close(result.fd);
    }
    close(dead_fd);
    close(alive_fd);
}

static void every_allocation_may_fail(void **state)
{
    uint16_t alive;
    int alive_fd = listen_on(&alive, 64);
    bool failed = true;

    plan_port(0, alive);
    for (unsigned long nth = 1; failed; nth++) {
        struct result result = {.fd = -1};
        fct_dial *dial;

        fct_memory_fail_at(nth);
        dial = fct_dial_start(loop, &relay, fct_loop_now_us(loop) + PLENTY_US, on_done, &result);
        if (dial)
            run_until_set(loop, &result.finished);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_true(!failed || result.fd < 0);
        assert_true(failed || result.fd >= 0);
        assert_true(!failed || !dial || result.error == FACTEUR_ENOMEM);
        fct_dial_free(dial);
        if (result.fd >= 0)
            close(result.fd);
    }
    close(alive_fd);
}

/* It is seen from where it was bound, and one that is not this machine's is a wrong configuration.
 */
static void it_goes_out_by_its_local_address(void **state)
{
    struct fct_dial_target target = {.host = "relay.example", .ports = {25}};
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;
    struct result result;
    uint16_t alive;
    int alive_fd = listen_on(&alive, 8);
    int fd;

    plan_port(0, alive);
    target.local_address = "127.9.8.7";
    result = dial_to(&target, PLENTY_US);
    assert_true(result.fd >= 0);
    fd = accept(alive_fd, (struct sockaddr *)&peer, &len);
    assert_true(fd >= 0);
    assert_int_equal(ntohl(peer.sin_addr.s_addr), 0x7f090807);
    close(fd);
    close(result.fd);

    target.local_address = "192.0.2.77";
    result = dial_to(&target, PLENTY_US);
    assert_int_equal(result.error, FACTEUR_ECONFIG);
    assert_int_equal(result.phase, FACTEUR_PHASE_connect);
    assert_string_equal(result.message, "local_address: this machine has no address 192.0.2.77");
    target.local_address = "fe80::1%no-such-zone";
    result = dial_to(&target, PLENTY_US);
    assert_int_equal(result.error, FACTEUR_ECONNECT);
    assert_non_null(strstr(result.message, "no network interface"));
    close(alive_fd);
}

int main(void)
{
#define DIAL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        DIAL_TEST(a_refused_address_is_followed_by_the_next),
        DIAL_TEST(a_port_has_all_addresses_before_the_next),
        DIAL_TEST(a_silent_address_costs_a_quarter_second),
        DIAL_TEST(failures_say_what_happened),
        DIAL_TEST(an_answer_that_comes_late_is_still_used),
        DIAL_TEST(unix_sockets_by_path_and_by_name),
        DIAL_TEST(unix_failures_say_what_happened),
        DIAL_TEST(addresses_left_are_tried_on_request),
        DIAL_TEST(a_dial_may_be_freed_at_any_turn),
        DIAL_TEST(it_goes_out_by_its_local_address),
        DIAL_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
