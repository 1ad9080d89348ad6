/* SPDX-License-Identifier: MIT */
#include "net/notice.h"

#include <fcntl.h>
#include <unistd.h>

void fct_notice_init(fct_notice *notice)
{
    notice->read_fd = notice->write_fd = -1;
}

static bool prepare(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

bool fct_notice_open(fct_notice *notice)
{
    int ends[2];

    if (notice->read_fd >= 0)
        return true;
    if (pipe(ends) != 0)
        return false;
    notice->read_fd = ends[0];
    notice->write_fd = ends[1];
    if (prepare(ends[0]) && prepare(ends[1]))
        return true;
    fct_notice_close(notice);
    return false;
}

void fct_notice_close(fct_notice *notice)
{
    if (notice->read_fd < 0)
        return;
    close(notice->read_fd);
    close(notice->write_fd);
    fct_notice_init(notice);
}

int fct_notice_fd(const fct_notice *notice)
{
    return notice->read_fd;
}

void fct_notice_give(const fct_notice *notice)
{
    /* A full pipe is readable enough. */
    (void)!write(notice->write_fd, "", 1);
}

void fct_notice_take(const fct_notice *notice)
{
    char bytes[64];

    while (read(notice->read_fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        continue;
}
