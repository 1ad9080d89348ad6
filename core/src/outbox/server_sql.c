/* SPDX-License-Identifier: MIT */
#include "outbox/server_sql.h"

#include <stddef.h>

/* States stand in the conditions as words: a bound one would use no partial index. */
#define OPEN "state IN ('leased', 'in_doubt')"
#define IDS_8 "?, ?, ?, ?, ?, ?, ?, ?"
#define IDS_32 IDS_8 ", " IDS_8 ", " IDS_8 ", " IDS_8
#define LIST_OF_IDS "(" IDS_32 ", " IDS_32 ")"
#define IDS "id IN " LIST_OF_IDS

/*
 * The rows of one priority behind a cursor, by the index alone.  In MySQL a comparison of rows
 * would use no index.
 */
#define BEHIND_PG(priority)                                                                        \
    "state = 'ready' AND priority = " priority " AND (next_at, id) > (?, ?) AND next_at <= ?"
#define BEHIND_MY(priority)                                                                        \
    "state = 'ready' AND priority = " priority                                                     \
    " AND (next_at > ? OR (next_at = ? AND id > ?)) AND next_at <= ?"

#define EACH_PRIORITY(one, between)                                                                \
    one("0") between one("1") between one("2") between one("3") between one("4") between one("5")  \
        between one("6") between one("7") between one("8") between one("9")
#define READY_PG(priority)                                                                         \
    "(SELECT " priority " AS priority FROM facteur_mail WHERE " BEHIND_PG(priority) " LIMIT 1)"
#define READY_MY(priority)                                                                         \
    "(SELECT " priority                                                                            \
    " AS priority FROM facteur_mail FORCE INDEX (facteur_mail_ready) WHERE " BEHIND_MY(            \
        priority) " LIMIT 1)"
#define FIRST(priority)                                                                            \
    "(SELECT min(next_at) FROM facteur_mail WHERE state = 'ready' AND priority = " priority ")"

#define MAIL_COLUMNS                                                                               \
    "kind, sender, recipients, message_id, size, created_at, expires_at, trace) "                  \
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define CLAIMED(attempts)                                                                          \
    "id, next_at, coalesce(expires_at, 0), " attempts ", crashes, doubts, size"
#define ROW(key)                                                                                   \
    "SELECT id, state, priority, attempts, crashes, doubts, size, fence, created_at, next_at, "    \
    "expires_at, lease_until, ended_at, " key ", kind, sender, recipients, message_id, owner, "    \
    "relay, reply, result, trace FROM facteur_mail "

/* An UPDATE of rows by their ids.  MySQL locks what it reads: it must read these rows alone. */
#define BY_ID_PG "UPDATE facteur_mail SET "
#define BY_ID_MY "UPDATE facteur_mail FORCE INDEX (PRIMARY) SET "
#define BY_ID(rest)                                                                                \
    {                                                                                              \
        BY_ID_PG rest, BY_ID_MY rest                                                               \
    }
#define BOTH(text)                                                                                 \
    {                                                                                              \
        text, text                                                                                 \
    }

/* MySQL assigns from left to right, and a later one reads what an earlier one wrote. */
#define LEASE_ENDS "crashes = crashes + 1, owner = NULL, lease_until = NULL "

