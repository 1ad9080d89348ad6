/* SPDX-License-Identifier: MIT */
/* Row 126 of docs/faults.md: a relay that hangs up after some mails is left before that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "pool/mail_limit.h"
#include "support/pool_fixture.h"

#define HOUR_US 3600000000U
#define LIMIT 10
#define MAILS 60

static void a_loss_is_a_suspicion_and_a_second_one_makes_it_known(void **state)
{
    struct fct_mail_limit limit = {0};

    assert_false(fct_mail_limit_near(&limit, 0));
    fct_mail_limit_lost(&limit, 10, 16, true, 1);
    assert_false(fct_mail_limit_near(&limit, 9));
    assert_true(fct_mail_limit_near(&limit, 10));
    assert_true(fct_mail_limit_near(&limit, 16));
    assert_false(fct_mail_limit_near(&limit, 17));
    assert_false(fct_mail_limit_reached(&limit, 16, 1));
    fct_mail_limit_lost(&limit, 12, 13, false, 1);
    assert_false(fct_mail_limit_reached(&limit, 11, 1));
    assert_true(fct_mail_limit_reached(&limit, 12, HOUR_US));
    /* After an hour it is a suspicion again. */
    assert_false(fct_mail_limit_reached(&limit, 12, HOUR_US + 1));
    assert_true(fct_mail_limit_near(&limit, 12));
    assert_false(fct_mail_limit_near(&limit, 11));
}

static void a_longer_life_refutes_it(void **state)
{
    struct fct_mail_limit limit = {0};

    fct_mail_limit_lost(&limit, 10, 16, true, 1);
    fct_mail_limit_outlived(&limit, 16);
    assert_true(fct_mail_limit_near(&limit, 16));
    fct_mail_limit_outlived(&limit, 17);
    assert_false(fct_mail_limit_near(&limit, 10));
    assert_false(fct_mail_limit_reached(&limit, 100, 1));
}

static void what_left_no_mail_in_doubt_says_nothing(void **state)
{
    struct fct_mail_limit limit = {0};

    fct_mail_limit_lost(&limit, 10, 16, false, 1);
    assert_false(fct_mail_limit_near(&limit, 10));
    fct_mail_limit_lost(&limit, 0, 16, true, 1);
    assert_false(fct_mail_limit_near(&limit, 0));
    fct_mail_limit_lost(&limit, 10, 16, true, 1);
    fct_mail_limit_lost(&limit, 3, 3, false, 1);
    assert_true(fct_mail_limit_near(&limit, 10));
    assert_false(fct_mail_limit_near(&limit, 3));
}

/* So many mails at once; how many of them are in doubt.  The others must be sent. */
static int send_many(fct_pool *pool)
{
    struct post posts[MAILS];
    int in_doubt = 0;

    for (int i = 0; i < MAILS; i++)
        submit(pool, &posts[i], PLENTY_US);
    for (int i = 0; i < MAILS; i++) {
        run_until_set(loop, &posts[i].finished);
        if (posts[i].class == FCT_IN_DOUBT)
            in_doubt++;
        else
            expect_sent(&posts[i]);
        fct_free(posts[i].job.transcript);
    }
    return in_doubt;
}

static void at_most_one_flight_is_in_doubt(const char *features, int most)
{
    struct server server = {.features = features, .mails_per_connection = LIMIT};
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);
    int quits, connections;

    relay.pool_size = 1;
    assert_in_range(send_many(pool), 0, most);
    assert_int_equal(send_many(pool), 0);
    quits = server.quits;
    connections = server.connections;
    assert_int_equal(send_many(pool), 0);
    if (most) {
        /* Each is left before the relay hangs up. */
        assert_int_equal(server.connections - connections, MAILS / LIMIT);
        assert_in_range(server.quits - quits, MAILS / LIMIT - 1, MAILS / LIMIT);
    }
    stage_close(pool, &server);
}

static void a_relay_that_hangs_up_is_left_before(void **state)
{
    at_most_one_flight_is_in_doubt("250-test\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 16);
    at_most_one_flight_is_in_doubt("250-test\r\n250 PIPELINING\r\n", 0);
    at_most_one_flight_is_in_doubt("250 test\r\n", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_is_a_suspicion_and_a_second_one_makes_it_known),
        cmocka_unit_test(a_longer_life_refutes_it),
        cmocka_unit_test(what_left_no_mail_in_doubt_says_nothing),
        cmocka_unit_test_setup_teardown(a_relay_that_hangs_up_is_left_before, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
