/* SPDX-License-Identifier: MIT */
/* outbox/store: the contract of every kind of database, on an empty outbox each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "outbox/schedule.h"
#include "support/outbox_fixture.h"

static fct_store *store_of(void **state)
{
    return ((struct outbox *)*state)->store;
}

/* ---- Enqueue --------------------------------------------------------------------------------- */

static void a_mail_is_kept_as_it_came(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, "order-1");
    struct fct_store_rows rows = row_of(store, id);
    const struct fct_store_row *row = rows.rows;
    fct_buf bytes = {0};
    bool found = false;
    char *remaining = NULL;

    assert_int_equal(row->state, FCT_ROW_READY);
    assert_string_equal(row->key, "order-1");
    assert_string_equal(row->kind, "order_confirmation");
    assert_string_equal(row->sender, "shop@example.com");
    assert_string_equal(row->recipients, "ann@example.net, bob@example.net");
    assert_string_equal(row->message_id, "1@example.com");
    assert_int_equal(row->size, 11);
    assert_int_equal(row->priority, 5);
    assert_int_equal(row->created_us, NOW);
    assert_int_equal(row->next_us, NOW);
    assert_int_equal(row->expires_us, NOW + 1000 * SECOND);
    assert_int_equal(row->ended_us, 0);
    assert_int_equal(row->attempts + row->crashes + row->doubts, 0);
    fct_store_rows_done(&rows);
    assert_int_equal(fct_store_bytes(store, id, &bytes, &found, &remaining, NULL), 0);
    assert_true(found);
    assert_int_equal(bytes.len, 11);
    assert_memory_equal(bytes.ptr, "sealed\0mail", 11);
    fct_buf_done(&bytes);
    assert_int_equal(fct_store_bytes(store, id + 1, &bytes, &found, &remaining, NULL), 0);
    assert_false(found);
}

/* Bring the row, which is the only ready one, into a state. */
static void lead_to(fct_store *store, int64_t id, enum fct_row_state state)
{
    struct fct_claimed claimed;
    int64_t fence = 0;

    if (state == FCT_ROW_READY)
        return;
    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(claimed.id, id);
    if (state == FCT_ROW_IN_DOUBT)
        assert_true(doubt_one(store, fence, id));
    else if (state != FCT_ROW_LEASED)
        assert_true(settle_as(store, fence, id, state));
    assert_int_equal(state_of(store, id), state);
}

static void a_key_is_taken_in_every_state_until_it_is_purged(void **state)
{
    fct_store *store = store_of(state);
    bool duplicate = false;
    size_t bytes, rows;
    int64_t id = 0;
    char key[24];

    /* The ready one comes last: it would be claimed before the others. */
    for (unsigned i = FCT_ROW_STATE_COUNT; i-- > 0;) {
        struct fct_store_mail mail = a_mail(key);
        int64_t first;

        snprintf(key, sizeof key, "order-%u", i);
        first = put_mail(store, &mail);
        lead_to(store, first, (enum fct_row_state)i);
        assert_int_equal(fct_store_begin(store, NULL), 0);
        assert_int_equal(fct_store_insert(store, &mail, NOW, &id, &duplicate, NULL), 0);
        assert_int_equal(fct_store_commit(store, NULL), 0);
        assert_true(duplicate);
        assert_int_equal(id, first);
    }
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_purge(store, NOW + 1, NOW + 1, 10, &bytes, &rows, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(rows, 4); /* sent, failed, expired and cancelled */
    assert_int_equal(bytes, 4);
    put_key(store, "order-3");
}

static void what_no_mail_may_have_is_refused(void **state)
{
    static const char long_key[] =
        "0123456789012345678901234567890123456789012345678901234567890123"
        "0123456789012345678901234567890123456789012345678901234567890123"
        "012345678901234567890123456789012345678901234567890123456789012";
    const char *const keys[] = {"", "a\nb", "\xff", long_key};
    fct_store *store = store_of(state);
    struct fct_store_mail mail = a_mail(NULL);
    facteur_error *error = NULL;
    bool duplicate;
    int64_t id;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        struct fct_store_mail keyed = a_mail(keys[i]);

        assert_refused(fct_store_insert(store, &keyed, NOW, &id, &duplicate, &error),
                       FACTEUR_EMESSAGE, &error, "key");
    }
    mail.priority = 10;
    assert_refused(fct_store_insert(store, &mail, NOW, &id, &duplicate, &error), FACTEUR_EMESSAGE,
                   &error, "priority: expected 0 (first) to 9 (last), got 10");
    mail = a_mail(NULL);
    mail.not_before_us = mail.expires_us;
    assert_refused(fct_store_insert(store, &mail, NOW, &id, &duplicate, &error), FACTEUR_EMESSAGE,
                   &error, "expires_at: the mail would expire before it may be sent");
    mail = a_mail(NULL);
    mail.expires_us = NOW;
    assert_refused(fct_store_insert(store, &mail, NOW, &id, &duplicate, &error), FACTEUR_EMESSAGE,
                   &error, "expires_at");
    fct_store_rollback(store);
}

