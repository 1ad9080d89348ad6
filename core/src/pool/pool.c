/* SPDX-License-Identifier: MIT */
/*
 * Jobs wait in one queue, in the order of their coming.  Whatever may let one go on sets a timer
 * for the loop's next turn, and there dispatch() does all the choosing: no job is handed over, and
 * no connection opened, from within somebody else's call.
 */
#include "pool/pool.h"

#include "base/error.h"
#include "base/memory.h"
#include "pool/connection.h"

#include <stdio.h>
#include <string.h>

#define CROWD 4        /* mails in flight on one connection that make another worth opening */
#define AGAIN_MAX 2    /* times a session may ask to have a mail tried elsewhere */
#define SHY_US 5000000 /* how long a refused further connection is not asked for again */
#define CHUNKING_US 3600000000U /* how long a relay that refused BDAT gets DATA */

struct fct_pool {
    fct_loop *loop;
    const fct_relay *relay;
    fct_tls_context *tls; /* made with the first connection */
    fct_list queue;
    size_t queue_len;
    fct_list connections;
    fct_list unticketed; /* jobs for which there was no memory */
    fct_timer kick;
    uint64_t next_number;
    uint64_t shy_until_us, no_chunking_until_us;
    bool closing;
};

static void ticket_free(struct fct_ticket *ticket)
{
    fct_list_remove(&ticket->link);
    fct_timer_clear(&ticket->deadline);
    if (ticket->job)
        ticket->job->pooled = NULL;
    fct_free(ticket);
}

/* The one place where a ticketed job ends. */
static void ticket_end(struct fct_ticket *ticket, const fct_outcome *outcome)
{
    fct_job *job = ticket->job;

    ticket_free(ticket);
    if (job)
        job->done(job, outcome);
}

static void job_fail(fct_job *job, const struct fct_failure *failure)
{
    fct_outcome outcome;

    fct_failure_outcome(failure, job->mail ? fct_mail_recipient_count(job->mail) : 0, &outcome);
    outcome.tag = job;
    job->done(job, &outcome);
    fct_failure_outcome_done(&outcome);
}

static void ticket_fail(struct fct_ticket *ticket, const struct fct_failure *failure)
{
    fct_job *job = ticket->job;

    ticket_free(ticket);
    if (job)
        job_fail(job, failure);
}

static void keep_transcript(fct_job *job, const fct_connection *connection)
{
    if (!job || job->transcript || !connection->session)
        return;
    job->transcript = fct_strdup(fct_session_transcript(connection->session));
}

static void kick(fct_pool *pool)
{
    fct_timer_set(pool->loop, &pool->kick, 0);
}

/* ---- The queue ------------------------------------------------------------------------------- */

static void queue_put(fct_pool *pool, struct fct_ticket *ticket)
{
    fct_list *before = &pool->queue;

    /* A mail that is tried again keeps its place: those that came later wait behind it. */
    while (before->prev != &pool->queue &&
           FCT_ENTRY(before->prev, struct fct_ticket, link)->number > ticket->number)
        before = before->prev;
    fct_list_push(before, &ticket->link);
    pool->queue_len++;
    ticket->queued = true;
    ticket->connection = NULL;
    fct_timer_set(pool->loop, &ticket->deadline, ticket->job->deadline_us);
    kick(pool);
}

static void queue_take(fct_pool *pool, struct fct_ticket *ticket)
{
    if (!ticket->queued)
        return;
    ticket->queued = false;
    fct_list_remove(&ticket->link);
    fct_timer_clear(&ticket->deadline);
    pool->queue_len--;
}

/* The connection being opened that a waiting mail could have gone to, the oldest one. */
static fct_connection *opening(const fct_pool *pool)
{
    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == FCT_CONNECTION_OPENING && !connection->check)
            return connection;
    }
    return NULL;
}

