/* SPDX-License-Identifier: MIT */
/* The facts about a connection that check() wants, also about one that failed. */
#include "pool/facts.h"

#include "base/memory.h"
#include "pool/pool_state.h"

#include <string.h>

static void copy(char **into, const char *text)
{
    *into = fct_strdup(text ? text : "");
}

void fct_check_fill(struct fct_check *check, const fct_connection *connection)
{
    const fct_tls *tls = connection->stream ? fct_stream_tls(connection->stream) : NULL;

    fct_check_done(check);
    if (connection->pool->slots_fault)
        copy(&check->slots_fault, connection->pool->slots_fault);
    if (connection->stream)
        copy(&check->address, fct_stream_peer(connection->stream));
    if (connection->session) {
        copy(&check->capabilities, fct_session_capabilities(connection->session));
        copy(&check->mechanism, fct_session_mechanism(connection->session));
        copy(&check->transcript, fct_session_transcript(connection->session));
    }
    if (!tls)
        return;
    check->has_certificate = fct_tls_certificate(tls, &check->certificate);
    if (connection->timing_us[FACTEUR_PHASE_tls] < 0)
        return; /* the handshake did not come to its end */
    copy(&check->tls_version, fct_tls_version(tls));
    copy(&check->tls_cipher, fct_tls_cipher(tls));
    check->tls_resumed = fct_tls_resumed(tls);
}

void fct_check_done(struct fct_check *check)
{
    fct_free(check->address);
    fct_free(check->tls_version);
    fct_free(check->tls_cipher);
    fct_free(check->capabilities);
    fct_free(check->mechanism);
    fct_free(check->slots_fault);
    fct_free(check->transcript);
    fct_tls_certificate_done(&check->certificate);
    memset(check, 0, sizeof *check);
}