static const char *const texts[FCT_SERVER_SQL_COUNT][FCT_DIALECT_COUNT] = {
    [FCT_SERVER_SQL_BEGIN] = {"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                              "START TRANSACTION"},
    [FCT_SERVER_SQL_COMMIT] = BOTH("COMMIT"),
    [FCT_SERVER_SQL_ROLLBACK] = BOTH("ROLLBACK"),
    [FCT_SERVER_SQL_INSERT] =
        {"WITH mail AS (INSERT INTO facteur_mail(priority, next_at, key, " MAIL_COLUMNS
         " ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING RETURNING id), "
         "body AS (INSERT INTO facteur_body(id, bytes) SELECT id, ?::bytea FROM mail) "
         "SELECT id, 0 FROM mail UNION ALL SELECT id, 1 FROM facteur_mail "
         "WHERE key = ? AND NOT EXISTS (SELECT 1 FROM mail)",
         "INSERT INTO facteur_mail(priority, next_at, `key`, " MAIL_COLUMNS
         " ON DUPLICATE KEY UPDATE "
         "id = LAST_INSERT_ID(id + 4611686018427387904) - 4611686018427387904"},
    [FCT_SERVER_SQL_INSERT_BODY] = {NULL, "INSERT INTO facteur_body(id, bytes) "
                                          "SELECT LAST_INSERT_ID(), ? FROM DUAL "
                                          "WHERE LAST_INSERT_ID() < 4611686018427387904"},
    [FCT_SERVER_SQL_FIND_KEY] = {"SELECT id FROM facteur_mail WHERE key = ?",
                                 "SELECT id FROM facteur_mail WHERE `key` = ?"},
    [FCT_SERVER_SQL_READY] = {EACH_PRIORITY(READY_PG, " UNION ALL "),
                              EACH_PRIORITY(READY_MY, " UNION ALL ")},
    [FCT_SERVER_SQL_FENCE] = {"SELECT nextval('facteur_fence')",
                              "INSERT INTO facteur_fence() VALUES ()"},
    [FCT_SERVER_SQL_FENCE_DROP] = {NULL, "DELETE FROM facteur_fence WHERE id = ?"},
    [FCT_SERVER_SQL_CLAIM] =
        {"WITH claimed AS MATERIALIZED (SELECT id FROM facteur_mail WHERE " BEHIND_PG(
             "?") " ORDER BY next_at, id LIMIT ? FOR UPDATE SKIP LOCKED) "
                  "UPDATE facteur_mail SET state = 'leased', fence = ?, owner = ?, "
                  "lease_until = ?, attempts = attempts + 1 "
                  "WHERE id = ANY (ARRAY(SELECT id FROM claimed)) RETURNING " CLAIMED("attempts"),
         "SELECT " CLAIMED("attempts + 1") " FROM facteur_mail FORCE INDEX (facteur_mail_ready) "
                                           "WHERE " BEHIND_MY("?") " ORDER BY next_at, id LIMIT ? "
                                                                   "FOR UPDATE SKIP LOCKED"},
    [FCT_SERVER_SQL_TAKE] = {NULL, BY_ID_MY "state = 'leased', fence = ?, owner = ?, "
                                            "lease_until = ?, attempts = attempts + 1 WHERE " IDS},
    [FCT_SERVER_SQL_DOUBT] = {BY_ID_PG "state = 'in_doubt' WHERE " IDS " AND fence = ? AND " OPEN
                                       " RETURNING id",
                              BY_ID_MY "state = 'in_doubt' WHERE " IDS " AND fence = ? AND " OPEN},
    [FCT_SERVER_SQL_MINE] = {NULL, "SELECT id FROM facteur_mail WHERE " IDS
                                   " AND fence = ? AND state = 'in_doubt'"},
    [FCT_SERVER_SQL_SETTLE] =
        BY_ID("next_at = coalesce(?, next_at), state = ?, ended_at = ?, attempts = attempts - ?, "
              "doubts = doubts + ?, crashes = 0, relay = coalesce(?, relay), "
              "reply = coalesce(?, reply), result = coalesce(?, result), "
              "remaining = coalesce(?, remaining), owner = NULL, lease_until = NULL "
              "WHERE id = ? AND fence = ? AND " OPEN),
    [FCT_SERVER_SQL_LEASED] = BOTH("SELECT id FROM facteur_mail WHERE " OPEN
                                   " AND fence = ? AND id > ? ORDER BY id LIMIT 64"),
    [FCT_SERVER_SQL_RENEW] = BY_ID("lease_until = ? WHERE " IDS " AND fence = ? AND " OPEN),
    [FCT_SERVER_SQL_LATE] = BOTH("SELECT id FROM facteur_mail WHERE " OPEN
                                 " AND lease_until < ? AND id > ? ORDER BY id LIMIT 64"),
    [FCT_SERVER_SQL_QUARANTINE] =
        BY_ID("doubts = doubts + CASE state WHEN 'in_doubt' THEN 1 ELSE 0 END, "
              "state = 'quarantined', " LEASE_ENDS "WHERE " IDS " AND lease_until < ? AND " OPEN
              " AND crashes + 1 >= ?"),
    [FCT_SERVER_SQL_RESCUE_DOUBT] = BY_ID("state = ?, doubts = doubts + 1, " LEASE_ENDS "WHERE " IDS
                                          " AND lease_until < ? AND state = 'in_doubt'"),
    [FCT_SERVER_SQL_RESCUE] = BY_ID("state = 'ready', " LEASE_ENDS "WHERE " IDS
                                    " AND lease_until < ? AND state = 'leased'"),
    [FCT_SERVER_SQL_NEXT] =
        BOTH("SELECT " EACH_PRIORITY(FIRST, ", ") ", (SELECT min(lease_until) FROM facteur_mail "
                                                  "WHERE " OPEN ")"),
    [FCT_SERVER_SQL_BYTES] =
        BOTH("SELECT facteur_body.bytes, facteur_mail.remaining FROM facteur_body "
             "LEFT JOIN facteur_mail ON facteur_mail.id = facteur_body.id "
             "WHERE facteur_body.id = ?"),
    [FCT_SERVER_SQL_LIST] = {ROW("key") "WHERE id > ? AND (?::text IS NULL OR key = ?) "
                                        "AND (?::text IS NULL OR state = ?) "
                                        "AND (?::text IS NULL OR message_id = ?) "
                                        "ORDER BY id LIMIT ?",
                             ROW("`key`") "WHERE id > ? AND (? IS NULL OR `key` = ?) "
                                          "AND (? IS NULL OR state = ?) "
                                          "AND (? IS NULL OR message_id = ?) ORDER BY id LIMIT ?"},
    [FCT_SERVER_SQL_STATE] =
        BOTH("SELECT state, (SELECT count(*) FROM facteur_body "
             "WHERE facteur_body.id = facteur_mail.id) FROM facteur_mail WHERE id = ? FOR UPDATE"),
    [FCT_SERVER_SQL_REVIVE] =
        BY_ID("state = 'ready', next_at = ?, ended_at = NULL, attempts = 0, crashes = 0, "
              "expires_at = CASE WHEN expires_at <= ? THEN ? + expires_at - created_at "
              "ELSE expires_at END WHERE id = ?"),
    [FCT_SERVER_SQL_CANCEL] = BY_ID("state = 'cancelled', ended_at = ? WHERE id = ?"),
    [FCT_SERVER_SQL_OLD_ROWS] = BOTH("SELECT id FROM facteur_mail WHERE ended_at < ? "
                                     "ORDER BY ended_at, id LIMIT ? FOR UPDATE SKIP LOCKED"),
    [FCT_SERVER_SQL_OLD_BYTES] =
        BOTH("SELECT id FROM facteur_mail WHERE ended_at < ? AND EXISTS "
             "(SELECT 1 FROM facteur_body WHERE facteur_body.id = facteur_mail.id) "
             "ORDER BY ended_at, id LIMIT ? FOR UPDATE SKIP LOCKED"),
    [FCT_SERVER_SQL_DELETE_ROWS] = BOTH("DELETE FROM facteur_mail WHERE " IDS),
    [FCT_SERVER_SQL_DELETE_BYTES] = BOTH("DELETE FROM facteur_body WHERE " IDS),
    [FCT_SERVER_SQL_DELETE_EVENTS] =
        BOTH("DELETE FROM facteur_event WHERE mail_id IN " LIST_OF_IDS),
    [FCT_SERVER_SQL_NOTE] =
        {"INSERT INTO facteur_event(mail_id, at, what, attempt, relay, text) SELECT id, "
         "?::bigint, ?, attempts, ?, ? FROM facteur_mail WHERE id = ? AND (?::bigint = 0 OR "
         "fence = ?)",
         "INSERT INTO facteur_event(mail_id, at, what, attempt, relay, text) SELECT id, ?, ?, "
         "attempts, ?, ? FROM facteur_mail WHERE id = ? AND (? = 0 OR fence = ?)"},
    [FCT_SERVER_SQL_NOTE_LATE] =
        {"INSERT INTO facteur_event(mail_id, at, what, attempt, text) SELECT id, ?::bigint, "
         "CASE state WHEN 'in_doubt' THEN 'in_doubt' ELSE 'lost' END, attempts, owner "
         "FROM facteur_mail WHERE " IDS " AND lease_until < ? AND " OPEN " FOR UPDATE",
         "INSERT INTO facteur_event(mail_id, at, what, attempt, text) SELECT id, ?, "
         "CASE state WHEN 'in_doubt' THEN 'in_doubt' ELSE 'lost' END, attempts, owner "
         "FROM facteur_mail WHERE " IDS " AND lease_until < ? AND " OPEN " FOR UPDATE"},
    [FCT_SERVER_SQL_EVENTS] = BOTH("SELECT at, what, attempt, relay, text FROM facteur_event "
                                   "WHERE mail_id = ? ORDER BY id LIMIT 1000"),
    [FCT_SERVER_SQL_BAR] =
        {"INSERT INTO facteur_bar(what, name, until_at, reason, mail_id, created_at) "
         "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (what, name) DO UPDATE SET until_at = "
         "excluded.until_at, times = facteur_bar.times + 1, reason = excluded.reason, "
         "mail_id = excluded.mail_id",
         "INSERT INTO facteur_bar(what, name, until_at, reason, mail_id, created_at) "
         "VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE until_at = VALUES(until_at), "
         "times = times + 1, reason = VALUES(reason), mail_id = VALUES(mail_id)"},
    [FCT_SERVER_SQL_UNBAR] = BOTH("DELETE FROM facteur_bar WHERE what = ? AND name = ?"),
    [FCT_SERVER_SQL_BARS] =
        {"SELECT name, until_at, times, reason, mail_id, created_at FROM facteur_bar "
         "WHERE what = ? AND (?::text IS NULL OR name = ?) AND name > ? ORDER BY name LIMIT ?",
         "SELECT name, until_at, times, reason, mail_id, created_at FROM facteur_bar "
         "WHERE what = ? AND (? IS NULL OR name = ?) AND name > ? ORDER BY name LIMIT ?"},
    [FCT_SERVER_SQL_COUNTS] = BOTH("SELECT state, count(*), min(coalesce(lease_until, next_at)), "
                                   "sum(CASE WHEN doubts > 0 THEN 1 ELSE 0 END) "
                                   "FROM facteur_mail GROUP BY state"),
    [FCT_SERVER_SQL_SIZE] =
        {"SELECT pg_total_relation_size('facteur_mail') + pg_total_relation_size('facteur_body')",
         "SELECT coalesce(sum(data_length + index_length), 0) FROM information_schema.tables "
         "WHERE table_schema = DATABASE() AND table_name IN ('facteur_mail', 'facteur_body')"},
    [FCT_SERVER_SQL_HAS_TABLES] =
        {"SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('facteur_outbox')",
         "SELECT count(*) FROM information_schema.tables "
         "WHERE table_schema = DATABASE() AND table_name = 'facteur_outbox'"},
    [FCT_SERVER_SQL_VERSION] = BOTH("SELECT max(value) FROM facteur_outbox WHERE name = 'schema'"),
};

const char *fct_server_sql_text(enum fct_dialect dialect, enum fct_server_sql which)
{
    return texts[which][dialect];
}

/* ---- Tables ---------------------------------------------------------------------------------- */

#define STATES                                                                                     \
    "'ready', 'leased', 'in_doubt', 'sent', 'failed', 'expired', 'held', 'quarantined', "          \
    "'cancelled'"

/*
 * No index has a column that a lease or a heartbeat changes.  The bytes are in a table of their
 * own, whose rows are never updated.  Times are microseconds since 1970.  A key's collation is that
 * of its bytes, which no update of the system changes.
 */
static const char *const postgresql[] = {
    "CREATE TABLE facteur_mail (\n"
    "  id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,\n"
    "  state       text NOT NULL DEFAULT 'ready' CHECK (state IN (" STATES ")),\n"
    "  priority    smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),\n"
    "  next_at     bigint NOT NULL,\n"
    "  attempts    integer NOT NULL DEFAULT 0,\n"
    "  crashes     integer NOT NULL DEFAULT 0,\n"
    "  doubts      integer NOT NULL DEFAULT 0,\n"
    "  fence       bigint NOT NULL DEFAULT 0,\n"
    "  owner       text,\n"
    "  lease_until bigint,\n"
    "  key         text COLLATE \"C\",\n"
    "  kind        text NOT NULL DEFAULT '',\n"
    "  sender      text NOT NULL,\n"
    "  recipients  text NOT NULL,\n"
    "  message_id  text NOT NULL,\n"
    "  remaining   text,\n"
    "  size        bigint NOT NULL,\n"
    "  created_at  bigint NOT NULL,\n"
    "  expires_at  bigint,\n"
    "  ended_at    bigint,\n"
    "  relay       text,\n"
    "  reply       text,\n"
    "  result      text,\n"
    "  trace       text\n"
    ") WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, "
    "autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0, "
    "autovacuum_vacuum_insert_threshold = 10000)",
    "CREATE UNIQUE INDEX facteur_mail_key ON facteur_mail (key) WHERE key IS NOT NULL",
    "CREATE INDEX facteur_mail_ready ON facteur_mail (priority, next_at, id) "
    "WHERE state = 'ready'",
    "CREATE INDEX facteur_mail_open ON facteur_mail (id) WHERE state IN ('leased', 'in_doubt')",
    "CREATE INDEX facteur_mail_ended ON facteur_mail (ended_at, id) WHERE ended_at IS NOT NULL",
    "CREATE INDEX facteur_mail_message ON facteur_mail (message_id)",
    "CREATE TABLE facteur_body (id bigint PRIMARY KEY, bytes bytea NOT NULL)",
    /* A mail is mostly Base64 already: to compress it costs more than it saves. */
    "ALTER TABLE facteur_body ALTER bytes SET STORAGE EXTERNAL",
    "CREATE TABLE facteur_event (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "
    "mail_id bigint NOT NULL, at bigint NOT NULL, what text NOT NULL, "
    "attempt integer NOT NULL DEFAULT 0, relay text, text text)",
    "CREATE INDEX facteur_event_mail ON facteur_event (mail_id)",
    "CREATE TABLE facteur_bar (what text NOT NULL CHECK (what IN ('address', 'relay')), "
    "name text COLLATE \"C\" NOT NULL, until_at bigint, times integer NOT NULL DEFAULT 1, "
    "reason text NOT NULL, mail_id bigint, created_at bigint NOT NULL, PRIMARY KEY (what, name))",
    "CREATE SEQUENCE facteur_fence",
    "CREATE TABLE facteur_outbox (name text PRIMARY KEY, value bigint NOT NULL)",
    "INSERT INTO facteur_outbox(name, value) VALUES ('schema', 2)",
    NULL,
};

/*
 * MySQL commits each of these by itself: the version comes last, and who died before it is
 * finished by the next one.  Its text would take "a" and "a " for one key, so a key is bytes.
 */
static const char *const mysql[] = {
    "CREATE TABLE IF NOT EXISTS facteur_mail (\n"
    "  id          bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,\n"
    "  state       enum(" STATES ") NOT NULL DEFAULT 'ready',\n"
    "  priority    tinyint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),\n"
    "  next_at     bigint NOT NULL,\n"
    "  attempts    int NOT NULL DEFAULT 0,\n"
    "  crashes     int NOT NULL DEFAULT 0,\n"
    "  doubts      int NOT NULL DEFAULT 0,\n"
    "  fence       bigint NOT NULL DEFAULT 0,\n"
    "  owner       varchar(255),\n"
    "  lease_until bigint,\n"
    "  `key`       varbinary(190),\n"
    "  kind        varchar(190) NOT NULL DEFAULT '',\n"
    "  sender      text NOT NULL,\n"
    "  recipients  mediumtext NOT NULL,\n"
    "  message_id  text NOT NULL,\n"
    "  remaining   mediumtext,\n"
    "  size        bigint NOT NULL,\n"
    "  created_at  bigint NOT NULL,\n"
    "  expires_at  bigint,\n"
    "  ended_at    bigint,\n"
    "  relay       text,\n"
    "  reply       text,\n"
    "  result      mediumtext,\n"
    "  trace       varchar(64),\n"
    "  UNIQUE KEY facteur_mail_key (`key`),\n"
    "  KEY facteur_mail_ready (state, priority, next_at, id),\n"
    "  KEY facteur_mail_ended (ended_at, id),\n"
    "  KEY facteur_mail_message (message_id(190))\n"
    ") ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS facteur_body (id bigint NOT NULL PRIMARY KEY, "
    "bytes longblob NOT NULL) ENGINE = InnoDB",
    "CREATE TABLE IF NOT EXISTS facteur_event (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, "
    "mail_id bigint NOT NULL, at bigint NOT NULL, what varchar(32) NOT NULL, "
    "attempt int NOT NULL DEFAULT 0, relay text, text text, KEY facteur_event_mail (mail_id)) "
    "ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS facteur_bar (what enum('address', 'relay') NOT NULL, "
    "name varbinary(1200) NOT NULL, until_at bigint, times int NOT NULL DEFAULT 1, "
    "reason text NOT NULL, mail_id bigint, created_at bigint NOT NULL, PRIMARY KEY (what, name)) "
    "ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS facteur_fence (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY) "
    "ENGINE = InnoDB",
    "CREATE TABLE IF NOT EXISTS facteur_outbox (name varchar(64) CHARACTER SET ascii "
    "NOT NULL PRIMARY KEY, value bigint NOT NULL) ENGINE = InnoDB",
    "INSERT INTO facteur_outbox(name, value) VALUES ('schema', 2)",
    NULL,
};

const char *const *fct_server_sql_tables(enum fct_dialect dialect)
{
    return dialect == FCT_POSTGRESQL ? postgresql : mysql;
}
