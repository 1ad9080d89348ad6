/* SPDX-License-Identifier: MIT */
/* MariaDB and MySQL by libmariadb, whose waits have their ends in seconds. */
#include "base/error.h"
#include "base/memory.h"
#include "outbox/mysql_run.h"
#include "outbox/mysql_url.h"
#include "outbox/server.h"
#include "outbox/server_work.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define OLDEST_MARIADB 100600
#define OLDEST_MYSQL 80001
#define CLIENT_PACKET ((size_t)1 << 30)
#define LOCK_NAME "CONCAT('facteur.', SHA1(DATABASE()))"

/* ---- The connection -------------------------------------------------------------------------- */

/* Nothing may be sent: the connection is the parent's, or somebody waits at its other end. */
static void blind(MYSQL *mysql)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), fd = (int)mysql_get_socket(mysql);

    if (nothing >= 0 && fd >= 0)
        dup3(nothing, fd, O_CLOEXEC);
    if (nothing >= 0)
        close(nothing);
}

static void disconnect(struct fct_server *s, bool polite)
{
    struct fct_mysql *connection = s->connection;

    if (!polite)
        blind(connection->mysql);
    for (size_t i = 0; i < FCT_SERVER_SQL_COUNT; i++) {
        if (connection->statements[i])
            mysql_stmt_close(connection->statements[i]);
    }
    mysql_close(connection->mysql);
    fct_free(connection);
}

/* A server says nothing that it was not asked for, except that it goes. */
static bool is_alive(const struct fct_server *s)
{
    struct pollfd fd = {(int)mysql_get_socket(fct_mysql_of(s)), POLLIN, 0};

    return poll(&fd, 1, 0) == 0;
}

static void set_tls(MYSQL *mysql, const struct fct_mysql_url *url)
{
    const struct {
        enum mysql_option option;
        const char *value;
    } texts[] = {
        {MYSQL_OPT_SSL_CA, url->ssl_ca},         {MYSQL_OPT_SSL_CAPATH, url->ssl_capath},
        {MYSQL_OPT_SSL_CERT, url->ssl_cert},     {MYSQL_OPT_SSL_KEY, url->ssl_key},
        {MYSQL_OPT_SSL_CIPHER, url->ssl_cipher}, {MYSQL_OPT_TLS_VERSION, url->tls_version}};
    my_bool wanted = url->tls != FCT_MYSQL_TLS_OFF, verified = url->tls == FCT_MYSQL_TLS_VERIFIED;

    if (!wanted)
        return;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].value)
            mysql_optionsv(mysql, texts[i].option, texts[i].value);
    }
    mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &wanted);
    mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verified);
}

static void set_options(const struct fct_server *s, MYSQL *mysql, const struct fct_mysql_url *url)
{
    unsigned wait_s = (unsigned)((s->store.wait_us + 999999) / 1000000), none = 0;
    size_t packet = CLIENT_PACKET;

    wait_s = wait_s ? wait_s : 1;
    mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &wait_s);
    mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &wait_s);
    mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &wait_s);
    mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    /* A server must not ask for files of this machine. */
    mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &none);
    set_tls(mysql, url);
}

static int check_server(struct fct_server *s, struct fct_problem *problem)
{
    const char *info = mysql_get_server_info(fct_mysql_of(s));
    bool mariadb = strstr(info, "MariaDB") != NULL;
    unsigned long version = mysql_get_server_version(fct_mysql_of(s));

    snprintf(s->version, sizeof s->version, "%s %lu.%lu.%lu", mariadb ? "MariaDB" : "MySQL",
             version / 10000, version / 100 % 100, version % 100);
    if (version >= (mariadb ? OLDEST_MARIADB : OLDEST_MYSQL))
        return 0;
    return fct_problem_set(problem, FCT_TROUBLE_OTHER, "",
                           "facteur needs MariaDB 10.6 or later, or MySQL 8.0.1 or later");
}

/* The server gives up before this side does, and a lock before the rest. */
static int settle(struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    unsigned long long wait_s = s->store.wait_us / 1000000;
    struct fct_answer answer = {0};
    char sql[512];
    int result;

    snprintf(sql, sizeof sql,
             "SET SESSION innodb_lock_wait_timeout = %llu, autocommit = 1, time_zone = '+00:00', "
             "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'%s",
             wait_s / 4 + 1,
             strncmp(s->version, "MariaDB", 7) == 0 && wait_s > 1 ? ", max_statement_time = " : "");
    if (strncmp(s->version, "MariaDB", 7) == 0 && wait_s > 1)
        snprintf(sql + strlen(sql), sizeof sql - strlen(sql), "%llu", wait_s - 1);
    result = fct_mysql_exec(s, sql, until_us, &answer, problem);
    if (!result)
        result = fct_mysql_exec(s, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                                until_us, &answer, problem);
    if (!result)
        result = fct_mysql_exec(s, "SELECT @@innodb_flush_log_at_trx_commit, @@max_allowed_packet",
                                until_us, &answer, problem);
    s->store.durable = fct_answer_int(&answer, 0, 0) == 1;
    s->most_bytes = (uint64_t)fct_answer_int(&answer, 0, 1);
    fct_answer_done(s, &answer);
    return result;
}

