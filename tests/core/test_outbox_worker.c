/* SPDX-License-Identifier: MIT */
/*
 * worker/ and the outbox of facteur.h: mails that are queued and sent, before a small server.  The
 * doubt is on record before a terminator leaves, and a worker that lost its lease sends nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "facteur.h"
#include "mime/message.h"
#include "mime/sealed.h"
#include "support/expect.h"
#include "support/outbox_shop.h"
#include "worker/work.h"

/* The same with each way in which a mail is written. */
static void before_each_relay(void **state, bool hold, void (*act)(struct shop *shop))
{
    static const char *const features[] = {CHUNKED, GROUPED, PLAIN};

    for (size_t i = 0; i < 3; i++) {
        struct shop shop = {.server = {.features = features[i], .hold = hold}};

        outbox_set_up(state);
        shop_open(&shop, state);
        act(&shop);
        shop_close(&shop);
        outbox_tear_down(state);
    }
}

/* ---- Enqueue --------------------------------------------------------------------------------- */

static void a_queued_mail_has_a_receipt(void **state)
{
    facteur_outbox *outbox = shop_open_box(*state);
    facteur_mailer *mailer = open_mailer("smtp://127.0.0.1:1");
    facteur_receipt *first = shop_enqueue(outbox, mailer, 1, "order-1"),
                    *second = shop_enqueue(outbox, mailer, 1, "order-1");
    char *bytes = NULL, *json = NULL;
    const char *was = NULL;
    facteur_error *error = NULL;
    size_t len = 0;
    int done = 0;

    assert_int_equal(facteur_receipt_status(first), FACTEUR_QUEUED);
    assert_int_equal(facteur_receipt_status(second), FACTEUR_DUPLICATE);
    assert_true(facteur_receipt_ok(first) && facteur_receipt_ok(second));
    assert_string_equal(facteur_receipt_queue_id(first), "1");
    assert_string_equal(facteur_receipt_queue_id(second), "1");
    assert_string_equal(facteur_receipt_message_id(first), facteur_receipt_message_id(second));
    assert_int_equal(facteur_outbox_mail(outbox, 1, &bytes, &len, NULL), 0);
    assert_non_null(strstr(bytes, facteur_receipt_message_id(first)));
    assert_non_null(strstr(bytes, "mail1@x.example"));
    facteur_free(bytes);
    assert_int_equal(facteur_outbox_show(outbox, 1, &json, NULL), 0);
    assert_non_null(
        strstr(json, "{\"id\":1,\"state\":\"ready\",\"key\":\"order-1\",\"kind\":\"\","));
    assert_non_null(strstr(json, "\"recipients\":\"mail1@x.example\""));
    assert_non_null(strstr(json, "\"ended_at\":null,"));
    facteur_free(json);
    assert_int_equal(facteur_outbox_list(outbox, "ready", NULL, 0, 10, &json, NULL), 0);
    assert_true(strncmp(json, "[{\"id\":1,", 9) == 0);
    facteur_free(json);
    assert_refused(facteur_outbox_show(outbox, 2, &json, &error), FACTEUR_EMESSAGE, &error,
                   "there is no mail 2");
    assert_refused(facteur_outbox_mail(outbox, 2, &bytes, &len, &error), FACTEUR_EMESSAGE, &error,
                   "there is no mail 2");
    assert_refused(facteur_outbox_act(outbox, "eat", 1, &done, &was, &error), FACTEUR_EMESSAGE,
                   &error, "expected retry, release or cancel");
    assert_int_equal(facteur_outbox_act(outbox, "cancel", 1, &done, &was, NULL), 0);
    assert_int_equal(done, 1);
    assert_string_equal(was, "ready");
    assert_int_equal(facteur_outbox_act(outbox, "release", 1, &done, &was, NULL), 0);
    assert_int_equal(done, 0);
    assert_int_equal(facteur_outbox_stats(outbox, &json, NULL), 0);
    assert_non_null(strstr(json, "\"cancelled\":1}"));
    facteur_free(json);
    facteur_receipt_free(first);
    facteur_receipt_free(second);
    facteur_mailer_free(mailer);
    facteur_outbox_close(outbox);
}

