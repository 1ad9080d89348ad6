/* SPDX-License-Identifier: MIT */
/*
 * The system calls on which a mail depends.  A build with FCT_FAULT_INJECTION can make each of them
 * fail once; otherwise they are the system's own.
 */
#ifndef FCT_SYSTEM_H
#define FCT_SYSTEM_H

#include <sys/socket.h>
#include <uv.h>

#ifdef FCT_FAULT_INJECTION

/* In place of an errno: the call moves one byte only; others than sendmsg and recv are not hurt. */
#define FCT_SYSTEM_SHORT (-1)

/* Make the nth call from now fail with the errno (1 is the next one) on this thread; 0 stops that.
 */
void fct_system_fail_at(unsigned long nth, int error);
/* The name of the call that was made to fail, or NULL. */
const char *fct_system_failed(void);

int fct_system_socket(int domain, int type, int protocol);
int fct_system_connect(int fd, const struct sockaddr *address, socklen_t len);
int fct_system_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int fct_system_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
ssize_t fct_system_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t fct_system_recv(int fd, void *bytes, size_t len, int flags);

#else

#define fct_system_socket socket
#define fct_system_connect connect
#define fct_system_getsockopt getsockopt
#define fct_system_poll_init uv_poll_init
#define fct_system_sendmsg sendmsg
#define fct_system_recv recv

#endif

#endif
