/* SPDX-License-Identifier: MIT */
/*
 * outbox/store under kill -9: processes that enqueue and processes that work are killed at any
 * moment, and others go on.  Jepsen's arithmetic: no acknowledged mail is lost, none is sent that
 * nobody enqueued, and every mail that was sent twice has a doubt on record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/expect.h"
#include "support/outbox_fixture.h"

#define ENQUEUERS 3
#define WORKERS 3
#define MAILS 80 /* of an enqueuer */
#define KILLS 60
#define FLIGHT 4
#define IDS 4096

/* What the processes saw; the memory outlives them. */
struct ledger {
    _Atomic unsigned acknowledged[ENQUEUERS][MAILS]; /* the row's id */
    _Atomic unsigned written[IDS];                   /* terminators on the wire, of each id */
    _Atomic unsigned flights;                        /* all together */
    _Atomic bool enqueued;                           /* nobody enqueues any more */
    _Atomic int64_t now_us;                          /* the workers' clock */
};

static struct ledger *ledger;

/* An enqueuer that was killed begins again from its first mail that is not acknowledged. */
static void enqueue_all(const char *url, unsigned which)
{
    fct_store *store = NULL;
    char key[32];

    EXPECT(fct_store_open(url, false, &store, NULL) == 0);
    for (unsigned i = 0; i < MAILS; i++) {
        struct fct_store_mail mail = a_mail(key);
        bool duplicate;
        int64_t id = 0;

        if (ledger->acknowledged[which][i])
            continue;
        snprintf(key, sizeof key, "order-%u-%u", which, i);
        mail.expires_us = 0;
        EXPECT(fct_store_begin(store, NULL) == 0);
        EXPECT(fct_store_insert(store, &mail, NOW, &id, &duplicate, NULL) == 0);
        EXPECT(fct_store_commit(store, NULL) == 0);
        ledger->acknowledged[which][i] = (unsigned)id;
    }
    fct_store_close(store);
}

/* One flight: in doubt, then on the wire, then the verdicts with the next claim. */
static unsigned work_once(fct_store *store, struct fct_cursor *cursor)
{
    struct fct_claimed claimed[FLIGHT];
    struct fct_settled verdicts[FLIGHT] = {{0}};
    struct fct_rescued rescued;
    int64_t fence = 0, ids[FLIGHT], now_us = ledger->now_us;
    bool mine[FLIGHT];
    unsigned count = 0;
    size_t sent = 0, stale;

    EXPECT(fct_store_begin(store, NULL) == 0);
    EXPECT(fct_store_rescue(store, now_us, FCT_DOUBT_RETRY, &rescued, NULL) == 0);
    EXPECT(fct_store_claim(store, FLIGHT, "w", now_us, now_us + SECOND, cursor, &fence, claimed,
                           &count, NULL) == 0);
    EXPECT(fct_store_commit(store, NULL) == 0);
    if (!count)
        return 0;
    for (unsigned i = 0; i < count; i++)
        ids[i] = claimed[i].id;
    EXPECT(fct_store_begin(store, NULL) == 0);
    EXPECT(fct_store_doubt(store, fence, ids, mine, count, NULL) == 0);
    EXPECT(fct_store_commit(store, NULL) == 0);
    for (unsigned i = 0; i < count; i++) {
        if (mine[i]) {
            ledger->written[ids[i]]++;
            verdicts[sent++] = (struct fct_settled){.id = ids[i], .state = FCT_ROW_SENT};
        }
    }
    usleep(300); /* the relay thinks */
    /* The worst moment: handed over, and no verdict recorded. */
    if (++ledger->flights % 8 == 0)
        raise(SIGKILL);
    EXPECT(fct_store_begin(store, NULL) == 0);
    EXPECT(fct_store_settle(store, fence, verdicts, sent, now_us, &stale, NULL) == 0);
    EXPECT(fct_store_commit(store, NULL) == 0);
    return count;
}