static void a_rollback_leaves_nothing(void **state)
{
    fct_store *store = store_of(state);
    struct fct_store_mail mail = a_mail("order-1");
    struct fct_store_facts facts;
    bool duplicate;
    int64_t id;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_insert(store, &mail, NOW, &id, &duplicate, NULL), 0);
    fct_store_rollback(store);
    fct_store_rollback(store);
    assert_int_equal(fct_store_facts(store, &facts, NULL), 0);
    assert_int_equal(facts.count[FCT_ROW_READY], 0);
    put_mail(store, &mail);
}

static void many_mails_are_one_transaction(void **state)
{
    fct_store *store = store_of(state);
    struct fct_store_facts facts;
    bool duplicate;
    char key[24];
    int64_t id;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    for (int i = 0; i < 100; i++) {
        struct fct_store_mail mail = a_mail(key);

        snprintf(key, sizeof key, "order-%d", i % 60);
        assert_int_equal(fct_store_insert(store, &mail, NOW, &id, &duplicate, NULL), 0);
        assert_int_equal(duplicate, i >= 60);
    }
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(fct_store_facts(store, &facts, NULL), 0);
    assert_int_equal(facts.count[FCT_ROW_READY], 60);
}

/* ---- Claims ---------------------------------------------------------------------------------- */

static void claims_come_by_priority_and_time(void **state)
{
    static const struct {
        unsigned priority;
        int64_t wait_us;
    } mails[] = {{5, 0}, {9, 0}, {5, 3}, {0, 7}, {5, 1}, {0, 2}, {5, 99}};
    static const int order[] = {5, 3, 0, 4, 2, 1};
    fct_store *store = store_of(state);
    struct fct_claimed claimed[10];
    int64_t ids[7], fence = 0;

    for (int i = 0; i < 7; i++) {
        struct fct_store_mail mail = a_mail(NULL);

        mail.priority = mails[i].priority;
        mail.not_before_us = NOW + mails[i].wait_us * SECOND;
        ids[i] = put_mail(store, &mail);
    }
    assert_int_equal(claim_some(store, 10, NOW + 10 * SECOND, &fence, claimed), 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(claimed[i].id, ids[order[i]]);
        assert_int_equal(claimed[i].attempts, 1);
        assert_int_equal(claimed[i].priority, mails[order[i]].priority);
        assert_int_equal(claimed[i].expires_us, NOW + 1000 * SECOND);
    }
    assert_int_equal(claim_some(store, 10, NOW + 10 * SECOND, &fence, claimed), 0);
    assert_int_equal(fence, 0);
}

static void no_mail_is_claimed_twice_and_fences_grow(void **state)
{
    fct_store *store = store_of(state);
    struct fct_claimed claimed[10];
    int64_t last = 0, next = 0, fence = 0;

    for (int i = 0; i < 10; i++)
        put_key(store, NULL);
    for (int i = 0; i < 4; i++) {
        unsigned count = claim_some(store, 3, NOW, &fence, claimed);

        assert_int_equal(count, i < 3 ? 3 : 1);
        assert_true(fence > last);
        last = fence;
        for (unsigned k = 0; k < count; k++) {
            assert_true(claimed[k].id > next);
            next = claimed[k].id;
        }
    }
}

