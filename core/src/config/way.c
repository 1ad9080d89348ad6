/* SPDX-License-Identifier: MIT */
#include "config/way.h"

#include "base/error.h"
#include "base/ip.h"
#include "base/memory.h"
#include "config/proxy_url.h"

#include <string.h>

/* Whether this relay's own configuration says so, not what several relays or a process share. */
static bool is_own(const fct_options *options, enum fct_option option)
{
    const struct fct_option_value *value = fct_options_get(options, option);

    return value->level == FCT_LEVEL_DSN ||
           (value->level == FCT_LEVEL_CALLER && options->place == FCT_PLACE_ALONE);
}

static int refuse(facteur_error **error, enum fct_option option, const char *message)
{
    return fct_error_set(error, FACTEUR_ECONFIG, facteur_option_name(option), "%s", message);
}

/* ---- The proxy, and the address to go out by ------------------------------------------------- */

/* What only a network has, and a unix socket has not. */
static int check_unix(const fct_options *options, facteur_error **error)
{
    static const enum fct_option network[] = {FCT_OPT_proxy, FCT_OPT_ports, FCT_OPT_local_address,
                                              FCT_OPT_address_family};

    for (size_t i = 0; i < sizeof network / sizeof network[0]; i++) {
        const struct fct_option_value *value = fct_options_get(options, network[i]);

        if ((value->text || value->secret) && is_own(options, network[i]))
            return fct_error_set(error, FACTEUR_ECONFIG, facteur_option_name(network[i]),
                                 "%s has no meaning for a unix socket",
                                 facteur_option_name(network[i]));
    }
    return 0;
}

/* Any but for an address literal. */
static enum fct_family family_of(const char *host)
{
    fct_slice text = fct_slice_of(host);
    unsigned char address[16];

    fct_ip_cut_zone(&text);
    if (fct_ip_v4(text, address))
        return FCT_FAMILY_IPV4;
    return fct_ip_v6(text, address) ? FCT_FAMILY_IPV6 : FCT_FAMILY_ANY;
}

static int read_proxy(const fct_options *options, const fct_dsn *dsn, fct_relay *relay,
                      facteur_error **error)
{
    const fct_secret *url = fct_options_get(options, FCT_OPT_proxy)->secret;
    int err = url ? fct_proxy_url_read(fct_secret_bytes(url), &relay->proxy, error) : 0;

    if (!err && url && strchr(dsn->host, '%'))
        err = refuse(error, FCT_OPT_proxy, "an address with a zone cannot be reached by a proxy");
    return err;
}

static int read_local(const fct_options *options, fct_relay *relay, facteur_error **error)
{
    const char *text = fct_options_get(options, FCT_OPT_local_address)->text;
    enum fct_family family = text ? family_of(text) : FCT_FAMILY_ANY;

    if (!text)
        return 0;
    if (family == FCT_FAMILY_ANY)
        return fct_error_set(error, FACTEUR_ECONFIG, "local_address",
                             "local_address must be an IPv4 or IPv6 address of this machine, such "
                             "as 192.0.2.1 or 2001:db8::1, not \"%.80s\"",
                             text);
    if (relay->family != FCT_FAMILY_ANY && relay->family != family)
        return refuse(error, FCT_OPT_local_address,
                      "local_address is not of the family that address_family names");
    relay->family = family;
    relay->local_address = fct_strdup(text);
    return relay->local_address ? 0 : fct_error_nomem(error);
}

