/* SPDX-License-Identifier: MIT */
/*
 * The states of a row in an outbox, their words in the database, and what an operator may do in
 * each.  No SQL.
 */
#ifndef FCT_STATE_H
#define FCT_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* X(name, word) */
#define FCT_ROW_STATES(X)                                                                          \
    X(READY, "ready")             /* waits for its time and a worker */                            \
    X(LEASED, "leased")           /* a worker has it; nothing can have been accepted yet */        \
    X(IN_DOUBT, "in_doubt")       /* its terminator may be on the wire, or a crash left it so */   \
    X(SENT, "sent")               /* the relay took responsibility */                              \
    X(FAILED, "failed")           /* refused for good */                                           \
    X(EXPIRED, "expired")         /* its time was over before a relay took it */                   \
    X(HELD, "held")               /* waits until somebody releases it */                           \
    X(QUARANTINED, "quarantined") /* its worker died over it, again and again */                   \
    X(CANCELLED, "cancelled")     /* taken back before it was sent */

enum fct_row_state {
#define FCT_ROW_ENUM(name, word) FCT_ROW_##name,
    FCT_ROW_STATES(FCT_ROW_ENUM)
#undef FCT_ROW_ENUM
        FCT_ROW_STATE_COUNT
};

/* What an operator asks for. */
enum fct_row_action {
    FCT_ROW_RETRY,   /* try it again from the start: failed, expired, quarantined, cancelled */
    FCT_ROW_RELEASE, /* let it go on: held */
    FCT_ROW_CANCEL,  /* take it back: ready, held, quarantined */
    FCT_ROW_ACTION_COUNT
};

/* The policy for a mail that a crash or a lost connection left in doubt. */
enum fct_doubt_policy { FCT_DOUBT_RETRY, FCT_DOUBT_HOLD };

#define FCT_CRASHES_MAX 3 /* workers that may die over a mail before it is quarantined */

const char *fct_row_state_word(enum fct_row_state state);

/* Returns false when no state has this word. */
bool fct_row_state_find(const char *word, enum fct_row_state *state);

/* Whether nothing will happen to a row in this state any more without an operator. */
bool fct_row_state_ended(enum fct_row_state state);

const char *fct_row_action_word(enum fct_row_action action);

/* Whether the action is possible in this state. */
bool fct_row_action_allowed(enum fct_row_action action, enum fct_row_state state);

/* The state that the action leads to. */
enum fct_row_state fct_row_action_result(enum fct_row_action action);

/* The state of a mail in doubt whose lease ran out. */
enum fct_row_state fct_doubt_result(enum fct_doubt_policy policy);

#endif