/* A row that comes before the cursor is found by who begins anew. */
static void a_cursor_goes_on_and_begins_anew(void **state)
{
    fct_store *store = store_of(state);
    struct fct_cursor cursor = {0};
    struct fct_claimed claimed[4];
    unsigned count = 0;
    int64_t fence, late;

    for (int i = 0; i < 4; i++) {
        struct fct_store_mail mail = a_mail(NULL);

        mail.not_before_us = NOW + 10 * SECOND;
        put_mail(store, &mail);
    }
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_claim(store, 2, "w", NOW + 20 * SECOND, NOW + 90 * SECOND, &cursor,
                                     &fence, claimed, &count, NULL),
                     0);
    assert_int_equal(count, 2);
    assert_int_equal(cursor.at[5].next_us, NOW + 10 * SECOND);
    assert_int_equal(cursor.at[5].id, claimed[1].id);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    late = put_key(store, NULL); /* its time lies before the cursor */
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_claim(store, 4, "w", NOW + 20 * SECOND, NOW + 90 * SECOND, &cursor,
                                     &fence, claimed, &count, NULL),
                     0);
    assert_int_equal(count, 2);
    assert_int_equal(fct_store_claim(store, 4, "w", NOW + 20 * SECOND, NOW + 90 * SECOND, &cursor,
                                     &fence, claimed, &count, NULL),
                     0);
    assert_int_equal(count, 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(claim_some(store, 4, NOW + 20 * SECOND, &fence, claimed), 1);
    assert_int_equal(claimed[0].id, late);
}

/* ---- Fences ---------------------------------------------------------------------------------- */

static struct fct_rescued rescue(fct_store *store, int64_t now_us, enum fct_doubt_policy policy)
{
    struct fct_rescued rescued;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_rescue(store, now_us, policy, &rescued, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    return rescued;
}

static void a_verdict_is_recorded(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, NULL), fence = 0;
    struct fct_claimed claimed;
    struct fct_settled verdict = {.state = FCT_ROW_SENT,
                                  .relay = "mx.example.net",
                                  .reply = "250 2.0.0 queued as 4XyZ",
                                  .result = "{\"status\":\"sent\"}"};
    struct fct_store_rows rows;
    size_t stale = 9;

    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    rows = row_of(store, id);
    assert_string_equal(rows.rows[0].owner, "worker");
    assert_int_equal(rows.rows[0].lease_us, NOW + 60 * SECOND);
    assert_int_equal(rows.rows[0].fence, fence);
    fct_store_rows_done(&rows);
    assert_true(doubt_one(store, fence, id));
    assert_int_equal(state_of(store, id), FCT_ROW_IN_DOUBT);
    assert_true(doubt_one(store, fence, id)); /* the same flight, on another connection */
    verdict.id = id;
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW + SECOND, &stale, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(stale, 0);
    rows = row_of(store, id);
    assert_int_equal(rows.rows[0].state, FCT_ROW_SENT);
    assert_string_equal(rows.rows[0].relay, "mx.example.net");
    assert_string_equal(rows.rows[0].reply, "250 2.0.0 queued as 4XyZ");
    assert_string_equal(rows.rows[0].result, "{\"status\":\"sent\"}");
    assert_string_equal(rows.rows[0].owner, "");
    assert_int_equal(rows.rows[0].lease_us, 0);
    assert_int_equal(rows.rows[0].ended_us, NOW + SECOND);
    assert_int_equal(rows.rows[0].attempts, 1);
    assert_int_equal(rows.rows[0].doubts, 0);
    fct_store_rows_done(&rows);
}

