/* SPDX-License-Identifier: MIT */
/* net/loop, net/resolve and net/stream over socket pairs: timers, waking, order and exact counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "support/certificates.h"
#include "net/resolve.h"
#include "net/stream.h"
#include "net/timer.h"
#include "support/loop_run.h"

static fct_loop *loop;

static int set_up(void **state)
{
    loop = fct_loop_new();
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    fct_loop_free(loop);
    return 0;
}

/* Loop */

static char order[16];
static bool stop;
static fct_timer timers[5];

static void note(fct_timer *timer)
{
    size_t len = strlen(order);

    order[len] = (char)('a' + (timer - timers));
    order[len + 1] = '\0';
    if (timer == &timers[4])
        stop = true;
}

static void note_and_rearm(fct_timer *timer)
{
    note(timer);
    if (strlen(order) < 3)
        fct_timer_set(loop, timer, 0);
}

static void timers_fire_in_order_and_can_be_cleared(void **state)
{
    uint64_t now_us = fct_loop_now_us(loop);

    order[0] = '\0';
    stop = false;
    for (int i = 0; i < 5; i++)
        fct_timer_init(&timers[i], note);
    fct_timer_set(loop, &timers[4], now_us + 9000);
    fct_timer_set(loop, &timers[0], now_us + 5000);
    fct_timer_set(loop, &timers[1], now_us + 1000);
    fct_timer_set(loop, &timers[2], now_us + 2000);
    fct_timer_set(loop, &timers[3], now_us + 3000);
    fct_timer_set(loop, &timers[1], now_us + 7000);
    fct_timer_clear(&timers[2]);
    assert_true(fct_timer_is_set(&timers[1]));
    assert_in_range(fct_loop_timeout_us(loop), 0, 3000);
    run_until_set(loop, &stop);
    assert_string_equal(order, "dabe");
    assert_true(fct_loop_now_us(loop) >= now_us + 9000);
    assert_int_equal(fct_loop_timeout_us(loop), UINT64_MAX);
}

static void a_timer_may_set_itself_anew(void **state)
{
    order[0] = '\0';
    fct_timer_init(&timers[0], note_and_rearm);
    fct_timer_set(loop, &timers[0], 0);
    assert_int_equal(fct_loop_timeout_us(loop), 0);
    assert_string_equal(order, "");
    fct_loop_step(loop);
    fct_loop_step(loop);
    fct_loop_step(loop);
    assert_string_equal(order, "aaa");
    fct_timer_clear(&timers[0]);
}

static uint64_t seen_us[2];

static void see_twice(fct_timer *timer)
{
    uint64_t now_us = fct_clock_now_us();

    seen_us[0] = fct_loop_now_us(loop);
    while (fct_clock_now_us() < now_us + 10)
        ;
    seen_us[1] = fct_loop_now_us(loop);
}

static void the_clock_is_read_once_for_all_that_is_due(void **state)
{
    uint64_t now_us = fct_clock_now_us();

    fct_timer_init(&timers[0], see_twice);
    fct_timer_set(loop, &timers[0], 0);
    fct_loop_step(loop);
    assert_in_range(seen_us[0], now_us, fct_clock_now_us());
    assert_int_equal(seen_us[0], seen_us[1]);
    now_us = fct_clock_now_us();
    assert_in_range(fct_loop_now_us(loop), now_us, fct_clock_now_us());
}

static void set_due(void *user)
{
    fct_timer_set(user, &timers[0], 0);
}

/* A host that had to step again for it would wait for its own loop in between. */
static void what_becomes_due_in_a_step_fires_in_it(void **state)
{
    order[0] = '\0';
    fct_timer_init(&timers[0], note);
    fct_loop_step(loop); /* after a rest a step has two turns */
    fct_loop_on_wake(loop, set_due, loop);
    fct_loop_wake(loop);
    fct_loop_step(loop);
    assert_string_equal(order, "a");
    assert_int_equal(fct_loop_timeout_us(loop), UINT64_MAX);
}

