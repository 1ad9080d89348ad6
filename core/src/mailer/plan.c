/* SPDX-License-Identifier: MIT */
#include "mailer/plan.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/memory.h"
#include "mailer/host.h"
#include "mailer/login.h"
#include "mime/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_NAME_LEN 256
#define PIN_LEN 32 /* SHA-256 */

static const char *text_of(const fct_plan *plan, enum fct_option option)
{
    return plan->options.values[option].text;
}

static int64_t number_of(const fct_plan *plan, enum fct_option option)
{
    return plan->options.values[option].number;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int read_caller(fct_plan *plan, const char *const *names, const char *const *values,
                       size_t count, facteur_error **error)
{
    for (size_t i = 0; i < count; i++) {
        int err = fct_options_set(&plan->options, FCT_LEVEL_CALLER, names[i], strlen(names[i]),
                                  values[i], strlen(values[i]), error);

        if (err)
            return err;
    }
    return 0;
}

static int set_number(fct_plan *plan, const char *name, unsigned number, facteur_error **error)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u", number);

    return fct_options_set(&plan->options, FCT_LEVEL_PRESET, name, strlen(name), text, (size_t)len,
                           error);
}

static int read_preset(fct_plan *plan, facteur_error **error)
{
    const struct fct_preset *preset = plan->dsn.preset;
    int err = 0;

    if (preset && preset->idle_s)
        err = set_number(plan, "idle_timeout", preset->idle_s, error);
    if (!err && preset && preset->max_mails)
        err = set_number(plan, "max_mails", preset->max_mails, error);
    return err;
}

static int read_all(fct_plan *plan, const char *dsn, const char *const *names,
                    const char *const *values, size_t count, facteur_error **error)
{
    int err;

    if (!dsn || !*dsn)
        dsn = getenv("FACTEUR_DSN");
    if (!dsn || !*dsn)
        return fct_error_set(error, FACTEUR_ECONFIG, "dsn",
                             "there is no DSN: give one or set FACTEUR_DSN, for example "
                             "smtps://user:password@smtp.example.com");
    err = fct_options_from_environment(&plan->options, error);
    if (!err)
        err = fct_dsn_parse(&plan->dsn, &plan->options, dsn, error);
    if (!err)
        err = read_caller(plan, names, values, count, error);
    return err ? err : read_preset(plan, error);
}

/* ---- Checking -------------------------------------------------------------------------------- */

static bool is_local(const fct_plan *plan)
{
    return !plan->dsn.host || fct_host_is_loopback(fct_slice_of(plan->dsn.host));
}

static enum fct_tls_plan default_tls(const fct_plan *plan)
{
    if (plan->dsn.scheme == FCT_SCHEME_SMTPS)
        return FCT_TLS_IMPLICIT;
    if (plan->dsn.preset)
        return plan->dsn.preset->tls;
    return is_local(plan) ? FCT_TLS_NONE : FCT_TLS_STARTTLS;
}

static int settle_tls(fct_plan *plan, facteur_error **error)
{
    struct fct_option_value *value = &plan->options.values[FCT_OPT_tls];
    enum fct_tls_plan tls = default_tls(plan);

    if (value->text && value->level >= FCT_LEVEL_DSN && plan->dsn.scheme == FCT_SCHEME_SMTPS &&
        value->number != FCT_TLS_IMPLICIT)
        return fct_error_set(error, FACTEUR_ECONFIG, "tls",
                             "smtps:// is implicit TLS; write smtp:// for tls=%s", value->text);
    if (value->text && plan->dsn.scheme != FCT_SCHEME_SMTPS)
        tls = (enum fct_tls_plan)value->number;
    value->number = tls;
    return 0;
}

/* What would be given away without TLS is refused before anything is opened (DESIGN: fail closed).
 */
static int check_plaintext(const fct_plan *plan, facteur_error **error)
{
    bool login = text_of(plan, FCT_OPT_username) != NULL;

    if (login && number_of(plan, FCT_OPT_tls) == FCT_TLS_NONE && !is_local(plan) &&
        !number_of(plan, FCT_OPT_dangerous_plaintext_auth))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls",
                             "with tls=none the password would cross the network in clear; use "
                             "starttls or implicit");
    return 0;
}

