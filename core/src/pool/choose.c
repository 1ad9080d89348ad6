/* SPDX-License-Identifier: MIT */
/* Chooses the connection that takes the next mail, and decides when to open another one. */
#include "pool/pool_state.h"

#include "base/error.h"

#define CROWD 4             /* mails in flight on one connection that make another worth opening */
#define PATIENCE_US 3000000 /* for late verdicts, of a mail that needs their connection's place */

/* The oldest connection that is being opened and could take a waiting mail. */
fct_connection *fct_pool_opening(const fct_pool *pool)
{
    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == FCT_CONNECTION_OPENING && !connection->check)
            return connection;
    }
    return NULL;
}

fct_connection *fct_pool_find(const fct_pool *pool, enum fct_connection_state state, bool idle)
{
    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == state && (!idle || connection->in_flight == 0))
            return connection;
    }
    return NULL;
}

static bool worn_out(const fct_connection *connection, uint64_t now_us)
{
    const fct_relay *relay = connection->relay;

    return connection->generation != relay->generation ||
           (relay->max_mails && connection->mails >= relay->max_mails) ||
           fct_mail_limit_reached(&connection->pool->mail_limit, connection->mails, now_us) ||
           (connection->mails && now_us >= connection->age_limit_us) ||
           (relay->idle_us && connection->in_flight == 0 &&
            now_us >= connection->idle_us + relay->idle_us);
}

static bool can_take(const fct_connection *connection, const fct_job *job)
{
    return connection->state == FCT_CONNECTION_READY && !connection->check &&
           connection->opened_us >= job->opened_after_us &&
           (connection->in_flight == 0 ||
            !fct_mail_limit_near(&connection->pool->mail_limit, connection->mails)) &&
           fct_session_room(connection->session) > 0;
}

static bool better(const fct_connection *a, const fct_connection *b)
{
    if (!b)
        return true;
    if (a->in_flight != b->in_flight)
        return a->in_flight < b->in_flight;
    /* The one used last is the least likely to have been closed for idleness. */
    return a->idle_us > b->idle_us;
}

/* Look over the connections once, and close those past their time on the way. */
static fct_connection *best(fct_pool *pool, const fct_job *job)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);
    fct_connection *chosen = NULL;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == FCT_CONNECTION_READY && worn_out(connection, now_us))
            fct_connection_quit(connection);
        else if (can_take(connection, job) && better(connection, chosen))
            chosen = connection;
    }
    return chosen;
}

/* The connection for a mail, checked if it was idle.  NULL when there is none now. */
static fct_connection *choose(fct_pool *pool, const fct_job *job)
{
    fct_connection *chosen;

    while ((chosen = best(pool, job)) != NULL) {
        if (chosen->in_flight > 0 || fct_connection_look(chosen))
            return chosen;
    }
    return NULL;
}

size_t fct_pool_count_open(const fct_pool *pool)
{
    size_t count = 0;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        const fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        count += connection->state <= FCT_CONNECTION_READY || connection->in_flight > 0;
    }
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

/*
 * A check, and a mail whose connection was dead, may go only to a connection that was opened after
 * they came.
 */
static bool wants_new(const fct_job *job)
{
    return !job->mail || job->opened_after_us > 0;
}

/*
 * In a full pool the connection with the least to do makes room for a job that needs a new one.  It
 * takes no more mails and sends QUIT after its last.  Only one at a time does so; the others go on.
 */
static void retire_one(fct_pool *pool, const fct_job *job)
{
    fct_connection *chosen = NULL;

    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->state == FCT_CONNECTION_QUITTING && connection->in_flight > 0)
            return;
        if (connection->state == FCT_CONNECTION_READY && !connection->check &&
            (!job->mail || connection->opened_us < job->opened_after_us) &&
            better(connection, chosen))
            chosen = connection;
    }
    if (!chosen)
        return;
    fct_connection_quit(chosen);
    fct_connection_pump(chosen);
}

static fct_connection *unwanted(const fct_pool *pool)
{
    for (fct_list *link = pool->connections.next; link != &pool->connections; link = link->next) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        if (connection->given_up && connection->given_up == connection->in_flight)
            return connection;
    }
    return NULL;
}

/*
 * A connection whose mails were all given up only owes late verdicts.  Wait for them until another
 * mail needs the place, and then a moment longer, because most come soon.  Returns whether there is
 * a place now.
 */
