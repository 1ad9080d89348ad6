/* SPDX-License-Identifier: MIT */
#include "config/member.h"

#include "base/error.h"
#include "base/ip.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "config/host.h"
#include "config/way.h"
#include "net/tls_pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_NAME_LEN 256

static const char *text_of(const fct_member *member, enum fct_option option)
{
    return member->options.values[option].text;
}

static int64_t number_of(const fct_member *member, enum fct_option option)
{
    return member->options.values[option].number;
}

/* ---- Limits of a preset ------------------------------------------------------------------------
 */

static int set_number(fct_member *member, const char *name, unsigned number, facteur_error **error)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u", number);

    return fct_options_set(&member->options, FCT_LEVEL_PRESET, name, strlen(name), text,
                           (size_t)len, error);
}

static int read_preset(fct_member *member, facteur_error **error)
{
    const struct fct_preset *preset = member->dsn.preset;
    int err = 0;

    if (preset && preset->idle_s)
        err = set_number(member, "idle_timeout", preset->idle_s, error);
    if (!err && preset && preset->max_mails)
        err = set_number(member, "max_mails", preset->max_mails, error);
    if (!err && preset && preset->ports)
        err = fct_options_set(&member->options, FCT_LEVEL_PRESET, "ports", 5, preset->ports,
                              strlen(preset->ports), error);
    return err;
}

/* ---- Checking -------------------------------------------------------------------------------- */

/* What a proxy calls localhost is not this machine. */
static bool is_local(const fct_member *member)
{
    if (member->relay.proxy.host)
        return false;
    return !member->dsn.host || fct_host_is_loopback(fct_slice_of(member->dsn.host));
}

static enum fct_tls_plan default_tls(const fct_member *member)
{
    if (member->dsn.scheme == FCT_SCHEME_SMTPS)
        return FCT_TLS_IMPLICIT;
    if (member->dsn.preset)
        return member->dsn.preset->tls;
    return is_local(member) ? FCT_TLS_NONE : FCT_TLS_STARTTLS;
}

static int settle_tls(fct_member *member, facteur_error **error)
{
    struct fct_option_value *value = &member->options.values[FCT_OPT_tls];
    enum fct_tls_plan tls = default_tls(member);

    if (value->text && value->level >= FCT_LEVEL_DSN && member->dsn.scheme == FCT_SCHEME_SMTPS &&
        value->number != FCT_TLS_IMPLICIT)
        return fct_error_set(error, FACTEUR_ECONFIG, "tls",
                             "smtps:// is implicit TLS; write smtp:// for tls=%s", value->text);
    if (value->text && member->dsn.scheme != FCT_SCHEME_SMTPS)
        tls = (enum fct_tls_plan)value->number;
    value->number = tls;
    return 0;
}

/* Secrets that would go out without TLS are refused before anything is opened. */
static int check_plaintext(const fct_member *member, facteur_error **error)
{
    bool login = text_of(member, FCT_OPT_username) != NULL;

    if (login && number_of(member, FCT_OPT_tls) == FCT_TLS_NONE && !is_local(member) &&
        !number_of(member, FCT_OPT_dangerous_plaintext_auth))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls",
                             "with tls=none the password would cross the network in clear; use "
                             "starttls or implicit");
    return 0;
}

static int check_tls(const fct_member *member, facteur_error **error)
{
    const char *name = text_of(member, FCT_OPT_tls_name);
    const char *pins = text_of(member, FCT_OPT_pin_sha256);
    unsigned char address[16];
    fct_tls_pins parsed;

    if (text_of(member, FCT_OPT_client_key) && !text_of(member, FCT_OPT_client_cert))
        return fct_error_set(error, FACTEUR_ECONFIG, "client_cert",
                             "there is a client_key but no client_cert");
    if (fct_options_get(&member->options, FCT_OPT_client_key_password)->secret &&
        !text_of(member, FCT_OPT_client_cert))
        return fct_error_set(error, FACTEUR_ECONFIG, "client_cert",
                             "there is a client_key_password but no client_cert");
    if (name && !fct_host_is_helo(fct_slice_of(name)) && !fct_ip_v6(fct_slice_of(name), address))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls_name",
                             "tls_name is neither a host name nor an address: \"%s\"", name);
    if (!member->dsn.host && !name && number_of(member, FCT_OPT_tls) != FCT_TLS_NONE &&
        !number_of(member, FCT_OPT_dangerous_no_verify))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls_name",
                             "TLS over a unix socket needs the certificate's name in tls_name");
    return pins ? fct_tls_pins_parse(&parsed, pins, error) : 0;
}

