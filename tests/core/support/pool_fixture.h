/* SPDX-License-Identifier: MIT */
/* A loop, a mail, and jobs whose end is written down; for the tests of pool/. */
#ifndef TEST_POOL_FIXTURE_H
#define TEST_POOL_FIXTURE_H

#include "mime/message.h"
#include "pool/pool.h"
#include "support/loop_run.h"
#include "support/smtp_peer.h"

/* A time that no test reaches which passes, however busy the machine. */
#define PLENTY_US 250000000u

/* A job, and what it was told at its end. */
struct post {
    fct_job job;
    bool finished;
    unsigned calls;
    enum fct_class class;
    int error;
    enum facteur_phase phase;
    char message[512];
    char where[32];
    size_t recipient_count;
    int64_t timing_us[FACTEUR_PHASE_COUNT];
};

/* The `done` of a post's job. */
void on_done(fct_job *job, const fct_outcome *outcome);

/* A small mail; the caller holds the only reference. */
fct_mail *mail_make(const char *to);

/* For a group: the mail.  For each test: the loop. */
extern fct_mail *mail;
extern fct_loop *loop;
int make_mail(void **state);
int drop_mail(void **state);
int set_up(void **state);
int tear_down(void **state);

/* The server's relay; its limits are PLENTY_US. */
fct_relay relay_for(const struct server *server);

/* A server, and a pool before it; what else is to hold of the relay may be set until the first
 * mail. */
fct_pool *stage_open(struct server *server, fct_relay *relay);
void stage_close(fct_pool *pool, struct server *server);

/* Submit the mail, and send it to its end. */
void submit(fct_pool *pool, struct post *post, uint64_t limit_us);
void send_one(fct_pool *pool, struct post *post);

void expect_sent(const struct post *post);

/* Turn the loop until it is so; asked each millisecond, because it may become so beside the loop.
 */
void loop_until(bool (*is_so)(void *user), void *user);

/* Whether the pool given as `user` has no connection left. */
bool is_quiet(void *user);

#endif
