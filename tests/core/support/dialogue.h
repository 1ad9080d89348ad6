/* SPDX-License-Identifier: MIT */
/*
 * A dialogue played against a session.  One play can split the streams anywhere, cut them anywhere,
 * and says what became of the mails.
 */
#ifndef TEST_DIALOGUE_H
#define TEST_DIALOGUE_H

#include "support/dialogue_script.h"

#define NO_LIMIT SIZE_MAX

/* Where in the two streams something was decided for a mail. */
struct mark {
    size_t mail;
    char kind; /* H handed over, R refused to be run again, V verdict, L late verdict */
    size_t at;
};

struct seen {
    int count, late_count;
    bool submitted, detached, late;
    const void *later; /* only compared */
    int late_class, late_code;
    int class, error, phase, code;
    bool again, untouched;
    unsigned flights;
    char classes[64];
    char message[600];
    int64_t timing_us[FACTEUR_PHASE_COUNT];
};

/* What the connection does where a play is cut. */
enum ending { END_RST, END_FIN, END_STALL };

struct play {
    const struct script *script;
    enum ending ending;
    size_t feed_step, accept_step; /* bytes at a time */
    size_t client_limit, server_limit;
    bool lenient;     /* stop quietly where the session leaves the script */
    bool blind;       /* what the client writes is not compared */
    size_t successes; /* lines fed that could be a success */
    char line_start;
    size_t line_len;

    fct_session *session;
    uint64_t now_us;
    char *client;
    size_t client_len, client_cap, client_at;
    char *server;
    size_t server_len, server_cap;
    size_t allowance; /* `accept` */
    bool stopped, cut;
    struct seen seen[MAILS_MAX];
    bool ready, closed;
    unsigned noops;
    char gate[100]; /* the mails of the latest GATE event */
    unsigned start_tls;
    int close_error, close_phase;
    char close_message[600];
    unsigned flights;
    char mechanism[40];
    char *transcript;
    struct mark marks[400];
    size_t mark_count;
    char failure[900];
};

/* Play the whole script with a new session, as the fields set beforehand say; `failure` tells what
 * was wrong, "" for nothing. */
void play_script(struct play *play, const struct script *script);

void play_done(struct play *play);

#endif
