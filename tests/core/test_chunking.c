/* SPDX-License-Identifier: MIT */
/* pool/ and a relay that offers CHUNKING without knowing BDAT: it reads mails as commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "support/pool_fixture.h"

#define OFFERS "250-relay.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n"

static void a_mail_is_redone_with_data_elsewhere(void **state)
{
    struct server server = {.features = OFFERS, .no_bdat = 1};
    struct post post;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    for (int i = 0; i < 3; i++) {
        send_one(pool, &post);
        expect_sent(&post);
        /* Remembered: no mail after the first is tried with BDAT. */
        assert_int_equal(post.job.attempts, i == 0 ? 2 : 1);
        assert_int_equal(server.mails, i + 1);
    }
    stage_close(pool, &server);
    assert_int_equal(server.connections, 2);
}

/* What the answers to the first mail's lines are taken for may cost certainty, never the truth. */
static void none_is_sent_that_the_relay_did_not_take(void **state)
{
    struct server server = {.features = OFFERS, .no_bdat = 1};
    struct post posts[12], later;
    unsigned sent = 0;
    fct_relay relay;
    fct_pool *pool = stage_open(&server, &relay);

    relay.pool_size = 1;
    for (int i = 0; i < 12; i++)
        submit(pool, &posts[i], PLENTY_US);
    for (int i = 0; i < 12; i++)
        run_until_set(loop, &posts[i].finished);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(posts[i].calls, 1);
        sent += posts[i].class == FCT_SENT;
        assert_true(posts[i].class == FCT_SENT || posts[i].class == FCT_IN_DOUBT);
        fct_free(posts[i].job.transcript);
    }
    assert_int_equal(posts[0].class, FCT_SENT);
    assert_int_equal(server.mails, sent);
    send_one(pool, &later);
    expect_sent(&later);
    assert_int_equal(server.mails, sent + 1);
    stage_close(pool, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mail_is_redone_with_data_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(none_is_sent_that_the_relay_did_not_take, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, make_mail, drop_mail);
}
