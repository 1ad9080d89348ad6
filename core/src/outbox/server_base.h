/* SPDX-License-Identifier: MIT */
/*
 * A connection to a database server, whichever it is: statements with bound values, their answers,
 * a time limit for each call, and errors in our words.  What a client library does is behind struct
 * fct_server_link.
 */
#ifndef FCT_SERVER_BASE_H
#define FCT_SERVER_BASE_H

#include "base/process.h"
#include "base/secret.h"
#include "outbox/server_sql.h"
#include "outbox/store_kind.h"

#define FCT_SERVER_VALUES 72 /* in one statement */

/* What went wrong, as far as it matters to who called. */
enum fct_trouble {
    FCT_TROUBLE_OTHER,
    FCT_TROUBLE_LOST,     /* the connection is gone, or could not be made */
    FCT_TROUBLE_LATE,     /* no answer came in time */
    FCT_TROUBLE_CONFLICT, /* the server broke a deadlock, or a lock: the transaction can be tried
                             again */
    FCT_TROUBLE_FULL,     /* disk or memory of the server */
    FCT_TROUBLE_REFUSED,  /* name, password, rights */
    FCT_TROUBLE_MEMORY    /* of this process */
};

struct fct_problem {
    enum fct_trouble trouble;
    char code[8];    /* SQLSTATE or number */
    char words[512]; /* the server's or the library's, one line */
};

struct fct_value {
    enum { FCT_VALUE_NULL, FCT_VALUE_INT, FCT_VALUE_TEXT, FCT_VALUE_BYTES } kind;
    int64_t number;
    fct_slice bytes;
};

/* A statement and what is bound to it. */
struct fct_ask {
    enum fct_server_sql which;
    unsigned count;
    struct fct_value values[FCT_SERVER_VALUES];
};

/* What came back.  All-zero is an empty one. */
struct fct_answer {
    size_t rows, columns;
    fct_slice *cells; /* rows * columns; ptr NULL is NULL; NUL-terminated */
    size_t changed;   /* rows that an UPDATE or DELETE met */
    int64_t inserted; /* MySQL: the last id */
    void *owned;      /* of the library */
    fct_buf bytes;    /* of the cells, where the library keeps none */
};

struct fct_server;

/* What a client library does.  `until_us` is of the monotonic clock. */
struct fct_server_link {
    enum fct_dialect dialect;
    const char *clock; /* a query: the server's time in microseconds since 1970 */
    /* Connect, and settle the session by how long a call may wait. */
    int (*connect)(struct fct_server *s, uint64_t until_us, struct fct_problem *problem);
    /* polite: say good-bye.  Else the connection may be another process's, or stuck. */
    void (*disconnect)(struct fct_server *s, bool polite);
    /* Whether the other end has not closed it.  Only asks this machine. */
    bool (*is_alive)(const struct fct_server *s);
    int (*run)(struct fct_server *s, const struct fct_ask *ask, uint64_t until_us,
               struct fct_answer *answer, struct fct_problem *problem);
    /* Run a text without values. */
    int (*exec)(struct fct_server *s, const char *sql, uint64_t until_us, struct fct_answer *answer,
                struct fct_problem *problem);
    void (*forget)(struct fct_answer *answer); /* what it owns */
    /* Whoever makes tables waits for the others, and the others for him. */
    int (*lock)(struct fct_server *s, facteur_error **error);
    void (*unlock)(struct fct_server *s);
};

struct fct_server {
    struct fct_store store;
    const struct fct_server_link *link;
    fct_secret *url;      /* whole */
    fct_secret *password; /* or NULL */
    char place[256];      /* "postgresql://host:5432/shop", for errors */
    fct_process process;
    void *connection;    /* of the library; NULL: none */
    bool in_transaction; /* on the server */
    uint64_t settled_us; /* how long a call may wait on this connection */
    int64_t clock_us;    /* how much the server's clock is ahead, where it is worth a word */
    char version[48];
    uint64_t most_bytes; /* of a statement; 0: no limit */
};

static inline struct fct_server *fct_server_of(fct_store *store)
{
    return (struct fct_server *)store;
}

/* A call begins: the monotonic time when it ends. */
uint64_t fct_server_until(const struct fct_server *s);

/* Connect where there is no connection, or one of a parent before fork(). */
int fct_server_connect(struct fct_server *s, facteur_error **error);
void fct_server_drop(struct fct_server *s, bool polite);

/* A problem in our words.  doing: "reached", "used". */
int fct_server_fail(struct fct_server *s, const char *doing, const struct fct_problem *problem,
                    facteur_error **error);

/* Fill a problem; returns -1.  The words end at the first line's end. */
int fct_problem_set(struct fct_problem *problem, enum fct_trouble trouble, const char *code,
                    const char *words);

/* Run a text without values; `answer` may be NULL. */
int fct_server_exec(struct fct_server *s, const char *sql, struct fct_answer *answer,
                    facteur_error **error);

/* ---- Statements ------------------------------------------------------------------------------ */

/* Bytes of all its texts, with a NUL behind each. */
size_t fct_ask_text_room(const struct fct_ask *ask);

void fct_ask_begin(struct fct_ask *ask, enum fct_server_sql which);
void fct_ask_int(struct fct_ask *ask, int64_t value);
void fct_ask_text(struct fct_ask *ask, const char *text); /* NULL is NULL; kept by the caller */
void fct_ask_slice(struct fct_ask *ask, fct_slice text);
void fct_ask_bytes(struct fct_ask *ask, fct_slice bytes);
/* A time of this machine, as the server's clock has it; 0 is 0. */
void fct_ask_time(struct fct_ask *ask, const struct fct_server *s, int64_t us);
/* Append a bound text and a NUL; a byte that is not UTF-8, which servers refuse, is a "?". */
int fct_value_add_text(fct_buf *out, const struct fct_value *value);
/* 1 to FCT_SERVER_IDS ids. */
void fct_ask_ids(struct fct_ask *ask, const int64_t *ids, size_t count);

/*
 * Run a statement.  Outside a transaction, one that finds the connection gone is run once more on a
 * new one.
 *
 * answer   Give it to fct_answer_done(), after an error too.
 */
int fct_server_run(struct fct_server *s, const struct fct_ask *ask, struct fct_answer *answer,
                   facteur_error **error);
/* The same for a statement without rows; `changed` may be NULL. */
int fct_server_change(struct fct_server *s, const struct fct_ask *ask, size_t *changed,
                      facteur_error **error);

void fct_answer_done(struct fct_server *s, struct fct_answer *answer);
fct_slice fct_answer_slice(const struct fct_answer *answer, size_t row, size_t column);
const char *fct_answer_text(const struct fct_answer *answer, size_t row, size_t column); /* or "" */
int64_t fct_answer_int(const struct fct_answer *answer, size_t row, size_t column); /* NULL: 0 */
int64_t fct_answer_time(const struct fct_answer *answer, const struct fct_server *s, size_t row,
                        size_t column);

#endif
