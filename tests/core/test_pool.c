/* SPDX-License-Identifier: MIT */
/* pool/ against a small SMTP server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/pool_fixture.h"

static void one_connection_serves_many_mails(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

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
    loop_until(is_quiet, pool);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.mails, 20);
    assert_int_equal(server.quits, 1);
}

static void jobs_wait_for_a_slot_in_order(void **state)
{
    struct server server = {.features = "250 test\r\n"};
    struct post posts[30];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 2;
    for (int i = 0; i < 30; i++)
        submit(pool, &posts[i], PLENTY_US);
    for (int i = 0; i < 30; i++) {
        run_until_set(loop, &posts[i].finished);
        expect_sent(&posts[i]);
    }
    stage_close(pool, &server);
    assert_int_equal(server.mails, 30);
    assert_in_range(server.most_busy, 1, 2);
    assert_in_range(server.connections, 1, 2);
}

static void a_connection_that_died_is_replaced(void **state)
{
    struct server server = {.mails_per_connection = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    /* It closes when the second MAIL comes: nothing of that mail was answered. */
    for (int i = 0; i < 5; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_int_equal(post.job.attempts, i == 0 ? 1 : 2);
    }
    stage_close(pool, &server);
    assert_int_equal(server.mails, 5);
    assert_int_equal(server.connections, 5);
}

static void a_connection_closed_while_idle_is_seen_before_use(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    send_one(pool, &post);
    shutdown(server.fds[0], SHUT_RDWR);
    send_one(pool, &post);
    expect_sent(&post);
    assert_int_equal(post.job.attempts, 1);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.mails, 2);
}

static void a_silent_rested_connection_is_given_up(void **state)
{
    struct server server = {.silent_after = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.fresh_us = 0;
    send_one(pool, &post);
    send_one(pool, &post);
    expect_sent(&post);
    assert_int_equal(post.job.attempts, 2);
    stage_close(pool, &server);
    assert_int_equal(server.mails, 2);
}

static void mails_and_age_have_limits(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.max_mails = 2;
    relay.pool_size = 1;
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
    stage_close(pool, &server);
    assert_int_equal(server.connections, 5);
}

/* A connection at its limit takes no more mails, and counts under pool_size until its last verdict.
 */
static void one_that_leaves_counts_until_its_last_verdict(void **state)
{
    struct server server = {.hold = true};
    struct fct_pool_stats stats;
    struct post last, next;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    relay.max_mails = 1;
    submit(pool, &last, PLENTY_US);
    while (server.busy == 0)
        fct_loop_step(loop);
    submit(pool, &next, PLENTY_US);
    for (int i = 0; i < 50; i++)
        fct_loop_step(loop);
    assert_int_equal(next.job.attempts, 0);
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.opened, 1);
    server.hold = false;
    run_until_set(loop, &last.finished);
    expect_sent(&last);
    run_until_set(loop, &next.finished);
    expect_sent(&next);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
}

/* Only a relay that hangs up on the first group is spoken to without groups. */
static void a_lost_connection_says_nothing_about_pipelining(void **state)
{
    struct server server = {.features = "250-test\r\n250 PIPELINING\r\n",
                            .mails_per_connection = 1};
    struct fct_pool_stats stats;
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    for (int i = 0; i < 3; i++) {
        send_one(pool, &post);
        expect_sent(&post);
    }
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.demotions, 0);
    stage_close(pool, &server);
    assert_int_equal(server.mails, 3);
}

static void a_connection_rests_no_longer_than_its_limit(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.idle_us = 20000;
    for (int i = 0; i < 2; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_int_equal(post.job.attempts, 1);
        loop_until(is_quiet, pool);
    }
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.quits, 2);
    assert_int_equal(server.mails, 2);
}

