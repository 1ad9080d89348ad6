/* SPDX-License-Identifier: MIT */
/* Socket addresses: a list of them as the resolver fills it, and their text. */
#ifndef FCT_ADDRESS_H
#define FCT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FCT_ADDRESS_TEXT 128
#define FCT_ADDRESS_MAX 64 /* a name with more addresses is used with its first ones */

typedef struct fct_address {
    struct sockaddr_storage sock;
    socklen_t len;
    bool tried;
} fct_address;

/* Make one of an IPv4 or IPv6 literal, without brackets; false when `host` is none. */
bool fct_address_literal(fct_address *address, const char *host, uint16_t port);

/* Make one of a socket's path; "@name" is an abstract one.  False when it does not fit (108 bytes).
 */
bool fct_address_unix(fct_address *address, const char *path);

void fct_address_set_port(fct_address *address, uint16_t port);

/* "192.0.2.1:465", "[2001:db8::1]:465" or the path; cut to FCT_ADDRESS_TEXT. */
void fct_address_text(const fct_address *address, char text[FCT_ADDRESS_TEXT]);

#endif
