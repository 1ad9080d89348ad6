/* SPDX-License-Identifier: MIT */
/*
 * What a kind of database provides.  The contract of each function is that of store.h; store.c has
 * checked the arguments.
 */
#ifndef FCT_STORE_KIND_H
#define FCT_STORE_KIND_H

#include "outbox/store.h"

struct fct_store_kind {
    /* `place` is the URL's rest behind "scheme:". */
    int (*open)(const char *place, bool create, uint64_t wait_us, fct_store **out,
                facteur_error **error);
    int (*migrate)(const char *place, unsigned *from, facteur_error **error);
    void (*close)(fct_store *store);
    /* Called before every other function, for a child of fork(). */
    int (*attend)(fct_store *store, facteur_error **error);
    int (*begin)(fct_store *store, facteur_error **error);
    int (*commit)(fct_store *store, facteur_error **error);
    void (*rollback)(fct_store *store);
    int (*insert)(fct_store *store, const struct fct_store_mail *mail, int64_t now_us, int64_t *id,
                  bool *duplicate, facteur_error **error);
    /* An insert that is a transaction by itself; or NULL: begin, insert, commit. */
    int (*enqueue)(fct_store *store, const struct fct_store_mail *mail, int64_t now_us, int64_t *id,
                   bool *duplicate, facteur_error **error);
    int (*claim)(fct_store *store, unsigned limit, const char *owner, int64_t now_us,
                 int64_t lease_until_us, struct fct_cursor *cursor, int64_t *fence,
                 struct fct_claimed *claimed, unsigned *count, facteur_error **error);
    /* The next three, or NULL: a caller cannot try a mail itself, and leaves it to a worker. */
    int (*announce)(fct_store *store, bool at_work, facteur_error **error);
    int (*is_worked)(fct_store *store, bool *worked, facteur_error **error);
    int (*claim_row)(fct_store *store, int64_t id, const char *owner, int64_t lease_until_us,
                     int64_t *fence, bool *claimed, facteur_error **error);
    int (*doubt)(fct_store *store, int64_t fence, const int64_t *ids, bool *mine, size_t count,
                 facteur_error **error);
    int (*settle)(fct_store *store, int64_t fence, const struct fct_settled *verdicts, size_t count,
                  int64_t now_us, size_t *stale, facteur_error **error);
    int (*renew)(fct_store *store, int64_t fence, int64_t lease_until_us, size_t *kept,
                 facteur_error **error);
    int (*rescue)(fct_store *store, int64_t now_us, enum fct_doubt_policy policy,
                  struct fct_rescued *rescued, facteur_error **error);
    int (*next)(fct_store *store, int64_t *ready_us, int64_t *lease_us, facteur_error **error);
    int (*bytes)(fct_store *store, int64_t id, fct_buf *out, bool *found, char **remaining,
                 facteur_error **error);
    int (*list)(fct_store *store, const struct fct_store_filter *filter,
                struct fct_store_rows *rows, facteur_error **error);
    int (*act)(fct_store *store, enum fct_row_action action, int64_t id, int64_t now_us,
               enum fct_row_state *state, bool *done, facteur_error **error);
    int (*purge)(fct_store *store, int64_t bytes_before_us, int64_t rows_before_us, unsigned limit,
                 size_t *bytes, size_t *rows, facteur_error **error);
    int (*facts)(fct_store *store, struct fct_store_facts *facts, facteur_error **error);
    /* Both NULL where nothing tells of what others write. */
    int (*wake_fd)(fct_store *store);
    void (*woken)(fct_store *store);
    /* rescue() notes the rows that it takes back itself. */
    int (*note)(fct_store *store, int64_t id, int64_t fence, const struct fct_event *event,
                facteur_error **error);
    int (*events)(fct_store *store, int64_t id, struct fct_events *events, facteur_error **error);
    int (*bar)(fct_store *store, enum fct_bar_what what, const struct fct_bar *bar, int64_t now_us,
               facteur_error **error);
    int (*unbar)(fct_store *store, enum fct_bar_what what, const char *name, bool *found,
                 facteur_error **error);
    int (*bars)(fct_store *store, enum fct_bar_what what, const char *name, const char *after,
                unsigned limit, struct fct_bars *bars, facteur_error **error);
};

/* The first member of every kind's store. */
struct fct_store {
    const struct fct_store_kind *kind;
    bool begun;    /* a transaction is open */
    bool conflict; /* the last error was one of transactions against each other */
    bool durable;  /* what is committed is on the disk */
    uint64_t wait_us;
};

extern const struct fct_store_kind fct_sqlite_kind, fct_postgresql_kind, fct_mysql_kind;

/* A row at the end of `rows`, all empty; NULL when memory ran out. */
struct fct_store_row *fct_store_rows_add(struct fct_store_rows *rows);

/* ---- What several kinds need ------------------------------------------------------------------
 */

/*
 * Put the rows of a claim of one priority into their order, because RETURNING has none, and move
 * the cursor behind the last.  `count` is at least 1.
 */
void fct_claimed_pass(struct fct_claimed *claimed, size_t count, struct fct_cursor_place *place);

/*
 * Take the version that the tables at `place` say; 0 for none.
 *
 * FACTEUR_ECONFIG: it is a later one.
 */
int fct_schema_take(int64_t found, const char *place, unsigned *version, facteur_error **error);

#endif
