/* SPDX-License-Identifier: MIT */
#include "net/system.h"

#ifdef FCT_FAULT_INJECTION

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

static _Thread_local unsigned long countdown;
static _Thread_local int failure;
static _Thread_local const char *failed;

void fct_system_fail_at(unsigned long nth, int error)
{
    countdown = nth;
    failure = error;
    failed = NULL;
}

const char *fct_system_failed(void)
{
    return failed;
}

static bool is_due(const char *name)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    failed = name;
    errno = failure;
    return true;
}

int fct_system_socket(int domain, int type, int protocol)
{
    if (is_due("socket") && failure > 0)
        return -1;
    return socket(domain, type, protocol);
}

int fct_system_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    if (is_due("connect") && failure > 0)
        return -1;
    return connect(fd, address, len);
}

int fct_system_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    if (is_due("getsockopt") && failure > 0)
        return -1;
    return getsockopt(fd, level, name, value, len);
}

int fct_system_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    if (is_due("poll") && failure > 0)
        return -failure;
    return uv_poll_init(loop, poll, fd);
}

ssize_t fct_system_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr first = *message;
    struct iovec byte;

    if (!is_due("sendmsg"))
        return sendmsg(fd, message, flags);
    if (failure > 0)
        return -1;
    byte = (struct iovec){.iov_base = message->msg_iov[0].iov_base, .iov_len = 1};
    first.msg_iov = &byte;
    first.msg_iovlen = 1;
    return sendmsg(fd, &first, flags);
}

ssize_t fct_system_recv(int fd, void *bytes, size_t len, int flags)
{
    if (!is_due("recv"))
        return recv(fd, bytes, len, flags);
    return failure > 0 ? -1 : recv(fd, bytes, 1, flags);
}

#endif
