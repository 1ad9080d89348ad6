/* SPDX-License-Identifier: MIT */
/* mailer/group, breaker, throttle, verdict: the judgements of a mailer with several relays, without
 * a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/plan.h"
#include "relays/breaker.h"
#include "relays/throttle.h"
#include "relays/verdict.h"

#define S 1000000ULL

/* ---- Groups ---------------------------------------------------------------------------------- */

struct good {
    const char *dsn, *name;
};

static const struct good goods[] = {
    {"failover(smtp://localhost:1 smtp://localhost:2)",
     "failover(smtp://localhost:1 smtp://localhost:2)"},
    {"roundrobin( smtps://u:p@a.example   smtp://b.example )",
     "roundrobin(smtps://a.example:465 smtp://b.example:587)"},
    {"failover(roundrobin(smtp://localhost:1 smtp://localhost:2) smtp://localhost:3)?deadline=5",
     "failover(roundrobin(smtp://localhost:1 smtp://localhost:2) smtp://localhost:3)"},
    {"failover(ses://K:S@eu-west-3 brevo://u@x.example:(k@default)",
     "failover(smtps://email-smtp.eu-west-3.amazonaws.com:465 smtps://smtp-relay.brevo.com:465)"},
    {"roundrobin(smtp+unix:///run/a)", "roundrobin(smtp+unix:///run/a)"},
    {"failover(smtp://h.example?tls=none&pool_size=2 "
     "smtps://h.example?password_file=/k&username=u)",
     "failover(smtp://h.example:25 smtps://h.example:465)"},
};

static void good_groups_are_read(void **state)
{
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        facteur_error *error = NULL;
        fct_plan plan, again;

        if (fct_plan_init(&plan, goods[i].dsn, NULL, NULL, 0, &error))
            fail_msg("%s: %s", goods[i].dsn, facteur_error_message(error));
        assert_string_equal(plan.name, goods[i].name);
        assert_int_equal(plan.target, FCT_TARGET_RELAY);
        assert_int_equal(fct_plan_init(&again, goods[i].dsn, NULL, NULL, 0, NULL), 0);
        assert_true(fct_plan_equal(&plan, &again));
        fct_plan_done(&again);
        fct_plan_done(&plan);
    }
}

struct bad {
    const char *dsn, *where, *message;
};

static const struct bad bads[] = {
    {"failover(", "dsn", "no ')' for the '(' at position 9"},
    {"failover(smtp://localhost", "dsn", "no ')' for the '(' at position 9"},
    {"failover()", "dsn", "nothing between the parentheses at position 9"},
    {"failover(smtp://localhost roundrobin( ))", "dsn",
     "nothing between the parentheses at position 37"},
    {"failover(smtps://u:SEC)RET@h.example smtp://localhost)", "dsn",
     "position 24 of the DSN; a ')'"},
    {"failover(roundrobin(smtp://localhost)SECRET)", "dsn", "position 38"},
    {"failover(smtp://localhost)SECRET", "dsn", "options follows ')' at position 27"},
    {"failover(smtps://u:SEC RET@h.example smtp://b.example)", "dsn",
     "no port from 1 to 65535, nor an '@' behind user and password, at position 20"},
    {"failover(smtp://localhost RET@h.example)", "dsn", "position 27 does not start with a scheme"},
    {"failover(smtp://localhost smtps://u:SEC%zz@h.example)", "dsn", "'%' at position 40"},
    {"failover(smtp://localhost smpts://h.example)", "dsn", "did you mean smtps://?"},
    {"failover(smtp://localhost file:///var/mail)", "dsn", "position 27 is no relay"},
    {"failover(smtp://localhost smtp://b.example?deadline=3)", "deadline", "the whole mailer"},
    {"failover(smtp://localhost smtp://b.example?dedline=3)", "dedline", "did you mean deadline?"},
    {"failover(smtp://localhost)?dedline=3", "dedline", "did you mean deadline?"},
    {"failover://smtp://localhost smtp://b.example", "dsn", "write failover(dsn dsn"},
    {"Failover(smtp://localhost)", "dsn", "in lower case"},
    {"failover (smtp://localhost)", "dsn", "does not begin with its '('"},
    {"failover(roundrobin://localhost)", "dsn", "position 10 of the DSN"},
    {"failover(smtp://localhost)?password=SECRET", "password", "cannot share one login"},
    {"failover(failover(failover(failover(failover(failover(failover(failover(failover(smtp://"
     "a)))))))))",
     "dsn", "more than eight deep at position 81"},
};