static void fail_late(struct fct_ticket *ticket, fct_connection *connection)
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
    char message[160];

    if (connection) {
        phase = fct_connection_phase(connection);
        snprintf(message, sizeof message, "the deadline passed while waiting for %s",
                 waited_for[phase] ? waited_for[phase] : "the relay");
        if (ticket->job->attempts == 0)
            ticket->job->attempts = 1;
        keep_transcript(ticket->job, connection);
    } else {
        snprintf(message, sizeof message,
                 "the deadline passed while waiting for a free connection (pool_size is %u)",
                 ticket->pool->relay->pool_size);
    }
    fct_failure_init(&failure, FACTEUR_EDEADLINE, phase, message);
    if (connection)
        fct_connection_timings(connection, failure.timing_us);
    ticket_fail(ticket, &failure);
}

/* Nobody waits for a connection that is still being opened: it would be of no use to anybody. */
static void cut_unwanted(fct_pool *pool)
{
    fct_connection *connection;

    while (pool->queue_len == 0 && (connection = opening(pool)) != NULL)
        fct_connection_cut(connection, FACTEUR_ECLOSED, "not needed any more");
}

static void on_deadline(fct_timer *timer)
{
    struct fct_ticket *ticket = FCT_ENTRY(timer, struct fct_ticket, deadline);
    fct_pool *pool = ticket->pool;
    fct_connection *connection = ticket->connection;

    if (connection) {
        /* A check, which is never in the queue while its connection lives. */
        connection->check = NULL;
        fail_late(ticket, connection);
        fct_connection_cut(connection, FACTEUR_EDEADLINE, "the deadline passed");
        return;
    }
    queue_take(pool, ticket);
    fail_late(ticket, opening(pool));
    cut_unwanted(pool);
}

/* ---- Choosing -------------------------------------------------------------------------------- */

static bool worn_out(const fct_connection *connection, uint64_t now_us)
{
    const fct_relay *relay = connection->relay;

    return (relay->max_mails && connection->mails >= relay->max_mails) ||
           now_us >= connection->age_limit_us ||
           (relay->idle_us && connection->ticket_count == 0 &&
            now_us >= connection->idle_us + relay->idle_us);
}

static bool can_take(const fct_connection *connection, const struct fct_ticket *ticket)
{
    return connection->state == FCT_CONNECTION_READY && !connection->check &&
           connection->opened_us >= ticket->opened_after_us &&
           fct_session_room(connection->session) > 0;
}

static bool better(const fct_connection *a, const fct_connection *b)
{
    if (!b)
        return true;
    if (a->ticket_count != b->ticket_count)
        return a->ticket_count < b->ticket_count;
    /* The one used last is the least likely to have died of boredom. */
    return a->idle_us > b->idle_us;
}

/* One look over the connections; those past their time are sent home on the way. */
static fct_connection *best(fct_pool *pool, const struct fct_ticket *ticket)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);
    fct_connection *chosen = NULL;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == FCT_CONNECTION_READY && worn_out(connection, now_us))
            fct_connection_quit(connection);
        else if (can_take(connection, ticket) && better(connection, chosen))
            chosen = connection;
    }
    return chosen;
}

/* The connection for a mail, examined when it was idle; NULL when there is none now. */
static fct_connection *choose(fct_pool *pool, const struct fct_ticket *ticket)
{
    fct_connection *chosen;

    while ((chosen = best(pool, ticket)) != NULL) {
        if (chosen->ticket_count > 0 || fct_connection_look(chosen))
            return chosen;
    }
    return NULL;
}

/* Those that a relay would count against us, QUIT not being said yet. */
static size_t count_open(const fct_pool *pool)
{
    size_t count = 0;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next)
        count += FCT_ENTRY(link, fct_connection, link)->state <= FCT_CONNECTION_READY;
    return count;
}

static size_t count_opening(const fct_pool *pool)
{
    size_t count = 0;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        const fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        count += connection->state == FCT_CONNECTION_OPENING && !connection->check;
    }
    return count;
}

static fct_connection *find(const fct_pool *pool, enum fct_connection_state state, bool idle)
{
    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == state && (!idle || connection->ticket_count == 0))
            return connection;
    }
    return NULL;
}

/*
 * Room for one more under the cap.  Those saying QUIT do not count, but the relay still counts
 * them: one whose place is wanted goes without waiting for the 221.  A mail that must not take the
 * idle connection there is may have it closed.
 */
