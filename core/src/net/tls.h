/* SPDX-License-Identifier: MIT */
/* TLS as a filter over memory BIOs: bytes in, bytes out, no socket.  Verification is on. */
#ifndef FCT_TLS_H
#define FCT_TLS_H

#include "base/bytes.h"
#include "base/secret.h"
#include "facteur.h"

/* How the relay must prove itself; NULL strings mean "not set". */
struct fct_tls_config {
    const char *name;        /* the name or address the certificate must carry; default: the host */
    const char *ca_file;     /* PEM; default: the system's store */
    const char *ca_path;     /* a folder of PEM files under hashed names; with ca_file both count */
    const char *pin_sha256;  /* base64 SHA-256 of the SPKI; several separated by commas */
    const char *client_cert; /* PEM files */
    const char *client_key;
    fct_secret *client_key_password; /* NULL: the key is not encrypted */
    bool no_verify;                  /* dangerous_no_verify */
    const char *session_file;        /* where sessions are shared with other processes */
    const char *identity;            /* whose sessions they are: server, port, account */
};

/*
 * A pin names the key of the relay's own certificate and stands for the chain of trust, as DANE-EE
 * does (RFC 7671 section 5.1): issuer, name and dates are then not looked at.  With ca_file too,
 * both must hold.  A pin is checked under no_verify as well.
 */

/* Start OpenSSL if it is not started.  False after it has cleaned up for the exit of the process.
 */
bool fct_tls_usable(void);

typedef struct fct_tls_context
    fct_tls_context;            /* one relay's settings and its sessions to resume */
typedef struct fct_tls fct_tls; /* one connection */

/*
 * Read the files and make the context.  `host` is the relay's name, address or NULL (unix socket).
 * Everything is copied.
 * FACTEUR_ECONFIG: a file or value cannot be used; `where` is the option (ca_file, ca_path,
 * client_cert, client_key, client_key_password, pin_sha256, tls_name, tls_session_file).
 * FACTEUR_ENOMEM.
 */
int fct_tls_context_new(const struct fct_tls_config *config, const char *host,
                        fct_tls_context **out, facteur_error **error);

/* Each holder frees it once; NULL is fine. */
fct_tls_context *fct_tls_context_ref(fct_tls_context *context);
void fct_tls_context_free(fct_tls_context *context);

/*
 * True if a handshake failed with it: the next connection then gets a new one.  If memory runs
 * out while the files are read, OpenSSL silently skips some of them; and a file may have been
 * repaired.
 */
bool fct_tls_context_failed(const fct_tls_context *context);

/* A client before its ClientHello; NULL when memory ran out. */
fct_tls *fct_tls_new(fct_tls_context *context);
void fct_tls_free(fct_tls *tls);

/* Write what can be written now, without waiting: its length, or 0. */
typedef size_t fct_tls_send(void *user, const char *bytes, size_t len);

/* Let fct_tls_write() pass its last record to `send` if no output waits before it.  Only what
 * `send` did not take is then kept as output. */
void fct_tls_send_by(fct_tls *tls, fct_tls_send *send, void *user);

/* Give it bytes from the wire.  They must live until fct_tls_read() has returned 0. */
void fct_tls_feed(fct_tls *tls, const void *bytes, size_t len);

/* Go on with the handshake: 1 done (once), 0 more bytes needed, FACTEUR_ETLS. */
int fct_tls_handshake(fct_tls *tls);

/*
 * Clear text, up to one record: its length; 0 when all given bytes are used up; FACTEUR_ETLS.
 * `*ended` is set when the relay said close_notify.
 */
int fct_tls_read(fct_tls *tls, char *out, size_t cap, bool *ended);

/*
 * Encrypt, gathering small slices into records of at most 16 KiB.  Takes no more while 64 KiB of
 * ciphertext wait.  `*taken` is where to begin and, afterwards, where it stopped: the bytes
 * before it are on their way.
 * 0 or FACTEUR_ETLS.
 */
int fct_tls_write(fct_tls *tls, const fct_slice *slices, int count, size_t *taken);

/* The ciphertext waiting for the wire, and how much of it went. */
fct_slice fct_tls_output(const fct_tls *tls);
void fct_tls_sent(fct_tls *tls, size_t len);

/* Append close_notify to the output. */
void fct_tls_end(fct_tls *tls);

/* Why the last call failed: FACTEUR_ETLS, or FACTEUR_ELIMIT when no descriptor was left. */
int fct_tls_error(const fct_tls *tls);
/* The same as a sentence; lives as long as `tls`. */
const char *fct_tls_message(const fct_tls *tls);

/* Facts of an open connection; static or as long as `tls`. */
const char *fct_tls_version(const fct_tls *tls);
const char *fct_tls_cipher(const fct_tls *tls);
bool fct_tls_resumed(const fct_tls *tls);

/* What a server's certificate says of itself.  The texts are the peer's, in UTF-8, fct_malloc'ed.
 */
struct fct_tls_certificate {
    char *subject, *issuer;             /* "CN=mail.example.com, O=Example" */
    char not_before[24], not_after[24]; /* "2027-01-31T12:00:00Z", or empty when unreadable */
    int64_t days_left;   /* whole days until not_after; negative when it has expired */
    char pin_sha256[48]; /* as the option pin_sha256 takes it */
};

/* The server's certificate, also one that was refused.  False: none was seen, or no memory. */
bool fct_tls_certificate(const fct_tls *tls, struct fct_tls_certificate *out);
void fct_tls_certificate_done(struct fct_tls_certificate *certificate);

/* Channel binding: bytes and its name ("tls-exporter", "tls-unique"); len 0 when there is none. */
fct_slice fct_tls_binding(fct_tls *tls, const char **name);

#endif