static void what_cannot_be_queued_is_refused(void **state)
{
    facteur_outbox *outbox = shop_open_box(*state);
    facteur_mailer *mailer = open_mailer("memory://");
    facteur_message *message = shop_message_to(0);
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    char *json = NULL;

    assert_refused(
        facteur_outbox_enqueue(outbox, mailer, message, NULL, -5, 0, -1, &receipt, &error),
        FACTEUR_EMESSAGE, &error, "not_before: expected seconds since 1970, got -5");
    assert_refused(
        facteur_outbox_enqueue(outbox, mailer, message, NULL, 0, 1, -1, &receipt, &error),
        FACTEUR_EMESSAGE, &error, "expires_at: the mail would expire");
    assert_refused(facteur_outbox_enqueue(outbox, mailer, message, "", 0, 0, -1, &receipt, &error),
                   FACTEUR_EMESSAGE, &error, "key: expected 1 to 190 bytes");
    assert_refused(
        facteur_outbox_enqueue(outbox, mailer, message, NULL, 0, 0, 10, &receipt, &error),
        FACTEUR_EMESSAGE, &error, "priority");
    assert_refused(facteur_outbox_work(outbox, mailer, 1, -1, 0, NULL, NULL, &json, &error),
                   FACTEUR_ECONFIG, &error, "a worker needs a relay");
    facteur_mailer_free(mailer);
    mailer = open_mailer("smtp://127.0.0.1:1?background=1");
    assert_refused(facteur_outbox_work(outbox, mailer, 1, -1, 0, NULL, NULL, &json, &error),
                   FACTEUR_ECONFIG, &error, "background");
    facteur_mailer_close(mailer, 0);
    assert_refused(
        facteur_outbox_enqueue(outbox, mailer, message, NULL, 0, 0, -1, &receipt, &error),
        FACTEUR_ECLOSED, &error, "closed");
    facteur_mailer_free(mailer);
    facteur_message_free(message);
    facteur_outbox_close(outbox);
    facteur_outbox_close(NULL);
}

static void enqueue_order(facteur_outbox *outbox, facteur_mailer *mailer, const char *number,
                          const char *key, enum facteur_status status)
{
    facteur_message *message = NULL;
    facteur_receipt *receipt = NULL;
    char order[512];

    snprintf(order, sizeof order,
             "{\"number\":\"%s\",\"currency\":\"EUR\",\"merchant\":{\"name\":\"Shop\",\"email\":"
             "\"o@shop.example\"},\"customer\":{\"email\":\"a@x.example\"},\"items\":[{\"name\":"
             "\"Mug\",\"quantity\":1,\"unit_price\":\"1.00\"}]}",
             number);
    assert_int_equal(
        facteur_letter(mailer, "order_confirmation", order, FACTEUR_NTS, NULL, 0, &message, NULL),
        0);
    assert_int_equal(facteur_outbox_enqueue(outbox, mailer, message, key, 0, 0, -1, &receipt, NULL),
                     0);
    assert_int_equal(facteur_receipt_status(receipt), status);
    facteur_receipt_free(receipt);
    facteur_message_free(message);
}

/* A page that is loaded again confirms its order once, without a word from the shop. */
static void a_letter_has_its_own_key(void **state)
{
    struct outbox *box = *state;
    facteur_outbox *outbox = shop_open_box(box);
    facteur_mailer *mailer = open_mailer("null://");
    char number[250];

    memset(number, '7', sizeof number - 1);
    number[sizeof number - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        enum facteur_status status = i ? FACTEUR_DUPLICATE : FACTEUR_QUEUED;

        enqueue_order(outbox, mailer, "7", NULL, status);
        enqueue_order(outbox, mailer, "8", "mine", status);
        enqueue_order(outbox, mailer, number, NULL, status);
    }
    assert_int_equal(shop_ask(box,
                              "SELECT count(*) FROM facteur_mail WHERE kind = 'order_confirmation' "
                              "AND (key = 'order_confirmation:Shop:7' OR key = 'mine' OR "
                              "key GLOB 'order_confirmation:[0-9a-f]*' AND length(key) = 83)"),
                     3);
    facteur_mailer_free(mailer);
    facteur_outbox_close(outbox);
}

/* ---- Work ------------------------------------------------------------------------------------ */

static void all_is_sent_once_here(struct shop *shop)
{
    shop_enqueue_many(shop->outbox, shop->mailer, 160);
    shop_work(shop->outbox, shop->mailer, NULL, NULL, "{\"sent\":160,\"failed\":0,\"retried\":0,");
    assert_int_equal(shop->server.mails, 160);
    for (unsigned k = 0; k < NUMBERED_MAX; k++)
        assert_int_equal(shop->server.kept[k], 160 / NUMBERED_MAX);
    assert_int_equal(shop_ask(shop->box,
                              "SELECT count(*) FROM facteur_mail WHERE state = 'sent' AND "
                              "attempts = 1 AND doubts = 0 AND reply LIKE '250%' AND relay "
                              "LIKE 'smtp://127.0.0.1:%' AND ended_at > 0 AND "
                              "result LIKE '{\"status\":\"sent\"%'"),
                     160);
    shop_work(shop->outbox, shop->mailer, NULL, NULL, "{\"sent\":0,");
}

