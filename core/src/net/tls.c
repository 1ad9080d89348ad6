/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL between two buffers of ours: its BIO reads from the bytes lent by fct_tls_feed() and
 * hands its records on at once, or keeps them in a bounded output, so that neither side is copied
 * twice.
 */
#include "net/tls.h"

#include "base/memory.h"
#include "base/shortage.h"
#include "net/tls_certificate.h"
#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX 16384
#define AHEAD_MAX 65536                /* ciphertext waiting for the kernel */
#define OUTPUT_MAX (AHEAD_MAX + 65536) /* with the room for OpenSSL's own answers */
#define TALK_MAX 64 /* KeyUpdate and tickets in a row without any data: a flood */
#define MESSAGE_MAX 640

struct fct_tls {
    fct_tls_context *context;
    SSL *ssl;
    fct_slice in;
    fct_buf out;
    size_t out_start;
    fct_tls_send *send; /* may be NULL */
    void *send_user;
    bool direct; /* the record at hand is the last one for now */
    bool open;
    bool first_seen; /* the first byte told TLS from clear text */
    unsigned talk;
    int lacking;   /* errno: the machine is short of what a handshake needs */
    X509 *refused; /* the server's certificate, if it is not trusted */
    unsigned char binding[64];
    char message[MESSAGE_MAX];
};

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

/* Asked for nothing, OpenSSL says yes and starts nothing: its clean-up might come before ours. */
bool fct_tls_usable(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) == 1;
}

static int bio_read(BIO *bio, char *out, int cap)
{
    fct_tls *tls = BIO_get_data(bio);
    size_t len = (size_t)cap < tls->in.len ? (size_t)cap : tls->in.len;

    BIO_clear_retry_flags(bio);
    if (len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(out, tls->in.ptr, len);
    tls->in.ptr += len;
    tls->in.len -= len;
    return (int)len;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    fct_tls *tls = BIO_get_data(bio);
    size_t gone = 0;

    BIO_clear_retry_flags(bio);
    if (tls->direct && tls->send && fct_tls_output(tls).len == 0)
        gone = tls->send(tls->send_user, bytes, (size_t)len);
    return fct_buf_add(&tls->out, bytes + gone, (size_t)len - gone) == 0 ? len : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static void make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "facteur");
    if (!bio_method)
        return;
    BIO_meth_set_read(bio_method, bio_read);
    BIO_meth_set_write(bio_method, bio_write);
    BIO_meth_set_ctrl(bio_method, bio_ctrl);
    BIO_meth_set_create(bio_method, bio_create);
}

static int on_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    fct_tls *tls = SSL_get_app_data(ssl);

    if (good || tls->context->pin_suffices)
        return 1;
    /* The system's authorities are read when they are needed. */
    if (X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
        tls->lacking = fct_shortage_look(1);
    if (tls->lacking) {
        char text[FCT_SHORTAGE_TEXT];

        snprintf(tls->message, sizeof tls->message, "%s", fct_shortage_text(tls->lacking, text));
        return 0;
    }
    fct_tls_explain(store, tls->context->name, tls->message, sizeof tls->message);
    if (!tls->refused && X509_up_ref(X509_STORE_CTX_get0_cert(store)) == 1)
        tls->refused = X509_STORE_CTX_get0_cert(store);
    return 0;
}

/* A peer that only changes keys or hands out tickets keeps us busy for nothing. */
static void on_message(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl,
                       void *user)
{
    fct_tls *tls = user;

    (void)version;
    (void)bytes;
    (void)len;
    (void)ssl;
    if (!sent && type == SSL3_RT_HANDSHAKE && tls->open)
        tls->talk++;
}

static bool set_up(fct_tls *tls)
{
    fct_tls_context *context = tls->context;
    SSL_SESSION *session;
    BIO *bio;

    pthread_once(&bio_once, make_bio_method);
    tls->ssl = SSL_new(context->ssl);
    bio = bio_method ? BIO_new(bio_method) : NULL;
    if (!tls->ssl || !bio) {
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, tls);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_connect_state(tls->ssl);
    SSL_set_quiet_shutdown(tls->ssl, 0);
    SSL_set_verify(tls->ssl, context->no_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, on_verify);
    SSL_set_msg_callback(tls->ssl, on_message);
    SSL_set_msg_callback_arg(tls->ssl, tls);
    /* SNI names hosts, never addresses (RFC 6066 section 3). */
    if (context->name && !context->literal &&
        SSL_set_tlsext_host_name(tls->ssl, context->name) != 1)
        return false;
    session = fct_tls_context_session(context);
    if (session) {
        SSL_set_session(tls->ssl, session);
        SSL_SESSION_free(session);
    }
    return true;
}