static bool make_room(fct_pool *pool, const struct fct_ticket *ticket)
{
    size_t cap = pool->relay->pool_size ? pool->relay->pool_size : 1;
    fct_connection *other;

    if (count_open(pool) >= cap && (ticket->opened_after_us || !ticket->job->mail)) {
        other = find(pool, FCT_CONNECTION_READY, true);
        if (other && !other->check) {
            fct_connection_quit(other);
            fct_connection_pump(other);
        }
    }
    if (count_open(pool) >= cap)
        return false;
    other = find(pool, FCT_CONNECTION_QUITTING, true);
    if (other)
        fct_connection_pump(other);
    other = find(pool, FCT_CONNECTION_QUITTING, true);
    if (other)
        fct_connection_cut(other, FACTEUR_ECLOSED, "closed after QUIT");
    return true;
}

static int make_tls(fct_pool *pool, struct fct_failure *failure, facteur_error **error)
{
    int result;

    if (pool->tls || pool->relay->session.tls == FCT_TLS_NONE)
        return 0;
    result = fct_tls_context_new(&pool->relay->tls, pool->relay->host, &pool->tls, error);
    if (result != 0)
        fct_failure_init(failure, result, FACTEUR_PHASE_tls,
                         *error ? facteur_error_message(*error) : NULL);
    return result;
}

/* Open a connection; when not even that can be done, the mail at hand ends. */
static fct_connection *open_for(fct_pool *pool, struct fct_ticket *ticket)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);
    fct_connection *connection = NULL;
    facteur_error *error = NULL;
    struct fct_failure failure;

    fct_failure_init(&failure, FACTEUR_ENOMEM, FACTEUR_PHASE_connect, NULL);
    if (make_tls(pool, &failure, &error) == 0)
        connection = fct_connection_open(pool, pool->loop, pool->relay, pool->tls,
                                         now_us >= pool->no_chunking_until_us);
    if (connection) {
        fct_list_push(&pool->connections, &connection->link);
    } else {
        queue_take(pool, ticket);
        ticket_fail(ticket, &failure);
    }
    facteur_error_free(error);
    return connection;
}

/* ---- Dispatch -------------------------------------------------------------------------------- */

/* A further connection was refused lately, and there is one that works. */
static bool is_shy(const fct_pool *pool)
{
    return fct_loop_now_us(pool->loop) < pool->shy_until_us &&
           find(pool, FCT_CONNECTION_READY, false) != NULL;
}

static bool start_check(fct_pool *pool, struct fct_ticket *ticket)
{
    fct_connection *connection;

    if (!make_room(pool, ticket))
        return false;
    connection = open_for(pool, ticket);
    if (!connection)
        return true;
    queue_take(pool, ticket);
    fct_timer_set(pool->loop, &ticket->deadline, ticket->job->deadline_us);
    ticket->connection = connection;
    ticket->job->attempts++;
    connection->check = ticket;
    return true;
}

static bool hand_over(fct_pool *pool, struct fct_ticket *ticket)
{
    fct_connection *connection = choose(pool, ticket);
    struct fct_failure failure;
    int result;

    if (!connection)
        return false;
    queue_take(pool, ticket);
    result = fct_connection_submit(connection, ticket);
    if (result == FACTEUR_ECLOSED) {
        queue_put(pool, ticket);
        fct_connection_cut(connection, FACTEUR_ECONNECT, "the dialogue had ended");
    } else if (result != 0) {
        fct_failure_init(&failure, result, FACTEUR_PHASE_mail, NULL);
        ticket_fail(ticket, &failure);
    }
    return true;
}

