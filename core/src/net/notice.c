/* SPDX-License-Identifier: MIT */
#include "net/notice.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

void fct_notice_init(fct_notice *notice)
{
    notice->fd = notice->timer_fd = notice->inner_fd = -1;
    notice->due_us = UINT64_MAX;
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
    notice->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    notice->inner_fd = inner_fd;
    notice->looking = inner_fd >= 0;
    if (notice->fd >= 0 && notice->timer_fd >= 0 && add(notice, notice->timer_fd) &&
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
    if (notice->timer_fd >= 0)
        close(notice->timer_fd);
    fct_notice_init(notice);
}

/* 0: stop it. */
static void set_timer(fct_notice *notice, uint64_t ns)
{
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)}};

    timerfd_settime(notice->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void fct_notice_give(fct_notice *notice)
{
    fct_notice_give_at(notice, 0);
}

void fct_notice_give_at(fct_notice *notice, uint64_t due_us)
{
    if (notice->fd < 0 || due_us >= notice->due_us)
        return;
    notice->due_us = due_us;
    set_timer(notice, due_us ? due_us * 1000 : 1);
}

/* The kernel may ring a little later than it was told to: unlike read(), this takes that back. */
void fct_notice_take(fct_notice *notice, uint64_t now_us)
{
    if (notice->due_us > now_us)
        return;
    notice->due_us = UINT64_MAX;
    set_timer(notice, 0);
}

void fct_notice_look(fct_notice *notice, bool looking)
{
    struct epoll_event event = {.events = looking ? EPOLLIN : 0, .data.fd = notice->inner_fd};

    if (notice->inner_fd < 0 || notice->looking == looking)
        return;
    notice->looking = looking;
    epoll_ctl(notice->fd, EPOLL_CTL_MOD, notice->inner_fd, &event);
}
