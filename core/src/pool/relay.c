/* SPDX-License-Identifier: MIT */
#include "pool/relay.h"

#include "base/memory.h"

/* The relay owns these strings, although their readers see them as const. */
static void drop(const char *text)
{
    fct_free((void *)(uintptr_t)text);
}

bool fct_relay_identity(const fct_relay *relay, char text[FCT_DIGEST_TEXT])
{
    const char *user = relay->session.username ? relay->session.username : "";
    const fct_slice parts[] = {
        fct_slice_of(relay->unix_path ? relay->unix_path : relay->host),
        {(const char *)&relay->port, sizeof relay->port},
        fct_slice_of(user),
    };

    return fct_digest_text(parts, sizeof parts / sizeof parts[0], text);
}

bool fct_port_is_implicit(uint16_t port)
{
    return port == 465 || port == 2465;
}

enum fct_tls_plan fct_relay_tls(const fct_relay *relay, uint16_t port)
{
    return relay->port_count && fct_port_is_implicit(port) ? FCT_TLS_IMPLICIT : relay->session.tls;
}

void fct_relay_target(const fct_relay *relay, uint16_t first, struct fct_dial_target *target)
{
    *target = (struct fct_dial_target){.host = relay->host,
                                       .unix_path = relay->unix_path,
                                       .ports = {relay->port},
                                       .port_count = 1,
                                       .proxy = relay->proxy.host ? &relay->proxy : NULL,
                                       .local_address = relay->local_address,
                                       .family = relay->family};
    for (unsigned i = 0; i < relay->port_count; i++) {
        if (relay->ports[i] == first)
            target->ports[0] = first;
    }
    for (unsigned i = 0; i < relay->port_count; i++) {
        if (relay->ports[i] != target->ports[0])
            target->ports[target->port_count++] = relay->ports[i];
    }
}

void fct_relay_done(fct_relay *relay)
{
    fct_free(relay->stats);
    fct_free(relay->name);
    fct_free(relay->host);
    fct_free(relay->unix_path);
    drop(relay->session.helo);
    drop(relay->session.auth);
    drop(relay->session.username);
    drop(relay->session.authzid);
    fct_secret_unref(relay->session.password);
    fct_secret_unref(relay->session.token);
    drop(relay->proxy.name);
    drop(relay->proxy.host);
    drop(relay->proxy.username);
    fct_secret_unref(relay->proxy.password);
    fct_free(relay->local_address);
    drop(relay->tls.name);
    drop(relay->tls.ca_file);
    drop(relay->tls.ca_path);
    drop(relay->tls.pin_sha256);
    drop(relay->tls.client_cert);
    drop(relay->tls.client_key);
    fct_secret_unref(relay->tls.client_key_password);
    drop(relay->tls.session_file);
    *relay = (fct_relay){0};
}
