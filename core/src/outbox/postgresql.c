/* SPDX-License-Identifier: MIT */
/* PostgreSQL by libpq, which never blocks here: each wait has its end. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "outbox/server.h"
#include "outbox/server_work.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WHERE "outbox"
#define OLDEST 130000
#define SQLSTATE_LEN 5

struct connection {
    PGconn *pg;
    bool prepared[FCT_SERVER_SQL_COUNT];
};

static PGconn *pg_of(const struct fct_server *s)
{
    return ((struct connection *)s->connection)->pg;
}

/* ---- Problems -------------------------------------------------------------------------------- */

static enum fct_trouble judge_state(const char *state)
{
    static const struct {
        const char *state; /* or its beginning */
        enum fct_trouble trouble;
    } known[] = {
        {"40", FCT_TROUBLE_CONFLICT},                                 /* deadlock, serialisation */
        {"55P03", FCT_TROUBLE_CONFLICT},                              /* lock_timeout */
        {"57014", FCT_TROUBLE_LATE},                                  /* statement_timeout */
        {"57P", FCT_TROUBLE_LOST},                                    /* shuts down, starts up */
        {"08", FCT_TROUBLE_LOST},        {"25P03", FCT_TROUBLE_LOST}, /* idle in a transaction for
                                                                         too long */
        {"25006", FCT_TROUBLE_REFUSED},                               /* a standby */
        {"28", FCT_TROUBLE_REFUSED},     {"3D", FCT_TROUBLE_REFUSED}, {"3F", FCT_TROUBLE_REFUSED},
        {"42501", FCT_TROUBLE_REFUSED},  {"53", FCT_TROUBLE_FULL},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(state, known[i].state, strlen(known[i].state)) == 0)
            return known[i].trouble;
    }
    return FCT_TROUBLE_OTHER;
}

static int fail_late(struct fct_problem *problem)
{
    return fct_problem_set(problem, FCT_TROUBLE_LATE, "", "no answer came in time");
}

static int fail_result(const struct fct_server *s, const PGresult *result,
                       struct fct_problem *problem)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (PQstatus(pg_of(s)) == CONNECTION_BAD)
        return fct_problem_set(problem, FCT_TROUBLE_LOST, state,
                               words ? words : "the connection was lost");
    return fct_problem_set(problem, state ? judge_state(state) : FCT_TROUBLE_OTHER, state,
                           words ? words : PQresultErrorMessage(result));
}

/* libpq knows the code of a refused connection in its words alone: "FATAL:  28P01: …". */
static int fail_connection(const PGconn *pg, struct fct_problem *problem)
{
    const char *words = PQerrorMessage(pg);
    char state[SQLSTATE_LEN + 1] = "";
    enum fct_trouble trouble = FCT_TROUBLE_LOST;

    for (const char *at = strstr(words, ":  "); at && !*state; at = strstr(at + 1, ":  ")) {
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQLSTATE_LEN)
            snprintf(state, sizeof state, "%.5s", at + 3);
    }
    if (*state && judge_state(state) == FCT_TROUBLE_REFUSED)
        trouble = FCT_TROUBLE_REFUSED;
    return fct_problem_set(problem, trouble, state, words);
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static bool wait_for(const PGconn *pg, short events, uint64_t until_us)
{
    struct pollfd fd = {PQsocket(pg), events, 0};
    uint64_t now_us = fct_clock_now_us();

    if (now_us >= until_us)
        return false;
    poll(&fd, 1, (int)((until_us - now_us + 999) / 1000));
    return true;
}

/* Send what is left, and wait until a whole answer is there. */
static int wait_for_answer(const struct fct_server *s, uint64_t until_us,
                           struct fct_problem *problem)
{
    PGconn *pg = pg_of(s);
    int unsent = PQflush(pg);

    while (unsent > 0 || (unsent == 0 && PQisBusy(pg))) {
        if (!wait_for(pg, unsent ? POLLIN | POLLOUT : POLLIN, until_us))
            return fail_late(problem);
        if (!PQconsumeInput(pg))
            break;
        unsent = PQflush(pg);
    }
    return 0;
}

static bool is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* The last answer, or the first that is an error; NULL with a problem. */
static PGresult *take_answer(const struct fct_server *s, uint64_t until_us,
                             struct fct_problem *problem)
{
    PGresult *kept = NULL;

