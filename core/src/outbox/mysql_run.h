/* SPDX-License-Identifier: MIT */
/* A connection of libmariadb: its statements, what comes back, and its problems. */
#ifndef FCT_MYSQL_RUN_H
#define FCT_MYSQL_RUN_H

#include "outbox/server_base.h"

#include <mysql.h>

struct fct_mysql {
    MYSQL *mysql;
    MYSQL_STMT *statements[FCT_SERVER_SQL_COUNT];
};

static inline MYSQL *fct_mysql_of(const struct fct_server *s)
{
    return ((struct fct_mysql *)s->connection)->mysql;
}

/* struct fct_server_link's. */
int fct_mysql_run(struct fct_server *s, const struct fct_ask *ask, uint64_t until_us,
                  struct fct_answer *answer, struct fct_problem *problem);
int fct_mysql_exec(struct fct_server *s, const char *sql, uint64_t until_us,
                   struct fct_answer *answer, struct fct_problem *problem);

/* The connection's last problem; returns -1. */
int fct_mysql_fail(const struct fct_server *s, uint64_t until_us, struct fct_problem *problem);

#endif
