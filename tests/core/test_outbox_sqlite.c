/* SPDX-License-Identifier: MIT */
/*
 * outbox/sqlite: where the file may lie and who may read it, the log and its checkpoints, the plans
 * of its queries, and what happens when the disk or another program gets in the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "outbox/sqlite_checkpoint.h"
#include "outbox/sqlite_place.h"
#include "outbox/sqlite_sql.h"
#include "outbox/turn.h"
#include "support/expect.h"
#include "support/outbox_fixture.h"

/* ---- The system, as the tests want it ---------------------------------------------------------
 */

/* Shared with the children. */
struct disk {
    _Atomic unsigned syncs;
    _Atomic int fails; /* an errno */
    _Atomic int only;  /* + 1: so many syncs are left before they fail; 0: any number */
    _Atomic unsigned sync_us;
};

static struct disk *disk;
static unsigned long system_type; /* 0: the true one */

/* The library of SQLite calls this one. */
__attribute__((visibility("default"))) int fdatasync(int fd);
int statfs(const char *path, struct statfs *facts);

int fdatasync(int fd)
{
    if (disk->fails) {
        errno = disk->fails;
        return -1;
    }
    if (disk->only && ++disk->only > 2) {
        errno = EIO;
        return -1;
    }
    disk->syncs++;
    if (disk->sync_us)
        usleep(disk->sync_us);
    return (int)syscall(SYS_fdatasync, fd);
}

int statfs(const char *path, struct statfs *facts)
{
    int result = (int)syscall(SYS_statfs, path, facts);

    if (system_type)
        facts->f_type = (__typeof__(facts->f_type))system_type;
    return result;
}

static int set_disk(void **state)
{
    (void)state;
    disk = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return disk == MAP_FAILED;
}

static off_t size_of(const struct outbox *box, const char *end)
{
    char name[128];
    struct stat facts;

    snprintf(name, sizeof name, "%s%s", box->path, end);
    return stat(name, &facts) == 0 ? facts.st_size : -1;
}

static sqlite3 *open_plain(const struct outbox *box)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(box->path, &db), SQLITE_OK);
    return db;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static void assert_whole(const struct outbox *box, int64_t mails)
{
    sqlite3 *db = open_plain(box);

    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = "
                             "'ok'"),
                     1);
    assert_int_equal(ask(db, "SELECT count(*) FROM facteur_mail JOIN facteur_body USING (id)"),
                     mails);
    sqlite3_close(db);
}

/* ---- The place ------------------------------------------------------------------------------- */

static void the_files_are_their_owners_alone(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-gate", "-turn", "-sync"};
    static const mode_t masks[] = {0, 022, 0777};

    for (size_t i = 0; i < 3; i++) {
        struct outbox *box;
        mode_t before = umask(masks[i]);

        outbox_set_up(state);
        umask(before);
        box = *state;
        put_key(box->store, NULL);
        for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++) {
            char name[128];
            struct stat facts;

            snprintf(name, sizeof name, "%s%s", box->path, ends[k]);
            assert_int_equal(stat(name, &facts), 0);
            assert_int_equal(facts.st_mode & 0777, 0600);
        }
        outbox_tear_down(state);
    }
}

static void refused(const char *url, bool create, const char *words)
{
    facteur_error *error = NULL;
    fct_store *store = NULL;

    assert_refused(fct_store_open(url, create, &store, &error), FACTEUR_ECONFIG, &error, words);
}

