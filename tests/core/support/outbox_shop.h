/* SPDX-License-Identifier: MIT */
/* A shop for the tests of a worker: an outbox, a server, and a mailer before it. */
#ifndef TEST_OUTBOX_SHOP_H
#define TEST_OUTBOX_SHOP_H

#include "support/mailer_fixture.h"
#include "support/outbox_fixture.h"
#include "support/smtp_peer.h"

#define CHUNKED "250-test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
#define GROUPED "250-test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
#define PLAIN "250-test\r\n250 8BITMIME\r\n"

/* An outbox, a mailer before a server of its own, and what a test asks of them. */
struct shop {
    struct outbox *box;
    struct server server; /* features and hold are the test's */
    facteur_outbox *outbox;
    facteur_mailer *mailer;
};

void shop_open(struct shop *shop, void **state);
void shop_close(struct shop *shop);

facteur_outbox *shop_open_box(const struct outbox *box);
facteur_mailer *shop_mailer(const struct server *server);

facteur_message *shop_message(const char *to);
facteur_message *shop_message_to(unsigned number); /* mail0@x.example and so on */
facteur_receipt *shop_enqueue(facteur_outbox *outbox, facteur_mailer *mailer, unsigned number,
                              const char *key);
void shop_enqueue_many(facteur_outbox *outbox, facteur_mailer *mailer, unsigned count);

/* Work until nothing is ready; assert that the numbers hold this text. */
void shop_work(facteur_outbox *outbox, facteur_mailer *mailer, facteur_complaint complain,
               void *user, const char *expected);

/* With a connection of its own: run SQL, or the only number of a query. */
void shop_sql(const struct outbox *box, const char *sql);
int64_t shop_ask(const struct outbox *box, const char *sql);

#endif
