/* SPDX-License-Identifier: MIT */
#include "net/notice.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

void fct_notice_init(fct_notice *notice)
{
    notice->fd = notice->event_fd = notice->inner_fd = -1;
    notice->looking = false;
}

static bool add(const fct_notice *notice, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(notice->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool fct_notice_open(fct_notice *notice, int inner_fd)
{
    int cause;

    notice->fd = epoll_create1(EPOLL_CLOEXEC);
    notice->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    notice->inner_fd = inner_fd;
    notice->looking = inner_fd >= 0;
    if (notice->fd >= 0 && notice->event_fd >= 0 && add(notice, notice->event_fd) &&
        (inner_fd < 0 || add(notice, inner_fd)))
        return true;
    cause = errno;
    fct_notice_close(notice);
    errno = cause;
    return false;
}

void fct_notice_close(fct_notice *notice)
{
    if (notice->fd >= 0)
        close(notice->fd);
    if (notice->event_fd >= 0)
        close(notice->event_fd);
    fct_notice_init(notice);
}

void fct_notice_give(const fct_notice *notice)
{
    uint64_t one = 1;

    /* A counter that is full is readable enough. */
    (void)!write(notice->event_fd, &one, sizeof one);
}

void fct_notice_take(const fct_notice *notice)
{
    uint64_t count;

    (void)!read(notice->event_fd, &count, sizeof count);
}

void fct_notice_look(fct_notice *notice, bool looking)
{
    struct epoll_event event = {.events = looking ? EPOLLIN : 0, .data.fd = notice->inner_fd};

    if (notice->inner_fd < 0 || notice->looking == looking)
        return;
    notice->looking = looking;
    epoll_ctl(notice->fd, EPOLL_CTL_MOD, notice->inner_fd, &event);
}
