/* SPDX-License-Identifier: MIT */
#include "net/tls_context.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/passphrase.h"
#include "base/shortage.h"
#include "net/endpoint.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    fct_tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    if (!SSL_SESSION_is_resumable(session))
        return 0;
    if (context->store && fct_tls_store_put(context->store, session))
        return 0;
    if (context->session_count == FCT_TLS_SESSIONS) {
        SSL_SESSION_free(context->sessions[0]);
        context->session_count--;
        memmove(context->sessions, context->sessions + 1,
                context->session_count * sizeof context->sessions[0]);
    }
    context->sessions[context->session_count++] = session;
    return 1;
}

SSL_SESSION *fct_tls_context_session(fct_tls_context *context)
{
    SSL_SESSION *session;

    if (context->session_count == 0)
        return context->store ? fct_tls_store_take(context->store) : NULL;
    session = context->sessions[context->session_count - 1];
    /* Using a ticket twice would let an observer link the connections (RFC 8446 appendix C.4). */
    if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
        context->session_count--;
    else
        SSL_SESSION_up_ref(session);
    return session;
}

void fct_tls_context_forget(fct_tls_context *context)
{
    while (context->session_count > 0)
        SSL_SESSION_free(context->sessions[--context->session_count]);
    if (context->store)
        fct_tls_store_forget(context->store);
}

/* OpenSSL could not use the file of an option. */
static int refuse_file(const char *option, const char *path, const char *fault,
                       facteur_error **error)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    if (fct_memory_lacked_by_openssl())
        return fct_error_nomem(error);
    return fct_error_set(error, FACTEUR_ECONFIG, option, "%s: %s %s: %s", option, path, fault,
                         reason ? reason : "unknown reason");
}

static int check_readable(const char *path, const char *option, facteur_error **error)
{
    FILE *file = fopen(path, "re");

    if (!file && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (!file)
        return fct_error_set(error, FACTEUR_ECONFIG, option, "%s: %s cannot be read: %s", option,
                             path, strerror(errno));
    fclose(file);
    return 0;
}

/* "9d66eef0.0", the hash of a certificate's subject, as "openssl rehash" makes them. */
static bool is_hashed(const char *name)
{
    size_t digits = 0;

    while (digits < 8 && fct_hex_digit((unsigned char)name[digits]) >= 0)
        digits++;
    return digits == 8 && name[8] == '.' && fct_is_digit((unsigned char)name[9]);
}

static int check_folder(const char *path, facteur_error **error)
{
    DIR *folder = opendir(path);
    struct dirent *entry = NULL;
    bool found = false;

    if (!folder && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (!folder)
        return fct_error_set(error, FACTEUR_ECONFIG, "ca_path", "ca_path: %s cannot be read: %s",
                             path, strerror(errno));
    while (!found && (entry = readdir(folder)) != NULL)
        found = is_hashed(entry->d_name);
    closedir(folder);
    if (found)
        return 0;
    return fct_error_set(
        error, FACTEUR_ECONFIG, "ca_path",
        "ca_path: %s has no certificate under a hashed name: run \"openssl rehash\" "
        "on it",
        path);
}

static int load_ca(fct_tls_context *context, const struct fct_tls_config *config,
                   facteur_error **error)
{
    int result = 0;

    if (!config->ca_file && !config->ca_path) {
        SSL_CTX_set_default_verify_paths(context->ssl);
        return 0;
    }
    if (config->ca_file)
        result = check_readable(config->ca_file, "ca_file", error);
    if (result == 0 && config->ca_path)
        result = check_folder(config->ca_path, error);
    if (result != 0)
        return result;
    if (config->ca_file && SSL_CTX_load_verify_file(context->ssl, config->ca_file) != 1)
        return refuse_file("ca_file", config->ca_file, "has no PEM certificate that can be used",
                           error);
    if (config->ca_path && SSL_CTX_load_verify_dir(context->ssl, config->ca_path) != 1)
        return refuse_file("ca_path", config->ca_path, "cannot be used", error);
    return 0;
}

/* A wrong password is found by its padding, or by what comes out, which then is no key. */
static int refuse_key(const char *path, const struct fct_passphrase *passphrase,
                      facteur_error **error)
{
    unsigned long last = ERR_peek_last_error();

    if (ERR_GET_LIB(last) == ERR_LIB_X509 && ERR_GET_REASON(last) == X509_R_KEY_VALUES_MISMATCH)
        return refuse_file("client_key", path, "does not belong to client_cert", error);
    if (!passphrase->asked || fct_memory_lacked_by_openssl())
        return refuse_file("client_key", path, "is not a PEM key that can be used", error);
    if (!passphrase->secret)
        return fct_error_set(error, FACTEUR_ECONFIG, "client_key",
                             "client_key: %s is encrypted: give client_key_password", path);
    return fct_error_set(error, FACTEUR_ECONFIG, "client_key_password",
                         "client_key_password: wrong password for %s", path);
}

static int load_key(fct_tls_context *context, const char *path, const fct_secret *password,
                    facteur_error **error)
{
    struct fct_passphrase passphrase = {.secret = password};
    int result;

    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, &passphrase);
    result = SSL_CTX_use_PrivateKey_file(context->ssl, path, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, NULL);
    return result == 1 ? 0 : refuse_key(path, &passphrase, error);
}

static int load_certificate(fct_tls_context *context, const char *path, facteur_error **error)
{
    struct fct_passphrase none = {0};
    int result;

    SSL_CTX_set_default_passwd_cb(context->ssl, fct_passphrase_give);
    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, &none);
    result = SSL_CTX_use_certificate_chain_file(context->ssl, path);
    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, NULL);
    if (result == 1)
        return 0;
    return refuse_file("client_cert", path, "is not a PEM certificate that can be used", error);
}

