/* SPDX-License-Identifier: MIT */
/*
 * worker/pause, suppression and history: a relay that refuses the site is left alone and no mail
 * suffers for it, nobody on the suppression list gets one, and each row tells what happened to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "relays/verdict.h"
#include "support/outbox_shop.h"
#include "worker/pause.h"

#define UNSIGNED "550 5.7.26 this mail has no SPF and no DKIM\r\n"

/* ---- Relays that refuse the site ------------------------------------------------------------- */

static void replies_about_the_site_are_known(void **state)
{
    static const struct {
        int code;
        const char *enhanced, *text;
        bool is;
    } cases[] = {
        {550, "5.7.26", "unauthenticated", true},
        {550, "5.7.515", "Access denied, sending domain does not meet the level", true},
        {421, "4.7.27", "your mail has been rate limited", true},
        {421, "4.7.28", "unusual rate of mail", false},
        {550, "5.7.511", "banned sender", true},
        {550, "5.7.606", "banned address", true},
        {550, "5.7.650", "", false},
        {550, "5.7.25", "no PTR", true},
        {550, "5.7.1", "rejected per DMARC policy", true},
        {550, "", "dmarc: failed", true},
        {450, "4.7.1", "Client host rejected: cannot find your reverse hostname", true},
        {550, "5.7.1", "relaying denied", false},
        {550, "5.7.0", "spfoo and xdkim", false},
        {550, "5.7.1", NULL, false},
        {554, "5.1.26", "SPF", false},
        {250, "2.7.26", "SPF", false},
        {0, "", NULL, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_reply reply = {.code = cases[i].code, .text = (char *)(size_t)cases[i].text};

        strcpy(reply.enhanced, cases[i].enhanced);
        if (fct_verdict_is_setup(&reply) != cases[i].is)
            fail_msg("%d %s %s", cases[i].code, cases[i].enhanced,
                     cases[i].text ? cases[i].text : "");
    }
}

struct heard {
    unsigned count;
    char last[512];
};

static void hear(void *user, const facteur_error *error)
{
    struct heard *heard = user;

    heard->count++;
    snprintf(heard->last, sizeof heard->last, "%s", facteur_error_sentence(error));
}

static void a_relay_that_refuses_the_site_pauses(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED, .verdict = UNSIGNED}};
    struct heard heard = {0};
    char *json = NULL;
    int found = 0;

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 200);
    shop_work(shop.outbox, shop.mailer, hear, &heard, "{\"sent\":0,\"failed\":0,\"retried\":0,");
    assert_int_equal(heard.count, 1);
    assert_non_null(strstr(heard.last, "refuses this site's mails"));
    assert_non_null(strstr(heard.last, "5.7.26"));
    /* What was on its way, and no other mail. */
    assert_in_range(shop_ask(shop.box, "SELECT count(*) FROM facteur_event WHERE what = 'paused'"),
                    1, 190);
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_mail WHERE state = 'ready' "
                                        "AND attempts = 0 AND doubts = 0"),
                     200);
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_mail JOIN facteur_bar WHERE "
                                        "reply LIKE '550%' AND next_at <> until_at"),
                     0);
    assert_int_equal(shop_ask(shop.box, "SELECT (until_at - created_at) / 1000000 BETWEEN 299 AND "
                                        "376 AND times = 1 FROM facteur_bar WHERE what = 'relay'"),
                     1);
    assert_int_equal(facteur_outbox_bars(shop.outbox, "relay", NULL, &json, NULL), 0);
    assert_non_null(strstr(json, "5.7.26"));
    facteur_free(json);
    /* Another worker keeps the pause and says nothing. */
    int heard_before = shop.server.heard;
    shop_work(shop.outbox, shop.mailer, hear, &heard, "{\"sent\":0,");
    assert_int_equal(shop.server.heard, heard_before);
    assert_int_equal(heard.count, 1);
    /* The pause is over: one mail shows that nothing has changed, and the next one is longer. */
    shop_sql(shop.box, "UPDATE facteur_bar SET until_at = 1;"
                       "UPDATE facteur_mail SET next_at = 1");
    shop_work(shop.outbox, shop.mailer, hear, &heard, "{\"sent\":0,");
    assert_int_equal(shop.server.heard, heard_before + 1);
    assert_int_equal(heard.count, 1);
    assert_int_equal(shop_ask(shop.box, "SELECT times FROM facteur_bar"), 2);
    /* Mended: the operator says so. */
    shop.server.verdict = NULL;
    char name[64];
    snprintf(name, sizeof name, "smtp://127.0.0.1:%u", shop.server.port);
    assert_int_equal(facteur_outbox_unbar(shop.outbox, "relay", name, &found, NULL), 0);
    assert_int_equal(found, 1);
    shop_sql(shop.box, "UPDATE facteur_mail SET next_at = 1");
    shop_work(shop.outbox, shop.mailer, hear, &heard, "{\"sent\":200,");
    shop_close(&shop);
}

