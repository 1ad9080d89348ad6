/* SPDX-License-Identifier: MIT */
/*
 * Jobs wait in one queue, in the order in which they came.  Every event that may let one go on sets
 * a timer for the loop's next turn.  There fct_pool_dispatch() makes all choices, so that no job is
 * handed over, and no connection opened, from within another call.
 */
#include "pool/pool_state.h"

#include "base/memory.h"
#include "pool/facts.h"
#include "smtp/later.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_MAX 2             /* times that a session may ask to try a mail elsewhere */
#define SHY_US 5000000          /* how long no further connection is opened after one was refused */
#define DEMOTION_US 3600000000U /* how long an extension is not used after it failed */

void fct_pool_kick(fct_pool *pool)
{
    fct_timer_set(pool->loop, &pool->kick, 0);
}

/* ---- Waiting ---- */

#define ADVICE "; raise deadline if it may take longer"

void fct_pool_fail_late(fct_job *job, fct_connection *connection)
{
    static const char *const waited_for[FACTEUR_PHASE_COUNT] = {
        [FACTEUR_PHASE_resolve] = "the name servers to answer",
        [FACTEUR_PHASE_connect] = "a connection to the relay",
        [FACTEUR_PHASE_tls] = "the TLS handshake",
        [FACTEUR_PHASE_greeting] = "the relay's greeting",
        [FACTEUR_PHASE_ehlo] = "the relay's answer to EHLO",
        [FACTEUR_PHASE_auth] = "the relay's answer to the login",
    };
    struct fct_failure failure;
    enum facteur_phase phase = FACTEUR_PHASE_connect;
    char message[192 + FCT_DIAL_TEXT], story[FCT_DIAL_TEXT] = "";
    bool silent;

    if (connection) {
        phase = fct_connection_phase(connection);
        silent = phase == FACTEUR_PHASE_greeting &&
                 fct_relay_tls(job->pool->relay, connection->port) != FCT_TLS_IMPLICIT;
        if (connection->dial)
            fct_dial_story(connection->dial, story);
        snprintf(message, sizeof message, "the deadline passed while waiting for %s%s%s%s" ADVICE,
                 waited_for[phase] ? waited_for[phase] : "the relay",
                 silent ? "; if it speaks TLS from the start (port 465), use smtps://" : "",
                 story[0] ? "; " : "", story);
        if (job->attempts == 0)
            job->attempts = 1;
        fct_job_keep_transcript(job, connection);
    } else if (job->pool->slot_pause_us) {
        snprintf(message, sizeof message,
                 "the deadline passed while waiting for one of the host's %u connections to the "
                 "relay (host_slots)" ADVICE,
                 job->pool->relay->host_slots);
    } else if (fct_pool_count_open(job->pool) < job->pool->relay->pool_size) {
        snprintf(message, sizeof message,
                 "the deadline passed before the mail was given to a connection" ADVICE);
    } else {
        snprintf(message, sizeof message,
                 "the deadline passed while waiting for a free connection (pool_size is %u)" ADVICE,
                 job->pool->relay->pool_size);
    }
    fct_failure_init(&failure, FACTEUR_EDEADLINE, phase, message);
    if (connection)
        fct_connection_timings(connection, failure.timing_us);
    fct_job_fail(job, &failure);
}

/* Close a connection that is still being opened when no job waits for it any more. */
static void cut_unwanted(fct_pool *pool)
{
    fct_connection *connection;

    while (pool->queue_len == 0 && !fct_pool_wants_spare(pool) &&
           (connection = fct_pool_opening(pool)) != NULL)
        fct_connection_cut(connection, FACTEUR_ECLOSED, "not needed any more");
}