static void a_place_that_is_not_safe_is_refused(void **state)
{
    struct outbox *box = *state;
    char url[160], other[160];

    refused("sqlite:outbox.db", true, "expected sqlite:// and the absolute path");
    refused("sqlite://host/outbox.db", true, "expected sqlite:// and the absolute path");
    refused("sqlite:///tmp/", true, "expected sqlite:// and the absolute path");
    refused("sqlite:///var/lib/o.db?mode=ro", true, "expected sqlite:// and the absolute path");
    refused("sqlite:///nowhere/at/all/outbox.db", true,
            "the folder /nowhere/at/all/ cannot be used");
    refused("sqlite:///proc/outbox.db", true, "/proc/outbox.db cannot be made");
    refused("sqlite:///dev/null", true, "/dev/null is not a file");
    snprintf(url, sizeof url, "sqlite://%s/other.db", box->folder);
    refused(url, false, "does not exist: make it with \"facteur outbox init\"");
    snprintf(other, sizeof other, "%s/other.db", box->folder);
    assert_int_equal(symlink(box->path, other), 0);
    refused(url, true, "is a symbolic link: name the file itself");
    assert_int_equal(unlink(other), 0);
    assert_int_equal(chmod(box->path, 0602), 0);
    refused(box->url, false, "chmod o-w");
    assert_int_equal(chmod(box->path, 0600), 0);
    assert_int_equal(chmod(box->folder, 01777), 0);
    refused(box->url, false, "can be written by every user");
    assert_int_equal(chmod(box->folder, 0700), 0);
    system_type = 0x6969;
    refused(box->url, false, "is on a network file system (NFS)");
    system_type = 0;
}

static void file_systems_of_a_network_are_known(void **state)
{
    (void)state;
    assert_string_equal(fct_sqlite_network(0xfe534d42), "SMB");
    assert_string_equal(fct_sqlite_network(0x01021997), "9P");
    /* f_type is signed on some systems. */
    assert_string_equal(fct_sqlite_network((unsigned long)(int)0xff534d42), "CIFS");
    assert_null(fct_sqlite_network(0xef53));
}

static void a_link_to_the_folder_is_one_outbox(void **state)
{
    struct outbox *box = *state;
    char link[96], url[128];
    fct_store *other = NULL;

    snprintf(link, sizeof link, "%s.link", box->folder);
    assert_int_equal(symlink(box->folder, link), 0);
    snprintf(url, sizeof url, "sqlite://%s/outbox.db", link);
    assert_int_equal(fct_store_open(url, false, &other, NULL), 0);
    assert_int_equal(state_of(box->store, put_key(other, NULL)), FCT_ROW_READY);
    fct_store_close(other);
    assert_int_equal(unlink(link), 0);
}

static void lock_files_that_others_made_are_refused(void **state)
{
    struct outbox *box = *state;
    char name[128], target[128];

    fct_store_close(box->store);
    box->store = NULL;
    snprintf(name, sizeof name, "%s-turn", box->path);
    snprintf(target, sizeof target, "%s-gate", box->path);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(symlink(target, name), 0);
    refused(box->url, false, "outbox.db-turn cannot be used");
    assert_int_equal(unlink(name), 0);
    assert_int_equal(mkfifo(name, 0600), 0);
    refused(box->url, false, "outbox.db-turn cannot be used");
    assert_int_equal(unlink(name), 0);
}

/* ---- What is in the file ----------------------------------------------------------------------
 */

