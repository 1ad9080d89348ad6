/* SPDX-License-Identifier: MIT */
/* mailer/stats_json: each number of a pool has its place in facteur_stats(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/memory.h"
#include "mailer/engine.h"
#include "support/mailer_fixture.h"

static void expect_stats(const facteur_mailer *mailer, const char *expected)
{
    facteur_error *error = NULL;
    char *json = NULL;

    if (facteur_stats(mailer, &json, &error))
        fail_msg("%s", facteur_error_message(error));
    assert_string_equal(json, expected);
    facteur_free(json);
}

static struct fct_pool_stats *stats_of(facteur_mailer *mailer, unsigned member)
{
    assert_non_null(fct_engine_runtime(mailer->engine));
    return mailer->engine->plan.members[member].relay.stats;
}

#define NO_MAILS                                                                                   \
    "\"mails\":{\"sent\":0,\"temporary\":0,\"permanent\":0,\"in_doubt\":0,\"in_flight\":0,"        \
    "\"waiting\":0,\"redone\":0,\"late_sent\":0,\"late_refused\":0},\"handshakes\":{\"full\":0,"   \
    "\"resumed\":0},\"flights\":0,"                                                                \
    "\"demotions\":0,\"phases\":{}}"

static void each_number_has_its_place(void **state)
{
    facteur_mailer *mailer = open_mailer("smtp://relay.example");
    struct fct_pool_stats *stats = stats_of(mailer, 0);

    stats->open = 1;
    stats->opened = 2;
    stats->reused = 3;
    stats->failed[FACTEUR_PHASE_resolve] = 4;
    stats->failed[FACTEUR_PHASE_auth] = 5;
    stats->mails[FCT_SENT] = 6;
    stats->mails[FCT_TEMPORARY] = 7;
    stats->mails[FCT_PERMANENT] = 8;
    stats->mails[FCT_IN_DOUBT] = 9;
    stats->in_flight = 10;
    stats->waiting = 11;
    stats->redone = 12;
    stats->late_sent = 18;
    stats->late_refused = 19;
    stats->handshakes_full = 13;
    stats->handshakes_resumed = 14;
    stats->flights = 15;
    stats->demotions = 16;
    stats->phases[FACTEUR_PHASE_resolve] =
        (struct fct_histogram){.count = 17,
                               .sum_us = 1500000,
                               .buckets = {[0] = 1, [1] = 2, [20] = 3, [30] = 4, [31] = 7}};
    stats->phases[FACTEUR_PHASE_final] =
        (struct fct_histogram){.count = 1, .sum_us = 1, .buckets = {[1] = 1}};
    expect_stats(mailer,
                 "{\"relays\":[{\"relay\":\"smtp://relay.example:587\",\"connections\":{\"open\":1,"
                 "\"opened\":2,\"reused\":3,\"failed\":{\"resolve\":4,\"auth\":5}},\"mails\":{"
                 "\"sent\":6,\"temporary\":7,\"permanent\":8,\"in_doubt\":9,\"in_flight\":10,"
                 "\"waiting\":11,\"redone\":12,\"late_sent\":18,\"late_refused\":19},"
                 "\"handshakes\":{\"full\":13,\"resumed\":14},"
                 "\"flights\":15,\"demotions\":16,\"phases\":{\"resolve\":{\"count\":17,"
                 "\"seconds\":1.5,\"buckets\":[[1e-6,1],[2e-6,2],[1.048576,3],[1073.74182,4],"
                 "[null,7]]},\"final\":{\"count\":1,\"seconds\":1e-6,\"buckets\":[[2e-6,1]]}}}]}");
    facteur_mailer_free(mailer);
}

static void each_relay_has_its_numbers(void **state)
{
    facteur_mailer *mailer = open_mailer("failover(smtp://a.example smtps://b.example)");

    stats_of(mailer, 0)->opened = 1;
    stats_of(mailer, 1)->opened = 2;
    expect_stats(mailer,
                 "{\"relays\":[{\"relay\":\"smtp://a.example:587\",\"connections\":{\"open\":0,"
                 "\"opened\":1,\"reused\":0,\"failed\":{}}," NO_MAILS
                 ",{\"relay\":\"smtps://b.example:465\",\"connections\":{\"open\":0,\"opened\":2,"
                 "\"reused\":0,\"failed\":{}}," NO_MAILS "]}");
    facteur_mailer_free(mailer);
    mailer = open_mailer("memory://");
    expect_stats(mailer, "{\"relays\":[]}");
    facteur_mailer_free(mailer);
}

static void what_is_not_used_counts_nothing(void **state)
{
    facteur_mailer *mailer = open_mailer("smtp://relay.example");
    facteur_error *error = NULL;
    char *json = NULL;

    /* Numbers without a runtime are those that the parent of a fork left. */
    mailer->engine->plan.members[0].relay.stats->opened = 1;
    expect_stats(mailer, "{\"relays\":[{\"relay\":\"smtp://relay.example:587\",\"connections\":{"
                         "\"open\":0,\"opened\":0,\"reused\":0,\"failed\":{}}," NO_MAILS "]}");
    facteur_mailer_close(mailer, 0);
    assert_int_equal(facteur_stats(mailer, &json, &error), FACTEUR_ECLOSED);
    assert_null(json);
    facteur_error_free(error);
    facteur_mailer_free(mailer);
}

#ifdef FCT_FAULT_INJECTION
/* Also the memory of jansson, which takes its own elsewhere otherwise. */
static void without_memory_it_is_an_error(void **state)
{
    facteur_mailer *mailer = open_mailer("smtp://relay.example");
    struct fct_pool_stats *stats = stats_of(mailer, 0);
    size_t blocks = fct_memory_blocks();
    char *json = NULL;
    int err = 1;

    stats->failed[FACTEUR_PHASE_tls] = 1;
    fct_stats_time(&stats->phases[FACTEUR_PHASE_tls], 1000);
    fct_stats_time(&stats->phases[FACTEUR_PHASE_tls], INT64_MAX / 2);
    json_set_alloc_funcs(fct_malloc, fct_free);
    for (unsigned long nth = 1; err; nth++) {
        assert_int_equal(fct_memory_blocks(), blocks);
        fct_memory_fail_at(nth);
        err = facteur_stats(mailer, &json, NULL);
        assert_int_equal(err, fct_memory_failed() ? FACTEUR_ENOMEM : 0);
        fct_memory_fail_at(0);
    }
    json_set_alloc_funcs(malloc, free);
    facteur_free(json);
    facteur_mailer_free(mailer);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_has_its_place),
        cmocka_unit_test(each_relay_has_its_numbers),
        cmocka_unit_test(what_is_not_used_counts_nothing),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(without_memory_it_is_an_error),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