static void tls_sessions_are_resumed_between_connections(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.max_mails = 1;
    for (int i = 0; i < 4; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        assert_true(post.timing_us[FACTEUR_PHASE_tls] >= 0);
    }
    stage_close(pool, &server);
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
    fct_pool *pool = stage_open(&server, &relay);

    relay.tls.no_verify = false;
    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.error, FACTEUR_ETLS);
    assert_int_equal(post.phase, FACTEUR_PHASE_tls);
    assert_string_equal(post.message, "the certificate of 127.0.0.1 is self-signed: trust it with "
                                      "ca_file or pin_sha256");
    fct_free(post.job.transcript);
    stage_close(pool, &server);
    assert_int_equal(server.mails, 0);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

static void a_mended_ca_file_is_read_for_the_next_connection(void **state)
{
    const struct certificate_plan plan = {
        .name = "x", .san = "IP:127.0.0.1", .from_days = -1, .to_days = 2};
    struct certificate certificate = certificate_make(&plan), other = certificate_make(&plan);
    struct server server = {.tls = server_context(&certificate)};
    char path[64], mended[64];
    struct post post;
    fct_relay relay;
    fct_pool *pool;

    server_start(&server);
    certificate_write(&other, false, path);
    certificate_write(&certificate, false, mended);
    relay = relay_for(&server);
    relay.tls = (struct fct_tls_config){.ca_file = "/nowhere/ca.pem"};
    pool = fct_pool_new(loop, &relay);
    send_one(pool, &post);
    assert_int_equal(post.error, FACTEUR_ECONFIG);
    assert_string_equal(post.where, "ca_file");
    fct_free(post.job.transcript);
    relay.tls.ca_file = path;
    send_one(pool, &post);
    assert_int_equal(post.error, FACTEUR_ETLS);
    assert_string_equal(post.where, "");
    fct_free(post.job.transcript);
    assert_int_equal(rename(mended, path), 0);
    send_one(pool, &post);
    expect_sent(&post);
    stage_close(pool, &server);
    unlink(path);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
    certificate_free(&other);
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
        submit(pool, &posts[i], PLENTY_US);
    for (int i = 0; i < 3; i++) {
        run_until_set(loop, &posts[i].finished);
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
    fct_pool *pool = stage_open(&server, &relay);

    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.phase, FACTEUR_PHASE_greeting);
    assert_non_null(post.job.transcript);
    assert_non_null(strstr(post.job.transcript, "554 go away"));
    fct_free(post.job.transcript);
    stage_close(pool, &server);
}

static void a_silent_handshake_has_its_time(void **state)
{
    struct server server = {.mute = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.session.tls = FCT_TLS_IMPLICIT;
    relay.connect_us = 500000;
    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.error, FACTEUR_ETLS);
    assert_int_equal(post.phase, FACTEUR_PHASE_tls);
    assert_non_null(strstr(post.message, "took too long"));
    fct_free(post.job.transcript);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
}

static void the_deadline_covers_everything(void **state)
{
    struct server server = {.mute = 1};
    struct post posts[2];
    uint64_t started_us = fct_loop_now_us(loop);
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    submit(pool, &posts[0], 1000000);
    submit(pool, &posts[1], 500000);
    for (int i = 0; i < 2; i++) {
        run_until_set(loop, &posts[i].finished);
        assert_int_equal(posts[i].class, FCT_TEMPORARY);
        assert_int_equal(posts[i].error, FACTEUR_EDEADLINE);
        assert_int_equal(posts[i].phase, FACTEUR_PHASE_greeting);
        assert_string_equal(posts[i].message,
                            "the deadline passed while waiting for the relay's greeting; if it "
                            "speaks TLS from the start (port 465), use smtps://; raise deadline "
                            "if it may take longer");
        fct_free(posts[i].job.transcript);
    }
    assert_true(fct_loop_now_us(loop) - started_us >= 1000000);
    fct_loop_step(loop);
    assert_false(fct_pool_active(pool));
    stage_close(pool, &server);
}

