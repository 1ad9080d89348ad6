/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "net/slots.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/private.h"
#include "base/shortage.h"
#include "net/loop_uv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fct_slots {
    fct_loop *loop;
    int fd;
    unsigned count, held_count;
    char name[FCT_DIGEST_TEXT + 8];
    bool held[]; /* locks of one open file do not conflict with each other */
};

#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK
#define GET_LOCK F_OFD_GETLK
#define HAVE_LOCKS 1
#else
/* A process's own locks would go with the first of its descriptors that is closed. */
#define SET_LOCK F_SETLK
#define GET_LOCK F_GETLK
#define HAVE_LOCKS 0
#endif

static struct flock lock_on(short type, off_t at, off_t len)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = len};
}

static void close_file(fct_slots *slots)
{
    if (slots->fd < 0)
        return;
    fct_loop_strike(slots->loop, slots->fd);
    close(slots->fd);
    slots->fd = -1;
}

static bool is_of_disk(int cause)
{
    return cause == EROFS || cause == ENOSPC || cause == EDQUOT || cause == EACCES;
}

static int open_file(fct_slots *slots, facteur_error **error)
{
    int dir = fct_private_dir("host_slots", error);
    const char *fault;
    int cause;

    if (dir < 0)
        return dir;
    slots->fd =
        openat(dir, slots->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    cause = slots->fd < 0 ? errno : 0;
    fault = slots->fd < 0 ? strerror(errno) : fct_private_fault(slots->fd);
    close(dir);
    if (fct_shortage_is(cause))
        return fct_shortage_set(error, cause);
    if (!fault) {
        fct_loop_note(slots->loop, slots->fd);
        /* Cleaners of /tmp take what was not touched for days. */
        futimens(slots->fd, NULL);
        return 0;
    }
    if (slots->fd >= 0)
        close(slots->fd);
    slots->fd = -1;
    return fct_error_set(error, is_of_disk(cause) ? FACTEUR_EIO : FACTEUR_ECONFIG, "host_slots",
                         "host_slots: the lock file %s cannot be used: %s", slots->name, fault);
}

int fct_slots_open(fct_loop *loop, const fct_slice *parts, size_t part_count, unsigned count,
                   fct_slots **out, facteur_error **error)
{
    char digest[FCT_DIGEST_TEXT];
    fct_slots *slots;
    int result;

    if (!HAVE_LOCKS)
        return fct_error_set(error, FACTEUR_ECONFIG, "host_slots",
                             "host_slots: this system has no locks that belong to an open file");
    slots = fct_calloc(1, sizeof *slots + count * sizeof slots->held[0]);
    if (!slots || !fct_digest_text(parts, part_count, digest)) {
        fct_free(slots);
        return fct_error_nomem(error);
    }
    slots->loop = loop;
    slots->count = count;
    snprintf(slots->name, sizeof slots->name, "%.32s.slots", digest);
    result = open_file(slots, error);
    if (result != 0) {
        fct_free(slots);
        return result;
    }
    *out = slots;
    return 0;
}

/* A file that was removed is another one for those who come now. */
int fct_slots_follow(fct_slots *slots, facteur_error **error)
{
    struct stat facts;

    if (slots->held_count > 0 ||
        (slots->fd >= 0 && fstat(slots->fd, &facts) == 0 && facts.st_nlink > 0))
        return 0;
    close_file(slots);
    return open_file(slots, error);
}

int fct_slots_take(fct_slots *slots)
{
    for (unsigned i = 0; slots->fd >= 0 && i < slots->count; i++) {
        struct flock lock = lock_on(F_WRLCK, i, 1);

        if (slots->held[i] || fcntl(slots->fd, SET_LOCK, &lock) != 0)
            continue;
        slots->held[i] = true;
        slots->held_count++;
        return (int)i;
    }
    return -1;
}

void fct_slots_give(fct_slots *slots, int slot)
{
    struct flock lock = lock_on(F_UNLCK, slot, 1);

    if (slot < 0)
        return;
    fcntl(slots->fd, SET_LOCK, &lock);
    slots->held[slot] = false;
    slots->held_count--;
}

bool fct_slots_any_free(const fct_slots *slots)
{
    for (unsigned i = 0; slots->fd >= 0 && i < slots->count; i++) {
        struct flock lock = lock_on(F_WRLCK, i, 1);

        if (!slots->held[i] && fcntl(slots->fd, GET_LOCK, &lock) == 0 && lock.l_type == F_UNLCK)
            return true;
    }
    return false;
}

void fct_slots_free(fct_slots *slots)
{
    struct flock lock = lock_on(F_UNLCK, 0, 0);

    if (!slots)
        return;
    /* Closing would not do when a child has the file open, too. */
    if (slots->fd >= 0)
        fcntl(slots->fd, SET_LOCK, &lock);
    fct_slots_abandon(slots);
}

void fct_slots_abandon(fct_slots *slots)
{
    if (!slots)
        return;
    close_file(slots);
    fct_free(slots);
}
