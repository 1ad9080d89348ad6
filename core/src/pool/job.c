/* SPDX-License-Identifier: MIT */
/* Jobs inside a pool: the only way in which they end, and the queue in which they wait. */
#include "pool/pool_state.h"

#include "base/memory.h"

void fct_job_end(fct_job *job, const fct_outcome *outcome)
{
    fct_pool *pool = job->pool;

    if (pool) {
        if (job->mail)
            fct_stats_add(&pool->stats->mails[outcome->class], 1);
        fct_queue_take(pool, job);
        fct_list_remove(&job->link);
        fct_timer_clear(&job->deadline);
        job->pool = NULL;
        job->connection = NULL;
    }
    job->done(job, outcome);
}

void fct_job_fail(fct_job *job, const struct fct_failure *failure)
{
    fct_outcome outcome;

    fct_failure_outcome(failure, job->mail ? fct_mail_recipient_count(job->mail) : 0, &outcome);
    outcome.tag = job;
    fct_job_end(job, &outcome);
    fct_failure_outcome_done(&outcome);
}

void fct_job_keep_transcript(fct_job *job, const fct_connection *connection)
{
    if (job->transcript || !connection->session)
        return;
    job->transcript = fct_strdup(fct_session_transcript(connection->session));
}

void fct_queue_put(fct_pool *pool, fct_job *job)
{
    fct_list *before = &pool->queue;

    /* A mail that is tried again keeps its place before those that came later. */
    while (before->prev != &pool->queue &&
           FCT_ENTRY(before->prev, fct_job, link)->number > job->number)
        before = before->prev;
    fct_list_push(before, &job->link);
    pool->queue_len++;
    fct_stats_add(&pool->stats->waiting, 1);
    pool->checks_waiting += !job->mail;
    job->queued = true;
    job->connection = NULL;
    job->queued_us = fct_loop_now_us(pool->loop);
    job->queued_absent_us = fct_loop_absent_us(pool->loop);
    fct_timer_set(pool->loop, &job->deadline, fct_queue_due_us(job));
    fct_pool_kick(pool);
}

void fct_queue_moved(fct_pool *pool)
{
    pool->moved_us = fct_loop_now_us(pool->loop);
    pool->moved_absent_us = fct_loop_absent_us(pool->loop);
}

uint64_t fct_queue_due_us(const fct_job *job)
{
    const fct_pool *pool = job->pool;
    bool moved = pool->moved_us > job->queued_us;

    if (!job->span_us)
        return job->deadline_us;
    return (moved ? pool->moved_us : job->queued_us) + job->wait_us +
           (fct_loop_absent_us(pool->loop) -
            (moved ? pool->moved_absent_us : job->queued_absent_us));
}

void fct_queue_take(fct_pool *pool, fct_job *job)
{
    if (!job->queued)
        return;
    job->queued = false;
    fct_list_remove(&job->link);
    fct_timer_clear(&job->deadline);
    pool->queue_len--;
    fct_stats_subtract(&pool->stats->waiting, 1);
    pool->checks_waiting -= !job->mail;
}
