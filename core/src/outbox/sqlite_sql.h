/* SPDX-License-Identifier: MIT */
/* Every statement that is run on an outbox in SQLite.  Values are always bound, in this order. */
#ifndef FCT_SQLITE_SQL_H
#define FCT_SQLITE_SQL_H

#include "outbox/store.h"

/*
 * X(name, text).  States stand in the conditions as words: a bound one would use no partial index.
 */
#define FCT_SQLITE_STATEMENTS(X)                                                                   \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(INSERT,                                                                                      \
      "INSERT INTO facteur_mail(priority, next_at, key, kind, sender, recipients, message_id, "    \
      "size, created_at, expires_at, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "             \
      "ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING")                                        \
    X(INSERT_BODY, "INSERT OR REPLACE INTO facteur_body(id, bytes) VALUES (?, ?)")                 \
    X(FIND_KEY, "SELECT id FROM facteur_mail WHERE key = ?")                                       \
    X(IS_READY, "SELECT 1 FROM facteur_mail WHERE state = 'ready' AND priority = ? AND "           \
                "next_at <= ? AND (next_at, id) > (?, ?) LIMIT 1")                                 \
    X(FENCE, "UPDATE facteur_outbox SET value = value + 1 WHERE name = 'fence' RETURNING value")   \
    X(CLAIM, "UPDATE facteur_mail SET state = 'leased', fence = ?, owner = ?, lease_until = ?, "   \
             "attempts = attempts + 1 WHERE id IN (SELECT id FROM facteur_mail "                   \
             "WHERE state = 'ready' AND priority = ? AND next_at <= ? AND (next_at, id) > (?, ?) " \
             "ORDER BY next_at, id LIMIT ?) "                                                      \
             "RETURNING id, next_at, coalesce(expires_at, 0), attempts, crashes, doubts, size")    \
    X(CLAIM_ROW, "UPDATE facteur_mail SET state = 'leased', fence = ?, owner = ?, "                \
                 "lease_until = ?, attempts = attempts + 1 WHERE id = ? AND state = 'ready'")      \
    X(DOUBT, "UPDATE facteur_mail SET state = 'in_doubt' "                                         \
             "WHERE id = ? AND fence = ? AND state IN ('leased', 'in_doubt')")                     \
    X(SETTLE, "UPDATE facteur_mail SET state = ?1, next_at = iif(?1 = 'ready', ?2, next_at), "     \
              "ended_at = ?3, attempts = attempts - ?4, doubts = doubts + ?5, crashes = 0, "       \
              "relay = coalesce(?6, relay), reply = coalesce(?7, reply), "                         \
              "result = coalesce(?8, result), remaining = coalesce(?11, remaining), "              \
              "owner = NULL, lease_until = NULL "                                                  \
              "WHERE id = ?9 AND fence = ?10 AND state IN ('leased', 'in_doubt')")                 \
    X(RENEW, "UPDATE facteur_mail SET lease_until = ? "                                            \
             "WHERE state IN ('leased', 'in_doubt') AND fence = ?")                                \
    X(RESCUE, "UPDATE facteur_mail SET state = CASE WHEN crashes + 1 >= ?2 THEN 'quarantined' "    \
              "WHEN state = 'in_doubt' THEN ?3 ELSE 'ready' END, crashes = crashes + 1, "          \
              "doubts = doubts + (state = 'in_doubt'), owner = NULL, lease_until = NULL "          \
              "WHERE state IN ('leased', 'in_doubt') AND lease_until < ?1 RETURNING state")        \
    X(NEXT_READY, "SELECT min(next_at) FROM facteur_mail WHERE state = 'ready' AND priority = ?")  \
    X(NEXT_LEASE, "SELECT min(lease_until) FROM facteur_mail "                                     \
                  "WHERE state IN ('leased', 'in_doubt')")                                         \
    X(BYTES, "SELECT bytes, remaining FROM facteur_body "                                          \
             "LEFT JOIN facteur_mail USING (id) WHERE facteur_body.id = ?")                        \
    X(LIST, "SELECT id, state, priority, attempts, crashes, doubts, size, fence, created_at, "     \
            "next_at, expires_at, lease_until, ended_at, key, kind, sender, recipients, "          \
            "message_id, owner, relay, reply, result, trace FROM facteur_mail "                    \
            "WHERE id > ?1 AND (?2 IS NULL OR key = ?2) AND (?3 IS NULL OR state = ?3) "           \
            "AND (?5 IS NULL OR message_id = ?5) ORDER BY id LIMIT ?4")                            \
    X(STATE, "SELECT state, EXISTS (SELECT 1 FROM facteur_body WHERE facteur_body.id = "           \
             "facteur_mail.id) FROM facteur_mail WHERE id = ?")                                    \
    X(REVIVE, "UPDATE facteur_mail SET state = 'ready', next_at = ?1, ended_at = NULL, "           \
              "attempts = 0, crashes = 0, expires_at = iif(expires_at <= ?1, "                     \
              "?1 + expires_at - created_at, expires_at) WHERE id = ?2")                           \
    X(CANCEL, "UPDATE facteur_mail SET state = 'cancelled', ended_at = ? WHERE id = ?")            \
    X(PURGE_ROWS,                                                                                  \
      "DELETE FROM facteur_mail WHERE id IN (SELECT id FROM facteur_mail WHERE ended_at < ? "      \
      "AND id < (SELECT max(id) FROM facteur_mail) ORDER BY ended_at LIMIT ?)")                    \
    X(PURGE_BYTES,                                                                                 \
      "DELETE FROM facteur_body WHERE id IN (SELECT facteur_body.id FROM facteur_body "            \
      "LEFT JOIN facteur_mail USING (id) "                                                         \
      "WHERE facteur_mail.id IS NULL OR facteur_mail.ended_at < ? LIMIT ?)")                       \
    X(NOTE, "INSERT INTO facteur_event(mail_id, at, what, attempt, relay, text) "                  \
            "SELECT id, ?1, ?2, attempts, ?3, ?4 FROM facteur_mail "                               \
            "WHERE id = ?5 AND (?6 = 0 OR fence = ?6)")                                            \
    X(NOTE_LATE, "INSERT INTO facteur_event(mail_id, at, what, attempt, text) "                    \
                 "SELECT id, ?1, iif(state = 'in_doubt', 'in_doubt', 'lost'), attempts, owner "    \
                 "FROM facteur_mail WHERE state IN ('leased', 'in_doubt') AND lease_until < ?1")   \
    X(EVENTS, "SELECT at, what, attempt, relay, text FROM facteur_event WHERE mail_id = ? "        \
              "ORDER BY id LIMIT 1000")                                                            \
    X(BAR, "INSERT INTO facteur_bar(what, name, until_at, reason, mail_id, created_at) "           \
           "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (what, name) DO UPDATE SET "                     \
           "until_at = excluded.until_at, times = times + 1, reason = excluded.reason, "           \
           "mail_id = excluded.mail_id")                                                           \
    X(UNBAR, "DELETE FROM facteur_bar WHERE what = ? AND name = ?")                                \
    X(BARS, "SELECT name, coalesce(until_at, 0), times, reason, coalesce(mail_id, 0), created_at " \
            "FROM facteur_bar WHERE what = ?1 AND (?2 IS NULL OR name = ?2) AND name > ?3 "        \
            "ORDER BY name LIMIT ?4")                                                              \
    X(PURGE_EVENTS, "DELETE FROM facteur_event WHERE mail_id IN (SELECT id FROM facteur_mail "     \
                    "WHERE ended_at < ? "                                                          \
                    "AND id < (SELECT max(id) FROM facteur_mail) ORDER BY ended_at LIMIT ?)")      \
    X(COUNTS, "SELECT state, count(*), min(coalesce(lease_until, next_at)), sum(doubts > 0) FROM " \
              "facteur_mail "                                                                      \
              "GROUP BY state")

enum fct_sql {
#define FCT_SQL_ENUM(name, text) FCT_SQL_##name,
    FCT_SQLITE_STATEMENTS(FCT_SQL_ENUM)
#undef FCT_SQL_ENUM
        FCT_SQL_COUNT
};

const char *fct_sql_text(enum fct_sql which);

/*
 * The statements that lead from one version of the tables to the next, one after the other; [0]
 * makes those of version 1.
 */
extern const char *const fct_sqlite_steps[FCT_STORE_SCHEMA];

#endif
