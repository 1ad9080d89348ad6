/* SPDX-License-Identifier: MIT */
/* No socket: each side writes into memory that the other reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/tls_pair.h"

struct certificate ca, good;
char ca_path[64];

struct certificate issued(const char *san)
{
    return certificate_make(&(struct certificate_plan){
        .name = HOST, .san = san, .from_days = -1, .to_days = 30, .issuer = &ca});
}

int make_fixtures(void **state)
{
    ca = certificate_make(&(struct certificate_plan){
        .name = "Test Authority", .from_days = -30, .to_days = 365, .authority = true});
    good = issued("DNS:" HOST ",IP:192.0.2.7");
    certificate_write(&ca, false, ca_path);
    return 0;
}

int drop_fixtures(void **state)
{
    unlink(ca_path);
    certificate_free(&ca);
    certificate_free(&good);
    return 0;
}

fct_tls_context *client_context(const struct fct_tls_config *config, const char *host)
{
    fct_tls_context *context = NULL;
    facteur_error *error = NULL;

    assert_int_equal(fct_tls_context_new(config, host, &context, &error), 0);
    return context;
}

void pair_start(struct pair *pair, fct_tls_context *client, SSL_CTX *server)
{
    memset(pair, 0, sizeof *pair);
    pair->client = fct_tls_new(client);
    assert_non_null(pair->client);
    pair->server = SSL_new(server);
    SSL_set_bio(pair->server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(pair->server);
}

void pair_end(struct pair *pair)
{
    fct_tls_free(pair->client);
    SSL_free(pair->server);
}

void to_server(struct pair *pair)
{
    fct_slice out = fct_tls_output(pair->client);

    if (out.len > 0)
        BIO_write(SSL_get_rbio(pair->server), out.ptr, (int)out.len);
    fct_tls_sent(pair->client, out.len);
}

void to_client(struct pair *pair, size_t step, fct_buf *got)
{
    char bytes[4096], clear[16384];
    bool ended = false;
    int len, n = 0;

    while (pair->error == 0 &&
           (len = BIO_read(SSL_get_wbio(pair->server), bytes,
                           (int)(step < sizeof bytes ? step : sizeof bytes))) > 0) {
        fct_tls_feed(pair->client, bytes, (size_t)len);
        if (!pair->client_open) {
            n = fct_tls_handshake(pair->client);
            pair->client_open = n == 1;
            pair->error = n < 0 ? n : 0;
        }
        while (pair->client_open &&
               (n = fct_tls_read(pair->client, clear, sizeof clear, &ended)) > 0) {
            if (got)
                fct_buf_add(got, clear, (size_t)n);
        }
        if (pair->client_open && n < 0)
            pair->error = n;
    }
}

bool shake(struct pair *pair, size_t step)
{
    int server = 0;

    assert_int_equal(fct_tls_handshake(pair->client), 0);
    for (int round = 0; round < 10 && pair->error == 0; round++) {
        to_server(pair);
        server = SSL_do_handshake(pair->server);
        to_client(pair, step, NULL);
        if (server == 1 && pair->client_open)
            return true;
    }
    return false;
}