static void a_lost_lease_changes_nothing(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, NULL), old = 0, fence = 0;
    struct fct_claimed claimed;
    size_t kept = 9;

    assert_int_equal(claim_some(store, 1, NOW, &old, &claimed), 1);
    assert_int_equal(rescue(store, NOW + 61 * SECOND, FCT_DOUBT_RETRY).ready, 1);
    assert_false(doubt_one(store, old, id)); /* nobody has it */
    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(claimed.crashes, 1);
    assert_int_equal(claimed.attempts, 2);
    assert_false(doubt_one(store, old, id)); /* another one has it */
    assert_false(settle_as(store, old, id, FCT_ROW_FAILED));
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_renew(store, old, NOW + 900 * SECOND, &kept, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(kept, 0);
    assert_int_equal(state_of(store, id), FCT_ROW_LEASED);
    assert_true(doubt_one(store, fence, id));
    assert_true(settle_as(store, fence, id, FCT_ROW_SENT));
    assert_false(settle_as(store, fence, id, FCT_ROW_FAILED)); /* a verdict stands */
    assert_int_equal(state_of(store, id), FCT_ROW_SENT);
}

static void a_heartbeat_keeps_the_lease(void **state)
{
    fct_store *store = store_of(state);
    struct fct_claimed claimed[2];
    int64_t fence = 0;
    size_t kept = 0;

    put_key(store, NULL);
    put_key(store, NULL);
    assert_int_equal(claim_some(store, 2, NOW, &fence, claimed), 2);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_renew(store, fence, NOW + 120 * SECOND, &kept, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(kept, 2);
    assert_int_equal(rescue(store, NOW + 119 * SECOND, FCT_DOUBT_RETRY).ready, 0);
    assert_int_equal(rescue(store, NOW + 121 * SECOND, FCT_DOUBT_RETRY).ready, 2);
}

/* What a crash left in doubt is retried or held, and says so; a row that crashes goes aside. */
static void crashes_are_counted(void **state)
{
    fct_store *store = store_of(state);
    int64_t retried = put_key(store, NULL), held, fence = 0;
    struct fct_claimed claimed;
    struct fct_store_rows rows;

    for (unsigned i = 1; i <= FCT_CRASHES_MAX; i++) {
        assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
        assert_true(doubt_one(store, fence, retried));
        assert_int_equal(rescue(store, NOW + 61 * SECOND, FCT_DOUBT_RETRY).ready,
                         i < FCT_CRASHES_MAX);
    }
    rows = row_of(store, retried);
    assert_int_equal(rows.rows[0].state, FCT_ROW_QUARANTINED);
    assert_int_equal(rows.rows[0].crashes, FCT_CRASHES_MAX);
    assert_int_equal(rows.rows[0].doubts, FCT_CRASHES_MAX);
    fct_store_rows_done(&rows);
    held = put_key(store, NULL);
    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(claimed.id, held);
    assert_true(doubt_one(store, fence, held));
    assert_int_equal(rescue(store, NOW + 61 * SECOND, FCT_DOUBT_HOLD).held, 1);
    assert_int_equal(state_of(store, held), FCT_ROW_HELD);
    /* A lease alone leaves no doubt. */
    held = put_key(store, NULL);
    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(rescue(store, NOW + 61 * SECOND, FCT_DOUBT_HOLD).ready, 1);
    rows = row_of(store, held);
    assert_int_equal(rows.rows[0].doubts, 0);
    fct_store_rows_done(&rows);
}

static void a_mail_waits_for_its_next_attempt(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, NULL), fence = 0, ready_us = 0, lease_us = 9;
    struct fct_claimed claimed;
    struct fct_settled verdict = {
        .id = id, .state = FCT_ROW_READY, .next_us = NOW + 30 * SECOND, .doubtful = true};
    struct fct_store_rows rows;
    size_t stale;

    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(fct_store_next(store, &ready_us, &lease_us, NULL), 0);
    assert_int_equal(ready_us, 0);
    assert_int_equal(lease_us, NOW + 60 * SECOND);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    assert_int_equal(fct_store_next(store, &ready_us, &lease_us, NULL), 0);
    assert_int_equal(ready_us, NOW + 30 * SECOND);
    assert_int_equal(lease_us, 0);
    assert_int_equal(claim_some(store, 1, NOW + 29 * SECOND, &fence, &claimed), 0);
    assert_int_equal(claim_some(store, 1, NOW + 30 * SECOND, &fence, &claimed), 1);
    assert_int_equal(claimed.attempts, 2);
    assert_int_equal(claimed.doubts, 1);
    /* A worker that ends gives the attempt back. */
    verdict =
        (struct fct_settled){.id = id, .state = FCT_ROW_READY, .next_us = NOW, .uncounted = true};
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    rows = row_of(store, id);
    assert_int_equal(rows.rows[0].attempts, 1);
    assert_int_equal(rows.rows[0].next_us, NOW);
    fct_store_rows_done(&rows);
}