static int dial(struct fct_server *s, const struct fct_mysql_url *url, uint64_t until_us,
                struct fct_problem *problem)
{
    MYSQL *mysql = fct_mysql_of(s);

    set_options(s, mysql, url);
    /* A matched row counts, whether or not it was changed. */
    if (!mysql_real_connect(mysql, url->host, url->user, url->password, url->database, url->port,
                            url->socket, CLIENT_FOUND_ROWS))
        return fct_mysql_fail(s, until_us, problem);
    return 0;
}

static int connect_now(struct fct_server *s, uint64_t until_us, struct fct_problem *problem)
{
    struct fct_mysql *connection = fct_calloc(1, sizeof *connection);
    struct fct_mysql_url url;
    int result;

    if (connection)
        connection->mysql = mysql_init(NULL);
    if (!connection || !connection->mysql) {
        fct_free(connection);
        return fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "");
    }
    s->connection = connection;
    /* It was read before: only memory can be missing. */
    result = fct_mysql_url_read(fct_secret_bytes(s->url).ptr, &url, NULL)
                 ? fct_problem_set(problem, FCT_TROUBLE_MEMORY, "", "")
                 : 0;
    if (!result)
        result = dial(s, &url, until_us, problem);
    fct_mysql_url_done(&url);
    if (!result)
        result = check_server(s, problem);
    return result ? result : settle(s, until_us, problem);
}

/* Tables cannot be made in a transaction here.  The lock goes with the connection, too. */
static int lock(struct fct_server *s, facteur_error **error)
{
    struct fct_answer answer = {0};
    struct fct_problem problem;
    char sql[128];
    int result;

    snprintf(sql, sizeof sql, "SELECT GET_LOCK(" LOCK_NAME ", %llu)",
             (unsigned long long)(s->store.wait_us / 1000000 * 3 / 4));
    result = fct_server_exec(s, sql, &answer, error);
    if (!result && fct_answer_int(&answer, 0, 0) != 1) {
        fct_problem_set(&problem, FCT_TROUBLE_LATE, "", "another program makes the tables");
        result = fct_server_fail(s, "used", &problem, error);
    }
    fct_answer_done(s, &answer);
    return result;
}

static void unlock(struct fct_server *s)
{
    if (s->connection)
        fct_server_exec(s, "SELECT RELEASE_LOCK(" LOCK_NAME ")", NULL, NULL);
}

static void forget(struct fct_answer *answer)
{
    (void)answer; /* it owns nothing of the library */
}

static const struct fct_server_link mysql_link = {
    .dialect = FCT_MYSQL,
    .clock = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
    .connect = connect_now,
    .disconnect = disconnect,
    .is_alive = is_alive,
    .run = fct_mysql_run,
    .exec = fct_mysql_exec,
    .forget = forget,
    .lock = lock,
    .unlock = unlock,
};

/* ---- The URL --------------------------------------------------------------------------------- */

static int read_place(struct fct_server *s, const char *place, const struct fct_mysql_url *url,
                      facteur_error **error)
{
    char port[16] = "";

    if (url->port)
        snprintf(port, sizeof port, ":%u", url->port);
    snprintf(s->place, sizeof s->place, "mysql://%s%s/%s", url->host ? url->host : "", port,
             url->database);
    s->url = fct_secret_new(place, strlen(place) + 1);
    if (url->password && *url->password)
        s->password = fct_secret_new(url->password, strlen(url->password));
    return !s->url || (url->password && *url->password && !s->password) ? fct_error_nomem(error)
                                                                        : 0;
}

static int make(const char *place, struct fct_server **out, facteur_error **error)
{
    struct fct_mysql_url url;
    struct fct_server *s = NULL;
    int result = fct_mysql_url_read(place, &url, error);

    if (!result) {
        s = fct_server_new(&fct_mysql_kind, &mysql_link);
        result = s ? read_place(s, place, &url, error) : fct_error_nomem(error);
    }
    fct_mysql_url_done(&url);
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

const struct fct_store_kind fct_mysql_kind = {
    .open = open_store,
    .migrate = migrate,
    FCT_SERVER_KIND,
};