static void bad_groups_are_refused_precisely_and_discreetly(void **state)
{
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        facteur_error *error = NULL;
        fct_plan plan;

        if (fct_plan_init(&plan, bads[i].dsn, NULL, NULL, 0, &error) != FACTEUR_ECONFIG)
            fail_msg("%s was accepted", bads[i].dsn);
        if (!strstr(facteur_error_message(error), bads[i].message))
            fail_msg("%s: \"%s\"", bads[i].dsn, facteur_error_message(error));
        assert_string_equal(facteur_error_where(error), bads[i].where);
        assert_null(strstr(facteur_error_message(error), "SEC"));
        assert_null(strstr(facteur_error_message(error), "RET"));
        facteur_error_free(error);
    }
}

static void there_may_be_thirty_two_relays(void **state)
{
    fct_buf dsn = {0};
    facteur_error *error = NULL;
    fct_plan plan;

    fct_buf_add_text(&dsn, "failover(");
    for (int i = 0; i < 32; i++)
        fct_buf_add_text(&dsn, "smtp://localhost ");
    fct_buf_add_text(&dsn, ")");
    assert_int_equal(fct_plan_init(&plan, dsn.ptr, NULL, NULL, 0, NULL), 0);
    assert_int_equal(plan.member_count, 32);
    fct_plan_done(&plan);
    dsn.ptr[--dsn.len] = '\0';
    fct_buf_add_text(&dsn, "smtp://localhost)");
    assert_int_equal(fct_plan_init(&plan, dsn.ptr, NULL, NULL, 0, &error), FACTEUR_ECONFIG);
    assert_non_null(strstr(facteur_error_message(error), "more than 32 relays"));
    facteur_error_free(error);
    fct_buf_done(&dsn);
}

static void every_allocation_may_fail(void **state)
{
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        facteur_error *error = NULL;
        fct_plan plan;
        int err;

        fct_memory_fail_at(nth);
        err = fct_plan_init(&plan,
                            "failover(roundrobin(smtps://u:p@a.example smtp://localhost) "
                            "ses://K:S@eu-west-3)?deadline=3&default_from=a@b.example",
                            NULL, NULL, 0, &error);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        facteur_error_free(error);
        if (!err)
            fct_plan_done(&plan);
    }
}

static void options_go_where_they_belong(void **state)
{
    const char *names[] = {"command_timeout"}, *values[] = {"7"};
    fct_plan plan;

    assert_int_equal(
        fct_plan_init(&plan,
                      "failover(smtp://u:p1@localhost?pool_size=2&command_timeout=3 "
                      "smtp://v:p2@localhost:26)?deadline=4&pool_size=3&default_from=a@b.example",
                      names, values, 1, NULL),
        0);
    assert_int_equal(plan.deadline_us, 4000000);
    assert_string_equal(plan.default_from, "a@b.example");
    assert_int_equal(plan.members[0].relay.pool_size, 2);
    assert_int_equal(plan.members[1].relay.pool_size, 3);
    assert_int_equal(plan.members[0].relay.session.command_us, 7000000);
    assert_string_equal(plan.members[1].relay.session.username, "v");
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "p1");
    assert_string_equal(fct_secret_bytes(plan.members[1].relay.session.password).ptr, "p2");
    fct_plan_done(&plan);
}

static void expect_order(const fct_group *group, unsigned turn, const char *wanted)
{
    unsigned char order[FCT_MEMBERS_MAX];

    fct_group_order(group, turn, order);
    for (size_t i = 0; i < strlen(wanted); i++)
        assert_int_equal(order[i], wanted[i] - '0');
}

