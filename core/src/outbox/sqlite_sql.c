/* SPDX-License-Identifier: MIT */
#include "outbox/sqlite_sql.h"

const char *fct_sql_text(enum fct_sql which)
{
    static const char *const texts[FCT_SQL_COUNT] = {
#define TEXT(name, text) text,
        FCT_SQLITE_STATEMENTS(TEXT)
#undef TEXT
    };

    return texts[which];
}

/*
 * No index has a column that a lease or a heartbeat changes.  The bytes are in a table of their
 * own, whose rows are never updated.  Times are microseconds since 1970.
 */
static const char version_1[] =
    "CREATE TABLE facteur_mail (\n"
    "  id          INTEGER PRIMARY KEY,\n"
    "  state       TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'in_doubt', "
    "'sent', 'failed', 'expired', 'held', 'quarantined', 'cancelled')),\n"
    "  priority    INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),\n"
    "  next_at     INTEGER NOT NULL,\n"
    "  attempts    INTEGER NOT NULL DEFAULT 0,\n"
    "  crashes     INTEGER NOT NULL DEFAULT 0,\n"
    "  doubts      INTEGER NOT NULL DEFAULT 0,\n"
    "  fence       INTEGER NOT NULL DEFAULT 0,\n"
    "  owner       TEXT,\n"
    "  lease_until INTEGER,\n"
    "  key         TEXT,\n"
    "  kind        TEXT NOT NULL DEFAULT '',\n"
    "  sender      TEXT NOT NULL,\n"
    "  recipients  TEXT NOT NULL,\n"
    "  message_id  TEXT NOT NULL,\n"
    "  remaining   TEXT,\n"
    "  size        INTEGER NOT NULL,\n"
    "  created_at  INTEGER NOT NULL,\n"
    "  expires_at  INTEGER,\n"
    "  ended_at    INTEGER,\n"
    "  relay       TEXT,\n"
    "  reply       TEXT,\n"
    "  result      TEXT\n"
    ") STRICT;\n"
    "CREATE UNIQUE INDEX facteur_mail_key ON facteur_mail(key) WHERE key IS NOT NULL;\n"
    "CREATE INDEX facteur_mail_ready ON facteur_mail(priority, next_at, id) "
    "WHERE state = 'ready';\n"
    "CREATE INDEX facteur_mail_open ON facteur_mail(id) WHERE state IN ('leased', 'in_doubt');\n"
    "CREATE INDEX facteur_mail_ended ON facteur_mail(ended_at) WHERE ended_at IS NOT NULL;\n"
    "CREATE TABLE facteur_body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;\n"
    "CREATE TABLE facteur_outbox (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, "
    "WITHOUT ROWID;\n"
    "INSERT INTO facteur_outbox(name, value) VALUES ('schema', 1), ('fence', 0);\n";

/* A row has its first and its last verdict itself: a mail that is sent at once makes no event. */
static const char version_2[] =
    "ALTER TABLE facteur_mail ADD COLUMN trace TEXT;\n"
    "CREATE INDEX facteur_mail_message ON facteur_mail(message_id);\n"
    "CREATE TABLE facteur_event (\n"
    "  id          INTEGER PRIMARY KEY,\n"
    "  mail_id     INTEGER NOT NULL,\n"
    "  at          INTEGER NOT NULL,\n"
    "  what        TEXT NOT NULL,\n"
    "  attempt     INTEGER NOT NULL DEFAULT 0,\n"
    "  relay       TEXT,\n"
    "  text        TEXT\n"
    ") STRICT;\n"
    "CREATE INDEX facteur_event_mail ON facteur_event(mail_id);\n"
    "CREATE TABLE facteur_bar (\n"
    "  what        TEXT NOT NULL CHECK (what IN ('address', 'relay')),\n"
    "  name        TEXT NOT NULL,\n"
    "  until_at    INTEGER,\n"
    "  times       INTEGER NOT NULL DEFAULT 1,\n"
    "  reason      TEXT NOT NULL,\n"
    "  mail_id     INTEGER,\n"
    "  created_at  INTEGER NOT NULL,\n"
    "  PRIMARY KEY (what, name)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "UPDATE facteur_outbox SET value = 2 WHERE name = 'schema';\n";

const char *const fct_sqlite_steps[FCT_STORE_SCHEMA] = {version_1, version_2};