/* The pause is over, and the relay takes mails again: one goes first, and the bar goes with it. */
static void a_relay_that_takes_mails_again_is_free(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED, .verdict = UNSIGNED}};

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 20);
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":0,");
    shop.server.verdict = NULL;
    shop_sql(shop.box, "UPDATE facteur_bar SET until_at = 1;"
                       "UPDATE facteur_mail SET next_at = 1");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":20,");
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_bar"), 0);
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_mail WHERE attempts = 1"),
                     20);
    shop_close(&shop);
}

/* A relay that wants fewer mails: they come back later, ever later, and no attempt is lost. */
static void a_throttle_costs_no_attempt(void **state)
{
    struct shop shop = {.server = {.features = PLAIN, .verdict = "451 4.7.0 too fast\r\n"}};

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 1);
    shop_work(shop.outbox, shop.mailer, NULL, NULL,
              "{\"sent\":0,\"failed\":0,\"retried\":0,\"expired\":0,\"held\":0,\"paused\":1,");
    assert_int_equal(shop_ask(shop.box, "SELECT attempts = 0 AND next_at - created_at > 20000000 "
                                        "FROM facteur_mail"),
                     1);
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_bar"), 0);
    shop_close(&shop);
}

static facteur_mailer *two_relays(const char *form, const struct server *one,
                                  const struct server *other)
{
    char dsn[160];

    snprintf(dsn, sizeof dsn, form, one->port, other->port);
    return open_mailer(dsn);
}

/* One of two refuses the site: the other gets its mails at once. */
static void another_relay_takes_over(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED, .verdict = UNSIGNED}};
    struct server other = {.features = CHUNKED};
    facteur_mailer *mailer;

    server_start(&other);
    shop_open(&shop, state);
    mailer =
        two_relays("roundrobin(smtp://127.0.0.1:%u smtp://127.0.0.1:%u)", &shop.server, &other);
    shop_enqueue_many(shop.outbox, shop.mailer, 200);
    shop_work(shop.outbox, mailer, NULL, NULL, "{\"sent\":200,\"failed\":0,\"retried\":0,");
    assert_int_equal(other.mails, 200);
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_bar"), 1);
    facteur_mailer_free(mailer);
    shop_close(&shop);
    server_stop(&other);
}

/* One of two stands still: all that it has not got goes to the other. */
static void a_slow_relay_delays_nobody(void **state)
{
    struct shop shop = {.server = {.features = PLAIN, .hold = true}};
    struct server other = {.features = CHUNKED};
    facteur_mailer *mailer;
    char *json = NULL;
    int ends[2];

    server_start(&other);
    shop_open(&shop, state);
    mailer =
        two_relays("roundrobin(smtp://127.0.0.1:%u smtp://127.0.0.1:%u)", &shop.server, &other);
    shop_enqueue_many(shop.outbox, shop.mailer, 1500);
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        while (shop_ask(shop.box, "SELECT count(*) FROM facteur_mail WHERE state = 'sent'") < 1200)
            usleep(10000);
        if (write(ends[1], "x", 1) == 1)
            _exit(0);
        _exit(1);
    }
    assert_int_equal(
        facteur_outbox_work(shop.outbox, mailer, 0, ends[0], 0.1, NULL, NULL, &json, NULL), 0);
    assert_true(other.mails >= 1200);
    assert_int_equal(shop.server.mails, 0);
    facteur_free(json);
    shop.server.hold = false;
    facteur_mailer_free(mailer);
    shop_close(&shop);
    server_stop(&other);
    close(ends[0]);
    close(ends[1]);
}