static void orders_follow_the_nesting(void **state)
{
    fct_group group;

    assert_int_equal(fct_group_parse(&group, "failover(a b c)", NULL), 0);
    expect_order(&group, 0, "012");
    expect_order(&group, 7, "012");
    assert_int_equal(fct_group_parse(&group, "roundrobin(a b c)", NULL), 0);
    expect_order(&group, 0, "012");
    expect_order(&group, 1, "120");
    expect_order(&group, 5, "201");
    assert_int_equal(fct_group_parse(&group, "failover(roundrobin(a b) c)", NULL), 0);
    expect_order(&group, 0, "012");
    expect_order(&group, 1, "102");
    assert_int_equal(fct_group_parse(&group, "roundrobin(roundrobin(a b) failover(c d))", NULL), 0);
    expect_order(&group, 0, "0123");
    expect_order(&group, 1, "2301");
    expect_order(&group, 2, "1023");
    assert_int_equal(fct_group_parse(&group, "smtp://a (b", NULL), 0);
    assert_true(fct_group_is_one(&group));
}

/* ---- Breaker --------------------------------------------------------------------------------- */

static void the_breaker_opens_probes_and_closes(void **state)
{
    fct_breaker breaker = {.limit = 3, .pause_us = 30 * S};

    for (uint64_t at = 1; at <= 3; at++) {
        assert_true(fct_breaker_allows(&breaker, at * S));
        assert_false(fct_breaker_enter(&breaker, at * S));
        fct_breaker_fail(&breaker, at * S, at * S + 10, false);
    }
    assert_false(fct_breaker_allows(&breaker, 4 * S));
    assert_false(fct_breaker_allows(&breaker, 33 * S));
    assert_true(fct_breaker_allows(&breaker, 34 * S));
    assert_true(fct_breaker_enter(&breaker, 34 * S));
    assert_false(fct_breaker_allows(&breaker, 35 * S)); /* one probe at a time */
    fct_breaker_fail(&breaker, 34 * S, 36 * S, true);
    assert_false(fct_breaker_allows(&breaker, 65 * S));
    assert_true(fct_breaker_enter(&breaker, 66 * S));
    fct_breaker_leave(&breaker, true); /* its sender cancelled it */
    assert_true(fct_breaker_enter(&breaker, 67 * S));
    fct_breaker_reach(&breaker);
    assert_true(fct_breaker_allows(&breaker, 67 * S));
    assert_int_equal(breaker.failures, 0);
}

static void one_failure_is_counted_once(void **state)
{
    fct_breaker breaker = {.limit = 2, .pause_us = 30 * S};

    for (int i = 0; i < 16; i++) /* sixteen mails that waited for one connection */
        fct_breaker_fail(&breaker, 1 * S + (unsigned)i, 2 * S + (unsigned)i, false);
    assert_int_equal(breaker.failures, 1);
    fct_breaker_fail(&breaker, 3 * S, 4 * S, false);
    assert_false(fct_breaker_allows(&breaker, 5 * S));
    breaker = (fct_breaker){.limit = 0, .pause_us = 30 * S};
    for (unsigned i = 1; i < 100; i++)
        fct_breaker_fail(&breaker, i * S, i * S + 1, false);
    assert_true(fct_breaker_allows(&breaker, 100 * S));
}

/* ---- Throttle -------------------------------------------------------------------------------- */

static void max_rate_spaces_mails(void **state)
{
    fct_throttle throttle = {.max_rate = 0.5};
    uint64_t now = 10 * S;

    for (int i = 0; i < 5; i++) {
        assert_int_equal(fct_throttle_next_us(&throttle, now), now);
        fct_throttle_take(&throttle, now);
        assert_int_equal(fct_throttle_next_us(&throttle, now), now + 2 * S);
        now += 2 * S;
    }
    now += 3600 * S; /* a rest saves nothing up */
    fct_throttle_take(&throttle, now);
    assert_int_equal(fct_throttle_next_us(&throttle, now), now + 2 * S);
    throttle = (fct_throttle){0};
    for (int i = 0; i < 100; i++)
        fct_throttle_take(&throttle, now);
    assert_int_equal(fct_throttle_next_us(&throttle, now), now);
}