    for (;;) {
        PGresult *next = NULL;

        if (wait_for_answer(s, until_us, problem)) {
            PQclear(kept);
            return NULL;
        }
        next = PQgetResult(pg_of(s));
        if (!next)
            break;
        if (kept && !is_fine(kept)) {
            PQclear(next);
            continue;
        }
        PQclear(kept);
        kept = next;
    }
    if (!kept)
        fct_problem_set(problem, FCT_TROUBLE_LOST, "", "the connection was lost");
    return kept;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void forget(struct fct_answer *answer)
{
    PQclear(answer->owned);
}

static int read_cells(const PGresult *result, struct fct_answer *answer,
                      struct fct_problem *problem)
{
    answer->rows = (size_t)PQntuples(result);
    answer->columns = (size_t)PQnfields(result);
    answer->changed = (size_t)strtoull(PQcmdTuples((PGresult *)result), NULL, 10);
    if (answer->rows * answer->columns == 0)
        return 0;
    answer->cells = fct_calloc(answer->rows * answer->columns, sizeof *answer->cells);
    if (!answer->cells) {
        answer->rows = 0;
        return fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "");
    }
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++) {
            if (PQgetisnull(result, row, column))
                continue;
            answer->cells[(size_t)row * answer->columns + (size_t)column] = (fct_slice){
                PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
        }
    }
    return 0;
}

static int receive(const struct fct_server *s, uint64_t until_us, struct fct_answer *answer,
                   struct fct_problem *problem)
{
    PGresult *result = take_answer(s, until_us, problem);

    if (!result)
        return -1;
    answer->owned = result;
    return is_fine(result) ? read_cells(result, answer, problem) : fail_result(s, result, problem);
}

static int fail_send(const struct fct_server *s, struct fct_problem *problem)
{
    return fct_problem_set(problem, FCT_TROUBLE_LOST, "", PQerrorMessage(pg_of(s)));
}

static int exec(struct fct_server *s, const char *sql, uint64_t until_us, struct fct_answer *answer,
                struct fct_problem *problem)
{
    if (!PQsendQuery(pg_of(s), sql))
        return fail_send(s, problem);
    return receive(s, until_us, answer, problem);
}

/* ---- Statements ------------------------------------------------------------------------------ */

static const char *name_of(enum fct_server_sql which, char name[16])
{
    snprintf(name, 16, "facteur_%d", (int)which);
    return name;
}

static int prepare(const struct fct_server *s, enum fct_server_sql which, uint64_t until_us,
                   struct fct_problem *problem)
{
    struct connection *connection = s->connection;
    struct fct_answer answer = {0};
    fct_buf sql = {0};
    char name[16];
    int number = 0, result;

    if (connection->prepared[which])
        return 0;
    for (const char *at = fct_server_sql_text(FCT_POSTGRESQL, which); *at; at++) {
        if (*at == '?')
            fct_buf_addf(&sql, "$%d", ++number);
        else
            fct_buf_add_char(&sql, *at);
    }
    if (sql.failed)
        result = fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "");
    else if (!PQsendPrepare(connection->pg, name_of(which, name), sql.ptr, 0, NULL))
        result = fail_send(s, problem);
    else
        result = receive(s, until_us, &answer, problem);
    connection->prepared[which] = result == 0;
    if (answer.owned)
        forget(&answer);
    fct_buf_done(&sql);
    return result;
}

/* What libpq wants of bound values. */
struct parameters {
    char digits[FCT_SERVER_VALUES][24];
    const char *values[FCT_SERVER_VALUES];
    int lengths[FCT_SERVER_VALUES], formats[FCT_SERVER_VALUES];
    fct_buf texts; /* those that end with no NUL */
};

static int bind(struct parameters *p, const struct fct_ask *ask)
{
    if (fct_buf_reserve(&p->texts, fct_ask_text_room(ask)))
        return -1;
    for (unsigned i = 0; i < ask->count; i++) {
        const struct fct_value *value = &ask->values[i];

        p->lengths[i] = (int)value->bytes.len;
        p->formats[i] = value->kind == FCT_VALUE_BYTES;
        p->values[i] = value->kind == FCT_VALUE_BYTES ? value->bytes.ptr : NULL;
        if (value->kind == FCT_VALUE_INT) {
            snprintf(p->digits[i], sizeof p->digits[i], "%lld", (long long)value->number);
            p->values[i] = p->digits[i];
        } else if (value->kind == FCT_VALUE_TEXT) {
            p->values[i] = p->texts.ptr + p->texts.len;
            fct_value_add_text(&p->texts, value);
        }
    }
    return 0;
}

