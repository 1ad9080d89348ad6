/* SPDX-License-Identifier: MIT */
/* outbox/store: the events of rows and the bars, in any kind of database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/outbox_fixture.h"

static void assert_events(fct_store *store, int64_t id, const char *expected)
{
    struct fct_events events = {0};
    char all[256] = "";

    assert_int_equal(fct_store_events(store, id, &events, NULL), 0);
    for (size_t i = 0; i < events.count; i++) {
        strcat(all, events.events[i].what);
        strcat(all, events.events[i].text[0] ? ":" : "");
        strcat(all, events.events[i].text);
        strcat(all, " ");
        assert_true(events.events[i].at_us >= NOW);
    }
    fct_events_done(&events);
    assert_string_equal(all, expected);
}

static void rows_keep_their_events(void **state)
{
    struct outbox *box = *state;
    fct_store *store = box->store;
    int64_t id = put_key(store, "order-1"), other = put_key(store, "order-2"), fence;
    struct fct_event event = {.at_us = NOW, .what = (char *)"bounced", .text = (char *)"gone"};
    struct fct_rescued rescued;
    struct fct_claimed claimed[2];

    claim_some(store, 2, NOW, &fence, claimed);
    assert_true(settle_as(store, fence, id, FCT_ROW_READY));
    assert_false(settle_as(store, fence, id, FCT_ROW_FAILED)); /* it has no lease any more */
    assert_true(doubt_one(store, fence, other));
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_rescue(store, NOW + 100 * SECOND, FCT_DOUBT_RETRY, &rescued, NULL),
                     0);
    assert_int_equal(fct_store_note(store, other, fence + 1, &event, NULL), 0);
    assert_int_equal(fct_store_note(store, other, 0, &event, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    claim_some(store, 1, NOW + 200 * SECOND, &fence, claimed);
    assert_true(settle_as(store, fence, claimed[0].id, FCT_ROW_SENT));
    assert_events(store, id, "deferred:said ");
    assert_events(store, other, "in_doubt:worker bounced:gone ");
}

static void set_bar(fct_store *store, enum fct_bar_what what, const char *name, int64_t until_us,
                    const char *reason)
{
    struct fct_bar bar = {
        .name = (char *)(size_t)name, .until_us = until_us, .reason = (char *)(size_t)reason};

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_bar(store, what, &bar, NOW, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
}

static void bars_are_set_and_dropped(void **state)
{
    struct outbox *box = *state;
    fct_store *store = box->store;
    struct fct_bars bars = {0};
    bool found = false;

    set_bar(store, FCT_BAR_ADDRESS, "b@example.com", 0, "hand");
    set_bar(store, FCT_BAR_ADDRESS, "a@example.com", 0, "first");
    set_bar(store, FCT_BAR_ADDRESS, "a@example.com", 0, "second");
    set_bar(store, FCT_BAR_RELAY, "smtp://x", NOW + SECOND, "550");
    assert_int_equal(fct_store_bars(store, FCT_BAR_ADDRESS, NULL, "", 10, &bars, NULL), 0);
    assert_int_equal(bars.count, 2);
    assert_string_equal(bars.bars[0].name, "a@example.com");
    assert_string_equal(bars.bars[0].reason, "second");
    assert_int_equal(bars.bars[0].times, 2);
    assert_int_equal(bars.bars[0].until_us, 0);
    assert_int_equal(bars.bars[0].created_us, NOW);
    fct_bars_done(&bars);
    assert_int_equal(fct_store_bars(store, FCT_BAR_ADDRESS, NULL, "a@example.com", 10, &bars, NULL),
                     0);
    assert_int_equal(bars.count, 1);
    fct_bars_done(&bars);
    assert_int_equal(fct_store_bars(store, FCT_BAR_RELAY, "smtp://x", "", 10, &bars, NULL), 0);
    assert_int_equal(bars.count, 1);
    assert_int_equal(bars.bars[0].until_us, NOW + SECOND);
    fct_bars_done(&bars);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fct_store_begin(store, NULL), 0);
        assert_int_equal(fct_store_unbar(store, FCT_BAR_ADDRESS, "a@example.com", &found, NULL), 0);
        assert_int_equal(fct_store_commit(store, NULL), 0);
        assert_int_equal(found, i == 0);
    }
}

static void rows_are_found_by_their_message_id(void **state)
{
    struct outbox *box = *state;
    struct fct_store_mail mail = a_mail("order-1");
    struct fct_store_filter filter = {.message_id = "77@example.com", .limit = 10};
    struct fct_store_rows rows = {0};

    put_key(box->store, "order-2");
    mail.message_id = "77@example.com";
    mail.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    put_mail(box->store, &mail);
    assert_int_equal(fct_store_list(box->store, &filter, &rows, NULL), 0);
    assert_int_equal(rows.count, 1);
    assert_string_equal(rows.rows[0].key, "order-1");
    assert_string_equal(rows.rows[0].trace, mail.trace);
    fct_store_rows_done(&rows);
}

#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, store_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(rows_keep_their_events),
        OUTBOX_TEST(bars_are_set_and_dropped),
        OUTBOX_TEST(rows_are_found_by_their_message_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