static void a_complaint_slows_and_success_recovers(void **state)
{
    fct_throttle throttle = {0};
    uint64_t now = 10 * S, first;
    unsigned accepted = 0;

    for (int i = 0; i < 100; i++, now += S / 100)
        fct_throttle_take(&throttle, now);
    fct_throttle_slow(&throttle, now - 1, now);
    first = fct_throttle_next_us(&throttle, now);
    assert_true(first >= now + S);
    assert_true(fct_throttle_slowed(&throttle));
    fct_throttle_slow(&throttle, now - 2, now + 5); /* sent before the first complaint: the same */
    assert_int_equal(fct_throttle_next_us(&throttle, now), first);
    now = first;
    fct_throttle_take(&throttle, now);
    fct_throttle_slow(&throttle, now, now + 1);
    assert_true(fct_throttle_next_us(&throttle, now) >= now + 2 * S);
    while (fct_throttle_slowed(&throttle) && accepted < 1000) {
        now = fct_throttle_next_us(&throttle, now + 2);
        fct_throttle_take(&throttle, now);
        fct_throttle_good(&throttle, now, now + 1);
        accepted++;
    }
    assert_true(accepted > 5 && accepted < 100);
    assert_int_equal(fct_throttle_next_us(&throttle, now), now);
}

static void complaints_without_end_stay_within_bounds(void **state)
{
    fct_throttle throttle = {.max_rate = 3};
    uint64_t now = 10 * S;

    for (int i = 0; i < 1000; i++) {
        uint64_t next = fct_throttle_next_us(&throttle, now);

        assert_true(next - now <= 61 * S);
        now = next;
        fct_throttle_take(&throttle, now);
        fct_throttle_slow(&throttle, now, now + 1);
        now++;
    }
}

static void each_complaint_halves_the_rate(void **state)
{
    static const double rates[] = {0.5, 0.25, 0.125, 0.1, 0.1, 0.1, 0.1};
    static const unsigned pauses[] = {1, 2, 4, 8, 16, 32, 60};
    fct_throttle throttle = {0};
    uint64_t now = 10 * S;

    fct_throttle_take(&throttle, now); /* the first counts as one a second */
    for (int i = 0; i < 7; i++) {
        fct_throttle_slow(&throttle, now, now);
        assert_true(throttle.slow_rate == rates[i]);
        assert_true(throttle.goal == 1);
        assert_int_equal(throttle.pause_us, pauses[i] * S);
        assert_int_equal(throttle.slowed_us, now);
        assert_int_equal(fct_throttle_next_us(&throttle, now), now + pauses[i] * S);
        fct_throttle_slow(&throttle, now - 1, now + 1); /* of a mail before the complaint */
        assert_true(throttle.slow_rate == rates[i]);
        now = fct_throttle_next_us(&throttle, now);
    }
    throttle.next_us = now + 1000 * S;
    fct_throttle_slow(&throttle, now, now);
    assert_int_equal(fct_throttle_next_us(&throttle, now), now + 1000 * S);
}

static void the_rate_before_has_its_bounds(void **state)
{
    static const struct {
        double spacing_us, goal;
    } rows[] = {{0, 50}, {10, 50}, {20000, 50}, {25000, 40}, {5e6, 0.2}, {1e7, 0.2}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_throttle throttle = {.spacing_us = rows[i].spacing_us};

        fct_throttle_slow(&throttle, S, S);
        assert_true(throttle.goal == rows[i].goal);
        assert_true(throttle.slow_rate == rows[i].goal / 2);
    }
}

static void success_brings_the_rate_back(void **state)
{
    const fct_throttle slowed = {
        .slow_rate = 0.5, .goal = 0.6, .slowed_us = 10, .pause_us = 4 * S, .next_us = 77};
    fct_throttle throttle = slowed;

    fct_throttle_good(&throttle, 9, 100); /* taken before the complaint */
    assert_true(throttle.slow_rate == 0.5);
    assert_int_equal(throttle.pause_us, 4 * S);
    fct_throttle_good(&throttle, 10, 100);
    assert_true(throttle.slow_rate > 0.549 && throttle.slow_rate < 0.551);
    assert_int_equal(throttle.pause_us, S);
    assert_int_equal(throttle.slowed_us, 10);
    fct_throttle_good(&throttle, 10, 100);
    assert_true(throttle.slow_rate == 0);
    assert_int_equal(throttle.slowed_us, 0);
    assert_int_equal(throttle.next_us, 0);
    /* A limit of its own goes on. */
    throttle = slowed;
    throttle.max_rate = 3;
    throttle.goal = 0.5;
    fct_throttle_good(&throttle, 10, 100);
    assert_true(throttle.slow_rate == 0);
    assert_int_equal(throttle.next_us, 77);
    /* What is five minutes old is forgotten. */
    throttle = slowed;
    throttle.goal = 50;
    fct_throttle_good(&throttle, 10, 10 + 300 * S - 1);
    assert_true(throttle.slow_rate > 0);
    fct_throttle_good(&throttle, 10, 10 + 300 * S);
    assert_true(throttle.slow_rate == 0);
    throttle = (fct_throttle){.next_us = 5};
    fct_throttle_good(&throttle, 10, 100);
    assert_int_equal(throttle.next_us, 5);
}

