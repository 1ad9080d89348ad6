/* SPDX-License-Identifier: MIT */
/*
 * pool/connection_rest: when an idle connection counts as rested.  The stream and the clock are of
 * the test's own; its symbols stand in for net/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/connection.h"

#define FRESH_US 2000000u

static uint64_t now_us, silence_us, round_trip_us;
static bool local;

uint64_t fct_loop_now_us(fct_loop *loop)
{
    return now_us;
}

uint64_t fct_stream_silence_us(const fct_stream *stream)
{
    return silence_us;
}

uint64_t fct_stream_round_trip_us(const fct_stream *stream)
{
    return round_trip_us;
}

bool fct_stream_is_local(const fct_stream *stream)
{
    return local;
}

static void what_the_kernel_heard_counts_from_the_relay_itself(void **state)
{
    static const struct {
        uint64_t used_ago_us, silence_us, answer_us, first_trip_us, trip_us;
        bool local, rested;
    } rows[] = {
        /* Used so lately, it has not rested, whatever else is. */
        {FRESH_US, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, true, false},
        {0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, true, false},
        /* The kernel's question was answered in time, or not. */
        {FRESH_US + 1, FRESH_US, 100000, 100000, 100000, false, false},
        {FRESH_US + 1, FRESH_US + 1, 100000, 100000, 100000, false, true},
        {FRESH_US + 1, UINT64_MAX, 100000, 100000, 100000, false, true},
        /* By the system of a tunnel's end. */
        {FRESH_US + 1, 0, 100000, 100000, 100000, true, true},
        /* A quarter and 5 ms above the round trip, the shorter one. */
        {FRESH_US + 1, 0, 130000, 100000, 100000, false, false},
        {FRESH_US + 1, 0, 130001, 100000, 100000, false, true},
        {FRESH_US + 1, 0, 130000, 100000, 500000, false, false},
        {FRESH_US + 1, 0, 130001, 100000, 500000, false, true},
        {FRESH_US + 1, 0, 130000, 500000, 100000, false, false},
        {FRESH_US + 1, 0, 130001, 500000, 100000, false, true},
        {FRESH_US + 1, 0, 130000, UINT64_MAX, 100000, false, false},
        {FRESH_US + 1, 0, 130001, 100000, UINT64_MAX, false, true},
        {FRESH_US + 1, 0, 5000, 0, 0, false, false},
        {FRESH_US + 1, 0, 5001, 0, 0, false, true},
        /* Neither is known. */
        {FRESH_US + 1, 0, 0, UINT64_MAX, UINT64_MAX, false, true},
        {FRESH_US + 1, 0, UINT64_MAX, 100000, 100000, false, true},
    };
    fct_relay relay = {.fresh_us = FRESH_US};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_connection connection = {.relay = &relay,
                                     .idle_us = 77,
                                     .answer_us = rows[i].answer_us,
                                     .round_trip_us = rows[i].first_trip_us};

        silence_us = rows[i].silence_us;
        round_trip_us = rows[i].trip_us;
        local = rows[i].local;
        if (fct_connection_has_rested(&connection, 77 + rows[i].used_ago_us) != rows[i].rested)
            fail_msg("row %zu", i);
    }
}

static void the_fastest_answer_is_kept(void **state)
{
    fct_connection connection = {.answer_us = UINT64_MAX};

    now_us = 1000;
    fct_connection_time_answer(&connection); /* nothing was asked */
    assert_true(connection.answer_us == UINT64_MAX);
    connection.asked_us = 900;
    fct_connection_time_answer(&connection);
    assert_int_equal(connection.answer_us, 100);
    assert_int_equal(connection.asked_us, 0);
    connection.asked_us = 899;
    fct_connection_time_answer(&connection);
    assert_int_equal(connection.answer_us, 100);
    connection.asked_us = 901;
    fct_connection_time_answer(&connection);
    assert_int_equal(connection.answer_us, 99);
    fct_connection_time_answer(&connection);
    assert_int_equal(connection.answer_us, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_kernel_heard_counts_from_the_relay_itself),
        cmocka_unit_test(the_fastest_answer_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