static int check_pins(const char *pins, facteur_error **error)
{
    while (pins && *pins) {
        size_t len = strcspn(pins, ",");
        fct_slice pin = fct_slice_trim((fct_slice){pins, len});
        fct_buf bytes = {0};
        int err = fct_base64_decode(&bytes, pin);
        bool good = !err && bytes.len == PIN_LEN;

        fct_buf_done(&bytes);
        if (err == FACTEUR_ENOMEM)
            return fct_error_nomem(error);
        if (!good)
            return fct_error_set(error, FACTEUR_ECONFIG, "pin_sha256",
                                 "pin_sha256 must be the base64 of 32 bytes, 44 characters, not "
                                 "\"%.*s\"",
                                 (int)(pin.len < 80 ? pin.len : 80), pin.ptr);
        pins += len + (pins[len] == ',');
    }
    return 0;
}

static int check_tls(const fct_plan *plan, facteur_error **error)
{
    const char *name = text_of(plan, FCT_OPT_tls_name);
    unsigned char address[16];

    if (text_of(plan, FCT_OPT_client_key) && !text_of(plan, FCT_OPT_client_cert))
        return fct_error_set(error, FACTEUR_ECONFIG, "client_cert",
                             "there is a client_key but no client_cert");
    if (name && !fct_host_is_helo(fct_slice_of(name)) &&
        !fct_host_ipv6(fct_slice_of(name), address))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls_name",
                             "tls_name is no host name and no address: \"%s\"", name);
    if (!plan->dsn.host && !name && number_of(plan, FCT_OPT_tls) != FCT_TLS_NONE &&
        !number_of(plan, FCT_OPT_dangerous_no_verify))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls_name",
                             "TLS over a unix socket needs the certificate's name in tls_name");
    return check_pins(text_of(plan, FCT_OPT_pin_sha256), error);
}

static int check_addresses(const fct_plan *plan, enum fct_option option, size_t most,
                           facteur_error **error)
{
    const char *text = text_of(plan, option), *name = facteur_option_name(option);
    facteur_error *cause = NULL;
    fct_address_list list = {0};
    size_t count;
    int err;

    if (!text)
        return 0;
    err = fct_address_list_parse(&list, name, fct_slice_of(text), &cause);
    count = fct_address_list_mailboxes(&list);
    fct_address_list_done(&list);
    if (err == FACTEUR_ENOMEM)
        fct_error_nomem(error);
    else if (err)
        err = fct_error_set(error, FACTEUR_ECONFIG, name, "%s",
                            cause ? facteur_error_message(cause) : facteur_error_text(err));
    else if (count < 1 || count > most)
        err = fct_error_set(error, FACTEUR_ECONFIG, name, "%s must be %s, not %zu", name,
                            most == 1 ? "one address" : "at least one address", count);
    facteur_error_free(cause);
    return err;
}

static int check_relay(fct_plan *plan, facteur_error **error)
{
    const char *helo = text_of(plan, FCT_OPT_helo);
    int err = settle_tls(plan, error);

    if (!err)
        err = fct_login_settle(&plan->options, &plan->dsn, error);
    if (!err)
        err = check_plaintext(plan, error);
    if (!err)
        err = check_tls(plan, error);
    if (!err && helo && !fct_host_is_helo(fct_slice_of(helo)))
        err = fct_error_set(error, FACTEUR_ECONFIG, "helo",
                            "helo must be a domain or an address literal such as [192.0.2.1], "
                            "not \"%s\"",
                            helo);
    return err;
}

/* ---- Building -------------------------------------------------------------------------------- */

static uint16_t port_of(const fct_plan *plan)
{
    enum fct_tls_plan tls = (enum fct_tls_plan)number_of(plan, FCT_OPT_tls);

    if (plan->dsn.port)
        return plan->dsn.port;
    if (plan->dsn.preset && plan->dsn.preset->tls == tls)
        return plan->dsn.preset->port;
    if (tls == FCT_TLS_IMPLICIT)
        return 465;
    return is_local(plan) || tls == FCT_TLS_NONE ? 25 : 587;
}