static void recipients_that_are_done_are_not_asked_again(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, NULL), fence = 0;
    struct fct_claimed claimed;
    struct fct_settled verdict = {.id = id, .state = FCT_ROW_READY, .remaining = "0 2"};
    char *remaining = NULL;
    fct_buf bytes = {0};
    bool found;
    size_t stale;

    /* Later verdicts without a word change nothing. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
        assert_int_equal(fct_store_begin(store, NULL), 0);
        assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
        assert_int_equal(fct_store_commit(store, NULL), 0);
        assert_int_equal(fct_store_bytes(store, id, &bytes, &found, &remaining, NULL), 0);
        assert_string_equal(remaining, "0 2");
        fct_free(remaining);
        fct_buf_done(&bytes);
        verdict.remaining = NULL;
    }
}

static void a_long_reply_is_cut_between_characters(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, NULL), fence = 0;
    struct fct_claimed claimed;
    struct fct_settled verdict = {.id = id, .state = FCT_ROW_FAILED};
    char reply[3000];
    struct fct_store_rows rows;
    size_t stale;

    reply[0] = '5';
    for (size_t i = 1; i + 1 < sizeof reply; i += 2)
        memcpy(reply + i, "\xc3\xa9", 2);
    reply[sizeof reply - 1] = '\0';
    verdict.reply = reply;
    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    rows = row_of(store, id);
    assert_int_equal(strlen(rows.rows[0].reply), FCT_STORE_REPLY_MAX - 1);
    fct_store_rows_done(&rows);
}

/* ---- Operators ------------------------------------------------------------------------------- */

static void only_what_makes_sense_is_done(void **state)
{
    /* "rlc": retry, release, cancel; capitals: possible. */
    static const char *const possible[FCT_ROW_STATE_COUNT] = {
        [FCT_ROW_READY] = "rlC", [FCT_ROW_LEASED] = "rlc",      [FCT_ROW_IN_DOUBT] = "rlc",
        [FCT_ROW_SENT] = "rlc",  [FCT_ROW_FAILED] = "Rlc",      [FCT_ROW_EXPIRED] = "Rlc",
        [FCT_ROW_HELD] = "rLC",  [FCT_ROW_QUARANTINED] = "RlC", [FCT_ROW_CANCELLED] = "Rlc"};
    fct_store *store = store_of(state);

    for (unsigned i = 0; i < FCT_ROW_STATE_COUNT; i++) {
        for (unsigned k = 0; k < FCT_ROW_ACTION_COUNT; k++) {
            int64_t id = put_key(store, NULL);
            enum fct_row_state was = FCT_ROW_STATE_COUNT;
            bool done = false;

            lead_to(store, id, (enum fct_row_state)i);
            assert_int_equal(fct_store_begin(store, NULL), 0);
            assert_int_equal(fct_store_act(store, (enum fct_row_action)k, id, NOW + 2000 * SECOND,
                                           &was, &done, NULL),
                             0);
            assert_int_equal(fct_store_commit(store, NULL), 0);
            assert_int_equal(was, i);
            assert_int_equal(done, possible[i][k] < 'a');
            if (done) {
                struct fct_store_rows rows = row_of(store, id);

                assert_int_equal(rows.rows[0].state,
                                 k == FCT_ROW_CANCEL ? FCT_ROW_CANCELLED : FCT_ROW_READY);
                assert_int_equal(rows.rows[0].ended_us,
                                 k == FCT_ROW_CANCEL ? NOW + 2000 * SECOND : 0);
                /* It had expired; now it has the same time once more. */
                if (k != FCT_ROW_CANCEL)
                    assert_int_equal(rows.rows[0].expires_us, NOW + 3000 * SECOND);
                fct_store_rows_done(&rows);
            }
            /* Out of the next claim's way. */
            assert_int_equal(fct_store_begin(store, NULL), 0);
            assert_int_equal(fct_store_act(store, FCT_ROW_CANCEL, id, NOW, &was, &done, NULL), 0);
            assert_int_equal(fct_store_commit(store, NULL), 0);
        }
    }
}

