/* SPDX-License-Identifier: MIT */
/* config/way and config/proxy_url: the proxy, the ports and their TLS, the address to go out by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/plan.h"
#include "config/proxy_url.h"

/* ---- The proxy ---- */

struct proxy_case {
    const char *url;
    enum fct_proxy_kind kind;
    const char *name, *host;
    unsigned port;
    const char *username, *password; /* NULL: none */
};

static void proxies_are_read(void **state)
{
    static const struct proxy_case cases[] = {
        {"socks5://p.example", FCT_PROXY_SOCKS5, "socks5://p.example:1080", "p.example", 1080, NULL,
         NULL},
        {"SOCKS5H://P.Example:9050/", FCT_PROXY_SOCKS5, "socks5://p.example:9050", "p.example",
         9050, NULL, NULL},
        {"http://10.0.0.1:3128", FCT_PROXY_HTTP, "http://10.0.0.1:3128", "10.0.0.1", 3128, NULL,
         NULL},
        {"http://[2001:DB8::1]:3128", FCT_PROXY_HTTP, "http://[2001:db8::1]:3128", "2001:db8::1",
         3128, NULL, NULL},
        {"socks5://anna:s%40c%3Aret@p", FCT_PROXY_SOCKS5, "socks5://p:1080", "p", 1080, "anna",
         "s@c:ret"},
        {"socks5://anna:a@b:c@p:1", FCT_PROXY_SOCKS5, "socks5://p:1", "p", 1, "anna", "a@b:c"},
        {"socks5://anna@p", FCT_PROXY_SOCKS5, "socks5://p:1080", "p", 1080, "anna", NULL},
        {"socks5://anna:@p", FCT_PROXY_SOCKS5, "socks5://p:1080", "p", 1080, "anna", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct proxy_case *c = &cases[i];
        facteur_error *error = NULL;
        const char *names[] = {"proxy"};
        const struct fct_proxy_config *proxy;
        fct_plan plan;

        if (fct_plan_init(&plan, "smtps://mx.example", names, &c->url, 1, &error))
            fail_msg("%s: %s", c->url, facteur_error_message(error));
        proxy = &plan.members[0].relay.proxy;
        assert_int_equal(proxy->kind, c->kind);
        assert_string_equal(proxy->name, c->name);
        assert_string_equal(proxy->host, c->host);
        assert_int_equal(proxy->port, c->port);
        if (c->username)
            assert_string_equal(proxy->username, c->username);
        else
            assert_null(proxy->username);
        assert_int_equal(proxy->password != NULL, c->password != NULL);
        if (c->password) {
            fct_slice password = fct_secret_bytes(proxy->password);

            assert_int_equal(password.len, strlen(c->password));
            assert_memory_equal(password.ptr, c->password, password.len);
        }
        assert_string_equal(plan.name, "smtps://mx.example:465");
        fct_plan_done(&plan);
    }
}

static void a_proxy_that_cannot_be_is_refused_without_its_password(void **state)
{
    static const char *const cases[][2] = {
        {"https://anna:sesame@p:443", "https:// is no proxy that facteur knows"},
        {"socks4://anna:sesame@p", "socks4:// is no proxy that facteur knows"},
        {"anna:sesame@p:1080", "a proxy is written socks5://"},
        {"anna:sesame://p", "a proxy is written socks5://"},
        {"http://anna:sesame@p", "an HTTP proxy needs its port"},
        {"socks5://anna:sesame@", "the host is missing"},
        {"socks5://anna:sesame@p:70000", "no port from 1 to 65535"},
        {"socks5://:sesame@p", "user name is missing"},
        {"socks5://anna:ses%ame@p", "not followed by two hexadecimal digits"},
        {"socks5://anna:ses ame@p", "must be written %20"},
        {"http://an%3Ana:sesame@p:1", "a ':' cannot be told to an HTTP proxy"},
        {"socks5://anna:sesame@p/path", "a character that a host name cannot have"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_error *error = NULL;
        const char *names[] = {"proxy"};
        fct_plan plan;

        assert_int_equal(fct_plan_init(&plan, "smtps://mx.example", names, &cases[i][0], 1, &error),
                         FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), "proxy");
        if (!strstr(facteur_error_message(error), cases[i][1]))
            fail_msg("%s: %s", cases[i][0], facteur_error_message(error));
        assert_null(strstr(facteur_error_sentence(error), "ses"));
        facteur_error_free(error);
    }
}

static void long_logins_are_refused(void **state)
{
    char url[400], field[257];
    struct fct_proxy_config proxy = {0};

    memset(field, 'x', 256);
    field[256] = '\0';
    snprintf(url, sizeof url, "socks5://anna:%s@p", field);
    assert_int_equal(fct_proxy_url_read(fct_slice_of(url), &proxy, NULL), FACTEUR_ECONFIG);
    fct_free((void *)(uintptr_t)proxy.username);
    proxy = (struct fct_proxy_config){0};
    snprintf(url, sizeof url, "socks5://%s@p", field);
    assert_int_equal(fct_proxy_url_read(fct_slice_of(url), &proxy, NULL), FACTEUR_ECONFIG);
}

/* What the proxy calls localhost is perhaps far away: no password without TLS. */
static void localhost_behind_a_proxy_is_not_this_machine(void **state)
{
    facteur_error *error = NULL;
    fct_plan plan;

    assert_int_equal(
        fct_plan_init(&plan, "smtp://u:p@localhost?proxy=socks5://p", NULL, NULL, 0, &error), 0);
    assert_int_equal(plan.members[0].relay.session.tls, FCT_TLS_STARTTLS);
    assert_false(plan.members[0].relay.session.local);
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan, "smtp://u:p@localhost?proxy=socks5://p&tls=none", NULL,
                                   NULL, 0, &error),
                     FACTEUR_ECONFIG);
    assert_string_equal(facteur_error_where(error), "tls");
    facteur_error_free(error);
}