static int make_name(fct_plan *plan)
{
    const char *scheme = number_of(plan, FCT_OPT_tls) == FCT_TLS_IMPLICIT ? "smtps" : "smtp";
    const fct_dsn *dsn = &plan->dsn;
    fct_buf name = {0};

    if (dsn->host)
        fct_buf_addf(&name, strchr(dsn->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", scheme,
                     dsn->host, (unsigned)port_of(plan));
    else if (dsn->scheme == FCT_SCHEME_UNIX)
        fct_buf_addf(&name, "smtp+unix://%s", dsn->path);
    else if (dsn->scheme == FCT_SCHEME_FILE)
        fct_buf_addf(&name, "file://%s", dsn->path);
    else
        fct_buf_add_text(&name, dsn->scheme == FCT_SCHEME_MEMORY ? "memory://" : "null://");
    plan->name = fct_buf_take(&name, NULL);
    return plan->name ? 0 : FACTEUR_ENOMEM;
}

/* A copy of the text into *into; false when memory ran out.  NULL stays NULL. */
static bool copy(const char *text, const char **into)
{
    *into = text ? fct_strdup(text) : NULL;
    return !text || *into;
}

static bool fill_session(fct_plan *plan)
{
    struct fct_session_config *session = &plan->relay.session;

    session->tls = (enum fct_tls_plan)number_of(plan, FCT_OPT_tls);
    session->plaintext_auth = number_of(plan, FCT_OPT_dangerous_plaintext_auth) != 0;
    session->local = is_local(plan);
    session->pipelining = number_of(plan, FCT_OPT_pipelining) != 0;
    session->chunking = number_of(plan, FCT_OPT_chunking) != 0;
    session->pipeline_depth = (unsigned)number_of(plan, FCT_OPT_pipeline_depth);
    session->pipeline_bytes = (size_t)number_of(plan, FCT_OPT_pipeline_bytes);
    session->greeting_us = (uint64_t)number_of(plan, FCT_OPT_greeting_timeout);
    session->command_us = (uint64_t)number_of(plan, FCT_OPT_command_timeout);
    session->body_us = (uint64_t)number_of(plan, FCT_OPT_body_timeout);
    session->final_us = (uint64_t)number_of(plan, FCT_OPT_final_timeout);
    session->password = fct_secret_ref(fct_options_get(&plan->options, FCT_OPT_password)->secret);
    session->token = fct_secret_ref(fct_options_get(&plan->options, FCT_OPT_token)->secret);
    return copy(text_of(plan, FCT_OPT_auth), &session->auth) &&
           copy(text_of(plan, FCT_OPT_username), &session->username);
}

static bool fill_tls(fct_plan *plan)
{
    struct fct_tls_config *tls = &plan->relay.tls;
    const char *cert = text_of(plan, FCT_OPT_client_cert);
    const char *key = text_of(plan, FCT_OPT_client_key);
    const char *name = text_of(plan, FCT_OPT_tls_name);

    tls->no_verify = number_of(plan, FCT_OPT_dangerous_no_verify) != 0;
    return copy(name ? name : plan->dsn.host, &tls->name) &&
           copy(text_of(plan, FCT_OPT_ca_file), &tls->ca_file) &&
           copy(text_of(plan, FCT_OPT_pin_sha256), &tls->pin_sha256) &&
           copy(cert, &tls->client_cert) && copy(key ? key : cert, &tls->client_key);
}

static bool fill_relay(fct_plan *plan)
{
    fct_relay *relay = &plan->relay;
    const char *name = NULL, *host = NULL, *path = NULL;
    bool good = copy(plan->name, &name) && copy(plan->dsn.host, &host) &&
                copy(plan->dsn.scheme == FCT_SCHEME_UNIX ? plan->dsn.path : NULL, &path);

    relay->name = (char *)name;
    relay->host = (char *)host;
    relay->unix_path = (char *)path;
    relay->port = port_of(plan);
    relay->connect_us = (uint64_t)number_of(plan, FCT_OPT_connect_timeout);
    relay->pool_size = (unsigned)number_of(plan, FCT_OPT_pool_size);
    relay->max_mails = (unsigned)number_of(plan, FCT_OPT_max_mails);
    relay->max_age_us = (uint64_t)number_of(plan, FCT_OPT_max_age);
    relay->idle_us = (uint64_t)number_of(plan, FCT_OPT_idle_timeout);
    relay->fresh_us = (uint64_t)number_of(plan, FCT_OPT_fresh_ms);
    return good && fill_session(plan) && fill_tls(plan);
}

static bool has_relay(const fct_plan *plan)
{
    return plan->dsn.host || plan->dsn.scheme == FCT_SCHEME_UNIX;
}

static int aim(fct_plan *plan)
{
    const char *capture_dir = text_of(plan, FCT_OPT_capture_dir);
    fct_buf name = {0};

    if (plan->policy.mode == FCT_MODE_CAPTURE) {
        plan->target = capture_dir ? FCT_TARGET_FILE : FCT_TARGET_MEMORY;
        plan->directory = capture_dir;
        fct_buf_addf(&name, "%s%s", capture_dir ? "file://" : "memory://",
                     capture_dir ? capture_dir : "");
        plan->target_name = fct_buf_take(&name, NULL);
        return plan->target_name ? 0 : FACTEUR_ENOMEM;
    }
    if (has_relay(plan)) {
        plan->target = FCT_TARGET_RELAY;
    } else if (plan->dsn.scheme == FCT_SCHEME_FILE) {
        plan->target = FCT_TARGET_FILE;
        plan->directory = plan->dsn.path;
    } else {
        plan->target = plan->dsn.scheme == FCT_SCHEME_MEMORY ? FCT_TARGET_MEMORY : FCT_TARGET_NULL;
    }
    plan->target_name = fct_strdup(plan->name);
    return plan->target_name ? 0 : FACTEUR_ENOMEM;
}

int fct_plan_init(fct_plan *plan, const char *dsn, const char *const *names,
                  const char *const *values, size_t count, facteur_error **error)
{
    int err;

    memset(plan, 0, sizeof *plan);
    if (fct_options_init(&plan->options))
        return fct_error_nomem(error);
    err = read_all(plan, dsn, names, values, count, error);
    if (!err && has_relay(plan))
        err = check_relay(plan, error);
    if (!err)
        err = check_addresses(plan, FCT_OPT_default_from, 1, error);
    if (!err)
        err = check_addresses(plan, FCT_OPT_contact_to, SIZE_MAX, error);
    if (!err)
        err = fct_policy_init(&plan->policy, &plan->options, error);
    if (!err && (make_name(plan) || (has_relay(plan) && !fill_relay(plan)) || aim(plan)))
        err = fct_error_nomem(error);
    if (err)
        fct_plan_done(plan);
    return err;
}

void fct_plan_done(fct_plan *plan)
{
    const char *user = plan->relay.session.username;

    /* Of presets whose key is user name and password. */
    fct_wipe((void *)(uintptr_t)user, user ? strlen(user) : 0);
    fct_relay_done(&plan->relay);
    fct_policy_done(&plan->policy);
    fct_dsn_done(&plan->dsn);
    fct_options_done(&plan->options);
    fct_free(plan->name);
    fct_free(plan->target_name);
    memset(plan, 0, sizeof *plan);
}

bool fct_plan_equal(const fct_plan *a, const fct_plan *b)
{
    /* The name has target, host, port and path; all else is in the options. */
    return strcmp(a->name, b->name) == 0 && fct_options_equal(&a->options, &b->options);
}

/* ---- The first send -------------------------------------------------------------------------- */

static int check_readable(const fct_plan *plan, enum fct_option option, facteur_error **error)
{
    const char *path = text_of(plan, option);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

    if (path && fd < 0)
        return fct_error_set(error, FACTEUR_ECONFIG, facteur_option_name(option),
                             "cannot read \"%s\": %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return 0;
}

/* What follows the last "@" of "a@b.c" or "A <a@b.c>", or the whole text. */
static fct_slice domain_of(const char *text)
{
    const char *at = strrchr(text, '@');
    const char *name = at ? at + 1 : text;

    return (fct_slice){name, strcspn(name, ">")};
}

/* The first of the candidates that a relay on the internet has no reason to refuse. */
static fct_slice choose_helo(const fct_plan *plan, const char *sender, const char *host_name)
{
    const char *candidates[] = {host_name, sender, text_of(plan, FCT_OPT_default_from),
                                text_of(plan, FCT_OPT_username)};

    if (text_of(plan, FCT_OPT_helo))
        return fct_slice_of(text_of(plan, FCT_OPT_helo));
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        fct_slice name = domain_of(candidates[i] ? candidates[i] : "");

        if (fct_host_is_public_name(name))
            return name;
    }
    return FCT_SLICE("[127.0.0.1]");
}

int fct_plan_complete(fct_plan *plan, const char *sender, facteur_error **error)
{
    struct fct_session_config *session = &plan->relay.session;
    const char *password_file = text_of(plan, FCT_OPT_password_file);
    char host_name[HOST_NAME_LEN] = "";
    int err;

    if (plan->ready)
        return 0;
    err = check_readable(plan, FCT_OPT_ca_file, error);
    if (!err)
        err = check_readable(plan, FCT_OPT_client_cert, error);
    if (!err)
        err = check_readable(plan, FCT_OPT_client_key, error);
    if (!err && password_file && !session->password)
        err = fct_login_read_file(password_file, &session->password, error);
    if (!err && !session->username && session->password) {
        /* A preset whose key is user name and password, read from its file just now. */
        fct_slice key = fct_secret_bytes(session->password);

        session->username = fct_strndup(key.ptr, key.len);
        err = session->username ? 0 : fct_error_nomem(error);
    }
    if (err)
        return err;
    if (!session->helo) {
        fct_slice helo;

        if (gethostname(host_name, sizeof host_name - 1) != 0)
            host_name[0] = '\0';
        helo = choose_helo(plan, sender, host_name);
        session->helo = fct_strndup(helo.ptr, helo.len);
    }
    if (!session->helo)
        return fct_error_nomem(error);
    plan->ready = true;
    return 0;
}