static bool never(void *user)
{
    (*(int *)user)++;
    return false;
}

static void running_until_a_time_ends_there(void **state)
{
    uint64_t until_us = fct_loop_now_us(loop) + 20000;
    int asked = 0;

    fct_loop_run_until(loop, never, &asked, until_us);
    assert_true(fct_loop_now_us(loop) >= until_us);
    assert_in_range(asked, 1, 100);
}

static void set_flag(void *user)
{
    *(bool *)user = true;
}

static void *wake(void *user)
{
    fct_loop_wake(user);
    return NULL;
}

static void another_thread_wakes_the_loop(void **state)
{
    bool woken = false;
    pthread_t thread;

    fct_loop_on_wake(loop, set_flag, &woken);
    assert_int_equal(pthread_create(&thread, NULL, wake, loop), 0);
    run_until_set(loop, &woken);
    assert_true(woken);
    pthread_join(thread, NULL);
    fct_loop_on_wake(loop, NULL, NULL);
}

/* Resolver */

struct answers {
    size_t v4, v6;
    char first[FCT_ENDPOINT_TEXT];
    const char *failure;
    bool finished;
};

static void on_found(void *user, const fct_endpoint *addresses, size_t count, const char *failure,
                     unsigned left)
{
    struct answers *answers = user;

    for (size_t i = 0; i < count; i++) {
        if (addresses[i].sock.ss_family == AF_INET6)
            answers->v6++;
        else
            answers->v4++;
        if (!answers->first[0] && addresses[i].sock.ss_family == AF_INET)
            fct_endpoint_text(&addresses[i], answers->first);
    }
    if (failure)
        answers->failure = failure;
    answers->finished = left == 0;
}

static struct answers resolve_it(const char *host)
{
    struct answers answers = {0};
    fct_resolve *resolve = fct_resolve_start(loop, host, 2525, FCT_FAMILY_ANY, on_found, &answers);

    assert_non_null(resolve);
    assert_false(answers.finished);
    run_until_set(loop, &answers.finished);
    fct_resolve_free(resolve);
    return answers;
}

static void literals_and_localhost_need_no_server(void **state)
{
    struct answers answers = resolve_it("192.0.2.1");

    assert_int_equal(answers.v4, 1);
    assert_int_equal(answers.v6, 0);
    assert_string_equal(answers.first, "192.0.2.1:2525");
    answers = resolve_it("2001:db8::1");
    assert_int_equal(answers.v6, 1);
    assert_int_equal(answers.v4, 0);
    answers = resolve_it("LocalHost.");
    assert_int_equal(answers.v4, 1);
    assert_int_equal(answers.v6, 1);
    answers = resolve_it("relay.localhost");
    assert_string_equal(answers.first, "127.0.0.1:2525");
}

/* Some name of /etc/hosts that is not localhost; false when there is none. */
static bool name_of_hosts(char name[128])
{
    FILE *file = fopen("/etc/hosts", "re");
    char line[512], address[64];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "%63s %127s", address, name) == 2 && address[0] != '#' &&
                strchr(address, '.') && !strstr(name, "localhost");
    if (file)
        fclose(file);
    return found;
}

static void the_hosts_file_is_read(void **state)
{
    struct answers answers;
    char name[128];

    if (!name_of_hosts(name)) {
        print_message("skipped: the hosts file has no name of its own\n");
        skip();
    }
    answers = resolve_it(name);
    assert_true(answers.v4 >= 1);
}

static void a_resolver_may_be_freed_at_any_turn(void **state)
{
    for (int turns = 0; turns < 4; turns++) {
        struct answers answers = {0};
        fct_resolve *resolve =
            fct_resolve_start(loop, "relay.invalid", 25, FCT_FAMILY_ANY, on_found, &answers);

        for (int i = 0; i < turns; i++)
            fct_loop_step(loop);
        fct_resolve_free(resolve);
    }
}

/* Streams */