static bool take_place(fct_pool *pool, const fct_job *job)
{
    uint64_t now_us = fct_loop_now_us(pool->loop), due_us = fct_queue_due_us(job);
    uint64_t patience_us = due_us > job->queued_us ? (due_us - job->queued_us) / 2 : 0;
    fct_connection *connection = unwanted(pool);

    if (!connection)
        return false;
    if (patience_us > PATIENCE_US)
        patience_us = PATIENCE_US;
    if (now_us < job->queued_us + patience_us) {
        fct_timer_set(pool->loop, &pool->patience_timer, job->queued_us + patience_us);
        return false;
    }
    fct_connection_cut(connection, FACTEUR_ECLOSED, "another mail needed its place");
    return true;
}

/*
 * Whether there is room for one more under the cap.  Connections that have sent QUIT do not count.
 * But the relay still counts them, so one whose place is needed is closed without waiting for the
 * 221.
 */
static bool make_room(fct_pool *pool, const fct_job *job)
{
    size_t cap = pool->relay->pool_size ? pool->relay->pool_size : 1;
    fct_connection *other;

    if (fct_pool_count_open(pool) >= cap && wants_new(job))
        retire_one(pool, job);
    if (fct_pool_count_open(pool) >= cap && !take_place(pool, job))
        return false;
    other = fct_pool_find(pool, FCT_CONNECTION_QUITTING, true);
    if (other)
        fct_connection_pump(other);
    other = fct_pool_find(pool, FCT_CONNECTION_QUITTING, true);
    if (other)
        fct_connection_cut(other, FACTEUR_ECLOSED, "closed after QUIT");
    return true;
}

fct_connection *fct_pool_add_connection(fct_pool *pool, int slot)
{
    uint64_t now_us = fct_loop_now_us(pool->loop);
    fct_connection *connection = fct_connection_open(pool, pool->loop, pool->relay, pool->tls,
                                                     now_us >= pool->no_chunking_until_us,
                                                     now_us >= pool->no_pipelining_until_us);

    if (!connection) {
        fct_pool_return_slot(pool, slot);
        return NULL;
    }
    connection->slot = slot;
    fct_stats_add(&pool->stats->open, 1);
    fct_stats_add(&pool->stats->opened, 1);
    fct_list_push(&pool->connections, &connection->link);
    return connection;
}

static int make_tls(fct_pool *pool, facteur_error **error)
{
    struct fct_tls_config config = pool->relay->tls;
    char identity[FCT_DIGEST_TEXT];

    if (pool->tls && fct_tls_context_failed(pool->tls)) {
        fct_tls_context_free(pool->tls);
        pool->tls = NULL;
    }
    if (pool->tls || pool->relay->session.tls == FCT_TLS_NONE)
        return 0;
    if (!fct_relay_identity(pool->relay, identity))
        return fct_error_nomem(error);
    /* A TLS session made by STARTTLS is not used for implicit TLS on the same port. */
    identity[0] = (char)('A' + (int)pool->relay->session.tls);
    config.identity = identity;
    return fct_tls_context_new(&config, pool->relay->host, &pool->tls, error);
}

/*
 * Open a connection.  If this fails at once, the mail at hand ends and *opened is NULL.  Returns
 * false when the mail must wait for one of the host's slots.
 */
static bool open_for(fct_pool *pool, fct_job *job, fct_connection **opened)
{
    facteur_error *error = NULL;
    struct fct_failure failure;
    enum facteur_phase phase = FACTEUR_PHASE_connect;
    int slot = -1;
    int result = fct_pool_take_slot(pool, &slot, &error);

    *opened = NULL;
    if (result > 0 && take_place(pool, job))
        result = fct_pool_take_slot(pool, &slot, &error);
    if (result > 0) {
        if (wants_new(job))
            retire_one(pool, job);
        fct_pool_await_slot(pool);
        return false;
    }
    if (result == 0) {
        result = make_tls(pool, &error);
        if (result != 0)
            phase = FACTEUR_PHASE_tls;
        else if (!(*opened = fct_pool_add_connection(pool, slot)))
            result = FACTEUR_ENOMEM;
        else
            return true;
        if (phase == FACTEUR_PHASE_tls)
            fct_pool_return_slot(pool, slot);
    }
    fct_failure_init(&failure, result, phase, error ? facteur_error_message(error) : NULL);
    failure.where = error ? facteur_error_where(error) : NULL;
    fct_job_fail(job, &failure);
    facteur_error_free(error);
    return true;
}