static int check_relay(fct_member *member, facteur_error **error)
{
    const char *helo = text_of(member, FCT_OPT_helo);
    int err = fct_way_settle(&member->options, &member->dsn, &member->relay, error);

    if (!err)
        err = settle_tls(member, error);
    if (!err)
        err = fct_way_settle_ports(&member->options, &member->dsn, &member->relay, error);
    if (!err)
        err = fct_login_settle(&member->options, &member->dsn, error);
    if (!err)
        err = check_plaintext(member, error);
    if (!err)
        err = check_tls(member, error);
    if (!err && helo && !fct_host_is_helo(fct_slice_of(helo)))
        err = fct_error_set(error, FACTEUR_ECONFIG, "helo",
                            "helo must be a domain or an address literal such as [192.0.2.1], "
                            "not \"%s\"",
                            helo);
    return err;
}

/* A DSN without a relay takes no option of one: it would have no effect, and nobody would notice.
 */
static int check_no_relay(const fct_member *member, facteur_error **error)
{
    for (size_t i = 0; i < FCT_OPTION_COUNT; i++)
        if (member->options.values[i].level == FCT_LEVEL_DSN && fct_option_is_of_relay(i))
            return fct_error_set(error, FACTEUR_ECONFIG, facteur_option_name(i),
                                 "%s is about a relay, and %s has none: leave it out of this DSN",
                                 facteur_option_name(i), member->name);
    return 0;
}

/* ---- Building -------------------------------------------------------------------------------- */

static uint16_t port_of(const fct_member *member)
{
    enum fct_tls_plan tls = (enum fct_tls_plan)number_of(member, FCT_OPT_tls);

    if (member->relay.port_count)
        return member->relay.ports[0];
    if (member->dsn.port)
        return member->dsn.port;
    if (member->dsn.preset && member->dsn.preset->tls == tls)
        return member->dsn.preset->port;
    if (tls == FCT_TLS_IMPLICIT)
        return 465;
    return is_local(member) || tls == FCT_TLS_NONE ? 25 : 587;
}

static int make_name(fct_member *member)
{
    const char *scheme = number_of(member, FCT_OPT_tls) == FCT_TLS_IMPLICIT ? "smtps" : "smtp";
    const fct_dsn *dsn = &member->dsn;
    fct_buf name = {0};

    if (dsn->host) {
        fct_slice host = fct_slice_of(dsn->host), zone = fct_ip_cut_zone(&host);

        fct_buf_addf(&name, strchr(dsn->host, ':') ? "%s://[%.*s%s%.*s]:%u" : "%s://%.*s%s%.*s:%u",
                     scheme, (int)host.len, host.ptr, zone.len ? "%25" : "", (int)zone.len,
                     zone.ptr, (unsigned)port_of(member));
    } else if (dsn->scheme == FCT_SCHEME_UNIX)
        fct_buf_addf(&name, "smtp+unix://%s", dsn->path);
    else if (dsn->scheme == FCT_SCHEME_FILE)
        fct_buf_addf(&name, "file://%s", dsn->path);
    else
        fct_buf_add_text(&name, dsn->scheme == FCT_SCHEME_MEMORY ? "memory://" : "null://");
    member->name = fct_buf_take(&name, NULL);
    return member->name ? 0 : FACTEUR_ENOMEM;
}

/* A copy of the text into *into; false when memory ran out.  NULL stays NULL. */
static bool copy(const char *text, const char **into)
{
    *into = text ? fct_strdup(text) : NULL;
    return !text || *into;
}

