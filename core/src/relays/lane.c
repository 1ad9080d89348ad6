/* SPDX-License-Identifier: MIT */
#include "relays/lane.h"

#include "base/clock.h"
#include "relays/verdict.h"

#include <stdio.h>
#include <time.h>

/* A mail whose own deadline was shorter than this says nothing about the way to the relay. */
#define PATIENCE_US 1000000u

int fct_lane_init(struct fct_lane *lane, fct_loop *loop, fct_member *member)
{
    lane->member = member;
    lane->loop = loop;
    lane->breaker.limit = member->lane.breaker_failures;
    lane->breaker.pause_us = member->lane.breaker_pause_us;
    lane->throttle.max_rate = member->lane.max_rate;
    fct_list_init(&lane->waiting);
    lane->pool = fct_pool_new(loop, &member->relay);
    return lane->pool ? 0 : FACTEUR_ENOMEM;
}

void fct_lane_renew(struct fct_lane *lane)
{
    if (fct_member_renew(lane->member))
        fct_breaker_reach(&lane->breaker);
}

bool fct_lane_take_token(struct fct_lane *lane, unsigned *number, char problem[FCT_BEARER_TEXT])
{
    fct_secret *token;

    *number = 0;
    if (!lane->member->tokens)
        return true;
    token = fct_bearer_current(lane->member->tokens, number, problem);
    if (!token)
        return false;
    /* Only the loop's thread uses it.  Open sessions have references of their own. */
    fct_secret_unref(lane->member->relay.session.token);
    lane->member->relay.session.token = token;
    return true;
}

/*
 * Copy as much as fits, without cutting a character: the texts of replies are printable UTF-8 or
 * ASCII.
 */
static void keep(char into[FCT_LANE_TEXT], const char *text)
{
    size_t len = (size_t)snprintf(into, FCT_LANE_TEXT, "%s", text ? text : "");

    if (len < FCT_LANE_TEXT)
        return;
    len = FCT_LANE_TEXT - 1;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    into[len] = '\0';
}

void fct_lane_learn(struct fct_lane *lane, const fct_outcome *outcome, unsigned attempts,
                    uint64_t entered_us, bool probe)
{
    uint64_t now_us = fct_loop_now_us(lane->loop);
    bool told = outcome->error != FACTEUR_EDEADLINE || now_us - entered_us >= PATIENCE_US;

    if (fct_verdict_is_reached(outcome)) {
        fct_breaker_reach(&lane->breaker);
    } else if (attempts && told && fct_verdict_is_closed_way(outcome)) {
        fct_breaker_fail(&lane->breaker, entered_us, now_us, probe);
        lane->failed_error =
            outcome->error == FACTEUR_EDEADLINE || outcome->error == FACTEUR_ETEMPORARY
                ? FACTEUR_ECONNECT
                : outcome->error;
        keep(lane->failed, outcome->message);
    } else {
        fct_breaker_leave(&lane->breaker, probe);
    }
    if (outcome->class == FCT_SENT) {
        fct_throttle_good(&lane->throttle, entered_us, now_us);
    } else if (fct_verdict_is_complaint(outcome)) {
        fct_throttle_slow(&lane->throttle, entered_us, now_us);
        keep(lane->complaint, outcome->message);
    }
}

void fct_lane_refuse(const struct fct_lane *lane, struct fct_failure *failure,
                     char text[2 * FCT_LANE_TEXT])
{
    uint64_t now_us = fct_loop_now_us(lane->loop), until_us = lane->breaker.open_until_us;
    uint64_t left_s = until_us > now_us ? (until_us - now_us + 999999) / 1000000 : 0;
    time_t until = fct_clock_date_s() + (time_t)left_s;
    struct tm date;
    char when[16] = "";

    if (left_s && gmtime_r(&until, &date))
        strftime(when, sizeof when, "%H:%M:%S", &date);
    if (left_s)
        snprintf(text, 2 * FCT_LANE_TEXT,
                 "the relay could not be used %u times in a row and is left alone until %s UTC, "
                 "%llu s from now (breaker_pause); the last time: %s",
                 lane->breaker.failures, when, (unsigned long long)left_s, lane->failed);
    else
        snprintf(text, 2 * FCT_LANE_TEXT,
                 "the relay could not be used %u times in a row, and another mail is just trying "
                 "whether it is back; the last time: %s",
                 lane->breaker.failures, lane->failed);
    fct_failure_init(failure, lane->failed_error, FACTEUR_PHASE_connect, text);
}

void fct_lane_tire(const struct fct_lane *lane, struct fct_failure *failure,
                   char text[2 * FCT_LANE_TEXT])
{
    if (fct_throttle_slowed(&lane->throttle))
        snprintf(text, 2 * FCT_LANE_TEXT,
                 "the deadline passed while the mail waited its turn: the relay asked for fewer "
                 "mails (%s)",
                 lane->complaint);
    else
        snprintf(text, 2 * FCT_LANE_TEXT,
                 "the deadline passed while the mail waited its turn (max_rate is %g mails a "
                 "second)",
                 lane->throttle.max_rate);
    fct_failure_init(failure, FACTEUR_EDEADLINE, FACTEUR_PHASE_resolve, text);
}