static void all_is_sent_once(void **state)
{
    before_each_relay(state, false, all_is_sent_once_here);
}

/* How many transactions were written so far. */
static uint64_t count_commits(const struct outbox *box)
{
    char path[128];
    uint64_t written = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s-sync", box->path);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(&written, sizeof written, 1, file), 1);
    fclose(file);
    return written;
}

/* A verdict shares its commit with the next claim: two commits a mail, one at the end. */
static void a_full_window_is_filled_at_once(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED}};
    facteur_mailer *narrow;
    uint64_t before;
    char dsn[96];

    shop_open(&shop, state);
    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u?pool_size=1&pipeline_depth=1", shop.server.port);
    narrow = open_mailer(dsn);
    shop_enqueue_many(shop.outbox, narrow, 5);
    before = count_commits(shop.box);
    shop_work(shop.outbox, narrow, NULL, NULL, "{\"sent\":5,");
    assert_int_equal(count_commits(shop.box) - before, 11);
    facteur_mailer_free(narrow);
    shop_close(&shop);
}

/* A child that works until it is killed. */
static pid_t start_worker(const struct outbox *box, const struct server *server)
{
    pid_t child = fork();

    if (child == 0) {
        facteur_outbox *outbox = shop_open_box(box);
        char *json;

        facteur_outbox_work(outbox, shop_mailer(server), 0, -1, 0, NULL, NULL, &json, NULL);
        _exit(1);
    }
    return child;
}

static void the_doubt_is_on_record_before_the_terminator_here(struct shop *shop)
{
    int64_t doubtful;
    int status;
    pid_t worker;

    shop_enqueue_many(shop->outbox, shop->mailer, 6);
    worker = start_worker(shop->box, &shop->server);
    while (shop->server.heard == 0)
        usleep(1000);
    kill(worker, SIGKILL);
    waitpid(worker, &status, 0);
    doubtful = shop_ask(shop->box, "SELECT count(*) FROM facteur_mail WHERE state = 'in_doubt'");
    /* What the server has heard may be delivered. */
    assert_true(doubtful >= shop->server.heard);
    shop->server.hold = false;
    server_settle(&shop->server);
    shop_sql(shop->box, "UPDATE facteur_mail SET lease_until = 1 WHERE lease_until > 0");
    shop_work(shop->outbox, shop->mailer, NULL, NULL, "{\"sent\":6,");
    assert_int_equal(shop_ask(shop->box, "SELECT sum(doubts) FROM facteur_mail"), doubtful);
    assert_int_equal(shop_ask(shop->box,
                              "SELECT count(*) FROM facteur_mail WHERE state = 'sent' AND "
                              "attempts = 2"),
                     6);
    for (unsigned k = 0; k < 6; k++)
        assert_true(shop->server.kept[k] >= 1 && shop->server.kept[k] <= 2);
}

static void the_doubt_is_on_record_before_the_terminator(void **state)
{
    before_each_relay(state, true, the_doubt_is_on_record_before_the_terminator_here);
}

/* The database refuses to record a state until the worker has complained. */
static void allow(void *user, const facteur_error *error)
{
    assert_non_null(strstr(facteur_error_message(error), "not today"));
    shop_sql(user, "DROP TRIGGER IF EXISTS refusal");
}

/* All mails end as sent, each once, tried once and without a doubt left. */
static void work_against(void **state, const char *refused, unsigned count)
{
    struct shop shop = {.server = {.features = CHUNKED}};
    char sql[256], counts[64];

    snprintf(sql, sizeof sql,
             "CREATE TRIGGER refusal BEFORE UPDATE ON facteur_mail WHEN new.state = '%s' "
             "BEGIN SELECT raise(ABORT, 'not today'); END",
             refused);
    snprintf(counts, sizeof counts, "{\"sent\":%u,\"failed\":0,\"retried\":0,", count);
    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, count);
    shop_sql(shop.box, sql);
    shop_work(shop.outbox, shop.mailer, allow, shop.box, counts);
    assert_int_equal(shop.server.mails, count);
    assert_int_equal(shop_ask(shop.box,
                              "SELECT count(*) FROM facteur_mail WHERE state = 'sent' AND "
                              "attempts = 1 AND doubts = 0"),
                     count);
    shop_close(&shop);
}