/* A transaction that failed before is rolled back by COMMIT, which says so and is no error. */
static int check_commit(const struct fct_ask *ask, const struct fct_answer *answer,
                        struct fct_problem *problem)
{
    if (ask->which != FCT_SERVER_SQL_COMMIT || strcmp(PQcmdStatus(answer->owned), "COMMIT") == 0)
        return 0;
    return fct_problem_set(problem, FCT_TROUBLE_OTHER, "", "the transaction was rolled back");
}

static int run(struct fct_server *s, const struct fct_ask *ask, uint64_t until_us,
               struct fct_answer *answer, struct fct_problem *problem)
{
    bool binary = ask->which == FCT_SERVER_SQL_BYTES;
    struct parameters p;
    char name[16];
    int result = prepare(s, ask->which, until_us, problem);

    if (result)
        return result;
    p.texts = (fct_buf){0};
    if (bind(&p, ask))
        result = fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "");
    else if (!PQsendQueryPrepared(pg_of(s), name_of(ask->which, name), (int)ask->count, p.values,
                                  p.lengths, p.formats, binary))
        result = fail_send(s, problem);
    else
        result = receive(s, until_us, answer, problem);
    fct_buf_done(&p.texts);
    return result ? result : check_commit(ask, answer, problem);
}

/* ---- The connection -------------------------------------------------------------------------- */

/* Nothing may be sent: the connection is the parent's, or somebody waits at its other end. */
static void blind(const PGconn *pg)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (nothing >= 0 && PQsocket(pg) >= 0)
        dup3(nothing, PQsocket(pg), O_CLOEXEC);
    if (nothing >= 0)
        close(nothing);
}

static void disconnect(struct fct_server *s, bool polite)
{
    struct connection *connection = s->connection;

    if (!polite)
        blind(connection->pg);
    PQfinish(connection->pg);
    fct_free(connection);
}

/* What came while nothing was asked: the end, or news of the server that nobody waits for. */
static bool is_alive(const struct fct_server *s)
{
    struct pollfd fd = {PQsocket(pg_of(s)), POLLIN, 0};

    while (PQstatus(pg_of(s)) == CONNECTION_OK && poll(&fd, 1, 0) > 0) {
        if (!PQconsumeInput(pg_of(s)))
            return false;
    }
    return PQstatus(pg_of(s)) == CONNECTION_OK;
}

/* The library writes what a server says by the way to standard error. */
static void ignore(void *user, const PGresult *notice)
{
    (void)user;
    (void)notice;
}

static int dial(const struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    PGconn *pg = pg_of(s);
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;

    PQsetNoticeReceiver(pg, ignore, NULL);
    /* With the code of a refusal in its words. */
    PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    while (PQstatus(pg) != CONNECTION_BAD && step != PGRES_POLLING_OK) {
        if (step == PGRES_POLLING_FAILED)
            break;
        if (!wait_for(pg, step == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_us))
            return fail_late(problem);
        step = PQconnectPoll(pg);
    }
    if (step != PGRES_POLLING_OK || PQsetnonblocking(pg, 1) != 0)
        return fail_connection(pg, problem);
    return 0;
}

static int check_server(struct fct_server *s, struct fct_problem *problem)
{
    const char *encoding = PQparameterStatus(pg_of(s), "server_encoding");
    const char *version = PQparameterStatus(pg_of(s), "server_version");

    snprintf(s->version, sizeof s->version, "PostgreSQL %.*s",
             version ? (int)strcspn(version, " ") : 0, version ? version : "");
    if (PQserverVersion(pg_of(s)) < OLDEST)
        return fct_problem_set(problem, FCT_TROUBLE_OTHER, "",
                               "facteur needs PostgreSQL 13 or later");
    if (encoding && strcmp(encoding, "UTF8") != 0 && strcmp(encoding, "SQL_ASCII") != 0)
        return fct_problem_set(
            problem, FCT_TROUBLE_OTHER, "",
            "the database's encoding is not UTF8: make one with ENCODING 'UTF8'");
    return 0;
}

/*
 * The server gives up before this side does, and a lock before the rest.  What is queued is on the
 * disk, whatever the database's default is.
 */