/* ---- The ports ---- */

struct port_case {
    const char *dsn;
    const char *plan; /* "465i 587s": implicit, starttls, opportunistic, none */
    const char *name;
};

static void each_port_has_its_tls(void **state)
{
    static const struct port_case cases[] = {
        {"smtps://h.example?ports=465,587,2525", "465i 587s 2525s", "smtps://h.example:465"},
        {"smtp://h.example?ports=465,587,2525", "465i 587s 2525s", "smtps://h.example:465"},
        {"smtp://h.example?ports=587,465", "587s 465i", "smtp://h.example:587"},
        {"smtps://h.example?ports=2525,2465", "2525s 2465i", "smtp://h.example:2525"},
        {"smtp://h.example?ports=465", "465i", "smtps://h.example:465"},
        {"smtps://h.example?ports=465,8465&tls=implicit", "465i 8465i", "smtps://h.example:465"},
        {"smtp://h.example?ports=25,2525&tls=opportunistic", "25o 2525o", "smtp://h.example:25"},
        {"smtp://localhost?ports=25,1025", "25n 1025n", "smtp://localhost:25"},
        {"sendgrid://key", "465i 587s 2525s", "smtps://smtp.sendgrid.net:465"},
        {"sendgrid://key?ports=2525", "2525s", "smtp://smtp.sendgrid.net:2525"},
        {"sendgrid://key?tls=starttls", "587s 2525s", "smtp://smtp.sendgrid.net:587"},
        {"resend://key?tls=implicit", "465i 2465i", "smtps://smtp.resend.com:465"},
        {"postmark://key", "587s 2525s", "smtp://smtp.postmarkapp.com:587"},
    };
    static const char letters[] = {[FCT_TLS_NONE] = 'n',
                                   [FCT_TLS_IMPLICIT] = 'i',
                                   [FCT_TLS_STARTTLS] = 's',
                                   [FCT_TLS_OPPORTUNISTIC] = 'o'};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_error *error = NULL;
        struct fct_dial_target target;
        const fct_relay *relay;
        char text[128] = "";
        fct_plan plan;

        if (fct_plan_init(&plan, cases[i].dsn, NULL, NULL, 0, &error))
            fail_msg("%s: %s", cases[i].dsn, facteur_error_message(error));
        relay = &plan.members[0].relay;
        fct_relay_target(relay, 0, &target);
        for (unsigned p = 0; p < target.port_count; p++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u%c", p ? " " : "",
                     (unsigned)target.ports[p], letters[fct_relay_tls(relay, target.ports[p])]);
        assert_string_equal(text, cases[i].plan);
        assert_string_equal(plan.name, cases[i].name);
        fct_plan_done(&plan);
    }
}