static void on_deadline(fct_timer *timer)
{
    fct_job *job = FCT_ENTRY(timer, fct_job, deadline);
    fct_pool *pool = job->pool;
    fct_connection *connection = job->connection;

    if (connection) {
        /* A check, which is not in the queue while it has a connection. */
        connection->check = NULL;
        if (job->check)
            fct_check_fill(job->check, connection);
        fct_pool_fail_late(job, connection);
        fct_connection_cut(connection, FACTEUR_EDEADLINE, "the deadline passed");
        return;
    }
    if (job->span_us && fct_queue_due_us(job) > fct_loop_now_us(pool->loop)) {
        fct_timer_set(pool->loop, timer, fct_queue_due_us(job));
        return;
    }
    fct_pool_fail_late(job, fct_pool_opening(pool));
    cut_unwanted(pool);
}

static void on_patience(fct_timer *timer)
{
    fct_pool_dispatch(FCT_ENTRY(timer, fct_pool, patience_timer));
}

static void on_kick(fct_timer *timer)
{
    fct_pool_dispatch(FCT_ENTRY(timer, fct_pool, kick));
}

/* ---- What connections report ---- */

static void count_flights(fct_pool *pool, fct_connection *connection)
{
    unsigned flights = connection->session ? fct_session_flights(connection->session) : 0;

    if (flights <= connection->flights)
        return;
    fct_stats_add(&pool->stats->flights, flights - connection->flights);
    connection->flights = flights;
}

static void count_phases(fct_pool *pool, const int64_t timing_us[FACTEUR_PHASE_COUNT], int first,
                         int last)
{
    for (int i = first; i <= last; i++)
        fct_stats_time(&pool->stats->phases[i], timing_us[i]);
}

void fct_pool_on_ready(fct_pool *pool, fct_connection *connection)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);
    int64_t timing_us[FACTEUR_PHASE_COUNT];

    fct_queue_moved(pool);
    count_flights(pool, connection);
    fct_connection_timings(connection, timing_us);
    count_phases(pool, timing_us, FACTEUR_PHASE_resolve, FACTEUR_PHASE_auth);
    if (connection->check) {
        if (fct_session_noop(connection->session, now_us) != 0)
            fct_session_lost(connection->session, FACTEUR_ENOMEM, "out of memory", now_us);
        return;
    }
    fct_pool_spare_slot(pool, connection);
    fct_pool_kick(pool);
}

void fct_pool_on_noop(fct_pool *pool, fct_connection *connection)
{
    fct_job *job = connection->check;
    fct_outcome outcome = {.class = FCT_SENT, .phase = FACTEUR_PHASE_auth};

    fct_pool_kick(pool);
    if (!job)
        return;
    connection->check = NULL;
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome.timing_us[i] = -1;
    fct_connection_timings(connection, outcome.timing_us);
    outcome.flights = fct_session_flights(connection->session);
    if (job->check)
        fct_check_fill(job->check, connection);
    fct_job_end(job, &outcome);
    fct_pool_spare_slot(pool, connection);
}

/* Whether a mail that was not sent is tried on another connection, instead of being reported. */
static bool try_again(fct_pool *pool, fct_job *job, const fct_outcome *outcome)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);

    if (job->cut || pool->closing || now_us >= job->deadline_us)
        return false;
    if (outcome->untouched && job->reused && job->opened_after_us == 0) {
        job->opened_after_us = now_us;
        fct_stats_add(&pool->stats->redone, 1);
        return true;
    }
    if (outcome->again && job->again < AGAIN_MAX) {
        job->again++;
        job->opened_after_us = now_us;
        fct_stats_add(&pool->stats->redone, 1);
        return true;
    }
    return false;
}

/* An extension that the relay offers but cannot do is not used for a while. */
static void demote(fct_pool *pool, uint64_t *until_us)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);

    if (now_us >= *until_us)
        fct_stats_add(&pool->stats->demotions, 1);
    *until_us = now_us + DEMOTION_US;
}