/* Open what the queue, or a crowd on the best connection, calls for. */
static void open_more(fct_pool *pool)
{
    fct_connection *crowded;

    while (pool->queue_len > count_opening(pool)) {
        struct fct_ticket *first = FCT_ENTRY(fct_list_first(&pool->queue), struct fct_ticket, link);

        if (is_shy(pool) || !make_room(pool, first))
            break;
        open_for(pool, first);
    }
    crowded = best(pool, &(struct fct_ticket){0});
    if (pool->queue_len == 0 && crowded && crowded->ticket_count >= CROWD &&
        count_open(pool) < pool->relay->pool_size && count_opening(pool) == 0 && !is_shy(pool)) {
        fct_connection *connection =
            fct_connection_open(pool, pool->loop, pool->relay, pool->tls,
                                fct_loop_now_us(pool->loop) >= pool->no_chunking_until_us);

        if (connection)
            fct_list_push(&pool->connections, &connection->link);
    }
}

/* All that was handed to a connection in this turn goes out in one write. */
static void pump_dirty(fct_pool *pool)
{
    fct_list *link = pool->connections.next;

    while (link != &pool->connections) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        link = link->next;
        if (connection->dirty) {
            fct_connection_pump(connection);
            /* Its end may have taken others with it. */
            link = pool->connections.next;
        }
    }
}

static void dispatch(fct_pool *pool)
{
    struct fct_ticket *ticket;
    fct_list *first;
    bool moving = true;

    while (moving && (first = fct_list_first(&pool->queue)) != NULL) {
        ticket = FCT_ENTRY(first, struct fct_ticket, link);
        moving = ticket->job->mail ? hand_over(pool, ticket) : start_check(pool, ticket);
    }
    first = fct_list_first(&pool->queue);
    if (!first || FCT_ENTRY(first, struct fct_ticket, link)->job->mail)
        open_more(pool);
    pump_dirty(pool);
}

static void on_kick(fct_timer *timer)
{
    fct_pool *pool = FCT_ENTRY(timer, fct_pool, kick);
    struct fct_failure failure;
    fct_list *link;

    while ((link = fct_list_first(&pool->unticketed)) != NULL) {
        fct_list_remove(link);
        fct_failure_init(&failure, pool->closing ? FACTEUR_ECLOSED : FACTEUR_ENOMEM,
                         FACTEUR_PHASE_resolve, NULL);
        job_fail(FCT_ENTRY(link, fct_job, link), &failure);
    }
    dispatch(pool);
}

/* ---- What connections tell ------------------------------------------------------------------- */

void fct_pool_on_ready(fct_pool *pool, fct_connection *connection)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);

    if (connection->check) {
        if (fct_session_noop(connection->session, now_us) != 0)
            fct_session_lost(connection->session, FACTEUR_ENOMEM, "out of memory", now_us);
        return;
    }
    kick(pool);
}

static void fill_check(struct fct_check *check, fct_connection *connection)
{
    const fct_tls *tls = fct_stream_tls(connection->stream);

    check->address = fct_strdup(fct_stream_peer(connection->stream));
    check->capabilities = fct_strdup(fct_session_capabilities(connection->session));
    check->mechanism = fct_strdup(fct_session_mechanism(connection->session));
    if (!tls)
        return;
    check->tls_version = fct_strdup(fct_tls_version(tls));
    check->tls_cipher = fct_strdup(fct_tls_cipher(tls));
    check->tls_resumed = fct_tls_resumed(tls);
}

void fct_pool_on_noop(fct_pool *pool, fct_connection *connection)
{
    struct fct_ticket *ticket = connection->check;
    fct_outcome outcome = {.class = FCT_SENT, .phase = FACTEUR_PHASE_auth};

    kick(pool);
    if (!ticket)
        return;
    connection->check = NULL;
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++)
        outcome.timing_us[i] = -1;
    fct_connection_timings(connection, outcome.timing_us);
    outcome.flights = fct_session_flights(connection->session);
    if (ticket->job->check)
        fill_check(ticket->job->check, connection);
    ticket_end(ticket, &outcome);
}

/* Whether a mail that was not sent goes to another connection instead of to its sender. */
static bool try_again(fct_pool *pool, struct fct_ticket *ticket, const fct_outcome *outcome)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);

    if (!ticket->job || ticket->cancelled || pool->closing || now_us >= ticket->job->deadline_us)
        return false;
    if (outcome->untouched && ticket->reused && ticket->opened_after_us == 0) {
        ticket->opened_after_us = now_us;
        return true;
    }
    if (outcome->again && ticket->again < AGAIN_MAX) {
        ticket->again++;
        ticket->opened_after_us = now_us;
        return true;
    }
    return false;
}

