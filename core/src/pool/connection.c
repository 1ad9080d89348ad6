/* SPDX-License-Identifier: MIT */
#include "pool/connection.h"

#include "base/memory.h"
#include "base/random.h"
#include "pool/facts.h"
#include "pool/pool_state.h"

#include <stdio.h>
#include <string.h>

/* How long a connection reused after a rest may be silent before its mail goes elsewhere. */
#define PROBE_US 3000000

static const struct fct_stream_owner stream_owner;

static void release(fct_connection *connection)
{
    fct_session_free(connection->session);
    fct_tls_context_free(connection->tls);
    fct_free(connection);
}

static void enter(fct_connection *connection)
{
    connection->entered++;
}

static void leave(fct_connection *connection)
{
    if (--connection->entered > 0 || connection->state != FCT_CONNECTION_ENDED)
        return;
    release(connection);
}

/* The end: report it to the pool, and free the memory when the last call has returned. */
static void finish(fct_connection *connection, struct fct_failure *failure, bool polite)
{
    if (connection->state == FCT_CONNECTION_ENDED)
        return;
    fct_connection_timings(connection, failure->timing_us);
    if (connection->check && connection->check->check)
        fct_check_fill(connection->check->check, connection);
    connection->state = FCT_CONNECTION_ENDED;
    fct_list_remove(&connection->link);
    fct_timer_clear(&connection->timer);
    fct_suspicion_drop(&connection->suspicion);
    fct_dial_free(connection->dial);
    connection->dial = NULL;
    fct_stream_close(connection->stream, polite);
    connection->stream = NULL;
    fct_pool_on_end(connection->pool, connection, failure);
}

static void on_event(fct_connection *connection, struct fct_session_event *event);

static bool drain(fct_connection *connection)
{
    struct fct_session_event event;
    bool any = false;

    while (connection->session && connection->state != FCT_CONNECTION_ENDED &&
           fct_session_next(connection->session, &event) == 1) {
        any = true;
        on_event(connection, &event);
    }
    return any;
}

/*
 * Write until the session has nothing left or the stream takes no more.  Returns whether any byte
 * was written.
 */
static bool write_output(fct_connection *connection)
{
    fct_slice slices[FCT_STREAM_SLICES];
    bool any = false, owed;

    if (!connection->stream || connection->shake_us)
        return false;
    for (;;) {
        size_t shown = 0, taken = 0;
        int count = fct_session_output(connection->session, slices, FCT_STREAM_SLICES,
                                       fct_loop_now_us(connection->loop));

        if (count < 0)
            return true;
        if (count == 0)
            return any;
        for (int i = 0; i < count; i++)
            shown += slices[i].len;
        owed = fct_session_is_owed(connection->session);
        fct_stream_write(connection->stream, slices, count, &taken);
        if (taken > 0) {
            any = true;
            if (!owed && !connection->asked_us)
                connection->asked_us = fct_loop_now_us(connection->loop);
            fct_session_sent(connection->session, taken, fct_loop_now_us(connection->loop));
        }
        if (taken < shown)
            return any;
    }
}

