/* SPDX-License-Identifier: MIT */
#include "config/bearer.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"
#include "config/bearer_command.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MARGIN_MAX_S                                                                               \
    60.0 /* a new token is fetched so long before the end, or at a tenth of its life */
#define LIFE_MAX_S 31536000.0

/* The answer of a source. */
struct facteur_token {
    fct_secret *secret;
    double life_s; /* 0: not known */
    char problem[FCT_BEARER_TEXT];
};

/*
 * A caller that asks.  It is not on the stack, because the stack of a greenlet that gives way is
 * moved.
 */
struct asker {
    pthread_t thread;
    const void *caller; /* in that thread */
    struct asker *next;
    struct state *state;
    struct asker *next_here; /* of the same thread */
};

static _Thread_local const void *present_caller;
static _Thread_local struct asker *askers_here;

/* Everything that belongs to one process.  A child asks for its own token. */
struct state {
    fct_process process;
    pthread_mutex_t lock;
    pthread_cond_t ended; /* an asking has ended */
    fct_secret *secret;
    unsigned number; /* of the token */
    uint64_t good_until_us;
    bool refused;
    struct asker *askers; /* callers that ask: one, and one more for each caller of the thread that
                             gave way */
    unsigned askings;
    char problem[FCT_BEARER_TEXT];
    struct state *inherited; /* of the parent process, whose lock cannot be used here */
};

struct fct_bearer {
    _Atomic(struct state *) state;
    char *command, *relay, *username;
};

/*
 * ---- The answer of a source ---------------------------------------------------------------------
 */

int facteur_token_give(facteur_token *token, const char *text, size_t len, double life)
{
    if (len == FACTEUR_NTS)
        len = strlen(text);
    if (!len || len > 65536)
        return FACTEUR_ECONFIG;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f)
            return FACTEUR_ECONFIG;
    }
    fct_secret_unref(token->secret);
    token->secret = fct_secret_new(text, len);
    token->life_s = life > 0 ? (life < LIFE_MAX_S ? life : LIFE_MAX_S) : 0;
    return token->secret ? 0 : FACTEUR_ENOMEM;
}

void facteur_token_fail(facteur_token *token, const char *sentence)
{
    snprintf(token->problem, sizeof token->problem, "%s", sentence);
    for (char *c = token->problem; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
    }
}

/* ---- The source ------------------------------------------------------------------------------ */

static char *copy(const char *text)
{
    return fct_strdup(text ? text : "");
}

fct_bearer *fct_bearer_new(const char *command, const char *relay, const char *username)
{
    fct_bearer *source = fct_calloc(1, sizeof *source);

    if (!source)
        return NULL;
    atomic_init(&source->state, NULL);
    source->command = command ? fct_strdup(command) : NULL;
    source->relay = copy(relay);
    source->username = copy(username);
    if ((!command || source->command) && source->relay && source->username)
        return source;
    fct_bearer_free(source);
    return NULL;
}

void fct_bearer_free(fct_bearer *source)
{
    struct state *state = source ? atomic_load(&source->state) : NULL;

    if (!source)
        return;
    while (state) {
        struct state *inherited = state->inherited;

        fct_secret_unref(state->secret);
        fct_free(state);
        state = inherited;
    }
    fct_free(source->command);
    fct_free(source->relay);
    fct_free(source->username);
    fct_free(source);
}

static struct state *state_of(fct_bearer *source)
{
    fct_process process = fct_process_now();
    struct state *known = atomic_load(&source->state), *made;