int fct_way_settle(const fct_options *options, const fct_dsn *dsn, fct_relay *relay,
                   facteur_error **error)
{
    const char *host;
    int err;

    if (!dsn->host)
        return check_unix(options, error);
    relay->family = (enum fct_family)fct_options_get(options, FCT_OPT_address_family)->number;
    err = read_proxy(options, dsn, relay, error);
    if (!err)
        err = read_local(options, relay, error);
    if (err)
        return err;
    host = relay->proxy.host ? relay->proxy.host : dsn->host;
    if (relay->family == FCT_FAMILY_ANY || family_of(host) == FCT_FAMILY_ANY ||
        family_of(host) == relay->family)
        return 0;
    return fct_error_set(error, FACTEUR_ECONFIG,
                         relay->local_address ? "local_address" : "address_family",
                         "%s is not an %s address: see address_family and local_address", host,
                         relay->family == FCT_FAMILY_IPV4 ? "IPv4" : "IPv6");
}

/* ---- The ports ------------------------------------------------------------------------------- */

static int refuse_ports(facteur_error **error, const char *text)
{
    return fct_error_set(
        error, FACTEUR_ECONFIG, "ports",
        "ports must be 1 to %d different ports such as 465,587,2525, not \"%.80s\"", FCT_PORTS_MAX,
        text);
}

static int read_list(const char *text, fct_relay *relay, facteur_error **error)
{
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        unsigned long port = 0;
        bool good = len > 0 && len <= 5 && relay->port_count < FCT_PORTS_MAX;

        for (size_t i = 0; good && i < len; i++) {
            good = fct_is_digit((unsigned char)at[i]);
            port = port * 10 + (unsigned long)(at[i] - '0');
        }
        for (unsigned i = 0; i < relay->port_count; i++)
            good = good && relay->ports[i] != port;
        if (!good || port < 1 || port > 65535 || (at[len] && !at[len + 1]))
            return refuse_ports(error, text);
        relay->ports[relay->port_count++] = (uint16_t)port;
        at += len + (at[len] == ',');
    }
    return 0;
}

static bool has_implicit(const fct_relay *relay)
{
    for (unsigned i = 0; i < relay->port_count; i++) {
        if (fct_port_is_implicit(relay->ports[i]))
            return true;
    }
    return false;
}

/* Of a preset's ports, those that fit the plan that somebody asked for. */
static void keep_fitting(fct_relay *relay, enum fct_tls_plan tls)
{
    unsigned count = 0;

    for (unsigned i = 0; i < relay->port_count; i++) {
        bool implicit = fct_port_is_implicit(relay->ports[i]);

        if (tls == FCT_TLS_IMPLICIT ? implicit : !implicit && tls == FCT_TLS_STARTTLS)
            relay->ports[count++] = relay->ports[i];
    }
    relay->port_count = count;
}

int fct_way_settle_ports(fct_options *options, const fct_dsn *dsn, fct_relay *relay,
                         facteur_error **error)
{
    const struct fct_option_value *value = fct_options_get(options, FCT_OPT_ports);
    struct fct_option_value *tls = &options->values[FCT_OPT_tls];
    enum fct_tls_plan plan = (enum fct_tls_plan)tls->number;
    int err;

    relay->session.tls = plan;
    if (!value->text || !dsn->host || (dsn->port && !is_own(options, FCT_OPT_ports)))
        return 0;
    if (dsn->port)
        return refuse(error, FCT_OPT_ports, "the DSN has a port, too: leave one of them out");
    err = read_list(value->text, relay, error);
    if (err)
        return err;
    if (tls->text && value->level == FCT_LEVEL_PRESET)
        keep_fitting(relay, plan);
    if (relay->port_count == 0)
        return 0;
    if (plan != FCT_TLS_IMPLICIT && plan != FCT_TLS_STARTTLS && has_implicit(relay))
        return refuse(error, FCT_OPT_ports,
                      "one of the ports has TLS from the start, and another could go without: give "
                      "tls=starttls");
    /* tls=implicit itself is for every port, smtps:// and a preset are for those that have it. */
    if (plan == FCT_TLS_IMPLICIT && (!tls->text || strcmp(tls->text, "implicit") != 0))
        relay->session.tls = FCT_TLS_STARTTLS;
    tls->number = fct_relay_tls(relay, relay->ports[0]);
    return 0;
}