static void a_mail_without_bytes_stays_ended(void **state)
{
    fct_store *store = store_of(state);
    int64_t id = put_key(store, NULL), fence = 0;
    enum fct_row_state was;
    struct fct_claimed claimed;
    facteur_error *error = NULL;
    size_t bytes, rows;
    bool done = true;

    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_true(settle_as(store, fence, id, FCT_ROW_FAILED));
    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_purge(store, NOW, NOW, 10, &bytes, &rows, NULL), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(rows, 0);
    assert_int_equal(fct_store_purge(store, NOW + 1, NOW, 10, &bytes, &rows, NULL), 0);
    assert_int_equal(bytes, 1);
    assert_int_equal(fct_store_act(store, FCT_ROW_RETRY, id, NOW, &was, &done, NULL), 0);
    assert_false(done);
    assert_refused(fct_store_act(store, FCT_ROW_RETRY, 999, NOW, &was, &done, &error),
                   FACTEUR_EMESSAGE, &error, "there is no mail 999");
    assert_int_equal(fct_store_commit(store, NULL), 0);
}

static void rows_are_listed(void **state)
{
    fct_store *store = store_of(state);
    struct fct_store_filter filter = {.limit = 3};
    struct fct_store_rows rows = {0};
    struct fct_store_facts facts;
    struct fct_claimed claimed[2];
    facteur_error *error = NULL;
    int64_t fence = 0;
    char key[24];

    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "order-%d", i);
        put_key(store, key);
    }
    for (size_t seen = 0; seen < 40; seen = rows.count) {
        filter.after = seen ? rows.rows[seen - 1].id : 0;
        assert_int_equal(fct_store_list(store, &filter, &rows, NULL), 0);
        assert_true(rows.count > seen);
    }
    assert_string_equal(rows.rows[39].key, "order-39");
    fct_store_rows_done(&rows);
    assert_int_equal(claim_some(store, 2, NOW, &fence, claimed), 2);
    filter = (struct fct_store_filter){.state = "leased", .limit = 100};
    assert_int_equal(fct_store_list(store, &filter, &rows, NULL), 0);
    assert_int_equal(rows.count, 2);
    fct_store_rows_done(&rows);
    filter = (struct fct_store_filter){.key = "order-7", .limit = 100};
    assert_int_equal(fct_store_list(store, &filter, &rows, NULL), 0);
    assert_int_equal(rows.count, 1);
    fct_store_rows_done(&rows);
    filter = (struct fct_store_filter){.id = 99, .limit = 1};
    assert_int_equal(fct_store_list(store, &filter, &rows, NULL), 0);
    assert_int_equal(rows.count, 0);
    filter = (struct fct_store_filter){.id = 0, .state = "asleep", .limit = 1};
    assert_refused(fct_store_list(store, &filter, &rows, &error), FACTEUR_EMESSAGE, &error,
                   "there is no \"asleep\"");
    assert_int_equal(fct_store_facts(store, &facts, NULL), 0);
    assert_int_equal(facts.count[FCT_ROW_READY], 38);
    assert_int_equal(facts.count[FCT_ROW_LEASED], 2);
    assert_int_equal(facts.oldest_us, NOW);
    assert_int_equal(facts.schema, FCT_STORE_SCHEMA);
}

/* Rows of a worker that died wait, too: from the end of their lease. */
static void leased_rows_wait(void **state)
{
    struct outbox *box = *state;
    struct fct_store_facts facts;
    struct fct_claimed claimed[1];
    int64_t fence;

    put_key(box->store, NULL);
    assert_int_equal(claim_some(box->store, 1, NOW, &fence, claimed), 1);
    assert_int_equal(fct_store_facts(box->store, &facts, NULL), 0);
    assert_int_equal(facts.count[FCT_ROW_LEASED], 1);
    assert_int_equal(facts.oldest_us, NOW + 60 * SECOND);
}