static void the_lower_rate_counts(void **state)
{
    static const struct {
        double slow, most;
        bool slowed;
        uint64_t gap_us;
    } rows[] = {{0, 0, false, 0},      {0, 4, false, 250000}, {2, 0, true, 500000},
                {2, 4, true, 500000},  {4, 2, false, 500000}, {4, 4, false, 250000},
                {0.1, 0, true, 10 * S}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_throttle throttle = {.slow_rate = rows[i].slow, .max_rate = rows[i].most};

        assert_int_equal(fct_throttle_slowed(&throttle), rows[i].slowed);
        fct_throttle_take(&throttle, S);
        assert_int_equal(fct_throttle_next_us(&throttle, S), S + rows[i].gap_us);
        if (!rows[i].gap_us)
            continue;
        fct_throttle_take(&throttle, S); /* behind the one before */
        assert_int_equal(fct_throttle_next_us(&throttle, S), S + 2 * rows[i].gap_us);
    }
}

/* A running mean of eight; a rest counts as a minute at the most. */
static void the_spacing_is_a_mean(void **state)
{
    fct_throttle throttle = {0};

    fct_throttle_take(&throttle, 10 * S);
    assert_true(throttle.spacing_us == S);
    fct_throttle_take(&throttle, 19 * S);
    assert_true(throttle.spacing_us == 2 * S);
    fct_throttle_take(&throttle, 10000 * S);
    assert_true(throttle.spacing_us == 2 * S + 58 * S / 8);
}

/* ---- Verdicts -------------------------------------------------------------------------------- */

struct verdict {
    enum fct_class class;
    int error;
    enum facteur_phase phase;
    int code;
    const char *enhanced;
    bool moves_on, closed_way, reached, complaint;
};