/* The doubt cannot be recorded: nothing is handed over, and it is not an attempt. */
static void without_a_record_nothing_leaves(void **state)
{
    work_against(state, "in_doubt", 20);
}

/*
 * The disk fails when a verdict is to be recorded: the mail stays in doubt on record, is not sent
 * again, and the verdict is recorded when it can be.
 */
static void a_verdict_waits_for_its_record(void **state)
{
    work_against(state, "sent", 8);
}

/* Mails that would not fit into memory together go one after the other. */
static void large_mails_take_turns(void **state)
{
    struct shop shop = {.server = {.features = CHUNKED}};

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 12);
    shop_sql(shop.box, "UPDATE facteur_mail SET size = 60000000 WHERE id % 2 = 0");
    shop_work(shop.outbox, shop.mailer, NULL, NULL, "{\"sent\":12,\"failed\":0,\"retried\":0,");
    assert_int_equal(shop.server.mails, 12);
    shop_close(&shop);
}

/* Another worker has taken some rows after they were leased: their mails leave the flight. */
static void a_stolen_mail_is_not_sent_here(struct shop *shop)
{
    shop_enqueue_many(shop->outbox, shop->mailer, 16);
    shop_sql(shop->box,
             "CREATE TRIGGER thief AFTER UPDATE ON facteur_mail WHEN new.state = 'leased' "
             "AND old.state = 'ready' AND new.id % 8 = 4 BEGIN UPDATE facteur_mail SET "
             "fence = fence + 1000 WHERE id = new.id; END");
    shop_work(shop->outbox, shop->mailer, NULL, NULL, "{\"sent\":14,\"failed\":0,\"retried\":0,");
    assert_int_equal(shop->server.kept[3], 0);
    assert_int_equal(shop->server.mails, 14);
    assert_int_equal(
        shop_ask(shop->box, "SELECT count(*) FROM facteur_mail WHERE state = 'leased'"), 2);
}

static void a_stolen_mail_is_not_sent(void **state)
{
    before_each_relay(state, false, a_stolen_mail_is_not_sent_here);
}

static void a_relay_that_is_away_is_tried_later(void **state)
{
    struct outbox *box = *state;
    facteur_outbox *outbox = shop_open_box(box);
    facteur_mailer *mailer = open_mailer("smtp://127.0.0.1:1");

    shop_enqueue_many(outbox, mailer, 3);
    shop_work(outbox, mailer, NULL, NULL, "{\"sent\":0,\"failed\":0,\"retried\":3,");
    assert_int_equal(shop_ask(box, "SELECT count(*) FROM facteur_mail WHERE state = 'ready' AND "
                                   "attempts = 1 AND doubts = 0 AND reply <> '' AND "
                                   "next_at - created_at >= 20000000 AND "
                                   "result LIKE '{\"status\":\"temporary\"%'"),
                     3);
    facteur_mailer_free(mailer);
    facteur_outbox_close(outbox);
}

static void what_can_never_be_sent_is_kept(void **state)
{
    struct shop shop = {.server = {.features = "250-test\r\n250 SIZE 10\r\n"}};

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 6);
    shop_sql(shop.box, "UPDATE facteur_body SET bytes = zeroblob(9) WHERE id = 1;"
                       "DELETE FROM facteur_body WHERE id = 2;"
                       "UPDATE facteur_mail SET remaining = '0 7' WHERE id = 3;"
                       "UPDATE facteur_mail SET expires_at = 5 WHERE id IN (4, 6);"
                       "UPDATE facteur_mail SET attempts = 1, reply = '451 busy' WHERE id = 6");
    shop_work(shop.outbox, shop.mailer, NULL, NULL,
              "{\"sent\":0,\"failed\":4,\"retried\":0,\"expired\":2,");
    assert_int_equal(shop.server.mails, 0);
    assert_int_equal(shop_ask(shop.box,
                              "SELECT count(*) FROM facteur_mail WHERE "
                              "(id = 1 AND reply LIKE '%does not begin with%') OR "
                              "(id = 2 AND reply LIKE '%bytes of the mail are not there%') OR "
                              "(id = 3 AND reply LIKE '%remaining%') OR "
                              "(id = 4 AND state = 'expired' AND reply LIKE 'its time%') OR "
                              "(id = 6 AND state = 'expired' AND reply = '451 busy') OR "
                              "(id = 5 AND state = 'failed' AND reply <> '')"),
                     6);
    shop_close(&shop);
}