static void work_until_done(const char *url)
{
    fct_store *store = NULL;
    struct fct_cursor cursor = {0};

    EXPECT(fct_store_open(url, false, &store, NULL) == 0);
    for (;;) {
        struct fct_store_facts facts;

        if (work_once(store, &cursor))
            continue;
        cursor = (struct fct_cursor){0};
        EXPECT(fct_store_facts(store, &facts, NULL) == 0);
        if (ledger->enqueued && facts.count[FCT_ROW_READY] + facts.count[FCT_ROW_LEASED] +
                                        facts.count[FCT_ROW_IN_DOUBT] ==
                                    0)
            break;
        ledger->now_us += SECOND / 10;
        usleep(200);
    }
    fct_store_close(store);
}

static pid_t start(const char *url, unsigned which)
{
    pid_t child = fork();

    if (child == 0) {
        if (which < ENQUEUERS)
            enqueue_all(url, which);
        else
            work_until_done(url);
        _exit(0);
    }
    return child;
}

/* Kill one after the other, at moments that no process chooses, and start it anew. */
static void kill_and_start(const char *url, pid_t *children)
{
    uint32_t random = 12345;

    for (int i = 0; i < KILLS; i++) {
        unsigned which = (random = random * 1664525u + 1013904223u) >> 8;
        int status = -1;

        which %= ENQUEUERS + WORKERS;
        usleep(random % 3000);
        kill(children[which], SIGKILL);
        assert_int_equal(waitpid(children[which], &status, 0), children[which]);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        children[which] = start(url, which);
    }
}

/* Wait for its end; who died in a flight is started anew. */
static void reap(const char *url, pid_t child, unsigned which)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    while (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        child = start(url, which);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    assert_int_equal(status, 0);
}

static void count_all(const struct outbox *box)
{
    struct fct_store_filter filter = {.limit = 1000};
    struct fct_store_rows rows = {0};
    unsigned twice = 0;

    assert_int_equal(fct_store_list(box->store, &filter, &rows, NULL), 0);
    assert_int_equal(rows.count, ENQUEUERS * MAILS);
    for (size_t i = 0; i < rows.count; i++) {
        const struct fct_store_row *row = &rows.rows[i];
        unsigned which, mail;

        assert_int_equal(sscanf(row->key, "order-%u-%u", &which, &mail), 2);
        assert_int_equal(ledger->acknowledged[which][mail], row->id);
        /* A poison row is what it looks like: its worker was killed again and again. */
        if (row->state == FCT_ROW_QUARANTINED) {
            assert_int_equal(row->crashes, FCT_CRASHES_MAX);
            continue;
        }
        assert_int_equal(row->state, FCT_ROW_SENT);
        assert_true(ledger->written[row->id] >= 1);
        assert_true(ledger->written[row->id] <= 1 + row->doubts);
        twice += ledger->written[row->id] > 1;
    }
    assert_true(twice > 0);
    print_message("%zu mails, %u sent twice, each with its doubt\n", rows.count, twice);
    fct_store_rows_done(&rows);
}

static void nothing_is_lost_and_nothing_is_repeated_in_silence(void **state)
{
    struct outbox *box = *state;
    pid_t children[ENQUEUERS + WORKERS];

    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(ledger != MAP_FAILED);
    ledger->now_us = NOW;
    for (unsigned i = 0; i < ENQUEUERS + WORKERS; i++)
        children[i] = start(box->url, i);
    kill_and_start(box->url, children);
    for (unsigned i = 0; i < ENQUEUERS; i++)
        reap(box->url, children[i], i);
    ledger->enqueued = true;
    for (unsigned i = 0; i < WORKERS; i++)
        reap(box->url, children[ENQUEUERS + i], ENQUEUERS + i);
    count_all(box);
    munmap(ledger, sizeof *ledger);
}

#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(nothing_is_lost_and_nothing_is_repeated_in_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