static void other_files_are_refused(void **state)
{
    struct outbox *box = *state;
    sqlite3 *db;
    FILE *file;
    unsigned from = 9;
    facteur_error *error = NULL;

    fct_store_close(box->store);
    box->store = NULL;
    db = open_plain(box);
    assert_int_equal(sqlite3_exec(db, "UPDATE facteur_outbox SET value = 7 WHERE name = 'schema'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    refused(box->url, true, "have version 7, and this release of facteur knows 2");
    assert_refused(fct_store_migrate(box->url, &from, &error), FACTEUR_ECONFIG, &error,
                   "use a later release");
    assert_int_equal(from, 9);
    db = open_plain(box);
    assert_int_equal(sqlite3_exec(db, "UPDATE facteur_outbox SET value = 0", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE facteur_outbox", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    refused(box->url, false, "has no outbox: make it with \"facteur outbox init\"");
    /* The other tables are there: nothing is made in part. */
    error = NULL;
    assert_refused(fct_store_migrate(box->url, &from, &error), FACTEUR_EIO, &error,
                   "table facteur_mail already exists");
    unlink(box->path);
    file = fopen(box->path, "w");
    fputs("this has been a text for a long time, longer than the head of a database file......"
          "........................................",
          file);
    fclose(file);
    refused(box->url, true, "it is not a database of SQLite");
}

/* Tables of an earlier release keep their mails, and get what is new. */
static void earlier_tables_are_brought_up_to_date(void **state)
{
    struct outbox *box = *state;
    unsigned from = 9;
    sqlite3 *db;

    fct_store_close(box->store);
    box->store = NULL;
    for (size_t i = 0; i < 2; i++)
        unlink(i ? box->path : strcat(strcpy((char[128]){0}, box->path), "-wal"));
    db = open_plain(box);
    assert_int_equal(chmod(box->path, 0600), 0);
    assert_int_equal(sqlite3_exec(db, fct_sqlite_steps[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "INSERT INTO facteur_mail(next_at, sender, recipients, message_id, size, "
                     "created_at) VALUES (5, 'a', 'b', 'c@d', 4, 5); "
                     "INSERT INTO facteur_body VALUES (1, x'6d61696c')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    refused(box->url, true, "have version 1, and this release of facteur needs 2: run");
    assert_int_equal(fct_store_migrate(box->url, &from, NULL), 0);
    assert_int_equal(from, 1);
    assert_int_equal(fct_store_open(box->url, false, &box->store, NULL), 0);
    assert_int_equal(state_of(box->store, 1), FCT_ROW_READY);
    put_key(box->store, "order-2");
    assert_whole(box, 2);
}

/* The tables lie beside those of the shop, in the shop's own file. */
static void a_shops_own_file_is_fine(void **state)
{
    struct outbox *box = *state;
    fct_store *store = NULL;
    unsigned from = 9;
    sqlite3 *db;

    fct_store_close(box->store);
    box->store = NULL;
    for (size_t i = 0; i < 2; i++)
        unlink(i ? box->path : strcat(strcpy((char[128]){0}, box->path), "-wal"));
    db = open_plain(box);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA page_size = 8192; CREATE TABLE orders(id)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(chmod(box->path, 0640), 0);
    refused(box->url, false, "has no outbox");
    assert_int_equal(fct_store_migrate(box->url, &from, NULL), 0);
    assert_int_equal(from, 0);
    assert_int_equal(fct_store_migrate(box->url, &from, NULL), 0);
    assert_int_equal(from, FCT_STORE_SCHEMA);
    assert_int_equal(fct_store_open(box->url, false, &store, NULL), 0);
    put_key(store, "order-1");
    assert_int_equal(ask(db, "SELECT count(*) FROM facteur_mail"), 1);
    /* In the order's own transaction. */
    assert_int_equal(
        sqlite3_exec(db,
                     "BEGIN; INSERT INTO facteur_mail(next_at, key, sender, recipients, "
                     "message_id, size, created_at) VALUES (1, 'order-2', '', 'a', "
                     "'', 1, 1); COMMIT",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(state_of(store, 2), FCT_ROW_READY);
    fct_store_close(store);
}

static void migrators_wait_for_each_other(void **state)
{
    struct outbox *box = *state;
    int ends[2], made = 0;
    char found;

    fct_store_close(box->store);
    box->store = NULL;
    unlink(box->path);
    unlink(strcat(strcpy((char[128]){0}, box->path), "-wal"));
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            unsigned from = 9;

            EXPECT(fct_store_migrate(box->url, &from, NULL) == 0);
            found = (char)from;
            EXPECT(write(ends[1], &found, 1) == 1);
            _exit(0);
        }
    }
    close(ends[1]);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(read(ends[0], &found, 1), 1);
        made += found == 0;
    }
    assert_int_equal(made, 1);
    close(ends[0]);
    while (wait(NULL) > 0)
        ;
}

/* ---- Plans ----------------------------------------------------------------------------------- */

static void every_hot_query_has_its_index(void **state)
{
    static const struct {
        enum fct_sql which;
        const char *index;
    } plans[] = {{FCT_SQL_CLAIM, "USING INDEX facteur_mail_ready (priority=? AND "},
                 {FCT_SQL_IS_READY, "USING INDEX facteur_mail_ready (priority=? AND "},
                 {FCT_SQL_NEXT_READY, "USING INDEX facteur_mail_ready (priority=?)"},
                 {FCT_SQL_RESCUE, "USING INDEX facteur_mail_open"},
                 {FCT_SQL_RENEW, "USING INDEX facteur_mail_open"},
                 {FCT_SQL_NEXT_LEASE, "USING INDEX facteur_mail_open"},
                 {FCT_SQL_FIND_KEY, "INDEX facteur_mail_key (key=?)"},
                 {FCT_SQL_DOUBT, "USING INTEGER PRIMARY KEY (rowid=?)"},
                 {FCT_SQL_SETTLE, "USING INTEGER PRIMARY KEY (rowid=?)"},
                 {FCT_SQL_PURGE_ROWS, "INDEX facteur_mail_ended (ended_at<?)"}};
    sqlite3 *db = open_plain(*state);

    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        char sql[2048], plan[2048] = "";
        sqlite3_stmt *statement;

        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", fct_sql_text(plans[i].which));
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
        while (sqlite3_step(statement) == SQLITE_ROW)
            strcat(strcat(plan, (const char *)sqlite3_column_text(statement, 3)), "\n");
        sqlite3_finalize(statement);
        if (!strstr(plan, plans[i].index) || strstr(plan, "TEMP B-TREE"))
            fail_msg("%s\n%s", sql, plan);
    }
    sqlite3_close(db);
}

/* A new row would get its id, and a worker that remembers it could take the one for the other. */
static void the_newest_row_stays(void **state)
{
    fct_store *store = ((struct outbox *)*state)->store;
    int64_t id = put_key(store, NULL), fence = 0;
    struct fct_claimed claimed;
    size_t bytes, rows;

    assert_int_equal(claim_some(store, 1, NOW, &fence, &claimed), 1);
    assert_true(settle_as(store, fence, id, FCT_ROW_FAILED));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fct_store_begin(store, NULL), 0);
        assert_int_equal(fct_store_purge(store, NOW, NOW + 1, 10, &bytes, &rows, NULL), 0);
        assert_int_equal(fct_store_commit(store, NULL), 0);
        assert_int_equal(rows, i);
        put_key(store, NULL);
    }
}

/* ---- The log --------------------------------------------------------------------------------- */

static int64_t put_large(fct_store *store, size_t len)
{
    char *bytes = calloc(1, len);
    struct fct_store_mail mail = a_mail(NULL);
    int64_t id;

    mail.bytes = (fct_slice){bytes, len};
    id = put_mail(store, &mail);
    free(bytes);
    return id;
}

static void the_log_is_bounded(void **state)
{
    struct outbox *box = *state;

    for (int i = 0; i < 60; i++)
        put_large(box->store, 1 << 20);
    assert_true(size_of(box, "-wal") < 20 << 20);
    assert_true(size_of(box, "") > 40 << 20);
    assert_whole(box, 60);
}

/* A forgotten reader makes the log grow; it stops nobody, and when it ends the log is used anew. */
static void a_reader_stops_nobody(void **state)
{
    struct outbox *box = *state;
    sqlite3 *reader = open_plain(box);
    off_t grown;

    assert_int_equal(
        sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM facteur_mail", NULL, NULL, NULL),
        SQLITE_OK);
    for (int i = 0; i < 40; i++)
        put_large(box->store, 1 << 20);
    grown = size_of(box, "-wal");
    assert_true(grown > 40 << 20);
    sqlite3_close(reader);
    assert_int_equal(fct_sqlite_checkpoint((struct fct_sqlite *)box->store), 0);
    for (int i = 0; i < 20; i++)
        put_large(box->store, 1 << 20);
    assert_int_equal(size_of(box, "-wal"), grown);
    assert_whole(box, 60);
}

static void the_end_is_no_checkpoint(void **state)
{
    struct outbox *box = *state;
    off_t before, log;

    put_large(box->store, 1 << 20);
    before = size_of(box, "");
    log = size_of(box, "-wal");
    fct_store_close(box->store);
    assert_int_equal(size_of(box, ""), before);
    assert_int_equal(size_of(box, "-wal"), log);
    assert_int_equal(fct_store_open(box->url, false, &box->store, NULL), 0);
    assert_int_equal(state_of(box->store, 1), FCT_ROW_READY);
}

static void an_idle_worker_writes_nothing(void **state)
{
    struct outbox *box = *state;
    struct fct_claimed claimed;
    int64_t ready_us, lease_us, fence = 0;
    off_t log;
    unsigned syncs;

    put_key(box->store, NULL);
    log = size_of(box, "-wal");
    syncs = disk->syncs;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fct_store_next(box->store, &ready_us, &lease_us, NULL), 0);
        assert_int_equal(claim_some(box->store, 1, NOW - SECOND, &fence, &claimed), 0);
    }
    assert_int_equal(size_of(box, "-wal"), log);
    assert_int_equal(disk->syncs, syncs);
}