/* ---- Suppression ----------------------------------------------------------------------------- */

static void put_message(struct shop *shop, const char *to)
{
    facteur_message *message = shop_message(to);
    facteur_receipt *receipt = NULL;

    assert_int_equal(
        facteur_outbox_enqueue(shop->outbox, shop->mailer, message, NULL, 0, 0, -1, &receipt, NULL),
        0);
    facteur_receipt_free(receipt);
    facteur_message_free(message);
}

static void nobody_on_the_list_gets_a_mail(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED}};
    facteur_error *error = NULL;
    char *json = NULL;
    int found = 7;

    shop_open(&shop, state);
    assert_int_equal(
        facteur_outbox_suppress(shop.outbox, "Mail1@X.example", "550 5.1.1 none", NULL), 0);
    assert_refused(facteur_outbox_suppress(shop.outbox, "no address", "", &error), FACTEUR_EMESSAGE,
                   &error, "address");
    put_message(&shop, "mail1@x.example");
    put_message(&shop, "mail0@x.example, mail1@X.EXAMPLE, mail2@x.example");
    put_message(&shop, "mail3@x.example");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":2,\"failed\":1,");
    assert_int_equal(shop.server.kept[0], 1);
    assert_int_equal(shop.server.kept[1], 0);
    assert_int_equal(shop.server.kept[2], 1);
    assert_int_equal(shop.server.kept[3], 1);
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_mail WHERE id = 1 AND reply "
                                        "LIKE '%suppression list: 550 5.1.1 none'"),
                     1);
    assert_int_equal(facteur_outbox_show(shop.outbox, 2, &json, NULL), 0);
    assert_non_null(strstr(json, "\"what\":\"suppressed\""));
    facteur_free(json);
    assert_int_equal(facteur_outbox_bars(shop.outbox, "address", NULL, &json, NULL), 0);
    assert_true(strncmp(json, "[{\"name\":\"mail1@x.example\",\"since\":\"2", 37) == 0);
    assert_non_null(strstr(json, "\"until\":null,\"times\":1,\"reason\":\"550 5.1.1 none\","));
    facteur_free(json);
    assert_int_equal(facteur_outbox_unbar(shop.outbox, "address", "MAIL1@x.example", &found, NULL),
                     0);
    assert_int_equal(found, 1);
    assert_int_equal(facteur_outbox_unbar(shop.outbox, "address", "mail1@x.example", &found, NULL),
                     0);
    assert_int_equal(found, 0);
    assert_refused(facteur_outbox_bars(shop.outbox, "street", NULL, &json, &error),
                   FACTEUR_EMESSAGE, &error, "what: expected address or relay");
    put_message(&shop, "mail1@x.example");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":1,\"failed\":0,");
    shop_close(&shop);
}

/* Who is left after a first try keeps the numbers of the sealed mail. */
static void what_is_left_is_looked_up_too(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED}};

    shop_open(&shop, state);
    put_message(&shop, "mail0@x.example, mail1@x.example, mail2@x.example, mail3@x.example");
    shop_sql(shop.box, "UPDATE facteur_mail SET remaining = '1 2 3'");
    assert_int_equal(facteur_outbox_suppress(shop.outbox, "mail1@x.example", "gone", NULL), 0);
    shop.server.verdict = "451 4.3.0 later\r\n";
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":0,\"failed\":0,\"retried\":1,");
    assert_int_equal(shop_ask(shop.box, "SELECT remaining = '1 2 3' FROM facteur_mail"), 1);
    shop.server.verdict = NULL;
    shop_sql(shop.box, "UPDATE facteur_mail SET next_at = 1");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":1,");
    assert_int_equal(shop.server.kept[0] + shop.server.kept[1], 0);
    assert_int_equal(shop.server.kept[2] + shop.server.kept[3], 2);
    shop_close(&shop);
}

