/* SPDX-License-Identifier: MIT */
/* relays/lane: what a lane learns from an outcome, and the sentences that it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "net/loop.h"
#include "relays/lane.h"

#define S 1000000u

static fct_loop *loop;
static fct_member member;

static int set_up(void **state)
{
    loop = fct_loop_new();
    member = (fct_member){
        .lane = {.breaker_failures = 3, .breaker_pause_us = 3600U * S, .max_rate = 2.5}};
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    fct_loop_free(loop);
    return 0;
}

static struct fct_lane open_lane(void)
{
    struct fct_lane lane = {0};

    assert_int_equal(fct_lane_init(&lane, loop, &member), 0);
    return lane;
}

static void what_closes_the_way_is_counted(void **state)
{
    static const struct {
        enum fct_class class;
        int error;
        enum facteur_phase phase;
        unsigned attempts, ago_us, failures;
        int told;
    } rows[] = {
        {FCT_TEMPORARY, FACTEUR_ECONNECT, FACTEUR_PHASE_connect, 1, 0, 1, FACTEUR_ECONNECT},
        {FCT_TEMPORARY, FACTEUR_ETLS, FACTEUR_PHASE_tls, 1, 0, 1, FACTEUR_ETLS},
        {FCT_TEMPORARY, FACTEUR_EAUTH, FACTEUR_PHASE_auth, 2, 0, 1, FACTEUR_EAUTH},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_ehlo, 1, 0, 1, FACTEUR_ECONNECT},
        /* It was never tried. */
        {FCT_TEMPORARY, FACTEUR_ECONNECT, FACTEUR_PHASE_connect, 0, 0, 0, 0},
        /* Its own time was too short to say anything of the relay. */
        {FCT_TEMPORARY, FACTEUR_EDEADLINE, FACTEUR_PHASE_greeting, 1, S / 2, 0, 0},
        {FCT_TEMPORARY, FACTEUR_EDEADLINE, FACTEUR_PHASE_greeting, 1, S, 1, FACTEUR_ECONNECT},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_rcpt, 1, 0, 0, 0},
        {FCT_IN_DOUBT, FACTEUR_EINDOUBT, FACTEUR_PHASE_final, 1, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_outcome outcome = {.class = rows[i].class,
                               .error = rows[i].error,
                               .phase = rows[i].phase,
                               .message = (char *)"it failed"};
        struct fct_lane lane = open_lane();

        lane.breaker.probing = true;
        fct_lane_learn(&lane, &outcome, rows[i].attempts, fct_loop_now_us(loop) - rows[i].ago_us,
                       true);
        assert_int_equal(lane.breaker.failures, rows[i].failures);
        assert_int_equal(lane.failed_error, rows[i].told);
        assert_string_equal(lane.failed, rows[i].failures ? "it failed" : "");
        assert_false(lane.breaker.probing);
        fct_pool_free(lane.pool);
    }
}

static void an_answer_of_the_relay_is_none_of_them(void **state)
{
    fct_outcome sent = {.class = FCT_SENT, .phase = FACTEUR_PHASE_final};
    struct fct_lane lane = open_lane();

    lane.breaker.failures = 2;
    fct_lane_learn(&lane, &sent, 0, fct_loop_now_us(loop), false);
    assert_int_equal(lane.breaker.failures, 0);
    fct_pool_free(lane.pool);
}

static void a_complaint_slows_and_is_kept(void **state)
{
    fct_outcome complaint = {.class = FCT_TEMPORARY,
                             .error = FACTEUR_ETEMPORARY,
                             .phase = FACTEUR_PHASE_mail,
                             .message = (char *)"421 slow down",
                             .reply = {.code = 421}};
    fct_outcome sent = {.class = FCT_SENT, .phase = FACTEUR_PHASE_final};
    struct fct_lane lane = open_lane();
    struct fct_failure failure;
    char text[2 * FCT_LANE_TEXT];
    double rate;

    assert_true(lane.throttle.max_rate == 2.5);
    fct_lane_tire(&lane, &failure, text);
    assert_string_equal(text, "the deadline passed while the mail waited its turn (max_rate is "
                              "2.5 mails a second)");
    assert_int_equal(failure.error, FACTEUR_EDEADLINE);
    assert_int_equal(failure.phase, FACTEUR_PHASE_resolve);
    lane.throttle.max_rate = 0;
    fct_throttle_take(&lane.throttle, fct_loop_now_us(loop));
    fct_lane_learn(&lane, &complaint, 1, fct_loop_now_us(loop), false);
    assert_true(fct_throttle_slowed(&lane.throttle));
    assert_string_equal(lane.complaint, "421 slow down");
    fct_lane_tire(&lane, &failure, text);
    assert_string_equal(text, "the deadline passed while the mail waited its turn: the relay "
                              "asked for fewer mails (421 slow down)");
    rate = lane.throttle.slow_rate;
    fct_lane_learn(&lane, &sent, 1, fct_loop_now_us(loop), false);
    assert_true(lane.throttle.slow_rate > rate || !fct_throttle_slowed(&lane.throttle));
    fct_pool_free(lane.pool);
}