static int settle(struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    unsigned long long wait_ms = s->store.wait_us / 1000 + 1;
    struct fct_answer answer = {0};
    char sql[512];
    int result;

    snprintf(sql, sizeof sql,
             "SET statement_timeout = %llu; SET lock_timeout = %llu; "
             "SET idle_in_transaction_session_timeout = %llu; SET TimeZone = 'UTC'; "
             "SET default_transaction_isolation = 'read committed'; "
             "SELECT set_config('synchronous_commit', 'on', false) "
             "WHERE current_setting('synchronous_commit') = 'off'; "
             "SELECT current_setting('fsync')",
             wait_ms - wait_ms / 10, wait_ms / 4 + 1, 3 * wait_ms);
    result = exec(s, sql, until_us, &answer, problem);
    s->store.durable = strcmp(fct_answer_text(&answer, 0, 0), "on") == 0;
    fct_answer_done(s, &answer);
    return result;
}

static int connect_now(struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    static const char *const names[] = {"dbname", "client_encoding", "fallback_application_name",
                                        NULL};
    const char *const values[] = {fct_secret_bytes(s->url).ptr, "UTF8", "facteur", NULL};
    struct connection *connection = fct_calloc(1, sizeof *connection);
    int result;

    if (connection)
        connection->pg = PQconnectStartParams(names, values, 1);
    if (!connection || !connection->pg) {
        fct_free(connection);
        return fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "");
    }
    s->connection = connection;
    result = dial(s, until_us, problem);
    if (!result)
        result = check_server(s, problem);
    return result ? result : settle(s, until_us, problem);
}

/* Whoever makes tables at once, in this database, waits for the end of the transaction. */
static int lock(struct fct_server *s, facteur_error **error)
{
    return fct_server_exec(s, "SELECT pg_advisory_xact_lock(hashtext('facteur_outbox'))", NULL,
                           error);
}

static void unlock(struct fct_server *s)
{
    (void)s;
}

static const struct fct_server_link postgresql_link = {
    .dialect = FCT_POSTGRESQL,
    .clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    .connect = connect_now,
    .disconnect = disconnect,
    .is_alive = is_alive,
    .run = run,
    .exec = exec,
    .forget = forget,
    .lock = lock,
    .unlock = unlock,
};

/* ---- The URL --------------------------------------------------------------------------------- */

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0 && options->val)
            return options->val;
    }
    return "";
}

static int read_options(struct fct_server *s, const PQconninfoOption *options,
                        facteur_error **error)
{
    const char *password = value_of(options, "password"), *host = value_of(options, "host");

    snprintf(s->place, sizeof s->place, "postgresql://%s%s%s/%s",
             *host ? host : value_of(options, "hostaddr"), *value_of(options, "port") ? ":" : "",
             value_of(options, "port"), value_of(options, "dbname"));
    if (!*password)
        return 0;
    s->password = fct_secret_new(password, strlen(password));
    return s->password ? 0 : fct_error_nomem(error);
}

/* libpq reads the URL, with all of its own parameters; its errors repeat pieces of it. */
static int read_url(struct fct_server *s, const char *place, facteur_error **error)
{
    PQconninfoOption *options;
    fct_buf url = {0};
    int result = 0;

    fct_buf_addf(&url, "postgresql:%s", place);
    s->url = url.failed ? NULL : fct_secret_new(url.ptr, url.len + 1);
    fct_buf_wipe(&url);
    if (!s->url)
        return fct_error_nomem(error);
    options = PQconninfoParse(fct_secret_bytes(s->url).ptr, NULL);
    if (!options)
        return fct_error_set(
            error, FACTEUR_ECONFIG, WHERE,
            "outbox: this is no URL of PostgreSQL: expected postgresql://user:"
            "password@host:5432/database?sslmode=verify-full, with other characters "
            "than letters and digits as %%XX");
    result = read_options(s, options, error);
    PQconninfoFree(options);
    return result;
}

static int make(const char *place, struct fct_server **out, facteur_error **error)
{
    struct fct_server *s = fct_server_new(&fct_postgresql_kind, &postgresql_link);
    int result = s ? read_url(s, place, error) : fct_error_nomem(error);

    if (s && result)
        fct_server_free(s);
    else
        *out = s;
    return result;
}

static int open_store(const char *place, bool create, uint64_t wait_us, fct_store **out,
                      facteur_error **error)
{
    return fct_server_open(make, place, create, wait_us, out, error);
}

static int migrate(const char *place, unsigned *from, facteur_error **error)
{
    return fct_server_migrate(make, place, from, error);
}

const struct fct_store_kind fct_postgresql_kind = {
    .open = open_store,
    .migrate = migrate,
    .enqueue = fct_server_insert,
    FCT_SERVER_KIND,
};