/* Asked to stop: what was not handed over is given back, the rest is in doubt after its grace. */
static void a_stop_gives_back(void **state)
{
    struct shop shop = {.server = {.features = PLAIN, .hold = true}};
    char *json = NULL;
    int ends[2], status = -1;
    pid_t stopper;

    shop_open(&shop, state);
    shop_enqueue_many(shop.outbox, shop.mailer, 20);
    assert_int_equal(pipe(ends), 0);
    stopper = fork();
    if (stopper == 0) {
        /* Until mails are on their way. */
        while (shop_ask(shop.box, "SELECT count(*) FROM facteur_mail WHERE state = 'in_doubt'") < 5)
            usleep(1000);
        EXPECT(write(ends[1], "x", 1) == 1);
        _exit(0);
    }
    assert_int_equal(
        facteur_outbox_work(shop.outbox, shop.mailer, 0, ends[0], 0.1, NULL, NULL, &json, NULL), 0);
    assert_non_null(strstr(json, "{\"sent\":0,\"failed\":0,\"retried\":5,"));
    facteur_free(json);
    waitpid(stopper, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(shop_ask(shop.box,
                              "SELECT count(*) FROM facteur_mail WHERE state = 'ready' AND "
                              "lease_until IS NULL AND attempts = doubts"),
                     20);
    assert_int_equal(shop_ask(shop.box, "SELECT sum(doubts) FROM facteur_mail"), 5);
    shop.server.hold = false;
    shop_close(&shop);
    close(ends[0]);
    close(ends[1]);
}

/* ---- Verdicts -------------------------------------------------------------------------------- */

static struct fct_work *a_work(unsigned attempts)
{
    struct fct_claimed row = {.id = 7, .attempts = attempts, .expires_us = NOW + 3600 * SECOND};
    struct fct_work *work = fct_work_new(NULL, &row, 1);
    fct_buf bytes = {0};
    fct_mail *mail = NULL;
    struct fct_freeze facts = {.date_s = 1};
    facteur_message *message = shop_message("a@x.example, b@x.example, c@x.example");

    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    assert_int_equal(fct_mail_store(mail, &bytes, NULL), 0);
    assert_int_equal(fct_work_load(work, (fct_slice){bytes.ptr, bytes.len}, NULL, NULL), 0);
    fct_buf_done(&bytes);
    fct_mail_unref(mail);
    facteur_message_free(message);
    return work;
}

static void verdicts_become_states(void **state)
{
    static const struct {
        enum fct_class of_mail, of_each[3];
        enum fct_doubt_policy policy;
        int error;
        enum fct_row_state state;
        bool doubtful, uncounted;
        const char *remaining;
    } cases[] = {
        {FCT_SENT, {FCT_SENT, FCT_SENT, FCT_SENT}, 0, 0, FCT_ROW_SENT, false, false, NULL},
        {FCT_SENT, {FCT_SENT, FCT_PERMANENT, FCT_SENT}, 0, 0, FCT_ROW_SENT, false, false, NULL},
        {FCT_SENT,
         {FCT_TEMPORARY, FCT_PERMANENT, FCT_SENT},
         0,
         0,
         FCT_ROW_READY,
         false,
         false,
         "0"},
        {FCT_SENT,
         {FCT_SENT, FCT_TEMPORARY, FCT_IN_DOUBT},
         0,
         0,
         FCT_ROW_READY,
         true,
         false,
         "1 2"},
        {FCT_SENT,
         {FCT_SENT, FCT_SENT, FCT_IN_DOUBT},
         FCT_DOUBT_HOLD,
         0,
         FCT_ROW_SENT,
         true,
         false,
         NULL},
        {FCT_TEMPORARY,
         {FCT_TEMPORARY, FCT_TEMPORARY, FCT_TEMPORARY},
         0,
         FACTEUR_ECONNECT,
         FCT_ROW_READY,
         false,
         false,
         NULL},
        {FCT_TEMPORARY,
         {FCT_PERMANENT, FCT_TEMPORARY, FCT_TEMPORARY},
         0,
         FACTEUR_ETEMPORARY,
         FCT_ROW_READY,
         false,
         false,
         "1 2"},
        {FCT_TEMPORARY,
         {FCT_TEMPORARY, FCT_TEMPORARY, FCT_TEMPORARY},
         0,
         FACTEUR_ECLOSED,
         FCT_ROW_READY,
         false,
         true,
         NULL},
        {FCT_PERMANENT,
         {FCT_PERMANENT, FCT_PERMANENT, FCT_PERMANENT},
         0,
         FACTEUR_EPERMANENT,
         FCT_ROW_FAILED,
         false,
         false,
         NULL},
        {FCT_IN_DOUBT,
         {FCT_IN_DOUBT, FCT_IN_DOUBT, FCT_IN_DOUBT},
         0,
         FACTEUR_EINDOUBT,
         FCT_ROW_READY,
         true,
         false,
         NULL},
        {FCT_IN_DOUBT,
         {FCT_IN_DOUBT, FCT_IN_DOUBT, FCT_IN_DOUBT},
         FCT_DOUBT_HOLD,
         FACTEUR_EINDOUBT,
         FCT_ROW_HELD,
         true,
         false,
         NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fct_work *work = a_work(1);
        struct fct_recipient_outcome each[3] = {{.class = cases[i].of_each[0]},
                                                {.class = cases[i].of_each[1]},
                                                {.class = cases[i].of_each[2]}};
        fct_outcome outcome = {.class = cases[i].of_mail,
                               .error = cases[i].error,
                               .recipient_count = 3,
                               .recipients = each};

        fct_work_judge(work, &outcome, cases[i].policy, NOW, 0, 0);
        assert_int_equal(work->verdict.state, cases[i].state);
        assert_int_equal(work->verdict.doubtful, cases[i].doubtful);
        assert_int_equal(work->verdict.uncounted, cases[i].uncounted);
        if (cases[i].remaining)
            assert_string_equal(work->verdict.remaining, cases[i].remaining);
        else
            assert_null(work->verdict.remaining);
        if (cases[i].state == FCT_ROW_READY)
            assert_int_equal(work->verdict.next_us, cases[i].uncounted ? NOW : NOW + 22500000);
        fct_work_unref(work);
    }
}

/* The numbers stay those of the sealed mail, however often the rest grows smaller. */
static void what_remains_goes_on(void **state)
{
    struct fct_work *first = a_work(1), *work = fct_work_new(NULL, &first->row, 2);
    struct fct_recipient_outcome each[2] = {{.class = FCT_SENT}, {.class = FCT_TEMPORARY}};
    fct_outcome outcome = {.class = FCT_SENT, .recipient_count = 2, .recipients = each};
    fct_buf bytes = {0};
    facteur_error *error = NULL;

    assert_int_equal(fct_mail_store(first->task.mail, &bytes, NULL), 0);
    assert_int_equal(fct_work_load(work, (fct_slice){bytes.ptr, bytes.len}, "0 2", NULL), 0);
    assert_int_equal(fct_mail_recipient_count(work->task.mail), 2);
    assert_string_equal(fct_mail_recipient(work->task.mail, 1), "c@x.example");
    fct_work_judge(work, &outcome, FCT_DOUBT_RETRY, NOW, 0, 0);
    assert_string_equal(work->verdict.remaining, "2");
    fct_work_unref(work);
    for (size_t i = 0; i < 5; i++) {
        const char *const bad[] = {"", "3", "0 0 0 0", "x", "0,1"};

        work = fct_work_new(NULL, &first->row, 2);
        assert_refused(fct_work_load(work, (fct_slice){bytes.ptr, bytes.len}, bad[i], &error),
                       FACTEUR_EMESSAGE, &error, "are no recipients");
        fct_work_unref(work);
    }
    fct_buf_done(&bytes);
    fct_work_unref(first);
}

#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(a_queued_mail_has_a_receipt),
        OUTBOX_TEST(a_letter_has_its_own_key),
        OUTBOX_TEST(what_cannot_be_queued_is_refused),
        cmocka_unit_test(all_is_sent_once),
        OUTBOX_TEST(a_full_window_is_filled_at_once),
        cmocka_unit_test(the_doubt_is_on_record_before_the_terminator),
        OUTBOX_TEST(without_a_record_nothing_leaves),
        OUTBOX_TEST(a_verdict_waits_for_its_record),
        OUTBOX_TEST(large_mails_take_turns),
        cmocka_unit_test(a_stolen_mail_is_not_sent),
        OUTBOX_TEST(a_relay_that_is_away_is_tried_later),
        OUTBOX_TEST(what_can_never_be_sent_is_kept),
        OUTBOX_TEST(a_stop_gives_back),
        cmocka_unit_test(verdicts_become_states),
        cmocka_unit_test(what_remains_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
