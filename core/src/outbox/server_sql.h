/* SPDX-License-Identifier: MIT */
/*
 * Every statement that is run on an outbox in a database server, in the words of each.  Values are
 * always bound, in the order of the "?"; PostgreSQL calls them $1, $2 and so on.
 */
#ifndef FCT_SERVER_SQL_H
#define FCT_SERVER_SQL_H

#include <stdint.h>

enum fct_dialect { FCT_POSTGRESQL, FCT_MYSQL, FCT_DIALECT_COUNT };

#define FCT_SERVER_STATEMENTS(X)                                                                   \
    X(BEGIN)                                                                                       \
    X(COMMIT)                                                                                      \
    X(ROLLBACK)                                                                                    \
    X(INSERT)      /* a mail; in PostgreSQL its bytes too, and the row of its key */               \
    X(INSERT_BODY) /* MySQL: its bytes, if it is new */                                            \
    X(FIND_KEY)                                                                                    \
    X(READY) /* priorities at which a row is ready behind the cursor */                            \
    X(FENCE)                                                                                       \
    X(FENCE_DROP) /* MySQL */                                                                      \
    X(CLAIM)                                                                                       \
    X(TAKE) /* MySQL: lease what CLAIM has locked */                                               \
    X(DOUBT)                                                                                       \
    X(MINE) /* MySQL: which of them DOUBT has changed */                                           \
    X(SETTLE)                                                                                      \
    X(LEASED) /* the next rows under a fence */                                                    \
    X(RENEW)                                                                                       \
    X(LATE) /* the next rows whose lease has ended */                                              \
    X(QUARANTINE)                                                                                  \
    X(RESCUE_DOUBT)                                                                                \
    X(RESCUE)                                                                                      \
    X(NEXT)                                                                                        \
    X(BYTES)                                                                                       \
    X(LIST)                                                                                        \
    X(STATE)                                                                                       \
    X(REVIVE)                                                                                      \
    X(CANCEL)                                                                                      \
    X(OLD_ROWS)                                                                                    \
    X(OLD_BYTES)                                                                                   \
    X(DELETE_ROWS)                                                                                 \
    X(DELETE_BYTES)                                                                                \
    X(DELETE_EVENTS)                                                                               \
    X(NOTE)                                                                                        \
    X(NOTE_LATE)                                                                                   \
    X(EVENTS)                                                                                      \
    X(BAR)                                                                                         \
    X(UNBAR)                                                                                       \
    X(BARS)                                                                                        \
    X(COUNTS)                                                                                      \
    X(SIZE)                                                                                        \
    X(HAS_TABLES)                                                                                  \
    X(VERSION)

enum fct_server_sql {
#define FCT_SERVER_SQL_ENUM(name) FCT_SERVER_SQL_##name,
    FCT_SERVER_STATEMENTS(FCT_SERVER_SQL_ENUM)
#undef FCT_SERVER_SQL_ENUM
        FCT_SERVER_SQL_COUNT
};

#define FCT_SERVER_IDS 64 /* in a list of a statement; a shorter one repeats its last */

/*
 * MySQL's INSERT has an id of at least this one for a mail whose key is taken: that row's id and
 * this.  It is so whatever the connection counts as an affected row.
 */
#define FCT_SERVER_DUPLICATE INT64_C(4611686018427387904)

/* NULL where a dialect needs none. */
const char *fct_server_sql_text(enum fct_dialect dialect, enum fct_server_sql which);

/* The statements that make the tables, one after the other; NULL behind the last. */
const char *const *fct_server_sql_tables(enum fct_dialect dialect);

#endif
