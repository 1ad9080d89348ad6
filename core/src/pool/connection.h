/* SPDX-License-Identifier: MIT */
/*
 * One connection of a pool: a dial, then a stream coupled with a session.  It knows the state of
 * the dialogue; the pool knows which jobs wait.
 */
#ifndef FCT_CONNECTION_H
#define FCT_CONNECTION_H

#include "net/dial.h"
#include "net/stream.h"
#include "net/timer.h"
#include "pool/failure.h"
#include "pool/pool.h"
#include "pool/suspicion.h"

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
    struct fct_suspicion suspicion;
    fct_timer timer;
    fct_list jobs;    /* in flight, except those that were given up */
    size_t in_flight; /* mails that the session has, with those that were given up */
    size_t given_up;  /* mails that were given up: their verdicts come late */
    fct_job *check;   /* the check for which it was opened, or NULL */
    uint64_t opened_us, idle_us, age_limit_us;
    uint64_t absent_us; /* the loop's absence, as the session knows it */
    uint64_t shake_us;  /* when the handshake began; 0: none is in progress */
    uint64_t shake_limit_us;
    uint64_t probe_us;   /* when a connection reused after a rest counts as dead, if it is silent
                            until then */
    uint16_t port;       /* the port that was reached */
    int slot;            /* one of the host's slots, -1: none */
    unsigned generation; /* of the credential that the session uses */
    unsigned mails;      /* that it was given */
    unsigned answered;   /* mails on which the relay gave its verdict */
    unsigned flights;    /* the number of them that has been counted */
    unsigned entered;    /* calls on the stack, during which the memory must stay */
    bool dirty;          /* it has something to write */
    bool chunking;       /* BDAT may be used */
    bool pipelining;     /* commands may be sent in groups */
    bool was_ready;      /* it was open once: its end does not mean that the relay is unreachable */
    bool cut;            /* the pool itself ended it */
    bool hung_up;        /* the relay or the network ended it */
    bool doubt;          /* its end left a mail in doubt */
    /* When a flight left while no reply was owed, until it is answered; the fastest such answer;
     * and the shortest round trip to the peer's system. */
    uint64_t asked_us, answer_us, round_trip_us;
    int64_t timing_us[FACTEUR_PHASE_COUNT];
    char literal[FCT_ENDPOINT_LITERAL]; /* this end's address, for EHLO when there is no name */
} fct_connection;

/* Open a connection.  Returns NULL when memory ran out.  fct_pool_on_end() reports its end. */
fct_connection *fct_connection_open(fct_pool *pool, fct_loop *loop, const fct_relay *relay,
                                    fct_tls_context *tls, bool chunking, bool pipelining);

/*
 * Read what the relay sent while the connection was idle.  Returns whether it can still take a
 * mail.  It may have ended.
 */
bool fct_connection_look(fct_connection *connection);

/*
 * Take a mail.  The next fct_connection_pump() writes it.  Returns 0, or an error of
 * fct_session_submit().
 */
int fct_connection_submit(fct_connection *connection, fct_job *job);

/* Handle what can be handled now: events, output, deadlines. */
void fct_connection_pump(fct_connection *connection);

/* Send QUIT when its mails have their outcome. */
void fct_connection_quit(fct_connection *connection);

/* Cut it at once.  Its mails get their outcome before the call returns. */
void fct_connection_cut(fct_connection *connection, int error, const char *message);

/* In a child after fork(): close it without sending a byte and without a call to the pool. */
void fct_connection_abandon(fct_connection *connection);

/* The phase in which it is while it opens. */
enum facteur_phase fct_connection_phase(const fct_connection *connection);

/* The times of this connection's phases from resolve to auth, for the first mail on it. */
void fct_connection_timings(const fct_connection *connection,
                            int64_t timing_us[FACTEUR_PHASE_COUNT]);

/* ---- What a connection reports to its pool ---- */

void fct_pool_on_ready(fct_pool *pool, fct_connection *connection);
void fct_pool_on_outcome(fct_pool *pool, fct_connection *connection, fct_outcome *outcome);
void fct_pool_on_noop(fct_pool *pool, fct_connection *connection);
/*
 * The connection has left the pool's list.  `failure` has the cause; its error is 0 after QUIT or
 * when the pool ended it.
 */
void fct_pool_on_end(fct_pool *pool, fct_connection *connection, struct fct_failure *failure);

/* Bytes have come from the relay. */
void fct_connection_time_answer(fct_connection *connection);

/* The session's FCT_EVENT_GATE. */
void fct_connection_ask_gate(fct_connection *connection, const struct fct_session_event *event);

/* Whether it was idle so long that the network may have dropped it unnoticed. */
bool fct_connection_has_rested(const fct_connection *connection, uint64_t now_us);

#endif
