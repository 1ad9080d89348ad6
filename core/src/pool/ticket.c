/* SPDX-License-Identifier: MIT */
/* Jobs inside the pool: how each of them ends exactly once, and the queue in which they wait. */
#include "pool/pool_state.h"

#include "base/memory.h"

void fct_ticket_free(struct fct_ticket *ticket)
{
    fct_list_remove(&ticket->link);
    fct_timer_clear(&ticket->deadline);
    if (ticket->job)
        ticket->job->pooled = NULL;
    fct_free(ticket);
}

/* The one place where a ticketed job ends. */
void fct_ticket_end(struct fct_ticket *ticket, const fct_outcome *outcome)
{
    fct_job *job = ticket->job;

    if (job && job->mail)
        fct_stats_add(&ticket->pool->stats->mails[outcome->class], 1);
    fct_ticket_free(ticket);
    if (job)
        job->done(job, outcome);
}

void fct_job_fail(fct_job *job, const struct fct_failure *failure)
{
    fct_outcome outcome;

    fct_failure_outcome(failure, job->mail ? fct_mail_recipient_count(job->mail) : 0, &outcome);
    outcome.tag = job;
    job->done(job, &outcome);
    fct_failure_outcome_done(&outcome);
}

void fct_ticket_fail(struct fct_ticket *ticket, const struct fct_failure *failure)
{
    fct_job *job = ticket->job;

    if (job && job->mail)
        fct_stats_add(&ticket->pool->stats->mails[FCT_TEMPORARY], 1);
    fct_ticket_free(ticket);
    if (job)
        fct_job_fail(job, failure);
}

void fct_job_keep_transcript(fct_job *job, const fct_connection *connection)
{
    if (!job || job->transcript || !connection->session)
        return;
    job->transcript = fct_strdup(fct_session_transcript(connection->session));
}

void fct_queue_put(fct_pool *pool, struct fct_ticket *ticket)
{
    fct_list *before = &pool->queue;

    /* A mail that is tried again keeps its place: those that came later wait behind it. */
    while (before->prev != &pool->queue &&
           FCT_ENTRY(before->prev, struct fct_ticket, link)->number > ticket->number)
        before = before->prev;
    fct_list_push(before, &ticket->link);
    pool->queue_len++;
    fct_stats_add(&pool->stats->waiting, 1);
    pool->checks_waiting += !ticket->job->mail;
    ticket->queued = true;
    ticket->connection = NULL;
    fct_timer_set(pool->loop, &ticket->deadline, ticket->job->deadline_us);
    fct_pool_kick(pool);
}

void fct_queue_take(fct_pool *pool, struct fct_ticket *ticket)
{
    if (!ticket->queued)
        return;
    ticket->queued = false;
    fct_list_remove(&ticket->link);
    fct_timer_clear(&ticket->deadline);
    pool->queue_len--;
    fct_stats_subtract(&pool->stats->waiting, 1);
    pool->checks_waiting -= !ticket->job->mail;
}