void fct_pool_on_outcome(fct_pool *pool, fct_connection *connection, fct_outcome *outcome)
{
    struct fct_ticket *ticket = outcome->tag;

    connection->ticket_count--;
    if (fct_session_chunking_refused(connection->session))
        pool->no_chunking_until_us = fct_loop_now_us(pool->loop) + CHUNKING_US;
    kick(pool);
    if (try_again(pool, ticket, outcome)) {
        fct_list_remove(&ticket->link);
        queue_put(pool, ticket);
    } else {
        outcome->again = false;
        if (ticket->first) {
            int64_t timing_us[FACTEUR_PHASE_COUNT];

            fct_connection_timings(connection, timing_us);
            memcpy(outcome->timing_us, timing_us,
                   (FACTEUR_PHASE_auth + 1) * sizeof outcome->timing_us[0]);
        }
        if (outcome->class != FCT_SENT)
            keep_transcript(ticket->job, connection);
        ticket_end(ticket, outcome);
    }
    fct_outcome_free(outcome);
}

/*
 * A connection could not be opened.  While another one works, or may come to work, the mails wait
 * for that; else those that had waited for this one are told.
 */
static void fail_waiting(fct_pool *pool, fct_connection *connection, struct fct_failure *failure)
{
    fct_list failed;
    fct_list *link;

    if (find(pool, FCT_CONNECTION_READY, false)) {
        pool->shy_until_us = fct_loop_now_us(pool->loop) + SHY_US;
        return;
    }
    if (opening(pool))
        return;
    fct_list_init(&failed);
    while ((link = fct_list_first(&pool->queue)) != NULL &&
           FCT_ENTRY(link, struct fct_ticket, link)->submitted_us <= connection->opened_us) {
        struct fct_ticket *ticket = FCT_ENTRY(link, struct fct_ticket, link);

        queue_take(pool, ticket);
        fct_list_push(&failed, &ticket->link);
    }
    while ((link = fct_list_first(&failed)) != NULL) {
        struct fct_ticket *ticket = FCT_ENTRY(link, struct fct_ticket, link);

        ticket->job->attempts++;
        keep_transcript(ticket->job, connection);
        ticket_fail(ticket, failure);
    }
}

void fct_pool_on_end(fct_pool *pool, fct_connection *connection, struct fct_failure *failure)
{
    struct fct_ticket *check = connection->check;
    fct_list *link;

    connection->check = NULL;
    kick(pool);
    /* Outcomes come before the end; should one be missing, its job must not wait for ever. */
    while ((link = fct_list_first(&connection->tickets)) != NULL)
        ticket_fail(FCT_ENTRY(link, struct fct_ticket, link), failure);
    if (check) {
        keep_transcript(check->job, connection);
        ticket_fail(check, failure);
    } else if (!connection->was_ready && !connection->cut && !pool->closing) {
        fail_waiting(pool, connection, failure);
    }
}

/* ---- The pool itself ------------------------------------------------------------------------- */

fct_pool *fct_pool_new(fct_loop *loop, const fct_relay *relay)
{
    fct_pool *pool = fct_calloc(1, sizeof *pool);

    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->relay = relay;
    fct_list_init(&pool->queue);
    fct_list_init(&pool->connections);
    fct_list_init(&pool->unticketed);
    fct_timer_init(&pool->kick, on_kick);
    return pool;
}

void fct_pool_submit(fct_pool *pool, fct_job *job)
{
    struct fct_ticket *ticket = pool->closing ? NULL : fct_calloc(1, sizeof *ticket);

    fct_list_init(&job->link);
    job->pooled = ticket;
    job->attempts = 0;
    job->transcript = NULL;
    if (!ticket) {
        fct_list_push(&pool->unticketed, &job->link);
        kick(pool);
        return;
    }
    ticket->pool = pool;
    ticket->job = job;
    ticket->number = pool->next_number++;
    ticket->submitted_us = fct_loop_now_us(pool->loop);
    fct_list_init(&ticket->link);
    fct_timer_init(&ticket->deadline, on_deadline);
    queue_put(pool, ticket);
}