/* Whether the relay refused another connection lately, while one works. */
static bool is_shy(const fct_pool *pool)
{
    return fct_loop_now_us(pool->loop) < pool->shy_until_us &&
           fct_pool_find(pool, FCT_CONNECTION_READY, false) != NULL;
}

static bool start_check(fct_pool *pool, fct_job *job)
{
    fct_connection *connection;

    if (!make_room(pool, job) || !open_for(pool, job, &connection))
        return false;
    if (!connection)
        return true;
    fct_queue_take(pool, job);
    fct_timer_set(pool->loop, &job->deadline, job->deadline_us);
    job->connection = connection;
    job->attempts++;
    connection->check = job;
    return true;
}

static bool hand_over(fct_pool *pool, fct_job *job)
{
    fct_connection *connection = choose(pool, job);
    struct fct_failure failure;
    int result;

    if (!connection)
        return false;
    fct_queue_take(pool, job);
    result = fct_connection_submit(connection, job);
    if (result == FACTEUR_ECLOSED) {
        fct_queue_put(pool, job);
        fct_connection_cut(connection, FACTEUR_ECONNECT, "the dialogue had ended");
    } else if (result != 0) {
        fct_failure_init(&failure, result, FACTEUR_PHASE_mail, NULL);
        fct_job_fail(job, &failure);
    }
    return true;
}

/* The first job of the queue with this number or a higher one.  NULL when there is none. */
static fct_job *next_waiting(const fct_pool *pool, uint64_t number)
{
    for (fct_list *link = pool->queue.next; link != &pool->queue; link = link->next) {
        fct_job *job = FCT_ENTRY(link, fct_job, link);

        if (job->number >= number)
            return job;
    }
    return NULL;
}

static fct_job *first_mail(const fct_pool *pool)
{
    fct_job *job = next_waiting(pool, 0);

    while (job && !job->mail)
        job = next_waiting(pool, job->number + 1);
    return job;
}

/* Open the connections that the queue, or too many mails on the best connection, call for. */
static void open_more(fct_pool *pool)
{
    fct_connection *crowded, *opened;
    int slot = -1;

    while (pool->queue_len - pool->checks_waiting > count_opening(pool)) {
        fct_job *first = first_mail(pool);

        if (is_shy(pool) || !make_room(pool, first) || !open_for(pool, first, &opened))
            break;
    }
    crowded = best(pool, &(fct_job){0});
    if (pool->queue_len == 0 && crowded && crowded->in_flight >= CROWD &&
        fct_pool_count_open(pool) < pool->relay->pool_size && count_opening(pool) == 0 &&
        !is_shy(pool) && fct_pool_take_slot(pool, &slot, NULL) == 0)
        fct_pool_add_connection(pool, slot);
}

/* Everything that a connection got in this turn goes out in one write. */
void fct_pool_flush(fct_pool *pool)
{
    fct_list *link = pool->connections.next;

    while (link != &pool->connections) {
        fct_connection *connection = FCT_ENTRY(link, fct_connection, link);

        link = link->next;
        if (connection->dirty) {
            fct_connection_pump(connection);
            /* Its end may have ended others too, so begin again. */
            link = pool->connections.next;
        }
    }
}

/*
 * In the order in which jobs came.  A job that waits for a new connection in a full pool is passed
 * over.  The first mail that any connection could take is not: if there is no connection for it,
 * there is none for the others.
 */
void fct_pool_dispatch(fct_pool *pool)
{
    fct_job *job;
    uint64_t number = 0;

    if (pool->closing)
        fct_pool_fail_queue(pool);
    while ((job = next_waiting(pool, number)) != NULL) {
        bool particular = wants_new(job);

        number = job->number;
        /* Its timer may be a little late.  A job past its time is not handed over. */
        if (fct_loop_now_us(pool->loop) >= job->deadline_us) {
            fct_pool_fail_late(job, fct_pool_opening(pool));
            continue;
        }
        /* A job that was put back is looked at again. */
        if (job->mail ? hand_over(pool, job) : start_check(pool, job))
            continue;
        if (!particular)
            break;
        number++;
    }
    open_more(pool);
    fct_pool_warm_up(pool);
    fct_pool_flush(pool);
}
