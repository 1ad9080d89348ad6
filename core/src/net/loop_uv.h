/* SPDX-License-Identifier: MIT */
/* What a loop is made of; for the files of net/ only. */
#ifndef FCT_LOOP_UV_H
#define FCT_LOOP_UV_H

#include "base/list.h"
#include "net/identity.h"
#include "net/loop.h"

#include <stdatomic.h>
#include <uv.h>

#define FCT_INPUT_SIZE 65536
#define FCT_CLEAR_SIZE 16384 /* the most that one TLS record carries (RFC 8446 section 5.1) */
#define FCT_DESCRIPTORS 1024 /* known by number; one more would stay open in a torn child */

struct fct_loop {
    uv_loop_t uv;
    uv_timer_t alarm; /* the one libuv timer, for the earliest of `timers` */
    uv_prepare_t prepare;
    uv_async_t wake;
    fct_list timers; /* fct_timer, by due_us */
    uint64_t armed_us;
    bool turning;
    uint64_t now_us; /* of the turn under way, read once; 0: not yet */
    void (*woken)(void *user);
    void *woken_user;
    bool (*finished)(
        void *user); /* asked by the turn under way: is there still a reason to wait? */
    void *finished_user;
    uint64_t rested_us; /* when the last turn ended */
    uint64_t absent_us; /* of all rests in which nobody waited */
    bool attended;      /* the rest under way is a host's wait */
    bool forked;
    bool lost_epoll; /* no epoll could be had after fork(): the loop must not turn any more */
    struct fct_noted {
        atomic_int fd; /* + 1; 0: a free place */
        fct_identity identity;
    } descriptors[FCT_DESCRIPTORS];
    /* Shared by all streams: a stream passes its bytes on before another one reads. */
    char input[FCT_INPUT_SIZE];
    char clear[FCT_CLEAR_SIZE];
};

/* Time has passed since the turn's clock was read: read it again when somebody asks. */
static inline void fct_loop_read_clock(fct_loop *loop)
{
    loop->now_us = 0;
}

/*
 * The number of every descriptor on the loop is noted when it is opened and removed before it is
 * closed.  So a child of fork() can close them, whatever state the rest is in.
 */
void fct_loop_note(fct_loop *loop, int fd);
void fct_loop_strike(fct_loop *loop, int fd);

#endif
