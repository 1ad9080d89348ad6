/* SPDX-License-Identifier: MIT */
#include "outbox/state.h"

#include <string.h>

static const char *const words[FCT_ROW_STATE_COUNT] = {
#define WORD(name, word) word,
    FCT_ROW_STATES(WORD)
#undef WORD
};

static const char *const actions[FCT_ROW_ACTION_COUNT] = {"retry", "release", "cancel"};

#define BIT(name) (1u << FCT_ROW_##name)

const char *fct_row_state_word(enum fct_row_state state)
{
    return state < FCT_ROW_STATE_COUNT ? words[state] : "";
}

bool fct_row_state_find(const char *word, enum fct_row_state *state)
{
    for (unsigned i = 0; i < FCT_ROW_STATE_COUNT; i++) {
        if (strcmp(words[i], word) == 0) {
            *state = (enum fct_row_state)i;
            return true;
        }
    }
    return false;
}

bool fct_row_state_ended(enum fct_row_state state)
{
    return (1u << state & (BIT(SENT) | BIT(FAILED) | BIT(EXPIRED) | BIT(CANCELLED))) != 0;
}

const char *fct_row_action_word(enum fct_row_action action)
{
    return action < FCT_ROW_ACTION_COUNT ? actions[action] : "";
}

bool fct_row_action_allowed(enum fct_row_action action, enum fct_row_state state)
{
    static const unsigned from[FCT_ROW_ACTION_COUNT] = {
        [FCT_ROW_RETRY] = BIT(FAILED) | BIT(EXPIRED) | BIT(QUARANTINED) | BIT(CANCELLED),
        [FCT_ROW_RELEASE] = BIT(HELD),
        [FCT_ROW_CANCEL] = BIT(READY) | BIT(HELD) | BIT(QUARANTINED),
    };

    return (from[action] & 1u << state) != 0;
}

enum fct_row_state fct_row_action_result(enum fct_row_action action)
{
    return action == FCT_ROW_CANCEL ? FCT_ROW_CANCELLED : FCT_ROW_READY;
}

enum fct_row_state fct_doubt_result(enum fct_doubt_policy policy)
{
    return policy == FCT_DOUBT_HOLD ? FCT_ROW_HELD : FCT_ROW_READY;
}