static void only_some_versions_are_fixed(void **state)
{
    static const int fixed[] = {3044006, 3044099, 3050007, 3051003, 3052000, 4000000};
    static const int broken[] = {3007000, 3040001, 3044005, 3045000, 3049002, 3050006, 3051002};
    struct fct_store_facts facts;

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        assert_true(fct_sqlite_is_fixed(fixed[i]));
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(fct_sqlite_is_fixed(broken[i]));
    assert_int_equal(fct_store_facts(((struct outbox *)*state)->store, &facts, NULL), 0);
    assert_int_equal(facts.fixed, fct_sqlite_is_fixed(sqlite3_libversion_number()));
    assert_true(strncmp(facts.database, "SQLite 3.", 9) == 0);
}

/* ---- The sync -------------------------------------------------------------------------------- */

#define WRITERS 16
#define MAILS 20

static void writers_share_a_sync(void **state)
{
    struct outbox *box = *state;
    unsigned before = disk->syncs;

    disk->sync_us = 5000;
    for (int i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            fct_store *store = NULL;

            EXPECT(fct_store_open(box->url, false, &store, NULL) == 0);
            for (int k = 0; k < MAILS; k++)
                put_key(store, NULL);
            fct_store_close(store);
            _exit(0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    disk->sync_us = 0;
    assert_whole(box, WRITERS * MAILS);
    print_message("%u syncs for %d mails\n", disk->syncs - before, WRITERS * MAILS);
    assert_true((disk->syncs - before) * 3 < WRITERS * MAILS);
}

static void a_disk_that_fails_is_reported(void **state)
{
    struct outbox *box = *state;
    struct fct_store_mail mail = a_mail("order-1");
    facteur_error *error = NULL;
    bool duplicate;
    int64_t id;

    disk->fails = EIO;
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    assert_int_equal(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, NULL), 0);
    assert_refused(fct_store_commit(box->store, &error), FACTEUR_EIO, &error,
                   "the disk did not confirm it");
    /* Who finds it there does not take it for durable either. */
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    assert_int_equal(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, NULL), 0);
    assert_true(duplicate);
    assert_int_equal(fct_store_commit(box->store, NULL), FACTEUR_EIO);
    disk->fails = 0; /* Nor where the log, which has a gap on the disk, cannot be emptied. */
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    assert_int_equal(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, NULL), 0);
    disk->only = 1;
    assert_int_equal(fct_store_commit(box->store, NULL), FACTEUR_EIO);
    disk->only = 0;
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    assert_int_equal(fct_store_insert(box->store, &mail, NOW, &id, &duplicate, NULL), 0);
    assert_int_equal(fct_store_commit(box->store, NULL), 0);
}