static void ports_that_cannot_be_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"smtp://h.example?ports=0", "1 to 8 different ports"},
        {"smtp://h.example?ports=465,", "1 to 8 different ports"},
        {"smtp://h.example?ports=465,,587", "1 to 8 different ports"},
        {"smtp://h.example?ports=465,465", "1 to 8 different ports"},
        {"smtp://h.example?ports=465,a", "1 to 8 different ports"},
        {"smtp://h.example?ports=65536", "1 to 8 different ports"},
        {"smtp://h.example?ports=1,2,3,4,5,6,7,8,9", "1 to 8 different ports"},
        {"smtp://h.example:587?ports=465", "the DSN has a port, too"},
        {"smtp://h.example?ports=465,587&tls=opportunistic", "another could go without"},
        {"smtp://h.example?ports=25,2465&tls=none", "another could go without"},
        {"smtp://localhost?ports=25,465", "another could go without"},
        {"smtp+unix:///run/smtp?ports=25", "no meaning for a unix socket"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_error *error = NULL;
        fct_plan plan;

        assert_int_equal(fct_plan_init(&plan, cases[i][0], NULL, NULL, 0, &error), FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), "ports");
        if (!strstr(facteur_error_message(error), cases[i][1]))
            fail_msg("%s: %s", cases[i][0], facteur_error_message(error));
        facteur_error_free(error);
    }
}

/* The one that worked is tried first, the others stay. */
static void a_port_is_remembered(void **state)
{
    struct fct_dial_target target;
    fct_plan plan;

    assert_int_equal(
        fct_plan_init(&plan, "smtp://h.example?ports=465,587,2525", NULL, NULL, 0, NULL), 0);
    fct_relay_target(&plan.members[0].relay, 2525, &target);
    assert_int_equal(target.port_count, 3);
    assert_int_equal(target.ports[0], 2525);
    assert_int_equal(target.ports[1], 465);
    assert_int_equal(target.ports[2], 587);
    fct_plan_done(&plan);
}

/* ---- Several relays, and what they share ---- */

static void what_is_shared_counts_where_it_has_a_meaning(void **state)
{
    const char *names[] = {"proxy", "ports"}, *values[] = {"socks5://p", "587,2525"};
    facteur_error *error = NULL;
    fct_plan plan;

    assert_int_equal(fct_plan_init(&plan,
                                   "failover(smtp+unix:///run/smtp smtp://a.example:26 "
                                   "smtp://b.example?proxy=http://q:1 smtp://c.example)",
                                   names, values, 2, &error),
                     0);
    assert_null(plan.members[0].relay.proxy.host);
    assert_int_equal(plan.members[0].relay.port_count, 0);
    assert_string_equal(plan.members[1].relay.proxy.name, "socks5://p:1080");
    assert_int_equal(plan.members[1].relay.port_count, 0);
    assert_int_equal(plan.members[1].relay.port, 26);
    /* The call wins over each DSN, as for every option. */
    assert_string_equal(plan.members[2].relay.proxy.name, "socks5://p:1080");
    assert_int_equal(plan.members[3].relay.port_count, 2);
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan,
                                   "failover(smtp://b.example?proxy=http://q:1 smtp://c.example)"
                                   "?proxy=socks5://p",
                                   NULL, NULL, 0, &error),
                     0);
    assert_string_equal(plan.members[0].relay.proxy.name, "http://q:1");
    assert_string_equal(plan.members[1].relay.proxy.name, "socks5://p:1080");
    fct_plan_done(&plan);
}

static void configurations_with_other_proxies_are_not_equal(void **state)
{
    static const char *const dsns[] = {"smtp://h.example",
                                       "smtp://h.example?proxy=socks5://u:a@p",
                                       "smtp://h.example?proxy=socks5://u:b@p",
                                       "smtp://h.example?ports=587",
                                       "smtp://h.example?local_address=192.0.2.1",
                                       "smtp://h.example?address_family=ipv4"};
    fct_plan plans[6];

    for (size_t i = 0; i < 6; i++)
        assert_int_equal(fct_plan_init(&plans[i], dsns[i], NULL, NULL, 0, NULL), 0);
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++)
            assert_int_equal(fct_plan_equal(&plans[i], &plans[j]), i == j);
    }
    for (size_t i = 0; i < 6; i++)
        fct_plan_done(&plans[i]);
}