/* Its connection has other mails, which a cut would hurt: it goes on, and nobody listens. */
static void detach(struct fct_ticket *ticket)
{
    fct_job *job = ticket->job;
    struct fct_failure failure;
    fct_outcome outcome;

    fct_failure_init(&failure, FACTEUR_EINDOUBT, FACTEUR_PHASE_final,
                     "the send was cancelled while the mail was on its way");
    fct_failure_outcome(&failure, fct_mail_recipient_count(job->mail), &outcome);
    outcome.class = FCT_IN_DOUBT;
    outcome.tag = job;
    for (size_t i = 0; i < outcome.recipient_count; i++)
        outcome.recipients[i].class = FCT_IN_DOUBT;
    ticket->job = NULL;
    job->pooled = NULL;
    job->done(job, &outcome);
    fct_failure_outcome_done(&outcome);
}

void fct_pool_cancel(fct_pool *pool, fct_job *job)
{
    static const char text[] = "the send was cancelled";
    struct fct_ticket *ticket = job->pooled;
    struct fct_failure failure;

    fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_connect, text);
    if (!ticket) {
        if (fct_list_empty(&job->link))
            return;
        fct_list_remove(&job->link);
        job_fail(job, &failure);
        return;
    }
    ticket->cancelled = true;
    if (!ticket->connection) {
        queue_take(pool, ticket);
        ticket_fail(ticket, &failure);
        cut_unwanted(pool);
    } else if (ticket->connection->ticket_count > 1) {
        detach(ticket);
    } else {
        fct_connection_cut(ticket->connection, FACTEUR_ECLOSED, text);
    }
}

static void fail_queue(fct_pool *pool)
{
    struct fct_failure failure;
    fct_list *link;

    fct_failure_init(&failure, FACTEUR_ECLOSED, FACTEUR_PHASE_connect, NULL);
    while ((link = fct_list_first(&pool->queue)) != NULL) {
        struct fct_ticket *ticket = FCT_ENTRY(link, struct fct_ticket, link);

        queue_take(pool, ticket);
        ticket_fail(ticket, &failure);
    }
}

void fct_pool_quit(fct_pool *pool)
{
    fct_connection *connection;

    pool->closing = true;
    fail_queue(pool);
    while ((connection = find(pool, FCT_CONNECTION_OPENING, false)) != NULL)
        fct_connection_cut(connection, FACTEUR_ECLOSED, "the mailer was closed");
    while ((connection = find(pool, FCT_CONNECTION_READY, false)) != NULL)
        fct_connection_quit(connection);
    pump_dirty(pool);
    kick(pool);
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
    fail_queue(pool);
    on_kick(&pool->kick);
    fct_timer_clear(&pool->kick);
    fct_tls_context_free(pool->tls);
    fct_free(pool);
}

static void forget_tickets(fct_list *tickets)
{
    fct_list *link;

    while ((link = fct_list_first(tickets)) != NULL)
        ticket_free(FCT_ENTRY(link, struct fct_ticket, link));
}

void fct_pool_abandon(fct_pool *pool)
{
    fct_list *link;

    if (!pool)
        return;
    fct_loop_forked(pool->loop);
    while ((link = fct_list_first(&pool->connections)) != NULL) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        forget_tickets(&connection->tickets);
        if (connection->check)
            ticket_free(connection->check);
        fct_connection_abandon(connection);
    }
    forget_tickets(&pool->queue);
    fct_timer_clear(&pool->kick);
    fct_tls_context_free(pool->tls);
    fct_free(pool);
}

void fct_check_done(struct fct_check *check)
{
    fct_free(check->address);
    fct_free(check->tls_version);
    fct_free(check->tls_cipher);
    fct_free(check->capabilities);
    fct_free(check->mechanism);
    *check = (struct fct_check){0};
}