/* The end of a mail on its connection.  The job ends too, unless it is tried again. */
static void take_outcome(fct_pool *pool, const fct_connection *connection, fct_job *job,
                         fct_outcome *outcome)
{
    int64_t timing_us[FACTEUR_PHASE_COUNT];

    if (try_again(pool, job, outcome)) {
        fct_list_remove(&job->link);
        fct_queue_put(pool, job);
        return;
    }
    outcome->again = false;
    if (job->first) {
        fct_connection_timings(connection, timing_us);
        memcpy(outcome->timing_us, timing_us,
               (FACTEUR_PHASE_auth + 1) * sizeof outcome->timing_us[0]);
    }
    if (outcome->class != FCT_SENT)
        fct_job_keep_transcript(job, connection);
    fct_job_end(job, outcome);
}

/* Its time is over, and the connection goes on with it. */
static void on_detached(fct_pool *pool, fct_connection *connection, fct_outcome *outcome)
{
    connection->given_up++;
    fct_pool_kick(pool);
    if (outcome->tag)
        take_outcome(pool, connection, outcome->tag, outcome);
    fct_outcome_free(outcome);
    fct_pool_spare_slot(pool, connection);
}

static void count_late(fct_pool *pool, const fct_outcome *outcome)
{
    if (!outcome->late || outcome->class == FCT_IN_DOUBT)
        return;
    fct_stats_add(outcome->class == FCT_SENT ? &pool->stats->late_sent : &pool->stats->late_refused,
                  1);
}

/* After a 421 the relay says itself why it hangs up. */
static void note_verdict(fct_pool *pool, fct_connection *connection, const fct_outcome *outcome)
{
    connection->doubt |= outcome->class == FCT_IN_DOUBT;
    if (outcome->class == FCT_IN_DOUBT || outcome->reply.code == 0 || outcome->reply.code == 421)
        return;
    connection->answered++;
    fct_mail_limit_outlived(&pool->mail_limit, connection->answered);
}

void fct_pool_on_outcome(fct_pool *pool, fct_connection *connection, fct_outcome *outcome)
{
    if (outcome->detached) {
        on_detached(pool, connection, outcome);
        return;
    }
    connection->in_flight--;
    connection->given_up -= !outcome->tag;
    fct_queue_moved(pool);
    pool->proven = true;
    if (outcome->class == FCT_SENT)
        pool->warm_pause_us = pool->warm_after_us = 0;
    fct_stats_subtract(&pool->stats->in_flight, 1);
    count_flights(pool, connection);
    count_phases(pool, outcome->timing_us, FACTEUR_PHASE_mail, FACTEUR_PHASE_final);
    pool->bdat_proven |= fct_session_bdat_proven(connection->session);
    if (fct_session_chunking_refused(connection->session)) {
        pool->bdat_proven = false;
        demote(pool, &pool->no_chunking_until_us);
    }
    count_late(pool, outcome);
    note_verdict(pool, connection, outcome);
    fct_pool_kick(pool);
    if (outcome->tag) {
        take_outcome(pool, connection, outcome->tag, outcome);
        fct_outcome_free(outcome);
    } else {
        fct_later_tell(outcome);
    }
    if (connection->state == FCT_CONNECTION_QUITTING && connection->in_flight == 0)
        fct_pool_give_slot(pool, connection);
    fct_pool_spare_slot(pool, connection);
}

/*
 * A connection could not be opened.  While another one works, or may do so soon, the mails wait for
 * it.  Else the mails that had waited for this one end.
 */
static void fail_waiting(fct_pool *pool, fct_connection *connection, struct fct_failure *failure)
{
    fct_list failed;
    fct_list *link;

    if (fct_pool_find(pool, FCT_CONNECTION_READY, false)) {
        pool->shy_until_us = fct_loop_now_us(pool->loop) + SHY_US;
        return;
    }
    if (fct_pool_opening(pool))
        return;
    fct_list_init(&failed);
    while ((link = fct_list_first(&pool->queue)) != NULL &&
           FCT_ENTRY(link, fct_job, link)->submitted_us <= connection->opened_us) {
        fct_job *job = FCT_ENTRY(link, fct_job, link);

        fct_queue_take(pool, job);
        fct_list_push(&failed, &job->link);
    }
    while ((link = fct_list_first(&failed)) != NULL) {
        fct_job *job = FCT_ENTRY(link, fct_job, link);

        job->attempts++;
        fct_job_keep_transcript(job, connection);
        fct_job_fail(job, failure);
    }
}

