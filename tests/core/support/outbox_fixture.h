/* SPDX-License-Identifier: MIT */
/* An empty outbox in a folder of its own, and short ways to put mails in and look at rows. */
#ifndef TEST_OUTBOX_FIXTURE_H
#define TEST_OUTBOX_FIXTURE_H

#include "outbox/store.h"

#define NOW INT64_C(1800000000000000) /* the tests' time */
#define SECOND INT64_C(1000000)

struct outbox {
    char folder[64];
    char path[96];
    char url[256];
    fct_store *store;
};

/* cmocka's set-up and teardown; *state is the struct. */
int outbox_set_up(void **state);
int outbox_tear_down(void **state);

/* The same in the database server of FCT_STORE_URL, if the environment has one. */
int store_set_up(void **state);

/* Run SQL on a database server. */
void run_on_server(fct_store *store, const char *sql);

/* A mail with all fields; tests change some. */
struct fct_store_mail a_mail(const char *key);

/* Insert in a transaction of its own; the row's id. */
int64_t put_mail(fct_store *store, const struct fct_store_mail *mail);
int64_t put_key(fct_store *store, const char *key);

/* Claim in a transaction of its own, from the front; a lease of a minute. */
unsigned claim_some(fct_store *store, unsigned limit, int64_t now_us, int64_t *fence,
                    struct fct_claimed *claimed);

/* Put a row in doubt in a transaction of its own; whether it was leased under this fence. */
bool doubt_one(fct_store *store, int64_t fence, int64_t id);

/* Record one verdict in a transaction of its own; whether the row was still this fence's. */
bool settle_as(fct_store *store, int64_t fence, int64_t id, enum fct_row_state state);

/* The row; free it with fct_store_rows_done(). */
struct fct_store_rows row_of(fct_store *store, int64_t id);
enum fct_row_state state_of(fct_store *store, int64_t id);

/* Assert that a call failed with this code, and with these words in its message, which is freed. */
void assert_refused(int result, int code, facteur_error **error, const char *words);

#endif