static int confirms(void *user)
{
    *(unsigned *)user += 1;
    return 0;
}

static int fails(void *user)
{
    (void)user;
    return EIO;
}

/* The kernel tells a file of a failed sync once; what was written before it stays unconfirmed. */
static void a_failed_sync_is_of_all_that_waited(void **state)
{
    struct outbox *box = *state;
    fct_turn one = FCT_TURN_CLOSED, other = FCT_TURN_CLOSED;
    uint64_t before, failed, after;
    struct stat file;
    unsigned syncs = 0;

    assert_int_equal(stat(box->path, &file), 0);
    assert_int_equal(fct_turn_open(&one, box->path, &file, NULL), 0);
    assert_int_equal(fct_turn_open(&other, box->path, &file, NULL), 0);
    before = fct_turn_wrote(&other);
    failed = fct_turn_wrote(&one);
    assert_int_equal(fct_turn_sync(&one, failed, fails, NULL), EIO);
    after = fct_turn_wrote(&one);
    assert_int_equal(fct_turn_sync(&one, after, confirms, &syncs), 0);
    assert_int_equal(fct_turn_sync(&other, before, confirms, &syncs), EIO);
    assert_int_equal(syncs, 1);
    fct_turn_close(&one);
    fct_turn_close(&other);
}