/* A connection that was idle was closed for that reason. */
static void learn_mail_limit(fct_pool *pool, const fct_connection *connection)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);

    if (connection->hung_up && now_us - connection->idle_us <= pool->relay->fresh_us)
        fct_mail_limit_lost(&pool->mail_limit, connection->answered, connection->mails,
                            connection->doubt, now_us);
}

/*
 * A relay that offers PIPELINING but hangs up on the first group then gets one command at a time.
 */
static void learn(fct_pool *pool, const fct_connection *connection,
                  const struct fct_failure *failure)
{
    learn_mail_limit(pool, connection);
    if (connection->mails && !connection->cut && failure->error == FACTEUR_ECONNECT &&
        !fct_session_heard(connection->session) && fct_session_pipelines(connection->session))
        demote(pool, &pool->no_pipelining_until_us);
}

/*
 * A connection that never took a mail.  One that was lost right after its login counts too:
 * otherwise we would dial and log in again as often as the deadline allows.
 */
static bool opened_in_vain(const fct_connection *connection, const struct fct_failure *failure)
{
    return !connection->cut &&
           (!connection->was_ready || (connection->mails == 0 && failure->error));
}

void fct_pool_on_end(fct_pool *pool, fct_connection *connection, struct fct_failure *failure)
{
    fct_job *check = connection->check;
    fct_list *link;

    fct_stats_subtract(&pool->stats->open, 1);
    count_flights(pool, connection);
    if (!connection->was_ready && !connection->cut)
        fct_stats_add(&pool->stats->failed[failure->phase], 1);
    learn(pool, connection, failure);
    fct_pool_spare_ended(pool, connection);
    fct_pool_give_slot(pool, connection);
    connection->check = NULL;
    fct_pool_kick(pool);
    /* Outcomes come before the end.  If one is missing, its job must not wait forever. */
    fct_stats_subtract(&pool->stats->in_flight, connection->in_flight);
    while ((link = fct_list_first(&connection->jobs)) != NULL)
        fct_job_fail(FCT_ENTRY(link, fct_job, link), failure);
    if (check) {
        fct_job_keep_transcript(check, connection);
        fct_job_fail(check, failure);
    } else if (opened_in_vain(connection, failure) && !pool->closing) {
        fail_waiting(pool, connection, failure);
    }
}

/* ---- The pool itself ---- */

fct_pool *fct_pool_new(fct_loop *loop, const fct_relay *relay)
{
    fct_pool *pool = fct_calloc(1, sizeof *pool);

    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->relay = relay;
    pool->stats = relay->stats ? relay->stats : &pool->own_stats;
    fct_stats_clear(pool->stats);
    fct_list_init(&pool->queue);
    fct_list_init(&pool->connections);
    fct_timer_init(&pool->kick, on_kick);
    fct_timer_init(&pool->slot_timer, fct_pool_on_slot_timer);
    fct_timer_init(&pool->warm_timer, fct_pool_on_warm_timer);
    fct_timer_init(&pool->patience_timer, on_patience);
    return pool;
}

void fct_pool_submit(fct_pool *pool, fct_job *job)
{
    job->pool = pool;
    job->attempts = job->again = 0;
    job->transcript = NULL;
    job->connection = NULL;
    job->number = pool->next_number++;
    job->submitted_us = fct_loop_now_us(pool->loop);
    job->opened_after_us = 0;
    job->reused = job->first = job->cut = false;
    fct_list_init(&job->link);
    fct_timer_init(&job->deadline, on_deadline);
    fct_queue_put(pool, job);
}

/* End a job that has waited long enough for this relay while another one could take it. */
void fct_pool_expire(fct_pool *pool, fct_job *job)
{
    if (job->pool && !job->connection)
        fct_timer_set(pool->loop, &job->deadline, 0);
}

