/* SPDX-License-Identifier: MIT */
#include "mime/spool.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fct_spool {
    atomic_uint refs;
    int fd;
    uint64_t size;
};

static int open_unnamed(void)
{
    const char *set = getenv("TMPDIR"), *dir = set && set[0] ? set : "/tmp";
    char path[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    /* Not every file system supports files without a name. */
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    if (snprintf(path, sizeof path, "%s/facteur.XXXXXX", dir) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FACTEUR_EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int fill(fct_spool *spool, facteur_read *read, void *arg, char *step)
{
    for (;;) {
        long n = read(arg, step, FCT_SPOOL_STEP);
        int result;

        if (n <= 0)
            return (int)n;
        if (n > FCT_SPOOL_STEP) {
            errno = EINVAL;
            return FACTEUR_EIO;
        }
        result = write_all(spool->fd, step, (size_t)n);
        if (result)
            return result;
        spool->size += (uint64_t)n;
    }
}

int fct_spool_new(facteur_read *read, void *arg, fct_spool **out)
{
    fct_spool *spool = fct_calloc(1, sizeof *spool);
    char *step = fct_malloc(FCT_SPOOL_STEP);
    int result = FACTEUR_ENOMEM, saved;

    if (spool && step) {
        atomic_init(&spool->refs, 1);
        spool->fd = open_unnamed();
        result = spool->fd < 0 ? FACTEUR_EIO : fill(spool, read, arg, step);
        saved = errno;
        if (!result) {
            *out = spool;
            spool = NULL;
        } else if (spool->fd >= 0) {
            close(spool->fd);
        }
        errno = saved;
    }
    fct_free(spool);
    fct_free(step);
    return result;
}

fct_spool *fct_spool_ref(fct_spool *spool)
{
    atomic_fetch_add(&spool->refs, 1);
    return spool;
}

void fct_spool_unref(fct_spool *spool)
{
    if (!spool || atomic_fetch_sub(&spool->refs, 1) != 1)
        return;
    close(spool->fd);
    fct_free(spool);
}

int fct_spool_fd(const fct_spool *spool)
{
    return spool->fd;
}

uint64_t fct_spool_size(const fct_spool *spool)
{
    return spool->size;
}