fct_tls *fct_tls_new(fct_tls_context *context)
{
    fct_tls *tls = fct_calloc(1, sizeof *tls);

    if (!tls)
        return NULL;
    tls->context = fct_tls_context_ref(context);
    tls->out.max = OUTPUT_MAX;
    if (!set_up(tls)) {
        ERR_clear_error();
        fct_tls_free(tls);
        return NULL;
    }
    return tls;
}

void fct_tls_free(fct_tls *tls)
{
    if (!tls)
        return;
    if (tls->ssl && tls->open) {
        /* Says nothing, but keeps OpenSSL from declaring the session not resumable. */
        SSL_set_quiet_shutdown(tls->ssl, 1);
        SSL_shutdown(tls->ssl);
        ERR_clear_error();
    }
    SSL_free(tls->ssl);
    X509_free(tls->refused);
    fct_tls_context_free(tls->context);
    fct_buf_done(&tls->out);
    fct_free(tls);
}

void fct_tls_send_by(fct_tls *tls, fct_tls_send *send, void *user)
{
    tls->send = send;
    tls->send_user = user;
}

void fct_tls_feed(fct_tls *tls, const void *bytes, size_t len)
{
    tls->in = (fct_slice){bytes, len};
}

/* SSL_get_error(3) wants no error from before the call; clearing an empty list takes time. */
static void forget_errors(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
}

/* The first sentence says most: what fails after it only follows from it. */
static int refuse(fct_tls *tls, const char *message)
{
    if (message && !tls->message[0])
        snprintf(tls->message, sizeof tls->message, "%s", message);
    ERR_clear_error();
    return FACTEUR_ETLS;
}

/* What OpenSSL has to say, unless a better sentence is there already. */
static int fail(fct_tls *tls)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);
    const char *name = tls->context->name ? tls->context->name : "the relay";

    if (tls->message[0])
        return refuse(tls, NULL);
    switch (ERR_GET_REASON(code)) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        snprintf(tls->message, sizeof tls->message,
                 "%s has no TLS version in common with us: TLS 1.2 or later is needed", name);
        break;
    case SSL_R_DH_KEY_TOO_SMALL:
        snprintf(tls->message, sizeof tls->message, "the Diffie-Hellman key of %s is too weak",
                 name);
        break;
    default:
        snprintf(tls->message, sizeof tls->message, "%s with %s failed: %s",
                 tls->open ? "TLS" : "the TLS handshake", name,
                 reason ? reason : "out of memory, or data that is not TLS");
    }
    return refuse(tls, NULL);
}

/* Every TLS record of a server's first flight begins with 20 to 23 (RFC 8446 section 5.1). */
static bool is_clear_text(fct_tls *tls)
{
    unsigned char first;

    if (tls->first_seen || tls->in.len == 0)
        return false;
    tls->first_seen = true;
    first = (unsigned char)tls->in.ptr[0];
    return first == '\r' || first == '\n' || (first >= 0x20 && first < 0x7f);
}

static int check_pins(fct_tls *tls)
{
    X509 *certificate = SSL_get1_peer_certificate(tls->ssl);
    bool match = certificate && fct_tls_pins_match(&tls->context->pins, certificate);

    X509_free(certificate);
    if (match)
        return 0;
    /* Whatever was agreed with the wrong key must not be resumed. */
    fct_tls_context_forget(tls->context);
    snprintf(tls->message, sizeof tls->message, "the key of %s is none of those in pin_sha256",
             tls->context->name ? tls->context->name : "the relay");
    return refuse(tls, NULL);
}

int fct_tls_handshake(fct_tls *tls)
{
    int result;

    if (is_clear_text(tls))
        return refuse(tls, "TLS mode mismatch: the relay answers in clear text where TLS was "
                           "expected (implicit TLS is tls=implicit, usually on port 465; "
                           "STARTTLS is tls=starttls, usually on port 587)");
    ERR_clear_error();
    result = SSL_do_handshake(tls->ssl);
    if (result != 1) {
        if (SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ)
            return 0;
        fct_tls_context_forget(tls->context);
        tls->context->failed = true;
        return fail(tls);
    }
    if (tls->context->pins.count > 0 && check_pins(tls) != 0)
        return FACTEUR_ETLS;
    tls->open = true;
    return 1;
}

int fct_tls_read(fct_tls *tls, char *out, size_t cap, bool *ended)
{
    int got;

    /* All was read, and no part of a record waits for its rest: OpenSSL could only say so. */
    if (tls->in.len == 0 && !SSL_has_pending(tls->ssl))
        return 0;
    forget_errors();
    got = SSL_read(tls->ssl, out, (int)(cap < RECORD_MAX ? cap : RECORD_MAX));
    if (tls->talk > TALK_MAX)
        return refuse(tls, "the relay floods the connection with TLS messages that carry no data");
    if (got > 0) {
        tls->talk = 0;
        return got;
    }
    switch (SSL_get_error(tls->ssl, got)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        *ended = true;
        return 0;
    default:
        return fail(tls);
    }
}

