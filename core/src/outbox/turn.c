/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dup3 */
#endif
#include "outbox/turn.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NAP_US 5000       /* a holder that was killed wakes nobody */
#define SYNC_NAP_US 50000 /* likewise */
#define PATIENCE_US 1000000
#define OPEN_MAX_HERE 256 /* in one process at once */

/*
 * At every moment synced <= written, also in what a power cut leaves of it: then one sync too many
 * is the worst that follows.
 */
struct fct_turn_page {
    _Atomic uint64_t written, synced;
    _Atomic uint64_t failed; /* the last write that a sync failed for */
    _Atomic uint32_t round;  /* of the sync */
    _Atomic uint32_t gate, writer;
    uint32_t unused;
};

/* ---- Children of fork() ---------------------------------------------------------------------- */

/*
 * A lock belongs to the open file, which a child shares.  If its parent were killed, the child
 * would hold the parent's lock for ever.  So it gives up the files at once; their numbers stay
 * taken until the child closes them itself.
 */
static struct {
    _Atomic bool taken, live; /* live: the numbers are there */
    _Atomic int fds[3];
} entries[OPEN_MAX_HERE];

static void give_up(void)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    for (size_t i = 0; nothing >= 0 && i < OPEN_MAX_HERE; i++) {
        for (size_t k = 0; entries[i].live && k < 3; k++)
            dup3(nothing, entries[i].fds[k], O_CLOEXEC);
    }
    if (nothing >= 0)
        close(nothing);
}

static void watch_forks(void)
{
    static struct fct_process_hook hook = {.in_child = give_up};
    static atomic_flag watched = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&watched))
        fct_process_at_fork(&hook);
}

static bool enter(fct_turn *turn)
{
    for (unsigned i = 0; i < OPEN_MAX_HERE; i++) {
        bool expected = false;

        if (atomic_compare_exchange_strong(&entries[i].taken, &expected, true)) {
            entries[i].fds[0] = turn->gate_fd;
            entries[i].fds[1] = turn->writer_fd;
            entries[i].fds[2] = turn->sync_fd;
            entries[i].live = true;
            turn->entry = i;
            return true;
        }
    }
    return false;
}

static void quit(const fct_turn *turn)
{
    entries[turn->entry].live = false;
    entries[turn->entry].taken = false;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int refuse(const char *name, int cause, facteur_error **error)
{
    if (fct_shortage_is(cause))
        return fct_shortage_set(error, cause);
    return fct_error_set(error, FACTEUR_ECONFIG, "outbox",
                         "outbox: the lock file %s cannot be used: %s; give it to the user that "
                         "runs this program, or remove it while nobody uses the outbox",
                         name, strerror(cause));
}

static int open_one(int *fd, const char *path, const char *end, const struct stat *file,
                    facteur_error **error)
{
    char name[PATH_MAX];
    struct stat facts;

    if ((size_t)snprintf(name, sizeof name, "%s-%s", path, end) >= sizeof name)
        return refuse(path, ENAMETOOLONG, error);
    *fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, file->st_mode & 0666);
    if (*fd < 0)
        return refuse(name, errno, error);
    if (fstat(*fd, &facts) != 0)
        return refuse(name, errno, error);
    if (!S_ISREG(facts.st_mode))
        return refuse(name, EINVAL, error);
    /* The umask may have taken bits, and root works for the owner of the file. */
    if (facts.st_uid == geteuid() && (facts.st_mode & 0777) != (file->st_mode & 0666))
        fchmod(*fd, file->st_mode & 0666);
    if (geteuid() == 0 && (facts.st_uid != file->st_uid || facts.st_gid != file->st_gid) &&
        fchown(*fd, file->st_uid, file->st_gid) != 0)
        return refuse(name, errno, error);
    return 0;
}

static int map_page(fct_turn *turn, const char *path, facteur_error **error)
{
    /* With blocks on the disk: a store into a hole of a full disk would kill the process. */
    int cause = posix_fallocate(turn->sync_fd, 0, sizeof *turn->page);
    void *page;

    if (cause)
        return refuse(path, cause, error);
    page = mmap(NULL, sizeof *turn->page, PROT_READ | PROT_WRITE, MAP_SHARED, turn->sync_fd, 0);
    if (page == MAP_FAILED)
        return refuse(path, errno, error);
    turn->page = page;
    return 0;
}

int fct_turn_open(fct_turn *turn, const char *path, const struct stat *file, facteur_error **error)
{
    int result;

    watch_forks();
    *turn = FCT_TURN_CLOSED;
    result = open_one(&turn->gate_fd, path, "gate", file, error);
    if (!result)
        result = open_one(&turn->writer_fd, path, "turn", file, error);
    if (!result)
        result = open_one(&turn->sync_fd, path, "sync", file, error);
    if (!result)
        result = map_page(turn, path, error);
    if (!result && enter(turn))
        return 0;
    if (!result)
        result =
            fct_error_set(error, FACTEUR_ELIMIT, "outbox",
                          "outbox: this process has %d outboxes open; close some", OPEN_MAX_HERE);
    turn->entry = OPEN_MAX_HERE;
    fct_turn_close(turn);
    return result;
}

