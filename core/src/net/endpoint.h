/* SPDX-License-Identifier: MIT */
/* Socket addresses: a list of them as the resolver fills it, and their text. */
#ifndef FCT_ENDPOINT_H
#define FCT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FCT_ENDPOINT_TEXT 128
#define FCT_ENDPOINT_MAX 64 /* a name with more addresses is used with its first ones */

enum fct_family { FCT_FAMILY_ANY, FCT_FAMILY_IPV4, FCT_FAMILY_IPV6 };

typedef struct fct_endpoint {
    struct sockaddr_storage sock;
    socklen_t len;
} fct_endpoint;

/*
 * Make one of an IPv4 or IPv6 literal, without brackets.  False if `host` is not one, or if this
 * machine has no interface with the name of its zone ("fe80::1%eth0").
 */
bool fct_endpoint_literal(fct_endpoint *address, const char *host, uint16_t port);

/* Make one of a socket's path; "@name" is an abstract one.  False when it does not fit (108 bytes).
 */
bool fct_endpoint_unix(fct_endpoint *address, const char *path);

void fct_endpoint_set_port(fct_endpoint *address, uint16_t port);

/* The address alone: "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; "" of a path. */
void fct_endpoint_host_text(const fct_endpoint *address, char text[FCT_ENDPOINT_TEXT]);

/* "192.0.2.1:465", "[2001:db8::1]:465", "[fe80::1%eth0]:465" or the path; cut to FCT_ENDPOINT_TEXT.
 */
void fct_endpoint_text(const fct_endpoint *address, char text[FCT_ENDPOINT_TEXT]);

/* Whether both ends of a connection are on this machine; so are those of a unix socket. */
bool fct_endpoint_same_host(const fct_endpoint *own, const fct_endpoint *peer);

#define FCT_ENDPOINT_LITERAL 64

/*
 * The address literal of RFC 5321 section 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]".  A unix
 * socket has "[127.0.0.1]": its peer is this machine.
 */
void fct_endpoint_address_literal(const fct_endpoint *address, char text[FCT_ENDPOINT_LITERAL]);

#endif
