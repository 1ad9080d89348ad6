/* SPDX-License-Identifier: MIT */
/*
 * The store of an outbox: mails that wait in a database.  This is the one contract for every kind
 * of database.  A store sends nothing, and it has no clock: `now_us` is microseconds since 1970.
 *
 * Only one thread at a time may use a store.  After fork() the child may use the same store; it
 * opens the database anew.  What changes rows is called between begin() and commit().
 *
 * Errors of all functions, beside their own: FACTEUR_EIO (the database is locked, full, damaged or
 * gone; another try can help), FACTEUR_ECONFIG (this program may not use it), FACTEUR_ENOMEM,
 * FACTEUR_ELIMIT.  `where` is "outbox".  After an error inside a transaction, call
 * fct_store_rollback().
 */
#ifndef FCT_STORE_H
#define FCT_STORE_H

#include "base/bytes.h"
#include "facteur.h"
#include "outbox/bar.h"
#include "outbox/event.h"
#include "outbox/state.h"

#define FCT_STORE_SCHEMA 2 /* the version of the tables that this release reads and writes */
#define FCT_STORE_KEY_MAX 190
#define FCT_STORE_PRIORITIES 10 /* 0 to 9; a smaller number goes first */
#define FCT_STORE_PRIORITY 5    /* without another word */
#define FCT_STORE_REPLY_MAX 1024

typedef struct fct_store fct_store;

/* ---- Opening --------------------------------------------------------------------------------- */

/*
 * Open an outbox.
 *
 * url      "sqlite:///var/lib/shop/outbox.db", with an absolute path; or
 *          "postgresql://user:password@host/database" with the parameters of libpq; or
 *          "mysql://user:password@host/database" with those of mysql_url.h.
 * create   Make file and tables where there are none.
 *
 * FACTEUR_ECONFIG: not such a URL; no outbox there, and `create` is false; tables of another
 * version; a place that is not safe (a symbolic link, a folder or file that every user may write,
 * a network file system).
 */
int fct_store_open(const char *url, bool create, fct_store **out, facteur_error **error);

/* The same, with what fct_store_set_wait() says from the start. */
int fct_store_open_within(const char *url, bool create, uint64_t wait_us, fct_store **out,
                          facteur_error **error);

/* FACTEUR_ECONFIG: no store of this release has such a URL.  Nothing is opened. */
int fct_store_check_url(const char *url, facteur_error **error);

void fct_store_close(fct_store *store); /* NULL is fine; an open transaction is rolled back */

/*
 * Make the tables, or bring those of an earlier version to FCT_STORE_SCHEMA.  Of several that come
 * at once, one does it and the others wait.  `from` is the version that was found, 0 for none.
 *
 * FACTEUR_ECONFIG: the tables are of a later version.
 */
int fct_store_migrate(const char *url, unsigned *from, facteur_error **error);

/*
 * Append the statements that make the tables, each with ";" and a line's end behind it.
 *
 * dialect   "sqlite", "postgresql" or "mysql".
 *
 * FACTEUR_ECONFIG: no such dialect.
 */
int fct_store_schema(const char *dialect, fct_buf *out, facteur_error **error);

/*
 * Whether the database waits for its disk before it says that a transaction is committed.  Where a
 * server is set up otherwise, a power cut can take mails back.
 */
bool fct_store_durable(const fct_store *store);

#define FCT_STORE_WAIT_US 10000000u

/* How long a call may wait for others that write.  FCT_STORE_WAIT_US without this. */
void fct_store_set_wait(fct_store *store, uint64_t wait_us);

/* ---- Transactions ---------------------------------------------------------------------------- */

/* Wait for the turn to write; FACTEUR_EIO when it does not come in time. */
int fct_store_begin(fct_store *store, facteur_error **error);

/*
 * Returns when everything is durable.  After FACTEUR_EIO the rows may be there or not: a mail with
 * a key can be inserted again.
 */
int fct_store_commit(fct_store *store, facteur_error **error);
void fct_store_rollback(fct_store *store); /* without a transaction it does nothing */

typedef int (*fct_store_work)(fct_store *store, void *user, facteur_error **error);

/*
 * A whole transaction: begin, `work`, and commit, or a rollback after an error.  When the database
 * stops it because it and another one were in each other's way, it is run again, up to the time
 * that a call may wait.
 */
int fct_store_transact(fct_store *store, fct_store_work work, void *user, facteur_error **error);

/* ---- Enqueue --------------------------------------------------------------------------------- */

struct fct_store_mail {
    const char *key;        /* unique while the row is there, in whatever state; or NULL */
    const char *kind;       /* of letter, "" for a message */
    const char *sender;     /* envelope; "" too */
    const char *recipients; /* joined with ", " */
    const char *message_id;
    fct_slice bytes; /* the sealed mail */
    unsigned priority;
    int64_t not_before_us; /* 0: at once */
    int64_t expires_us;    /* 0: never */
    const char *trace;     /* a W3C traceparent, or NULL */
};