/* No certificate has the zone of an address, which has a meaning only on this machine. */
static bool copy_name(const char *text, const char **into)
{
    fct_slice name = text ? fct_slice_of(text) : (fct_slice){"", 0};

    fct_ip_cut_zone(&name);
    *into = text ? fct_strndup(name.ptr, name.len) : NULL;
    return !text || *into;
}

static bool fill_session(fct_member *member)
{
    struct fct_session_config *session = &member->relay.session;

    session->tls_unverified =
        number_of(member, FCT_OPT_dangerous_no_verify) && !text_of(member, FCT_OPT_pin_sha256);
    session->plaintext_auth = number_of(member, FCT_OPT_dangerous_plaintext_auth) != 0;
    session->local = is_local(member);
    session->pipelining = (enum fct_pipelining)number_of(member, FCT_OPT_pipelining);
    session->chunking = number_of(member, FCT_OPT_chunking) != 0;
    session->pipeline_depth = (unsigned)number_of(member, FCT_OPT_pipeline_depth);
    session->pipeline_bytes = (size_t)number_of(member, FCT_OPT_pipeline_bytes);
    session->greeting_us = (uint64_t)number_of(member, FCT_OPT_greeting_timeout);
    session->command_us = (uint64_t)number_of(member, FCT_OPT_command_timeout);
    session->body_us = (uint64_t)number_of(member, FCT_OPT_body_timeout);
    session->final_us = (uint64_t)number_of(member, FCT_OPT_final_timeout);
    session->password = fct_secret_ref(fct_options_get(&member->options, FCT_OPT_password)->secret);
    session->token = fct_secret_ref(fct_options_get(&member->options, FCT_OPT_token)->secret);
    return copy(text_of(member, FCT_OPT_auth), &session->auth) &&
           copy(text_of(member, FCT_OPT_authzid), &session->authzid) &&
           copy(text_of(member, FCT_OPT_username), &session->username);
}

static bool fill_tls(fct_member *member)
{
    struct fct_tls_config *tls = &member->relay.tls;
    const char *cert = text_of(member, FCT_OPT_client_cert);
    const char *key = text_of(member, FCT_OPT_client_key);
    const char *name = text_of(member, FCT_OPT_tls_name);

    tls->client_key_password =
        fct_secret_ref(fct_options_get(&member->options, FCT_OPT_client_key_password)->secret);
    tls->no_verify = number_of(member, FCT_OPT_dangerous_no_verify) != 0;
    return copy_name(name ? name : member->dsn.host, &tls->name) &&
           copy(text_of(member, FCT_OPT_ca_file), &tls->ca_file) &&
           copy(text_of(member, FCT_OPT_ca_path), &tls->ca_path) &&
           copy(text_of(member, FCT_OPT_pin_sha256), &tls->pin_sha256) &&
           copy(text_of(member, FCT_OPT_tls_session_file), &tls->session_file) &&
           copy(cert, &tls->client_cert) && copy(key ? key : cert, &tls->client_key);
}

static bool make_tokens(fct_member *member)
{
    const char *command = text_of(member, FCT_OPT_token_command);

    if (!command && !number_of(member, FCT_OPT_token_callback))
        return true;
    member->tokens = fct_bearer_new(command, member->name, text_of(member, FCT_OPT_username));
    return member->tokens != NULL;
}