    if (known && known->process == process)
        return known;
    made = fct_calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->process = process;
    made->inherited = known;
    snprintf(made->problem, sizeof made->problem, "no token was asked for yet");
    pthread_mutex_init(&made->lock, NULL);
    fct_clock_condition_init(&made->ended);
    if (atomic_compare_exchange_strong(&source->state, &known, made))
        return made;
    fct_free(made);
    return known;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void ask(fct_bearer *source, const struct fct_bearer_callback *callback,
                uint64_t deadline_us, facteur_token *token)
{
    int err;

    snprintf(token->problem, sizeof token->problem, "the token source gave no token");
    if (source->command)
        err = fct_bearer_command_run(source->command, deadline_us, token);
    else if (callback->ask)
        err = callback->ask(callback->user, source->relay, source->username, token);
    else
        err = -1, facteur_token_fail(token, "no callback was set with "
                                            "facteur_mailer_set_token_source()");
    if (err) {
        fct_secret_unref(token->secret);
        token->secret = NULL;
    }
}

/*
 * With the lock: the answer replaces the present token.  After a failure an old token stays as long
 * as it is valid.
 */
static void take(struct state *state, facteur_token *token)
{
    double margin_s = token->life_s / 10 < MARGIN_MAX_S ? token->life_s / 10 : MARGIN_MAX_S;

    memcpy(state->problem, token->problem, sizeof state->problem);
    if (!token->secret)
        return;
    snprintf(state->problem, sizeof state->problem, "the relay did not accept the token");
    fct_secret_unref(state->secret);
    state->secret = token->secret;
    state->number++;
    state->refused = false;
    state->good_until_us = token->life_s > 0
                               ? fct_clock_now_us() + (uint64_t)((token->life_s - margin_s) * 1e6)
                               : UINT64_MAX;
}

static bool is_good(const struct state *state)
{
    return state->secret && !state->refused && fct_clock_now_us() < state->good_until_us;
}

/* With the lock: a caller of this thread that is asking, preferably this caller; or NULL. */
static const struct asker *find_asker(const struct state *state)
{
    const struct asker *found = NULL;

    for (const struct asker *at = state->askers; at; at = at->next) {
        if (!pthread_equal(at->thread, pthread_self()))
            continue;
        if (at->caller == present_caller)
            return at;
        found = at;
    }
    return found;
}

/* With the lock: wait until another thread has asked, or until the time is over. */
static void wait_for_other(struct state *state, uint64_t deadline_us)
{
    unsigned askings = state->askings;

    while (state->askers && state->askings == askings) {
        if (fct_clock_now_us() >= deadline_us)
            return;
        fct_clock_wait(&state->ended, &state->lock, deadline_us);
    }
}

void facteur_set_caller(const void *caller)
{
    present_caller = caller;
}

/* With the lock: nobody waits for this asker any more. */
static void strike(struct asker *asker)
{
    struct state *state = asker->state;
    struct asker **at;

    for (at = &state->askers; *at != asker; at = &(*at)->next)
        continue;
    *at = asker->next;
    for (at = &askers_here; *at != asker; at = &(*at)->next_here)
        continue;
    *at = asker->next_here;
    fct_free(asker);
    state->askings++;
    pthread_cond_broadcast(&state->ended);
}

void facteur_forget_callers(void)
{
    struct asker *next;

    for (struct asker *asker = askers_here; asker; asker = next) {
        struct state *state = asker->state;

        next = asker->next_here;
        if (state->process != fct_process_now())
            continue; /* its lock cannot be used here, and nobody waits here */
        pthread_mutex_lock(&state->lock);
        strike(asker);
        pthread_mutex_unlock(&state->lock);
    }
    present_caller = NULL;
}

/* With the lock, which is released meanwhile. */
static void ask_and_take(fct_bearer *source, struct state *state,
                         const struct fct_bearer_callback *callback, uint64_t deadline_us)
{
    struct asker *me = fct_malloc(sizeof *me);
    facteur_token token = {0};

    if (!me) {
        snprintf(state->problem, sizeof state->problem, "out of memory");
        return;
    }
    *me = (struct asker){pthread_self(), present_caller, state->askers, state, askers_here};
    state->askers = askers_here = me;
    snprintf(state->problem, sizeof state->problem, "the token source has not answered yet");
    pthread_mutex_unlock(&state->lock);
    ask(source, callback, deadline_us, &token);
    pthread_mutex_lock(&state->lock);
    take(state, &token);
    strike(me);
}

void fct_bearer_ensure(fct_bearer *source, const struct fct_bearer_callback *callback,
                       uint64_t deadline_us)
{
    struct state *state = state_of(source);
    const struct asker *here;

    /* If memory runs out here, fct_bearer_current() reports it. */
    if (!state)
        return;
    pthread_mutex_lock(&state->lock);
    here = find_asker(state);
    if (is_good(state))
        ;
    else if (here && here->caller == present_caller)
        /* A source that sends through the mailer that asks it would wait for itself. */
        snprintf(state->problem, sizeof state->problem,
                 "the token source sent a mail that needs its token");
    else if (state->askers && !here)
        wait_for_other(state, deadline_us);
    else
        /* Waiting would stop this thread and, with it, the caller that asks. */
        ask_and_take(source, state, callback, deadline_us);
    pthread_mutex_unlock(&state->lock);
}

bool fct_bearer_is_good(fct_bearer *source)
{
    struct state *state = state_of(source);
    bool good;

    if (!state)
        return false;
    pthread_mutex_lock(&state->lock);
    good = is_good(state);
    pthread_mutex_unlock(&state->lock);
    return good;
}

bool fct_bearer_is_asked(fct_bearer *source)
{
    struct state *state = state_of(source);
    bool asked;

    if (!state)
        return false;
    pthread_mutex_lock(&state->lock);
    asked = state->askers != NULL;
    pthread_mutex_unlock(&state->lock);
    return asked;
}

fct_secret *fct_bearer_current(fct_bearer *source, unsigned *number, char problem[FCT_BEARER_TEXT])
{
    struct state *state = state_of(source);
    fct_secret *secret = NULL;

    *number = 0;
    snprintf(problem, FCT_BEARER_TEXT, "out of memory");
    if (!state)
        return NULL;
    pthread_mutex_lock(&state->lock);
    if (state->secret && !state->refused)
        secret = fct_secret_ref(state->secret);
    *number = state->number;
    memcpy(problem, state->problem, FCT_BEARER_TEXT);
    pthread_mutex_unlock(&state->lock);
    return secret;
}

void fct_bearer_refuse(fct_bearer *source, unsigned number)
{
    struct state *state = state_of(source);

    if (!state)
        return;
    pthread_mutex_lock(&state->lock);
    if (state->number == number)
        state->refused = true;
    pthread_mutex_unlock(&state->lock);
}