/*
 * Check key, priority and times.
 *
 * FACTEUR_EMESSAGE: the key is empty, has more than 190 bytes, a control character or bytes that
 * are not UTF-8 (`where` "key"); the priority is above 9 ("priority"); it expires before it may be
 * sent ("expires_at").
 */
int fct_store_check(const struct fct_store_mail *mail, int64_t now_us, facteur_error **error);

/*
 * Insert a mail as ready.  When there is a row with this key, nothing changes, `duplicate` is true
 * and `id` is that row's.  FACTEUR_EMESSAGE as fct_store_check().
 */
int fct_store_insert(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                     int64_t *id, bool *duplicate, facteur_error **error);

/* The same outside a transaction.  Returns when the mail is durable. */
int fct_store_enqueue(fct_store *store, const struct fct_store_mail *mail, int64_t now_us,
                      int64_t *id, bool *duplicate, facteur_error **error);

/* ---- The worker's part ------------------------------------------------------------------------
 */

/*
 * Where a worker's last claim ended, for each priority.  All-zero begins at the front.  Rows that
 * were committed late or came back lie before a cursor: begin anew once a second.
 */
struct fct_cursor {
    struct fct_cursor_place {
        int64_t next_us, id;
    } at[FCT_STORE_PRIORITIES];
};

struct fct_claimed {
    int64_t id, next_us, expires_us; /* expires 0: never */
    int64_t size;                    /* of the stored mail */
    unsigned priority;
    unsigned attempts; /* this one included */
    unsigned crashes, doubts;
};

/*
 * Lease up to `limit` ready rows whose time has come, the smallest priority first, each priority in
 * the order of next_us and id.  The attempt is counted.
 *
 * owner     Who has them, for people.
 * cursor    Moved on.
 * fence     A number that is larger than that of every claim before.  Only who knows it can change
 *           these rows.
 * claimed   Room for `limit`; `count` are filled.
 */
int fct_store_claim(fct_store *store, unsigned limit, const char *owner, int64_t now_us,
                    int64_t lease_until_us, struct fct_cursor *cursor, int64_t *fence,
                    struct fct_claimed *claimed, unsigned *count, facteur_error **error);

/*
 * Announce that a worker is at work, until it is taken back, the store is closed or the process
 * dies; for callers that leave their mails to one.
 */
int fct_store_announce(fct_store *store, bool at_work, facteur_error **error);

/*
 * Whether a mail may be left to a worker: one is announced, or a caller cannot try a mail itself in
 * this kind of database.  It only reads, and no transaction is needed.
 */
int fct_store_is_worked(fct_store *store, bool *worked, facteur_error **error);

/*
 * Lease one row for the caller who has put it in, in the same transaction; the attempt is counted.
 *
 * fence     As fct_store_claim() gives it.
 * claimed   False when it is not ready, or leased to another.
 */
int fct_store_claim_row(fct_store *store, int64_t id, const char *owner, int64_t lease_until_us,
                        int64_t *fence, bool *claimed, facteur_error **error);

/*
 * The terminators of these mails are about to be written.
 *
 * mine   For each, whether the row is under this fence and now in doubt; it may have been before.
 * The others were taken away: their terminator must not be written.
 */
int fct_store_doubt(fct_store *store, int64_t fence, const int64_t *ids, bool *mine, size_t count,
                    facteur_error **error);

struct fct_settled {
    int64_t id;
    enum fct_row_state state; /* FCT_ROW_READY: to be tried again at next_us */
    bool doubtful;            /* it was handed over, and no verdict came */
    bool uncounted;           /* nothing was tried, or it was no fault of the mail: the attempt is
                                 given back */
    bool paused;              /* the relay takes no mail of this site at present */
    int64_t next_us;
    const char *relay;  /* or NULL: as before */
    const char *reply;  /* cut at 1 KiB; or NULL: as before */
    const char *result; /* the receipt in JSON; or NULL: as before */
    /*
     * With FCT_ROW_READY: "0 2 5", the only recipients of the sealed mail that are left; or NULL:
     * as before.
     */
    const char *remaining;
};

/*
 * Record verdicts under a fence.
 *
 * stale   How many rows were not this fence's any more; their verdicts are dropped.
 */
int fct_store_settle(fct_store *store, int64_t fence, const struct fct_settled *verdicts,
                     size_t count, int64_t now_us, size_t *stale, facteur_error **error);

/* Move the end of the leases of a fence.  `kept`: how many rows it still has. */
int fct_store_renew(fct_store *store, int64_t fence, int64_t lease_until_us, size_t *kept,
                    facteur_error **error);

struct fct_rescued {
    unsigned ready, held, quarantined;
};

/*
 * Take back the rows whose lease ended before now, all in one statement.  They are ready again, or
 * held where they were in doubt and the policy is to hold; after FCT_CRASHES_MAX crashes they are
 * quarantined.  A row that was in doubt counts a doubt.
 */