void fct_turn_close(fct_turn *turn)
{
    int fds[] = {turn->gate_fd, turn->writer_fd, turn->sync_fd};

    if (turn->page && turn->entry < OPEN_MAX_HERE)
        quit(turn);
    if (turn->page)
        munmap(turn->page, sizeof *turn->page);
    for (size_t i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    *turn = FCT_TURN_CLOSED;
}

/* ---- Sleeping -------------------------------------------------------------------------------- */

static void futex(_Atomic uint32_t *word, int operation, uint32_t value,
                  const struct timespec *time)
{
#if defined SYS_futex_time64
    /* A 32-bit system whose libc counts time in 64 bits. */
    long number = sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex;
#else
    long number = SYS_futex;
#endif

    syscall(number, word, operation, value, time, NULL, 0);
}

static void sleep_on(_Atomic uint32_t *word, uint32_t value, uint64_t us)
{
    struct timespec time = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};

    futex(word, FUTEX_WAIT, value, &time);
}

static void wake(_Atomic uint32_t *word, uint32_t count)
{
    atomic_fetch_add(word, 1);
    futex(word, FUTEX_WAKE, count, NULL);
}

/* ---- Turns ----------------------------------------------------------------------------------- */

static bool lock(int fd, _Atomic uint32_t *word, uint64_t until_us)
{
    for (;;) {
        uint32_t value = atomic_load(word);
        uint64_t now_us;

        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        now_us = fct_clock_now_us();
        if (now_us >= until_us)
            return false;
        sleep_on(word, value, until_us - now_us < NAP_US ? until_us - now_us : NAP_US);
    }
}

static void unlock(int fd, _Atomic uint32_t *word)
{
    flock(fd, LOCK_UN);
    wake(word, 1);
}

bool fct_turn_take(fct_turn *turn, uint64_t until_us)
{
    bool taken;

    if (!lock(turn->gate_fd, &turn->page->gate, until_us))
        return false;
    taken = lock(turn->writer_fd, &turn->page->writer, until_us);
    unlock(turn->gate_fd, &turn->page->gate);
    return taken;
}

void fct_turn_leave(fct_turn *turn)
{
    unlock(turn->writer_fd, &turn->page->writer);
}

/* ---- Workers --------------------------------------------------------------------------------- */

/*
 * A lock of the open file on the gate's first byte, which has nothing to do with its flock().  One
 * that only looks takes none, so that two that look at once do not take each other for a worker.
 */
static struct flock first_byte(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_len = 1};
}

void fct_turn_announce(fct_turn *turn, bool at_work)
{
    struct flock lock = first_byte(at_work ? F_RDLCK : F_UNLCK);

    fcntl(turn->gate_fd, F_OFD_SETLK, &lock);
}

bool fct_turn_is_announced(const fct_turn *turn)
{
    struct flock lock = first_byte(F_WRLCK);

    return fcntl(turn->gate_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* ---- The shared sync ------------------------------------------------------------------------- */

uint64_t fct_turn_wrote(fct_turn *turn)
{
    return atomic_fetch_add(&turn->page->written, 1) + 1;
}

/* Sync for all whose write was counted before.  The caller holds the lock of the sync. */
static int lead(struct fct_turn_page *page, uint64_t count, int (*sync)(void *), void *user)
{
    uint64_t written;
    int result;

    if (atomic_load(&page->failed) >= count)
        return EIO;
    if (atomic_load(&page->synced) >= count)
        return 0;
    written = atomic_load(&page->written);
    result = sync(user);
    atomic_store(result ? &page->failed : &page->synced, written);
    return result;
}

int fct_turn_sync(fct_turn *turn, uint64_t count, int (*sync)(void *), void *user)
{
    struct fct_turn_page *page = turn->page;
    uint64_t begun_us = fct_clock_now_us();

    for (;;) {
        uint32_t round = atomic_load(&page->round);

        /* The kernel tells of a failure once: a later sync that succeeds says nothing of these. */
        if (atomic_load(&page->failed) >= count)
            return EIO;
        if (atomic_load(&page->synced) >= count)
            return 0;
        if (flock(turn->sync_fd, LOCK_EX | LOCK_NB) == 0) {
            int result = lead(page, count, sync, user);

            flock(turn->sync_fd, LOCK_UN);
            wake(&page->round, INT_MAX);
            return result;
        }
        if (fct_clock_now_us() - begun_us > PATIENCE_US)
            return sync(user);
        sleep_on(&page->round, round, SYNC_NAP_US);
    }
}

uint64_t fct_turn_failure(const fct_turn *turn)
{
    return atomic_load(&turn->page->failed);
}

void fct_turn_heal(fct_turn *turn, uint64_t failure)
{
    atomic_compare_exchange_strong(&turn->page->failed, &failure, 0);
}
