/* SPDX-License-Identifier: MIT */
/* A client of net/tls and OpenSSL's server joined by memory, and certificates for them. */
#ifndef TEST_TLS_PAIR_H
#define TEST_TLS_PAIR_H

#include "net/tls.h"
#include "support/certificates.h"

#define HOST "mail.example.com"

/* An authority, its file, and a certificate of its for HOST; fixtures of a group. */
extern struct certificate ca, good;
extern char ca_path[64];
int make_fixtures(void **state);
int drop_fixtures(void **state);

struct pair {
    fct_tls *client;
    SSL *server;
    bool client_open;
    int error;
};

/* A certificate of the authority for these names. */
struct certificate issued(const char *san);

fct_tls_context *client_context(const struct fct_tls_config *config, const char *host);

void pair_start(struct pair *pair, fct_tls_context *client, SSL_CTX *server);
void pair_end(struct pair *pair);

/* Hand the server what the client wrote. */
void to_server(struct pair *pair);

/* Hand the client what the server wrote, `step` bytes at a time; the clear text goes to `got`. */
void to_client(struct pair *pair, size_t step, fct_buf *got);

/* Shake hands; true when both sides are done. */
bool shake(struct pair *pair, size_t step);

#endif