/* ---- Around it ------------------------------------------------------------------------------- */

static void memory_that_runs_out_is_an_error(void **state)
{
    struct outbox *box = *state;
    struct fct_store_filter filter = {.limit = 100};
    int64_t id = put_key(box->store, "order-1");

    for (unsigned long n = 1;; n++) {
        struct fct_store_rows rows = {0};
        fct_store *other = NULL;
        fct_buf bytes = {0};
        bool found;
        char *remaining = NULL;
        int result;

        fct_memory_fail_at(n);
        result = fct_store_open(box->url, false, &other, NULL);
        if (!result)
            result = fct_store_list(other, &filter, &rows, NULL);
        if (!result)
            result = fct_store_bytes(other, id, &bytes, &found, &remaining, NULL);
        fct_store_rows_done(&rows);
        fct_buf_done(&bytes);
        fct_free(remaining);
        fct_store_close(other);
        if (!fct_memory_failed())
            break;
        assert_int_equal(result, FACTEUR_ENOMEM);
    }
    fct_memory_fail_at(0);
}

static void a_url_of_no_outbox_is_refused(void **state)
{
    fct_store *store = NULL;
    facteur_error *error = NULL;
    unsigned from;

    assert_refused(fct_store_open("redis://:secret@cache/1", true, &store, &error), FACTEUR_ECONFIG,
                   &error, "got one that begins with \"redis\"");
    assert_refused(fct_store_migrate("outbox.db", &from, &error), FACTEUR_ECONFIG, &error,
                   "sqlite:///var/lib/shop/outbox.db");
    fct_store_close(NULL);
}

static void attempts_come_ever_more_rarely(void **state)
{
    static const int64_t waits[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600};

    for (unsigned i = 0; i < 9; i++) {
        int64_t wait_us = waits[i] * SECOND;

        assert_int_equal(fct_schedule_next(NOW, i + 1, 0, 0), NOW + wait_us - wait_us / 4);
        for (uint32_t random = 1; random; random *= 3) {
            int64_t at = fct_schedule_next(NOW, i + 1, 0, random) - NOW;

            assert_true(at >= wait_us - wait_us / 4 && at < wait_us + wait_us / 4);
            if (random > UINT32_MAX / 3)
                break;
        }
    }
    assert_true(fct_schedule_next(NOW, 4000000000u, 0, UINT32_MAX) > NOW);
    assert_int_equal(fct_schedule_next(NOW, 1, NOW + 22 * SECOND, 0), 0);
    assert_int_equal(fct_schedule_next(NOW, 1, NOW + 23 * SECOND, 0), NOW + 22500000);
}

#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, store_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(a_mail_is_kept_as_it_came),
        OUTBOX_TEST(a_key_is_taken_in_every_state_until_it_is_purged),
        OUTBOX_TEST(what_no_mail_may_have_is_refused),
        OUTBOX_TEST(a_rollback_leaves_nothing),
        OUTBOX_TEST(many_mails_are_one_transaction),
        OUTBOX_TEST(claims_come_by_priority_and_time),
        OUTBOX_TEST(no_mail_is_claimed_twice_and_fences_grow),
        OUTBOX_TEST(a_cursor_goes_on_and_begins_anew),
        OUTBOX_TEST(a_verdict_is_recorded),
        OUTBOX_TEST(a_lost_lease_changes_nothing),
        OUTBOX_TEST(a_heartbeat_keeps_the_lease),
        OUTBOX_TEST(crashes_are_counted),
        OUTBOX_TEST(a_mail_waits_for_its_next_attempt),
        OUTBOX_TEST(recipients_that_are_done_are_not_asked_again),
        OUTBOX_TEST(a_long_reply_is_cut_between_characters),
        OUTBOX_TEST(only_what_makes_sense_is_done),
        OUTBOX_TEST(a_mail_without_bytes_stays_ended),
        OUTBOX_TEST(rows_are_listed),
        OUTBOX_TEST(leased_rows_wait),
        OUTBOX_TEST(memory_that_runs_out_is_an_error),
        cmocka_unit_test(a_url_of_no_outbox_is_refused),
        cmocka_unit_test(attempts_come_ever_more_rarely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
