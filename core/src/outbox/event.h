/* SPDX-License-Identifier: MIT */
/* What happened to a row of an outbox, in order. */
#ifndef FCT_EVENT_H
#define FCT_EVENT_H

#include <stddef.h>
#include <stdint.h>

struct fct_event {
    int64_t at_us;
    unsigned attempt; /* which one it was; fct_store_note() takes the row's */
    /*
     * "deferred", "paused", "failed", "expired", "held", "in_doubt" (no verdict came), "lost" (its
     * worker died before a relay could have taken it), "suppressed", "bounced", or an operator's
     * action.
     */
    char *what;
    char *relay, *text; /* "" or NULL for none */
};

struct fct_events {
    struct fct_event *events;
    size_t count, room;
};

/* An event at the end, all empty; NULL when memory ran out. */
struct fct_event *fct_events_add(struct fct_events *events);
void fct_events_done(struct fct_events *events);

#endif