struct heard {
    fct_buf text;
    bool ready, lost, secured;
    int error, secure_error;
    char message[256];
    fct_stream *close_me; /* close it when something comes */
};

static void on_received(void *user, const char *bytes, size_t len)
{
    struct heard *heard = user;

    fct_buf_add(&heard->text, bytes, len);
    if (heard->close_me)
        fct_stream_close(heard->close_me, false);
}

static void on_ready(void *user)
{
    ((struct heard *)user)->ready = true;
}

static void on_secured(void *user, int error, const char *message)
{
    struct heard *heard = user;

    heard->secured = true;
    heard->secure_error = error;
    snprintf(heard->message, sizeof heard->message, "%s", message ? message : "");
}

static void on_lost(void *user, int error, const char *message)
{
    struct heard *heard = user;

    assert_false(heard->lost);
    heard->lost = true;
    heard->error = error;
    snprintf(heard->message, sizeof heard->message, "%s", message);
}

static const struct fct_stream_owner owner = {on_received, on_ready, on_secured, on_lost};

static fct_stream *stream_pair(int *other, struct heard *heard)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *other = fds[1];
    memset(heard, 0, sizeof *heard);
    return fct_stream_new(loop, fds[0], "the peer", false, &owner, heard);
}

static void bytes_go_both_ways(void **state)
{
    fct_slice slices[2] = {FCT_SLICE("MAIL FROM:<>\r\n"), FCT_SLICE("DATA\r\n")};
    struct heard heard;
    char bytes[64];
    size_t taken = 0;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    fct_stream_write(stream, slices, 2, &taken);
    assert_int_equal(taken, 20);
    assert_int_equal(read(other, bytes, sizeof bytes), 20);
    assert_memory_equal(bytes, "MAIL FROM:<>\r\nDATA\r\n", 20);
    assert_true(fct_stream_look(stream));
    assert_false(heard.ready);
    assert_int_equal(write(other, "250 ok\r\n", 8), 8);
    assert_true(fct_stream_look(stream));
    assert_string_equal(heard.text.ptr, "250 ok\r\n");
    assert_int_equal(write(other, "421 bye\r\n", 9), 9);
    close(other);
    run_until_set(loop, &heard.lost);
    assert_string_equal(heard.text.ptr, "250 ok\r\n421 bye\r\n");
    assert_int_equal(heard.error, 0);
    assert_false(fct_stream_look(stream));
    fct_stream_close(stream, true);
    fct_buf_done(&heard.text);
}

static void looking_finds_the_dead(void **state)
{
    struct heard heard;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    close(other);
    assert_false(fct_stream_look(stream));
    assert_true(heard.lost);
    fct_stream_close(stream, false);
}

static int tcp_pair(int *other)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

    assert_int_equal(bind(listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&in, &len);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    *other = accept(listener, NULL, NULL);
    close(listener);
    return fd;
}

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t len = sizeof value;

    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value;
}

static void the_kernel_asks_whether_the_peer_is_there(void **state)
{
    static const struct {
        uint64_t every_us;
        int seconds;
    } rows[] = {{0, 0},       {999999, 0},        {1000000, 1},       {1999999, 1},
                {2999999, 2}, {3599999999, 3599}, {3600999999, 3600}, {UINT64_MAX, 3600}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard heard = {0};
        int other, fd = tcp_pair(&other);
        fct_stream *stream = fct_stream_new(loop, fd, "the peer", true, &owner, &heard);

        assert_true(fct_stream_silence_us(stream) == UINT64_MAX);
        fct_stream_ask(stream, rows[i].every_us);
        assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), rows[i].seconds > 0);
        assert_int_equal(fct_stream_silence_us(stream) != UINT64_MAX, rows[i].seconds > 0);
        if (rows[i].seconds) {
            assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), rows[i].seconds);
            assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), rows[i].seconds);
            assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 7200000);
        }
        fct_stream_close(stream, false);
        close(other);
    }
}

