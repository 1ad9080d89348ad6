/* SPDX-License-Identifier: MIT */
#include "net/endpoint.h"

#include "base/ip.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* "fe80::1%eth0" (RFC 4007 section 11): a link-local address needs its interface. */
static bool literal_v6(struct sockaddr_in6 *v6, const char *host)
{
    fct_slice bare = fct_slice_of(host), zone = fct_ip_cut_zone(&bare);

    if (!fct_ip_v6(bare, v6->sin6_addr.s6_addr))
        return false;
    v6->sin6_family = AF_INET6;
    if (bare.len == strlen(host))
        return true;
    v6->sin6_scope_id = if_nametoindex(zone.ptr);
    return v6->sin6_scope_id != 0;
}

bool fct_endpoint_literal(fct_endpoint *address, const char *host, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address->sock;

    memset(address, 0, sizeof *address);
    if (fct_ip_v4(fct_slice_of(host), (unsigned char *)&v4->sin_addr)) {
        v4->sin_family = AF_INET;
        address->len = sizeof *v4;
    } else if (literal_v6((struct sockaddr_in6 *)(void *)&address->sock, host)) {
        address->len = sizeof(struct sockaddr_in6);
    } else {
        return false;
    }
    fct_endpoint_set_port(address, port);
    return true;
}

bool fct_endpoint_unix(fct_endpoint *address, const char *path)
{
    struct sockaddr_un *un = (struct sockaddr_un *)(void *)&address->sock;
    size_t len = strlen(path);

    memset(address, 0, sizeof *address);
    if (len == 0 || len >= sizeof un->sun_path)
        return false;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, len);
    address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    if (path[0] == '@') {
        /* The length, not a NUL, ends an abstract name. */
        un->sun_path[0] = '\0';
        address->len--;
    }
    return true;
}

void fct_endpoint_set_port(fct_endpoint *address, uint16_t port)
{
    if (address->sock.ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)&address->sock)->sin_port = htons(port);
    else if (address->sock.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)&address->sock)->sin6_port = htons(port);
}

void fct_endpoint_host_text(const fct_endpoint *address, char text[FCT_ENDPOINT_TEXT])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->sock;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->sock;
    char zone[IF_NAMESIZE];

    text[0] = '\0';
    if (address->sock.ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, text, FCT_ENDPOINT_TEXT);
    else if (address->sock.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, text, FCT_ENDPOINT_TEXT);
    if (address->sock.ss_family == AF_INET6 && v6->sin6_scope_id &&
        if_indextoname(v6->sin6_scope_id, zone))
        snprintf(text + strlen(text), FCT_ENDPOINT_TEXT - strlen(text), "%%%s", zone);
}

/* Only of IPv4 and IPv6. */
static unsigned port_of(const fct_endpoint *address)
{
    return ntohs(address->sock.ss_family == AF_INET
                     ? ((const struct sockaddr_in *)(const void *)&address->sock)->sin_port
                     : ((const struct sockaddr_in6 *)(const void *)&address->sock)->sin6_port);
}

void fct_endpoint_text(const fct_endpoint *address, char text[FCT_ENDPOINT_TEXT])
{
    char host[FCT_ENDPOINT_TEXT];

    if (address->sock.ss_family != AF_UNIX) {
        fct_endpoint_host_text(address, host);
        snprintf(text, FCT_ENDPOINT_TEXT, strchr(host, ':') ? "[%.100s]:%u" : "%.100s:%u", host,
                 port_of(address));
    } else {
        const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&address->sock;
        bool abstract = un->sun_path[0] == '\0';
        size_t len = address->len - offsetof(struct sockaddr_un, sun_path) - 1;

        snprintf(text, FCT_ENDPOINT_TEXT, "%s%.*s", abstract ? "@" : "", (int)len,
                 un->sun_path + (abstract ? 1 : 0));
    }
}

void fct_endpoint_address_literal(const fct_endpoint *address, char text[FCT_ENDPOINT_LITERAL])
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->sock;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->sock;
    char ip[INET6_ADDRSTRLEN] = "127.0.0.1";
    bool is_v6 = address->sock.ss_family == AF_INET6;

    if (is_v6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        is_v6 = false;
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], ip, sizeof ip);
    } else if (is_v6) {
        inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
    } else if (address->sock.ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
    }
    snprintf(text, FCT_ENDPOINT_LITERAL, "[%s%s]", is_v6 ? "IPv6:" : "", ip);
}

/* Loopback addresses are on this machine with whatever address is at the other end. */
bool fct_endpoint_same_host(const fct_endpoint *own, const fct_endpoint *peer)
{
    char ours[FCT_ENDPOINT_LITERAL], theirs[FCT_ENDPOINT_LITERAL];

    fct_endpoint_address_literal(own, ours);
    fct_endpoint_address_literal(peer, theirs);
    return strcmp(ours, theirs) == 0 || strncmp(theirs, "[127.", 5) == 0;
}
