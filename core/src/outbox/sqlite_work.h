/* SPDX-License-Identifier: MIT */
/* What mailers, workers and operators do with an outbox in SQLite; store.h has the contracts. */
#ifndef FCT_SQLITE_WORK_H
#define FCT_SQLITE_WORK_H

#include "outbox/sqlite_base.h"

int fct_sqlite_insert(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                      int64_t *id, bool *duplicate, facteur_error **error);
int fct_sqlite_claim(fct_store *store, unsigned limit, const char *owner, int64_t now_us,
                     int64_t lease_until_us, struct fct_cursor *cursor, int64_t *fence,
                     struct fct_claimed *claimed, unsigned *count, facteur_error **error);
int fct_sqlite_claim_row(fct_store *store, int64_t id, const char *owner, int64_t lease_until_us,
                         int64_t *fence, bool *claimed, facteur_error **error);
int fct_sqlite_doubt(fct_store *store, int64_t fence, const int64_t *ids, bool *mine, size_t count,
                     facteur_error **error);
int fct_sqlite_settle(fct_store *store, int64_t fence, const struct fct_settled *verdicts,
                      size_t count, int64_t now_us, size_t *stale, facteur_error **error);
int fct_sqlite_renew(fct_store *store, int64_t fence, int64_t lease_until_us, size_t *kept,
                     facteur_error **error);
int fct_sqlite_rescue(fct_store *store, int64_t now_us, enum fct_doubt_policy policy,
                      struct fct_rescued *rescued, facteur_error **error);
int fct_sqlite_next(fct_store *store, int64_t *ready_us, int64_t *lease_us, facteur_error **error);

/* In sqlite_look.c */
int fct_sqlite_bytes(fct_store *store, int64_t id, fct_buf *out, bool *found, char **remaining,
                     facteur_error **error);
int fct_sqlite_list(fct_store *store, const struct fct_store_filter *filter,
                    struct fct_store_rows *rows, facteur_error **error);
int fct_sqlite_act(fct_store *store, enum fct_row_action action, int64_t id, int64_t now_us,
                   enum fct_row_state *state, bool *done, facteur_error **error);
int fct_sqlite_purge(fct_store *store, int64_t bytes_before_us, int64_t rows_before_us,
                     unsigned limit, size_t *bytes, size_t *rows, facteur_error **error);
int fct_sqlite_facts(fct_store *store, struct fct_store_facts *facts, facteur_error **error);

/* In sqlite_wake.c */
int fct_sqlite_wake_fd(fct_store *store);
void fct_sqlite_woken(fct_store *store);

/* In sqlite_history.c */
int fct_sqlite_note(fct_store *store, int64_t id, int64_t fence, const struct fct_event *event,
                    facteur_error **error);
int fct_sqlite_events(fct_store *store, int64_t id, struct fct_events *events,
                      facteur_error **error);
int fct_sqlite_bar(fct_store *store, enum fct_bar_what what, const struct fct_bar *bar,
                   int64_t now_us, facteur_error **error);
int fct_sqlite_unbar(fct_store *store, enum fct_bar_what what, const char *name, bool *found,
                     facteur_error **error);
int fct_sqlite_bars(fct_store *store, enum fct_bar_what what, const char *name, const char *after,
                    unsigned limit, struct fct_bars *bars, facteur_error **error);

#endif