/*
 * One record's worth from the slices at offset `from`: borrowed when a slice alone fills a record
 * or nothing follows it, else gathered in `record`.
 */
static fct_slice next_record(const fct_slice *slices, int count, size_t from, char *record)
{
    size_t len = 0;

    for (int i = 0; i < count && len < RECORD_MAX; i++) {
        fct_slice rest = slices[i];
        size_t take;

        if (from >= rest.len) {
            from -= rest.len;
            continue;
        }
        rest.ptr += from;
        rest.len -= from;
        from = 0;
        if (len == 0 && (rest.len >= RECORD_MAX || i + 1 == count))
            return (fct_slice){rest.ptr, rest.len < RECORD_MAX ? rest.len : RECORD_MAX};
        take = rest.len < RECORD_MAX - len ? rest.len : RECORD_MAX - len;
        memcpy(record + len, rest.ptr, take);
        len += take;
    }
    return (fct_slice){record, len};
}

int fct_tls_write(fct_tls *tls, const fct_slice *slices, int count, size_t *taken)
{
    char record[RECORD_MAX];
    size_t total = 0;
    int result = 0;

    for (int i = 0; i < count; i++)
        total += slices[i].len;
    while (!result && *taken < total && fct_tls_output(tls).len < AHEAD_MAX) {
        fct_slice next = next_record(slices, count, *taken, record);
        int wrote;

        tls->direct = *taken + next.len == total;
        forget_errors();
        wrote = SSL_write(tls->ssl, next.ptr, (int)next.len);
        if (wrote > 0)
            *taken += (size_t)wrote;
        else
            result = fail(tls);
    }
    tls->direct = false;
    return result;
}

fct_slice fct_tls_output(const fct_tls *tls)
{
    size_t len = tls->out.len - tls->out_start;

    /* Before the first record there is no memory to point into. */
    return (fct_slice){len ? tls->out.ptr + tls->out_start : NULL, len};
}

void fct_tls_sent(fct_tls *tls, size_t len)
{
    tls->out_start += len;
    if (tls->out_start == tls->out.len)
        fct_buf_clear(&tls->out);
    else if (tls->out_start >= AHEAD_MAX / 2)
        fct_buf_consume(&tls->out, tls->out_start);
    else
        return;
    tls->out_start = 0;
}

void fct_tls_end(fct_tls *tls)
{
    if (!tls->open)
        return;
    ERR_clear_error();
    SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

int fct_tls_error(const fct_tls *tls)
{
    return tls->lacking ? fct_shortage_code(tls->lacking) : FACTEUR_ETLS;
}

const char *fct_tls_message(const fct_tls *tls)
{
    return tls->message[0] ? tls->message : "TLS failed";
}

const char *fct_tls_version(const fct_tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *fct_tls_cipher(const fct_tls *tls)
{
    return SSL_get_cipher_name(tls->ssl);
}

bool fct_tls_resumed(const fct_tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

bool fct_tls_certificate(const fct_tls *tls, struct fct_tls_certificate *out)
{
    X509 *certificate = tls->refused ? tls->refused : SSL_get0_peer_certificate(tls->ssl);

    return certificate && fct_tls_certificate_read(certificate, out);
}

/*
 * tls-exporter is RFC 9266.  Before TLS 1.3, tls-unique (RFC 5929 section 3) is what servers know;
 * it is the first Finished of the handshake, and sound only with the extended master secret (RFC
 * 7627).
 */
fct_slice fct_tls_binding(fct_tls *tls, const char **name)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    size_t len = 0;

    *name = NULL;
    if (!tls->open)
        return (fct_slice){NULL, 0};
    if (SSL_version(tls->ssl) >= TLS1_3_VERSION) {
        if (SSL_export_keying_material(tls->ssl, tls->binding, 32, label, sizeof label - 1, NULL, 0,
                                       0) == 1) {
            len = 32;
            *name = "tls-exporter";
        }
    } else if (SSL_get_extms_support(tls->ssl) == 1) {
        len = SSL_session_reused(tls->ssl)
                  ? SSL_get_peer_finished(tls->ssl, tls->binding, sizeof tls->binding)
                  : SSL_get_finished(tls->ssl, tls->binding, sizeof tls->binding);
        *name = "tls-unique";
    }
    ERR_clear_error();
    return (fct_slice){(const char *)tls->binding, len};
}