/* The connection is there and the timer of the mail has not fired yet. */
static void what_is_over_time_is_not_handed_over(void **state)
{
    struct server server = {0};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    send_one(pool, &post);
    for (int i = 0; i < 5; i++) {
        submit(pool, &post, 0);
        run_until_set(loop, &post.finished);
        assert_int_equal(post.class, FCT_TEMPORARY);
        assert_int_equal(post.error, FACTEUR_EDEADLINE);
        assert_int_equal(post.job.attempts, 0);
        assert_string_equal(post.message,
                            "the deadline passed before the mail was given to a connection; raise "
                            "deadline if it may take longer");
    }
    send_one(pool, &post);
    expect_sent(&post);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.mails, 2);
}

static void a_check_tells_the_facts(void **state)
{
    struct server server = {0};
    struct fct_check check = {0};
    struct post post = {.job = {.check = &check, .done = on_done}};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    post.job.deadline_us = fct_loop_now_us(loop) + PLENTY_US;
    fct_pool_submit(pool, &post.job);
    run_until_set(loop, &post.finished);
    assert_int_equal(post.class, FCT_SENT);
    assert_true(post.timing_us[FACTEUR_PHASE_greeting] >= 0);
    assert_int_equal(post.timing_us[FACTEUR_PHASE_final], -1);
    assert_non_null(strstr(check.address, "127.0.0.1:"));
    assert_non_null(strstr(check.capabilities, "PIPELINING"));
    assert_null(check.tls_version);
    fct_check_done(&check);
    send_one(pool, &post);
    expect_sent(&post);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);

    pool = fct_pool_new(loop, &relay);
    post = (struct post){.job = {.check = &check,
                                 .done = on_done,
                                 .deadline_us = fct_loop_now_us(loop) + PLENTY_US}};
    fct_pool_submit(pool, &post.job);
    run_until_set(loop, &post.finished);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    fct_free(post.job.transcript);
    fct_pool_free(pool);
}

static void a_check_of_a_silent_relay_ends(void **state)
{
    struct server server = {.mute = 1};
    struct post check = {.job = {.done = on_done}};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    check.job.deadline_us = fct_loop_now_us(loop) + 1000000;
    fct_pool_submit(pool, &check.job);
    run_until_set(loop, &check.finished);
    assert_int_equal(check.class, FCT_TEMPORARY);
    assert_int_equal(check.error, FACTEUR_EDEADLINE);
    assert_int_equal(check.phase, FACTEUR_PHASE_greeting);
    fct_free(check.job.transcript);
    loop_until(is_quiet, pool);
    stage_close(pool, &server);
    assert_int_equal(check.calls, 1);
    assert_int_equal(server.connections, 1);
}

static void jobs_can_be_cut_at_any_turn(void **state)
{
    struct server server = {0};
    fct_relay relay;
    int sent = 0;

    server_start(&server);
    relay = relay_for(&server);
    for (int turns = 0; turns < 20; turns++) {
        fct_pool *pool = fct_pool_new(loop, &relay);
        struct post posts[2];

        submit(pool, &posts[0], PLENTY_US);
        submit(pool, &posts[1], PLENTY_US);
        for (int i = 0; i < turns; i++)
            fct_loop_step(loop);
        fct_pool_cut(pool, &posts[0].job);
        assert_int_equal(posts[0].calls, 1);
        fct_pool_cut(pool, &posts[0].job);
        run_until_set(loop, &posts[1].finished);
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

        submit(pool, &post, PLENTY_US);
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
    fct_pool *pool = stage_open(&server, &relay);

    submit(pool, &post, PLENTY_US);
    for (int i = 0; i < 5; i++)
        fct_loop_step(loop);
    fct_pool_quit(pool);
    assert_int_equal(post.error, FACTEUR_ECLOSED);
    submit(pool, &late, PLENTY_US);
    run_until_set(loop, &late.finished);
    assert_int_equal(late.error, FACTEUR_ECLOSED);
    stage_close(pool, &server);
}

/* Of another connection it would be told only that the mailer was closed. */
static void a_mail_lost_while_the_pool_closes_is_not_tried_again(void **state)
{
    struct server server = {.silent_after = 1};
    struct fct_pool_stats stats;
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    send_one(pool, &post);
    expect_sent(&post);
    submit(pool, &post, PLENTY_US);
    while (post.job.attempts == 0)
        fct_loop_step(loop);
    fct_pool_quit(pool);
    shutdown(server.fds[0], SHUT_RDWR);
    run_until_set(loop, &post.finished);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    assert_int_equal(post.phase, FACTEUR_PHASE_mail);
    assert_int_equal(post.job.attempts, 1);
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.redone, 0);
    fct_free(post.job.transcript);
    stage_close(pool, &server);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.mails, 1);
}