static void a_full_disk_loses_nothing(void **state)
{
    struct outbox *box = *state;
    pid_t child;
    int status = -1;

    put_key(box->store, NULL);
    child = fork();
    if (child == 0) {
        struct rlimit limit = {256 << 10, RLIM_INFINITY};
        struct fct_store_mail mail = a_mail(NULL);
        static char bytes[1 << 20];
        facteur_error *error = NULL;
        bool duplicate;
        int64_t id;
        int result;

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        mail.bytes = (fct_slice){bytes, sizeof bytes};
        EXPECT(fct_store_begin(box->store, NULL) == 0);
        result = fct_store_insert(box->store, &mail, NOW, &id, &duplicate, &error);
        if (!result)
            result = fct_store_commit(box->store, &error);
        EXPECT(result == FACTEUR_EIO);
        EXPECT(strstr(facteur_error_message(error), "could not be written: "), "%s",
               facteur_error_message(error));
        facteur_error_free(error);
        fct_store_rollback(box->store);
        limit.rlim_cur = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &limit);
        put_mail(box->store, &mail);
        fct_store_close(box->store);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_whole(box, 2);
}

/* ---- Others ---------------------------------------------------------------------------------- */

static void a_wait_for_others_ends(void **state)
{
    struct outbox *box = *state;
    sqlite3 *shop = open_plain(box);
    fct_store *other = NULL;
    facteur_error *error = NULL;

    fct_store_set_wait(box->store, 20000);
    assert_int_equal(sqlite3_exec(shop, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_refused(fct_store_begin(box->store, &error), FACTEUR_EIO, &error,
                   "another program holds it locked");
    sqlite3_close(shop);
    assert_int_equal(fct_store_open(box->url, false, &other, NULL), 0);
    assert_int_equal(fct_store_begin(other, NULL), 0);
    assert_refused(fct_store_begin(box->store, &error), FACTEUR_EIO, &error,
                   "the turn to write did not come within 0.02 s");
    fct_store_rollback(other);
    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    fct_store_rollback(box->store);
    assert_int_equal(fct_store_begin(other, NULL), 0);
    fct_store_close(other); /* rolls back */
    put_key(box->store, NULL);
}

static void a_child_has_the_outbox_for_itself(void **state)
{
    struct outbox *box = *state;

    put_key(box->store, NULL);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (int k = 0; k < 20; k++)
                put_key(box->store, NULL);
            fct_store_close(box->store);
            _exit(0);
        }
    }
    for (int k = 0; k < 20; k++)
        put_key(box->store, NULL);
    for (int i = 0; i < 4; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_whole(box, 101);
}

static void a_child_of_a_transaction_is_told(void **state)
{
    struct outbox *box = *state;
    int status = -1;
    pid_t child;

    assert_int_equal(fct_store_begin(box->store, NULL), 0);
    child = fork();
    if (child == 0) {
        facteur_error *error = NULL;
        struct fct_store_facts facts;

        EXPECT(fct_store_facts(box->store, &facts, &error) == FACTEUR_ECONFIG);
        EXPECT(strstr(facteur_error_message(error), "open the outbox after the fork"));
        facteur_error_free(error);
        fct_store_rollback(box->store);
        fct_store_close(box->store);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fct_store_rollback(box->store);
    put_key(box->store, NULL);
}

/* The lock of a process that was killed does not live on in its child. */
static void a_killed_writer_leaves_its_turn(void **state)
{
    struct outbox *box = *state;
    int ends[2], status = -1;
    pid_t writer, sleeper = 0;

    assert_int_equal(pipe(ends), 0);
    writer = fork();
    if (writer == 0) {
        fct_store *store = NULL;

        EXPECT(fct_store_open(box->url, false, &store, NULL) == 0);
        EXPECT(fct_store_begin(store, NULL) == 0);
        sleeper = fork();
        if (sleeper == 0)
            for (;;)
                pause();
        EXPECT(write(ends[1], &sleeper, sizeof sleeper) == sizeof sleeper);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &sleeper, sizeof sleeper), sizeof sleeper);
    kill(writer, SIGKILL);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    fct_store_set_wait(box->store, 5 * SECOND);
    put_key(box->store, NULL);
    kill(sleeper, SIGKILL);
    close(ends[0]);
    close(ends[1]);
}

#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, outbox_set_up, outbox_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_are_their_owners_alone),
        OUTBOX_TEST(a_place_that_is_not_safe_is_refused),
        cmocka_unit_test(file_systems_of_a_network_are_known),
        OUTBOX_TEST(a_link_to_the_folder_is_one_outbox),
        OUTBOX_TEST(lock_files_that_others_made_are_refused),
        OUTBOX_TEST(other_files_are_refused),
        OUTBOX_TEST(earlier_tables_are_brought_up_to_date),
        OUTBOX_TEST(a_shops_own_file_is_fine),
        OUTBOX_TEST(migrators_wait_for_each_other),
        OUTBOX_TEST(every_hot_query_has_its_index),
        OUTBOX_TEST(the_newest_row_stays),
        OUTBOX_TEST(the_log_is_bounded),
        OUTBOX_TEST(a_reader_stops_nobody),
        OUTBOX_TEST(the_end_is_no_checkpoint),
        OUTBOX_TEST(an_idle_worker_writes_nothing),
        OUTBOX_TEST(only_some_versions_are_fixed),
        OUTBOX_TEST(writers_share_a_sync),
        OUTBOX_TEST(a_disk_that_fails_is_reported),
        OUTBOX_TEST(a_failed_sync_is_of_all_that_waited),
        OUTBOX_TEST(a_full_disk_loses_nothing),
        OUTBOX_TEST(a_wait_for_others_ends),
        OUTBOX_TEST(a_child_has_the_outbox_for_itself),
        OUTBOX_TEST(a_child_of_a_transaction_is_told),
        OUTBOX_TEST(a_killed_writer_leaves_its_turn),
    };

    return cmocka_run_group_tests(tests, set_disk, NULL);
}