static bool fill_relay(fct_member *member)
{
    fct_relay *relay = &member->relay;
    const char *name = NULL, *host = NULL, *path = NULL;
    bool good = copy(member->name, &name) && copy(member->dsn.host, &host) &&
                copy(member->dsn.scheme == FCT_SCHEME_UNIX ? member->dsn.path : NULL, &path);

    relay->name = (char *)name;
    relay->host = (char *)host;
    relay->unix_path = (char *)path;
    relay->port = port_of(member);
    relay->session.host = relay->host;
    relay->session.port = relay->port;
    relay->connect_us = (uint64_t)number_of(member, FCT_OPT_connect_timeout);
    relay->pool_size = (unsigned)number_of(member, FCT_OPT_pool_size);
    relay->warm = (unsigned)number_of(member, FCT_OPT_warm);
    relay->host_slots = (unsigned)number_of(member, FCT_OPT_host_slots);
    relay->max_mails = (unsigned)number_of(member, FCT_OPT_max_mails);
    relay->max_age_us = (uint64_t)number_of(member, FCT_OPT_max_age);
    relay->idle_us = (uint64_t)number_of(member, FCT_OPT_idle_timeout);
    relay->fresh_us = (uint64_t)number_of(member, FCT_OPT_fresh_ms);
    relay->stats = fct_calloc(1, sizeof *relay->stats);
    return good && relay->stats && fill_session(member) && fill_tls(member) && make_tokens(member);
}

static void fill_lane(fct_member *member)
{
    unsigned depth = (unsigned)number_of(member, FCT_OPT_pipeline_depth);

    member->lane = (struct fct_lane_config){
        .breaker_failures = (unsigned)number_of(member, FCT_OPT_breaker_failures),
        .breaker_pause_us = (uint64_t)number_of(member, FCT_OPT_breaker_pause),
        .max_rate = (double)number_of(member, FCT_OPT_max_rate) / 1e6,
    };
    member->window = (number_of(member, FCT_OPT_pipelining) ? depth : 1) * member->relay.pool_size;
    member->asks_caller = number_of(member, FCT_OPT_token_callback) != 0;
}

bool fct_member_has_relay(const fct_member *member)
{
    return member->dsn.host || member->dsn.scheme == FCT_SCHEME_UNIX;
}

int fct_member_init(fct_member *member, const fct_options *base, const char *whole, fct_slice part,
                    facteur_error **error)
{
    int err;

    memset(member, 0, sizeof *member);
    if (fct_options_copy(&member->options, base))
        return fct_error_nomem(error);
    member->options.place = base->place == FCT_PLACE_SHARED ? FCT_PLACE_MEMBER : FCT_PLACE_ALONE;
    err = fct_dsn_parse(&member->dsn, &member->options, whole, part, error);
    if (!err)
        err = read_preset(member, error);
    if (!err && fct_member_has_relay(member))
        err = check_relay(member, error);
    if (!err && (make_name(member) || (fct_member_has_relay(member) && !fill_relay(member))))
        err = fct_error_nomem(error);
    if (!err && !fct_member_has_relay(member))
        err = check_no_relay(member, error);
    if (!err)
        fill_lane(member);
    if (err)
        fct_member_done(member);
    return err;
}

/* For presets whose key is both user name and password. */
static void drop_name(struct fct_session_config *session)
{
    fct_text_wipe((char *)(uintptr_t)session->username);
    session->username = NULL;
}

void fct_member_done(fct_member *member)
{
    drop_name(&member->relay.session);
    fct_bearer_free(member->tokens);
    fct_relay_done(&member->relay);
    fct_dsn_done(&member->dsn);
    fct_options_done(&member->options);
    fct_free(member->name);
    memset(member, 0, sizeof *member);
}

bool fct_member_equal(const fct_member *a, const fct_member *b)
{
    /* The name has target, host, port and path.  Everything else is in the options. */
    return strcmp(a->name, b->name) == 0 && fct_options_equal(&a->options, &b->options);
}

/* ---- The first send -------------------------------------------------------------------------- */

static int check_readable(const fct_member *member, enum fct_option option, facteur_error **error)
{
    const char *path = text_of(member, option);
    int folder = option == FCT_OPT_ca_path ? O_DIRECTORY : 0;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | folder) : -1;

    if (path && fd < 0 && fct_shortage_is(errno))
        return fct_shortage_set(error, errno);
    if (path && fd < 0)
        return fct_error_set(error, FACTEUR_ECONFIG, facteur_option_name(option),
                             "cannot read \"%s\": %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return 0;
}

/* The part after the last "@" of "a@b.c" or "A <a@b.c>", or the whole text. */
static fct_slice domain_of(const char *text)
{
    const char *at = strrchr(text, '@');
    const char *name = at ? at + 1 : text;

    return (fct_slice){name, strcspn(name, ">")};
}