static void a_relay_that_hangs_up_early_is_told(void **state)
{
    struct server server = {.hang_up = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    send_one(pool, &post);
    assert_int_equal(post.class, FCT_TEMPORARY);
    assert_int_equal(post.error, FACTEUR_ECONNECT);
    fct_free(post.job.transcript);
    send_one(pool, &post);
    expect_sent(&post);
    stage_close(pool, &server);
}

static void a_child_abandons_and_the_parent_goes_on(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    pid_t child;
    int status;

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
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.mails, 3);
    assert_int_equal(server.quits, 0);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

/* A mail with allocation nth failing; whether one did. */
static bool send_without_memory(fct_relay *relay, struct server *server, unsigned long nth)
{
    struct post post = {0};
    int mails = server->mails;
    fct_pool *pool;
    bool failed;

    fct_memory_fail_at(nth);
    pool = fct_pool_new(loop, relay);
    if (pool) {
        submit(pool, &post, PLENTY_US);
        run_until_set(loop, &post.finished);
        assert_int_equal(post.calls, 1);
        /* Whatever failed, a mail that the relay took is not reported as refused. */
        if (post.class != FCT_SENT)
            assert_int_not_equal(post.error, 0);
        if (post.class != FCT_IN_DOUBT)
            assert_int_equal(server->mails - mails, post.class == FCT_SENT);
    }
    failed = fct_memory_failed();
    fct_memory_fail_at(0);
    fct_pool_free(pool);
    fct_free(post.job.transcript);
    if (!failed)
        assert_int_equal(post.class, FCT_SENT);
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});

    for (int secure = 0; secure < 2; secure++) {
        struct server server = {.features = secure ? "250-test\r\n250 STARTTLS\r\n" : NULL,
                                .starttls = secure ? server_context(&certificate) : NULL};
        fct_relay relay;

        server_start(&server);
        relay = relay_for(&server);
        relay.session.tls = secure ? FCT_TLS_STARTTLS : FCT_TLS_NONE;
        for (unsigned long nth = 1; send_without_memory(&relay, &server, nth);)
            nth++;
        server_stop(&server);
        /* Nor does it go in the clear because TLS had none. */
        if (secure)
            assert_int_equal(server.bare, 0);
        SSL_CTX_free(server.starttls);
    }
    certificate_free(&certificate);
}

/* A pool allocates nothing for a job; one that is closing tells the job so with the next turn. */
static void a_job_needs_no_memory_to_wait(void **state)
{
    struct server server = {0};
    struct post posts[3];
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    fct_memory_fail_at(1);
    for (int i = 0; i < 2; i++)
        submit(pool, &posts[i], PLENTY_US);
    assert_false(fct_memory_failed());
    fct_memory_fail_at(0);
    fct_pool_cut(pool, &posts[0].job);
    fct_pool_cut(pool, &posts[0].job);
    fct_pool_quit(pool);
    submit(pool, &posts[2], PLENTY_US);
    run_until_set(loop, &posts[2].finished);
    stage_close(pool, &server);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(posts[i].error, FACTEUR_ECLOSED);
        assert_int_equal(posts[i].calls, 1);
        assert_int_equal(posts[i].class, FCT_TEMPORARY);
    }
    assert_int_equal(server.connections, 0);
}

