/* SPDX-License-Identifier: MIT */
/* pool/ against a small SMTP server of the test's own, a thread for each of its connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "certificates.h"
#include "mime/message.h"
#include "pool/pool.h"

/* ---- The server
 * ----------------------------------------------------------------------------------- */

#define CONNECTIONS_MAX 64

struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    SSL_CTX *tls; /* implicit TLS */
    const char *greeting;
    const char *features;     /* lines of the EHLO reply, the last one with "250 " */
    int mails_per_connection; /* then it closes without a word; 0: no limit */
    int silent_after;         /* no reply to MAIL after so many mails on a connection; 0: never */
    int mute;                 /* accept and say nothing */
    int hang_up;              /* so many first connections end before the greeting */
    atomic_int connections, mails, quits, open, most_open, resumed;
    pthread_t threads[CONNECTIONS_MAX];
    int fds[CONNECTIONS_MAX];
    atomic_int ending;
};

struct client {
    struct server *server;
    int number, fd;
    SSL *ssl;
    char buf[8192];
    size_t len;
};

static bool say(struct client *client, const char *text)
{
    int len = (int)strlen(text);

    if (client->ssl)
        return SSL_write(client->ssl, text, len) == len;
    return send(client->fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

/* One line without its end; false at the end of the stream. */
static bool line_of(struct client *client, char *line, size_t size)
{
    for (;;) {
        char *end = memchr(client->buf, '\n', client->len);
        ssize_t got;

        if (end) {
            size_t len = (size_t)(end - client->buf) + 1;

            snprintf(line, size, "%.*s", (int)len - 2, client->buf);
            client->len -= len;
            memmove(client->buf, end + 1, client->len);
            return true;
        }
        assert(client->len < sizeof client->buf);
        got = client->ssl ? SSL_read(client->ssl, client->buf + client->len,
                                     (int)(sizeof client->buf - client->len))
                          : recv(client->fd, client->buf + client->len,
                                 sizeof client->buf - client->len, 0);
        if (got <= 0)
            return false;
        client->len += (size_t)got;
    }
}

static bool take_data(struct client *client)
{
    char line[1100];

    do {
        if (!line_of(client, line, sizeof line))
            return false;
    } while (strcmp(line, ".") != 0);
    return true;
}

static void talk(struct client *client)
{
    struct server *server = client->server;
    char line[1100];
    int mails = 0;

    say(client, server->greeting);
    while (line_of(client, line, sizeof line)) {
        if (strncasecmp(line, "EHLO", 4) == 0) {
            say(client, server->features);
        } else if (strncasecmp(line, "MAIL", 4) == 0) {
            if (server->mails_per_connection && mails >= server->mails_per_connection)
                return;
            if (server->silent_after && mails >= server->silent_after) {
                while (line_of(client, line, sizeof line))
                    continue;
                return;
            }
            say(client, "250 2.1.0 ok\r\n");
        } else if (strncasecmp(line, "DATA", 4) == 0) {
            say(client, "354 go on\r\n");
            if (!take_data(client))
                return;
            mails++;
            server->mails++;
            say(client, "250 2.0.0 ok queued as Q1\r\n");
        } else if (strncasecmp(line, "QUIT", 4) == 0) {
            server->quits++;
            say(client, "221 2.0.0 bye\r\n");
            return;
        } else {
            say(client,
                strstr(line, "nobody@") ? "550 5.1.1 no such user\r\n" : "250 2.0.0 ok\r\n");
        }
    }
}

static void *serve(void *user)
{
    struct client *client = user;
    struct server *server = client->server;
    bool good = true;
    int open = ++server->open;

    if (open > server->most_open)
        server->most_open = open;
    if (server->tls) {
        client->ssl = SSL_new(server->tls);
        SSL_set_fd(client->ssl, client->fd);
        good = SSL_accept(client->ssl) == 1;
        server->resumed += good && SSL_session_reused(client->ssl);
    }
    if (server->mute) {
        char byte;

        while (recv(client->fd, &byte, 1, 0) > 0)
            continue;
    } else if (good && client->number >= server->hang_up) {
        talk(client);
    }
    server->open--;
    SSL_free(client->ssl);
    shutdown(client->fd, SHUT_RDWR);
    free(client);
    return NULL;
}

static void *listen_thread(void *user)
{
    struct server *server = user;
    int fd;

    while (server->connections < CONNECTIONS_MAX && (fd = accept(server->fd, NULL, NULL)) >= 0) {
        struct client *client = calloc(1, sizeof *client);

        client->server = server;
        client->fd = fd;
        client->number = server->connections;
        server->fds[client->number] = fd;
        pthread_create(&server->threads[client->number], NULL, serve, client);
        server->connections++;
    }
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;

    if (!server->greeting)
        server->greeting = "220 test ESMTP\r\n";
    if (!server->features)
        server->features = "250-test\r\n250 PIPELINING\r\n";
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    getsockname(server->fd, (struct sockaddr *)&in, &len);
    server->port = ntohs(in.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, listen_thread, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < server->connections; i++) {
        shutdown(server->fds[i], SHUT_RDWR);
        pthread_join(server->threads[i], NULL);
        close(server->fds[i]);
    }
    close(server->fd);
}

/* ---- Mails and jobs
 * ------------------------------------------------------------------------------- */

struct post {
    fct_job job;
    bool finished;
    unsigned calls;
    enum fct_class class;
    int error;
    enum facteur_phase phase;
    char message[256];
    size_t recipient_count;
    int64_t timing_us[FACTEUR_PHASE_COUNT];
};

static void on_done(fct_job *job, const fct_outcome *outcome)
{
    struct post *post = FCT_ENTRY(job, struct post, job);

    post->finished = true;
    post->calls++;
    post->class = outcome->class;
    post->error = outcome->error;
    post->phase = outcome->phase;
    post->recipient_count = outcome->recipient_count;
    snprintf(post->message, sizeof post->message, "%s", outcome->message ? outcome->message : "");
    memcpy(post->timing_us, outcome->timing_us, sizeof post->timing_us);
    assert_false(outcome->again);
}

static fct_mail *mail_make(const char *to)
{
    facteur_message *message = facteur_message_new();
    struct fct_freeze facts = {.date_s = 1700000000};
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", to, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "subject", "hello", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "one line\n", FACTEUR_NTS, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

static fct_loop *loop;
static fct_mail *mail;

static int make_mail(void **state)
{
    mail = mail_make("b@example.com");
    return 0;
}

static int drop_mail(void **state)
{
    fct_mail_unref(mail);
    return 0;
}

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

static fct_relay relay_for(const struct server *server)
{
    return (fct_relay){.name = (char *)"smtp://127.0.0.1",
                       .host = (char *)"127.0.0.1",
                       .port = server->port,
                       .session = {.tls = server->tls ? FCT_TLS_IMPLICIT : FCT_TLS_NONE,
                                   .helo = "client.example",
                                   .local = true,
                                   .pipelining = true,
                                   .chunking = true,
                                   .pipeline_depth = 16,
                                   .pipeline_bytes = 1 << 20,
                                   .greeting_us = 5000000,
                                   .command_us = 5000000,
                                   .body_us = 5000000,
                                   .final_us = 5000000},
                       .tls = {.no_verify = true},
                       .connect_us = 5000000,
                       .pool_size = 5,
                       .idle_us = 60000000,
                       .fresh_us = 2000000};
}

static void submit(fct_pool *pool, struct post *post, uint64_t limit_us)
{
    *post = (struct post){
        .job = {.mail = mail, .deadline_us = fct_loop_now_us(loop) + limit_us, .done = on_done}};
    fct_pool_submit(pool, &post->job);
    assert_false(post->finished);
}

static void send_one(fct_pool *pool, struct post *post)
{
    submit(pool, post, 5000000);
    fct_loop_run(loop, &post->finished);
    assert_int_equal(post->calls, 1);
}

static void expect_sent(const struct post *post)
{
    if (post->class != FCT_SENT)
        fail_msg("not sent: %d %s", post->error, post->message);
    assert_int_equal(post->calls, 1);
    assert_null(post->job.transcript);
}

static bool is_quiet(void *user)
{
    return !fct_pool_active(user);
}

/* ---- Tests
 * ---------------------------------------------------------------------------------------- */

static void one_connection_serves_many_mails(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 20; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_int_equal(post.job.attempts, 1);
        assert_int_equal(post.recipient_count, 1);
        assert_int_equal(post.timing_us[FACTEUR_PHASE_connect] >= 0, i == 0);
        assert_int_equal(post.timing_us[FACTEUR_PHASE_ehlo] >= 0, i == 0);
        assert_int_equal(post.timing_us[FACTEUR_PHASE_tls], -1);
    }
    fct_pool_quit(pool);
    fct_loop_run_until(loop, is_quiet, pool, fct_loop_now_us(loop) + 3000000);
    assert_false(fct_pool_active(pool));
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.mails, 20);
    assert_int_equal(server.quits, 1);
}

static void jobs_wait_for_a_slot_in_order(void **state)
{
    struct server server = {.features = "250 test\r\n"};
    struct post posts[30];
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    relay.pool_size = 2;
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 30; i++)
        submit(pool, &posts[i], 5000000);
    for (int i = 0; i < 30; i++) {
        fct_loop_run(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.mails, 30);
    assert_in_range(server.most_open, 1, 2);
    assert_in_range(server.connections, 1, 2);
}

static void a_connection_that_died_is_replaced(void **state)
{
    struct server server = {.mails_per_connection = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    /* It closes when the second MAIL comes: nothing of that mail was answered. */
    for (int i = 0; i < 5; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_int_equal(post.job.attempts, i == 0 ? 1 : 2);
    }
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.mails, 5);
    assert_int_equal(server.connections, 5);
}

static void a_connection_closed_while_idle_is_seen_before_use(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    shutdown(server.fds[0], SHUT_RDWR);
    send_one(pool, &post);
    expect_sent(&post);
    assert_int_equal(post.job.attempts, 1);
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.mails, 2);
}