/* Nothing but TCP has a kernel that asks. */
static void a_local_peer_is_not_asked(void **state)
{
    struct heard heard;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    fct_stream_ask(stream, 2000000);
    assert_true(fct_stream_silence_us(stream) == UINT64_MAX);
    fct_stream_close(stream, false);
    close(other);
    fct_buf_done(&heard.text);
}

/* Looking does not wake what is lost. */
static void what_is_lost_stays_lost(void **state)
{
    struct heard heard;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    assert_true(fct_stream_look(stream));
    close(other);
    errno = EINTR; /* of an earlier call; an end sets none */
    assert_false(fct_stream_look(stream));
    assert_true(heard.lost);
    for (int i = 0; i < 3; i++) {
        assert_false(fct_stream_look(stream));
        fct_loop_step(loop);
    }
    fct_stream_close(stream, false);
    fct_buf_done(&heard.text);
}

/* With nothing to write and nothing to read, nothing wakes the loop. */
static void expect_rest(void)
{
    struct pollfd host = {.fd = fct_loop_fd(loop), .events = POLLIN};

    for (int i = 0; i < 1000 && poll(&host, 1, 0) > 0; i++)
        fct_loop_step(loop);
    assert_int_equal(poll(&host, 1, 0), 0);
}

static void what_was_taken_is_what_arrives(void **state)
{
    static char big[600000], back[600000];
    struct heard heard;
    int other, writes = 0;
    size_t sent = 0, received = 0;
    fct_stream *stream = stream_pair(&other, &heard);

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 31 + i / 257);
    while (received < sizeof big) {
        fct_slice slices[2] = {
            {big + sent, (sizeof big - sent) / 2},
            {big + sent + (sizeof big - sent) / 2, sizeof big - sent - (sizeof big - sent) / 2}};
        size_t taken = 0;
        ssize_t got;

        if (sent < sizeof big) {
            heard.ready = false;
            fct_stream_write(stream, slices, 2, &taken);
            sent += taken;
            writes++;
        }
        while ((got = read(other, back + received, sizeof back - received)) > 0)
            received += (size_t)got;
        /* Blocked: the kernel has room again, and that is told. */
        if (sent < sizeof big)
            run_until_set(loop, &heard.ready);
    }
    assert_int_equal(received, sent);
    assert_memory_equal(big, back, sizeof big);
    expect_rest();
    assert_true(writes > 1);
    fct_stream_close(stream, false);
    close(other);
}

static void a_last_word_is_heard_after_a_failed_write(void **state)
{
    fct_slice text = FCT_SLICE("RSET\r\n");
    struct heard heard;
    size_t taken = 1;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    assert_int_equal(write(other, "421 too long\r\n", 14), 14);
    close(other);
    fct_stream_write(stream, &text, 1, &taken);
    assert_int_equal(taken, 0);
    assert_false(heard.lost);
    run_until_set(loop, &heard.lost);
    assert_string_equal(heard.text.ptr, "421 too long\r\n");
    fct_stream_close(stream, false);
    fct_buf_done(&heard.text);
}

/* Its descriptor may be another's when its loss was to be told. */
static void a_broken_stream_may_be_closed_at_once(void **state)
{
    struct heard heard;
    int other, next[2];
    fct_stream *stream = stream_pair(&other, &heard);

    close(other);
    fct_stream_write(stream, &FCT_SLICE("RSET\r\n"), 1, &(size_t){0});
    fct_stream_close(stream, false);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, next), 0);
    assert_int_equal(write(next[1], "220 hi\r\n", 8), 8);
    fct_loop_step(loop);
    assert_null(heard.text.ptr);
    close(next[0]);
    close(next[1]);
}

static void a_stream_may_be_closed_from_its_own_callback(void **state)
{
    struct heard heard;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    heard.close_me = stream;
    assert_int_equal(write(other, "220 hi\r\n", 8), 8);
    close(other);
    for (int i = 0; i < 4; i++)
        fct_loop_step(loop);
    assert_string_equal(heard.text.ptr, "220 hi\r\n");
    assert_false(heard.lost);
    assert_false(heard.ready);
    fct_buf_done(&heard.text);
}

