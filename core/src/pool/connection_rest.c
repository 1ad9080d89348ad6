/* SPDX-License-Identifier: MIT */
/*
 * Whether an idle connection still leads to the relay: when it was used, and what the peer's system
 * has answered the kernel since.
 */
#include "pool/connection.h"

#define ANSWER_US 5000 /* what a relay may need for its fastest answer, beside the round trip */

/*
 * Only an answer to a flight that left when none was owed: it cannot be a late answer to another
 * one.  What else was done in that turn of the loop makes it longer, never shorter.
 */
void fct_connection_time_answer(fct_connection *connection)
{
    uint64_t took_us = fct_loop_now_us(connection->loop) - connection->asked_us;

    if (!connection->asked_us)
        return;
    connection->asked_us = 0;
    if (took_us < connection->answer_us)
        connection->answer_us = took_us;
}

/*
 * Whether the peer's system is the relay's.  A relay behind a proxy answers later than the proxy's
 * system does, unless they are neighbours.  A peer on this machine is perhaps a tunnel or a
 * sidecar, and its system is our own, which says nothing; waiting for its reply costs no round
 * trip.
 */
static bool is_direct(const fct_connection *connection)
{
    uint64_t round_trip_us = fct_stream_round_trip_us(connection->stream);

    if (connection->round_trip_us < round_trip_us)
        round_trip_us = connection->round_trip_us;
    if (round_trip_us == UINT64_MAX || fct_stream_is_local(connection->stream))
        return false;
    return connection->answer_us <= round_trip_us + round_trip_us / 4 + ANSWER_US;
}

bool fct_connection_has_rested(const fct_connection *connection, uint64_t now_us)
{
    uint64_t fresh_us = connection->relay->fresh_us;

    if (now_us - connection->idle_us <= fresh_us)
        return false;
    return fct_stream_silence_us(connection->stream) > fresh_us || !is_direct(connection);
}
