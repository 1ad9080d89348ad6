/* SPDX-License-Identifier: MIT */
/* An outbox in a database server: opening, its tables and transactions, whichever server it is. */
#ifndef FCT_SERVER_H
#define FCT_SERVER_H

#include "outbox/server_base.h"

/* Read a URL into `url`, `password` and `place` of a new store. */
typedef int fct_server_make(const char *place, struct fct_server **out, facteur_error **error);

/* What a kind has as open and migrate, with its way to read a URL. */
int fct_server_open(fct_server_make *make, const char *place, bool create, uint64_t wait_us,
                    fct_store **out, facteur_error **error);
int fct_server_migrate(fct_server_make *make, const char *place, unsigned *from,
                       facteur_error **error);

/* An empty store; NULL when memory ran out. */
struct fct_server *fct_server_new(const struct fct_store_kind *kind,
                                  const struct fct_server_link *link);
void fct_server_free(struct fct_server *s);

/* What a kind has of this and of server_work.h. */
void fct_server_close(fct_store *store);
int fct_server_attend(fct_store *store, facteur_error **error);
int fct_server_begin(fct_store *store, facteur_error **error);
int fct_server_commit(fct_store *store, facteur_error **error);
void fct_server_rollback(fct_store *store);

/* The functions of a kind of server, all but open and migrate. */
#define FCT_SERVER_KIND                                                                            \
    .close = fct_server_close, .attend = fct_server_attend, .begin = fct_server_begin,             \
    .commit = fct_server_commit, .rollback = fct_server_rollback, .insert = fct_server_insert,     \
    .claim = fct_server_claim, .doubt = fct_server_doubt, .settle = fct_server_settle,             \
    .renew = fct_server_renew, .rescue = fct_server_rescue, .next = fct_server_next,               \
    .bytes = fct_server_bytes, .list = fct_server_list, .act = fct_server_act,                     \
    .purge = fct_server_purge, .facts = fct_server_facts, .note = fct_server_note,                 \
    .events = fct_server_events, .bar = fct_server_bar, .unbar = fct_server_unbar,                 \
    .bars = fct_server_bars

#endif