/* Time in which nobody ran the loop is not the relay's, nor that of mails with a span. */
static void settle_rest(fct_connection *connection)
{
    uint64_t absent_us = fct_loop_absent_us(connection->loop);
    uint64_t rest_us = absent_us - connection->absent_us;

    connection->absent_us = absent_us;
    if (!connection->session || !rest_us)
        return;
    fct_session_rested(connection->session, rest_us, fct_loop_now_us(connection->loop));
    connection->probe_us += connection->probe_us ? rest_us : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void set_timer(fct_connection *connection)
{
    uint64_t due_us = fct_session_deadline(connection->session);

    if (connection->shake_us)
        due_us = connection->shake_limit_us;
    if (connection->probe_us)
        due_us = earlier(due_us, connection->probe_us);
    if (connection->state == FCT_CONNECTION_READY && connection->in_flight == 0 &&
        connection->relay->idle_us)
        due_us = earlier(due_us, connection->idle_us + connection->relay->idle_us);
    fct_timer_set(connection->loop, &connection->timer, due_us);
}

void fct_connection_pump(fct_connection *connection)
{
    enter(connection);
    connection->dirty = false;
    settle_rest(connection);
    while (connection->session && connection->state != FCT_CONNECTION_ENDED) {
        bool moved = drain(connection);

        if (connection->state == FCT_CONNECTION_ENDED)
            break;
        moved |= write_output(connection);
        /* Mails that were refused, or were past their time, ended without a written octet. */
        if (!drain(connection) && !moved)
            break;
    }
    if (connection->session && connection->state != FCT_CONNECTION_ENDED) {
        fct_stream_await(connection->stream, !fct_session_idle(connection->session));
        set_timer(connection);
    }
    leave(connection);
}

/*
 * The session knows that the stream ended.  If it does not ask for the close itself, the connection
 * ends anyway.
 */
static void lose(fct_connection *connection, int error, const char *message)
{
    struct fct_failure failure;

    enter(connection);
    fct_session_lost(connection->session, error, message, fct_loop_now_us(connection->loop));
    drain(connection);
    if (connection->session) {
        fct_failure_init(&failure, error ? error : FACTEUR_ECONNECT,
                         fct_connection_phase(connection), message);
        finish(connection, &failure, false);
    }
    leave(connection);
}

static void on_tls_confirmed(void *user, const char *message)
{
    lose(user, FACTEUR_ETLS, message);
}

static void on_timer(fct_timer *timer)
{
    fct_connection *connection = FCT_ENTRY(timer, fct_connection, timer);
    uint64_t now_us = fct_loop_now_us(connection->loop);

    if (connection->shake_us) {
        lose(connection, FACTEUR_ETLS, "the TLS handshake took too long");
        return;
    }
    if (connection->probe_us && now_us >= connection->probe_us) {
        lose(connection, FACTEUR_ECONNECT, "the connection was dead after it had been idle");
        return;
    }
    enter(connection);
    settle_rest(connection);
    if (connection->state == FCT_CONNECTION_READY && connection->in_flight == 0 &&
        connection->relay->idle_us && now_us >= connection->idle_us + connection->relay->idle_us)
        fct_connection_quit(connection);
    else
        fct_session_tick(connection->session, now_us);
    fct_connection_pump(connection);
    leave(connection);
}

static int shake(fct_connection *connection, uint64_t limit_us)
{
    connection->shake_us = fct_loop_now_us(connection->loop);
    connection->shake_limit_us = limit_us;
    if (!connection->tls)
        return FACTEUR_ETLS;
    return fct_stream_secure(connection->stream, connection->tls);
}

/* Let go of what is there, for another attempt of the dial. */
static void hang_up(fct_connection *connection)
{
    fct_suspicion_drop(&connection->suspicion);
    fct_stream_close(connection->stream, false);
    connection->stream = NULL;
    fct_session_free(connection->session);
    connection->session = NULL;
    connection->shake_us = 0;
    fct_timer_clear(&connection->timer);
}

/*
 * A port that cannot be spoken to, or not under TLS as it must be, may have one beside it that can.
 * A refused login is final on every port.
 */
static bool try_next_port(fct_connection *connection, struct fct_failure *failure,
                          char story[FCT_DIAL_TEXT])
{
    bool shut = failure->error == FACTEUR_ECONNECT || failure->error == FACTEUR_ETLS ||
                failure->error == FACTEUR_EPROTOCOL || failure->error == FACTEUR_EDEADLINE;

    if (!connection->dial || connection->relay->port_count < 2 || connection->cut || !shut ||
        failure->phase >= FACTEUR_PHASE_auth)
        return false;
    fct_dial_blame(connection->dial, connection->port,
                   failure->message ? failure->message : facteur_error_text(failure->error));
    if (fct_dial_resume(connection->dial)) {
        hang_up(connection);
        return true;
    }
    fct_dial_story(connection->dial, story);
    failure->message = story;
    return false;
}

static void on_close(fct_connection *connection, const struct fct_session_event *event)
{
    struct fct_failure failure;
    char story[FCT_DIAL_TEXT];

    fct_failure_init(&failure, event->error, event->phase, event->message);
    failure.reply = event->reply;
    /* A session with implicit TLS waits for the greeting during the handshake. */
    if (connection->shake_us)
        failure.phase = FACTEUR_PHASE_tls;
    if (!try_next_port(connection, &failure, story))
        finish(connection, &failure, event->error == 0);
}

static void on_event(fct_connection *connection, struct fct_session_event *event)
{
    uint64_t now_us = fct_loop_now_us(connection->loop);

    switch (event->kind) {
    case FCT_EVENT_START_TLS:
        if (shake(connection, now_us + connection->relay->connect_us) != 0)
            fct_session_lost(connection->session, FACTEUR_ENOMEM, "out of memory", now_us);
        return;
    case FCT_EVENT_READY:
        connection->state = FCT_CONNECTION_READY;
        /* The kernel forgets it after some minutes. */
        connection->round_trip_us = fct_stream_round_trip_us(connection->stream);
        connection->was_ready = true;
        connection->pool->good_port = connection->port;
        connection->idle_us = now_us;
        fct_dial_free(connection->dial);
        connection->dial = NULL;
        fct_pool_on_ready(connection->pool, connection);
        return;
    case FCT_EVENT_OUTCOME:
        connection->idle_us = now_us;
        fct_pool_on_outcome(connection->pool, connection, event->outcome);
        return;
    case FCT_EVENT_NOOP:
        connection->idle_us = now_us;
        fct_pool_on_noop(connection->pool, connection);
        return;
    case FCT_EVENT_GATE:
        fct_connection_ask_gate(connection, event);
        return;
    case FCT_EVENT_CLOSE:
        on_close(connection, event);
        return;
    }
}

/* ---- The stream's side ---- */

static void on_received(void *user, const char *bytes, size_t len)
{
    fct_connection *connection = user;

    connection->probe_us = 0;
    fct_suspicion_drop(&connection->suspicion);
    fct_connection_time_answer(connection);
    /* If this ends the session, its events are waiting and are read in on_ready(). */
    fct_session_feed(connection->session, bytes, len, fct_loop_now_us(connection->loop));
}

static void on_ready(void *user)
{
    fct_connection_pump(user);
}

static void on_secured(void *user, int error, const char *message)
{
    fct_connection *connection = user;
    uint64_t now_us = fct_loop_now_us(connection->loop);
    fct_tls *tls = fct_stream_tls(connection->stream);
    struct fct_tls_facts facts = {0};
    fct_slice binding;

    if (error != 0) {
        lose(connection, error, message);
        return;
    }
    connection->timing_us[FACTEUR_PHASE_tls] = (int64_t)(now_us - connection->shake_us);
    connection->shake_us = 0;
    fct_stats_add(fct_tls_resumed(tls) ? &connection->pool->stats->handshakes_resumed
                                       : &connection->pool->stats->handshakes_full,
                  1);
    binding = fct_tls_binding(tls, &facts.binding_name);
    if (binding.len > 0) {
        facts.channel_binding = binding.ptr;
        facts.channel_binding_len = binding.len;
    }
    fct_session_secured(connection->session, &facts, now_us);
    fct_connection_pump(connection);
}

/*
 * A relay that hangs up without a word may have another address that answers (rows 3 and 4 of
 * docs/faults.md).
 */
static bool try_next_address(fct_connection *connection)
{
    if (!connection->dial || connection->shake_us || connection->relay->port_count > 1 ||
        fct_session_timing_us(connection->session, FACTEUR_PHASE_greeting) >= 0 ||
        !fct_dial_resume(connection->dial))
        return false;
    hang_up(connection);
    return true;
}

static void on_lost(void *user, int error, const char *message)
{
    fct_connection *connection = user;

    connection->hung_up = connection->state == FCT_CONNECTION_READY;
    if (!try_next_address(connection))
        lose(connection, error, message);
}

static const struct fct_stream_owner stream_owner = {on_received, on_ready, on_secured, on_lost};

/* ---- Opening ---- */

/* While other ports are left, none has the time for all of them. */
static uint64_t patience_us(const fct_connection *connection)
{
    const fct_relay *relay = connection->relay;

    return relay->connect_us / (fct_dial_has_port_left(connection->dial) ? relay->port_count : 1);
}

static bool make_session(fct_connection *connection)
{
    struct fct_session_config config = connection->relay->session;

    connection->generation = connection->relay->generation;
    config.port = connection->port;
    config.tls = fct_relay_tls(connection->relay, connection->port);
    if (fct_dial_has_port_left(connection->dial))
        config.greeting_us = earlier(config.greeting_us, patience_us(connection));
    config.chunking = config.chunking && connection->chunking;
    config.bdat_proven = connection->pool->bdat_proven;
    if (!connection->pipelining)
        config.pipelining = FCT_PIPELINING_OFF;
    if (!config.helo) {
        fct_stream_literal(connection->stream, connection->literal);
        config.helo = connection->literal;
    }
    if (fct_random(config.nonce, sizeof config.nonce) != 0)
        return false;
    connection->session = fct_session_new(&config, fct_loop_now_us(connection->loop));
    fct_wipe(config.nonce, sizeof config.nonce);
    return connection->session != NULL;
}

/* The socket is there: TLS or the greeting.  False when memory ran out. */
static bool begin(fct_connection *connection, const struct fct_dialled *dialled)
{
    uint64_t limit_us = connection->opened_us + connection->relay->connect_us;

    connection->port = dialled->port;
    connection->stream = fct_stream_new(connection->loop, dialled->fd, dialled->peer, dialled->tcp,
                                        &stream_owner, connection);
    if (!connection->stream || !make_session(connection))
        return false;
    if (fct_relay_tls(connection->relay, dialled->port) != FCT_TLS_IMPLICIT) {
        fct_suspicion_watch(&connection->suspicion, dialled->port);
        return true;
    }
    limit_us = earlier(limit_us, fct_loop_now_us(connection->loop) + patience_us(connection));
    return shake(connection, limit_us) == 0;
}

static void on_dialled(void *user, const struct fct_dialled *dialled)
{
    fct_connection *connection = user;
    struct fct_failure failure;

    connection->timing_us[FACTEUR_PHASE_resolve] = (int64_t)dialled->resolve_us;
    connection->timing_us[FACTEUR_PHASE_connect] = (int64_t)dialled->connect_us;
    enter(connection);
    if (dialled->fd < 0) {
        fct_failure_init(&failure, dialled->error, dialled->phase, dialled->message);
        failure.where = dialled->where;
        if (dialled->phase == FACTEUR_PHASE_resolve)
            connection->timing_us[FACTEUR_PHASE_connect] = -1;
        finish(connection, &failure, false);
    } else if (!begin(connection, dialled)) {
        fct_failure_init(&failure, FACTEUR_ENOMEM, FACTEUR_PHASE_connect, NULL);
        finish(connection, &failure, false);
    } else {
        /* Twice the time, so that an answer that is a little late still counts.  A proxy's system
         * would answer for a relay that is gone. */
        if (!connection->relay->proxy.host)
            fct_stream_ask(connection->stream, connection->relay->fresh_us / 2);
        fct_connection_pump(connection);
    }
    leave(connection);
}

/* Connections that were opened together must not all end together. */
static uint64_t age_limit(const fct_relay *relay, uint64_t now_us)
{
    unsigned char random = 0;

    if (relay->max_age_us == 0)
        return FCT_NEVER;
    fct_random(&random, sizeof random);
    return now_us + relay->max_age_us - relay->max_age_us / 10 * random / 255;
}

fct_connection *fct_connection_open(fct_pool *pool, fct_loop *loop, const fct_relay *relay,
                                    fct_tls_context *tls, bool chunking, bool pipelining)
{
    fct_connection *connection = fct_calloc(1, sizeof *connection);
    struct fct_dial_target target;

    if (!connection)
        return NULL;
    connection->pool = pool;
    connection->loop = loop;
    connection->relay = relay;
    connection->tls = fct_tls_context_ref(tls);
    connection->chunking = chunking;
    connection->pipelining = pipelining;
    connection->slot = -1;
    connection->answer_us = connection->round_trip_us = UINT64_MAX;
    connection->opened_us = fct_loop_now_us(loop);
    connection->age_limit_us = age_limit(relay, connection->opened_us);
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        connection->timing_us[i] = -1;
    fct_list_init(&connection->link);
    fct_list_init(&connection->jobs);
    fct_timer_init(&connection->timer, on_timer);
    fct_suspicion_init(&connection->suspicion, loop, relay, on_tls_confirmed, connection);
    fct_relay_target(relay, pool->good_port, &target);
    connection->dial = fct_dial_start(loop, &target, connection->opened_us + relay->connect_us,
                                      on_dialled, connection);
    if (!connection->dial) {
        release(connection);
        return NULL;
    }
    return connection;
}

/* ---- The pool's side ---- */

bool fct_connection_look(fct_connection *connection)
{
    bool good;

    enter(connection);
    good = fct_stream_look(connection->stream) && connection->state == FCT_CONNECTION_READY &&
           fct_session_room(connection->session) > 0;
    leave(connection);
    return good;
}

int fct_connection_submit(fct_connection *connection, fct_job *job)
{
    uint64_t now_us = fct_loop_now_us(connection->loop);
    bool rested = connection->mails > 0 && connection->in_flight == 0 &&
                  fct_connection_has_rested(connection, now_us);
    bool held = rested || fct_mail_limit_near(&connection->pool->mail_limit, connection->mails);
    uint64_t deadline_us = job->span_us ? now_us + job->span_us : job->deadline_us;
    unsigned hold = (held ? FCT_HOLD_REPLY : 0) | (job->gate ? FCT_HOLD_GATE : 0);
    int result = fct_session_submit(connection->session, job->mail, deadline_us, hold, job, now_us);

    if (result != 0)
        return result;
    if (job->span_us)
        fct_session_renew(connection->session, job, job->span_us);
    job->connection = connection;
    job->reused = connection->mails > 0;
    job->first = connection->mails == 0 && connection->opened_us >= job->submitted_us;
    job->attempts++;
    fct_stats_add(&connection->pool->stats->reused, job->reused);
    fct_stats_add(&connection->pool->stats->in_flight, 1);
    connection->mails++;
    connection->in_flight++;
    connection->dirty = true;
    fct_list_push(&connection->jobs, &job->link);
    if (rested)
        connection->probe_us = now_us + PROBE_US;
    return 0;
}

void fct_connection_quit(fct_connection *connection)
{
    if (connection->state != FCT_CONNECTION_READY)
        return;
    connection->state = FCT_CONNECTION_QUITTING;
    connection->dirty = true;
    if (connection->in_flight == 0)
        fct_pool_give_slot(connection->pool, connection);
    fct_session_quit(connection->session, fct_loop_now_us(connection->loop));
}

void fct_connection_cut(fct_connection *connection, int error, const char *message)
{
    struct fct_failure failure;

    connection->cut = true;
    if (connection->session) {
        lose(connection, error, message);
        return;
    }
    enter(connection);
    fct_failure_init(&failure, error, fct_connection_phase(connection), message);
    finish(connection, &failure, false);
    leave(connection);
}

void fct_connection_abandon(fct_connection *connection)
{
    fct_list_remove(&connection->link);
    fct_timer_clear(&connection->timer);
    fct_suspicion_drop(&connection->suspicion);
    fct_dial_free(connection->dial);
    fct_stream_close(connection->stream, false);
    release(connection);
}

enum facteur_phase fct_connection_phase(const fct_connection *connection)
{
    if (!connection->session)
        return connection->dial ? fct_dial_phase(connection->dial) : FACTEUR_PHASE_connect;
    if (connection->shake_us)
        return FACTEUR_PHASE_tls;
    return fct_session_phase(connection->session);
}

void fct_connection_timings(const fct_connection *connection,
                            int64_t timing_us[FACTEUR_PHASE_COUNT])
{
    for (int i = 0; i <= FACTEUR_PHASE_tls; i++)
        timing_us[i] = connection->timing_us[i];
    if (!connection->session)
        return;
    for (int i = FACTEUR_PHASE_greeting; i <= FACTEUR_PHASE_auth; i++)
        timing_us[i] = fct_session_timing_us(connection->session, (enum facteur_phase)i);
}
