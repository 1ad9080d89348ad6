/* SPDX-License-Identifier: MIT */
/*
 * Sending with the option outbox: the mail is put there first.  A worker gets it if one is alive,
 * else its caller tries it; the doubt is on record first, and the verdict after it, also a late
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "facteur.h"
#include "mailer/own_try.h"
#include "mailer/prepare.h"
#include "support/mailer_fixture.h"
#include "support/outbox_fixture.h"
#include "support/smtp_peer.h"

/* The library of SQLite calls this one.  How many syncs fail from now on. */
static _Atomic int failing_syncs;
__attribute__((visibility("default"))) int fdatasync(int fd);

int fdatasync(int fd)
{
    if (failing_syncs > 0) {
        failing_syncs--;
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

#define CHUNKED "250-test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n"

/* A mailer with an outbox, before a server of its own. */
struct shop {
    struct outbox *box;
    struct server server;
    facteur_mailer *mailer;
    const char *in_doubt;
};

static facteur_mailer *open_with(const char *dsn, const char *url, const char *in_doubt)
{
    const char *names[] = {"outbox", "in_doubt"}, *values[] = {url, in_doubt};
    facteur_mailer *mailer = NULL;

    assert_int_equal(facteur_mailer_new(dsn, names, values, 2, &mailer, NULL), 0);
    return mailer;
}

static void shop_open(struct shop *shop, void **state)
{
    char dsn[64];

    shop->box = *state;
    shop->server.features = CHUNKED;
    server_start(&shop->server);
    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u", shop->server.port);
    shop->mailer = open_with(dsn, shop->box->url, shop->in_doubt ? shop->in_doubt : "retry");
}

static void shop_close(struct shop *shop)
{
    facteur_mailer_free(shop->mailer);
    server_stop(&shop->server);
}

static facteur_receipt *send_within(facteur_mailer *mailer, double deadline)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    if (facteur_send(mailer, message, deadline, &receipt, &error))
        fail_msg("%s", facteur_error_sentence(error));
    facteur_message_free(message);
    return receipt;
}

static bool has_note(const facteur_receipt *receipt, const char *words)
{
    for (size_t i = 0; i < facteur_receipt_note_count(receipt); i++) {
        if (strstr(facteur_receipt_note(receipt, i), words))
            return true;
    }
    return false;
}

static void assert_row(struct shop *shop, int64_t id, enum fct_row_state state, unsigned attempts,
                       unsigned doubts)
{
    struct fct_store_rows rows = row_of(shop->box->store, id);

    assert_string_equal(fct_row_state_word(rows.rows[0].state), fct_row_state_word(state));
    assert_int_equal(rows.rows[0].attempts, attempts);
    assert_int_equal(rows.rows[0].doubts, doubts);
    fct_store_rows_done(&rows);
}

static void without_a_worker_the_caller_sends(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;
    struct fct_store_rows rows;

    shop_open(&shop, state);
    receipt = send_within(shop.mailer, 10);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    assert_string_equal(facteur_receipt_outbox_id(receipt), "1");
    assert_int_equal(facteur_receipt_note_count(receipt), 0);
    assert_row(&shop, 1, FCT_ROW_SENT, 1, 0);
    rows = row_of(shop.box->store, 1);
    assert_string_equal(rows.rows[0].owner, "");
    assert_non_null(strstr(rows.rows[0].relay, "smtp://127.0.0.1"));
    assert_non_null(strstr(rows.rows[0].result, "\"status\":\"sent\""));
    fct_store_rows_done(&rows);
    assert_int_equal(shop.server.mails, 1);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

static void a_worker_that_is_alive_gets_it(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    assert_int_equal(fct_store_announce(shop.box->store, true, NULL), 0);
    receipt = send_within(shop.mailer, 10);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_string_equal(facteur_receipt_queue_id(receipt), "1");
    assert_row(&shop, 1, FCT_ROW_READY, 0, 0);
    assert_int_equal(shop.server.connections, 0);
    facteur_receipt_free(receipt);
    assert_int_equal(fct_store_announce(shop.box->store, false, NULL), 0);
    receipt = send_within(shop.mailer, 10);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

static void a_relay_that_is_away_leaves_it_to_the_outbox(void **state)
{
    struct outbox *box = *state;
    struct shop shop = {.box = box};
    facteur_receipt *receipt;

    shop.mailer = open_with("smtp://127.0.0.1:1", box->url, "retry");
    receipt = send_within(shop.mailer, 5);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_true(facteur_receipt_ok(receipt));
    assert_true(facteur_receipt_durable(receipt));
    assert_int_equal(facteur_receipt_error_code(receipt), 0);
    assert_true(has_note(receipt, "a first try: "));
    assert_true(has_note(receipt, "tried again"));
    assert_row(&shop, 1, FCT_ROW_READY, 1, 0);
    facteur_receipt_free(receipt);
    facteur_mailer_free(shop.mailer);
}

static void a_configuration_that_cannot_be_used_loses_no_mail(void **state)
{
    struct outbox *box = *state;
    struct shop shop = {.box = box};
    facteur_receipt *receipt;

    shop.mailer = open_with("smtps://127.0.0.1:1?ca_file=/nonexistent/ca.pem", box->url, "retry");
    receipt = send_within(shop.mailer, 5);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_true(has_note(receipt, "ca_file"));
    assert_row(&shop, 1, FCT_ROW_READY, 0, 0);
    facteur_receipt_free(receipt);
    facteur_mailer_free(shop.mailer);
}

/* ---- Late verdicts --------------------------------------------------------------------------- */

static facteur_receipt *send_unanswered(struct shop *shop)
{
    facteur_receipt *receipt;

    atomic_store(&shop->server.hold, true);
    receipt = send_within(shop->mailer, 1);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_true(has_note(receipt, "handed over"));
    assert_int_equal(facteur_receipt_in_doubt_count(receipt), 1);
    assert_row(shop, 1, FCT_ROW_IN_DOUBT, 1, 0);
    return receipt;
}

static void a_late_verdict_lands_in_the_row(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    receipt = send_unanswered(&shop);
    atomic_store(&shop.server.hold, false);
    for (int i = 0; i < 50 && state_of(shop.box->store, 1) == FCT_ROW_IN_DOUBT; i++)
        facteur_receipt_free(send_within(shop.mailer, 10));
    assert_row(&shop, 1, FCT_ROW_SENT, 1, 0);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

static void a_close_waits_for_a_late_verdict(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    receipt = send_unanswered(&shop);
    atomic_store(&shop.server.hold, false);
    facteur_mailer_close(shop.mailer, 10);
    assert_row(&shop, 1, FCT_ROW_SENT, 1, 0);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

static void a_verdict_that_never_comes_is_a_doubt(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    receipt = send_unanswered(&shop);
    facteur_mailer_close(shop.mailer, 0);
    assert_row(&shop, 1, FCT_ROW_READY, 1, 1);
    facteur_receipt_free(receipt);
    atomic_store(&shop.server.hold, false);
    shop_close(&shop);
}

static void a_doubt_is_held_where_that_is_asked_for(void **state)
{
    struct shop shop = {.in_doubt = "hold"};
    enum fct_row_state before = FCT_ROW_READY;
    fct_store *store;
    bool done = false;

    shop_open(&shop, state);
    store = shop.box->store;
    facteur_receipt_free(send_unanswered(&shop));
    facteur_mailer_close(shop.mailer, 0);
    assert_row(&shop, 1, FCT_ROW_HELD, 1, 1);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(
        fct_store_act(store, FCT_ROW_RELEASE, 1, fct_clock_date_us(), &before, &done, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_true(done);
    assert_int_equal(state_of(store, 1), FCT_ROW_READY);
    atomic_store(&shop.server.hold, false);
    shop_close(&shop);
}

/* ---- Outboxes that cannot be used -------------------------------------------------------------
 */

static void an_outbox_that_is_locked_stops_no_mail(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    assert_int_equal(fct_store_begin(shop.box->store, NULL), 0);
    receipt = send_within(shop.mailer, 2);
    fct_store_rollback(shop.box->store);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    assert_true(has_note(receipt, "tried without the outbox: outbox: "));
    assert_string_equal(facteur_receipt_outbox_id(receipt), "");
    facteur_receipt_free(receipt);
    receipt = send_within(shop.mailer, 10);
    assert_string_equal(facteur_receipt_outbox_id(receipt), "1");
    facteur_receipt_free(receipt);
    assert_int_equal(shop.server.mails, 2);
    shop_close(&shop);
}

static void an_outbox_that_is_gone_stops_no_mail(void **state)
{
    struct shop shop = {0};
    facteur_mailer *before;
    facteur_receipt *receipt;
    char dsn[64];

    shop_open(&shop, state);
    before = shop.mailer;
    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u", shop.server.port);
    shop.mailer = open_with(dsn, "sqlite:///nonexistent/folder/outbox.db", "retry");
    receipt = send_within(shop.mailer, 5);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    assert_true(has_note(receipt, "/nonexistent/folder"));
    facteur_receipt_free(receipt);
    facteur_mailer_free(before);
    shop_close(&shop);
}

static const char order[] =
    "{\"number\": \"7\", \"currency\": \"EUR\", \"merchant\": {\"name\": \"Shop\", \"email\": "
    "\"shop@example.com\"}, \"customer\": {\"email\": \"ana@example.net\"}, \"items\": [{\"name\": "
    "\"Tea\", \"quantity\": 1, \"unit_price\": \"1.00\"}]}";

/* ---- Commits that the disk does not confirm ----------------------------------------------------
 */

/* The doubt's commit confirms it, once the log is whole again. */
static void a_commit_that_is_not_confirmed_is_gone_on_with(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    facteur_receipt_free(send_within(shop.mailer, 10));
    failing_syncs = 1;
    receipt = send_within(shop.mailer, 10);
    assert_int_equal(failing_syncs, 0);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_SENT);
    assert_string_equal(facteur_receipt_outbox_id(receipt), "2");
    assert_row(&shop, 2, FCT_ROW_SENT, 1, 0);
    assert_int_equal(shop.server.mails, 2);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

static void without_a_doubt_on_record_nothing_leaves(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    facteur_receipt_free(send_within(shop.mailer, 10));
    failing_syncs = 1000;
    receipt = send_within(shop.mailer, 10);
    failing_syncs = 0;
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_false(facteur_receipt_durable(receipt));
    assert_true(has_note(receipt, "did not confirm"));
    assert_true(has_note(receipt, "could not record"));
    assert_int_equal(shop.server.mails, 1);
    facteur_receipt_free(receipt);
    /* The next send records it. */
    facteur_receipt_free(send_within(shop.mailer, 10));
    assert_row(&shop, 2, FCT_ROW_READY, 0, 0);
    assert_int_equal(shop.server.mails, 2);
    shop_close(&shop);
}

static facteur_receipt *confirm_order(struct shop *shop, const char *json)
{
    facteur_receipt *receipt = NULL;

    assert_int_equal(facteur_send_letter(shop->mailer, "order_confirmation", json, strlen(json),
                                         NULL, 0, 10, &receipt, NULL),
                     0);
    return receipt;
}

static void a_duplicate_that_is_not_confirmed_is_not_sent(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    facteur_receipt_free(confirm_order(&shop, order));
    failing_syncs = 1;
    receipt = confirm_order(&shop, order);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_DUPLICATE);
    assert_false(facteur_receipt_durable(receipt));
    assert_int_equal(shop.server.mails, 1);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

/* ---- Bars -------------------------------------------------------------------------------------
 */

static void bar(struct shop *shop, enum fct_bar_what what, const char *name)
{
    fct_store *store = shop->box->store;
    struct fct_bar bar = {.name = (char *)name,
                          .until_us = fct_clock_date_us() + 3600 * SECOND,
                          .reason = (char *)"no",
                          .created_us = fct_clock_date_us()};

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_bar(store, what, &bar, fct_clock_date_us(), NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
}

static void a_barred_mail_is_left_to_a_worker(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    facteur_receipt_free(send_within(shop.mailer, 10));
    bar(&shop, FCT_BAR_RELAY, facteur_mailer_name(shop.mailer));
    receipt = send_within(shop.mailer, 10);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_row(&shop, 2, FCT_ROW_READY, 0, 0);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

static void a_suppressed_recipient_gets_nothing(void **state)
{
    struct shop shop = {0};
    facteur_receipt *receipt;

    shop_open(&shop, state);
    bar(&shop, FCT_BAR_ADDRESS, "ana@x.example");
    receipt = send_within(shop.mailer, 10);
    assert_int_equal(facteur_receipt_status(receipt), FACTEUR_QUEUED);
    assert_row(&shop, 1, FCT_ROW_READY, 0, 0);
    assert_int_equal(shop.server.mails, 0);
    facteur_receipt_free(receipt);
    shop_close(&shop);
}

/* ---- Keys and leases --------------------------------------------------------------------------
 */

static void an_order_is_confirmed_once(void **state)
{
    struct shop shop = {0};
    facteur_receipt *first = NULL, *second = NULL;

    shop_open(&shop, state);
    assert_int_equal(facteur_send_letter(shop.mailer, "order_confirmation", order, strlen(order),
                                         NULL, 0, 10, &first, NULL),
                     0);
    assert_int_equal(facteur_send_letter(shop.mailer, "order_confirmation", order, strlen(order),
                                         NULL, 0, 10, &second, NULL),
                     0);
    assert_int_equal(facteur_receipt_status(first), FACTEUR_SENT);
    assert_string_equal(facteur_receipt_key(first), "order_confirmation:Shop:7");
    assert_int_equal(facteur_receipt_status(second), FACTEUR_DUPLICATE);
    assert_string_equal(facteur_receipt_message_id(second), facteur_receipt_message_id(first));
    assert_int_equal(shop.server.mails, 1);
    facteur_receipt_free(first);
    facteur_receipt_free(second);
    shop_close(&shop);
}

/* A caller that stood still for longer than its lease. */
static void a_lost_lease_sends_nothing_and_changes_nothing(void **state)
{
    struct shop shop = {0};
    struct fct_rescued rescued = {0};
    facteur_message *message = make_message();
    struct fct_prepared prepared;
    struct fct_own_try *own = NULL;
    fct_store *store;
    bool mine = true;

    shop_open(&shop, state);
    store = shop.box->store;
    assert_int_equal(fct_prepare(&shop.mailer->engine->plan, message, 0, &prepared, NULL), 0);
    assert_int_equal(fct_own_put(shop.mailer->engine, message, prepared.mail, prepared.receipt,
                                 fct_clock_now_us() + 1000000, &own, NULL),
                     0);
    assert_non_null(own);
    assert_true(fct_own_doubt(shop.mailer->engine, &own, &mine, 1));
    assert_true(mine);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_rescue(store, fct_clock_date_us() + 3600 * SECOND, FCT_DOUBT_RETRY,
                                      &rescued, NULL),
                     0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(rescued.ready, 1);
    assert_true(fct_own_doubt(shop.mailer->engine, &own, &mine, 1));
    assert_false(mine);
    fct_own_end(own, prepared.receipt);
    assert_row(&shop, 1, FCT_ROW_READY, 1, 1);
    facteur_receipt_free(prepared.receipt);
    fct_mail_unref(prepared.mail);
    facteur_message_free(message);
    shop_close(&shop);
}

static void a_delivery_that_nobody_waits_for_is_given_back(void **state)
{
    struct shop shop = {0};
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;

    shop_open(&shop, state);
    assert_int_equal(facteur_submit(shop.mailer, message, 10, 0, &delivery, NULL), 0);
    assert_row(&shop, 1, FCT_ROW_LEASED, 1, 0);
    facteur_delivery_free(delivery);
    facteur_mailer_close(shop.mailer, 0);
    assert_row(&shop, 1, FCT_ROW_READY, 0, 0);
    facteur_message_free(message);
    shop_close(&shop);
}

static void without_memory_no_mail_is_sent_twice(void **state)
{
    struct shop shop = {0};
    facteur_message *message = make_message();
    bool failed = true;

    shop_open(&shop, state);
    facteur_receipt_free(send_within(shop.mailer, 10));
    for (size_t nth = 1; failed; nth++) {
        int before = shop.server.mails;
        facteur_receipt *receipt = NULL;

        fct_memory_fail_at(nth);
        facteur_send(shop.mailer, message, 10, &receipt, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_true(shop.server.mails <= before + 1);
        if (receipt && facteur_receipt_status(receipt) == FACTEUR_SENT)
            assert_int_equal(shop.server.mails, before + 1);
        facteur_receipt_free(receipt);
    }
    facteur_message_free(message);
    shop_close(&shop);
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOX(without_a_worker_the_caller_sends),
        WITH_BOX(a_worker_that_is_alive_gets_it),
        WITH_BOX(a_relay_that_is_away_leaves_it_to_the_outbox),
        WITH_BOX(a_configuration_that_cannot_be_used_loses_no_mail),
        WITH_BOX(a_late_verdict_lands_in_the_row),
        WITH_BOX(a_close_waits_for_a_late_verdict),
        WITH_BOX(a_verdict_that_never_comes_is_a_doubt),
        WITH_BOX(a_doubt_is_held_where_that_is_asked_for),
        WITH_BOX(an_outbox_that_is_locked_stops_no_mail),
        WITH_BOX(an_outbox_that_is_gone_stops_no_mail),
        WITH_BOX(a_commit_that_is_not_confirmed_is_gone_on_with),
        WITH_BOX(without_a_doubt_on_record_nothing_leaves),
        WITH_BOX(a_duplicate_that_is_not_confirmed_is_not_sent),
        WITH_BOX(a_barred_mail_is_left_to_a_worker),
        WITH_BOX(a_suppressed_recipient_gets_nothing),
        WITH_BOX(an_order_is_confirmed_once),
        WITH_BOX(a_lost_lease_sends_nothing_and_changes_nothing),
        WITH_BOX(a_delivery_that_nobody_waits_for_is_given_back),
        WITH_BOX(without_memory_no_mail_is_sent_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