/* ---- The address to go out by ---- */

struct local_case {
    const char *dsn, *where; /* where NULL: it is good */
    enum fct_family family;
};

static void addresses_and_families_must_fit(void **state)
{
    static const struct local_case cases[] = {
        {"smtp://h.example?local_address=192.0.2.1", NULL, FCT_FAMILY_IPV4},
        {"smtp://h.example?local_address=2001:db8::1", NULL, FCT_FAMILY_IPV6},
        {"smtp://h.example?local_address=fe80::1%25eth0", NULL, FCT_FAMILY_IPV6},
        {"smtp://h.example?address_family=IPv6", NULL, FCT_FAMILY_IPV6},
        {"smtp://[2001:db8::2]?address_family=ipv6", NULL, FCT_FAMILY_IPV6},
        {"smtp://192.0.2.9?address_family=ipv6&proxy=socks5://p", NULL, FCT_FAMILY_IPV6},
        {"smtp://h.example?local_address=eth0", "local_address", FCT_FAMILY_ANY},
        {"smtp://h.example?local_address=192.0.2.1:25", "local_address", FCT_FAMILY_ANY},
        {"smtp://h.example?local_address=192.0.2.1&address_family=ipv6", "local_address",
         FCT_FAMILY_ANY},
        {"smtp://192.0.2.9?address_family=ipv6", "address_family", FCT_FAMILY_ANY},
        {"smtp://[2001:db8::2]?local_address=192.0.2.1", "local_address", FCT_FAMILY_ANY},
        {"smtp://h.example?proxy=socks5://192.0.2.9&address_family=ipv6", "address_family",
         FCT_FAMILY_ANY},
        {"smtp://h.example?address_family=inet", "address_family", FCT_FAMILY_ANY},
        {"smtp://[fe80::1%25eth0]?proxy=socks5://p", "proxy", FCT_FAMILY_ANY},
        {"smtp+unix:///run/smtp?local_address=192.0.2.1", "local_address", FCT_FAMILY_ANY},
        {"smtp+unix:///run/smtp?address_family=ipv4", "address_family", FCT_FAMILY_ANY},
        {"smtp+unix:///run/smtp?proxy=socks5://p", "proxy", FCT_FAMILY_ANY},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_error *error = NULL;
        fct_plan plan;
        int err = fct_plan_init(&plan, cases[i].dsn, NULL, NULL, 0, &error);

        if (err != (cases[i].where ? FACTEUR_ECONFIG : 0))
            fail_msg("%s: %s", cases[i].dsn, error ? facteur_error_message(error) : "taken");
        if (err) {
            assert_string_equal(facteur_error_where(error), cases[i].where);
            facteur_error_free(error);
            continue;
        }
        assert_int_equal(plan.members[0].relay.family, cases[i].family);
        fct_plan_done(&plan);
    }
}

static void every_allocation_may_fail(void **state)
{
    bool failed = true;

    for (unsigned long nth = 1; failed; nth++) {
        fct_plan plan;
        int err;

        fct_memory_fail_at(nth);
        err = fct_plan_init(&plan,
                            "smtp://h.example?ports=465,587&local_address=192.0.2.1&"
                            "proxy=socks5://anna:sesame@p",
                            NULL, NULL, 0, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        if (!err)
            fct_plan_done(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_are_read),
        cmocka_unit_test(a_proxy_that_cannot_be_is_refused_without_its_password),
        cmocka_unit_test(long_logins_are_refused),
        cmocka_unit_test(localhost_behind_a_proxy_is_not_this_machine),
        cmocka_unit_test(each_port_has_its_tls),
        cmocka_unit_test(ports_that_cannot_be_are_refused),
        cmocka_unit_test(a_port_is_remembered),
        cmocka_unit_test(what_is_shared_counts_where_it_has_a_meaning),
        cmocka_unit_test(configurations_with_other_proxies_are_not_equal),
        cmocka_unit_test(addresses_and_families_must_fit),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
