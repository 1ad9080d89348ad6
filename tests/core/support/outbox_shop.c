/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "support/outbox_shop.h"

facteur_outbox *shop_open_box(const struct outbox *box)
{
    facteur_outbox *outbox = NULL;

    assert_int_equal(facteur_outbox_open(box->url, 0, &outbox, NULL), 0);
    return outbox;
}

facteur_mailer *shop_mailer(const struct server *server)
{
    char dsn[64];

    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u", server->port);
    return open_mailer(dsn);
}

void shop_open(struct shop *shop, void **state)
{
    shop->box = *state;
    server_start(&shop->server);
    shop->outbox = shop_open_box(shop->box);
    shop->mailer = shop_mailer(&shop->server);
}

void shop_close(struct shop *shop)
{
    facteur_mailer_free(shop->mailer);
    facteur_outbox_close(shop->outbox);
    server_stop(&shop->server);
}

facteur_message *shop_message(const char *to)
{
    facteur_message *message = facteur_message_new();

    assert_non_null(message);
    assert_int_equal(facteur_message_set(message, "from", "shop@x.example", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", to, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "Thank you.\n", FACTEUR_NTS, NULL), 0);
    return message;
}

facteur_message *shop_message_to(unsigned number)
{
    char to[32];

    snprintf(to, sizeof to, "mail%u@x.example", number);
    return shop_message(to);
}

facteur_receipt *shop_enqueue(facteur_outbox *outbox, facteur_mailer *mailer, unsigned number,
                              const char *key)
{
    facteur_message *message = shop_message_to(number);
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    if (facteur_outbox_enqueue(outbox, mailer, message, key, 0, 0, -1, &receipt, &error))
        fail_msg("%s", facteur_error_sentence(error));
    facteur_message_free(message);
    return receipt;
}

void shop_enqueue_many(facteur_outbox *outbox, facteur_mailer *mailer, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        facteur_receipt_free(shop_enqueue(outbox, mailer, i % NUMBERED_MAX, NULL));
}

void shop_work(facteur_outbox *outbox, facteur_mailer *mailer, facteur_complaint complain,
               void *user, const char *expected)
{
    facteur_error *error = NULL;
    char *json = NULL;

    if (facteur_outbox_work(outbox, mailer, 1, -1, 0, complain, user, &json, &error))
        fail_msg("%s", facteur_error_sentence(error));
    if (!strstr(json, expected))
        fail_msg("%s", json);
    facteur_free(json);
}

void shop_sql(const struct outbox *box, const char *sql)
{
    sqlite3 *db;
    char *problem = NULL;

    assert_int_equal(sqlite3_open(box->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s", problem);
    sqlite3_close(db);
}

int64_t shop_ask(const struct outbox *box, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t value;

    assert_int_equal(sqlite3_open(box->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}
