/* SPDX-License-Identifier: MIT */
/* One loop and one mail, of the test that runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "support/pool_fixture.h"

void on_done(fct_job *job, const fct_outcome *outcome)
{
    struct post *post = FCT_ENTRY(job, struct post, job);

    post->finished = true;
    post->calls++;
    post->class = outcome->class;
    post->error = outcome->error;
    post->phase = outcome->phase;
    post->recipient_count = outcome->recipient_count;
    snprintf(post->message, sizeof post->message, "%s", outcome->message ? outcome->message : "");
    snprintf(post->where, sizeof post->where, "%s", outcome->where ? outcome->where : "");
    memcpy(post->timing_us, outcome->timing_us, sizeof post->timing_us);
    assert_false(outcome->again);
}

fct_mail *mail_make(const char *to)
{
    facteur_message *message = facteur_message_new();
    struct fct_freeze facts = {.date_s = 1700000000};
    fct_mail *made = NULL;

    assert_int_equal(facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", to, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "subject", "hello", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "one line\n", FACTEUR_NTS, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &made, NULL), 0);
    facteur_message_free(message);
    return made;
}

fct_loop *loop;
fct_mail *mail;

int make_mail(void **state)
{
    mail = mail_make("b@example.com");
    return 0;
}

int drop_mail(void **state)
{
    fct_mail_unref(mail);
    return 0;
}

int set_up(void **state)
{
    loop = fct_loop_new();
    return loop ? 0 : -1;
}

int tear_down(void **state)
{
    fct_loop_free(loop);
    return 0;
}

fct_relay relay_for(const struct server *server)
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
                                   .greeting_us = PLENTY_US,
                                   .command_us = PLENTY_US,
                                   .body_us = PLENTY_US,
                                   .final_us = PLENTY_US},
                       .tls = {.no_verify = true},
                       .connect_us = PLENTY_US,
                       .pool_size = 5,
                       .idle_us = 60000000,
                       .fresh_us = 2000000};
}

fct_pool *stage_open(struct server *server, fct_relay *relay)
{
    server_start(server);
    *relay = relay_for(server);
    return fct_pool_new(loop, relay);
}

void stage_close(fct_pool *pool, struct server *server)
{
    fct_pool_free(pool);
    server_stop(server);
}

void submit(fct_pool *pool, struct post *post, uint64_t limit_us)
{
    *post = (struct post){
        .job = {.mail = mail, .deadline_us = fct_loop_now_us(loop) + limit_us, .done = on_done}};
    fct_pool_submit(pool, &post->job);
    assert_false(post->finished);
}

void send_one(fct_pool *pool, struct post *post)
{
    submit(pool, post, PLENTY_US);
    run_until_set(loop, &post->finished);
    assert_int_equal(post->calls, 1);
}

void expect_sent(const struct post *post)
{
    if (post->class != FCT_SENT)
        fail_msg("not sent: %d %s", post->error, post->message);
    assert_int_equal(post->calls, 1);
    assert_null(post->job.transcript);
}

void loop_until(bool (*is_so)(void *user), void *user)
{
    while (!is_so(user))
        fct_loop_run_until(loop, is_so, user, fct_loop_now_us(loop) + 1000);
}

bool is_quiet(void *user)
{
    return !fct_pool_active(user);
}