/* TLS on a stream */

struct tls_server {
    int fd;
    SSL_CTX *context;
    size_t got;
};

/* Greet, then read until the client goes away. */
static void *serve(void *user)
{
    struct tls_server *server = user;
    SSL *ssl = SSL_new(server->context);
    char bytes[16384];
    sigset_t broken;
    int len;

    /* Only of the server's own writes. */
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, NULL);
    fcntl(server->fd, F_SETFL, 0);
    SSL_set_fd(ssl, server->fd);
    if (SSL_accept(ssl) == 1 && SSL_write(ssl, "220 hi\r\n", 8) == 8) {
        while ((len = SSL_read(ssl, bytes, sizeof bytes)) > 0)
            server->got += (size_t)len;
        if (SSL_get_error(ssl, len) == SSL_ERROR_ZERO_RETURN)
            server->got += 1000000;
    }
    SSL_free(ssl);
    close(server->fd);
    return NULL;
}

static void secure_and_close(bool politely)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct fct_tls_config config = {.no_verify = true};
    static char big[500000];
    struct tls_server server = {.context = server_context(&certificate)};
    fct_tls_context *context = NULL;
    struct heard heard;
    pthread_t thread;
    size_t sent = 0;
    fct_stream *stream = stream_pair(&server.fd, &heard);

    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    assert_int_equal(fct_tls_context_new(&config, "x", &context, NULL), 0);
    assert_int_equal(fct_stream_secure(stream, context), 0);
    run_until_set(loop, &heard.secured);
    assert_int_equal(heard.secure_error, 0);
    while (heard.text.len < 8)
        run_until_set(loop, &heard.ready), heard.ready = false;
    assert_string_equal(heard.text.ptr, "220 hi\r\n");
    while (sent < sizeof big) {
        fct_slice slice = {big + sent, sizeof big - sent};
        size_t taken = 0;

        heard.ready = false;
        fct_stream_write(stream, &slice, 1, &taken);
        sent += taken;
        if (taken < slice.len)
            run_until_set(loop, &heard.ready);
    }
    for (int i = 0; i < 20; i++)
        fct_loop_step(loop);
    while (fct_tls_output(fct_stream_tls(stream)).len > 0)
        fct_loop_step(loop);
    expect_rest();
    fct_stream_close(stream, politely);
    pthread_join(thread, NULL);
    assert_int_equal(server.got, sizeof big + (politely ? 1000000 : 0));
    fct_buf_done(&heard.text);
    fct_tls_context_free(context);
    SSL_CTX_free(server.context);
    certificate_free(&certificate);
}

static void a_stream_is_secured_and_ends_politely(void **state)
{
    secure_and_close(true);
    secure_and_close(false);
}

static void clear_text_and_silence_fail_the_handshake(void **state)
{
    struct fct_tls_config config = {.no_verify = true};
    fct_tls_context *context = NULL;
    struct heard heard;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);

    assert_int_equal(fct_tls_context_new(&config, "x", &context, NULL), 0);
    assert_int_equal(fct_stream_secure(stream, context), 0);
    assert_int_equal(write(other, "220 clear\r\n", 11), 11);
    run_until_set(loop, &heard.secured);
    assert_int_equal(heard.secure_error, FACTEUR_ETLS);
    assert_non_null(strstr(heard.message, "TLS mode mismatch"));
    assert_null(heard.text.ptr);
    fct_stream_close(stream, false);
    close(other);

    stream = stream_pair(&other, &heard);
    assert_int_equal(fct_stream_secure(stream, context), 0);
    fct_loop_step(loop);
    close(other);
    run_until_set(loop, &heard.secured);
    assert_int_equal(heard.secure_error, FACTEUR_ETLS);
    fct_stream_close(stream, false);
    fct_tls_context_free(context);
}

/* fork */