/* ---- History --------------------------------------------------------------------------------- */

static void assert_in_order(const char *json, const char *const *words)
{
    const char *at = strstr(json, "\"history\":[");

    assert_non_null(at);
    for (; *words; words++) {
        const char *next = strstr(at, *words);

        if (!next)
            fail_msg("no %s in %s", *words, at);
        at = next;
    }
}

static void a_row_tells_its_history(void **state)
{
    struct shop shop = {.server = {.features = PLAIN, .verdict = "451 4.3.0 not now\r\n"}};
    const char *const words[] = {"\"what\":\"enqueued\"",
                                 "\"what\":\"deferred\"",
                                 "\"attempt\":1,\"relay\":\"smtp://127.0.0.1:",
                                 "451 4.3.0 not now",
                                 "\"what\":\"lost\"",
                                 "\"what\":\"in_doubt\"",
                                 "\"what\":\"failed\"",
                                 "\"what\":\"retry\"",
                                 "\"what\":\"sent\"",
                                 "250 2.0.0 ok queued",
                                 NULL};
    const char *was;
    char *json = NULL;
    int done = 0;

    shop_open(&shop, state);
    put_message(&shop, "mail0@x.example");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":0,\"failed\":0,\"retried\":1,");
    for (int i = 0; i < 2; i++) {
        shop_sql(shop.box, i ? "UPDATE facteur_mail SET state = 'in_doubt', lease_until = 5"
                             : "UPDATE facteur_mail SET state = 'leased', lease_until = 5");
        shop_work(shop.outbox, shop.mailer, NULL, NULL, "\"rescued\":1,");
        shop_sql(shop.box, "UPDATE facteur_mail SET next_at = 9e15");
    }
    shop.server.verdict = "554 5.6.0 no\r\n";
    shop_sql(shop.box, "UPDATE facteur_mail SET next_at = 1");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":0,\"failed\":1,");
    shop.server.verdict = NULL;
    assert_int_equal(facteur_outbox_act(shop.outbox, "retry", 1, &done, &was, NULL), 0);
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":1,");
    assert_int_equal(facteur_outbox_show(shop.outbox, 1, &json, NULL), 0);
    assert_in_order(json, words);
    facteur_free(json);
    shop_close(&shop);
}

/* The row says it all when nothing went wrong; and the history goes with its row. */
static void a_smooth_mail_makes_no_event(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED}};
    size_t rows = 0;

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 20);
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":20,");
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_event"), 0);
    shop_sql(shop.box, "INSERT INTO facteur_event(mail_id, at, what) VALUES (1, 1, 'deferred'), "
                       "(20, 1, 'deferred')");
    assert_int_equal(facteur_outbox_purge(shop.outbox, 0, 0, NULL, &rows, NULL), 0);
    assert_int_equal(rows, 19); /* the newest stays */
    assert_int_equal(shop_ask(shop.box, "SELECT count(*) FROM facteur_event"), 1);
    shop_close(&shop);
}

#define SHOP_TEST(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_about_the_site_are_known),
        SHOP_TEST(a_relay_that_refuses_the_site_pauses),
        SHOP_TEST(a_relay_that_takes_mails_again_is_free),
        SHOP_TEST(a_throttle_costs_no_attempt),
        SHOP_TEST(another_relay_takes_over),
        SHOP_TEST(a_slow_relay_delays_nobody),
        SHOP_TEST(nobody_on_the_list_gets_a_mail),
        SHOP_TEST(what_is_left_is_looked_up_too),
        SHOP_TEST(a_row_tells_its_history),
        SHOP_TEST(a_smooth_mail_makes_no_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
