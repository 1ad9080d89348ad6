/* SPDX-License-Identifier: MIT */
/*
 * The gate before the terminators of a flight.  Whoever keeps account of the mails is asked, and a
 * mail that it bars is not handed over.
 */
#include "pool/connection.h"

static bool is_whole(fct_job *const *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!jobs[i])
            return false;
    }
    return true;
}

/* Neighbours with the same gate are asked together. */
static void ask_all(fct_job *const *jobs, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && jobs[to]->gate == jobs[from]->gate; to++)
            ;
        jobs[from]->gate(&jobs[from], to - from);
    }
}

/* Take back what was barred.  Returns false when the session cannot do that. */
static bool take_back(fct_connection *connection, fct_job *const *jobs, size_t count)
{
    bool whole = true;

    for (size_t i = 0; i < count; i++) {
        if (!jobs[i]->barred)
            continue;
        jobs[i]->cut = true;
        whole &=
            fct_session_cancel(connection->session, jobs[i], fct_loop_now_us(connection->loop));
    }
    return whole;
}

void fct_connection_ask_gate(fct_connection *connection, const struct fct_session_event *event)
{
    uint64_t now_us = fct_loop_now_us(connection->loop);
    fct_job *const *jobs = (fct_job *const *)event->tags;
    bool passes = is_whole(jobs, event->tag_count);

    /* For a mail that was given up nobody can keep account any more. */
    if (passes) {
        ask_all(jobs, event->tag_count);
        passes = take_back(connection, jobs, event->tag_count);
    }
    if (passes)
        fct_session_release(connection->session, now_us);
    else
        fct_session_lost(connection->session, FACTEUR_ECLOSED,
                         "a mail was taken back while the relay had its flight", now_us);
}