int fct_store_rescue(fct_store *store, int64_t now_us, enum fct_doubt_policy policy,
                     struct fct_rescued *rescued, facteur_error **error);

/*
 * When there is something to do next: the earliest time of a ready row and of the end of a lease, 0
 * for none.  It only reads, and no transaction is needed.
 */
int fct_store_next(fct_store *store, int64_t *ready_us, int64_t *lease_us, facteur_error **error);

/*
 * A descriptor that becomes readable when somebody may have written to the outbox, by whatever
 * connection; -1 where there is none.  It is a hint: who waits for it looks now and then all the
 * same.  fct_store_woken() makes it wait for the next time.  It lives as long as the store; a child
 * of fork() asks for its own.
 */
int fct_store_wake_fd(fct_store *store);
void fct_store_woken(fct_store *store);

/*
 * Append the bytes of a sealed mail.
 *
 * found       False when they were purged.
 * remaining   Which recipients are left (fct_settled), fct_malloc'ed, or NULL for all.
 */
int fct_store_bytes(fct_store *store, int64_t id, fct_buf *out, bool *found, char **remaining,
                    facteur_error **error);

/* ---- The operator's part ----------------------------------------------------------------------
 */

struct fct_store_row {
    int64_t id;
    enum fct_row_state state;
    unsigned priority, attempts, crashes, doubts;
    int64_t size, fence;
    int64_t created_us, next_us, expires_us, lease_us, ended_us; /* 0: none */
    char *key, *kind, *sender, *recipients, *message_id, *owner, *relay, *reply, *result,
        *trace; /* "" for none */
};

struct fct_store_rows {
    struct fct_store_row *rows;
    size_t count, room;
};

void fct_store_rows_done(struct fct_store_rows *rows);

struct fct_store_filter {
    int64_t id;             /* this row alone, or 0 */
    const char *key;        /* this one's, or NULL */
    const char *state;      /* its word, or NULL for all */
    const char *message_id; /* with this Message-ID, or NULL */
    int64_t after;          /* rows with a larger id */
    unsigned limit;         /* 1 to 1000 */
};

/* Append rows in the order of their ids.  FACTEUR_EMESSAGE: no such state. */
int fct_store_list(fct_store *store, const struct fct_store_filter *filter,
                   struct fct_store_rows *rows, facteur_error **error);

/*
 * Do what an operator asks with one row.  `state` is the row's state before.  `done` is false, and
 * nothing changed, when the action is not possible in it.
 *
 * FACTEUR_EMESSAGE: no such row.
 */
int fct_store_act(fct_store *store, enum fct_row_action action, int64_t id, int64_t now_us,
                  enum fct_row_state *state, bool *done, facteur_error **error);

/*
 * Append an event to a row's history.  fct_store_settle(), _rescue() and _act() do it for all that
 * they do, except for a mail that was sent: its row says so.
 *
 * fence   Only if the row has this fence; 0: in any case.
 */
int fct_store_note(fct_store *store, int64_t id, int64_t fence, const struct fct_event *event,
                   facteur_error **error);

/* Append a row's events, the oldest first. */
int fct_store_events(fct_store *store, int64_t id, struct fct_events *events,
                     facteur_error **error);

/* Add a bar, or renew the one of this name: then it counts once more. */
int fct_store_bar(fct_store *store, enum fct_bar_what what, const struct fct_bar *bar,
                  int64_t now_us, facteur_error **error);

/* Drop a bar.  `found`: whether there was one. */
int fct_store_unbar(fct_store *store, enum fct_bar_what what, const char *name, bool *found,
                    facteur_error **error);

/*
 * Append bars in the order of their names.
 *
 * name    This one alone, or NULL.
 * after   Those behind this name; "" for all.
 */
int fct_store_bars(fct_store *store, enum fct_bar_what what, const char *name, const char *after,
                   unsigned limit, struct fct_bars *bars, facteur_error **error);

/*
 * Delete what is old: the bytes of mails that ended before bytes_before_us, and the rows of those
 * that ended before rows_before_us, up to `limit` of each.
 */
int fct_store_purge(fct_store *store, int64_t bytes_before_us, int64_t rows_before_us,
                    unsigned limit, size_t *bytes, size_t *rows, facteur_error **error);

struct fct_store_facts {
    int64_t count[FCT_ROW_STATE_COUNT];
    int64_t oldest_us; /* when the oldest row that waits can be leased, anew too; 0: none */
    int64_t doubts;    /* mails that were left in doubt at some time */
    unsigned schema;   /* version of the tables */
    char database[64]; /* name and version of the linked database library */
    bool fixed;        /* false: that library has a fault that this program works around */
    bool durable; /* false: the server does not wait for its disk, so a power cut loses mails */
    uint64_t file_bytes, wal_bytes;
};

int fct_store_facts(fct_store *store, struct fct_store_facts *facts, facteur_error **error);

#endif