static void a_silent_rested_connection_is_given_up(void **state)
{
    struct server server = {.silent_after = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    relay.fresh_us = 0;
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    send_one(pool, &post);
    expect_sent(&post);
    assert_int_equal(post.job.attempts, 2);
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.mails, 2);
}

static void mails_and_age_have_limits(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    relay.max_mails = 2;
    relay.pool_size = 1;
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 6; i++) {
        send_one(pool, &post);
        expect_sent(&post);
    }
    fct_pool_free(pool);
    assert_int_equal(server.connections, 3);
    relay.max_mails = 0;
    relay.max_age_us = 1;
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 2; i++) {
        send_one(pool, &post);
        expect_sent(&post);
    }
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.connections, 5);
}

static void tls_sessions_are_resumed_between_connections(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    relay.max_mails = 1;
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 4; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_true(post.timing_us[FACTEUR_PHASE_tls] >= 0);
    }
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.connections, 4);
    assert_int_equal(server.resumed, 3);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

static void an_untrusted_relay_gets_nothing(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    relay.tls.no_verify = false;
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.error, FACTEUR_ETLS);
    assert_int_equal(post.phase, FACTEUR_PHASE_tls);
    assert_string_equal(post.message, "the certificate of 127.0.0.1 is self-signed: trust it with "
                                      "ca_file or pin_sha256");
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.mails, 0);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

