/* SPDX-License-Identifier: MIT */
/*
 * One connection of a pool: a dial, then a stream coupled with a session.  It knows what the
 * dialogue is at, the pool knows who waits for what.
 */
#ifndef FCT_CONNECTION_H
#define FCT_CONNECTION_H

#include "net/dial.h"
#include "net/stream.h"
#include "net/timer.h"
#include "pool/failure.h"
#include "pool/pool.h"

enum fct_connection_state {
    FCT_CONNECTION_OPENING, /* until the session is ready */
    FCT_CONNECTION_READY,
    FCT_CONNECTION_QUITTING,
    FCT_CONNECTION_ENDED /* only its memory is left */
};

typedef struct fct_connection {
    fct_list link;
    fct_pool *pool;
    fct_loop *loop;
    const fct_relay *relay;
    fct_tls_context *tls; /* held, or NULL */
    enum fct_connection_state state;
    fct_dial *dial;
    fct_stream *stream;
    fct_session *session;
    fct_timer timer;
    fct_list jobs;    /* in flight, but for those that were cut */
    size_t in_flight; /* mails that the session has, those too */
    fct_job *check;   /* that it was opened for, when it is a check */
    uint64_t opened_us, idle_us, age_limit_us;
    uint64_t absent_us; /* of the loop, as the session knows it */
    uint64_t shake_us;  /* the handshake began; 0: none under way */
    uint64_t shake_limit_us;
    uint64_t probe_us;   /* silence until then on a connection reused after a rest: it is dead */
    int slot;            /* of the host's, -1: none */
    unsigned generation; /* of the credential that the session has */
    unsigned mails;
    unsigned flights; /* of those counted already */
    unsigned entered; /* calls on the stack: the memory must stay */
    bool dirty;       /* has something to write */
    bool chunking;    /* whether BDAT may be used */
    bool pipelining;  /* whether groups may be sent */
    bool unheard;     /* its first mail ended and MAIL had no reply */
    bool was_ready;   /* it had been opened: its end says nothing about the way to the relay */
    bool cut;         /* ended by the pool's own wish */
    int64_t timing_us[FACTEUR_PHASE_COUNT];
} fct_connection;

/* NULL when memory ran out.  Its end is told by fct_pool_on_end(). */
fct_connection *fct_connection_open(fct_pool *pool, fct_loop *loop, const fct_relay *relay,
                                    fct_tls_context *tls, bool chunking, bool pipelining);

/*
 * Look before reuse: what the relay said meanwhile is read.  Whether it can still take a mail; it
 * may have ended.
 */
bool fct_connection_look(fct_connection *connection);

/* Take a mail.  It is written with the next fct_connection_pump().  0, or as fct_session_submit().
 */
int fct_connection_submit(fct_connection *connection, fct_job *job);

/* Move what can be moved: events, output, deadlines. */
void fct_connection_pump(fct_connection *connection);

/* QUIT, once its mails have their outcome. */
void fct_connection_quit(fct_connection *connection);

/* Cut it at once: its mails get their outcome before the return. */
void fct_connection_cut(fct_connection *connection, int error, const char *message);

/* In a child after fork(): let go without a byte and without a word to the pool. */
void fct_connection_abandon(fct_connection *connection);

/* Where it is while opening. */
enum facteur_phase fct_connection_phase(const fct_connection *connection);

/* resolve … auth of this connection's opening, for the first mail on it. */
void fct_connection_timings(const fct_connection *connection,
                            int64_t timing_us[FACTEUR_PHASE_COUNT]);

/* ---- What a connection tells its pool ---- */

void fct_pool_on_ready(fct_pool *pool, fct_connection *connection);
void fct_pool_on_outcome(fct_pool *pool, fct_connection *connection, fct_outcome *outcome);
void fct_pool_on_noop(fct_pool *pool, fct_connection *connection);
/* It is out of the pool's list; `failure` says why (error 0: after QUIT or by the pool's own wish).
 */
void fct_pool_on_end(fct_pool *pool, fct_connection *connection, struct fct_failure *failure);

#endif