static void verdicts_tell_the_relay_from_the_mail(void **state)
{
    static const struct verdict rows[] = {
        {FCT_SENT, 0, FACTEUR_PHASE_final, 250, "2.0.0", false, false, true, false},
        {FCT_PERMANENT, FACTEUR_EPERMANENT, FACTEUR_PHASE_rcpt, 550, "5.1.1", false, false, true,
         false},
        {FCT_PERMANENT, FACTEUR_EPERMANENT, FACTEUR_PHASE_mail, 550, "5.7.1", false, false, true,
         false},
        {FCT_IN_DOUBT, FACTEUR_EINDOUBT, FACTEUR_PHASE_final, 0, "", false, false, false, false},
        {FCT_TEMPORARY, FACTEUR_ECONNECT, FACTEUR_PHASE_connect, 0, "", true, true, false, false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_auth, 500, "", true, true, false, false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_ehlo, 500, "", true, true, false, false},
        {FCT_TEMPORARY, FACTEUR_EAUTH, FACTEUR_PHASE_auth, 535, "5.7.8", true, true, false, false},
        {FCT_TEMPORARY, FACTEUR_ENOMEM, FACTEUR_PHASE_mail, 0, "", false, false, false, false},
        {FCT_TEMPORARY, FACTEUR_ECONNECT, FACTEUR_PHASE_greeting, 554, "", true, true, false,
         false},
        {FCT_TEMPORARY, FACTEUR_ETLS, FACTEUR_PHASE_tls, 0, "", true, true, false, false},
        {FCT_TEMPORARY, FACTEUR_EAUTH, FACTEUR_PHASE_auth, 535, "5.7.8", true, true, false, false},
        {FCT_TEMPORARY, FACTEUR_EAUTH, FACTEUR_PHASE_auth, 454, "4.7.0", true, true, false, true},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_greeting, 421, "4.7.0", true, true, false,
         true},
        {FCT_TEMPORARY, FACTEUR_EPROTOCOL, FACTEUR_PHASE_data, 250, "", true, false, true, false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_mail, 421, "", true, false, true, true},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_mail, 452, "", true, false, true, false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_mail, 451, "4.3.0", true, false, true,
         false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_rcpt, 451, "4.7.1", true, false, true,
         false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_rcpt, 421, "4.7.0", true, false, true,
         false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_final, 451, "4.7.1", true, false, true,
         true},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_rcpt, 450, "", false, false, true, false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_rcpt, 450, "4.2.1", false, false, true,
         false},
        {FCT_TEMPORARY, FACTEUR_ETEMPORARY, FACTEUR_PHASE_final, 451, "4.2.0", false, false, true,
         false},
        {FCT_TEMPORARY, FACTEUR_ENOMEM, FACTEUR_PHASE_connect, 0, "", false, false, false, false},
        {FCT_TEMPORARY, FACTEUR_ELIMIT, FACTEUR_PHASE_connect, 0, "", true, false, false, false},
        {FCT_TEMPORARY, FACTEUR_ECLOSED, FACTEUR_PHASE_connect, 0, "", false, false, false, false},
        {FCT_TEMPORARY, FACTEUR_EIO, FACTEUR_PHASE_body, 0, "", false, false, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_outcome outcome = {.class = rows[i].class,
                               .error = rows[i].error,
                               .phase = rows[i].phase,
                               .reply = {.code = rows[i].code}};

        strcpy(outcome.reply.enhanced, rows[i].enhanced);
        if (fct_verdict_moves_on(&outcome) != rows[i].moves_on ||
            fct_verdict_is_closed_way(&outcome) != rows[i].closed_way ||
            fct_verdict_is_reached(&outcome) != rows[i].reached ||
            fct_verdict_is_complaint(&outcome) != rows[i].complaint)
            fail_msg("row %zu", i);
    }
}

static void a_refused_recipient_keeps_the_mail_here(void **state)
{
    struct fct_recipient_outcome recipients[2] = {
        {.class = FCT_TEMPORARY, .reply = {.code = 451, .enhanced = "4.3.0"}},
        {.class = FCT_PERMANENT, .reply = {.code = 550, .enhanced = "5.1.1"}},
    };
    fct_outcome outcome = {.class = FCT_TEMPORARY,
                           .error = FACTEUR_ETEMPORARY,
                           .phase = FACTEUR_PHASE_rcpt,
                           .reply = {.code = 451, .enhanced = "4.3.0"},
                           .recipient_count = 2,
                           .recipients = recipients};

    assert_false(fct_verdict_moves_on(&outcome));
    recipients[1] = (struct fct_recipient_outcome){.class = FCT_TEMPORARY,
                                                   .reply = {.code = 450, .enhanced = "4.2.1"}};
    assert_false(fct_verdict_moves_on(&outcome));
    recipients[1] = recipients[0];
    assert_true(fct_verdict_moves_on(&outcome));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_groups_are_read),
        cmocka_unit_test(bad_groups_are_refused_precisely_and_discreetly),
        cmocka_unit_test(there_may_be_thirty_two_relays),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(options_go_where_they_belong),
        cmocka_unit_test(orders_follow_the_nesting),
        cmocka_unit_test(the_breaker_opens_probes_and_closes),
        cmocka_unit_test(one_failure_is_counted_once),
        cmocka_unit_test(max_rate_spaces_mails),
        cmocka_unit_test(a_complaint_slows_and_success_recovers),
        cmocka_unit_test(complaints_without_end_stay_within_bounds),
        cmocka_unit_test(each_complaint_halves_the_rate),
        cmocka_unit_test(the_rate_before_has_its_bounds),
        cmocka_unit_test(success_brings_the_rate_back),
        cmocka_unit_test(the_lower_rate_counts),
        cmocka_unit_test(the_spacing_is_a_mean),
        cmocka_unit_test(verdicts_tell_the_relay_from_the_mail),
        cmocka_unit_test(a_refused_recipient_keeps_the_mail_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