static void failures_to_connect_are_told(void **state)
{
    struct server server = {0};
    struct post posts[3];
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    server_stop(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    for (int i = 0; i < 3; i++)
        submit(pool, &posts[i], 5000000);
    for (int i = 0; i < 3; i++) {
        fct_loop_run(loop, &posts[i].finished);
        assert_int_equal(posts[i].class, FCT_TEMPORARY);
        assert_int_equal(posts[i].error, FACTEUR_ECONNECT);
        assert_int_equal(posts[i].phase, FACTEUR_PHASE_connect);
        assert_int_equal(posts[i].recipient_count, 1);
        assert_int_equal(posts[i].job.attempts, 1);
        assert_non_null(strstr(posts[i].message, "connection refused by 127.0.0.1:"));
    }
    fct_pool_free(pool);
}

static void a_relay_that_refuses_service_is_temporary(void **state)
{
    struct server server = {.greeting = "554 go away\r\n"};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.phase, FACTEUR_PHASE_greeting);
    assert_non_null(post.job.transcript);
    assert_non_null(strstr(post.job.transcript, "554 go away"));
    fct_free(post.job.transcript);
    fct_pool_free(pool);
    server_stop(&server);
}

static void the_deadline_covers_everything(void **state)
{
    struct server server = {.mute = 1};
    struct post posts[2];
    uint64_t started_us = fct_loop_now_us(loop);
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    relay.pool_size = 1;
    pool = fct_pool_new(loop, &relay);
    submit(pool, &posts[0], 100000);
    submit(pool, &posts[1], 50000);
    for (int i = 0; i < 2; i++) {
        fct_loop_run(loop, &posts[i].finished);
        assert_int_equal(posts[i].class, FCT_TEMPORARY);
        assert_int_equal(posts[i].error, FACTEUR_EDEADLINE);
        assert_int_equal(posts[i].phase, FACTEUR_PHASE_greeting);
        assert_string_equal(posts[i].message,
                            "the deadline passed while waiting for the relay's greeting");
        fct_free(posts[i].job.transcript);
    }
    assert_in_range(fct_loop_now_us(loop) - started_us, 100000, 1000000);
    fct_loop_step(loop);
    assert_false(fct_pool_active(pool));
    fct_pool_free(pool);
    server_stop(&server);
}