static void a_child_lets_go_and_the_parent_never_notices(void **state)
{
    fct_slice text = FCT_SLICE("NOOP\r\n");
    struct heard heard;
    char bytes[16];
    int other, status;
    size_t taken = 0;
    pid_t child;
    fct_stream *stream = stream_pair(&other, &heard);

    fct_loop_step(loop);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(other);
        fct_loop_forked(loop);
        fct_stream_close(stream, true);
        fct_loop_abandon(loop);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(read(other, bytes, sizeof bytes), -1);
    assert_int_equal(errno, EAGAIN);
    /* The parent's epoll still has the descriptor. */
    assert_int_equal(write(other, "250 ok\r\n", 8), 8);
    run_until_set(loop, &heard.ready);
    assert_string_equal(heard.text.ptr, "250 ok\r\n");
    fct_stream_write(stream, &text, 1, &taken);
    assert_int_equal(read(other, bytes, sizeof bytes), 6);
    fct_stream_close(stream, false);
    close(other);
    fct_buf_done(&heard.text);
}

static void a_host_loop_needs_only_descriptor_and_deadline(void **state)
{
    struct heard heard;
    int other;
    fct_stream *stream = stream_pair(&other, &heard);
    struct pollfd host;

    while (fct_loop_timeout_us(loop) == 0)
        fct_loop_step(loop);
    host = (struct pollfd){.fd = fct_loop_fd(loop), .events = POLLIN};
    assert_int_equal(poll(&host, 1, 0), 0);
    assert_int_equal(write(other, "220 hi\r\n", 8), 8);
    assert_int_equal(poll(&host, 1, 1000), 1);
    fct_loop_step(loop);
    assert_true(heard.ready);
    fct_stream_close(stream, false);
    close(other);
    fct_buf_done(&heard.text);
}

/* In a child, which may close them: nothing of a loop gets the number of an output or of the input.
 */
static bool keeps_standard_numbers(void)
{
    fct_loop *made;
    bool kept = true;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    made = fct_loop_new();
    for (int fd = STDIN_FILENO; made && fd <= STDERR_FILENO; fd++) {
        char byte = 'x';
        ssize_t moved = fd == STDIN_FILENO ? read(fd, &byte, 1) : write(fd, &byte, 1);

        kept = kept && fcntl(fd, F_GETFD) >= 0 && moved < 0 && errno == EBADF;
    }
    fct_loop_free(made);
    return made && kept;
}

static void a_loop_leaves_standard_numbers_alone(void **state)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0)
        _exit(keeps_standard_numbers() ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
#define NET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        NET_TEST(timers_fire_in_order_and_can_be_cleared),
        NET_TEST(a_timer_may_set_itself_anew),
        NET_TEST(the_clock_is_read_once_for_all_that_is_due),
        NET_TEST(what_becomes_due_in_a_step_fires_in_it),
        NET_TEST(running_until_a_time_ends_there),
        NET_TEST(another_thread_wakes_the_loop),
        cmocka_unit_test(a_loop_leaves_standard_numbers_alone),
        NET_TEST(literals_and_localhost_need_no_server),
        NET_TEST(the_hosts_file_is_read),
        NET_TEST(a_resolver_may_be_freed_at_any_turn),
        NET_TEST(bytes_go_both_ways),
        NET_TEST(looking_finds_the_dead),
        NET_TEST(the_kernel_asks_whether_the_peer_is_there),
        NET_TEST(a_local_peer_is_not_asked),
        NET_TEST(what_is_lost_stays_lost),
        NET_TEST(what_was_taken_is_what_arrives),
        NET_TEST(a_last_word_is_heard_after_a_failed_write),
        NET_TEST(a_broken_stream_may_be_closed_at_once),
        NET_TEST(a_stream_may_be_closed_from_its_own_callback),
        NET_TEST(a_stream_is_secured_and_ends_politely),
        NET_TEST(clear_text_and_silence_fail_the_handshake),
        NET_TEST(a_child_lets_go_and_the_parent_never_notices),
        NET_TEST(a_host_loop_needs_only_descriptor_and_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