/*
 * With a neighbour on its connection a mail is not cancelled, and cut it is in doubt; its memory is
 * the caller's again while the session still carries it.
 */
static void a_cut_mail_leaves_its_neighbour_alone(void **state)
{
    struct server server = {.features = "250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"};
    struct post *cut = malloc(sizeof *cut), other;
    struct fct_pool_stats stats;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    send_one(pool, &other); /* the relay is known to take BDAT */
    expect_sent(&other);
    server.hold = true;
    submit(pool, cut, PLENTY_US);
    submit(pool, &other, PLENTY_US);
    while (cut->job.attempts == 0 || other.job.attempts == 0)
        fct_loop_step(loop);
    assert_false(fct_pool_cancel(pool, &cut->job));
    assert_int_equal(cut->calls, 0);
    fct_pool_cut(pool, &cut->job);
    assert_int_equal(cut->calls, 1);
    assert_int_equal(cut->class, FCT_IN_DOUBT);
    assert_int_equal(cut->error, FACTEUR_EINDOUBT);
    free(cut);
    server.hold = false;
    run_until_set(loop, &other.finished);
    expect_sent(&other);
    fct_pool_stats(pool, &stats);
    assert_int_equal(stats.mails[FCT_IN_DOUBT], 1);
    assert_int_equal(stats.in_flight, 0);
    stage_close(pool, &server);
    assert_int_equal(server.mails, 3);
    assert_int_equal(server.connections, 1);
}

static void a_check_without_memory_ends_once(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate)};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    bool failed = true;

    for (unsigned long nth = 1; failed; nth++) {
        struct fct_check facts = {0};
        struct post post = {.job = {.check = &facts,
                                    .deadline_us = fct_loop_now_us(loop) + PLENTY_US,
                                    .done = on_done}};

        fct_memory_fail_at(nth);
        fct_pool_submit(pool, &post.job);
        run_until_set(loop, &post.finished);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(post.calls, 1);
        assert_int_equal(post.class == FCT_SENT, post.error == 0);
        if (!failed)
            assert_non_null(facts.tls_version);
        fct_check_done(&facts);
        fct_free(post.job.transcript);
    }
    stage_close(pool, &server);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
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
        POOL_TEST(one_that_leaves_counts_until_its_last_verdict),
        POOL_TEST(a_lost_connection_says_nothing_about_pipelining),
        POOL_TEST(a_connection_rests_no_longer_than_its_limit),
        POOL_TEST(tls_sessions_are_resumed_between_connections),
        POOL_TEST(an_untrusted_relay_gets_nothing),
        POOL_TEST(a_mended_ca_file_is_read_for_the_next_connection),
        POOL_TEST(failures_to_connect_are_told),
        POOL_TEST(a_relay_that_refuses_service_is_temporary),
        POOL_TEST(a_silent_handshake_has_its_time),
        POOL_TEST(the_deadline_covers_everything),
        POOL_TEST(what_is_over_time_is_not_handed_over),
        POOL_TEST(a_check_tells_the_facts),
        POOL_TEST(a_check_of_a_silent_relay_ends),
        POOL_TEST(jobs_can_be_cut_at_any_turn),
        POOL_TEST(a_pool_can_be_freed_at_any_turn),
        POOL_TEST(a_pool_that_quits_ends_its_queue),
        POOL_TEST(a_mail_lost_while_the_pool_closes_is_not_tried_again),
        POOL_TEST(a_relay_that_hangs_up_early_is_told),
        POOL_TEST(a_child_abandons_and_the_parent_goes_on),
        POOL_TEST(every_allocation_may_fail),
        POOL_TEST(a_job_needs_no_memory_to_wait),
        POOL_TEST(a_cut_mail_leaves_its_neighbour_alone),
        POOL_TEST(a_check_without_memory_ends_once),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
