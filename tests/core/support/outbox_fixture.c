/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "outbox/server_base.h"
#include "support/outbox_fixture.h"

int outbox_set_up(void **state)
{
    struct outbox *box = calloc(1, sizeof *box);

    assert_non_null(box);
    strcpy(box->folder, "/tmp/facteur-outbox.XXXXXX");
    assert_non_null(mkdtemp(box->folder));
    snprintf(box->path, sizeof box->path, "%s/outbox.db", box->folder);
    snprintf(box->url, sizeof box->url, "sqlite://%s", box->path);
    assert_int_equal(fct_store_open(box->url, true, &box->store, NULL), 0);
    *state = box;
    return 0;
}

void run_on_server(fct_store *store, const char *sql)
{
    facteur_error *error = NULL;

    if (fct_server_exec(fct_server_of(store), sql, NULL, &error))
        fail_msg("%s: %s", sql, facteur_error_sentence(error));
}

/* Without the tables that the test before has left. */
static void open_empty(struct outbox *box)
{
    static const char *const objects[][2] = {{"TABLE", "facteur_mail"},   {"TABLE", "facteur_body"},
                                             {"TABLE", "facteur_event"},  {"TABLE", "facteur_bar"},
                                             {"TABLE", "facteur_outbox"}, {NULL, "facteur_fence"}};
    facteur_error *error = NULL;
    char sql[64];

    if (fct_store_open(box->url, true, &box->store, &error))
        fail_msg("%s", facteur_error_sentence(error));
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        bool numbers = strncmp(box->url, "postgresql", 10) == 0;

        snprintf(sql, sizeof sql, "DROP %s IF EXISTS %s",
                 objects[i][0] ? objects[i][0]
                 : numbers     ? "SEQUENCE"
                               : "TABLE",
                 objects[i][1]);
        run_on_server(box->store, sql);
    }
    fct_store_close(box->store);
    assert_int_equal(fct_store_open(box->url, true, &box->store, NULL), 0);
}

int store_set_up(void **state)
{
    const char *url = getenv("FCT_STORE_URL");
    struct outbox *box;

    if (!url)
        return outbox_set_up(state);
    box = calloc(1, sizeof *box);
    assert_non_null(box);
    snprintf(box->url, sizeof box->url, "%s", url);
    open_empty(box);
    *state = box;
    return 0;
}

int outbox_tear_down(void **state)
{
    struct outbox *box = *state;
    DIR *dir = *box->folder ? opendir(box->folder) : NULL;
    struct dirent *entry;

    fct_store_close(box->store);
    while (dir && (entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    if (*box->folder)
        rmdir(box->folder);
    free(box);
    return 0;
}

struct fct_store_mail a_mail(const char *key)
{
    return (struct fct_store_mail){.key = key,
                                   .kind = "order_confirmation",
                                   .sender = "shop@example.com",
                                   .recipients = "ann@example.net, bob@example.net",
                                   .message_id = "1@example.com",
                                   .bytes = FCT_SLICE("sealed\0mail"),
                                   .priority = FCT_STORE_PRIORITY,
                                   .expires_us = NOW + 1000 * SECOND};
}

int64_t put_mail(fct_store *store, const struct fct_store_mail *mail)
{
    bool duplicate = true;
    facteur_error *error = NULL;
    int64_t id = 0;

    if (fct_store_begin(store, &error) ||
        fct_store_insert(store, mail, NOW, &id, &duplicate, &error) ||
        fct_store_commit(store, &error))
        fail_msg("%s", facteur_error_sentence(error));
    assert_false(duplicate);
    return id;
}

int64_t put_key(fct_store *store, const char *key)
{
    struct fct_store_mail mail = a_mail(key);

    return put_mail(store, &mail);
}

unsigned claim_some(fct_store *store, unsigned limit, int64_t now_us, int64_t *fence,
                    struct fct_claimed *claimed)
{
    struct fct_cursor cursor = {0};
    unsigned count = 0;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_claim(store, limit, "worker", now_us, now_us + 60 * SECOND, &cursor,
                                     fence, claimed, &count, NULL),
                     0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    return count;
}

bool doubt_one(fct_store *store, int64_t fence, int64_t id)
{
    bool mine = false;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_doubt(store, fence, &id, &mine, 1, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    return mine;
}

bool settle_as(fct_store *store, int64_t fence, int64_t id, enum fct_row_state state)
{
    struct fct_settled verdict = {.id = id, .state = state, .relay = "mx", .reply = "said"};
    size_t stale = 9;

    assert_int_equal(fct_store_begin(store, NULL), 0);
    assert_int_equal(fct_store_settle(store, fence, &verdict, 1, NOW, &stale, NULL), 0);
    assert_int_equal(fct_store_commit(store, NULL), 0);
    return stale == 0;
}

struct fct_store_rows row_of(fct_store *store, int64_t id)
{
    struct fct_store_filter filter = {.id = id, .limit = 1};
    struct fct_store_rows rows = {0};

    assert_int_equal(fct_store_list(store, &filter, &rows, NULL), 0);
    assert_int_equal(rows.count, 1);
    return rows;
}

enum fct_row_state state_of(fct_store *store, int64_t id)
{
    struct fct_store_rows rows = row_of(store, id);
    enum fct_row_state state = rows.rows[0].state;

    fct_store_rows_done(&rows);
    return state;
}

void assert_refused(int result, int code, facteur_error **error, const char *words)
{
    assert_int_equal(result, code);
    assert_non_null(*error);
    if (!strstr(facteur_error_sentence(*error), words))
        fail_msg("\"%s\" is not in: %s", words, facteur_error_sentence(*error));
    facteur_error_free(*error);
    *error = NULL;
}