static void a_check_tells_the_facts(void **state)
{
    struct server server = {0};
    struct fct_check check = {0};
    struct post post = {.job = {.check = &check, .done = on_done}};
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    post.job.deadline_us = fct_loop_now_us(loop) + 5000000;
    fct_pool_submit(pool, &post.job);
    fct_loop_run(loop, &post.finished);
    assert_int_equal(post.class, FCT_SENT);
    assert_true(post.timing_us[FACTEUR_PHASE_greeting] >= 0);
    assert_non_null(strstr(check.address, "127.0.0.1:"));
    assert_non_null(strstr(check.capabilities, "PIPELINING"));
    assert_null(check.tls_version);
    fct_check_done(&check);
    send_one(pool, &post);
    expect_sent(&post);
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.connections, 1);

    pool = fct_pool_new(loop, &relay);
    post = (struct post){
        .job = {.check = &check, .done = on_done, .deadline_us = fct_loop_now_us(loop) + 5000000}};
    fct_pool_submit(pool, &post.job);
    fct_loop_run(loop, &post.finished);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    fct_free(post.job.transcript);
    fct_pool_free(pool);
}

static void jobs_can_be_cancelled_at_any_turn(void **state)
{
    struct server server = {0};
    fct_relay relay;
    int sent = 0;

    server_start(&server);
    relay = relay_for(&server);
    for (int turns = 0; turns < 20; turns++) {
        fct_pool *pool = fct_pool_new(loop, &relay);
        struct post posts[2];

        submit(pool, &posts[0], 5000000);
        submit(pool, &posts[1], 5000000);
        for (int i = 0; i < turns; i++)
            fct_loop_step(loop);
        fct_pool_cancel(pool, &posts[0].job);
        assert_int_equal(posts[0].calls, 1);
        fct_pool_cancel(pool, &posts[0].job);
        fct_loop_run(loop, &posts[1].finished);
        assert_int_equal(posts[0].calls, 1);
        assert_int_equal(posts[1].calls, 1);
        sent += posts[1].class == FCT_SENT;
        fct_free(posts[0].job.transcript);
        fct_free(posts[1].job.transcript);
        fct_pool_free(pool);
    }
    assert_true(sent > 0);
    server_stop(&server);
}

static void a_pool_can_be_freed_at_any_turn(void **state)
{
    struct server server = {0};
    fct_relay relay;

    server_start(&server);
    relay = relay_for(&server);
    for (int turns = 0; turns < 30; turns++) {
        fct_pool *pool = fct_pool_new(loop, &relay);
        struct post post;

        submit(pool, &post, 5000000);
        for (int i = 0; i < turns; i++)
            fct_loop_step(loop);
        fct_pool_free(pool);
        assert_int_equal(post.calls, 1);
        fct_free(post.job.transcript);
    }
    server_stop(&server);
}