static int load_client(fct_tls_context *context, const struct fct_tls_config *config,
                       facteur_error **error)
{
    const char *key = config->client_key ? config->client_key : config->client_cert;
    int result;

    if (!config->client_cert) {
        if (config->client_key)
            return fct_error_set(error, FACTEUR_ECONFIG, "client_key",
                                 "client_key needs client_cert");
        return 0;
    }
    result = check_readable(config->client_cert, "client_cert", error);
    if (result == 0)
        result = check_readable(key, "client_key", error);
    if (result == 0)
        result = load_certificate(context, config->client_cert, error);
    if (result == 0)
        result = load_key(context, key, config->client_key_password, error);
    return result;
}

static int set_identity(fct_tls_context *context, const struct fct_tls_config *config,
                        const char *host, facteur_error **error)
{
    const char *name = config->name ? config->name : host;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context->ssl);
    fct_endpoint address;
    int set;

    context->no_verify = config->no_verify;
    if (config->pin_sha256) {
        int err = fct_tls_pins_parse(&context->pins, config->pin_sha256, error);

        if (err)
            return err;
        context->pin_suffices = !config->ca_file && !config->ca_path;
    }
    if (!name) {
        if (context->no_verify || context->pin_suffices)
            return 0;
        return fct_error_set(
            error, FACTEUR_ECONFIG, "tls_name",
            "tls_name is needed: TLS over a unix socket has no host name to verify");
    }
    context->name = fct_strdup(name);
    if (!context->name)
        return fct_error_nomem(error);
    context->literal = fct_endpoint_literal(&address, name, 0);
    if (context->no_verify || context->pin_suffices)
        return 0;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    set = context->literal ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
                           : X509_VERIFY_PARAM_set1_host(param, name, 0);
    if (set != 1 && fct_memory_lacked_by_openssl())
        return fct_error_nomem(error);
    if (set != 1)
        return fct_error_set(error, FACTEUR_ECONFIG, "tls_name",
                             "tls_name: %s cannot be verified in a certificate", name);
    return 0;
}

static void set_policy(SSL_CTX *ssl)
{
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_security_level(ssl, 2); /* RSA of 2048 bits, no SHA-1 (112 bits of strength) */
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, on_session);
}

int fct_tls_context_new(const struct fct_tls_config *config, const char *host,
                        fct_tls_context **out, facteur_error **error)
{
    fct_tls_context *context = fct_calloc(1, sizeof *context);
    int result;

    if (!context)
        return fct_error_nomem(error);
    ERR_clear_error();
    context->refs = 1;
    context->ssl = SSL_CTX_new(TLS_client_method());
    if (!context->ssl) {
        result = fct_error_nomem(error);
        goto fail;
    }
    SSL_CTX_set_app_data(context->ssl, context);
    set_policy(context->ssl);
    result = set_identity(context, config, host, error);
    /* Reading the system's hundred authorities takes longer than the handshake. */
    if (result == 0 && !context->no_verify && !context->pin_suffices)
        result = load_ca(context, config, error);
    if (result == 0)
        result = load_client(context, config, error);
    if (result == 0 && config->session_file)
        result = fct_tls_store_open(config, host, &context->store, error);
    if (result != 0)
        goto fail;
    ERR_clear_error();
    *out = context;
    return 0;

fail:
    ERR_clear_error();
    fct_tls_context_free(context);
    return result;
}

fct_tls_context *fct_tls_context_ref(fct_tls_context *context)
{
    if (context)
        context->refs++;
    return context;
}

bool fct_tls_context_failed(const fct_tls_context *context)
{
    return context->failed;
}

void fct_tls_context_free(fct_tls_context *context)
{
    if (!context || --context->refs > 0)
        return;
    while (context->session_count > 0)
        SSL_SESSION_free(context->sessions[--context->session_count]);
    fct_tls_store_free(context->store);
    SSL_CTX_free(context->ssl);
    fct_free(context->name);
    fct_free(context);
}
