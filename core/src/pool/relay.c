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
    drop(relay->tls.name);
    drop(relay->tls.ca_file);
    drop(relay->tls.pin_sha256);
    drop(relay->tls.client_cert);
    drop(relay->tls.client_key);
    drop(relay->tls.session_file);
    *relay = (fct_relay){0};
}
