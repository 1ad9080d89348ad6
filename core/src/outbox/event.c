/* SPDX-License-Identifier: MIT */
#include "outbox/event.h"

#include "base/memory.h"

struct fct_event *fct_events_add(struct fct_events *events)
{
    if (events->count == events->room) {
        size_t room = events->room ? 2 * events->room : 16;
        struct fct_event *more = fct_reallocarray(events->events, room, sizeof *more);

        if (!more)
            return NULL;
        events->events = more;
        events->room = room;
    }
    events->events[events->count] = (struct fct_event){0};
    return &events->events[events->count++];
}

void fct_events_done(struct fct_events *events)
{
    for (size_t i = 0; i < events->count; i++) {
        fct_free(events->events[i].what);
        fct_free(events->events[i].relay);
        fct_free(events->events[i].text);
    }
    fct_free(events->events);
    *events = (struct fct_events){0};
}