static void a_pool_that_quits_ends_its_queue(void **state)
{
    struct server server = {.mute = 1};
    struct post post, late;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    submit(pool, &post, 5000000);
    for (int i = 0; i < 5; i++)
        fct_loop_step(loop);
    fct_pool_quit(pool);
    assert_int_equal(post.error, FACTEUR_ECLOSED);
    submit(pool, &late, 5000000);
    fct_loop_run(loop, &late.finished);
    assert_int_equal(late.error, FACTEUR_ECLOSED);
    fct_pool_free(pool);
    server_stop(&server);
}

static void a_relay_that_hangs_up_early_is_told(void **state)
{
    struct server server = {.hang_up = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    fct_free(post.job.transcript);
    send_one(pool, &post);
    expect_sent(&post);
    fct_pool_free(pool);
    server_stop(&server);
}

static void a_child_abandons_and_the_parent_goes_on(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    struct post post;
    fct_relay relay;
    fct_pool *pool;
    pid_t child;
    int status;

    server_start(&server);
    relay = relay_for(&server);
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    expect_sent(&post);
    child = fork();
    if (child == 0) {
        fct_loop *own;

        fct_pool_abandon(pool);
        fct_loop_abandon(loop);
        own = fct_loop_new();
        loop = own;
        pool = fct_pool_new(loop, &relay);
        send_one(pool, &post);
        _exit(post.class == FCT_SENT ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    send_one(pool, &post);
    expect_sent(&post);
    assert_int_equal(post.job.attempts, 1);
    fct_pool_free(pool);
    server_stop(&server);
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.mails, 3);
    assert_int_equal(server.quits, 0);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

static void every_allocation_may_fail(void **state)
{
    struct server server = {0};
    fct_relay relay;
    bool failed = true;

    for (unsigned long nth = 1; failed; nth++) {
        struct post post = {0};
        fct_pool *pool;

        /* A server has room for a number of connections only. */
        if (nth % 50 == 1) {
            if (nth > 1)
                server_stop(&server);
            server = (struct server){0};
            server_start(&server);
            relay = relay_for(&server);
        }
        fct_memory_fail_at(nth);
        pool = fct_pool_new(loop, &relay);
        if (pool) {
            submit(pool, &post, 2000000);
            fct_loop_run(loop, &post.finished);
            assert_int_equal(post.calls, 1);
            /* Whatever failed, a mail that the relay took is not reported as refused. */
            if (post.class != FCT_SENT)
                assert_int_not_equal(post.error, 0);
        }
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        fct_pool_free(pool);
        fct_free(post.job.transcript);
        if (!failed)
            assert_int_equal(post.class, FCT_SENT);
    }
    server_stop(&server);
}

int main(void)
{
#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        POOL_TEST(one_connection_serves_many_mails),
        POOL_TEST(jobs_wait_for_a_slot_in_order),
        POOL_TEST(a_connection_that_died_is_replaced),
        POOL_TEST(a_connection_closed_while_idle_is_seen_before_use),
        POOL_TEST(a_silent_rested_connection_is_given_up),
        POOL_TEST(mails_and_age_have_limits),
        POOL_TEST(tls_sessions_are_resumed_between_connections),
        POOL_TEST(an_untrusted_relay_gets_nothing),
        POOL_TEST(failures_to_connect_are_told),
        POOL_TEST(a_relay_that_refuses_service_is_temporary),
        POOL_TEST(the_deadline_covers_everything),
        POOL_TEST(a_check_tells_the_facts),
        POOL_TEST(jobs_can_be_cancelled_at_any_turn),
        POOL_TEST(a_pool_can_be_freed_at_any_turn),
        POOL_TEST(a_pool_that_quits_ends_its_queue),
        POOL_TEST(a_relay_that_hangs_up_early_is_told),
        POOL_TEST(a_child_abandons_and_the_parent_goes_on),
        POOL_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