/* A name that says nothing to the internet, but is not this machine's for itself either. */
static bool is_private_name(fct_slice name)
{
    unsigned char address[4];

    return fct_host_is_helo(name) && name.ptr[0] != '[' && !fct_host_is_loopback(name) &&
           !fct_ip_v4(name, address);
}

/*
 * The first candidate that a relay on the internet has no reason to refuse; empty when there is
 * none. Never the login: EHLO is sent before TLS.
 *
 * Behind a proxy a name of any kind is better than nothing: the address of this end is known to the
 * proxy alone, and on loopback it is everybody's.
 */
static fct_slice choose_helo(const fct_member *member, const char *sender, const char *host_name)
{
    const char *candidates[] = {host_name, sender, text_of(member, FCT_OPT_default_from)};
    size_t count = sizeof candidates / sizeof candidates[0];
    fct_slice spare = {NULL, 0};

    if (text_of(member, FCT_OPT_helo))
        return fct_slice_of(text_of(member, FCT_OPT_helo));
    for (size_t i = 0; i < count; i++) {
        fct_slice name = domain_of(candidates[i] ? candidates[i] : "");

        if (fct_host_is_public_name(name))
            return name;
        if (!spare.len && member->relay.proxy.host && is_private_name(name))
            spare = name;
    }
    return spare;
}

static int settle_helo(fct_member *member, const char *sender)
{
    char host_name[HOST_NAME_LEN] = "";
    fct_slice helo;

    if (gethostname(host_name, sizeof host_name - 1) != 0)
        host_name[0] = '\0';
    helo = choose_helo(member, sender, host_name);
    if (!helo.len)
        return 0;
    member->relay.session.helo = fct_strndup(helo.ptr, helo.len);
    return member->relay.session.helo ? 0 : FACTEUR_ENOMEM;
}

int fct_member_complete(fct_member *member, const char *sender, facteur_error **error)
{
    struct fct_session_config *session = &member->relay.session;
    const char *password_file = text_of(member, FCT_OPT_password_file);
    int err;

    if (member->ready)
        return 0;
    err = check_readable(member, FCT_OPT_ca_file, error);
    if (!err)
        err = check_readable(member, FCT_OPT_ca_path, error);
    if (!err)
        err = check_readable(member, FCT_OPT_client_cert, error);
    if (!err)
        err = check_readable(member, FCT_OPT_client_key, error);
    if (!err && password_file && !session->password)
        err = fct_login_read_file(password_file, &session->password, &member->password_file, error);
    if (!err && !session->username && session->password) {
        /* The preset's key is both user name and password, and was read from its file just now. */
        fct_slice key = fct_secret_bytes(session->password);

        session->username = fct_strndup(key.ptr, key.len);
        err = session->username ? 0 : fct_error_nomem(error);
        member->key_is_name = true;
    }
    if (err)
        return err;
    if (!session->helo && settle_helo(member, sender))
        return fct_error_nomem(error);
    member->ready = true;
    return 0;
}

/* Sessions have their own copy of the old name. */
static bool rename_to(struct fct_session_config *session, const fct_secret *key)
{
    fct_slice bytes = fct_secret_bytes(key);
    char *name = fct_strndup(bytes.ptr, bytes.len);

    if (!name)
        return false;
    drop_name(session);
    session->username = name;
    return true;
}

bool fct_member_renew(fct_member *member)
{
    struct fct_session_config *session = &member->relay.session;
    const char *path = text_of(member, FCT_OPT_password_file);
    fct_secret *password;

    if (!path || !fct_login_file_changed(path, &member->password_file) ||
        fct_login_read_file(path, &password, &member->password_file, NULL))
        return false;
    if (fct_secret_equal(password, session->password) ||
        (member->key_is_name && !rename_to(session, password))) {
        fct_secret_unref(password);
        return false;
    }
    fct_secret_unref(session->password);
    session->password = password;
    member->relay.generation++;
    return true;
}