/* ---- Ending jobs that nobody wants ---- */

bool fct_pool_cancel(fct_pool *pool, fct_job *job)
{
    if (job->pool && job->connection && job->mail &&
        (job->connection->in_flight > 1 || fct_session_handed_over(job->connection->session, job)))
        return false;
    fct_pool_cut(pool, job);
    return true;
}

/*
 * Its connection has other mails, which a cut would hurt.  So it goes on, and nobody gets its
 * outcome.
 */
static void disown(fct_job *job)
{
    struct fct_failure failure;

    fct_session_disown(job->connection->session, job);
    job->connection->given_up++;
    fct_failure_init(&failure, FACTEUR_EINDOUBT, FACTEUR_PHASE_final,
                     "the send was cancelled while the mail was on its way");
    failure.class = FCT_IN_DOUBT;
    fct_job_fail(job, &failure);
}

void fct_pool_cut(fct_pool *pool, fct_job *job)
{
    static const char text[] = "the send was cancelled";
    struct fct_failure failure;

    if (!job->pool)
        return;
    job->cut = true;
    if (!job->connection) {
        fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_connect, text);
        fct_job_fail(job, &failure);
        cut_unwanted(pool);
    } else if (job->connection->in_flight > 1) {
        disown(job);
    } else {
        fct_connection_cut(job->connection, FACTEUR_ECLOSED, text);
    }
}

/* ---- The end ---- */

void fct_pool_fail_queue(fct_pool *pool)
{
    struct fct_failure failure;
    fct_list *link;

    fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_connect, NULL);
    while ((link = fct_list_first(&pool->queue)) != NULL)
        fct_job_fail(FCT_ENTRY(link, fct_job, link), &failure);
}

void fct_pool_quit(fct_pool *pool)
{
    fct_connection *connection;

    pool->closing = true;
    fct_pool_fail_queue(pool);
    while ((connection = fct_pool_find(pool, FCT_CONNECTION_OPENING, false)) != NULL)
        fct_connection_cut(connection, FACTEUR_ECLOSED, "the mailer was closed");
    while ((connection = fct_pool_find(pool, FCT_CONNECTION_READY, false)) != NULL)
        fct_connection_quit(connection);
    fct_pool_flush(pool);
    fct_pool_kick(pool);
}

void fct_pool_stats(const fct_pool *pool, struct fct_pool_stats *out)
{
    fct_stats_read(pool->stats, out);
}

bool fct_pool_active(const fct_pool *pool)
{
    return !fct_list_empty(&pool->connections);
}

void fct_pool_free(fct_pool *pool)
{
    fct_list *link;

    if (!pool)
        return;
    pool->closing = true;
    while ((link = fct_list_first(&pool->connections)) != NULL)
        fct_connection_cut(FCT_ENTRY(link, fct_connection, link), FACTEUR_ECLOSED,
                           "the mailer was closed");
    fct_pool_fail_queue(pool);
    fct_timer_clear(&pool->kick);
    fct_timer_clear(&pool->slot_timer);
    fct_timer_clear(&pool->warm_timer);
    fct_timer_clear(&pool->patience_timer);
    fct_slots_free(pool->slots);
    fct_free(pool->slots_fault);
    fct_tls_context_free(pool->tls);
    fct_free(pool);
}

void fct_pool_abandon(fct_pool *pool)
{
    fct_list *link;

    if (!pool)
        return;
    fct_loop_forked(pool->loop);
    while ((link = fct_list_first(&pool->connections)) != NULL)
        fct_connection_abandon(FCT_ENTRY(link, fct_connection, link));
    fct_timer_clear(&pool->kick);
    fct_timer_clear(&pool->slot_timer);
    fct_timer_clear(&pool->warm_timer);
    fct_timer_clear(&pool->patience_timer);
    fct_slots_abandon(pool->slots);
    fct_free(pool->slots_fault);
    fct_tls_context_free(pool->tls);
    fct_free(pool);
}