static const char *ending(const char *text, size_t len)
{
    size_t whole = strlen(text);

    return text + (whole > len ? whole - len : 0);
}

/* The sentence has room for the whole failure; the failure is cut between two characters. */
static void a_refusal_tells_the_last_failure(void **state)
{
    char message[300];
    fct_outcome outcome = {.class = FCT_TEMPORARY,
                           .error = FACTEUR_ETLS,
                           .phase = FACTEUR_PHASE_tls,
                           .message = message};
    struct fct_lane lane = open_lane();
    struct fct_failure failure;
    char text[2 * FCT_LANE_TEXT];

    memset(message, 'x', sizeof message);
    memcpy(message + 254, "\xc3\xa9", 3);
    for (unsigned i = 0; i < 3; i++)
        fct_lane_learn(&lane, &outcome, 1, fct_loop_now_us(loop), false);
    assert_int_equal(strlen(lane.failed), 254);
    fct_lane_refuse(&lane, &failure, text);
    assert_memory_equal(text, "the relay could not be used 3 times in a row and is left alone ",
                        63);
    assert_non_null(strstr(text, " UTC, 3600 s from now (breaker_pause); the last time: xxx"));
    assert_string_equal(ending(text, 254), lane.failed);
    assert_int_equal(failure.error, FACTEUR_ETLS);
    assert_int_equal(failure.phase, FACTEUR_PHASE_connect);
    /* One octet of a character more or less, and none. */
    message[253] = 'y';
    message[254] = '\0';
    fct_lane_learn(&lane, &outcome, 1, fct_loop_now_us(loop), false);
    assert_string_equal(lane.failed, message);
    message[254] = 'y';
    message[255] = '\0';
    fct_lane_learn(&lane, &outcome, 1, fct_loop_now_us(loop), false);
    assert_string_equal(lane.failed, message);
    outcome.message = NULL;
    fct_lane_learn(&lane, &outcome, 1, fct_loop_now_us(loop), false);
    assert_string_equal(lane.failed, "");
    lane.breaker.open_until_us = 1;
    fct_lane_refuse(&lane, &failure, text);
    assert_string_equal(text, "the relay could not be used 6 times in a row, and another mail is "
                              "just trying whether it is back; the last time: ");
    fct_pool_free(lane.pool);
}

static void a_lane_has_the_token_of_now(void **state)
{
    struct fct_lane lane = open_lane();
    char problem[FCT_BEARER_TEXT];
    unsigned number = 7;

    assert_true(fct_lane_take_token(&lane, &number, problem));
    assert_int_equal(number, 0);
    assert_null(member.relay.session.token);
    member.tokens = fct_bearer_new("echo t0k3n", NULL, NULL);
    assert_false(fct_lane_take_token(&lane, &number, problem));
    assert_string_equal(problem, "no token was asked for yet");
    fct_bearer_ensure(member.tokens, &(struct fct_bearer_callback){0}, UINT64_MAX);
    for (int i = 0; i < 2; i++) {
        assert_true(fct_lane_take_token(&lane, &number, problem));
        assert_int_equal(number, 1);
        assert_int_equal(fct_secret_bytes(member.relay.session.token).len, 5);
    }
    fct_secret_unref(member.relay.session.token);
    fct_bearer_free(member.tokens);
    fct_pool_free(lane.pool);
}

int main(void)
{
#define LANE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LANE_TEST(what_closes_the_way_is_counted),
        LANE_TEST(an_answer_of_the_relay_is_none_of_them),
        LANE_TEST(a_complaint_slows_and_is_kept),
        LANE_TEST(a_refusal_tells_the_last_failure),
        LANE_TEST(a_lane_has_the_token_of_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
